"""Every story of the catalogue: the careful driver passes, the careless one fails, on each dialect."""

from __future__ import annotations

from pathlib import Path

import pytest
from directed_world import DirectedWorld
from impaired_world import ImpairedNet
from story_drivers import WORDS, Careful, CarefulOnline, Careless, CarelessOnline, Driver
from vmodem.emulator.choices import Choices, check
from vmodem.emulator.engine import Modem
from vmodem.emulator.events import LineSignal, PowerChanged, RegistrationChanged
from vmodem.emulator.play import laid_over, staged
from vmodem.emulator.scenario.load import load
from vmodem.emulator.scenario.model import Scenario
from vmodem.emulator.scenario.steps_network import STAT
from vmodem.emulator.world import START
from vmodem.netstack.routes import Route

FOLDER = Path(__file__).parents[2] / "scenarios"
FILES = sorted(FOLDER.glob("*.yaml"))
DIALECTS = tuple(WORDS)
NAME, SERVER, PORT = "server.example", "203.0.113.5", 8500
ONLINE = {"sms_and_call"}
"""Stories of data mode."""
LONG = {"context_dropped": 420.0}
"""Seconds between two messages, where the story takes long."""


class VirtualPort:
    """The modem's port in virtual time, with a server that echoes."""

    def __init__(self, world: DirectedWorld, net: ImpairedNet) -> None:
        self._world = world
        self._net = net
        self._echoed: dict[int, int] = {}
        self._signals = 0

    def write(self, data: bytes) -> None:
        self._world.send(data)

    def clock(self) -> float:
        return self._world.now

    def rang(self) -> bool:
        seen, self._signals = self._signals, len(self._world.signals)
        return any(change.signal is LineSignal.RI and change.on for change in self._world.signals[seen:])

    def read(self, seconds: float) -> bytes:
        end = self._world.now + seconds
        while not self._world.unread and self._world.now < end:
            self._world.run_until(lambda: bool(self._world.unread) or self._owes(), end - self._world.now)
            self._echo()
        return self._world.take()

    def _owes(self) -> bool:
        return any(len(c.received) > self._echoed.get(id(c), 0) for c in self._net.connections if not c.gone)

    def _echo(self) -> None:
        for connection in self._net.connections:
            known = self._echoed.get(id(connection), 0)
            if len(connection.received) > known and not connection.gone and not connection.fin_sent:
                connection.send(bytes(connection.received[known:]))
            self._echoed[id(connection)] = len(connection.received)
        self._world.settle()


def stage(scenario: Scenario, dialect: str) -> tuple[DirectedWorld, VirtualPort]:
    """A module as the scenario wants it, in its world."""
    choices = laid_over(Choices(dialect=dialect), scenario, {"dialect": dialect})
    chosen = staged(check(choices), scenario)
    net = ImpairedNet(seed=str(scenario.seed))
    net.tcp(SERVER, PORT)
    net.add_name(NAME, SERVER)
    world = DirectedWorld(Modem(chosen.dialect, chosen.options[0], START), net, scenario, seed=scenario.seed)
    registered = scenario.modem.network.registered
    if registered != "home":
        world.event(RegistrationChanged(STAT[registered]))
    if scenario.modem.boot:
        world.event(PowerChanged(True))
    return world, VirtualPort(world, net)


def run(
    kind: type[Driver], scenario: Scenario, dialect: str, pause: float = 2.0
) -> tuple[bool, dict[str, bool]]:
    """Whether the driver believes that it delivered everything, and what the scenario says."""
    world, port = stage(scenario, dialect)
    driver = kind(port, WORDS[dialect], NAME, PORT, pause)
    believes = driver.run(5400.0)
    return believes, {outcome.id: outcome.met for outcome in world.report().outcomes}


CASES = [pytest.param(path, dialect, id=f"{path.stem}-{dialect}") for path in FILES for dialect in DIALECTS]


@pytest.mark.parametrize(("path", "dialect"), CASES)
def test_a_careful_driver_passes(path: Path, dialect: str) -> None:
    scenario = load(path, Route.entry)
    kind = CarefulOnline if path.stem in ONLINE else Careful
    believes, outcomes = run(kind, scenario, dialect, LONG.get(path.stem, 2.0))
    assert believes
    assert all(outcomes.values()), outcomes


@pytest.mark.parametrize(("path", "dialect"), CASES)
def test_a_careless_driver_fails(path: Path, dialect: str) -> None:
    scenario = load(path, Route.entry)
    kind = CarelessOnline if path.stem in ONLINE else Careless
    _, outcomes = run(kind, scenario, dialect, LONG.get(path.stem, 2.0))
    assert not all(outcomes.values())


@pytest.mark.parametrize("kind", [Careful, Careless, CarefulOnline, CarelessOnline])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_where_nothing_fails_both_deliver(kind: type[Driver], dialect: str) -> None:
    quiet = Scenario(version=1, name="quiet")
    assert run(kind, quiet, dialect) == (True, {})


@pytest.mark.parametrize(
    ("dialect", "pulses"), [("sim800", [0.12, 0.05]), ("quectel_mxx", [0.012, 0.012]), ("bg96", [])]
)
def test_in_data_mode_only_ri_tells_of_message_and_call(dialect: str, pulses: list[float]) -> None:
    """A pulse for each (SIM800 S 2.2.5, Mxx S 4); what was held comes behind the OK of +++."""
    world, port = stage(load(FOLDER / "sms_and_call.yaml", Route.entry), dialect)
    driver = CarelessOnline(port, WORDS[dialect], NAME, PORT, 1.0)
    assert driver.run(400.0)
    told = [change for change in world.signals if change.signal is LineSignal.RI]
    assert [change.on for change in told] == [True, False] * len(pulses)
    lengths = [off.time - on.time for on, off in zip(told[::2], told[1::2], strict=True)]
    assert lengths == pytest.approx(pulses)
    assert not any(word in world.output for word in (b"CMTI", b"RING"))
    port.read(1.5)
    port.write(b"+++")
    port.read(1.0)
    said = world.output.partition(b"msg10\n")[2]
    ringing = b"\r\nRING\r\n" if pulses else b""
    assert said.startswith(b"\r\nOK\r\n")
    assert said.count(b'+CMTI: "') == 1
    assert said.count(b"\r\nRING\r\n") == (1 if ringing else 0)


def test_there_are_stories_enough() -> None:
    assert len(FILES) >= 15
    for path in FILES:
        scenario = load(path, Route.entry)
        assert scenario.name == path.stem.replace("_", "-")
        assert scenario.description
        assert scenario.about
        assert scenario.expect

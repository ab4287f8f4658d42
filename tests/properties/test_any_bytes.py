"""Whatever a host types, whenever, and whatever the network does meanwhile: no exception, never wedged.

Each family of modules is tried. The stimuli are raw: AT-shaped words, pieces of them, garbage, DTR,
network events and pauses, in any order. Afterwards the way out that a driver knows leads to a module
that answers ``AT``.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from properties.rig import HOST, sim800
from vmodem.dialects.quectel.mxx import QUECTEL_MXX
from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.command import Kind
from vmodem.emulator.dialect import Dialect
from vmodem.emulator.effects import CommandFinished
from vmodem.emulator.events import (
    CallAnswered,
    CallArrived,
    CallerHungUp,
    Event,
    LineChanged,
    LineSignal,
    NetworkTimeArrived,
    OutputBlocked,
    OutputReady,
    PdpLost,
    PdpRefusalChanged,
    PowerChanged,
    RegistrationChanged,
    SignalChanged,
    SimChanged,
    SmsArrived,
)
from vmodem.emulator.world import World, Writer, bytewise, fragments, whole
from vmodem.netstack.memory import Mode

LONG = os.environ.get("VMODEM_PROPERTIES") == "long"
RUNS = 6_000 if LONG else 240

VALUES = [
    "0",
    "1",
    "2",
    "3",
    "5",
    "9",
    "255",
    "1460",
    "7000",
    "",
    '"TCP"',
    '"UDP"',
    f'"{HOST}"',
    '"name"',
    '"+491"',
    '"1.2.3.4"',
    '"x',
    "4294967296",
    '""',
    '"IP"',
    '"SM"',
    '"\xdf\xff"',
    " 1 ",
]
SHELL = """
AT ATE0 ATE1 ATO AT&D1 AT&D2 ATZ AT+CMGF=1 AT+CMGS="+491" ATD123; ATA ATH AT+CFUN=0 AT+CFUN=1
AT+CFUN=1,1 AT+CPIN? AT+CMEE=2 AT+CMEE=1 AT+CGATT=0 AT+CGATT=1 AT+CREG=2
"""
SIM800_USUAL = f"""
AT+CSTT AT+CIICR AT+CIFSR AT+CIPSHUT AT+CIPSTATUS AT+CIPMUX=1 AT+CIPMODE=1
AT+CIPSTART="TCP","{HOST}",7000 AT+CIPSTART=1,"TCP","{HOST}",7000 AT+CIPSTART=2,"UDP","{HOST}",9000
AT+CIPSERVER=1,8000 AT+CIPSEND AT+CIPSEND=5 AT+CIPSEND=1,5 AT+CIPSEND=1 AT+CIPCLOSE AT+CIPCLOSE=1
AT+CIPRXGET=1 AT+CIPRXGET=2,100 AT+CIPRXGET=3,1,100 AT+CIFSR;E0 AT+CIPQSEND=1
AT+CIPATS=1,1 AT+CSCLK=1 AT+CSCLK=0
"""
MXX_USUAL = f"""
AT+QIREGAPP AT+QIACT AT+QILOCIP AT+QIDEACT AT+QISTAT AT+QISTATE AT+QISSTAT AT+QIMUX=1 AT+QIMODE=1
AT+QIOPEN="TCP","{HOST}",7000 AT+QIOPEN=1,"TCP","{HOST}",7000 AT+QIOPEN=2,"UDP","{HOST}",9000
AT+QILPORT="TCP",8000 AT+QISERVER AT+QISERVER=0,5 AT+QISEND AT+QISEND=5 AT+QISEND=1,5 AT+QISEND=1
AT+QICLOSE AT+QICLOSE=1 AT+QINDI=1 AT+QINDI=2 AT+QIRD=0,1,0,100 AT+QIRD=0,2,0,1500 AT+QIRD=0,1,1,9
AT+QISRVC=1 AT+QISRVC=2 AT+QIFGCNT=1 AT+QIFGCNT=0 AT+QIAUTOS=1,1 AT+QIPROMPT=0 AT+QISACK AT+QIHEAD=1
AT+QIDNSIP=1 AT+QIDNSGIP="name" AT+QILOCIP;E0
"""
SCRAPS = [
    b"\r",
    b"\n",
    b"\r\n",
    b"A/",
    b"\x1a",
    b"\x1b",
    b"+",
    b"+++",
    b"\b",
    b"AT",
    b"at",
    b";",
    b'"',
    b"\x00",
    b"\xff",
    b"x" * 600,
    b"hello",
]
EVENTS: list[Event] = [
    PdpLost(None),
    PdpLost(0),
    PdpRefusalChanged(True),
    PdpRefusalChanged(False),
    CallArrived("123"),
    CallerHungUp(),
    CallAnswered(),
    SmsArrived("123", "text"),
    RegistrationChanged(1),
    RegistrationChanged(2),
    RegistrationChanged(0),
    SignalChanged(9, 0),
    SimChanged(False),
    SimChanged(True),
    NetworkTimeArrived(1e9, 8),
    OutputBlocked(),
    OutputReady(),
    LineChanged(LineSignal.DTR, False),
    LineChanged(LineSignal.DTR, True),
    LineChanged(LineSignal.RTS, False),
]
SLOW = ("AT+CIPSEND", "AT+QISEND", "ATO", "AT+CMGS", "ATD", "ATA", "AT+CFUN", "AT+CSCLK", "AT+CIPMODE")
POWER_OFF = ("+CPOWD", "+QPOWD")


@dataclass(frozen=True)
class Family:
    """What a host of one dialect types, and where its conversations begin."""

    dialect: Dialect
    usual: list[str]
    up: tuple[str, ...]
    transparent: str
    close: str

    @property
    def quick(self) -> list[str]:
        """The usual lines that need no host's or network's answer."""
        return [text for text in self.usual if not text.startswith((*SLOW, self.transparent))]

    @property
    def commands(self) -> list[tuple[str, Kind]]:
        return [(each.name, form.kind) for each in self.dialect.commands for form in each.forms]

    @property
    def extended(self) -> list[tuple[str, Kind]]:
        return [pair for pair in self.commands if pair[0][0] == "+" and pair[0] not in POWER_OFF]


SIMCOM = Family(
    SIM800,
    (SHELL + SIM800_USUAL).split(),
    ("AT+CIPMUX=1", "AT+CSTT", "AT+CIICR", "AT+CIFSR"),
    "AT+CIPMODE=1",
    "AT+CIPCLOSE=",
)
MXX = Family(
    QUECTEL_MXX,
    (SHELL + MXX_USUAL).split(),
    ("AT+QIMUX=1", 'AT+QILPORT="TCP",8000', "AT+QIREGAPP", "AT+QIACT", "AT+QILOCIP"),
    "AT+QIMODE=1",
    "AT+QICLOSE=",
)
FAMILIES = [SIMCOM, MXX]
NAMES = ["sim800", "mxx"]
BASIC = sorted({name for name, _ in SIMCOM.commands if name[0] != "+" and name not in ("S", "D")})


def line(r: random.Random, family: Family) -> bytes:
    """An AT-shaped line, right or wrong."""
    what = r.random()
    if what < 0.5:
        text = r.choice(family.usual)
    elif what < 0.9:
        name, kind = r.choice(family.extended)
        values = ",".join(r.choice(VALUES) for _ in range(r.randint(1, 4)))
        text = (
            "AT" + name + {Kind.READ: "?", Kind.TEST: "=?", Kind.EXECUTE: "", Kind.WRITE: "=" + values}[kind]
        )
    else:
        text = "AT" + "".join(r.choice(BASIC) + r.choice(["", "0", "1"]) for _ in range(r.randint(1, 3)))
    if r.random() < 0.1:
        text += ";" + r.choice(family.usual)[2:]
    return text.encode("latin-1") + r.choice([b"\r", b"\r", b"\r", b"\r\n", b""])


def typed(r: random.Random, family: Family) -> bytes:
    """What a host might send at once."""
    parts = []
    for _ in range(r.choice([1, 1, 1, 2, 5])):
        what = r.random()
        if what < 0.75:
            parts.append(line(r, family))
        else:
            parts.append(r.choice(SCRAPS) if what < 0.92 else r.randbytes(r.randint(1, 20)))
    return b"".join(parts)


Stimulus = tuple[str, object]


def stimuli(seed: int, family: Family) -> list[Stimulus]:
    """The same for the same seed."""
    r = random.Random(seed)
    makers: list[tuple[int, str, Callable[[], object]]] = [
        (10, "type", lambda: typed(r, family)),
        (5, "wait", lambda: r.choice([0.0, 0.01, 0.3, 1.0, 1.1, 3.0, 30.0])),
        (3, "event", lambda: r.choice(EVENTS)),
        (
            3,
            "peer",
            lambda: (
                r.randint(0, 9),
                r.choice(["send", "send", "close", "reset", "stop", "go", "mute"]),
                r.randbytes(r.choice([1, 10, 3000])),
            ),
        ),
        (1, "client", lambda: None),
    ]
    chosen = r.choices(makers, [weight for weight, _, _ in makers], k=r.randint(5, 60))
    return [(name, make()) for _, name, make in chosen]


def world_for(seed: int, family: Family, cut: Writer = whole) -> World:
    world = sim800(dialect=family.dialect, writer=cut, factor=1.0)
    world.net.tcp(HOST, 7000, latency=0.05)
    world.net.tcp(HOST, 7001, mode=Mode.SILENT)
    world.net.udp(HOST, 9000)
    if seed % 2:
        for text in family.up if seed % 4 == 1 else (family.transparent,):
            world.ask(text)
            world.advance(0.1)
    return world


def act(world: World, stimulus: Stimulus) -> None:
    """Let one thing happen."""
    match stimulus:
        case "type", bytes(data):
            world.send(data)
        case "wait", float(seconds):
            world.advance(seconds)
        case "event", Event() as event:
            world.event(event)
        case "peer", (int(index), str(how), bytes(data)):
            peers = [peer for peer in world.net.connections if not peer.gone and not peer.fin_sent]
            if peers:
                peer = peers[index % len(peers)]
                acts: dict[str, Callable[[], None]] = {
                    "send": lambda: peer.send(data),
                    "close": peer.close,
                    "reset": peer.reset,
                    "stop": peer.stop_reading,
                    "go": peer.start_reading,
                    "mute": lambda: peer.ack_limit(0),
                }
                acts[how]()
                world.settle()
        case "client", None:
            try:
                world.net.connect_client(8000, "10.9.9.9", latency=0.1)
            except ConnectionRefusedError:
                return
            world.settle()


def way_out(world: World) -> None:
    """What a driver does that knows nothing: it ends prompts and data mode, and wakes the module."""
    for peer in world.net.connections:
        peer.start_reading()
        peer.ack_all()
    for event in (OutputReady(), LineChanged(LineSignal.DTR, True), PowerChanged(True)):
        world.event(event)
    world.advance(700)
    world.send(b"\x1b")
    world.advance(1.5)
    world.send(b"+++")
    world.advance(1.5)
    # A prompt for so many bytes may still be open: bytes that it eats, or that a command line ignores.
    world.send(b" " * 1460 + b"\x1a\x1b\r")
    world.advance(700)
    world.send(b"\rATE0V1Q0\r")
    world.advance(1)
    world.take()


def replay(seed: int, family: Family, steps: list[Stimulus]) -> World:
    world = world_for(seed, family, fragments(seed) if seed % 3 else bytewise)
    for step in steps:
        act(world, step)
    way_out(world)
    assert world.ask("AT") == b"\r\nOK\r\n"
    return world


def problem(seed: int, family: Family, steps: list[Stimulus]) -> Exception | None:
    try:
        replay(seed, family, steps)
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("family", FAMILIES, ids=NAMES)
def test_never_wedged(family: Family, part: int) -> None:
    first = random.SystemRandom().getrandbits(40) if LONG else 0
    for seed in range(first + part * RUNS // 3, first + (part + 1) * RUNS // 3):
        steps = stimuli(seed, family)
        if problem(seed, family, steps):
            at = 0
            while at < len(steps):
                fewer = steps[:at] + steps[at + 1 :]
                if problem(seed, family, fewer):
                    steps = fewer
                else:
                    at += 1
            text = "\n".join(f"    {step!r}" for step in steps)
            raise AssertionError(f"seed {seed} fails; as short as can be:\n{text}") from problem(
                seed, family, steps
            )


@pytest.mark.parametrize("family", FAMILIES, ids=NAMES)
def test_one_final_result_for_a_line(family: Family) -> None:
    """Every line that is executed finishes once, whatever was typed ahead of its turn."""
    for seed in range(RUNS // 3):
        r = random.Random(seed)
        world = sim800(dialect=family.dialect, factor=1.0, writer=fragments(seed))
        world.net.tcp(HOST, 7000, latency=0.05)
        quick = family.quick
        lines = [f"{family.close}{n % 2}" if r.random() < 0.2 else r.choice(quick) for n in range(30)]
        for each in lines:
            world.send(each.encode() + b"\r")
            world.advance(r.choice([0, 0, 0, 0.1, 1]))
        world.advance(100)
        finished = [e.line for _, e in world.trace if isinstance(e, CommandFinished)]
        assert finished == lines


def outcome(seed: int, family: Family, steps: list[Stimulus], cut: Writer) -> tuple[bytes, list[bytes]]:
    """What the host and every peer got."""
    world = world_for(seed, family, cut)
    for step in steps:
        act(world, step)
    world.advance(2)
    return bytes(world.output), [bytes(peer.received) for peer in world.net.connections]


def test_same_stimuli_same_bytes() -> None:
    for seed in range(RUNS // 3):
        family = FAMILIES[seed % len(FAMILIES)]
        steps = stimuli(seed, family)
        assert outcome(seed, family, steps, fragments(seed)) == outcome(seed, family, steps, fragments(seed))


@pytest.mark.parametrize("cut", [bytewise, fragments(7)], ids=["bytewise", "fragments"])
def test_same_bytes_out_in_any_fragments(cut: Writer) -> None:
    """Chunks mean nothing, but where the documents say so (a line feed behind a CR).

    A restart, and the end of a call that CFUN=0 brings about, come at the moment of their OK: before or
    behind what was typed at that very moment.
    """
    races = [(b"\n", b""), (b"FUN=1,1", b"FUN=1"), (b"FUN=0", b"FUN?")]
    for seed in range(RUNS // 3):
        family = FAMILIES[seed % len(FAMILIES)]
        steps = stimuli(seed, family)
        for at, (name, what) in enumerate(steps):
            if isinstance(what, bytes):
                for old, new in races:
                    what = what.replace(old, new)
                steps[at] = name, what
        assert outcome(seed, family, steps, whole) == outcome(seed, family, steps, cut), seed

"""Random walks of an M-series module: it moves by rows of its tables only, and its machines agree.

Both contexts, single and several connections, clients and listeners; a walk that fails is shortened.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import pytest
from properties.rig import HOST, mxx
from vmodem.dialects.quectel.gsm.module import MxxModule
from vmodem.dialects.quectel.gsm.states import MULTI, SINGLE
from vmodem.emulator.effects import StateChanged
from vmodem.emulator.engine import Modem
from vmodem.emulator.events import OutputBlocked, OutputReady, PdpLost, PdpRefusalChanged
from vmodem.emulator.links import Role
from vmodem.emulator.states import CONTEXT, LINK, SERVER
from vmodem.netstack.memory import Mode

TABLES = {machine.name: machine for machine in (SINGLE, MULTI, LINK, SERVER, CONTEXT)}
MOVES = {
    name: {(str(row.state.value), str(row.next.value)) for row in machine.rows}
    for name, machine in TABLES.items()
}
DOWN = {"IP INITIAL": "INACTIVE", "IP START": "INACTIVE", "IP CONFIG": "INACTIVE", "IP IND": "ACTIVATING"}
NETWORK = [PdpLost(None), PdpLost(0), PdpLost(1), OutputBlocked(), OutputReady()]
WALKS = 4000 if os.environ.get("VMODEM_PROPERTIES") == "long" else 400
LENGTH = 90

LINES = [
    *["AT+QIREGAPP", "AT+QIACT", "AT+QIACT", "AT+QILOCIP", "AT+QILOCIP"] * 2,
    *['AT+QIOPEN={link}"TCP","10.0.0.9",{port}', 'AT+QIOPEN={link}"TCP","name",{port}'] * 5,
    *['AT+QIOPEN={link}"UDP","10.0.0.9",9000', "AT+QISEND={link}5", "AT+QICLOSE", "AT+QISERVER=0,5"] * 3,
    *["AT+QICLOSE={index}"] * 4,
    *["AT+QIDEACT", "AT+QIDEACT", 'AT+QIDNSGIP="name"', 'AT+QIDNSGIP="silent"', "AT+QISERVER=1,2"],
    *["AT+QISRVC=1", "AT+QISRVC=2", "AT+QINDI=1", "AT+QINDI=0", "AT+QIRD=0,1,0,100", "AT+QIFGCNT=1"],
    *["AT+QIFGCNT=0", "AT+QIFGCNT=0", "AT+QIMUX=1", "AT+QIMUX=0", "AT+QISTATE", "AT+QISACK", "AT+CGATT=0"],
    *["AT+CGATT=1", "AT+CGATT=1", "AT+QIMODE=1", "AT+QIMODE=0", "ATO"],
]
Step = tuple[str, object]


def walk(seed: int) -> list[Step]:
    """Steps at random; the same for the same seed."""
    r = random.Random(seed)
    makers: list[tuple[int, str, Callable[[], object]]] = [
        (14, "line", lambda: r.choice(LINES).format(**numbers(r))),
        (7, "wait", lambda: r.choice([0.05, 0.3, 1.0, 3.0, 3.0, 10.0, 80.0])),
        (4, "peer", lambda: (r.randint(0, 9), r.choice(["send", "close", "reset", "mute", "deaf"]))),
        (2, "client", lambda: None),
        (
            1,
            "event",
            lambda: r.choice(NETWORK),
        ),
        (1, "event", lambda: PdpRefusalChanged(r.random() < 0.3)),
        (1, "leave", lambda: None),
    ]
    chosen = r.choices(makers, [weight for weight, _, _ in makers], k=LENGTH)
    start: list[Step] = [("line", "AT+QIDNSIP=1"), ("line", 'AT+QILPORT="TCP",8000')]
    if seed % 2:
        start.append(("line", "AT+QIMUX=1"))
    return start + [(name, make()) for _, name, make in chosen]


def numbers(r: random.Random) -> dict[str, object]:
    """What stands in the gaps of a line."""
    index = r.randint(0, 3)
    return {"link": r.choice(["", f"{index},"]), "index": index, "port": r.choice([7000, 7000, 7001, 7002])}


class Walk:
    """One module and what is known of its machines."""

    def __init__(self) -> None:
        self.world = mxx(factor=1.0)
        net = self.world.net
        net.tcp(HOST, 7000, latency=0.05)
        net.tcp(HOST, 7001, mode=Mode.SILENT)
        net.udp(HOST, 9000)
        net.add_name("name", HOST)
        net.add_silent_name("silent")
        assert isinstance(self.world.modem, Modem)
        module = self.world.modem._module
        assert isinstance(module, MxxModule)
        self.module = module
        self.states: dict[str, str] = {}
        self.moves: set[tuple[str, str, str]] = set()
        self.seen = 0

    def take(self, step: Step) -> None:
        """Let it happen, then look at everything."""
        world = self.world
        match step:
            case "line", str(text):
                world.send(text.encode() + b"\r")
                if text.startswith("AT+QISEND"):
                    world.send(b"hello\x1b\r")
            case "wait", float(seconds):
                world.advance(seconds)
            case "peer", (int(index), str(how)):
                peers = [peer for peer in world.net.connections if not peer.gone and not peer.fin_sent]
                if peers:
                    peer = peers[index % len(peers)]
                    acts: dict[str, Callable[[], None]] = {
                        "send": lambda: peer.send(b"data"),
                        "close": peer.close,
                        "reset": peer.reset,
                        "mute": lambda: peer.ack_limit(0),
                        "deaf": peer.ignore_fin,
                    }
                    acts[how]()
            case "client", None:
                try:
                    world.net.connect_client(8000, "10.9.9.9", latency=0.05)
                except ConnectionRefusedError:
                    return
            case "leave", None:
                world.advance(0.6)
                world.send(b"+++")
                world.advance(0.6)
            case "event", event:
                world.event(event)  # type: ignore[arg-type]
        world.settle()
        self.follow()
        self.agree()

    def follow(self) -> None:
        """The machines moved by rows of their tables only."""
        for _, effect in self.world.trace[self.seen :]:
            if isinstance(effect, StateChanged):
                base = effect.machine.rstrip("0123456789").rstrip()
                if base in TABLES:
                    assert (effect.before, effect.after) in MOVES[base], effect
                    self.moves.add((base, effect.before, effect.after))
        self.seen = len(self.world.trace)

    def agree(self) -> None:
        """State, context, links and listener fit together, for each context."""
        module = self.module
        for context in module.stack.contexts:
            state = str(module.ip_of(context).state.value)
            expected = DOWN.get(state, "ACTIVE")
            known = str(context.position.state.value)
            assert known == expected or (state == "PDP DEACT" and known in ("LOST", "INACTIVE")), (
                state,
                known,
            )
            links, listener = module.bank(context), module.stack.listener_of(context)
            if state in ("IP INITIAL", "IP START", "PDP DEACT"):
                # Where QISERVER's own wait for the listener has not ended yet, it is OPENING.
                assert not any(link.open for link in links), state
                assert not listener.listening, state
            if module.own[context.number].mux:
                other = module.single[context.number]
                assert sum(link.connected and link.role is Role.SERVER for link in links) <= 5
            else:
                other = module.multi[context.number]  # type: ignore[assignment]
                self.single_agrees(state, links[0].state.value, links[1].role, links[1].open)
                assert not any(link.open for link in links[2:])
            assert str(other.state.value) == "IP INITIAL"

    @staticmethod
    def single_agrees(state: str, client: str, second: Role, second_open: bool) -> None:
        """The state of a single connection follows the client link only."""
        if state == "CONNECT OK":
            assert client in ("CONNECTED", "REMOTE CLOSING", "CLOSING")
        elif state in ("TCP/UDP CONNECTING", "IP CONFIG", "IP IND"):
            assert client == "CONNECTING" or state != "TCP/UDP CONNECTING"
        else:
            assert client in ("INITIAL", "CLOSED"), (state, client)
        assert not second_open or second is Role.SERVER


def play(steps: list[Step]) -> Walk:
    """Take the steps."""
    walker = Walk()
    for step in steps:
        walker.take(step)
    return walker


def fails(steps: list[Step]) -> Exception | None:
    try:
        play(steps)
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize("part", range(2))
def test_random_walks(part: int) -> None:
    first = random.SystemRandom().getrandbits(40) if WALKS > 1000 else 0
    for seed in range(first + part * WALKS // 2, first + (part + 1) * WALKS // 2):
        steps = walk(seed)
        if fails(steps):
            at = 0
            while at < len(steps):
                fewer = steps[:at] + steps[at + 1 :]
                if fails(fewer):
                    steps = fewer
                else:
                    at += 1
            text = "\n".join(f"    {step!r}" for step in steps)
            raise AssertionError(f"seed {seed} fails; as short as can be:\n{text}") from fails(steps)


def test_walks_get_about() -> None:
    """The walks are worth something: all rows of the family's own tables are reached."""
    reached: set[tuple[str, str, str]] = set()
    for seed in range(160):
        reached |= play(walk(seed)).moves
    own = (SINGLE.name, MULTI.name)
    rows = {(name, *move) for name in own for move in MOVES[name] if move[0] != move[1]}
    assert rows <= reached, sorted(rows - reached)

"""Random walks of an M-series module: it moves by rows of its tables only, and its machines agree.

Both contexts, single and several connections, clients and listeners; a walk that fails is shortened.
"""

from __future__ import annotations

import random

import pytest
from properties.rig import HOST, mxx
from properties.walks import Maker, Step, Walker, choose, moves_of, play, try_walks
from vmodem.dialects.quectel.gsm.module import MxxModule
from vmodem.dialects.quectel.gsm.states import MULTI, SINGLE
from vmodem.emulator.engine import Modem
from vmodem.emulator.events import OutputBlocked, OutputReady, PdpLost, PdpRefusalChanged
from vmodem.emulator.links import Role
from vmodem.emulator.states import CONTEXT, LINK, SERVER
from vmodem.netstack.memory import Mode

MOVES = moves_of(SINGLE, MULTI, LINK, SERVER, CONTEXT)
DOWN = {"IP INITIAL": "INACTIVE", "IP START": "INACTIVE", "IP CONFIG": "INACTIVE", "IP IND": "ACTIVATING"}
NETWORK = [PdpLost(None), PdpLost(0), PdpLost(1), OutputBlocked(), OutputReady()]

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


def walk(seed: int) -> list[Step]:
    """Steps at random; the same for the same seed."""
    r = random.Random(seed)
    makers: list[Maker] = [
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
        (1, "leave", lambda: 0.6),
    ]
    start: list[Step] = [("line", "AT+QIDNSIP=1"), ("line", 'AT+QILPORT="TCP",8000')]
    if seed % 2:
        start.append(("line", "AT+QIMUX=1"))
    return start + choose(r, makers)


def numbers(r: random.Random) -> dict[str, object]:
    """What stands in the gaps of a line."""
    index = r.randint(0, 3)
    return {"link": r.choice(["", f"{index},"]), "index": index, "port": r.choice([7000, 7000, 7001, 7002])}


class Walk(Walker):
    """One module and what is known of its machines."""

    def __init__(self) -> None:
        world = mxx(factor=1.0)
        super().__init__(world, MOVES)
        net = world.net
        net.tcp(HOST, 7000, latency=0.05)
        net.tcp(HOST, 7001, mode=Mode.SILENT)
        net.udp(HOST, 9000)
        net.add_name("name", HOST)
        net.add_silent_name("silent")
        assert isinstance(world.modem, Modem)
        module = world.modem._module
        assert isinstance(module, MxxModule)
        self.module = module

    def types(self, text: str) -> None:
        super().types(text)
        if text.startswith("AT+QISEND"):
            self.world.send(b"hello\x1b\r")

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


@pytest.mark.parametrize("part", range(2))
def test_random_walks(part: int) -> None:
    try_walks(part, 2, Walk, walk)


def test_walks_get_about() -> None:
    """The walks are worth something: all rows of the family's own tables are reached."""
    reached: set[tuple[str, str, str]] = set()
    for seed in range(160):
        reached |= play(Walk(), walk(seed)).moves
    own = (SINGLE.name, MULTI.name)
    rows = {(name, *move) for name in own for move in MOVES[name] if move[0] != move[1]}
    assert rows <= reached, sorted(rows - reached)

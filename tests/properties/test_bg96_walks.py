"""Random walks of a BG96: it moves by rows of its tables only, and sockets, links and listeners agree."""

from __future__ import annotations

import random

import pytest
from properties.rig import HOST, sim800
from properties.walks import Maker, Step, Walker, choose, moves_of, play, try_walks
from vmodem.dialects.quectel.bg96 import BG96
from vmodem.dialects.quectel.lpwa.module import Bg96Module
from vmodem.dialects.quectel.lpwa.sockets import Service, Socket
from vmodem.dialects.quectel.lpwa.states import SOCKET, SocketState
from vmodem.emulator.engine import Modem
from vmodem.emulator.events import OutputBlocked, OutputReady, PdpLost, PdpRefusalChanged, PdpReleaseChanged
from vmodem.emulator.states import CONTEXT, LINK, SERVER
from vmodem.netstack.memory import Mode

MOVES = moves_of(SOCKET, LINK, SERVER, CONTEXT)
S = SocketState

LINES = [
    *["AT+QIACT={ctx}", "AT+QIACT=1", "AT+QIACT=1"],
    *['AT+QIOPEN=1,{id},"TCP","10.0.0.9",{port},0,{mode}'] * 6,
    *['AT+QIOPEN=1,{id},"TCP","name",{port},{local},{mode}', 'AT+QIOPEN=1,{id},"TCP","none",80'] * 2,
    *['AT+QIOPEN=1,{id},"UDP","10.0.0.9",9000,0,{mode}', 'AT+QIOPEN={ctx},{id},"TCP","silent",{port}'] * 2,
    *['AT+QIOPEN={ctx},{id},"UDP SERVICE","127.0.0.1",0,{local}'] * 2,
    *['AT+QIOPEN=1,{id},"TCP LISTENER","127.0.0.1",0,8000,{mode}'] * 5,
    *["AT+QICLOSE={id}", "AT+QICLOSE={id},0", "AT+QICLOSE={id},3"] * 3,
    *["AT+QISEND={id},5", "AT+QISEND={id}", 'AT+QISENDEX={id},"3132"', "AT+QIRD={id}", "AT+QIRD={id},0"] * 2,
    *["AT+QISWTMD={id},{mode}", "ATO", "AT+QISTATE", "AT+QISEND={id},0"] * 2,
    *["AT+QIDEACT={ctx}", "AT+QIDEACT=1", "AT+CGATT=0", "AT+CGATT=1", "AT+CGATT=1", "AT+QIGETERROR"],
    'AT+QISEND={id},5,"10.0.0.9",9000',
]
NETWORK = [PdpLost(None), PdpLost(1), PdpLost(2), OutputBlocked(), OutputReady(), PdpReleaseChanged(True)]


def walk(seed: int) -> list[Step]:
    """Steps at random; the same for the same seed."""
    r = random.Random(seed)
    makers: list[Maker] = [
        (18, "line", lambda: r.choice(LINES).format(**numbers(r))),
        (6, "wait", lambda: r.choice([0.05, 0.3, 1.0, 3.0, 3.0, 10.0, 80.0])),
        (4, "peer", lambda: (r.randint(0, 9), r.choice(["send", "close", "reset", "mute", "deaf"]))),
        (3, "client", lambda: None),
        (1, "event", lambda: r.choice(NETWORK)),
        (1, "event", lambda: PdpRefusalChanged(r.random() < 0.3)),
        (1, "event", lambda: PdpReleaseChanged(r.random() < 0.7)),
        (3, "leave", lambda: 1.1),
    ]
    start: list[Step] = [("line", f'AT+QICSGP={number},1,"X"') for number in (1, 2)]
    return [*start, ("line", "AT+QIACT=1"), ("wait", 3.0), *choose(r, makers)]


def numbers(r: random.Random) -> dict[str, object]:
    """What stands in the gaps of a line."""
    return {
        "id": r.randint(0, 3),
        "ctx": r.randint(1, 2),
        "port": r.choice([7000, 7000, 7000, 7001, 7002]),
        "mode": r.choice([0, 0, 1, 1, 2]),
        "local": r.choice([0, 4000, 4001]),
    }


class Walk(Walker):
    """One module and what is known of its machines."""

    def __init__(self) -> None:
        world = sim800(dialect=BG96, factor=1.0)
        super().__init__(world, MOVES)
        net = world.net
        net.tcp(HOST, 7000, latency=0.05)
        net.tcp(HOST, 7001, mode=Mode.SILENT)
        net.udp(HOST, 9000)
        net.add_name("name", HOST)
        net.add_silent_name("silent")
        assert isinstance(world.modem, Modem)
        module = world.modem._module
        assert isinstance(module, Bg96Module)
        self.module = module

    def types(self, text: str) -> None:
        super().types(text)
        if text.startswith("AT+QISEND"):
            self.world.send(b"hello\x1b\r")

    def agree(self) -> None:
        for socket in self.module.sockets:
            self._agrees(socket)
        data_mode = self.module.data_mode
        if data_mode is not None:
            assert self.module.sockets[data_mode.link.number].state in (S.CONNECTED, S.CLOSING)

    @staticmethod
    def _agrees(socket: Socket) -> None:
        """The socket's state is that of its link or listener; where it is free, both are."""
        link, listener, state = socket.link, socket.listener, socket.state
        if socket.service is Service.TCP_LISTENER:
            assert listener.listening == (state is S.LISTENING), (state, listener.position.state)
            assert not link.open
            return
        assert listener.handle is None
        if state is S.INITIAL:
            assert not link.open, link.state
            assert not link.unread
        elif state is S.CONNECTED:
            # while AT+QICLOSE waits for the peer its link is CLOSING already
            assert link.open, link.state
            assert socket.context.active
        elif state is S.OPENING:
            assert link.open
        else:
            assert state is S.CLOSING


@pytest.mark.parametrize("part", range(2))
def test_random_walks(part: int) -> None:
    try_walks(part, 2, Walk, walk)


def test_walks_get_about() -> None:
    """The walks are worth something: all rows of the socket's table are reached."""
    reached: set[tuple[str, str, str]] = set()
    for seed in range(160):
        reached |= play(Walk(), walk(seed)).moves
    rows = {(SOCKET.name, *move) for move in MOVES[SOCKET.name] if move[0] != move[1]}
    assert rows <= reached, sorted(rows - reached)

"""Twelve sockets of a BG96 in the three access modes at once: not a byte is lost, doubled or crossed."""

from __future__ import annotations

from dataclasses import dataclass

from bg96_host import OK, Host
from hypothesis import given
from hypothesis import strategies as st
from properties.rig import HOST, PORT, sim800
from properties.test_streams import PIECES, SEGMENTS, small
from vmodem.dialects.quectel.bg96 import BG96
from vmodem.emulator.world import World, fragments
from vmodem.netstack.memory import MemoryConnection

LISTENER = 0
CLIENTS = range(1, 7)
"""connectIDs opened by the host: buffer and direct push in turn; the last one is transparent."""
TRANSPARENT = 6
ACCEPTED = (11, 10, 9, 8, 7)


@dataclass
class Port:
    """The host's side of a virtual world."""

    world: World

    def write(self, data: bytes) -> None:
        self.world.send(data)

    def read_some(self) -> bytes:
        for _ in range(200):
            data = self.world.take()
            if data:
                return data
            self.world.advance(0.05)
        raise AssertionError("nothing comes")


@dataclass(frozen=True)
class Send:
    """A peer, or the host, sends on one of the sockets."""

    by_peer: bool
    number: int
    data: bytes
    segment: int | None


STEPS = st.lists(
    st.one_of(
        st.builds(Send, st.booleans(), st.integers(1, 11), PIECES, SEGMENTS),
        st.integers(1, 11),  # fetch from this one
        st.sampled_from(["data mode", "command mode", "time"]),
    ),
    max_size=40,
)


class Story:
    """All twelve sockets open, and what each end has sent."""

    def __init__(self, cut: int) -> None:
        world = sim800(dialect=BG96, writer=fragments(cut))
        self.world = world
        self.host = Host(Port(world))
        self.in_data_mode = False
        host = self.host
        world.ask("ATE0")
        host.asks('AT+QICSGP=1,1,"X"', OK)
        host.asks("AT+QIACT=1", OK)
        listen = f'AT+QIOPEN=1,{LISTENER},"TCP LISTENER","127.0.0.1",0,8000,0'
        host.asks(listen, OK + b"\r\n+QIOPEN: 0,0\r\n")
        self.peers: dict[int, MemoryConnection] = {}
        for number in ACCEPTED:
            self.peers[number] = world.net.connect_client(8000, "10.9.9.9")
            world.advance(0.0)
        for number in CLIENTS:
            peer = world.net.tcp(HOST, PORT + number)
            opens = f'AT+QIOPEN=1,{number},"TCP","{HOST}",{PORT + number},0,'
            if number == TRANSPARENT:
                host.asks(f"{opens}2", b"\r\nCONNECT\r\n")
                self.in_data_mode = True
            else:
                host.asks(f"{opens}{number % 2}", OK + b"\r\n+QIOPEN: %d,0\r\n" % number)
            self.peers[number] = peer.connection()
        assert host.incoming == list(ACCEPTED)
        self.to_host = {number: bytearray() for number in self.peers}
        self.to_net = {number: bytearray() for number in self.peers}

    def take(self, step: Send | int | str) -> None:
        """Let it happen."""
        if isinstance(step, Send):
            self._send(step)
        elif isinstance(step, int):
            self.command_mode()
            self.host.fetches(step, 700)
        elif step == "data mode":
            self.data_mode()
        elif step == "command mode":
            self.command_mode()
        else:
            self.world.advance(0.3)
            self._collect()

    def _send(self, step: Send) -> None:
        if step.by_peer:
            self.peers[step.number].send(step.data, small(step.data, step.segment))
            self.to_host[step.number] += step.data
            self.world.advance(0.0)
            self._collect()
        elif step.number == TRANSPARENT:
            self.data_mode()
            data = b"x+++" if step.data == b"+++" else step.data
            self.world.send(data)
            self.to_net[step.number] += data
            self.world.advance(2.0)
            self._collect()
        elif step.data:
            self.command_mode()
            for at in range(0, len(step.data), 1460):
                self.host.sends(step.number, step.data[at : at + 1460])
            self.to_net[step.number] += step.data

    def _collect(self) -> None:
        """In data mode whatever is written is payload."""
        if self.in_data_mode:
            self.host.data[TRANSPARENT] += self.world.take()

    def command_mode(self) -> None:
        """``+++``, unless there already."""
        if self.in_data_mode:
            self.world.advance(1.0)
            self._collect()
            self.world.send(b"+++")
            self.world.advance(1.0)
            self.in_data_mode = False
            self.host.expect(OK)

    def data_mode(self) -> None:
        """ATO, unless there already. What waited in the buffer follows CONNECT."""
        if not self.in_data_mode:
            self.host.asks("ATO", b"\r\nCONNECT\r\n")
            self.host.waiting.discard(TRANSPARENT)
            self.in_data_mode = True
            self.host.raw(TRANSPARENT)
            self._collect()

    def check(self) -> None:
        """Everything that was sent came, where it belongs."""
        self.world.advance(1.0)
        self._collect()
        self.command_mode()
        for number in self.peers:
            self.host.reads_empty(number)
        for number, peer in self.peers.items():
            assert self.host.data[number] == self.to_host[number], f"to the host on {number}"
            assert peer.received == self.to_net[number], f"to the peer of {number}"


@given(STEPS, st.integers(0, 99))
def test_twelve_sockets(steps: list[Send | int | str], cut: int) -> None:
    story = Story(cut)
    for step in steps:
        story.take(step)
    story.check()

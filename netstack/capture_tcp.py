"""One TCP connection of a capture: what the module's effects and events look like as segments.

The host's stack does the real work out of sight; here its outcome is told again in the module's own
addresses. Sequence numbers count what the module gave to its stack and what that delivered; the peer's
acknowledgements are the real ones, and no more is in flight than the window allows: the rest is held
until the peer acknowledges, as in the module's send buffer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from ..emulator.events import Address
from .capture_packets import WINDOW, Flags, TcpHeaders
from .capture_sums import MSS
from .pcapng import Direction, Part


class Emit(Protocol):
    """Where packets go."""

    def __call__(self, direction: Direction, head: Part, data: Part = b"", /) -> None:
        """A packet on the air, now; ``head`` and ``data`` together are the packet."""


class EmitRun(Protocol):
    """Where many packets go."""

    def __call__(
        self,
        direction: Direction,
        heads: Sequence[Part],
        data: Sequence[Part],
        answers: Sequence[Part] = (),
        /,
    ) -> None:
        """All of them now, the head and the data of each; they are of one length, but for the last.

        Behind every second one and the last stands one of the other side's ``answers``, if there are any: an
        acknowledgement covers two full segments at the most (RFC 1122 4.2.3.2).
        """


_INSIDE = 0xFFFFFFFF
_MORE, _LAST = Flags.ACK, Flags.PSH | Flags.ACK
"""The flags of a segment of data."""


class Side:
    """One end: its headers, and how far its sequence space has been used."""

    __slots__ = ("finished", "headers", "initial", "sent", "window")

    def __init__(self, headers: TcpHeaders, initial: int) -> None:
        self.headers = headers
        self.initial = initial
        self.sent = 0
        self.finished = False
        self.window = WINDOW

    @property
    def next(self) -> int:
        """The next sequence number, behind SYN, data and FIN."""
        return (self.initial + 1 + self.sent + self.finished) & _INSIDE


class TcpFlow:
    """A connection from its first SYN. ``number`` makes its initial sequence numbers its own."""

    __slots__ = (
        "_acked",
        "_begun",
        "_closing",
        "_emit",
        "_emit_run",
        "_held",
        "_held_size",
        "_module",
        "_over",
        "_peer",
        "up",
    )

    def __init__(self, emit: Emit, emit_run: EmitRun, local: Address, remote: Address, number: int) -> None:
        self._emit = emit
        self._emit_run = emit_run
        # Far apart, so that a connection between the same ports is seen to be another one.
        initial = number * 0x9E3779B1 & _INSIDE
        self._module = Side(TcpHeaders(local, remote), initial)
        self._peer = Side(TcpHeaders(remote, local), initial ^ 0x5A5A5A5A)
        self.up = False
        """Whether the handshake is complete."""
        self._acked = 0
        self._held: deque[bytes] = deque()
        self._begun = 0  # how much of the first of them has been sent
        self._held_size = 0
        self._closing = False
        self._over = False

    # ---- the handshake --------------------------------------------------------------------------

    def syn(self) -> bytes:
        """The module's SYN, once more for each call; returns it as an ICMP error quotes it."""
        side = self._module
        packet = bytes(side.headers.segment(Flags.SYN, side.initial, 0, side.window))
        self._emit(Direction.OUTBOUND, packet)
        return packet

    def connected(self) -> None:
        """The peer answered the module's SYN."""
        self._answer_syn(Direction.INBOUND, self._peer, self._module)

    def accepted(self) -> None:
        """A client connected: its SYN, and what follows."""
        side = self._peer
        self._emit(Direction.INBOUND, side.headers.segment(Flags.SYN, side.initial, 0, side.window))
        self._answer_syn(Direction.OUTBOUND, self._module, self._peer)

    def _answer_syn(self, direction: Direction, server: Side, client: Side) -> None:
        self.up = True
        both = Flags.SYN | Flags.ACK
        self._emit(direction, server.headers.segment(both, server.initial, client.next, server.window))
        if client is self._module:
            self._from_module(Flags.ACK)
        else:
            self._from_peer(Flags.ACK)

    def refused(self) -> None:
        """The peer answered the SYN with RST (RFC 9293 3.5.2: sequence number 0)."""
        rst = self._peer.headers.segment(Flags.RST | Flags.ACK, 0, self._module.next, 0)
        self._emit(Direction.INBOUND, rst)

    # ---- data -----------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """The module sends ``data``; of none there is no segment."""
        if not data:
            return
        self._held.append(data)
        self._held_size += len(data)
        self._pump()

    def acknowledged(self, total: int) -> None:
        """The peer has acknowledged ``total`` bytes."""
        total = min(total, self._module.sent + self._held_size)
        while self._acked < total:
            self._acked = min(total, self._module.sent)
            self._from_peer(Flags.ACK)
            self._pump()

    def received(self, data: bytes) -> None:
        """The peer sent ``data``, and the module's stack took it; of none there is no segment."""
        if not data:
            return
        side = self._peer
        if len(data) <= MSS:
            head = side.headers.segment(_LAST, side.next, self._taken, side.window, data)
            self._emit(Direction.INBOUND, head, data)
            side.sent += len(data)
            self._from_module(Flags.ACK)
            return
        run = side.headers.run(_LAST, side.next, self._taken, side.window, data, 0, len(data))
        begin, sent, step = side.initial + 1, side.sent, 2 * MSS
        side.sent = end = sent + len(data)
        there = [*range(sent + step, end, step), end]
        module = self._module
        numbers = [(begin + count) & _INSIDE for count in there]
        answers = module.headers.acknowledgements(module.next, numbers, module.window)
        self._emit_run(Direction.INBOUND, *run, answers)

    def offer(self, window: int) -> None:
        """The module takes ``window`` more bytes from now on."""
        self._module.window = window
        if self.up:
            self._from_module(Flags.ACK)

    def _pump(self) -> None:
        """Send what is held, as far as the peer's window reaches; then the FIN, if it is due."""
        side, held = self._module, self._held
        while held:
            data, begin, end = held[0], self._begun, len(held[0])
            room = self._peer.window - (side.sent - self._acked)
            flags = _LAST
            if end - begin <= room:
                held.popleft()
                self._begun = 0
            else:
                flags = _MORE
                self._begun = end = begin + room // MSS * MSS
                if end == begin:
                    return
            if end - begin <= MSS:
                piece = data[begin:end]
                head = side.headers.segment(flags, side.next, self._peer.next, side.window, piece)
                self._emit(Direction.OUTBOUND, head, piece)
            else:
                run = side.headers.run(flags, side.next, self._peer.next, side.window, data, begin, end)
                self._emit_run(Direction.OUTBOUND, *run)
            side.sent += end - begin
            self._held_size -= end - begin
        if self._closing and not side.finished:
            self._from_module(Flags.FIN | Flags.ACK)
            side.finished = True

    # ---- the end --------------------------------------------------------------------------------

    def close(self) -> None:
        """The module closes: FIN behind everything that it has sent."""
        self._closing = True
        self._pump()

    def peer_closed(self) -> None:
        """The peer sent FIN."""
        self._from_peer(Flags.FIN | Flags.ACK)
        self._peer.finished = True
        self._from_module(Flags.ACK)

    def closed(self) -> None:
        """The peer has taken all data and the module's FIN, and has sent its own."""
        self._closing = True
        self.acknowledged(self._module.sent + self._held_size)
        self._pump()
        self._over = True
        if self._peer.finished:
            self._from_peer(Flags.ACK)
        else:
            self.peer_closed()

    def reset(self) -> None:
        """The peer sent RST."""
        self._from_peer(Flags.RST | Flags.ACK)

    def abort(self) -> None:
        """The module sent RST; what it held is gone."""
        self._from_module(Flags.RST | Flags.ACK)

    # ---- segments -------------------------------------------------------------------------------

    @property
    def _taken(self) -> int:
        """What the peer acknowledges. The FIN counts when the connection's end says so, and not before."""
        return (self._module.initial + 1 + self._acked + self._over) & _INSIDE

    def _from_module(self, flags: int) -> None:
        side = self._module
        self._emit(Direction.OUTBOUND, side.headers.segment(flags, side.next, self._peer.next, side.window))

    def _from_peer(self, flags: int) -> None:
        side = self._peer
        self._emit(Direction.INBOUND, side.headers.segment(flags, side.next, self._taken, side.window))

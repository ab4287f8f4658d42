"""One modem's part of a capture: effects, events and line bytes become packets.

All is as the module sees it: its PDP address, the peers as the firmware addressed them. Where the host's
sockets really were (routes, NAT, its own resolver) does not show.

Rules for editors: a new effect or event gets a row in the tables at the foot of :class:`ModemCapture`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..emulator.effects import (
    AskNtp,
    CloseSocket,
    Effect,
    Listen,
    OpenSocket,
    PauseReceiving,
    Ping,
    Resolve,
    ResumeReceiving,
    SendData,
    Transport,
)
from ..emulator.events import (
    Accepted,
    Acknowledged,
    Address,
    Closed,
    Connected,
    ConnectFailed,
    ConnectionLost,
    Event,
    Failure,
    ListenFailed,
    Listening,
    NtpAnswered,
    NtpFailed,
    PeerClosed,
    PingAnswered,
    PingFailed,
    Received,
    Resolved,
    ResolveFailed,
)
from .capture_packets import NETWORK, UNREACHABLE_CODES, WINDOW, unreachable
from .capture_questions import Questions
from .capture_tcp import TcpFlow
from .capture_udp import Datagrams, dynamic_port, sendable
from .pcapng import Direction, Part, packet, packets

if TYPE_CHECKING:
    from .capture import Capture

_LONGEST_PIECE = 65536
"""Line bytes in one record; Wireshark takes no more than 262144."""

_RETRANSMISSIONS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Seconds from one SYN to the next while nobody answers (RFC 6298; Linux: tcp_syn_retries 6)."""

_GRACE = 0.01
"""Seconds after which a connection attempt of which nothing else is told has sent its SYN."""


@dataclass(slots=True)
class _Opening:
    """A TCP connection that the module asks for, until it is up."""

    effect: OpenSocket
    remote: Address
    flow: TcpFlow | None = None
    """From the first SYN on."""
    syn: bytes = b""
    over: bool = False


@dataclass(slots=True)
class _Listener:
    """A listener: what was asked, and the port that it got. UDP ones send and receive with it."""

    effect: Listen
    port: int


class ModemCapture:
    """One modem's part of a capture. Times are seconds on the modems' clock and never go back."""

    def __init__(self, capture: Capture, interface: int) -> None:
        self._capture = capture
        self._interface = interface
        self._set_time(0.0)
        self._sockets: dict[int, _Opening | TcpFlow | Datagrams | _Listener] = {}
        self._questions = Questions(self._emit, capture.number, lambda: capture.start / 1e9 + self._now)

    # ---- what is told ---------------------------------------------------------------------------

    def host(self, now: float, data: bytes) -> None:
        """The DTE wrote ``data``."""
        self._line(now, Direction.INBOUND, data)

    def module(self, now: float, data: bytes) -> None:
        """The module wrote ``data``."""
        self._line(now, Direction.OUTBOUND, data)

    def event(self, now: float, event: Event) -> None:
        """Something happened outside; what is not of the network is passed over."""
        action = self._EVENTS.get(type(event))
        if action is not None:
            self._reach(now)
            action(self, event)

    def effect(self, now: float, effect: Effect) -> None:
        """The module asked for something; what is not of the network is passed over."""
        action = self._EFFECTS.get(type(effect))
        if action is not None:
            self._reach(now)
            action(self, effect)

    def connecting(self, handle: int, local: Address) -> None:
        """The netstack connects ``handle`` from the port of ``local``, at the moment of the latest call."""
        opening = self._sockets.get(handle)
        if isinstance(opening, _Opening):
            self._first_syn(opening, local.port, self._now)

    def _reach(self, now: float) -> None:
        if self._capture.later:
            self._capture.reach(now)
        self._set_time(now)

    def _set_time(self, now: float) -> None:
        self._now = now
        self._moment = self._capture.start + int(now * 1e9)

    def _line(self, now: float, direction: Direction, data: bytes) -> None:
        self._reach(now)
        if 0 < len(data) <= _LONGEST_PIECE:
            packet(self._capture.blocks, self._interface + 1, self._moment, direction, data)
            return
        view = memoryview(data)
        for start in range(0, len(data), _LONGEST_PIECE):
            piece = view[start : start + _LONGEST_PIECE]
            packet(self._capture.blocks, self._interface + 1, self._moment, direction, piece)

    def _emit(self, direction: Direction, head: Part, data: Part = b"") -> None:
        packet(self._capture.blocks, self._interface, self._moment, direction, head, data)

    def _emit_run(
        self, direction: Direction, heads: Sequence[Part], data: Sequence[Part], answers: Sequence[Part] = ()
    ) -> None:
        packets(self._capture.blocks, self._interface, self._moment, direction, heads, data, answers)

    # ---- TCP: opening ---------------------------------------------------------------------------

    def _open(self, effect: OpenSocket) -> None:
        if effect.transport is Transport.UDP:
            local = Address(effect.source, effect.local_port)
            self._sockets[effect.handle] = Datagrams(local, effect.remote)
        elif effect.remote is not None and _possible(effect, effect.remote):
            opening = self._sockets[effect.handle] = _Opening(effect, effect.remote)
            # A port of our own for a netstack that does not tell; one that tells does so at once.
            port, moment = dynamic_port(self._capture.number()), self._now + _GRACE
            self._capture.at(moment, lambda: self._first_syn(opening, port, moment))

    def _first_syn(self, opening: _Opening, port: int, moment: float) -> None:
        if opening.flow is None and not opening.over:
            effect = opening.effect
            local = Address(effect.source, effect.local_port or port)
            opening.flow = TcpFlow(self._emit, self._emit_run, local, opening.remote, self._capture.number())
            self._syn(opening, opening.flow, moment, _RETRANSMISSIONS)

    def _syn(self, opening: _Opening, flow: TcpFlow, moment: float, waits: tuple[float, ...]) -> None:
        """SYN at ``moment``, and again after each of ``waits``, until the opening is over."""
        if opening.over:
            return
        now = self._now
        self._set_time(moment)
        opening.syn = flow.syn()
        self._set_time(now)
        if waits:
            then, later = moment + waits[0], waits[1:]
            self._capture.at(then, lambda: self._syn(opening, flow, then, later))

    def _connected(self, event: Connected) -> None:
        socket = self._sockets.get(event.handle)
        if isinstance(socket, Datagrams):
            socket.local = Address(socket.local.host, socket.local.port or event.local.port)
        elif isinstance(socket, _Opening):
            self._first_syn(socket, event.local.port, self._now)
            socket.over = True
            if socket.flow is not None:
                self._sockets[event.handle] = socket.flow
                socket.flow.connected()

    def _connect_failed(self, event: ConnectFailed) -> None:
        socket = self._sockets.pop(event.handle, None)
        if not isinstance(socket, _Opening):
            return
        if event.failure in _NOTHING_SENT:
            socket.over = True
            return
        self._first_syn(socket, dynamic_port(event.handle), self._now)
        socket.over = True
        if event.failure in (Failure.REFUSED, Failure.RESET) and socket.flow is not None:
            socket.flow.refused()
        elif event.failure in UNREACHABLE_CODES:
            code = UNREACHABLE_CODES[event.failure]
            self._emit(Direction.INBOUND, unreachable(NETWORK, socket.effect.source, code, socket.syn))

    # ---- listeners ------------------------------------------------------------------------------

    def _listen(self, effect: Listen) -> None:
        self._sockets[effect.handle] = _Listener(effect, effect.port)

    def _listening(self, event: Listening) -> None:
        listener = self._sockets.get(event.handle)
        if not isinstance(listener, _Listener):
            return
        if listener.effect.transport is Transport.UDP:
            local = Address(listener.effect.source, event.local.port)
            self._sockets[event.handle] = Datagrams(local, None)
        else:
            listener.port = event.local.port

    def _accepted(self, event: Accepted) -> None:
        listener = self._sockets.get(event.listener)
        if isinstance(listener, Datagrams):
            self._sockets[event.handle] = Datagrams(listener.local, event.remote)
        elif isinstance(listener, _Listener) and sendable(listener.effect.source, event.remote):
            local = Address(listener.effect.source, listener.port)
            flow = TcpFlow(self._emit, self._emit_run, local, event.remote, self._capture.number())
            self._sockets[event.handle] = flow
            flow.accepted()

    # ---- data -----------------------------------------------------------------------------------

    def _send(self, effect: SendData) -> None:
        socket = self._sockets.get(effect.handle)
        if isinstance(socket, TcpFlow):
            socket.send(effect.data)
        elif isinstance(socket, Datagrams):
            to = effect.to or socket.remote
            if to is not None:
                self._datagram(socket, Direction.OUTBOUND, to, effect.data)

    def _received(self, event: Received) -> None:
        socket = self._sockets.get(event.handle)
        if isinstance(socket, TcpFlow):
            socket.received(event.data)
        elif isinstance(socket, Datagrams):
            self._datagram(socket, Direction.INBOUND, event.source, event.data)

    def _datagram(self, socket: Datagrams, direction: Direction, peer: Address, data: bytes) -> None:
        parts = socket.packet(direction, peer, data)
        if parts is not None:
            self._emit(direction, *parts)

    def _acknowledged(self, event: Acknowledged) -> None:
        socket = self._sockets.get(event.handle)
        if isinstance(socket, TcpFlow):
            socket.acknowledged(event.total)

    def _pause(self, effect: PauseReceiving) -> None:
        self._offer(effect.handle, 0)

    def _resume(self, effect: ResumeReceiving) -> None:
        self._offer(effect.handle, WINDOW)

    def _offer(self, handle: int, window: int) -> None:
        socket = self._sockets.get(handle)
        if isinstance(socket, TcpFlow):
            socket.offer(window)

    # ---- the end --------------------------------------------------------------------------------

    def _close(self, effect: CloseSocket) -> None:
        socket = self._sockets.get(effect.handle)
        if isinstance(socket, TcpFlow) and not effect.abort:
            socket.close()
            return
        self._sockets.pop(effect.handle, None)
        if isinstance(socket, TcpFlow):
            socket.abort()
        elif isinstance(socket, _Opening):
            # a connection that is not up is given up without a word (RFC 9293 3.10.5)
            socket.over = True

    def _peer_closed(self, event: PeerClosed) -> None:
        socket = self._sockets.get(event.handle)
        if isinstance(socket, TcpFlow):
            socket.peer_closed()

    def _closed(self, event: Closed) -> None:
        socket = self._sockets.pop(event.handle, None)
        if isinstance(socket, TcpFlow):
            socket.closed()

    def _lost(self, event: ConnectionLost) -> None:
        socket = self._sockets.pop(event.handle, None)
        if isinstance(socket, TcpFlow) and event.failure is Failure.RESET:
            socket.reset()

    def _listen_failed(self, event: ListenFailed) -> None:
        self._sockets.pop(event.handle, None)

    # ---- questions ------------------------------------------------------------------------------

    def _resolve(self, effect: Resolve) -> None:
        self._questions.resolve(effect)

    def _ping(self, effect: Ping) -> None:
        self._questions.ping(effect)

    def _ask_ntp(self, effect: AskNtp) -> None:
        self._questions.ask_ntp(effect)

    def _answered(
        self, event: Resolved | ResolveFailed | PingAnswered | PingFailed | NtpAnswered | NtpFailed
    ) -> None:
        self._questions.answered(event.query, event)

    # ---- the tables -----------------------------------------------------------------------------

    _EFFECTS: ClassVar[dict[type[Effect], Callable[..., None]]] = {
        OpenSocket: _open,
        Listen: _listen,
        SendData: _send,
        CloseSocket: _close,
        PauseReceiving: _pause,
        ResumeReceiving: _resume,
        Resolve: _resolve,
        Ping: _ping,
        AskNtp: _ask_ntp,
    }
    _EVENTS: ClassVar[dict[type[Event], Callable[..., None]]] = {
        Connected: _connected,
        ConnectFailed: _connect_failed,
        Listening: _listening,
        ListenFailed: _listen_failed,
        Accepted: _accepted,
        Received: _received,
        Acknowledged: _acknowledged,
        PeerClosed: _peer_closed,
        Closed: _closed,
        ConnectionLost: _lost,
        Resolved: _answered,
        ResolveFailed: _answered,
        PingAnswered: _answered,
        PingFailed: _answered,
        NtpAnswered: _answered,
        NtpFailed: _answered,
    }


_NOTHING_SENT = (Failure.NOT_FOUND, Failure.ADDRESS_IN_USE, Failure.NO_RESOURCES)
"""Failures of an opening before anything is on the air."""


def _possible(effect: OpenSocket, remote: Address) -> bool:
    return sendable(effect.source, remote) and 0 <= effect.local_port < 65536

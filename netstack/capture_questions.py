"""What a module asks without a socket of its own, in a capture: names, echoes, the time."""

from __future__ import annotations

from collections.abc import Callable

from ..emulator.effects import AskNtp, Ping, Resolve
from ..emulator.events import (
    Address,
    Failure,
    NtpAnswered,
    NtpFailed,
    PingAnswered,
    PingFailed,
    Resolved,
    ResolveFailed,
)
from . import capture_dns as dns
from .capture_packets import LONGEST_DATAGRAM, NETWORK, UNREACHABLE_CODES, echo, unreachable
from .capture_tcp import Emit
from .capture_udp import Datagrams, dynamic_port, sendable
from .pcapng import Direction

_NTP_EPOCH = 2208988800
"""Seconds from 1900, where NTP counts from, to 1970 (RFC 5905 section 6)."""
_CLIENT, _SERVER = 3, 4
_PORT_UNREACHABLE = 3

_MOST = 64
"""Questions that may be unanswered; of more, the oldest is forgotten."""

Answer = Callable[..., None]
"""Told the event that answers the question."""


class Questions:
    """The questions of one module that wait for their answers."""

    def __init__(self, emit: Emit, number: Callable[[], int], wall: Callable[[], float]) -> None:
        """``number`` gives one that no other flow of the file has, ``wall`` the time since the epoch."""
        self._wall = wall
        self._emit = emit
        self._number = number
        self._waiting: dict[int, Answer] = {}

    def answered(self, query: int, event: object) -> None:
        """``event`` answers question ``query``."""
        answer = self._waiting.pop(query, None)
        if answer is not None:
            answer(event)

    def _wait(self, query: int, answer: Answer) -> None:
        if len(self._waiting) >= _MOST:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[query] = answer

    def resolve(self, effect: Resolve) -> None:
        """The question to the server that is asked first; which one answers, nobody tells."""
        server = Address(effect.servers[0] if effect.servers else NETWORK, dns.PORT)
        if not dns.can_be_asked(effect.name) or not sendable(effect.source, server):
            return
        socket = Datagrams(Address(effect.source, dynamic_port(self._number())), server)
        number = effect.query & 0xFFFF

        def answer(event: Resolved | ResolveFailed) -> None:
            message = dns.answer(number, effect.name, event)
            if message is not None:
                self._datagram(socket, Direction.INBOUND, server, message)

        self._datagram(socket, Direction.OUTBOUND, server, dns.question(number, effect.name))
        self._wait(effect.query, answer)

    def ping(self, effect: Ping) -> None:
        """An echo request, and its reply with the time to live that it really had (RFC 792)."""
        if not sendable(effect.source, Address(effect.address, 1)) or effect.size > LONGEST_DATAGRAM:
            return
        number = effect.query & 0xFFFF
        request = echo(effect.source, effect.address, number, effect.size)

        def answer(event: PingAnswered | PingFailed) -> None:
            if isinstance(event, PingAnswered):
                reply = echo(effect.address, effect.source, number, effect.size, reply_ttl=event.ttl)
                self._emit(Direction.INBOUND, reply)
            elif event.failure in UNREACHABLE_CODES:
                code = UNREACHABLE_CODES[event.failure]
                self._emit(Direction.INBOUND, unreachable(NETWORK, effect.source, code, request))

        self._emit(Direction.OUTBOUND, request)
        self._wait(effect.query, answer)

    def ask_ntp(self, effect: AskNtp) -> None:
        """A client's question and the server's answer (RFC 5905 section 14); the stratum is invented."""
        if not sendable(effect.source, effect.server):
            return
        socket = Datagrams(Address(effect.source, dynamic_port(self._number())), effect.server)
        asked = self._wall()

        def answer(event: NtpAnswered | NtpFailed) -> None:
            if isinstance(event, NtpAnswered):
                message = _ntp(_SERVER, sent=event.utc, received=event.utc, asked=asked)
                self._datagram(socket, Direction.INBOUND, effect.server, message)
            elif event.failure is Failure.REFUSED:
                code = _PORT_UNREACHABLE
                self._emit(Direction.INBOUND, unreachable(effect.server.host, effect.source, code, quoted))

        parts = socket.packet(Direction.OUTBOUND, effect.server, _ntp(_CLIENT, sent=asked))
        assert parts is not None
        quoted = bytes(parts[0]) + bytes(parts[1])
        self._emit(Direction.OUTBOUND, quoted)
        self._wait(effect.query, answer)

    def _datagram(self, socket: Datagrams, direction: Direction, peer: Address, data: bytes) -> None:
        parts = socket.packet(direction, peer, data)
        if parts is not None:
            self._emit(direction, *parts)


def _ntp(mode: int, *, sent: float, received: float | None = None, asked: float | None = None) -> bytes:
    """A message of ``mode``; times in seconds since the Unix epoch."""
    from scapy.layers.ntp import NTPHeader

    def stamp(moment: float | None) -> float:
        return 0 if moment is None else moment + _NTP_EPOCH

    message = NTPHeader(version=4, mode=mode, stratum=1 if mode == _SERVER else 0, poll=0, ref_id=bytes(4))
    message.ref = message.recv = stamp(received)
    message.orig = stamp(asked)
    message.sent = stamp(sent)
    return bytes(message)

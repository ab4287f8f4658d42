"""Asks an NTP server for the time (SNTP: RFC 5905 section 14), over real UDP.

Routes lead it (``udp://ntp.example.com:123=udp://127.0.0.1:1123``), the policy applies.
"""

from __future__ import annotations

import socket
from functools import partial
from typing import TYPE_CHECKING, Any

from ..emulator.effects import AskNtp, Transport
from ..emulator.events import Address, Event, Failure, NtpAnswered, NtpFailed
from .host_link import Hub, failure_of
from .questions import Question, Questions

if TYPE_CHECKING:
    from scapy.layers.ntp import NTPHeader

LAYERS = "scapy.layers.ntp"

_VERSION, _CLIENT, _SERVER = 4, 3, 4
_HEADER = 48
_UNSYNCHRONISED = 3
_STRATA = range(1, 16)
_UNIX_EPOCH = 2208988800
"""Seconds from 1900, where NTP counts from, to 1970."""
_ERA = 1 << 32
"""Seconds that a time stamp can tell; in 2036 it begins again (RFC 5905 section 6)."""


class NtpClient:
    """Answers :class:`AskNtp` effects."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._questions = Questions(hub, LAYERS)

    def ask(self, effect: AskNtp) -> None:
        """Ask once; answer with ``NtpAnswered`` or ``NtpFailed``."""
        target = self._hub.target(Transport.UDP, effect.server)
        if isinstance(target, Failure):
            self._failed(effect, target)
            return
        if target is None:
            self._hub.loop.call_later(effect.timeout, self._silence, effect)
            return
        then = partial(self._send, effect, target)
        self._questions.with_packets(then, partial(self._failed, effect, Failure.NO_RESOURCES))

    def close(self) -> None:
        """Answer nothing from now on. May be repeated."""
        self._questions.close()

    def _silence(self, effect: AskNtp) -> None:
        if not self._questions.closed:
            self._failed(effect, Failure.TIMED_OUT)

    def _failed(self, effect: AskNtp, failure: Failure) -> None:
        self._hub.deliver(NtpFailed(effect.query, failure))

    def _send(self, effect: AskNtp, target: Address) -> None:
        try:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        except OSError as error:
            self._failed(effect, failure_of(error))
            return
        request = _request()
        try:
            sock.connect(target)  # from here on the kernel drops what others send
            sock.send(request)
        except OSError as error:
            sock.close()
            self._failed(effect, failure_of(error))
            return
        NtpQuestion(self._questions, sock, effect, request)


def _request() -> bytes:
    """A client's packet: everything zero but the time of sending, which the server gives back."""
    from scapy.layers.ntp import NTPHeader

    packet = NTPHeader(
        version=_VERSION, mode=_CLIENT, stratum=0, poll=0, ref_id=bytes(4), ref=0, orig=0, recv=0
    )
    return bytes(packet)


class NtpQuestion(Question):
    """A question that no NTP server has answered yet."""

    def __init__(self, questions: Questions, sock: socket.socket, effect: AskNtp, request: bytes) -> None:
        super().__init__(questions, sock, effect.timeout, NtpFailed(effect.query, Failure.TIMED_OUT))
        self._query = effect.query
        self._server = effect.server
        self._sent = int.from_bytes(request[40:48], "big")

    def heard(self, data: bytes, ttl: int | None) -> Event | None:
        waited = self.waited
        reply = _parsed(data)
        if reply is None or reply.mode != _SERVER or reply.getfieldval("orig") != self._sent:
            return None
        refusal = _refusal(reply)
        if refusal is not None:
            self._hub.note(f"NTP server {self._server.host}:{self._server.port} told no time: {refusal}")
            return NtpFailed(self._query, Failure.REFUSED)
        return NtpAnswered(self._query, _utc(reply, waited))

    def failed(self, error: OSError) -> Event:
        return NtpFailed(self._query, failure_of(error))


def _parsed(data: bytes) -> NTPHeader | None:
    from scapy.layers.ntp import NTPHeader

    if len(data) < _HEADER:
        return None
    try:
        return NTPHeader(data)
    except Exception:  # scapy raises whatever a broken packet makes it stumble over (struct.error ...)
        return None


def _refusal(reply: Any) -> str | None:
    """Why an answer to the question tells no time (RFC 5905 sections 7.3, 7.4, 14)."""
    if reply.stratum == 0:
        return f"kiss-o'-death {_kiss(reply)}"
    if reply.stratum not in _STRATA:
        return f"its stratum is {reply.stratum}"
    if reply.leap == _UNSYNCHRONISED:
        return "its clock is not synchronised"
    if not reply.getfieldval("sent"):
        return "its time of sending is empty"
    return None


def _kiss(reply: Any) -> str:
    """The four letters in the place of the reference."""
    return bytes(reply.original[12:16]).rstrip(b"\0").decode("ascii", "replace")


def _utc(reply: Any, waited: float) -> float:
    """The time now: when it was sent, and half of what both ways took."""
    sent, received = _seconds(reply.getfieldval("sent")), _seconds(reply.getfieldval("recv"))
    travelled = max(0.0, waited - max(0.0, sent - received))
    return sent + travelled / 2


def _seconds(stamp: int) -> float:
    """A time stamp as seconds since the Unix epoch: the top bit tells whether it is of 1968 to 2036."""
    seconds = stamp / _ERA
    return seconds - _UNIX_EPOCH + (0 if stamp >> 63 else _ERA)

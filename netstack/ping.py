"""Real pings: ICMP echo requests from a ping socket or a raw socket of the host, whichever it allows.

``icmp://A=icmp://B`` routes lead them, the policy applies, and modules of one process answer each
other; routes for TCP and UDP say nothing about a ping.
"""

from __future__ import annotations

import secrets
import socket
from functools import partial

from ..emulator.effects import Ping
from ..emulator.events import Address, Event, Failure, PingAnswered, PingFailed
from .host_link import Hub, failure_of
from .questions import Question, Questions

LAYERS = "scapy.layers.inet"
MODULE_TTL = 64
"""Time to live of a module's own answers (assumed; RFC 1700 recommends it)."""

_ECHO_REPLY, _ECHO_REQUEST = 0, 8
# Python 3.11 does not name these two of <linux/in.h>.
_IP_RECVERR, _IP_RECVTTL = 11, 12

FORBIDDEN_HERE = (
    "this host lets nobody ping from here: neither a ping socket (sysctl net.ipv4.ping_group_range) nor a "
    "raw socket (CAP_NET_RAW) is allowed; pings stay unanswered"
)


class Pinger:
    """Answers :class:`Ping` effects."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._questions = Questions(hub, LAYERS)
        self._sequence = 0
        self._told = False

    def ping(self, effect: Ping) -> None:
        """Send one echo request; answer with ``PingAnswered`` or ``PingFailed``."""
        if self._hub.air.answers(effect.address):
            asked_at = self._hub.loop.time()
            self._hub.loop.call_soon(self._module_answers, effect.query, asked_at)
            return
        target = self._hub.target(None, Address(effect.address, 0))
        if isinstance(target, Failure):
            self._hub.deliver(PingFailed(effect.query, target))
            return
        if target is None:
            self._hub.loop.call_later(effect.timeout, self._silence, effect)
            return
        then = partial(self._send, effect, target.host)
        self._questions.with_packets(then, partial(self._failed, effect, Failure.NO_RESOURCES))

    def close(self) -> None:
        """Answer nothing from now on. May be repeated."""
        self._questions.close()

    def _silence(self, effect: Ping) -> None:
        if not self._questions.closed:
            self._failed(effect, Failure.TIMED_OUT)

    def _module_answers(self, query: int, asked_at: float) -> None:
        if not self._questions.closed:
            self._hub.deliver(PingAnswered(query, self._hub.loop.time() - asked_at, MODULE_TTL))

    def _failed(self, effect: Ping, failure: Failure) -> None:
        self._hub.deliver(PingFailed(effect.query, failure))

    def _send(self, effect: Ping, target: str) -> None:
        try:
            sock, raw = _socket()
        except PermissionError:
            if not self._told:
                self._told = True
                self._hub.note(FORBIDDEN_HERE)
            self._failed(effect, Failure.NOT_PERMITTED)
            return
        except OSError as error:
            self._failed(effect, failure_of(error))
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        echo = Echo(sock, raw, self._sequence, effect.size)
        try:
            echo.send(target)
        except OSError as error:
            sock.close()
            self._failed(effect, failure_of(error))
            return
        PingUnderWay(self._questions, effect, echo)


def _socket() -> tuple[socket.socket, bool]:
    """A socket for pings, and whether it is raw. Raises ``PermissionError`` where neither is allowed."""
    try:
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP), False
    except OSError:  # outside net.ipv4.ping_group_range, or a kernel without ping sockets
        return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP), True


class Echo:
    """One echo request, and what answers it (RFC 792)."""

    def __init__(self, sock: socket.socket, raw: bool, sequence: int, size: int) -> None:
        self.sock = sock
        self._raw = raw
        self._sequence = sequence
        self._data = bytes(0x61 + i % 23 for i in range(size))
        self._identifier = 0

    def send(self, target: str) -> None:
        """Send the request. Raises ``OSError``."""
        from scapy.layers.inet import ICMP

        self.sock.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
        self.sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)  # "unreachable" is an error of the socket
        if self._raw:
            self._identifier = secrets.randbelow(1 << 16)
        self.sock.connect((target, 0))  # from here on the kernel drops what others send
        if not self._raw:
            self._identifier = self.sock.getsockname()[1]  # the kernel writes its own, and keeps it apart
        request = ICMP(type=_ECHO_REQUEST, id=self._identifier, seq=self._sequence) / self._data
        self.sock.send(bytes(request))

    def ttl(self, packet: bytes, control_ttl: int | None) -> int | None:
        """The TTL of the reply to this request; ``None`` if ``packet`` is none.

        A raw socket gives the packet with its IP header, a ping socket without. Broken ones, those of
        other pings, and on loopback one's own request, are none.
        """
        from scapy.layers.inet import ICMP, IP
        from scapy.utils import checksum

        try:
            whole = IP(packet) if self._raw else None
            message = ICMP(packet) if whole is None else whole[ICMP]
        except Exception:  # scapy raises whatever a broken packet makes it stumble over; IndexError: no ICMP
            return None
        ttl = control_ttl if whole is None else whole.ttl
        mine = (_ECHO_REPLY, 0, self._identifier, self._sequence)
        if (message.type, message.code, message.id, message.seq) != mine:
            return None
        intact = bytes(message.payload) == self._data and checksum(message.original) == 0
        return ttl if intact else None


class PingUnderWay(Question):
    """A ping that nobody has answered yet."""

    def __init__(self, questions: Questions, effect: Ping, echo: Echo) -> None:
        silence = PingFailed(effect.query, Failure.TIMED_OUT)
        super().__init__(questions, echo.sock, effect.timeout, silence)
        self._query = effect.query
        self._echo = echo

    def heard(self, data: bytes, ttl: int | None) -> Event | None:
        waited = self.waited
        answered = self._echo.ttl(data, ttl)
        return None if answered is None else PingAnswered(self._query, waited, answered)

    def failed(self, error: OSError) -> Event:
        return PingFailed(self._query, failure_of(error))

"""BG96: failures that a tester orders, so that every code of the manual's chapter 4 can be met.

What a network, a peer or a full module causes needs no order: it has its code by itself.
"""

from __future__ import annotations

from collections import deque

from .errors import TcpIpError

E = TcpIpError

NAMED = {
    ("socket.open", "connect_fail"): E.CONNECT,
    ("socket.open", "dns_fail"): E.DNS_PARSE,
    ("dns.resolve", "dns_fail"): E.DNS_PARSE,
    ("socket.send", "send_fail"): E.NONE,
    ("pdp.activate", "activate_fail"): E.OPEN_CONTEXT,
    ("pdp.deactivate", "deactivate_fail"): E.CLOSE_CONTEXT,
}
"""Results by the names that all dialects share. SEND FAIL has no code: the buffer is full (S 2.1.7)."""

CODES = {str(error.number): error for error in TcpIpError if error is not E.NONE}
"""Results by their numbers in chapter 4."""

ACCEPT = "socket.accept"
"""Not a command: the next client is lost on its way in (560)."""

LATE = ("socket.open", "socket.send", "dns.resolve", "net.ping", "net.ntp")
"""Operations whose failure does not come where the command begins."""


class Failures:
    """The failures that are ordered and have not happened yet, by operation."""

    def __init__(self) -> None:
        self._armed: dict[str, deque[TcpIpError]] = {}

    def arm(self, op: str, result: str, times: int) -> bool:
        """Let the next ``times`` operations fail; whether ``result`` is known for ``op``."""
        error = NAMED.get((op, result), CODES.get(result))
        if error is None:
            return False
        self._armed.setdefault(op, deque()).extend([error] * times)
        return True

    def take(self, op: str) -> TcpIpError | None:
        """How the operation that begins now fails; None: it does not."""
        armed = self._armed.get(op)
        return armed.popleft() if armed else None

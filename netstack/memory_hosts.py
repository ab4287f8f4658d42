"""Who answers to names and pings and tells the time in the memory netstack, and when."""

from __future__ import annotations

from collections.abc import Sequence

from ..emulator.effects import AskNtp, Ping, Resolve
from ..emulator.events import (
    Address,
    Event,
    Failure,
    NtpAnswered,
    NtpFailed,
    PingAnswered,
    PingFailed,
    Resolved,
    ResolveFailed,
)
from .memory_peers import MisuseError
from .memory_sockets import is_ipv4

Due = tuple[Event, float]
"""What happens, and after how many seconds."""


class PingHost:
    """A host that answers pings after the ``rtts`` (seconds, one for each; the last one from then on).

    ``None`` among them: that ping is lost. ``failure``: the network reports it instead of an answer.
    """

    def __init__(self, rtts: Sequence[float | None], ttl: int, failure: Failure | None) -> None:
        self.requests: list[Ping] = []
        self.failure = failure
        self._rtts = rtts
        self._ttl = ttl

    def asked(self, effect: Ping) -> Due:
        """The module pings this host."""
        rtt = self._rtts[min(len(self.requests), len(self._rtts) - 1)]
        self.requests.append(effect)
        if self.failure is not None:
            return PingFailed(effect.query, self.failure), rtt or 0.0
        if rtt is None or rtt >= effect.timeout:
            return PingFailed(effect.query, Failure.TIMED_OUT), effect.timeout
        return PingAnswered(effect.query, rtt, self._ttl), rtt


class NtpServer:
    """An NTP server whose clock shows ``utc`` when it is first asked; answers after ``latency`` seconds.

    ``failure``: what comes instead.
    """

    def __init__(self, utc: float, latency: float, failure: Failure | None) -> None:
        self.requests: list[AskNtp] = []
        self.failure = failure
        self._utc = utc
        self._latency = latency
        self._first: float | None = None

    def asked(self, effect: AskNtp, now: float) -> Due:
        """The module asks this server at ``now``."""
        self.requests.append(effect)
        if self._first is None:
            self._first = now
        if self.failure is not None:
            return NtpFailed(effect.query, self.failure), self._latency
        if self._latency >= effect.timeout:
            return NtpFailed(effect.query, Failure.TIMED_OUT), effect.timeout
        return NtpAnswered(effect.query, self._utc + now - self._first + self._latency), self._latency


class Hosts:
    """Who answers without a socket of the module: names, pings, the time. The base of the memory netstack.

    ``queries`` are the names that were looked up, each answered after ``dns_latency`` seconds. Hosts and
    NTP servers that nobody declared are silent.
    """

    def __init__(self) -> None:
        self.dns_latency = 0.0
        self.dns_timeout = 10.0
        self.queries: list[Resolve] = []
        self._names: dict[str, tuple[tuple[str, ...], int] | None] = {}
        self._own: list[str] = []
        self._pinged: dict[str, PingHost] = {}
        self._ntp: dict[Address, NtpServer] = {}

    # ---- the test declares ----------------------------------------------------------------------

    def add_name(self, name: str, *addresses: str, ttl: int = 0) -> None:
        """The name has these addresses; without any: it does not exist, as every name not added."""
        self._names[name.lower()] = (addresses, ttl)

    def add_silent_name(self, name: str) -> None:
        """No DNS server answers for this name: the lookup fails after ``dns_timeout`` seconds."""
        self._names[name.lower()] = None

    def host(
        self, address: str, *rtts: float | None, ttl: int = 64, failure: Failure | None = None
    ) -> PingHost:
        """Declare a host that answers pings; see :class:`PingHost`. Hosts not declared are silent."""
        host = self._pinged[address] = PingHost(rtts or (0.0,), ttl, failure)
        return host

    def ntp(
        self, host: str, port: int, utc: float, *, latency: float = 0.0, failure: Failure | None = None
    ) -> NtpServer:
        """Declare an NTP server; see :class:`NtpServer`. Servers not declared are silent."""
        server = self._ntp[Address(host, port)] = NtpServer(utc, latency, failure)
        return server

    @property
    def addresses(self) -> tuple[str, ...]:
        """The PDP addresses that the module has at present."""
        return tuple(self._own)

    # ---- performing -----------------------------------------------------------------------------

    def _resolve(self, effect: Resolve) -> Due:
        if any(query.query == effect.query for query in self.queries):
            raise MisuseError(f"query number {effect.query} is used twice")
        self.queries.append(effect)
        known = self._names.get(effect.name.lower(), ((), 0))
        if is_ipv4(effect.name):
            known = ((effect.name,), 0)
        if known is None:
            return ResolveFailed(effect.query, Failure.TIMED_OUT), self.dns_timeout
        if known[0]:
            return Resolved(effect.query, *known), self.dns_latency
        return ResolveFailed(effect.query, Failure.NOT_FOUND), self.dns_latency

    def _give_up(self, address: str) -> None:
        if address not in self._own:
            raise MisuseError(f"the module gives up {address}, which it has not got")
        self._own.remove(address)

    def _ping(self, effect: Ping) -> Due:
        host = self._pinged.get(effect.address)
        if host is not None:
            return host.asked(effect)
        if effect.address in self._own:
            return PingAnswered(effect.query, 0.0, 64), 0.0
        return PingFailed(effect.query, Failure.TIMED_OUT), effect.timeout

    def _tell_time(self, effect: AskNtp, now: float) -> Due:
        server = self._ntp.get(effect.server)
        if server is not None:
            return server.asked(effect, now)
        return NtpFailed(effect.query, Failure.TIMED_OUT), effect.timeout

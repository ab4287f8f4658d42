"""Who answers pings and tells the time in the memory netstack, and when."""

from __future__ import annotations

from collections.abc import Sequence

from ..emulator.effects import AskNtp, Ping
from ..emulator.events import Address, Event, Failure, NtpAnswered, NtpFailed, PingAnswered, PingFailed

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
            return PingFailed(effect.ping, self.failure), rtt or 0.0
        if rtt is None or rtt >= effect.timeout:
            return PingFailed(effect.ping, Failure.TIMED_OUT), effect.timeout
        return PingAnswered(effect.ping, rtt, self._ttl), rtt


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
    """All of them, by address; who is not there is silent."""

    def __init__(self) -> None:
        self.own: list[str] = []
        """The module's PDP addresses."""
        self.pinged: dict[str, PingHost] = {}
        self.ntp: dict[Address, NtpServer] = {}

    def ping(self, effect: Ping) -> Due:
        """Who answers this ping."""
        host = self.pinged.get(effect.address)
        if host is not None:
            return host.asked(effect)
        if effect.address in self.own:
            return PingAnswered(effect.ping, 0.0, 64), 0.0
        return PingFailed(effect.ping, Failure.TIMED_OUT), effect.timeout

    def time(self, effect: AskNtp, now: float) -> Due:
        """Who tells the time."""
        server = self.ntp.get(effect.server)
        if server is not None:
            return server.asked(effect, now)
        return NtpFailed(effect.query, Failure.TIMED_OUT), effect.timeout

"""The module's clock (+CCLK): it runs with the engine's time and keeps local time with a zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

FIRST_CLOCK = datetime(2004, 1, 1, tzinfo=UTC)
"""Observed on an M95: 04/01/01,00:00:15+00 soon after power-on."""


class Rtc:
    """Local time in seconds since the epoch, zone in quarters of an hour."""

    def __init__(self, quarters: int = 0) -> None:
        """``quarters``: the zone that the clock has at first power-on."""
        self._shift: float | None = None
        self.quarters = quarters

    def start(self, now: float, shown: datetime) -> None:
        """First power-on, showing ``shown``; later ones do not disturb it (its battery)."""
        if self._shift is None:
            self._shift = shown.timestamp() - now

    def local(self, now: float) -> datetime:
        """The local time at engine time ``now`` (as a datetime whose zone is not meant)."""
        assert self._shift is not None
        return datetime.fromtimestamp(self._shift + now, UTC)

    def local_of(self, utc: float) -> datetime:
        """What the clock would show at ``utc`` (seconds since the epoch), if it went right."""
        return datetime.fromtimestamp(utc, UTC) + timedelta(minutes=15 * self.quarters)

    def set_local(self, now: float, local: datetime, quarters: int) -> None:
        """The host sets the clock."""
        self._shift = local.timestamp() - now
        self.quarters = quarters

    def set_utc(self, now: float, utc: float, quarters: int) -> None:
        """The network sets the clock: ``utc`` in seconds since the epoch."""
        self.quarters = quarters
        self.set_local(now, self.local_of(utc), quarters)

    def text(self, now: float) -> str:
        """As +CCLK? prints it: ``yy/MM/dd,hh:mm:ss+zz`` (27.007 8.15)."""
        return f"{self.local(now):%y/%m/%d,%H:%M:%S}{self.quarters:+03d}"

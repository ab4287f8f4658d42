"""What a Quectel module makes of the time that the network tells it (NITZ)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ...emulator.events import NetworkTimeArrived
from ...emulator.module import Module

LOCAL_TIME = 3
"""+CTZU=3: the network sets the clock to local time; otherwise it sets it to UTC (EC20 manual; assumed)."""


@dataclass(slots=True)
class NetworkTime:
    """The settings survive a restart; what the network told does not."""

    update: int = 0
    """+CTZU."""
    zone_report: int = 0
    """+CTZR."""
    zone: int | None = None
    """The last zone that the network told, in quarters of an hour."""
    told: NetworkTimeArrived | None = None
    told_at: float = 0.0

    def forget(self) -> None:
        """A restart: the settings stay."""
        self.zone = self.told = None

    def hear(self, event: NetworkTimeArrived, now: float) -> bool:
        """Keep what the network told; whether it told another zone."""
        self.told, self.told_at = event, now
        moved = event.quarters != self.zone
        self.zone = event.quarters
        return moved


def set_clock(module: Module, event: NetworkTimeArrived, *, local: bool) -> None:
    """The module's clock takes over the network's time, as UTC or as local time; the zone in any case."""
    if local:
        module.rtc.set_utc(module.now, event.utc, event.quarters)
    else:
        module.rtc.set_local(module.now, datetime.fromtimestamp(event.utc, UTC), event.quarters)


def zone_words(event: NetworkTimeArrived) -> str:
    """A zone in quarters of an hour, two digits and a sign."""
    return f"{event.quarters:+03d}"


def utc_of(event: NetworkTimeArrived, later: float = 0.0) -> datetime:
    """The time told, or ``later`` seconds behind it."""
    return datetime.fromtimestamp(event.utc, UTC) + timedelta(seconds=later)


def local_of(event: NetworkTimeArrived, later: float = 0.0) -> datetime:
    """The same on local clocks."""
    return utc_of(event, later) + timedelta(minutes=15 * event.quarters)

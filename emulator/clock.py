"""Where time comes from: the one place that a driver or a test asks what time it is."""

from __future__ import annotations

import math
import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since some fixed moment, never going back."""

    def now(self) -> float:
        """The present moment in seconds."""


class RealClock:
    """The host's monotonic clock, from 0 at construction, run ``rate`` times as fast."""

    def __init__(self, rate: float = 1.0) -> None:
        """Raises ``ValueError`` unless ``rate`` is positive."""
        if rate <= 0:
            raise ValueError(f"a clock's rate must be above 0, not {rate}")
        self._rate = rate
        self._start = time.monotonic()

    def now(self) -> float:
        """Seconds of module time since construction."""
        return (time.monotonic() - self._start) * self._rate

    def delay(self, until: float) -> float:
        """Real seconds to wait until module time ``until`` (0 if it has passed)."""
        return max(0.0, (until - self.now()) / self._rate)


class LeapingClock(RealClock):
    """A test's clock, which leaps when it is told to; in between it runs as the host's, or stands still."""

    def __init__(self, *, running: bool = True) -> None:
        super().__init__()
        self.running = running
        self._leapt = 0.0

    def now(self) -> float:
        """Seconds of module time since construction."""
        return self._leapt + super().now() if self.running else self._leapt

    def delay(self, until: float) -> float:
        """Real seconds to wait until ``until``: for ever, where time stands still."""
        left = max(0.0, until - self.now())
        return left if self.running or not left else math.inf

    def leap_to(self, moment: float) -> None:
        """It is ``moment`` now; one that has passed changes nothing."""
        if self.running:
            self._leapt += max(0.0, moment - self.now())
        else:
            self._leapt = max(moment, self._leapt)


class ManualClock:
    """A clock that stands still until it is told to advance: 75 s take microseconds."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """The present moment in seconds."""
        return self._now

    def advance_to(self, when: float) -> None:
        """Go on to ``when``; raises ``ValueError`` for a moment that has passed."""
        if when < self._now:
            raise ValueError(f"time does not go back: {when} is before {self._now}")
        self._now = when

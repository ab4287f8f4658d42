"""Lets a modem's time leap: from one moment at which something is due to the next, and nothing is missed.

What real sockets do takes the time that it takes; between two moments they get a little of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from .clock import LeapingClock

if TYPE_CHECKING:
    from .background import HostedModem

SETTLE = 0.002
"""Real seconds for sockets on loopback, and the threads behind them, at each moment."""


@runtime_checkable
class Sleeper(Protocol):
    """What waits for a moment of the modem's time."""

    def next_deadline(self) -> float | None:
        """The moment, in seconds on the clock."""

    def wake(self) -> None:
        """The clock has leapt."""


def pause() -> bool:
    """Give real things a little time; nobody waits for anything in particular."""
    time.sleep(SETTLE)
    return False


def leap(modem: HostedModem, seconds: float, come: Callable[[], bool] = pause) -> float:
    """Let ``seconds`` of the modem's time pass at once; how many did.

    ``come`` is asked behind each moment, in the caller's thread, and ends it by saying yes. Raises
    ``TypeError`` for a modem whose clock does not leap.
    """
    clock = modem.clock
    if not isinstance(clock, LeapingClock):
        raise TypeError(f"the time of {modem.port} is the host's: it does not leap")
    begin = clock.now()
    end = begin + seconds
    while modem.call(lambda: _step(modem, clock, end)):
        if come():
            break
    return clock.now() - begin


def _step(modem: HostedModem, clock: LeapingClock, end: float) -> bool:
    """To the next moment at which something is due; whether there is one before ``end``."""
    sleepers = modem.sleepers
    due = [moment for sleeper in sleepers if (moment := sleeper.next_deadline()) is not None]
    moment = min(due, default=end)
    if moment < end or end != float("inf"):
        clock.leap_to(min(moment, end))
    for sleeper in sleepers:
        sleeper.wake()
    return moment < end

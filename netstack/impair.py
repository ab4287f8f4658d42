"""Impairments for a running modem: any netstack, with :class:`~.impair_core.Impairments` in front of it.

Only a run that has a scenario has this between driver and netstack. Sockets without an impairment cost
one look at a table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ..emulator.effects import NetEffect
from ..emulator.events import Event
from .impair_core import Impairments

if TYPE_CHECKING:
    import asyncio

__all__ = ["ImpairedNetStack", "Impairments", "impaired"]


class Clock(Protocol):
    """The modem's clock."""

    def now(self) -> float:
        """The present moment in seconds."""

    def delay(self, until: float) -> float:
        """Real seconds to wait until ``until``."""


class Inner(Protocol):
    """The netstack behind."""

    def perform(self, effect: NetEffect) -> None:
        """Do it; answers come as events."""

    def close(self) -> None:
        """Close every socket."""


Deliver = Callable[[Event], None]


class ImpairedNetStack:
    """A netstack that performs faults (:mod:`vmodem.emulator.faults`) too; all calls from the loop's thread.

    ``inner(deliver)`` makes the netstack that does the work; ``deliver`` gets the engine's events, also
    while :meth:`perform` runs. ``seed``: see :class:`~.impair_core.Impairments`.
    """

    def __init__(
        self,
        *,
        deliver: Deliver,
        inner: Callable[[Deliver], Inner],
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        seed: str = "0",
    ) -> None:
        self._deliver = deliver
        self._clock = clock
        self._loop = loop
        self._core = Impairments(seed)
        self._inner = inner(self._happened)
        self._working = False
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._armed = 0.0

    def perform(self, effect: NetEffect) -> None:
        """Do what the engine or a scenario asks. Raises what the inner netstack raises."""
        if self._closed:
            return
        if self._core.passes_effect(effect):
            self._inner.perform(effect)
            return
        self._core.perform(effect, self._clock.now())
        self._work()

    def close(self) -> None:
        """Close every socket; what is under way is lost, no event is delivered any more. May be repeated."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._inner.close()

    def next_deadline(self) -> float | None:
        """When something under way arrives, in seconds on the clock, or None."""
        return self._core.next_deadline()

    def wake(self) -> None:
        """The clock has leapt: do what has become due."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer_fired()

    def _happened(self, event: Event) -> None:
        if self._closed:
            return
        if self._core.passes_event(event):
            self._deliver(event)
            return
        self._core.happen(event, self._clock.now())
        self._work()

    def _timer_fired(self) -> None:
        self._timer = None
        if not self._closed:
            self._core.handle_timer(self._clock.now())
            self._work()

    def _work(self) -> None:
        """Hand out effects and events until there are none; both may bring new ones."""
        if self._working:
            return
        self._working = True
        core = self._core
        try:
            while not self._closed:
                if (effect := core.take_effect()) is not None:
                    self._inner.perform(effect)
                elif (event := core.take_event()) is not None:
                    self._deliver(event)
                else:
                    break
        finally:
            self._working = False
        self._arm()

    def _arm(self) -> None:
        """One timer; one that is armed too early is left alone, it arms the next when it fires."""
        deadline = None if self._closed else self._core.next_deadline()
        if deadline is None or (self._timer is not None and self._armed <= deadline):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._armed = deadline
        self._timer = self._loop.call_later(self._clock.delay(deadline), self._timer_fired)


def impaired(
    inner: Callable[[Deliver], Inner], *, clock: Clock, loop: asyncio.AbstractEventLoop, seed: str = "0"
) -> Callable[[Deliver], ImpairedNetStack]:
    """What a ``Driver`` wants as its ``netstack``: ``inner`` (the same) with impairments in front of it."""

    def make(deliver: Deliver) -> ImpairedNetStack:
        return ImpairedNetStack(deliver=deliver, inner=inner, clock=clock, loop=loop, seed=seed)

    return make

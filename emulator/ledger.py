"""What modems have done, for those who write it down: told all at once, before somebody outside sees of it.

Until then only references are kept. A stream does not wait: host and peer have it before anybody makes text
and packets of it. That happens piece by piece, while the kernel is waited for anyhow; at the latest when the
next turn of a stream is over (what came in has been dealt with and answered).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from .effects import Effect
from .events import Address, Event
from .observer import Observer
from .round import Piece

_Tell = Callable[[float, Any], object]
_Told = tuple[tuple[_Tell, ...], float, Any]


class Chronicler(Observer, Protocol):
    """An observer that also hears of connections before they are up: a capture."""

    def connecting(self, handle: int, local: Address) -> None:
        """The netstack connects the socket ``handle`` from this port."""


class Ledger:
    """What all modems of one process did, in order: several may write to the same file."""

    def __init__(
        self,
        flushes: Iterable[Callable[[], None]],
        soon: Callable[[Callable[[], None]], object],
        in_gaps: Callable[[Piece], object],
    ) -> None:
        """``flushes``: of each file, however many modems write to it. ``soon`` calls back when what happens
        now has happened, for what happens outside of turns; ``in_gaps`` does work that can wait.
        """
        self.soon = soon
        self.told: deque[_Told] = deque()
        self._in_gaps = in_gaps
        self._behind = False
        self._flushes = tuple(flushes)

    def page(self, log: Observer | None, capture: Chronicler | None) -> Page:
        """An observer of one more modem, for these two."""
        observers = [each for each in (log, capture) if each is not None]
        return Page(self, observers, capture)

    def settle(self) -> None:
        """Tell everything; when this returns, the files have it."""
        told = self.told
        if not told and not self._behind:
            return
        self._behind = False
        try:
            while told:  # whoever is told may have something to add
                tells, now, what = told.popleft()
                for tell in tells:
                    tell(now, what)
        finally:
            told.clear()
            for flush in self._flushes:
                flush()

    def flush(self, *, behind: bool = False) -> None:
        """See :meth:`~.observer.Observer.flush`. No more than one turn is ever behind."""
        if not behind or self._behind:
            self.settle()
        elif self.told:
            self._behind = True
            self._in_gaps(self._go_on)

    def _go_on(self) -> bool:
        """One piece of what :meth:`settle` does; whether there is another one."""
        if not self._behind:
            return False
        if not self.told:
            self.settle()
            return False
        tells, now, what = self.told.popleft()
        for tell in tells:
            tell(now, what)
        return True


class Page:
    """The observer of one modem."""

    def __init__(self, ledger: Ledger, observers: list[Observer], capture: Chronicler | None) -> None:
        self._ledger = ledger
        self._add = ledger.told.append
        self.flush = ledger.flush
        self._observers = observers
        self._host = tuple(each.host for each in observers)
        self._module = tuple(each.module for each in observers)
        self._event = tuple(each.event for each in observers)
        self._effect = tuple(each.effect for each in observers)
        self._note = tuple(each.note for each in observers)
        self._connecting: tuple[_Tell, ...] = ()
        if capture is not None:
            self._connecting = (lambda _now, those: capture.connecting(*those),)

    def host(self, now: float, data: bytes) -> None:
        """See :class:`~.observer.Observer`."""
        self._add((self._host, now, data))

    def module(self, now: float, data: bytes) -> None:
        """See :class:`~.observer.Observer`."""
        self._add((self._module, now, data))

    def event(self, now: float, event: Event) -> None:
        """See :class:`~.observer.Observer`."""
        self._add((self._event, now, event))

    def effect(self, now: float, effect: Effect) -> None:
        """See :class:`~.observer.Observer`."""
        self._add((self._effect, now, effect))

    def note(self, now: float, text: str) -> None:
        """See :class:`~.observer.Observer`."""
        self._add((self._note, now, text))

    def connecting(self, handle: int, local: Address) -> None:
        """See :class:`Chronicler`. An impairment may connect when no turn is under way."""
        self._add((self._connecting, 0.0, (handle, local)))
        self._ledger.soon(self._ledger.settle)

    def close(self) -> None:
        """See :class:`~.observer.Observer`."""
        self.flush()
        for each in self._observers:
            each.close()

"""What modems have done, for those who write it down: told all at once, before somebody outside sees of it.

Until then only references are kept. A stream does not wait: host and peer have it before anybody makes text
and packets of it, which happens when the turn is over (what came in has been dealt with and answered).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from .effects import Effect
from .events import Address, Event
from .observer import Observer

_Tell = Callable[[float, Any], object]
_Told = tuple[tuple[_Tell, ...], float, Any]


class Chronicler(Observer, Protocol):
    """An observer that also hears of connections before they are up: a capture."""

    def connecting(self, handle: int, local: Address) -> None:
        """The netstack connects the socket ``handle`` from this port."""


class Ledger:
    """What all modems of one process did, in order: several may write to the same file."""

    def __init__(
        self, flushes: Iterable[Callable[[], None]], soon: Callable[[Callable[[], None]], object]
    ) -> None:
        """``flushes``: of each file, however many modems write to it. ``soon`` calls back when what happens
        now has happened, for what happens outside of turns.
        """
        self.soon = soon
        self.told: list[_Told] = []
        self._flushes = tuple(flushes)

    def page(self, log: Observer | None, capture: Chronicler | None) -> Page:
        """An observer of one more modem, for these two."""
        observers = [each for each in (log, capture) if each is not None]
        return Page(self, observers, capture)

    def settle(self) -> None:
        """Tell everything; when this returns, the files have it."""
        told = self.told
        if not told:
            return
        try:
            for tells, now, what in told:
                for tell in tells:
                    tell(now, what)
        finally:
            told.clear()
            for flush in self._flushes:
                flush()


class Page:
    """The observer of one modem."""

    def __init__(self, ledger: Ledger, observers: list[Observer], capture: Chronicler | None) -> None:
        self._ledger = ledger
        self._add = ledger.told.append
        self.flush = ledger.settle
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

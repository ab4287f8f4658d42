"""Whoever listens to one modem at work: the log, a capture, a scenario's director, a test's transcript."""

from __future__ import annotations

from typing import Protocol

from .effects import Effect
from .events import Event


class Observer(Protocol):
    """Hears everything in the order in which it happened; ``now`` is seconds on the modem's clock.

    Called by the driver, in its loop: it must be quick, must not raise for what the outside world does
    to it (a full disk), and must not call back into the driver before the call has returned.
    """

    def host(self, now: float, data: bytes) -> None:
        """The DTE wrote ``data``; the module has not read it yet."""

    def module(self, now: float, data: bytes) -> None:
        """The module wrote ``data``."""

    def event(self, now: float, event: Event) -> None:
        """Something happened outside; the module has not been told yet."""

    def effect(self, now: float, effect: Effect) -> None:
        """The module asked for something (apart from ``WriteLine``); it has not been done yet."""

    def note(self, now: float, text: str) -> None:
        """Something worth knowing, such as a refusal by the network policy."""

    def flush(self, *, behind: bool = False) -> None:
        """What has been told is going to be seen outside, or the turn is over: files are written now.

        ``behind``: it was part of a stream that has been seen already, and may be written a moment later.
        """

    def close(self) -> None:
        """The modem has stopped: nothing more will come. May be called more than once."""


class Tee:
    """Several observers, which hear everything one after the other."""

    def __init__(self, observers: tuple[Observer, ...]) -> None:
        self._observers = observers

    def host(self, now: float, data: bytes) -> None:
        """See :meth:`Observer.host`."""
        for observer in self._observers:
            observer.host(now, data)

    def module(self, now: float, data: bytes) -> None:
        """See :meth:`Observer.module`."""
        for observer in self._observers:
            observer.module(now, data)

    def event(self, now: float, event: Event) -> None:
        """See :meth:`Observer.event`."""
        for observer in self._observers:
            observer.event(now, event)

    def effect(self, now: float, effect: Effect) -> None:
        """See :meth:`Observer.effect`."""
        for observer in self._observers:
            observer.effect(now, effect)

    def note(self, now: float, text: str) -> None:
        """See :meth:`Observer.note`."""
        for observer in self._observers:
            observer.note(now, text)

    def flush(self, *, behind: bool = False) -> None:
        """See :meth:`Observer.flush`."""
        for observer in self._observers:
            observer.flush(behind=behind)

    def close(self) -> None:
        """See :meth:`Observer.close`."""
        for observer in self._observers:
            observer.close()


def together(*observers: Observer | None) -> Observer | None:
    """One observer for those that are there; ``None`` if there is none, which costs the driver nothing."""
    there = tuple(observer for observer in observers if observer is not None)
    if len(there) > 1:
        return Tee(there)
    return there[0] if there else None

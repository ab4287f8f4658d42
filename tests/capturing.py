"""An observer for a virtual world that keeps a capture in memory."""

from __future__ import annotations

from vmodem.emulator.effects import Effect
from vmodem.emulator.events import Event
from vmodem.netstack.capture import Capture

START = 1_700_000_000_000_000_000
"""Second 0 of the world's clock, in nanoseconds since the epoch."""


class Capturing:
    """The capture of one modem."""

    def __init__(self) -> None:
        self._capture = Capture(("modem",), START)
        self._modem = self._capture.modems[0]
        self._data = bytearray()

    @property
    def data(self) -> bytes:
        """The file as it is now."""
        self._data += self._capture.take()
        return bytes(self._data)

    def host(self, now: float, data: bytes) -> None:
        self._modem.host(now, data)

    def module(self, now: float, data: bytes) -> None:
        self._modem.module(now, data)

    def event(self, now: float, event: Event) -> None:
        self._modem.event(now, event)

    def effect(self, now: float, effect: Effect) -> None:
        self._modem.effect(now, effect)

    def note(self, now: float, text: str) -> None: ...

    def flush(self, *, behind: bool = False) -> None: ...

    def close(self) -> None: ...

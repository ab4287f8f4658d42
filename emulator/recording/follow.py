"""Follows a driver through a recording: what it must write next, what the module says then, and when.

No I/O and no clock: bytes come in with their time, and what is due goes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .actions import DriverOpens, StandIn
from .format import Happening, Line, Silence, Transcript, of_host, of_module
from .text import FormatError, Place, escape, has_wildcard

EXACT, CLASS, HEX = 0, 1, 2
"""How a byte of the host is compared: with itself, or, in a stand-in, by its class."""
_HEX = frozenset(b"0123456789ABCDEFabcdef")


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a driver does not go on as the recording does."""

    place: Place
    expected: bytes
    """What the recording has in that line; nothing: it is at its end."""
    got: bytes
    """What the driver wrote instead; nothing: it stopped."""
    at: int = 0
    """The first byte that differs."""

    def __str__(self) -> str:
        if not self.got:
            return f"{self.place}: the driver stopped early\n  expected: {escape(self.expected)}"
        if not self.expected:
            return f"{self.place}: the driver goes on behind the end\n  got:      {escape(self.got)}"
        same = len(escape(self.got[: self.at] + b".")) - 1
        return (
            f"{self.place}: the driver departs\n  expected: {escape(self.expected)}\n"
            f"  got:      {escape(self.got)}\n            {' ' * same}^ byte {self.at + 1}"
        )


@dataclass(frozen=True, slots=True)
class _Event:
    place: Place
    host: bytes = b""
    module: bytes = b""
    opens: int = 0
    """Which opening of the port this is."""
    delay: float = 0.0
    """Seconds behind the event before."""
    start: int = 0
    """Where ``host`` begins in all that the host writes."""


class Follower:
    """One playing of a recording. ``pace``: 1 as recorded, 0 at once."""

    def __init__(self, transcript: Transcript, pace: float = 1.0) -> None:
        """Raises :class:`FormatError` for a line that stands for no exact bytes."""
        self._events = tuple(_events(transcript, pace))
        self._pace = pace
        self._stream = b"".join(event.host for event in self._events)
        self._how = _comparison(self._stream, transcript)
        self._end = transcript.steps[-1].place
        self._next = 0
        self._base = 0.0
        self._open = False
        self._openings = 0
        self._matched = 0
        self._arrived: list[tuple[int, float]] = []
        """Until which byte of the host's there was something at which time."""
        self.departure: Departure | None = None

    @property
    def followed(self) -> bool:
        """Whether the driver has written everything."""
        return self._matched == len(self._stream) and self.departure is None

    @property
    def may_close(self) -> bool:
        """Whether the recorded driver closed its port before it wrote its next byte."""
        for event in self._events[self._next :]:
            if event.opens:
                return True
            if event.host and event.start + len(event.host) > self._matched:
                return False
        return True

    def opened(self, now: float) -> None:
        """The driver opened the port."""
        self._open = True
        self._openings += 1
        self._base = max(self._base, now)

    def closed(self) -> None:
        """The driver closed the port."""
        self._open = False

    def receive(self, data: bytes, now: float) -> None:
        """The driver wrote; :attr:`departure` says if that is something else than it wrote then."""
        if self.departure is not None:
            self._add_to_departure(data)
            return
        for count, byte in enumerate(data):
            if self._matched == len(self._stream):
                self.departure = Departure(self._end, b"", data[count:])
                return
            if not self._equal(self._matched, byte):
                self._depart(data[count:])
                return
            self._matched += 1
        self._arrived.append((self._matched, now))

    def due(self, now: float) -> bytes:
        """What the module says by ``now``."""
        out: list[bytes] = []
        while (event := self._turn()) is not None and self._base + event.delay <= now:
            self._base += event.delay
            self._next += 1
            out.append(event.module)
        return b"".join(out)

    def deadline(self) -> float | None:
        """When the module says something next, if nothing else is waited for."""
        event = self._turn()
        return None if event is None else self._base + event.delay

    def stopped(self) -> None:
        """The driver has gone: it stopped early, unless it followed to the end."""
        if not self.followed and self.departure is None:
            event = self._waited_for()
            self.departure = Departure(event.place, event.host, b"")

    # ---- internals -------------------------------------------------------------------------------

    def _turn(self) -> _Event | None:
        """The module's next words, unless something else has to come first."""
        while self._next < len(self._events):
            event = self._events[self._next]
            if event.module:
                return event
            if event.opens and not self._has_opened(event):
                return None
            end = event.start + len(event.host)
            if end > self._matched:
                return None
            while event.host and self._arrived and self._arrived[0][0] < end:
                del self._arrived[0]
            if event.host and self._arrived:
                self._base = max(self._base, self._arrived[0][1])
            self._next += 1
        return None

    def _has_opened(self, event: _Event) -> bool:
        """A driver that writes on without having opened its port anew has left that out."""
        return self._open and (self._openings >= event.opens or self._matched > event.start)

    def _equal(self, index: int, byte: int) -> bool:
        expected, how = self._stream[index], self._how[index]
        if how == EXACT:
            return byte == expected
        if how == HEX:
            return byte in _HEX
        if 0x30 <= expected <= 0x39:
            return 0x30 <= byte <= 0x39
        return byte >= 0x20

    def _waited_for(self) -> _Event:
        return next(e for e in self._events if e.host and e.start + len(e.host) > self._matched)

    def _depart(self, rest: bytes) -> None:
        event = self._waited_for()
        same = self._matched - event.start
        self.departure = Departure(event.place, event.host, event.host[:same] + rest, same)

    def _add_to_departure(self, data: bytes) -> None:
        """What comes at once behind it helps to see what it is."""
        old = self.departure
        assert old is not None
        if len(old.got) < 200 and b"\r" not in old.got[old.at :]:
            self.departure = Departure(old.place, old.expected, old.got + data, old.at)


def _events(transcript: Transcript, pace: float) -> Iterable[_Event]:
    delay, start, openings = 0.0, 0, 0
    open_ = not next(_openings(transcript), False)
    for step in transcript.steps:
        host, module = of_host(step), of_module(step)
        opens = 0
        if isinstance(step, Silence):
            delay += pace * step.seconds
            continue
        if isinstance(step, Line) and has_wildcard(step.text):
            raise step.place.error(f"nobody can say {step.text!r}: write what stands for the wildcard")
        if isinstance(step, Happening) and isinstance(step.action, DriverOpens):
            open_ = step.action.opens
            openings += open_
            opens = openings if open_ else 0
            delay = delay if open_ else 0.0
        if not (host or module or opens) or (module and not open_ and not host):
            continue  # what was said to a closed port reached nobody
        yield _Event(step.place, host, b"", opens, 0.0, start)
        if module:
            yield _Event(step.place, module=module, delay=0.0 if host else delay, start=start)
        start += len(host)
        delay = 0.0


def _openings(transcript: Transcript) -> Iterator[bool]:
    for step in transcript.steps:
        if isinstance(step, Happening) and isinstance(step.action, DriverOpens):
            yield step.action.opens


def _comparison(stream: bytes, transcript: Transcript) -> bytes:
    how = bytearray(len(stream))
    for step in transcript.steps:
        if isinstance(step, Happening) and isinstance(step.action, StandIn) and step.action.text:
            text = step.action.text
            mark = bytes([HEX if step.action.kind == "PDU" else CLASS]) * len(text)
            place = stream.find(text)
            while place >= 0:
                how[place : place + len(text)] = mark
                place = stream.find(text, place + len(text))
    return bytes(how)


__all__ = ["Departure", "Follower", "FormatError"]

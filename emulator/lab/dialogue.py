"""What a test's modem and its driver said and what happened: for assertions, failure reports and files."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from ..effects import Effect, StateChanged
from ..events import Event
from ..scenario.expectations import Verdict, Watched
from ..scenario.happenings import Happening, matches
from ..scenario.model import Occurrence
from .expected import Expected

LONGEST = 50_000
"""Entries and happenings that are kept in memory; the log folder has everything."""
_LINE = 4096


@dataclass(slots=True)
class Entry:
    """One line: seconds of the modem's time, whose (see :class:`Transcript`), what."""

    time: float
    mark: str
    data: bytes | str

    @property
    def text(self) -> str:
        """What was said, on one line: control characters escaped as in Python."""
        if isinstance(self.data, str):
            return self.data
        return self.data.decode("latin-1").encode("unicode_escape").decode("ascii")

    def __str__(self) -> str:
        return f"{self.time:11.6f} {self.mark} {self.text}"


class Transcript(tuple[Entry, ...]):
    """The dialogue: ``>`` what the host wrote, ``<`` the module, ``=`` a state, ``*`` a remark."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(map(str, self))

    @property
    def host(self) -> bytes:
        """All that the host wrote."""
        return self._said(">")

    @property
    def module(self) -> bytes:
        """All that the module wrote."""
        return self._said("<")

    def _said(self, mark: str) -> bytes:
        return b"".join(e.data for e in self if e.mark == mark and isinstance(e.data, bytes))

    def last(self, count: int) -> Transcript:
        """Its last lines."""
        return Transcript(self[-count:])


class Dialogue:
    """An observer of the modem and a listener of its director; all calls come in the modem's thread."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=LONGEST)
        self._happenings: deque[Happening] = deque(maxlen=LONGEST)
        self._waiting: dict[int, Expected] = {}

    # ---- an observer -----------------------------------------------------------------------------

    def host(self, now: float, data: bytes) -> None:
        """See :class:`~vmodem.emulator.observer.Observer`."""
        self._say(now, ">", data, b"\r\n\x1a")

    def module(self, now: float, data: bytes) -> None:
        """See :class:`~vmodem.emulator.observer.Observer`."""
        self._say(now, "<", data, b"\n")

    def event(self, now: float, event: Event) -> None:
        """Events are heard of by what they cause."""

    def effect(self, now: float, effect: Effect) -> None:
        """See :class:`~vmodem.emulator.observer.Observer`."""
        if type(effect) is StateChanged and effect.before != effect.after:
            text = f"{effect.machine}: {effect.before} -> {effect.after}"
            self._entries.append(Entry(now, "=", text))

    def note(self, now: float, text: str) -> None:
        """See :class:`~vmodem.emulator.observer.Observer`."""
        self._entries.append(Entry(now, "*", text))

    def flush(self, *, behind: bool = False) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """What was heard stays."""

    def _say(self, now: float, mark: str, data: bytes, ends: bytes) -> None:
        """Pieces of one line, such as bytes that are typed, are one entry."""
        last = self._entries[-1] if self._entries else None
        if last is not None and last.mark == mark and isinstance(last.data, bytes):
            open_ = last.data[-1] not in ends and len(last.data) + len(data) <= _LINE
            if open_:
                last.data += data
                return
        self._entries.append(Entry(now, mark, data))

    # ---- a listener ------------------------------------------------------------------------------

    def happened(self, now: float, it: Happening) -> None:
        """See :class:`~vmodem.emulator.scenario.director.Listener`."""
        self._happenings.append(it)

    def judged(self, now: float, watched: Watched) -> None:
        """See :class:`~vmodem.emulator.scenario.director.Listener`."""
        if watched.verdict is not Verdict.OPEN and (expected := self._waiting.get(id(watched))):
            expected.judged.set()

    # ---- for the test ----------------------------------------------------------------------------

    def wait_for(self, expected: Expected) -> None:
        """Tell ``expected`` when it is judged."""
        self._waiting[id(expected.watched)] = expected

    def transcript(self) -> Transcript:
        """What has been said."""
        return Transcript(Entry(e.time, e.mark, e.data) for e in self._entries)

    def count(self, what: Occurrence) -> int:
        """How often ``what`` has happened."""
        return sum(matches(what, it) for it in self._happenings)

    @property
    def forgot(self) -> bool:
        """Whether more has happened than is kept."""
        return len(self._happenings) == LONGEST

    def commands(self) -> Iterable[str]:
        """The commands that were received, for a complaint."""
        return [it.text for it in self._happenings if it.kind.value == "command" and it.phase == "received"]

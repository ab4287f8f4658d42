"""Which unsolicited output may go out now: held while a command, a prompt or data mode owns the line.

Texts, pushed data and the switch into data mode wait in one queue, so that they come out in the
order in which they happened (27.007 and V.250 leave it open; common.md section 6 settles it).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from .reply import ResultCode


class Pushed(Protocol):
    """A link whose received data is to be pushed to the host."""

    push_queued: bool


@dataclass(frozen=True, slots=True)
class EnterData:
    """From here on the line belongs to ``link``: CONNECT, then data mode."""

    link: object


Item = str | tuple[str, ...] | ResultCode | EnterData | Pushed


class Outbox:
    """The queue. ``flush`` writes what may go out; the engine calls it when the line is free."""

    def __init__(
        self,
        may_speak: Callable[[], bool],
        write: Callable[[str | tuple[str, ...] | ResultCode], None],
        push: Callable[[Pushed], bool],
        enter_data: Callable[[EnterData], None],
    ) -> None:
        """``push(link)`` writes a link's data and tells whether all of it could go."""
        self._may_speak = may_speak
        self._write = write
        self._push = push
        self._enter_data = enter_data
        self.items: deque[Item] = deque()

    def say(self, item: str | tuple[str, ...] | ResultCode | EnterData) -> None:
        """Queue a line, a block of lines, a result code, or the switch into data mode."""
        self.items.append(item)

    def deliver(self, link: Pushed) -> None:
        """Queue the data of ``link`` (once, however often more arrives meanwhile)."""
        if not link.push_queued:
            link.push_queued = True
            self.items.append(link)

    def flush(self) -> None:
        """Write from the front while the line is free; a push that cannot go holds what follows."""
        items = self.items
        while items and self._may_speak():
            item = items[0]
            if isinstance(item, (str, tuple, ResultCode)):
                items.popleft()
                self._write(item)
            elif isinstance(item, EnterData):
                items.popleft()
                self._enter_data(item)
            else:
                if not self._push(item):
                    return
                item.push_queued = False
                items.popleft()

    def forget(self, link: Pushed) -> None:
        """Drop what is queued to be pushed for ``link``."""
        if link.push_queued:
            link.push_queued = False
            self.items.remove(link)

    def clear(self) -> None:
        """Drop everything (reset)."""
        for item in self.items:
            if not isinstance(item, (str, tuple, ResultCode, EnterData)):
                item.push_queued = False
        self.items.clear()

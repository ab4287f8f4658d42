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


@dataclass(slots=True)
class Push:
    """The next ``pieces`` of what ``link`` received."""

    link: Pushed
    pieces: int


@dataclass(frozen=True, slots=True)
class EnterData:
    """From here on the line belongs to ``link``: CONNECT, then data mode."""

    link: object


Item = str | tuple[str, ...] | ResultCode | EnterData | Push | bytes


class Outbox:
    """The queue. ``flush`` writes what may go out; the engine calls it when the line is free."""

    __slots__ = (
        "_enter_data",
        "_may_speak",
        "_push",
        "_write",
        "items",
    )

    def __init__(
        self,
        may_speak: Callable[[], bool],
        write: Callable[[str | tuple[str, ...] | ResultCode], None],
        push: Callable[[Push | bytes], bool],
        enter_data: Callable[[EnterData], None],
    ) -> None:
        """``push`` writes a link's data (or data framed already) and tells whether all of it could go."""
        self._may_speak = may_speak
        self._write = write
        self._push = push
        self._enter_data = enter_data
        self.items: deque[Item] = deque()

    def say(self, item: str | tuple[str, ...] | ResultCode | EnterData) -> None:
        """Queue a line, a block of lines, a result code, or the switch into data mode."""
        self.items.append(item)

    def deliver(self, link: Pushed, pieces: int = 1) -> None:
        """Queue the next ``pieces`` of what ``link`` received, behind everything that happened before."""
        last = self.items[-1] if self.items else None
        if isinstance(last, Push) and last.link is link:
            last.pieces += pieces
        else:
            self.items.append(Push(link, pieces))

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
                items.popleft()

    def forget(self, link: Pushed) -> None:
        """Drop what is queued to be pushed for ``link``."""
        if self.items:
            kept = [item for item in self.items if not (isinstance(item, Push) and item.link is link)]
            self.items.clear()
            self.items.extend(kept)

    def seal(self, link: Pushed, frames: Callable[[Push], bytes]) -> None:
        """Turn what is queued for ``link`` into bytes: the link is about to serve another connection."""
        for i, item in enumerate(self.items):
            if isinstance(item, Push) and item.link is link:
                self.items[i] = frames(item)

    def clear(self) -> None:
        """Drop everything (reset)."""
        self.items.clear()

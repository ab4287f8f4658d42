"""Writes a dialogue as it happens: pieces of bytes with their times become the lines of a transcript file.

No I/O and no clock here. Lines are made of what was written together: a piece that does not go on within
:data:`WAIT` seconds, or that the other side answers, is written down as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from .format import PROMPT
from .text import escape

WAIT = 0.02
"""Seconds that an unfinished line may take to go on."""
MOST = 1024
"""Bytes of one line of the file."""


class Side(Enum):
    """Who writes; the mark is that of raw bytes."""

    HOST = ">>"
    MODULE = "<<"


@dataclass(frozen=True, slots=True)
class Piece:
    """``side`` wrote ``data`` at ``at`` (seconds)."""

    at: float
    side: Side
    data: bytes


@dataclass(frozen=True, slots=True)
class Remark:
    """Something else happened: the text of a ``*`` step, or of a comment."""

    at: float
    mark: str
    text: str


Item = Piece | Remark
Put = Callable[[str], None]

_FRAMED = re.compile(rb"\r\n(?!> )([!-~](?:[ -~]*[!-~])?)\r\n")
_WILDCARD = re.compile(rb"\{(?:ip|int|str)\}")
_COMMAND = re.compile(rb"([ -~]*[!-~])?\r\Z")


class Writer:
    """Turns items, in the order of their times, into lines; ``put`` takes whole ones, at once."""

    def __init__(self, put: Put) -> None:
        self._put = put
        self._lines: list[str] = []
        self._last = 0  # milliseconds
        self._held = bytearray()
        self._side = Side.HOST
        self._begun = 0.0
        self._latest = 0.0

    def begin(self, at: float, header: Iterable[tuple[str, str]]) -> None:
        """The header's keys and values; times count from ``at``."""
        self._last = round(at * 1000)
        self._lines += [f"# {key}: {value}" for key, value in header]
        self._out()

    def add(self, items: Iterable[Item]) -> None:
        """Write items down."""
        for item in items:
            if isinstance(item, Piece):
                self._add(item)
            else:
                self._finish_line()
                self._line(item.at, item.mark, item.text)
        self._out()

    def deadline(self) -> float | None:
        """When :meth:`tick` has something to do."""
        return self._latest + WAIT if self._held else None

    def tick(self, now: float) -> None:
        """It is ``now``: what has not gone on is written down."""
        if self._held and now >= self._latest + WAIT:
            self.finish()

    def finish(self) -> None:
        """Write everything down."""
        self._finish_line()
        self._out()

    # ---- pieces ----------------------------------------------------------------------------------

    def _add(self, piece: Piece) -> None:
        if self._held and (piece.side is not self._side or piece.at > self._latest + WAIT):
            self._finish_line()
        if not self._held:
            self._begun = piece.at
        self._side, self._latest = piece.side, piece.at
        self._held += piece.data
        while self._held and (count := self._whole()):
            self._cut(count)
            self._begun = piece.at

    def _whole(self) -> int:
        """How many bytes at the front make a line of the file; 0: that is not known yet."""
        held = self._held
        if self._side is Side.MODULE:
            if held.startswith(PROMPT):
                return len(PROMPT)
            framed = _FRAMED.match(held, 0, MOST)
            if framed:
                return framed.end()
        start = 2 if self._side is Side.MODULE and held.startswith(b"\r\n") else 0
        ends = b"\r\n" if self._side is Side.MODULE else b"\r\n\x1a\x1b"
        place = next((i for i, byte in enumerate(held[start:MOST], start) if byte in ends), -1)
        if place < 0:
            return MOST if len(held) >= MOST else 0
        if start and place == start:  # an empty line in front of something else
            return start
        if held[place] != 0x0D:
            return place + 1
        if place + 1 == len(held):  # an LF may follow
            return 0
        return place + 2 if held[place + 1] == 0x0A else place + 1

    def _finish_line(self) -> None:
        while self._held:
            self._cut(min(len(self._held), MOST))

    def _cut(self, count: int) -> None:
        data = bytes(self._held[:count])
        del self._held[:count]
        mark, text = _spelled(self._side, data)
        self._line(self._begun, mark, text)

    def _line(self, at: float, mark: str, text: str) -> None:
        now = round(at * 1000)
        if now > self._last:
            self._lines.append(f"~ {now - self._last}")
            self._last = now
        self._lines.append(f"{mark} {text}")

    def _out(self) -> None:
        if self._lines:
            text = "".join(f"{line}\n" for line in self._lines)
            self._lines.clear()
            self._put(text)


def _spelled(side: Side, data: bytes) -> tuple[str, str]:
    """Mark and text of a line that stands for exactly ``data``."""
    if side is Side.MODULE:
        if data == PROMPT:
            return "<", ">"
        framed = _FRAMED.fullmatch(data)
        if framed and not _WILDCARD.search(data) and framed[1] != b">":
            return "<", framed[1].decode()
    else:
        command = _COMMAND.fullmatch(data)
        if command:
            return ">", (command[1] or b"").decode()
    return side.value, escape(data)

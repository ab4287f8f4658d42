"""Redacts a dialogue as it is recorded: holds what was said until its line is whole, and no secret is cut.

Pieces keep their times and their lengths. What is held is bounded; a line that never ends is taken as whole.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from .redact import Redactor
from .text import escape
from .writer import Item, Piece, Remark, Side

MOST_LINE = 4096
MOST_HELD = 65536
"""Bytes."""
_ENDS = {Side.HOST: b"\r\n\x1a\x1b", Side.MODULE: b"\n"}
_PROMPT = b"> "


@dataclass(slots=True)
class _Cell:
    """An item that waits, and what has to be said in front of it."""

    item: Item
    whole: bool = False
    before: list[Remark] = field(default_factory=list)


class Redacting:
    """Items go in, and come out redacted, in their order, when all in front of them is whole."""

    def __init__(self) -> None:
        self._redactor = Redactor()
        self._cells: deque[_Cell] = deque()
        self._open: dict[Side, list[_Cell]] = {side: [] for side in Side}
        self._size = dict.fromkeys(Side, 0)
        self._held = 0

    def add(self, item: Item) -> list[Item]:
        """Take an item; those that can be written down now."""
        if isinstance(item, Remark):
            self._cells.append(_Cell(item, whole=True))
        else:
            for data in self._cut(item.side, item.data):
                self._add(Piece(item.at, item.side, data))
        if self._held > MOST_HELD:
            return self.finish()
        return list(self._ready())

    def finish(self) -> list[Item]:
        """Everything is whole now."""
        for side in Side:
            self._close(side)
        return list(self._ready())

    def _cut(self, side: Side, data: bytes) -> Iterator[bytes]:
        """``data`` in parts of which each belongs to one line."""
        start = 0
        for place, byte in enumerate(data, 1):
            if byte in _ENDS[side] or place == len(data) or self._is_prompt(side, data[start:place]):
                yield data[start:place]
                start = place

    def _is_prompt(self, side: Side, data: bytes) -> bool:
        if side is Side.HOST or self._size[side] + len(data) != len(_PROMPT):
            return False
        return self._line(side) + data == _PROMPT

    def _line(self, side: Side) -> bytes:
        return b"".join(cell.item.data for cell in self._open[side] if isinstance(cell.item, Piece))

    def _add(self, piece: Piece) -> None:
        cell = _Cell(piece)
        ends = piece.data[-1] in _ENDS[piece.side] or self._is_prompt(piece.side, piece.data)
        self._cells.append(cell)
        self._open[piece.side].append(cell)
        self._size[piece.side] += len(piece.data)
        self._held += len(piece.data)
        if ends or self._size[piece.side] >= MOST_LINE:
            self._close(piece.side)

    def _close(self, side: Side) -> None:
        cells = self._open[side]
        if not cells:
            return
        line = self._redactor.line(side, self._line(side))
        news = self._redactor.stand_ins.news
        cells[0].before += [
            Remark(cells[0].item.at, "*", f'"{escape(text)}" stands for {_article(kind.value)} {kind.value}')
            for text, kind in news
        ]
        news.clear()
        for cell in cells:
            old = cell.item
            assert isinstance(old, Piece)
            cell.item = Piece(old.at, side, line[: len(old.data)])
            cell.whole = True
            line = line[len(old.data) :]
        self._open[side] = []
        self._size[side] = 0

    def _ready(self) -> Iterator[Item]:
        while self._cells and self._cells[0].whole:
            cell = self._cells.popleft()
            if isinstance(cell.item, Piece):
                self._held -= len(cell.item.data)
            yield from cell.before
            yield cell.item


def _article(noun: str) -> str:
    return "an" if noun.startswith("i") else "a"

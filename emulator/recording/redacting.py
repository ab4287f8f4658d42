"""A recording without secrets: between what is said and the writer."""

from __future__ import annotations

from collections.abc import Iterator

from ..redact import Hidden
from ..redacting import Redacting, Told
from .text import escape
from .writer import Item, Piece, Remark, Side


class Redacted:
    """Items in; items out, at the latest when the line that they belong to has ended."""

    def __init__(self) -> None:
        self._redacting: Redacting[Item] = Redacting()
        self._at = 0.0

    def add(self, item: Item) -> Iterator[Item]:
        """What may be written down now."""
        if isinstance(item, Remark):
            return self._items(self._redacting.other(item))
        if item.side is Side.HOST:
            return self._items(self._redacting.host(item, item.data))
        return self._items(self._redacting.module(item, item.data))

    def finish(self) -> Iterator[Item]:
        """The rest."""
        return self._items(self._redacting.finish())

    def _items(self, told: Iterator[Told[Item]]) -> Iterator[Item]:
        for each in told:
            if each.hidden is not None:
                yield Remark(self._at, "*", stands_for(each.hidden))
            elif isinstance(each.item, Piece):
                assert each.data is not None
                self._at = each.item.at
                yield Piece(each.item.at, each.item.side, each.data)
            elif each.item is not None:
                self._at = each.item.at
                yield each.item


def stands_for(hidden: Hidden) -> str:
    """As a ``*`` step says it."""
    text = escape(hidden.text).replace('"', '\\"')
    return f'"{text}" stands for {"an" if hidden.kind[0] in "AEIOaeio" else "a"} {hidden.kind}'

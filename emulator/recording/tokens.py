"""Cuts what a module says into lines, the same way for a recording and for the emulator, and sets them
side by side.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_FRAMED = rb"\r\n(?!> )[!-~](?:[ -~]*[!-~])?\r\n"
_TOKEN = re.compile(
    rb"(?P<framed>%b)|\r\n> |[^\r\n]+(?=%b)|[^\r\n]*\r?\n|[^\r\n]*\r|[^\r\n]+" % (_FRAMED, _FRAMED)
)
_MOST = 2_000_000
"""Comparisons of one stretch."""


@dataclass(frozen=True, slots=True)
class Token:
    """A line (or less) that the module wrote."""

    data: bytes
    at: int
    """Where it begins in all that it wrote."""
    framed: bool


def tokens(data: bytes, start: int = 0) -> list[Token]:
    """The lines of ``data``, which begins at ``start``; nothing is left out."""
    return [Token(f[0], start + f.start(), f["framed"] is not None) for f in _TOKEN.finditer(data)]


Same = Callable[[Token, Token], bool]
Pair = tuple[Token | None, Token | None]


def aligned(ours: Sequence[Token], theirs: Sequence[Token], same: Same) -> list[Pair]:
    """Both in order, as many as can be next to the same one of the other side; ``None`` beside those that
    have none.
    """
    front = 0
    while front < min(len(ours), len(theirs)) and same(ours[front], theirs[front]):
        front += 1
    back = 0
    while back < min(len(ours), len(theirs)) - front and same(ours[-1 - back], theirs[-1 - back]):
        back += 1
    pairs: list[Pair] = list(zip(ours[:front], theirs[:front], strict=True))
    pairs += _middle(ours[front : len(ours) - back], theirs[front : len(theirs) - back], same)
    if back:
        pairs += zip(ours[-back:], theirs[-back:], strict=True)
    return pairs


def _middle(ours: Sequence[Token], theirs: Sequence[Token], same: Same) -> list[Pair]:
    """The longest common subsequence."""
    rows, columns = len(ours), len(theirs)
    if rows * columns > _MOST:
        return [*((each, None) for each in ours), *((None, each) for each in theirs)]
    equal = [[same(a, b) for b in theirs] for a in ours]
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            best[i][j] = 1 + best[i + 1][j + 1] if equal[i][j] else max(best[i + 1][j], best[i][j + 1])
    pairs: list[Pair] = []
    i = j = 0
    while i < rows and j < columns:
        if equal[i][j]:
            pairs.append((ours[i], theirs[j]))
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            pairs.append((ours[i], None))
            i += 1
        else:
            pairs.append((None, theirs[j]))
            j += 1
    pairs += [(each, None) for each in ours[i:]]
    pairs += [(None, each) for each in theirs[j:]]
    return pairs

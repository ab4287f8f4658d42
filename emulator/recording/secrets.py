"""Stand-ins for what a recording must not tell: same length, same kind of characters, same one every time.

They are counted, not computed from what they stand for, so nothing can be computed back from them.
"""

from __future__ import annotations

import re
from enum import Enum

from ..fleet import has_check_digit, with_check_digit


class Kind(Enum):
    """What is kept to itself, as the file names it."""

    IDENTITY = "identity"
    """IMEI, IMSI, ICCID: its first five digits stay, which tell the maker, the operator or the country."""
    NUMBER = "number"
    PIN = "PIN"
    USER = "user name"
    PASSWORD = "password"
    TEXT = "text"
    PDU = "PDU"


_PUBLIC = 5
_WORDS = frozenset(b"OK ERROR CONNECT READY CLOSED BUSY RING".split())
"""A message that says one of these hides nothing if they are hidden everywhere."""
_SHORTEST = 4
"""Characters of a secret that is looked for everywhere."""
_CERTAIN = {True: 10, False: 6}
"""From this length on (of digits or not) it is that, whatever stands around it."""


class StandIns:
    """The stand-ins of one recording."""

    def __init__(self) -> None:
        self._digits: dict[bytes, bytes] = {}
        self._count = 0
        self._known: dict[bytes, tuple[bytes, Kind]] = {}
        self._pattern: re.Pattern[bytes] | None = None
        self._told: set[bytes] = set()
        self.news: list[tuple[bytes, Kind]] = []
        """Those that have not been told of."""

    def of(self, secret: bytes, kind: Kind) -> bytes:
        """What stands for ``secret``."""
        if kind in (Kind.IDENTITY, Kind.NUMBER, Kind.PIN):
            found = re.sub(rb"\d+", lambda run: self.of_digits(run[0], kind), secret)
        else:
            found = b"".join(map(_of_character, secret))
        self.tell(found, kind)
        self._learn(secret, found, kind)
        return found

    def of_digits(self, digits: bytes, kind: Kind) -> bytes:
        """Digits for digits; with a right check digit where there was one."""
        while (found := self._digits.get(digits)) in (None, digits):
            self._count += 1
            self._digits[digits] = self._counted(digits.decode(), kind)
        assert found is not None
        return found

    def _counted(self, text: str, kind: Kind) -> bytes:
        checked = kind is Kind.IDENTITY and has_check_digit(text)
        public = text[:_PUBLIC] if kind is Kind.IDENTITY else "9"[: len(text) - 1]
        room = len(text) - len(public) - checked
        counted = public + f"{self._count % 10**room:0{room}}"
        return (with_check_digit(counted) if checked else counted).encode()

    def tell(self, text: bytes, kind: Kind) -> None:
        """``text`` is a stand-in, which the file has to say before it is used."""
        if text not in self._told:
            self._told.add(text)
            self.news.append((text, kind))

    def everywhere(self, data: bytes) -> list[tuple[int, int, bytes]]:
        """Where in ``data`` a secret stands that is known by now (start, end), and its stand-in."""
        if self._pattern is None:
            return []
        return [(*found.span(), self._known[found[0]][0]) for found in self._pattern.finditer(data)]

    def _learn(self, secret: bytes, stand_in: bytes, kind: Kind) -> None:
        bare = secret.lstrip(b"+") if kind is Kind.NUMBER else secret
        if len(bare) < _SHORTEST or bare in self._known or bare in _WORDS or bare == stand_in:
            return
        self._known[bare] = stand_in[len(stand_in) - len(bare) :], kind
        longest = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(_where, longest)))


def _where(secret: bytes) -> bytes:
    digits = secret.isdigit()
    if len(secret) >= _CERTAIN[digits]:
        return re.escape(secret)
    around = rb"\d" if digits else rb"[0-9A-Za-z]"
    return rb"(?<!%b)%b(?!%b)" % (around, re.escape(secret), around)


def _of_character(byte: int) -> bytes:
    character = bytes([byte])
    if character.isdigit():
        return b"0"
    if character.isupper():
        return b"X"
    return character if character.isspace() else b"x"

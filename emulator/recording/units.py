"""Two modules' output, cut alike into what can be compared: lines with their framing, prompts, the rest.

What differs from module to module and from day to day (identities, signal, time, addresses, firmware) is
compared by its shape, unless every byte counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .text import Place

_UNIT = re.compile(rb"\r\n> |\r\n[^\r\n]+\r\n|[^\r\n]*\r*\n|[^\r\n]+\r*|\r+", re.DOTALL)
_NATURAL = re.compile(
    rb"\s*(?:\+(?:CSQ|CCLK|CBC|COPS|CREG|CGREG|CEREG|CSPN|CNUM|QCSQ|QNWINFO|QLTS|QSPN|CTZ\w+|CRSM|CLTS|CENG|QENG"
    rb"|CGMR|GMR|CGPADDR|QTEMP|CMTE|QNITZ|QLTS|CMGS|CUSD)\b|\*PSUTTZ|DST:)"
)
"""Whose values are the place's and the day's."""
_ABOUT_ITSELF = re.compile(rb"AT(?:I\d*|\+(?:CGM[IMR]|GM[IMR]|QGMR|CGMR|GOI|GCAP|CSUB))\Z", re.IGNORECASE)
"""Commands that are answered with names and versions."""
_RESULT = re.compile(rb"\s*(?:OK|ERROR|\+CM[ES] ERROR: .*|AT.*)\s*", re.IGNORECASE | re.DOTALL)
_IDENTITY = re.compile(rb"(?<![\w.])\d{14,20}[fF]?(?!\w)")
_IP = re.compile(rb"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_VALUE = re.compile(rb'"[^"\r\n]*"|[+-]?\d+(?:\.\d+)?')


@dataclass(frozen=True, slots=True)
class Output:
    """``data`` that a module wrote when the host's last command was ``asked``; ``place`` in the recording."""

    data: bytes
    asked: bytes
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """One of them; ``key`` is what is compared."""

    key: bytes
    data: bytes
    asked: bytes
    place: Place | None
    at: int
    """Where it begins in all that the module wrote."""


class Cutter:
    """Cuts output into units. ``spoken``: all that the host wrote (its addresses count as they are)."""

    def __init__(self, spoken: bytes, *, strict: bool = False, ignore: Iterable[str] = ()) -> None:
        self._addresses = frozenset(_IP.findall(spoken))
        self._strict = strict
        self._ignore = tuple(ignore)

    def units(self, outputs: list[Output]) -> list[Unit]:
        """All units of one module."""
        return list(self._units(outputs))

    def _units(self, outputs: list[Output]) -> Iterator[Unit]:
        stream = b"".join(output.data for output in outputs)
        index, end = -1, 0
        for found in _UNIT.finditer(stream):
            while end <= found.start():
                index += 1
                end += len(outputs[index].data)
            data, output = found[0], outputs[index]
            text = data.strip().decode("latin-1")
            if not any(fnmatchcase(text, glob) for glob in self._ignore):
                yield Unit(self._key(data, output.asked), data, output.asked, output.place, found.start())

    def _key(self, data: bytes, asked: bytes) -> bytes:
        if self._strict or not data.strip():
            return data
        if _ABOUT_ITSELF.match(asked) and not _RESULT.fullmatch(data):
            return b"(about itself)"
        if _NATURAL.match(data):
            return _VALUE.sub(lambda value: b'""' if value[0].startswith(b'"') else b"0", data)
        key = _IDENTITY.sub(b"(identity)", data)
        return _IP.sub(lambda ip: ip[0] if ip[0] in self._addresses else b"(ip)", key)


@dataclass(frozen=True, slots=True)
class Difference:
    """What stands in one and not in the other, at the same place of both."""

    recorded: tuple[Unit, ...]
    emulated: tuple[Unit, ...]
    place: Place | None
    """Where it is in the recording; None: behind its end."""


WINDOW = 300
"""Units in which two outputs must agree again."""
_SURE = 2
"""Units in a row that are an agreement and no chance."""


def differences(recorded: list[Unit], emulated: list[Unit]) -> Iterator[Difference]:
    """All of them, in order."""
    here, there = 0, 0
    while here < len(recorded) or there < len(emulated):
        if here < len(recorded) and there < len(emulated) and recorded[here].key == emulated[there].key:
            here, there = here + 1, there + 1
            continue
        skip, other = _agree_again(
            [unit.key for unit in recorded[here : here + WINDOW]],
            [unit.key for unit in emulated[there : there + WINDOW]],
        )
        place = recorded[here].place if here < len(recorded) else None
        yield Difference(tuple(recorded[here : here + skip]), tuple(emulated[there : there + other]), place)
        here, there = here + skip, there + other


def _agree_again(here: list[bytes], there: list[bytes]) -> tuple[int, int]:
    """How many units to leave out of each, the fewest, until some in a row are the same (or both end)."""
    for total in range(1, len(here) + len(there)):
        for skip in range(max(0, total - len(there)), min(total, len(here)) + 1):
            other = total - skip
            wanted = 1 if skip == other else _SURE  # as many changed lines: what is behind them is behind
            sure = min(wanted, len(here) - skip, len(there) - other)
            if sure > 0 and here[skip : skip + sure] == there[other : other + sure]:
                return skip, other
    return len(here), len(there)

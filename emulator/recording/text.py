"""Text as transcripts write it: places in a file, escapes, and when a printed line equals another."""

from __future__ import annotations

import re
from dataclasses import dataclass


class FormatError(ValueError):
    """A transcript says something that its format does not know; the message begins file:line."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a transcript file."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"

    def error(self, message: str) -> FormatError:
        """The error to raise for this line."""
        return FormatError(f"{self}: {message}")


_ESCAPE = re.compile(
    r"\\x(?P<hex>[0-9A-Fa-f]{2})|\\(?P<simple>[rn\"\\])|(?P<wrong>\\.?)"
    r"|<(?P<control>Ctrl\+Z|ESC)>|\{bytes (?P<count>\d+)\}"
)
_SIMPLE = {"r": "\r", "n": "\n", '"': '"', "\\": "\\"}
_CONTROL = {"Ctrl+Z": "\x1a", "ESC": "\x1b"}
_MOST = 1 << 20
"""Bytes that one ``{bytes N}`` can stand for."""
_FILLER = "".join(chr(code) for code in range(0x30, 0x7B))


def unescape(text: str, place: Place) -> bytes:
    r"""The bytes that ``text`` stands for: ``\r \n \xNN <Ctrl+Z> <ESC> {bytes N}``."""

    def replaced(found: re.Match[str]) -> str:
        if found["wrong"]:
            raise place.error(f"unknown escape {found['wrong']!r}")
        if found["hex"]:
            return chr(int(found["hex"], 16))
        if found["simple"]:
            return _SIMPLE[found["simple"]]
        if found["control"]:
            return _CONTROL[found["control"]]
        count = integer(found["count"], place)
        if count > _MOST:
            raise place.error(f"{{bytes {count}}} is more than {_MOST}")
        return (_FILLER * (count // len(_FILLER) + 1))[:count]

    return as_bytes(_ESCAPE.sub(replaced, text), place)


def as_bytes(text: str, place: Place) -> bytes:
    """``text`` as it stands, a byte for each character."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise place.error(f"a character that is no byte: {error}") from None


def integer(text: str, place: Place) -> int:
    """A number of at most 18 digits. Raises :class:`FormatError`."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise place.error(f"{text!r} is not a number")
    return int(text)


_NAMED = {"\r": "\\r", "\n": "\\n", "\\": "\\\\", "\x1a": "<Ctrl+Z>", "\x1b": "<ESC>"}
_TO_ESCAPE = re.compile(r"[^ -~]|\\|<(?=Ctrl\+Z>|ESC>)|\{(?=bytes \d+\})|^ | $")


def escape(data: bytes) -> str:
    r"""Text that :func:`unescape` makes ``data`` of: printable ASCII, without a space at either end."""

    def escaped(found: re.Match[str]) -> str:
        return _NAMED.get(found[0]) or f"\\x{ord(found[0]):02x}"

    return _TO_ESCAPE.sub(escaped, data.decode("latin-1"))


def normalised(line: str) -> str:
    """``line`` without the spaces that do not count: outside quotes, runs, and after ``:`` or ``,``."""
    parts = line.strip().split('"')
    for index in range(0, len(parts), 2):
        parts[index] = re.sub(r"([:,]) +", r"\1", re.sub(r" +", " ", parts[index]))
    return '"'.join(parts)


_WILDCARDS = {"{ip}": r"\d{1,3}(?:\.\d{1,3}){3}", "{int}": r"-?\d+", "{str}": r'[^"]*'}


def has_wildcard(text: str) -> bool:
    """Whether a printed line stands for more than itself."""
    return any(wildcard in text for wildcard in _WILDCARDS)


def matches(expected: str, actual: str) -> bool:
    """Whether the printed line ``actual`` is what a transcript writes as ``expected``."""
    pattern = re.escape(normalised(expected))
    for wildcard, meaning in _WILDCARDS.items():
        pattern = pattern.replace(re.escape(wildcard), meaning)
    return re.fullmatch(pattern, normalised(actual)) is not None

"""One command line's body (what stood behind AT) into the commands it holds, by V.250 5.3 to 5.4.

Pure text work: which commands exist, and whether their parameters fit, is decided later.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .command import Field, Kind


class Parsed(NamedTuple):
    """One command of a line. ``kind`` None: what follows cannot be read as a command."""

    name: str
    kind: Kind | None
    fields: tuple[Field, ...]
    basic: bool


MALFORMED = Parsed("", None, (), False)

_BASIC = re.compile(r"(&?[A-Z])([0-9]*)", re.ASCII | re.IGNORECASE)
_S = re.compile(r"S([0-9]*)(\?|=([0-9]*))?", re.ASCII | re.IGNORECASE)
_NAME = re.compile(r"[^=?;\"]+")
_PIECES = re.compile(r'"[^"]*"?|[^"]+')


def _without_spaces(body: str) -> str:
    """``body`` without the spaces outside quotes."""
    if '"' not in body:
        return body.replace(" ", "")
    pieces = _PIECES.findall(body)
    return "".join(piece if piece[0] == '"' else piece.replace(" ", "") for piece in pieces)


def _end_of_command(text: str, start: int) -> int:
    """Index of the ``;`` outside quotes that ends the command, or the length of ``text``."""
    quoted = False
    for i in range(start, len(text)):
        char = text[i]
        if char == '"':
            quoted = not quoted
        elif char == ";" and not quoted:
            return i
    return len(text)


def _upper(text: str) -> str:
    """Names without regard to case. Only ASCII has any: U+00DF would become two letters."""
    return text.upper() if text.isascii() else text


def _field(text: str) -> Field:
    if len(text) >= 2 and text[0] == '"' and text[-1] == '"' and '"' not in text[1:-1]:
        return Field(text[1:-1], True)
    return Field(text, False)


def split_fields(text: str) -> tuple[Field, ...]:
    """The parameters of a write form, at the commas outside quotes."""
    if '"' not in text:
        return tuple([Field(part, False) for part in text.split(",")])
    fields = []
    start = 0
    quoted = False
    for i, char in enumerate(text):
        if char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            fields.append(_field(text[start:i]))
            start = i + 1
    fields.append(_field(text[start:]))
    return tuple(fields)


def _extended(text: str, start: int) -> tuple[Parsed, int]:
    end = _end_of_command(text, start)
    part = text[start:end]
    match = _NAME.match(part)
    name = _upper(match.group()) if match else ""
    rest = part[match.end() :] if match else part
    # A quote that is not closed spoils this command; what stands before it is still executed.
    if not name or ('"' in rest and rest.count('"') % 2):
        return MALFORMED, end
    if not rest:
        return Parsed(name, Kind.EXECUTE, (), False), end
    if rest == "?":
        return Parsed(name, Kind.READ, (), False), end
    if rest == "=?":
        return Parsed(name, Kind.TEST, (), False), end
    if rest[0] == "=":
        values = split_fields(rest[1:]) if len(rest) > 1 else ()
        return Parsed(name, Kind.WRITE, values, False), end
    return MALFORMED, end


def _s_register(text: str, start: int) -> tuple[Parsed, int]:
    match = _S.match(text, start)
    if match is None:
        return MALFORMED, len(text)
    number = Field(match.group(1) or "0", False)
    if match.group(2) == "?":
        return Parsed("S", Kind.READ, (number,), True), match.end()
    if match.group(2):
        return Parsed("S", Kind.WRITE, (number, Field(match.group(3) or "0", False)), True), match.end()
    return MALFORMED, match.end()


def _basic(text: str, start: int) -> tuple[Parsed, int]:
    letter = text[start].upper()
    if letter == "D":
        return Parsed("D", Kind.WRITE, (Field(text[start + 1 :], False),), True), len(text)
    if letter == "S":
        return _s_register(text, start)
    match = _BASIC.match(text, start)
    if match is None:
        return MALFORMED, len(text)
    number = match.group(2)
    fields = (Field(number, False),) if number else ()
    return Parsed(match.group(1).upper(), Kind.WRITE, fields, True), match.end()


def parse(body: str) -> tuple[Parsed, ...]:
    """The commands of ``body`` in order; a part that cannot be read ends it as ``MALFORMED``."""
    text = _without_spaces(body)
    commands: list[Parsed] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char == ";":
            at += 1
            continue
        if char == "&" or char.isalpha():
            parsed, at = _basic(text, at)
        else:
            parsed, at = _extended(text, at)
        commands.append(parsed)
        if parsed.kind is None:
            break
    return tuple(commands)

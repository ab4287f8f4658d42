"""The time-stamped record of everything: one JSON object a line, readable while it is written.

Fields: ``t`` seconds on the modem's clock; ``modem`` its number from 0, if there are several; then one of
``host`` (bytes from the DTE), ``module`` (bytes to it), ``event``, ``effect`` (by name, with their fields),
``note``, or ``report`` (how a scenario ended). Bytes are Latin-1 text.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import copy
from dataclasses import fields, is_dataclass
from enum import Enum
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Protocol

from .capture_file import RecordFile
from .effects import Effect
from .events import Event


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if is_dataclass(value):  # what a fault is made of
        return {"is": type(value).__name__, **record(value)}
    return value


def record(thing: object) -> dict[str, object]:
    """The fields of an event or effect, as JSON has them."""
    assert is_dataclass(thing)
    return {field.name: _plain(getattr(thing, field.name)) for field in fields(thing)}


_quoted: Callable[[str], str] = encode_basestring_ascii


def _text(value: object) -> str:
    """``value`` in JSON, as ``json.dumps(_plain(value))`` writes it; what is frequent goes the short way."""
    if type(value) is bytes:
        return _quoted(value.decode("latin-1"))
    if type(value) is str:
        return _quoted(value)
    if type(value) is int:
        return repr(value)
    return json.dumps(_plain(value))


_Beginning = tuple[str, tuple[tuple[str, str], ...]]
_beginnings: dict[type, _Beginning] = {}


def _named(kind: type, word: str) -> _Beginning:
    """How a record of this class begins, and what stands before each of its fields."""
    found = _beginnings.get(kind)
    if found is None:
        assert is_dataclass(kind)
        found = f'"{word}": "{kind.__name__}"', tuple((f.name, f', "{f.name}": ') for f in fields(kind))
        _beginnings[kind] = found
    return found


def _happening(word: str, thing: object) -> str:
    """The body of the record of an event or effect: what a log of everything spends its time with."""
    begin, rest = _named(type(thing), word)
    return begin + "".join([before + _text(getattr(thing, name)) for name, before in rest])


class Lines(Protocol):
    """Where the lines go: an ``io.StringIO``, or :class:`LogFile`."""

    def write(self, text: str, /) -> object:
        """Take a whole line."""

    def close(self) -> None:
        """No more lines. May be repeated."""


class LogFile:
    """The lines in a file, until the disk takes no more; it ends in a whole line then."""

    def __init__(self, path: Path, complain: Callable[[str], None]) -> None:
        """Create ``path``, or make it empty; ``complain`` as of a :class:`RecordFile`. Raises ``OSError``."""
        self._file = RecordFile(path, "log", complain)

    def write(self, text: str, /) -> None:
        """Take a whole line."""
        self._file.write(text.encode("ascii"))

    def close(self) -> None:
        """No more lines. May be repeated."""
        self._file.close()


class JsonLog:
    """Writes the record, a line for each entry."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._whose = ""

    def of(self, modem: int) -> JsonLog:
        """The part of modem number ``modem`` in the same file, which is closed once for all."""
        part = copy(self)
        part._whose = f'"modem": {modem}, '
        return part

    def _write(self, now: float, body: str) -> None:
        self._lines.write(f'{{"t": {round(now, 6)!r}, {self._whose}{body}}}\n')

    def host(self, now: float, data: bytes) -> None:
        """Bytes that the DTE wrote."""
        self._write(now, '"host": ' + _quoted(data.decode("latin-1")))

    def module(self, now: float, data: bytes) -> None:
        """Bytes that the module wrote."""
        self._write(now, '"module": ' + _quoted(data.decode("latin-1")))

    def event(self, now: float, event: Event) -> None:
        """Something that happened outside."""
        self._write(now, _happening("event", event))

    def effect(self, now: float, effect: Effect) -> None:
        """Something that the module asked for."""
        self._write(now, _happening("effect", effect))

    def note(self, now: float, text: str) -> None:
        """Something worth knowing, such as a refusal by the network policy."""
        self._write(now, '"note": ' + _quoted(text))

    def report(self, now: float, **report: object) -> None:
        """How a scenario ended."""
        self._write(now, '"report": ' + json.dumps(report))

    def close(self) -> None:
        """No more records, of any modem."""
        self._lines.close()

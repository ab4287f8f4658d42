"""The time-stamped record of everything: one JSON object a line, readable while it is written.

Fields: ``t`` seconds on the modem's clock; ``modem`` its number from 0, if there are several; then one of
``host`` (bytes from the DTE), ``module`` (bytes to it), ``event``, ``effect`` (by name, with their fields),
``note``, or ``report`` (how a scenario ended). Bytes are Latin-1 text. More than 256 at once that are no
ASCII are in Base64, in a field with ``_base64`` behind its name; and of so many that go out as part of what
just came in (a send, data mode), a field with ``_size`` behind its name says only how many they are.
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Callable
from copy import copy
from dataclasses import fields, is_dataclass
from enum import Enum
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import Protocol

from .capture_file import RecordFile, Soon
from .effects import Effect, NetEffect
from .events import Event, Received


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
    """The fields of an event, an effect, or what a fault is made of, as JSON has them; bytes as text."""
    return {name: _plain(getattr(thing, name)) for name in _names(type(thing))}


_known: dict[type, tuple[str, ...]] = {}


def _names(kind: type) -> tuple[str, ...]:
    found = _known.get(kind)
    if found is None:
        assert is_dataclass(kind)
        found = _known[kind] = tuple(field.name for field in fields(kind))
    return found


_BULK = 256
"""Bytes at once that are payload."""
_KEPT = 1500
"""Data mode holds back no more of what came in, to fill a packet (CIPCCFG)."""
_BEGINNING = 16
"""Bytes that are looked for; searching for much more than it is to be found in takes long."""
_quoted: Callable[[str], str] = encode_basestring_ascii


def _bytes(name: str, data: bytes) -> str:
    """The member ``name`` of a record. What a relay carries is seldom text, and a third as long in Base64."""
    if len(data) <= _BULK or data.isascii():
        return f'"{name}": ' + _quoted(data.decode("latin-1"))
    return f'"{name}_base64": "{b2a_base64(data, newline=False).decode("ascii")}"'


def _member(name: str, value: object) -> str:
    """``value`` in JSON, as ``json.dumps(_plain(value))`` writes it; what is frequent goes the short way."""
    if type(value) is bytes:
        return _bytes(name, value)
    if type(value) is int:
        return f'"{name}": {value}'
    if type(value) is str:
        return f'"{name}": ' + _quoted(value)
    return f'"{name}": ' + json.dumps(_plain(value))


class Lines(Protocol):
    """Where the lines go: an ``io.StringIO``, or :class:`LogFile`."""

    def write(self, text: str, /) -> object:
        """Take a whole line."""

    def close(self) -> None:
        """No more lines. May be repeated."""


class LogFile:
    """The lines in a file, until the disk takes no more; it ends in a whole line then.

    What the DTE or a peer can have seen is written before it goes out. All else (what comes in, and what
    goes on inside the module) may wait for that, or for the end of a turn of the event loop: a write to a
    file costs as much as a line.
    """

    def __init__(self, path: Path, complain: Callable[[str], None], soon: Soon | None = None) -> None:
        """Create ``path``, or make it empty; ``complain`` as of a :class:`RecordFile`. Raises ``OSError``.

        ``soon`` calls when a turn is over; without it no line waits.
        """
        self._file = RecordFile(path, "log", complain)
        self._soon = soon
        self._asked = False
        self._waiting: list[str] = []

    def write(self, text: str, /) -> None:
        """Take a whole line, and write it."""
        if self._waiting:
            self._waiting.append(text)
            self._flush()
        else:
            self._file.write(text.encode("ascii"))

    def hold(self, text: str, /) -> None:
        """Take a whole line, which may wait."""
        if self._soon is None:
            self._file.write(text.encode("ascii"))
            return
        if not self._asked:
            self._asked = True
            self._soon(self._end_of_turn)
        self._waiting.append(text)

    def _end_of_turn(self) -> None:
        self._asked = False
        self._flush()

    def _flush(self) -> None:
        text = "".join(self._waiting)
        self._waiting.clear()
        self._file.write(text.encode("ascii"))

    def close(self) -> None:
        """No more lines. May be repeated."""
        self._flush()
        self._file.close()


class JsonLog:
    """Writes the record, a line for each entry."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._hold: Callable[[str], object] = lines.hold if isinstance(lines, LogFile) else lines.write
        self._whose = ""
        self._came = b""  # the last bulk that came in, behind some of the one before

    def of(self, modem: int) -> JsonLog:
        """The part of modem number ``modem`` in the same file, which is closed once for all."""
        part = copy(self)
        part._whose = f'"modem": {modem}, '
        return part

    def host(self, now: float, data: bytes) -> None:
        """Bytes that the DTE wrote."""
        if len(data) > _BULK:
            self._came = self._came[-_KEPT:] + data
        self._hold(self._line(now, _bytes("host", data)))

    def module(self, now: float, data: bytes) -> None:
        """Bytes that the module wrote."""
        self._write(now, self._out("module", data))

    def event(self, now: float, event: Event) -> None:
        """Something that happened outside."""
        members = [_member(name, getattr(event, name)) for name in _names(type(event))]
        self._hold(self._line(now, ", ".join([f'"event": "{type(event).__name__}"', *members])))
        if type(event) is Received and len(event.data) > _BULK:
            self._came = self._came[-_KEPT:] + event.data

    def effect(self, now: float, effect: Effect) -> None:
        """Something that the module asked for."""
        values = [(name, getattr(effect, name)) for name in _names(type(effect))]
        members = [self._out(*value) if type(value[1]) is bytes else _member(*value) for value in values]
        line = self._line(now, ", ".join([f'"effect": "{type(effect).__name__}"', *members]))
        if isinstance(effect, NetEffect):
            self._lines.write(line)
        else:
            self._hold(line)

    def note(self, now: float, text: str) -> None:
        """Something worth knowing, such as a refusal by the network policy."""
        self._write(now, '"note": ' + _quoted(text))

    def report(self, now: float, **report: object) -> None:
        """How a scenario ended."""
        self._write(now, '"report": ' + json.dumps(report))

    def _out(self, name: str, data: bytes) -> str:
        if len(data) > _BULK:
            begin = self._came.find(data[:_BEGINNING])
            if begin >= 0 and self._came.startswith(data, begin):
                return f'"{name}_size": {len(data)}'
        return _bytes(name, data)

    def _line(self, now: float, body: str) -> str:
        return f'{{"t": {round(now, 6)!r}, {self._whose}{body}}}\n'

    def _write(self, now: float, body: str) -> None:
        self._lines.write(self._line(now, body))

    def close(self) -> None:
        """No more records, of any modem."""
        self._lines.close()

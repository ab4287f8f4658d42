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

from .effects import Effect, NetEffect
from .events import Event, Received
from .log_file import Lines, LogFile


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
_CONSTANTS = {None: b"null", True: b"true", False: b"false"}

_Parts = tuple[bytes, ...]
"""A piece of a line, not put together yet: a copy of bulk costs as much as its encoding."""


def _bytes(name: str, data: bytes) -> _Parts:
    """The member ``name`` of a record. What a relay carries is seldom text, and a third as long in Base64."""
    if len(data) <= _BULK or data.isascii():
        return (f'"{name}": {_quoted(data.decode("latin-1"))}'.encode(),)
    return f'"{name}_base64": "'.encode(), b2a_base64(data, newline=False), b'"'


def _member(name: str, value: object) -> _Parts:
    """``value`` in JSON, as ``json.dumps(_plain(value))`` writes it; what is frequent goes the short way."""
    kind = type(value)
    if kind is bytes:
        return _bytes(name, value)  # type: ignore[arg-type]
    if kind is int:
        return (f'"{name}": {value}'.encode(),)
    if kind is str:
        return (f'"{name}": {_quoted(value)}'.encode(),)  # type: ignore[arg-type]
    if value is None or kind is bool:
        return f'"{name}": '.encode(), _CONSTANTS[value]  # type: ignore[index]
    return (f'"{name}": {json.dumps(_plain(value))}'.encode(),)


class JsonLog:
    """Writes the record, a line for each entry."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._hold = lines.hold if isinstance(lines, LogFile) else lines.writelines
        self._whose = ""
        self._came = b""  # the last bulk that came in, behind some of the one before

    def of(self, modem: int) -> JsonLog:
        """The part of modem number ``modem`` in the same file, which is closed once for all."""
        part = copy(self)
        part._whose = f'"modem": {modem}, '
        return part

    def host(self, now: float, data: bytes) -> None:
        """Bytes that the DTE wrote."""
        self._hold((self._head(now), *_bytes("host", data), _END))
        self._comes(data)

    def module(self, now: float, data: bytes) -> None:
        """Bytes that the module wrote."""
        self._lines.writelines((self._head(now), *self._out("module", data), _END))

    def event(self, now: float, event: Event) -> None:
        """Something that happened outside."""
        parts = [self._head(now), f'"event": "{type(event).__name__}"'.encode()]
        for name in _names(type(event)):
            parts += (_NEXT, *_member(name, getattr(event, name)))
        self._hold((*parts, _END))
        if type(event) is Received:
            self._comes(event.data)

    def effect(self, now: float, effect: Effect) -> None:
        """Something that the module asked for."""
        parts = [self._head(now), f'"effect": "{type(effect).__name__}"'.encode()]
        for name in _names(type(effect)):
            value = getattr(effect, name)
            parts += (_NEXT, *(self._out if type(value) is bytes else _member)(name, value))
        put = self._lines.writelines if isinstance(effect, NetEffect) else self._hold
        put((*parts, _END))

    def note(self, now: float, text: str) -> None:
        """Something worth knowing, such as a refusal by the network policy."""
        self._lines.writelines((self._head(now), b'"note": ', _quoted(text).encode(), _END))

    def report(self, now: float, **report: object) -> None:
        """How a scenario ended."""
        self._lines.writelines((self._head(now), b'"report": ', json.dumps(report).encode(), _END))

    def _head(self, now: float) -> bytes:
        return f'{{"t": {round(now, 6)!r}, {self._whose}'.encode()

    def _comes(self, data: bytes) -> None:
        if len(data) > _BULK:
            self._came = self._came[-_KEPT:] + data

    def _out(self, name: str, data: bytes) -> _Parts:
        """As :func:`_bytes`, but of what came in just now only how much it is."""
        if len(data) > _BULK:
            begin = self._came.find(data[:_BEGINNING])
            if begin >= 0 and self._came.startswith(data, begin):
                return (f'"{name}_size": {len(data)}'.encode(),)
        return _bytes(name, data)

    def close(self) -> None:
        """No more records, of any modem."""
        self._lines.close()


_NEXT, _END = b", ", b"}\n"

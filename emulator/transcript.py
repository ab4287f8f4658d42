"""The time-stamped record of everything: one JSON object a line, readable while it is written.

Fields: ``t`` seconds on the modem's clock; ``modem`` its number from 0, if there are several; then one of
``host`` (bytes from the DTE), ``module`` (bytes to it), ``event``, ``effect`` (by name, with their fields),
``note``, or ``report`` (how a scenario ended). Bytes are Latin-1 text. More than 256 at once that are no
ASCII are in Base64, in a field with ``_base64`` behind its name; and of so many that go out as part of what
just came in (a send, data mode), a field with ``_size`` behind its name says only how many they are; of more
than 1024 at once as well, if a capture is written beside it, which has them.
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import fields, is_dataclass
from enum import Enum
from json.encoder import encode_basestring_ascii
from typing import TypeVar

from .effects import CommandEnded, CommandFinished, Effect
from .events import Event, Received
from .log_file import Lines


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


def _members(thing: object) -> list[tuple[str, object]]:
    return [(name, getattr(thing, name)) for name in _names(type(thing))]


def _seconds(now: float) -> str:
    """In microseconds, as JSON has it: half as long on the way as a float that is rounded and written."""
    text = f"{now:.6f}".rstrip("0")
    return f"{text}0" if text[-1] == "." else text


_K = TypeVar("_K")
_BULK = 256
"""Bytes at once that are payload."""
_WHOLE = 1024
"""Bytes at once that are one send or read; more are a stream."""
_KEPT = 1500
"""Data mode holds back no more of what came in, to fill a packet (CIPCCFG)."""
_BEGINNING = 16
"""Bytes that are looked for; searching for much more than it is to be found in takes long."""
_quoted: Callable[[str], str] = encode_basestring_ascii
_CONSTANTS = {None: "null", True: "true", False: "false"}

_Parts = tuple[bytes, ...]
"""A line, not put together yet: a copy of bulk costs as much as its encoding."""


def _member(name: str, value: object) -> str:
    """``value`` in JSON, as ``json.dumps(_plain(value))`` writes it; what is frequent goes the short way."""
    kind = type(value)
    if kind is str:
        return f', "{name}": {_quoted(value)}'  # type: ignore[arg-type]
    if kind is bytes:
        return f', "{name}": {_quoted(value.decode("latin-1"))}'  # type: ignore[attr-defined]
    if kind is int:
        return f', "{name}": {value}'
    if value is None or kind is bool:
        return f', "{name}": {_CONSTANTS[value]}'  # type: ignore[index]
    return f', "{name}": {json.dumps(_plain(value))}'


class _Tails(dict[_K, str]):
    """What stands in a line behind its time, by what it tells: hosts and modules repeat themselves."""

    def __init__(self, make: Callable[[_K], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, told: _K) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        tail = self[told] = self._make(told)
        return tail


def _effect_tail(effect: Effect) -> str:
    members = "".join(_member(name, value) for name, value in _members(effect))
    return f', "effect": "{type(effect).__name__}"{members}}}\n'


_REMEMBERED = 512
"""Tails of a kind."""
_SHORT = 64
"""Bytes at once that are worth remembering."""
_OFTEN = (CommandEnded, CommandFinished)
"""Effects that are: one of each command."""


class JsonLog:
    """Writes the record, a line for each entry."""

    def __init__(self, lines: Lines, *, captured: bool = False) -> None:
        """``captured``: a capture beside it has all bytes, so of a stream the log tells how many they are."""
        self._lines = lines
        self._most = _WHOLE if captured else None
        self._whose = ""
        self._came = b""  # the last bulk that came in, behind some of the one before
        self._hosts = _Tails[bytes](lambda data: f"{_member('host', data)}}}\n")
        self._modules = _Tails[bytes](lambda data: f"{_member('module', data)}}}\n")
        self._effects = _Tails(_effect_tail)

    def of(self, modem: int) -> JsonLog:
        """The part of modem number ``modem`` in the same file, which is closed once for all."""
        part = copy(self)
        part._whose = f', "modem": {modem}'
        return part

    def host(self, now: float, data: bytes) -> None:
        """Bytes that the DTE wrote."""
        if len(data) <= _SHORT:
            self._say(now, self._hosts[data])
        else:
            self._lines.writelines(self._bulky(self._head(now), (("host", data),), out=False))
            self._comes(data)

    def module(self, now: float, data: bytes) -> None:
        """Bytes that the module wrote."""
        if len(data) <= _SHORT:
            self._say(now, self._modules[data])
        else:
            self._lines.writelines(self._bulky(self._head(now), (("module", data),), out=True))

    def event(self, now: float, event: Event) -> None:
        """Something that happened outside."""
        kind = type(event)
        line = f'{self._head(now)}, "event": "{kind.__name__}"'
        self._lines.writelines(self._bulky(line, _members(event), out=False))
        if kind is Received:
            self._comes(event.data)  # type: ignore[attr-defined]

    def effect(self, now: float, effect: Effect) -> None:
        """Something that the module asked for."""
        kind = type(effect)
        if kind in _OFTEN:
            self._say(now, self._effects[effect])
            return
        line = f'{self._head(now)}, "effect": "{kind.__name__}"'
        self._lines.writelines(self._bulky(line, _members(effect), out=True))

    def note(self, now: float, text: str) -> None:
        """Something worth knowing, such as a refusal by the network policy."""
        self._lines.write(f"{self._head(now)}{_member('note', text)}}}\n".encode())

    def report(self, now: float, **report: object) -> None:
        """How a scenario ended."""
        self._lines.write(f'{self._head(now)}, "report": {json.dumps(report)}}}\n'.encode())

    def _say(self, now: float, tail: str) -> None:
        self._lines.write(f'{{"t": {_seconds(now)}{self._whose}{tail}'.encode())

    def _head(self, now: float) -> str:
        return f'{{"t": {_seconds(now)}{self._whose}'

    def _bulky(self, line: str, members: Iterable[tuple[str, object]], *, out: bool) -> _Parts:
        """``line``, its members and its end.

        Of bulk that goes ``out``, and came in just now, only how much it is, and of what is too much; what a
        relay carries is seldom text, and a third as long in Base64.
        """
        parts: list[bytes] = []
        for name, value in members:
            kind = type(value)
            if kind is int:
                line += f', "{name}": {value}'
                continue
            if kind is bytes and len(value) > _BULK:  # type: ignore[arg-type]
                assert isinstance(value, bytes)
                if self._too_much(value) or (out and self._just_came(value)):
                    line += f', "{name}_size": {len(value)}'
                    continue
                if not value.isascii():
                    parts += (f'{line}, "{name}_base64": "'.encode(), b2a_base64(value, newline=False))
                    line = '"'
                    continue
            line += _member(name, value)
        return (*parts, f"{line}}}\n".encode())

    def _too_much(self, data: bytes) -> bool:
        return self._most is not None and len(data) > self._most

    def _comes(self, data: bytes) -> None:
        if len(data) > _BULK and not self._too_much(data):
            self._came = self._came[-_KEPT:] + data

    def _just_came(self, data: bytes) -> bool:
        begin = self._came.find(data[:_BEGINNING])
        return begin >= 0 and self._came.startswith(data, begin)

    def flush(self, *, behind: bool = False) -> None:
        """Write what there is, of all modems."""
        self._lines.flush()

    def close(self) -> None:
        """No more records, of any modem."""
        self._lines.close()

"""The time-stamped record of everything: one JSON object a line, readable while it is written.

Fields: ``t`` seconds on the modem's clock; ``modem`` its number from 0, if there are several; then one of
``host`` (bytes from the DTE), ``module`` (bytes to it), ``event``, ``effect`` (by name, with their fields),
``note``, or ``report`` (how a scenario ended). Bytes are Latin-1 text.
"""

from __future__ import annotations

import json
import sys
from copy import copy
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import IO

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
        return {"is": type(value).__name__, **_record(value)}
    return value


def _record(thing: object) -> dict[str, object]:
    assert is_dataclass(thing)
    return {field.name: _plain(getattr(thing, field.name)) for field in fields(thing)}


class _Lines:
    """The file, until it takes no more."""

    def __init__(self, file: IO[str]) -> None:
        self._file: IO[str] | None = file

    def write(self, record: dict[str, object]) -> None:
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()
        except OSError as error:
            print(f"vmodem: the log ends here: {error}", file=sys.stderr)
            self._file = None

    def close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                print(f"vmodem: the log is incomplete: {error}", file=sys.stderr)


class JsonLog:
    """Writes the record to an open text file; a full disk ends the record, never the modem."""

    def __init__(self, file: IO[str]) -> None:
        self._lines = _Lines(file)
        self._whose: dict[str, object] = {}

    def of(self, modem: int) -> JsonLog:
        """The part of modem number ``modem`` in the same file, which is closed once for all."""
        part = copy(self)
        part._whose = {"modem": modem}
        return part

    def _write(self, now: float, record: dict[str, object]) -> None:
        self._lines.write({"t": round(now, 6), **self._whose, **record})

    def host(self, now: float, data: bytes) -> None:
        """Bytes that the DTE wrote."""
        self._write(now, {"host": data.decode("latin-1")})

    def module(self, now: float, data: bytes) -> None:
        """Bytes that the module wrote."""
        self._write(now, {"module": data.decode("latin-1")})

    def event(self, now: float, event: Event) -> None:
        """Something that happened outside."""
        self._write(now, {"event": type(event).__name__, **_record(event)})

    def effect(self, now: float, effect: Effect) -> None:
        """Something that the module asked for."""
        self._write(now, {"effect": type(effect).__name__, **_record(effect)})

    def note(self, now: float, text: str) -> None:
        """Something worth knowing, such as a refusal by the network policy."""
        self._write(now, {"note": text})

    def report(self, now: float, **report: object) -> None:
        """How a scenario ended."""
        self._write(now, {"report": report})

    def close(self) -> None:
        """No more records, of any modem."""
        self._lines.close()

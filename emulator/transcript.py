"""The time-stamped record of everything: one JSON object a line, readable while it is written.

Fields: ``t`` seconds on the modem's clock; then one of ``host`` (bytes from the DTE), ``module``
(bytes to it), ``event``, ``effect`` (by name, with their fields) or ``note``. Bytes are Latin-1 text.
"""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from enum import Enum
from typing import IO

from .effects import Effect
from .events import Event


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, Enum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _record(thing: Event | Effect) -> dict[str, object]:
    return {field.name: _plain(getattr(thing, field.name)) for field in fields(thing)}


class JsonLog:
    """Writes the record to an open text file; a full disk ends the record, never the modem."""

    def __init__(self, file: IO[str]) -> None:
        self._file: IO[str] | None = file

    def _write(self, record: dict[str, object]) -> None:
        if self._file is None:
            return
        try:
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()
        except OSError as error:
            print(f"vmodem: the log ends here: {error}", file=sys.stderr)
            self._file = None

    def host(self, now: float, data: bytes) -> None:
        """Bytes that the DTE wrote."""
        self._write({"t": round(now, 6), "host": data.decode("latin-1")})

    def module(self, now: float, data: bytes) -> None:
        """Bytes that the module wrote."""
        self._write({"t": round(now, 6), "module": data.decode("latin-1")})

    def event(self, now: float, event: Event) -> None:
        """Something that happened outside."""
        self._write({"t": round(now, 6), "event": type(event).__name__, **_record(event)})

    def effect(self, now: float, effect: Effect) -> None:
        """Something that the module asked for."""
        self._write({"t": round(now, 6), "effect": type(effect).__name__, **_record(effect)})

    def note(self, now: float, text: str) -> None:
        """Something worth knowing, such as a refusal by the network policy."""
        self._write({"t": round(now, 6), "note": text})

    def close(self) -> None:
        """No more records."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                print(f"vmodem: the log is incomplete: {error}", file=sys.stderr)

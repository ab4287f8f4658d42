"""The record of everything (:mod:`.transcript`) for those who pass it on: without secrets."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import IO

from .redact import NUMBER, TEXT
from .redacting import Redacting, Told
from .transcript import JsonLog

_SECRET = {"number": NUMBER, "text": TEXT}
"""Fields of events and effects that are secret whatever they hold."""


class RedactedLog(JsonLog):
    """The record without identities, numbers, PINs, passwords and texts (see :mod:`.redact`).

    A record is written when the line that its bytes belong to has ended, so that none of them is cut in two.
    """

    def __init__(self, file: IO[str]) -> None:
        super().__init__(file)
        self._parts: list[RedactedLog] = []
        self._begin()

    def _begin(self) -> None:
        self._redacting: Redacting[dict[str, object]] = Redacting()
        self._parts.append(self)

    def of(self, modem: int) -> JsonLog:
        """See :class:`JsonLog`; each modem's dialogue is one of its own."""
        part = copy(self)
        part._whose = {"modem": modem}
        part._begin()
        return part

    def _write(self, now: float, record: dict[str, object]) -> None:
        record = {"t": round(now, 6), **self._whose, **record}
        host, module = record.get("host"), record.get("module")
        if isinstance(host, str):
            self._tell(self._redacting.host(record, host.encode("latin-1")))
        elif isinstance(module, str):
            self._tell(self._redacting.module(record, module.encode("latin-1")))
        else:
            self._tell(self._redacting.other(record))

    def _tell(self, told: Iterator[Told[dict[str, object]]]) -> None:
        for each in told:
            if each.item is None:
                continue
            if each.data is None:
                self._lines.write({key: self._hidden(key, value) for key, value in each.item.items()})
            else:
                key = "host" if "host" in each.item else "module"
                self._lines.write({**each.item, key: each.data.decode("latin-1")})

    def _hidden(self, key: str, value: object) -> object:
        if isinstance(value, str):
            return self._redacting.redactor.text(value, _SECRET.get(key, "")) if value else value
        if isinstance(value, dict):
            return {name: self._hidden(name, part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._hidden(key, part) for part in value]
        return value

    def close(self) -> None:
        """Write what is held back; no more records, of any modem."""
        for part in self._parts:
            part._tell(part._redacting.finish())
        super().close()

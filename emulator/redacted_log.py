"""The record of everything (:mod:`.transcript`) for those who pass it on: without secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import copy

from .effects import Effect
from .events import Event
from .log_file import Lines
from .redact_rules import NUMBER, TEXT
from .redacting import Redacting, Told
from .transcript import JsonLog, record

_MESSAGES = ("Sms", "Ussd", "Call")
"""How events and effects are called that ..."""
_SECRET = {"number": NUMBER, "text": TEXT}
"""... have these fields; what they hold is secret, whatever it is."""


class RedactedLog(JsonLog):
    """The record without identities, numbers, PINs, passwords and texts (see :mod:`.redact`).

    A record is written when the line that its bytes belong to has ended, so that none of them is cut in two.
    """

    def __init__(self, lines: Lines) -> None:
        super().__init__(lines)
        self._parts: list[RedactedLog] = []
        self._modem: dict[str, object] = {}
        self._begin()

    def _begin(self) -> None:
        self._redacting: Redacting[dict[str, object]] = Redacting()
        self._parts.append(self)

    def of(self, modem: int) -> JsonLog:
        """See :class:`JsonLog`; each modem's dialogue is one of its own."""
        part = copy(self)
        part._modem = {"modem": modem}
        part._begin()
        return part

    def host(self, now: float, data: bytes) -> None:
        """See :class:`JsonLog`."""
        self._tell(self._redacting.host(self._record(now, host=""), data))

    def module(self, now: float, data: bytes) -> None:
        """See :class:`JsonLog`."""
        self._tell(self._redacting.module(self._record(now, module=""), data))

    def event(self, now: float, event: Event) -> None:
        """See :class:`JsonLog`."""
        self._other(now, event=type(event).__name__, **record(event))

    def effect(self, now: float, effect: Effect) -> None:
        """See :class:`JsonLog`."""
        self._other(now, effect=type(effect).__name__, **record(effect))

    def note(self, now: float, text: str) -> None:
        """See :class:`JsonLog`."""
        self._other(now, note=text)

    def report(self, now: float, **report: object) -> None:
        """See :class:`JsonLog`."""
        self._other(now, report=report)

    def _other(self, now: float, **entry: object) -> None:
        self._tell(self._redacting.other(self._record(now, **entry)))

    def _record(self, now: float, **entry: object) -> dict[str, object]:
        return {"t": round(now, 6), **self._modem, **entry}

    def _tell(self, told: Iterator[Told[dict[str, object]]]) -> None:
        for each in told:
            if each.item is None:
                continue
            if each.data is None:
                self._put(self._hidden_fields(each.item))
            else:
                key = "host" if "host" in each.item else "module"
                self._put({**each.item, key: each.data.decode("latin-1")})

    def _put(self, record: dict[str, object]) -> None:
        self._lines.writelines((json.dumps(record).encode(), b"\n"))

    def _hidden_fields(self, record: dict[str, object]) -> dict[str, object]:
        named = next((record[word] for word in ("event", "effect", "is") if word in record), "")
        secret = _SECRET if str(named).startswith(_MESSAGES) else {}
        return {key: self._hidden(value, secret.get(key, "")) for key, value in record.items()}

    def _hidden(self, value: object, kind: str) -> object:
        if isinstance(value, str):
            return self._redacting.redactor.text(value, kind) if value else value
        if isinstance(value, dict):
            return self._hidden_fields(value)
        if isinstance(value, list):
            return [self._hidden(part, kind) for part in value]
        return value

    def close(self) -> None:
        """Write what is held back; no more records, of any modem."""
        for part in self._parts:
            part._tell(part._redacting.finish())
        super().close()

"""Which parts of a dialogue are nobody else's business: a line at a time, of the host or of the module.

Every rule holds for both sides: what a host writes is echoed. Rules for editors: a new command that carries
a secret is a row of :data:`COMMANDS` or :data:`ANSWERS`; what shows by itself (fourteen digits and more, a
number with its country) needs none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from . import pdu
from .secrets import Kind, StandIns
from .writer import Side

Which = Mapping[int, Kind]
Rule = Which | Callable[[Sequence[bytes]], Which]
_N, _P, _T = Kind.NUMBER, Kind.PIN, Kind.TEXT


def _user(index: int) -> Which:
    return {index: Kind.USER, index + 1: Kind.PASSWORD}


def _qicsgp(fields: Sequence[bytes]) -> Which:
    """GSM: context, APN, user, password. BG96 has the type of the context in front of the APN."""
    return _user(3 if len(fields) > 1 and fields[1].isdigit() else 2)


def _sapbr(fields: Sequence[bytes]) -> Which:
    named = {b"USER": Kind.USER, b"PWD": Kind.PASSWORD}
    kind = named.get(fields[2].upper()) if len(fields) > 2 else None
    return {} if kind is None else {3: kind}


COMMANDS: Mapping[str, Rule] = {
    "CPIN": {0: _P, 1: _P},
    "CPIN2": {0: _P, 1: _P},
    "CLCK": {2: _P},
    "CPWD": {1: _P, 2: _P},
    "CSTT": _user(1),
    "QIREGAPP": _user(1),
    "CIPCSGP": _user(2),
    "CGAUTH": _user(2),
    "QICSGP": _qicsgp,
    "SAPBR": _sapbr,
    "CMGS": {0: _N},
    "QCMGS": {0: _N},
    "CMGW": {0: _N},
    "CMSS": {1: _N},
    "CSCA": {0: _N},
    "CCFC": {2: _N},
    "CPBW": {1: _N, 3: _T},
    "CPBF": {0: _T},
}
"""Of a command's parameters, from 0: those to redact."""
ANSWERS: Mapping[str, Rule] = {
    "CSTT": _user(1),
    "QIREGAPP": _user(1),
    "CIPCSGP": _user(2),
    "CGAUTH": _user(2),
    "QICSGP": _qicsgp,
    "CSCA": {0: _N},
    "CCFC": {2: _N},
    "CPBR": {1: _N, 3: _T},
    "CPBF": {1: _N, 3: _T},
    "CNUM": {0: _T, 1: _N},
    "CLIP": {0: _N, 4: _T},
    "CLCC": {5: _N, 7: _T},
    "CCWA": {0: _N},
    "COLP": {0: _N},
    "CMT": {0: _N, 1: _T},
    "CMGR": {1: _N},
    "CMGL": {2: _N},
    "CDS": {2: _N},
}
"""The same of an answer or a URC."""

_CALL = re.compile(
    rb"\+(?P<name>[A-Z0-9]+)(?P<kind>=|: ?)(?P<fields>(?:\"[^\"\r\n]*\"?|[^\";\r\n])*)", re.IGNORECASE
)
_FIELD = re.compile(rb'\s*"(?P<quoted>[^"]*)"?[^,]*,?|(?P<bare>[^,]*),?')
_DIAL = re.compile(rb"\A\s*AT[^D+&]*D(?P<string>[^;\r\n]*)", re.IGNORECASE)
_DATA_CALL = re.compile(rb"\s*\*99[*#\d]*#?")
_BEARER = re.compile(rb"\A(?P<name>USER|PWD): ?(?P<value>[^\r\n]*)")
_SHOWS = re.compile(rb"(?<!\d)\d{14,22}(?!\d)|\+\d{7,15}(?!\d)")
_DIGITS = re.compile(rb"\d{4,}")
_SENDS = re.compile(rb"\+Q?CMG[SW]\b(?!=\?|\?)", re.IGNORECASE)
_CHARSET = re.compile(rb"\+CSCS=\"?(?P<name>[^\"\r\n]*)", re.IGNORECASE)
_MESSAGE = re.compile(rb"\+(?P<name>CMGR|CMGL|CMT|CDS|CBM): ?")
_FINAL = re.compile(rb"(?:OK|ERROR|\+CM[ES] ERROR: ?.*)\r?\n?")
_HEX = re.compile(rb"(?:[0-9A-F]{2}){8,}", re.IGNORECASE)
_UCS2 = re.compile(rb"(?:[0-9A-F]{4})+", re.IGNORECASE)
_TEXT = re.compile(rb"[^\r\n\x1a\x1b]+")
_COMMAND = re.compile(rb"\s*AT", re.IGNORECASE)
_PAYLOAD_END = (b"\x1a", b"\x1b")
_LISTING, _PUSHED = "listing", "pushed"


@dataclass
class _Line:
    """A line, of which parts are replaced, each once."""

    data: bytes

    def __post_init__(self) -> None:
        self.new = bytearray(self.data)
        self._taken = bytearray(len(self.data))

    def put(self, start: int, end: int, text: bytes) -> None:
        """Replace a part, unless it has been."""
        if not any(self._taken[start:end]):
            self.new[start:end] = text
            self._taken[start:end] = b"\1" * (end - start)


class Redactor:
    """Takes the lines of one dialogue in order; each comes back as long as it was."""

    def __init__(self) -> None:
        self.stand_ins = StandIns()
        self._writing = False
        """Whether the host writes a message, which the module may echo until it has answered."""
        self._open = False
        """Whether the message is not finished."""
        self._reading = ""
        """Whether the module tells a message: asked for, or of its own accord."""
        self._ucs2 = False

    def line(self, side: Side, data: bytes) -> bytes:
        """A line with its end, or as much of one as there is."""
        line = _Line(data)
        if side is Side.HOST:
            self._host(line)
        else:
            self._module(line)
        for found in _SHOWS.finditer(data):
            kind = Kind.NUMBER if found[0].startswith(b"+") else Kind.IDENTITY
            line.put(*found.span(), self.stand_ins.of(found[0], kind))
        for start, end, text in self.stand_ins.everywhere(data):
            line.put(start, end, text)
        assert len(line.new) == len(data)
        return bytes(line.new)

    # ---- who says what ---------------------------------------------------------------------------

    def _host(self, line: _Line) -> None:
        if self._open:
            self._message(line)
            self._open = not line.data.endswith(_PAYLOAD_END)
            return
        self._command(line)
        charset = _CHARSET.search(line.data)
        if charset:
            self._ucs2 = charset["name"].upper() == b"UCS2"
        if _COMMAND.match(line.data):
            self._reading = ""
            self._writing = self._open = _SENDS.search(line.data) is not None

    def _module(self, line: _Line) -> None:
        data = line.data
        if not data.strip(b"\r\n"):
            if self._reading == _PUSHED:
                self._reading = ""
        elif _FINAL.fullmatch(data):
            self._reading = ""
            self._writing = self._open = False
        elif header := _MESSAGE.match(data):
            self._reading = _LISTING if header["name"].startswith(b"CMG") else _PUSHED
            self._command(line)
        elif _COMMAND.match(data):
            self._command(line)
        elif self._reading or (self._writing and not data.startswith((b"+", b"> "))):
            self._message(line)
        else:
            self._command(line)

    # ---- what is said ----------------------------------------------------------------------------

    def _command(self, line: _Line) -> None:
        for call in _CALL.finditer(line.data):
            table = COMMANDS if call["kind"] == b"=" else ANSWERS
            rule = table.get(call["name"].upper().decode())
            if rule is not None:
                self._fields(line, call, rule)
        if dialled := _DIAL.match(line.data):
            start = dialled.start("string")
            if not _DATA_CALL.fullmatch(dialled["string"]):
                for digits in _DIGITS.finditer(dialled["string"]):
                    self._put(line, start + digits.start(), start + digits.end(), Kind.NUMBER)
        if bearer := _BEARER.match(line.data):
            kind = Kind.USER if bearer["name"] == b"USER" else Kind.PASSWORD
            self._put(line, *bearer.span("value"), kind)

    def _fields(self, line: _Line, call: re.Match[bytes], rule: Rule) -> None:
        spans: list[tuple[int, int]] = []
        place, end = call.span("fields")
        while place < end:
            found = _FIELD.match(line.data, place, end)
            assert found is not None
            spans.append(found.span("bare" if found["quoted"] is None else "quoted"))
            place = found.end()
        which = rule if isinstance(rule, Mapping) else rule([line.data[a:b] for a, b in spans])
        for index, kind in which.items():
            if index < len(spans):
                self._put(line, *spans[index], kind)

    def _put(self, line: _Line, start: int, end: int, kind: Kind) -> None:
        secret = line.data[start:end]
        if kind is Kind.NUMBER and not (self._ucs2 and _UCS2.fullmatch(secret)):
            if len(secret.strip(b"+*#")) < 4 or not re.fullmatch(rb"[+*#\d]+", secret):
                return  # the length of a PDU, an emergency number, a name
        elif kind is Kind.TEXT and secret.isdigit() and len(secret) < 4:
            return  # an index or a length
        if secret:
            line.put(start, end, self._stand_in(secret, kind))

    def _stand_in(self, secret: bytes, kind: Kind) -> bytes:
        if not (self._ucs2 and _UCS2.fullmatch(secret)):
            return self.stand_ins.of(secret, kind)
        text = bytes.fromhex(secret.decode()).decode("utf-16-be", "replace").encode("latin-1", "replace")
        plain = self.stand_ins.of(text, kind).decode("latin-1")
        found = plain.encode("utf-16-be").hex().upper().encode()
        self.stand_ins.tell(found, Kind.PDU)
        return found

    def _message(self, line: _Line) -> None:
        for found in _TEXT.finditer(line.data):
            secret = found[0]
            if _HEX.fullmatch(secret) and not self._ucs2:
                line.put(*found.span(), self._pdu(secret))
            else:
                line.put(*found.span(), self._stand_in(secret, Kind.TEXT))

    def _number(self, digits: bytes) -> bytes:
        return self.stand_ins.of_digits(digits, Kind.NUMBER)

    def _pdu(self, text: bytes) -> bytes:
        try:
            octets = pdu.without_secrets(bytes.fromhex(text.decode()), self._number)
        except (ValueError, IndexError):
            octets = bytes(len(text) // 2)
        found = octets.hex().upper().encode()
        self.stand_ins.tell(found, Kind.PDU)
        return found

"""Keeps secrets of a dialogue to itself: stand-ins of the same length and classes take their places.

Works on whole lines of either side, in their order, because what a line is about is said by those before it.
What it knows: identities (IMEI, IMSI, ICCID), telephone numbers, PINs and PUKs, users and passwords of access
points, texts of short messages and of USSD. A value of four characters or more that was found once is hidden
wherever it comes later. No I/O and no clock here. Which parameter of which command is secret:
:mod:`.redact_rules`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .check_digit import luhn, with_check_digit
from .redact_pdu import hidden_pdu
from .redact_rules import HEX, IDENTITY, NUMBER, PASSWORD, PDU, PIN, RESPONSES, RULES, TEXT, USER

LEAST = 4
"""Characters of a value that is hidden outside its own command too; shorter ones stand everywhere."""
_SURE = 6
"""Characters of one that is hidden also where it is part of a longer word or number."""
_IDENTITY_DIGITS = 14
_KEPT = 5
"""Digits of an identity that say the country and the network (or the type), and are no secret."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """``text`` stands for a ``kind`` from here on."""

    text: bytes
    kind: str


_IDENTITY = re.compile(rb"(?<![0-9A-Za-z])\d{14,20}(?![0-9])")
_INTERNATIONAL = re.compile(rb"(?<![\d+])\+\d{7,15}(?!\d)")
_DIGITS = re.compile(rb"\+?\d{3,}")
_DIALLED = re.compile(rb"(AT|;|[A-Z&]\d*) *D[TP]?(?!\*99)([+\d*#]{3,})", re.IGNORECASE)
"""D behind the prefix, behind another basic command, or behind the semicolon of an extended one."""
_NAMED = re.compile(rb"\+([A-Z][A-Z0-9]*)\s*([=:])", re.IGNORECASE)
_COMMAND = re.compile(rb"\s*AT", re.IGNORECASE)
_ANYWHERE = re.compile(rb"AT", re.IGNORECASE)
_END_OF_COMMAND = re.compile(rb'(?:[^";]|"[^"]*"?)*')
_FINAL = re.compile(rb"\s*(?:OK|ERROR|\+CM[ES] ERROR: .*)\s*")
_TAKES_A_TEXT = re.compile(rb"\+(?:CMGS|CMGW|QCMGS)\s*=\s*(?!\?)", re.IGNORECASE)
_SHOWS_TEXTS = re.compile(rb"\+(CMGR|CMGL|CMT|CDS|CBM)\s*:", re.IGNORECASE)
_LISTS = (b"CMGR", b"CMGL")
_ASKED = re.compile(rb"\+([A-Z][A-Z0-9]*)", re.IGNORECASE)
_NO_ECHO = re.compile(rb"\s*(?:AT|\+(?:CMGS|CMGW|QCMGS):)", re.IGNORECASE)
_BEARER = re.compile(rb"\s*(USER|PWD): (.+?)\s*$")
"""As AT+SAPBR=4 lists them."""

_WHAT = {
    b"CGSN": "IMEI",
    b"GSN": "IMEI",
    b"CIMI": "IMSI",
    b"CCID": "ICCID",
    b"QCCID": "ICCID",
    b"ICCID": "ICCID",
}


class Redactor:
    """The two sides' lines, in their order; :attr:`found` is what has been hidden since it was emptied."""

    def __init__(self) -> None:
        self.found: list[Hidden] = []
        self._known: dict[bytes, bytes] = {}
        self._everywhere: re.Pattern[bytes] | None = None
        self._used: set[bytes] = set()
        self._announced: set[tuple[bytes, str]] = set()
        self._count = 0
        self.typing = False
        """Whether what the host writes is the text of a message, up to Ctrl-Z or ESC."""
        self._listing = False
        """Whether the module lists messages, up to its final result code."""
        self._pushing = False
        """Whether it passes one on, up to an empty line."""
        self._echoing = False
        """Whether it may echo the text of one that the host sends, up to its answer."""
        self._blank = False
        self._asked = IDENTITY
        """What kind the next bare number of the module is."""

    def host(self, line: bytes) -> bytes:
        """A line of the host, with its end; or the text of a message."""
        if self.typing:
            self.typing = line[-1:] not in (b"\x1a", b"\x1b")
            return self._message(line)
        # Data of a known length may stand in front of it, without an end of its own.
        command = _ANYWHERE.search(line) is not None
        hidden = self._line(line, command)
        if command:
            self._asked = next(
                (_WHAT[name] for found in _ASKED.finditer(line) if (name := found[1].upper()) in _WHAT),
                IDENTITY,
            )
            self._listing = self._pushing = False
            self.typing = self._echoing = _TAKES_A_TEXT.search(line) is not None
        return hidden

    def module(self, line: bytes) -> bytes:
        """A line of the module, with its end."""
        behind_blank, self._blank = self._blank, not line.strip()
        if self._blank:
            self._pushing = False
            return line
        head = _SHOWS_TEXTS.match(line.lstrip())
        if head is not None:
            self._listing = head[1].upper() in _LISTS
            self._pushing = not self._listing
            return self._line(line)
        if _FINAL.fullmatch(line) and (behind_blank or not self._listing):
            self._listing = self._pushing = self._echoing = self.typing = False
            return self._line(line)
        if self._listing or self._pushing or (self._echoing and not _NO_ECHO.match(line)):
            return self._message(line)
        return self._line(line)

    def text(self, text: str, kind: str = "") -> str:
        """A value of a log's record: a ``kind``, or whatever it holds."""
        data = text.encode("utf-8", "surrogateescape")
        data = self._stand_in(data, kind) if kind else self._line(data)
        return data.decode("utf-8", "surrogateescape")

    # ---- finding -----------------------------------------------------------------------------------

    def _line(self, line: bytes, command: bool = False) -> bytes:
        places = sorted(self._secrets(line, command or _COMMAND.match(line) is not None))
        pieces: list[bytes] = []
        at = 0
        for start, end, kind in places:
            if start >= at:
                pieces += (self._everything(line[at:start]), self._stand_in(line[start:end], kind))
                at = end
        pieces.append(self._everything(line[at:]))
        return b"".join(pieces)

    def _secrets(self, line: bytes, command: bool) -> Iterator[tuple[int, int, str]]:
        what = self._asked
        for named in _NAMED.finditer(line):
            what = _WHAT.get(named[1].upper(), what)
            name = named[1].upper()
            find = RULES.get(name) or (None if command else RESPONSES.get(name))
            if find is None:
                continue
            start = named.end()
            end = len(line)
            if command:
                rest = _END_OF_COMMAND.match(line, start)
                end = rest.end() if rest else end
            for first, last, kind in find(line[start:end]):
                yield start + first, start + last, kind
        if command:
            extended = _NAMED.search(line)
            basic = extended.start() if extended else len(line)
            for dialled in _DIALLED.finditer(line):
                if dialled.start() >= basic and dialled[1] != b";":
                    continue  # a D among the parameters of an extended command
                start = dialled.start(2)
                for digits in _DIGITS.finditer(dialled[2]):  # those of **04*PIN*PIN*PIN# each alone
                    yield start + digits.start(), start + digits.end(), NUMBER
        elif bearer := _BEARER.match(line):
            yield *bearer.span(2), USER if bearer[1] == b"USER" else PASSWORD
        for identity in _IDENTITY.finditer(line):
            yield *identity.span(), what
        for number in _INTERNATIONAL.finditer(line):
            yield *number.span(), NUMBER

    def _everything(self, data: bytes) -> bytes:
        """``data`` without what was found before."""
        if self._everywhere is None or not data:
            return data
        return self._everywhere.sub(lambda found: self._known[found[0]], data)

    # ---- hiding ------------------------------------------------------------------------------------

    def _message(self, line: bytes) -> bytes:
        body = line.rstrip(b"\r\n\x1a\x1b")
        front = len(body) - len(body.lstrip(b"\r\n> "))
        said = body[front:]
        if not said:
            return line
        kind = PDU if HEX.fullmatch(said) else TEXT
        return line[:front] + self._stand_in(said, kind) + line[len(body) :]

    def _stand_in(self, value: bytes, kind: str) -> bytes:
        made = self._known.get(value)
        if made is not None:
            return made
        if kind == PDU:
            made = hidden_pdu(value)
        elif kind == TEXT or not value.removeprefix(b"+").isdigit():
            made = _of_its_classes(value)
        else:
            made = self._number(value, kind)
        if kind not in (TEXT, PDU):
            self._known[value] = made
            if len(value) >= LEAST:
                self._learn()
        if made != value and (made, kind) not in self._announced:
            self._announced.add((made, kind))
            self.found.append(Hidden(made, kind))
        return made

    def _learn(self) -> None:
        values = sorted((value for value in self._known if len(value) >= LEAST), key=len, reverse=True)
        self._everywhere = re.compile(b"|".join(map(_anywhere, values)))

    def _number(self, value: bytes, kind: str) -> bytes:
        """Another number for each number, with a right check digit where that has one."""
        sign, digits = (b"+", value[1:]) if value.startswith(b"+") else (b"", value)
        identity = len(digits) >= _IDENTITY_DIGITS and kind not in (NUMBER, PIN)
        checked = identity and luhn(digits.decode()) % 10 == 0
        front = digits[:_KEPT] if identity else b""
        own = len(digits) - len(front) - checked
        for _ in range(10**own):
            self._count += 1
            made = front + str(self._count % 10**own).zfill(own).encode()
            made = sign + (with_check_digit(made.decode()).encode() if checked else made)
            if made != value and made not in self._known and made not in self._used:
                break
        self._used.add(made)
        return made


def _anywhere(value: bytes) -> bytes:
    """Where it stands; a short one only as a word or a number of its own."""
    if len(value) >= _SURE:
        return re.escape(value)
    around = rb"\d" if value.isdigit() else rb"[0-9A-Za-z]"
    return rb"(?<!%b)%b(?!%b)" % (around, re.escape(value), around)


def _of_its_classes(value: bytes) -> bytes:
    """Zeros for digits, ``x`` for letters, points for the rest; spaces and line ends stay."""
    return bytes(
        0x30
        if 0x30 <= byte <= 0x39
        else byte
        if byte <= 0x20
        else 0x78
        if byte >= 0x7F or chr(byte).isalpha()
        else 0x2E
        for byte in value
    )

"""Which parameters of commands and responses are secret: one that carries a secret is a row here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

IDENTITY, NUMBER, PIN, TEXT = "identity", "telephone number", "PIN", "text"
USER, PASSWORD, PDU = "user name", "password", "PDU"

HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}){5,}")
_FIELD = re.compile(rb'\s*"(?P<quoted>[^"\r\n]*)"?[^,\r\n]*,?|\s*(?P<bare>[^,\r\n]*),?')
_PIN = re.compile(rb"(?<!\d)\d{4,8}(?!\d)")
_NUMBER = re.compile(rb"\+?[\d*#]{3,}")
_BARE_NUMBER = re.compile(rb"\+\d{3,}|\d{5,}")
"""Without quotes it is longer than a type, a length, or an index."""
_UCS2 = re.compile(rb"(?:00[0-9A-Fa-f]{2}){3,}")
"""A number as AT+CSCS="UCS2" writes it."""
_TIME = re.compile(rb"\d\d/\d\d/\d\d,.*")
_STATUS = re.compile(rb"(?:REC|STO) (?:UN)?(?:READ|SENT)|ALL")

Find = Callable[[bytes], Iterator[tuple[int, int, str]]]
"""What is secret in the parameters of a command or response: where each begins and ends, and its kind."""


@dataclass(frozen=True, slots=True)
class _Field:
    """One parameter, without its quotes."""

    start: int
    end: int
    text: bytes
    quoted: bool

    def as_a(self, kind: str) -> tuple[int, int, str]:
        return self.start, self.end, kind


def _fields(text: bytes) -> list[_Field]:
    fields: list[_Field] = []
    place = 0
    while place < len(text) and text[place] not in b"\r\n":
        found = _FIELD.match(text, place)
        if found is None:
            break
        quoted = found["quoted"] is not None
        name = "quoted" if quoted else "bare"
        fields.append(_Field(*found.span(name), found[name], quoted))
        place = found.end()
    return fields


def _these(kinds: Mapping[int, str]) -> Find:
    """These of the parameters, counted from 0, with quotes or without."""

    def find(text: bytes) -> Iterator[tuple[int, int, str]]:
        for index, field in enumerate(_fields(text)):
            if index in kinds and field.text:
                yield field.as_a(kinds[index])

    return find


def _user_at(index: int) -> Find:
    return _these({index: USER, index + 1: PASSWORD})


def _qicsgp(text: bytes) -> Iterator[tuple[int, int, str]]:
    """GSM: context, APN, user, password; the BG96 has the kind of the context in front of the APN."""
    fields = _fields(text)
    kind_given = len(fields) > 1 and not fields[1].quoted and fields[1].text.isdigit()
    return _user_at(3 if kind_given else 2)(text)


def _profile(text: bytes) -> Iterator[tuple[int, int, str]]:
    """+SAPBR=3,<cid>,"USER","..."."""
    fields = _fields(text)
    kind = {b"USER": USER, b"PWD": PASSWORD}.get(fields[2].text.upper()) if len(fields) > 2 else None
    if kind is not None and len(fields) > 3 and fields[3].text:
        yield fields[3].as_a(kind)


def _is_number(field: _Field) -> bool:
    return (_NUMBER if field.quoted else _BARE_NUMBER).fullmatch(field.text) is not None


def _numbers(text: bytes) -> Iterator[tuple[int, int, str]]:
    for field in _fields(text):
        if _is_number(field):
            yield field.as_a(NUMBER)
        elif field.quoted and _UCS2.fullmatch(field.text):
            yield field.as_a(PDU)


def _entry(text: bytes) -> Iterator[tuple[int, int, str]]:
    """A phone book's, or a caller's out of it: numbers, and names."""
    for index, field in enumerate(_fields(text)):
        if _is_number(field):
            yield field.as_a(NUMBER)
        elif field.quoted and HEX.fullmatch(field.text):
            yield field.as_a(PDU)
        elif field.text and (field.quoted or (index >= 3 and not field.text.isdigit())):
            yield field.as_a(TEXT)


def _header(text: bytes) -> Iterator[tuple[int, int, str]]:
    """A message's: who sent it, by number and by name; not its status, nor its time."""
    for field in _fields(text):
        if _TIME.fullmatch(field.text) or _STATUS.fullmatch(field.text):
            continue
        if _is_number(field):
            yield field.as_a(NUMBER)
        elif field.quoted and field.text:
            yield field.as_a(PDU if HEX.fullmatch(field.text) else TEXT)


def _pins(text: bytes) -> Iterator[tuple[int, int, str]]:
    for digits in _PIN.finditer(text):
        yield *digits.span(), PIN


def _card(text: bytes) -> Iterator[tuple[int, int, str]]:
    """What a file of the card holds, in hexadecimal: its ICCID, its IMSI, numbers."""
    for field in _fields(text):
        if field.quoted and HEX.fullmatch(field.text):
            yield field.as_a(PDU)


RULES: Mapping[bytes, Find] = {
    **dict.fromkeys((b"CPIN", b"CPIN2", b"CLCK", b"CPWD", b"QPIN"), _pins),
    **dict.fromkeys((b"CSTT", b"QIREGAPP"), _user_at(1)),
    **dict.fromkeys((b"CIPCSGP", b"CGAUTH"), _user_at(2)),
    b"QICSGP": _qicsgp,
    b"SAPBR": _profile,
    **dict.fromkeys(
        (b"CMGS", b"CMGW", b"QCMGS", b"CMSS", b"CSCA", b"CCWA", b"COLP", b"CCFC", b"CTFR", b"CSMP"), _numbers
    ),
    **dict.fromkeys((b"CNUM", b"CPBR", b"CPBW", b"CPBF", b"CLIP", b"CLCC"), _entry),
    **dict.fromkeys((b"CRSM", b"CSIM"), _card),
}
"""Of a command's parameters, and of a response's."""
RESPONSES: Mapping[bytes, Find] = {
    b"CUSD": _these({1: TEXT}),
    **dict.fromkeys((b"CMGR", b"CMGL", b"CMT", b"CDS"), _header),
}
"""Secret only where the module says it."""

"""The octets of a short message (3GPP TS 23.040): SMS-DELIVER and SMS-SUBMIT to and from hexadecimal.

Only what a module needs: addresses, the service centre's time stamp, user data in the GSM alphabet,
8-bit data and UCS-2, with or without a user data header. Everything here is pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from . import gsm_text

DIGITS = "0123456789*#abc"
"""Semi-octet values of an address (23.040 9.1.2.3); 15 fills up."""
SUBMIT = 0x01
USER_DATA_HEADER = 0x40
LONGEST_SEPTETS = 160
LONGEST_OCTETS = 140
VALIDITY_OCTETS = {0x00: 0, 0x10: 1, 0x08: 7, 0x18: 7}
"""Octets of TP-VP by the format bits of the first octet (23.040 9.2.3.3)."""


class PduError(ValueError):
    """The octets are not a message of the kind expected (the host's mistake)."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What an SMS-SUBMIT says. ``text`` is that of the user data behind the header."""

    number: str
    text: str
    first_octet: int
    pid: int
    dcs: int
    header: bytes


@dataclass(frozen=True, slots=True)
class Delivered:
    """What an SMS-DELIVER says. ``utc`` is its time stamp in seconds since the Unix epoch."""

    number: str
    text: str
    utc: float
    first_octet: int
    pid: int
    dcs: int
    header: bytes


# ---- parts ---------------------------------------------------------------------------------------


def alphabet_of(dcs: int) -> str:
    """``GSM``, ``8BIT`` or ``UCS2``: the coding that TP-DCS tells (23.038 4)."""
    group = dcs >> 4
    if group < 8:
        return ("GSM", "8BIT", "UCS2", "GSM")[dcs >> 2 & 3]
    if group == 0xE:
        return "UCS2"
    return "8BIT" if group == 0xF and dcs & 4 else "GSM"


def pack(septets: bytes, fill: int = 0) -> bytes:
    """Septets into octets behind ``fill`` bits (23.038 6.1.2.1)."""
    value = 0
    for i, septet in enumerate(septets):
        value |= septet << (7 * i)
    return (value << fill).to_bytes((7 * len(septets) + fill + 7) // 8, "little")


def unpack(octets: bytes, count: int, fill: int = 0) -> bytes:
    """``count`` septets out of octets, after ``fill`` bits."""
    value = int.from_bytes(octets, "little") >> fill
    return bytes([value >> (7 * i) & 0x7F for i in range(count)])


def _semi_octets(digits: str) -> bytes:
    values = [DIGITS.index(digit) for digit in digits]
    if len(values) % 2:
        values.append(15)
    return bytes([low | high << 4 for low, high in zip(values[::2], values[1::2], strict=True)])


def type_of_address(number: str) -> int:
    """145 international, 129 unknown (27.005 <toda>), 208 a name."""
    if number.startswith("+"):
        return 145
    return 129 if all(char in DIGITS for char in number) else 208


def _address(number: str) -> bytes:
    """An address field: its length in semi-octets, its type, its value (23.040 9.1.2.5)."""
    kind = type_of_address(number)
    if kind == 208:
        septets = gsm_text.to_septets(number)
        return bytes(((7 * len(septets) + 3) // 4, kind)) + pack(septets)
    digits = number.removeprefix("+")
    return bytes((len(digits), kind)) + _semi_octets(digits)


def _service_centre(number: str) -> bytes:
    value = bytes((type_of_address(number),)) + _semi_octets(number.removeprefix("+"))
    return bytes((len(value),)) + value


def _time_stamp(utc: float, quarters: int) -> bytes:
    """Seven octets of swapped digits; the zone's sign is bit 3 of the last (23.040 9.2.3.11)."""
    local = datetime.fromtimestamp(utc, UTC) + timedelta(minutes=15 * quarters)
    zone = bytearray(_semi_octets(f"{abs(quarters):02d}"))
    if quarters < 0:
        zone[0] |= 0x08
    return _semi_octets(f"{local:%y%m%d%H%M%S}") + zone


def _fill_bits(header: bytes) -> int:
    return -8 * len(header) % 7


def _user_data(text: str, dcs: int, header: bytes) -> bytes:
    """TP-UDL and TP-UD; raises :class:`~.gsm_text.NotInCharacterSet` or :class:`PduError`."""
    kind = alphabet_of(dcs)
    if kind == "GSM":
        septets = gsm_text.to_septets(text)
        fill = _fill_bits(header)
        length = (8 * len(header) + fill) // 7 + len(septets)
        body = header + pack(septets, fill)
        if length > LONGEST_SEPTETS:
            raise PduError("too long")
        return bytes((length,)) + body
    body = header + text.encode("utf-16-be" if kind == "UCS2" else "latin-1", "replace")
    if len(body) > LONGEST_OCTETS:
        raise PduError("too long")
    return bytes((len(body),)) + body


def fits(text: str, dcs: int) -> bool:
    """Whether one message holds ``text`` in the coding of ``dcs``."""
    try:
        _user_data(text, dcs, b"")
    except (PduError, gsm_text.NotInCharacterSet):
        return False
    return True


def user_data_length(text: str, dcs: int, header: bytes) -> int:
    """TP-UDL: septets or octets."""
    return _user_data(text, dcs, header)[0]


# ---- messages ------------------------------------------------------------------------------------


def with_service_centre(centre: str, tpdu: bytes) -> tuple[int, str]:
    """A TPDU as PDU mode prints it: its own length, and all in hexadecimal (27.005 3.1)."""
    return len(tpdu), (_service_centre(centre) + tpdu).hex().upper()


def deliver(
    number: str, text: str, utc: float, quarters: int, first_octet: int, pid: int, dcs: int, header: bytes
) -> bytes:
    """The TPDU of an SMS-DELIVER (23.040 9.2.2.1)."""
    head = bytes((first_octet,)) + _address(number) + bytes((pid, dcs))
    return head + _time_stamp(utc, quarters) + _user_data(text, dcs, header)


def submit(number: str, text: str, first_octet: int, pid: int, dcs: int, validity: int) -> bytes:
    """The TPDU of an SMS-SUBMIT with TP-MR 0 and a relative validity (23.040 9.2.2.2)."""
    has_validity = VALIDITY_OCTETS[first_octet & 0x18] == 1
    head = bytes((first_octet, 0)) + _address(number) + bytes((pid, dcs))
    return head + (bytes((validity,)) if has_validity else b"") + _user_data(text, dcs, b"")


class _Reader:
    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def take(self, count: int) -> bytes:
        taken = self._octets[self._at : self._at + count]
        if len(taken) < count:
            raise PduError("too short")
        self._at += count
        return taken

    def octet(self) -> int:
        return self.take(1)[0]

    @property
    def left(self) -> int:
        return len(self._octets) - self._at


def tpdu_of(typed: str) -> bytes:
    """The TPDU in what the host typed: hexadecimal, behind the service centre's address."""
    try:
        reader = _Reader(bytes.fromhex(typed))
    except ValueError:
        raise PduError("not hexadecimal") from None
    reader.take(reader.octet())
    return reader.take(reader.left)


def _read_address(reader: _Reader) -> str:
    length, kind = reader.octet(), reader.octet()
    octets = reader.take((length + 1) // 2)
    if kind & 0x70 == 0x50:
        return gsm_text.from_septets(unpack(octets, length * 4 // 7))
    digits = []
    for octet in octets:
        digits += [octet & 15, octet >> 4]
    if any(digit >= len(DIGITS) for digit in digits[:length]):
        raise PduError("not a digit")
    plus = "+" if kind & 0x70 == 0x10 else ""
    return plus + "".join([DIGITS[digit] for digit in digits[:length]])


def _read_user_data(reader: _Reader, dcs: int, with_header: bool) -> tuple[str, bytes]:
    """The text and the header."""
    length = reader.octet()
    kind = alphabet_of(dcs)
    if length > (LONGEST_SEPTETS if kind == "GSM" else LONGEST_OCTETS):
        raise PduError("too long")
    octets = reader.take((7 * length + 7) // 8 if kind == "GSM" else length)
    header = b""
    if with_header:
        if not octets or octets[0] + 1 > len(octets):
            raise PduError("the header is longer than the data")
        header = octets[: octets[0] + 1]
    body = octets[len(header) :]
    if kind == "GSM":
        fill = _fill_bits(header)
        count = length - (8 * len(header) + fill) // 7
        if count < 0:
            raise PduError("the header is longer than the data")
        return gsm_text.from_septets(unpack(body, count, fill)), header
    if kind == "UCS2":
        try:
            return body.decode("utf-16-be"), header
        except UnicodeDecodeError:
            raise PduError("not UCS-2") from None
    return body.decode("latin-1"), header


def read_submit(tpdu: bytes) -> Submitted:
    """An SMS-SUBMIT; raises :class:`PduError` for anything else, and for octets left over."""
    reader = _Reader(tpdu)
    first_octet = reader.octet()
    if first_octet & 3 != SUBMIT:
        raise PduError("not an SMS-SUBMIT")
    reader.octet()  # TP-MR: the module gives its own
    number = _read_address(reader)
    pid, dcs = reader.octet(), reader.octet()
    reader.take(VALIDITY_OCTETS[first_octet & 0x18])
    text, header = _read_user_data(reader, dcs, bool(first_octet & USER_DATA_HEADER))
    if reader.left or not number.removeprefix("+"):
        raise PduError("octets are left over, or there is no address")
    return Submitted(number, text, first_octet, pid, dcs, header)


def _read_time_stamp(reader: _Reader) -> float:
    """Seconds since the Unix epoch (23.040 9.2.3.11)."""
    octets = bytearray(reader.take(7))
    west = octets[6] & 0x08
    octets[6] &= 0xF7
    if any(octet & 15 > 9 or octet >> 4 > 9 for octet in octets):
        raise PduError("not a time")
    year, month, day, hour, minute, second, quarters = [(o & 15) * 10 + (o >> 4) for o in octets]
    try:
        local = datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise PduError("not a time") from None
    return (local - timedelta(minutes=-15 * quarters if west else 15 * quarters)).timestamp()


def read_deliver(tpdu: bytes) -> Delivered:
    """An SMS-DELIVER; raises :class:`PduError` for anything else, and for octets left over."""
    reader = _Reader(tpdu)
    first_octet = reader.octet()
    if first_octet & 3:
        raise PduError("not an SMS-DELIVER")
    number = _read_address(reader)
    pid, dcs = reader.octet(), reader.octet()
    utc = _read_time_stamp(reader)
    text, header = _read_user_data(reader, dcs, bool(first_octet & USER_DATA_HEADER))
    if reader.left:
        raise PduError("octets are left over")
    return Delivered(number, text, utc, first_octet, pid, dcs, header)


def parts_of(text: str, reference: int) -> list[tuple[str, bytes, int]]:
    """``text`` as one or several messages: text, header, TP-DCS of each (23.040 9.2.3.24.1)."""
    gsm = gsm_text.in_alphabet(text)
    dcs = 0 if gsm else 8
    if fits(text, dcs):
        return [(text, b"", dcs)]
    pieces = _cut(text, 153 if gsm else 67)
    return [
        (piece, bytes((5, 0, 3, reference & 0xFF, len(pieces), number)), dcs)
        for number, piece in enumerate(pieces, 1)
    ]


def _cut(text: str, longest: int) -> list[str]:
    """Pieces of at most ``longest`` septets or UCS-2 units; no character is cut in two."""
    gsm = gsm_text.in_alphabet(text)
    pieces, piece, used = [], "", 0
    for char in text:
        cost = len(gsm_text.to_septets(char)) if gsm else len(char.encode("utf-16-be")) // 2
        if used + cost > longest:
            pieces.append(piece)
            piece, used = "", 0
        piece += char
        used += cost
    return [*pieces, piece]

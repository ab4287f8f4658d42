"""A short message's PDU (23.040 9.2) with other numbers and another text, as long as before."""

from __future__ import annotations

from collections.abc import Callable

_DELIVER, _SUBMIT, _REPORT = 0, 1, 2
_SEVEN_BITS, _OCTETS, _UCS2 = 0, 1, 2
_ALPHANUMERIC = 0x50
_LETTER = ord("x")

Digits = Callable[[bytes], bytes]


def without_secrets(pdu: bytes, number: Digits) -> bytes:
    """The octets of ``pdu`` with ``number(digits)`` for each number and ``x`` for each character.

    Raises ``ValueError`` or ``IndexError`` for what is no PDU.
    """
    out = bytearray(pdu)
    place = 1 + pdu[0]
    if pdu[0] > 1:
        _replace_digits(out, 2, place, number)
    first = pdu[place]
    kind = first & 3
    place += 1 if kind == _DELIVER else 2  # TP-MR
    place = _address(out, place, number)
    if kind == _REPORT:
        return bytes(out)
    if kind not in (_DELIVER, _SUBMIT):
        raise ValueError("a TP-MTI that is reserved")
    alphabet = _alphabet(pdu[place + 1])
    place += 2 + (7 if kind == _DELIVER else (0, 7, 1, 7)[first >> 3 & 3])
    length = pdu[place]
    place += 1
    header = pdu[place] + 1 if first & 0x40 and length else 0
    if place + header > len(pdu):
        raise ValueError("a user data header that is longer than the PDU")
    if alphabet == _SEVEN_BITS:
        _septets(out, place, -(-header * 8 // 7), length)
    else:
        filling = b"x" if alphabet == _OCTETS else b"\0x"
        rest = len(pdu) - place - header
        out[place + header :] = (filling * rest)[:rest]
    return bytes(out)


def _address(out: bytearray, place: int, number: Digits) -> int:
    """Replace the address there; where it ends."""
    length, kind = out[place], out[place + 1]
    start, end = place + 2, place + 2 + (length + 1) // 2
    if end > len(out):
        raise ValueError("an address that is longer than the PDU")
    if kind & 0x70 == _ALPHANUMERIC:
        tail = out[end:]
        _septets(out, start, 0, length * 4 // 7, end)
        assert out[end:] == tail
    else:
        _replace_digits(out, start, end, number)
    return end


def _replace_digits(out: bytearray, start: int, end: int, number: Digits) -> None:
    """Semi-octets (23.040 9.1.2.3): digits in pairs, swapped, with F to fill."""
    pairs = bytes(out[start:end]).hex()
    digits = "".join(b + a for a, b in zip(pairs[::2], pairs[1::2], strict=True))
    bare = digits.rstrip("f")
    if not bare.isdigit():
        raise ValueError("an address that is no number")
    digits = number(bare.encode()).decode() + digits[len(bare) :]
    out[start:end] = bytes.fromhex("".join(b + a for a, b in zip(digits[::2], digits[1::2], strict=True)))


def _septets(out: bytearray, place: int, first: int, last: int, end: int | None = None) -> None:
    """Fill septets ``first`` to ``last`` of the packed text at ``place`` (23.038 6.1.2.1)."""
    packed = bytes(out[place:end])
    if last * 7 > len(packed) * 8:
        raise ValueError("a text that is longer than the PDU")
    value = int.from_bytes(packed, "little")
    for index in range(first, last):
        value = value & ~(0x7F << 7 * index) | _LETTER << 7 * index
    out[place:end] = value.to_bytes(len(packed), "little")


def _alphabet(dcs: int) -> int:
    """The alphabet that a TP-DCS says (23.038 4)."""
    if dcs & 0x80 == 0:
        return dcs >> 2 & 3
    if dcs & 0xF0 == 0xF0:
        return dcs >> 2 & 1
    return _UCS2 if dcs & 0xF0 == 0xE0 else _SEVEN_BITS

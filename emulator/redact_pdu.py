"""Short messages as octets, without what they say: numbers and user data become others of the same length.

A message stays one that a module takes (3GPP TS 23.040 9.2): only semi-octets of addresses and the octets of
the text are others, not the header that joins the parts of a long one.
"""

from __future__ import annotations

DELIVER, SUBMIT, STATUS_REPORT = 0, 1, 2
_ALPHANUMERIC = 0x50
_USER_DATA_HEADER = 0x40
_VALIDITY = {0x00: 0, 0x10: 1, 0x08: 7, 0x18: 7}
_TIME_STAMP = 7


def hidden_pdu(text: bytes) -> bytes:
    """Hexadecimal of the same length and case; what is no message becomes zeros."""
    octets = bytearray.fromhex(text.decode("ascii"))
    try:
        _hide(octets)
    except IndexError:
        return b"0" * len(text)
    made = octets.hex().encode()
    return made if text.lower() == text else made.upper()


def _hide(octets: bytearray) -> None:
    centre = octets[0]
    _hide_digits(octets, 2, 1 + centre)
    at = 1 + centre
    first = octets[at]
    kind = first & 3
    at = _hide_address(octets, at + (1 if kind == DELIVER else 2))
    if kind == STATUS_REPORT:
        return
    coding = octets[at + 1]
    at += 2 + (_TIME_STAMP if kind == DELIVER else _VALIDITY[first & 0x18])
    at += 1  # its length
    if first & _USER_DATA_HEADER and at < len(octets):
        at += 1 + octets[at]
    size = len(octets) - at
    if size > 0:
        octets[at:] = _filler(coding, size)


def _hide_address(octets: bytearray, at: int) -> int:
    """Where the address that begins at ``at`` ends."""
    end = at + 2 + (octets[at] + 1) // 2
    if end > len(octets):
        raise IndexError
    if octets[at + 1] & 0x70 == _ALPHANUMERIC:
        octets[at + 2 : end] = bytes(end - at - 2)
    else:
        _hide_digits(octets, at + 2, end)
    return end


def _hide_digits(octets: bytearray, start: int, end: int) -> None:
    """Zeros, but for the semi-octet that fills up."""
    if end > len(octets):
        raise IndexError
    for index in range(start, end):
        octets[index] &= 0xF0 if octets[index] >= 0xF0 else 0


def _filler(coding: int, size: int) -> bytes:
    """``size`` octets of text in the alphabet that TP-DCS tells (23.038 4)."""
    alphabet = coding >> 2 & 3 if coding >> 4 < 8 else 1 if coding >> 4 == 15 and coding & 4 else 0
    if alphabet == 1:
        return b"x" * size
    if alphabet == 2:
        return (b"\x00x" * size)[:size]
    return bytes(size)  # @ of the GSM alphabet

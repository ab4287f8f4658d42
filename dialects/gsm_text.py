"""Characters of short messages: the GSM alphabet (23.038 6.2.1), and the host's character set (+CSCS)."""

from __future__ import annotations

ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet by code; 0x1B leads to the extension."""
EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
ESCAPE = 0x1B

_CODES = {char: bytes((code,)) for code, char in enumerate(ALPHABET) if code != ESCAPE}
_CODES |= {char: bytes((ESCAPE, code)) for code, char in EXTENSION.items()}
_SINGLE_BYTE = {"IRA": "ascii", "8859-1": "latin-1", "PCCP437": "cp437", "PCCP": "cp437", "PCDN": "cp865"}
"""Python's names of the +CSCS character sets that have one byte for a character."""


class NotInCharacterSet(ValueError):
    """A text cannot be written, or what the host typed cannot be read, in a character set."""


def to_septets(text: str) -> bytes:
    """One byte per septet; raises :class:`NotInCharacterSet` for a character outside the alphabet."""
    try:
        return b"".join([_CODES[char] for char in text])
    except KeyError as error:
        raise NotInCharacterSet(error.args[0]) from None


def from_septets(septets: bytes) -> str:
    """The text of ``septets``; an extension code without meaning is a space (23.038 6.2.1.1)."""
    text = []
    escaped = False
    for code in septets:
        if escaped:
            text.append(EXTENSION.get(code, " "))
            escaped = False
        elif code == ESCAPE:
            escaped = True
        else:
            text.append(ALPHABET[code & 0x7F])
    return "".join(text)


def in_alphabet(text: str) -> bool:
    """Whether the GSM alphabet has every character of ``text``."""
    return all(char in _CODES for char in text)


def hex_ucs2(text: str) -> str:
    """Four hexadecimal digits for every UCS-2 character."""
    return text.encode("utf-16-be").hex().upper()


def _from_hex(typed: str) -> bytes:
    try:
        return bytes.fromhex(typed)
    except ValueError:
        raise NotInCharacterSet(typed) from None


def from_ucs2(data: bytes) -> str:
    """The text of UCS-2 (in practice UTF-16) octets."""
    try:
        return data.decode("utf-16-be")
    except UnicodeDecodeError:
        raise NotInCharacterSet(data.hex()) from None


def message_to_host(text: str, charset: str, *, ucs2: bool) -> str:
    """A message's text as the host reads it.

    A message coded in UCS-2 is printed as hexadecimal digits, unless the character set has all of
    it in single bytes other than the GSM ones (seen on SIM800 for Cyrillic text under IRA and GSM).
    """
    if charset == "UCS2":
        return hex_ucs2(text)
    if ucs2:
        codec = _SINGLE_BYTE.get(charset, "ascii")
        return text if _encodes(text, codec) and codec != "ascii" else hex_ucs2(text)
    if charset == "HEX":
        return to_septets(text).hex().upper()
    if charset == "GSM":
        return to_septets(text).decode("latin-1")
    return text.encode(_SINGLE_BYTE.get(charset, "ascii"), "replace").decode("latin-1")


def _encodes(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def word_to_host(text: str, charset: str) -> str:
    """A number or name within an answer."""
    return hex_ucs2(text) if charset == "UCS2" else text


def word_from_host(typed: str, charset: str) -> str:
    """A number or name as typed; raises :class:`NotInCharacterSet`."""
    return from_ucs2(_from_hex(typed)) if charset == "UCS2" else typed


def message_from_host(typed: bytes, charset: str, *, ucs2: bool) -> str:
    """The text that the host typed at the prompt; raises :class:`NotInCharacterSet`.

    Under HEX the digits are those of the message's own coding: UCS-2 octets, or one septet each
    (27.005 3.1 <data>).
    """
    if charset == "UCS2":
        return from_ucs2(_from_hex(typed.decode("latin-1")))
    if charset == "HEX":
        octets = _from_hex(typed.decode("latin-1"))
        return from_ucs2(octets) if ucs2 else from_septets(octets)
    if charset == "GSM":
        return from_septets(typed)
    return typed.decode(_SINGLE_BYTE.get(charset, "ascii"), "replace")

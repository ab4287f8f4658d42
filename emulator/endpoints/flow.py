"""Flow control in words: XON and XOFF among data, and why nothing goes one way at present."""

from __future__ import annotations

import re
from enum import Enum

XON, XOFF = b"\x11", b"\x13"
"""DC1 and DC3 (V.250 6.2.12)."""
_DATA = re.compile(rb"[^\x11\x13]+")


class Stop(Enum):
    """Why nothing goes one way at present."""

    RTS = "the host's RTS is OFF"
    XOFF = "the host has sent XOFF"
    UNREAD = "the client does not read"
    MODULE = "the module takes nothing"
    SENDING = "the wire is busy with what was written"
    FLOOD = "the client asks on and does not read the answers"


def last_word(data: bytes) -> bytes | None:
    """The last of XON and XOFF in ``data``, which holds; None if there is none."""
    on, off = data.rfind(XON), data.rfind(XOFF)
    if on == off:
        return None
    return XON if on > off else XOFF


def without_words(data: bytes) -> bytes:
    """``data`` without XON and XOFF."""
    return b"".join(_DATA.findall(data))

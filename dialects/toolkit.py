"""What the TCP/IP commands of the GSM families share: parameters, the wrong-state error, small helpers."""

from __future__ import annotations

from ..emulator.command import Int, Text, Word
from ..emulator.reply import Cme, Refusal

QUAD = '("(0-255).(0-255).(0-255).(0-255)")'
"""An address as test forms show it."""

TRANSPORT = Word("transport", ("TCP", "UDP"))
LINK = Int("number", 0, 5)
"""A link number (SIM800 note 3; GSM TCPIP AN 3.3)."""
HOST = Text("host", 255, empty=False)
PORT = Int("port", 1, 65535, quoted=True)
"""A port, bare or quoted: both occur in both notes."""
LOCAL_PORT = Int("port", 0, 65535, quoted=True)


def refuse_unless(allowed: bool) -> None:
    """The wrong-state error, unless ``allowed``."""
    if not allowed:
        raise Refusal(Cme.NOT_ALLOWED)

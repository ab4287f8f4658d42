"""Voice calls: ATD, ATA, ATH, +CHUP, +CLCC, +CLIP, +CRC, +CVHU (V.250 6.3, 27.007 6 and 7).

Data calls (circuit switched, or PPP by ``*99#``) do not exist here: they end with NO CARRIER, as on a
module whose network refuses them. There is one call at a time, no telephone book, no USSD by ATD.
"""

from __future__ import annotations

import re

from ..emulator.command import Choice, Text, command, execute, read, test, write
from ..emulator.dialect import CommandSet
from ..emulator.module import Module
from ..emulator.phone import CallState
from ..emulator.radio import SimState
from ..emulator.reply import NO_CARRIER, OK, Refusal, Reply, ResultCode, info
from .settings import setting
from .telephony import Telephony

_DIAL = re.compile(r"[TP]?([0-9*#+ABC,TP!W@]*)[IG]*(;?)", re.IGNORECASE)
"""Digits with the modifiers of V.250 6.3.1 that a SIM800 ignores, CLIR and CUG modifiers (M800 2.2.3)."""
_IGNORED = re.compile(r"[^0-9*#+A-C]")
_SUPPLEMENTARY = re.compile(r"[*#].*#")
"""22.030 6.5.2: a string for the network's services, not a number."""
DIALTONE_IS_TOLD = (2, 4)
"""ATX2 and ATX4: no service is told from other failures (M800 2.2.3)."""


def dial(module: Telephony, number: str) -> Reply:
    """ATD: with ``;`` a voice call, whose OK comes at once (observed); anything else finds no carrier."""
    if number.rstrip(";").upper() == "L":
        if not module.phone.last_dialled:
            raise Refusal
        return _call(module, module.phone.last_dialled)
    found = _DIAL.fullmatch(number)
    if found is None:
        # Also ATD>: the telephone book is empty, so there is no such entry.
        raise Refusal
    if not found[2]:
        return NO_CARRIER
    digits = _IGNORED.sub("", found[1].upper())
    if not digits or "+" in digits[1:] or _SUPPLEMENTARY.fullmatch(digits):
        raise Refusal
    return _call(module, digits)


def _call(module: Telephony, number: str) -> Reply:
    """A second call is refused: the call in progress cannot be held here."""
    if module.sim.state is not SimState.READY or module.phone.state is not CallState.IDLE:
        raise Refusal
    if not module.voice:
        return NO_CARRIER
    if not module.phone.reachable:
        told = module.shell.dialling in DIALTONE_IS_TOLD
        return Reply(final=ResultCode.NO_DIALTONE) if told else NO_CARRIER
    module.phone.dial(number)
    return OK


DIAL = command(
    "D",
    write(Text("number", 556, default=""), run=dial, bad_parameter=None, wrong_state=None),
    cite="V.250 6.3.1; M800 2.2.3; OK at once: observed (SIM800L)",
    op="call.dial",
)


def answer(module: Module) -> Reply:
    """ATA: OK for a voice call, NO CARRIER when nobody calls (M800 2.2.2)."""
    if module.phone.state is not CallState.INCOMING:
        return NO_CARRIER
    module.phone.answer()
    return OK


ANSWER = command("A", write(run=answer, bad_parameter=None), cite="V.250 6.3.5; M800 2.2.2", op="call.answer")


def hook(module: Telephony, value: int) -> Reply:
    """ATH: the call ends; TCP/IP links stay. Under +CVHU=1 it is accepted and ignored (27.007 6.20)."""
    if not module.hang_up_ignored:
        module.phone.hang_up()
    return OK


HOOK = command(
    "H",
    write(Choice("value", (0,), default=0), run=hook, bad_parameter=None, wrong_state=None),
    cite="V.250 6.3.6; M800 2.2.8",
    op="call.end",
)


def chup(module: Module) -> Reply:
    """The call ends whatever +CVHU says (27.007 6.5)."""
    module.phone.hang_up()
    return OK


CHUP = command("+CHUP", test(), execute(chup), cite="27.007 6.5", op="call.end")


def clcc(module: Telephony) -> Reply:
    """The call there is; without one just OK."""
    return OK if module.phone.state is CallState.IDLE else info(module.call_words())


def clcc_read(module: Telephony) -> Reply:
    """Whether changes are reported."""
    return info(f"+CLCC: {module.call_reports}")


def clcc_write(module: Telephony, reports: int) -> Reply:
    """Report changes from now on, or no more."""
    module.call_reports = reports
    return OK


CLCC = command(
    "+CLCC",
    test("+CLCC: (0,1)"),
    read(clcc_read),
    write(Choice("reports", (0, 1)), run=clcc_write),
    execute(clcc),
    cite="27.007 7.18; M800 3.2.16; fields as observed (SIM800L)",
)


def clip_read(module: Module) -> Reply:
    """The setting, and whether the network offers the service (2: it cannot be asked)."""
    return info(f"+CLIP: {module.shell.clip},{1 if module.phone.reachable else 2}")


def clip_write(module: Module, shown: int) -> Reply:
    """Show who calls."""
    module.shell.clip = shown
    return OK


CLIP = command(
    "+CLIP",
    test("+CLIP: (0,1)"),
    read(clip_read),
    write(Choice("shown", (0, 1)), run=clip_write),
    cite="27.007 7.6",
)
CRC = setting("+CRC", "shell.crc", (0, 1), "27.007 6.11")
CVHU = setting("+CVHU", "hang_up_ignored", (0, 1), "27.007 6.20; default 0 assumed; sent by FONA, gsmmodem")

CALLS = CommandSet([DIAL, ANSWER, HOOK, CHUP, CLCC, CLIP, CRC, CVHU])

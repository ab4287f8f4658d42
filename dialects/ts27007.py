"""3GPP TS 27.007: the general commands, and the whole set with card and network.

Identity, error reports, functionality, clock, character set, activity.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from ..emulator.command import Choice, Text, Word, command, execute, read, test, write
from ..emulator.dialect import CommandSet
from ..emulator.module import Module
from ..emulator.reply import OK, Cme, Refusal, Reply, info
from .settings import setting
from .ts27007_network import NETWORK
from .ts27007_sim import SUBSCRIBER
from .v250 import manufacturer, model, revision, serial_number

CGMI = command("+CGMI", test(), execute(manufacturer), cite="27.007 5.1")
CGMM = command("+CGMM", test(), execute(model), cite="27.007 5.2")
CGMR = command("+CGMR", test(), execute(revision), cite="27.007 5.3")
CGSN = command("+CGSN", test(), execute(serial_number), cite="27.007 5.4")


CMEE = setting("+CMEE", "shell.cmee", (0, 1, 2), "27.007 9.1")


# ---- functionality -------------------------------------------------------------------------------


def cfun_read(module: Module) -> Reply:
    """Functionality in force."""
    return info(f"+CFUN: {module.network.functionality}")


def cfun_write(module: Module, level: int, reset: int) -> Reply:
    """0 minimum, 1 full, 4 radio off; with a reset the module restarts behind its OK (observed)."""
    if reset:
        module.after(0.0, lambda: module.power.restart(level))
        return OK
    module.power.set_functionality(level)
    return OK


CFUN = command(
    "+CFUN",
    test("+CFUN: (0,1,4),(0,1)"),
    read(cfun_read),
    write(Choice("level", (0, 1, 4)), Choice("reset", (0, 1), default=0), run=cfun_write),
    cite="27.007 8.2",
    op="power.functionality",
)


# ---- clock ---------------------------------------------------------------------------------------

_TIME = re.compile(r"(\d\d)/(\d\d)/(\d\d),(\d\d):(\d\d):(\d\d)([+-]\d\d)", re.ASCII)


def cclk_read(module: Module) -> Reply:
    """Local time and zone."""
    return info(f'+CCLK: "{module.rtc.text(module.now)}"')


def cclk_write(module: Module, time: str) -> Reply:
    """Set the clock; two digits of the year count from 2000, zones from -48 to +56 quarters."""
    match = _TIME.fullmatch(time)
    if match is None:
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    year, month, day, hour, minute, second, quarters = map(int, match.groups())
    try:
        local = datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise Refusal(Cme.INCORRECT_PARAMETERS) from None
    if not -48 <= quarters <= 56:
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    module.rtc.set_local(module.now, local, quarters)
    return OK


CCLK = command(
    "+CCLK",
    test(),
    read(cclk_read),
    write(Text("time", 20), run=cclk_write),
    cite="27.007 8.15; common.md 8",
)


# ---- character set, activity ---------------------------------------------------------------------

CHARSETS = ("IRA", "GSM", "UCS2", "HEX", "PCCP", "PCDN", "8859-1")


def cscs_read(module: Module) -> Reply:
    """The character set of strings."""
    return info(f'+CSCS: "{module.charset}"')


def cscs_write(module: Module, charset: str) -> Reply:
    """The character set of strings from now on."""
    module.charset = charset
    return OK


CSCS = command(
    "+CSCS",
    test(f"+CSCS: ({','.join(f'{chr(34)}{name}{chr(34)}' for name in CHARSETS)})"),
    read(cscs_read),
    write(Word("charset", CHARSETS), run=cscs_write),
    cite="27.007 5.5; list M800",
)


def cpas(module: Module) -> Reply:
    """What the module is doing."""
    return info(f"+CPAS: {module.activity()}")


CPAS = command("+CPAS", test("+CPAS: (0,2,3,4)"), execute(cpas), cite="27.007 8.1; list M800")


TS27007 = CommandSet([CGMI, CGMM, CGMR, CGSN, CMEE, CFUN, CCLK, CSCS, CPAS]) | SUBSCRIBER | NETWORK

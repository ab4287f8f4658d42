"""SIM800: what hosts ask beside TCP/IP: battery, operator's name, readiness, network time, and the like.

Sources: SIM800 AT manual V1.09 (M800), observed.md, what drivers send (drivers.md).
"""

from __future__ import annotations

from ...emulator.command import Choice, Int, command, read, test, write
from ...emulator.dialect import CommandSet
from ...emulator.module import Module
from ...emulator.reply import OK, Cme, Refusal, Reply, info
from ..battery import CBC
from ..delete_messages import delete_all
from ..settings import setting
from ..ussd import CUSD
from .module import Sim800Module

CLTS = setting("+CLTS", "extras.network_time", (0, 1), "M800 6.2.23; sent by TinyGSM")
CBATCHK = setting(
    "+CBATCHK",
    "extras.voltage_warnings",
    (0, 1),
    "M800 6.2; sent by TinyGSM",
    stub="the voltage warnings that it switches off need a battery that runs down",
)


def cspn(module: Module) -> Reply:
    """The service provider's name on the card, and that it is to be shown."""
    module.require_sim()
    return info(f'+CSPN: "{module.network.operator}",1')


CSPN = command("+CSPN", test(), read(cspn), cite="M800 6.2; sent by TinyGSM")


def ccalr(module: Module) -> Reply:
    """Whether `Call Ready` has come."""
    return info(f"+CCALR: {int(module.power.sms_ready)}")


CCALR = command("+CCALR", test("+CCALR: (0,1)"), read(ccalr), cite="M800 6.2.18")


def cipssl_read(module: Module) -> Reply:
    """Always off."""
    return info("+CIPSSL: 0")


def cipssl_write(module: Module, mode: int) -> Reply:
    """Off is accepted; on is refused, because links are not encrypted here."""
    if mode:
        raise Refusal(Cme.NOT_SUPPORTED)
    return OK


CIPSSL = command(
    "+CIPSSL",
    test("+CIPSSL: (0,1)"),
    read(cipssl_read),
    write(Choice("mode", (0, 1)), run=cipssl_write),
    cite="sent by TinyGSM and lwcell before every connection; firmwares without SSL refuse it",
)


def ddet_read(module: Sim800Module) -> Reply:
    """The four numbers."""
    return info("+DDET: " + ",".join(map(str, module.extras.tones)))


def ddet_write(module: Sim800Module, mode: int, interval: int, report: int, detect: int) -> Reply:
    """Kept, for there are no tones to hear."""
    module.extras.tones = (mode, interval, report, detect)
    return OK


DDET = command(
    "+DDET",
    test("+DDET: (0,1),(0-10000),(0,1),(0,1)"),
    read(ddet_read),
    write(
        Choice("mode", (0, 1)),
        Int("interval", 0, 10000, default=0),
        Choice("report", (0, 1), default=0),
        Choice("detect", (0, 1), default=0),
        run=ddet_write,
    ),
    cite="M800 6.2; sent by python-gsmmodem",
    stub="a call here has no sound, so no tone is ever detected",
)


CMGDA = delete_all("+CMGDA", "M800 4.2; the numbers from memory (assumed)")

EXTRAS = CommandSet([CLTS, CBATCHK, CBC, CSPN, CCALR, CIPSSL, DDET, CUSD, CMGDA])

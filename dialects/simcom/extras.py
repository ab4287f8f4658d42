"""SIM800: what hosts ask beside TCP/IP: battery, operator's name, readiness, network time, and the like.

Sources: SIM800 AT manual V1.09 (M800), observed.md, what drivers send (drivers.md).
"""

from __future__ import annotations

from ...emulator.command import Choice, Int, Text, Word, command, execute, read, test, test_by, write
from ...emulator.dialect import CommandSet
from ...emulator.messages import Status
from ...emulator.module import Module
from ...emulator.reply import OK, Cme, Cms, Refusal, Reply, info
from ..settings import setting
from ..ts27005_messages import EVERY, text_mode
from .module import Sim800Module

NO_SERVICE = 4
"""+CUSD: 4, operation not supported (27.007 7.15)."""


CLTS = setting("+CLTS", "extras.network_time", (0, 1), "M800 6.2.23; sent by TinyGSM")
CBATCHK = setting(
    "+CBATCHK",
    "extras.voltage_warnings",
    (0, 1),
    "M800 6.2; sent by TinyGSM",
    stub="the voltage warnings that it switches off need a battery that runs down",
)


def cbc(module: Sim800Module) -> Reply:
    """Charging or not, percent, millivolts."""
    battery = module.extras.battery
    return info(f"+CBC: {battery.charging},{battery.percent},{battery.millivolts}")


CBC = command("+CBC", test("+CBC: (0-2),(1-100),(voltage)"), execute(cbc), cite="M800 3.2.52; 27.007 8.4")


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


def cusd_read(module: Sim800Module) -> Reply:
    """Whether the network's answers are shown."""
    return info(f"+CUSD: {module.extras.services}")


def cusd_write(module: Sim800Module, mode: int, request: str | None, coding: int) -> Reply:
    """A request is taken, and the network says that it knows no such service."""
    module.require_sim()
    if request is None:
        if mode != 2:
            module.extras.services = mode
        return OK
    if not module.phone.reachable:
        raise Refusal(Cme.NO_NETWORK)
    module.extras.services = 1 if mode == 1 else module.extras.services
    if module.extras.services:
        module.say(f"+CUSD: {NO_SERVICE}")
    return OK


CUSD = command(
    "+CUSD",
    test("+CUSD: (0-2)"),
    read(cusd_read),
    write(
        Choice("mode", (0, 1, 2), default=0),
        Text("request", 182, default=None),
        Int("coding", 0, 255, default=15),
        run=cusd_write,
    ),
    cite="27.007 7.15; the network offers no service (assumed)",
)

# ---- deleting all messages of a kind -------------------------------------------------------------

STORED = (Status.STO_SENT, Status.STO_UNSENT)
RECEIVED = (Status.REC_READ, Status.REC_UNREAD)
KINDS: dict[str, tuple[Status, ...]] = {
    "DEL READ": (Status.REC_READ,),
    "DEL UNREAD": (Status.REC_UNREAD,),
    "DEL SENT": (Status.STO_SENT,),
    "DEL UNSENT": (Status.STO_UNSENT,),
    "DEL INBOX": RECEIVED,
    "DEL ALL": EVERY,
}
"""+CMGDA <type> in text mode; in PDU mode by number, from 1."""


def cmgda_text(module: Sim800Module, kind: str) -> Reply:
    """Delete by word."""
    module.require_sms()
    module.storage(0).delete_all(*KINDS[kind])
    return OK


def cmgda_pdu(module: Sim800Module, kind: int) -> Reply:
    """Delete by number."""
    return cmgda_text(module, tuple(KINDS)[kind - 1])


def cmgda_test(module: Sim800Module) -> Reply:
    """Words in text mode, numbers in PDU mode."""
    words = ",".join([f'"{kind}"' for kind in KINDS])
    return info(f"+CMGDA: ({words})" if text_mode(module) else "+CMGDA: (1-6)")


CMGDA = command(
    "+CMGDA",
    test_by(cmgda_test),
    write(Word("kind", tuple(KINDS)), run=cmgda_text, only=text_mode, bad_parameter=Cms.NOT_SUPPORTED),
    write(Int("kind", 1, 6), run=cmgda_pdu, bad_parameter=Cms.NOT_SUPPORTED),
    cite="M800 4.2; the numbers from memory (assumed)",
    op="sms.delete",
)

EXTRAS = CommandSet([CLTS, CBATCHK, CBC, CSPN, CCALR, CIPSSL, DDET, CUSD, CMGDA])

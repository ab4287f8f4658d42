"""M-series: choosing, configuring, activating and giving up a context, and asking for names.

AT+QIFGCNT, QICSGP, QIMUX, QIMODE, QITCFG, QIDNSIP, QIREGAPP, QIACT, QILOCIP, QIDEACT, QIDNSCFG,
QIDNSGIP. Sources: GSM TCPIP Application Note (S); MAN, DRV, M35, REC as in the README.
"""

from __future__ import annotations

from ....emulator.command import Choice, Int, Text, command, execute, read, test, write
from ....emulator.dialect import CommandSet
from ....emulator.events import Failure
from ....emulator.jobs import Pause, Steps
from ....emulator.reply import OK, Cme, Refusal, Reply, bare, info, literal
from ....emulator.states import Happening
from ...toolkit import dns_servers, refuse_unless
from .module import MxxModule, Transparent
from .states import DOWN, MULTI_ACTIVE, SINGLE_ACTIVE, MultiState, SingleState

INITIAL = {SingleState.IP_INITIAL, MultiState.IP_INITIAL}
STARTED = {SingleState.IP_START, MultiState.IP_START}
ACTIVE = SINGLE_ACTIVE | MULTI_ACTIVE
ASKABLE = INITIAL | STARTED | ACTIVE
"""QIDNSGIP: it brings the context up itself (S 8.2)."""

BIT = (0, 1)

# ---- the foreground context ----------------------------------------------------------------------


def qifgcnt_read(module: MxxModule) -> Reply:
    """The context, and the channel it is bound to (MAN: one channel here)."""
    return info(f"+QIFGCNT: {module.tcpip.foreground},0")


def qifgcnt_write(module: MxxModule, context: int) -> Reply:
    """All QI commands from now on act on this context (S 7.2)."""
    module.tcpip.foreground = context
    return OK


QIFGCNT = command(
    "+QIFGCNT",
    test("+QIFGCNT: (0,1),(0,1)"),
    read(qifgcnt_read),
    write(Choice("context", BIT), run=qifgcnt_write),
    cite="S 3, 7; test form MAN",
)


def qicsgp_read(module: MxxModule) -> Reply:
    """The bearer: GPRS (observed on MC60)."""
    return info("+QICSGP: 1")


def qicsgp_write(module: MxxModule, bearer: int, apn: str, user: str, password: str) -> Reply:
    """GPRS with this APN; a circuit switched bearer does not exist here."""
    refuse_unless(bearer == 1)
    context = module.context
    context.apn, context.user, context.password = apn, user, password
    return OK


QICSGP = command(
    "+QICSGP",
    test(
        "+QICSGP: 0-CSD,DIALNUMBER,USER NAME,PASSWORD,RATE(0,3)",
        "+QICSGP: 1-GPRS,APN,USER NAME,PASSWORD",
    ),
    read(qicsgp_read),
    write(
        Choice("bearer", BIT),
        Text("apn", 100, default=""),
        Text("user", 100, default=""),
        Text("password", 100, default=""),
        run=qicsgp_write,
        needs=INITIAL,
    ),
    cite="S 3; IP INITIAL only: MAN, DRV",
    op="pdp.define",
)


def qimux_read(module: MxxModule) -> Reply:
    """Connection mode of the context."""
    return info(f"+QIMUX: {module.settings.mux}")


def qimux_write(module: MxxModule, mux: int) -> Reply:
    """Multiple connections do not go with transparent mode (S 4; REC)."""
    refuse_unless(not (mux and module.settings.mode))
    module.settings.mux = mux
    return OK


QIMUX = command(
    "+QIMUX",
    test("+QIMUX: (0,1)"),
    read(qimux_read),
    write(Choice("mux", BIT), run=qimux_write, needs=INITIAL),
    cite="S 2.1, 3; TinyGSM#324",
)


def qimode_read(module: MxxModule) -> Reply:
    """Transfer mode of the context."""
    return info(f"+QIMODE: {module.settings.mode}")


def qimode_write(module: MxxModule, mode: int) -> Reply:
    """Transparent needs a single connection, and no second active context (S 4, 7.2)."""
    other = module.stack.contexts[1 - module.tcpip.foreground]
    refuse_unless(not (mode and (module.settings.mux or module.ip_of(other).state not in DOWN)))
    module.settings.mode = mode
    return OK


QIMODE = command(
    "+QIMODE",
    test("+QIMODE: (0-NORMAL MODE,1-TRANSPARENT MODE)"),
    read(qimode_read),
    write(Choice("mode", BIT), run=qimode_write, needs=INITIAL),
    cite="S 2.1, 3, 4; states REC",
)


def qitcfg_read(module: MxxModule) -> Reply:
    """The transparent mode settings."""
    c = module.settings.transparent
    return info(f"+QITCFG: {c.retries},{c.wait},{c.size},{c.escape}")


def qitcfg_write(module: MxxModule, retries: int, wait: int, size: int, escape: int) -> Reply:
    """Not with a link or listener open (REC)."""
    refuse_unless(module.idle(module.context))
    module.settings.transparent = Transparent(retries, wait, size, escape)
    return OK


QITCFG = command(
    "+QITCFG",
    test("+QITCFG: (3-8),(2-10),(1-1460),(0,1)"),
    read(qitcfg_read),
    write(
        Int("retries", 3, 8),
        Int("wait", 2, 10),
        Int("size", 1, 1460),
        Choice("escape", BIT),
        run=qitcfg_write,
    ),
    cite="S 4; ranges MAN",
)


def qidnsip_read(module: MxxModule) -> Reply:
    """Whether QIOPEN takes a name."""
    return info(f"+QIDNSIP: {module.settings.by_name}")


def qidnsip_write(module: MxxModule, by_name: int) -> Reply:
    """Not with a link or listener open (REC)."""
    refuse_unless(module.idle(module.context))
    module.settings.by_name = by_name
    return OK


QIDNSIP = command(
    "+QIDNSIP",
    test("+QIDNSIP: (0,1)"),
    read(qidnsip_read),
    write(Choice("by_name", BIT), run=qidnsip_write),
    cite="S 3, 4, 8.1",
)

# ---- up and down ---------------------------------------------------------------------------------


def qiregapp_read(module: MxxModule) -> Reply:
    """APN, user and password."""
    c = module.context
    return info(f'+QIREGAPP: "{c.apn}","{c.user}","{c.password}"')


def qiregapp_execute(module: MxxModule) -> Reply:
    """Register the stack with the APN of QICSGP."""
    module.ip.fire(Happening.APP_STARTED)
    return OK


def qiregapp_write(module: MxxModule, apn: str, user: str, password: str) -> Reply:
    """The same with an APN of its own (REC)."""
    module.context.apn, module.context.user, module.context.password = apn, user, password
    return qiregapp_execute(module)


QIREGAPP = command(
    "+QIREGAPP",
    test('+QIREGAPP: "APN","USER","PWD"'),
    read(qiregapp_read),
    write(
        Text("apn", 100),
        Text("user", 100, default=""),
        Text("password", 100, default=""),
        run=qiregapp_write,
        needs=INITIAL,
    ),
    execute(qiregapp_execute, needs=INITIAL),
    cite="S 3, 5.6.1, 8.2; M35",
)


def qiact(module: MxxModule) -> Steps:
    """IP CONFIG, IP IND, IP GPRSACT; refused by the network: ERROR and PDP DEACT (REC)."""
    refuse_unless(module.may_activate(module.context))
    if not (yield from module.activate(module.context)):
        raise Refusal(Cme.NOT_ALLOWED)
    return OK


QIACT = command("+QIACT", test(), execute(qiact, needs=STARTED), cite="S 3, 5.6.1, 8.2", op="pdp.activate")


def qilocip(module: MxxModule) -> Reply:
    """The address alone, without OK (S 3; observed)."""
    module.ip.fire(Happening.ADDRESS_READ)
    return bare(module.context.address)


QILOCIP = command(
    "+QILOCIP", test(), execute(qilocip, needs=ACTIVE), cite="S 3, 3.2, 7.2; states MAN", op="pdp.address"
)


def qideact(module: MxxModule) -> Steps:
    """In every state; links and listener end without a word (S 5.5, REC)."""
    module.deactivate(module.context)
    yield Pause("deactivate")
    return literal("DEACT OK")


QIDEACT = command("+QIDEACT", test(), execute(qideact), cite="S 3.1, 5.5, 6.3", op="pdp.deactivate")

# ---- names ---------------------------------------------------------------------------------------


QIDNSCFG = dns_servers(
    "+QIDNSCFG", '"Primary DNS","Secondary DNS"', "S 8.2; read form MAN; test form assumed"
)

DNS_ERRORS = {Failure.NOT_FOUND: 3, Failure.TIMED_OUT: 5}
"""MAN: 3 network, 5 timeout."""
NETWORK = 3


def _look_up(module: MxxModule, name: str) -> Steps:
    context = module.context
    found: tuple[str, ...] | Failure = Failure.UNREACHABLE
    if (yield from module.bring_up(context)):
        found = yield from module.stack.resolve(name, context)
    if not context.active:
        found = Failure.UNREACHABLE  # refused, or lost meanwhile
    if isinstance(found, Failure):
        module.say(f"ERROR: {DNS_ERRORS.get(found, NETWORK)}")
        return
    for address in found:
        module.say(address)


def qidnsgip(module: MxxModule, name: str) -> Reply:
    """OK, then each address in a frame of its own (S 8.2); nothing more after AT+QIDEACT."""
    refuse_unless(module.may_activate(module.context) and module.stack.may_ask)
    module.look_up(module.context, _look_up(module, name))
    return OK


QIDNSGIP = command(
    "+QIDNSGIP",
    test(),
    write(Text("name", 253, empty=False), run=qidnsgip, needs=ASKABLE),
    cite="S 8.2; states REC",
    op="dns.resolve",
)

CONTEXTS = CommandSet(
    [
        QIFGCNT,
        QICSGP,
        QIMUX,
        QIMODE,
        QITCFG,
        QIDNSIP,
        QIREGAPP,
        QIACT,
        QILOCIP,
        QIDEACT,
        QIDNSCFG,
        QIDNSGIP,
    ]
)

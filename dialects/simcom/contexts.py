"""SIM800: bringing the wireless link up and down, and asking for names.

AT+CSTT, CIICR, CIFSR, CIPSHUT, CDNSGIP, CDNSCFG. Sources: SIM800 TCPIP Application Note (S), M800,
M7000, observed logs; REC as in simcom_sim800.md.
"""

from __future__ import annotations

from ...emulator.command import Text, command, execute, read, test, write
from ...emulator.dialect import CommandSet
from ...emulator.events import Failure
from ...emulator.jobs import Pause, Steps
from ...emulator.reply import OK, Refusal, Reply, bare, info, literal
from ...emulator.states import Happening
from ..toolkit import dns_servers, refuse_unless
from .modes import INITIAL
from .module import Sim800Module
from .states import MULTI_ACTIVE, SINGLE_ACTIVE, MultiState, SingleState

STARTED = {SingleState.IP_START, MultiState.IP_START}
ACTIVE = SINGLE_ACTIVE | MULTI_ACTIVE

DNS_COMMON_ERROR = 8
"""S 5: +CDNSGIP: 0,<err>."""
DNS_NETWORK_ERROR = 3


def cstt_read(module: Sim800Module) -> Reply:
    """APN, user and password of the selected context."""
    context = module.context
    return info(f'+CSTT: "{context.apn}","{context.user}","{context.password}"')


def cstt_write(module: Sim800Module, apn: str, user: str, password: str) -> Reply:
    """Start the task with this APN; user and password left out are empty."""
    context = module.context
    context.apn, context.user, context.password = apn, user, password
    return cstt_execute(module)


def cstt_execute(module: Sim800Module) -> Reply:
    """Start the task with the values that are there."""
    module.ip.fire(Happening.APP_STARTED)
    return OK


CSTT = command(
    "+CSTT",
    test('+CSTT: "APN","USER","PWD"'),
    read(cstt_read),
    write(
        Text("apn", 50),
        Text("user", 50, default=""),
        Text("password", 50, default=""),
        run=cstt_write,
        needs=INITIAL,
    ),
    execute(cstt_execute, needs=INITIAL),
    cite="S 2.1.1; M7000",
    op="pdp.define",
)


def ciicr(module: Sim800Module) -> Steps:
    """IP CONFIG while it runs; a refusal by the network is a plain ERROR behind +PDP: DEACT (observed)."""
    module.ip.fire(Happening.BRING_UP_STARTED)
    granted = yield from module.stack.activate(module.context)
    if not granted:
        module.ip.fire(Happening.CONTEXT_REFUSED)
        with module.interjecting():
            module.say("+PDP: DEACT")
        raise Refusal
    module.ip.fire(Happening.CONTEXT_ACTIVATED)
    return OK


CIICR = command("+CIICR", test(), execute(ciicr, needs=STARTED), cite="S 2.1.1; M7000", op="pdp.activate")


def cifsr(module: Sim800Module) -> Reply:
    """The local address alone, without OK; from IP GPRSACT it moves to IP STATUS."""
    module.ip.fire(Happening.ADDRESS_READ)
    return bare(module.context.address)


CIFSR = command("+CIFSR", test(), execute(cifsr, needs=ACTIVE), cite="S 2.1.1, 8; M800", op="pdp.address")


def cipshut(module: Sim800Module) -> Steps:
    """Accepted in every state; ends everything on the selected context, without CLOSED lines."""
    module.shut()
    yield Pause("shut")
    return literal("SHUT OK")


CIPSHUT = command("+CIPSHUT", test(), execute(cipshut), cite="S 3.1, 4, 9; M7000", op="pdp.deactivate")


def _look_up(module: Sim800Module, name: str) -> Steps:
    context = module.context
    found = yield from module.stack.resolve(name, context)
    if not context.active:
        found = Failure.UNREACHABLE  # lost or shut meanwhile
    if isinstance(found, Failure):
        error = DNS_COMMON_ERROR if found is Failure.NOT_FOUND else DNS_NETWORK_ERROR
        module.say(f"+CDNSGIP: 0,{error}")
    else:
        addresses = ",".join(f'"{address}"' for address in found[:2])
        module.say(f'+CDNSGIP: 1,"{name}",{addresses}')


def cdnsgip(module: Sim800Module, name: str) -> Reply:
    """OK at once, the result as a URC; two addresses at the most (S 5)."""
    refuse_unless(module.stack.may_ask)
    module.start(_look_up(module, name))
    return OK


CDNSGIP = command(
    "+CDNSGIP",
    test(),
    write(Text("name", 253, empty=False), run=cdnsgip, needs=ACTIVE),
    cite="S 5; M7000",
    op="dns.resolve",
)


CDNSCFG = dns_servers("+CDNSCFG", '("Primary DNS"),("Secondary DNS")', "M7000; drivers")

CONTEXTS = CommandSet([CSTT, CIICR, CIFSR, CIPSHUT, CDNSGIP, CDNSCFG])

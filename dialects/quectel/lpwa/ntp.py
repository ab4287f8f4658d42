"""BG96: AT+QNTP. Source: BG96 TCP/IP AT Commands Manual V1.0 (S) 2.1.12, 3.8; REC as in the README."""

from __future__ import annotations

from ....emulator.command import Choice, Int, Quotes, Text, read, test, write
from ....emulator.dialect import CommandSet
from ....emulator.events import Address, Failure
from ....emulator.jobs import Steps
from ....emulator.reply import OK, Reply, info
from .contexts import CONTEXT, CONTEXTS
from .errands import Errand, Kind
from .errors import TcpIpError, refuse, tcpip
from .module import Bg96Module
from .names import HOST_LENGTH

E = TcpIpError
PORT = 123
"""Where the manual names no default (REC)."""


def _synchronise(module: Bg96Module, errand: Errand, server: Address, sets: bool) -> Steps:
    """The time as the module's clock shows it, in its zone; or why there is none (S 2.1.12; REC)."""
    latest = module.now + module.timings["ntp limit"]
    error, utc = errand.fault, None
    if error is E.NONE:
        found = yield from module.stack.look_up(server.host, errand.context, errand.over)
        if isinstance(found, Failure):
            error = E.DNS_PARSE
        else:
            place = Address(found.addresses[0], server.port)
            left = latest - module.now
            utc = yield from module.stack.ask_ntp(errand.context, place, left, errand.over)
            error = E.TIMEOUT if utc is None else E.NONE
    if errand.over():
        error = errand.fault
    if utc is None or error is not E.NONE:
        module.late(f"+QNTP: {error.number}", error)
        return
    if sets:
        module.rtc.set_utc(module.now, utc, module.rtc.quarters)
    local = module.rtc.local_of(utc)
    module.say(f'+QNTP: 0,"{local:%Y/%m/%d,%H:%M:%S}{module.rtc.quarters:+03d}"')


def qntp_read(module: Bg96Module) -> Reply:
    """The server, while it is being asked (S 2.1.12)."""
    errand = module.errands.get(Kind.NTP)
    if errand is None or errand.server is None:
        return OK
    return info(f'+QNTP: "{errand.server.host}",{errand.server.port}')


def qntp_write(module: Bg96Module, number: int, server: str, port: int, sets: int) -> Reply:
    """OK, and the time behind it; one at a time (S 4: 568)."""
    if ":" in server:
        raise refuse(E.NOT_SUPPORTED)
    if module.errands.get(Kind.NTP) is not None:
        raise refuse(E.BUSY)
    context, asked = module.context(number), Address(server, port)
    fault = module.fault_of_errand(context, "net.ntp")
    module.errands.begin(
        Kind.NTP, context, fault, lambda errand: _synchronise(module, errand, asked, bool(sets)), asked
    )
    return OK


QNTP = tcpip(
    "+QNTP",
    test(f"+QNTP: {CONTEXTS},<server>,(1-65535),(0,1)"),
    read(qntp_read),
    write(
        CONTEXT,
        Text("server", HOST_LENGTH, quotes=Quotes.REQUIRED, empty=False),
        Int("port", 1, 65535, default=PORT),
        Choice("sets", (0, 1), default=1),
        run=qntp_write,
    ),
    cite="S 2.1.12, 3.8",
    op="net.ntp",
)

NTP = CommandSet([QNTP])

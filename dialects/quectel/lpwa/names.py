"""BG96: the DNS servers of a context, and asking them.

AT+QIDNSCFG, QIDNSGIP. Source: BG96 TCP/IP AT Commands Manual V1.0 (S) 2.1.13, 2.1.14; REC as in the README.
"""

from __future__ import annotations

from ....emulator.command import Ipv4, Quotes, Text, test, write
from ....emulator.dialect import CommandSet
from ....emulator.events import Failure
from ....emulator.jobs import Steps
from ....emulator.reply import OK, Reply, info
from .contexts import CONTEXT, CONTEXTS
from .errands import Errand, Kind
from .errors import TcpIpError, refuse, tcpip
from .module import Bg96Module

E = TcpIpError
HOST_LENGTH = 255
"""Characters of a name (RFC 1035)."""

LOOKUP_ERRORS = {Failure.TIMED_OUT: E.TIMEOUT, Failure.UNREACHABLE: E.TIMEOUT}
"""<err> of a lookup that nobody answered; everything else is 565 (S 4; REC)."""


def _refuse_without(module: Bg96Module, number: int) -> None:
    fault = module.fault_of(module.context(number))
    if fault is not E.NONE:
        raise refuse(fault)


def qidnscfg_write(module: Bg96Module, number: int, primary: str | None, secondary: str | None) -> Reply:
    """A context alone asks; a secondary server left out stays as it is (REC)."""
    if primary is None and secondary is not None:
        raise refuse(E.INVALID_PARAMETERS)
    _refuse_without(module, number)
    own = module.tcpip.of(module.context(number))
    if primary is None:
        return info(f'+QIDNSCFG: {number},"{own.dns[0]}","{own.dns[1]}"')
    own.dns = (primary, own.dns[1] if secondary is None else secondary)
    return OK


QIDNSCFG = tcpip(
    "+QIDNSCFG",
    test(f"+QIDNSCFG: {CONTEXTS},<pridnsaddr>,<secdnsaddr>"),
    write(
        CONTEXT,
        Ipv4("primary", quotes=Quotes.REQUIRED, default=None),
        Ipv4("secondary", quotes=Quotes.REQUIRED, default=None),
        run=qidnscfg_write,
    ),
    cite="S 2.1.13",
)


def _look_up(module: Bg96Module, errand: Errand, name: str) -> Steps:
    """How many addresses, and each of them; or why there is none, alone (S 2.1.14; REC)."""
    found = yield from module.stack.look_up(name, errand.context, errand.over)
    if errand.over() or isinstance(found, Failure):
        error = errand.fault if errand.over() else LOOKUP_ERRORS.get(found, E.DNS_PARSE)
        module.late(f'+QIURC: "dnsgip",{error.number}', error)
        return
    module.say(f'+QIURC: "dnsgip",0,{len(found.addresses)},{found.ttl}')
    for address in found.addresses:
        module.say(f'+QIURC: "dnsgip","{address}"')


def qidnsgip_write(module: Bg96Module, number: int, name: str) -> Reply:
    """OK, and the result as URCs; one at a time (S 4: 564)."""
    _refuse_without(module, number)
    if module.errands.get(Kind.DNS) is not None:
        raise refuse(E.DNS_BUSY)
    context = module.context(number)
    fault = module.fault_of_errand(context, "dns.resolve")
    module.errands.begin(Kind.DNS, context, fault, lambda errand: _look_up(module, errand, name))
    return OK


QIDNSGIP = tcpip(
    "+QIDNSGIP",
    test(f"+QIDNSGIP: {CONTEXTS},<hostname>"),
    write(CONTEXT, Text("name", HOST_LENGTH, quotes=Quotes.REQUIRED, empty=False), run=qidnsgip_write),
    cite="S 2.1.14",
    op="dns.resolve",
)

NAMES = CommandSet([QIDNSCFG, QIDNSGIP])

"""BG96: AT+QPING. Source: BG96 TCP/IP AT Commands Manual V1.0 (S) 2.1.11, 3.7; REC as in the README."""

from __future__ import annotations

from ....emulator.command import Int, Quotes, Text, test, write
from ....emulator.dialect import CommandSet
from ....emulator.events import Failure
from ....emulator.jobs import Steps
from ....emulator.reply import OK, Reply
from .contexts import CONTEXT, CONTEXTS
from .errands import Errand, Kind
from .errors import TcpIpError, refuse, tcpip
from .module import Bg96Module
from .names import HOST_LENGTH

E = TcpIpError
SIZE = 32
"""Bytes of data in a request (S 3.7)."""


def _pings(module: Bg96Module, errand: Errand, host: str, seconds: int, count: int) -> Steps:
    """A line for each ping, then the statistics; one line alone where nobody is to ping (S 2.1.11; REC)."""

    def end(error: TcpIpError) -> None:
        module.late(f"+QPING: {error.number}", error)

    stack, context = module.stack, errand.context
    if errand.over():
        end(errand.fault)
        return
    found = yield from stack.look_up(host, context, errand.over)
    if errand.over() or isinstance(found, Failure):
        end(errand.fault if errand.over() else E.DNS_PARSE)
        return
    address = found.addresses[0]
    times: list[int] = []
    for _ in range(count):
        answer = yield from stack.ping(context, address, SIZE, float(seconds), errand.over)
        if errand.over():
            end(errand.fault)
            return
        if answer is None:
            end(E.TIMEOUT)
            continue
        times.append(round(answer.rtt * 1000))
        module.say(f'+QPING: 0,"{address}",{SIZE},{times[-1]},{answer.ttl}')
    module.say(_statistics(count, times))


def _statistics(count: int, times: list[int]) -> str:
    """The closing line; the average is cut (digest, item 6), and all three are 0 if nobody answered (REC)."""
    received = len(times)
    shortest, longest, average = (min(times), max(times), sum(times) // received) if times else (0, 0, 0)
    return f"+QPING: 0,{count},{received},{count - received},{shortest},{longest},{average}"


def qping_write(module: Bg96Module, number: int, host: str, seconds: int, count: int) -> Reply:
    """OK, and what comes of it behind; one at a time (S 4: 568)."""
    if ":" in host:
        raise refuse(E.NOT_SUPPORTED)
    if module.errands.get(Kind.PING) is not None:
        raise refuse(E.BUSY)
    context = module.context(number)
    fault = module.fault_of_errand(context, "net.ping")
    module.errands.begin(
        Kind.PING, context, fault, lambda errand: _pings(module, errand, host, seconds, count)
    )
    return OK


QPING = tcpip(
    "+QPING",
    test(f"+QPING: {CONTEXTS},<host>,(1-255),(1-10)"),
    write(
        CONTEXT,
        Text("host", HOST_LENGTH, quotes=Quotes.REQUIRED, empty=False),
        Int("seconds", 1, 255, default=4),
        Int("count", 1, 10, default=4),
        run=qping_write,
    ),
    cite="S 2.1.11, 3.7",
    op="net.ping",
)

PING = CommandSet([QPING])

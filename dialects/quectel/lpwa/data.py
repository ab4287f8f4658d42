"""BG96: sending, asking for figures, and fetching what was received.

AT+QISEND, QISENDEX, QIRD. Source: BG96 TCP/IP AT Commands Manual V1.0 (S) 2.1.7 to 2.1.9; REC, LOG as in the
README.
"""

from __future__ import annotations

import re

from ....emulator.command import Int, Ipv4, Quotes, Text, test, write
from ....emulator.dialect import CommandSet
from ....emulator.effects import Transport
from ....emulator.events import Address
from ....emulator.jobs import Prompt, Steps, Until
from ....emulator.reply import Reply, info, literal
from .connections import CONNECT_ID, CONNECT_IDS, refuse_unusable
from .errors import TcpIpError, refuse, tcpip
from .module import Bg96Module
from .sockets import STREAMS, Access, Service, Socket
from .states import SocketState

E = TcpIpError
S = SocketState

PAYLOAD = 1460
"""S 2.1.7: the most that one send takes; what is typed beyond is dropped."""
LONGEST_READ = 1500
"""S 2.1.8."""
HEX = 512
"""Bytes of one QISENDEX (S 2.1.9)."""
_DIGITS = re.compile(rb"(?:[0-9A-Fa-f]{2})*")

SEND_OK = literal("SEND OK")
SEND_FAIL = literal("SEND FAIL")


def decoded(digits: bytes) -> bytes:
    """The bytes of a string of hexadecimal digits; 552 for anything else."""
    if not _DIGITS.fullmatch(digits):
        raise refuse(E.INVALID_PARAMETERS)
    return bytes.fromhex(digits.decode("ascii"))


# ---- sending -------------------------------------------------------------------------------------


def _refuse_lost(socket: Socket, use: int) -> None:
    """The link was lost while the prompt was open (REC)."""
    if socket.state is not S.CONNECTED or socket.use != use:
        raise refuse(E.WRITE if socket.reset else socket.end)


def _hand_over(module: Bg96Module, socket: Socket, data: bytes, to: Address | None) -> Steps:
    """SEND OK: the stack has it (S 2.1.7); SEND FAIL: its buffer is full, and stays full (assumed)."""
    use, link = socket.use, socket.link
    if not data:
        return SEND_FAIL
    if not (yield Until(lambda: module.stack.has_room(link, len(data)), "send fail")):
        return SEND_FAIL
    _refuse_lost(socket, use)
    ordered = module.failures.take("socket.send")
    if ordered is E.NONE:
        return SEND_FAIL
    if ordered is not None:
        raise refuse(ordered)
    module.stack.send(link, data, to)
    return SEND_OK


def _figures(socket: Socket) -> Reply:
    """Sent, acknowledged, outstanding; UDP waits for nothing (S 2.1.7; REC)."""
    if socket.state is S.INITIAL:
        raise refuse(E.INVALID_PARAMETERS)
    if socket.state is S.OPENING:
        raise refuse(E.BLOCKED)
    if socket.service is Service.TCP_LISTENER:
        raise refuse(E.NOT_ALLOWED)
    link = socket.link
    acked = link.acked if link.transport is Transport.TCP else link.sent
    return info(f"+QISEND: {link.sent},{acked},{link.sent - acked}")


def _send(module: Bg96Module, socket: Socket, length: int | None, to: Address | None) -> Steps:
    use = socket.use
    payload = yield Prompt(length, PAYLOAD, echo=bool(module.tcpip.echo_payload))
    if payload.cancelled:
        raise refuse(E.CANCEL_SEND)
    _refuse_lost(socket, use)
    data = decoded(payload.data) if module.config.send_hex else payload.data
    return (yield from _hand_over(module, socket, data, to))


def qisend_write(
    module: Bg96Module, number: int, length: int | None, host: str | None, port: int | None
) -> Reply | Steps:
    """Until Ctrl+Z, of a fixed length, to an address (UDP SERVICE), or with length 0 the figures."""
    socket = module.sockets[number]
    if (host is None) is not (port is None) or (host is not None and not length):
        raise refuse(E.INVALID_PARAMETERS)
    if length == 0:
        return _figures(socket)
    refuse_unusable(module, socket)
    if socket.service is Service.TCP_LISTENER or (socket.service is Service.UDP_SERVICE) is (host is None):
        raise refuse(E.NOT_ALLOWED)
    to = None if host is None or port is None else Address(host, port)
    return _send(module, socket, length, to)


QISEND = tcpip(
    "+QISEND",
    test(f"+QISEND: {CONNECT_IDS},(0-{PAYLOAD})"),
    write(
        CONNECT_ID,
        Int("length", 0, PAYLOAD, default=None),
        Ipv4("host", quotes=Quotes.REQUIRED, default=None),
        Int("port", 1, 65535, default=None),
        run=qisend_write,
    ),
    cite="S 2.1.7, 3.2.2, 3.4.2, 3.6.2",
    op="socket.send",
)


def qisendex_write(module: Bg96Module, number: int, digits: str) -> Steps:
    """Bytes written as hexadecimal digits, whatever AT+QICFG="dataformat" says."""
    socket = module.sockets[number]
    refuse_unusable(module, socket)
    if socket.service not in STREAMS:
        raise refuse(E.NOT_ALLOWED)
    return _hand_over(module, socket, decoded(digits.encode("latin-1")), None)


QISENDEX = tcpip(
    "+QISENDEX",
    test(f"+QISENDEX: {CONNECT_IDS},<hex_string>"),
    write(CONNECT_ID, Text("digits", 2 * HEX, quotes=Quotes.REQUIRED), run=qisendex_write),
    cite="S 2.1.9, 3.2.2; OK of the test form BGAN",
    op="socket.send",
)

# ---- AT+QIRD -------------------------------------------------------------------------------------


def qird_write(module: Bg96Module, number: int, length: int) -> Reply:
    """What is there: of a stream up to ``length``, of a datagram the same, of UDP SERVICE one whole one."""
    socket = module.sockets[number]
    link = socket.link
    if socket.state is S.INITIAL:
        raise refuse(E.INVALID_PARAMETERS)
    if socket.state is S.OPENING:
        raise refuse(E.BLOCKED)
    if socket.service is Service.TCP_LISTENER:
        raise refuse(E.NOT_ALLOWED)
    if length == 0:
        return info(f"+QIRD: {link.received},{link.read},{link.received - link.read}")
    if not link.unread or socket.access is Access.DIRECT_PUSH:
        return info("+QIRD: 0")
    data, source = link.inbox[0]
    sender = ""
    if socket.service is Service.UDP_SERVICE:
        length, sender = len(data), f',"{source.host}",{source.port}'
    elif link.transport is Transport.UDP:
        length = min(length, len(data))
    data = module.stack.take(link, length)
    return Reply(data=module.shown(f"+QIRD: {len(data)}{sender}", data))


QIRD = tcpip(
    "+QIRD",
    test(f"+QIRD: {CONNECT_IDS},(0-{LONGEST_READ})"),
    write(CONNECT_ID, Int("length", 0, LONGEST_READ, default=LONGEST_READ), run=qird_write),
    cite="S 2.1.8, 2.2.2, 3.2.3, 3.5.3, 3.6.3",
    op="socket.recv",
)

DATA = CommandSet([QISEND, QISENDEX, QIRD])

"""The ACME M1: its commands, and the constant that puts it together."""

from __future__ import annotations

from vmodem.dialects.settings import setting
from vmodem.dialects.ts27007 import TS27007
from vmodem.dialects.v250 import V250
from vmodem.emulator.command import Choice, Int, Quotes, Text, Word, command, execute, read, test, write
from vmodem.emulator.dialect import CommandSet, Dialect, Escape, Identity, Limits
from vmodem.emulator.effects import Transport
from vmodem.emulator.jobs import Pause, Prompt, Steps
from vmodem.emulator.links import Link
from vmodem.emulator.reply import OK, Refusal, Reply, ResultCode, info
from vmodem.emulator.states import OPENING, ContextState, Happening
from vmodem.emulator.timing import fixed, latency

from .module import M1Error, M1Module, SocketState

SOCKETS = 4
LONGEST = 1024
SOCKET_NUMBER = Int("number", 0, SOCKETS - 1)

# ---- who it is (M1 1) ----------------------------------------------------------------------------


def msn(module: M1Module) -> Reply:
    """The serial number."""
    return info(f"+MSN: {module.options.imei}")


MSN = command("+MSN", execute(msn), cite="M1 1.2")

# ---- the context (M1 3) --------------------------------------------------------------------------


def mapn_read(module: M1Module) -> Reply:
    """The access point's name."""
    return info(f'+MAPN: "{module.context.apn}"')


def mapn_write(module: M1Module, apn: str) -> Reply:
    """Only while the context is down."""
    module.context.apn = apn
    return OK


MAPN = command(
    "+MAPN",
    read(mapn_read),
    write(
        Text("apn", 64, quotes=Quotes.REQUIRED),
        run=mapn_write,
        needs={ContextState.INACTIVE, ContextState.LOST},
    ),
    cite="M1 3.3",
    op="pdp.define",
)


def mnet_read(module: M1Module) -> Reply:
    """Whether the context is up, and its address."""
    context = module.context
    return info(f'+MNET: {int(context.active)},"{context.address}"')


def mnet_write(module: M1Module, up: int) -> Steps:
    """Up, or down with every socket on it."""
    context = module.context
    if up == context.active:
        return OK
    module.stack.shut(context)
    if not up:
        for socket in module.sockets:
            socket.fire(Happening.SHUT)
        yield Pause("release")
    elif not (yield from module.stack.activate(context)):
        raise Refusal(M1Error.NO_CONTEXT)
    return OK


MNET = command(
    "+MNET",
    test("+MNET: (0,1)"),
    read(mnet_read),
    write(Choice("up", (0, 1)), run=mnet_write),
    cite="M1 3.1",
    op="pdp.activate",
)

# ---- sockets (M1 4) ------------------------------------------------------------------------------


def mopen_write(module: M1Module, number: int, transport: str, host: str, port: int) -> Reply:
    """OK; +MOPENED or +MFAIL follows."""
    socket, link = module.sockets[number], module.stack.links[number]
    if socket.state is not SocketState.FREE:
        raise Refusal(M1Error.IN_USE)
    module.stack.begin(link, Transport(transport), module.context)
    socket.fire(OPENING[link.transport])
    link.job = module.start(module.stack.open(link, host, port))
    return OK


MOPEN = command(
    "+MOPEN",
    test(f'+MOPEN: (0-{SOCKETS - 1}),("TCP","UDP"),<host>,(1-65535)'),
    write(
        SOCKET_NUMBER,
        Word("transport", ("TCP", "UDP"), quotes=Quotes.REQUIRED),
        Text("host", 100, quotes=Quotes.REQUIRED, empty=False),
        Int("port", 1, 65535),
        run=mopen_write,
        needs={ContextState.ACTIVE},
        wrong_state=M1Error.NO_CONTEXT,
    ),
    cite="M1 4.1",
    op="socket.open",
)


def online(module: M1Module, number: int) -> Link:
    """The link of a socket that can send; refuses any other."""
    if module.sockets[number].state is not SocketState.ONLINE:
        raise Refusal(M1Error.NOT_OPEN)
    return module.stack.links[number]


def msend_write(module: M1Module, number: int, length: int) -> Steps:
    """A prompt, so many bytes, and how many were taken."""
    online(module, number)
    payload = yield Prompt(length, LONGEST)
    link = online(module, number)  # it may have ended meanwhile
    if not module.stack.has_room(link, length):
        raise Refusal(M1Error.FULL)
    module.stack.send(link, payload.data)
    return info(f"+MSENT: {number},{length}")


MSEND = command(
    "+MSEND",
    test(f"+MSEND: (0-{SOCKETS - 1}),(1-{LONGEST})"),
    write(SOCKET_NUMBER, Int("length", 1, LONGEST), run=msend_write),
    cite="M1 4.2",
    op="socket.send",
)


def mrecv_write(module: M1Module, number: int, length: int) -> Reply:
    """What was received and not read, at the most ``length`` bytes."""
    if module.sockets[number].state not in (SocketState.ONLINE, SocketState.ENDED):
        raise Refusal(M1Error.NOT_OPEN)
    data = module.stack.take(module.stack.links[number], length)
    return Reply(data=module.framing.text(f"+MRECV: {number},{len(data)}") + data)


MRECV = command(
    "+MRECV",
    test(f"+MRECV: (0-{SOCKETS - 1}),(1-{LONGEST})"),
    write(SOCKET_NUMBER, Int("length", 1, LONGEST, default=LONGEST), run=mrecv_write),
    cite="M1 4.3",
    op="socket.recv",
)

MPUSH = setting("+MPUSH", "push", (0, 1), "M1 4.3")


def mclose_write(module: M1Module, number: int) -> Steps:
    """OK when the peer has answered the FIN; the socket is free."""
    socket, link = module.sockets[number], module.stack.links[number]
    if socket.state is SocketState.FREE:
        raise Refusal(M1Error.NOT_OPEN)
    if link.open:
        yield from module.stack.close(link, quick=False)
    module.stack.forget_data(link)
    socket.fire(Happening.SHUT)
    return OK


MCLOSE = command(
    "+MCLOSE",
    test(f"+MCLOSE: (0-{SOCKETS - 1})"),
    write(SOCKET_NUMBER, run=mclose_write),
    cite="M1 4.4",
    op="socket.close",
)


def mstat_read(module: M1Module) -> Reply:
    """Every socket and its state."""
    return info(*(f'+MSTAT: {i},"{socket.state.value}"' for i, socket in enumerate(module.sockets)))


MSTAT = command("+MSTAT", read(mstat_read), cite="M1 4.5", op="socket.state")


def mline_write(module: M1Module, number: int) -> Reply:
    """CONNECT: the line belongs to the socket until ``+++``."""
    return Reply(final=ResultCode.CONNECT, enter=online(module, number))


MLINE = command("+MLINE", write(SOCKET_NUMBER, run=mline_write), cite="M1 5.1", op="socket.switch")

# ---- the module ----------------------------------------------------------------------------------

CONTEXT = CommandSet([MAPN, MNET])
SOCKET_COMMANDS = CommandSet([MOPEN, MSEND, MRECV, MPUSH, MCLOSE, MSTAT, MLINE])

ACME_M1 = Dialect(
    name="acme_m1",
    title="ACME M1",
    documents=("ACME M1 AT Commands (invented)",),
    identity=Identity("ACME", "M1", "M1-1.0", ("ACME M1", "M1-1.0")),
    commands=V250 | TS27007 | CommandSet([MSN]) | CONTEXT | SOCKET_COMMANDS,
    module=M1Module,
    timings={
        "connect limit": fixed(30, "M1 4.1"),
        "release": latency(0.8, "M1 3.1"),
    },
    limits=Limits(links=SOCKETS, contexts=1, first_context=1),
    escape=Escape(guard=0.5, gap=0.5),
)

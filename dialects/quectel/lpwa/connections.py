"""BG96: opening, closing, switching the access mode, and asking how things stand.

AT+QIOPEN, QICLOSE, QISWTMD, QISTATE. Source: BG96 TCP/IP AT Commands Manual V1.0 (S); REC, DRV, LOG as in
the README.
"""

from __future__ import annotations

from ....emulator.command import Choice, Int, Quotes, Text, Word, execute, read, test, write
from ....emulator.dialect import CommandSet
from ....emulator.events import Address
from ....emulator.jobs import Steps, Until
from ....emulator.links import Context
from ....emulator.reply import OK, Reply, ResultCode, info
from ....emulator.states import OPENING, Happening
from .errors import TcpIpError, refuse, tcpip
from .module import Bg96Module
from .sockets import CLIENTS, SOCKETS, STREAMS, Access, Service, Socket
from .states import SocketState

E = TcpIpError
S = SocketState

CONNECT_ID = Int("number", 0, SOCKETS - 1)
CONNECT_IDS = f"(0-{SOCKETS - 1})"
ACCESS = Choice("access", (0, 1, 2))
ITSELF = "127.0.0.1"
"""The host of a listener or UDP service (S 2.1.4)."""

# ---- AT+QIOPEN -----------------------------------------------------------------------------------

ASKED_FOR = (Service.TCP, Service.UDP, Service.TCP_LISTENER, Service.UDP_SERVICE)


def _check_request(service: Service, host: str, local_port: int, access: Access) -> None:
    """What is wrong whatever the state of the module."""
    if service not in CLIENTS and (host != ITSELF or not local_port):
        raise refuse(E.INVALID_PARAMETERS)
    if ":" in host or (service is Service.UDP_SERVICE and access is Access.TRANSPARENT):
        raise refuse(E.NOT_SUPPORTED)


def _obstacle(
    module: Bg96Module, context: Context, socket: Socket, service: Service, port: int
) -> TcpIpError:
    """What stands in the way, in the order of the digest (S 2.1.4; REC)."""
    fault = module.fault_of(context)
    if fault is not E.NONE:
        return fault
    if socket.state is not S.INITIAL:
        return E.IDENTITY_IN_USE
    if module.port_taken(service, port):
        return E.BIND
    return module.failures.take("socket.open") or E.NONE


def _begin(
    module: Bg96Module, socket: Socket, context: Context, service: Service, access: Access, local_port: int
) -> None:
    socket.begin(service, access, context)
    socket.local_port = local_port
    if service is Service.TCP_LISTENER:
        socket.position.fire(Happening.LISTEN_STARTED)
        module.stack.listen(socket.listener, context, service.transport, local_port)
        return
    link = socket.link
    module.stack.begin(link, service.transport, context)
    link.any_sender = service is Service.UDP_SERVICE
    socket.position.fire(OPENING[service.transport])


def _connect(module: Bg96Module, socket: Socket, host: str, port: int) -> None:
    """Go on in the background; the socket's ``result`` tells how it ended."""
    link = socket.link
    link.remote = Address(host, port)  # as typed, until it is resolved
    if socket.service is Service.UDP_SERVICE:
        link.job = module.start(module.stack.open(link, None, 0, socket.local_port))
    elif port:
        link.job = module.start(module.stack.open(link, host, port, socket.local_port))
    else:
        link.position.fire(Happening.CONNECT_FAILED)
        module.opened(socket, E.CONNECT)


def _wait(socket: Socket) -> Steps:
    """Transparent mode: the command itself answers (S 2.1.4, 3.3.1)."""
    yield Until(lambda: socket.result is not None)
    assert socket.result is not None
    if socket.result is not E.NONE:
        raise refuse(socket.result)
    return Reply(final=ResultCode.CONNECT, enter=socket.link)


def qiopen_write(
    module: Bg96Module,
    context_id: int,
    number: int,
    service: str,
    host: str,
    remote_port: int,
    local_port: int,
    access: int,
) -> Reply | Steps:
    """OK, and the result behind it; in transparent mode CONNECT or ERROR alone."""
    wanted, mode = Service(service), Access(access)
    _check_request(wanted, host, local_port, mode)
    context, socket = module.context(context_id), module.sockets[number]
    answers = mode is Access.TRANSPARENT and wanted in CLIENTS
    obstacle = _obstacle(module, context, socket, wanted, local_port)
    if obstacle is not E.NONE:
        if answers:
            raise refuse(obstacle)
        module.late(f"+QIOPEN: {number},{obstacle.number}", obstacle)
        return OK
    _begin(module, socket, context, wanted, mode, local_port)
    if wanted is not Service.TCP_LISTENER:
        _connect(module, socket, host, remote_port)
    return _wait(socket) if answers else OK


QIOPEN = tcpip(
    "+QIOPEN",
    test(
        f'+QIOPEN: (1-16),{CONNECT_IDS},"TCP/UDP/TCP LISTENER/UDP SERVICE",'
        '"<IP_address>/<domain_name>",<remote_port>,<local_port>,(0-2)'
    ),
    write(
        Int("context_id", 1, 16),
        CONNECT_ID,
        Word("service", tuple(service.value for service in ASKED_FOR), quotes=Quotes.REQUIRED),
        Text("host", 255, quotes=Quotes.REQUIRED, empty=False),
        Int("remote_port", 0, 65535),
        Int("local_port", 0, 65535, default=0),
        Choice("access", (0, 1, 2), default=0),
        run=qiopen_write,
    ),
    cite="S 2.1.4, 3.2.1, 3.3.1, 3.4.1, 3.5.1, 3.6.1, 3.9",
    op="socket.open",
)

# ---- AT+QICLOSE ----------------------------------------------------------------------------------


def qiclose_write(module: Bg96Module, number: int, seconds: int) -> Steps:
    """FIN, and OK when the peer has answered it or time is over; what is not connected is gone at once."""
    socket = module.sockets[number]
    link, stack = socket.link, module.stack
    if socket.service is Service.TCP_LISTENER:
        stack.stop_listening(socket.listener)
    elif socket.state is S.CONNECTED and link.transport.value == "TCP" and seconds:
        yield from stack.close(link, quick=False, limit=float(seconds))
    elif link.open:
        stack.drop(link, abort=socket.state is S.OPENING)
    module.free(socket)
    module.carrier_changed()
    return OK


QICLOSE = tcpip(
    "+QICLOSE",
    test(f"+QICLOSE: {CONNECT_IDS},(0-65535)"),
    write(CONNECT_ID, Int("seconds", 0, 65535, default=10), run=qiclose_write),
    cite="S 2.1.5, 2.2.1, 3.2.4, 3.5.4",
    op="socket.close",
)

# ---- AT+QISWTMD ----------------------------------------------------------------------------------


def refuse_unusable(module: Bg96Module, socket: Socket) -> None:
    """Why ``socket`` cannot be used for data: no service, still opening, over (S 4)."""
    if socket.state is S.INITIAL:
        raise refuse(E.INVALID_PARAMETERS)
    if socket.state is S.OPENING:
        raise refuse(E.BLOCKED)
    if socket.state is S.CLOSING:
        raise refuse(socket.end)


def qiswtmd_write(module: Bg96Module, number: int, access: int) -> Reply:
    """To direct push what waits is pushed behind the OK, to transparent mode it follows CONNECT (REC)."""
    socket, mode = module.sockets[number], Access(access)
    refuse_unusable(module, socket)
    link = socket.link
    if socket.service is Service.UDP_SERVICE and mode is Access.TRANSPARENT:
        raise refuse(E.NOT_SUPPORTED)
    before, socket.access = socket.access, mode
    if socket.service not in STREAMS or before is mode:
        return OK
    module.outbox.forget(link)
    if mode is Access.TRANSPARENT:
        return Reply(final=ResultCode.CONNECT, enter=link)
    if link.unread and mode is Access.DIRECT_PUSH:
        module.outbox.deliver(link, len(link.inbox))
    elif link.unread:
        module.say(f'+QIURC: "recv",{number}')
    return OK


QISWTMD = tcpip(
    "+QISWTMD",
    test(f"+QISWTMD: {CONNECT_IDS},(0-2)"),
    write(CONNECT_ID, ACCESS, run=qiswtmd_write),
    cite="S 1.2, 2.1.10",
    op="socket.switch",
)

# ---- AT+QISTATE ----------------------------------------------------------------------------------


def _line(module: Bg96Module, socket: Socket) -> str:
    """One socket; who has no peer shows the context's address (S 2.1.6, 3.5.1, 3.6.1)."""
    if socket.service in STREAMS:
        host, port = socket.link.remote
    else:
        host, port = socket.context.address, 0
    return (
        f'+QISTATE: {socket.number},"{socket.service.value}","{host}",{port},{socket.local_port},'
        f"{socket.state.number},{socket.context.number},{socket.server},{socket.access.value},"
        f'"{module.options.port_name}"'
    )


def _lines(module: Bg96Module, sockets: list[Socket]) -> Reply:
    return info(*(_line(module, socket) for socket in sockets if socket.state is not S.INITIAL))


def qistate_all(module: Bg96Module) -> Reply:
    """Every connectID in use."""
    return _lines(module, module.sockets)


def qistate_write(module: Bg96Module, query: int, number: int) -> Reply:
    """0: those of a context; 1: one connectID."""
    if query == 0:
        if number == 0:
            raise refuse(E.INVALID_PARAMETERS)
        return _lines(module, [s for s in module.sockets if s.context.number == number])
    if number >= SOCKETS:
        raise refuse(E.INVALID_PARAMETERS)
    return _lines(module, [module.sockets[number]])


QISTATE = tcpip(
    "+QISTATE",
    test(),
    read(qistate_all),
    execute(qistate_all),
    write(Choice("query", (0, 1)), Int("number", 0, 16), run=qistate_write),
    cite="S 2.1.6",
    op="socket.state",
)

CONNECTIONS = CommandSet([QIOPEN, QICLOSE, QISWTMD, QISTATE])

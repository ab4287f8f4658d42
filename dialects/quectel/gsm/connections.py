"""M-series: opening, listening, closing, and asking how things stand.

AT+QIOPEN, QISERVER, QILPORT, QISRVC, QICLOSE, QISTAT, QISTATE, QISSTAT. Sources: GSM TCPIP Application
Note (S); MAN, DRV, REC as in the README.
"""

from __future__ import annotations

from ....emulator.command import Choice, Int, Word, command, execute, read, test, test_by, write
from ....emulator.dialect import CommandSet
from ....emulator.effects import Transport
from ....emulator.events import Address
from ....emulator.jobs import Steps, Until
from ....emulator.links import Context, Link, Role, is_dotted_quad
from ....emulator.reply import OK, Cme, Reply, ResultCode, info, literal
from ....emulator.states import Happening, LinkState, ServerState
from ...toolkit import HOST, LINK, LOCAL_PORT, PORT, QUAD, TRANSPORT, refuse_unless
from .module import ALONGSIDE, MxxModule
from .states import MultiState, SingleState

S = SingleState
M = MultiState


def single(module: MxxModule) -> bool:
    """Whether the foreground context has AT+QIMUX=0."""
    return not module.settings.mux


def multi(module: MxxModule) -> bool:
    """Whether the foreground context has AT+QIMUX=1."""
    return bool(module.settings.mux)


# ---- AT+QIOPEN -----------------------------------------------------------------------------------

ALREADY = {S.CONNECTING, S.CONNECT_OK}
MAY_OPEN = {S.IP_INITIAL, S.IP_START, S.IP_GPRSACT, S.IP_STATUS, S.IP_CLOSE}
MULTI_OPEN = {M.IP_INITIAL, M.IP_START, M.IP_GPRSACT, M.IP_STATUS, M.IP_PROCESSING}


def _start(module: MxxModule, link: Link, transport: str, host: str, port: int) -> Reply:
    """OK; the connection and its result follow in the background."""
    module.stack.begin(link, Transport(transport), module.context)
    link.notify = module.tcpip.notify
    link.remote = Address(host, port)  # as typed, until it is resolved
    link.job = module.start(module.connect(link, host, port))
    return OK


def _check(module: MxxModule, host: str) -> None:
    """A name needs AT+QIDNSIP=1; an address is taken either way (S 8.1; REC)."""
    refuse_unless(module.may_activate(module.context))
    refuse_unless(is_dotted_quad(host) or bool(module.settings.by_name))


def qiopen_single(module: MxxModule, transport: str, host: str, port: int) -> Reply:
    """ALREADY CONNECT stands before the ERROR (observed: the reverse of a SIM800)."""
    link = module.client_link(module.context)
    taken = module.settings.mode and module.server_link(module.context).open
    if module.ip.state in ALREADY or taken:
        return Reply(info=("ALREADY CONNECT",), final=ResultCode.ERROR, code=Cme.NOT_ALLOWED)
    _check(module, host)
    return _start(module, link, transport, host, port)


def qiopen_multi(module: MxxModule, number: int, transport: str, host: str, port: int) -> Reply:
    """A taken index, or one too many beside a listener: OK, then CONNECT FAIL (DRV; REC)."""
    _check(module, host)
    bank = module.bank(module.context)
    full = module.listener.handle is not None and sum(link.open for link in bank) >= ALONGSIDE
    if bank[number].open or full:
        module.say(f"{number}, CONNECT FAIL")
        return OK
    return _start(module, bank[number], transport, host, port)


def qiopen_test(module: MxxModule) -> Reply:
    """One line with an address, one with a domain name (MAN)."""
    number = "(0-5)," if module.settings.mux else ""
    head = f'+QIOPEN: {number}("TCP","UDP"),'
    return info(f"{head}{QUAD},(1-65535)", f'{head}("DOMAIN NAME"),(1-65535)')


QIOPEN = command(
    "+QIOPEN",
    test_by(qiopen_test),
    write(TRANSPORT, HOST, PORT, run=qiopen_single, needs=MAY_OPEN | ALREADY, only=single),
    write(LINK, TRANSPORT, HOST, PORT, run=qiopen_multi, needs=MULTI_OPEN, only=multi),
    cite="S 3.1, 3.3, 4.1, 8.1",
    op="socket.open",
)

# ---- listening -----------------------------------------------------------------------------------

MAY_LISTEN = {S.IP_INITIAL, S.IP_START, S.IP_STATUS, S.CONNECTING, S.CONNECT_OK, S.IP_CLOSE} | {
    M.IP_INITIAL,
    M.IP_START,
    M.IP_STATUS,
    M.IP_PROCESSING,
}
TRANSPORTS = (Transport.TCP, Transport.UDP)


def qiserver_read(module: MxxModule) -> Reply:
    """Protocol and limit (single connection: one); OK alone while not listening (MAN, REC)."""
    listener, settings = module.listener, module.settings
    if listener.handle is None:
        return OK
    most = settings.most_clients if settings.mux else 1
    return info(f"+QISERVER: {TRANSPORTS.index(listener.transport)},{most}")


def qiserver_execute(module: MxxModule) -> Steps:
    """A TCP server."""
    return qiserver_write(module, 0, None)


def qiserver_write(module: MxxModule, kind: int, most: int | None) -> Steps:
    """Listen on the port that QILPORT names; from IP INITIAL and IP START the context comes up first."""
    context, stack, listener = module.context, module.stack, module.listener
    refuse_unless(listener.handle is None and module.may_activate(context))
    module.settings.most_clients = ALONGSIDE if most is None else most
    port = module.tcpip.tcp_port if kind == 0 else module.tcpip.udp_port
    stack.listen(listener, context, TRANSPORTS[kind], port)
    yield Until(lambda: listener.position.state is not ServerState.OPENING)
    refuse_unless(listener.listening)
    if context.active:
        module.ip.fire(Happening.LISTEN_STARTED)
        module.say("SERVER OK")
    else:
        module.start(_listen_when_up(module, context))
    return OK


def _listen_when_up(module: MxxModule, context: Context) -> Steps:
    """SERVER OK comes when the context is up; nothing after AT+QIDEACT."""
    granted = yield from module.bring_up(context)
    if granted:
        module.ip_of(context).fire(Happening.LISTEN_STARTED)
        module.say("SERVER OK")
    elif module.stack.listener_of(context).listening:
        module.stack.stop_listening(module.stack.listener_of(context))
        module.say("+PDP DEACT")


QISERVER = command(
    "+QISERVER",
    test("+QISERVER: (0,1),(1-5)"),
    read(qiserver_read),
    write(
        Choice("kind", (0, 1)),
        Int("most", 1, ALONGSIDE, default=None),
        run=qiserver_write,
        needs=MAY_LISTEN,
    ),
    execute(qiserver_execute, needs=MAY_LISTEN),
    cite="S 3.2, 3.4, 4.2, 7.2",
    op="socket.listen",
)


def _port(module: MxxModule, transport: Transport, chosen: int) -> int:
    """The port set, or the one that a listener on a free port got."""
    for listener in module.stack.listeners:
        if not chosen and listener.listening and listener.transport is transport:
            return listener.port
    return chosen


def qilport_read(module: MxxModule) -> Reply:
    """Both ports (S 3.2)."""
    tcp = _port(module, Transport.TCP, module.tcpip.tcp_port)
    udp = _port(module, Transport.UDP, module.tcpip.udp_port)
    return info(f"TCP: {tcp}", f"UDP: {udp}")


def qilport_write(module: MxxModule, transport: str, port: int) -> Reply:
    """Takes effect for the next listener."""
    if transport == "TCP":
        module.tcpip.tcp_port = port
    else:
        module.tcpip.udp_port = port
    return OK


QILPORT = command(
    "+QILPORT",
    test('+QILPORT: ("TCP","UDP"),(0-65535)'),
    read(qilport_read),
    write(Word("transport", ("TCP", "UDP")), LOCAL_PORT, run=qilport_write),
    cite="S 3.2, 3.4; M35; 0: MAN",
)


def qisrvc_read(module: MxxModule) -> Reply:
    """1 until it is written."""
    return info(f"+QISRVC: {2 if module.tcpip.side is Role.SERVER else 1}")


def qisrvc_write(module: MxxModule, side: int) -> Reply:
    """Which side QISEND, QISACK and QICLOSE address from now on, strictly (S 3.2, 5.4)."""
    module.tcpip.side = Role.CLIENT if side == 1 else Role.SERVER
    return OK


QISRVC = command(
    "+QISRVC",
    test("+QISRVC: (1,2)"),
    read(qisrvc_read),
    write(Choice("side", (1, 2)), run=qisrvc_write),
    cite="S 3.2-3.4, 5.4; default MAN",
)

# ---- AT+QICLOSE ----------------------------------------------------------------------------------


def addressed(module: MxxModule) -> Link:
    """Single connection: the link of the side that QISRVC chose, or that is there (S 4.2; MAN)."""
    client = module.client_link(module.context)
    server = module.server_link(module.context)
    if module.tcpip.side is None:
        return client if client.open else server
    return client if module.tcpip.side is Role.CLIENT else server


def indexed(module: MxxModule, number: int) -> Link:
    """Multiple connections: the open link of this index; it must be of the side that QISRVC chose."""
    link = module.bank(module.context)[number]
    refuse_unless(link.open and module.tcpip.side in (None, link.role))
    return link


def qiclose_single(module: MxxModule) -> Steps:
    """The client first, then the listener (S 3.2)."""
    link = addressed(module)
    if link.open:
        yield from module.stack.close(link, quick=False)
        module.closed(link)
        return literal("CLOSE OK")
    return _stop(module)


def qiclose_multi(module: MxxModule) -> Reply:
    """Without an index: the listener (S 3.4)."""
    return _stop(module)


def _stop(module: MxxModule) -> Reply:
    refuse_unless(module.tcpip.side is not Role.CLIENT and module.listener.listening)
    module.stack.stop_listening(module.listener)
    return literal("CLOSE OK")


def qiclose_write(module: MxxModule, number: int) -> Steps:
    """One link (S 5.4)."""
    link = indexed(module, number)
    yield from module.stack.close(link, quick=False)
    return literal(f"{number}, CLOSE OK")


MAY_CLOSE = (frozenset(S) | frozenset(M)) - {S.IP_CONFIG, S.IP_IND, M.IP_CONFIG, M.IP_IND}
"""A link or listener whose context is being brought up is not there yet."""

QICLOSE = command(
    "+QICLOSE",
    test(),
    write(LINK, run=qiclose_write, needs=MAY_CLOSE, only=multi),
    execute(qiclose_single, needs=MAY_CLOSE, only=single),
    execute(qiclose_multi, needs=MAY_CLOSE, only=multi),
    cite="S 3.1-3.4, 5.4",
    op="socket.close",
)

# ---- how things stand ----------------------------------------------------------------------------


def _state(module: MxxModule) -> tuple[str, ...]:
    return (f"STATE: {module.state_words}",)


def _named_link(link: Link) -> bool:
    """Whether the link is listed: one that is closed is free again (REC)."""
    return link.state not in (LinkState.INITIAL, LinkState.CLOSED)


def qistat(module: MxxModule) -> Reply:
    """OK first, then the state; with several connections their lines too (DRV)."""
    if not module.settings.mux:
        return Reply(after=(_state(module),))
    lines = tuple(
        f'+QISTAT: {n}, "{link.transport.value}", "{link.remote.host}", {link.remote.port},'
        if _named_link(link)
        else f'+QISTAT: {n}, "", "",'
        for n, link in enumerate(module.bank(module.context))
    )
    return Reply(after=(_state(module), lines))


def qistate(module: MxxModule) -> Reply:
    """OK first, then the state, and with several connections one line each (S 5.6.2)."""
    if not module.settings.mux:
        return Reply(after=(_state(module),))
    lines = []
    for n, link in enumerate(module.bank(module.context)):
        if _named_link(link):
            host, port = link.remote
            state = "CLOSING" if link.state is LinkState.REMOTE_CLOSING else link.state.value
            lines.append(f'+QISTATE: {n},"{link.transport.value}","{host}",{port},"{state}"')
        else:
            lines.append(f'+QISTATE: {n},"","",,"INITIAL"')
    return Reply(after=(_state(module), tuple(lines)))


def qisstat(module: MxxModule) -> Reply:
    """The server's state; the double N is the document's (S 5.6.2)."""
    words = module.listener.position.state.value
    if module.listener.listening:
        # OPENING until SERVER OK: while the context is being brought up nobody can connect.
        words = "LISTENNING" if module.context.active else "OPENING"
    return Reply(after=((f"S: {words}",),))


QISTAT = command("+QISTAT", test(), execute(qistat), cite="S 5.6.2, 6", op="socket.state")
QISTATE = command("+QISTATE", test(), execute(qistate), cite="S 5.6.2", op="socket.state")
QISSTAT = command("+QISSTAT", test(), execute(qisstat), cite="S 5.6.2")

CONNECTIONS = CommandSet([QIOPEN, QISERVER, QILPORT, QISRVC, QICLOSE, QISTAT, QISTATE, QISSTAT])

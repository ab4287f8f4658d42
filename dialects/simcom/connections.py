"""SIM800: opening, listening, closing and asking how links are.

AT+CIPSTART, CIPSERVER, CIPCLOSE, CIPSTATUS. Sources: SIM800 TCPIP Application Note (S), M800, M7000,
observed logs; REC as in simcom_sim800.md.
"""

from __future__ import annotations

from ...emulator.command import Choice, Int, command, execute, read, test, test_by, write
from ...emulator.dialect import CommandSet
from ...emulator.effects import Transport
from ...emulator.jobs import Steps, Until
from ...emulator.links import Link
from ...emulator.reply import OK, Cme, Refusal, Reply, ResultCode, info, literal
from ...emulator.states import Happening, LinkState, ServerState
from ..toolkit import HOST, LINK, PORT, QUAD, TRANSPORT, refuse_unless
from .modes import multi, single
from .module import Sim800Module
from .states import MultiState, SingleState

S = SingleState
M = MultiState

MODE = Choice("mode", (0, 1), default=0)
"""0 slow (FIN), 1 quick (S 9)."""

ALREADY = {S.CONNECTING, S.CONNECT_OK, S.CLOSING}
SINGLE_START = ALREADY | {S.IP_INITIAL, S.IP_STATUS, S.CLOSED}
MULTI_START = {M.IP_STATUS, M.IP_PROCESSING}

# ---- AT+CIPSTART ---------------------------------------------------------------------------------


def _already(module: Sim800Module, link: Link) -> Reply:
    """ERROR first, then ALREADY CONNECT (observed; seven drivers match it)."""
    words = module.named(link, "ALREADY CONNECT")
    return Reply(final=ResultCode.ERROR, code=Cme.NOT_ALLOWED, after=((words,),))


def _start(module: Sim800Module, link: Link, transport: str, host: str, port: int) -> Reply:
    """OK; the connection and its result follow in the background."""
    module.stack.begin(link, Transport(transport), module.context)
    link.any_sender = link.transport is Transport.UDP and bool(module.tcpip.udp_modes[link.number])
    link.job = module.start(module.connect(link, host, port))
    return OK


def cipstart_single(module: Sim800Module, transport: str, host: str, port: int) -> Reply:
    """From IP INITIAL it brings the context up itself (M800)."""
    link = module.stack.links[0]
    if module.single.state in ALREADY:
        return _already(module, link)
    return _start(module, link, transport, host, port)


def cipstart_multi(module: Sim800Module, number: int, transport: str, host: str, port: int) -> Reply:
    """A sixth link beside a listener is refused (S 3; REC)."""
    link = module.stack.links[number]
    if link.open:
        return _already(module, link)
    listening = module.stack.listener.handle is not None
    refuse_unless(module.open_links() < module.dialect.limits.links - listening)
    return _start(module, link, transport, host, port)


def cipstart_test(module: Sim800Module) -> Reply:
    """One line with an address, one with a domain name (M800)."""
    number = "(0-5)," if module.tcpip.mux else ""
    head = f'+CIPSTART: {number}("TCP","UDP"),'
    return info(f"{head}{QUAD},(1-65535)", f'{head}("DOMAIN NAME"),(1-65535)')


CIPSTART = command(
    "+CIPSTART",
    test_by(cipstart_test),
    write(
        TRANSPORT,
        HOST,
        PORT,
        run=cipstart_single,
        needs=SINGLE_START,
        only=single,
        bad_parameter=Cme.NOT_ALLOWED,
    ),
    write(
        LINK,
        TRANSPORT,
        HOST,
        PORT,
        run=cipstart_multi,
        needs=MULTI_START,
        only=multi,
        bad_parameter=Cme.NOT_ALLOWED,
    ),
    cite="S 2.1.1, 2.1.2, 2.2.3, 3.1, 5, 12; M800",
    op="socket.open",
)

# ---- AT+CIPSERVER --------------------------------------------------------------------------------

MAY_LISTEN = {S.IP_INITIAL, S.IP_STATUS, S.CLOSED, M.IP_STATUS, M.IP_PROCESSING}


def cipserver_read(module: Sim800Module) -> Reply:
    """0, or mode, port, channel and bearer (M900; form REC)."""
    listener = module.stack.listener
    if listener.handle is None:
        return info("+CIPSERVER: 0")
    return info(f"+CIPSERVER: 1,{listener.port},0,{listener.context.number}")


def cipserver_write(module: Sim800Module, mode: int, port: int | None) -> Steps:
    """Open or close the listener; links that it accepted stay (S 2.1.3)."""
    stack = module.stack
    if not mode:
        refuse_unless(stack.listener.handle is not None and module.bring_up_job is None)
        stack.stop_listening(stack.listener)
        module.ip_of(stack.listener.context).fire(Happening.LISTEN_STOPPED)
        module.say("SERVER CLOSE")
        return OK
    full = module.open_links() >= module.dialect.limits.links
    refuse_unless(not MAY_LISTEN.isdisjoint(module.present) and stack.listener.handle is None and not full)
    if port is None:
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    stack.listen(stack.listener, module.context, Transport.TCP, port)
    yield Until(lambda: stack.listener.position.state is not ServerState.OPENING)
    refuse_unless(stack.listener.listening)
    if module.ip.state is S.IP_INITIAL:
        module.bring_up_job = module.start(_listen_after_bring_up(module))
        return OK
    _serve(module)
    return OK


def _serve(module: Sim800Module) -> None:
    """The listener is open: its state, and the words behind the OK."""
    if not module.tcpip.mux:
        module.stack.links[0].transport = Transport.TCP  # TCP CLOSED when it is closed without a client
    module.ip.fire(Happening.LISTEN_STARTED)
    module.say("SERVER OK")


def _listen_after_bring_up(module: Sim800Module) -> Steps:
    """S 2.1.3 starts a server without CSTT and CIICR: SERVER OK comes when the context is up."""
    granted = yield from module.bring_up()
    module.bring_up_job = None
    if granted:
        _serve(module)
    else:
        module.stack.stop_listening(module.stack.listener)
        module.say("+PDP: DEACT")


CIPSERVER = command(
    "+CIPSERVER",
    test("+CIPSERVER: (0-CLOSE SERVER, 1-OPEN SERVER),(1-65535)"),
    read(cipserver_read),
    write(
        Choice("mode", (0, 1)),
        Int("port", 1, 65535, quoted=True, default=None),
        run=cipserver_write,
    ),
    cite="S 2.1.3, 3.2; M900, M7000",
    op="socket.listen",
)

# ---- AT+CIPCLOSE ---------------------------------------------------------------------------------

CLOSABLE = {S.CONNECTING, S.CONNECT_OK, S.SERVER_LISTENING}


def cipclose_execute(module: Sim800Module) -> Steps:
    """Slow close of the single connection."""
    return cipclose_single(module, 0)


def cipclose_single(module: Sim800Module, mode: int) -> Steps:
    """Close the connection, the attempt, or the listener that has no client (REC)."""
    stack, position = module.stack, module.single
    if position.state is S.SERVER_LISTENING:
        stack.stop_listening(stack.listener)
        position.fire(Happening.CLOSED)
        return literal("CLOSE OK")
    link = stack.links[0]
    if position.state is S.CONNECT_OK:
        position.fire(Happening.CLOSE_STARTED)
    yield from stack.close(link, quick=bool(mode))
    if position.state in (S.CLOSING, S.CONNECTING):
        position.fire(module.left(link))
    module.carrier_changed()
    return literal("CLOSE OK")


def cipclose_multi(module: Sim800Module, number: int, mode: int) -> Steps:
    """Close one link (S 3.1)."""
    link = module.stack.links[number]
    refuse_unless(link.open)
    yield from module.stack.close(link, quick=bool(mode))
    return literal(f"{number}, CLOSE OK")


CIPCLOSE = command(
    "+CIPCLOSE",
    test(),
    execute(cipclose_execute, needs=CLOSABLE, only=single),
    write(Choice("mode", (0, 1)), run=cipclose_single, needs=CLOSABLE, only=single),
    write(LINK, MODE, run=cipclose_multi, only=multi),
    cite="S 2.1.2, 2.1.3, 3.1, 9; M800",
    op="socket.close",
)

# ---- AT+CIPSTATUS --------------------------------------------------------------------------------


def _client(link: Link) -> str:
    """One link as in a C line; a closed link keeps its address (S 3.1)."""
    if link.state is LinkState.INITIAL:
        return f'{link.number},,"","","","INITIAL"'
    host, port = link.remote.host, link.remote.port or ""
    return (
        f'{link.number},{link.context.number},"{link.transport.value}","{host}","{port}","{link.state.value}"'
    )


def cipstatus_execute(module: Sim800Module) -> Reply:
    """OK comes first (S 2.1.3); the C lines list the links of both contexts (S 4)."""
    state = (f"STATE: {module.state_words}",)
    if not module.tcpip.mux:
        return Reply(after=(state,))
    listener = module.stack.listener
    lines = [f"C: {_client(link)}" for link in module.stack.links]
    if listener.handle is not None:
        bearer, words = listener.context.number, listener.position.state.value
        lines.insert(0, f'S: 0,{bearer},"{listener.port}","{words}"')
    return Reply(after=(state, tuple(lines)))


def cipstatus_write(module: Sim800Module, number: int) -> Reply:
    """One link (M800)."""
    return info(f"+CIPSTATUS: {_client(module.stack.links[number])}")


CIPSTATUS = command(
    "+CIPSTATUS",
    test(),
    write(LINK, run=cipstatus_write, only=multi),
    execute(cipstatus_execute),
    cite="S 2.1.3, 3.1, 3.2, 6.5, 10; M800",
    op="socket.state",
)

CONNECTIONS = CommandSet([CIPSTART, CIPSERVER, CIPCLOSE, CIPSTATUS])

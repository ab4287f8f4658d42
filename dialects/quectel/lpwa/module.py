"""The BG96's mutable state: sixteen contexts, twelve sockets, and what a host reads when the network acts.

Source: BG96 TCP/IP AT Commands Manual V1.0 (S), see each line; REC, DRV, LOG as in the README.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ....emulator.datamode import DataRules, Packets
from ....emulator.dialect import Dialect, Options
from ....emulator.events import Address, Failure
from ....emulator.jobs import Steps, Until
from ....emulator.links import Context, Link, Listener
from ....emulator.machine import Position
from ....emulator.reply import ErrorCode, ResultCode
from ....emulator.states import ContextState, Happening
from .errands import Errands
from .errors import TcpIpError, refuse
from .failures import ACCEPT, LATE, Failures
from .retransmission import Retransmission
from .shell import Bg96Shell
from .sockets import Access, Service, Socket
from .states import SOCKET, SocketState

E = TcpIpError
S = SocketState


NO_SERVER = "0.0.0.0"
"""What AT+QIDNSCFG prints where no server is known (REC)."""


@dataclass(slots=True)
class ContextSettings:
    """AT+QICSGP and QIDNSCFG, for one context. Nothing is saved over a restart (REC)."""

    configured: bool = False
    auth: int = 0
    dns: tuple[str, str] = (NO_SERVER, NO_SERVER)
    """The servers to be asked. Valid until AT+QIDEACT (REC)."""


@dataclass(slots=True)
class Config:
    """AT+QICFG (S 2.1.15). All but the retransmission survive a restart."""

    packet: int = 1024
    """``transpktsize``, bytes."""
    wait: int = 2
    """``transwaittm``, units of 100 ms."""
    send_hex: int = 0
    receive_hex: int = 0
    view: int = 0
    """1: data follows its header after a comma."""
    backoffs: int = 8
    longest_rto: int = 600
    """``tcp/retranscfg``: retransmissions, and the longest time between two (100 ms)."""


@dataclass(slots=True)
class TcpIp:
    """What is not saved over a restart."""

    echo_payload: int = 1
    """AT+QISDE."""
    own: dict[int, ContextSettings] = field(default_factory=dict)

    def of(self, context: Context) -> ContextSettings:
        """The settings of one context."""
        return self.own.setdefault(context.number, ContextSettings())


CONNECT_ERRORS = {
    Failure.NOT_FOUND: E.DNS_PARSE,
    Failure.ADDRESS_IN_USE: E.BIND,
    Failure.NO_RESOURCES: E.CREATE_SOCKET,
}
"""``<err>`` of a client that could not be opened; everything else is 566 (S 4; REC)."""
LISTEN_ERRORS = {Failure.ADDRESS_IN_USE: E.BIND, Failure.NO_RESOURCES: E.NO_MEMORY}
"""The same of a listener; everything else is 557 (REC)."""


class Bg96Module(Bg96Shell):
    """One BG96."""

    def __init__(self, dialect: Dialect, options: Options) -> None:
        super().__init__(dialect, options)
        self.last_error = E.NONE
        """What AT+QIGETERROR prints."""
        self.tcpip = TcpIp()
        self.config = Config()
        pairs = zip(self.stack.links, self.stack.listeners, strict=True)
        self.sockets = [
            Socket(link, listener, Position(SOCKET, self.state_watch(link.number)))
            for link, listener in pairs
        ]
        self.retransmission = Retransmission(self)
        self.failures = Failures()
        self.errands = Errands(self.start)
        self._left: Socket | None = None
        """The socket that ATO returns to."""

    def reset_settings(self) -> None:
        super().reset_settings()
        for socket in self.sockets:
            socket.position.fire(Happening.SHUT)
        self.tcpip = TcpIp()
        factory = Config()
        self.config.backoffs, self.config.longest_rto = factory.backoffs, factory.longest_rto
        self.last_error = E.NONE
        self._left = None

    def error(self, code: ErrorCode | None) -> ResultCode | str:
        """A TCP/IP command answers plain ERROR whatever +CMEE says, and remembers why (S 2.1.17)."""
        if isinstance(code, TcpIpError):
            self.last_error = code
            return ResultCode.ERROR
        return super().error(code)

    def late(self, line: str, error: TcpIpError) -> None:
        """A result behind the OK; a failing one is what AT+QIGETERROR tells from now on (REC)."""
        if error is not E.NONE:
            self.last_error = error
        self.say(line)

    def ordered_failure(self, op: str, result: str) -> ErrorCode | None:
        """A code of chapter 4 comes where the module would tell it: some failures come behind the OK."""
        if self.failures.arm(op, result, 1):
            return None
        return super().ordered_failure(op, result)

    def fail_if_ordered(self, op: str) -> None:
        """Raise the refusal of an operation that a tester wants to fail, where it begins."""
        error = None if op in LATE else self.failures.take(op)
        if error is not None:
            raise refuse(error)

    @property
    def described(self) -> tuple[str, ...]:
        """Contexts and sockets that are not as they were at power-on."""
        contexts = [c for c in self.stack.contexts if c.position.state is not ContextState.INACTIVE]
        sockets = [socket for socket in self.sockets if socket.state is not S.INITIAL]
        return (
            *(f"context {context.number}: {context.position.state.value}" for context in contexts),
            *(f"socket {socket.number}: {socket.state.value}" for socket in sockets),
        )

    # ---- contexts --------------------------------------------------------------------------------

    def context(self, number: int) -> Context:
        """The context of a contextID."""
        return self.stack.contexts[number - 1]

    def fault_of(self, context: Context) -> TcpIpError:
        """What stands in the way of a command that needs ``context`` (NONE: nothing)."""
        if context.position.state is ContextState.LOST:
            return E.CONTEXT_BROKEN
        return E.NONE if context.active else E.OPEN_CONTEXT

    def fault_of_errand(self, context: Context, op: str) -> TcpIpError:
        """The same for what goes on behind its OK, and for what a tester orders."""
        fault = self.fault_of(context)
        if fault is E.NONE:
            return self.failures.take(op) or E.NONE
        return fault

    def dns_servers(self, context: Context) -> tuple[str, ...]:
        return tuple(server for server in self.tcpip.of(context).dns if server != NO_SERVER)

    def deactivate(self, context: Context) -> None:
        """AT+QIDEACT: its sockets go without a word, their connectIDs are free (S 2.1.3; REC)."""
        if context.active:
            self.packet_event(f"ME PDN DEACT {context.number}")
        self.stack.shut(context)
        for socket in self.sockets:
            if socket.context is context:
                self.free(socket)
        self.errands.context_gone(context, E.OPEN_CONTEXT)
        self.tcpip.of(context).dns = (NO_SERVER, NO_SERVER)
        self.carrier_changed()

    def context_lost(self, context: Context) -> None:
        """+QIURC: "pdpdeact"; the sockets are Closing until QICLOSE or QIDEACT (S 2.2.5; REC)."""
        self.errands.context_gone(context, E.CONTEXT_BROKEN)
        for socket in self.sockets:
            if socket.context is not context:
                continue
            if socket.state is S.OPENING:
                self.opened(socket, E.CONTEXT_BROKEN)
            elif socket.state in (S.CONNECTED, S.LISTENING):
                socket.position.fire(Happening.CONTEXT_LOST)
                socket.end = E.CONTEXT_BROKEN
        self.carrier_changed()
        words = f'+QIURC: "pdpdeact",{context.number}'
        if not self.end_data_mode(context, ResultCode.NO_CARRIER, words):
            self.say(words)
        self.packet_event(f"NW PDN DEACT {context.number}")

    # ---- opening ---------------------------------------------------------------------------------

    def port_taken(self, service: Service, port: int) -> bool:
        """Whether a socket of the same protocol has this local port (S 4, 556)."""
        return port != 0 and any(
            socket.state is not S.INITIAL
            and socket.service is not Service.TCP_INCOMING
            and socket.service.transport is service.transport
            and socket.local_port == port
            for socket in self.sockets
        )

    def opened(self, socket: Socket, error: TcpIpError) -> None:
        """The opening of ``socket`` ended; in transparent mode the command itself answers."""
        socket.result = error
        if error is not E.NONE:
            self.free(socket)
        if socket.access is not Access.TRANSPARENT or socket.service is Service.TCP_LISTENER:
            self.late(f"+QIOPEN: {socket.number},{error.number}", error)

    def link_opened(self, link: Link) -> None:
        socket = self.sockets[link.number]
        socket.position.fire(Happening.CONNECTED)
        socket.local_port = link.local_port
        self.opened(socket, E.NONE)

    def link_failed(self, link: Link, failure: Failure) -> None:
        self.opened(self.sockets[link.number], CONNECT_ERRORS.get(failure, E.CONNECT))

    def listener_opened(self, listener: Listener) -> None:
        socket = self.sockets[self.stack.listeners.index(listener)]
        socket.position.fire(Happening.LISTENER_OPENED)
        self.opened(socket, E.NONE)

    def listener_failed(self, listener: Listener, failure: Failure) -> None:
        socket = self.sockets[self.stack.listeners.index(listener)]
        self.opened(socket, LISTEN_ERRORS.get(failure, E.LISTEN))

    def free(self, socket: Socket) -> None:
        """The connectID can be used again; what was not read is gone."""
        self.stack.forget_data(socket.link)
        self.retransmission.forget(socket.link)
        socket.position.fire(Happening.SHUT)
        if self._left is socket:
            self._left = None

    # ---- clients ---------------------------------------------------------------------------------

    def link_for_client(self, listener: Listener) -> Link | None:
        """The highest free connectID (S 3.5.2); without one the client is refused (S 2.2.3)."""
        lost = self.failures.take(ACCEPT)
        if lost is not None:
            self.last_error = lost
            return None
        server = self.sockets[self.stack.listeners.index(listener)]
        for socket in reversed(self.sockets):
            if socket.state is S.INITIAL:
                access = server.access
                if access is Access.TRANSPARENT and not self.line_free:
                    access = Access.BUFFER  # REC: the port belongs to somebody else
                socket.begin(Service.TCP_INCOMING, access, server.context, server.number)
                return socket.link
        self.say('+QIURC: "incoming full"')
        return None

    def link_accepted(self, link: Link) -> None:
        socket = self.sockets[link.number]
        socket.position.fire(Happening.ACCEPTED)
        socket.local_port = link.local_port
        host, port = link.remote
        self.say(f'+QIURC: "incoming",{socket.number},{socket.server},"{host}",{port}')
        if socket.access is Access.TRANSPARENT:
            self.connect_data(link)

    # ---- data ------------------------------------------------------------------------------------

    def data_rules(self, link: Link) -> DataRules:
        return DataRules(True, Packets(self.config.packet, self.config.wait * 0.1))

    def holds_data(self, link: Link) -> bool:
        return self.sockets[link.number].access is not Access.DIRECT_PUSH

    def data_waiting(self, link: Link, was_empty: bool) -> None:
        """Once for each period in which something waits (S 2.2.2)."""
        if was_empty and self.sockets[link.number].access is Access.BUFFER:
            self.say(f'+QIURC: "recv",{link.number}')

    def shown(self, head: str, data: bytes) -> bytes:
        """A header and the data behind it, as AT+QICFG wants them (S 2.1.15)."""
        if self.config.receive_hex:
            data = data.hex().upper().encode()
        eol = self.framing.eol
        header = self.framing.text(head)
        if self.config.view:
            header = header[: -len(eol)] + b","
        return header + data + eol

    def frame(self, link: Link, data: bytes, source: Address) -> bytes:
        """Direct push (S 2.2.2)."""
        head = f'+QIURC: "recv",{link.number},{len(data)}'
        if self.sockets[link.number].service is Service.UDP_SERVICE:
            head += f',"{source.host}",{source.port}'
        return self.shown(head, data)

    def data_sent(self, link: Link) -> None:
        self.retransmission.sent(link)

    # ---- data mode -------------------------------------------------------------------------------

    @property
    def line_free(self) -> bool:
        """Whether data mode could begin now."""
        return self._may_speak() and not self.outbox.items

    def enter_data_mode(self, link: Link) -> None:
        socket = self.sockets[link.number]
        socket.access = Access.TRANSPARENT
        self._left = None
        super().enter_data_mode(link)
        self.carrier_changed()
        if socket.state is S.CLOSING:
            self.end_data_mode(link, ResultCode.NO_CARRIER)

    def leave_data_mode(self, *, escaped: bool = False) -> None:
        """The link is in buffer mode from now on (S 1.2)."""
        data_mode = self.data_mode
        super().leave_data_mode(escaped=escaped)
        if data_mode is None:
            return
        socket = self.sockets[data_mode.link.number]
        socket.access = Access.BUFFER
        self._left = socket if socket.state is S.CONNECTED else None
        self.carrier_changed()
        if socket.link.unread:
            self.say(f'+QIURC: "recv",{socket.number}')

    @property
    def carrier(self) -> bool:
        """DCD under AT&C1: data mode, or a link that ATO returns to."""
        return self.data_mode is not None or self.online_link() is not None

    def online_link(self) -> Link | None:
        """The last link that left transparent mode, while it lives (S 1.2)."""
        left = self._left
        return left.link if left is not None and left.state is S.CONNECTED else None

    def hang_up(self) -> None:
        """AT&D2: DTR closes the connection as well."""
        left = self._left
        if left is not None:
            self.stack.drop(left.link, abort=False)
            self.free(left)
            self.carrier_changed()

    # ---- ends ------------------------------------------------------------------------------------

    def peer_finished(self, link: Link) -> None:
        """Our own FIN goes out with AT+QICLOSE (S 2.2.1)."""
        self._ended(link, reset=False)

    def link_closed(self, link: Link) -> None:
        self._ended(link, reset=True)

    def _ended(self, link: Link, *, reset: bool) -> None:
        """Closing until QICLOSE. In data mode NO CARRIER, and no ``closed`` (REC)."""
        socket = self.sockets[link.number]
        if socket.state is not S.CONNECTED:
            return
        socket.reset = reset
        socket.position.fire(Happening.PEER_FINISHED)
        self.carrier_changed()
        if not self.end_data_mode(link, ResultCode.NO_CARRIER) and socket.access is not Access.TRANSPARENT:
            self.start(self._say_closed(socket))

    def _say_closed(self, socket: Socket) -> Steps:
        """``closed``, once the host has read what came before it, or did not care to.

        FreeRTOS-Cellular-Interface reads no more behind it (drivers.md, quirk 6); who does not read
        is told all the same (S 2.2.1).
        """
        use = socket.use

        def gone() -> bool:
            return socket.state is not S.CLOSING or socket.use != use

        if socket.access is Access.BUFFER:
            yield Until(lambda: gone() or not socket.link.unread, "closed report")
        if not gone():
            self.say(f'+QIURC: "closed",{socket.number}')

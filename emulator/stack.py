"""The module's TCP/IP toolkit without words: links, the listener, PDP contexts, buffers and counters.

Every dialect drives these; what a host reads or types is the dialect's. Netstack events arrive here
and come out as hooks on :class:`~.module.Module`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .effects import (
    CloseSocket,
    OpenSocket,
    PauseReceiving,
    ResumeReceiving,
    SendData,
    SocketAssigned,
    Transport,
)
from .events import (
    Accepted,
    Acknowledged,
    Address,
    Closed,
    Connected,
    ConnectFailed,
    ConnectionLost,
    Event,
    Failure,
    PeerClosed,
    Received,
    SendBlocked,
    SendReady,
)
from .jobs import Pause, Steps, Timer, Until
from .links import Context, Link, Role
from .machine import Position
from .sockets import Sockets
from .states import LINK, OPENING, ContextState, Happening, LinkState

if TYPE_CHECKING:
    from .module import Module


class Stack(Sockets):
    """All links, listeners and contexts of one module."""

    def __init__(self, module: Module) -> None:
        super().__init__(module)
        limits = module.dialect.limits
        self._limit = limits.receive_buffer
        self.refuses_sends = False
        """Whether every send finds its buffer full (a tester wants it so)."""
        self.links = [
            Link(i, Position(LINK, module.state_watch(i)), bank)
            for bank in self.banks
            for i in range(limits.links)
        ]
        self._links: dict[int, Link] = {}
        self._lingering: dict[int, Timer] = {}

    @property
    def handlers(self) -> dict[type[Event], Callable[..., None]]:
        """What hears each event of the network."""
        return {
            **self.socket_handlers,
            Connected: self._answered,
            ConnectFailed: self._answered,
            Received: self._received,
            Acknowledged: self._acknowledged,
            SendBlocked: self._send_blocked,
            SendReady: self._send_ready,
            PeerClosed: self._peer_closed,
            ConnectionLost: self._lost,
            Closed: self._closed,
            Accepted: self._accepted,
        }

    def reset(self) -> None:
        """Power off: every socket is gone at once, every link, listener and context is as new."""
        for link in self.links:
            if link.open:
                self.drop(link, abort=True)
            self.forget_data(link)
            link.position.fire(Happening.SHUT)
            link.clear(link.context)
        for listener in self.listeners:
            self.stop_listening(listener, abort=True)
        for handle in tuple(self._lingering):
            self._abort(handle)
        self.dns_servers = ()
        for context in self.contexts:
            context.position.fire(Happening.SHUT)
            context.address = context.apn = context.user = context.password = ""

    # ---- contexts --------------------------------------------------------------------------------

    def activate(self, context: Context) -> Steps:
        """Steps: bring ``context`` up; returns whether the network granted it."""
        module = self._module
        context.position.fire(Happening.BRING_UP_STARTED)
        yield Pause("activate")
        if context.position.state is not ContextState.ACTIVATING:
            return False
        if not module.network.grants_pdp:
            context.position.fire(Happening.CONTEXT_REFUSED)
            return False
        context.address = module.local_ip(context.number)
        context.position.fire(Happening.CONTEXT_ACTIVATED)
        return True

    def lose(self, context: Context) -> None:
        """The network takes ``context`` away: its sockets are reset, nothing is said about them."""
        context.position.fire(Happening.CONTEXT_LOST)
        for link in self.links:
            if link.context is context and link.open:
                self.drop(link, abort=True)
        for listener in self.listeners:
            if listener.context is context:
                self.stop_listening(listener, abort=True)
        self._module.context_lost(context)

    def shut(self, context: Context) -> None:
        """The host gives ``context`` up: links and listener are closed and forgotten."""
        for link in self.links:
            if link.context is context and link.used:
                if link.open:
                    self.drop(link, abort=False)
                self.forget_data(link)
                link.position.fire(Happening.SHUT)
                link.used = False
        for listener in self.listeners:
            if listener.context is context:
                self.stop_listening(listener)
        context.position.fire(Happening.SHUT)
        context.address = ""

    # ---- opening ---------------------------------------------------------------------------------

    def begin(self, link: Link, transport: Transport, context: Context) -> None:
        """``link`` is about to serve a new connection that the host asked for: it is CONNECTING."""
        self._module.seal(link)
        link.begin(transport, context, Role.CLIENT)
        link.position.fire(OPENING[transport])

    def open(self, link: Link, host: str | None, port: int, local_port: int = 0) -> Steps:
        """Steps: connect ``link`` (behind :meth:`begin`); ends in one of the module's hooks.

        ``host`` None: a UDP socket that sends and receives without a destination of its own.
        """
        module = self._module
        latest = module.now + module.timings["connect limit"]
        remote = None
        if host is not None:
            found = yield from self.resolve(host, link.context)
            if isinstance(found, Failure):
                self._failed(link, Failure.NOT_FOUND)
                return
            remote = link.remote = link.destination = Address(found[0], port)
        yield Pause("connect")
        link.handle = handle = self._new_number()
        self._links[handle] = link
        self._assigned(link, handle)
        module.ask(OpenSocket(handle, link.transport, remote, local_port, link.context.address))
        if not (yield Until(lambda: link.answer is not None, latest - module.now)):
            del self._links[handle]
            module.ask(CloseSocket(handle, abort=True))
            self._failed(link, Failure.TIMED_OUT)
        elif isinstance(link.answer, Connected):
            link.local_port = link.answer.local.port
            link.position.fire(Happening.CONNECTED)
            link.job = None
            module.link_opened(link)
            if link.inbox:
                self._announce_data(link, True, len(link.inbox))
        elif isinstance(link.answer, ConnectFailed):
            del self._links[handle]
            self._failed(link, link.answer.failure)

    def _assigned(self, link: Link, handle: int) -> None:
        """Tell whoever watches which socket is the link's."""
        number, context = link.number, link.context.number
        self._module.ask(SocketAssigned(handle, number, context, link.transport, link.remote))

    def _failed(self, link: Link, failure: Failure) -> None:
        link.job = None
        link.handle = None
        link.position.fire(Happening.CONNECT_FAILED)
        self._module.link_failed(link, failure)

    def _answered(self, event: Connected | ConnectFailed) -> None:
        link = self._links.get(event.handle)
        if link is not None:
            link.answer = event

    # ---- data ------------------------------------------------------------------------------------

    def send(self, link: Link, data: bytes, to: Address | None = None, *, awaited: bool = True) -> None:
        """Hand ``data`` to the network; the link must be connected."""
        assert link.handle is not None
        link.sent += len(data)
        if to is None and link.transport is Transport.UDP:
            to = link.destination
        self._module.data_sent(link)
        self._module.ask(SendData(link.handle, data, to, awaited))

    def has_room(self, link: Link, size: int) -> bool:
        """Whether the send buffer takes ``size`` more bytes."""
        if self.refuses_sends:
            return False
        return link.transport is Transport.UDP or link.unacked + size <= self._module.send_buffer

    def take(self, link: Link, size: int) -> bytes:
        """At most ``size`` unread bytes; makes room for more."""
        parts: list[bytes] = []
        inbox = link.inbox
        while inbox and size > 0:
            data, source = inbox[0]
            if len(data) <= size:
                inbox.popleft()
            else:
                inbox[0] = (data[size:], source)
                data = data[:size]
            parts.append(data)
            size -= len(data)
        taken = b"".join(parts)
        self.consumed(link, len(taken))
        return taken

    def consumed(self, link: Link, size: int) -> None:
        """``size`` bytes left the inbox towards the host."""
        link.unread -= size
        link.read += size
        if link.paused and link.unread <= self._limit // 2:
            link.paused = False
            if link.handle is not None:
                self._module.ask(ResumeReceiving(link.handle))

    def forget_data(self, link: Link) -> None:
        """Throw away what was not read."""
        link.inbox.clear()
        link.unread = 0
        self._module.outbox.forget(link)

    def _received(self, event: Received) -> None:
        link = self._links.get(event.handle)
        if link is None or link.state is LinkState.CLOSING:
            # What was not read before the host closed is lost; so is what comes behind it.
            return
        if not event.data:
            # An empty datagram: nothing that a host could be given (assumed).
            return
        if link.transport is Transport.UDP and not link.any_sender and event.source != link.remote:
            return
        size = len(event.data)
        link.received += size
        was_empty = not link.unread
        link.unread += size
        link.inbox.append((event.data, event.source))
        if link.unread >= self._limit and not link.paused:
            link.paused = True
            self._module.ask(PauseReceiving(event.handle))
        if link.state is not LinkState.CONNECTING:
            self._announce_data(link, was_empty)

    def _announce_data(self, link: Link, was_empty: bool, pieces: int = 1) -> None:
        module = self._module
        data_mode = module.data_mode
        if data_mode is not None and data_mode.link is link:
            data_mode.pump()
        elif not module.holds_data(link):
            module.outbox.deliver(link, pieces)
        else:
            module.data_waiting(link, was_empty)

    def _acknowledged(self, event: Acknowledged) -> None:
        link = self._links.get(event.handle)
        if link is not None:
            link.acked = event.total
            if link.state is LinkState.REMOTE_CLOSING and not link.unacked:
                self._module.peer_finished(link)

    def _send_blocked(self, event: SendBlocked) -> None:
        link = self._links.get(event.handle)
        if link is None:
            return
        link.blocked = True
        data_mode = self._module.data_mode
        if data_mode is not None and data_mode.link is link:
            self._module.hold_input("socket")

    def _send_ready(self, event: SendReady) -> None:
        link = self._links.get(event.handle)
        if link is None:
            return
        self._unblock(link)

    def _unblock(self, link: Link) -> None:
        """``link`` has room, or is gone: the host may go on, if it was this one that held it."""
        link.blocked = False
        data_mode = self._module.data_mode
        if data_mode is not None and data_mode.link is link:
            self._module.release_input("socket")

    # ---- closing ---------------------------------------------------------------------------------

    def _peer_closed(self, event: PeerClosed) -> None:
        link = self._links.get(event.handle)
        if link is None:
            return
        if link.state is LinkState.CONNECTED:
            link.position.fire(Happening.PEER_FINISHED)
            self._module.peer_finished(link)

    def finish(self, link: Link) -> None:
        """The peer has closed: close our side too, and say so."""
        self.drop(link, abort=False)
        self._module.link_closed(link)

    def _lost(self, event: ConnectionLost) -> None:
        link = self._links.pop(event.handle, None)
        self._stop_lingering(event.handle)
        if link is None:
            return
        link.handle = None
        said = link.connected
        link.position.fire(Happening.CLOSED)
        self._unblock(link)
        if said:
            self._module.link_closed(link)

    def _closed(self, event: Closed) -> None:
        self._stop_lingering(event.handle)
        link = self._links.pop(event.handle, None)
        if link is not None:
            link.handle = None
            link.position.fire(Happening.CLOSED)

    def close(self, link: Link, *, quick: bool, limit: str | float = "close limit") -> Steps:
        """Steps: the host closes ``link``: FIN and its answer, or RST at once; unread data is lost.

        ``limit``: how long the peer's FIN is waited for before the connection is reset.
        """
        self.forget_data(link)
        if quick or link.state is LinkState.CONNECTING or link.transport is Transport.UDP:
            self.drop(link, abort=quick or link.transport is Transport.TCP)
            return
        assert link.handle is not None
        module = self._module
        latest = module.now + module.seconds(limit)
        link.position.fire(Happening.CLOSE_STARTED)
        module.ask(CloseSocket(link.handle))
        yield Pause("close")
        if not (yield Until(lambda: link.state is not LinkState.CLOSING, latest - module.now)):
            self.drop(link, abort=True)

    def drop(self, link: Link, *, abort: bool) -> None:
        """End ``link`` now, whatever it is doing; nobody waits for the peer."""
        if link.job is not None:
            link.job.cancel()
            link.job = None
        handle, link.handle = link.handle, None
        if handle is not None:
            self._links.pop(handle, None)
            # A handshake under way cannot be ended in order.
            self._release(handle, abort or link.state is LinkState.CONNECTING, link.transport)
        self._unblock(link)
        link.paused = False
        link.position.fire(Happening.CLOSED)

    def _release(self, handle: int, abort: bool, transport: Transport) -> None:
        """Close a socket that no link owns any more; a peer that never answers the FIN is reset."""
        module = self._module
        module.ask(CloseSocket(handle, abort))
        if not abort and transport is Transport.TCP:
            self._lingering[handle] = module.after("close limit", lambda: self._abort(handle))

    def _abort(self, handle: int) -> None:
        if self._lingering.pop(handle, None) is not None:
            self._module.ask(CloseSocket(handle, abort=True))

    def _stop_lingering(self, handle: int) -> None:
        timer = self._lingering.pop(handle, None)
        if timer is not None:
            timer.cancel()

    # ---- clients ---------------------------------------------------------------------------------

    def _accepted(self, event: Accepted) -> None:
        listener = self._listeners.get(event.listener)
        link = None if listener is None else self._module.link_for_client(listener)
        if listener is None or link is None:
            self._module.ask(CloseSocket(event.handle, abort=True))
            return
        self._module.seal(link)
        link.begin(listener.transport, listener.context, Role.SERVER)
        link.remote = link.destination = event.remote
        link.local_port = event.local.port
        link.handle = event.handle
        self._links[event.handle] = link
        self._assigned(link, event.handle)
        link.position.fire(Happening.ACCEPTED)
        self._module.link_accepted(link)

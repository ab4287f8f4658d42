"""The module's sockets in memory, for tests: scripted peers, no wall time, no real socket.

It is to the engine what :mod:`.host` is, seen through the same effects and events, but every far end
is moved by the test, at times that the test chooses. What a real stack reports is reported here;
what the contract forbids the engine raises :class:`MisuseError`.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence

from ..emulator.effects import (
    AskNtp,
    CloseSocket,
    GiveUpAddress,
    Listen,
    NetEffect,
    OpenSocket,
    PauseReceiving,
    Ping,
    Resolve,
    ResumeReceiving,
    SendData,
    TakeAddress,
    Transport,
)
from ..emulator.events import (
    Accepted,
    Address,
    Closed,
    Connected,
    ConnectFailed,
    ConnectionLost,
    Event,
    Failure,
    ListenFailed,
    Listening,
    PeerClosed,
    Received,
)
from .memory_hosts import Hosts
from .memory_peers import MemoryConnection, MisuseError, Mode, TcpPeer, UdpPeer
from .memory_sockets import Socket, SocketTable, is_ipv4
from .script import Step

__all__ = ["MemoryConnection", "MemoryNetStack", "MisuseError", "Mode", "TcpPeer", "UdpPeer"]


class MemoryNetStack(Hosts):
    """Performs :class:`NetEffect`, hands out events; time comes in with every call.

    ``others`` is how a TCP address answers that no peer was declared for. ``send_limit`` is how
    many bytes of one connection may wait unsent before ``SendBlocked``.
    """

    def __init__(self, *, others: Mode = Mode.REFUSE, send_limit: int = 16384) -> None:
        super().__init__()
        self.no_sockets: Failure | None = None
        """What opening any socket or listener fails with: the host has none to give."""
        self.connections: list[MemoryConnection] = []
        self.strays: list[tuple[Address, bytes]] = []
        self._others = others
        self._send_limit = send_limit
        self._now = 0.0
        self._tcp: dict[Address, TcpPeer] = {}
        self._udp: dict[Address, UdpPeer] = {}
        self._table = SocketTable()
        self._later: list[tuple[float, int, Event]] = []
        self._sequence = 0
        self._ready: deque[Event] = deque()

    # ---- the test declares ----------------------------------------------------------------------

    def tcp(
        self,
        host: str,
        port: int,
        *,
        mode: Mode = Mode.ACCEPT,
        latency: float = 0.0,
        script: Sequence[Step] | None = None,
    ) -> TcpPeer:
        """Declare a TCP peer. Every connection to it runs ``script`` from its beginning.

        ``latency`` (seconds) delays all that the peer does and answers.
        """
        peer = TcpPeer(Address(host, port), mode, latency, script)
        if self._tcp.setdefault(peer.address, peer) is not peer:
            raise ValueError(f"tcp {host}:{port} is declared already")
        return peer

    def udp(self, host: str, port: int, *, mode: Mode = Mode.ACCEPT, latency: float = 0.0) -> UdpPeer:
        """Declare a UDP peer, or find the one declared. Of the modes only ``UNREACHABLE`` differs."""
        address = Address(host, port)
        if address not in self._udp:
            self._udp[address] = UdpPeer(self, address, mode, latency)
        return self._udp[address]

    def occupy(self, transport: Transport, port: int) -> None:
        """Somebody else has this local port: opening it fails with ``ADDRESS_IN_USE``."""
        self._table.occupied.add((transport, port))

    def connect_client(
        self,
        listen_port: int,
        host: str,
        port: int | None = None,
        *,
        source: str | None = None,
        latency: float = 0.0,
        script: Sequence[Step] | None = None,
    ) -> MemoryConnection:
        """A client at ``host:port`` connects to the module's TCP listener.

        ``source`` picks between listeners on one port of two PDP addresses. Raises
        ``ConnectionRefusedError`` if the module does not listen there.
        """
        listener = self._listener(listen_port, source)
        handle = self._table.accepted_handle()
        remote = Address(host, self._table.free_port() if port is None else port)
        connection = self._connection(handle, listener.local, remote, latency, script)
        self._table.add(Socket(handle, Transport.TCP, listener.local, remote, connection, owns_port=False))
        self.post(Accepted(listener.handle, handle, listener.local, remote), latency)
        if connection.run is not None:
            connection.run.start()
        return connection

    def listeners(self, transport: Transport) -> list[Address]:
        """The module's addresses with an open listener."""
        return [s.local for s in self._table if s.listens and s.transport is transport]

    # ---- the driver's side ----------------------------------------------------------------------

    def perform(self, effect: NetEffect, now: float) -> None:
        """Do what the engine asks for; raises :class:`MisuseError` if it must not ask."""
        self.handle_timer(now)
        match effect:
            case OpenSocket():
                self._open(effect)
            case SendData(handle, data, to):
                self._send(handle, data, to)
            case CloseSocket(handle, abort):
                self._close(handle, abort)
            case Listen():
                self._listen(effect)
            case PauseReceiving(handle):
                self._pause(handle, True)
            case ResumeReceiving(handle):
                self._pause(handle, False)
            case Resolve():
                self.post(*self._resolve(effect))
            case Ping():
                self.post(*self._ping(effect))
            case AskNtp():
                self.post(*self._tell_time(effect, now))
            case TakeAddress(address):
                self._own.append(address)
            case GiveUpAddress(address):
                self._give_up(address)
            case _:
                raise TypeError(f"the memory netstack cannot perform {effect!r}")

    def handle_timer(self, now: float) -> None:
        """It is ``now``: what is due becomes ready. Raises ``ValueError`` if time runs backwards."""
        if now < self._now:
            raise ValueError(f"time ran backwards, from {self._now} to {now}")
        self._now = now
        while self._later and self._later[0][0] <= now:
            self._ready.append(heapq.heappop(self._later)[2])

    def next_deadline(self) -> float | None:
        """When something under way arrives, or ``None``."""
        return self._later[0][0] if self._later else None

    def take_event(self) -> Event | None:
        """The next event that is ready, or ``None``.

        One at a time is how a real stack reports: the engine's answer to this one (a pause, an
        abort) decides about the next.
        """
        while self._ready:
            event = self._ready.popleft()
            if self._deliverable(event):
                return event
        return None

    def take_events(self) -> list[Event]:
        """All events that are ready, drained in order."""
        events = []
        while (event := self.take_event()) is not None:
            events.append(event)
        return events

    # ---- Wire: what the peers use ---------------------------------------------------------------

    def post(self, event: Event, delay: float) -> None:
        """Let ``event`` happen ``delay`` seconds from now."""
        due = self._now + delay
        socket = self._table.get(_handle_of(event))
        if socket is not None:
            # A change of the latency must not let a later segment overtake.
            due = socket.last_due = max(due, socket.last_due)
        self._sequence += 1
        heapq.heappush(self._later, (due, self._sequence, event))
        self.handle_timer(self._now)

    def datagram(self, data: bytes, source: Address, to_port: int | None, delay: float) -> None:
        """A datagram for the module; one to a port that nobody has is gone."""
        candidates = [s for s in self._table if s.transport is Transport.UDP and s.owns_port]
        if to_port is None:
            socket = next((s for s in reversed(candidates) if s.remote == source), None)
            if socket is None:
                raise LookupError(f"the module has no UDP socket for {source.host}:{source.port}")
        else:
            socket = next((s for s in candidates if s.local.port == to_port), None)
        if socket is None:
            return
        handle = socket.handle
        if socket.listens:
            handle = self._sender_handle(socket, source, delay)
        self.post(Received(handle, data, source), delay)

    # ---- performing -----------------------------------------------------------------------------

    def _open(self, effect: OpenSocket) -> None:
        self._table.claim(effect.handle)
        remote = effect.remote
        if remote is not None and not is_ipv4(remote.host):
            raise MisuseError(f"OpenSocket wants an IPv4 address, not {remote.host!r}: resolve it first")
        local = Address(effect.source, effect.local_port or self._table.free_port())
        failure = self._obstacle(effect.transport, local)
        if failure is not None:
            self._fail(effect.handle, ConnectFailed(effect.handle, failure), 0.0)
            return
        if effect.transport is Transport.TCP:
            if remote is None:
                raise MisuseError("a TCP socket is opened towards somebody")
            self._connect(effect.handle, local, remote)
            return
        peer = None if remote is None else self._udp.get(remote)
        if peer is not None and peer.mode is Mode.UNREACHABLE:
            self._fail(effect.handle, ConnectFailed(effect.handle, Failure.UNREACHABLE), peer.latency)
            return
        self._table.add(Socket(effect.handle, Transport.UDP, local, remote))
        self.post(Connected(effect.handle, local), 0.0)

    def _obstacle(self, transport: Transport, local: Address) -> Failure | None:
        if self.no_sockets is not None:
            return self.no_sockets
        return Failure.ADDRESS_IN_USE if self._table.in_use(transport, local) else None

    def _connect(self, handle: int, local: Address, remote: Address) -> None:
        peer = self._tcp.get(remote) or TcpPeer(remote, self._others)
        if peer.mode is Mode.REFUSE or peer.mode is Mode.UNREACHABLE:
            failure = Failure.REFUSED if peer.mode is Mode.REFUSE else Failure.UNREACHABLE
            self._fail(handle, ConnectFailed(handle, failure), peer.latency)
            return
        socket = self._table.add(Socket(handle, Transport.TCP, local, remote))
        if peer.mode is Mode.SILENT:
            return
        socket.connection = self._connection(handle, local, remote, peer.latency, peer.script)
        peer.connections.append(socket.connection)
        self.post(Connected(handle, local), peer.latency)
        if peer.on_connect is not None:
            peer.on_connect(socket.connection)
        if socket.connection.run is not None:
            socket.connection.run.start()

    def _send(self, handle: int, data: bytes, to: Address | None) -> None:
        socket = self._table.live(handle, "SendData")
        if socket is None:
            return
        if socket.listens or not socket.told or socket.closing:
            state = "a listener" if socket.listens else "closing" if socket.closing else "not open yet"
            raise MisuseError(f"SendData on {handle}, which is {state}")
        if socket.connection is None:
            self._send_datagram(socket, data, to)
        else:
            socket.connection.module_sends(data)

    def _send_datagram(self, socket: Socket, data: bytes, to: Address | None) -> None:
        target = to or socket.remote
        if target is None:
            raise MisuseError("a datagram without a destination, on a socket without one")
        peer = self._udp.get(target)
        if peer is None:
            self.strays.append((target, data))
        elif peer.mode is Mode.ACCEPT:
            peer.module_sends(data, socket.local)

    def _close(self, handle: int, abort: bool) -> None:
        socket = self._table.live(handle, "CloseSocket")
        if socket is None:
            return
        if socket.closing and not abort:
            raise MisuseError(f"CloseSocket on {handle}, which is closing already")
        connection = socket.connection
        if connection is not None and socket.told and not abort:
            # What was held back is not wanted any more; the peer's FIN completes this close.
            socket.held.clear()
            socket.paused = False
            socket.closing = True
            connection.module_closes()
            return
        self._table.end(handle, by_engine=True)
        if connection is not None:
            connection.module_aborts()

    def _listen(self, effect: Listen) -> None:
        self._table.claim(effect.handle)
        local = Address(effect.source, effect.port or self._table.free_port())
        failure = self._obstacle(effect.transport, local)
        if failure is not None:
            self._fail(effect.handle, ListenFailed(effect.handle, failure), 0.0)
            return
        self._table.add(Socket(effect.handle, effect.transport, local, listens=True))
        self.post(Listening(effect.handle, local), 0.0)

    def _pause(self, handle: int, paused: bool) -> None:
        if self._table.was_closed(handle):
            return
        socket = self._table.live(handle, "PauseReceiving" if paused else "ResumeReceiving")
        if socket is None or socket.closing:
            return
        if socket.listens:
            raise MisuseError(f"{handle} is a listener: there is nothing to pause")
        socket.paused = paused
        if not paused:
            self._ready.extendleft(reversed(socket.held))
            socket.held.clear()

    # ---- small parts ----------------------------------------------------------------------------

    def _listener(self, port: int, host: str | None) -> Socket:
        for socket in self._table:
            if not socket.listens or socket.transport is not Transport.TCP:
                continue
            if socket.local.port == port and host in (None, socket.local.host):
                return socket
        raise ConnectionRefusedError(f"the module does not listen on TCP port {port}")

    def _fail(self, handle: int, event: Event, delay: float) -> None:
        """Answer an opening with ``event``; until it is delivered the engine may still give up."""
        self._table.add(Socket(handle, Transport.TCP, Address("0.0.0.0", 0), owns_port=False))
        self.post(event, delay)

    def _connection(
        self, handle: int, local: Address, remote: Address, latency: float, script: Sequence[Step] | None
    ) -> MemoryConnection:
        connection = MemoryConnection(
            self, handle, local, remote, latency=latency, send_limit=self._send_limit, script=script
        )
        self.connections.append(connection)
        return connection

    def _sender_handle(self, listener: Socket, source: Address, delay: float) -> int:
        """The accepted socket for a sender's datagrams; its first one is announced."""
        handle = listener.senders.get(source)
        if handle is None or handle not in self._table:
            handle = listener.senders[source] = self._table.accepted_handle()
            self._table.add(Socket(handle, Transport.UDP, listener.local, source, owns_port=False))
            self.post(Accepted(listener.handle, handle, listener.local, source), delay)
        return handle

    # ---- delivering -----------------------------------------------------------------------------

    def _deliverable(self, event: Event) -> bool:
        """Whether the engine is to be told ``event`` now; keeps the book of what it has been told."""
        handle = _handle_of(event)
        socket = self._table.get(handle)
        if socket is None:
            return handle == 0  # a lookup, a ping ...; else the engine gave this socket up meanwhile
        match event:
            case Received() | PeerClosed() if socket.paused:
                socket.hold(event)
                return False
            case PeerClosed():
                return not socket.closing  # then ``Closed`` says it
            case Accepted(listener=listener) if listener not in self._table:
                self._close(handle, abort=True)
                return False
            case Connected() | Listening() | Accepted():
                socket.told = True
            case Closed():
                self._table.end(handle, by_engine=True)
            case ConnectFailed() | ListenFailed() | ConnectionLost():
                self._table.end(handle, by_engine=False)
        return True


def _handle_of(event: Event) -> int:
    """The handle that an event speaks of; 0, which is no handle, for an answer that no socket gives."""
    handle: int = getattr(event, "handle", 0)
    return handle

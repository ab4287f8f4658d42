"""The peers of a transcript as real sockets on loopback, all in the thread of the test.

Servers get any free port; a route (``tcp://documented:port=tcp://127.x.y.z:port``) leads the module to
them. Clients and UDP senders that no route can name come from loopback addresses of their own,
and what the transcript prints of them is translated (:meth:`RealPeers.printed`).
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vmodem.emulator.events import Address
from vmodem.emulator.recording.actions import ClientEnds, ClientSends, PeerAccepts, PeerEnds, PeerSends
from vmodem.emulator.recording.header import Client, Header
from vmodem.netstack.script import ScriptRun, Step

LOOPBACK = "127.0.0.1"
ACCEPT_LIMIT = 5.0


@dataclass(slots=True)
class RealConnection:
    """One TCP connection, its far end being ours."""

    sock: socket.socket
    received: bytearray = field(default_factory=bytearray)
    run: ScriptRun | None = None
    ended: bool = False

    def send(self, data: bytes) -> None:
        """Send all of it; transcripts send less than any socket buffer holds."""
        self.sock.sendall(data)

    def close(self) -> None:
        """FIN. The socket stays to hear the module's."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.ended = True
        self.sock.close()

    def ack_limit(self, total: int) -> None:
        """The host's own stack acknowledges as it likes."""
        raise ValueError("a real peer cannot limit its acknowledgements")

    def ack_all(self) -> None:
        """The host's own stack does that anyway."""


@dataclass(slots=True)
class RealTcpServer:
    """A listening socket and what connected to it."""

    sock: socket.socket
    script: Sequence[Step] | None
    connections: list[RealConnection] = field(default_factory=list)


@dataclass(slots=True)
class RealUdpServer:
    """A UDP socket, what came, and from where last."""

    sock: socket.socket
    received: list[bytes] = field(default_factory=list)
    run: ScriptRun | None = None
    last: tuple[str, int] | None = None

    def send(self, data: bytes) -> None:
        """To where the module last wrote from."""
        if self.last is None:
            raise LookupError("the module has not written to this UDP peer yet")
        self.sock.sendto(data, self.last)

    def close(self) -> None:
        """UDP has nothing to close."""
        raise ValueError("a UDP peer cannot close")

    reset = close

    def ack_limit(self, total: int) -> None:
        """UDP does not acknowledge."""
        raise ValueError("a UDP peer does not acknowledge")

    def ack_all(self) -> None:
        """UDP does not acknowledge."""
        raise ValueError("a UDP peer does not acknowledge")


class RealPeers:
    """Carries out a transcript's peer steps on real sockets; :meth:`pump` lets them act.

    ``network`` is a loopback network of this process alone, so that tests may run side by side on
    the ports that the documents print.
    """

    def __init__(self, header: Header) -> None:
        number = os.getpid()
        self.network = f"127.{1 + number // 250 % 250}.{1 + number % 250}"
        self.listen_host = f"{self.network}.1"
        self._server_host = f"{self.network}.2"
        self.routes: list[str] = []
        self._hosts = self._fresh_hosts()
        self._udp_listens = any(client.transport == "udp" for client in header.clients)
        self._selector = selectors.DefaultSelector()
        self._listening = selectors.DefaultSelector()
        self._tcp: dict[Address, RealTcpServer] = {}
        self._udp: dict[Address, RealUdpServer] = {}
        self._senders: dict[Address, socket.socket] = {}
        self._links: list[RealConnection] = []
        self._clients: list[tuple[str, int, RealConnection]] = []
        self._runs: list[tuple[str, ScriptRun]] = []
        self._must_connect: dict[str, RealTcpServer] = {}
        self._translated: dict[str, str] = {}
        # Now: the routes must be known before the module starts.
        for peer in header.peers:
            if peer.transport == "tcp":
                self._declare_tcp(Address(peer.host, peer.port), peer.script, peer.refuses)
            else:
                self._declare_udp(Address(peer.host, peer.port), peer.script)

    def _fresh_hosts(self) -> Iterator[str]:
        for last in range(3, 255):
            yield f"{self.network}.{last}"

    def declare(self, header: Header) -> None:
        """Everything is there already."""

    def _declare_tcp(self, address: Address, script: Sequence[Step] | None, refuses: bool) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # To refuse for a while and listen again on the same port, it must be asked for by number
        # (one that the kernel chose is given back) and despite connections in TIME-WAIT.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((self._server_host, _free_port(self._server_host)))
        server = self._tcp[address] = RealTcpServer(sock, script)
        if not refuses:
            self._listen(server)
        self._route("tcp", address, sock)
        if script:
            self._must_connect[f"tcp {address.host}:{address.port}"] = server

    def _declare_udp(self, address: Address, script: Sequence[Step] | None) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((LOOPBACK, 0))
        server = self._udp[address] = RealUdpServer(sock)
        if script is not None:
            server.run = ScriptRun(script, server, datagrams=True)
            self._runs.append((f"udp {address.host}:{address.port}", server.run))
            server.run.start()
        self._selector.register(sock, selectors.EVENT_READ, lambda: self._datagram(server))
        self._route("udp", address, sock)

    def _route(self, scheme: str, address: Address, sock: socket.socket) -> None:
        host, port = sock.getsockname()
        self.routes.append(f"{scheme}://{address.host}:{address.port}={scheme}://{host}:{port}")

    # ---- pumping --------------------------------------------------------------------------------

    def watch(self, descriptor: int, ready: Callable[[], None]) -> None:
        """Pump this descriptor too (the host's serial port)."""
        self._selector.register(descriptor, selectors.EVENT_READ, ready)

    def pump(self, timeout: float) -> None:
        """Let peers act on what has come, waiting at most ``timeout`` seconds for something."""
        for key, _ in self._selector.select(timeout):
            key.data()

    def _catch_up(self, enough: Callable[[], bool]) -> None:
        """Accept what the kernel has connected already: the module may have said CONNECT before we have
        looked. Waits for it as long as there is not ``enough``.
        """
        end = time.monotonic() + ACCEPT_LIMIT
        while waiting := self._listening.select(0 if enough() else max(0.0, end - time.monotonic())):
            for key, _ in waiting:
                key.data()

    def close(self) -> None:
        """Close every socket."""
        self._selector.close()
        self._listening.close()
        connections = [*self._links, *(connection for _, _, connection in self._clients)]
        for sock in [
            *(server.sock for server in self._tcp.values()),
            *(server.sock for server in self._udp.values()),
            *self._senders.values(),
            *(connection.sock for connection in connections),
        ]:
            sock.close()

    def _accept(self, server: RealTcpServer, name: str) -> None:
        sock, _ = server.sock.accept()
        connection = self._adopt(sock, server.script, name)
        server.connections.append(connection)
        self._links.append(connection)
        if connection.run is not None:
            connection.run.start()

    def _adopt(self, sock: socket.socket, script: Sequence[Step] | None, name: str) -> RealConnection:
        connection = RealConnection(sock)
        if script is not None:
            connection.run = ScriptRun(script, connection)
            self._runs.append((name, connection.run))
        self._selector.register(sock, selectors.EVENT_READ, lambda: self._read(connection))
        return connection

    def _read(self, connection: RealConnection) -> None:
        try:
            data = connection.sock.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self._selector.unregister(connection.sock)
            connection.ended = True
            connection.sock.close()
            return
        connection.received += data
        if connection.run is not None:
            connection.run.feed(data)
            if connection.ended:  # the script has reset it
                self._selector.unregister(connection.sock)

    def _datagram(self, server: RealUdpServer) -> None:
        data, server.last = server.sock.recvfrom(65536)
        server.received.append(data)
        if server.run is not None:
            server.run.feed(data)

    # ---- actions --------------------------------------------------------------------------------

    def peer_sends(self, action: PeerSends) -> None:
        """A server sends, or a UDP sender that the module did not ask for."""
        address = Address(action.host, action.port)
        if action.transport == "tcp":
            self._latest(address).send(action.data)
        elif action.local_port is None:
            self._udp[address].send(action.data)
        else:
            host = self.listen_host if self._udp_listens else LOOPBACK
            self._sender(address).sendto(action.data, (host, action.local_port))

    def peer_ends(self, action: PeerEnds) -> None:
        """A server closes or resets its latest connection."""
        self._end(self._latest(Address(action.host, action.port)), action.reset)

    def peer_accepts(self, action: PeerAccepts) -> None:
        """Listen, or stay bound without listening: then the host's stack refuses."""
        server = self._tcp[Address(action.host, action.port)]
        if action.accepts:
            self._listen(server)
        else:
            self._selector.unregister(server.sock)
            self._listening.unregister(server.sock)
            server.sock.shutdown(socket.SHUT_RDWR)

    def _listen(self, server: RealTcpServer) -> None:
        name = next(f"tcp {a.host}:{a.port}" for a, s in self._tcp.items() if s is server)
        server.sock.listen()
        for selector in (self._selector, self._listening):
            selector.register(server.sock, selectors.EVENT_READ, lambda: self._accept(server, name))

    def link_peer_sends(self, link: int, data: bytes) -> None:
        """The far end of the module's n-th TCP connection sends."""
        self._catch_up(lambda: len(self._links) > link)
        self._links[link].send(data)

    def client_connects(self, client: Client, source: str | None) -> None:
        """A client connects from a loopback address that stands for the documented one."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.bind((self._stand_in(client.host), client.port or 0))
        sock.settimeout(10.0)
        try:
            sock.connect((self.listen_host, client.local_port or self._only_listener()))
        except ConnectionResetError:
            # Refused by the module, whose reset was here before connect() looked at the result.
            sock.close()
            return
        name = f"client {client.host}"
        connection = self._adopt(sock, client.script, name)
        self._clients.append((client.host, sock.getsockname()[1], connection))
        if connection.run is not None:
            connection.run.start()

    def client_sends(self, action: ClientSends) -> None:
        """A client sends."""
        self._client(action.host, action.port).send(action.data)

    def client_ends(self, action: ClientEnds) -> None:
        """A client closes or resets."""
        self._end(self._client(action.host, action.port), action.reset)

    def _end(self, connection: RealConnection, reset: bool) -> None:
        if connection.ended:
            return
        if reset:
            self._selector.unregister(connection.sock)
            connection.reset()
        else:
            connection.close()

    # ---- assertions -----------------------------------------------------------------------------

    def printed(self, text: str) -> str:
        """An expected line, with the addresses that the module really sees."""
        for documented, real in self._translated.items():
            text = re.sub(rf"(?<![\d.]){re.escape(documented)}(?![\d.])", real, text)
        return text

    def received(self, address: Address) -> bytes:
        """All that the module has sent to this server."""
        if address in self._tcp:
            return b"".join(bytes(c.received) for c in self._tcp[address].connections)
        return b"".join(self._udp[address].received)

    def wrong(self) -> list[str]:
        """What peers have received that their scripts do not allow."""
        complaints = ((name, run.wrong()) for name, run in self._runs)
        return [f"{name} {complaint}" for name, complaint in complaints if complaint]

    def unsatisfied(self) -> list[str]:
        """Which scripts are not satisfied."""
        complaints = ((name, run.complaint()) for name, run in self._runs)
        found = [f"{name} {complaint}" for name, complaint in complaints if complaint]
        found += [
            f"{name} has a script, but the module never connected to it"
            for name, server in self._must_connect.items()
            if not server.connections
        ]
        return found

    # ---- finding --------------------------------------------------------------------------------

    def _stand_in(self, documented: str) -> str:
        """The loopback address that stands for a documented one."""
        if documented not in self._translated:
            self._translated[documented] = next(self._hosts)
        return self._translated[documented]

    def _sender(self, address: Address) -> socket.socket:
        if address in self._udp:
            return self._udp[address].sock
        if address not in self._senders:
            # Keyed with its port: another port of this host may be a routed server.
            sock = self._senders[address] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((next(self._hosts), address.port))
            key = address.host if self._udp_listens else f"{address.host}:{address.port}"
            host = sock.getsockname()[0]
            self._translated[key] = host if self._udp_listens else f"{host}:{address.port}"
        return self._senders[address]

    def _latest(self, address: Address) -> RealConnection:
        connections = self._tcp[address].connections if address in self._tcp else []
        self._catch_up(lambda: bool(connections) or address not in self._tcp)
        if not connections:
            raise LookupError(f"the module has no connection to {address.host}:{address.port}")
        return connections[-1]

    def _client(self, host: str, port: int | None) -> RealConnection:
        for known_host, known_port, connection in reversed(self._clients):
            if known_host == host and port in (None, known_port):
                return connection
        raise LookupError(f"client {host} has not connected")

    def _only_listener(self) -> int:
        ports = listening_ports(self.listen_host)
        if len(ports) != 1:
            raise LookupError(f"the client has one listener to connect to, not {len(ports)}")
        return ports[0]


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind((host, 0))
        port: int = sock.getsockname()[1]
        return port


def listening_ports(host: str) -> list[int]:
    """The TCP ports on which somebody listens at this very address (from the kernel's table)."""
    wanted = "".join(f"{byte:02X}" for byte in reversed(socket.inet_aton(host)))
    ports = []
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, _, state, *_ = line.split()
        address, _, port = local.partition(":")
        if address == wanted and state == "0A":
            ports.append(int(port, 16))
    return ports

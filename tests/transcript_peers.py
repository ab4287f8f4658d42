"""The peers of a transcript in the memory netstack, and a transcript played in the virtual world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address

from transcript_player import Player
from vmodem.emulator.effects import Transport
from vmodem.emulator.events import Address
from vmodem.emulator.observer import Observer
from vmodem.emulator.recording.actions import ClientEnds, ClientSends, PeerAccepts, PeerEnds, PeerSends
from vmodem.emulator.recording.format import Transcript
from vmodem.emulator.recording.header import Client, Header, Peer
from vmodem.emulator.world import ModemCalls, World, Writer, whole
from vmodem.netstack.memory import MemoryConnection, MemoryNetStack, Mode, TcpPeer
from vmodem.netstack.script import ScriptRun


def addresses_by_name(header: Header) -> dict[str, str]:
    """The first address of each name of the header, by the name in small letters."""
    return {name.name.lower(): name.addresses[0] for name in header.names if name.addresses}


def address_of(peer: Peer, header: Header) -> Address:
    """Where a peer is: a name is looked up in the header's ``dns`` lines."""
    host = addresses_by_name(header).get(peer.host.lower(), peer.host)
    try:
        IPv4Address(host)
    except ValueError:
        raise peer.place.error(f"no 'config: dns' line gives the peer {peer.host!r} an address") from None
    return Address(host, peer.port)


class VirtualPeers:
    """Carries out a transcript's peer steps on a :class:`MemoryNetStack`."""

    def __init__(self, net: MemoryNetStack) -> None:
        self._net = net
        self._tcp: dict[Address, TcpPeer] = {}
        self._clients: list[tuple[str, int, MemoryConnection]] = []
        self._must_connect: set[str] = set()
        self._runs: list[tuple[str, Callable[[], Sequence[ScriptRun]]]] = []

    def declare(self, header: Header) -> None:
        """Names, servers and hosts of the header."""
        for ping in header.pings:
            self._net.host(ping.host, *(rtt / 1000 for rtt in ping.rtt), ttl=ping.ttl)
        for ntp in header.ntp:
            self._net.ntp(ntp.host, ntp.port, ntp.utc)
        for name in header.names:
            self._net.add_name(name.name, *name.addresses, ttl=name.ttl)
        for peer in header.peers:
            address = address_of(peer, header)
            if peer.transport == "tcp":
                self._declare_tcp(peer, address)
            else:
                self._declare_udp(peer, address)

    def _declare_tcp(self, peer: Peer, address: Address) -> None:
        mode = Mode.REFUSE if peer.refuses else Mode.ACCEPT
        server = self._tcp[address] = self._net.tcp(*address, mode=mode, script=peer.script)
        if peer.script is not None:
            name = f"tcp {peer.host}:{peer.port}"
            self._runs.append((name, lambda: [c.run for c in server.connections if c.run is not None]))
            if peer.script:
                self._must_connect.add(name)

    def _declare_udp(self, peer: Peer, address: Address) -> None:
        server = self._net.udp(*address)
        if peer.script is not None:
            run = server.play(peer.script)
            self._runs.append((f"udp {peer.host}:{peer.port}", lambda: [run]))

    # ---- actions --------------------------------------------------------------------------------

    def peer_sends(self, action: PeerSends) -> None:
        if action.transport == "tcp":
            self._latest(action.host, action.port).send(action.data)
        else:
            self._net.udp(action.host, action.port).send(action.data, action.local_port)

    def peer_ends(self, action: PeerEnds) -> None:
        _end(self._latest(action.host, action.port), action.reset)

    def peer_accepts(self, action: PeerAccepts) -> None:
        server = self._server(action.host, action.port)
        if action.accepts:
            server.accept()
        else:
            server.refuse()

    def link_peer_sends(self, link: int, data: bytes) -> None:
        if link >= len(self._net.connections):
            raise LookupError(f"the module has made {len(self._net.connections)} connections only")
        self._net.connections[link].send(data)

    def client_connects(self, client: Client, source: str | None) -> None:
        port = client.local_port or self._only_listener(source)
        connection = self._net.connect_client(
            port, client.host, client.port, source=source, script=client.script
        )
        self._clients.append((client.host, connection.remote.port, connection))
        if connection.run is not None:
            run = connection.run
            self._runs.append((f"client {client.host}", lambda: [run]))

    def client_sends(self, action: ClientSends) -> None:
        self._client(action.host, action.port).send(action.data)

    def client_ends(self, action: ClientEnds) -> None:
        _end(self._client(action.host, action.port), action.reset)

    # ---- assertions -----------------------------------------------------------------------------

    def printed(self, text: str) -> str:
        return text

    def received(self, address: Address) -> bytes:
        if address in self._tcp:
            return b"".join(bytes(c.received) for c in self._tcp[address].connections)
        return b"".join(datagram.data for datagram in self._net.udp(*address).received)

    def wrong(self) -> list[str]:
        complaints = ((name, run.wrong()) for name, runs in self._runs for run in runs())
        return [f"{name} {complaint}" for name, complaint in complaints if complaint]

    def unsatisfied(self) -> list[str]:
        found = []
        for name, runs in self._runs:
            if not runs() and name in self._must_connect:
                found.append(f"{name} has a script, but the module never connected to it")
            found += [f"{name} {run.complaint()}" for run in runs() if run.complaint()]
        return found

    # ---- finding --------------------------------------------------------------------------------

    def _server(self, host: str, port: int) -> TcpPeer:
        server = self._tcp.get(Address(host, port))
        if server is None:
            raise LookupError(f"the header declares no tcp {host}:{port}")
        return server

    def _latest(self, host: str, port: int) -> MemoryConnection:
        server = self._server(host, port)
        if not server.connections:
            raise LookupError(f"the module has no connection to {host}:{port}")
        return server.connection()

    def _client(self, host: str, port: int | None) -> MemoryConnection:
        for known_host, known_port, connection in reversed(self._clients):
            if known_host == host and port in (None, known_port):
                return connection
        raise LookupError(f"client {host} has not connected")

    def _only_listener(self, source: str | None) -> int:
        ports = {a.port for a in self._net.listeners(Transport.TCP) if source in (None, a.host)}
        if len(ports) != 1:
            raise LookupError(f"the client has one listener to connect to, not {len(ports)}")
        return ports.pop()


def _end(connection: MemoryConnection, reset: bool) -> None:
    if reset:
        connection.reset()
    else:
        connection.close()


def play_virtual(
    transcript: Transcript, modem: ModemCalls, *, writer: Writer = whole, observer: Observer | None = None
) -> World:
    """Play ``transcript`` on ``modem`` in virtual time; returns the world as it then is."""
    net = MemoryNetStack()
    world = World(modem, net, writer=writer, observer=observer)
    Player(transcript, world, VirtualPeers(net)).play()
    return world

"""Runs a test against a HostNetStack and real sockets in one event loop, waiting for events only."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

import pytest
from vmodem.emulator.effects import CloseSocket, Listen, NetEffect, OpenSocket, SendData, Transport
from vmodem.emulator.events import Accepted, Address, Connected, Event, Listening, Received
from vmodem.netstack import ping
from vmodem.netstack.air import Air
from vmodem.netstack.host import HostNetStack
from vmodem.netstack.policy import Policy
from vmodem.netstack.routes import Route, Routes

E = TypeVar("E", bound=Event)


def _can_ping() -> bool:
    try:
        sock, _ = ping._socket()
    except PermissionError:
        return False
    sock.close()
    return True


needs_ping = pytest.mark.skipif(not _can_ping(), reason="this host lets nobody ping")


class Stack(Protocol):
    """What performs effects."""

    def perform(self, effect: NetEffect) -> None:
        """Do it."""

    def close(self) -> None:
        """Close every socket."""


TIMEOUT = 10.0


def open_descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port on which nobody listens."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Net:
    """A stack, the events that it has delivered and nobody has taken, and the peers of the test."""

    def __init__(
        self,
        *routes: str,
        policy: Policy = Policy.LOOPBACK,
        listen_host: str = "127.0.0.1",
        source: str = "10.0.0.1",
        air: Air | None = None,
    ) -> None:
        self.source = source
        self.loop = asyncio.get_running_loop()
        self.events: list[Event] = []
        self.notes: list[str] = []
        self.react: Callable[[Event], None] = lambda event: None
        self._news = asyncio.Event()
        self._peers: list[socket.socket] = []
        self._last_handle = 0

        def make(deliver: Callable[[Event], None]) -> HostNetStack:
            self.stack = HostNetStack(
                deliver=deliver,
                routes=Routes(tuple(map(Route.parse, routes))),
                policy=policy,
                loop=self.loop,
                listen_host=listen_host,
                air=air,
                note=self.notes.append,
            )
            return self.stack

        self._front = self.in_front_of(make)

    def in_front_of(self, make: Callable[[Callable[[Event], None]], HostNetStack]) -> Stack:
        """What the test speaks to: the host's stack itself."""
        return make(self._deliver)

    def _deliver(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()
        self.react(event)

    def close(self) -> None:
        self._front.close()
        for peer in self._peers:
            peer.close()

    def perform(self, *effects: NetEffect) -> None:
        for effect in effects:
            self._front.perform(effect)

    # ---- waiting --------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until events make ``condition`` true."""
        async with asyncio.timeout(TIMEOUT):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def has(self, kind: type[Event], handle: int | None = None) -> bool:
        return any(self._matches(event, kind, handle) for event in self.events)

    @staticmethod
    def _matches(event: Event, kind: type[Event], handle: int | None) -> bool:
        return isinstance(event, kind) and handle in (None, getattr(event, "handle", None))

    async def take(self, kind: type[E], handle: int | None = None) -> E:
        """Wait for the next event of that kind, and remove it."""
        await self.until(lambda: self.has(kind, handle))
        for event in self.events:
            if isinstance(event, kind) and self._matches(event, kind, handle):
                self.events.remove(event)
                return event
        raise AssertionError("unreachable")

    def data(self, handle: int) -> bytes:
        """All that was received so far and not taken."""
        return b"".join(e.data for e in self.events if isinstance(e, Received) and e.handle == handle)

    async def passes(self, turns: int = 5) -> None:
        """Let the loop turn, so that whatever is already due happens."""
        for _ in range(turns):
            await asyncio.sleep(0)

    # ---- the test's own sockets -----------------------------------------------------------------

    def own(self, sock: socket.socket) -> socket.socket:
        sock.setblocking(False)
        self._peers.append(sock)
        return sock

    def server(self, *, rcvbuf: int = 0) -> tuple[socket.socket, Address]:
        sock = self.own(socket.socket())
        if rcvbuf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        return sock, Address(*sock.getsockname())

    def datagrams(self) -> tuple[socket.socket, Address]:
        sock = self.own(socket.socket(type=socket.SOCK_DGRAM))
        sock.bind(("127.0.0.1", 0))
        return sock, Address(*sock.getsockname())

    async def accept(self, server: socket.socket) -> socket.socket:
        async with asyncio.timeout(TIMEOUT):
            return self.own((await self.loop.sock_accept(server))[0])

    async def connect(self, address: Address) -> socket.socket:
        sock = self.own(socket.socket())
        async with asyncio.timeout(TIMEOUT):
            await self.loop.sock_connect(sock, address)
        return sock

    async def read(self, sock: socket.socket, size: int) -> bytes:
        """``size`` bytes, or fewer up to the end of the stream."""
        data = bytearray()
        async with asyncio.timeout(TIMEOUT):
            while len(data) < size:
                part = await self.loop.sock_recv(sock, min(65536, size - len(data)))
                if not part:
                    break
                data += part
        return bytes(data)

    async def write(self, sock: socket.socket, data: bytes) -> None:
        async with asyncio.timeout(TIMEOUT):
            await self.loop.sock_sendall(sock, data)

    async def datagram(self, sock: socket.socket) -> tuple[bytes, Address]:
        async with asyncio.timeout(TIMEOUT):
            data, sender = await self.loop.sock_recvfrom(sock, 65536)
        return data, Address(*sender)

    @staticmethod
    def reset(sock: socket.socket) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()

    # ---- common openings ------------------------------------------------------------------------

    def handle(self) -> int:
        self._last_handle += 1
        return self._last_handle

    def open(self, remote: Address, transport: Transport = Transport.TCP, local_port: int = 0) -> int:
        handle = self.handle()
        self.perform(OpenSocket(handle, transport, remote, local_port, self.source))
        return handle

    def serve_udp(self) -> int:
        """A UDP socket without a destination."""
        handle = self.handle()
        self.perform(OpenSocket(handle, Transport.UDP, None, 0, self.source))
        return handle

    async def pair(self, *, rcvbuf: int = 0) -> tuple[int, socket.socket]:
        """A connected module socket and the peer's end."""
        server, address = self.server(rcvbuf=rcvbuf)
        handle = self.open(address)
        peer = await self.accept(server)
        await self.take(Connected, handle)
        return handle, peer

    async def listen(self, transport: Transport = Transport.TCP, port: int = 0) -> tuple[int, Address]:
        handle = self.handle()
        self.perform(Listen(handle, transport, port, self.source))
        return handle, (await self.take(Listening, handle)).local

    async def accepted(self) -> tuple[int, socket.socket]:
        """A connection that the module has accepted, and the client's end."""
        _, address = await self.listen()
        client = await self.connect(address)
        return (await self.take(Accepted)).handle, client

    def send(self, handle: int, data: bytes, to: Address | None = None, *, awaited: bool = True) -> None:
        self.perform(SendData(handle, data, to, awaited))

    def shut(self, handle: int, *, abort: bool = False) -> None:
        self.perform(CloseSocket(handle, abort))


N = TypeVar("N", bound=Net)


def run(story: Callable[[Net], Coroutine[Any, Any, None]], *routes: str, **options: Any) -> None:
    """Run ``story`` with a stack of its own, which must leave no descriptor behind."""
    run_on(Net, story, *routes, **options)


def run_on(
    kind: type[N], story: Callable[[N], Coroutine[Any, Any, None]], *routes: str, **options: Any
) -> None:
    """The same on another kind of stack."""

    async def main() -> None:
        before = open_descriptors()
        net = kind(*routes, **options)
        try:
            async with asyncio.timeout(40):
                await story(net)
        finally:
            net.close()
        await net.passes()
        assert open_descriptors() == before

    asyncio.run(main())

"""The module's sockets on the host's own network: what ``vmodem run`` and most tests use.

Rules for editors: everything runs in callbacks of one event loop; no tasks, no streams (measured at
half the throughput). After each ``deliver`` the link may be gone, paused or closing: look again.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

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
from ..emulator.events import Address, Connected, ConnectFailed, Event, Failure, ListenFailed, Listening
from .air import Air, Place
from .host_link import Hub, SilentLink, failure_of, local_of
from .host_listener import TcpListener
from .host_tcp import TcpLink
from .host_udp import UdpLink, UdpListener
from .ntp import NtpClient
from .ping import Pinger
from .policy import Policy, ipv4, is_loopback
from .resolve import Resolver
from .routes import Routes

if TYPE_CHECKING:
    import asyncio

_BACKLOG = 128


def _ignore(*_told: object) -> None:
    """The ``note`` and ``connecting`` of somebody who does not care."""


class HostNetStack:
    """Performs the engine's socket effects on real sockets and delivers what happens as events.

    ``deliver`` is called from the loop's callbacks, and also while :meth:`perform` runs: the caller
    queues events that come in the middle of something. ``listen_host`` is the host address to which
    the module's listeners bind. ``air``: where other modules are, and hear of this one. ``note`` gets a
    line of text for every refusal by ``policy``, and where a listener is if not at its own port.
    ``connecting`` gets the handle and local address of each TCP connection whose SYN is on its way, which
    no event tells (for captures).

    A connect timeout is the engine's: the host's own (about two minutes) is the upper limit.
    """

    def __init__(
        self,
        *,
        deliver: Callable[[Event], None],
        routes: Routes,
        policy: Policy,
        loop: asyncio.AbstractEventLoop,
        listen_host: str = "127.0.0.1",
        air: Air | None = None,
        note: Callable[[str], None] = _ignore,
        connecting: Callable[[int, Address], None] = _ignore,
    ) -> None:
        if ipv4(listen_host) is None:
            raise ValueError(
                f"listen_host {listen_host!r} is not an IPv4 address; write one, such as 127.0.0.1"
            )
        self._air = Air() if air is None else air
        self._hub = Hub(
            loop=loop,
            deliver=deliver,
            routes=routes,
            policy=policy,
            air=self._air,
            note=note,
            connecting=connecting,
        )
        self._links = self._hub.links
        self._resolver = Resolver(loop=loop, deliver=deliver, routes=routes, policy=policy, note=note)
        self._pinger = Pinger(self._hub)
        self._ntp = NtpClient(self._hub)
        self._addresses: list[str] = []
        self._listen_host = listen_host
        self._closed = False
        # Where nothing can leave the machine, nothing needs to be able to come in either.
        stays = policy is not Policy.HOST and all(map(is_loopback, routes.targets()))
        self._udp_host = "127.0.0.1" if stays else ""
        self._actions: dict[type[NetEffect], Callable[..., None]] = {
            SendData: self._send,
            OpenSocket: self._open,
            CloseSocket: self._close,
            PauseReceiving: self._pause,
            ResumeReceiving: self._resume,
            Listen: self._listen,
            Resolve: self._resolver.resolve,
            Ping: self._pinger.ping,
            AskNtp: self._ntp.ask,
            TakeAddress: self._take_address,
            GiveUpAddress: self._give_up_address,
        }

    def perform(self, effect: NetEffect) -> None:
        """Do what the engine asks; what the network makes of it is answered by events.

        An effect for a handle that is not open is ignored: the connection may have been lost, and
        the event told so, while the effect was on its way. After :meth:`close` nothing is done.
        Raises ``ValueError`` if the engine opens a handle that is open or TCP towards nobody, ``KeyError``
        for an effect that no netstack knows.
        """
        if not self._closed:
            self._actions[type(effect)](effect)

    def close(self) -> None:
        """Close every socket and cancel everything; no event is delivered any more. May be repeated."""
        self._closed = True
        self._resolver.close()
        self._pinger.close()
        self._ntp.close()
        while self._addresses:
            self._air.depart(self._addresses.pop())
        for link in list(self._links.values()):
            link.release()

    # ---- the module's own addresses -------------------------------------------------------------

    def _take_address(self, effect: TakeAddress) -> None:
        self._addresses.append(effect.address)
        self._air.enter(effect.address)

    def _give_up_address(self, effect: GiveUpAddress) -> None:
        if effect.address in self._addresses:
            self._addresses.remove(effect.address)
            self._air.depart(effect.address)

    # ---- effects for an open handle -------------------------------------------------------------

    def _send(self, effect: SendData) -> None:
        link = self._links.get(effect.handle)
        if link is not None:
            link.send(effect.data, effect.to, effect.awaited)

    def _close(self, effect: CloseSocket) -> None:
        link = self._links.get(effect.handle)
        if link is not None:
            link.close(effect.abort)

    def _pause(self, effect: PauseReceiving) -> None:
        link = self._links.get(effect.handle)
        if link is not None:
            link.pause()

    def _resume(self, effect: ResumeReceiving) -> None:
        link = self._links.get(effect.handle)
        if link is not None:
            link.resume()

    # ---- opening --------------------------------------------------------------------------------

    def _open(self, effect: OpenSocket) -> None:
        self._check_unused(effect.handle)
        if effect.transport is Transport.TCP:
            self._open_tcp(effect)
        elif effect.remote is not None and ipv4(effect.remote.host) is None:
            self._connect_failed(effect, Failure.NOT_FOUND)
        else:
            self._open_udp(effect)

    def _open_tcp(self, effect: OpenSocket) -> None:
        remote = effect.remote
        if remote is None:
            raise ValueError("a TCP socket is opened towards somebody")
        module = self._air.find(Transport.TCP, remote) if effect.source else None
        target = self._hub.target(Transport.TCP, remote) if module is None else module.real
        if target is None:
            SilentLink(self._hub, effect.handle)
            return
        if isinstance(target, Failure):
            self._connect_failed(effect, target)
            return
        # Towards a module the real port may be any: the other side reads another address anyhow.
        port = effect.local_port if module is None else 0
        sock = self._bound(socket.SOCK_STREAM, Address("", port), effect.source) if port else _socket()
        if isinstance(sock, Failure):
            self._connect_failed(effect, sock)
            return
        link = TcpLink(self._hub, effect.handle, sock, remote)
        if module is None:
            link.connect(target)
        else:
            link.call(module, Address(effect.source, effect.local_port))

    def _open_udp(self, effect: OpenSocket) -> None:
        asked = Address(self._udp_host, effect.local_port)
        sock = self._bound(socket.SOCK_DGRAM, asked, effect.source)
        if isinstance(sock, Failure):
            self._connect_failed(effect, sock)
            return
        local, place = self._place(Transport.UDP, effect.source, effect.local_port, sock)
        if isinstance(place, Failure):
            self._connect_failed(effect, place)
            return
        UdpLink(self._hub, effect.handle, sock, effect.remote, place)
        self._hub.deliver(Connected(effect.handle, local))

    def _connect_failed(self, effect: OpenSocket, failure: Failure) -> None:
        self._hub.deliver(ConnectFailed(effect.handle, failure))

    def _listen(self, effect: Listen) -> None:
        self._check_unused(effect.handle)
        tcp = effect.transport is Transport.TCP
        kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
        asked = Address(self._listen_host, effect.port)
        sock = self._bound(kind, asked, effect.source, listen=tcp)
        if isinstance(sock, Failure):
            self._hub.deliver(ListenFailed(effect.handle, sock))
            return
        local, place = self._place(effect.transport, effect.source, effect.port, sock)
        if isinstance(place, Failure):
            self._hub.deliver(ListenFailed(effect.handle, place))
            return
        link = TcpListener if tcp else UdpListener
        link(self._hub, effect.handle, sock, local, place)
        real = local_of(sock)
        if real.port != local.port:
            self._hub.note(
                f"{effect.transport.value} server {effect.source}:{local.port} is at {real.host}:{real.port} "
                f"of this host, where another module has port {local.port}"
            )
        self._hub.deliver(Listening(effect.handle, local))

    def _bound(
        self, kind: socket.SocketKind, asked: Address, source: str, *, listen: bool = False
    ) -> socket.socket | Failure:
        """A socket bound to ``asked``, or to another port if a module with another address has that one."""
        # TCP with SO_REUSEADDR: a module connects again from its fixed port, or listens again, while the
        # host still keeps the last connection in TIME-WAIT
        tcp = kind is socket.SOCK_STREAM
        sock = _socket(kind, asked, reuse=tcp, listen=listen)
        if sock is Failure.ADDRESS_IN_USE and source:
            transport = Transport.TCP if tcp else Transport.UDP
            if self._air.has_taken(transport, asked.port, source):
                return _socket(kind, Address(asked.host, 0), listen=listen)
        return sock

    def _place(
        self, transport: Transport, source: str, port: int, sock: socket.socket
    ) -> tuple[Address, Place | Failure | None]:
        """The local address as the module knows it, and the place in the air; on failure closes ``sock``."""
        real = local_of(sock)
        local = Address(real.host, port or real.port)
        if not source:
            return local, None
        place = self._air.take(transport, Address(source, local.port), real)
        if place is None:
            sock.close()
            return local, Failure.ADDRESS_IN_USE
        return local, place

    def _check_unused(self, handle: int) -> None:
        if handle in self._links:
            raise ValueError(f"handle {handle} is already open")


def _socket(
    kind: socket.SocketKind = socket.SOCK_STREAM,
    bind_to: Address | None = None,
    *,
    reuse: bool = False,
    listen: bool = False,
) -> socket.socket | Failure:
    """A bound socket, or why there is none."""
    try:
        sock = socket.socket(socket.AF_INET, kind)
    except OSError as error:
        return failure_of(error)
    try:
        if reuse:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if bind_to is not None:
            sock.bind(bind_to)
        if listen:
            sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        return failure_of(error)
    except OverflowError:  # no such port
        sock.close()
        return Failure.ADDRESS_IN_USE
    return sock

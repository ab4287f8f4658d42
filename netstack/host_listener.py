"""TCP listeners of a module on the host: clients are accepted in turn, and never in a spin."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from ..emulator.events import Accepted, Address, Failure
from .air import Place
from .host_link import Hub, Link, failure_of, local_of
from .host_tcp import TcpLink

if TYPE_CHECKING:
    import asyncio

_ACCEPTS = 16
"""Connections accepted before the loop's other work has its turn."""

_ACCEPT_PAUSE = 0.1
"""Seconds without accepting when the host has no descriptor left; the client waits in the backlog."""


class TcpListener(Link):
    """A TCP server of the module. Closing it leaves its accepted connections alone."""

    __slots__ = ("_local", "_paused", "_place", "_retry", "_sock")

    def __init__(
        self, hub: Hub, handle: int, sock: socket.socket, local: Address, place: Place | None
    ) -> None:
        super().__init__(hub, handle)
        self._sock = sock
        self._local = local
        self._place = place
        self._paused = False
        self._retry: asyncio.TimerHandle | None = None
        sock.setblocking(False)
        hub.loop.add_reader(sock, self._acceptable)

    def send(self, data: bytes, to: Address | None, awaited: bool) -> None:
        """A listener carries no data."""

    def pause(self) -> None:
        """Clients wait in the backlog."""
        self._paused = True
        self._stop()

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            self._accept_again()

    def close(self, abort: bool) -> None:
        self.release()

    def release(self) -> None:
        self._stop()
        if self._place is not None:
            self.hub.air.leave(self._place)
        self.hub.links.pop(self.handle, None)
        self._sock.close()

    def _stop(self) -> None:
        if self._sock.fileno() >= 0:
            self.hub.loop.remove_reader(self._sock)
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def _accept_again(self) -> None:
        self._retry = None
        self.hub.loop.add_reader(self._sock, self._acceptable)

    def _acceptable(self) -> None:
        for _ in range(_ACCEPTS):
            try:
                sock, (host, port) = self._sock.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if failure_of(error) is Failure.NO_RESOURCES:
                    self.hub.note(f"no client can be accepted at port {self._local.port}: {error.strerror}")
                    self._stop()
                    self._retry = self.hub.loop.call_later(_ACCEPT_PAUSE, self._accept_again)
                    return
                continue  # this one client has gone again (accept(2): treat like EAGAIN)
            self._accept(sock, Address(host, port))
            if self._paused or self._sock.fileno() < 0:
                return

    def _accept(self, sock: socket.socket, remote: Address) -> None:
        local = self._local
        if local.host == "0.0.0.0":
            local = Address(local_of(sock).host, local.port)
        caller = None if self._place is None else self._place.callers.pop(remote, None)
        if self._place is not None and caller is not None:
            local, remote = self._place.address, caller
        link = TcpLink(self.hub, self.hub.number(), sock, remote)
        self.hub.deliver(Accepted(self.handle, link.handle, local, remote))
        if self.hub.links.get(link.handle) is link:
            link.start()

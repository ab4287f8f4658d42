"""A TCP port for one client at a time, bytes as they are: for containers, QEMU, Renode, ``socket://``.

Connecting is opening, disconnecting is closing; there are no control lines and no rate. A second client is
told in words that the port is in use, and disconnected.
"""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import dataclass

from ..events import LineSignal
from . import Carries, EndpointError, Pipe, PipeSink
from .outflow import Outflow

READ_SIZE = 4096  # as a pty hands out: what one read makes the module say is bounded
AHEAD = 65536
"""Bytes read while the module takes none: so a client that goes is noticed, and its control words are."""
RETRY = 1.0
"""Seconds until clients are accepted again after there was no descriptor for one."""
_BACKLOG = 8


@dataclass(frozen=True, slots=True)
class Binding:
    """Where to listen; port 0 is any free one."""

    host: str
    port: int

    def later(self, number: int) -> Binding:
        """The binding ``number`` ports further up (any free one stays that)."""
        return Binding(self.host, self.port + number if self.port else 0)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class TcpPipe(Pipe):
    """A :class:`Pipe` to whoever connects to :attr:`path`, which is ``socket://HOST:PORT``."""

    carries = Carries()
    scheme = "socket"

    _loop: asyncio.AbstractEventLoop  # these two from start() on
    _sink: PipeSink

    def __init__(self, binding: Binding) -> None:
        """Listen. Raises :class:`EndpointError`."""
        self._listener = _listen(binding)
        self._binding = Binding(binding.host, self._listener.getsockname()[1])
        self._client: socket.socket | None = None
        self._peer = ""
        self._out: Outflow | None = None
        self._started = False
        self._reading = False
        self._paused = False
        self._unread = bytearray()
        self._retry: asyncio.TimerHandle | None = None

    @property
    def path(self) -> str:
        """The URL, as pyserial understands it."""
        return f"{self.scheme}://{self._binding}"

    def start(self, sink: PipeSink) -> None:
        """Begin to accept."""
        self._loop = asyncio.get_running_loop()
        self._sink = sink
        self._started = True
        self._listen_on()

    def write(self, data: bytes) -> None:
        """Write to the client; dropped when there is none."""
        self._send(data)

    def pause_reading(self) -> None:
        """Deliver no more; :data:`AHEAD` bytes later the client's TCP window closes."""
        self._paused = True

    def resume_reading(self) -> None:
        """Deliver again."""
        if self._paused:
            self._paused = False
            if self._unread:
                self._loop.call_soon(self._deliver_unread)

    def set_signal(self, signal: LineSignal, on: bool) -> None:
        """Do nothing: raw TCP has no control lines."""

    def close(self) -> None:
        """Disconnect the client, stop listening. May be called twice."""
        if self._started:
            self._started = False
            if self._retry is not None:
                self._retry.cancel()
            if not self._loop.is_closed():
                self._loop.remove_reader(self._listener.fileno())
                self._drop()
        self._listener.close()

    # ---- clients -------------------------------------------------------------------------------------

    def _listen_on(self) -> None:
        self._retry = None
        self._loop.add_reader(self._listener.fileno(), self._accept)

    def _accept(self) -> None:
        try:
            client, address = self._listener.accept()
        except (BlockingIOError, ConnectionError):  # it went before we looked
            return
        except OSError as error:  # no descriptor or memory for it: it waits, we do not spin
            self._loop.remove_reader(self._listener.fileno())
            self._retry = self._loop.call_later(RETRY, self._listen_on)
            self._sink.note(f"cannot accept a client: {error.strerror}")
            return
        if self._client is not None:
            self._refuse(client, f"{address[0]}:{address[1]}")
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._client, self._peer = client, f"{address[0]}:{address[1]}"
        self._out = self._outflow(client.fileno())
        self._read_on()
        self._connected()
        self._sink.client_opened()

    def _refuse(self, client: socket.socket, who: str) -> None:
        self._sink.note(f"a second client, {who}, was refused: {self._peer} has the port")
        with client:
            client.setblocking(False)
            try:
                client.send(f"vmodem: the port is in use by {self._peer}\r\n".encode())
                client.shutdown(socket.SHUT_WR)
            except OSError:  # it has gone already
                pass

    def _lost(self, _error: OSError) -> None:
        """The client went while we wrote: handled as where reading finds out."""
        self._loop.call_soon(self._gone, self._client)

    def _gone(self, client: socket.socket | None) -> None:
        if client is not None and client is self._client:
            self._went()

    def _drop(self) -> bool:
        """Forget the client; whether there was one."""
        client, self._client = self._client, None
        if client is None:
            return False
        self._read_no_more(client)
        if self._out is not None:
            self._out.clear()
            self._out = None
        self._unread.clear()
        client.close()
        return True

    def _went(self) -> None:
        rest = bytes(self._unread)
        if rest:
            if self._paused:
                self._sink.note(f"{len(rest)} bytes were still held when the client went")
            else:
                self._unread.clear()
                self._sink.bytes_received(rest)
        if self._drop():
            self._sink.client_closed()

    # ---- bytes -----------------------------------------------------------------------------------

    def _read_on(self) -> None:
        if self._client is not None and not self._reading and len(self._unread) <= AHEAD:
            self._reading = True
            self._loop.add_reader(self._client.fileno(), self._readable)

    def _read_no_more(self, client: socket.socket) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(client.fileno())

    def _readable(self) -> None:
        client = self._client
        assert client is not None
        try:
            data = os.read(client.fileno(), READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._went()
            return
        data = self._received(data)
        if not data:
            return
        if self._paused or self._unread:
            self._unread += data
            if len(self._unread) > AHEAD and self._client is not None:
                self._read_no_more(client)
        else:
            self._sink.bytes_received(data)

    def _deliver_unread(self) -> None:
        if self._unread and not self._paused:
            data = bytes(self._unread)
            self._unread.clear()
            self._sink.bytes_received(data)
            self._read_on()

    def _send(self, data: bytes) -> None:
        if self._out is not None and data:
            self._out.write(data)

    # ---- what a protocol on top of it does otherwise ---------------------------------------------

    def _outflow(self, fd: int) -> Outflow:
        return Outflow(self._loop, fd, self._sink.output_blocked, self._sink.output_ready, self._lost)

    def _connected(self) -> None:
        """A client is there, and has not been reported yet."""

    def _received(self, data: bytes) -> bytes:
        """What of the bytes read is for the module."""
        return data


def _listen(binding: Binding) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            binding.host, binding.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise EndpointError(f"cannot listen on {binding}: {error.strerror}; give another host") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise EndpointError(
            f"cannot listen on {binding}: {error.strerror}; give another port or host"
        ) from error
    return listener

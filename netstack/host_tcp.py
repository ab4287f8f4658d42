"""TCP sockets of a module on the host: plain non-blocking sockets on the loop's readers and writers."""

from __future__ import annotations

import errno
import socket
import struct
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from ..emulator.events import (
    Acknowledged,
    Address,
    Closed,
    Connected,
    ConnectFailed,
    ConnectionLost,
    Failure,
    PeerClosed,
    Received,
    SendBlocked,
    SendReady,
)
from .air import Place
from .host_acks import AckWatch
from .host_link import Hub, Link, failure_of, local_of
from .policy import is_loopback

if TYPE_CHECKING:
    pass

_READ = 65536
_HIGH_WATER = 65536
_LOW_WATER = 16384
_GATHERED = 32768
"""Bytes that nobody waits for, sent by one system call: a pty hands out 4 KiB at a time."""
_BUFFERS = 64
"""Held pieces written by one system call (the kernel takes up to 1024)."""

_NEAR_SEGMENT = 742
"""Segments on loopback, bytes. A whole send of a module (1460) is two then, and the peer's stack acknowledges
two at once; one it acknowledges when its program reads. A send costs a quarter less CPU."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_TCP_CLOSE = 7


class TcpLink(Link):
    """A TCP connection of the module: connecting, open, or closing.

    Data that the kernel does not take is held here, and ``SendBlocked`` says so above 64 KiB; data that
    nobody waits for is gathered until the loop has nothing else to do. A reset discovered by sending, while
    receiving is paused, ends the link at once: what the kernel had not yet delivered goes with it.
    """

    __slots__ = (
        "_acks",
        "_awaited",
        "_blocked",
        "_broken",
        "_call",
        "_closing",
        "_connecting",
        "_gathering",
        "_held",
        "_held_size",
        "_local",
        "_paused",
        "_peer_closed",
        "_reading",
        "_sock",
        "_writing",
        "remote",
    )

    def __init__(self, hub: Hub, handle: int, sock: socket.socket, remote: Address) -> None:
        super().__init__(hub, handle)
        self._sock = sock
        self.remote = remote
        self._acks = AckWatch(hub.loop, sock, self._acknowledged, self._stalled)
        self._held: deque[bytes | memoryview] = deque()
        self._held_size = 0
        self._local: Address | None = None
        self._call: tuple[Place, Address] | None = None
        self._awaited = False
        self._connecting = False
        self._gathering = False
        self._reading = False
        self._writing = False
        self._paused = False
        self._blocked = False
        self._peer_closed = False
        self._closing = False
        self._broken = False
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    # ---- opening --------------------------------------------------------------------------------

    def connect(self, target: Address) -> None:
        """Connect to ``target``; answers ``Connected`` or ``ConnectFailed``."""
        if is_loopback(target.host):
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _NEAR_SEGMENT)
        self._connect_begun(self._sock.connect_ex(target))

    def call(self, module: Place, local: Address) -> None:
        """Connect to a module's listener, which is to know us as ``local`` (port 0: any); answers so too."""
        error = self._sock.connect_ex(module.real)
        if error in (0, errno.EINPROGRESS):
            real = local_of(self._sock)
            self._local = local if local.port else Address(local.host, real.port)
            self._call = (module, real)
            module.callers[real] = self._local
        self._connect_begun(error)

    def _connect_begun(self, error: int) -> None:
        if error == errno.EINPROGRESS:
            self.hub.connecting(self.handle, self._local or local_of(self._sock))
            self._connecting = True
            self._start_writing()
        elif error:
            self._connect_failed(error)
        else:
            self._connected()

    def start(self) -> None:
        """Begin to deliver what the peer sends."""
        if not self._paused and not self._reading and not self._peer_closed:
            self._reading = True
            self._acks.reader_hears = not self._closing
            self.hub.loop.add_reader(self._sock, self._readable)

    def _connect_ended(self) -> None:
        self._connecting = False
        error = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self._connect_failed(error)
            return
        if not self._held:
            self._stop_writing()
        self._connected()

    def _connect_failed(self, error: int) -> None:
        self.release()
        self.hub.deliver(ConnectFailed(self.handle, failure_of(error)))

    def _connected(self) -> None:
        self._call = None
        self.start()
        self.hub.deliver(Connected(self.handle, self._local or local_of(self._sock)))

    # ---- sending --------------------------------------------------------------------------------

    def send(self, data: bytes, to: Address | None, awaited: bool) -> None:
        if self._closing or self._broken or not data:
            return
        self._awaited = awaited
        if self._gathering or not (awaited or self._held or self._connecting):
            self._gather(data, awaited)
            return
        if self._held or self._connecting:
            self._hold(data)
            return
        acks = self._acks
        try:
            count = acks.send([data], awaited)
        except OSError as error:
            self._send_failed(error)
            return
        if count < len(data):
            self._hold(memoryview(data)[count:])
            self._start_writing()
        if count and not self._broken:
            acks.look_soon()

    def _gather(self, data: bytes, awaited: bool) -> None:
        self._held.append(data)
        self._held_size += len(data)
        if awaited or self._held_size >= _GATHERED:
            self._gathering = True
            self._send_gathered()
        elif not self._gathering:
            self._gathering = True
            self.hub.at_rest(self._send_gathered)

    def _send_gathered(self) -> None:
        """Send what was gathered; whatever the kernel does not take waits like any other data."""
        if not self._gathering:
            return
        self._gathering = False
        self._writable()
        if self._held:
            self._start_writing()

    def _hold(self, data: bytes | memoryview) -> None:
        self._held.append(data)
        self._held_size += len(data)
        if self._held_size > _HIGH_WATER and not self._blocked:
            self._blocked = True
            self.hub.deliver(SendBlocked(self.handle))

    def _start_writing(self) -> None:
        if not self._writing and not self._broken:
            self._writing = True
            self.hub.loop.add_writer(self._sock, self._writable)

    def _stop_writing(self) -> None:
        if self._writing:
            self._writing = False
            self.hub.loop.remove_writer(self._sock)

    def _writable(self) -> None:
        if self._connecting:
            self._connect_ended()
            return
        try:
            count = self._acks.send(list(islice(self._held, _BUFFERS)), self._awaited)
        except OSError as error:
            self._send_failed(error)
            return
        if not count:
            # woken by the error queue, and perhaps nobody reads
            self._acks.heard()
            return
        self._forget(count)
        self._acks.look_soon()
        if self._broken:
            return
        if not self._held:
            self._stop_writing()
            if self._closing:
                self._send_fin()
                return
        if self._blocked and self._held_size <= _LOW_WATER:
            self._blocked = False
            if not self._closing:
                self.hub.deliver(SendReady(self.handle))

    def _forget(self, count: int) -> None:
        """Drop the first ``count`` held bytes."""
        self._held_size -= count
        held = self._held
        while count:
            size = len(held[0])
            if size > count:
                held[0] = memoryview(held[0])[count:]
                return
            held.popleft()
            count -= size

    def _acknowledged(self) -> None:
        self.hub.deliver(Acknowledged(self.handle, self._acks.acked))

    def _stalled(self) -> None:
        """Notice a connection that the host has given up while nobody reads from it."""
        if not self._reading:
            state = self._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
            if state == _TCP_CLOSE:
                self._lost(
                    failure_of(self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or errno.EPIPE)
                )

    def _send_failed(self, error: OSError) -> None:
        """The connection is gone: deliver what the kernel still has, then say so."""
        self._broken = True
        while self._reading:
            try:
                data = self._sock.recv(_READ)
            except OSError:
                break
            if not data:
                break
            if not self._closing:
                self.hub.deliver(Received(self.handle, data, self.remote))
        self._lost(failure_of(error))

    # ---- receiving ------------------------------------------------------------------------------

    def pause(self) -> None:
        self._paused = True
        if not self._closing:
            self._stop_reading()

    def resume(self) -> None:
        self._paused = False
        if not self._connecting and not self._broken:
            self.start()

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading = False
            self._acks.reader_hears = False
            self.hub.loop.remove_reader(self._sock)

    def _readable(self) -> None:
        # An acknowledgement first: the command that waits for it is the more urgent, and data that is
        # there too wakes the loop again.
        if self._acks.asked and self._acks.heard():
            return
        try:
            data = self._sock.recv(_READ)
        except BlockingIOError:
            self._acks.heard()
        except OSError as error:
            self._lost(failure_of(error))
        else:
            if not data:
                self._peer_sent_fin()
            elif not self._closing:
                self.hub.deliver(Received(self.handle, data, self.remote))

    def _peer_sent_fin(self) -> None:
        self._peer_closed = True
        self._stop_reading()
        if not self._closing:
            self.hub.deliver(PeerClosed(self.handle))
        elif not self._held:
            self._closed()

    # ---- the end --------------------------------------------------------------------------------

    def close(self, abort: bool) -> None:
        if self._gathering:
            self._send_gathered()
            if self.hub.links.get(self.handle) is not self:
                return  # it was lost already
        if abort and not self._connecting:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        if abort or self._connecting or self._broken:
            self.release()
        elif not self._closing:
            self._closing = True
            self._acks.stop()
            self._paused = False
            self.start()
            if not self._held:
                self._send_fin()

    def release(self) -> None:
        self._broken = True
        self._gathering = False
        self._acks.stop()
        self._stop_reading()
        self._stop_writing()
        self._held.clear()
        if self._call is not None:  # nobody will accept it
            module, real = self._call
            module.callers.pop(real, None)
        self.hub.links.pop(self.handle, None)
        self._sock.close()

    def _send_fin(self) -> None:
        try:
            self._sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            self._lost(failure_of(error))
            return
        if self._peer_closed:
            self._closed()

    def _closed(self) -> None:
        self.release()
        self.hub.deliver(Closed(self.handle))

    def _lost(self, failure: Failure) -> None:
        if self.hub.links.get(self.handle) is self:
            self.release()
            self.hub.deliver(ConnectionLost(self.handle, failure))

"""The other end of a module's connections in a test: a real TCP or UDP socket on loopback, led by the test.

Nothing here needs a thread: the host's TCP accepts and acknowledges for a test that has not looked yet.
:meth:`TcpPeer.serve` has one, for a driver that waits for an answer in the test's own thread.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress

WITHIN = 10.0
"""Seconds that a test waits for what should come at once."""
_RESET = struct.pack("ii", 1, 0)


class PeerError(AssertionError):
    """What was expected of the module did not come."""


def _deadline(within: float) -> float:
    return time.monotonic() + within


def _left(deadline: float) -> float:
    return max(0.001, deadline - time.monotonic())


class Connection:
    """One TCP connection of the module's."""

    def __init__(self, end: socket.socket, name: str) -> None:
        self._end = end
        self._name = name
        self._unread = bytearray()
        self.received = bytearray()
        """All that has come so far."""

    def expect(self, data: bytes, within: float = WITHIN) -> bytes:
        """Wait for exactly these bytes next. Raises :class:`PeerError` for others, or when time is over."""
        deadline = _deadline(within)
        while len(self._unread) < len(data) and data.startswith(self._unread):
            piece = self._read(deadline)
            if not piece:
                break
        got = bytes(self._unread[: len(data)])
        if got != data:
            raise PeerError(
                f"{self._name}: expected {data!r} within {within:g} s, got {bytes(self._unread)!r}"
            )
        del self._unread[: len(data)]
        return got

    def read(self, within: float = WITHIN) -> bytes:
        """What has come, at least a byte; ``b""`` when the module has closed. Raises :class:`PeerError`."""
        if not self._unread and self._read(_deadline(within)) is None:
            raise PeerError(f"{self._name}: nothing came within {within:g} s")
        data = bytes(self._unread)
        self._unread.clear()
        return data

    def expect_close(self, within: float = WITHIN) -> None:
        """Wait until the module closes. Raises :class:`PeerError` for data, or when time is over."""
        try:
            end = None if self._unread else self._read(_deadline(within))
        except ConnectionError:
            end = b""
        if end != b"":
            raise PeerError(f"{self._name}: not closed within {within:g} s, unread: {bytes(self._unread)!r}")

    def send(self, data: bytes) -> None:
        """Send all of ``data``; waits while the module's window is closed, at most :data:`WITHIN`."""
        self._end.settimeout(WITHIN)
        self._end.sendall(data)

    def half_close(self) -> None:
        """No more from here (FIN); what comes is still read."""
        self._end.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close (FIN). May be called twice."""
        self._end.close()

    def hang_up(self) -> None:
        """Let whoever reads, in another thread, read the end."""
        with suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Break it off (RST)."""
        self._end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._end.close()

    def _read(self, deadline: float) -> bytes | None:
        self._end.settimeout(_left(deadline))
        try:
            piece = self._end.recv(65536)
        except TimeoutError:
            return None
        self._unread += piece
        self.received += piece
        return piece


class TcpPeer:
    """A server, at the address that the firmware knows."""

    def __init__(self, name: str) -> None:
        self.name = name
        """As the module asks for it."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[Connection] = []
        self._served: list[threading.Thread] = []
        self._failures: list[BaseException] = []
        self._serving: threading.Thread | None = None
        self._closed = False

    @property
    def address(self) -> tuple[str, int]:
        """Where it really is."""
        host, port = self._listener.getsockname()[:2]
        return str(host), int(port)

    def accept(self, within: float = WITHIN) -> Connection:
        """The next connection. Raises :class:`PeerError` when none comes."""
        if self._serving is not None:
            raise RuntimeError(f"{self.name} is served by a function; it takes the connections")
        self._listener.settimeout(max(0.001, within))
        try:
            return self._accepted()
        except TimeoutError:
            raise PeerError(f"{self.name}: nobody connected within {within:g} s") from None

    def expect_none(self, within: float = 0.0) -> None:
        """Nobody connects. Raises :class:`PeerError` if somebody does."""
        self._listener.settimeout(max(0.001, within))
        with suppress(TimeoutError):
            self._accepted()
            raise PeerError(f"{self.name}: somebody connected")

    def serve(self, story: Callable[[Connection], None]) -> TcpPeer:
        """Let ``story`` lead each connection in a thread of its own, then close it; returns the peer.

        What it raises is raised at the end of the test.
        """
        if self._serving is not None:
            raise RuntimeError(f"{self.name} is served already")
        self._listener.settimeout(None)
        self._serving = threading.Thread(
            target=self._serve, args=(story,), name=f"peer {self.name}", daemon=True
        )
        self._serving.start()
        return self

    def echo(self) -> TcpPeer:
        """Send everything back; returns the peer."""
        return self.serve(_echo)

    def close(self) -> None:
        """Close everything; raises the first thing that a ``story`` has raised. May be called twice."""
        if self._closed:
            return
        self._closed = True
        if self._serving is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # an accept in the thread returns
        self._listener.close()
        if self._serving is not None:
            self._serving.join(WITHIN)
        if self._served:
            for connection in self._connections:
                connection.hang_up()
        for thread in self._served:
            thread.join(WITHIN)
            if thread.is_alive():
                self._failures.append(
                    PeerError(f"{self.name}: a story goes on though its connection is gone")
                )
        for connection in self._connections:
            connection.close()
        if self._failures:
            raise self._failures[0]

    def _accepted(self) -> Connection:
        end, _ = self._listener.accept()
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(end, self.name)
        self._connections.append(connection)
        return connection

    def _serve(self, story: Callable[[Connection], None]) -> None:
        while not self._closed:
            try:
                connection = self._accepted()
            except OSError:
                return
            thread = threading.Thread(target=self._lead, args=(story, connection), daemon=True)
            self._served.append(thread)
            thread.start()

    def _lead(self, story: Callable[[Connection], None], connection: Connection) -> None:
        try:
            story(connection)
        except OSError:
            pass  # the module went first: what the test asserts tells whether that is wrong
        except BaseException as error:
            if not self._closed:
                self._failures.append(error)
        finally:
            connection.close()


def _echo(connection: Connection) -> None:
    while data := connection.read(within=3600.0):
        connection.send(data)


class UdpPeer:
    """A datagram socket, at the address that the firmware knows."""

    def __init__(self, name: str) -> None:
        self.name = name
        """As the module asks for it."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._last: tuple[str, int] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where it really is."""
        host, port = self._socket.getsockname()
        return str(host), int(port)

    def read(self, within: float = WITHIN) -> bytes:
        """The next datagram. Raises :class:`PeerError` when none comes."""
        self._socket.settimeout(max(0.001, within))
        try:
            data, self._last = self._socket.recvfrom(65536)
        except TimeoutError:
            raise PeerError(f"{self.name}: no datagram came within {within:g} s") from None
        return data

    def expect(self, data: bytes, within: float = WITHIN) -> bytes:
        """The next datagram is this one. Raises :class:`PeerError`."""
        got = self.read(within)
        if got != data:
            raise PeerError(f"{self.name}: expected the datagram {data!r}, got {got!r}")
        return got

    def send(self, data: bytes) -> None:
        """A datagram to whoever sent the last one. Raises :class:`PeerError` if nobody has."""
        if self._last is None:
            raise PeerError(f"{self.name}: nobody has sent a datagram yet, so there is nobody to answer")
        self._socket.sendto(data, self._last)

    def close(self) -> None:
        """Close it. May be called twice."""
        self._socket.close()

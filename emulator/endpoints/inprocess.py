"""A serial port inside a process: a socket pair for the bytes, method calls for everything else.

The client's end of the pair is a real descriptor, as ``select`` and event loops want one. The methods
under "the client" are for the event loop's thread: another thread's client goes through
:class:`~vmodem.emulator.background.Background`.
"""

from __future__ import annotations

import asyncio
import socket

from ..events import LineSignal
from . import Carries, EndpointError, HostLine, Pipe, PipeSink
from .outflow import Outflow

READ_SIZE = 4096  # as a pty hands out: what one read makes the module say is bounded


class InProcessPipe(Pipe):
    """A :class:`Pipe` to one client at a time, which comes through :meth:`connect`."""

    carries = Carries(
        to_module=frozenset({LineSignal.DTR, LineSignal.RTS}),
        to_host=frozenset({LineSignal.DCD, LineSignal.DSR, LineSignal.CTS, LineSignal.RI}),
        rate=True,
        host_flow=True,
        sends_break=True,
    )

    _loop: asyncio.AbstractEventLoop  # these two from start() on
    _sink: PipeSink

    def __init__(self, path: str) -> None:
        """``path``: the URL by which clients know it."""
        self._path = path
        self._socket: socket.socket | None = None
        self._out: Outflow | None = None
        self._paused = False
        self.signals: dict[LineSignal, bool] = dict.fromkeys(self.carries.to_host, False)
        """The lines towards the client; any thread may look."""
        self._host = HostLine()

    @property
    def path(self) -> str:
        """The URL."""
        return self._path

    @property
    def host(self) -> HostLine:
        """As the client has said."""
        return self._host

    def start(self, sink: PipeSink) -> None:
        """Begin to carry."""
        self._loop = asyncio.get_running_loop()
        self._sink = sink

    def write(self, data: bytes) -> None:
        """Write to the client; dropped when there is none."""
        if self._out is not None:
            self._out.write(data)

    def pause_reading(self) -> None:
        """Take no more; the client's writes fill the pair's buffer (about 200 kB) and wait."""
        if not self._paused:
            self._paused = True
            if self._socket is not None:
                self._loop.remove_reader(self._socket.fileno())

    def resume_reading(self) -> None:
        """Take bytes again."""
        if self._paused:
            self._paused = False
            if self._socket is not None:
                self._loop.add_reader(self._socket.fileno(), self._readable)

    def set_signal(self, signal: LineSignal, on: bool) -> None:
        """What the client reads from now on."""
        self.signals[signal] = on

    def close(self) -> None:
        """A client that is still there reads end of file. May be called twice."""
        self._drop()

    # ---- the client ------------------------------------------------------------------------------

    def connect(self, host: HostLine) -> socket.socket:
        """Open the port, set like ``host``; the client's end. Raises :class:`EndpointError`."""
        if self._socket is not None:
            raise EndpointError(f"{self._path} is in use; close it there, or run another modem")
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._socket, self._host = ours, host
        self._out = Outflow(
            self._loop, ours.fileno(), self._sink.output_blocked, self._sink.output_ready, self._lost
        )
        if not self._paused:
            self._loop.add_reader(ours.fileno(), self._readable)
        self._sink.client_opened()
        return theirs

    def disconnect(self) -> None:
        """The client closes the port; what it wrote before still arrives."""
        if self._socket is None:
            return
        self._take_rest()
        if self._drop():
            self._sink.client_closed()

    def set_host(self, host: HostLine) -> None:
        """The client has set its end anew."""
        self._take_rest()
        self._host = host

    def switch(self, signal: LineSignal, on: bool) -> None:
        """The client switches DTR or RTS, behind what it wrote."""
        self._take_rest()
        self._sink.signal_changed(signal, on)

    def send_break(self) -> None:
        """The client sends a break."""
        self._take_rest()
        self._sink.note("the host sends a break, which the module ignores")

    def purge_input(self) -> None:
        """The client gives up what waits for it."""
        if self._out is not None:
            self._out.clear()

    def purge_output(self) -> None:
        """The client takes back what has not been carried."""
        ours = self._socket
        if ours is None:
            return
        try:
            while ours.recv(READ_SIZE):
                pass
        except OSError:
            pass
        self._sink.input_purged()

    # ---- bytes -----------------------------------------------------------------------------------

    def _readable(self) -> None:
        ours = self._socket
        assert ours is not None
        try:
            data = ours.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._sink.bytes_received(data)
        elif self._drop():  # it was dropped without a word, such as by a process that collects garbage
            self._sink.client_closed()

    def _take_rest(self) -> None:
        """What the client wrote before it does something else comes first, unless nothing is taken."""
        while self._socket is not None and not self._paused:
            try:
                data = self._socket.recv(READ_SIZE)
            except OSError:
                return
            if not data:
                return
            self._sink.bytes_received(data)

    def _lost(self, _error: OSError) -> None:
        """The client went while we wrote: reading finds out as well."""

    def _drop(self) -> bool:
        ours, self._socket = self._socket, None
        if ours is None:
            return False
        if not self._loop.is_closed():
            self._loop.remove_reader(ours.fileno())
            if self._out is not None:
                self._out.clear()
        self._out = None
        ours.close()
        return True

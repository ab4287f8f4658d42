"""A serial port over the network with everything that belongs to it: an RFC 2217 access server.

DTR, RTS, break, rate and purge come in, DCD, DSR, CTS and RI go out. The words are in ``comport.py``;
here they meet a TCP connection.
"""

from __future__ import annotations

from ..events import LineSignal
from . import Carries, HostLine
from .comport import FLOW_WIRE, FLOW_XON, BreakSet, ComPort, Happening, Purged, SignalSet, Suspended
from .outflow import HIGH, LOW, Outflow
from .tcp import Binding, TcpPipe
from .telnet import Data, Skipped

CROWDED = 4 * HIGH
"""Bytes on their way to a client that asks and does not read: until they have gone, nothing more is taken."""
MOST_NOTES = 5
"""Remarks on one client's mistakes; a broken one makes no end of them."""


class Rfc2217Pipe(TcpPipe):
    """A :class:`Pipe` to whoever opens :attr:`path`, which is ``rfc2217://HOST:PORT``."""

    carries = Carries(
        to_module=frozenset({LineSignal.DTR, LineSignal.RTS}),
        to_host=frozenset({LineSignal.DCD, LineSignal.DSR, LineSignal.CTS, LineSignal.RI}),
        rate=True,
        host_flow=True,
        sends_break=True,
    )
    scheme = "rfc2217"

    def __init__(self, binding: Binding) -> None:
        """Listen. Raises :class:`~vmodem.emulator.endpoints.EndpointError`."""
        super().__init__(binding)
        self._signals: dict[LineSignal, bool] = {}
        self._com: ComPort | None = None
        self._notes = 0
        self._waiting = bytearray()
        """Data for the client that it has suspended, or that must not fill the way of what is said to it."""
        self._suspended = False
        self._blocked = False
        self._crowded = False

    @property
    def host(self) -> HostLine:
        """What the client has set."""
        com = self._com
        if com is None:
            return HostLine()
        return HostLine(com.baud, com.flow == FLOW_WIRE, com.flow == FLOW_XON)

    def write(self, data: bytes) -> None:
        """Write to the client; dropped when there is none."""
        if self._com is None or self._out is None:
            return
        if self._suspended or self._waiting or len(self._out):
            self._waiting += data
        else:
            self._send(self._com.encode(data))
        self._tell()

    def _flush(self) -> None:
        """What was waiting goes, now that what went before has gone."""
        if self._waiting and not self._suspended and self._com is not None:
            data = bytes(self._waiting)
            self._waiting.clear()
            self._send(self._com.encode(data))
        if self._crowded:
            self._crowded = False
            self._read_on()
        self._tell()

    def _tell(self) -> None:
        held = len(self._waiting) + (0 if self._out is None else len(self._out))
        if not self._blocked and held > HIGH:
            self._blocked = True
            self._sink.output_blocked()
        elif self._blocked and held <= LOW:
            self._blocked = False
            self._sink.output_ready()

    def _outflow(self, fd: int) -> Outflow:
        return Outflow(self._loop, fd, self._tell, self._tell, self._lost, self._flush)

    def set_signal(self, signal: LineSignal, on: bool) -> None:
        """Tell the client, now or when there is one."""
        self._signals[signal] = on
        if self._com is not None:
            self._com.set_signal(signal, on)
            self._send(self._com.take())

    def _connected(self) -> None:
        self._com = ComPort(self._signals)
        self._notes = 0
        self._suspended = self._crowded = False
        self._send(self._com.take())

    def _drop(self) -> bool:
        self._com = None
        self._waiting.clear()
        had_one = super()._drop()
        self._tell()
        return had_one

    def _received(self, data: bytes) -> bytes:
        com = self._com
        assert com is not None
        happenings = com.receive(data)
        self._send(com.take())
        bytes_of_line = bytearray()
        for item in happenings:
            if isinstance(item, Data):
                bytes_of_line += item.data
                continue
            if bytes_of_line and not self._paused and not self._unread:
                # The bytes before a line's change come before it; if they are held, it overtakes them, as
                # a line of its own does.
                self._sink.bytes_received(bytes(bytes_of_line))
                bytes_of_line.clear()
            self._happened(item)
            if isinstance(item, Purged) and item.to_line:
                bytes_of_line.clear()
                self._unread.clear()
        if self._out is not None and len(self._out) > CROWDED and self._client is not None:
            self._crowded = True
            self._read_no_more(self._client)
        return bytes(bytes_of_line)

    def _happened(self, item: Happening) -> None:
        if isinstance(item, SignalSet):
            self._sink.signal_changed(item.signal, item.on)
        elif isinstance(item, BreakSet):
            if item.on:
                self._sink.note("the host sends a break, which the module ignores")
        elif isinstance(item, Suspended):
            self._suspended = item.on
            self._flush()
        elif isinstance(item, Purged):
            if item.to_client:
                self._waiting.clear()
                self._tell()
            if item.to_line:
                self._sink.input_purged()
        elif isinstance(item, Skipped):
            self._skipped(item.what)

    def _skipped(self, what: str) -> None:
        self._notes += 1
        if self._notes <= MOST_NOTES:
            last = "" if self._notes < MOST_NOTES else " (no more of these are told)"
            self._sink.note(f"RFC 2217: {self._peer} sent {what}; it is ignored{last}")

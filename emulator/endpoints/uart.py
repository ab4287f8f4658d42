"""The module's UART, between the driver and a carrier: flow control, and (where wanted) the rate of the line.

Not paced, bytes go as fast as the carrier takes them; flow control works nevertheless. Paced, both
directions carry bytes when a wire of that rate would, a host at another rate is misread, and a host that
does not stop loses bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..effects import BY_CHARACTER, BY_WIRE, SetLine
from ..events import LineSignal
from . import HostLine, LineSink, Pipe
from .flow import XOFF, XON, Stop, last_word, without_words
from .grid import Grid
from .outflow import HIGH, LOW, OutQueue
from .wire import Wire, alike, misread

FIFO = 64
"""Bytes that the module's UART keeps while nothing takes them (assumed: as a 16750's)."""
PACED_HIGH, PACED_LOW = 4096, 1024
"""The module's own output buffer behind a wire of some rate (assumed)."""
SENDING_HIGH, SENDING_LOW = 4096, 1024
"""The buffer of the host's serial driver (Linux: one page)."""
FLOOD = 262144
"""Bytes written while output is blocked, before nothing more is taken from a client that asks and asks
and does not read the answers. (Data of a peer stops before; so a client that first writes it all, and then
reads, is not stopped in the middle.)"""
AUTOBAUD = 115200
"""The rate with +IPR=0 when the carrier does not know the client's."""


class Uart(Pipe):
    """Wraps a :class:`Pipe`; to the driver it is one, and to the pipe it is its sink."""

    __slots__ = (
        "_closing",
        "_fifo",
        "_flood",
        "_grid",
        "_held",
        "_high",
        "_in",
        "_in_wire",
        "_line",
        "_loop",
        "_lost",
        "_low",
        "_out",
        "_out_wire",
        "_paced",
        "_pipe",
        "_pipe_blocked",
        "_reading_stops",
        "_rts",
        "_sink",
        "_started",
        "_stops",
        "_told_blocked",
        "_told_rates",
        "quick",
    )

    _loop: asyncio.AbstractEventLoop  # these three from start() on
    _sink: LineSink
    _grid: Grid
    quick: Callable[[bytes], None]
    """What :meth:`write` does at present, for who calls it anew each time: the shortest way."""

    def __init__(self, pipe: Pipe, *, paced: bool = False, at_once: int = 0) -> None:
        """``paced``: the wire has a rate, that of AT+IPR, or the client's while that is 0. Otherwise
        ``at_once`` is how much of what the host wrote is best taken in one piece (see :class:`Pipe`).
        """
        self._pipe = pipe
        pipe.at_once = 0 if paced else at_once
        self._paced = paced
        self._started = False
        self._line = SetLine()
        self._high, self._low = (PACED_HIGH, PACED_LOW) if paced else (HIGH, LOW)
        self._out = OutQueue()
        self._out_wire = Wire()
        self._stops: set[Stop] = set()
        """Why nothing goes out."""
        self.quick = self.write if paced else pipe.write
        self._pipe_blocked = False
        self._told_blocked = False
        self._rts = True
        self._in = bytearray()
        self._in_wire = Wire()
        self._reading_stops: set[Stop] = set()
        """Why the carrier's bytes are not taken."""
        self._flood = 0
        self._held = False
        self._fifo = bytearray()
        self._lost = 0
        self._closing = False
        self._told_rates = (0, 0)

    @property
    def path(self) -> str:
        """The carrier's."""
        return self._pipe.path

    @property
    def host(self) -> HostLine:
        """The carrier's."""
        return self._pipe.host

    def start(self, sink: LineSink) -> None:
        """Begin to carry."""
        self._loop = asyncio.get_running_loop()
        self._sink = sink
        self._grid = Grid.of(self._loop)
        self._started = True
        self._pipe.start(self)
        self._choose_way_in()

    def close(self) -> None:
        """Close the carrier; what is on the wire is lost."""
        if self._started:
            self._grid.leave(self)
        self._pipe.close()

    # ---- what the module says --------------------------------------------------------------------

    def set_signal(self, signal: LineSignal, on: bool) -> None:
        """Switch the carrier's."""
        self._pipe.set_signal(signal, on)

    def set_line(self, line: SetLine) -> None:
        """New rate and flow control, behind what has been written."""
        if self._out:
            self._out.put(line)
        else:
            self._apply(line)

    def _apply(self, line: SetLine) -> None:
        before, self._line = self._line, line
        if line.rate != before.rate:
            self._out_wire.stop()
            if not self._in_wire.idle:
                self._in_wire.begin(self._loop.time(), self._rates()[0] or AUTOBAUD)
        self._pipe.set_line(line)
        self._choose_way_in()
        if before.by_dte == BY_CHARACTER != line.by_dte:
            self._forget_xoff()
        if line.by_dte == BY_WIRE and not self._rts:
            self._stop(Stop.RTS)
        else:
            self._go(Stop.RTS)

    # ---- to the host -----------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Write to the host, when it is this data's turn."""
        if self._told_blocked:
            self._flood += len(data)
            if self._flood > FLOOD:
                self._take_no_more(Stop.FLOOD)
        if not self._paced and not self._stops:
            self._pipe.write(data)
            return
        self._out.put(data)
        if self._paced and not self._stops and self._out_wire.idle:
            self._begin_output(self._loop.time())
        self._tell_blocked()

    def _begin_output(self, now: float) -> None:
        self._out_wire.begin(now, self._rates()[1])
        self._grid.join(self, self._out_wire.next())

    def _tick_output(self, now: float) -> float | None:
        if self._out_wire.idle:
            return None
        self._emit(self._out.take(self._out_wire.through(now)))
        if not self._out:
            self._out_wire.stop()
        elif self._settle_output() and self._out and not self._stops:
            self._out_wire.begin(now, self._rates()[1])
        self._tell_blocked()
        return None if self._out_wire.idle else self._out_wire.next()

    def _settle_output(self) -> bool:
        """Apply the line changes that have come to the front; whether there were any."""
        changed = False
        while (line := self._out.change()) is not None:
            self._apply(line)
            changed = True
        return changed

    def _emit(self, data: bytes) -> None:
        """Onto the wire, as the host reads it there."""
        if data and self._paced:
            host, module = self._rates()
            if not host:
                return
            if not alike(module, host):
                data = misread(data, module, host)
        if data:
            self._pipe.write(data)

    def _stop(self, why: Stop) -> None:
        self._stops.add(why)
        self.quick = self.write
        self._out_wire.stop()

    def _go(self, why: Stop) -> None:
        if why not in self._stops:
            return
        self._stops.remove(why)
        if self._stops:
            return
        if self._paced:
            if self._out:
                self._begin_output(self._loop.time())
            return
        while self._out and not self._stops:
            self._settle_output()
            self._emit(self._out.take(self._out.bytes))
        self._choose_way()
        self._tell_blocked()

    def _choose_way(self) -> None:
        free = not self._paced and not self._stops and not self._pipe_blocked
        self.quick = self._pipe.write if free else self.write

    def output_blocked(self) -> None:
        """The carrier holds enough: on a wire, bytes wait in the module then."""
        self._pipe_blocked = True
        self._choose_way()
        if self._paced:
            self._stop(Stop.UNREAD)
        self._tell_blocked()

    def output_ready(self) -> None:
        """The carrier takes more."""
        self._pipe_blocked = False
        self._go(Stop.UNREAD)
        self._choose_way()
        self._tell_blocked()

    def _tell_blocked(self) -> None:
        if not self._told_blocked and (self._pipe_blocked or self._out.bytes > self._high):
            self._told_blocked = True
            self._sink.output_blocked()
        elif self._told_blocked and not self._pipe_blocked and self._out.bytes <= self._low:
            self._told_blocked = False
            self._flood = 0
            self._take_on(Stop.FLOOD)
            self._sink.output_ready()

    # ---- from the host ---------------------------------------------------------------------------

    def bytes_received(self, data: bytes) -> None:
        """The host wrote."""
        if not self._paced:
            if self._line.by_dte == BY_CHARACTER:
                data = self._heed(data)
            if data:
                self._sink.bytes_received(data)
            return
        self._in += data
        if len(self._in) > SENDING_HIGH:
            self._take_no_more(Stop.SENDING)
        self._begin_input()

    def _choose_way_in(self) -> None:
        if self._started:
            free = not self._paced and self._line.by_dte != BY_CHARACTER
            self._pipe.hand_to(self._sink.bytes_received if free else self.bytes_received)

    def _begin_input(self) -> None:
        if self._in_wire.idle and self._in and not self._stands_still:
            self._in_wire.begin(self._loop.time(), self._rates()[0] or AUTOBAUD)
            self._grid.join(self, self._in_wire.next())

    @property
    def _stands_still(self) -> bool:
        """Whether the host has been told to stop, and does."""
        if not self._held:
            return False
        host = self._pipe.host
        if self._line.by_dce == BY_WIRE:
            return host.rtscts is not False
        return self._line.by_dce == BY_CHARACTER and host.xonxoff is not False

    def _tick_input(self, now: float) -> float | None:
        count = self._in_wire.through(now)
        data = bytes(self._in[:count])
        del self._in[:count]
        if not self._in:
            self._in_wire.stop()
        if len(self._in) <= SENDING_LOW:
            self._take_on(Stop.SENDING)
        if data:
            self._arrive(data)
        if self._stands_still:
            self._in_wire.stop()
        if self._closing and (not self._in or self._in_wire.idle):
            self._closed()
        return None if self._in_wire.idle else self._in_wire.next()

    def _arrive(self, data: bytes) -> None:
        host, module = self._rates()
        if not host:
            return
        if not alike(host, module):
            data = misread(data, host, module)
        if self._line.by_dte == BY_CHARACTER:
            data = self._heed(data)
        if not self._held and not self._fifo:
            if data:
                self._sink.bytes_received(data)
            return
        room = FIFO - len(self._fifo)
        self._fifo += data[:room]
        if len(data) > room:
            if not self._lost:
                self._sink.note(
                    f"overrun: the host sends on while the module takes nothing; its UART keeps {FIFO} bytes "
                    "(see AT+IFC, and the host's flow control)"
                )
            self._lost += len(data) - room

    def _heed(self, data: bytes) -> bytes:
        """XON and XOFF of the host, which are no data (V.250 6.2.12)."""
        word = last_word(data)
        if word is None:
            return data
        if word == XOFF:
            self._pipe.hold_output(True)
            self._stop(Stop.XOFF)
        else:
            self._forget_xoff()
        return without_words(data)

    def _forget_xoff(self) -> None:
        self._pipe.hold_output(False)
        self._go(Stop.XOFF)

    def pause_reading(self) -> None:
        """The module takes no more: the host is told, as AT+IFC says."""
        if self._held:
            return
        self._held = True
        if self._line.by_dce == BY_CHARACTER:
            self._emit(XOFF)
        if not self._paced:
            self._take_no_more(Stop.MODULE)

    def _take_no_more(self, why: Stop) -> None:
        if not self._reading_stops:
            self._pipe.pause_reading()
        self._reading_stops.add(why)

    def _take_on(self, why: Stop) -> None:
        if why in self._reading_stops:
            self._reading_stops.remove(why)
            if not self._reading_stops:
                self._pipe.resume_reading()

    def resume_reading(self) -> None:
        """The module takes bytes again."""
        if not self._held:
            return
        self._held = False
        if self._line.by_dce == BY_CHARACTER:
            self._emit(XON)
        if not self._paced:
            self._take_on(Stop.MODULE)
            return
        if self._lost:
            self._sink.note(f"overrun: {self._lost} bytes of the host were lost")
            self._lost = 0
        if self._fifo:
            self._loop.call_soon(self._empty_fifo)
        self._begin_input()

    def _empty_fifo(self) -> None:
        if self._fifo and not self._held:
            data = bytes(self._fifo)
            self._fifo.clear()
            self._sink.bytes_received(data)

    def input_purged(self) -> None:
        """What the client wrote and the wire has not carried is taken back."""
        self._in.clear()
        self._in_wire.stop()
        self._take_on(Stop.SENDING)

    # ---- both ways -------------------------------------------------------------------------------

    def tick(self, now: float) -> float | None:
        """From the grid: carry what is due."""
        due = [when for when in (self._tick_output(now), self._tick_input(now)) if when is not None]
        return min(due, default=None)

    def _rates(self) -> tuple[int, int]:
        """The host's rate and the module's, bit/s; 0 for a host that has hung up."""
        baud = self._pipe.host.baud
        module = self._line.rate or baud or AUTOBAUD
        host = module if baud is None else baud
        if (host, module) != self._told_rates:
            self._told_rates = (host, module)
            if host and not alike(host, module):
                self._sink.note(
                    f"the host is at {host} bit/s and the module at {module}: what they send is misread "
                    "(see AT+IPR, --baud, and the rate that the port was opened with)"
                )
        return host, module

    # ---- the client ------------------------------------------------------------------------------

    def signal_changed(self, signal: LineSignal, on: bool) -> None:
        """The host switched a line; its RTS may stop the output."""
        if signal is LineSignal.RTS:
            self._rts = on
            if on:
                self._go(Stop.RTS)
            elif self._line.by_dte == BY_WIRE:
                self._stop(Stop.RTS)
        self._sink.signal_changed(signal, on)

    def client_opened(self) -> None:
        """A client is there: it is taken to be ready until it says otherwise."""
        if self._closing:
            data = bytes(self._in)
            self._in.clear()
            self._in_wire.stop()
            self._arrive(data)
            self._closed()
        self._unstop()
        self._sink.client_opened()

    def client_closed(self) -> None:
        """The client went. What it wrote before is still on its way."""
        self._unstop()
        if self._in and not self._in_wire.idle:
            self._closing = True
        else:
            self._closed()

    def _closed(self) -> None:
        self._closing = False
        if self._in:
            self._sink.note(f"{len(self._in)} bytes were still held by flow control when the client went")
            self.input_purged()
        self._sink.client_closed()

    def _unstop(self) -> None:
        """Nobody holds the output any more."""
        self._rts = True
        self._go(Stop.RTS)
        self._forget_xoff()

    def note(self, text: str) -> None:
        """For the log."""
        self._sink.note(text)

"""A real serial port: for firmware on a board, wired to this host through an adapter.

An adapter has a terminal's lines, of which it drives two. So, with wires crossed as in a null modem:

* our CTS is driven by the adapter's RTS, our DCD by its DTR; DSR and RI have no output and are not carried;
* the board's RTS arrives at the adapter's CTS, the board's DTR at its DSR.

A wire has its own rate: AT+IPR sets the adapter's, AT+IFC its flow control. A port without such lines (a
pty that stands in for one) has DTR and RTS ON.
"""

from __future__ import annotations

import asyncio
import os
import termios
from contextlib import suppress

import serial

from ..effects import BY_CHARACTER, BY_WIRE, SetLine
from ..events import LineSignal
from . import Carries, EndpointError, Pipe, PipeSink
from .outflow import Outflow

READ_SIZE = 4096
LOOK = 0.01
"""Seconds between two looks at the lines (TIOCMIWAIT would take a thread for each port) ..."""
AGAIN = 0.5
"""... and between two attempts to open a device that has gone."""
_DRAIN = 0.001
_INPUTS = {LineSignal.DTR: "dsr", LineSignal.RTS: "cts"}
_OUTPUTS = {LineSignal.CTS: "rts", LineSignal.DCD: "dtr"}


class SerialPipe(Pipe):
    """A :class:`Pipe` to what is wired to a serial device. The board is there from the beginning.

    A device that goes (an adapter pulled out) counts as a closed port, and as opened when it is back.
    """

    carries = Carries(to_module=frozenset(_INPUTS), to_host=frozenset(_OUTPUTS), dtr_by_opening=False)

    _loop: asyncio.AbstractEventLoop  # these three from start() on
    _sink: PipeSink
    _out: Outflow

    def __init__(self, device: str, baud: int) -> None:
        """Open ``device`` at ``baud`` bit/s. Raises :class:`EndpointError`."""
        self._device = device
        self._port = serial.Serial(None, baud, timeout=0, exclusive=True)
        self._port.dtr = False
        self._port.port = device
        try:
            self._port.open()
        except (serial.SerialException, ValueError) as error:
            why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
            raise EndpointError(f"cannot use {device}: {why}; give another port or rate") from error
        self._started = False
        self._paused = False
        self._outputs: dict[LineSignal, bool] = {}
        self._inputs: dict[LineSignal, bool] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._line: SetLine | None = None
        """What the port is about to be set to, when what was written has gone out."""
        self._later = bytearray()

    @property
    def path(self) -> str:
        """The device."""
        return self._device

    def start(self, sink: PipeSink) -> None:
        """Begin to carry."""
        self._loop = asyncio.get_running_loop()
        self._sink = sink
        self._started = True
        self._begin()

    def write(self, data: bytes) -> None:
        """Write to the board; dropped while the device is gone."""
        if not self._port.is_open:
            return
        if self._line is not None:
            self._later += data
        else:
            self._out.write(data)

    def pause_reading(self) -> None:
        """Take no more bytes: the kernel's buffer fills, and its flow control stops the board."""
        if not self._paused:
            self._paused = True
            if self._started and self._port.is_open:
                self._loop.remove_reader(self._port.fileno())

    def resume_reading(self) -> None:
        """Take bytes again."""
        if self._paused:
            self._paused = False
            if self._started and self._port.is_open:
                self._loop.add_reader(self._port.fileno(), self._readable)

    def set_signal(self, signal: LineSignal, on: bool) -> None:
        """Drive CTS and DCD, unless the kernel does (flow control by wire)."""
        name = _OUTPUTS.get(signal)
        if name is None:
            return
        self._outputs[signal] = on
        if self._port.is_open and not (name == "rts" and self._port.rtscts):
            with suppress(OSError):  # no such lines, or the device is going, which reading will find out
                setattr(self._port, name, on)

    def set_line(self, line: SetLine) -> None:
        """Set the adapter to the module's rate and flow control once what was written has gone out.

        An adapter cannot find out a rate: with autobaud it stays at the one it has.
        """
        waiting, self._line = self._line is not None, line
        if not waiting:
            self._when_drained()

    def hold_output(self, held: bool) -> None:
        """Stop the adapter at once, or let it go on."""
        if self._port.is_open:
            with suppress(termios.error):  # the device is going, which reading will find out
                termios.tcflow(self._port.fileno(), termios.TCOOFF if held else termios.TCOON)

    def close(self) -> None:
        """Give the device back. May be called twice."""
        self.hold_output(False)  # else closing waits for a board that may never send XON
        if self._started:
            self._started = False
            if not self._loop.is_closed():
                self._stop()
        self._port.close()

    # ---- the device ------------------------------------------------------------------------------

    def _begin(self) -> None:
        fd = self._port.fileno()
        self._out = Outflow(self._loop, fd, self._sink.output_blocked, self._sink.output_ready, self._failed)
        if not self._paused:
            self._loop.add_reader(fd, self._readable)
        for signal, on in self._outputs.items():
            self.set_signal(signal, on)
        self._sink.client_opened()
        self._inputs = dict.fromkeys(_INPUTS, True)
        self._look()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._port.is_open:
            self._out.clear()
            self._loop.remove_reader(self._port.fileno())

    def _failed(self, error: OSError) -> None:
        """The device is gone."""
        if not self._port.is_open:
            return
        self._sink.note(f"{self._device} is gone: {error.strerror}")
        self._stop()
        self._port.close()
        self._line = None
        self._later.clear()
        self._timer = self._loop.call_later(AGAIN, self._again)
        self._sink.client_closed()

    def _again(self) -> None:
        try:
            self._port.open()
        except (serial.SerialException, OSError):
            self._timer = self._loop.call_later(AGAIN, self._again)
            return
        self._sink.note(f"{self._device} is back")
        self._begin()

    def _look(self) -> None:
        """What the board does with its lines."""
        self._timer = None
        for signal, name in _INPUTS.items():
            try:
                on = bool(getattr(self._port, name))
            except OSError:  # it has no lines; a device that goes is noticed where bytes are read
                return
            if on is not self._inputs[signal]:
                self._inputs[signal] = on
                self._sink.signal_changed(signal, on)
        if self._started:
            self._timer = self._loop.call_later(LOOK, self._look)

    def _readable(self) -> None:
        try:
            data = os.read(self._port.fileno(), READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            self._failed(error)
            return
        if data:
            self._sink.bytes_received(data)
        else:
            self._failed(OSError(None, "hung up"))

    def _when_drained(self) -> None:
        line = self._line
        if line is None or not self._port.is_open or not self._started:
            return
        try:
            waiting = len(self._out) or self._port.out_waiting
        except OSError:  # the device is going, which reading will find out
            return
        if waiting:
            self._loop.call_later(_DRAIN, self._when_drained)
            return
        self._line = None
        try:
            self._port.apply_settings(
                {
                    "baudrate": line.rate or self._port.baudrate,
                    "rtscts": BY_WIRE in (line.by_dte, line.by_dce),
                }
            )
            self._send_xoff_when_full(line.by_dce == BY_CHARACTER)
        except (serial.SerialException, ValueError, OSError, termios.error) as error:
            self._sink.note(f"{self._device} does not take {line}: {error}")
        data, self._later = bytes(self._later), bytearray()
        if data:
            self._out.write(data)

    def _send_xoff_when_full(self, on: bool) -> None:
        """The kernel's own XOFF, beside the module's, before its buffer overflows.

        The board's words are the UART's to heed (IXON stays off): at a change, the kernel would take an XON
        whose XOFF had been read as data before, and the line would stand still for ever.
        """
        fd = self._port.fileno()
        settings = termios.tcgetattr(fd)
        settings[0] = settings[0] | termios.IXOFF if on else settings[0] & ~termios.IXOFF
        termios.tcsetattr(fd, termios.TCSANOW, settings)

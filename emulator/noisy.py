"""A bad serial line between the module's UART and the engine: what a scenario makes of each write."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from .effects import SetLine
from .endpoints import LineSink
from .endpoints.uart import Uart
from .events import LineSignal


class Noise(Protocol):
    """Garbles writes: the director of a scenario."""

    def pass_on(self, direction: str, data: bytes) -> list[tuple[float, bytes]]:
        """Pieces, and the silence in seconds before each."""


class NoisyLine:
    """To the driver it is the UART, to the UART it is the driver."""

    def __init__(self, uart: Uart, noise: Noise) -> None:
        self._uart = uart
        self._noise = noise
        self._loop = asyncio.get_running_loop()
        self._held: deque[tuple[float, bytes]] = deque()
        """Output behind a silence, with the silence before each piece."""
        self._timer: asyncio.TimerHandle | None = None

    def start(self, sink: LineSink) -> None:
        """Begin to carry."""
        self._sink = sink
        self._uart.start(self)

    # ---- to the DTE ------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Write; what stands behind a silence waits for its end, and so does all that follows."""
        for silence, piece in self._noise.pass_on("to_host", data):
            if silence or self._held:
                self._held.append((silence, piece))
                self._arm()
            elif piece:
                self._uart.write(piece)

    def _arm(self) -> None:
        if self._timer is None and self._held:
            self._timer = self._loop.call_later(self._held[0][0], self._silence_over)

    def _silence_over(self) -> None:
        self._timer = None
        self._uart.write(self._held.popleft()[1])
        while self._held and not self._held[0][0]:
            self._uart.write(self._held.popleft()[1])
        self._arm()

    def scribble(self, data: bytes) -> None:
        """Bytes that nobody wrote."""
        self._uart.write(data)

    def pause_reading(self) -> None:
        """Take no more bytes."""
        self._uart.pause_reading()

    def resume_reading(self) -> None:
        """Take bytes again."""
        self._uart.resume_reading()

    def set_signal(self, signal: LineSignal, on: bool) -> None:
        """Switch a control line."""
        self._uart.set_signal(signal, on)

    def set_line(self, line: SetLine) -> None:
        """The UART's rate and flow control."""
        self._uart.set_line(line)

    def close(self) -> None:
        """Release everything."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._held.clear()
        self._uart.close()

    # ---- from the DTE ----------------------------------------------------------------------------

    def bytes_received(self, data: bytes) -> None:
        """The DTE wrote; a silence inside its writes would be its own, so there is none here."""
        left = b"".join(piece for _, piece in self._noise.pass_on("to_module", data))
        if left:
            self._sink.bytes_received(left)

    def signal_changed(self, signal: LineSignal, on: bool) -> None:
        """The DTE switched a line."""
        self._sink.signal_changed(signal, on)

    def output_blocked(self) -> None:
        """The DTE does not read."""
        self._sink.output_blocked()

    def output_ready(self) -> None:
        """The DTE reads again."""
        self._sink.output_ready()

    def client_opened(self) -> None:
        """A client opened the port."""
        self._sink.client_opened()

    def client_closed(self) -> None:
        """The last client closed it."""
        self._sink.client_closed()

    def note(self, text: str) -> None:
        """A remark of the port."""
        self._sink.note(text)

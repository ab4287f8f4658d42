"""A bad serial line between the module's UART and the engine: what a scenario makes of each write."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from .effects import SetLine
from .endpoints import LineSink
from .endpoints.uart import Uart
from .events import LineSignal


class Noise(Protocol):
    """Garbles writes: the director of a scenario."""

    @property
    def garbles(self) -> bool:
        """Whether it may change anything now."""

    def pass_on(self, direction: str, data: bytes) -> list[tuple[float, bytes]]:
        """Pieces, and the silence in seconds before each."""


class Pieces:
    """A stream on its way; a piece behind a silence waits for its end, and so does all that follows."""

    def __init__(self, loop: asyncio.AbstractEventLoop, arrive: Callable[[bytes], None]) -> None:
        self._loop = loop
        self._arrive = arrive
        self.held: deque[tuple[float, bytes]] = deque()
        """What is on its way."""
        self._timer: asyncio.TimerHandle | None = None

    def put(self, pieces: Iterable[tuple[float, bytes]]) -> None:
        """Pieces, each with the silence in seconds before it."""
        for silence, piece in pieces:
            if silence or self.held:
                self.held.append((silence, piece))
                self._arm()
            elif piece:
                self._arrive(piece)

    def _arm(self) -> None:
        if self._timer is None and self.held:
            self._timer = self._loop.call_later(self.held[0][0], self._silence_over)

    def _silence_over(self) -> None:
        self._timer = None
        while True:
            piece = self.held.popleft()[1]
            if piece:
                self._arrive(piece)
            if not self.held or self.held[0][0]:
                break
        self._arm()

    def clear(self) -> None:
        """Forget what is on its way."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.held.clear()


class NoisyLine:
    """To the driver it is the UART, to the UART it is the driver."""

    def __init__(self, uart: Uart, noise: Noise) -> None:
        self._uart = uart
        self.quick = self.write
        self._noise = noise
        loop = asyncio.get_running_loop()
        self._output = Pieces(loop, uart.write)
        self._input = Pieces(loop, self._hand_on)

    def start(self, sink: LineSink) -> None:
        """Begin to carry."""
        self._sink = sink
        self._uart.start(self)

    # ---- to the DTE ------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Write."""
        if not self._output.held and not self._noise.garbles:
            self._uart.write(data)
            return
        self._output.put(self._noise.pass_on("to_host", data))

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
        self._output.clear()
        self._input.clear()
        self._uart.close()

    # ---- from the DTE ----------------------------------------------------------------------------

    def bytes_received(self, data: bytes) -> None:
        """The DTE wrote."""
        if not self._input.held and not self._noise.garbles:
            self._sink.bytes_received(data)
            return
        self._input.put(self._noise.pass_on("to_module", data))

    def _hand_on(self, data: bytes) -> None:
        self._sink.bytes_received(data)

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

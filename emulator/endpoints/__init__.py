"""Byte-carriers between DTE and DCE, all the same small :class:`Pipe`; none knows what AT is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from ..effects import SetLine
from ..events import LineSignal


class EndpointError(Exception):
    """An endpoint cannot be set up; the message is one line that names the cause and the remedy."""


@dataclass(frozen=True, slots=True)
class HostLine:
    """How the DTE has set its end of the line; ``None`` where the carrier cannot tell."""

    baud: int | None = None
    """Bit/s; 0: hung up (B0)."""
    rtscts: bool | None = None
    """Whether it stops when CTS is OFF."""
    xonxoff: bool | None = None
    """Whether it stops for XOFF."""


@dataclass(frozen=True, slots=True)
class Carries:
    """What a carrier can bring across beside bytes: the README's table is made from it."""

    to_module: frozenset[LineSignal] = frozenset()
    to_host: frozenset[LineSignal] = frozenset()
    dtr_by_opening: bool = True
    """DTR ON when a client opens, OFF when the last one closes (or dies)."""
    rate: bool = False
    """The client's rate is known."""
    host_flow: bool = False
    """Whether the client obeys flow control is known."""
    sends_break: bool = False


class LineSink(Protocol):
    """Whom the module's UART reports to: the driver. All calls come from the event loop's thread."""

    def bytes_received(self, data: bytes) -> None:
        """The DTE wrote ``data`` (never empty)."""

    def signal_changed(self, signal: LineSignal, on: bool) -> None:
        """The DTE switched a control line; ON is the low TTL level."""

    def output_blocked(self) -> None:
        """More output is held than the high-water mark."""

    def output_ready(self) -> None:
        """The held output fell to the low-water mark."""

    def client_opened(self) -> None:
        """The first client opened the port."""

    def client_closed(self) -> None:
        """The last client closed the port, or died."""

    def note(self, text: str) -> None:
        """Something that whoever looks for a fault wants to read in the log."""


class PipeSink(LineSink, Protocol):
    """Whom a pipe reports to: the module's UART (:class:`~.uart.Uart`)."""

    def input_purged(self) -> None:
        """The client takes back what it wrote and the line has not carried yet."""


class Pipe(Protocol):
    """One byte-carrier. It never blocks and never loses bytes while a client is there."""

    carries: ClassVar[Carries] = Carries()
    at_once: int = 0
    """So many bytes that the kernel has queued may be put together and handed over in one piece (0: none)."""

    @property
    def path(self) -> str:
        """Where a client finds it: a device path or a URL."""

    @property
    def host(self) -> HostLine:
        """How the client's end is set now."""
        return HostLine()

    def start(self, sink: PipeSink) -> None:
        """Begin to carry, in the running event loop."""

    def write(self, data: bytes) -> None:
        """Write to the DTE; what does not fit is held and written when there is room."""

    def hand_to(self, take: Callable[[bytes], None]) -> None:
        """The sink has nothing to do with what the DTE writes; from now on ``take`` may get it instead."""
        return

    def pause_reading(self) -> None:
        """Take no more bytes from the DTE until :meth:`resume_reading`."""

    def resume_reading(self) -> None:
        """Take bytes from the DTE again."""

    def set_signal(self, signal: LineSignal, on: bool) -> None:
        """Switch a control line towards the DTE, where the carrier has one."""

    def set_line(self, line: SetLine) -> None:
        """The module's UART works like this from here on: what a carrier with a UART of its own follows."""
        return

    def hold_output(self, held: bool) -> None:
        """XOFF, XON: what was written and has not left a UART of the carrier's own stays there, or goes."""
        return

    def close(self) -> None:
        """Release everything: descriptors, link, watches. May be called twice."""

"""Byte-carriers between DTE and DCE, all the same small :class:`Pipe`; none knows what AT is."""

from __future__ import annotations

from typing import Protocol

from ..events import LineSignal


class EndpointError(Exception):
    """An endpoint cannot be set up; the message is one line that names the cause and the remedy."""


class PipeSink(Protocol):
    """Whom a pipe reports to: the driver. All calls come from the event loop's thread."""

    def bytes_received(self, data: bytes) -> None:
        """The DTE wrote ``data`` (never empty)."""

    def signal_changed(self, signal: LineSignal, on: bool) -> None:
        """The DTE switched a control line; ON is the low TTL level."""

    def output_blocked(self) -> None:
        """The pipe holds more output than its high-water mark."""

    def output_ready(self) -> None:
        """The pipe's held output fell to its low-water mark."""

    def client_opened(self) -> None:
        """The first client opened the port."""

    def client_closed(self) -> None:
        """The last client closed the port, or died."""


class Pipe(Protocol):
    """One byte-carrier. It never blocks and never loses bytes while a client is there."""

    @property
    def path(self) -> str:
        """Where a client finds it: a device path or a URL."""

    def start(self, sink: PipeSink) -> None:
        """Begin to carry, in the running event loop."""

    def write(self, data: bytes) -> None:
        """Write to the DTE; what does not fit is held and written when there is room."""

    def pause_reading(self) -> None:
        """Take no more bytes from the DTE until :meth:`resume_reading`."""

    def resume_reading(self) -> None:
        """Take bytes from the DTE again."""

    def set_signal(self, signal: LineSignal, on: bool) -> None:
        """Switch a control line towards the DTE, where the carrier has one."""

    def close(self) -> None:
        """Release everything: descriptors, link, watches. May be called twice."""

"""Two ports of one module: a test opens the pseudo terminal, or the port inside the process, as it likes."""

from __future__ import annotations

from ..effects import SetLine
from ..events import LineSignal
from . import HostLine, Pipe, PipeSink
from .inprocess import InProcessPipe


class EitherPipe(Pipe):
    """A :class:`Pipe` made of two. One client is expected; where both are open, both are heard and told."""

    def __init__(self, outside: Pipe, inside: InProcessPipe) -> None:
        self.outside = outside
        self.inside = inside
        self._active: Pipe = outside
        self._open: set[Pipe] = set()
        self._blocked: set[Pipe] = set()

    @property
    def path(self) -> str:
        """That of the port outside."""
        return self.outside.path

    @property
    def host(self) -> HostLine:
        """The end of whoever opened last."""
        return self._active.host

    def start(self, sink: PipeSink) -> None:
        """Begin to carry; raises :class:`~vmodem.emulator.endpoints.EndpointError` as the ports do."""
        for pipe in (self.inside, self.outside):
            pipe.start(_Way(self, pipe, sink))

    def write(self, data: bytes) -> None:
        """To whoever is there."""
        self.outside.write(data)
        self.inside.write(data)

    def pause_reading(self) -> None:
        """See :class:`Pipe`."""
        self.outside.pause_reading()
        self.inside.pause_reading()

    def resume_reading(self) -> None:
        """See :class:`Pipe`."""
        self.outside.resume_reading()
        self.inside.resume_reading()

    def set_signal(self, signal: LineSignal, on: bool) -> None:
        """See :class:`Pipe`."""
        self.outside.set_signal(signal, on)
        self.inside.set_signal(signal, on)

    def set_line(self, line: SetLine) -> None:
        """See :class:`Pipe`."""
        self.outside.set_line(line)
        self.inside.set_line(line)

    def hold_output(self, held: bool) -> None:
        """See :class:`Pipe`."""
        self.outside.hold_output(held)
        self.inside.hold_output(held)

    def close(self) -> None:
        """Release both."""
        self.outside.close()
        self.inside.close()

    # ---- what the ports report -------------------------------------------------------------------

    def opened(self, pipe: Pipe, sink: PipeSink) -> None:
        """A client came."""
        alone = not self._open
        self._open.add(pipe)
        self._active = pipe
        if alone:
            sink.client_opened()
        else:
            sink.note(f"{pipe.path} is opened while {self._other(pipe).path} is open too: both are heard")

    def closed(self, pipe: Pipe, sink: PipeSink) -> None:
        """A client went."""
        self._open.discard(pipe)
        self.ready(pipe, sink)
        if not self._open:
            sink.client_closed()

    def blocked(self, pipe: Pipe, sink: PipeSink) -> None:
        """A client does not read."""
        before = bool(self._blocked)
        self._blocked.add(pipe)
        if not before:
            sink.output_blocked()

    def ready(self, pipe: Pipe, sink: PipeSink) -> None:
        """It reads again, or has gone."""
        if pipe in self._blocked:
            self._blocked.discard(pipe)
            if not self._blocked:
                sink.output_ready()

    def _other(self, pipe: Pipe) -> Pipe:
        return self.inside if pipe is self.outside else self.outside


class _Way:
    """One of the two, as it reports."""

    def __init__(self, either: EitherPipe, pipe: Pipe, sink: PipeSink) -> None:
        self._either, self._pipe, self._sink = either, pipe, sink
        self.bytes_received = sink.bytes_received
        self.signal_changed = sink.signal_changed
        self.input_purged = sink.input_purged
        self.note = sink.note

    def output_blocked(self) -> None:
        self._either.blocked(self._pipe, self._sink)

    def output_ready(self) -> None:
        self._either.ready(self._pipe, self._sink)

    def client_opened(self) -> None:
        self._either.opened(self._pipe, self._sink)

    def client_closed(self) -> None:
        self._either.closed(self._pipe, self._sink)

"""The default endpoint: a pseudo terminal, which any program opens as it would open /dev/ttyUSB0.

What a pty cannot carry: control lines (TIOCMGET answers ENOTTY, so no DTR, RTS, DCD, RI ...), break, parity
and data bits other than 8. What stands for a plugged cable, or for DTR, is whether somebody has it open.
A client that switches ECHO on gets what a serial port would do: its terminal sends our output back to us.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import select
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ..events import LineSignal
from ..round import Round, round_of
from . import Carries, EndpointError, HostLine, Pipe, PipeSink
from .inotify import Inotify
from .link import StableLink
from .outflow import Outflow
from .terminal import host_line, make_raw, open_pty

READ_SIZE = 4096  # the kernel hands out no more at a time
_FEW = 448  # a command line; Python has room for so many at hand, for a page it asks malloc
_FULL = 4095
"""A read of so much leaves something behind."""
_SMALL = 1024  # an answer

_HOLD = os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC


class PtyPipe(Pipe):
    """A :class:`Pipe` to whoever opens ``path`` (or ``link``).

    One slave descriptor is kept open: without it the master is hung up while no client is there, and a loop
    that waits for it spins. Hence clients are counted through inotify.
    """

    __slots__ = (
        "_clients",
        "_given_loop",
        "_hand",
        "_inotify",
        "_link",
        "_loop",
        "_master",
        "_news",
        "_out",
        "_path",
        "_paused",
        "_round",
        "_sink",
        "_slave",
        "_started",
        "_taken",
        "_unread",
        "_watch",
        "at_once",
    )

    carries = Carries(rate=True, host_flow=True)

    _loop: asyncio.AbstractEventLoop  # these seven from start() on
    _sink: PipeSink
    _hand: Callable[[bytes], None]
    _out: Outflow
    _inotify: Inotify
    _round: Round
    _news: Callable[[int], object]  # truthy when somebody's coming or going has not been handled yet

    def __init__(
        self, link: Path | StableLink | None = None, loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        """Create the pty and reserve the link. Raises :class:`EndpointError`."""
        self._given_loop = loop
        self.at_once = 0
        self._started = False
        self._link = StableLink(link) if isinstance(link, Path) else link
        self._watch: int | None = None
        self._clients = 0
        self._paused = False
        self._taken = b""  # bytes read, whose client's coming and going is being found out
        self._unread = bytearray()  # what a client left behind while reading was paused
        try:
            self._master, self._slave = open_pty()
        except EndpointError:
            if self._link is not None:
                self._link.remove()
            raise
        self._path = os.ttyname(self._slave)

    @property
    def path(self) -> str:
        """The slave's device, ``/dev/pts/N``."""
        return self._path

    @property
    def link(self) -> Path | None:
        """The stable name, if there is one; it exists from :meth:`start` to :meth:`close`."""
        return None if self._link is None else self._link.path

    @property
    def host(self) -> HostLine:
        """What the client has set: any speed (0 is its hang-up, B0), CRTSCTS, IXON."""
        return host_line(self._master)

    def start(self, sink: PipeSink) -> None:
        """Begin to carry, then publish the link. Raises :class:`EndpointError` (and is closed then).

        A client that opened ``path`` before is reported from within this call.
        """
        self._loop = self._given_loop or asyncio.get_running_loop()
        self._round = round_of(self._loop)
        self._sink = sink
        self._hand = sink.bytes_received
        self._out = Outflow(self._loop, self._master, sink.output_blocked, sink.output_ready, _failed)
        try:
            self._inotify = Inotify.of(self._loop)
            self._news = self._inotify.poll
            self._started = True
            self.recount()
            if not self._paused:
                self._loop.add_reader(self._master, self._readable)
            if self._link is not None:
                self._link.publish(self._path)
        except EndpointError:
            self.close()
            raise

    def write(self, data: bytes) -> None:
        """Write to the client; dropped, as on a wire, when there is none.

        Calls ``output_blocked`` from within when more than :data:`~.outflow.HIGH` bytes are held.
        """
        if self._clients:
            if not self._round.crowded:
                self._out.write(data)
            elif len(data) <= _SMALL:
                self._round.written.append((self._out, data))
            else:  # for so much the waking is nothing, and it may be more than is held
                if self._round.written and (before := self._round.take_back(self._out)):
                    self._out.write(before)
                self._out.write(data)

    def hand_to(self, take: Callable[[bytes], None]) -> None:
        """See :class:`Pipe`."""
        self._hand = take

    def pause_reading(self) -> None:
        """Take no more bytes; the client's writes then fill the kernel's queue (about 20 kB) and wait."""
        if not self._paused:
            self._paused = True
            if self._started:
                self._loop.remove_reader(self._master)

    def resume_reading(self) -> None:
        """Take bytes again."""
        if self._paused:
            self._paused = False
            if self._started and self._unread:
                self._loop.call_soon(self._deliver_unread)  # before anything is read that came later
            elif self._started:
                self._loop.add_reader(self._master, self._readable)

    def set_signal(self, signal: LineSignal, on: bool) -> None:
        """Do nothing: a pty has no modem lines, so DCD, DSR, CTS and RI cannot reach the client."""

    def close(self) -> None:
        """Release everything; a client that is still there reads end of file. May be called twice."""
        if self._link is not None:
            self._link.remove()
        if self._master < 0:
            return
        if self._started:
            if not self._loop.is_closed():
                if last := self._round.take_back(self._out):
                    self._out.write(last)
                self._loop.remove_reader(self._master)
                self._loop.remove_writer(self._master)
            if self._watch is not None:
                self._inotify.unwatch(self._watch)
                self._watch = None
            self._inotify.release()
            self._started = False
        os.close(self._master)
        if self._slave >= 0:
            os.close(self._slave)
        self._master = self._slave = -1
        self._clients = 0
        self._unread.clear()

    # ---- bytes -----------------------------------------------------------------------------------

    def _readable(self) -> None:
        round_ = self._round
        crowded = round_.crowded
        try:
            data = os.read(self._master, _FEW if crowded else READ_SIZE)
        except BlockingIOError:
            return
        if len(data) >= _FEW:
            data = self._read_on(data, crowded)
        # The opening that brought these bytes must be known before they are: the answer would be dropped,
        # or flushed with what the client before had left unread.
        self._taken += data
        if crowded:
            round_.arrived.append(self)
            return
        if self._news(0):
            self._inotify.dispatch()
        self.deliver()

    def deliver(self) -> None:
        """Hand on what was read; also from the loop at the end of a crowded round."""
        data, self._taken = self._taken, b""
        if not data or not self._started:  # or the sink has closed us since
            return
        if self._paused:
            self._unread += data
            return
        if not self._clients:
            self._came(1)  # its opening was not seen: it slipped in during a recount
        self._hand(data)

    def _read_on(self, first: bytes, crowded: bool) -> bytes:
        """What was too much for a short read, and what the kernel has queued, within limits."""
        if crowded and len(first) == _FEW:
            with suppress(BlockingIOError):
                first += os.read(self._master, READ_SIZE - _FEW)
        pieces, size = [first], len(first)
        gaps = self._round.gaps
        with suppress(BlockingIOError):
            while len(pieces[-1]) >= _FULL and size < self.at_once:
                if gaps:
                    self._round.work()  # meanwhile the kernel's worker brings more
                pieces.append(os.read(self._master, READ_SIZE))
                size += len(pieces[-1])
        return b"".join(pieces)

    def _deliver_unread(self) -> None:
        if self._paused or not self._started:
            return
        self._loop.add_reader(self._master, self._readable)
        data = bytes(self._unread)
        self._unread.clear()
        if data:
            self._hand(data)

    def _deliver_rest(self) -> None:
        """Take what the client wrote before it went; a read waits for what the kernel still has under way."""
        rest, self._taken = bytearray(self._taken), b""
        most = len(rest) + READ_SIZE
        while len(rest) < most:  # the kernel queues less; a client that comes meanwhile cannot hold us
            try:
                rest += os.read(self._master, READ_SIZE)
            except BlockingIOError:
                break
        self._unread += rest
        if self._unread and not self._paused:
            data = bytes(self._unread)
            self._unread.clear()
            self._hand(data)

    # ---- clients -------------------------------------------------------------------------------------

    def openings_changed(self, steps: Sequence[int]) -> None:
        """The slave was opened and closed; from :class:`Inotify`."""
        before = count = self._clients
        vacant = False
        for step in steps:
            count = max(0, count + step)
            vacant = vacant or count == 0
        if before and count and vacant:
            # One client went and another came. Bytes not yet delivered may be the new one's, and so may the
            # terminal's settings: both are left alone.
            self._went(tidy=False)
            before = 0
        if not before and max(steps) > 0:
            before = count or 1
            self._came(before)
        if not self._started:  # the sink closed us
            return
        self._clients = count
        if before and not count:
            self._went(tidy=True)

    def recount(self) -> None:
        """Find out whether anybody has the slave open; from :class:`Inotify`, and at the start.

        Raises :class:`EndpointError` as :meth:`_hold` does.
        """
        vacant = self._hold()
        if vacant and self._clients:
            self._went(tidy=True)
        elif vacant:
            self._tidy()
        elif not self._clients:
            self._came(1)

    def _hold(self) -> bool:
        """Hold and watch the slave anew; tells whether nobody else had it open in between.

        Raises :class:`EndpointError` if a client made itself exclusive in that moment and keeps us out.
        """
        if self._watch is not None:
            self._inotify.unwatch(self._watch)  # it must not see our own openings
            self._watch = None
        vacant = False
        try:
            # A hung up descriptor's close goes unnoticed, a fresh one's does not; and only if a fresh one
            # can be had (nobody is exclusive), the one held may be let go of.
            fresh = os.open(self._path, _HOLD)
            os.close(self._slave)
            os.close(fresh)
            self._slave = -1
            poll = select.poll()
            poll.register(self._master, 0)
            vacant = bool(poll.poll(0))  # POLLHUP, reported unasked
            self._slave = os.open(self._path, _HOLD)
        except OSError as error:
            if self._slave < 0 or error.errno != errno.EBUSY:
                self.close()
                raise EndpointError(f"cannot hold {self._path}: {error.strerror}; start it anew") from error
        self._watch = self._inotify.watch(self._path, self)
        return vacant

    def _came(self, count: int) -> None:
        self._flush()
        self._clients = count
        self._sink.client_opened()

    def _went(self, tidy: bool) -> None:
        self._clients = 0
        if tidy:
            self._deliver_rest()
        if not self._started:
            return
        if tidy:
            self._tidy()
        self._round.take_back(self._out)
        self._out.clear()
        self._sink.client_closed()

    def _tidy(self) -> None:
        """Make the terminal as the next client expects it; what the last one did would outlive it."""
        self._flush()
        fcntl.ioctl(self._slave, termios.TIOCNXCL)
        make_raw(self._slave)

    def _flush(self) -> None:
        """Drop the output that no client has read."""
        try:
            termios.tcflush(self._slave, termios.TCIFLUSH)
        except termios.error as error:
            if error.args[0] != errno.EIO:
                raise
            # Root hung the terminal up (vhangup, as getty does): our descriptor is dead and the settings
            # are the kernel's.
            self._hold()
            make_raw(self._slave)


def _failed(error: OSError) -> None:
    """A master whose slave we hold does not fail."""
    raise error

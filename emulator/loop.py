"""An asyncio event loop that serves ready descriptors where it finds them: a module answers sooner.

Plain asyncio makes of a ready descriptor a selector key, a handle and an entry in a queue, and goes
round once for it. Without that, AT is answered 1 to 2 us sooner (of 11-12, the client's part included).

Rules for editors: asyncio may call :meth:`_Selector.select` at any time, and everything that it is to do
after it (call_soon, a timer, stop, its own descriptors) must make ``select`` return.
"""

from __future__ import annotations

import asyncio
import os
import select
import selectors
import time
from collections.abc import Callable
from contextvars import Context
from functools import partial
from typing import Any, TypeVarTuple

from .lingering import LOOK, Lingering
from .round import Piece, Round

_IN, _OUT = select.EPOLLIN, select.EPOLLOUT
_AT_ONCE = 32
"""Descriptors served in one round; for so many, epoll.poll needs no block from malloc."""
_MOST_AT_ONCE = 128
"""The same while so many and more are ready in each: what is done once for a round pays then."""
_PATIENCE = 16
"""Busy rounds after which whoever waits for rest waits no longer."""
Callback = Callable[[], object]
Ts = TypeVarTuple("Ts")


class _Selector(selectors.EpollSelector):
    """asyncio's own descriptors, and around them an epoll of those that are served directly.

    The inner epoll is itself a descriptor of the outer one: one system call waits for all.
    """

    def __init__(self) -> None:
        super().__init__()
        self.readers: dict[int, Callback] = {}
        self.writers: dict[int, Callback] = {}
        self.due = False
        """Whether asyncio has something to do."""
        self.failed: Callable[[BaseException, Callable[..., object]], None]
        self.round = Round()
        self.round.failed = self._failed
        self._removed: set[int] = set()
        self._found: list[tuple[selectors.SelectorKey, int]] = []
        self.at_rest: list[Callback] = []
        self._unrest = 0
        self.lingering = Lingering(alone=len(os.sched_getaffinity(0)) == 1)
        self._epoll = select.epoll()
        self._registered: dict[int, int] = {}
        self.set(self.readers, self.fileno(), self._inner_ready)

    def close(self) -> None:
        self._epoll.close()
        super().close()

    def set(self, table: dict[int, Callback], fd: int, callback: Callback | None) -> bool:
        """Put ``callback`` into ``table`` (readers or writers), or take it out; whether there was one.

        Raises ``OSError`` for a descriptor that cannot be waited for; nothing has changed then.
        """
        old = table.get(fd)
        if callback is not None:
            self._want(fd, self._registered.get(fd, 0) | (_IN if table is self.readers else _OUT))
            table[fd] = callback
        elif old is not None:
            del table[fd]
            self._removed.add(fd)
            other = self.writers if table is self.readers else self.readers
            try:
                self._want(fd, 0 if fd not in other else _OUT if table is self.readers else _IN)
            except OSError:
                # It is closed already, and the kernel has forgotten it. So must we: the next descriptor of
                # this number has to be registered anew.
                self._registered.pop(fd, None)
        return old is not None

    def _want(self, fd: int, wanted: int) -> None:
        """Have the kernel report ``wanted``; what it knows of each descriptor is remembered."""
        before = self._registered.get(fd, 0)
        if wanted == before:
            return
        if not wanted:
            self._epoll.unregister(fd)
            del self._registered[fd]
            return
        if before:
            self._epoll.modify(fd, wanted)
        else:
            try:
                self._epoll.register(fd, wanted)
            except FileExistsError:  # closed without a word, and the same file has the number again
                self._epoll.modify(fd, wanted)
        self._registered[fd] = wanted

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Serve what is ready until asyncio has something to do, or ``timeout`` seconds have passed."""
        poll, reader, writer, removed = self._epoll.poll, self.readers.get, self.writers.get, self._removed
        round_ = self.round
        not_in, not_out = ~_IN, ~_OUT
        most = _AT_ONCE
        wait = -1.0 if timeout is None else max(0.0, timeout)
        until = time.monotonic() + wait
        self.due = False
        if round_.crowded:
            self._end_round()  # a callback that ended the program left it so
        while True:
            removed.clear()  # what was removed between two rounds concerns neither
            if self.at_rest:
                ready = poll(0, most)
                self._rest(bool(ready))
            elif 0 <= wait < LOOK or most > _AT_ONCE:
                ready = poll(wait, most)
            else:
                ready = self._wait(wait)
            most = _AT_ONCE
            if len(ready) > 1:
                round_.crowded = True
                if len(ready) >= _AT_ONCE:
                    most = _MOST_AT_ONCE
            for fd, events in ready:
                # An error or a hang-up concerns both. Whoever was removed in this round may have been
                # followed by another with the same number; a new round tells what is true of that one.
                if events & not_out and fd not in removed and (callback := reader(fd)) is not None:
                    try:
                        callback()
                    except BaseException as error:
                        self._failed(error, callback)
                if events & not_in and fd not in removed and (callback := writer(fd)) is not None:
                    try:
                        callback()
                    except BaseException as error:
                        self._failed(error, callback)
            if round_.crowded:
                self._end_round()
            if self.due or wait == 0:
                found, self._found = self._found, []
                return found
            if timeout is not None:
                wait = max(0.0, until - time.monotonic())

    def _end_round(self) -> None:
        round_ = self.round
        arrived, written = round_.arrived, round_.written
        if arrived:
            self._call(round_.look)
            while arrived:
                arrival = arrived.popleft()
                try:
                    arrival.deliver()
                except BaseException as error:
                    self._failed(error, arrival.deliver)
        while written:
            output, data = written.popleft()
            try:
                output.write(data)
            except BaseException as error:
                self._failed(error, output.write)
        round_.crowded = False

    def _call(self, callback: Callback) -> None:
        try:
            callback()
        except BaseException as error:
            self._failed(error, callback)

    def _wait(self, seconds: float) -> list[tuple[int, int]]:
        """What is ready within so many seconds (below 0: whenever it is), looking or asleep."""
        poll, lingering, clock = self._epoll.poll, self.lingering, time.monotonic
        before = clock()
        if not lingering.pays:
            ready = poll(seconds, _AT_ONCE)
            lingering.slept(clock() - before)
            return ready
        look = lingering.seconds if seconds < 0 else min(lingering.seconds, seconds)
        end = before + look
        while not (ready := poll(0, _AT_ONCE)):
            if clock() > end:
                lingering.in_vain()
                return poll(seconds if seconds < 0 else seconds - look, _AT_ONCE)
        lingering.found()
        return ready

    def _rest(self, busy: bool) -> None:
        """Nothing was ready, or too much for too long: whoever waited for rest has his turn."""
        if busy and self._unrest < _PATIENCE:
            self._unrest += 1
            return
        self._unrest = 0
        waiting, self.at_rest = self.at_rest, []
        for callback in waiting:
            self._call(callback)

    def work_at_rest(self) -> None:
        """One piece, and after a look at what has become ready the next."""
        if self.round.gaps:
            self.round.work()
            self.at_rest.append(self.work_at_rest)

    def _failed(self, error: BaseException, callback: Callable[..., object]) -> None:
        if isinstance(error, (SystemExit, KeyboardInterrupt)):
            raise error
        self.failed(error, callback)

    def _inner_ready(self) -> None:
        self._found = super().select(0)
        self.due = True


def in_gaps(loop: asyncio.AbstractEventLoop) -> Callable[[Piece], object]:
    """:meth:`DirectLoop.call_in_gaps` of ``loop``; any other loop does all of it in its next round."""
    if isinstance(loop, DirectLoop):
        return loop.call_in_gaps

    def soon(work: Piece) -> None:
        loop.call_soon(_through, work)

    return soon


def _through(work: Piece) -> None:
    while work():
        pass


def _bound(callback: Callable[[*Ts], object], args: tuple[*Ts]) -> Callback:
    return partial(callback, *args) if args else callback


class DirectLoop(asyncio.SelectorEventLoop):
    """A selector event loop whose readers and writers are called from within its selector.

    What differs for a callback given to :meth:`add_reader` or :meth:`add_writer`: it runs in the context
    of whoever runs the loop, not in a copy made at registration; debug mode does not time it. The rest is
    asyncio's: what it raises goes to the exception handler, timers and other callbacks have their turn
    after each round, a round serves each ready descriptor once.
    """

    def __init__(self) -> None:
        self._direct = _Selector()
        self._direct.failed = self._callback_failed
        super().__init__(self._direct)
        self._signals: set[int] = set()
        self.round = self._direct.round

    def _callback_failed(self, error: BaseException, callback: Callable[..., object]) -> None:
        self.call_exception_handler({"message": f"Exception in callback {callback!r}", "exception": error})

    # ---- descriptors -----------------------------------------------------------------------------

    def add_reader(self, fd: Any, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        """As asyncio's, see the class."""
        self._set(self._direct.readers, fd, _bound(callback, args))

    def remove_reader(self, fd: Any) -> bool:
        """As asyncio's."""
        return self._set(self._direct.readers, fd, None)

    def add_writer(self, fd: Any, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        """As asyncio's, see the class."""
        self._set(self._direct.writers, fd, _bound(callback, args))

    def remove_writer(self, fd: Any) -> bool:
        """As asyncio's."""
        return self._set(self._direct.writers, fd, None)

    def _set(self, table: dict[int, Callback], fd: Any, callback: Callback | None) -> bool:
        if self.is_closed():
            if callback is None:
                return False
            raise RuntimeError("Event loop is closed")
        return self._direct.set(table, fd if isinstance(fd, int) else fd.fileno(), callback)

    def call_at_rest(self, callback: Callback) -> None:
        """Call once, when no descriptor is ready any more, or after a few rounds: for what is gathered.

        From the loop's own thread only; it cannot be cancelled.
        """
        self._direct.at_rest.append(callback)

    def call_in_gaps(self, work: Piece) -> None:
        """Call ``work`` until it returns false, whenever the kernel has to be waited for, or at rest.

        From the loop's own thread only. What it raises goes to the exception handler, and ends it.
        """
        self._direct.round.gaps.append(work)
        self._direct.at_rest.append(self._direct.work_at_rest)

    # ---- what makes asyncio due ------------------------------------------------------------------

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """As asyncio's."""
        self._direct.due = True
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """As asyncio's."""
        self._direct.due = True
        return super().call_at(when, callback, *args, context=context)

    # ---- the end ---------------------------------------------------------------------------------

    def add_signal_handler(self, sig: int, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        """See asyncio."""
        super().add_signal_handler(sig, callback, *args)
        self._signals.add(sig)

    def close(self) -> None:
        """See asyncio; without a signal's handler from here on.

        asyncio closes the descriptor that a signal is written to before it takes the handlers away. One that
        came in between would be told on standard error as an exception that nobody can do anything about.
        """
        while self._signals:
            self.remove_signal_handler(self._signals.pop())
        super().close()

    def stop(self) -> None:
        """As asyncio's."""
        self._direct.due = True
        super().stop()

"""What endpoints that are served in the same round of the event loop do together, because it costs less.

Of 1000 modems that all are active, each round finds many. One look at the ptys' comings and goings does
for all that was read; and answers written one right after the other wake the kernel's pty worker once,
where each alone would wake it anew. And what can wait is done in gaps: behind each 4 KiB that are read of a
pty, the kernel's worker has to be waited for.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable
from typing import Protocol


class Arrival(Protocol):
    """Who has read something and has not handed it on yet."""

    def deliver(self) -> None:
        """Hand it on."""


class Output(Protocol):
    """Where output goes."""

    def write(self, data: bytes) -> None:
        """Write it now."""


Piece = Callable[[], bool]
"""A piece of work that can wait; whether there is another one."""


class Round:
    """One loop's present round: the descriptors that it found ready with one system call.

    At the end of a crowded one the loop calls :attr:`look`, then has all in :attr:`arrived` deliver, then
    writes what is in :attr:`written`; what is added meanwhile has its turn as well.
    """

    __slots__ = ("arrived", "crowded", "failed", "gaps", "look", "written")

    def __init__(self) -> None:
        self.crowded = False
        """Whether it serves several. Only then may the two queues be added to."""
        self.look: Callable[[], object] = lambda: None
        """Finds out what has to be known before anything is delivered."""
        self.arrived: deque[Arrival] = deque()
        self.written: deque[tuple[Output, bytes]] = deque()
        self.gaps: deque[Piece] = deque()
        """What waits for a gap, see :meth:`work`."""
        self.failed: Callable[[BaseException, Callable[..., object]], None]
        """Told of what a piece of work raises."""

    def work(self) -> None:
        """Do the next piece of what waits: in a gap, where nothing may be raised, or at rest."""
        work = self.gaps[0]
        more = False
        try:
            more = work()
        except BaseException as error:
            self.failed(error, work)
        finally:
            if not more:
                self.gaps.popleft()

    def take_back(self, output: Output) -> bytes:
        """What was to be written to ``output``, which will not be now."""
        own = [data for other, data in self.written if other is output]
        if own:
            others = [entry for entry in self.written if entry[0] is not output]
            self.written.clear()
            self.written.extend(others)
        return b"".join(own)


def round_of(loop: AbstractEventLoop) -> Round:
    """The round of ``loop``; any loop but ours never has a crowded one."""
    own = getattr(loop, "round", None)
    return own if isinstance(own, Round) else Round()

"""``vmodem replay``: plays the module's side of a recording to a driver, and says where that departs."""

from __future__ import annotations

import argparse
import asyncio
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ..child import Command, command, complaint, follow, status
from ..console import complain, say
from ..endpoints import EndpointError, Pipe, PipeSink
from ..events import LineSignal
from ..loop import DirectLoop
from ..mistakes import SetupError, UsageError
from ..places import Place, open_places, port_name
from ..run import until_failure, until_signal
from .follow import Follower
from .format import Transcript, load
from .places import one_place
from .text import FormatError

DEPARTED = 1
REST = 0.1
"""Seconds for the rest of what departs."""
AGAIN = 1.0
"""Seconds in which a driver that has closed its port may open it again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The command line, checked."""

    follower: Follower
    name: str
    place: Place
    command: Command | None


def replay(args: argparse.Namespace) -> int:
    """Play to a driver; 0, or :data:`DEPARTED`, or the program's own exit status.

    Raises :class:`UsageError` (a wrong file, too) and :class:`SetupError`.
    """
    program = command(args.exec, args.timeout, args.exec_status)
    place = one_place(args, "replay")
    pace = 0.0 if args.pace == "instant" else 1.0
    try:
        follower = Follower(read(args.file), pace)
    except FormatError as error:
        raise UsageError(f"{error} (correct that line)") from error
    with asyncio.Runner(loop_factory=DirectLoop) as runner:
        return runner.run(_serve(Plan(follower, args.file, place, program)))


def read(name: str) -> Transcript:
    """A transcript file; raises :class:`UsageError`."""
    try:
        return load(Path(name))
    except OSError as error:
        raise UsageError(f"cannot read {name}: {error.strerror} (give a recording)") from error
    except FormatError as error:
        raise UsageError(f"{error} (correct that line, or record anew)") from error


async def _serve(plan: Plan) -> int:
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[int] = loop.create_future()
    until_signal(loop, stopped)
    until_failure(loop, stopped)
    ended = None
    with ExitStack() as cleanup:
        try:
            (pipe,) = open_places([plan.place], cleanup)
            player = Player(plan.follower, pipe, stopped)
            cleanup.callback(player.finish)
            pipe.start(player)
        except EndpointError as error:
            raise SetupError(str(error)) from error
        port = port_name(pipe)
        if plan.command is None:
            say(f"{port}\nReplaying {plan.name}: let the driver open {port}.\n")
            await stopped
        else:
            ended = await follow(plan.command, [port], None, stopped)
    plan.follower.stopped()
    well = 0
    if plan.follower.departure is not None:
        complain(f"vmodem replay: {plan.follower.departure}")
        well = DEPARTED
    elif plan.command is None:
        say(f"{plan.name}: the driver followed to the end\n")
    if plan.command is None or ended is None:
        return well
    wrong = complaint(plan.command, ended)
    if wrong:
        complain(f"vmodem replay: {plan.command.name}: {wrong}")
    return status(plan.command, ended, well)


class Player(PipeSink):
    """Puts a follower at a port."""

    def __init__(self, follower: Follower, pipe: Pipe, stopped: asyncio.Future[int]) -> None:
        self._follower = follower
        self._pipe = pipe
        self._stopped = stopped
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None

    def finish(self) -> None:
        """No more of it."""
        for timer in (self._timer, self._end):
            if timer is not None:
                timer.cancel()

    def bytes_received(self, data: bytes) -> None:
        """The driver wrote."""
        before = self._follower.departure
        self._follower.receive(data, time.monotonic())
        if self._follower.departure is None:
            self._go_on()
        elif before is None:
            self._end_in(REST)

    def client_opened(self) -> None:
        """The driver opened the port."""
        if self._end is not None and self._follower.departure is None:
            self._end.cancel()
        self._follower.opened(time.monotonic())
        self._go_on()

    def client_closed(self) -> None:
        """The driver closed the port: at the end, where it closed it then, or too early."""
        self._follower.closed()
        if self._follower.departure is not None:
            return
        if self._follower.followed:
            self._end_in(0.0)
        elif not self._follower.may_close:
            self._end_in(AGAIN)

    def signal_changed(self, signal: LineSignal, on: bool) -> None:
        """Lines are not compared."""

    def output_blocked(self) -> None:
        """What is said is in the file, and no more than that is held."""

    def output_ready(self) -> None:
        """See :meth:`output_blocked`."""

    def input_purged(self) -> None:
        """What the driver takes back has been compared already."""

    def note(self, text: str) -> None:
        """A remark of the port."""
        complain(f"vmodem replay: {text}")

    def _go_on(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = time.monotonic()
        data = self._follower.due(now)
        if data:
            self._pipe.write(data)
        deadline = self._follower.deadline()
        if deadline is not None:
            self._timer = self._loop.call_later(max(0.0, deadline - now), self._go_on)

    def _end_in(self, seconds: float) -> None:
        def end() -> None:
            if not self._stopped.done():
                self._stopped.set_result(0)

        if self._end is not None:
            self._end.cancel()
        self._end = self._loop.call_later(seconds, end)

"""The program under test beside a modem: ``--exec``. Started, waited for, ended with all that it started.

Exit status of the run (see :func:`status`): the child's own, 128+n if a signal ended it, 124 if it took
too long, 1 if it was well but an expectation was not met.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from .mistakes import SetupError, UsageError

TIMED_OUT = 124
"""As timeout(1) of coreutils."""
BY_SIGNAL = 128
GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL."""
LAST_BYTES = 0.1
"""Seconds for what the child wrote last: a pty hands it on behind the child's back."""
_PLACE = re.compile(r"\{(tty|url)([0-9]*)\}")
_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)(s|min|h)?")
_UNITS = {None: 1.0, "s": 1.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: ``--exec`` and what belongs to it, checked."""

    argv: tuple[str, ...]
    timeout: float | None
    """Seconds."""
    counts: bool
    """Whether its exit status is the run's."""

    @property
    def name(self) -> str:
        """What a report calls it."""
        return os.path.basename(self.argv[0])


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended."""

    status: int
    """Its own exit status, 128+n for a signal."""
    seconds: float
    why: str = ""
    """Why it was ended before it ended itself: ``timeout``, ``signal``, ``scenario``, or nothing."""
    signal: int = 0
    """The signal that ended the run."""


def command(text: str | None, timeout: str | None, counts: str | None) -> Command | None:
    """``--exec``, ``--timeout`` and ``--exec-status`` as typed. Raises :class:`UsageError`."""
    if text is None:
        for option, given in (("--timeout", timeout), ("--exec-status", counts)):
            if given is not None:
                raise UsageError(f"{option} is for --exec (leave it out, or say what to run)")
        return None
    try:
        argv = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"--exec {text!r}: {error} (quote it as for a shell)") from error
    if not argv:
        raise UsageError("--exec is empty (say what to run, such as './driver_test {tty}')")
    return Command(tuple(argv), None if timeout is None else _seconds(timeout), counts != "ignore")


def _seconds(text: str) -> float:
    found = _TIME.fullmatch(text)
    if found is None or not float(found[1]):
        raise UsageError(f"--timeout {text!r} is no time (write seconds, or 60s, 2min)")
    return float(found[1]) * _UNITS[found[2]]


def filled_in(argv: Sequence[str], ports: Sequence[str]) -> list[str]:
    """``{tty}`` and ``{url}`` (``{tty1}``: of the second modem) replaced. Raises :class:`UsageError`."""

    def place(found: re.Match[str]) -> str:
        number = int(found[2] or 0)
        if number >= len(ports):
            raise UsageError(
                f"--exec: {found[0]}: there is no modem {number} (there are {len(ports)}, from 0)"
            )
        if found[1] == "tty" and "://" in ports[number]:
            raise UsageError(f"--exec: {found[0]}: modem {number} is at {ports[number]} (write {{url}})")
        return ports[number]

    return [_PLACE.sub(place, word) for word in argv]


def environment(ports: Sequence[str], ctl: str | None) -> dict[str, str]:
    """The child's: MODEM_TTY and MODEM_URL of the first modem, MODEM_URL_1 ... of the others, MODEM_CTL."""
    added = {"MODEM_URL": ports[0]}
    if "://" not in ports[0]:
        added["MODEM_TTY"] = ports[0]
    for number, port in enumerate(ports[1:], start=1):
        added[f"MODEM_URL_{number}"] = port
        if "://" not in port:
            added[f"MODEM_TTY_{number}"] = port
    if ctl is not None:
        added["MODEM_CTL"] = ctl
    return {**os.environ, **added}


class Child:
    """It runs, in a process group of its own, from construction to :meth:`end`."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """Raises :class:`SetupError`. Its output goes where ours goes."""
        # A group in the background must not read the terminal: it would be stopped.
        stdin = subprocess.DEVNULL if sys.stdin is None or sys.stdin.isatty() else None
        try:
            self._process = subprocess.Popen(argv, stdin=stdin, env=env, process_group=0)
        except OSError as error:
            raise SetupError(f"--exec: cannot run {argv[0]}: {error.strerror} (is that its path?)") from error
        self._begun = time.monotonic()
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = loop.create_future()
        """Done when it has ended by itself."""
        self._waiter = threading.Thread(target=self._wait, args=(loop,), name="vmodem --exec", daemon=True)
        self._waiter.start()

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        """It is only looked at: while nobody has taken its status, its group's number is nobody else's."""
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        with suppress(RuntimeError):  # the run is over
            loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    async def end(self) -> tuple[int, float]:
        """End it and all that is left of its group; its status (128+n for a signal) and its seconds."""
        if not self.ended.done():
            self._signal(signal.SIGTERM)
            await asyncio.wait({self.ended}, timeout=GRACE)
        seconds = time.monotonic() - self._begun
        self._signal(signal.SIGKILL)
        self._waiter.join()
        status = self._process.wait()
        return (status if status >= 0 else BY_SIGNAL - status), seconds

    def _signal(self, number: signal.Signals) -> None:
        # Nobody is left, or somebody with other rights, who is beyond us.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


async def follow(
    command: Command, ports: Sequence[str], ctl: str | None, stopped: asyncio.Future[int]
) -> Ended:
    """Run the command until it ends, its time is over, or the run is ``stopped`` (by which signal, or 0).

    Raises :class:`UsageError`, :class:`SetupError`, and what ``stopped`` raises.
    """
    child = Child(filled_in(command.argv, ports), environment(ports, ctl))
    either: set[asyncio.Future[Any]] = {child.ended, stopped}
    try:
        await asyncio.wait(either, timeout=command.timeout, return_when=asyncio.FIRST_COMPLETED)
        by_itself = child.ended.done()
    finally:
        status, seconds = await child.end()
    if by_itself:
        await asyncio.wait({stopped}, timeout=LAST_BYTES)
    number = stopped.result() if stopped.done() else 0
    if by_itself:
        return Ended(status, seconds)
    if not stopped.done():
        return Ended(status, seconds, "timeout")
    return Ended(status, seconds, "signal" if number else "scenario", number)


def status(command: Command, ended: Ended, well: int) -> int:
    """The exit status of the run; ``well``: what it is where nothing is wrong with the child."""
    if ended.why == "timeout":
        return TIMED_OUT
    if ended.why == "signal":
        return BY_SIGNAL + ended.signal
    if ended.why == "scenario" or not command.counts:
        return well
    return ended.status or well


def complaint(command: Command, ended: Ended) -> str:
    """What is wrong with how the program ended, or nothing."""
    if ended.why == "timeout":
        return f"it had not ended after {command.timeout:g} s"
    if ended.why == "signal":
        return f"the run was ended by signal {ended.signal}"
    if ended.why == "scenario" or not ended.status or not command.counts:
        return ""
    if ended.status > BY_SIGNAL:
        return f"signal {ended.status - BY_SIGNAL} ended it"
    return f"exit status {ended.status}"

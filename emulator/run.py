"""``vmodem run``: modules on ports of all kinds with real sockets, until a signal ends it."""

from __future__ import annotations

import argparse
import asyncio
import errno
import gc
import shlex
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..netstack.capture import Capture
from ..netstack.policy import is_loopback
from .capture_file import CaptureObserver, RecordFile
from .clock import RealClock
from .console import complain, say
from .endpoints import EndpointError, Pipe
from .endpoints.pty import PtyPipe
from .fleet import make_room
from .hosting import World, late_world, new_driver, new_world, nobody
from .ledger import Ledger, Page
from .log_file import LogFile
from .loop import in_gaps
from .mistakes import SetupError
from .places import open_places, port_name
from .plan import Plan, plan
from .ran import Ran
from .ready_file import ReadyFile
from .repetition import JUnit
from .repetition import play as repeat
from .transcript import JsonLog

if TYPE_CHECKING:
    from .child import Ended
    from .ctl import ControlSocket
    from .driver import Driver
    from .engine import Modem
    from .late import LateModem
    from .play import Play
    from .scenario.model import Scenario
    from .scenario.report import Report

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
MOST_NOTES = 50
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


@dataclass(frozen=True, slots=True)
class Scene:
    """What runs."""

    world: World
    log: JsonLog | None
    ports: tuple[str, ...]
    drivers: tuple[Driver, ...]
    ready: ReadyFile | None


def run(args: argparse.Namespace) -> int:
    """Run until SIGINT, SIGTERM or SIGHUP, or until a scenario or the program under test ends; nothing is
    left behind then.

    Returns 0, or :data:`.ran.FAILED` if an expectation of the scenario was not met; with ``--exec``
    see :mod:`.child`; of several runs that of the first that failed.

    Raises :class:`UsageError` and :class:`SetupError`; what our own code raises is passed on, after
    everything has been cleaned up.
    """
    return repeat(plan(args), serve)


@contextmanager
def _made_to_last(cleanup: ExitStack) -> Iterator[None]:
    """What is made inside stays until ``cleanup``: the garbage collector need not look at it.

    It would go through a thousand modems again and again, and those that wait for an answer wait with it.
    """
    gc.disable()
    try:
        yield
        gc.freeze()
        cleanup.callback(gc.unfreeze)  # a scenario may be played again, with other modems
    finally:
        gc.enable()


# ---- at work -------------------------------------------------------------------------------------


async def serve(plan: Plan, junit: JUnit) -> Ran:
    """Set up, run until told to stop, clean up; how it ended."""
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[int] = loop.create_future()
    begun = time.monotonic()
    play = None if plan.scenario is None else _play(plan, plan.scenario, stopped)
    until_signal(loop, stopped)
    until_failure(loop, stopped)
    with ExitStack() as cleanup:
        try:
            with _made_to_last(cleanup):
                scene = _start(plan, cleanup, play)
            junit.open()
            if plan.ctl is not None:
                assert play is not None
                cleanup.callback((await _controlled(plan.ctl, scene, play)).close)
            if scene.ready is not None:
                scene.ready.publish("\n".join(scene.ports))
            ended = await _until_the_end(plan, scene, stopped)
        except EndpointError as error:
            raise SetupError(str(error)) from error
        reports = [] if play is None else _judged(play, scene)
        ran = Ran(plan, tuple(reports), ended, time.monotonic() - begun)
        if plan.command is not None and ended is not None:
            from .child import complaint

            wrong = complaint(plan.command, ended)
            if wrong:
                complain(f"vmodem run: {plan.command.name}: {wrong}")
        return ran


async def _until_the_end(plan: Plan, scene: Scene, stopped: asyncio.Future[int]) -> Ended | None:
    """Until a signal or the scenario stops the run, or the program under test has ended; how that did."""
    if plan.command is None:
        say(_greeting(plan, list(scene.ports)))
        await stopped
        return None
    from .child import follow

    return await follow(plan.command, scene.ports, None if plan.ctl is None else str(plan.ctl), stopped)


async def _controlled(path: Path, scene: Scene, play: Play) -> ControlSocket:
    """The control socket, open."""
    from .ctl import Control, Controlled, ControlSocket

    modems = map(Controlled, scene.drivers, play.directors, scene.ports)
    opened = ControlSocket(path)
    await opened.open(Control(tuple(modems)))
    return opened


def _judged(play: Play, scene: Scene) -> list[Report]:
    """How the scenario ended, told."""
    from .play import record, tell

    now = scene.world.clock.now()
    reports = play.reports(now)
    if scene.log is not None:
        record(scene.log, now, reports)
    tell(reports, play.seed)
    return reports


def _play(plan: Plan, scenario: Scenario, stopped: asyncio.Future[int]) -> Play:
    from .play import Play

    def finished(_why: str) -> None:
        if not stopped.done():
            stopped.set_result(0)

    return Play(scenario, plan.chosen.dialect, plan.seed, finished, len(plan.places))


def until_signal(loop: asyncio.AbstractEventLoop, stopped: asyncio.Future[int]) -> None:
    """A signal that ends a command sets ``stopped`` to its number."""

    def stop(number: int) -> None:
        if not stopped.done():
            stopped.set_result(number)

    for number in SIGNALS:
        # nohup wants a hang-up to be survived. An ignored SIGINT only says that a script started us in
        # the background; there the same Ctrl-C that ends the script shall end us.
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop, number)


def until_failure(loop: asyncio.AbstractEventLoop, stopped: asyncio.Future[int]) -> None:
    """What a callback raises is ours: it ends the run, instead of being logged and forgotten."""

    def failed(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        if "socket" in context and isinstance(error, OSError) and error.errno in _EXHAUSTED:
            # A server of asyncio's, which accepts again after a second: its client waits, nothing fails.
            complain(f"vmodem run: cannot accept a client: {error.strerror}")
            return
        if not stopped.done():
            unnamed = RuntimeError(str(context["message"]))
            stopped.set_exception(error if isinstance(error, BaseException) else unnamed)

    loop.set_exception_handler(failed)


def _start(plan: Plan, cleanup: ExitStack, play: Play | None) -> Scene:
    """Take what is needed, each thing with its way back, and begin. The links come first: whoever cannot
    have them must not touch the log and the ready file, which may be those of the modem that has them.
    """
    _check_listen_host(plan.chosen.listen_host)
    make_room(len(plan.places))
    pipes = open_places(plan.places, cleanup)
    ports = [port_name(pipe) for pipe in pipes]
    ready = None if plan.ready_file is None else ReadyFile(plan.ready_file)
    if ready is not None:
        cleanup.callback(ready.remove)
    log = None if plan.log is None else _open_log(plan.log, plan.redact, captured=plan.pcap is not None)
    if log is not None:
        cleanup.callback(log.close)
    # One that somebody watches, or that speaks or waits as it begins, has to be there from the beginning.
    late = log is None and plan.pcap is None and play is None and all(map(_waits_for_nobody, pipes))
    world, made = late_world(plan.chosen) if late else new_world(plan.chosen)
    modems: list[Modem | LateModem] = [*made]
    budget = Budget()
    pages = _pages(log, _captures(plan, len(modems), world.clock, cleanup))
    alone = len(modems) == 1
    drivers: list[Driver] = []
    for number, (modem, pipe) in enumerate(zip(modems, pipes, strict=True)):
        whose = "" if alone else f"modem {number}: "
        page = pages[number]
        driver = new_driver(
            world,
            modem,
            pipe,
            page,
            budget.of(whose),
            nobody if page is None or plan.pcap is None else page.connecting,
            None if play is None else play.act(world.clock.now()),
        )
        cleanup.callback(driver.stop)
        driver.start()
        drivers.append(driver)
    return Scene(world, log, tuple(ports), tuple(drivers), ready)


def _waits_for_nobody(pipe: Pipe) -> bool:
    """Whether what is written before a client comes is lost, and lines are not carried."""
    return isinstance(pipe, PtyPipe)


def _check_listen_host(host: str) -> None:
    """Refuse now what would only fail when the module listens."""
    if is_loopback(host):
        return
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError as error:
            raise SetupError(
                f"cannot listen on {host}: {error.strerror} (give an address of this machine)"
            ) from error


def _open_log(path: Path, redact: bool, *, captured: bool) -> JsonLog:
    try:
        file = LogFile(path, _tell)
    except OSError as error:
        raise SetupError(f"cannot write the log {path}: {error.strerror} (choose another place)") from error
    if not redact:
        return JsonLog(file, captured=captured)
    from .redacted_log import RedactedLog

    return RedactedLog(file)


def _captures(
    plan: Plan, count: int, clock: RealClock, cleanup: ExitStack
) -> list[CaptureObserver] | list[None]:
    """An observer for each modem; all write to one file."""
    path = plan.pcap
    if path is None:
        return [None] * count
    name = plan.chosen.dialect.name
    names = [name] if count == 1 else [f"{name}-{n}" for n in range(count)]
    try:
        capture = Capture(tuple(names), time.time_ns() - int(clock.now() * 1e9))
    except ImportError as error:
        raise SetupError("--pcap needs scapy (pip install scapy)") from error
    try:
        if path.is_fifo():
            raise OSError(0, "It is a pipe, whose reader could make the modem wait")
        file = RecordFile(path, "capture", _tell)
        cleanup.callback(file.close)
        file.begin(capture.take())
    except OSError as error:
        raise SetupError(
            f"cannot write the capture {path}: {error.strerror} (choose another place)"
        ) from error
    return [CaptureObserver(modem, capture.take, file) for modem in capture.modems]


def _pages(log: JsonLog | None, captures: list[CaptureObserver] | list[None]) -> list[Page] | list[None]:
    """What observes each modem."""
    alone = len(captures) == 1
    flushes = [one.flush for one in (log, captures[0]) if one is not None]
    if not flushes:
        return [None] * len(captures)
    loop = asyncio.get_running_loop()
    ledger = Ledger(flushes, loop.call_soon, in_gaps(loop))
    return [
        ledger.page(log if log is None or alone else log.of(number), capture)
        for number, capture in enumerate(captures)
    ]


# ---- what the user reads -------------------------------------------------------------------------


def _greeting(plan: Plan, ports: list[str]) -> str:
    """First the ports alone, for scripts; the rest is for who sees a modem the first time."""
    times = "" if len(ports) == 1 else f"{len(ports)} x "
    port, rate = shlex.quote(ports[0]), plan.chosen.options[0].rate or 115200
    until = f"{times}{plan.chosen.dialect.title}, until Ctrl-C."
    if plan.places[0].kind == "serial":
        rest = f"{until} The board at {port} can say: AT, ATI, AT+CSQ, AT+CREG?\n"
    else:
        rest = f"{until} In another terminal, for example:\n  {_example(plan.places[0].kind, port, rate)}\n"
        rest += "and there: AT, ATI, AT+CSQ, AT+CREG?\n"
    return "".join(f"{name}\n" for name in ports) + rest


def _example(kind: str, port: str, rate: int) -> str:
    if kind == "pty":
        return f"picocom -b {rate} {port}    (leave it with Ctrl-A Ctrl-X)"
    return f"python3 -m serial.tools.miniterm --eol CR {port} {rate}    (leave it with Ctrl-])"


def _tell(text: str) -> None:
    """That a file has ended, which is said once: outside the budget of what is said again and again."""
    complain(f"vmodem run: {text}")


class Budget:
    """How many remarks may still go to standard error, from all modems together.

    Not all: who started us may never read our standard error, and a full pipe would stop the modems.
    """

    def __init__(self) -> None:
        self._left = MOST_NOTES

    def complain(self, text: str) -> None:
        """Say it while it may be said."""
        if self._left:
            self._left -= 1
            end = "" if self._left else " (further remarks go to the log, --log FILE, alone)"
            complain(f"vmodem run: {text}{end}")

    def of(self, whose: str) -> Callable[[str], None]:
        """What says it with ``whose`` in front."""
        return lambda text: self.complain(f"{whose}{text}")

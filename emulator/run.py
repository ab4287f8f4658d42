"""``vmodem run``: one module on a pseudo terminal with real sockets, until a signal ends it."""

from __future__ import annotations

import argparse
import asyncio
import math
import shlex
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ..netstack.host import HostNetStack
from ..netstack.policy import Policy, ipv4, is_loopback
from ..netstack.routes import Route, Routes
from .clock import RealClock
from .console import complain, say
from .dialect import Dialect, Options
from .driver import Driver
from .endpoints import EndpointError
from .endpoints.link import default_link
from .endpoints.pty import PtyPipe
from .engine import Modem
from .events import Event
from .loop import DirectLoop
from .mistakes import SetupError, UsageError, find_dialect
from .ready_file import ReadyFile
from .transcript import JsonLog

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TIMINGS = {"instant": 0.0, "typical": 1.0}
MOST_NOTES = 50


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: the command line, checked."""

    dialect: Dialect
    options: Options
    routes: Routes
    policy: Policy
    listen_host: str
    link: Path | None
    log: Path | None
    ready_file: Path | None


def run(args: argparse.Namespace) -> int:
    """Run until SIGINT, SIGTERM or SIGHUP and return 0; nothing is left behind then.

    Raises :class:`UsageError` and :class:`SetupError`; what our own code raises is passed on, after
    everything has been cleaned up.
    """
    chosen = plan(args)
    with asyncio.Runner(loop_factory=DirectLoop) as runner:
        runner.run(serve(chosen))
    return 0


# ---- the command line, checked -------------------------------------------------------------------


def plan(args: argparse.Namespace) -> Plan:
    """Check everything that can be checked without touching the machine. Raises :class:`UsageError`."""
    dialect = find_dialect(args.dialect)
    try:
        routes = Routes(tuple(Route.parse(text) for text in args.route))
    except ValueError as error:
        raise UsageError(str(error)) from error
    return Plan(
        dialect=dialect,
        options=_options(args, dialect),
        routes=routes,
        policy=Policy(args.network),
        listen_host=_address("--listen-host", args.listen_host),
        link=_path(args.link),
        log=_path(args.log),
        ready_file=_path(args.ready_file),
    )


def _options(args: argparse.Namespace, dialect: Dialect) -> Options:
    contexts = dialect.limits.contexts
    if len(args.local_ip) > contexts:
        raise UsageError(
            f"--local-ip given {len(args.local_ip)} times: {dialect.name} has {contexts} PDP contexts "
            f"(give {contexts} at the most)"
        )
    default = Options()
    return Options(
        local_ips=tuple(_address("--local-ip", text) for text in args.local_ip),
        imei=_digits("--imei", args.imei, default.imei, 15, 15),
        number=_digits("--number", args.number, default.number, 1, 20, plus=True),
        pin=_digits("--pin", args.pin, default.pin, 4, 8),
        powered=not args.boot,
        wall=time.time(),
        timing_factor=_factor(args.timing),
    )


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _address(option: str, text: str) -> str:
    if ipv4(text) is None:
        raise UsageError(f"{option} {text!r} is not an IPv4 address (write one, such as 127.0.0.1)")
    return text


def _digits(
    option: str, text: str | None, default: str, shortest: int, longest: int, *, plus: bool = False
) -> str:
    if text is None:
        return default
    digits = text.removeprefix("+") if plus else text
    if not (digits.isascii() and digits.isdigit() and shortest <= len(digits) <= longest):
        count = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
        sign = ", with or without +" if plus else ""
        raise UsageError(f"{option} {text!r} is not a number of {count} digits (write one{sign})")
    return text


def _factor(text: str) -> float:
    if text in TIMINGS:
        return TIMINGS[text]
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if not 0 < factor < math.inf:
        raise UsageError(f"--timing {text!r} is no factor (write instant, typical or a number above 0)")
    return factor


# ---- at work -------------------------------------------------------------------------------------


async def serve(chosen: Plan) -> None:
    """Set up, run until told to stop, clean up."""
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[None] = loop.create_future()
    _until_signal(loop, stopped)
    _until_failure(loop, stopped)
    with ExitStack() as cleanup:
        try:
            _start(chosen, cleanup)
            await stopped
        except EndpointError as error:
            raise SetupError(str(error)) from error


def _until_signal(loop: asyncio.AbstractEventLoop, stopped: asyncio.Future[None]) -> None:
    def stop() -> None:
        if not stopped.done():
            stopped.set_result(None)

    for number in SIGNALS:
        # nohup wants a hang-up to be survived. An ignored SIGINT only says that a script started us in
        # the background; there the same Ctrl-C that ends the script shall end us.
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop)


def _until_failure(loop: asyncio.AbstractEventLoop, stopped: asyncio.Future[None]) -> None:
    """What a callback raises is ours: it ends the run, instead of being logged and forgotten."""

    def failed(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        if not stopped.done():
            unnamed = RuntimeError(str(context["message"]))
            stopped.set_exception(error if isinstance(error, BaseException) else unnamed)

    loop.set_exception_handler(failed)


def _start(chosen: Plan, cleanup: ExitStack) -> None:
    """Take what is needed, each thing with its way back, and begin. The link comes first: whoever cannot
    have it must not touch the log and the ready file, which may be those of the modem that has it.
    """
    _check_listen_host(chosen.listen_host)
    pipe = PtyPipe(default_link(chosen.dialect.name) if chosen.link is None else chosen.link)
    cleanup.callback(pipe.close)
    port = str(pipe.link)
    ready = None if chosen.ready_file is None else ReadyFile(chosen.ready_file)
    if ready is not None:
        cleanup.callback(ready.remove)
    log = None if chosen.log is None else _open_log(chosen.log)
    if log is not None:
        cleanup.callback(log.close)
    clock = RealClock()
    modem = Modem(chosen.dialect, chosen.options, now=clock.now())
    notes = Notes()
    notes.driver = driver = Driver(
        modem,
        pipe,
        _netstack(chosen, notes.note),
        clock,
        log,
        on_with_client=not chosen.options.powered,
    )
    cleanup.callback(driver.stop)
    driver.start()
    if ready is not None:
        ready.publish(port)
    say(_greeting(chosen.dialect, port))


def _netstack(chosen: Plan, note: Callable[[str], None]) -> Callable[[Callable[[Event], None]], HostNetStack]:
    def make(deliver: Callable[[Event], None]) -> HostNetStack:
        return HostNetStack(
            deliver=deliver,
            routes=chosen.routes,
            policy=chosen.policy,
            loop=asyncio.get_running_loop(),
            listen_host=chosen.listen_host,
            note=note,
        )

    return make


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


def _open_log(path: Path) -> JsonLog:
    try:
        return JsonLog(path.open("w", encoding="ascii"))
    except OSError as error:
        raise SetupError(f"cannot write the log {path}: {error.strerror} (choose another place)") from error


# ---- what the user reads -------------------------------------------------------------------------


def _greeting(dialect: Dialect, port: str) -> str:
    """The first line is the port alone, for scripts; the rest is for who sees a modem the first time."""
    return (
        f"{port}\n"
        f"{dialect.title}, until Ctrl-C. In another terminal, for example:\n"
        f"  picocom -b 115200 {shlex.quote(port)}    (leave it with Ctrl-A Ctrl-X)\n"
        "and there: AT, ATI, AT+CSQ, AT+CREG?\n"
    )


class Notes:
    """What the driver has to remark: all of it in the log, the first of it on standard error too.

    Not all: who started us may never read our standard error, and a full pipe would stop the modem.
    """

    def __init__(self) -> None:
        self._left = MOST_NOTES
        self.driver: Driver | None = None

    def note(self, text: str) -> None:
        """Remark ``text``."""
        if self.driver is not None:
            self.driver.note(text)
        if self._left:
            self._left -= 1
            end = "" if self._left else " (further remarks go to the log, --log FILE, alone)"
            complain(f"vmodem run: {text}{end}")

"""``vmodem run``: modules on pseudo terminals with real sockets, until a signal ends it."""

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
from dataclasses import dataclass, replace
from pathlib import Path

from ..netstack.air import Air
from ..netstack.capture import Capture
from ..netstack.host import HostNetStack
from ..netstack.policy import Policy, ipv4, is_loopback
from ..netstack.routes import Route, Routes
from .capture_file import CaptureFile, CaptureObserver
from .clock import RealClock
from .console import complain, say
from .dialect import Dialect, Options
from .driver import Driver
from .endpoints import EndpointError
from .engine import Modem
from .events import Address, Event
from .fleet import MOST, identities, make_room, open_ports
from .loop import DirectLoop
from .mistakes import SetupError, UsageError, find_dialect
from .observer import together
from .ready_file import ReadyFile
from .transcript import JsonLog

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TIMINGS = {"instant": 0.0, "typical": 1.0}
MOST_NOTES = 50


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: the command line, checked."""

    dialect: Dialect
    options: tuple[Options, ...]
    """One for each modem."""
    routes: Routes
    policy: Policy
    listen_host: str
    link: Path | None
    link_dir: Path | None
    log: Path | None
    pcap: Path | None
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
        options=tuple(_options(args, dialect)),
        routes=routes,
        policy=Policy(args.network),
        listen_host=_address("--listen-host", args.listen_host),
        link=_path(args.link),
        link_dir=_path(args.link_dir),
        log=_path(args.log),
        pcap=_path(args.pcap),
        ready_file=_path(args.ready_file),
    )


def _check_count(args: argparse.Namespace) -> None:
    if not 1 <= args.count <= MOST:
        raise UsageError(f"--count {args.count} is not a number of modems (write 1 to {MOST})")
    if args.link is not None and args.link_dir is not None:
        raise UsageError("--link and --link-dir both say where the port is (give one of them)")
    if args.count == 1:
        return
    if args.link is not None:
        raise UsageError("--link is the place of one port (give --link-dir DIR for several modems)")
    for option, given in (("--local-ip", args.local_ip), ("--imei", args.imei), ("--number", args.number)):
        if given:
            raise UsageError(f"{option} cannot be the same for several modems (leave it out; see --seed)")


def _options(args: argparse.Namespace, dialect: Dialect) -> list[Options]:
    _check_count(args)
    contexts = dialect.limits.contexts
    if len(args.local_ip) > contexts:
        raise UsageError(
            f"--local-ip given {len(args.local_ip)} times: {dialect.name} has {contexts} PDP contexts "
            f"(give {contexts} at the most)"
        )
    wall, factor = time.time(), _factor(args.timing)
    return [
        replace(
            own,
            local_ips=tuple(_address("--local-ip", text) for text in args.local_ip),
            imei=_digits("--imei", args.imei, own.imei, 15, 15),
            number=_digits("--number", args.number, own.number, 1, 20, plus=True),
            pin=_digits("--pin", args.pin, own.pin, 4, 8),
            powered=not args.boot,
            wall=wall,
            timing_factor=factor,
        )
        for own in identities(args.count, args.seed)
    ]


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
    """Take what is needed, each thing with its way back, and begin. The links come first: whoever cannot
    have them must not touch the log and the ready file, which may be those of the modem that has them.
    """
    _check_listen_host(chosen.listen_host)
    count = len(chosen.options)
    make_room(count)
    pipes = open_ports(chosen.dialect.name, count, chosen.link, chosen.link_dir, cleanup)
    ports = [str(pipe.link) for pipe in pipes]
    ready = None if chosen.ready_file is None else ReadyFile(chosen.ready_file)
    if ready is not None:
        cleanup.callback(ready.remove)
    log = None if chosen.log is None else _open_log(chosen.log)
    if log is not None:
        cleanup.callback(log.close)
    clock = RealClock()
    budget = Budget()
    captures = _captures(chosen, ports, clock, budget, cleanup)
    modems = [Modem(chosen.dialect, options, now=clock.now()) for options in chosen.options]
    air = Air(_own_addresses(chosen, modems))
    for number, (modem, pipe) in enumerate(zip(modems, pipes, strict=True)):
        alone = count == 1
        notes = Notes(budget, "" if alone else f"modem {number}: ")
        capture = captures[number]
        notes.driver = driver = Driver(
            modem,
            pipe,
            _netstack(chosen, air, notes.note, _ignore if capture is None else capture.connecting),
            clock,
            together(log if log is None or alone else log.of(number), capture),
            on_with_client=not chosen.options[number].powered,
        )
        cleanup.callback(driver.stop)
        driver.start()
    if ready is not None:
        ready.publish("\n".join(ports))
    say(_greeting(chosen.dialect, ports))


def _own_addresses(chosen: Plan, modems: list[Modem]) -> list[str]:
    """The addresses that are the modules' alone; one that the user has given may be this host's too."""
    given = {address for options in chosen.options for address in options.local_ips}
    return [address for modem in modems for address in modem.addresses if address not in given]


def _ignore(_handle: int, _local: Address) -> None:
    """Without a capture nobody wants to know."""


def _netstack(
    chosen: Plan, air: Air, note: Callable[[str], None], connecting: Callable[[int, Address], None]
) -> Callable[[Callable[[Event], None]], HostNetStack]:
    def make(deliver: Callable[[Event], None]) -> HostNetStack:
        return HostNetStack(
            deliver=deliver,
            routes=chosen.routes,
            policy=chosen.policy,
            loop=asyncio.get_running_loop(),
            listen_host=chosen.listen_host,
            air=air,
            note=note,
            connecting=connecting,
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


def _captures(
    chosen: Plan, ports: list[str], clock: RealClock, budget: Budget, cleanup: ExitStack
) -> list[CaptureObserver] | list[None]:
    """An observer for each modem; all write to one file."""
    path = chosen.pcap
    if path is None:
        return [None] * len(ports)
    names = (
        [chosen.dialect.name]
        if len(ports) == 1
        else [f"{chosen.dialect.name}-{n}" for n in range(len(ports))]
    )
    try:
        capture = Capture(tuple(names), time.time_ns() - int(clock.now() * 1e9))
    except ImportError as error:
        raise SetupError("--pcap needs scapy (pip install scapy)") from error
    try:
        file = CaptureFile(path, budget.complain)
        cleanup.callback(file.close)
        file.begin(capture.take())
    except OSError as error:
        raise SetupError(
            f"cannot write the capture {path}: {error.strerror} (choose another place)"
        ) from error
    return [CaptureObserver(modem, capture.take, file) for modem in capture.modems]


# ---- what the user reads -------------------------------------------------------------------------


def _greeting(dialect: Dialect, ports: list[str]) -> str:
    """First the ports alone, for scripts; the rest is for who sees a modem the first time."""
    times = "" if len(ports) == 1 else f"{len(ports)} x "
    return "".join(f"{port}\n" for port in ports) + (
        f"{times}{dialect.title}, until Ctrl-C. In another terminal, for example:\n"
        f"  picocom -b 115200 {shlex.quote(ports[0])}    (leave it with Ctrl-A Ctrl-X)\n"
        "and there: AT, ATI, AT+CSQ, AT+CREG?\n"
    )


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


class Notes:
    """What a driver has to remark: all of it in the log, the first of it on standard error too."""

    def __init__(self, budget: Budget, whose: str) -> None:
        self._budget = budget
        self._whose = whose
        self.driver: Driver | None = None

    def note(self, text: str) -> None:
        """Remark ``text``."""
        if self.driver is not None:
            self.driver.note(text)
        self._budget.complain(f"{self._whose}{text}")

"""``vmodem record``: between a driver and a real module, writing down what they say."""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ..choices import FASTEST, SLOWEST, bit_rate
from ..console import complain, say
from ..endpoints import EndpointError, Pipe, PipeSink
from ..events import LineSignal
from ..loop import DirectLoop
from ..mistakes import SetupError, UsageError
from ..places import Place, open_places, port_name
from ..run import until_failure, until_signal
from .module_port import ModulePort, Reader
from .places import one_place
from .text import escape
from .writer import Item, Piece, Remark, Side, Writer

DEFAULT_BAUD = 115200


@dataclass(frozen=True, slots=True)
class Plan:
    """The command line, checked."""

    serial: str
    baud: int | None
    """Bit/s; None: the driver's own rate."""
    place: Place
    file: Path
    dialect: str | None
    redact: bool


def record(args: argparse.Namespace) -> int:
    """Record until a signal ends it; 0. Raises :class:`UsageError`, :class:`SetupError` (the module went
    away, or the file takes no more).
    """
    with asyncio.Runner(loop_factory=DirectLoop) as runner:
        return runner.run(_serve(_plan(args)))


def _plan(args: argparse.Namespace) -> Plan:
    name, baud = _port(args.serial)
    place = one_place(args, "record")
    if args.dialect is not None:
        from ..mistakes import find_dialect

        find_dialect(args.dialect)
    return Plan(name, baud, place, Path(args.output), args.dialect, args.redact)


def _port(text: str) -> tuple[str, int | None]:
    """``DEVICE[:RATE]``, or a URL as it is."""
    if "://" in text:
        return text, None
    device, colon, rate = text.rpartition(":")
    if not colon:
        return text, None
    baud = bit_rate(rate)
    if not device or baud is None:
        raise UsageError(
            f"--serial {text!r} is no port (write DEVICE, DEVICE:RATE with {SLOWEST} to {FASTEST} bit/s, or "
            "a URL of pyserial such as socket://HOST:PORT)"
        )
    return device, baud


async def _serve(plan: Plan) -> int:
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[int] = loop.create_future()
    until_signal(loop, stopped)
    until_failure(loop, stopped)
    with ExitStack() as cleanup:
        try:
            # The link first: who cannot have it must not touch the recording of the one that has it.
            (pipe,) = open_places([plan.place], cleanup)
            module = ModulePort(plan.serial, plan.baud or DEFAULT_BAUD)
            cleanup.callback(module.close)
            recorder = Recorder(plan, pipe, module, stopped)
            cleanup.callback(recorder.finish)
            pipe.start(recorder)
            module.start(recorder)
        except EndpointError as error:
            raise SetupError(str(error)) from error
        port = port_name(pipe)
        say(f"{port}\nRecording {plan.serial} in {plan.file}, until Ctrl-C: let the driver open {port}.\n")
        await stopped
    if recorder.wrong:
        raise SetupError(recorder.wrong)
    return 0


class Recorder(PipeSink, Reader):
    """Passes bytes both ways, and writes them down when they come."""

    def __init__(self, plan: Plan, pipe: Pipe, module: ModulePort, stopped: asyncio.Future[int]) -> None:
        """Begin the file. Raises :class:`SetupError`."""
        self.wrong = ""
        """Why it cannot go on."""
        self._plan = plan
        self._pipe = pipe
        self._module = module
        self._stopped = stopped
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._redactor: Redacted | None = None
        if plan.redact:
            from .redacting import Redacted

            self._redactor = Redacted()
        try:
            self._file = os.open(plan.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise SetupError(f"cannot write {plan.file}: {error.strerror} (choose another place)") from error
        self._writer = Writer(self._put)
        began = datetime.now(UTC).isoformat(timespec="milliseconds")
        header = [("recorded", f"{began} from {escape(os.fsencode(plan.serial))}")]
        if plan.dialect is not None:
            header.append(("dialect", plan.dialect))
        if plan.redact:
            header.append(("redacted", "yes"))
        self._writer.begin(time.monotonic(), header)

    def finish(self) -> None:
        """Write the rest and close the file."""
        if self._timer is not None:
            self._timer.cancel()
        if self._redactor is not None:
            self._writer.add(self._redactor.finish())
        self._writer.finish()
        os.close(self._file)

    # ---- the driver ------------------------------------------------------------------------------

    def bytes_received(self, data: bytes) -> None:
        """The driver wrote."""
        self._follow()
        self._note(Piece(time.monotonic(), Side.HOST, data))
        self._module.write(data)

    def client_opened(self) -> None:
        """The driver opened the port."""
        self._follow()
        self._opens(True)

    def client_closed(self) -> None:
        """The driver closed the port, or died."""
        self._opens(False)

    def signal_changed(self, signal: LineSignal, on: bool) -> None:
        """The driver switched a line."""
        if signal is LineSignal.DTR:
            self._note(Remark(time.monotonic(), "*", f"DTR {'ON (low)' if on else 'OFF (high)'}"))
            self._module.set_dtr(on)
        else:
            self._note(Remark(time.monotonic(), ";", f"{signal.value} {'ON' if on else 'OFF'}"))

    def output_blocked(self) -> None:
        """The driver does not read."""
        self._module.pause_reading()

    def output_ready(self) -> None:
        """The driver has read on."""
        self._module.resume_reading()

    def input_purged(self) -> None:
        """What the driver takes back has been passed on already."""

    def note(self, text: str) -> None:
        """A remark of the port."""
        complain(f"vmodem record: {text}")

    # ---- the module ------------------------------------------------------------------------------

    def module_wrote(self, data: bytes) -> None:
        """The module wrote."""
        self._note(Piece(time.monotonic(), Side.MODULE, data))
        self._pipe.write(data)

    def module_gone(self, why: str) -> None:
        """The module's port is gone: the recording ends."""
        self._note(Remark(time.monotonic(), ";", "the module's port is gone"))
        self._end(f"{self._module.name} is gone: {why} (what was said is in {self._plan.file})")

    def module_blocked(self) -> None:
        """The module does not take what the driver writes."""
        self._pipe.pause_reading()

    def module_ready(self) -> None:
        """The module takes bytes again."""
        self._pipe.resume_reading()

    # ---- both ------------------------------------------------------------------------------------

    def _follow(self) -> None:
        host = self._pipe.host
        if self._plan.baud is not None:
            host = replace(host, baud=self._plan.baud)
        self._module.set_line(host)

    def _opens(self, on: bool) -> None:
        self._note(Remark(time.monotonic(), "*", f"the driver {'opens' if on else 'closes'} its port"))
        self._module.set_dtr(on)

    def _note(self, item: Item) -> None:
        if self._redactor is None:
            self._writer.add([item])
        else:
            self._writer.add(self._redactor.add(item))
        deadline = self._writer.deadline()
        if deadline is not None and self._timer is None:
            self._timer = self._loop.call_later(deadline - time.monotonic(), self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._writer.tick(time.monotonic())
        deadline = self._writer.deadline()
        if deadline is not None:
            self._timer = self._loop.call_later(max(0.0, deadline - time.monotonic()), self._tick)

    def _put(self, text: str) -> None:
        data = text.encode("ascii", "backslashreplace")
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            self._end(f"cannot write {self._plan.file}: {error.strerror} (the recording ends before that)")

    def _end(self, why: str) -> None:
        self.wrong = self.wrong or why
        if not self._stopped.done():
            self._stopped.set_result(0)

"""Modems in a thread of their own, for programs and tests that have none to spare: one thread for all.

A modem here is started, told of events, looked at and stopped from any thread; what its callbacks raise
is raised to whoever stops it. The thread begins with the first modem and ends with the last.
"""

from __future__ import annotations

import asyncio
import atexit
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from .choices import Checked
from .clock import RealClock
from .driver import Driver
from .endpoints import EndpointError, Pipe
from .endpoints.either import EitherPipe
from .endpoints.inprocess import InProcessPipe
from .events import Event
from .hosting import Act, new_driver, new_world
from .leaping import Sleeper
from .loop import DirectLoop
from .observer import Observer
from .places import port_name

if TYPE_CHECKING:
    from ..netstack.air import Air

RUNNING = "running"
"""The name in a URL that stands for a modem that runs already: ``vmodem://running/7``."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lab:
    """What a test wants of a modem."""

    act: Callable[[float], Act] | None = None
    """The scenario's part, made when the modem's time has begun."""
    clock: RealClock | None = None
    """A clock of the test's."""
    beside: bool = False
    """Whether it is at a port inside the process as well."""


@dataclass(slots=True)
class _Shift:
    """The thread, while it works."""

    thread: threading.Thread
    loop: asyncio.AbstractEventLoop


class Background:
    """The thread. Its modems are counted; nobody else needs to look after it."""

    def __init__(self, name: str = "vmodem") -> None:
        self._name = name
        self._lock = threading.RLock()
        self._shift: _Shift | None = None
        self._modems: dict[int, HostedModem] = {}
        self._numbers = itertools.count(1)
        self._failures: list[BaseException] = []

    def start(
        self,
        chosen: Checked,
        make_pipe: Callable[[], Pipe] | None = None,
        log: Observer | None = None,
        note: Callable[[str], None] | None = None,
        air: Air | None = None,
        lab: Lab | None = None,
    ) -> HostedModem:
        """Start one modem as ``chosen`` says, at the port that ``make_pipe`` makes, or inside the process.

        ``log`` gets everything (and is closed with the modem), ``note`` the remarks. Modems that are given
        the same ``air`` reach each other by PDP address. ``lab``: what a test wants beside that. Raises
        :class:`~.endpoints.EndpointError`.
        """
        if len(chosen.options) != 1:
            raise ValueError(f"{len(chosen.options)} modems at once; start them one by one")
        with self._lock:
            number = next(self._numbers)
            self._begin()
            try:
                modem = self.call(
                    lambda: self._start(number, chosen, make_pipe, log, note, air, lab or Lab())
                )
            except BaseException:
                self._end_if_idle()
                raise
            modem.owner = threading.get_ident()
            self._modems[number] = modem
            return modem

    def find(self, number: int) -> HostedModem | None:
        """The modem of this number, if it runs."""
        with self._lock:
            return self._modems.get(number)

    def call(self, function: Callable[[], T]) -> T:
        """Do something in the thread, and return or raise what comes of it."""
        shift = self._shift
        if shift is None or not shift.thread.is_alive():
            raise RuntimeError("no modem is running")
        if threading.current_thread() is shift.thread:
            return function()
        result: Future[T] = Future()

        def run() -> None:
            try:
                result.set_result(function())
            except BaseException as error:
                result.set_exception(error)

        shift.loop.call_soon_threadsafe(run)
        return result.result()

    def stop(self, number: int) -> None:
        """Stop a modem, and the thread with the last one. Raises what a callback has raised."""
        with self._lock:
            modem = self._modems.pop(number, None)
            if modem is None:
                return
            try:
                if self._shift is not None and self._shift.thread.is_alive():
                    self.call(modem.driver.stop)
            finally:
                self._end_if_idle()
            failures, self._failures = self._failures, []
            if failures:
                raise failures[0]

    def stop_all(self) -> None:
        """Stop every modem, and the thread. Raises what a callback has raised."""
        for number in list(self._modems):
            self.stop(number)

    # ---- the thread ------------------------------------------------------------------------------

    def _start(
        self,
        number: int,
        chosen: Checked,
        make_pipe: Callable[[], Pipe] | None,
        log: Observer | None,
        note: Callable[[str], None] | None,
        air: Air | None,
        lab: Lab,
    ) -> HostedModem:
        inside = InProcessPipe(f"vmodem://{RUNNING}/{number}")
        pipe: Pipe = inside
        if make_pipe is not None:
            pipe = EitherPipe(make_pipe(), inside) if lab.beside else make_pipe()
        try:
            world, (engine,) = new_world(chosen, air, lab.clock)
            act = None if lab.act is None else lab.act(world.clock.now())
            driver = new_driver(world, engine, pipe, log, note, act=act)
        except BaseException:
            pipe.close()
            raise
        try:
            driver.start()
        except BaseException:
            driver.stop()
            raise
        return HostedModem(self, number, driver, pipe, world.clock)

    def _begin(self) -> None:
        if self._shift is not None and self._shift.thread.is_alive():
            return
        # A thread that is not alive is a parent process's: a fork has only the thread that forked.
        self._modems.clear()
        loop = DirectLoop()
        loop.set_exception_handler(self._failed)
        thread = threading.Thread(target=self._work, args=(loop,), name=self._name, daemon=True)
        self._shift = _Shift(thread, loop)
        thread.start()
        atexit.register(self.stop_all)  # whoever forgets to stop a modem loses nothing of its log

    @staticmethod
    def _work(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    def _end_if_idle(self) -> None:
        shift = self._shift
        if self._modems or shift is None:
            return
        self._shift = None
        atexit.unregister(self.stop_all)
        if shift.thread.is_alive():
            shift.loop.call_soon_threadsafe(shift.loop.stop)
            if threading.current_thread() is not shift.thread:
                shift.thread.join()

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """What a callback raises is ours: it is kept for whoever stops a modem."""
        error = context.get("exception")
        unnamed = RuntimeError(str(context["message"]))
        self._failures.append(error if isinstance(error, BaseException) else unnamed)


class HostedModem:
    """A modem that runs in a :class:`Background`; every call is allowed from any thread."""

    def __init__(
        self, background: Background, number: int, driver: Driver, pipe: Pipe, clock: RealClock
    ) -> None:
        self.clock = clock
        self.owner = threading.get_ident()
        """The thread that may let time leap by waiting: whoever stands still with a standing clock."""
        self.background = background
        self.number = number
        self.driver = driver
        self.pipe = pipe

    @property
    def port(self) -> str:
        """What a client opens: a path, or a URL for ``serial.serial_for_url``."""
        return port_name(self.pipe)

    @property
    def url(self) -> str:
        """The port inside the process. Raises :class:`EndpointError` where there is none."""
        return in_process(self).path

    @property
    def sleepers(self) -> list[Sleeper]:
        """What waits for the modem's time, to be looked at in its thread."""
        parts = (self.driver.netstack, self.driver)
        return [part for part in parts if isinstance(part, Sleeper)]

    @property
    def states(self) -> tuple[str, ...]:
        """The documented states that the module is in."""
        return self.call(lambda: self.driver.modem.states)

    def inject(self, event: Event) -> None:
        """Let something happen to the module; when this returns it has been carried out."""
        self.call(lambda: self.driver.inject(event))

    def call(self, function: Callable[[], T]) -> T:
        """Do something in the modem's thread, where the driver and the engine may be touched."""
        return self.background.call(function)

    def stop(self) -> None:
        """Stop it; may be called twice. Raises what a callback of a modem has raised."""
        self.background.stop(self.number)

    def __enter__(self) -> HostedModem:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()


def in_process(modem: HostedModem) -> InProcessPipe:
    """The port of a modem inside the process. Raises :class:`EndpointError` for another kind."""
    pipe = modem.pipe.inside if isinstance(modem.pipe, EitherPipe) else modem.pipe
    if not isinstance(pipe, InProcessPipe):
        raise EndpointError(f"modem {modem.number} is at {modem.port}; open that")
    return pipe


SHARED = Background()
"""The one for everybody: a process needs no second thread for modems."""

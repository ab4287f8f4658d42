"""A modem at work for a test: engine, driver, pty and real sockets in a thread of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

from modems import find_dialect, options_of
from transcript_format import Header
from vmodem.emulator.clock import RealClock
from vmodem.emulator.driver import Driver
from vmodem.emulator.endpoints.pty import PtyPipe
from vmodem.emulator.engine import Modem
from vmodem.emulator.events import Event
from vmodem.netstack.host import HostNetStack
from vmodem.netstack.policy import Policy
from vmodem.netstack.routes import Route, Routes

START_LIMIT = 10.0


class ThreadedModem:
    """Runs from construction to :meth:`close`. What its callbacks raise is raised by ``close``."""

    def __init__(self, header: Header, routes: Sequence[str], listen_host: str) -> None:
        self.path = ""
        self._header = header
        self._routes = Routes(tuple(Route.parse(route) for route in routes))
        self._listen_host = listen_host
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._failed)
        self._failures: list[BaseException] = []
        self._driver: Driver | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="modem", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_LIMIT) or self._driver is None:
            self.close()
            raise RuntimeError("the modem did not start")

    def inject(self, event: Event) -> None:
        """Let something happen to the module; from any thread."""
        assert self._driver is not None
        self._loop.call_soon_threadsafe(self._driver.inject, event)

    def close(self) -> None:
        """Stop, and raise the first error that a callback of the modem raised."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(START_LIMIT)
        if self._failures:
            raise self._failures[0]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.call_soon(self._start)
            self._loop.run_forever()
        finally:
            if self._driver is not None:
                self._driver.stop()
            self._loop.close()
            self._ready.set()

    def _start(self) -> None:
        pipe = PtyPipe()
        clock = RealClock()
        modem = Modem(find_dialect(self._header.dialect), options_of(self._header), now=clock.now())

        def netstack(deliver: Callable[[Event], None]) -> HostNetStack:
            return HostNetStack(
                deliver=deliver,
                routes=self._routes,
                policy=Policy.LOOPBACK,
                loop=self._loop,
                listen_host=self._listen_host,
            )

        self._driver = Driver(modem, pipe, netstack, clock)
        self._driver.start()
        self.path = pipe.path
        self._ready.set()

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self._failures.append(error if error is not None else RuntimeError(context["message"]))
        loop.stop()

"""A modem at work for a test: engine, driver, pty and real sockets in a thread of their own."""

from __future__ import annotations

from collections.abc import Sequence

from modems import find_dialect, options_of
from vmodem.emulator.background import Background
from vmodem.emulator.choices import Checked
from vmodem.emulator.endpoints.pty import PtyPipe
from vmodem.emulator.events import Event
from vmodem.emulator.recording.header import Header
from vmodem.netstack.policy import Policy
from vmodem.netstack.routes import Route, Routes


class ThreadedModem:
    """Runs from construction to :meth:`close`. What its callbacks raise is raised by ``close``."""

    background: type[Background] = Background

    def __init__(self, header: Header, routes: Sequence[str], listen_host: str) -> None:
        chosen = Checked(
            dialect=find_dialect(header.dialect),
            options=(options_of(header),),
            routes=Routes(tuple(Route.parse(route) for route in routes)),
            policy=Policy.LOOPBACK,
            listen_host=listen_host,
            paced=False,
        )
        self._background = self.background()
        self._modem = self._background.start(chosen, PtyPipe)
        self.path = self._modem.port

    def inject(self, event: Event) -> None:
        """Let something happen to the module; from any thread."""
        self._modem.inject(event)

    def close(self) -> None:
        """Stop, and raise the first error that a callback of the modem raised."""
        self._modem.stop()

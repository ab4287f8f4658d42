"""BG96: what AT+QPING, QNTP and QIDNSGIP do behind their OK: each once at a time, no longer than its context.

Source: BG96 TCP/IP AT Commands Manual V1.0 (S) 2.1.11, 2.1.12, 2.1.14, 4.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from ....emulator.events import Address
from ....emulator.jobs import Steps
from ....emulator.links import Context
from .errors import TcpIpError

E = TcpIpError


class Kind(Enum):
    """What an errand is for; each command has one."""

    DNS = "QIDNSGIP"
    PING = "QPING"
    NTP = "QNTP"


class Errand:
    """One command's work behind its OK. ``fault``: why it must end (NONE: nothing)."""

    __slots__ = ("context", "fault", "server")

    def __init__(self, context: Context, fault: TcpIpError, server: Address | None) -> None:
        self.context = context
        self.fault = fault
        self.server = server
        """What AT+QNTP? prints."""

    def over(self) -> bool:
        """Whether its context has gone."""
        return self.fault is not E.NONE


class Errands:
    """Those under way."""

    def __init__(self, start: Callable[[Steps], object]) -> None:
        """``start`` lets steps go on in the background."""
        self._start = start
        self._under_way: dict[Kind, Errand] = {}

    def get(self, kind: Kind) -> Errand | None:
        """The one of this kind."""
        return self._under_way.get(kind)

    def begin(
        self,
        kind: Kind,
        context: Context,
        fault: TcpIpError,
        story: Callable[[Errand], Steps],
        server: Address | None = None,
    ) -> None:
        """Let ``story`` go on; ``fault`` is what stands in its way from the start."""
        errand = self._under_way[kind] = Errand(context, fault, server)
        self._start(self._run(kind, story(errand)))

    def _run(self, kind: Kind, steps: Steps) -> Steps:
        try:
            yield from steps
        finally:  # also when the module is switched off
            del self._under_way[kind]

    def context_gone(self, context: Context, fault: TcpIpError) -> None:
        """``context`` was lost or given up: who needs it ends, and prints ``fault``."""
        for errand in self._under_way.values():
            if errand.context is context and not errand.over():
                errand.fault = fault

"""SIM800: the bearer profiles of AT+SAPBR, which the module's own applications (HTTP, FTP) go through.

They are PDP contexts of their own beside those of the TCP/IP toolkit (M800 9.2.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ...emulator.machine import Position
from ...emulator.module import Module
from ...emulator.port import Watch
from ...emulator.states import CONTEXT, ContextState, Happening

PROFILES = 3


def _defaults() -> dict[str, str]:
    return {"CONTYPE": "GPRS", "APN": "CMNET", "PHONENUM": "", "USER": "", "PWD": "", "RATE": "2"}


@dataclass(slots=True)
class Bearer:
    """One profile."""

    number: int
    position: Position[ContextState]
    parameters: dict[str, str] = field(default_factory=_defaults)

    @property
    def open(self) -> bool:
        """Whether it carries data."""
        return self.position.state is ContextState.ACTIVE

    @property
    def closed(self) -> bool:
        """Whether it can be opened."""
        return self.position.state in (ContextState.INACTIVE, ContextState.LOST)


class Bearers:
    """The three profiles of a module."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._profiles = [
            Bearer(number, Position(CONTEXT, Watch(module.tell_state, number, "bearer")))
            for number in range(1, PROFILES + 1)
        ]

    def __getitem__(self, cid: int) -> Bearer:
        return self._profiles[cid - 1]

    def lost(self) -> None:
        """The network took every context, or the host left it: one line for each open bearer."""
        for bearer in self._profiles:
            if not bearer.closed:
                bearer.position.fire(Happening.CONTEXT_LOST)
                self._module.say(f"+SAPBR {bearer.number}: DEACT")

    def reset(self) -> None:
        """A restart: nothing is open, the parameters are the defaults (NO_SAVE)."""
        for bearer in self._profiles:
            bearer.position.fire(Happening.SHUT)
            bearer.parameters = _defaults()

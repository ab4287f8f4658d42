"""RI: the line that goes ON for a moment to tell a host in data mode of a call or a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .events import LineSignal
from .jobs import Timer

if TYPE_CHECKING:
    from .module import Module


class RingIndicator:
    """Makes RI pulses; ON is the low TTL level (SIM800 note S 2.2.5)."""

    __slots__ = ("_ends", "_module", "_timer")

    def __init__(self, module: Module) -> None:
        self._module = module
        self._timer: Timer | None = None
        self._ends = 0.0

    def pulse(self, duration: str) -> None:
        """RI ON for a named duration; a pulse that would end within one under way is part of it."""
        module = self._module
        ends = module.now + module.timings[duration]
        if self._timer is not None:
            if ends <= self._ends:
                return
            self._timer.cancel()
        module.signal(LineSignal.RI, True)
        self._ends = ends
        self._timer = module.after(duration, self._over)

    def _over(self) -> None:
        self._timer = None
        self._module.signal(LineSignal.RI, False)

    def reset(self) -> None:
        """The module was switched off."""
        if self._timer is not None:
            self._timer.cancel()
            self._over()

"""Sleep under control of DTR (SIM800 note 11, GSM TCPIP AN 9; common.md section 7).

Asleep, the serial input is dead: what the host types is lost. Output still comes when the network
wakes the module; input needs DTR ON, and time to wake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .jobs import Timer
from .line import Mode

if TYPE_CHECKING:
    from .module import Module


class Sleep:
    """Falls asleep after an idle time while DTR is OFF; DTR ON long enough wakes."""

    __slots__ = (
        "_idle_timer",
        "_module",
        "_wake_timer",
        "asleep",
        "mode",
    )

    def __init__(self, module: Module) -> None:
        self._module = module
        self.mode = 0
        """+CSCLK / +QSCLK: 0 never, 1 under control of DTR, 2 by itself.

        A module that sleeps by itself (2) wakes when the host types, so a host sees nothing of it.
        """
        self.asleep = False
        self._idle_timer: Timer | None = None
        self._wake_timer: Timer | None = None

    def set_mode(self, mode: int) -> None:
        """The host chose; anything but 1 also ends a sleep."""
        self.mode = mode
        if mode != 1:
            self._lies(False)
        self._watch()

    def reset(self) -> None:
        """Power-on state: awake, and no sleep allowed. Its timers are cleared with all others."""
        self.mode = 0
        self._lies(False)
        self._idle_timer = self._wake_timer = None

    def dtr_changed(self, on: bool) -> None:
        """DTR ON wakes when it holds long enough; OFF lets the idle time begin."""
        self._module.active_at = self._module.now
        if self._wake_timer is not None:
            self._wake_timer.cancel()
            self._wake_timer = None
        if on and self.asleep:
            self._wake_timer = self._module.after("wake", self._wake)
        self._watch()

    def _wake(self) -> None:
        self._wake_timer = None
        self._lies(False)

    def _lies(self, asleep: bool) -> None:
        self.asleep = asleep
        self._module.listen()

    def _watch(self) -> None:
        if self.mode == 1 and not self._module.dtr and not self.asleep and self._idle_timer is None:
            self._idle_timer = self._module.after("sleep idle", self._idle)

    def _idle(self) -> None:
        """One timer serves all activity: it goes on for as long as there was some meanwhile."""
        self._idle_timer = None
        module = self._module
        if self.mode != 1 or module.dtr:
            return
        left = module.active_at + module.timings["sleep idle"] - module.now
        if left > 1e-9:
            self._idle_timer = module.after(left, self._idle)
        elif module.line.mode in (Mode.BUSY, Mode.PROMPT):
            # A command under way is a pending event: no sleep before its result.
            self._watch()
        else:
            self._lies(True)

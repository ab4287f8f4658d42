"""BG96: AT+QICFG="tcp/retranscfg": when a connection whose peer acknowledges nothing is given up.

Source: BG96 TCP/IP AT Commands Manual V1.0 (S) 2.1.15. The manual names the number of retransmissions
and the longest time between two; that the time doubles from one second on is RFC 6298 5.5 (assumed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....emulator.effects import Transport
from ....emulator.jobs import Timer
from ....emulator.links import Link

if TYPE_CHECKING:
    from .module import Bg96Module

FIRST_RTO = 1.0
"""Seconds until the first retransmission (RFC 6298 2.1)."""


class Retransmission:
    """One timer for each link with unacknowledged data."""

    def __init__(self, module: Bg96Module) -> None:
        self._module = module
        self._timers: dict[int, Timer] = {}

    def patience(self) -> float:
        """Seconds without an acknowledgement until a connection counts as lost."""
        config = self._module.config
        longest = config.longest_rto * 0.1
        return sum(min(FIRST_RTO * (1 << n), longest) for n in range(config.backoffs + 1))

    def sent(self, link: Link) -> None:
        """Something went out."""
        if link.transport is Transport.TCP and link.number not in self._timers:
            self._arm(link)

    def forget(self, link: Link) -> None:
        """The connection is over."""
        timer = self._timers.pop(link.number, None)
        if timer is not None:
            timer.cancel()

    def _arm(self, link: Link) -> None:
        acked = link.acked
        self._timers[link.number] = self._module.after(self.patience(), lambda: self._over(link, acked))

    def _over(self, link: Link, acked: int) -> None:
        """Time is over for what was unacknowledged when the timer was armed."""
        del self._timers[link.number]
        if not link.connected or not link.unacked:
            return
        if link.acked > acked:
            self._arm(link)
            return
        module = self._module
        module.stack.drop(link, abort=True)
        module.link_closed(link)

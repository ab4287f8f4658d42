"""Data mode: the line carries one link's payload; ``+++`` finds the way out.

The escape detector is the algorithm of common.md section 3 (V.250 and each vendor's guard times);
packets are cut by size and waiting time as CIPCCFG, QITCFG and QICFG describe it. Whole chunks pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .effects import Transport
from .jobs import Timer
from .links import Link

if TYPE_CHECKING:
    from .module import Module

PLUS = 0x2B
TICK = 0.005
"""Seconds by which a guard time may seem short because reading lags behind writing (assumed)."""


@dataclass(frozen=True, slots=True)
class Packets:
    """How the host's bytes become sends: at ``size`` bytes, or ``wait`` seconds after the last one."""

    size: int
    wait: float


@dataclass(frozen=True, slots=True)
class Pacing:
    """At most ``size`` bytes to the host, then ``pause`` seconds of silence."""

    size: int
    pause: float


@dataclass(frozen=True, slots=True)
class DataRules:
    """What the host configured for data mode."""

    escape: bool
    packets: Packets
    pacing: Pacing | None = None


class DataMode:
    """The line in data mode; made when ``CONNECT`` has been written."""

    def __init__(self, module: Module, link: Link, rules: DataRules) -> None:
        """``rules``: those in force now; the host may change them between two data modes."""
        self.link = link
        self._module = module
        self.rules = rules
        self._escape = module.dialect.escape
        self._buffer = bytearray()
        self._send_timer: Timer | None = None
        self._last_byte = module.now
        self._held = 0
        self._first_plus = self._last_plus = 0.0
        self._plus_timer: Timer | None = None
        self._pace_timer: Timer | None = None
        self._ending: Callable[[], None] | None = None

    # ---- from the host ---------------------------------------------------------------------------

    def from_host(self, data: bytes) -> None:
        """Bytes typed: payload, or part of an escape sequence."""
        now = self._module.now
        if self._held:
            if self._more_pluses(data, now):
                return
            data = self._release() + data
        elif data[0] == PLUS and self._may_start(data, now):
            self._first_plus = now
            self._hold(len(data), now)
            return
        self._last_byte = now
        self._payload(data)

    def _may_start(self, data: bytes, now: float) -> bool:
        return (
            self.rules.escape
            and len(data) <= 3
            and data.count(PLUS) == len(data)
            and now - self._last_byte >= self._escape.guard - TICK
        )

    def _more_pluses(self, data: bytes, now: float) -> bool:
        if self._held + len(data) > 3 or data.count(PLUS) != len(data):
            return False
        if now > self._next_plus_until() + TICK:
            return False
        self._hold(self._held + len(data), now)
        return True

    def _next_plus_until(self) -> float:
        """The last moment for another plus."""
        escape = self._escape
        moment = self._last_plus + escape.gap
        return moment if escape.whole is None else min(moment, self._first_plus + escape.whole)

    def _hold(self, count: int, now: float) -> None:
        self._held = count
        self._last_plus = now
        if self._plus_timer is not None:
            self._plus_timer.cancel()
        if count == 3:
            self._plus_timer = self._module.after(self._escape.guard, self._escaped)
        else:
            seconds = self._next_plus_until() + TICK - now
            self._plus_timer = self._module.after(seconds, self._gap_over)

    def _release(self) -> bytes:
        """Give up on the escape: the pluses held are payload."""
        held, self._held = b"+" * self._held, 0
        if self._plus_timer is not None:
            self._plus_timer.cancel()
            self._plus_timer = None
        return held

    def _gap_over(self) -> None:
        self._last_byte = self._last_plus
        self._payload(self._release())

    def _escaped(self) -> None:
        self._held = 0
        self._module.leave_data_mode(escaped=True)

    def _payload(self, data: bytes) -> None:
        """Collect, and send what fills packets."""
        size = self.rules.packets.size
        if self._buffer:
            self._buffer += data
            data = bytes(self._buffer)
            self._buffer.clear()
        whole = len(data) - len(data) % size
        if whole:
            self._send(data[:whole] if whole < len(data) else data)
        if whole < len(data):
            self._buffer += data[whole:]
            if self._send_timer is None:
                self._arm(self.rules.packets.wait)

    def _arm(self, seconds: float) -> None:
        self._send_timer = self._module.after(seconds, self._waited)

    def _waited(self) -> None:
        """One timer serves all bytes: it goes on for as long as bytes came in meanwhile."""
        self._send_timer = None
        if not self._buffer:
            return
        left = self._last_byte + self.rules.packets.wait - self._module.now
        if left > 1e-9:
            self._arm(left)
        else:
            self.flush()

    def _send(self, data: bytes) -> None:
        link, stack = self.link, self._module.stack
        if not link.connected:
            return  # it ended, and only its last data keeps the line in data mode
        if link.transport is Transport.TCP:
            stack.send(link, data, awaited=False)
            return
        size = self.rules.packets.size
        for at in range(0, len(data), size):
            stack.send(link, data[at : at + size])

    def flush(self) -> None:
        """Send what waits for more."""
        if self._buffer:
            self._send(bytes(self._buffer))
        self._buffer.clear()

    # ---- to the host -----------------------------------------------------------------------------

    def pump(self) -> None:
        """Write what the peer sent, as far as the host reads and the pacing allows."""
        module, link = self._module, self.link
        pacing = self.rules.pacing
        while link.inbox and not module.output_blocked and self._pace_timer is None:
            if pacing is None:
                data, _ = link.inbox.popleft()
                module.stack.consumed(link, len(data))
                module.write(data)
            else:
                module.write(module.stack.take(link, pacing.size))
                self._pace_timer = module.after(pacing.pause, self._paced)
        if self._ending is not None and not link.inbox:
            ending, self._ending = self._ending, None
            module.leave_data_mode()
            ending()

    def _paced(self) -> None:
        self._pace_timer = None
        self.pump()

    def end(self, ending: Callable[[], None]) -> None:
        """The link is gone: write what is left, leave data mode, then ``ending()`` says why."""
        self._ending = ending
        self.pump()

    def stop(self) -> None:
        """Data mode is over: send what is held back, disarm everything."""
        held = self._release()
        if held:
            self._buffer += held
        self.flush()
        for timer in (self._send_timer, self._pace_timer):
            if timer is not None:
                timer.cancel()
        self._send_timer = self._pace_timer = None
        if self._ending is not None:
            # The host left before it had the last data: that is lost with the link.
            ending, self._ending = self._ending, None
            self._module.stack.forget_data(self.link)
            ending()

"""Impairments between the virtual world and its netstack in memory."""

from __future__ import annotations

from typing import Any

from vmodem.emulator.effects import NetEffect
from vmodem.emulator.events import Event
from vmodem.netstack.impair import Impairments
from vmodem.netstack.memory import MemoryNetStack


class ImpairedNet(MemoryNetStack):
    """A netstack in memory that performs faults too."""

    def __init__(self, *, seed: str = "0", **options: Any) -> None:
        super().__init__(**options)
        self.path = Impairments(seed)
        self.most_held = 0

    def perform(self, effect: NetEffect, now: float) -> None:
        self.handle_timer(now)
        if self.path.passes_effect(effect):
            super().perform(effect, now)
        else:
            self.path.perform(effect, now)
        self._hand_on()

    def next_deadline(self) -> float | None:
        due = [d for d in (super().next_deadline(), self.path.next_deadline()) if d is not None]
        return min(due, default=None)

    def take_event(self) -> Event | None:
        due = self.path.next_deadline()
        if due is not None and due <= self._now:
            self.path.handle_timer(self._now)
        while True:
            self._hand_on()
            if (ready := self.path.take_event()) is not None:
                return ready
            event = super().take_event()
            if event is None or self.path.passes_event(event):
                return event
            self.path.happen(event, self._now)

    def _hand_on(self) -> None:
        self.most_held = max(self.most_held, self.path.held)
        while (effect := self.path.take_effect()) is not None:
            super().perform(effect, self._now)

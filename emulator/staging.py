"""The driver's part in a scenario: who is woken first, and how what the director orders is carried out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .effects import Effect, SetSignal
from .engine import Modem
from .events import Event
from .faults import Fault
from .noisy import NoisyLine
from .orders import Finish, Note, Scribble
from .stage import Stage


class Hands(Protocol):
    """What the driver does for a director."""

    def happen(self, event: Event) -> None:
        """The module is told of ``event``."""

    def perform(self, effect: Effect) -> None:
        """``effect`` is done, and told of."""

    def write_down(self, size: int) -> None:
        """What has been told is going to be seen outside, with ``size`` bytes of data at once."""

    def remark(self, text: str) -> None:
        """The record gets a remark."""


class Staging:
    """A director and the modem that it directs."""

    def __init__(
        self,
        stage: Stage,
        modem: Modem,
        line: NoisyLine,
        hands: Hands,
        finished: Callable[[str], None] | None,
    ) -> None:
        """``finished`` is told why the director ends the run."""
        self._stage = stage
        self._modem = modem
        self._line = line
        self._hands = hands
        self._finished = finished

    def next_deadline(self) -> float | None:
        """When :meth:`handle_timer` wants to be called, in seconds on the modem's clock, or None."""
        module, stage = self._modem.next_deadline(), self._stage.next_deadline()
        if module is None or stage is None:
            return stage if module is None else module
        return min(module, stage)

    def handle_timer(self, now: float) -> None:
        """Whoever is due first; at the same moment the director, whose orders come before the module's."""
        stage, module = self._stage.next_deadline(), self._modem.next_deadline()
        if module is not None and module <= now and (stage is None or module < stage):
            self._modem.handle_timer(now)
        else:
            self._stage.handle_timer(now)

    def obey(self) -> None:
        """Do what the director orders, in order, at once; what comes of it are the module's next effects."""
        hands = self._hands
        for order in self._stage.orders():
            if isinstance(order, Event):
                hands.happen(order)
            elif isinstance(order, Fault):
                hands.perform(order)
            elif isinstance(order, SetSignal):
                hands.write_down(0)
                self._line.set_signal(order.signal, order.on)
            elif isinstance(order, Scribble):
                hands.write_down(len(order.data))
                self._line.scribble(order.data)
            elif isinstance(order, Note):
                hands.remark(order.text)
            elif isinstance(order, Finish) and self._finished is not None:
                self._finished(order.why)

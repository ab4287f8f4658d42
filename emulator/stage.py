"""What the driver asks of a scenario's director: it is told everything, and orders what happens now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .observer import Observer
from .orders import Order
from .tampering import Incoming, Verdict


class Stage(Observer, Protocol):
    """An observer that also acts. All times are seconds on the modem's clock."""

    def start(self, now: float) -> None:
        """The run begins."""

    def client(self, now: float, opened: bool) -> None:
        """A client opened the port, or the last one closed it."""

    def gate(self, incoming: Incoming) -> Verdict | None:
        """A command is about to be executed."""

    @property
    def garbles(self) -> bool:
        """Whether :meth:`pass_on` may change anything now."""

    def pass_on(self, direction: str, data: bytes) -> list[tuple[float, bytes]]:
        """What a bad line makes of a write (``to_host`` or ``to_module``): pieces, each behind a silence."""

    def next_deadline(self) -> float | None:
        """When :meth:`handle_timer` wants to be called, or None."""

    def handle_timer(self, now: float) -> None:
        """Time has come to ``now``."""

    @property
    def waiting(self) -> Sequence[Order]:
        """What :meth:`orders` will hand out: one and the same sequence always, so it is asked for once."""

    def orders(self) -> Sequence[Order]:
        """What is to be done now, in order; each is handed out once."""

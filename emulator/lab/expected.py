"""An expectation in a test's hands."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ..scenario.expectations import Verdict, Watched

if TYPE_CHECKING:
    from .modem import LabModem

LONG = 60.0
"""Seconds to wait for an expectation that has no time of its own."""


class Expected:
    """Something that the driver should make happen. At the end of the test it must be met."""

    def __init__(self, modem: LabModem, watched: Watched) -> None:
        self._modem = modem
        self.watched = watched
        self.judged = threading.Event()

    @property
    def met(self) -> bool:
        """Whether it has happened."""
        return self.watched.verdict is Verdict.MET

    @property
    def detail(self) -> str:
        """How it was judged."""
        return self.watched.detail or "still open"

    def wait(self, seconds: float = LONG) -> None:
        """Return as soon as it is met; ``AssertionError`` when it has failed, or is open after ``seconds``.

        With a standing clock the modem's time leaps meanwhile. In an asyncio test:
        ``await asyncio.to_thread(expected.wait)``.
        """
        self._modem.let_pass(seconds, self.judged)
        assert self.met, f"{self}\n{self._modem.describe()}"

    def __str__(self) -> str:
        return f"{self.watched.expectation.id}: {self.watched.verdict.value}: {self.detail}"

    __repr__ = __str__

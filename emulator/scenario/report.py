"""What a director tells: how a run ended, and, to whoever listens, what happens in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .expectations import Outcome, Watched
from .happenings import Happening


@dataclass(frozen=True, slots=True)
class Report:
    """How a run ended."""

    outcomes: tuple[Outcome, ...]
    seed: int
    verdict: str = ""
    """What a ``verdict`` step said: ``pass``, ``fail`` or nothing."""

    @property
    def passed(self) -> bool:
        """Whether every expectation was met and no step said otherwise."""
        return self.verdict != "fail" and all(outcome.met for outcome in self.outcomes)


class Listener(Protocol):
    """Whoever wants to know what happened and how it was judged, while the run goes on."""

    def happened(self, now: float, it: Happening) -> None:
        """Something happened (bytes are counted only if a rule or an expectation asks for them)."""

    def judged(self, now: float, watched: Watched) -> None:
        """An expectation was met, or has failed."""

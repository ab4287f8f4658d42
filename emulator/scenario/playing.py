"""One rule while a scenario runs: what has been counted, how often it was taken, its own chance."""

from __future__ import annotations

from random import Random

from msgspec import UNSET

from . import values
from .model import Rule

TOO_OFTEN = 1000
"""A rule that is taken so often with nothing from outside in between triggers itself, for ever."""


class Playing:
    """One rule: what has been counted, and how often it was taken."""

    def __init__(self, rule: Rule, seed: int) -> None:
        self.rule = rule
        self.chance = Random(f"{seed}:{rule.id}")
        self.seen = 0
        self.taken = 0
        self.level: int | None = None
        """Where a walking signal is."""
        self.stopped = False
        self._stimulus = 0
        self._lately = 0

    def races(self, stimulus: int) -> bool:
        """Whether it is taken without end; counts that it is taken, because of ``stimulus``."""
        if stimulus != self._stimulus:
            self._stimulus, self._lately = stimulus, 0
        self._lately += 1
        return self._lately > TOO_OFTEN

    @property
    def over(self) -> bool:
        """Whether it is not taken any more."""
        times = self.rule.times
        return self.stopped or (times != "forever" and self.taken >= times)

    def counts(self) -> bool:
        """Count a match; whether this is one that the trigger wants."""
        self.seen += 1
        when = self.rule.when
        if when.nth is not UNSET:
            return self.seen == when.nth
        return when.every_nth is UNSET or self.seen % when.every_nth == 0

    def drawn(self) -> bool:
        """Whether chance lets it be taken."""
        wanted = self.rule.probability
        return wanted is UNSET or self.chance.random() < values.probability(wanted)

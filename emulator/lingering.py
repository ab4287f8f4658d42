"""Whether the event loop looks again and again before it sleeps.

Of two programs that talk in turn, each waits for the other's waking, which takes longer than most answers
where another processor has to be woken.
"""

from __future__ import annotations

from typing import Final

LOOK: Final = 100e-6
"""Seconds of a look."""
_LONG_LOOK = 5e-3
"""Seconds of a long one: a tick of the kernel (4 ms at the usual 250 Hz) falls into it."""
_PROOF, _MOST_PROOF = 2, 256
"""Waits shorter than a look, one after the other, that make us look; how many at most, after failures."""
_LOSS, _MOST_CREDIT = 3, 12
"""What a look in vain costs as against what one that finds something saves; what is not forgotten."""
_LONG_AFTER, _MOST_LONG_AFTER = 64, 4096
"""Short waits that we slept through, before a long look; how many at most, after failures."""
_WORTH = 256
"""Looks that found something, behind a long one that was worth it: the next may come soon again."""


class Lingering:
    """Decides whether the next wait is spent looking instead of sleeping.

    While the waits are short we look on. A look in vain is followed by a few of sleep; when too many are, by
    more and more.

    Looks in vain where sleeps are short mean that the other one has been put on our processor and waits for
    it. The kernel does not part us as long as we take turns, but when its tick finds one of us waiting and
    another processor idle: so now and then a look is a long one. From then on both run at once (an AT takes
    25 us instead of 57). Where that never helps, it becomes rare.
    """

    __slots__ = (
        "_alone",
        "_credit",
        "_found",
        "_lacking",
        "_long_after",
        "_proof",
        "_slept_short",
        "seconds",
    )

    def __init__(self, *, alone: bool = False) -> None:
        """``alone``: we have one processor, which nobody else can have while we look."""
        self._alone = alone
        self._proof = self._lacking = _PROOF
        self._credit = 0
        self.seconds = LOOK
        """How long the next look lasts."""
        self._long_after = _LONG_AFTER
        self._slept_short = 0
        self._found = 0

    @property
    def pays(self) -> bool:
        """Whether to look on."""
        return self._lacking <= 0 and not self._alone

    def found(self) -> None:
        """Looking was worth it."""
        self.seconds = LOOK
        self._found += 1
        if self._credit < _MOST_CREDIT:
            self._credit += 1
        else:
            self._proof = _PROOF
            self._slept_short = 0
            if self._found >= _WORTH:
                self._long_after = _LONG_AFTER

    def in_vain(self) -> None:
        """Nothing came for as long as we look."""
        self.seconds = LOOK
        self._credit -= _LOSS
        if self._credit < 0:
            self._credit = 0
            self._proof = min(2 * self._proof, _MOST_PROOF)
        self._lacking = self._proof

    def slept(self, seconds: float) -> None:
        """What would have happened had we looked."""
        if seconds >= LOOK:
            self._lacking = min(self._lacking + 1, self._proof)
            return
        self._lacking -= 1
        self._slept_short += 1
        if self._slept_short >= self._long_after:
            self._look_long()

    def _look_long(self) -> None:
        self._long_after = min(2 * self._long_after, _MOST_LONG_AFTER)
        self._slept_short = self._found = 0
        self._lacking = 0
        self.seconds = _LONG_LOOK

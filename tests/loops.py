"""The event loop in the states that it rarely is in, all the time: what holds on these holds in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from vmodem.emulator.lingering import Lingering
from vmodem.emulator.loop import DirectLoop
from vmodem.emulator.round import Round


class _Looking(Lingering):
    """It always pays."""

    @property
    def pays(self) -> bool:
        return True


class LookingLoop(DirectLoop):
    """It looks again and again before each sleep."""

    def __init__(self) -> None:
        super().__init__()
        self._direct.lingering = _Looking()


class _Crowd(Round):
    """Each round serves several."""

    @property
    def crowded(self) -> bool:
        return True

    @crowded.setter
    def crowded(self, _value: bool) -> None: ...


class CrowdedLoop(DirectLoop):
    """It gathers in each round, and also between two: what is gathered then goes as the next one begins."""

    def __init__(self) -> None:
        super().__init__()
        self.round = self._direct.round = _Crowd()
        self.round.failed = self._direct._failed

    def end_round(self) -> None:
        """What the loop does when all have been served."""
        self._direct._end_round()


Loops = list[Callable[[], asyncio.AbstractEventLoop]]
LOOPS: Loops = [DirectLoop, LookingLoop, CrowdedLoop, asyncio.SelectorEventLoop]

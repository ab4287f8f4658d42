"""Which commands a scenario's rules speak of, remembered: drivers ask the same ones again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from .happenings import Happening, Kind, triggers
from .model import Phase, Trigger

_REMEMBERED = 1024
"""Commands; a driver that counts in them does not fill the memory."""
_PHASES = get_args(Phase)


class NamedCommands:
    """The commands that make one of ``those`` come true, in any phase."""

    def __init__(self, those: Sequence[Trigger]) -> None:
        self._triggers = those
        self._known: dict[str, bool] = {}

    def __contains__(self, command: str) -> bool:
        named = self._known.get(command)
        if named is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            its = [Happening(Kind.COMMAND, command, phase) for phase in _PHASES]
            named = self._known[command] = any(triggers(when, it) for when in self._triggers for it in its)
        return named

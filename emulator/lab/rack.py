"""The modems of one test: made, and judged and put away at its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...netstack.air import Air
from .modem import LabModem
from .settings import Settings


class Rack:
    """One test's. ``read`` makes settings of the keywords of a call."""

    def __init__(self, read: Callable[[dict[str, Any]], Settings], folder: Path | None) -> None:
        self.modems: list[LabModem] = []
        self._read = read
        self._folder = folder
        self._air = Air()

    def make(self, **settings: Any) -> LabModem:
        """One more. Raises as :class:`~.modem.LabModem` does."""
        modem = LabModem(self._read(settings), len(self.modems), self._air, self._folder)
        self.modems.append(modem)
        return modem

    def finish(self) -> str:
        """Stop them all; what was expected and is not met, a line each, or nothing.

        Raises the first thing that has failed in a modem or a peer, when all are stopped.
        """
        failed: list[str] = []
        errors: list[BaseException] = []
        for modem in self.modems:
            try:
                outcomes = modem.finish()
            except BaseException as error:
                errors.append(error)
                continue
            whose = f"modem {modem.number}: " if len(self.modems) > 1 else ""
            failed += [f"{whose}not met: {o.id}: {o.detail}" for o in outcomes if not o.met]
        if errors:
            raise errors[0]
        return "\n".join(failed)

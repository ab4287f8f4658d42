"""SIM800: the settings that a module keeps beside TCP/IP."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Extras:
    """The settings of these commands."""

    network_time: int = 0
    """+CLTS."""
    voltage_warnings: int = 1
    """+CBATCHK."""
    tones: tuple[int, int, int, int] = (0, 0, 0, 0)
    """+DDET."""

    def reset(self) -> None:
        """A restart; +CLTS is kept (M800: AUTO_SAVE)."""
        self.voltage_warnings, self.tones = 1, (0, 0, 0, 0)

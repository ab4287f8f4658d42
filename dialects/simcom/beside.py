"""SIM800: what a module keeps beside TCP/IP: its battery, and a few settings."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Battery:
    """What AT+CBC reads; a scenario or test may change it."""

    charging: int = 0
    percent: int = 80
    millivolts: int = 4000


@dataclass(slots=True)
class Extras:
    """The settings of these commands."""

    network_time: int = 0
    """+CLTS."""
    voltage_warnings: int = 1
    """+CBATCHK."""
    tones: tuple[int, int, int, int] = (0, 0, 0, 0)
    """+DDET."""
    services: int = 0
    """+CUSD."""
    battery: Battery = field(default_factory=Battery)

    def reset(self) -> None:
        """A restart; +CLTS is kept (M800: AUTO_SAVE), and so is the battery."""
        self.voltage_warnings, self.tones, self.services = 1, (0, 0, 0, 0), 0

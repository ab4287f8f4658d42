"""A real module in place of the emulator: the same test against hardware, as far as hardware can do it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from .modem import LabModem

Skip = Callable[[str], NoReturn]


class RealModem:
    """Has the port of a real module. What only the emulator can do skips the test."""

    def __init__(self, device: str, skip: Skip) -> None:
        self.port = self.url = device
        """The device; pyserial takes it as a URL too."""
        self._skip = skip

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not (hasattr(LabModem, name) or name in ("network", "dialect", "number")):
            raise AttributeError(f"a modem has no {name!r}")
        self._skip(f"modem.{name} needs the emulator, and --vmodem-real {self.port} is a real module")

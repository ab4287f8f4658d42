"""The settings that AT&F resets, AT&W stores and ATZ brings back, in one place.

V.250 and the 27.007/27.005 commands of common.md section 1 (table "Basic commands"). What a command
keeps and the profile does not hold (links, contexts, +CSCS ...) lives elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace


def _registers() -> dict[int, int]:
    return {0: 0, 3: 13, 4: 10, 5: 8, 6: 2, 7: 60, 8: 2, 10: 15}


@dataclass(slots=True)
class Shell:
    """One profile, with the factory's values; a dialect's differences are in ``Module.factory``."""

    echo: int = 1
    verbose: int = 1
    quiet: int = 0
    dialling: int = 4
    """ATX."""
    dcd: int = 1
    dtr: int = 0
    loudness: int = 0
    """ATL."""
    speaker: int = 0
    """ATM."""
    registers: dict[int, int] = field(default_factory=_registers)
    cmee: int = 0
    creg: int = 0
    cgreg: int = 0
    cereg: int = 0
    flow: tuple[int, int] = (0, 0)
    """+IFC: by the DTE, by the DCE."""
    cmgf: int = 0
    cnmi: tuple[int, ...] = (2, 1, 0, 0, 0)
    clip: int = 0
    crc: int = 0
    rate: int = 0
    """+IPR; 0 is autobaud. AT&W stores it, AT&F leaves it alone."""

    def copy(self) -> Shell:
        """The same values, independent of these."""
        return replace(self, registers=dict(self.registers))

"""The command that lets a module sleep: one shape, another name with each vendor."""

from __future__ import annotations

from ..emulator.command import Choice, Command, command, read, test, write
from ..emulator.module import Module
from ..emulator.reply import OK, Reply, info


def slow_clock(name: str, modes: tuple[int, ...], shown: str, cite: str) -> Command:
    """+CSCLK, +QSCLK: 0 never sleep, 1 under control of DTR, 2 by itself; ``shown``: as =? prints them."""

    def slow_clock_read(module: Module) -> Reply:
        return info(f"{name}: {module.sleep.mode}")

    def slow_clock_write(module: Module, mode: int) -> Reply:
        module.sleep.set_mode(mode)
        return OK

    return command(
        name,
        test(f"{name}: ({shown})"),
        read(slow_clock_read),
        write(Choice("mode", modes), run=slow_clock_write),
        cite=cite,
    )

"""Switching a module off by command: one shape, another name with each vendor (+CPOWD, +QPOWD)."""

from __future__ import annotations

from ..emulator.command import Choice, Command, command, test, write
from ..emulator.jobs import Pause, Steps
from ..emulator.module import Module
from ..emulator.reply import Reply, ResultCode

GOODBYE = "NORMAL POWER DOWN"


def power_down(name: str, urgent: ResultCode | None, cite: str) -> Command:
    """1: leave the network, say goodbye, power off; 0: power off at once, with ``urgent`` for an answer."""

    def off(module: Module, mode: int) -> Steps:
        if mode == 1:
            yield Pause("power down")
        module.after(0.0, module.power.switch_off)
        return Reply(final=GOODBYE if mode == 1 else urgent)

    return command(
        name,
        test(f"{name}: (0,1)"),
        write(Choice("mode", (0, 1)), run=off),
        cite=cite,
        op="power.off",
    )

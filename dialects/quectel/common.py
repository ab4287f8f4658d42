"""What both Quectel families say alike outside TCP/IP."""

from __future__ import annotations

from ...emulator.command import command, execute, test
from ...emulator.module import Module
from ...emulator.radio import SimState
from ...emulator.reply import Reply, info
from ..calls import clcc


def qinistat(module: Module) -> Reply:
    """0 starting, 1 the card is ready, 3 messages and telephone book too (2, messages only: never here)."""
    if module.sim.state is not SimState.READY:
        return info("+QINISTAT: 0")
    return info(f"+QINISTAT: {3 if module.power.sms_ready else 1}")


QINISTAT = command(
    "+QINISTAT",
    test(),
    execute(qinistat),
    cite="DRV: M26, M95 (ofono) wait for 3; observed on BG96, forums 6164; others MAN",
)

# SIMCom's report of calls (+CLCC=1) is unknown here.
CLCC = command("+CLCC", test(), execute(clcc), cite="27.007 7.18")

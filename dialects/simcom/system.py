"""SIMCom: sleep, power-down, and the words of network time."""

from __future__ import annotations

from datetime import UTC, datetime

from ...emulator.command import Choice, command, test, write
from ...emulator.dialect import CommandSet
from ...emulator.events import NetworkTimeArrived
from ...emulator.jobs import Pause, Steps
from ...emulator.module import Module
from ...emulator.reply import Reply
from ..sleep import slow_clock

# =2 (automatic sleep) is out of the note's scope and refused (contradictions list, 29).
CSCLK = slow_clock("+CSCLK", (0, 1), "0,1", "S 11; M800")


def cpowd(module: Module, mode: int) -> Steps:
    """1: leave the network, say goodbye, power off; 0: power off at once, without a word."""
    if mode == 1:
        yield Pause("power down")
    module.after(0.0, module.power.switch_off)
    return Reply(final="NORMAL POWER DOWN" if mode == 1 else None)


CPOWD = command(
    "+CPOWD",
    test("+CPOWD: (0,1)"),
    write(Choice("mode", (0, 1)), run=cpowd),
    cite="M800; the words: observed (SIM900)",
    op="power.off",
)


def network_time_lines(event: NetworkTimeArrived) -> tuple[str, str]:
    """What a SIM800 prints under +CLTS=1 when the network tells the time, in UTC (observed, TinyGSM#471)."""
    utc = datetime.fromtimestamp(event.utc, UTC)
    moment = f"{utc.year},{utc.month},{utc.day},{utc.hour},{utc.minute},{utc.second}"
    return f'*PSUTTZ: {moment},"{event.quarters:+d}",{event.dst}', f"DST: {event.dst}"


SYSTEM = CommandSet([CSCLK, CPOWD])

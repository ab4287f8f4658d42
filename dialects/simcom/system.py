"""SIMCom: sleep, power-down, and the words of network time."""

from __future__ import annotations

from datetime import UTC, datetime

from ...emulator.dialect import CommandSet
from ...emulator.events import NetworkTimeArrived
from ..power_down import power_down
from ..sleep import slow_clock

# =2 (automatic sleep) is out of the note's scope and refused (contradictions list, 29).
CSCLK = slow_clock("+CSCLK", (0, 1), "0,1", "S 11; M800")

CPOWD = power_down("+CPOWD", None, "M800; the words: observed (SIM900)")


def network_time_lines(event: NetworkTimeArrived) -> tuple[str, str]:
    """What a SIM800 prints under +CLTS=1 when the network tells the time, in UTC (observed, TinyGSM#471)."""
    utc = datetime.fromtimestamp(event.utc, UTC)
    moment = f"{utc.year},{utc.month},{utc.day},{utc.hour},{utc.minute},{utc.second}"
    return f'*PSUTTZ: {moment},"{event.quarters:+d}",{event.dst}', f"DST: {event.dst}"


SYSTEM = CommandSet([CSCLK, CPOWD])

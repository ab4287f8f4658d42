"""The battery that AT+CBC reads, alike on the GSM modules of both vendors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..emulator.command import command, execute, test
from ..emulator.reply import Reply, info

if TYPE_CHECKING:
    from .telephony import Telephony


@dataclass(slots=True)
class Battery:
    """What AT+CBC reads; a scenario or test may change it."""

    charging: int = 0
    percent: int = 80
    millivolts: int = 4000


def cbc(module: Telephony) -> Reply:
    """Charging or not, percent, millivolts."""
    battery = module.battery
    return info(f"+CBC: {battery.charging},{battery.percent},{battery.millivolts}")


CBC = command(
    "+CBC",
    test("+CBC: (0-2),(1-100),(voltage)"),
    execute(cbc),
    cite="27.007 8.4; M800 3.2.52; an M95's log has +CBC: 0,82,3955",
)

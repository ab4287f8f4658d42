"""+CUSD: requests to services of the network (27.007 7.15). This network offers none (assumed)."""

from __future__ import annotations

from ..emulator.command import Choice, Int, Text, command, read, test, write
from ..emulator.reply import OK, Cme, Refusal, Reply, info
from .telephony import Telephony

NO_SERVICE = 4
"""+CUSD: 4, operation not supported (27.007 7.15)."""


def cusd_read(module: Telephony) -> Reply:
    """Whether the network's answers are shown."""
    return info(f"+CUSD: {module.service_reports}")


def cusd_write(module: Telephony, mode: int, request: str | None, coding: int) -> Reply:
    """A request is taken, and the network says that it knows no such service."""
    module.require_sim()
    if request is None:
        if mode != 2:
            module.service_reports = mode
        return OK
    if not module.phone.reachable:
        raise Refusal(Cme.NO_NETWORK)
    module.service_reports = 1 if mode == 1 else module.service_reports
    if module.service_reports:
        module.say(f"+CUSD: {NO_SERVICE}")
    return OK


CUSD = command(
    "+CUSD",
    test("+CUSD: (0-2)"),
    read(cusd_read),
    write(
        Choice("mode", (0, 1, 2), default=0),
        Text("request", 182, default=None),
        Int("coding", 0, 255, default=15),
        run=cusd_write,
    ),
    cite="27.007 7.15; the network offers no service (assumed)",
)

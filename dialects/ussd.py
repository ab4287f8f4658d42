"""+CUSD: requests to services of the network (27.007 7.15)."""

from __future__ import annotations

from ..emulator.command import Choice, Int, Text, command, read, test, write
from ..emulator.reply import OK, Cme, Refusal, Reply, info
from . import gsm_text
from .telephony import Telephony

CANCEL = 2
"""<n>: end the session."""


def cusd_read(module: Telephony) -> Reply:
    """Whether the network's answers are shown."""
    return info(f"+CUSD: {module.services.reports}")


def cusd_write(module: Telephony, mode: int, request: str | None, coding: int) -> Reply:
    """A request goes to the network, which answers later; without one, whether answers are shown."""
    module.require_sim()
    services = module.services
    if mode == CANCEL:
        services.cancel()
        return OK
    if request is None:
        services.reports = mode
        return OK
    if not module.phone.reachable:
        raise Refusal(Cme.NO_NETWORK)
    services.require_idle()
    asked = _decoded(module, request)
    services.reports = mode or services.reports
    services.ask(asked)
    return OK


def _decoded(module: Telephony, request: str) -> str:
    try:
        return gsm_text.word_from_host(request, module.charset)
    except gsm_text.NotInCharacterSet:
        raise Refusal(Cme.INCORRECT_PARAMETERS) from None


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
    cite="27.007 7.15",
    op="ussd.send",
)

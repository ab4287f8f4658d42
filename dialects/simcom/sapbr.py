"""SIM800: AT+SAPBR, by which a host sets, opens, asks and closes a bearer profile.

Sources: M800 9.2.1; observed.md (opened twice, closed when closed, refused, lost); the list that =4
prints is from memory of a SIM800 (assumed).
"""

from __future__ import annotations

from ...emulator.command import Choice, Int, Text, Word, command, test, write
from ...emulator.dialect import CommandSet
from ...emulator.jobs import Pause, Steps
from ...emulator.reply import OK, Cme, Refusal, Reply, info
from ...emulator.states import ContextState, Happening
from .bearers import PROFILES, Bearer
from .module import Sim800Module

NOWHERE = "0.0.0.0"
LONGEST = {"CONTYPE": 4, "APN": 64, "PHONENUM": 50, "USER": 32, "PWD": 32, "RATE": 1}
"""The parameters, in the order of =4, with their longest values in characters."""
ALLOWED = {"CONTYPE": ("CSD", "GPRS"), "RATE": ("0", "1", "2", "3")}
STATUS = {
    ContextState.INACTIVE: 3,
    ContextState.ACTIVATING: 0,
    ContextState.ACTIVE: 1,
    ContextState.LOST: 3,
}
"""<Status> of =2: 0 connecting, 1 connected, 3 closed."""


def address(module: Sim800Module, bearer: Bearer) -> str:
    """Behind the addresses of the toolkit's contexts come those of the bearers."""
    return module.local_ip(module.dialect.limits.contexts + bearer.number - 1)


def _close(module: Sim800Module, bearer: Bearer) -> Steps:
    if not bearer.open:
        raise Refusal(Cme.NOT_ALLOWED)
    bearer.position.fire(Happening.SHUT)
    yield Pause("close")
    return OK


def _open(module: Sim800Module, bearer: Bearer) -> Steps:
    """A refusal by the network is a plain ERROR, as of AT+CIICR; no circuit switched data here."""
    if not bearer.closed:
        raise Refusal(Cme.NOT_ALLOWED)
    if bearer.parameters["CONTYPE"] != "GPRS":
        raise Refusal(Cme.NOT_SUPPORTED)
    bearer.position.fire(Happening.SHUT)
    bearer.position.fire(Happening.BRING_UP_STARTED)
    yield Pause("bearer")
    if bearer.position.state is not ContextState.ACTIVATING:
        raise Refusal
    if not module.network.grants_pdp:
        bearer.position.fire(Happening.CONTEXT_REFUSED)
        raise Refusal
    bearer.position.fire(Happening.CONTEXT_ACTIVATED)
    return OK


def _query(module: Sim800Module, bearer: Bearer) -> Reply:
    where = address(module, bearer) if bearer.open else NOWHERE
    return info(f'+SAPBR: {bearer.number},{STATUS[bearer.position.state]},"{where}"')


def _set(bearer: Bearer, tag: str, value: str) -> Reply:
    """Only while it is closed (assumed)."""
    if not bearer.closed:
        raise Refusal(Cme.NOT_ALLOWED)
    if tag in ALLOWED:
        value = value.upper()
        if value not in ALLOWED[tag]:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
    if len(value) > LONGEST[tag]:
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    bearer.parameters[tag] = value
    return OK


def _get(bearer: Bearer) -> Reply:
    return info("+SAPBR:", *[f"{tag}: {bearer.parameters[tag]}" for tag in LONGEST])


def sapbr(
    module: Sim800Module, operation: int, cid: int, tag: str | None, value: str | None
) -> Reply | Steps:
    """0 close, 1 open, 2 ask, 3 set a parameter (which needs tag and value), 4 list the parameters."""
    bearer = module.bearers[cid]
    setting = operation == 3
    if setting != (tag is not None) or setting != (value is not None):
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    if operation == 0:
        return _close(module, bearer)
    if operation == 1:
        return _open(module, bearer)
    if operation == 2:
        return _query(module, bearer)
    if tag is not None and value is not None:
        return _set(bearer, tag, value)
    return _get(bearer)


SAPBR = command(
    "+SAPBR",
    test('+SAPBR: (0-4),(1-3),"ConParamTag","ConParamValue"'),
    write(
        Choice("operation", (0, 1, 2, 3, 4)),
        Int("cid", 1, PROFILES),
        Word("tag", tuple(LONGEST), default=None),
        Text("value", default=None),
        run=sapbr,
    ),
    cite="M800 9.2.1; observed",
    op="pdp.bearer",
)

BEARERS = CommandSet([SAPBR])

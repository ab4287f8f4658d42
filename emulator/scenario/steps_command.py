"""Steps about a command: a later one fails, or the one that triggers the rule is decided about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from .. import faults
from ..events import Event, Failure, PdpRefusalChanged, PdpReleaseChanged, SendsRefused
from ..tampering import Act, Incoming
from ..wildcards import glob
from .actions import Fail
from .parts import Between
from .stage import Gated, Stage


def _fail(stage: Stage, fail: Fail) -> None:
    stage.director.failing.arm(_wanted(fail), lambda gated: _failing(stage, fail, gated), fail.times)


def _wanted(fail: Fail) -> Callable[[Incoming], bool]:
    if fail.op is not UNSET:
        op = fail.op
        return lambda incoming: incoming.op == op
    assert fail.command is not UNSET
    pattern = glob(fail.command)
    return lambda incoming: pattern.fullmatch(incoming.text) is not None


def _failing(stage: Stage, fail: Fail, gated: Gated) -> None:
    """What the network can do, it does, so that each module says its own words; the rest is an error."""
    if fail.reply is not UNSET:
        gated.act, gated.reply = Act.REPLY, fail.reply.encode("latin-1", "replace")
        return
    fault = NETWORK_FAILURES.get(fail.result)
    around = AROUND.get(fail.result)
    if fault is not None:
        gated.meets.append(fault)
    elif around is not None:
        gated.events.append(around[0])
        gated.behind.append(around[1])
    else:
        gated.act, gated.result = Act.ERROR, fail.result


NETWORK_FAILURES: dict[str, faults.AnswerConnects | faults.AnswerNames] = {
    "connect_fail": faults.AnswerConnects("fail", faults.Anything(), Failure.REFUSED, times=1, first=True),
    "dns_fail": faults.AnswerNames("fail", "*", Failure.NOT_FOUND, times=1, first=True),
}
AROUND: dict[str, tuple[Event, Event]] = {
    "activate_fail": (PdpRefusalChanged(True), PdpRefusalChanged(False)),
    "deactivate_fail": (PdpReleaseChanged(False), PdpReleaseChanged(True)),
    "send_fail": (SendsRefused(True), SendsRefused(False)),
}
"""What is true while the command is executed, and no more behind it."""


def _decide(stage: Stage) -> Gated:
    """Only a rule that a received command triggers gets here: loading has checked it."""
    assert stage.gated is not None
    return stage.gated


def _delay(stage: Stage, duration: str | Between) -> None:
    _decide(stage).delay += stage.drawn(duration)


def _intercept(stage: Stage, what: str) -> None:
    _decide(stage).act = Act(what)
    _decide(stage).result = "error"


def _reply(stage: Stage, text: str) -> None:
    gated = _decide(stage)
    gated.act, gated.reply = Act.REPLY, text.encode("latin-1", "replace")


def _hang(stage: Stage, _true: bool) -> None:
    _decide(stage).act = Act.HANG


COMMAND_STEPS: dict[str, Callable[[Stage, Any], None]] = {
    "fail": _fail,
    "delay": _delay,
    "intercept": _intercept,
    "reply": _reply,
    "hang": _hang,
}

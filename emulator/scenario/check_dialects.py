"""What a dialect cannot do: states that its machines do not have, operations that no command of it performs.

A rule may wait for any of several things, of which one dialect has some: only what can never come is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from ..command import OPERATIONS
from . import model, vocabulary
from .text import Path_

if TYPE_CHECKING:
    from ..dialect import Dialect

NEEDS = {"ussd": "ussd.send", "temperature": "module.temperature", "sms": "sms.read", "ring": "call.answer"}
"""Steps that nobody notices without a command that performs this."""
OF_SOME = {
    "module.temperature",
    "net.ntp",
    "net.ping",
    "pdp.address",
    "pdp.bearer",
    "pdp.define",
    "socket.listen",
    "socket.switch",
    "ussd.send",
}
"""Operations that not all of our own dialects have; a test holds this against them."""
Found = tuple[Path_, str]
Known = Callable[[], Mapping[str, tuple[str, ...]]]
"""The machines and their states; asked only where a file speaks of one."""


def unable(scenario: model.Scenario, dialect: Dialect) -> Iterator[Found]:
    """Where a scenario asks ``dialect`` for what it does not have, and why."""
    able: set[str] = {command.op for command in dialect.commands if command.op}
    return _unable(scenario, lambda: vocabulary.machines_of([dialect]), able)


def for_everybody(scenario: model.Scenario) -> bool:
    """Whether it asks for nothing but what all our dialects have; none of them is loaded to know it."""
    able = set(OPERATIONS) - OF_SOME
    return next(_unable(scenario, lambda: vocabulary.machines_of([]), able), None) is None


def _unable(scenario: model.Scenario, known: Known, able: set[str]) -> Iterator[Found]:
    for i, rule in enumerate(scenario.rules):
        yield from _never(rule.when, ("rules", i, "when"), known, able)
        if rule.if_ is not UNSET:
            yield from _states(rule.if_.state, ("rules", i, "if", "state"), known)
        for n, step in enumerate(rule.do):
            for key in step.given():
                if NEEDS.get(key, "") not in able | {""}:
                    yield ("rules", i, "do", n, key), "no command tells the host of it"
    for i, expectation in enumerate(scenario.expect):
        yield from _occurrence(expectation, ("expect", i), known, able)


def _never(when: model.Trigger, path: Path_, known: Known, able: set[str]) -> Iterator[Found]:
    """Why a trigger never comes; of several things, if none of them does."""
    if when.any is UNSET:
        yield from _occurrence(when, path, known, able)
        return
    each = [list(_occurrence(what, (*path, "any", i), known, able)) for i, what in enumerate(when.any)]
    if all(each):
        yield from (why for reasons in each for why in reasons)


def _occurrence(what: model.Occurrence, path: Path_, known: Known, able: set[str]) -> Iterator[Found]:
    if what.op is not UNSET and what.op not in able:
        yield (*path, "op"), f"no command performs {what.op}"
    for key in ("state", "left"):
        states: model.States | UnsetType = getattr(what, key)
        reasons = list(_states(states, (*path, key), known))
        if states is not UNSET and len(reasons) == len(states):
            yield from reasons


def _states(states: model.States | UnsetType, path: Path_, known: Known) -> Iterator[Found]:
    if states is not UNSET:
        for machine, state in states.items():
            if text := vocabulary.wrong(machine, state, known()):
                yield (*path, machine), text

"""What no structure says: exactly one key, names that exist, steps that fit their trigger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from .. import registry
from ..mistakes import CommandLineError, find_dialect
from . import model, values, vocabulary
from .actions import DECIDING, Step
from .check_dialects import for_everybody, unable
from .check_steps import WRONG, rssi_fault
from .parts import Part
from .text import Fault, Path_, Source

if TYPE_CHECKING:
    from ..dialect import Dialect

OCCURRENCES = (
    "command",
    "op",
    "state",
    "left",
    "bytes",
    "socket",
    "line",
    "client",
    "urc",
    "rule",
    "mark",
    "external",
    "overrun",
)
TIMES = ("start", "after", "every", "any")


RouteCheck = Callable[[str, str], object]
"""Raises ``ValueError`` for what is no route (the netstack knows)."""


def check(
    source: Source, scenario: model.Scenario, route: RouteCheck, played_on: Callable[[str], str] | None = None
) -> list[Fault]:
    """Everything that is wrong with a scenario that has the right structure; ``played_on`` as for loading."""
    found = list(_Check(source, scenario, route).all())
    if found:
        return found
    name = scenario.modem.dialect
    name = name if played_on is None else played_on(name)
    if name == "any":
        return []
    try:
        dialect = find_dialect(name)
    except CommandLineError:
        return []  # the command line's own mistake, which is told where it is read
    return [source.fault(path, f"not on {name}: {text}") for path, text in unable(scenario, dialect)]


def remarks(source: Source, scenario: model.Scenario) -> list[Fault]:
    """Of a scenario for any dialect: what some of ours do not have. No fault, but good to know."""
    if scenario.modem.dialect != "any" or for_everybody(scenario):
        return []
    found: dict[Path_, list[str]] = {}
    for name in registry.IN_TREE:
        for path, _ in unable(scenario, find_dialect(name)):
            found.setdefault(path, []).append(name)
    text = "there is no such thing on {} (where it is refused; modem.dialect says which module it is for)"
    return [source.fault(path, text.format(" and ".join(names))) for path, names in found.items()]


class _Check:
    def __init__(self, source: Source, scenario: model.Scenario, route: RouteCheck) -> None:
        self._source = source
        self._route_check = route
        self._scenario = scenario
        self._rules = [*(rule.id for rule in scenario.rules), *source.names.rules]
        steps = [step for rule in scenario.rules for step in rule.do]
        self._marks = [*(step.mark for step in steps if step.mark is not UNSET), *source.names.marks]
        self._dialect: Dialect | None = None

    def all(self) -> Iterator[Fault]:
        """Every fault."""
        scenario = self._scenario
        yield from self._twins([(rule.id, ("rules", i)) for i, rule in enumerate(scenario.rules)])
        yield from self._twins([(each.id, ("expect", i)) for i, each in enumerate(scenario.expect)])
        yield from self._names_meant_twice()
        yield from self._modem()
        if scenario.deadline is not UNSET and not values.seconds(scenario.deadline):
            yield self._fault(("deadline",), "is over before it begins")
        for i, route in enumerate(scenario.routes):
            yield from self._route(route, ("routes", i))
        for i, rule in enumerate(scenario.rules):
            yield from self._rule(rule, ("rules", i))
        for i, expectation in enumerate(scenario.expect):
            yield from self._expectation(expectation, ("expect", i))
        yield from self._never_taken()

    def _fault(self, path: Path_, text: str) -> Fault:
        return self._source.fault(path, text)

    def _twins(self, named: list[tuple[str, Path_]]) -> Iterator[Fault]:
        seen: set[str] = set()
        for name, path in named:
            if name in seen:
                yield self._fault((*path, "id"), f"{name!r} is the id of another one (give each its own)")
            seen.add(name)

    def _names_meant_twice(self) -> Iterator[Fault]:
        """``after`` names the start, a rule or a mark: which one must be clear."""
        for i, rule in enumerate(self._scenario.rules):
            if rule.id == "start":
                yield self._fault(("rules", i, "id"), "'start' is the beginning of the run (choose another)")
            for n, step in enumerate(rule.do):
                if step.mark in ("start", *self._rules):
                    taken = "the beginning of the run" if step.mark == "start" else "a rule"
                    path = ("rules", i, "do", n, "mark")
                    yield self._fault(path, f"{step.mark!r} is the name of {taken} (choose another)")

    # ---- the module ------------------------------------------------------------------------------

    def _modem(self) -> Iterator[Fault]:
        modem = self._scenario.modem
        rssi = modem.network.rssi
        if rssi is not UNSET and (fault := rssi_fault(rssi)):
            yield self._fault(("modem", "network", "rssi"), fault)
        if modem.dialect != "any":
            try:
                self._dialect = find_dialect(modem.dialect)
            except CommandLineError as error:
                yield self._fault(("modem", "dialect"), str(error))
                return
        for name in modem.latency:
            known = {duration for dialect in self._speakers() for duration in dialect.timings}
            if name not in known:
                whose = "any dialect" if modem.dialect == "any" else modem.dialect
                text = f"no duration of {whose}{self._hint(name, known)}"
                yield self._fault(("modem", "latency", name), text)

    def _speakers(self) -> Iterator[Dialect]:
        """The dialects that the scenario may run on, its own or all: our own first, one after the other."""
        if self._dialect is not None:
            yield self._dialect
            return
        for name in _all_dialects():
            with suppress(CommandLineError):  # a stranger's broken package is no fault of this file
                yield find_dialect(name)

    def _states(self, states: model.States | UnsetType, path: Path_) -> Iterator[Fault]:
        if states is UNSET:
            return
        if not states:
            yield self._fault(path, "names no state (write machine: state)")
        for machine, state in states.items():
            if text := self._no_state(machine, state):
                yield self._fault((*path, machine), text)

    def _no_state(self, machine: str, state: str) -> str:
        """Why no dialect knows it; looks no further than the first that does."""
        known = vocabulary.machines_of([])
        if vocabulary.unnumbered(machine) in known:
            return vocabulary.wrong(machine, state, known)
        met: list[Dialect] = []
        for dialect in self._speakers():
            met.append(dialect)
            if not vocabulary.wrong(machine, state, vocabulary.machines_of(met)):
                return ""
        return vocabulary.wrong(machine, state, vocabulary.machines_of(met))

    def _route(self, route: model.Route, path: Path_) -> Iterator[Fault]:
        try:
            self._route_check(route.match, route.to)
        except ValueError as error:
            yield self._fault(path, str(error))

    @staticmethod
    def _hint(word: str, known: object) -> str:
        close = get_close_matches(word, list(known), 1)  # type: ignore[call-overload]
        return f" (did you mean {close[0]!r}?)" if close else ""

    # ---- rules -----------------------------------------------------------------------------------

    def _rule(self, rule: model.Rule, path: Path_) -> Iterator[Fault]:
        when = (*path, "when")
        yield from self._one(rule.when, when, (*OCCURRENCES, *TIMES))
        yield from self._phase(rule.when, when)
        yield from self._names(rule.when, when)
        if rule.when.any is not UNSET:
            for i, each in enumerate(rule.when.any):
                yield from self._occurrence(each, (*when, "any", i))
            if not rule.when.any:
                yield self._fault((*when, "any"), "of no occurrence none ever comes")
        yield from self._moments(rule.when, when)
        if rule.when.nth is not UNSET and rule.when.every_nth is not UNSET:
            yield self._fault(when, "nth and every_nth exclude each other (keep one)")
        if rule.when.nth is not UNSET and rule.times != 1:
            yield self._fault((*path, "times"), "the nth time comes once (use every_nth, or leave times out)")
        if rule.if_ is not UNSET:
            if not rule.if_.given():
                yield self._fault((*path, "if"), "asks for nothing (state, mark or not_mark)")
            yield from self._states(rule.if_.state, (*path, "if", "state"))
            for key in ("mark", "not_mark"):
                name = getattr(rule.if_, key)
                if name is not UNSET and name not in self._marks:
                    hint = self._hint(name, self._marks)
                    yield self._fault((*path, "if", key), f"no step marks {name!r}{hint}")
        yield from self._steps(rule, (*path, "do"))

    def _moments(self, when: model.Trigger, path: Path_) -> Iterator[Fault]:
        """Triggers that are a time."""
        once = [key for key in ("start", "after") if getattr(when, key) is not UNSET]
        for key in ("nth", "every_nth"):
            if once and getattr(when, key) is not UNSET:
                yield self._fault((*path, key), f"{once[0]} comes once (leave {key} out)")
        if when.every is not UNSET and not values.seconds(when.every):
            yield self._fault((*path, "every"), "every moment is too often (give a period)")
        deadline = self._scenario.deadline
        end = 0.0 if deadline is UNSET else values.seconds(deadline)
        for key in ("after", "every"):
            moment = getattr(when, key)
            if moment is not UNSET and end and values.seconds(moment) >= end:
                yield self._fault((*path, key), f"never comes: the run is over after {deadline}")

    def _never_taken(self) -> Iterator[Fault]:
        """Rules that wait for what only they themselves, or rules that wait for them, would do."""
        rules = self._scenario.rules
        taken: set[str] = set()
        marked: set[str] = set()
        before = -1
        while len(taken) > before:
            before = len(taken)
            for rule in rules:
                each = [rule.when] if rule.when.any is UNSET else rule.when.any
                if any(_can_come(what, taken, marked) for what in each):
                    taken.add(rule.id)
                    marked.update(step.mark for step in rule.do if step.mark is not UNSET)
        for i, rule in enumerate(rules):
            if rule.id not in taken and not self._dangling(rule.when):
                text = "never comes: only this rule, or one that waits for it, would bring it"
                yield self._fault(("rules", i, "when"), text)

    def _dangling(self, when: model.Trigger) -> bool:
        """Whether it names what is not there, which is told already."""
        each = [when] if when.any is UNSET else when.any
        return not each or any(
            (what.rule is not UNSET and what.rule not in self._rules)
            or (what.mark is not UNSET and what.mark not in self._marks)
            for what in each
        )

    def _steps(self, rule: model.Rule, path: Path_) -> Iterator[Fault]:
        deciding = self._decides(rule.when)
        for i, step in enumerate(rule.do):
            here = (*path, i)
            given = step.given()
            if len(given) != 1:
                listed = " and ".join(given) if given else "none"
                yield self._fault(here, f"a step has exactly one key, this one has {listed}")
                continue
            (key,) = given
            if key == "wait":
                deciding = False
            if key in DECIDING and not deciding:
                yield self._fault(
                    (*here, key),
                    "decides about the command that is just received: it stands in a rule with when: command "
                    "or op (phase received), before any wait (use fail: for a later one)",
                )
            yield from self._step(key, step, (*here, key))

    @staticmethod
    def _decides(when: model.Trigger) -> bool:
        each = [when] if when.any is UNSET else when.any
        return all(
            (what.command is not UNSET or what.op is not UNSET) and what.phase in (UNSET, "received")
            for what in each
        )

    def _step(self, key: str, step: Step, path: Path_) -> Iterator[Fault]:
        wrong = WRONG.get(key)
        text = None if wrong is None else wrong(getattr(step, key))
        if text:
            yield self._fault(path, text)

    # ---- occurrences -----------------------------------------------------------------------------

    def _one(self, what: Part, path: Path_, keys: tuple[str, ...]) -> Iterator[Fault]:
        given = [key for key in keys if getattr(what, key, UNSET) is not UNSET]
        if len(given) != 1:
            listed = " and ".join(given) if given else "none of them"
            yield self._fault(path, f"exactly one of {', '.join(keys)} belongs here, there is {listed}")

    def _phase(self, what: model.Occurrence, path: Path_) -> Iterator[Fault]:
        if what.phase is not UNSET and what.command is UNSET and what.op is UNSET:
            yield self._fault((*path, "phase"), "only a command or an op has phases")

    def _names(self, what: model.Occurrence, path: Path_) -> Iterator[Fault]:
        for key, known, how in (("rule", self._rules, "rule is called"), ("mark", self._marks, "step marks")):
            name = getattr(what, key)
            if name is not UNSET and name not in known:
                yield self._fault((*path, key), f"no {how} {name!r}{self._hint(name, known)}")
        yield from self._states(what.state, (*path, "state"))
        yield from self._states(what.left, (*path, "left"))

    def _occurrence(self, what: model.Occurrence, path: Path_) -> Iterator[Fault]:
        yield from self._one(what, path, OCCURRENCES)
        yield from self._phase(what, path)
        yield from self._names(what, path)

    def _expectation(self, expectation: model.Expectation, path: Path_) -> Iterator[Fault]:
        yield from self._one(expectation, path, (*OCCURRENCES, "never"))
        yield from self._phase(expectation, path)
        yield from self._names(expectation, path)
        known = ["start", *self._rules, *self._marks]
        if expectation.after not in known:
            hint = self._hint(expectation.after, known)
            yield self._fault(
                (*path, "after"), f"{expectation.after!r} is neither start, rule nor mark{hint}"
            )
        for key in ("never", "until"):
            what = getattr(expectation, key)
            if what is not UNSET:
                yield from self._occurrence(what, (*path, key))
        if expectation.never is not UNSET and expectation.times is not UNSET:
            yield self._fault((*path, "times"), "never is no times (leave it out)")
        times = expectation.times
        if isinstance(times, model.Times):
            if times.max is not UNSET and times.max < times.min:
                yield self._fault((*path, "times"), f"max {times.max} is less than min {times.min}")
            if times.max is UNSET and not times.min:
                yield self._fault((*path, "times"), "any number of times is always met (give max, or a min)")


def _all_dialects() -> Iterator[str]:
    """Our own first: looking for those of other packages takes 40 ms."""
    yield from registry.IN_TREE
    yield from (name for name in registry.names() if name not in registry.IN_TREE)


def _can_come(what: model.Occurrence, taken: set[str], marked: set[str]) -> bool:
    """Whether an occurrence comes from outside, or from a rule that is taken."""
    if what.rule is not UNSET:
        return what.rule in taken
    return what.mark is UNSET or what.mark in marked

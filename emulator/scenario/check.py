"""What no structure says: exactly one key, names that exist, steps that fit their trigger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches

from msgspec import UNSET

from ..mistakes import CommandLineError, find_dialect
from . import model, steps, values
from .text import Fault, Path_, Source

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


def check(source: Source, scenario: model.Scenario, route: RouteCheck) -> list[Fault]:
    """Everything that is wrong with a scenario that has the right structure."""
    return list(_Check(source, scenario, route).all())


class _Check:
    def __init__(self, source: Source, scenario: model.Scenario, route: RouteCheck) -> None:
        self._source = source
        self._route_check = route
        self._scenario = scenario
        self._rules = [rule.id for rule in scenario.rules]
        self._marks = [step.mark for rule in scenario.rules for step in rule.do if step.mark is not UNSET]

    def all(self) -> Iterator[Fault]:
        """Every fault."""
        scenario = self._scenario
        yield from self._twins([(rule.id, ("rules", i)) for i, rule in enumerate(scenario.rules)])
        yield from self._twins([(each.id, ("expect", i)) for i, each in enumerate(scenario.expect)])
        yield from self._modem()
        if scenario.deadline is not UNSET and not values.seconds(scenario.deadline):
            yield self._fault(("deadline",), "is over before it begins")
        for i, route in enumerate(scenario.routes):
            yield from self._route(route, ("routes", i))
        for i, rule in enumerate(scenario.rules):
            yield from self._rule(rule, ("rules", i))
        for i, expectation in enumerate(scenario.expect):
            yield from self._expectation(expectation, ("expect", i))

    def _fault(self, path: Path_, text: str) -> Fault:
        return self._source.fault(path, text)

    def _twins(self, named: list[tuple[str, Path_]]) -> Iterator[Fault]:
        seen: set[str] = set()
        for name, path in named:
            if name in seen:
                yield self._fault((*path, "id"), f"{name!r} is the id of another one (give each its own)")
            seen.add(name)

    # ---- the module ------------------------------------------------------------------------------

    def _modem(self) -> Iterator[Fault]:
        modem = self._scenario.modem
        if modem.dialect == "any":
            return
        try:
            dialect = find_dialect(modem.dialect)
        except CommandLineError as error:
            yield self._fault(("modem", "dialect"), str(error))
            return
        for name in modem.latency:
            if name not in dialect.timings:
                hint = self._hint(name, dialect.timings)
                yield self._fault(("modem", "latency", name), f"no duration of {dialect.name}{hint}")

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
        if rule.when.nth is not UNSET and rule.when.every_nth is not UNSET:
            yield self._fault(when, "nth and every_nth exclude each other (keep one)")
        if rule.when.nth is not UNSET and rule.times != 1:
            yield self._fault((*path, "times"), "the nth time comes once (use every_nth, or leave times out)")
        if rule.when.every is not UNSET and not values.seconds(rule.when.every):
            yield self._fault((*when, "every"), "every moment is too often (give a period)")
        if rule.if_ is not UNSET:
            for key in ("mark", "not_mark"):
                name = getattr(rule.if_, key)
                if name is not UNSET and name not in self._marks:
                    hint = self._hint(name, self._marks)
                    yield self._fault((*path, "if", key), f"no step marks {name!r}{hint}")
        yield from self._steps(rule, (*path, "do"))

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
            if key in steps.DECIDING and not deciding:
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

    def _step(self, key: str, step: model.Step, path: Path_) -> Iterator[Fault]:
        wrong = _STEPS.get(key)
        text = None if wrong is None else wrong(getattr(step, key))
        if text:
            yield self._fault(path, text)

    # ---- occurrences -----------------------------------------------------------------------------

    def _one(self, what: model.Part, path: Path_, keys: tuple[str, ...]) -> Iterator[Fault]:
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
        if isinstance(times, model.Times) and times.max is not UNSET and times.max < times.min:
            yield self._fault((*path, "times"), f"max {times.max} is less than min {times.min}")


def _fail_faults(fail: model.Fail) -> str:
    if (fail.command is UNSET) is (fail.op is UNSET):
        return "exactly one of command and op says what fails"
    return ""


def _garble_faults(garble: model.Garble) -> str:
    kinds = [k for k in ("flip", "drop", "double", "insert", "split") if getattr(garble, k) is not UNSET]
    if len(kinds) != 1:
        listed = " and ".join(kinds) if kinds else "none"
        return f"exactly one of flip, drop, double, insert and split belongs here, there is {listed}"
    return ""


def _link_faults(link: model.Impairment) -> str:
    try:
        chain = steps.toxics(link)
    except ValueError as error:
        return str(error)
    if link.peer is not UNSET and link.link != "any":
        return "link and peer both say which connections (keep one)"
    return (
        ""
        if chain
        else "says nothing of how the path behaves (give latency, bandwidth, loss ...; or use restore)"
    )


def _walk_faults(signal: model.Signal) -> str:
    if isinstance(signal.rssi, model.Walk) and signal.rssi.walk[0] > signal.rssi.walk[1]:
        return "a walk goes from its lower bound to its upper one"
    return ""


def _range_faults(duration: str | model.Between) -> str:
    if isinstance(duration, model.Between):
        low, high = map(values.seconds, duration.between)
        if low > high:
            return f"between {duration.between[0]} and {duration.between[1]} there is nothing"
    return ""


def _lines_faults(lines: model.Lines) -> str:
    return "" if lines.given() else "no line is named (ri, dcd, cts, dsr)"


_STEPS: dict[str, Callable[..., str]] = {
    "wait": _range_faults,
    "delay": _range_faults,
    "signal": _walk_faults,
    "fail": _fail_faults,
    "garble": _garble_faults,
    "link": _link_faults,
    "line": _lines_faults,
}

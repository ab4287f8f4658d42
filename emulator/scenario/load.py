"""From a file to a checked scenario: all faults at once, each with line, field and remedy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from . import actions, model, words
from .actions import Step
from .check import RouteCheck, check
from .text import Fault, Names, Path_, ScenarioError, Source, Value, foreign, read

T = TypeVar("T", bound=Struct)
_WHERE = re.compile(r"(.*?)(?: - at `\$?(.*)`)?", re.DOTALL)
_PART = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]")


def load(path: Path, route: RouteCheck, played_on: Callable[[str], str] | None = None) -> model.Scenario:
    """The scenario in ``path``; raises :class:`~.text.ScenarioError` with every fault that was found.

    ``route(match, to)`` raises ``ValueError`` for what is no route. ``played_on`` says on which dialect a
    scenario is played that names this one (or ``any``); left out: on that which it names.
    """
    return checked(read(path), route, played_on)


def checked(
    source: Source, route: RouteCheck, played_on: Callable[[str], str] | None = None
) -> model.Scenario:
    """The scenario that a file's values are; raises as :func:`load` does."""
    faults: list[Fault] = []
    scenario = _Reader(source, faults).scenario()
    if scenario is not None:
        faults += check(source, scenario, route, played_on)
    if faults or scenario is None:
        raise ScenarioError(sorted(faults, key=lambda fault: fault.line))
    return scenario


def steps_of(steps: Value, whose: str) -> list[Step]:
    """Steps that ``whose`` gives while a modem runs; raises as :func:`load` does."""
    rule = {"id": whose, "when": {"external": whose}, "do": steps}
    alone = isinstance(steps, list) and len(steps) == 1
    return _part({"rules": [rule]}, whose, f"rules[0].do{'[0]' if alone else ''}").rules[0].do


def expectation_of(expectation: dict[str, Value], whose: str, names: Names) -> model.Expectation:
    """An expectation that ``whose`` has while a modem runs; it can name what ``names`` has.

    Raises as :func:`load` does.
    """
    return _part({"expect": [expectation]}, whose, "expect[0]", names).expect[0]


def _part(part: dict[str, Value], whose: str, place: str, names: Names | None = None) -> model.Scenario:
    """A scenario that has only this; a fault's field is told from ``place`` on."""
    try:
        source = foreign(whose, {"version": 1, "name": whose, **part})
        source.names = names or source.names
        return checked(source, _no_routes)
    except ScenarioError as error:
        faults = [replace(fault, field=fault.field.removeprefix(place).lstrip(".")) for fault in error.faults]
        raise ScenarioError(faults) from None


def _no_routes(match: str, to: str) -> None:
    raise AssertionError(f"there is no route {match} {to}")


def schema() -> dict[str, Any]:
    """The JSON Schema of scenario files, from which editors complete."""
    found = msgspec.json.schema(model.Scenario)
    found["$defs"]["Step"] |= {"minProperties": 1, "maxProperties": 1}
    for name, meanings in (
        ("Trigger", words.TRIGGERS),
        ("Rule", words.RULES),
        ("Step", words.STEPS),
        ("Expectation", words.TRIGGERS | words.EXPECTATIONS),
    ):
        for key, schema in found["$defs"][name]["properties"].items():
            if key in meanings:
                schema["description"] = meanings[key]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "vmodem scenario", **found}


class _Reader:
    """Converts piece by piece, so that one fault does not hide the others."""

    def __init__(self, source: Source, faults: list[Fault]) -> None:
        self._source = source
        self._faults = faults

    def scenario(self) -> model.Scenario | None:
        """The whole file, or None if there are faults."""
        value = self._source.value
        if not isinstance(value, dict):
            text = "is empty" if value is None else "is no mapping"
            self._add((), f"the file {text} (begin with version: 1 and name:)")
            return None
        before = len(self._faults)
        self._pieces(value)
        if len(self._faults) > before:
            return None
        return self._convert(value, model.Scenario, ())

    def _pieces(self, value: dict[str, Value]) -> None:
        """Each rule's trigger, guard and steps, each expectation, and the rest, alone."""
        rest = dict(value)
        for i, rule in self._entries(rest.pop("rules", []), "rules"):
            self._rule(rule, ("rules", i))
        for i, expectation in self._entries(rest.pop("expect", []), "expect"):
            self._convert(expectation, model.Expectation, ("expect", i))
        for i, route in self._entries(rest.pop("routes", []), "routes"):
            self._convert(route, model.Route, ("routes", i))
        modem = rest.pop("modem", {})
        self._convert(modem, model.Modem, ("modem",))
        self._convert(rest, model.Scenario, ())

    def _entries(self, value: Value, name: str) -> Iterator[tuple[int, Value]]:
        if not isinstance(value, list):
            self._add((name,), "is no list (begin each entry with a dash)")
            return
        yield from enumerate(value)

    def _rule(self, rule: Value, path: Path_) -> None:
        if not isinstance(rule, dict):
            self._add(path, "is no mapping (write id:, when: and do:)")
            return
        rest = dict(rule)
        steps = rest.get("do")
        if isinstance(steps, list) and steps:
            for i, step in enumerate(steps):
                self._step(step, (*path, "do", i))
            rest["do"] = [{"log": ""}]
        if "when" in rest:
            self._convert(rest["when"], model.Trigger, (*path, "when"))
            rest["when"] = {"start": True}
        self._convert(rest, model.Rule, path)

    def _step(self, step: Value, path: Path_) -> None:
        if isinstance(step, str):
            self._add(path, f"is a word; a step is a key with a value (write {step}: ...)")
            return
        self._convert(step, Step, path)

    def _convert(self, value: Value, kind: type[T], path: Path_) -> T | None:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            found = _WHERE.fullmatch(str(error))
            assert found is not None
            inside = tuple(_inside(found[2] or "", value))
            self._add((*path, *inside), _explained(found[1], kind, inside, value))
        return None

    def _add(self, path: Path_, text: str) -> None:
        self._faults.append(self._source.fault(path, text))


def _inside(where: str, value: Value) -> Iterable[str | int]:
    """msgspec's ``$.do[2].wait`` as parts; an entry of a mapping (``[...]``) is found where it fails."""
    for found in _PART.finditer(where):
        if found[1] is not None:
            yield found[1]
        elif found[2] is not None:
            yield int(found[2])


_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_MISSING = re.compile(r"Object missing required field `(.*)`")
_REGEX = re.compile(r"Expected `str` matching regex '(.*)'", re.DOTALL)
_ENUM = re.compile(r"Invalid enum value '?(.*?)'?")


def _explained(text: str, kind: type[Struct], inside: Path_, value: Value) -> str:
    """What msgspec says, in the words of a scenario's author, with a suggestion."""
    if found := _UNKNOWN.fullmatch(text):
        return f"unknown key {found[1]!r}{_suggestion(found[1], _keys(kind, inside))}"
    if found := _MISSING.fullmatch(text):
        return f"the key {found[1]!r} is missing"
    given = _at(value, inside)
    if _REGEX.fullmatch(text):
        return f"{given!r} is not written as it should be ({_example(text)})"
    if found := _ENUM.fullmatch(text):
        choices = _choices(kind, inside)
        listed = f"; one of {', '.join(choices)}" if choices else ""
        return f"{given!r} is not known{_suggestion(str(given), choices)}{listed}"
    if text.startswith("Expected `str` of length <="):
        return f"{given!r} is too long: {text}"
    if text.startswith("Expected `str"):
        return f"{given!r} is no string{' (quote it)' if isinstance(given, (int, bool)) else ''}: {text}"
    return text


def _example(text: str) -> str:
    if "connect_fail" in text:
        return f"write one of {', '.join(actions.RESULTS)}, or the number of one of the module's own errors"
    for example, sign in (
        ("200ms, 5s, 2min", "(us|ms"),
        ("20kbit/s", "kbit"),
        ("16KiB", "KiB"),
        ("30%", "%"),
    ):
        if sign in text:
            return f"write it like {example}"
    return text


def _suggestion(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, list(known), 1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _at(value: Value, inside: Path_) -> Value:
    for part in inside:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return value
    return value


def _shape(kind: type[Struct], inside: Path_) -> Any:
    """msgspec's description of the type at a place."""
    here: Any = msgspec.inspect.type_info(kind)
    for part in inside:
        here = _step_into(here, part)
    return here


def _step_into(here: Any, part: str | int) -> Any:
    inspect = msgspec.inspect
    for each in _alternatives(here):
        if isinstance(each, inspect.StructType) and isinstance(part, str):
            for field in each.fields:
                if field.encode_name == part:
                    return field.type
        if isinstance(each, inspect.ListType) and isinstance(part, int):
            return each.item_type
        if isinstance(each, inspect.TupleType) and isinstance(part, int):
            return each.item_types[min(part, len(each.item_types) - 1)]
        if isinstance(each, inspect.DictType):
            return each.value_type
    return None


def _alternatives(here: Any) -> list[Any]:
    inspect = msgspec.inspect
    if isinstance(here, inspect.Metadata):
        return _alternatives(here.type)
    if isinstance(here, inspect.UnionType):
        return [alternative for each in here.types for alternative in _alternatives(each)]
    return [] if here is None else [here]


def _keys(kind: type[Struct], inside: Path_) -> list[str]:
    structs = [
        each for each in _alternatives(_shape(kind, inside)) if isinstance(each, msgspec.inspect.StructType)
    ]
    return [field.encode_name for each in structs for field in each.fields]


def _choices(kind: type[Struct], inside: Path_) -> list[str]:
    literals = [
        each for each in _alternatives(_shape(kind, inside)) if isinstance(each, msgspec.inspect.LiteralType)
    ]
    return [str(value) for each in literals for value in each.values]

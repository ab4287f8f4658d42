"""Reads a scenario file into plain values, each with the line it came from.

YAML as far as a scenario needs it: ``true`` and ``false``, whole numbers without leading zeros, everything
else is a string (stock YAML reads ``00101`` as 65 and ``on`` as true). No tags, anchors or aliases; a key
twice is a fault; size and depth are limited. TOML and JSON have the same values, and lines only as far as
their readers tell.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LARGEST = 1 << 17
DEEPEST = 20
MOST_FAULTS = 50
"""Of one kind that are told; nobody reads more of them."""
FORMATS = (".yaml", ".yml", ".toml", ".json")

Path_ = tuple[str | int, ...]
Value = Any
"""What the three formats give: mappings, lists, strings, whole numbers, truth values."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a file: where, and what to do about it."""

    file: str
    line: int
    field: str
    text: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.field}: {self.text}" if self.field else f"{where}: {self.text}"


class ScenarioError(Exception):
    """A file is no scenario; ``faults`` are all that was found."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


def field_name(path: Path_) -> str:
    """A place in a file, as ``rules[0].do[2].wait``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


@dataclass(frozen=True, slots=True)
class Names:
    """What can be named that is not in the file: rules and marks of the scenario that runs already."""

    rules: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()


@dataclass(slots=True)
class Source:
    """A file's values, and the line of each place in it (as far as they are known)."""

    file: str
    value: Value
    lines: dict[Path_, int] = field(default_factory=dict)
    names: Names = Names()

    def fault(self, path: Path_, text: str) -> Fault:
        """A fault at ``path``; its line is that of the nearest place around it that is known."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return Fault(self.file, self.lines.get(known, 0), field_name(path), text)


def read(path: Path) -> Source:
    """The values of a file, by its suffix; raises :class:`ScenarioError`."""
    name = str(path)

    def refuse(text: str, line: int = 0) -> ScenarioError:
        return ScenarioError([Fault(name, line, "", text)])

    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise refuse(f"cannot be read: {error.strerror} (give the path of a scenario file)") from error
    if len(raw) > LARGEST:
        raise refuse(f"more than {LARGEST >> 10} KiB (a scenario is a page or two)")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise refuse("not UTF-8 text (save it as UTF-8)", line) from error
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise refuse(f"{suffix or 'no suffix'} is no format of scenarios (name it *.yaml, *.toml or *.json)")
    return parse(name, text, suffix)


def parse(name: str, text: str, suffix: str = ".yaml") -> Source:
    """The values of a text in the format of ``suffix``; raises :class:`ScenarioError`."""
    return _yaml(name, text) if suffix in (".yaml", ".yml") else _plain(name, text, suffix)


def _plain(name: str, text: str, suffix: str) -> Source:
    try:
        value = tomllib.loads(text) if suffix == ".toml" else json.loads(text, object_pairs_hook=_no_twins)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise ScenarioError([Fault(name, int(line[1]) if line else 0, "", str(error))]) from error
    except json.JSONDecodeError as error:
        raise ScenarioError([Fault(name, error.lineno, "", error.msg)]) from error
    except (ValueError, RecursionError) as error:
        raise ScenarioError([Fault(name, 0, "", str(error))]) from error
    return foreign(name, value)


def foreign(name: str, value: Value) -> Source:
    """Values that another reader has read; raises :class:`ScenarioError` for what scenarios do not have."""
    source = Source(name, value)
    faults = list(_foreign(source, value, ()))
    if faults:
        raise ScenarioError(faults)
    return source


def _no_twins(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twin = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twin!r} stands twice in one object (keep one)")
    return found


def _foreign(source: Source, value: Value, path: Path_) -> Iterable[Fault]:
    """What JSON and TOML have and scenarios do not."""
    if len(path) > DEEPEST:
        yield source.fault(path, f"deeper than {DEEPEST} levels")
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _no_text(source, key, (*path, key))
            yield from _foreign(source, part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _foreign(source, part, (*path, index))
    elif isinstance(value, str):
        yield from _no_text(source, value, path)
    elif not isinstance(value, int):
        yield source.fault(
            path, f"{value!r} is neither a string, a whole number nor true or false (quote it)"
        )


def _no_text(source: Source, value: str, path: Path_) -> Iterable[Fault]:
    """JSON can write halves of characters."""
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        yield source.fault(path, f"{value!r} is no text: half a character is in it")


# ---- YAML ----------------------------------------------------------------------------------------


_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")


def _yaml(name: str, text: str) -> Source:
    import yaml  # 20 ms, and only a scenario needs it

    opening = (
        yaml.FlowSequenceStartToken,
        yaml.FlowMappingStartToken,
        yaml.BlockSequenceStartToken,
        yaml.BlockMappingStartToken,
    )
    closing = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)
    source = Source(name, None)
    faults: list[Fault] = []
    try:
        depth = 0
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            # Here, because PyYAML takes a millisecond for each open bracket: a file of them is minutes.
            if isinstance(token, opening):
                depth += 1
            elif isinstance(token, closing):
                depth -= 1
            if depth > DEEPEST or len(faults) >= MOST_FAULTS:
                line = token.start_mark.line + 1
                text = f"deeper than {DEEPEST} levels" if depth > DEEPEST else "and so on"
                faults.append(Fault(name, line, "", text))
                break
            if isinstance(token, (yaml.AliasToken, yaml.AnchorToken, yaml.TagToken, yaml.DirectiveToken)):
                kind = type(token).__name__.removesuffix("Token").lower()
                line = token.start_mark.line + 1
                faults.append(Fault(name, line, "", f"a scenario is plain data: no {kind} (quote it?)"))
        if faults:
            raise ScenarioError(faults)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 0 if mark is None else mark.line + 1
        problem = error.problem or error.context or "not YAML"
        raise ScenarioError([Fault(name, line, "", f"not YAML: {problem} (quote AT strings)")]) from error
    except yaml.YAMLError as error:
        raise ScenarioError([Fault(name, 0, "", f"not YAML: {str(error).splitlines()[0]}")]) from error
    except RecursionError as error:
        raise ScenarioError([Fault(name, 0, "", f"deeper than {DEEPEST} levels")]) from error
    if node is not None:
        source.value = _build(source, node, (), faults)
    if faults:
        raise ScenarioError(faults)
    return source


def _build(source: Source, node: Any, path: Path_, faults: list[Fault]) -> Value:
    source.lines[path] = node.start_mark.line + 1
    if len(path) > DEEPEST:
        faults.append(source.fault(path, f"deeper than {DEEPEST} levels"))
        return None
    if node.id == "mapping":
        return _mapping(source, node, path, faults)
    if node.id == "sequence":
        return [_build(source, part, (*path, i), faults) for i, part in enumerate(node.value)]
    text: str = node.value
    if node.style is None:
        if text in ("true", "false"):
            return text == "true"
        if _WHOLE.fullmatch(text):
            return int(text)
    return text


def _mapping(source: Source, node: Any, path: Path_, faults: list[Fault]) -> dict[str, Value]:
    built: dict[str, Value] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if key_node.id != "scalar":
            faults.append(Fault(source.file, line, field_name(path), "a key is a word (quote the value?)"))
            continue
        key: str = key_node.value
        if key in built:
            faults.append(Fault(source.file, line, field_name((*path, key)), "stands here twice (keep one)"))
            continue
        built[key] = _build(source, value_node, (*path, key), faults)
        source.lines[(*path, key)] = line
    return built

"""What an author of a dialect can forget or mistype: refused with the culprit's name, or given a default."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from acme_modem.m1 import ACME_M1
from acme_modem.module import M1Module
from vmodem.dialects.minimal import MINIMAL
from vmodem.emulator.bench import Bench
from vmodem.emulator.command import Choice, DeclarationError, command, write
from vmodem.emulator.dialect import CommandSet, Dialect, Options
from vmodem.emulator.events import Failure
from vmodem.emulator.links import Link
from vmodem.emulator.module import Module
from vmodem.emulator.registry import IN_TREE
from vmodem.emulator.reply import OK, Reply
from vmodem.emulator.timing import STANDARD_TIMINGS, Timings, latency

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests/examples/acme_modem/acme_modem"
WAITS = {"Pause": 0, "Until": 1, "after": 0, "_ask": 1, "seconds": 0, "search": 0, "pulse": 0}
"""What takes a duration's name, and at which place."""


# ---- durations -----------------------------------------------------------------------------------


def named_durations(*files: Path) -> Iterator[tuple[Path, str]]:
    """The durations that these files wait for by name."""
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            named: ast.expr | None = None
            if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("timings"):
                named = node.slice
            elif isinstance(node, ast.Call):
                place = WAITS.get(ast.unparse(node.func).rpartition(".")[2])
                named = node.args[place] if place is not None and len(node.args) > place else None
            if isinstance(named, ast.Constant) and isinstance(named.value, str):
                yield path, named.value


def test_everything_that_the_engine_waits_for_has_a_default() -> None:
    shared = [*(ROOT / "emulator").glob("*.py"), *(ROOT / "dialects").glob("*.py")]
    named = list(named_durations(*shared))
    assert {"activate", "connect limit", "dns limit", "boot", "ring interval"} <= {name for _, name in named}
    assert [(path.name, name) for path, name in named if name not in STANDARD_TIMINGS] == []


@pytest.mark.parametrize("name", [*IN_TREE, "acme_m1"])
def test_everything_that_a_dialect_waits_for_is_declared(name: str) -> None:
    dialect, family = _with_family(name)
    named = list(named_durations(*family))
    assert named
    assert [(path.name, name) for path, name in named if name not in dialect.timings] == []


def _with_family(name: str) -> tuple[Dialect, list[Path]]:
    if name not in IN_TREE:
        return ACME_M1, list(EXAMPLE.glob("*.py"))
    module, _, constant = IN_TREE[name].partition(":")
    dialect = getattr(import_module(module), constant)
    assert isinstance(dialect, Dialect)
    family = Path(str(import_module(dialect.module.__module__).__file__)).parent
    return dialect, list(family.glob("*.py"))


def test_a_dialect_says_only_what_differs() -> None:
    assert MINIMAL.timings == STANDARD_TIMINGS
    other = replace(MINIMAL, timings={"connect": latency(9, "test")})
    assert other.timings == {**STANDARD_TIMINGS, "connect": latency(9, "test")}


def test_an_unknown_duration_is_named_with_those_that_are_known() -> None:
    words = r"no duration is named 'conect'; known: .*connect limit"
    with pytest.raises(KeyError, match=words):
        Bench(MINIMAL, Options(timings={"conect": 1.0}))
    with pytest.raises(KeyError, match=words):
        Timings(MINIMAL.timings)["conect"]


# ---- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "ACME", "acme m1", "acme/m1", ".acme", "../acme"])
def test_a_dialect_has_a_name_that_can_be_typed_and_be_a_file(name: str) -> None:
    with pytest.raises(ValueError, match=r"^a dialect cannot be called .*; use lower-case letters"):
        replace(MINIMAL, name=name)


def test_a_command_left_out_must_be_there() -> None:
    with pytest.raises(KeyError, match=r"there is no \+NONE, \+NADA to leave out"):
        ACME_M1.commands.without("+MOPEN", "+NONE", "+NADA")
    assert ACME_M1.commands.without("+MOPEN").get("+MOPEN") is None


def _same(_module: Module, value: int) -> Reply:
    return OK


def _always(_module: Module) -> bool:
    return True


def test_a_form_that_nothing_reaches_is_refused() -> None:
    first, second = write(Choice("value", (0,)), run=_same), write(Choice("value", (1,)), run=_same)
    with pytest.raises(DeclarationError, match=r"^\+X: a second write form is never reached: "):
        command("+X", first, second, cite="test")
    chosen = write(Choice("value", (0,)), run=_same, only=_always)
    assert command("+X", chosen, second, cite="test").forms == (chosen, second)


def test_an_operation_that_scenarios_do_not_know_is_refused() -> None:
    form = write(Choice("value", (0,)), run=_same)
    with pytest.raises(
        DeclarationError, match=r"^\+X: there is no operation 'socket.opn'; known: .*socket.open"
    ):
        command("+X", form, cite="test", op="socket.opn")


# ---- hooks ---------------------------------------------------------------------------------------


class Silent(M1Module):
    """Its author forgot a hook."""

    def link_failed(self, link: Link, failure: Failure) -> None:
        Module.link_failed(self, link, failure)


def test_a_hook_that_is_missing_is_named_with_the_class_that_lacks_it() -> None:
    bench = Bench(replace(ACME_M1, module=Silent))
    bench.does("AT+MNET=1", "OK")
    with pytest.raises(NotImplementedError, match=r"test_declarations.Silent does not say link_failed\(\)$"):
        bench.asks('AT+MOPEN=0,"TCP","192.0.2.1",7')


def test_a_command_set_refuses_a_name_twice() -> None:
    item = command("+X", write(Choice("value", (0,)), run=_same), cite="test")
    with pytest.raises(ValueError, match=r"the command \+X is declared twice"):
        CommandSet([item, item])

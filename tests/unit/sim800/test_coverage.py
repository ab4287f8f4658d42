"""Every command of the checklist is declared with every form, and every declared form has its dialogue.

The dialogues stand in ``tests/data/sim800_forms.txt``; each is played whole, and it is looked up which
form of the declaration its line runs. So nothing can be declared that no dialogue has ever run.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from sim800_bench import Bench
from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.command import Choice, Command, Form, Kind
from vmodem.emulator.engine import Modem
from vmodem.emulator.parser import parse

DATA = Path(__file__).parents[2] / "data"


class Example(NamedTuple):
    """One line of the file of dialogues."""

    form: str
    before: tuple[str, ...]
    line: str
    answer: bytes


def _examples() -> list[Example]:
    found = []
    for text in (DATA / "sim800_forms.txt").read_text(encoding="utf-8").splitlines():
        if text.startswith("#"):
            continue
        form, before, line, answer = (part.strip(" ") for part in text.split("|"))
        # The strip takes the space of a prompt, which alone ends without a line end.
        answer += " " if answer.endswith(">") else ""
        lines = tuple(part.strip() for part in before.split(";;") if part.strip())
        found.append(Example(form, lines, line, answer.encode().decode("unicode_escape").encode("latin-1")))
    return found


EXAMPLES = _examples()


def key(command: Command, form: Form) -> str:
    """A form as the file names it."""
    variant = "" if form.only is None else f" {form.only.__name__}"
    return f"{command.name} {form.kind.value}{variant}"


DECLARED = [key(command, form) for command in SIM800.commands for form in command.forms]


@pytest.mark.parametrize("form", DECLARED)
def test_a_declared_form_has_a_dialogue(form: str) -> None:
    assert [example.form for example in EXAMPLES].count(form) >= 1


def test_no_dialogue_is_of_a_form_that_is_not_declared() -> None:
    assert {example.form for example in EXAMPLES} <= set(DECLARED)


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{e.form}: {e.line}" for e in EXAMPLES])
def test_dialogue(example: Example) -> None:
    bench = Bench()
    for line in example.before:
        assert b"ERROR" not in bench.asks(line), line
    assert _form_run(bench, example.line) == example.form
    assert bench.asks(example.line) == example.answer


def _form_run(bench: Bench, line: str) -> str:
    """Which declared form ``line`` runs as things stand: the first of its kind that is in force."""
    (parsed,) = parse(line[2:])
    command = SIM800.commands.get(parsed.name)
    assert command is not None
    assert parsed.kind is not None
    assert isinstance(bench.world.modem, Modem)
    module = bench.world.modem._module
    for form in command.forms:
        if form.kind is parsed.kind and (form.only is None or form.only(module)):
            return key(command, form)
    raise AssertionError(f"no form of {parsed.name} is in force")


# ---- the checklist ------------------------------------------------------------------------------------


def _checklist() -> list[tuple[str, str]]:
    with (DATA / "commands.csv").open(encoding="utf-8", newline="") as file:
        return [(row["command"], row["forms"]) for row in csv.DictReader(file) if row["dialect"] == "sim800"]


CHECKLIST = _checklist()


def test_the_checklist_is_the_whole_one() -> None:
    assert len(CHECKLIST) == 34


@pytest.mark.parametrize(("name", "forms"), CHECKLIST, ids=[name for name, _ in CHECKLIST])
def test_the_checklist(name: str, forms: str) -> None:
    if forms == "escape":
        assert SIM800.escape.guard == 1.0
        assert SIM800.escape.gap == 1.0
        return
    command = SIM800.commands.get(name.removeprefix("AT"))
    assert command is not None, f"{name} is not declared"
    assert not command.stub
    assert not command.refused
    for letter, variant in re.findall(r"([TRWE])(?: ?\(([^)]*)\))?(?:,|$)", forms):
        # A basic command has one form only, whatever it is called.
        kind = Kind(letter) if command.name.startswith("+") else Kind.WRITE
        offered = [form for form in command.forms if form.kind is kind]
        assert offered, f"{name} lacks {letter}"
        if variant in ("single", "multi"):
            assert any(form.only is not None and form.only.__name__ == variant for form in offered)
        elif variant.isdecimal():
            assert all(_takes(form, int(variant)) for form in offered)


def _takes(form: Form, value: int) -> bool:
    first = form.parameters[0]
    return isinstance(first, Choice) and value in first.values

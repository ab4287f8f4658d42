"""The files of exemplary dialogues, one for each declared form, and the checklist of commands.

A line of ``tests/data/<dialect>_forms.txt``: the form and its variant, the lines before, the line, the
whole answer. So nothing can be declared that no dialogue has ever run.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import NamedTuple

from toolkit_bench import ToolkitBench
from vmodem.emulator.command import Choice, Command, Form, Kind
from vmodem.emulator.dialect import Dialect
from vmodem.emulator.engine import Modem
from vmodem.emulator.parser import parse

DATA = Path(__file__).parent / "data"


class Example(NamedTuple):
    """One line of the file of dialogues."""

    form: str
    before: tuple[str, ...]
    line: str
    answer: bytes

    @property
    def name(self) -> str:
        """What a test is called."""
        return f"{self.form}: {self.line}"


def examples(file: str) -> list[Example]:
    """The dialogues of a file in ``tests/data``."""
    found = []
    for text in (DATA / file).read_text(encoding="utf-8").splitlines():
        if text.startswith("#"):
            continue
        form, before, line, answer = (part.strip(" ") for part in text.split("|"))
        # The strip takes the space of a prompt, which alone ends without a line end.
        answer += " " if answer.endswith(">") else ""
        lines = tuple(part.strip() for part in before.split(";;") if part.strip())
        found.append(Example(form, lines, line, answer.encode().decode("unicode_escape").encode("latin-1")))
    return found


def key(command: Command, form: Form) -> str:
    """A form as the file names it."""
    variant = "" if form.only is None else f" {form.only.__name__}"
    return f"{command.name} {form.kind.value}{variant}"


def declared(dialect: Dialect) -> list[str]:
    """Every form that the dialect declares."""
    return [key(command, form) for command in dialect.commands for form in command.forms]


def play(bench: ToolkitBench, example: Example) -> None:
    """The dialogue is as written, and runs the form that it says."""
    for line in example.before:
        assert b"ERROR" not in bench.asks(line), line
    assert _form_run(bench, example.line) == example.form
    assert bench.asks(example.line) == example.answer


def _form_run(bench: ToolkitBench, line: str) -> str:
    """Which declared form ``line`` runs as things stand: the first of its kind that is in force."""
    (parsed,) = parse(line[2:])
    command = bench.dialect.commands.get(parsed.name)
    assert command is not None
    assert parsed.kind is not None
    assert isinstance(bench.world.modem, Modem)
    module = bench.world.modem._module
    for form in command.forms:
        if form.kind is parsed.kind and (form.only is None or form.only(module)):
            return key(command, form)
    raise AssertionError(f"no form of {parsed.name} is in force")


# ---- the checklist ------------------------------------------------------------------------------------


def checklist(dialect: str) -> list[tuple[str, str]]:
    """The commands of ``dialect`` with their forms, as the specification lists them."""
    with (DATA / "commands.csv").open(encoding="utf-8", newline="") as file:
        return [(row["command"], row["forms"]) for row in csv.DictReader(file) if row["dialect"] == dialect]


def check(dialect: Dialect, name: str, forms: str) -> None:
    """The command is declared, works, and offers every form of the checklist."""
    command = dialect.commands.get(name.removeprefix("AT"))
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

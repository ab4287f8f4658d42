"""What each dialect can do, as tables made from its declarations: the behaviour is the source."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from . import registry
from .command import Command
from .dialect import CommandSet, Dialect

HEADINGS = ("command", "forms", "documented in", "status")
FORMATS = ("text", "csv", "markdown")

Row = tuple[str, ...]


def status(command: Command) -> str:
    """``implemented``, ``stub: why`` (accepted without effect) or ``refused: why``."""
    if command.refused:
        return f"refused: {command.refused}"
    return f"stub: {command.stub}" if command.stub else "implemented"


def rows(dialect: Dialect) -> list[Row]:
    """A row for each command, as the host types it, by name."""
    return [
        (f"AT{command.name}", command.letters(), command.cite, status(command))
        for command in sorted(dialect.commands, key=lambda command: command.name)
    ]


def commands_table(dialect: Dialect, form: str) -> str:
    """The commands of ``dialect`` in one of :data:`FORMATS`, with the line ends of a text file."""
    table = rows(dialect)
    if form == "csv":
        return _csv(table)
    if form == "markdown":
        return _markdown(table)
    return f"{_text((HEADINGS, *table))}\n{_summary(dialect.commands)}\n"


def dialects_table() -> tuple[str, list[str]]:
    """Name, title and documents of every dialect, and what is wrong with those that cannot be had."""
    table: list[Row] = []
    broken: list[str] = []
    for name in registry.names():
        try:
            dialect = registry.find(name)
        except registry.BrokenDialect as error:
            broken.append(str(error))
            continue
        table.append((name, dialect.title))
        table += [("", document) for document in dialect.documents]
    return _text(table), broken


def _summary(commands: CommandSet) -> str:
    refused = sum(bool(command.refused) for command in commands)
    stubs = sum(bool(command.stub and not command.refused) for command in commands)
    implemented = len(commands) - refused - stubs
    return f"{len(commands)} commands: {implemented} implemented, {stubs} stubs, {refused} refused"


def _text(table: Sequence[Row]) -> str:
    if not table:
        return ""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _csv(table: Sequence[Row]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows((HEADINGS, *table))
    return file.getvalue()


def _markdown(table: Sequence[Row]) -> str:
    lines = [HEADINGS, ("---",) * len(HEADINGS), *(_cells(row) for row in table)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(row: Row) -> Row:
    command, forms, *rest = (cell.replace("\\", "\\\\").replace("|", "\\|") for cell in row)
    return (f"`{command}`", forms, *rest)

"""Scenario files on the command line: read, or looked through for mistakes; for editors' hooks too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from .console import complain, say
from .mistakes import UsageError
from .scenario.check import remarks
from .scenario.load import checked, load
from .scenario.model import Scenario
from .scenario.text import ScenarioError, read

CATALOGUE = Path(__file__).parents[1] / "scenarios"


def named(text: str) -> Path:
    """The file that ``text`` means: its path, or the bare name of a story of the catalogue."""
    path, story = Path(text), CATALOGUE / f"{text.replace('-', '_')}.yaml"
    return story if not path.suffix and not path.exists() and story.exists() else path


def route(match: str, to: str) -> object:
    """Raises ``ValueError`` for what is no route; most scenarios have none, and do without the netstack."""
    from ..netstack.routes import Route

    return Route.entry(match, to)


PlayedOn = Callable[[str], str]


def played_on(chosen: str | None, otherwise: str) -> PlayedOn:
    """On which dialect a scenario is played: what the user has ``chosen``, or it names, or ``otherwise``."""
    return lambda named: chosen or (otherwise if named == "any" else named)


def load_scenario(path: Path, dialect: PlayedOn) -> Scenario:
    """The scenario in ``path``; every fault is in the :class:`UsageError` that is raised."""
    try:
        return load(path, route, dialect)
    except ScenarioError as error:
        raise UsageError(str(error)) from error


def read_scenario(path: Path, dialect: PlayedOn) -> Scenario:
    """The scenario in ``path``; every fault is told, then :class:`UsageError` raised."""
    try:
        return load(path, route, dialect)
    except ScenarioError as error:
        for fault in error.faults:
            complain(str(fault))
        count = len(error.faults)
        raise UsageError(
            f"{path} is no scenario: {count} fault{'s' if count > 1 else ''} (mend {path}; see vmodem schema)"
        ) from error


def check_files(paths: Iterable[Path]) -> bool:
    """Tell every fault of every file, a line each, or what it holds; whether there is no fault."""
    good = True
    for path in paths:
        try:
            source = read(path)
            scenario = checked(source, route)
        except ScenarioError as error:
            good = False
            for fault in error.faults:
                complain(str(fault))
        else:
            rules, expected = len(scenario.rules), len(scenario.expect)
            say(f"{path}: {scenario.name}: {rules} rules, {expected} expectations\n")
            for remark in remarks(source, scenario):
                complain(str(remark))
    return good

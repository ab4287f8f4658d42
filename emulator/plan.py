"""``vmodem run``'s command line, checked: everything that can be without touching the machine."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .choices import Checked, Choices, check
from .fleet import MOST
from .mistakes import SetupError, UsageError
from .places import Place, pty_place, pty_places, rfc2217_places, serial_place, tcp_places

if TYPE_CHECKING:
    from .child import Command
    from .scenario.model import Scenario

MOST_RUNS = 100_000
"""More would be a mistake in typing; each is reported at the end."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: the command line, checked."""

    chosen: Checked
    places: tuple[Place, ...]
    """One for each modem."""
    log: Path | None
    pcap: Path | None
    ready_file: Path | None
    scenario: Scenario | None = None
    seed: int = 0
    """Of the scenario's chances."""
    command: Command | None = None
    """The program under test."""
    junit: Path | None = None
    ctl: Path | None = None
    redact: bool = False
    """Whether the log is one without secrets."""
    times: int = 1
    """How many runs there are."""
    run: int = 0
    """Which of them this is, from 1; 0 of a single one."""


def plan(args: argparse.Namespace) -> Plan:
    """Check everything that can be checked without touching the machine. Raises :class:`UsageError`."""
    scenario = None if args.scenario is None else _scenario(args.scenario, args.dialect)
    typed = {field.name: _frozen(getattr(args, field.name)) for field in fields(Choices)}
    given = {name: value for name, value in typed.items() if value not in (None, (), False)}
    choices = Choices(**given)
    if scenario is not None:
        from .play import laid_over, staged

        choices = laid_over(choices, scenario, given)
    places = _places(args, choices.dialect)
    chosen = check(choices, len(places))
    if scenario is not None:
        chosen = staged(chosen, scenario)
    if chosen.paced and any(place.kind == "serial" for place in places):
        who = "--baud" if "baud" in given else "modem.uart.baud of the scenario"
        raise UsageError(f"{who} is not for a real port (write its rate behind it: --serial DEVICE:RATE)")
    files = _path(args.log), _path(args.pcap), _path(args.ready_file)
    seed = scenario.seed if scenario is not None and args.seed is None else choices.seed
    if args.junit is not None and args.exec is None and scenario is None:
        raise UsageError("--junit has nothing to tell (give --scenario or --exec, or leave it out)")
    if scenario is None and (args.ctl is not None or args.junit is not None):
        scenario = _nothing_planned()
    times = _times(args, scenario)
    return Plan(
        chosen,
        tuple(places),
        *files,
        scenario,
        seed,
        _command(args),
        _path(args.junit),
        _path(args.ctl),
        _redact(args),
        times,
    )


def _redact(args: argparse.Namespace) -> bool:
    redact: bool = args.redact
    if redact and args.log is None:
        raise UsageError("--redact is for the log (give --log FILE, or leave it out)")
    if redact and args.pcap is not None:
        raise UsageError("--redact: a capture holds every byte as it was (leave --pcap or --redact out)")
    return redact


def _times(args: argparse.Namespace, scenario: Scenario | None) -> int:
    """How many runs; a story that nobody plays against is run once, when the user says so."""
    times: int
    if args.repeat is not None:
        times, who = args.repeat, "--repeat"
    else:
        times, who = (1 if scenario is None else scenario.repeat), "the scenario's repeat"
    if not 1 <= times <= MOST_RUNS:
        raise UsageError(f"{who}: {times} is no number of runs (write 1 to {MOST_RUNS})")
    if times > 1 and args.exec is None:
        raise UsageError(f"{who}: {times} runs want a driver for each (give --exec, or --repeat 1)")
    return times


def _command(args: argparse.Namespace) -> Command | None:
    if args.exec is None and args.timeout is None and args.exec_status is None:
        return None
    from .child import command

    return command(args.exec, args.timeout, args.exec_status)


def _nothing_planned() -> Scenario:
    """A scenario in which nothing happens unless somebody asks for it."""
    try:
        from .scenario.model import Scenario
    except ImportError as error:
        raise SetupError(f"--ctl and --junit need {error.name} (pip install {error.name})") from error
    return Scenario(version=1, name="vmodem")


def _scenario(text: str, dialect: str | None) -> Scenario:
    try:
        from .scenario_files import named, played_on, read_scenario
    except ImportError as error:  # the first command of the README works with nothing installed
        raise SetupError(f"--scenario needs {error.name} (pip install {error.name})") from error
    return read_scenario(named(text), played_on(dialect, Choices().dialect))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _places(args: argparse.Namespace, dialect: str) -> list[Place]:
    """The ports: those given, one modem each; or ``--count`` of one kind."""
    count = args.count
    if not 1 <= count <= MOST:
        raise UsageError(f"--count {count} is not a number of modems (write 1 to {MOST})")
    if args.link is not None and args.link_dir is not None:
        raise UsageError("--link and --link-dir both say where the port is (give one of them)")
    given = len(args.tcp) + len(args.rfc2217) + len(args.serial) + (args.link is not None)
    if count > 1:
        if args.link is not None:
            raise UsageError("--link is the place of one port (give --link-dir DIR for several modems)")
        if args.serial:
            raise UsageError("--serial is one port (give it several times, and no --count)")
        if given > 1:
            raise UsageError("--count is for ports of one kind (give one --tcp or --rfc2217, or no --count)")
    if given and args.link_dir is not None:
        raise UsageError("--link-dir is for ports that are all pseudo terminals (give --link PATH for one)")
    places = [pty_place(Path(args.link))] if args.link is not None else []
    for text in args.rfc2217:
        places += rfc2217_places("--rfc2217", text, count)
    for text in args.tcp:
        places += tcp_places("--tcp", text, count)
    places += [serial_place("--serial", text) for text in args.serial]
    return places or pty_places(dialect, count, _path(args.link_dir))


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)

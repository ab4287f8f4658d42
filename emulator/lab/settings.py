"""What a test wants of its modem, from several places laid over each other, and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ..choices import Checked, Choices, check
from ..clock import LeapingClock, RealClock
from ..endpoints import Pipe
from ..endpoints.pty import PtyPipe
from ..endpoints.tcp import Binding, TcpPipe
from ..mistakes import UsageError
from ..play import laid_over, staged
from ..scenario.model import Scenario
from ..scenario_files import load_scenario, played_on

MANY = {field.name for field in fields(Choices) if isinstance(field.default, tuple)}
OWN = ("scenario", "endpoint", "clock")
KNOWN = tuple(sorted({field.name for field in fields(Choices)} | set(OWN)))
"""What can be said of a modem."""
RUNNING, STANDING = "running", "standing"
CLOCKS = (RUNNING, STANDING)


def _tcp() -> Pipe:
    return TcpPipe(Binding("127.0.0.1", 0))


def _rfc2217() -> Pipe:
    from ..endpoints.rfc2217 import Rfc2217Pipe

    return Rfc2217Pipe(Binding("127.0.0.1", 0))


ENDPOINTS: dict[str, Callable[[], Pipe] | None] = {
    "pty": PtyPipe,
    "url": None,
    "tcp": _tcp,
    "rfc2217": _rfc2217,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What one test wants; several modems may be made of it."""

    choices: Choices
    endpoint: str
    standing: bool
    """Whether the modem's time stands still unless the test waits."""
    scenario: Scenario | None
    seed: int
    """Of the scenario's chances."""

    def checked(self, number: int) -> Checked:
        """Modem ``number`` of the test. Raises :class:`UsageError`."""
        chosen = check(self.choices, spell=lambda field: field, first=number)
        return chosen if self.scenario is None else staged(chosen, self.scenario)

    @property
    def clock(self) -> RealClock:
        """A new one."""
        return LeapingClock(running=not self.standing)


def settings(layers: Iterable[Mapping[str, Any]], folders: Iterable[Path]) -> Settings:
    """What ``layers`` say, a later one over the earlier ones; the scenario's file is in one of ``folders``.

    Raises :class:`UsageError`.
    """
    said: dict[str, Any] = {"network": "loopback"}
    for layer in layers:
        for name in layer:
            if name not in KNOWN:
                raise UsageError(f"there is no {name!r} (there are {', '.join(KNOWN)})")
        said |= {name: value for name, value in layer.items() if value is not None}
    given = {name: _typed(name, value) for name, value in said.items() if name not in OWN}
    choices, scenario = Choices(**given), None
    if "scenario" in said:
        scenario = load_scenario(
            _found(said["scenario"], folders), played_on(given.get("dialect"), Choices().dialect)
        )
        if scenario.repeat > 1:
            text = (
                "is for vmodem run --exec (leave it out; a test that is parametrized by seed does the same)"
            )
            raise UsageError(f"{said['scenario']}: repeat: {scenario.repeat} {text}")
        choices = laid_over(choices, scenario, given)
    standing = _one_of("clock", said.get("clock", RUNNING), CLOCKS) == STANDING
    endpoint = _one_of("endpoint", said.get("endpoint", "url" if standing else "pty"), ENDPOINTS)
    if standing and endpoint != "url":
        raise UsageError(f"clock {STANDING!r} is for the port in the process (leave endpoint out)")
    if standing and (choices.boot or choices.baud is not None):
        raise UsageError(f"with clock {STANDING!r} a line has no rate and nobody boots it (use modem.power)")
    seed = scenario.seed if scenario is not None and "seed" not in given else choices.seed
    return Settings(choices, endpoint, standing, scenario, seed)


def _typed(name: str, value: Any) -> Any:
    """Numbers where texts are meant, and one where many may be."""
    if name in MANY:
        return (value,) if isinstance(value, str) else tuple(value)
    if name in ("seed", "boot"):
        kind: type = int if name == "seed" else bool
        if not isinstance(value, kind):
            raise UsageError(f"{name} {value!r} is no {kind.__name__}")
        return value
    return value if isinstance(value, str) else str(value)


def _one_of(name: str, value: Any, known: Iterable[str]) -> str:
    if value not in known:
        raise UsageError(f"{name} {value!r} is none of {', '.join(known)} (write one of them)")
    return str(value)


def _found(name: Any, folders: Iterable[Path]) -> Path:
    places: list[Path] = [folder / name for folder in folders]
    for path in places:
        if path.exists():
            return path
    looked = ", ".join(str(path.parent) for path in places)
    raise UsageError(f"there is no scenario {str(name)!r} (looked in {looked})")

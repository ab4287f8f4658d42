"""A scenario on the command line: read, laid over what the user chose, played, and told how it ended."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass, field, replace

from msgspec import UNSET

from ..netstack.routes import Route, Routes
from .choices import Checked, Choices
from .console import complain
from .dialect import Dialect, Options
from .hosting import Act
from .mistakes import UsageError
from .scenario import values
from .scenario.director import Director
from .scenario.model import Scenario
from .scenario.report import Report
from .scenario.steps_network import STAT
from .transcript import JsonLog

FLOW = {"none": (0, 0), "xon_xoff": (1, 1), "rts_cts": (2, 2)}


def laid_over(choices: Choices, scenario: Scenario, given: Container[str]) -> Choices:
    """What the user chose (the fields ``given``), and where he chose nothing, what the scenario says."""
    modem = scenario.modem
    wanted: dict[str, object] = {}
    if modem.dialect != "any":
        wanted["dialect"] = modem.dialect
    if modem.boot:
        wanted["boot"] = True
    if modem.sim.pin is not UNSET:
        wanted["pin"] = modem.sim.pin
    if modem.uart.baud is not UNSET:
        wanted["baud"] = str(modem.uart.baud)
    return replace(choices, **{name: value for name, value in wanted.items() if name not in given})  # type: ignore[arg-type]


def staged(chosen: Checked, scenario: Scenario) -> Checked:
    """The modules and routes as the scenario wants them; :class:`UsageError` for an unknown duration."""
    for name in scenario.modem.latency:
        if name not in chosen.dialect.timings:
            raise UsageError(
                f"{scenario.name}: modem.latency: {chosen.dialect.name} has no duration {name!r}"
            )
    routes = tuple(Route.entry(route.match, route.to) for route in scenario.routes)
    return replace(
        chosen,
        options=tuple(_options(options, scenario) for options in chosen.options),
        routes=Routes((*chosen.routes.all, *routes)),
    )


def _options(options: Options, scenario: Scenario) -> Options:
    network, uart = scenario.modem.network, scenario.modem.uart
    latencies = {name: values.seconds(text) for name, text in scenario.modem.latency.items()}
    return replace(
        options,
        timings={**options.timings, **latencies},
        card=scenario.modem.sim.present,
        registered=STAT[network.registered],
        rssi=options.rssi if network.rssi is UNSET else network.rssi,
        lac=options.lac if network.lac is UNSET else network.lac,
        ci=options.ci if network.ci is UNSET else network.ci,
        operator=options.operator if network.operator is UNSET else network.operator,
        flow=options.flow if uart.flow is UNSET else FLOW[uart.flow],
    )


@dataclass(slots=True)
class Play:
    """One run of a scenario with some modems."""

    scenario: Scenario
    dialect: Dialect
    seed: int
    finished: Callable[[str], None]
    """Told why the run is over: the last modem's story has ended, or the first one has failed."""
    modems: int = 1
    """How many there will be."""
    directors: list[Director] = field(default_factory=list)
    _over: set[Director] = field(default_factory=set)

    def act(self, now: float) -> Act:
        """The part of one more modem, beginning now."""
        seed = self.seed + len(self.directors)
        director = Director(self.scenario, seed, now, self.dialect)
        self.directors.append(director)
        return Act(director, str(seed), lambda why: self._ended(director, why))

    def _ended(self, director: Director, why: str) -> None:
        """Each modem is judged when its own story ends; it works on while the others have no end yet."""
        director.finish(director.now)
        self._over.add(director)
        if director.failed or len(self._over) == self.modems:
            self.finished(why)

    def reports(self, now: float) -> list[Report]:
        """How it ended, for each modem."""
        return [director.finish(now) for director in self.directors]


def record(log: JsonLog, now: float, reports: list[Report]) -> None:
    """Write to the log how each expectation ended."""
    for number, report in enumerate(reports):
        part = log if len(reports) == 1 else log.of(number)
        part.report(
            now,
            passed=report.passed,
            seed=report.seed,
            verdict=report.verdict,
            expectations=[{"id": o.id, "met": o.met, "detail": o.detail} for o in report.outcomes],
        )


def tell(reports: list[Report], seed: int) -> None:
    """Say on standard error how each expectation ended."""
    for number, report in enumerate(reports):
        whose = f"modem {number}: " if len(reports) > 1 else ""
        for outcome in report.outcomes:
            complain(f"{whose}{'met' if outcome.met else 'FAILED'}: {outcome.id}: {outcome.detail}")
        if report.verdict:
            complain(f"{whose}verdict: {report.verdict}")
    if not all(report.passed for report in reports):
        complain(f"the scenario failed (seed {seed})")

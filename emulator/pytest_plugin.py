"""The pytest plugin: fixtures ``modem`` and ``modem_factory``, the marker, the options, the report.

Rules for editors: every pytest run of whoever has vmodem installed imports this module. It imports
nothing but pytest's own; the emulator is imported when a test first asks for a modem.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import pluggy

    from .lab.modem import LabModem
    from .lab.real import RealModem
    from .lab.settings import Settings

MARK = "vmodem"
KNOWN = (
    "baud",
    "boot",
    "clock",
    "dialect",
    "endpoint",
    "imei",
    "listen_host",
    "local_ip",
    "network",
    "number",
    "pin",
    "route",
    "scenario",
    "seed",
    "timing",
)
"""The marker's keywords: what :mod:`vmodem.emulator.lab.settings` knows (a test compares)."""
INI = ("dialect", "network", "timing", "scenario_dir", "log_dir")
_MARKER = f"{MARK}(**settings): what the fixture modem is like: {', '.join(KNOWN)} (vmodem's README)"
PROPERTY = "vmodem_transcript"
LARGEST_PROPERTY = 100_000
"""Characters of the transcript in the JUnit file: its end."""
_MODEMS = pytest.StashKey["list[LabModem]"]()


# ---- options -------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--vmodem-...`` and ``vmodem_...`` in the configuration file."""
    group = parser.getgroup("vmodem", "virtual cellular modems (vmodem)")
    add = group.addoption
    text = "the module; given several times, each test with a modem runs once on each"
    add("--vmodem-dialect", metavar="NAME", action="append", default=[], help=text)
    add("--vmodem-seed", metavar="N", type=int, default=None, help="of serial numbers and of chance")
    text = "a folder for each test there: the log of each modem (JSON lines) and its transcript"
    add("--vmodem-log-dir", metavar="DIR", default=None, help=text)
    add("--vmodem-scenario-dir", metavar="DIR", default=None, help="where scenario= is looked for first")
    text = "run the tests on a real module; those that need the emulator are skipped"
    add("--vmodem-real", metavar="DEVICE", default=None, help=text)
    parser.addini("vmodem_dialect", "the module (default: sim800)")
    parser.addini("vmodem_network", "what may be reached: loopback (default), host, none")
    parser.addini("vmodem_timing", "latencies: instant (default), typical, or a factor")
    parser.addini("vmodem_scenario_dir", "as --vmodem-scenario-dir")
    parser.addini("vmodem_log_dir", "as --vmodem-log-dir")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; one real module cannot be shared by several workers."""
    config.addinivalue_line("markers", _MARKER)
    if config.getoption("vmodem_real") and getattr(config.option, "numprocesses", None):
        raise pytest.UsageError("--vmodem-real is one module: run without -n")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse markers that say what does not exist, before anything runs."""
    for item in items:
        for marker in item.iter_markers(MARK):
            unknown = sorted(set(marker.kwargs) - set(KNOWN))
            if marker.args or unknown:
                what = f"has no {unknown[0]!r}" if unknown else "takes keywords only"
                raise pytest.UsageError(
                    f"{item.nodeid}: the marker {MARK} {what} (there are {', '.join(KNOWN)})"
                )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each dialect that is asked for, by the marker or on the command line."""
    if "vmodem_dialect" not in metafunc.fixturenames:
        return
    marked = [m.kwargs["dialect"] for m in metafunc.definition.iter_markers(MARK) if "dialect" in m.kwargs]
    wanted = marked[0] if marked else metafunc.config.getoption("vmodem_dialect")
    if not isinstance(wanted, str) and len(wanted) > 1:
        metafunc.parametrize("vmodem_dialect", list(wanted), indirect=True)


# ---- fixtures ------------------------------------------------------------------------------------


@pytest.fixture
def vmodem_config() -> dict[str, Any]:
    """What every modem is like where its test's marker and the command line say nothing: override it."""
    return {}


@pytest.fixture
def vmodem_dialect(request: pytest.FixtureRequest) -> str | None:
    """The dialect that is asked for by the marker or on the command line; None: nobody has."""
    if hasattr(request, "param"):
        return str(request.param)
    marked = _marked(request.node).get("dialect") or request.config.getoption("vmodem_dialect")
    if not marked:
        return None
    return marked if isinstance(marked, str) else str(marked[0])


@pytest.fixture
def modem(modem_factory: Callable[..., Any]) -> LabModem | RealModem:
    """A fresh modem: ``port`` (a pseudo terminal), ``url`` (the same one inside the process), and verbs."""
    made: LabModem | RealModem = modem_factory()
    return made


@pytest.fixture
def modem_factory(
    request: pytest.FixtureRequest, vmodem_config: dict[str, Any], vmodem_dialect: str | None
) -> Iterator[Callable[..., Any]]:
    """Makes modems, as many as the test wants, which reach each other; keywords as the marker's."""
    device = request.config.getoption("vmodem_real")
    if device is not None:
        yield _real(request.node, device)
        return
    from .lab.rack import Rack

    rack = Rack(_settings(request, vmodem_config, vmodem_dialect), _folder(request))
    request.node.stash[_MODEMS] = rack.modems
    yield _told(rack.make)
    complaint = rack.finish()
    if complaint:
        _attach(request.node)
        pytest.fail(complaint, pytrace=False)


def _told(make: Callable[..., LabModem]) -> Callable[..., LabModem]:
    """Mistakes of the test's author in one line, without our part of the traceback."""

    def told(**settings: Any) -> LabModem:
        from .endpoints import EndpointError
        from .mistakes import CommandLineError

        try:
            return make(**settings)
        except (CommandLineError, EndpointError) as error:
            wrong = str(error)
        pytest.fail(f"vmodem: {wrong}", pytrace=False)

    return told


def _real(item: pytest.Item, device: str) -> Callable[..., RealModem]:
    made: list[RealModem] = []

    def make(**settings: Any) -> RealModem:
        from .lab.real import RealModem

        unusual = sorted({*settings, *_marked(item)} - {"dialect", "seed", "network", "timing"})
        if unusual:
            pytest.skip(f"{unusual[0]}= needs the emulator, and --vmodem-real {device} is a real module")
        if made:
            pytest.skip(f"--vmodem-real {device} is one module, and the test wants several")
        made.append(RealModem(device, pytest.skip))
        return made[0]

    return make


def _marked(item: pytest.Item) -> dict[str, Any]:
    """What the markers say, that of the function over those of class and module."""
    said: dict[str, Any] = {}
    for marker in item.iter_markers(MARK):
        said = {**marker.kwargs, **said}
    return said


def _settings(
    request: pytest.FixtureRequest, config: dict[str, Any], dialect: str | None
) -> Callable[[dict[str, Any]], Settings]:
    """What reads the settings: ini, then the fixture, the command line, the marker, the factory's call."""
    options = request.config
    ini = {name: options.getini(f"vmodem_{name}") or None for name in ("dialect", "network", "timing")}
    typed = {"seed": options.getoption("vmodem_seed")}
    layers = [ini, config, typed, {**_marked(request.node), "dialect": dialect}]
    scenarios = options.getoption("vmodem_scenario_dir") or options.getini("vmodem_scenario_dir")
    folders = [request.path.parent, options.rootpath]
    if scenarios:
        folders.insert(0, options.rootpath / scenarios)

    def read(called: dict[str, Any]) -> Settings:
        from .lab.settings import settings

        return settings([*layers, called], folders)

    return read


def _folder(request: pytest.FixtureRequest) -> Path | None:
    """The test's own folder for logs."""
    options = request.config
    chosen = options.getoption("vmodem_log_dir") or options.getini("vmodem_log_dir")
    if not chosen:
        return None
    name = re.sub(r"[^A-Za-z0-9_.\[\]-]+", "_", request.node.nodeid)[-150:]
    folder = options.rootpath / chosen / name
    folder.mkdir(parents=True, exist_ok=True)
    return Path(folder)


# ---- the report ----------------------------------------------------------------------------------


@pytest.hookimpl(hookwrapper=True)  # the way of every pytest since 7: who does not use us may have an old one
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pluggy.Result[pytest.TestReport], None]:
    """Show what the modems said and where they stand when a test fails."""
    outcome = yield
    modems = item.stash.get(_MODEMS, [])
    if not modems or call.when == "setup":
        return
    report = outcome.get_result()
    if report.failed:
        for modem in modems[:SHOWN]:
            report.sections.append((f"vmodem {modem.number}", modem.describe()))
        _attach(item)


SHOWN = 5
"""Modems in a report."""


def _attach(item: pytest.Item) -> None:
    """The transcripts into the JUnit file, once."""
    if any(name == PROPERTY for name, _ in item.user_properties):
        return
    for modem in item.stash.get(_MODEMS, [])[:SHOWN]:
        text = f"modem {modem.number}, {modem.dialect}\n{modem.transcript}"
        item.user_properties.append((PROPERTY, text[-LARGEST_PROPERTY:]))

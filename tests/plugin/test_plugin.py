"""The plugin as pytest loads it: options, markers, reports, JUnit, xdist; and what it costs others."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from vmodem.emulator import pytest_plugin
from vmodem.emulator.lab import settings
from vmodem.emulator.lab.modem import LabModem
from vmodem.emulator.lab.network import Network
from vmodem.emulator.lab.peer import Connection, TcpPeer

pytest_plugins = ["pytester"]

ASKS = """
import pytest, serial

def ask(modem, line, until=b"OK\\r\\n"):
    with serial.serial_for_url(modem.port, timeout=10) as port:
        port.write(line.encode() + b"\\r")
        heard = port.read_until(until)
    assert heard.endswith(until)
    return heard.decode()
"""


def test_nothing_to_configure(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(ASKS + "def test_it(modem):\n    assert 'SIM800' in ask(modem, 'ATI')\n")
    result = pytester.runpytest_subprocess("--strict-markers", "-W", "error")
    result.assert_outcomes(passed=1)


def test_it_is_on_the_list_of_fixtures_and_markers(pytester: pytest.Pytester) -> None:
    shown = pytester.runpytest_subprocess("--fixtures").stdout.str()
    assert "modem -- " in shown
    assert "a fresh modem: ``port``" in shown.lower()
    shown = pytester.runpytest_subprocess("--markers").stdout.str()
    assert "@pytest.mark.vmodem(**settings): what the fixture modem is like: baud, boot, clock" in shown


def test_the_marker_knows_what_the_settings_know() -> None:
    assert pytest_plugin.KNOWN == settings.KNOWN


def test_the_page_names_everything(pytester: pytest.Pytester) -> None:
    """Every verb, setting, option and line of the ini file."""
    page = (Path(__file__).parents[2] / "emulator" / "lab" / "README.md").read_text()
    verbs = [
        n for kind in (LabModem, Network, TcpPeer, Connection) for n in vars(kind) if not n.startswith("_")
    ]
    ours = {"hosted", "inject", "describe", "finish", "let_pass", "address", "expect_none", "hang_up"}
    unnamed = [name for name in verbs if name not in ours and not re.search(rf"\b{name}\b", page)]
    assert not unnamed
    for name in (*pytest_plugin.KNOWN, *settings.ENDPOINTS, *settings.CLOCKS):
        assert f"`{name}`" in page or f'"{name}"' in page, name
    shown = pytester.runpytest_subprocess("--help").stdout.str()
    for option in {*re.findall(r"--vmodem-[a-z-]+", shown), *re.findall(r"vmodem_[a-z_]+", shown)}:
        assert f"`{option}" in page, option


def test_who_does_not_use_it_pays_nothing() -> None:
    """Importing the plugin imports neither the emulator, nor pyserial, nor anything but pytest's own."""
    script = (
        "import sys, pytest; before = set(sys.modules)\n"
        "import vmodem.emulator.pytest_plugin\n"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str(
        ["serial.urlhandler.protocol_vmodem", "vmodem", "vmodem.emulator", "vmodem.emulator.pytest_plugin"]
    )


def test_a_project_with_a_modem_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import pytest\n@pytest.fixture\ndef modem():\n    return 'mine'\n")
    pytester.makepyfile("def test_it(modem):\n    assert modem == 'mine'\n")
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


# ---- what is wanted ------------------------------------------------------------------------------


def test_each_place_wins_over_those_before_it(pytester: pytest.Pytester) -> None:
    """ini, vmodem_config, command line, marker, the factory's call."""
    pytester.makeini("[pytest]\nvmodem_dialect = bg96\nvmodem_network = none\n")
    pytester.makepyfile(
        test_ini=ASKS + "def test_it(modem):\n    assert modem.dialect == 'bg96'\n",
        test_config=ASKS
        + """
@pytest.fixture
def vmodem_config():
    return {"dialect": "quectel_mxx", "imei": "123456789012345"}

def test_config(modem, request):
    wanted = request.config.getoption("vmodem_dialect") or ["quectel_mxx"]
    assert modem.dialect == wanted[0]
    assert "123456789012345" in ask(modem, "AT+GSN")

@pytest.mark.vmodem(dialect="sim800", imei="123456789012346")
def test_marker(modem):
    assert modem.dialect == "sim800"
    assert "123456789012346" in ask(modem, "AT+GSN")

@pytest.mark.vmodem(dialect="sim800")
def test_call(modem_factory):
    assert modem_factory(dialect="quectel_mxx").dialect == "quectel_mxx"
""",
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=4)
    result = pytester.runpytest_subprocess("--vmodem-dialect", "sim800", "test_config.py")
    result.assert_outcomes(passed=3)


def test_markers_of_a_class_and_its_methods(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        ASKS
        + """
@pytest.mark.vmodem(dialect="bg96", imei="123456789012345")
class TestBg96:
    @pytest.mark.vmodem(imei="123456789012346")
    def test_it(self, modem):
        assert modem.dialect == "bg96"
        assert "123456789012346" in ask(modem, "AT+GSN")
"""
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_several_dialects_are_several_tests(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        ASKS
        + """
def test_both(modem):
    ask(modem, "AT")
def test_indirect(modem_factory):
    modem_factory()
@pytest.mark.vmodem(dialect="sim800")
def test_one(modem):
    assert modem.dialect == "sim800"
@pytest.mark.vmodem(dialect=["sim800", "quectel_mxx", "bg96"])
def test_three(modem):
    ask(modem, "AT")
def test_none():
    pass
"""
    )
    options = ("--vmodem-dialect", "sim800", "--vmodem-dialect", "bg96")
    result = pytester.runpytest_subprocess("-v", *options)
    result.assert_outcomes(passed=9)
    result.stdout.fnmatch_lines(["*test_both?sim800?*", "*test_both?bg96?*", "*test_one PASSED*"])


def test_a_seed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(ASKS + "def test_it(modem):\n    print(ask(modem, 'AT+GSN'))\n")
    numbers = set()
    for seed in ("0", "1", "1"):
        shown = pytester.runpytest_subprocess("-s", "--vmodem-seed", seed).stdout.str()
        numbers.add(next(line for line in shown.splitlines() if line.strip().isdigit()))
    assert len(numbers) == 2


@pytest.mark.parametrize("where", ["beside", "ini", "option"])
def test_a_scenario(pytester: pytest.Pytester, where: str) -> None:
    story = "version: 1\nname: lost\nmodem: {dialect: bg96}\nrules:\n"
    story += '  - {id: gone, when: {command: "AT+CSQ", phase: done}, do: [{urc: "+GONE"}]}\n'
    story += 'expect:\n  - {id: asks, command: "AT+CREG?"}\n'
    pytester.makefile(".yaml", lost=story)
    options = []
    if where != "beside":
        folder = pytester.mkdir("stories")
        (pytester.path / "lost.yaml").rename(folder / "lost.yaml")
        if where == "ini":
            pytester.makeini("[pytest]\nvmodem_scenario_dir = stories\n")
        else:
            options = ["--vmodem-scenario-dir", "stories"]
    pytester.makepyfile(
        ASKS
        + """
@pytest.mark.vmodem(scenario="lost.yaml")
class TestLost:
    def test_met(self, modem):
        assert modem.dialect == "bg96"
        ask(modem, "AT+CSQ", b"+GONE\\r\\n")
        ask(modem, "AT+CREG?")
    def test_not_met(self, modem):
        ask(modem, "AT+CSQ", b"+GONE\\r\\n")
"""
    )
    result = pytester.runpytest_subprocess(*options)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["not met: asks: happened 0 times, at least 1 expected"])


def test_a_scenario_that_is_none(pytester: pytest.Pytester) -> None:
    pytester.makefile(
        ".yaml", bad="version: 1\nname: x\nrules:\n  - {id: a, when: {comand: X}, do: [hang: true]}\n"
    )
    pytester.makepyfile(ASKS + "@pytest.mark.vmodem(scenario='bad.yaml')\ndef test_it(modem):\n    pass\n")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["vmodem: *bad.yaml:4: rules?0?.when: unknown key 'comand'*"])


@pytest.mark.parametrize("said", ["dialct='sim800'", "'sim800'"])
def test_a_marker_that_says_what_does_not_exist(pytester: pytest.Pytester, said: str) -> None:
    pytester.makepyfile(ASKS + f"@pytest.mark.vmodem({said})\ndef test_it(modem):\n    pass\n")
    result = pytester.runpytest_subprocess()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    wrong = "has no 'dialct'" if "dialct" in said else "takes keywords only"
    result.stderr.fnmatch_lines([f"*test_it: the marker vmodem {wrong} (there are baud, boot, clock,*"])


def test_a_value_that_makes_no_sense(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(ASKS + "@pytest.mark.vmodem(dialect='sim900')\ndef test_it(modem):\n    pass\n")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["vmodem: no dialect 'sim900'; *known: *sim800*"])
    assert "Traceback" not in result.stdout.str()


def test_the_network_is_loopback_unless_said(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        ASKS
        + """
def test_it(modem):
    with serial.serial_for_url(modem.port, timeout=10) as port:
        for line in ("AT+CSTT", "AT+CIICR"):
            port.write(line.encode() + b"\\r")
            port.read_until(b"OK\\r\\n")
        port.write(b'AT+CIFSR;+CIPSTART="TCP","192.0.2.1",80\\r')
        assert port.read_until(b"CONNECT FAIL\\r\\n").endswith(b"CONNECT FAIL\\r\\n")
    assert "192.0.2.1" in str(modem.transcript.last(10))
    assert any("policy" in e.text or "loopback" in e.text for e in modem.transcript if e.mark == "*")
"""
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


# ---- reports -------------------------------------------------------------------------------------

FAILS = (
    ASKS
    + """
def test_fails(modem):
    modem.expect("AT+CIPSEND*", within=500)
    ask(modem, "AT+CSQ")
    assert False, "on purpose"

def test_expects(modem):
    modem.expect("AT+CIPSEND*", within=500)
    ask(modem, "ATE0")

def test_passes(modem):
    modem.expect("ATE0")
    ask(modem, "ATE0")
"""
)


def test_a_failure_shows_the_dialogue_the_states_and_what_is_open(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(FAILS)
    result = pytester.runpytest_subprocess("--junitxml=out.xml", "--vmodem-log-dir=logs")
    # test_fails has failed, and its expectation with it
    result.assert_outcomes(failed=1, passed=2, errors=2)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_fails*",
            "not met: AT+CIPSEND? (1): happened 0 times, at least 1 expected",
            "*ERROR at teardown of test_expects*",
            "not met: AT+CIPSEND? (1): happened 0 times, at least 1 expected",
            "*- vmodem 0 -*",
            "* > ATE0\\r",
            "* < ATE0\\r\\r\\nOK\\r\\n",
            "states: IP INITIAL, *registration: HOME*",
            "expectation AT+CIPSEND? (1): FAILED: happened 0 times*",
            "*_ test_fails _*",
            "E*on purpose",
            "*- vmodem 0 -*",
            "* < AT+CSQ\\r\\r\\n+CSQ: 20,0\\r\\n\\r\\nOK\\r\\n",
            "expectation AT+CIPSEND? (1): open: happened 0 times so far",
        ]
    )


def test_the_transcript_is_in_the_junit_file_and_the_log_folder(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(FAILS)
    pytester.runpytest_subprocess("--junitxml=out.xml", "--vmodem-log-dir=logs")
    cases = {case.get("name"): case for case in ElementTree.parse(pytester.path / "out.xml").iter("testcase")}
    for name, asked in (("test_fails", "AT+CSQ"), ("test_expects", "ATE0")):
        (found,) = cases[name].iter("property")
        assert found.get("name") == "vmodem_transcript"
        assert f"> {asked}\\r\n" in (found.get("value") or "")
        assert found.get("value", "").startswith("modem 0, sim800\n")
    assert not list(cases["test_passes"].iter("property"))
    logs = sorted(
        str(p.relative_to(pytester.path / "logs"))
        for p in (pytester.path / "logs").rglob("*.*")
        if p.is_file()
    )
    module = next(p.name for p in pytester.path.glob("test_*.py"))
    names = ("expects", "fails", "passes")
    assert logs == [f"{module}_test_{name}/modem-0.{end}" for name in names for end in ("jsonl", "txt")]
    folder = pytester.path / "logs" / f"{module}_test_fails"
    assert "> AT+CSQ\\r\n" in (folder / "modem-0.txt").read_text()
    records = [json.loads(line) for line in (folder / "modem-0.jsonl").read_text().splitlines()]
    assert {"host", "module"} <= {key for record in records for key in record}


def test_what_fails_inside_a_modem_fails_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
def test_it(modem):
    modem.hosted.call(lambda: modem.hosted.driver._loop.call_soon(lambda: 1 / 0))
    modem.hosted.call(lambda: None)
"""
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["E*ZeroDivisionError*"])


# ---- a real module -------------------------------------------------------------------------------


def test_the_same_test_on_a_real_module(pytester: pytest.Pytester) -> None:
    """Another emulator stands in for the module: to the plugin it is a device."""
    pytester.makepyfile(
        ASKS
        + """
def test_port(modem):
    assert "OK" in ask(modem, "AT")
def test_verb(modem):
    ask(modem, "AT")
    modem.fail_next("AT")
def test_network(modem):
    modem.network.lose_coverage()
@pytest.mark.vmodem(scenario="x.yaml")
def test_scenario(modem):
    pass
def test_several(modem_factory):
    modem_factory(), modem_factory()
def test_no_such_thing(modem):
    with pytest.raises(AttributeError):
        modem.nonsense
"""
    )
    command = Path(sys.executable).with_name("vmodem")
    link = pytester.path / "ttyUSB0"
    device = subprocess.Popen([command, "run", "--link", str(link)], stdout=subprocess.PIPE, text=True)
    try:
        assert device.stdout is not None
        assert device.stdout.readline().strip() == str(link)
        result = pytester.runpytest_subprocess("-rs", "--vmodem-real", str(link))
        result.assert_outcomes(passed=2, skipped=4)
        result.stdout.fnmatch_lines_random(
            [
                f"*modem.fail_next needs the emulator, and --vmodem-real {link} is a real module*",
                "*modem.network needs the emulator*",
                "*scenario= needs the emulator*",
                "*is one module, and the test wants several*",
            ]
        )
        result = pytester.runpytest_subprocess("-n", "2", "--vmodem-real", str(link))
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(["*--vmodem-real is one module: run without -n*"])
    finally:
        device.terminate()
        device.communicate(timeout=20)


# ---- many ----------------------------------------------------------------------------------------

MANY = (
    ASKS
    + """
import os, threading
from vmodem.emulator.background import SHARED

def left():
    links = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
             if os.path.exists(f"/proc/self/fd/{fd}")]
    children = open(f"/proc/self/task/{threading.get_native_id()}/children").read().split()
    threads = sorted(t.name for t in threading.enumerate())
    return {"threads": threads, "descriptors": len(links), "children": children}

@pytest.fixture
def nothing_left():
    before = left()
    yield
    assert left() == before
    assert not SHARED._modems

@pytest.mark.parametrize("round", range(2))
def test_many(nothing_left, modem_factory, round):
    import time
    modems = [modem_factory() for _ in range(200)]
    assert len({modem.port for modem in modems}) == 200
    numbers = {ask(modem, "AT+GSN") for modem in modems}
    assert len(numbers) == 200
    assert len([t for t in threading.enumerate() if t.name == "vmodem"]) == 1
    modems[0].peer("tcp://203.0.113.5:1").echo()

def test_mistake(nothing_left, modem_factory):
    modem_factory()
    with pytest.raises(pytest.fail.Exception):
        modem_factory(dialect="nothing")
"""
)


def test_200_modems_in_one_test_under_xdist_leave_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(MANY)
    before = {entry for entry in os.listdir("/tmp") if entry.startswith("vmodem")}
    result = pytester.runpytest_subprocess("-n", "2", timeout=55)
    result.assert_outcomes(passed=3)
    after = {entry for entry in os.listdir("/tmp") if entry.startswith("vmodem")}
    assert after <= before

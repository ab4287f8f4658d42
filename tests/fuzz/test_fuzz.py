"""The fuzzers, a little of each and the same every time; and that they would notice."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzz.answers import Grammar, Spoken, Ungrammatical
from fuzz.at import Fuzzer
from fuzz.at_session import Tally, Wedged
from fuzz.run import DIALECTS
from fuzz.targets import TARGETS
from fuzz.targets_text import put_away
from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.background import SHARED
from vmodem.emulator.line import Mode

SESSIONS = 40
INPUTS = {"at-bytes": 60, "escape": 100, "url": 150, "scenario": 60, "scenario-json": 60}
"""Inputs of the slow ones; the others get more."""
EOL = b"\r\n"


@pytest.mark.parametrize("name", DIALECTS)
def test_at(name: str) -> None:
    fuzzer = Fuzzer(DIALECTS[name])
    for number in range(SESSIONS):
        fuzzer.session(f"ci:{number}")
    assert fuzzer.tally.lines > 150 * SESSIONS
    assert len(fuzzer.tally.succeeded) > 0.75 * sum(len(each.forms) for each in DIALECTS[name].commands)


@pytest.fixture
def _clean() -> Iterator[None]:
    """A modem that goes on would be another test's concern."""
    yield
    put_away()
    assert not SHARED._modems


@pytest.mark.usefixtures("_clean")
@pytest.mark.parametrize("name", TARGETS)
def test_target(name: str) -> None:
    r = random.Random("ci")
    for _ in range(INPUTS.get(name, 400)):
        TARGETS[name].one(TARGETS[name].make(r))


def ended(line: str, result: str, *answer: bytes, quiet: bool = False, verbose: bool = True) -> list[Spoken]:
    """A line with its answer."""
    said = [Spoken("answer", data, EOL, verbose) for data in answer]
    return [*said, Spoken("end", b"", EOL, verbose, line, result, quiet)]


RIGHT = [
    ended("AT", "OK", b"\r\nOK\r\n"),
    ended("AT+CSQ", "OK", b"\r\n+CSQ: 20,0\r\n", b"\r\nOK\r\n"),
    ended("AT+CSQ;+NO", "ERROR", b"\r\n+CSQ: 20,0\r\n", b"\r\nERROR\r\n"),
    ended("AT+CIFSR", "", b"\r\n10.0.0.1\r\n"),
    ended("ATQ1", "OK", quiet=True),
    ended("ATV0", "OK", b"0\r", verbose=False),
    ended("AT+CIPSHUT;+CSTT", "OK", b"\r\nSHUT OK\r\n", b"\r\nOK\r\n"),
    [Spoken("unasked", b'\r\n+CMTI: "SM",1\r\n', EOL, True)],
    [Spoken("pushed", b"\r\n+RECEIVE,1,3:\r\n\x80\x81\x82", EOL, True)],
]
WRONG = [
    ended("AT", "OK"),
    ended("AT", "OK", b"\r\nOK\r\n", b"\r\nOK\r\n"),
    ended("AT", "OK", b"OK\r\n"),
    ended("AT", "", b""),
    ended("AT+CSQ", "OK", b"\r\n+CSQ: 20,None\r\n", b"\r\nOK\r\n"),
    ended("AT+CSQ", "OK", b"\r\n+CREG: 20,0\r\n", b"\r\nOK\r\n"),
    ended("AT+CSQ", "OK", b"\r\n+CSQ: 20,0\r\n\r\nOK\r\n"),
    ended("AT+CIFSR", "OK", b"\r\n10.0.0\r\n", b"\r\nOK\r\n"),
    ended("AT+CSTT?", "OK", b'\r\n+CSTT: ""a"b","",""\r\n', b"\r\nOK\r\n"),
    ended("AT+NO", "+CME ERROR: 999", b"\r\n+CME ERROR: 999\r\n"),
    ended("AT+CSQ", "SHUT OK", b"\r\nSHUT OK\r\n"),
    ended("ATQ1", "OK", b"\r\nOK\r\n", quiet=True),
    [Spoken("unasked", b"\r\n+CMTI: SM,1\r\n", EOL, True)],
    [Spoken("pushed", b"\r\n+RECEIVE,1,3:\r\n\x80\x81", EOL, True)],
    [Spoken("payload", b"\x80OK", EOL, True)],
]


@pytest.mark.parametrize("spoken", RIGHT, ids=str)
def test_the_grammar_takes(spoken: list[Spoken]) -> None:
    assert Grammar(SIM800).check(spoken, Tally()) == []


@pytest.mark.parametrize("spoken", WRONG, ids=str)
def test_the_grammar_refuses(spoken: list[Spoken]) -> None:
    with pytest.raises(Ungrammatical):
        Grammar(SIM800).check(spoken, Tally())


def test_a_wedge_is_noticed_and_shortened() -> None:
    fuzzer = Fuzzer(SIM800)
    play = fuzzer.play

    def wedging(session: object, step: object) -> None:
        play(session, step)  # type: ignore[arg-type]
        if step == ("line", b"AT+CSQ"):
            session.module.line.mode = Mode.BUSY  # type: ignore[attr-defined]

    fuzzer.play = wedging  # type: ignore[method-assign]
    steps = [fuzzer.told(word) for word in ("+GMI", "E0", "+CSQ", "+CGMM")]
    assert isinstance(fuzzer.replay(steps), Wedged)
    assert fuzzer.shortened(steps) == [("line", b"AT+CSQ")]


def test_the_command() -> None:
    run = [sys.executable, str(Path(__file__).parent / "run.py")]
    for target, told in (("at-bg96", "command lines"), ("route", "inputs")):
        done = subprocess.run(
            [*run, target, "--runs", "300"], check=False, capture_output=True, text=True, timeout=50
        )
        assert done.returncode == 0, done.stderr
        assert told in done.stdout
        assert "; 0 wrong" in done.stdout

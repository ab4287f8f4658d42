"""Neither the host nor a peer makes the emulator take memory or time without end."""

from __future__ import annotations

import random
import time

import pytest
import serial
from fuzz.answers import Grammar
from fuzz.at_lines import Lines
from fuzz.at_session import Session, Tally
from properties.test_bounded import weight
from vmodem.dialects.quectel.bg96 import BG96
from vmodem.dialects.quectel.mxx import QUECTEL_MXX
from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.command import Kind
from vmodem.emulator.dialect import Dialect
from vmodem.emulator.line import Mode
from vmodem.emulator.scenario.text import LARGEST, ScenarioError, parse
from vmodem.netstack.routes import Route, Routes

DIALECTS = [SIM800, QUECTEL_MXX, BG96]
UP = {
    "sim800": ["+CIPMUX=1", "+CSTT", "+CIICR", "+CIFSR"],
    "quectel_mxx": ["+QIMUX=1", "+QIREGAPP", "+QIACT", "+QILOCIP"],
    "bg96": ['+QICSGP=1,1,"x"', "+QIACT=1"],
}
PART = 60
GROWS = 1000
"""Bytes that a module may hold more after ``PART`` lines than after as many before them."""


def lines_of(dialect: Dialect) -> list[str]:
    """One line of each command that may do something, with parameters that fit."""
    source, r = Lines(dialect), random.Random(1)
    lines = [*source.usual]
    for command, form in source.near:
        if form.kind is Kind.WRITE and command.name[0] == "+":
            lines += [f"{command.name}={','.join(source.fields(r, form))}" for _ in range(2)]
        elif form.kind is Kind.EXECUTE:
            lines.append(command.name)
    lines += ['+CDNSGIP="silent"', '+QIDNSGIP="silent"', '+QIDNSGIP=1,"silent"']
    return list(dict.fromkeys(line.replace("www.baidu.com", "silent") for line in lines))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: each.name)
def test_a_line_typed_again_and_again(dialect: Dialect) -> None:
    """Whatever it starts (lookups that nobody answers, messages, calls): the module stays what it was."""
    grammar, grown = Grammar(dialect), []
    for line in lines_of(dialect):
        session = Session(dialect, grammar, Tally())
        session.net.add_silent_name("silent")
        weights: list[int] = []
        for typed in [*UP[dialect.name], *[line] * (3 * PART)]:
            session.send(b"AT" + typed.encode("latin-1") + b"\r")
            if session.mode is Mode.PROMPT:
                session.send(b"text\x1a")
            if session.mode is Mode.BUSY:
                session.finish()
            session.account()
            weights.append(weight(session.modem) if len(weights) % PART == PART - 1 else 0)
        first, second = [each for each in weights if each][-2:]
        if second - first > GROWS:
            grown.append((line, second - first))
    assert not grown


def test_names_without_end_under_a_glob() -> None:
    """Each has an address of its own as long as there are some; then it has none, and nothing fails."""
    routes = Routes((Route.parse("tcp://*.example:80=tcp://127.0.0.1:1"),))
    began = time.thread_time()
    found = [routes.synthetic(f"{n}.example", offline=True) for n in range(70_000)]
    assert time.thread_time() - began < 20
    named = [address for address in found if address is not None]
    assert len(set(named)) == len(named) > 30_000
    assert found[-1] is None
    assert routes.synthetic("0.example", offline=True) == found[0]


@pytest.mark.parametrize(
    "url",
    [
        "vmodem://[x",
        "vmodem://running/" + "9" * 5000,
        "vmodem://running/\u0661",
        "vmodem://sim800?seed=" + "9" * 5000,
        "vmodem://sim800?route=tcp://1.2.3.4:" + "9" * 5000 + "=refuse",
        "vmodem://%00",
    ],
)
def test_a_url_that_is_none(url: str) -> None:
    with pytest.raises(serial.SerialException, match="Could not open port"):
        serial.serial_for_url(url)


@pytest.mark.parametrize(
    "text",
    [
        "[" * LARGEST,
        "- " * (LARGEST // 2),
        "{a: " * (LARGEST // 4),
        "&a " * (LARGEST // 3),
        "? " * (LARGEST // 2),
    ],
    ids=["brackets", "dashes", "braces", "anchors", "questions"],
)
def test_a_scenario_that_takes_for_ever(text: str) -> None:
    """PyYAML needs a millisecond for each level that is open: depth ends the reading, not the file."""
    began = time.thread_time()
    with pytest.raises(ScenarioError) as caught:
        parse("deep", text)
    assert time.thread_time() - began < 5
    assert len(caught.value.faults) < 100

"""A module that is made when it is first touched is the one that would have been there all the time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from vmodem.dialects.quectel.bg96 import BG96
from vmodem.dialects.quectel.mxx import QUECTEL_MXX
from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.dialect import Dialect, Options
from vmodem.emulator.effects import WriteLine
from vmodem.emulator.engine import Modem
from vmodem.emulator.events import LineChanged, LineSignal
from vmodem.emulator.fleet import identities
from vmodem.emulator.late import late_modems

BEGUN = 100.0
QUESTIONS = ("AT", "AT+CSQ", "AT+CREG?", "AT+CGREG?", "AT+COPS?", "AT+CPIN?", "AT+CCLK?", "ATI", "AT+CGSN")
ON = Options()
DIALECTS = [SIM800, QUECTEL_MXX, BG96]


def _until(modem: Modem, now: float) -> None:
    """What a driver does while nothing happens to the module."""
    while (deadline := modem.next_deadline()) is not None and deadline <= now:
        modem.handle_timer(deadline)


def _said(modem: Modem, now: float) -> bytes:
    """What it says from ``now`` on, asked all questions, and in the next minute."""
    modem.effects()
    modem.receive(LineChanged(LineSignal.DTR, True), now)
    for question in QUESTIONS:
        modem.receive_bytes(question.encode() + b"\r", now)
    _until(modem, now + 60)
    return b"".join(effect.data for effect in modem.effects() if isinstance(effect, WriteLine))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(
    "options", [ON, replace(ON, boot=True), replace(ON, powered=False)], ids=["ready", "boots", "off"]
)
@pytest.mark.parametrize("after", [0.0, 1.0, 3.0, 7.5, 1000.0])
def test_it_is_as_if_it_had_been_there(dialect: Dialect, options: Options, after: float) -> None:
    now = BEGUN + after
    early = Modem(dialect, options, BEGUN)
    _until(early, now)
    (late,) = late_modems(dialect, [options], BEGUN)
    assert late.powered is early.powered
    made = late.make(now)
    assert made.states == early.states
    assert made.next_deadline() == early.next_deadline()
    assert made.effects() == early.effects()
    assert _said(made, now) == _said(early, now)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_its_addresses_are_known_before_it_is(dialect: Dialect) -> None:
    fleet = identities(3, seed=7)
    early = [Modem(dialect, options).addresses for options in fleet]
    assert [late.addresses for late in late_modems(dialect, fleet, BEGUN)] == early
    assert len(set(early)) == 3

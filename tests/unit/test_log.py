"""The log's lines are those that the json module writes: its short ways must not show."""

from __future__ import annotations

import io
import json
from dataclasses import fields, is_dataclass
from enum import Enum

import pytest
from vmodem.emulator.effects import Effect, OpenSocket, SendData, SetSignal, StateChanged, Transport
from vmodem.emulator.events import Address, Event, LineSignal, PdpRefusalChanged, Received, UrcInjected
from vmodem.emulator.transcript import JsonLog

NOW = 12.3456789
FROM = Address("192.0.2.1", 80)


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        inside = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {"is": type(value).__name__, **inside}
    return value


def _expected(word: str, thing: Event | Effect, **whose: int) -> str:
    inside = {field.name: _plain(getattr(thing, field.name)) for field in fields(thing)}
    return json.dumps({"t": 12.345679, **whose, word: type(thing).__name__, **inside}) + "\n"


@pytest.mark.parametrize(
    "event",
    [Received(1, bytes(range(256)), FROM), PdpRefusalChanged(True), UrcInjected('+X: "ä\u20ac\\"')],
    ids=lambda event: type(event).__name__,
)
def test_events(event: Event) -> None:
    file = io.StringIO()
    log = JsonLog(file)
    log.event(NOW, event)
    log.of(3).event(NOW, event)
    assert file.getvalue() == _expected("event", event) + _expected("event", event, modem=3)


@pytest.mark.parametrize(
    "effect",
    [
        SendData(7, b'\x00\x1a"\\\r\n\xff', None, False),
        OpenSocket(1, Transport.UDP, FROM, 0, "10.0.0.1"),
        SetSignal(LineSignal.DCD, True),
        StateChanged("link 0", "INITIAL", "CONNECTING"),
    ],
    ids=lambda effect: type(effect).__name__,
)
def test_effects(effect: Effect) -> None:
    file = io.StringIO()
    JsonLog(file).effect(NOW, effect)
    assert file.getvalue() == _expected("effect", effect)


def test_bytes_notes_and_reports() -> None:
    file = io.StringIO()
    log = JsonLog(file)
    log.host(5.0, b"AT\r\xff")
    log.module(1e-7, b'\r\n"OK"\r\n')
    log.note(1.5, 'a "note" \u20ac')
    log.of(0).report(2, scenario="x", well=True, seconds=None)
    assert file.getvalue().splitlines() == [
        json.dumps({"t": 5.0, "host": "AT\r\xff"}),
        json.dumps({"t": 0.0, "module": '\r\n"OK"\r\n'}),
        json.dumps({"t": 1.5, "note": 'a "note" \u20ac'}),
        json.dumps({"t": 2, "modem": 0, "report": {"scenario": "x", "well": True, "seconds": None}}),
    ]

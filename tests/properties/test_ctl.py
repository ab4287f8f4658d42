"""Whatever comes in at the control socket: one answer, no exception, and a modem that goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from beside import ONE_OF_EACH
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vmodem.emulator.ctl import Control, Controlled
from vmodem.emulator.lab.modem import LabModem
from vmodem.emulator.lab.settings import settings as wanted
from vmodem.emulator.scenario.actions import Step

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=20),
    st.sampled_from(["lost", "back", "home", "5s", "0s", "off", "reset", "\ud800", "+CREG: 1", "AT+X\r\n"]),
)
KEYS = st.one_of(
    st.text(max_size=8), st.sampled_from(["rssi", "to", "text", "from", "action", "walk", "answer", "link"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4)
)
VERBS = st.sampled_from([*Step.__struct_fields__, "steps", "external", "expect", "query", "modem", "tag"])
ASKED = st.one_of(
    VALUES, st.dictionaries(VERBS, VALUES, max_size=2), st.builds(lambda v: {"urc": v}, st.text())
)


@st.composite
def nearly(draw: st.DrawFn) -> dict[str, Any]:
    """A step that is good but for one value, or good."""
    verb = draw(st.sampled_from(sorted(ONE_OF_EACH)))
    value = ONE_OF_EACH[verb]
    if isinstance(value, dict):
        keys = st.sampled_from(sorted(value)) | KEYS if value else KEYS
        return {verb: {**value, draw(keys): draw(VALUES)}}
    return {verb: draw(st.just(value) | VALUES)}


LINES = st.one_of(st.binary(max_size=60), ASKED.map(lambda value: json.dumps(value).encode()))


@pytest.fixture(scope="module")
def control() -> Iterator[tuple[LabModem, Control]]:
    modem = LabModem(wanted([], []))
    director = modem._director
    yield modem, Control((Controlled(modem.hosted.driver, director, modem.port),))
    modem.finish()


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=LINES)
def test_anything(control: tuple[LabModem, Control], line: bytes) -> None:
    modem, at = control
    answer: dict[str, Any] = modem.hosted.call(lambda: at.answer(line))
    assert json.loads(json.dumps(answer))["ok"] in (True, False)
    if not answer["ok"]:
        assert answer["error"]
    assert modem.hosted.call(lambda: at.answer(b'{"query": "states"}'))["ok"] is True

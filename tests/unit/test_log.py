"""The log's lines are those that the json module writes: its short ways must not show."""

from __future__ import annotations

import io
import json
from base64 import b64decode
from dataclasses import asdict
from enum import Enum
from pathlib import Path

import pytest
from vmodem.emulator.effects import (
    CommandEnded,
    CommandFinished,
    Effect,
    OpenSocket,
    SendData,
    SetSignal,
    StateChanged,
    Transport,
)
from vmodem.emulator.events import Address, Event, LineSignal, PdpRefusalChanged, Received, UrcInjected
from vmodem.emulator.log_file import LogFile
from vmodem.emulator.transcript import JsonLog

NOW = 12.3456789
FROM = Address("192.0.2.1", 80)


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, Enum):
        return value.value
    return value


def _expected(word: str, thing: Event | Effect, **whose: int) -> str:
    inside = {name: _plain(value) for name, value in asdict(thing).items()}
    return json.dumps({"t": 12.345679, **whose, word: type(thing).__name__, **inside}) + "\n"


@pytest.mark.parametrize(
    "event",
    [Received(1, bytes(range(256)), FROM), PdpRefusalChanged(True), UrcInjected('+X: "ä\u20ac\\"')],
    ids=lambda event: type(event).__name__,
)
def test_events(event: Event) -> None:
    file = io.BytesIO()
    log = JsonLog(file)
    log.event(NOW, event)
    log.of(3).event(NOW, event)
    assert file.getvalue().decode() == _expected("event", event) + _expected("event", event, modem=3)


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
    file = io.BytesIO()
    JsonLog(file).effect(NOW, effect)
    assert file.getvalue().decode() == _expected("effect", effect)


def test_bytes_notes_and_reports() -> None:
    file = io.BytesIO()
    log = JsonLog(file)
    log.host(5.0, b"AT\r\xff")
    log.module(1e-7, b'\r\n"OK"\r\n')
    log.note(1.5, 'a "note" \u20ac')
    log.of(0).report(2.0, scenario="x", well=True, seconds=None)
    assert file.getvalue().decode().splitlines() == [
        json.dumps({"t": 5.0, "host": "AT\r\xff"}),
        json.dumps({"t": 0.0, "module": '\r\n"OK"\r\n'}),
        json.dumps({"t": 1.5, "note": 'a "note" \u20ac'}),
        json.dumps({"t": 2.0, "modem": 0, "report": {"scenario": "x", "well": True, "seconds": None}}),
    ]


@pytest.mark.parametrize("data", [bytes(range(128)) * 3, b"\x00" * 257], ids=["all", "NUL"])
def test_much_ascii_is_as_readable_as_little(data: bytes) -> None:
    file = io.BytesIO()
    JsonLog(file).host(1.0, data)
    assert file.getvalue().decode() == json.dumps({"t": 1.0, "host": data.decode()}) + "\n"


def _records(file: io.BytesIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.getvalue().splitlines()]


def test_much_that_is_no_ascii_is_in_base64() -> None:
    data, other = bytes(range(256)) * 6, bytes(range(255, -1, -1)) * 6
    file = io.BytesIO()
    log = JsonLog(file)
    log.host(1.0, data[:256])
    log.host(1.0, data)
    log.module(1.0, other)
    log.event(1.0, Received(1, data, FROM))
    log.effect(1.0, SendData(2, other))
    short, host, module, event, effect = _records(file)
    assert short["host"] == data[:256].decode("latin-1")
    for record, name, said in (
        (host, "host", data),
        (module, "module", other),
        (event, "data", data),
        (effect, "data", other),
    ):
        assert name not in record
        assert b64decode(str(record[f"{name}_base64"])) == said
    assert (event["event"], event["handle"]) == ("Received", 1)
    assert (effect["effect"], effect["handle"]) == ("SendData", 2)


@pytest.mark.parametrize("data", [bytes(range(256)) * 6, b"0123456789" * 160], ids=["binary", "ASCII"])
def test_much_that_comes_in_and_goes_out_stands_there_once(data: bytes) -> None:
    file = io.BytesIO()
    log = JsonLog(file)
    other = log.of(1)
    log.host(1.0, data)
    other.effect(1.0, SendData(1, data))  # another modem's
    log.effect(1.0, SendData(1, data))
    log.event(1.0, Received(1, data[::-1] + b".", FROM))
    log.module(1.0, data)
    log.module(1.0, data[::-1] + b".")
    records = _records(file)
    assert [record for record in records if any(name.endswith("_size") for name in record)] == [
        {"t": 1.0, "effect": "SendData", "handle": 1, "data_size": len(data), "to": None, "awaited": True},
        {"t": 1.0, "module_size": len(data) + 1},
    ]
    assert len(records) == 6
    assert "module_size" in records[5]


def test_what_goes_out_in_other_pieces_than_it_came_in_is_known_too() -> None:
    """Data mode makes packets of what the host writes: some of it waits for more."""
    stream = bytes(range(256)) * 40
    file = io.BytesIO()
    log = JsonLog(file)
    log.host(1.0, stream[:3000])
    log.effect(1.0, SendData(1, stream[:2048]))
    log.host(1.0, stream[3000:7000])
    log.effect(1.0, SendData(1, stream[2048:6144]))
    log.effect(1.0, SendData(1, stream[2048:6143] + b"?"))
    shown = [record.get("data_size", "all of it") for record in _records(file) if "effect" in record]
    assert shown == [2048, 4096, "all of it"]


def test_little_is_said_as_often_as_it_is_said() -> None:
    file = io.BytesIO()
    log = JsonLog(file)
    log.host(1.0, b"x" * 256)
    log.effect(1.0, SendData(1, b"x" * 256))
    assert [record.get("host", record.get("data")) for record in _records(file)] == ["x" * 256] * 2


def test_lines_are_written_when_the_turn_is_over(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = JsonLog(LogFile(path, pytest.fail))
    log.host(1.0, b"AT\r")
    log.of(1).event(1.0, PdpRefusalChanged(True))
    log.effect(1.0, StateChanged("link 0", "INITIAL", "CONNECTING"))
    log.module(1.0, b"OK")
    assert path.read_text() == ""
    log.flush()
    assert [list(json.loads(line)) for line in path.read_text().splitlines()] == [
        ["t", "host"],
        ["t", "modem", "event", "refused"],
        ["t", "effect", "machine", "before", "after"],
        ["t", "module"],
    ]
    log.host(4.0, b"T")
    log.close()
    assert len(path.read_text().splitlines()) == 5


def test_of_a_stream_that_a_capture_has_the_log_says_how_much_it_is() -> None:
    stream = bytes(range(256)) * 20
    file = io.BytesIO()
    log = JsonLog(file, captured=True)
    log.host(1.0, stream)
    log.effect(1.0, SendData(1, stream))
    log.event(1.0, Received(1, b"text " * 600, Address("192.0.2.1", 80)))
    log.host(1.0, stream[:1024])
    log.effect(1.0, SendData(1, stream[:1024]))
    records = _records(file)
    assert [record.get("host_size", record.get("data_size")) for record in records] == [
        5120,
        5120,
        3000,
        None,
        1024,
    ]
    assert b64decode(str(records[3]["host_base64"])) == stream[:1024]
    assert not [name for record in records[:3] for name in ("host", "data", "host_base64") if name in record]


@pytest.mark.parametrize("times", [1, 3])
def test_what_is_said_again_is_told_again(times: int) -> None:
    """Of what is repeated the line is remembered: with its own time, and as it would be written anew."""
    file = io.BytesIO()
    log = JsonLog(file)
    said = [b"AT\r", b'\r\n"\xff\x00', bytes(range(64)), bytes(range(65)), b""]
    for turn in range(times):
        for data in said:
            log.host(turn, data)
            log.of(3).module(turn, data)
        log.effect(turn, CommandFinished("AT", "OK"))
        log.effect(turn, CommandEnded("AT", "", "OK", True))
    each = [("host", None), ("module", 3)]
    expected: list[dict[str, object]] = []
    for turn in range(times):
        for data in said:
            for side, modem in each:
                whose = {} if modem is None else {"modem": modem}
                expected.append({"t": turn, **whose, side: data.decode("latin-1")})
        expected.append({"t": turn, "effect": "CommandFinished", "line": "AT", "result": "OK"})
        expected.append(
            {"t": turn, "effect": "CommandEnded", "text": "AT", "op": "", "result": "OK", "ok": True}
        )
    assert _records(file) == expected


def test_what_is_remembered_has_an_end() -> None:
    file = io.BytesIO()
    log = JsonLog(file)
    for number in range(1200):
        log.host(1.0, b"%d" % number)
    assert [record["host"] for record in _records(file)] == [str(number) for number in range(1200)]
    assert len(log._hosts) <= 512

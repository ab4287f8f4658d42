"""Faults stand in the log like any other effect."""

from __future__ import annotations

import io
import json

from vmodem.emulator.faults import AnswerNames, Blackhole, Impair, Latency, Peers
from vmodem.emulator.transcript import JsonLog


def test_faults_are_written_with_all_they_are_made_of() -> None:
    file = io.BytesIO()
    log = JsonLog(file)
    log.effect(1.0, Impair("far", Peers("tcp://*:80"), (Latency(0.5), Blackhole())))
    log.effect(2.0, AnswerNames("dns", "*", ("203.0.113.1",)))
    first, second = map(json.loads, file.getvalue().splitlines())
    assert first == {
        "t": 1.0,
        "effect": "Impair",
        "name": "far",
        "target": {"is": "Peers", "pattern": "tcp://*:80"},
        "toxics": [{"is": "Latency", "latency": 0.5, "jitter": 0.0}, {"is": "Blackhole"}],
        "direction": "both",
    }
    assert second["answer"] == ["203.0.113.1"]

"""Which commands a scenario speaks of: what is not told to its rules must be what none of them waits for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from vmodem.emulator.scenario import named
from vmodem.emulator.scenario.model import Trigger
from vmodem.emulator.scenario.named import NamedCommands


def commands(*triggers: dict[str, Any]) -> NamedCommands:
    return NamedCommands([msgspec.convert(trigger, Trigger) for trigger in triggers])


@pytest.mark.parametrize("phase", ["received", "done", "failed"])
def test_a_rule_names_its_command_in_whatever_phase(phase: str) -> None:
    its = commands({"command": "AT+CIP*", "phase": phase})
    assert "AT+CIPSTART=1" in its
    assert "AT" not in its


def test_one_of_several_triggers_is_enough() -> None:
    its = commands({"any": [{"urc": "RING"}, {"command": "ATA"}]}, {"command": "AT+CSQ"})
    assert "ATA" in its
    assert "AT+CSQ" in its
    assert "ATH" not in its


def test_no_rule_no_name() -> None:
    assert "AT" not in commands()


def test_a_driver_that_counts_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named, "_REMEMBERED", 10)
    its = commands({"command": "AT+COUNT=7"})
    for _ in range(2):
        assert [number for number in range(100) if f"AT+COUNT={number}" in its] == [7]
    assert len(its._known) <= 10

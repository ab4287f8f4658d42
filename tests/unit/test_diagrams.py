"""The diagrams in the READMEs are the tables: a stale one fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from diagrams import ROOT, readmes, updated

MACHINES = (
    "vmodem.dialects.simcom.states:SINGLE",
    "vmodem.dialects.simcom.states:MULTI",
    "vmodem.dialects.quectel.gsm.states:SINGLE",
    "vmodem.dialects.quectel.gsm.states:MULTI",
    "vmodem.dialects.quectel.lpwa.states:SOCKET",
    "vmodem.emulator.states:LINK",
    "vmodem.emulator.states:SERVER",
    "vmodem.emulator.states:CONTEXT",
    "acme_modem.module:SOCKET",
)


@pytest.mark.parametrize("readme", readmes(), ids=lambda path: str(path.relative_to(ROOT)))
def test_diagram_is_the_table(readme: Path) -> None:
    text = readme.read_text()
    assert updated(text) == text, "run: python tests/diagrams.py --write"


@pytest.mark.parametrize("machine", MACHINES)
def test_machine_is_drawn(machine: str) -> None:
    assert any(f"<!-- machine: {machine} -->" in readme.read_text() for readme in readmes())

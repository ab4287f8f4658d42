"""The SIM800 dialogues that need no exact clock, on a real pty, with real peers on loopback."""

from __future__ import annotations

from pathlib import Path

import modems
import pytest
from real_world import needs_virtual_time, play_real
from transcript_format import load

FILES = sorted((Path(__file__).parent / "data").glob("sim800_*.txt"))
PLAYED = [path for path in FILES if needs_virtual_time(load(path)) is None]


@pytest.mark.skipif(modems.start_modem is None, reason="there is no driver to start a modem yet")
@pytest.mark.parametrize("path", PLAYED, ids=lambda path: path.stem.removeprefix("sim800_"))
def test_dialogue(path: Path) -> None:
    assert modems.start_modem is not None
    play_real(load(path), modems.start_modem)

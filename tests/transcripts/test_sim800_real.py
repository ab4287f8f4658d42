"""The SIM800 dialogues that need no exact clock, on a real pty, with real peers on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest
from modems import unfinished
from real_world import needs_virtual_time, play_real
from running_modem import ThreadedModem
from transcript_format import load

FILES = sorted((Path(__file__).parent / "data").glob("sim800_*.txt"))
UNFINISHED = unfinished("sim800")
PLAYED = [path for path in FILES if needs_virtual_time(load(path)) is None]


@pytest.mark.skipif(bool(UNFINISHED), reason=UNFINISHED)
@pytest.mark.parametrize("path", PLAYED, ids=lambda path: path.stem.removeprefix("sim800_"))
def test_dialogue(path: Path) -> None:
    play_real(load(path), ThreadedModem)

"""The dialogues that need no exact clock, on a real pty, with real peers on loopback, for each dialect."""

from __future__ import annotations

from pathlib import Path

import pytest
from dialogues import PATHS
from real_world import needs_virtual_time, play_real
from running_modem import ThreadedModem
from vmodem.emulator.recording.format import load

PLAYED = [path for path in PATHS if needs_virtual_time(load(path)) is None]


@pytest.mark.parametrize("path", PLAYED, ids=lambda path: path.stem)
def test_dialogue(path: Path) -> None:
    play_real(load(path), ThreadedModem)

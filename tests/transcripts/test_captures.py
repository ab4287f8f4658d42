"""Every documented dialogue with a capture attached: tshark has nothing to complain about."""

from __future__ import annotations

from pathlib import Path

import pytest
from capture_reader import complaints, line, needs_tshark, records
from capturing import Capturing
from dialogues import PATHS
from modems import make_modem
from transcript_peers import play_virtual
from vmodem.emulator.recording.format import load
from vmodem.emulator.world import fragments


@needs_tshark
@pytest.mark.parametrize("pace", [0.0, 1.0])
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_dialogue(path: Path, pace: float, tmp_path: Path) -> None:
    transcript = load(path)
    modem = make_modem(transcript.header.dialect, transcript.header, pace=pace)
    capture = Capturing()
    world = play_virtual(transcript, modem, writer=fragments(seed=53), observer=capture)
    file = tmp_path / "capture.pcapng"
    file.write_bytes(capture.data)
    assert complaints(file) == []
    found = records(capture.data)
    assert line(found, outbound=True) == bytes(world.output)
    assert [record.time for record in found] == sorted(record.time for record in found)

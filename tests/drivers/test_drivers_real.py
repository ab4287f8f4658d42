"""The drivers' dialogues that need no exact clock, on a real pty, with real peers on loopback."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from driver_ways import FILES, own_writer
from real_world import needs_virtual_time, play_real
from running_modem import ThreadedModem
from vmodem.emulator.recording.format import in_its_own_way, load

PLAYED = [path for path in FILES if needs_virtual_time(load(path)) is None]


@pytest.mark.parametrize("path", PLAYED, ids=lambda path: path.stem)
def test_driver(path: Path) -> None:
    transcript = in_its_own_way(load(path))
    header = transcript.header
    # A busy machine may take longer than the driver waits; what virtual time has shown stays shown.
    patient = replace(transcript, header=replace(header, patience=None))
    play_real(patient, ThreadedModem, writer=own_writer(header))

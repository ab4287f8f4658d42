"""Every documented dialogue, played whole, byte by byte and in random fragments, for each dialect."""

from __future__ import annotations

from pathlib import Path

import pytest
from dialogues import COUNTS, DATA, PATHS
from modems import make_modem
from transcript_peers import play_virtual
from vmodem.emulator.recording.format import load
from vmodem.emulator.world import Writer, bytewise, fragments, whole

WAYS: dict[str, Writer] = {"whole": whole, "bytewise": bytewise, "fragments": fragments(seed=800)}


def _name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize(("dialect", "count"), COUNTS.items())
def test_all_the_files_are_there(dialect: str, count: int) -> None:
    assert len(list(DATA.glob(f"{dialect}_*.txt"))) == count


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", PATHS, ids=_name)
def test_dialogue(path: Path, way: str) -> None:
    transcript = load(path)
    play_virtual(transcript, make_modem(transcript.header.dialect, transcript.header), writer=WAYS[way])


@pytest.mark.parametrize("path", PATHS, ids=_name)
def test_dialogue_at_the_modules_own_pace(path: Path) -> None:
    transcript = load(path)
    play_virtual(transcript, make_modem(transcript.header.dialect, transcript.header, pace=1.0))

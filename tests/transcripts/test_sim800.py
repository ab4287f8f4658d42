"""Every documented SIM800 dialogue, played whole, byte by byte and in random fragments."""

from __future__ import annotations

from pathlib import Path

import pytest
from modems import make_modem, unfinished
from transcript_format import load
from transcript_peers import play_virtual
from world import Writer, bytewise, fragments, whole

FILES = sorted((Path(__file__).parent / "data").glob("sim800_*.txt"))
WAYS: dict[str, Writer] = {"whole": whole, "bytewise": bytewise, "fragments": fragments(seed=800)}


UNFINISHED = unfinished("sim800")
finished = pytest.mark.skipif(bool(UNFINISHED), reason=UNFINISHED)


def _name(path: Path) -> str:
    return path.stem.removeprefix("sim800_")


def test_all_the_files_are_there() -> None:
    assert len(FILES) == 32


@finished
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", FILES, ids=_name)
def test_dialogue(path: Path, way: str) -> None:
    transcript = load(path)
    play_virtual(transcript, make_modem("sim800", transcript.header), writer=WAYS[way])


@finished
@pytest.mark.parametrize("path", FILES, ids=_name)
def test_dialogue_at_the_modules_own_pace(path: Path) -> None:
    transcript = load(path)
    play_virtual(transcript, make_modem("sim800", transcript.header, pace=1.0))

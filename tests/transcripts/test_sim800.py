"""Every documented SIM800 dialogue, played whole, byte by byte and in random fragments."""

from __future__ import annotations

from pathlib import Path

import pytest
from modems import make_modem
from transcript_format import load
from transcript_peers import play_virtual
from world import Writer, bytewise, fragments, whole

FILES = sorted((Path(__file__).parent / "data").glob("sim800_*.txt"))
WAYS: dict[str, Writer] = {"whole": whole, "bytewise": bytewise, "fragments": fragments(seed=800)}


try:
    from vmodem.dialects.simcom.sim800 import SIM800

    UNFINISHED = "" if len(SIM800.commands) else "the SIM800 dialect has no commands yet"
except ImportError as error:
    UNFINISHED = f"the engine cannot be imported yet: {error}"


def test_all_the_files_are_there() -> None:
    assert len(FILES) == 32


@pytest.mark.skipif(bool(UNFINISHED), reason=UNFINISHED or "finished")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem.removeprefix("sim800_"))
def test_dialogue(path: Path, way: str) -> None:
    transcript = load(path)
    play_virtual(transcript, make_modem("sim800", transcript.header), writer=WAYS[way])

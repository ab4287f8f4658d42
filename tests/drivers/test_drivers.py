"""What the drivers in the wild send, played in their own way of writing and in every other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from driver_ways import FILES, own_writer, small_writes
from modems import make_modem
from transcript_peers import play_virtual
from vmodem.emulator.recording.format import Transcript, in_its_own_way, load
from vmodem.emulator.world import Writer, bytewise, fragments, whole

WAYS: dict[str, Writer] = {"whole": whole, "bytewise": bytewise, "fragments": fragments(seed=77)}


def play(transcript: Transcript, writer: Writer) -> None:
    play_virtual(transcript, make_modem(transcript.header.dialect, transcript.header), writer=writer)


def test_the_drivers_are_there() -> None:
    drivers = {load(path).header.source.partition(",")[0] for path in FILES}
    assert len(FILES) >= 30
    assert all(driver.startswith("driver ") for driver in drivers)


def test_small_writes_lose_nothing() -> None:
    line = b'AT+CIPSTART=0,"TCP","example.org",80\r\n'
    pieces = list(small_writes(line))
    assert b"".join(pieces) == line
    assert pieces[:4] == [b"AT", b"+CIPSTART=", b"0", b',"']


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_driver_in_any_pieces(path: Path, way: str) -> None:
    play(load(path), WAYS[way])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_driver_in_its_own_way(path: Path) -> None:
    transcript = load(path)
    play(in_its_own_way(transcript), own_writer(transcript.header))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_driver_with_line_feeds_byte_by_byte(path: Path) -> None:
    play(in_its_own_way(load(path)), bytewise)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_driver_at_the_modules_own_pace(path: Path) -> None:
    """Latencies change when things are said, not what; the driver is as patient as it needs to be."""
    if path.stem == "lwcell":
        pytest.skip("its 5 s pause counts from the restart, and here it waits for the boot's last line first")
    transcript = in_its_own_way(load(path))
    header = replace(transcript.header, patience=None)
    modem = make_modem(header.dialect, header, pace=1.0)
    play_virtual(replace(transcript, header=header), modem, writer=own_writer(header))

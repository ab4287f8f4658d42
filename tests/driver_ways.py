"""How drivers write, and where their dialogues are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from vmodem.emulator.recording.header import Header
from vmodem.emulator.world import Writer, whole

FILES = sorted((Path(__file__).parent / "drivers" / "data").glob("*.txt"))
_PIECE = re.compile(rb"AT|\+[A-Z]+[=?]?|[\",]+|\r\n|\r|[^\",+\r\n]+|.", re.DOTALL)


def small_writes(data: bytes) -> Iterator[bytes]:
    """A command as TinyGSM and mbed write it: prefix, name, separators, parameters, line end apart."""
    yield from _PIECE.findall(data)


def own_writer(header: Header) -> Writer:
    """How the driver of this transcript cuts what it writes."""
    return small_writes if header.small_writes else whole

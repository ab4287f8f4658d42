"""What a director orders: events for the module, faults for the path, bytes and signals for the line."""

from __future__ import annotations

from dataclasses import dataclass

from .effects import SetSignal
from .events import Event
from .faults import Fault


@dataclass(frozen=True, slots=True)
class Scribble:
    """These bytes appear on the line to the DTE, whoever is writing there."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """Say in the record that this happened."""

    text: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The run is over."""

    why: str


Order = Event | Fault | SetSignal | Scribble | Note | Finish

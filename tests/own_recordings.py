"""Recordings of our own emulator: a dialogue played in the virtual world, written down as it is said."""

from __future__ import annotations

from modems import make_modem
from transcript_peers import play_virtual
from vmodem.emulator.effects import Effect
from vmodem.emulator.events import Event, LineChanged
from vmodem.emulator.observer import Observer
from vmodem.emulator.recording.format import Transcript, parse
from vmodem.emulator.recording.writer import Item, Piece, Remark, Side, Writer


class Ear(Observer):
    """Hears both sides."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def host(self, now: float, data: bytes) -> None:
        self.items.append(Piece(now, Side.HOST, data))

    def module(self, now: float, data: bytes) -> None:
        self.items.append(Piece(now, Side.MODULE, data))

    def event(self, now: float, event: Event) -> None:
        if isinstance(event, LineChanged):
            self.items.append(
                Remark(now, "*", f"{event.signal.value} {'ON (low)' if event.on else 'OFF (high)'}")
            )

    def effect(self, now: float, effect: Effect) -> None: ...

    def note(self, now: float, text: str) -> None: ...

    def flush(self, *, behind: bool = False) -> None: ...

    def close(self) -> None: ...


def heard(transcript: Transcript) -> list[Item]:
    """What both say in a documented dialogue."""
    ear = Ear()
    play_virtual(transcript, make_modem(transcript.header.dialect, transcript.header), observer=ear)
    return ear.items


def recording(items: list[Item], dialect: str) -> str:
    """The file."""
    lines: list[str] = []
    writer = Writer(lines.append)
    writer.begin(items[0].at, [("recorded", "today from a test"), ("dialect", dialect)])
    writer.add(items)
    writer.finish()
    return "".join(lines)


def recorded(transcript: Transcript) -> Transcript:
    """The dialogue as a recording of it."""
    return parse(recording(heard(transcript), transcript.header.dialect), transcript.path)

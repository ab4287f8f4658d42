"""Recordings made without a port: a transcript played to the emulator in virtual time, and written down."""

from __future__ import annotations

from modems import make_modem
from transcript_peers import play_virtual
from vmodem.emulator.effects import Effect
from vmodem.emulator.events import Event, LineChanged, LineSignal
from vmodem.emulator.recording.format import Transcript, parse
from vmodem.emulator.recording.redacting import Redacting
from vmodem.emulator.recording.writer import Item, Piece, Remark, Side, Writer
from vmodem.emulator.world import START


class Recorder:
    """An observer that writes a recording."""

    def __init__(self, redact: bool = False) -> None:
        self._lines: list[str] = []
        self._writer = Writer(self._lines.append)
        self._writer.begin(START, [("recorded", "today from a test")])
        self._redacting = Redacting() if redact else None

    def _add(self, item: Item) -> None:
        self._writer.add([item] if self._redacting is None else self._redacting.add(item))

    def host(self, now: float, data: bytes) -> None:
        self._add(Piece(now, Side.HOST, data))

    def module(self, now: float, data: bytes) -> None:
        self._add(Piece(now, Side.MODULE, data))

    def event(self, now: float, event: Event) -> None:
        if isinstance(event, LineChanged) and event.signal is LineSignal.DTR:
            self._add(Remark(now, "*", f"DTR {'ON (low)' if event.on else 'OFF (high)'}"))

    def effect(self, now: float, effect: Effect) -> None:
        pass

    def note(self, now: float, text: str) -> None:
        pass

    def close(self) -> None:
        pass

    def text(self) -> str:
        if self._redacting is not None:
            self._writer.add(self._redacting.finish())
        self._writer.finish()
        return "".join(self._lines)


def recorded(transcript: Transcript, redact: bool = False, pace: float = 0.0) -> str:
    """The recording of a transcript's dialogue with the emulator."""
    recorder = Recorder(redact)
    modem = make_modem(transcript.header.dialect, transcript.header, pace=pace)
    play_virtual(transcript, modem, observer=recorder)
    return recorder.text()


def recording(transcript: Transcript, redact: bool = False, pace: float = 0.0) -> Transcript:
    """The same, read again."""
    return parse(recorded(transcript, redact, pace), transcript.path)

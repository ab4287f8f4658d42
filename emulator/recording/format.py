"""Reads a transcript file (a dialogue of a document, or a recorded one) into values, or refuses it.

Format: one item per line, ``# key: value`` in front, then steps marked ``>``, ``>+``, ``>>``, ``<``, ``<<``,
``~``, ``*``, ``;``. What the ``*`` steps may say is in :mod:`.actions`.
The README of this folder describes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from .actions import Action, parse_action
from .header import Header, header_line
from .text import FormatError, Place, as_bytes, integer, unescape

PROMPT = b"\r\n> "


@dataclass(frozen=True, slots=True)
class HostWrites:
    """``>`` (with its CR) or ``>>``: the host writes these bytes; ``>+``: and the module echoes them."""

    place: Place
    data: bytes
    line: bool = False
    echoed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """``<``: the next non-empty output line."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """``< >``: the next output is the prompt, CR LF ``>`` SP."""

    place: Place


@dataclass(frozen=True, slots=True)
class Raw:
    """``<<``: the next output is exactly these bytes, after a CR LF that frames them or not."""

    place: Place
    data: bytes


@dataclass(frozen=True, slots=True)
class Silence:
    """``~``: the host writes nothing for this long."""

    place: Place
    seconds: float


@dataclass(frozen=True, slots=True)
class Happening:
    """``*``: an action of the world, or an assertion on it."""

    place: Place
    action: Action


TranscriptStep = HostWrites | Line | Prompt | Raw | Silence | Happening


@dataclass(frozen=True, slots=True)
class Transcript:
    """One file: who takes part, and what they say."""

    path: str
    header: Header
    steps: tuple[TranscriptStep, ...]


def load(path: Path) -> Transcript:
    """Read a file. Raises :class:`FormatError` naming file and line for anything not understood, and
    ``OSError``.
    """
    data = path.read_bytes()
    try:
        return parse(data.decode("utf-8"), path.name)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Place(path.name, line).error("this is no text (is it a transcript?)") from None


def parse(text: str, path: str) -> Transcript:
    """Read the text of a file called ``path``. Raises :class:`FormatError`."""
    header = Header()
    steps: list[TranscriptStep] = []
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        place = Place(path, number)
        try:
            if line.startswith("#"):
                if steps:
                    raise place.error("a header line behind the first step")
                header_line(header, line, place)
            elif line.strip() and not line.startswith(";"):
                steps.append(_step(line, place))
        except FormatError:
            raise
        except (ValueError, OverflowError) as error:  # a number, a date, a character that cannot be one
            raise place.error(str(error)) from None
    end = Place(path, len(lines) or 1)
    if not header.dialect and not header.recorded:
        raise end.error("no '# dialect:' line")
    if not steps:
        raise end.error("no steps")
    return Transcript(path, header, tuple(steps))


def of_host(step: TranscriptStep) -> bytes:
    """What the host writes in this step, or nothing."""
    return step.data if isinstance(step, HostWrites) else b""


def of_module(step: TranscriptStep) -> bytes:
    """What the module writes in this step, byte for byte as a recording has it, or nothing."""
    match step:
        case Line(_, text):
            return b"\r\n" + text.encode("latin-1") + b"\r\n"
        case Prompt():
            return PROMPT
        case Raw(_, data):
            return data
        case HostWrites(_, data, _, True):
            return data.removesuffix(b"\n")
    return b""


def in_its_own_way(transcript: Transcript) -> Transcript:
    """The transcript with the line ends that its host really writes."""
    end = transcript.header.line_end
    steps = tuple(
        replace(step, data=step.data[:-1] + end) if isinstance(step, HostWrites) and step.line else step
        for step in transcript.steps
    )
    return replace(transcript, steps=steps)


def _step(line: str, place: Place) -> TranscriptStep:
    mark, _, rest = line.partition(" ")
    match mark:
        case ">" | ">+":
            return HostWrites(place, as_bytes(rest, place) + b"\r", line=True, echoed=mark == ">+")
        case ">>":
            return HostWrites(place, unescape(rest, place))
        case "<":
            text = rest.rstrip()
            if not text:
                raise place.error("an expected line cannot be empty")
            as_bytes(text, place)  # what is no byte cannot come
            return Prompt(place) if text == ">" else Line(place, text)
        case "<<":
            if not rest:
                raise place.error("expected bytes cannot be empty")
            return Raw(place, unescape(rest, place))
        case "~":
            return Silence(place, integer(rest, place) / 1000)
        case "*":
            return Happening(place, parse_action(rest.strip(), place))
    raise place.error(f"unknown mark {mark!r}")

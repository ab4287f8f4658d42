"""What a tester may do to a command before it is executed: the words between engine and scenario."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from .events import Event
from .fact import fact


@fact
class Incoming:
    """A command is about to be executed."""

    text: str
    """As typed, with ``AT`` in front; of a line of several, this one alone."""
    op: str
    """The dialect-neutral operation that it performs, or nothing (test and read forms perform none)."""
    now: float = 0.0
    """When, in seconds on the module's clock."""


class Act(Enum):
    """What becomes of a command."""

    PROCEED = "proceed"
    IGNORE = "ignore"
    """Nothing is answered; the line is free."""
    ERROR = "error"
    HANG = "hang"
    """Nothing is answered, and nothing that is typed is listened to, until a reset."""
    REPLY = "reply"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``events`` happen first, then ``delay`` seconds pass, then ``act``.

    ``result``: what an ERROR means, by a scenario's name or a dialect's own number. ``reply``: the whole
    answer, as it is.
    """

    act: Act = Act.PROCEED
    delay: float = 0.0
    events: tuple[Event, ...] = ()
    result: str = ""
    reply: bytes = b""


Gate = Callable[[Incoming], Verdict | None]
"""Asked before each command; None lets it pass."""

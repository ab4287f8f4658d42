"""What the steps of a rule have in hand: whom they order from, and the command that they decide about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .. import faults
from ..events import Event
from ..orders import Note, Order
from ..tampering import Act, Verdict
from . import values
from .parts import Between
from .witness import Witness

if TYPE_CHECKING:
    from .director import Director
    from .playing import Playing


@dataclass(slots=True)
class Gated:
    """What rules decide about the command that is about to be executed."""

    events: list[Event] = field(default_factory=list)
    behind: list[Order] = field(default_factory=list)
    meets: list[faults.AnswerConnects | faults.AnswerNames] = field(default_factory=list)
    """What its connection, or its lookup, ends with."""
    delay: float = 0.0
    act: Act = Act.PROCEED
    result: str = ""
    reply: bytes = b""

    def verdict(self) -> Verdict | None:
        """All decisions in one; None if there are none."""
        if not self.events and not self.delay and self.act is Act.PROCEED:
            return None
        return Verdict(self.act, self.delay, tuple(self.events), self.result, self.reply)


class Stage:
    """What the steps of one rule, taken once, have in hand."""

    def __init__(self, director: Director, playing: Playing, gated: Gated | None, witness: Witness) -> None:
        self.director = director
        self.playing = playing
        self.gated = gated
        self.witness = witness

    def order(self, order: Order) -> None:
        """Ask for something; an event, while a command is about to be executed, comes before it."""
        if self.gated is not None and isinstance(order, Event):
            self.gated.events.append(order)
            self.director.order(Note(f"before the command: {order}"))
        else:
            self.director.order(order)

    def drawn(self, duration: str | Between) -> float:
        """A duration, drawn if it is a range."""
        if isinstance(duration, Between):
            low, high = map(values.seconds, duration.between)
            return self.playing.chance.uniform(low, high)
        return values.seconds(duration)

    def targets(self, link: int | str) -> list[faults.Target]:
        """The sockets of a link, or all there are and will be."""
        if link == "any":
            return [faults.Anything()]
        return [faults.OneSocket(handle) for handle in self.witness.handles(link)[-1:]]

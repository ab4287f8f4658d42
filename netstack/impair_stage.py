"""What every toxic at work is: a stage that takes what passes and gives it on when it is time.

A stage never drops or reorders a stream's bytes; only :class:`~.faults.LimitData`, which ends the
connection, and a timeout that closes it, let go of what it holds. No clock here: ``now`` comes in.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator

from ..emulator.faults import Toxic
from .impair_items import Data, Item

NEVER = math.inf
SEGMENT = 1460
"""Bytes of a full TCP segment (Ethernet's MTU of 1500): the largest piece in which bulk is passed on."""

DATAGRAM_COST = 28
"""What a datagram counts beside its payload (headers of IP and UDP): empty ones take room too."""


class Stage:
    """Base: passes everything on at once."""

    __slots__ = ("ack", "fired", "held", "queue", "stream", "toxic", "version")

    def __init__(self, toxic: Toxic, *, stream: bool) -> None:
        self.toxic = toxic
        self.version = 0
        """The how-manieth chain it is part of."""
        self.stream = stream
        self.queue: deque[tuple[float, Item]] = deque()
        self.held = 0
        """Bytes in it."""
        self.ack = 0
        """The peer's stack acknowledges this much of the stream, whether or not it got through."""
        self.fired = False
        """It wants the connection reset."""

    def push(self, item: Item, now: float) -> None:
        """``item`` comes in."""
        self.put(item, now)

    def put(self, item: Item, due: float) -> None:
        """Let ``item`` out at ``due``, never before what is in front of it."""
        if self.queue:
            due = max(due, self.queue[-1][0])
        self.held += self.cost(item)
        self.queue.append((due, item))

    def take(self, now: float) -> Iterator[Item]:
        """What comes out now, in order."""
        while self.queue and self.queue[0][0] <= now:
            item = self.queue.popleft()[1]
            self.held -= self.cost(item)
            yield item

    def deadline(self) -> float:
        """When something comes out next; ``NEVER`` if that is not a matter of time."""
        return self.queue[0][0] if self.queue else NEVER

    def drain(self) -> list[Item]:
        """Everything in it, in order: the stage is being taken away."""
        items = [item for _, item in self.queue]
        self.queue.clear()
        self.held = 0
        return items

    def cost(self, item: Item) -> int:
        """What ``item`` counts against the limit of what a path holds."""
        if type(item) is not Data:
            return 0
        return len(item.data) + (0 if self.stream else DATAGRAM_COST)

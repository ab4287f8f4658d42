"""One toxic at work on one direction of one socket: takes what passes, gives it on when it is time.

A stage never drops or reorders a stream's bytes; only :class:`~.faults.LimitData`, which ends the
connection, and a timeout that closes it, let go of what it holds. No clock here: ``now`` comes in.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from ..emulator.effects import CloseSocket
from ..emulator.events import Acknowledged, Closed, PeerClosed
from ..emulator.faults import (
    Bandwidth,
    Blackhole,
    Duplicate,
    Latency,
    LimitData,
    Loss,
    Reorder,
    ResetPeer,
    Slicer,
    SlowClose,
    Stall,
    Timeout,
    Toxic,
)
from .impair_items import HANDSHAKE, Cut, Data, Item, split

NEVER = math.inf
SEGMENT = 1460
"""Bytes of a full TCP segment (Ethernet's MTU of 1500): the largest piece in which bulk is passed on."""

DATAGRAM_COST = 28
"""What a datagram counts beside its payload (headers of IP and UDP): empty ones take room too."""

_SLOTS = 10
"""A slow line passes on a piece about so many times a second."""


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


class LatencyStage(Stage):
    """Everything later, in order."""

    __slots__ = ("_random", "_spread", "_time")

    def __init__(self, toxic: Latency, *, stream: bool, random: Random) -> None:
        super().__init__(toxic, stream=stream)
        self._time, self._spread, self._random = toxic.latency, toxic.jitter, random

    def push(self, item: Item, now: float) -> None:
        jitter = self._random.uniform(-self._spread, self._spread) if self._spread else 0.0
        self.put(item, now + max(0.0, self._time + jitter))


class Carver(Stage):
    """Base: passes payload on in pieces, which are cut when they are due; the rest costs no memory."""

    __slots__ = ("_due", "_size")

    def __init__(self, toxic: Toxic, *, stream: bool) -> None:
        super().__init__(toxic, stream=stream)
        self._due = -NEVER
        self._size = 0

    def next_size(self) -> int:
        """How long the next piece may be."""
        raise NotImplementedError

    def start(self, free: float, size: int) -> float:
        """When a piece of ``size`` bytes comes out if the stage is free at ``free``."""
        raise NotImplementedError

    def finish(self, due: float) -> float:
        """When the stage is free again after the piece that came out at ``due``."""
        raise NotImplementedError

    def push(self, item: Item, now: float) -> None:
        self.put(item, now)
        if len(self.queue) == 1:
            self._plan(max(now, self._due))

    def _plan(self, free: float) -> None:
        """``free``: when the stage may begin with the item in front."""
        item = self.queue[0][1]
        self._due = free
        if type(item) is Data:
            size = len(item.data)
            self._size = min(size, self.next_size()) if self.stream else size
            self._due = self.start(free, self._size)

    def take(self, now: float) -> Iterator[Item]:
        while self.queue and self._due <= now:
            arrived, item = self.queue.popleft()
            self.held -= self.cost(item)
            due = self._due
            if type(item) is Data:
                piece, rest = split(item, self._size)
                if rest is not None:
                    self.held += self.cost(rest)
                    self.queue.appendleft((arrived, rest))
                item = piece
                due = self.finish(due)
            self._due = due
            if self.queue:
                self._plan(max(due, self.queue[0][0]))
            yield item

    def deadline(self) -> float:
        return self._due if self.queue else NEVER


class BandwidthStage(Carver):
    """So many bytes a second."""

    __slots__ = ("_piece", "_rate")

    def __init__(self, toxic: Bandwidth, *, stream: bool) -> None:
        super().__init__(toxic, stream=stream)
        self._rate = toxic.rate
        self._piece = max(1, min(SEGMENT, int(toxic.rate / _SLOTS)))

    def next_size(self) -> int:
        return self._piece

    def start(self, free: float, size: int) -> float:
        return free + size / self._rate

    def finish(self, due: float) -> float:
        return due


class SlicerStage(Carver):
    """Small pieces, some time apart."""

    __slots__ = ("_random", "_slicer")

    def __init__(self, toxic: Slicer, *, stream: bool, random: Random) -> None:
        super().__init__(toxic, stream=stream)
        self._slicer, self._random = toxic, random

    def next_size(self) -> int:
        slicer = self._slicer
        return slicer.average_size + self._random.randint(-slicer.size_variation, slicer.size_variation)

    def start(self, free: float, size: int) -> float:
        return free

    def finish(self, due: float) -> float:
        return due + self._slicer.delay if self.stream else due


class LossStage(Stage):
    """A datagram in so many is gone."""

    __slots__ = ("_probability", "_random")

    def __init__(self, toxic: Loss, *, stream: bool, random: Random) -> None:
        super().__init__(toxic, stream=stream)
        self._probability, self._random = toxic.probability, random

    def push(self, item: Item, now: float) -> None:
        if type(item) is Data and not self.stream and self._random.random() < self._probability:
            return
        self.put(item, now)


class DuplicateStage(Stage):
    """A datagram in so many comes twice."""

    __slots__ = ("_probability", "_random")

    def __init__(self, toxic: Duplicate, *, stream: bool, random: Random) -> None:
        super().__init__(toxic, stream=stream)
        self._probability, self._random = toxic.probability, random

    def push(self, item: Item, now: float) -> None:
        self.put(item, now)
        if type(item) is Data and not self.stream and self._random.random() < self._probability:
            self.put(item, now)


class ReorderStage(Stage):
    """A datagram in so many is overtaken. The close of the socket waits for the last of them."""

    __slots__ = ("_delay", "_heap", "_probability", "_random", "_serial")

    def __init__(self, toxic: Reorder, *, stream: bool, random: Random) -> None:
        super().__init__(toxic, stream=stream)
        self._probability, self._delay, self._random = toxic.probability, toxic.delay, random
        self._heap: list[tuple[float, int, Item]] = []
        self._serial = 0

    def push(self, item: Item, now: float) -> None:
        if self.stream:
            self.put(item, now)
            return
        due = now
        if type(item) is not Data:
            due = max([now, *(entry[0] for entry in self._heap)])
        elif self._random.random() < self._probability:
            due += self._delay
        self._serial += 1
        self.held += self.cost(item)
        heapq.heappush(self._heap, (due, self._serial, item))

    def take(self, now: float) -> Iterator[Item]:
        yield from super().take(now)
        while self._heap and self._heap[0][0] <= now:
            item = heapq.heappop(self._heap)[2]
            self.held -= self.cost(item)
            yield item

    def deadline(self) -> float:
        return self._heap[0][0] if self._heap else super().deadline()

    def drain(self) -> list[Item]:
        items = [*super().drain(), *(entry[2] for entry in sorted(self._heap, key=lambda entry: entry[:2]))]
        self._heap.clear()
        return items


class SlowCloseStage(Stage):
    """The FIN later than the data."""

    __slots__ = ("_delay",)

    def __init__(self, toxic: SlowClose, *, stream: bool) -> None:
        super().__init__(toxic, stream=stream)
        self._delay = toxic.delay

    def push(self, item: Item, now: float) -> None:
        fin = isinstance(item, PeerClosed | Closed) or (isinstance(item, CloseSocket) and not item.abort)
        self.put(item, now + self._delay if fin and self.stream else now)


class LimitStage(Stage):
    """So many bytes, then the end."""

    __slots__ = ("_left",)

    def __init__(self, toxic: LimitData, *, stream: bool) -> None:
        super().__init__(toxic, stream=stream)
        self._left: int | None = toxic.size

    def push(self, item: Item, now: float) -> None:
        if type(item) is not Data:
            self.put(item, now)
        elif self._left is None:
            if self.stream:  # to a peer that has closed
                self.put(item, now)
        elif len(item.data) <= self._left:
            self._left -= len(item.data)
            self.put(item, now)
        else:
            if self.stream:
                if self._left:
                    self.put(split(item, self._left)[0], now)
                self.put(Cut(), now)
            self._left = None


class HoldStage(Stage):
    """Nothing passes: a stream waits, datagrams are lost."""

    __slots__ = ()

    def push(self, item: Item, now: float) -> None:
        if not self.stream:
            if type(item) is not Data:
                self.put(item, now)
            return
        self.hold(item)

    def hold(self, item: Item) -> None:
        """Keep ``item``; small pieces and acknowledgements become one, as when TCP sends again."""
        last = self.queue[-1][1] if self.queue else None
        if type(item) is Data and type(last) is Data and len(last.data) + len(item.data) <= SEGMENT:
            self.queue[-1] = (NEVER, replace(item, data=last.data + item.data))
            self.held += len(item.data)
        elif type(item) is Acknowledged and type(last) is Acknowledged:
            self.queue[-1] = (NEVER, item)
        else:
            self.put(item, NEVER)


class TimeoutStage(HoldStage):
    """Nothing passes, then the end."""

    __slots__ = ("_end", "_over")

    def __init__(self, toxic: Timeout, *, stream: bool, now: float) -> None:
        super().__init__(toxic, stream=stream)
        self._end = now + toxic.timeout if toxic.timeout and stream else NEVER
        self._over = False

    def push(self, item: Item, now: float) -> None:
        # as through a proxy: the connection is made
        if self._over or isinstance(item, HANDSHAKE):
            self.put(item, now)
        else:
            super().push(item, now)

    def take(self, now: float) -> Iterator[Item]:
        yield from super().take(now)
        if self._end <= now:
            self._end = NEVER
            self._over = True
            waiting = [item for item in self.drain() if type(item) is not Data]
            yield Cut()
            yield from waiting

    def deadline(self) -> float:
        return min(self._end, super().deadline())


class ResetStage(Stage):
    """The connection is reset after a while."""

    __slots__ = ("_end",)

    def __init__(self, toxic: ResetPeer, *, stream: bool, now: float) -> None:
        super().__init__(toxic, stream=stream)
        self._end = now + toxic.timeout if stream else NEVER

    def take(self, now: float) -> Iterator[Item]:
        yield from super().take(now)
        if self._end <= now:
            self._end = NEVER
            self.fired = True

    def deadline(self) -> float:
        return min(self._end, super().deadline())


class StallStage(HoldStage):
    """The peer's program stands still; its stack answers for it as long as it has room."""

    __slots__ = ("_base", "_window")

    def __init__(self, toxic: Stall, *, stream: bool) -> None:
        super().__init__(toxic, stream=stream)
        self._window = toxic.window
        self._base: int | None = None

    def push(self, item: Item, now: float) -> None:
        aborted = isinstance(item, CloseSocket) and item.abort
        if aborted or isinstance(item, HANDSHAKE) or type(item) is Acknowledged:
            self.overtake(item, now)
            return
        if type(item) is Data and self.stream:
            if self._base is None:
                self._base = item.end - len(item.data)
            if self._window:
                self.ack = min(item.end, self._base + self._window)
        super().push(item, now)

    def overtake(self, item: Item, now: float) -> None:
        """The peer's stack deals with ``item`` without its program."""
        ahead = 0
        while ahead < len(self.queue) and self.queue[ahead][0] <= now:
            ahead += 1
        self.queue.insert(ahead, (now, item))


def stage(toxic: Toxic, *, stream: bool, random: Random, now: float) -> Stage:
    """``toxic`` at work from ``now`` on, on a stream or on datagrams; its chances come from ``random``."""
    match toxic:
        case Latency():
            return LatencyStage(toxic, stream=stream, random=random)
        case Bandwidth():
            return BandwidthStage(toxic, stream=stream)
        case Loss():
            return LossStage(toxic, stream=stream, random=random)
        case Duplicate():
            return DuplicateStage(toxic, stream=stream, random=random)
        case Reorder():
            return ReorderStage(toxic, stream=stream, random=random)
        case Slicer():
            return SlicerStage(toxic, stream=stream, random=random)
        case SlowClose():
            return SlowCloseStage(toxic, stream=stream)
        case LimitData():
            return LimitStage(toxic, stream=stream)
        case Timeout():
            return TimeoutStage(toxic, stream=stream, now=now)
        case ResetPeer():
            return ResetStage(toxic, stream=stream, now=now)
        case Blackhole():
            return HoldStage(toxic, stream=stream)
        case Stall():
            return StallStage(toxic, stream=stream)
        case _:
            raise TypeError(f"no netstack knows the toxic {toxic!r}")

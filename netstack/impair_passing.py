"""Stages that let a stream through: later, slower, in pieces. Of datagrams not all come, or some twice."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from random import Random

from ..emulator.effects import CloseSocket
from ..emulator.events import Closed, PeerClosed
from ..emulator.faults import Bandwidth, Duplicate, Latency, Loss, Reorder, Slicer, SlowClose, Toxic
from .impair_items import Data, Item, split
from .impair_stage import NEVER, SEGMENT, Stage

_SLOTS = 10
"""A slow line passes on a piece about so many times a second."""


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

"""Stages at which a connection stops: it waits, stalls, is cut or reset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..emulator.effects import CloseSocket
from ..emulator.events import Acknowledged
from ..emulator.faults import LimitData, ResetPeer, Stall, Timeout
from .impair_items import HANDSHAKE, Cut, Data, Item, split
from .impair_stage import NEVER, SEGMENT, Stage


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

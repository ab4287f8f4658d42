"""One socket of the module behind impairments: its two lanes, and what both ends have been told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ..emulator.effects import Transport
from ..emulator.events import Accepted, Address
from ..emulator.faults import LimitData, ResetPeer, Timeout
from .impair_chains import Place, Standing, Who
from .impair_items import Data, Item
from .impair_stage import NEVER, Stage

HIGH_WATER = 65536
"""Bytes held in one direction above which the sender is asked to stop; datagrams beyond are lost."""
LOW_WATER = 16384
"""Bytes held at which it may go on."""

_FROM_ANEW = (LimitData, Timeout, ResetPeer)
"""Toxics that count from when their chain was put up: putting it up again begins anew."""


class Lane:
    """One direction: stages in a row, and behind them what has got through and not yet been handed over."""

    __slots__ = ("out", "out_held", "places", "stages", "stream")

    def __init__(self, *, stream: bool) -> None:
        self.stream = stream
        self.stages: list[Stage] = []
        self.places: list[Place] = []
        self.out: deque[Item] = deque()
        self.out_held = 0

    @property
    def held(self) -> int:
        """Bytes in it."""
        return self.out_held + sum(stage.held for stage in self.stages)

    @property
    def empty(self) -> bool:
        """Whether nothing would be lost with it."""
        return not self.stages and not self.out

    def enter(self, item: Item, now: float) -> None:
        """``item`` sets out. A datagram for which there is no room is lost."""
        if not self.stream and type(item) is Data and self.held > HIGH_WATER:
            return
        self._push(0, item, now)

    def advance(self, now: float) -> None:
        """Move everything as far as it gets by ``now``."""
        for number, stage in enumerate(self.stages):
            for item in stage.take(now):
                self._push(number + 1, item, now)

    def leave(self) -> Item:
        """Take the first of what has got through."""
        item = self.out.popleft()
        if type(item) is Data:
            self.out_held -= len(item.data)
        return item

    def deadline(self) -> float:
        """When something moves by itself next."""
        return min([stage.deadline() for stage in self.stages], default=NEVER)

    def clear(self) -> None:
        """Lose everything in it."""
        for stage in self.stages:
            stage.drain()
        self.out.clear()
        self.out_held = 0

    def rebuild(
        self, wanted: dict[Place, Standing], make: Callable[[Place, Standing], Stage], now: float
    ) -> None:
        """From now on the toxics ``wanted`` stand here; new ones are made by ``make``.

        What a stage holds that is taken away goes on at the same place, through what stands there now.
        """
        before = dict(zip(self.places, self.stages, strict=True))
        self.places = sorted(wanted)
        self.stages = []
        for place in self.places:
            standing, stage = wanted[place], before.get(place)
            again = isinstance(standing.toxic, _FROM_ANEW)
            if (
                stage is None
                or stage.toxic != standing.toxic
                or (again and stage.version != standing.version)
            ):
                stage = make(place, standing)
            stage.version = standing.version
            self.stages.append(stage)
        kept = set(map(id, self.stages))
        for place in sorted(before, reverse=True):
            stage = before[place]
            if id(stage) not in kept:
                number = sum(other < place for other in self.places)
                for item in stage.drain():
                    self._push(number, item, now)

    def _push(self, number: int, item: Item, now: float) -> None:
        if number < len(self.stages):
            self.stages[number].push(item, now)
            return
        self.out.append(item)
        if type(item) is Data:
            self.out_held += len(item.data)


class Socket:
    """One handle, or one question (a lookup, a ping, NTP: ``transport`` ``None``)."""

    __slots__ = (
        "acked",
        "announce",
        "connected",
        "deaf",
        "doomed",
        "engine_blocked",
        "engine_paused",
        "fin_out",
        "finishing",
        "forwarded",
        "handle",
        "inbox",
        "inbox_held",
        "inner_acked",
        "inner_blocked",
        "inner_over",
        "inner_paused",
        "listens",
        "local_port",
        "opened",
        "peer_fin",
        "peer_fin_out",
        "plain",
        "released",
        "sent",
        "severed",
        "stalled_ack",
        "stream",
        "to_host",
        "to_net",
        "told",
        "who",
    )

    def __init__(
        self, handle: int, transport: Transport | None, remote: Address | None, *, local_port: int = 0
    ) -> None:
        self.handle = handle
        self.who = Who(handle, transport, remote)
        self.stream = transport is not Transport.UDP
        self.local_port = local_port
        self.to_net = Lane(stream=self.stream)
        self.to_host = Lane(stream=self.stream)
        self.inbox: deque[Data | None] = deque()
        """What the engine gets as soon as it takes data; ``None`` is the peer's FIN."""
        self.inbox_held = 0
        self.listens = False
        self.plain = False
        """Nothing stands on its path and nothing is under way: traffic passes by."""
        self.announce: Accepted | None = None
        """UDP: the engine hears of this sender with its first datagram."""
        # ---- the engine's side
        self.told = False
        """The engine knows that it is open."""
        self.finishing = False
        """The engine has closed it in order, and waits for ``Closed``."""
        self.released = False
        """The engine has done with it; something is still on its way to the net."""
        self.engine_paused = False
        self.engine_blocked = False
        self.sent = self.acked = 0
        # ---- the netstack's side
        self.opened = False
        """The netstack has been asked for it, or made it."""
        self.connected = False
        self.inner_over = False
        """The netstack knows it no more, or what it says of it is not wanted."""
        self.inner_paused = False
        self.inner_blocked = False
        self.forwarded = 0
        self.fin_out = False
        """The module's FIN has got through."""
        # ---- the peer, as far as it is a fault's
        self.peer_fin = False
        """The peer's FIN has set out, or come."""
        self.peer_fin_out = False
        """It has got through."""
        self.deaf = False
        """What the real peer still sends is dropped: for the module it has finished."""
        self.severed = False
        """The peer has closed: what the module sends is answered by RST."""
        self.doomed = False
        """That RST has set out."""
        self.stalled_ack = 0
        """Acknowledged by the stack of a stalled peer, or ..."""
        self.inner_acked = 0
        """... by the netstack, as long as traffic does not pass by."""

    @property
    def held_to_host(self) -> int:
        """Bytes on their way to the module."""
        return self.to_host.held + self.inbox_held

    @property
    def untouched(self) -> bool:
        """Whether it can pass by again."""
        return (
            self.to_net.empty
            and self.to_host.empty
            and not self.inbox
            and not (self.deaf or self.severed or self.inner_over or self.released)
            and self.announce is None
            and self.inner_acked >= self.stalled_ack
            and self.engine_blocked == self.inner_blocked
            and self.engine_paused == self.inner_paused
        )

    def deadline(self) -> float:
        """When something moves by itself next."""
        return min(self.to_net.deadline(), self.to_host.deadline())

"""The path between the module's sockets and an inner netstack, with everything that can go wrong on it.

A pure core: effects of the engine and events of the netstack come in with the time, effects for the
netstack and events for the engine come out, and one deadline. What has no impairment on its path passes
by: :meth:`Impairments.passes_effect` and :meth:`Impairments.passes_event` say so at the cost of one look.
Chances come from ``random.Random`` seeded with seed, chain, socket and direction: the same seed and the
same traffic give the same run, and one chain's draws do not shift another's.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from ..emulator.effects import (
    AskNtp,
    CloseSocket,
    Listen,
    NetEffect,
    OpenSocket,
    PauseReceiving,
    Ping,
    Resolve,
    ResumeReceiving,
    SendData,
    Transport,
)
from ..emulator.events import (
    Accepted,
    Acknowledged,
    Closed,
    Connected,
    ConnectFailed,
    ConnectionLost,
    Event,
    ListenFailed,
    PeerClosed,
    Received,
    SendBlocked,
    SendReady,
)
from ..emulator.faults import (
    ActAsPeer,
    AnswerAsUsual,
    AnswerConnects,
    AnswerNames,
    Fault,
    Impair,
    Restore,
)
from .impair_faults import Staged
from .impair_items import ANSWERS, Answer, Data
from .impair_path import HIGH_WATER, Socket
from .impair_stage import NEVER

MOST_HELD = HIGH_WATER + 65536
"""Bytes that are held of one socket in one direction at the most: the mark, and the piece that passes it.

Towards the net this counts on the engine to heed ``SendBlocked``.
"""

_RELEASED = 64
"""Sockets that the engine has given up and whose last words are still on their way."""
_UNANNOUNCED = 64
"""Clients whose arrival is still on its way to the module."""
_QUESTIONS = 256


class Impairments(Staged):
    """The impaired paths of one module."""

    def __init__(self, seed: str = "0") -> None:
        super().__init__(seed)
        self._actions: dict[type[NetEffect], Callable[..., None]] = {
            OpenSocket: self._open,
            SendData: self._data_to_net,
            CloseSocket: self._close_asked,
            Listen: self._listen,
            PauseReceiving: self._pause,
            ResumeReceiving: self._pause,
            Resolve: self._ask,
            Ping: self._ask,
            AskNtp: self._ask,
            Impair: self.impair,
            Restore: self.restore,
            ActAsPeer: self.act,
            AnswerConnects: self.answers.put,
            AnswerNames: self.answers.put,
            AnswerAsUsual: self.answers.remove,
        }
        self._happenings: dict[type[Event], Callable[..., None]] = {
            Connected: self._connected,
            ConnectFailed: self._connect_failed,
            Received: self._data_to_host,
            Acknowledged: self._acknowledged,
            SendBlocked: self._inner_room,
            SendReady: self._inner_room,
            PeerClosed: self._peer_closed,
            ConnectionLost: self._inner_ended,
            Closed: self._inner_ended,
            ListenFailed: self._listen_failed,
            Accepted: self._accepted,
            **dict.fromkeys(ANSWERS, self._answered),
        }

    # ---- the calls ------------------------------------------------------------------------------

    def passes_effect(self, effect: NetEffect) -> bool:
        """Whether ``effect`` may go straight to the netstack, and need not be performed here."""
        if type(effect) is SendData and not self.effects:
            socket = self.sockets.get(effect.handle)
            if socket is not None and socket.plain:
                socket.sent += len(effect.data)
                return True
        return False

    def passes_event(self, event: Event) -> bool:
        """Whether ``event`` may go straight to the engine."""
        if self.events:
            return False
        if type(event) is Received:
            socket = self.sockets.get(event.handle)
            return socket is not None and socket.plain
        if type(event) is Acknowledged:
            socket = self.sockets.get(event.handle)
            if socket is not None and socket.plain:
                socket.acked = socket.inner_acked = event.total
                return True
        return False

    def perform(self, effect: NetEffect, now: float) -> None:
        """The engine, or a scenario, asks for ``effect``. Raises ``TypeError`` for a fault nobody knows.

        An effect for a handle that has ended is ignored: event and effect may have crossed.
        """
        self.now = now
        action = self._actions.get(type(effect))
        if action is not None:
            action(effect)
        elif isinstance(effect, Fault):
            raise TypeError(f"no netstack knows the fault {effect!r}")
        else:
            self.effects.append(effect)

    def happen(self, event: Event, now: float) -> None:
        """The netstack reports ``event``."""
        self.now = now
        handler = self._happenings.get(type(event))
        if handler is not None:
            handler(event)
        else:
            self.events.append(event)

    def handle_timer(self, now: float) -> None:
        """It is ``now``: what is due moves."""
        self.now = now
        while self.later and self.later[0][0] <= now:
            heapq.heappop(self.later)[2]()
        for socket in self.all_paths():
            if not socket.plain and self.knows(socket):
                self.settle(socket)

    def next_deadline(self) -> float | None:
        """When :meth:`handle_timer` wants to be called, or ``None``."""
        due = min([s.deadline() for s in self.all_paths() if not s.plain], default=NEVER)
        if self.later:
            due = min(due, self.later[0][0])
        return None if due == NEVER else due

    def take_effect(self) -> NetEffect | None:
        """The next effect for the netstack. To be emptied before :meth:`take_event` is asked."""
        return self.effects.popleft() if self.effects else None

    def take_event(self) -> Event | None:
        """The next event for the engine; one at a time, as its answer may decide about the next."""
        return self.events.popleft() if self.events else None

    @property
    def held(self) -> int:
        """The most bytes that are held of any socket in one direction."""
        return max([max(s.to_net.held, s.held_to_host) for s in self.sockets.values()], default=0)

    # ---- from the engine ------------------------------------------------------------------------

    def _open(self, effect: OpenSocket) -> None:
        self._free_port(effect.transport, effect.local_port)
        socket = self.enter(
            Socket(effect.handle, effect.transport, effect.remote, local_port=effect.local_port)
        )
        if socket.stream:
            socket.to_net.enter(effect, self.now)
            self.settle(socket)
        else:
            socket.opened = True
            self.effects.append(effect)

    def _listen(self, effect: Listen) -> None:
        self._free_port(effect.transport, effect.port)
        socket = self.enter(Socket(effect.handle, effect.transport, None, local_port=effect.port))
        socket.listens = socket.opened = socket.told = socket.connected = True
        self.effects.append(effect)
        self.settle(socket)

    def _free_port(self, transport: Transport, port: int) -> None:
        """A socket that only waits for its last words to get out does not keep its port."""
        for socket in list(self.sockets.values()):
            if port and socket.released and socket.who.transport is transport and socket.local_port == port:
                self.abandon(socket)

    def _data_to_net(self, effect: SendData) -> None:
        socket = self.sockets.get(effect.handle)
        if socket is None:
            return
        socket.sent += len(effect.data)
        if socket.plain:
            self.effects.append(effect)
            return
        item = Data(effect.data, socket.sent, effect.to, effect.awaited)
        socket.to_net.enter(item, self.now)
        self.settle(socket)

    def _pause(self, effect: PauseReceiving | ResumeReceiving) -> None:
        socket = self.sockets.get(effect.handle)
        if socket is None:
            return
        if socket.listens:
            self.effects.append(effect)
            return
        socket.engine_paused = isinstance(effect, PauseReceiving)
        socket.plain = False
        self.settle(socket)

    def _close_asked(self, effect: CloseSocket) -> None:
        socket = self.sockets.get(effect.handle)
        if socket is None:
            return
        if socket.plain:
            socket.plain, socket.forwarded = False, socket.sent
        if socket.listens and (socket.stream or socket.to_net.empty):
            self.effects.append(effect)
            self.forget(socket)
        elif not socket.stream or effect.abort or not socket.told:
            self._release(socket, effect)
        elif not socket.finishing:
            socket.finishing = True
            socket.engine_paused = False
            socket.inbox.clear()
            socket.inbox_held = 0
            socket.to_net.enter(effect, self.now)
            self.settle(socket)

    def _release(self, socket: Socket, effect: CloseSocket) -> None:
        """The engine wants to hear of ``socket`` no more."""
        if socket.stream:
            socket.to_net.clear()  # RST: what is not sent will not be
        socket.to_host.clear()
        socket.inbox.clear()
        socket.inbox_held = 0
        if socket.inner_over or not socket.told or socket.to_net.empty:
            self.abandon(socket)
            return
        socket.released = True
        socket.to_net.enter(effect, self.now)
        released = [other for other in self.sockets.values() if other.released]
        if len(released) > _RELEASED:
            self.abandon(released[0])
        if self.knows(socket):
            self.settle(socket)

    def _ask(self, effect: Resolve | Ping | AskNtp) -> None:
        query = Socket(effect.query, None, None)
        name = effect.name if isinstance(effect, Resolve) else ""
        self.queries[effect.query] = (query, name, self.now)
        if len(self.queries) > _QUESTIONS:
            del self.queries[next(iter(self.queries))]
        if self.chains:
            self.restage(query)
        query.to_net.enter(effect, self.now)
        self.settle(query)

    # ---- from the netstack ----------------------------------------------------------------------

    def _connected(self, event: Connected) -> None:
        socket = self.sockets.get(event.handle)
        if socket is None:
            return
        socket.connected = True
        socket.local_port = event.local.port
        if socket.stream:
            socket.to_host.enter(event, self.now)
        else:
            socket.told = True
            self.events.append(event)
        self.settle(socket)

    def _connect_failed(self, event: ConnectFailed) -> None:
        socket = self.sockets.get(event.handle)
        if socket is None:
            return
        socket.inner_over = True
        if socket.stream:
            socket.to_host.enter(event, self.now)
            self.settle(socket)
        else:
            self.forget(socket)
            self.events.append(event)

    def _listen_failed(self, event: ListenFailed) -> None:
        socket = self.sockets.get(event.handle)
        if socket is not None:
            self.forget(socket)
            self.events.append(event)

    def _accepted(self, event: Accepted) -> None:
        waiting = sum(not socket.told and socket.handle < 0 for socket in self.sockets.values())
        if waiting >= _UNANNOUNCED:
            self.effects.append(CloseSocket(event.handle, abort=True))
            return
        transport = self.transport_of(event.listener)
        socket = self.enter(Socket(event.handle, transport, event.remote))
        socket.opened = socket.connected = True
        if socket.stream:
            socket.to_host.enter(event, self.now)
        else:
            socket.announce = event
        self.settle(socket)

    def _data_to_host(self, event: Received) -> None:
        socket = self.sockets.get(event.handle)
        if socket is None or socket.deaf or socket.inner_over or socket.released:
            return
        if socket.plain:
            self.events.append(event)
            return
        socket.to_host.enter(Data(event.data, 0, event.source), self.now)
        self.settle(socket)

    def _from_peer(self, event: Acknowledged | PeerClosed) -> None:
        socket = self.sockets.get(event.handle)
        if socket is None or socket.inner_over or socket.released:
            return
        socket.to_host.enter(event, self.now)
        self.settle(socket)

    def _acknowledged(self, event: Acknowledged) -> None:
        socket = self.sockets.get(event.handle)
        if socket is not None:
            socket.inner_acked = event.total
            self._from_peer(event)

    def _peer_closed(self, event: PeerClosed) -> None:
        socket = self.sockets.get(event.handle)
        if socket is not None and not socket.deaf:
            socket.peer_fin = True
            self._from_peer(event)

    def _inner_room(self, event: SendBlocked | SendReady) -> None:
        socket = self.sockets.get(event.handle)
        if socket is None or socket.inner_over:
            return
        socket.inner_blocked = isinstance(event, SendBlocked)
        if socket.plain:
            socket.engine_blocked = socket.inner_blocked
            self.events.append(event)
        else:
            self.settle(socket)

    def _inner_ended(self, event: ConnectionLost | Closed) -> None:
        self.lingering.discard(event.handle)
        socket = self.sockets.get(event.handle)
        if socket is None or socket.inner_over:
            return
        socket.inner_over = True
        if socket.released:
            self.forget(socket)
            return
        socket.to_host.enter(event, self.now)
        self.settle(socket)

    def _answered(self, event: Answer) -> None:
        known = self.queries.get(event.query)
        if known is None:
            return
        known[0].to_host.enter(event, self.now)
        self.settle(known[0])

"""The two ends of an impaired path: what leaves it for the net, what leaves it for the module, and closing.

Rules for editors: nothing here calls anybody; effects for the netstack and events for the engine are
queued. Whoever changes a socket calls ``settle`` last: it moves all that can move, and may end the socket.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from ..emulator.effects import (
    AskNtp,
    CloseSocket,
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
    Address,
    Closed,
    Connected,
    ConnectFailed,
    ConnectionLost,
    Event,
    Failure,
    NtpAnswered,
    NtpFailed,
    PeerClosed,
    PingAnswered,
    PingFailed,
    Received,
    Resolved,
    ResolveFailed,
    SendBlocked,
    SendReady,
)
from ..emulator.faults import NoAnswer
from .impair_chains import Answers, Chains, Names
from .impair_items import Cut, Data, Item
from .impair_path import HIGH_WATER, LOW_WATER, Socket

LINGER = 10.0
"""Seconds for a real peer to close after it has been made to; then it is reset."""

_NOWHERE = Address("", 0)


class Ends:
    """The sockets, and the queues to netstack and engine."""

    def __init__(self) -> None:
        self.now = 0.0
        self.names = Names()
        self.chains = Chains(self.names)
        self.answers = Answers(self.names)
        self.sockets: dict[int, Socket] = {}
        self.queries: dict[int, tuple[Socket, str, float]] = {}
        """Questions under way: lookups with their name, pings, NTP; and since when."""
        self.effects: deque[NetEffect] = deque()
        self.events: deque[Event] = deque()
        self.later: list[tuple[float, int, Callable[[], None]]] = []
        self.lingering: set[int] = set()
        """Handles that only the netstack still knows: their peer is being closed."""
        self._serial = 0

    # ---- moving ---------------------------------------------------------------------------------

    def settle(self, socket: Socket) -> None:
        """Let everything on the path of ``socket`` get as far as it gets now."""
        while True:
            socket.to_net.advance(self.now)
            socket.to_host.advance(self.now)
            if any(stage.fired for lane in (socket.to_net, socket.to_host) for stage in lane.stages):
                self.reset(socket)
                return
            self._stalled_acks(socket)
            moved = self._flush_net(socket)
            moved = self._flush_host(socket) or moved
            if not self.knows(socket):
                return
            if not moved:
                break
        if socket.who.transport is not None:
            self._ask_for_pause(socket)
            self._tell_room(socket)
            socket.plain = socket.untouched

    def knows(self, socket: Socket) -> bool:
        """Whether ``socket`` has not ended."""
        if socket.who.transport is None:
            return socket.handle in self.queries
        return self.sockets.get(socket.handle) is socket

    def forget(self, socket: Socket) -> None:
        """The engine, and the path, have done with it."""
        if socket.who.transport is None:
            self.queries.pop(socket.handle, None)
        elif self.sockets.pop(socket.handle, None) is not None:
            self.chains.forget(socket.handle)

    def after(self, delay: float, action: Callable[[], None]) -> None:
        """Do ``action`` in ``delay`` seconds; at once if that is none."""
        if delay <= 0:
            action()
            return
        self._serial += 1
        heapq.heappush(self.later, (self.now + delay, self._serial, action))

    def _stalled_acks(self, socket: Socket) -> None:
        total = max([stage.ack for stage in socket.to_net.stages], default=0)
        if total > socket.stalled_ack:
            socket.stalled_ack = total
            socket.to_host.enter(Acknowledged(socket.handle, total), self.now)
            socket.to_host.advance(self.now)

    # ---- to the net -----------------------------------------------------------------------------

    def _flush_net(self, socket: Socket) -> bool:
        out = socket.to_net.out
        moved = False
        while out:
            waits = socket.inner_blocked and not socket.severed and not socket.inner_over
            if waits and not (isinstance(out[0], CloseSocket) and out[0].abort):
                break
            moved = True
            self._leave_net(socket, socket.to_net.leave())
            if not self.knows(socket):
                break
        return moved

    def _leave_net(self, socket: Socket, item: Item) -> None:
        match item:
            case Data():
                self._send(socket, item)
            case CloseSocket(abort=abort):
                self._close(socket, abort)
            case OpenSocket():
                self._connect(socket, item)
            case Resolve():
                self._look_up(socket, item)
            case Ping() | AskNtp():
                self.effects.append(item)
            case Cut():
                self.close_peer(socket)
            case _:
                raise AssertionError(f"{item!r} does not go to the net")

    def _send(self, socket: Socket, item: Data) -> None:
        if socket.severed:
            if not socket.doomed:
                socket.doomed = True
                socket.to_host.enter(ConnectionLost(socket.handle, Failure.RESET), self.now)
        elif not socket.inner_over:
            socket.forwarded = item.end
            self.effects.append(SendData(socket.handle, item.data, item.address, item.awaited))

    def _close(self, socket: Socket, abort: bool) -> None:
        """The module's FIN or RST, or the close of its UDP socket, gets out."""
        if abort or not socket.stream:
            self.abandon(socket)
            return
        if socket.inner_over and not socket.severed:
            return  # the loss of the connection is on its way to the module
        socket.fin_out = True
        if not socket.severed:
            self.effects.append(CloseSocket(socket.handle))
        if socket.deaf:
            if not socket.severed:
                self._let_linger(socket)
            if not socket.doomed:
                socket.to_host.enter(Closed(socket.handle), self.now)

    def abandon(self, socket: Socket) -> None:
        """End the netstack's side at once, and forget the socket."""
        if not socket.inner_over and socket.opened:
            self.effects.append(CloseSocket(socket.handle, abort=True))
        self.forget(socket)

    def _connect(self, socket: Socket, effect: OpenSocket) -> None:
        rule = self.answers.to_connect(socket.who)
        if rule is None:
            socket.opened = True
            self.effects.append(effect)
        elif rule.answer is not NoAnswer.SILENCE:
            self.after(rule.delay, lambda: self._answer_connect(socket, effect, rule.answer))

    def _answer_connect(self, socket: Socket, effect: OpenSocket, answer: Failure | NoAnswer | None) -> None:
        if not self.knows(socket):
            return
        if isinstance(answer, Failure):
            socket.inner_over = True
            socket.to_host.enter(ConnectFailed(socket.handle, answer), self.now)
            self.settle(socket)
        else:
            socket.opened = True
            self.effects.append(effect)

    def _look_up(self, query: Socket, effect: Resolve) -> None:
        rule = self.answers.to_lookup(effect.name)
        if rule is None:
            self.effects.append(effect)
            return
        answer, ttl = rule.answer, rule.ttl
        if isinstance(answer, NoAnswer):
            self.forget(query)
            return

        def answered() -> None:
            if not self.knows(query):
                return
            if answer is None:
                self.effects.append(effect)
                return
            if isinstance(answer, Failure):
                query.to_host.enter(ResolveFailed(effect.query, answer), self.now)
            elif isinstance(answer, tuple):
                query.to_host.enter(Resolved(effect.query, answer, ttl), self.now)
            self.settle(query)

        self.after(rule.delay, answered)

    # ---- to the module --------------------------------------------------------------------------

    def _flush_host(self, socket: Socket) -> bool:
        lane, moved = socket.to_host, False
        while lane.out:
            moved = True
            self._leave_host(socket, lane.leave())
            if not self.knows(socket):
                return True
        inbox = socket.inbox
        while inbox and not socket.engine_paused:
            moved = True
            item = inbox.popleft()
            if item is None:
                if not socket.finishing:
                    self.events.append(PeerClosed(socket.handle))
                continue
            socket.inbox_held -= len(item.data)
            if not socket.finishing:
                self._announce(socket)
                self.events.append(Received(socket.handle, item.data, item.address or _NOWHERE))
        return moved

    def _announce(self, socket: Socket) -> None:
        if socket.announce is not None:
            socket.told = True
            self.events.append(socket.announce)
            socket.announce = None

    def _leave_host(self, socket: Socket, item: Item) -> None:
        match item:
            case Data():
                if not (socket.peer_fin_out or (not socket.stream and socket.engine_paused)):
                    socket.inbox.append(item)
                    socket.inbox_held += len(item.data)
            case PeerClosed():
                self._finished(socket)
            case Cut():
                if socket.told:
                    self._finished(socket)
                    self.close_peer(socket)
            case Acknowledged(total=total):
                if total > socket.acked and not socket.finishing and not socket.released:
                    socket.acked = total
                    self.events.append(item)
            case Connected() | Accepted():
                socket.told = True
                self.events.append(item)
            case ConnectFailed() | Closed() | ConnectionLost():
                self.events.append(item)
                self.abandon(socket)
            case Resolved() | ResolveFailed():
                if isinstance(item, Resolved):
                    self.names.learn(self.queries[item.query][1], item.addresses)
                self.events.append(item)
                self.forget(socket)
            case PingAnswered(query=query, rtt=rtt):
                # The way through the path counts, as far as it is longer than the real one.
                self.events.append(replace(item, rtt=max(rtt, self.now - self.queries[query][2])))
                self.forget(socket)
            case PingFailed() | NtpAnswered() | NtpFailed():
                self.events.append(item)
                self.forget(socket)
            case _:
                raise AssertionError(f"{item!r} does not come from the net")

    def _finished(self, socket: Socket) -> None:
        if not socket.peer_fin_out:
            socket.peer_fin = socket.peer_fin_out = True
            socket.inbox.append(None)

    # ---- the peer made to close -----------------------------------------------------------------

    def close_peer(self, socket: Socket) -> None:
        """The peer closes: it has taken what got through to it, and will take no more."""
        if socket.severed or socket.inner_over or not socket.connected or not socket.stream:
            return
        socket.severed = socket.deaf = True
        if not socket.fin_out:
            self.effects.append(CloseSocket(socket.handle))
        self._let_linger(socket)
        if socket.fin_out:
            socket.to_host.enter(Closed(socket.handle), self.now)
        else:
            socket.to_host.enter(Acknowledged(socket.handle, socket.forwarded), self.now)
            self._send_peer_fin(socket)

    def half_close_peer(self, socket: Socket) -> None:
        """The peer sends FIN, and takes what the module sends."""
        if socket.deaf or socket.inner_over or not socket.connected or socket.peer_fin:
            return
        socket.deaf = True
        if socket.fin_out:
            self._let_linger(socket)
            socket.to_host.enter(Closed(socket.handle), self.now)
        else:
            self._send_peer_fin(socket)

    def _send_peer_fin(self, socket: Socket) -> None:
        if not socket.peer_fin:
            socket.peer_fin = True
            socket.to_host.enter(PeerClosed(socket.handle), self.now)

    def reset(self, socket: Socket) -> None:
        """RST at both ends, now."""
        handle = socket.handle
        if handle in self.lingering:
            self.lingering.remove(handle)
            self.effects.append(CloseSocket(handle, abort=True))
        self.abandon(socket)
        if socket.released:
            return
        if socket.told:
            self.events.append(ConnectionLost(handle, Failure.RESET))
        elif handle > 0:
            self.events.append(ConnectFailed(handle, Failure.RESET))

    def _let_linger(self, socket: Socket) -> None:
        """The netstack's side is on its own from here: for the engine the peer is a fault's."""
        handle = socket.handle
        socket.inner_over = True
        self.lingering.add(handle)

        def give_up() -> None:
            if handle in self.lingering:
                self.lingering.remove(handle)
                self.effects.append(CloseSocket(handle, abort=True))

        self.after(LINGER, give_up)

    # ---- pressure -------------------------------------------------------------------------------

    def _tell_room(self, socket: Socket) -> None:
        """Stop the engine while too much is held towards the net, and let it go on."""
        if not socket.told or socket.finishing or socket.released or socket.listens:
            return
        held = socket.to_net.held
        if not socket.engine_blocked and held > HIGH_WATER:
            socket.engine_blocked = True
            self.events.append(SendBlocked(socket.handle))
        elif socket.engine_blocked and held <= LOW_WATER and (socket.inner_over or not socket.inner_blocked):
            socket.engine_blocked = False
            self.events.append(SendReady(socket.handle))

    def _ask_for_pause(self, socket: Socket) -> None:
        """Let the netstack read no more while too much is held towards the module: its window closes."""
        if socket.inner_over or not socket.connected or socket.listens:
            return
        wanted = socket.engine_paused
        if socket.stream:
            held = socket.held_to_host
            wanted = wanted or held > (LOW_WATER if socket.inner_paused else HIGH_WATER)
        if wanted is not socket.inner_paused:
            socket.inner_paused = wanted
            kind = PauseReceiving if wanted else ResumeReceiving
            self.effects.append(kind(socket.handle))

    def transport_of(self, handle: int) -> Transport:
        """The transport of the socket ``handle``; a listener that is gone had TCP clients."""
        socket = self.sockets.get(handle)
        return Transport.TCP if socket is None or socket.who.transport is None else socket.who.transport

"""Impairments put up and taken away while sockets are open, and what a scenario lets peers do to them."""

from __future__ import annotations

from random import Random

from ..emulator.effects import Transport
from ..emulator.faults import ActAsPeer, Direction, Impair, PeerAction, Restore
from .impair_chains import Place, Standing
from .impair_ends import Ends
from .impair_path import Socket
from .impair_stage import Stage
from .impair_stages import stage


class Staged(Ends):
    """Sockets with the stages on their paths."""

    def __init__(self, seed: str) -> None:
        super().__init__()
        self._seed = seed

    def all_paths(self) -> list[Socket]:
        """Of sockets and of questions."""
        return [*self.sockets.values(), *(known[0] for known in self.queries.values())]

    def enter(self, socket: Socket) -> Socket:
        """A new socket, impaired as it should be."""
        self.sockets[socket.handle] = socket
        if self.chains:
            self.restage(socket)
        return socket

    def impair(self, fault: Impair) -> None:
        """A chain is put up."""
        self.chains.put(fault)
        self._all_anew()

    def restore(self, fault: Restore) -> None:
        """One is taken away, or all."""
        self.chains.remove(fault)
        self._all_anew()

    def _all_anew(self) -> None:
        for socket in self.all_paths():
            if self.knows(socket):
                self.restage(socket)
                self.settle(socket)

    def restage(self, socket: Socket) -> None:
        """Bring the stages on the path of ``socket`` up to date."""
        if socket.plain:
            socket.forwarded = socket.sent
        for direction, lane in ((Direction.TO_NET, socket.to_net), (Direction.TO_HOST, socket.to_host)):
            wanted = self.chains.on(socket.who, direction)

            def make(place: Place, standing: Standing, direction: Direction = direction) -> Stage:
                parts = (
                    self._seed,
                    standing.name,
                    standing.version,
                    socket.handle,
                    direction.value,
                    place.toxic,
                )
                random = Random(":".join(map(str, parts)))
                return stage(standing.toxic, stream=socket.stream, random=random, now=self.now)

            if wanted or lane.stages:
                socket.plain = False
                lane.rebuild(wanted, make, self.now)

    def act(self, fault: ActAsPeer) -> None:
        """Peers do something to the connections that are open."""
        for socket in list(self.sockets.values()):
            tcp = socket.who.transport is Transport.TCP and not socket.listens
            if not (tcp and socket.told and not socket.released):
                continue
            if not self.names.matches(fault.target, socket.who):
                continue
            if fault.action is PeerAction.RESET:
                self.reset(socket)
                continue
            if socket.plain:
                socket.plain, socket.forwarded = False, socket.sent
            if fault.action is PeerAction.CLOSE:
                self.close_peer(socket)
            else:
                self.half_close_peer(socket)
            self.settle(socket)

"""Where modules of one process reach each other: a network of PDP addresses over sockets of this host.

A module's TCP to another module's listener is a real connection on this host, so that windows, FIN, RST
and acknowledgements are true; both sides only give the other its name in the mobile network. Datagrams
between modules are handed over directly. No such traffic leaves the process, so no policy forbids it,
and no route leads it elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from ..emulator.effects import Transport
from ..emulator.events import Address, Failure


class Place:
    """An open listener, or datagram socket, of a module."""

    __slots__ = ("address", "arrive", "callers", "real", "transport")

    def __init__(self, transport: Transport, address: Address, real: Address) -> None:
        self.transport = transport
        self.address = address
        """The PDP address, and the port as the module knows it."""
        self.real = real
        """Where this host has it; to be connected to from this host."""
        self.callers: dict[Address, Address] = {}
        """TCP connections of modules that wait to be accepted: what this host calls the caller, and its
        PDP address and port."""
        self.arrive: Callable[[bytes, Address], None] = lambda data, sender: None
        """UDP: takes a datagram from a module, and who it comes from."""


class Air:
    """What modules have open, by PDP address. Shared by the stacks of one event loop."""

    def __init__(self, addresses: Iterable[str] = ()) -> None:
        """``addresses``: those of the modules, open or not; traffic to them never leaves for the host.

        Any other address that a module uses is a module's only where that has something open, so one that
        this host has too can be given to a module.
        """
        self._addresses = frozenset(addresses)
        self._places: dict[tuple[Transport, Address], Place] = {}
        self._present: Counter[str] = Counter()

    def take(self, transport: Transport, address: Address, real: Address) -> Place | None:
        """From now on ``real`` is known as ``address``; ``None`` if something is open there already."""
        key = (transport, address)
        if key in self._places:
            return None
        if real.host == "0.0.0.0":
            real = Address("127.0.0.1", real.port)
        place = self._places[key] = Place(transport, address, real)
        return place

    def leave(self, place: Place) -> None:
        """``place`` has been closed. May be repeated."""
        key = (place.transport, place.address)
        if self._places.get(key) is place:
            del self._places[key]

    def find(self, transport: Transport, address: Address) -> Place | None:
        """What a module has open there."""
        return self._places.get((transport, address))

    def enter(self, host: str) -> None:
        """A module has got this PDP address."""
        self._present[host] += 1

    def depart(self, host: str) -> None:
        """It has given the address up."""
        self._present[host] -= 1
        if self._present[host] <= 0:
            del self._present[host]

    def answers(self, host: str) -> bool:
        """Whether a module is in the network under this address, and so answers pings."""
        return host in self._present

    def refusal(self, host: str) -> Failure | None:
        """Why a port of ``host`` where nothing is open cannot be reached; ``None`` if it is no module's.

        A module that has something else open answers RST; without anything it is not in the network.
        """
        if host not in self._addresses:
            return None
        there = any(address.host == host for _, address in self._places)
        return Failure.REFUSED if there else Failure.UNREACHABLE

    def has_taken(self, transport: Transport, port: int, source: str) -> bool:
        """Whether another module than that at ``source`` keeps ``port`` of this host from it."""
        return any(
            place.transport is transport and place.real.port == port and place.address.host != source
            for place in self._places.values()
        )

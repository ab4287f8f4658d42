"""Which chains stand on whose path, in what order, and which connections and names get another answer."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeVar

from ..emulator.effects import Transport
from ..emulator.events import Address
from ..emulator.faults import (
    AnswerAsUsual,
    AnswerConnects,
    AnswerNames,
    Anything,
    Direction,
    Impair,
    OneSocket,
    Peers,
    Restore,
    Target,
    Toxic,
)
from .routes import fold

_NAMES = 1024
"""Addresses whose names are remembered: the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class Who:
    """What a target is compared with: a socket, or a question (without transport)."""

    handle: int
    transport: Transport | None
    remote: Address | None


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a toxic stands on a path: the number of its chain, its own within the chain."""

    chain: int
    toxic: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A toxic that stands somewhere: its chain's name, and for the how-manieth time that was put up."""

    toxic: Toxic
    name: str
    version: int


class Names:
    """By which names the module looked addresses up."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def learn(self, name: str, addresses: tuple[str, ...]) -> None:
        """``name`` was answered with ``addresses``."""
        for address in addresses:
            self._names.pop(address, None)
            self._names[address] = fold(name)
        while len(self._names) > _NAMES:
            del self._names[next(iter(self._names))]

    def matches(self, target: Target, who: Who) -> bool:
        """Whether ``target`` speaks of ``who``."""
        match target:
            case Anything():
                return True
            case OneSocket(handle):
                return who.transport is not None and handle == who.handle
            case Peers(pattern):
                return self._fits(pattern.lower(), who)

    def _fits(self, pattern: str, who: Who) -> bool:
        if who.transport is None or who.remote is None:
            return False
        scheme, port = who.transport.value.lower(), who.remote.port
        hosts = (who.remote.host, self._names.get(who.remote.host))
        return any(fnmatchcase(f"{scheme}://{host}:{port}", pattern) for host in hosts if host is not None)


class Chains:
    """The chains that are up, in the order in which they were put up."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._chains: dict[str, tuple[int, int, Impair]] = {}
        self._serial = 0
        self._versions: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._chains)

    def put(self, chain: Impair) -> None:
        """Put ``chain`` up, in the place of the one of the same name."""
        known = self._chains.get(chain.name)
        self._serial += 1
        place = self._serial if known is None else known[0]
        # A chain's own count: another chain must not shift its chances.
        version = self._versions[chain.name] = self._versions.get(chain.name, 0) + 1
        self._chains[chain.name] = (place, version, chain)

    def remove(self, fault: Restore) -> None:
        """Take the chain away, or all."""
        if fault.name is None:
            self._chains.clear()
        else:
            self._chains.pop(fault.name, None)

    def forget(self, handle: int) -> None:
        """The socket is over: so are the chains that were for it alone."""
        gone = [n for n, (_, _, chain) in self._chains.items() if chain.target == OneSocket(handle)]
        for name in gone:
            del self._chains[name]

    def on(self, who: Who, direction: Direction) -> dict[Place, Standing]:
        """The toxics on the path of ``who`` in ``direction``, in order."""
        return {
            Place(place, index): Standing(toxic, chain.name, version)
            for place, version, chain in self._chains.values()
            if chain.direction in (direction, Direction.BOTH) and self._names.matches(chain.target, who)
            for index, toxic in enumerate(chain.toxics)
        }


class Answers:
    """The connections and names that are answered otherwise, first put up first."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._connects: dict[str, AnswerConnects] = {}
        self._lookups: dict[str, AnswerNames] = {}
        self._left: dict[tuple[type, str], int] = {}

    def put(self, fault: AnswerConnects | AnswerNames) -> None:
        """From now on ``fault`` is in force."""
        if isinstance(fault, AnswerConnects):
            self._connects = _with(self._connects, fault)
        else:
            self._lookups = _with(self._lookups, fault)
        self._left.pop((type(fault), fault.name), None)
        if fault.times is not None:
            self._left[type(fault), fault.name] = fault.times

    def remove(self, fault: AnswerAsUsual) -> None:
        """Take away those of that name, or all."""
        if fault.name is None:
            self._connects.clear()
            self._lookups.clear()
        else:
            self._connects.pop(fault.name, None)
            self._lookups.pop(fault.name, None)

    def to_connect(self, who: Who) -> AnswerConnects | None:
        """What answers this connection request; it counts."""
        for fault in self._connects.values():
            if self._names.matches(fault.target, who):
                if self._used_up(fault):
                    del self._connects[fault.name]
                return fault
        return None

    def to_lookup(self, name: str) -> AnswerNames | None:
        """What answers the lookup of ``name``; it counts."""
        for fault in self._lookups.values():
            if fnmatchcase(fold(name), fold(fault.pattern)):
                if self._used_up(fault):
                    del self._lookups[fault.name]
                return fault
        return None

    def _used_up(self, fault: AnswerConnects | AnswerNames) -> bool:
        if fault.times is None:
            return False
        self._left[type(fault), fault.name] -= 1
        return not self._left[type(fault), fault.name]


Answer = TypeVar("Answer", AnswerConnects, AnswerNames)


def _with(answers: dict[str, Answer], fault: Answer) -> dict[str, Answer]:
    """One more, or in the place of its namesake; those that go first stand first."""
    known = {**answers, fault.name: fault}
    return dict(sorted(known.items(), key=lambda item: not item[1].first))

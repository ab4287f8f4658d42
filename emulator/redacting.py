"""Redacts what comes in pieces: holds each piece until the line that it belongs to is whole.

Stand-ins are as long as what they stand for, so every piece keeps its length, its time and its place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from .redact import Hidden, Redactor

MOST = 8192
"""Bytes of a line without an end that are held back ..."""
TAIL = 64
"""... and how many of them stay, so that no value is cut where the rest is let go."""

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Slot(Generic[T]):
    """A piece that is held: ``item`` is the caller's, ``data`` what may be told of it."""

    item: T
    data: bytearray
    missing: int


class _Side(Generic[T]):
    """One side's bytes that make no whole line yet, and the slots that they go back into."""

    def __init__(self) -> None:
        self.held = bytearray()
        self.slots: deque[Slot[T]] = deque()

    def add(self, slot: Slot[T], data: bytes) -> None:
        self.held += data
        self.slots.append(slot)

    def line(self, ends: bytes) -> bytes:
        """Take the next whole line, or what is too long to be held; nothing if there is none."""
        place = next((index for index, byte in enumerate(self.held) if byte in ends), -1)
        count = place + 1
        if not count and len(self.held) > MOST:
            count = len(self.held) - TAIL
        taken = bytes(self.held[:count])
        del self.held[:count]
        return taken

    def rest(self) -> bytes:
        """Take all."""
        taken = bytes(self.held)
        self.held.clear()
        return taken

    def give(self, data: bytes) -> None:
        """Put what may be told into the slots it came from."""
        at = 0
        while at < len(data):
            slot = self.slots[0]
            count = min(slot.missing, len(data) - at)
            slot.data += data[at : at + count]
            slot.missing -= count
            at += count
            if not slot.missing:
                self.slots.popleft()


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """What comes out: an item with its bytes (None: it has none), or what is hidden from here on."""

    item: T | None
    data: bytes | None = None
    hidden: Hidden | None = None


class Redacting(Generic[T]):
    """Items in, in their order; items out, in the same order, without secrets."""

    def __init__(self) -> None:
        self.redactor = Redactor()
        self._host: _Side[T] = _Side()
        self._module: _Side[T] = _Side()
        self._queue: deque[Slot[T] | Told[T]] = deque()

    def host(self, item: T, data: bytes) -> Iterator[Told[T]]:
        """Bytes of the host."""
        self._begin(self._host, item, data)
        while line := self._host.line(b"\x1a\x1b" if self.redactor.typing else b"\r\n\x1a\x1b"):
            self._decide(self._host, line, self.redactor.host(line))
        return self._out()

    def module(self, item: T, data: bytes) -> Iterator[Told[T]]:
        """Bytes of the module."""
        self._begin(self._module, item, data)
        while line := self._module.line(b"\n"):
            self._decide(self._module, line, self.redactor.module(line))
        return self._out()

    def other(self, item: T) -> Iterator[Told[T]]:
        """Something without bytes."""
        self._queue.append(Told(item))
        return self._out()

    def finish(self) -> Iterator[Told[T]]:
        """Let go of what is left."""
        if line := self._host.rest():
            self._decide(self._host, line, self.redactor.host(line))
        if line := self._module.rest():
            self._decide(self._module, line, self.redactor.module(line))
        return self._out()

    def _begin(self, side: _Side[T], item: T, data: bytes) -> None:
        slot = Slot(item, bytearray(), len(data))
        self._queue.append(slot)
        side.add(slot, data)

    def _decide(self, side: _Side[T], line: bytes, hidden: bytes) -> None:
        assert len(hidden) == len(line)
        if self.redactor.found:
            place = self._queue.index(side.slots[0])
            for found in self.redactor.found:
                self._queue.insert(place, Told(None, hidden=found))
            self.redactor.found.clear()
        side.give(hidden)

    def _out(self) -> Iterator[Told[T]]:
        told: list[Told[T]] = []
        while self._queue:
            first = self._queue[0]
            if isinstance(first, Slot):
                if first.missing:
                    break
                told.append(Told(first.item, bytes(first.data)))
            else:
                told.append(first)
            self._queue.popleft()
        return iter(told)

"""Output on its way: into a descriptor that takes no more for now, or onto a wire that has a rate."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable

from ..effects import SetLine

HIGH = 65536
"""Held output, bytes: above it the owner is told to stop ..."""
LOW = 16384
"""... and from here on down to go on."""


class Outflow:
    """Writes to one descriptor. ``blocked`` and ``ready`` are told at the water marks.

    ``lost`` is told when the other end is gone (what is held is dropped then), ``emptied`` when what was
    held has been written.
    """

    __slots__ = (
        "_blocked",
        "_fd",
        "_held",
        "_loop",
        "_tell_blocked",
        "_tell_emptied",
        "_tell_lost",
        "_tell_ready",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        fd: int,
        blocked: Callable[[], None],
        ready: Callable[[], None],
        lost: Callable[[OSError], None],
        emptied: Callable[[], None] = lambda: None,
    ) -> None:
        self._loop = loop
        self._fd = fd
        self._tell_blocked = blocked
        self._tell_ready = ready
        self._tell_lost = lost
        self._tell_emptied = emptied
        self._held = bytearray()  # deleting at its front does not copy
        self._blocked = False

    def __len__(self) -> int:
        """Bytes held."""
        return len(self._held)

    def write(self, data: bytes) -> None:
        """Write, or hold; ``blocked`` may be called from within."""
        if not self._held:
            try:
                count = os.write(self._fd, data)
            except BlockingIOError:
                count = 0
            except OSError as error:
                self._tell_lost(error)
                return
            if count == len(data):
                return
            data = data[count:]
            self._loop.add_writer(self._fd, self._writable)
        self._held += data
        if len(self._held) > HIGH and not self._blocked:
            self._blocked = True
            self._tell_blocked()

    def clear(self) -> None:
        """Drop what is held."""
        if self._held:
            self._loop.remove_writer(self._fd)
        self._held.clear()
        self._unblock()

    def _writable(self) -> None:
        try:
            del self._held[: os.write(self._fd, self._held)]
        except BlockingIOError:
            return
        except OSError as error:
            self.clear()
            self._tell_lost(error)
            return
        empty = not self._held
        if empty:
            self._loop.remove_writer(self._fd)
        self._unblock()
        if empty:
            self._tell_emptied()

    def _unblock(self) -> None:
        if self._blocked and len(self._held) <= LOW:
            self._blocked = False
            self._tell_ready()


class OutQueue:
    """Output that waits for the wire, and the changes of the line, which have their place in it."""

    __slots__ = (
        "_items",
        "bytes",
    )

    def __init__(self) -> None:
        self._items: deque[bytes | SetLine] = deque()
        self.bytes = 0
        """How many wait."""

    def __bool__(self) -> bool:
        """Whether anything waits, bytes or a change."""
        return bool(self._items)

    def put(self, item: bytes | SetLine) -> None:
        """Add bytes, or a change that holds behind them."""
        self._items.append(item)
        if isinstance(item, bytes):
            self.bytes += len(item)

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes, at most to the next change."""
        pieces: list[bytes] = []
        while count > 0 and self._items:
            piece = self._items[0]
            if isinstance(piece, SetLine):
                break
            self._items.popleft()
            if len(piece) > count:
                self._items.appendleft(piece[count:])
                piece = piece[:count]
            pieces.append(piece)
            count -= len(piece)
        data = b"".join(pieces)
        self.bytes -= len(data)
        return data

    def change(self) -> SetLine | None:
        """Take the change that has come to the front, if one has."""
        if self._items and isinstance(self._items[0], SetLine):
            change = self._items.popleft()
            assert isinstance(change, SetLine)
            return change
        return None

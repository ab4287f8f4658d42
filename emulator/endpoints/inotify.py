"""Tells a pty who opens and closes its slave: the one thing that the kernel does not report to the master."""

from __future__ import annotations

import asyncio
import ctypes
import os
import select
import struct
import weakref
from collections.abc import Sequence
from typing import Protocol

from ..round import round_of
from . import EndpointError

# linux/inotify.h
IN_CLOSE_WRITE = 0x0008
IN_CLOSE_NOWRITE = 0x0010
IN_OPEN = 0x0020
IN_Q_OVERFLOW = 0x4000
IN_CLOSE = IN_CLOSE_WRITE | IN_CLOSE_NOWRITE

_WATCHED = IN_OPEN | IN_CLOSE
_HEADER = struct.Struct("iIII")
_READ_SIZE = 65536


class Watched(Protocol):
    """What is told about its node."""

    def openings_changed(self, steps: Sequence[int]) -> None:
        """The node was opened (+1) and closed (-1), in this order; never empty."""

    def recount(self) -> None:
        """Openings went unseen; whoever counts must find out anew."""


class Inotify:
    """One inotify instance, shared by all ptys of an event loop.

    The kernel merges an event into the one queued last when both are alike, so two openings of one node
    in a row would count as one. Therefore the node's directory is watched as well: each opening is then
    queued twice, under the directory and under the node, and two alike are never neighbours. (What remains:
    two processors opening the same node within the same microsecond; measured as 0.1 % of the openings when
    programs do nothing else.)
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Raise :class:`EndpointError` when the kernel grants no inotify instance."""
        self._loop = loop
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._nodes: dict[int, Watched] = {}
        self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise EndpointError(
                f"no inotify instance: {os.strerror(ctypes.get_errno())}; "
                "raise /proc/sys/fs/inotify/max_user_instances or the open file limit (ulimit -n)"
            )
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        self.poll = poll.poll  # poll(0) is truthy when events wait: 0.3 us, a failing read costs 0.7
        loop.add_reader(self._fd, self.dispatch)
        round_of(loop).look = self.look

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> Inotify:
        """The instance of this loop, made when first asked for."""
        instance = _instances.get(loop)
        if instance is None:
            instance = _instances[loop] = cls(loop)
        return instance

    def watch(self, path: str, watched: Watched) -> int:
        """Report openings of ``path`` from now on; returns the watch. Raises :class:`EndpointError`."""
        self._add(os.path.dirname(path))
        watch = self._add(path)
        self._nodes[watch] = watched
        return watch

    def unwatch(self, watch: int) -> None:
        """Forget a watch; events already queued for it are not reported any more."""
        del self._nodes[watch]
        self._libc.inotify_rm_watch(self._fd, watch)

    def release(self) -> None:
        """Close the instance unless somebody still watches through it."""
        if self._nodes or self._fd < 0:
            return
        if not self._loop.is_closed():
            self._loop.remove_reader(self._fd)
        os.close(self._fd)
        self._fd = -1
        round_of(self._loop).look = _nothing_to_see
        _instances.pop(self._loop, None)

    def look(self) -> None:
        """Report what has happened until now, if anything has."""
        if self.poll(0):
            self.dispatch()

    def dispatch(self) -> None:
        """Report everything that has happened until now, one call per node."""
        steps: dict[int, list[int]] = {}
        overflow = False
        for watch, mask in self._events():
            if mask & IN_Q_OVERFLOW:
                overflow = True
            elif mask & _WATCHED and watch in self._nodes:
                steps.setdefault(watch, []).append(1 if mask & IN_OPEN else -1)
        if overflow:
            for watch in list(self._nodes):
                self._report(watch, ())
            return
        for watch, changes in steps.items():
            self._report(watch, changes)

    def _report(self, watch: int, steps: Sequence[int]) -> None:
        watched = self._nodes.get(watch)  # an earlier report may have ended this watch
        if watched is None:
            return
        try:
            if steps:
                watched.openings_changed(steps)
            else:
                watched.recount()
        except Exception as error:
            # As the loop does for any callback: the other nodes' events must not be lost with it.
            self._loop.call_exception_handler(
                {"message": "Error in a pty's client watch", "exception": error}
            )

    def _events(self) -> list[tuple[int, int]]:
        events: list[tuple[int, int]] = []
        while True:
            try:
                data = os.read(self._fd, _READ_SIZE)
            except BlockingIOError:
                return events
            at = 0
            while at < len(data):
                watch, mask, _cookie, name_length = _HEADER.unpack_from(data, at)
                events.append((watch, mask))
                at += _HEADER.size + name_length

    def _add(self, path: str) -> int:
        watch: int = self._libc.inotify_add_watch(self._fd, os.fsencode(path), _WATCHED)
        if watch < 0:
            raise EndpointError(
                f"cannot watch {path}: {os.strerror(ctypes.get_errno())}; "
                "if it is a limit, raise /proc/sys/fs/inotify/max_user_watches"
            )
        return watch


def _nothing_to_see() -> None:
    """No pty is left."""


# The only way to share per loop without a parameter through every layer; entries die with their loop.
_instances: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Inotify] = weakref.WeakKeyDictionary()

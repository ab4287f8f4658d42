"""Name resolution for the module that blocks neither the event loop nor the end of the process."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..emulator.effects import Resolve
from ..emulator.events import Event, Failure, Resolved, ResolveFailed
from .policy import Policy, ipv4
from .routes import Routes, fold

if TYPE_CHECKING:
    import asyncio

_THREADS = 8
"""Lookups at one time; a resolver that hangs holds its thread for up to half a minute."""

_NOBODY = {socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_FAMILY, getattr(socket, "EAI_ADDRFAMILY", -9)}


def host_lookup(name: str) -> tuple[str, ...]:
    """Ask the host's resolver; blocks. Raises ``socket.gaierror``, or ``UnicodeError`` for a bad name."""
    found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class Resolver:
    """Answers :class:`Resolve` effects.

    The servers that the module configured are not modelled yet: the host's resolver is asked also
    when ``servers`` is not empty. Each lookup runs in a daemon thread of its own (at most eight;
    the rest waits), because the threads of ``concurrent.futures`` are joined when the process ends
    and a lookup that hangs would hold it up. ``lookup`` is what asks the host.
    """

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        deliver: Callable[[Event], None],
        routes: Routes,
        policy: Policy,
        note: Callable[[str], None],
        lookup: Callable[[str], tuple[str, ...]] = host_lookup,
    ) -> None:
        self._loop = loop
        self._deliver = deliver
        self._routes = routes
        self._policy = policy
        self._note = note
        self._lookup = lookup
        self._waiting: deque[tuple[int, str]] = deque()
        self._threads = 0
        self._closed = False

    def resolve(self, effect: Resolve) -> None:
        """Answer with ``Resolved`` or ``ResolveFailed``: at once, if nobody has to be asked."""
        name = effect.name
        address = self._known(name)
        if address is not None:
            self._deliver(Resolved(effect.query, (address,)))
        elif not _askable(name):
            self._deliver(ResolveFailed(effect.query, Failure.NOT_FOUND))
        elif self._policy is not Policy.HOST:
            self._note(f"{name} was not looked up: the network policy is {self._policy.value!r}")
            self._deliver(ResolveFailed(effect.query, Failure.FORBIDDEN))
        else:
            self._waiting.append((effect.query, name))
            self._start_thread()

    def close(self) -> None:
        """Answer nothing from now on. Lookups that are under way end unheard."""
        self._closed = True
        self._waiting.clear()

    def _known(self, name: str) -> str | None:
        """The address that needs no lookup."""
        if ipv4(name) is not None:
            return name
        synthetic = self._routes.synthetic(name, offline=self._policy is not Policy.HOST)
        if synthetic is not None:
            return synthetic
        if self._policy is Policy.LOOPBACK and fold(name) == "localhost":
            return "127.0.0.1"
        return None

    def _start_thread(self) -> None:
        if self._threads >= _THREADS or not self._waiting:
            return
        self._threads += 1
        query, name = self._waiting.popleft()
        threading.Thread(target=self._work, args=(query, name), name=f"resolve {name}", daemon=True).start()

    def _work(self, query: int, name: str) -> None:
        """In the thread: look up, and hand the answer to the loop."""
        event: Event
        try:
            addresses = self._lookup(name)
            event = Resolved(query, addresses) if addresses else ResolveFailed(query, Failure.NOT_FOUND)
        except socket.gaierror as error:
            event = ResolveFailed(query, Failure.NOT_FOUND if error.errno in _NOBODY else Failure.TIMED_OUT)
        except (OSError, ValueError):  # UnicodeError (a ValueError): not a name that DNS can carry
            event = ResolveFailed(query, Failure.NOT_FOUND)
        try:
            self._loop.call_soon_threadsafe(self._answered, event)
        except RuntimeError:
            return  # the loop has been closed meanwhile: nobody waits for the answer

    def _answered(self, event: Event) -> None:
        self._threads -= 1
        self._start_thread()
        if not self._closed:
            self._deliver(event)


def _askable(name: str) -> bool:
    """Whether ``name`` is a name. The C library would take ``127.1`` and ``0x7f000001`` for addresses."""
    if not name or len(name) > 255 or "\0" in name or not name.isascii():
        return False
    try:
        socket.inet_aton(name)
    except OSError:
        return True
    return False

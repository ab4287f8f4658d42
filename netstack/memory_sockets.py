"""Which handles and ports the module has in the memory netstack, and which it had."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..emulator.effects import Transport
from ..emulator.events import Address, Event
from .memory_peers import MemoryConnection, MisuseError

FIRST_FREE_PORT = 49152
UDP_HELD_WHILE_PAUSED = 8


@dataclass(slots=True)
class Socket:
    """One handle of the module. ``connection`` is TCP's, ``senders`` a UDP listener's."""

    handle: int
    transport: Transport
    local: Address
    remote: Address | None = None
    connection: MemoryConnection | None = None
    listens: bool = False
    owns_port: bool = True
    told: bool = False  # the engine has been told that it is open
    closing: bool = False  # the engine has asked for an orderly close
    paused: bool = False
    last_due: float = 0.0
    held: deque[Event] = field(default_factory=deque)
    senders: dict[Address, int] = field(default_factory=dict)

    def hold(self, event: Event) -> None:
        """Keep ``event`` for the time after the pause; UDP keeps only a few."""
        if self.transport is Transport.TCP or len(self.held) < UDP_HELD_WHILE_PAUSED:
            self.held.append(event)


class SocketTable:
    """The open sockets by handle. A handle that has ended is remembered, by who ended it."""

    def __init__(self) -> None:
        self.occupied: set[tuple[Transport, int]] = set()
        self._open: dict[int, Socket] = {}
        self._lost: set[int] = set()
        self._dead: set[int] = set()
        self._next_port = FIRST_FREE_PORT
        self._next_accepted = -1

    def __iter__(self) -> Iterator[Socket]:
        return iter(self._open.values())

    def __contains__(self, handle: int) -> bool:
        return handle in self._open

    def get(self, handle: int) -> Socket | None:
        """The open socket ``handle``."""
        return self._open.get(handle)

    def add(self, socket: Socket) -> Socket:
        """A new socket."""
        self._open[socket.handle] = socket
        return socket

    def claim(self, handle: int) -> None:
        """The engine opens ``handle``: it must be positive and new."""
        if handle <= 0:
            raise MisuseError(f"the engine's handles are positive, not {handle}")
        if handle in self._open or handle in self._lost or handle in self._dead:
            raise MisuseError(f"handle {handle} is opened twice")

    def live(self, handle: int, what: str) -> Socket | None:
        """The open socket; ``None`` if the far end has ended it: a race, not a mistake."""
        if handle in self._lost:
            return None
        socket = self._open.get(handle)
        if socket is None:
            past = "was closed by the engine" if handle in self._dead else "was never opened"
            raise MisuseError(f"{what} on {handle}, which {past}")
        return socket

    def was_closed(self, handle: int) -> bool:
        """The engine itself has closed ``handle``."""
        return handle in self._dead

    def end(self, handle: int, *, by_engine: bool) -> None:
        """``handle`` is over."""
        del self._open[handle]
        (self._dead if by_engine else self._lost).add(handle)

    def accepted_handle(self) -> int:
        """The next number for an accepted socket: -1, -2 ..."""
        handle = self._next_accepted
        self._next_accepted -= 1
        return handle

    def in_use(self, transport: Transport, local: Address) -> bool:
        """Somebody has this local port already."""
        if (transport, local.port) in self.occupied:
            return True
        return any(s.owns_port and s.transport is transport and s.local == local for s in self)

    def free_port(self) -> int:
        """An ephemeral port that nobody has."""
        taken = {socket.local.port for socket in self} | {port for _, port in self.occupied}
        port = self._next_port
        while port in taken:
            port = _following(port)
        self._next_port = _following(port)
        return port


def _following(port: int) -> int:
    return port + 1 if port < 65535 else FIRST_FREE_PORT


def is_ipv4(text: str) -> bool:
    """Whether ``text`` is an IPv4 address in dotted form."""
    parts = text.split(".")
    return len(parts) == 4 and all(p.isascii() and p.isdigit() and int(p) <= 255 for p in parts)

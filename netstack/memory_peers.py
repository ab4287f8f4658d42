"""The far ends that a test scripts: TCP peers and their connections, UDP peers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from ..emulator.events import (
    Acknowledged,
    Address,
    Closed,
    ConnectionLost,
    Event,
    Failure,
    PeerClosed,
    Received,
    SendBlocked,
    SendReady,
)
from .script import ScriptRun, Step


class Mode(Enum):
    """How a peer answers the module's SYN."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    SILENT = "silent"
    UNREACHABLE = "unreachable"


class MisuseError(AssertionError):
    """The engine did what the netstack contract forbids: a defect of the engine."""


class Wire(Protocol):
    """What peers need of the netstack that they live in."""

    def post(self, event: Event, delay: float) -> None:
        """Let ``event`` happen at the module ``delay`` seconds from now."""

    def datagram(self, data: bytes, source: Address, to_port: int | None, delay: float) -> None:
        """Carry a datagram to the module."""


@dataclass(frozen=True, slots=True)
class Datagram:
    """One datagram that the module sent, and the module's address that it came from."""

    data: bytes
    source: Address


class MemoryConnection:
    """One TCP connection, seen and moved from its far end.

    ``local`` is the module's address, ``remote`` the far end's. What the module sends is collected
    in ``received``; what happened to the connection is told by the flags below.
    """

    def __init__(
        self,
        wire: Wire,
        handle: int,
        local: Address,
        remote: Address,
        *,
        latency: float = 0.0,
        send_limit: int = 16384,
        script: Sequence[Step] | None = None,
    ) -> None:
        self.handle = handle
        self.local = local
        self.remote = remote
        self.latency = latency
        self.received = bytearray()
        self.fin_received = False
        self.reset_received = False
        self.fin_sent = False
        self.gone = False
        self.run = None if script is None else ScriptRun(script, self)
        self._wire = wire
        self._send_limit = send_limit
        self._backlog = bytearray()
        self._blocked = False
        self._room: int | None = None  # bytes that still fit; None: the peer reads on
        self._ack_limit: int | None = None
        self._acknowledged = 0
        self._answers_fin = True
        self._closing = False

    # ---- what the far end does ------------------------------------------------------------------

    def send(self, data: bytes, segment: int | None = None) -> None:
        """Send to the module: one ``Received``, or one for every ``segment`` bytes."""
        if self.fin_sent and not self.gone:
            raise ValueError("the peer cannot send after its own FIN")
        size = segment or len(data) or 1
        for start in range(0, len(data), size):
            self._post(Received(self.handle, bytes(data[start : start + size]), self.remote))

    def close(self) -> None:
        """Send FIN (again: nothing). Completes the module's own close if that is under way."""
        if self.fin_sent:
            return
        self.fin_sent = True
        if self.fin_received:
            self._finish(Closed(self.handle))
        else:
            self._post(PeerClosed(self.handle))

    def reset(self) -> None:
        """Send RST: the module loses the connection, what it still had to send is lost."""
        self._finish(ConnectionLost(self.handle, Failure.RESET))

    def ack_limit(self, total: int) -> None:
        """Acknowledge at most the first ``total`` bytes, until :meth:`ack_all`."""
        self._ack_limit = total

    def ack_all(self) -> None:
        """Acknowledge everything received, now and from now on."""
        self._ack_limit = None
        self._acknowledge()

    def stop_reading(self, window: int = 0) -> None:
        """Take (and acknowledge) only ``window`` bytes more: the module's data backs up."""
        self._room = window

    def start_reading(self) -> None:
        """Read on: what has backed up arrives."""
        self._room = None
        self._pump()

    def ignore_fin(self) -> None:
        """Do not answer the module's FIN until :meth:`close` (or :meth:`reset`)."""
        self._answers_fin = False

    def vanish(self) -> None:
        """Fall silent, as a peer without power: no data, no acknowledgement, no FIN any more."""
        self.stop_reading()
        self.ignore_fin()

    @property
    def waiting(self) -> int:
        """Bytes that the module has sent and this end has not taken yet."""
        return len(self._backlog)

    # ---- what the module does (called by the netstack) ------------------------------------------

    def module_sends(self, data: bytes) -> None:
        """The module sent ``data``."""
        self._backlog += data
        self._pump()

    def module_closes(self) -> None:
        """The module closes in order: FIN goes out behind what is queued."""
        self._closing = True
        self._pump()

    def module_aborts(self) -> None:
        """The module sent RST."""
        self.reset_received = True
        self.gone = True

    # ---- internals ------------------------------------------------------------------------------

    def _pump(self) -> None:
        if self.gone:
            return
        count = len(self._backlog) if self._room is None else min(self._room, len(self._backlog))
        taken = bytes(self._backlog[:count])
        del self._backlog[:count]
        if self._room is not None:
            self._room -= count
        if taken:
            self.received += taken
            self._acknowledge()
            if self.run is not None:
                self.run.feed(taken)
        self._tell_room()
        if self._closing and not self._backlog and not self.fin_received and not self.gone:
            self._take_fin()

    def _tell_room(self) -> None:
        if not self._blocked and len(self._backlog) > self._send_limit:
            self._blocked = True
            self._post(SendBlocked(self.handle))
        elif self._blocked and len(self._backlog) <= self._send_limit // 4:
            self._blocked = False
            self._post(SendReady(self.handle))

    def _take_fin(self) -> None:
        self.fin_received = True
        if self.fin_sent or self._answers_fin:
            self.fin_sent = True
            self._finish(Closed(self.handle))

    def _acknowledge(self) -> None:
        total = len(self.received)
        if self._ack_limit is not None:
            total = min(total, self._ack_limit)
        if total > self._acknowledged:
            self._acknowledged = total
            self._post(Acknowledged(self.handle, total))

    def _post(self, event: Event) -> None:
        if not self.gone:
            self._wire.post(event, self.latency)

    def _finish(self, event: Event) -> None:
        self._post(event)
        self.gone = True


@dataclass(slots=True)
class TcpPeer:
    """A TCP address that the module may connect to, and the connections it made (in order)."""

    address: Address
    mode: Mode = Mode.ACCEPT
    latency: float = 0.0
    script: Sequence[Step] | None = None
    on_connect: Callable[[MemoryConnection], None] | None = None
    connections: list[MemoryConnection] = field(default_factory=list)

    def connection(self, index: int = -1) -> MemoryConnection:
        """The ``index``-th connection made to this peer (the latest); ``IndexError`` if there is none."""
        return self.connections[index]

    def accept(self) -> None:
        """Accept connections from now on."""
        self.mode = Mode.ACCEPT

    def refuse(self) -> None:
        """Refuse connections from now on."""
        self.mode = Mode.REFUSE

    def silent(self) -> None:
        """Never answer a connection request from now on."""
        self.mode = Mode.SILENT

    def unreachable(self) -> None:
        """Be unreachable from now on."""
        self.mode = Mode.UNREACHABLE


class UdpPeer:
    """A UDP address: collects what the module sends to it, sends to the module."""

    def __init__(self, wire: Wire, address: Address, mode: Mode, latency: float) -> None:
        self.address = address
        self.mode = mode
        self.latency = latency
        self.received: list[Datagram] = []
        self.run: ScriptRun | None = None
        self._wire = wire
        self._last: Address | None = None

    def send(self, data: bytes, to_port: int | None = None) -> None:
        """Send one datagram to the module's port ``to_port``.

        Without it: to where the module last wrote from, else to its latest socket for this peer.
        Raises ``LookupError`` if there is no such socket; a port that nobody has is silence.
        """
        if to_port is None and self._last is not None:
            to_port = self._last.port
        self._wire.datagram(data, self.address, to_port, self.latency)

    def play(self, script: Sequence[Step]) -> ScriptRun:
        """Run ``script``: each ``Expect`` is one whole datagram."""
        self.run = ScriptRun(script, _UdpActor(self), datagrams=True)
        self.run.start()
        return self.run

    def module_sends(self, data: bytes, source: Address) -> None:
        """The module sent a datagram from ``source`` (called by the netstack)."""
        self._last = source
        self.received.append(Datagram(data, source))
        if self.run is not None:
            self.run.feed(data)


@dataclass(frozen=True, slots=True)
class _UdpActor:
    """A UDP peer can send; there is nothing to close, reset or acknowledge."""

    peer: UdpPeer

    def send(self, data: bytes) -> None:
        self.peer.send(data)

    def close(self) -> None:
        raise ValueError("a UDP peer cannot close")

    def reset(self) -> None:
        raise ValueError("a UDP peer cannot reset")

    def ack_limit(self, total: int) -> None:
        raise ValueError("a UDP peer does not acknowledge")

    def ack_all(self) -> None:
        raise ValueError("a UDP peer does not acknowledge")

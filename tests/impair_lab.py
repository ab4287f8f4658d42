"""A netstack in memory behind impairments, played by hand: no modem, a clock that the test moves."""

from __future__ import annotations

from typing import TypeVar

from impaired_world import ImpairedNet
from vmodem.emulator.effects import (
    CloseSocket,
    Listen,
    NetEffect,
    OpenSocket,
    PauseReceiving,
    ResumeReceiving,
    SendData,
    Transport,
)
from vmodem.emulator.events import Acknowledged, Address, Connected, Event, Received
from vmodem.emulator.faults import Anything, Direction, Impair, Toxic
from vmodem.netstack.memory import MemoryConnection

SERVER = Address("203.0.113.5", 8500)
LOCAL = "10.0.0.1"
START = 1000.0

E = TypeVar("E", bound=Event)


class Lab:
    """``heard`` is what the engine was told, each with the seconds since the start."""

    def __init__(self, *toxics: Toxic, direction: Direction = Direction.BOTH, seed: str = "0") -> None:
        self.net = ImpairedNet(seed=seed)
        self.peer = self.net.tcp(*SERVER)
        self.now = START
        self.heard: list[tuple[float, Event]] = []
        self._handle = 0
        self._origin = START
        self.advance(0.0)
        if toxics:
            self.impairs(*toxics, direction=direction)

    # ---- time -----------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Let time pass, stopping at every deadline."""
        end = self.now + seconds
        while True:
            self.net.handle_timer(self.now)
            while (event := self.net.take_event()) is not None:
                self.heard.append((round(self.now - START, 6), event))
            deadline = self.net.next_deadline()
            if deadline is None or deadline > end:
                break
            self.now = max(self.now, deadline)
        self.now = end
        self.net.handle_timer(end)

    # ---- the engine -----------------------------------------------------------------------------

    def does(self, *effects: NetEffect) -> None:
        """The engine, or a scenario, asks; all that follows at once happens."""
        self.advance(0.0)
        for effect in effects:
            self.net.perform(effect, self.now)
        self.advance(0.0)

    def impairs(self, *toxics: Toxic, direction: Direction = Direction.BOTH, name: str = "it") -> None:
        """Put these up for everything."""
        self.does(Impair(name, Anything(), toxics, direction))

    def asks(self, remote: Address = SERVER, transport: Transport = Transport.TCP, port: int = 0) -> int:
        """Begin to open a socket."""
        self._handle += 1
        self.does(OpenSocket(self._handle, transport, remote, port, LOCAL))
        return self._handle

    def tcp(self) -> tuple[int, MemoryConnection]:
        """An open TCP connection and its far end; what was heard until then is forgotten."""
        handle = self.asks()
        self.advance(60.0)
        assert self.times(Connected), self.heard
        self.forget()
        return handle, self.peer.connection()

    def udp(self, remote: Address = SERVER) -> int:
        """An open UDP socket."""
        self.net.udp(*remote)
        handle = self.asks(remote, Transport.UDP)
        self.forget()
        return handle

    def listens(self, transport: Transport = Transport.TCP, port: int = 1234) -> int:
        """An open listener."""
        self._handle += 1
        self.does(Listen(self._handle, transport, port, LOCAL))
        self.forget()
        return self._handle

    def sends(self, handle: int, data: bytes, to: Address | None = None) -> None:
        self.does(SendData(handle, data, to))

    def closes(self, handle: int, *, abort: bool = False) -> None:
        self.does(CloseSocket(handle, abort))

    def pauses(self, handle: int) -> None:
        self.does(PauseReceiving(handle))

    def resumes(self, handle: int) -> None:
        self.does(ResumeReceiving(handle))

    # ---- what was heard -------------------------------------------------------------------------

    def forget(self) -> None:
        """Time counts from now, and nothing has been heard."""
        self.heard.clear()
        self._origin = self.now

    def times(self, kind: type[E]) -> list[float]:
        """When such events came, in seconds since :meth:`forget` (or the start)."""
        origin = self._origin - START
        return [round(time - origin, 6) for time, event in self.heard if isinstance(event, kind)]

    def events(self, kind: type[E]) -> list[E]:
        """Such events."""
        return [event for _, event in self.heard if isinstance(event, kind)]

    def kinds(self) -> list[str]:
        """The names of all events."""
        return [type(event).__name__ for _, event in self.heard]

    def data(self) -> bytes:
        """The payload that came."""
        return b"".join(event.data for event in self.events(Received))

    def acked(self) -> int:
        """The latest figure of acknowledged bytes."""
        return max([event.total for event in self.events(Acknowledged)], default=0)

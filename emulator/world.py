"""A virtual world for the engine: a manual clock, a netstack in memory, a host that writes and reads.

``World(modem, net)`` does what the driver does after every stimulus: hands out the effects, hands
back what the network reports, until all is quiet. Time moves only when it is told to.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ..netstack.memory import MemoryNetStack
from .effects import Effect, NetEffect, PauseInput, ResumeInput, SetSignal, WriteLine
from .events import Event, LineSignal
from .observer import Observer

START = 1000.0  # not 0: an engine must not take "never" for "at the beginning"
SPIN = 1000


class ModemCalls(Protocol):
    """What the world calls of the engine."""

    def receive_bytes(self, data: bytes, now: float) -> None:
        """Bytes from the line."""

    def receive(self, event: Event, now: float) -> None:
        """An event from the network, a scenario, a test."""

    def handle_timer(self, now: float) -> None:
        """A deadline has come."""

    def next_deadline(self) -> float | None:
        """When the engine wants waking."""

    def effects(self) -> list[Effect]:
        """What it asks for, drained."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the dialogue: when, and which way (``>`` host, ``<`` module, ``*`` event, ``=`` effect)."""

    time: float
    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A control line was switched towards the host."""

    time: float
    signal: LineSignal
    on: bool


Writer = Callable[[bytes], Iterable[bytes]]


def whole(data: bytes) -> Iterator[bytes]:
    """Everything in one piece."""
    yield data


def bytewise(data: bytes) -> Iterator[bytes]:
    """Every byte alone."""
    for index in range(len(data)):
        yield data[index : index + 1]


def fragments(seed: int) -> Writer:
    """Pieces of 1 to 7 bytes, the same for the same seed."""
    source = random.Random(seed)

    def cut(data: bytes) -> Iterator[bytes]:
        start = 0
        while start < len(data):
            end = start + source.randint(1, 7)
            yield data[start:end]
            start = end

    return cut


class Output:
    """Everything the module wrote; what has not been taken yet is ``unread``."""

    def __init__(self) -> None:
        self.output = bytearray()
        self._cursor = 0

    @property
    def unread(self) -> bytes:
        """What is there and not taken."""
        return bytes(self.output[self._cursor :])

    def take(self, count: int | None = None) -> bytes:
        """Take ``count`` bytes, or all."""
        taken = self.unread[:count]
        self._cursor += len(taken)
        return taken


class World(Output):
    """The engine, its network and its host at one virtual time.

    ``signals`` are the control lines' changes, ``trace`` the effects for whoever watches (with
    their time), ``log`` the whole dialogue, for failures to show. ``observer`` hears what a driver's would.
    """

    grace = 0.0  # seconds to wait for what a peer must have received: nothing is late here
    aftermath = 0.5  # seconds in which nothing more may come behind the last step

    def __init__(
        self,
        modem: ModemCalls,
        net: MemoryNetStack,
        *,
        writer: Writer = whole,
        observer: Observer | None = None,
    ) -> None:
        super().__init__()
        self.observer = observer
        self.modem = modem
        self.net = net
        self.now = START
        self.signals: list[Change] = []
        self.trace: list[tuple[float, Effect]] = []
        self.log: list[Entry] = []
        self.input_paused = False
        self._writer = writer
        self._input = bytearray()
        net.handle_timer(self.now)
        self.settle()

    # ---- stimuli --------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """The host writes ``data``, cut as the world's writer cuts, all at the present time."""
        self._note(">", repr(data))
        for piece in self._writer(data):
            self._input += piece
            self.settle()

    def event(self, event: Event) -> None:
        """Something happens to the module."""
        self._happened(event)
        self.settle()

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass, stopping at every deadline on the way."""
        self._run(lambda: False, self.now + seconds)

    def run_until(self, satisfied: Callable[[], bool], limit: float = 200.0) -> bool:
        """Let time pass until ``satisfied``, at most ``limit`` seconds; whether it was."""
        return self._run(satisfied, self.now + limit)

    def ask(self, command: str, limit: float = 200.0) -> bytes:
        """Send a command line; return all that the module writes at the time when it first writes.

        Unread output from before is dropped; nothing within ``limit`` seconds is ``b""``.
        """
        self.take()
        self.send(command.encode("latin-1") + b"\r")
        self.run_until(lambda: bool(self.unread), limit)
        return self.take()

    # ---- the driver's part ----------------------------------------------------------------------

    def settle(self) -> None:
        """Let everything happen that happens at the present time."""
        timers = 0
        while True:
            if self._apply_effects() or self._deliver_event() or self._feed_input():
                timers = 0
                continue
            if not self._fire_timers():
                return
            timers += 1
            if timers > SPIN:
                raise AssertionError(
                    f"the deadline {self.modem.next_deadline()} stays in the past at {self.now}"
                )

    def _run(self, satisfied: Callable[[], bool], end: float) -> bool:
        self.settle()
        while not satisfied():
            deadline = self.next_deadline()
            if deadline is None or deadline > end:
                self._move_to(end)
                return satisfied()
            self._move_to(max(deadline, self.now))
        return True

    def next_deadline(self) -> float | None:
        """The next deadline of engine or network."""
        due = [d for d in (self.modem.next_deadline(), self.net.next_deadline()) if d is not None]
        return min(due, default=None)

    def _move_to(self, time: float) -> None:
        self.now = time
        # The network first: what a test's peer does now is delayed from now on.
        self.net.handle_timer(time)
        self.settle()

    def _apply_effects(self) -> bool:
        effects = self.modem.effects()
        for effect in effects:
            if self.observer is not None:
                if isinstance(effect, WriteLine):
                    self.observer.module(self.now, effect.data)
                else:
                    self.observer.effect(self.now, effect)
            self._apply(effect)
        return bool(effects)

    def _apply(self, effect: Effect) -> None:
        match effect:
            case WriteLine(data):
                self.output += data
                self._note("<", repr(data))
            case SetSignal(signal, on):
                self.signals.append(Change(self.now, signal, on))
                self._note("=", f"{signal.value} {'ON' if on else 'OFF'}")
            case PauseInput():
                self.input_paused = True
            case ResumeInput():
                self.input_paused = False
            case NetEffect():
                self._note("=", repr(effect))
                self.net.perform(effect, self.now)
            case _:
                self.trace.append((self.now, effect))
                self._note("=", repr(effect))

    def _deliver_event(self) -> bool:
        event = self.net.take_event()
        if event is None:
            return False
        self._happened(event)
        return True

    def _happened(self, event: Event) -> None:
        self._note("*", repr(event))
        if self.observer is not None:
            self.observer.event(self.now, event)
        self.modem.receive(event, self.now)

    def _feed_input(self) -> bool:
        if self.input_paused or not self._input:
            return False
        data = bytes(self._input)
        self._input.clear()
        if self.observer is not None:
            self.observer.host(self.now, data)
        self._feed(data)
        return True

    def _feed(self, data: bytes) -> None:
        self.modem.receive_bytes(data, self.now)

    def _fire_timers(self) -> bool:
        deadline = self.modem.next_deadline()
        if deadline is None or deadline > self.now:
            return False
        self.modem.handle_timer(self.now)
        return True

    def _note(self, mark: str, text: str) -> None:
        self.log.append(Entry(self.now - START, mark, text))

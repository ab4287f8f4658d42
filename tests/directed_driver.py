"""The same story twice: on the manual clock, and through the real driver in a loop of virtual time.

What is compared is everything that a host and a log can see: bytes, remarks, events, effects, and when.
"""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import virtual_loop
from directed import PORT, SERVER, Story, scenario_of
from impaired_world import ImpairedNet
from vmodem.emulator.dialect import Options
from vmodem.emulator.driver import Driver
from vmodem.emulator.effects import Effect, NetEffect
from vmodem.emulator.endpoints import Pipe, PipeSink
from vmodem.emulator.engine import Modem
from vmodem.emulator.events import Event, LineChanged, LineSignal
from vmodem.emulator.registry import find
from vmodem.emulator.scenario.director import Director
from vmodem.emulator.world import START

Move = tuple[str, object]
"""``type`` bytes, ``wait`` seconds, ``signal`` a name, ``peer`` bytes of the server, ``remark`` a text."""
Seen = tuple[float, str, str]


class Play(Protocol):
    """One way of playing a story; the bytes, and the rest."""

    def __call__(
        self, text: str, dialect: str, moves: Sequence[Move], seed: int = 0
    ) -> tuple[list[Seen], list[Seen]]: ...


class _Clock:
    """The loop's time, as the manual clock counts it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._zero = loop.time() - START

    def now(self) -> float:
        return self._loop.time() - self._zero

    def delay(self, moment: float) -> float:
        return max(0.0, moment - self.now())


class _Net:
    """The netstack in memory, in a loop."""

    def __init__(self, net: ImpairedNet, clock: _Clock, deliver: Callable[[Event], None]) -> None:
        self._net, self._clock, self._deliver = net, clock, deliver
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def perform(self, effect: NetEffect) -> None:
        self._net.perform(effect, self._clock.now())
        self._loop.call_soon(self.run)

    def run(self) -> None:
        self._net.handle_timer(self._clock.now())
        while (event := self._net.take_event()) is not None:
            self._deliver(event)
        if self._timer is not None:
            self._timer.cancel()
        due = self._net.next_deadline()
        self._timer = None if due is None else self._loop.call_later(self._clock.delay(due), self.run)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class _Pipe(Pipe):
    """Keeps what is written, and when."""

    path = "memory"

    def __init__(self, clock: _Clock) -> None:
        self._clock = clock
        self.seen: list[Seen] = []

    def start(self, sink: PipeSink) -> None:
        self.sink = sink

    def write(self, data: bytes) -> None:
        self.seen.append((self._clock.now(), "<", data.decode("latin-1")))

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def set_signal(self, signal: LineSignal, on: bool) -> None: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class _Notes:
    """An observer of events and remarks."""

    seen: list[Seen]

    def host(self, now: float, data: bytes) -> None: ...

    def module(self, now: float, data: bytes) -> None: ...

    def effect(self, now: float, effect: Effect) -> None: ...

    def event(self, now: float, event: Event) -> None:
        self.seen.append((now, "*", repr(event)))

    def note(self, now: float, text: str) -> None:
        self.seen.append((now, "#", text))

    def flush(self, *, behind: bool = False) -> None: ...

    def close(self) -> None: ...


def _tidy(seen: Sequence[Seen]) -> list[Seen]:
    """Times from the beginning in milliseconds; what is written at one moment in one piece; no DTR."""
    found: list[Seen] = []
    for time, mark, text in seen:
        moment = round((time - START) * 1e3, 3)
        if LineChanged.__name__ in text:
            continue
        if mark == "<" and found and found[-1][:2] == (moment, "<"):
            found[-1] = (moment, "<", found[-1][2] + text)
        else:
            found.append((moment, mark, text))
    return found


def _server_sends(net: ImpairedNet, data: bytes) -> None:
    for connection in [c for c in net.connections if not c.gone and not c.fin_sent][-1:]:
        connection.send(data)


def by_driver(text: str, dialect: str, moves: Sequence[Move], seed: int = 0) -> tuple[list[Seen], list[Seen]]:
    """What the driver makes of it: the bytes, and the rest."""

    async def play() -> tuple[list[Seen], list[Seen]]:
        clock = _Clock(asyncio.get_running_loop())
        net = ImpairedNet(seed=str(seed))
        net.tcp(SERVER, PORT)
        modem = Modem(find(dialect), Options(), START)
        director = Director(scenario_of(text), seed, START, modem.dialect)
        pipe, notes = _Pipe(clock), _Notes([])
        made: list[_Net] = []

        def netstack(deliver: Callable[[Event], None]) -> _Net:
            made.append(_Net(net, clock, deliver))
            return made[0]

        driver = Driver(modem, pipe, netstack, clock, notes, stage=director)  # type: ignore[arg-type]
        driver.start()
        pipe.sink.client_opened()
        for what, value in (("type", b"ATE0\r"), *moves):
            match what, value:
                case "type", bytes(data):
                    pipe.sink.bytes_received(data)
                case "wait", float(seconds):
                    await asyncio.sleep(seconds)
                case "remark", str(remark):
                    driver.note(remark)
                case "signal", str(name):
                    director.external(clock.now(), name)
                    driver.obey_soon()
                case "peer", bytes(data):
                    _server_sends(net, data)
                    made[0].run()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        driver.stop()
        return _tidy(pipe.seen), _tidy(notes.seen)

    return virtual_loop.run(play())


def by_hand(text: str, dialect: str, moves: Sequence[Move], seed: int = 0) -> tuple[list[Seen], list[Seen]]:
    """The same on the manual clock."""
    story = Story(text, dialect, seed=seed)
    for what, value in moves:
        match what, value:
            case "type", bytes(data):
                story.world.send(data)
            case "wait", float(seconds):
                story.world.advance(seconds)
            case "signal", str(name):
                story.world.director.external(story.world.now, name)
                story.world.settle()
            case "peer", bytes(data):
                _server_sends(story.net, data)
                story.world.settle()
    log = [(START + entry.time, entry.mark, entry.text) for entry in story.world.log]
    written = [
        (time, mark, ast.literal_eval(text).decode("latin-1")) for time, mark, text in log if mark == "<"
    ]
    return _tidy(written), _tidy([seen for seen in log if seen[1] in "*#"])

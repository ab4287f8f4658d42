"""The driver between a module and a pipe that keeps what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from directed import scenario_of
from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.clock import RealClock
from vmodem.emulator.dialect import Options
from vmodem.emulator.driver import Driver
from vmodem.emulator.effects import CommandFinished, Effect, SetSignal
from vmodem.emulator.endpoints import Pipe, PipeSink
from vmodem.emulator.engine import Modem
from vmodem.emulator.events import Event, LineChanged, LineSignal, SmsArrived, UrcInjected
from vmodem.emulator.late import late_modems
from vmodem.emulator.observer import Observer, together
from vmodem.emulator.scenario.director import Director
from vmodem.netstack.host import HostNetStack
from vmodem.netstack.policy import Policy
from vmodem.netstack.routes import Routes


class KeepingPipe(Pipe):
    """A pipe in memory; every call that a pipe can get, without a terminal behind it."""

    path = "memory"

    def __init__(self) -> None:
        self.written = bytearray()

    def start(self, sink: PipeSink) -> None:
        sink.client_opened()

    def write(self, data: bytes) -> None:
        self.written += data

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def set_signal(self, signal: LineSignal, on: bool) -> None: ...

    def close(self) -> None: ...

    def take(self) -> bytes:
        """What was written since the last call."""
        data = bytes(self.written)
        self.written.clear()
        return data


Story = Callable[[Driver, KeepingPipe, Modem], Coroutine[Any, Any, None]]


class Hearing:
    """An observer that keeps what it hears, and when."""

    def __init__(self) -> None:
        self.heard: list[object] = []
        self.times: list[float] = []
        self.closed = 0
        self.flushed = 0

    def host(self, now: float, data: bytes) -> None:
        self._hear(now, (">", data))

    def module(self, now: float, data: bytes) -> None:
        self._hear(now, ("<", data))

    def event(self, now: float, event: Event) -> None:
        self._hear(now, event)

    def effect(self, now: float, effect: Effect) -> None:
        self._hear(now, effect)

    def note(self, now: float, text: str) -> None:
        self._hear(now, text)

    def flush(self, *, behind: bool = False) -> None:
        self.flushed = len(self.heard)

    def close(self) -> None:
        self.closed += 1

    def _hear(self, now: float, what: object) -> None:
        self.times.append(now)
        self.heard.append(what)


def run(story: Story, factor: float = 0.0, observer: Observer | None = None) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        clock = RealClock()
        modem = Modem(SIM800, Options(timing_factor=factor), now=clock.now())
        pipe = KeepingPipe()
        driver = Driver(
            modem,
            pipe,
            lambda deliver: HostNetStack(
                deliver=deliver, routes=Routes(()), policy=Policy.LOOPBACK, loop=loop
            ),
            clock,
            observer,
        )
        driver.start()
        try:
            async with asyncio.timeout(20):
                driver.bytes_received(b"ATE0\r")
                pipe.take()
                await story(driver, pipe, modem)
        finally:
            driver.stop()

    asyncio.run(main())


def test_what_takes_no_time_is_answered_before_the_loop_goes_round() -> None:
    async def story(driver: Driver, pipe: KeepingPipe, _modem: Modem) -> None:
        driver.bytes_received(b"AT+CSTT\r")
        driver.bytes_received(b"AT+CIICR\r")
        driver.bytes_received(b"AT+CIPSHUT\r")
        assert pipe.take() == b"\r\nOK\r\n" * 2 + b"\r\nSHUT OK\r\n"

    run(story)


def test_what_takes_time_takes_it() -> None:
    async def story(driver: Driver, pipe: KeepingPipe, _modem: Modem) -> None:
        driver.bytes_received(b"AT+CSTT\r")
        assert pipe.take() == b"\r\nOK\r\n"
        loop = asyncio.get_running_loop()
        before = loop.time()
        driver.bytes_received(b"AT+CIICR\r")
        assert pipe.take() == b""
        while not pipe.written:
            await asyncio.sleep(0.001)
        assert loop.time() - before > 0.002

    run(story, factor=0.01)


def test_timers_that_are_always_due_leave_others_their_turn() -> None:
    async def story(driver: Driver, pipe: KeepingPipe, modem: Modem) -> None:
        fired = 0

        def again() -> None:
            nonlocal fired
            fired += 1
            modem._module.after(1e-9, again)

        modem._module.after(1e-9, again)
        driver.bytes_received(b"AT\r")
        assert pipe.take() == b"\r\nOK\r\n"
        before = fired
        assert before
        for _ in range(5):
            await asyncio.sleep(0)
        assert fired > before
        driver.bytes_received(b"AT\r")
        assert pipe.take() == b"\r\nOK\r\n"

    run(story)


def test_stopped_it_does_nothing_more() -> None:
    async def story(driver: Driver, pipe: KeepingPipe, modem: Modem) -> None:
        modem._module.after(0.0, lambda: modem._module.write(b"late"))
        driver.stop()
        driver.stop()
        await asyncio.sleep(0.01)
        assert pipe.take() == b""

    run(story)


def test_every_observer_hears_everything_in_order_and_the_end_once() -> None:
    first, second = Hearing(), Hearing()
    arrival = SmsArrived("+15551234", "hello")

    async def story(driver: Driver, pipe: KeepingPipe, _modem: Modem) -> None:
        first.heard.clear()
        second.heard.clear()
        driver.bytes_received(b"AT\r")
        driver.note("halfway")
        driver.inject(arrival)
        assert pipe.take() == b'\r\nOK\r\n\r\n+CMTI: "SM",1\r\n'
        said = [
            (">", b"AT\r"),
            ("<", b"\r\nOK\r\n"),
            CommandFinished("AT", "OK"),
            "halfway",
            arrival,
            ("<", b'\r\n+CMTI: "SM",1\r\n'),
        ]
        assert first.flushed == second.flushed == len(first.heard)
        for observer in (first, second):
            assert [what for what in observer.heard if not _beside(what)] == said
            driver.stop()
            assert observer.closed == 1

    run(story, observer=together(first, None, second))
    assert first.times == sorted(first.times)


def _writing_down(writes: list[bytes], stage: Director | None = None) -> Driver:
    """At work; adds to ``writes`` what goes to the line, and a mark for its files: empty, or ``behind``."""

    class Keeping(Hearing):
        def flush(self, *, behind: bool = False) -> None:
            super().flush()
            writes.append(b"behind" if behind else b"")

    class Telling(KeepingPipe):
        def write(self, data: bytes) -> None:
            writes.append(data)

        def set_signal(self, signal: LineSignal, on: bool) -> None:
            writes.append(signal.name.encode())

    clock = RealClock()
    loop = asyncio.get_running_loop()

    def netstack(deliver: Callable[[Event], None]) -> HostNetStack:
        return HostNetStack(deliver=deliver, routes=Routes(()), policy=Policy.LOOPBACK, loop=loop)

    driver = Driver(
        Modem(SIM800, Options(), now=clock.now()), Telling(), netstack, clock, Keeping(), stage=stage
    )
    driver.start()
    writes.clear()
    return driver


def test_what_the_host_can_see_is_written_down_before_and_a_stream_behind() -> None:
    """Whoever has seen an answer finds it in the log; but megabytes do not wait for that."""
    writes: list[bytes] = []

    async def main() -> None:
        driver = _writing_down(writes)
        driver.bytes_received(b"ATE0\r")
        assert writes == [b"", b"ATE0\r\r\nOK\r\n", b""]
        text = "x" * 1020  # in CR LF, and CR LF
        writes.clear()
        driver.inject(UrcInjected(text, at_once=True))
        assert writes == [b"", f"\r\n{text}\r\n".encode(), b""]
        writes.clear()
        driver.inject(UrcInjected(text + "x", at_once=True))
        assert writes == [f"\r\n{text}x\r\n".encode(), b"behind"]
        writes.clear()
        driver.bytes_received(b"AT&C0\r")
        assert writes == [b"", b"DCD", b"", b"\r\nOK\r\n", b""]
        driver.stop()

    asyncio.run(main())


def test_what_a_director_does_to_the_line_is_written_down_before() -> None:
    """A lot of noise is a stream; but the tester who asked for it has an answer when all is in the files."""
    writes: list[bytes] = []

    async def ordered(do: str) -> list[bytes]:
        scenario = scenario_of(f"rules: [{{id: it, when: {{external: go}}, do: [{do}]}}]")
        director = Director(scenario, 1, 0.0, SIM800)
        driver = _writing_down(writes, director)
        driver.direct(lambda now: director.external(now, "go"))
        driver.stop()
        return writes

    assert asyncio.run(ordered("{line: {ri: on}}")) == [b"", b"RI", b"", b""]
    few = asyncio.run(ordered("{power: {action: brownout, noise: 5}}"))
    assert [few[0], len(few[1])] == [b"", 5]
    many = asyncio.run(ordered("{power: {action: brownout, noise: 1025}}"))
    assert [len(many[0]), many[1], many[-2:]] == [1025, b"", [b"behind", b""]]


def _beside(what: object) -> bool:
    """Whether it is nothing of what the test asks for: control lines."""
    return isinstance(what, SetSignal | LineChanged)


def test_a_module_is_made_when_a_client_comes_and_not_before() -> None:
    class Quiet(KeepingPipe):
        def start(self, sink: PipeSink) -> None:
            """Nobody is there yet."""

    async def main() -> None:
        clock = RealClock()
        (late,) = late_modems(SIM800, [Options()], clock.now())
        made: list[object] = []

        def netstack(deliver: Callable[[Event], None]) -> HostNetStack:
            made.append(deliver)
            loop = asyncio.get_running_loop()
            return HostNetStack(deliver=deliver, routes=Routes(()), policy=Policy.LOOPBACK, loop=loop)

        pipe = Quiet()
        driver = Driver(late, pipe, netstack, clock)
        driver.start()
        assert driver.next_deadline() is None
        driver.wake()
        assert not made
        driver.client_opened()
        assert len(made) == 1
        driver.bytes_received(b"ATE0\r")
        assert pipe.take() == b"ATE0\r\r\nOK\r\n"
        assert driver.modem.powered
        driver.stop()

        untouched = Driver(late, pipe, netstack, clock)
        untouched.start()
        untouched.stop()
        untouched.inject(SmsArrived("+491701234567", "too late"))
        assert len(made) == 1

    asyncio.run(main())


def test_nobody_observes() -> None:
    one = Hearing()
    assert together(None, None) is None
    assert together(None, one) is one

"""The module's UART in virtual time: the rate to the byte, flow control, overruns, misread rates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from virtual_loop import run
from vmodem.emulator.effects import SetLine
from vmodem.emulator.endpoints import HostLine, Pipe, PipeSink
from vmodem.emulator.endpoints.flow import XOFF, XON
from vmodem.emulator.endpoints.grid import Grid
from vmodem.emulator.endpoints.uart import FIFO, FLOOD, PACED_HIGH, SENDING_HIGH, Uart
from vmodem.emulator.endpoints.wire import misread
from vmodem.emulator.events import LineSignal


class HostPipe(Pipe):
    """A carrier with a host at its end, which keeps what it gets and when."""

    def __init__(self) -> None:
        self.settings = HostLine()
        self.got = bytearray()
        self.times: list[tuple[float, int]] = []
        self.signals: list[tuple[LineSignal, bool]] = []
        self.lines: list[SetLine] = []
        self.paused = False
        self.sink: PipeSink
        self.hears: Callable[[bytes], None]
        """What the host writes goes where the UART wants it."""

    @property
    def path(self) -> str:
        return "a test's"

    @property
    def host(self) -> HostLine:
        return self.settings

    def start(self, sink: PipeSink) -> None:
        self.sink = sink
        self.hears = sink.bytes_received
        sink.client_opened()

    def hand_to(self, take: Callable[[bytes], None]) -> None:
        self.hears = take

    def write(self, data: bytes) -> None:
        self.got += data
        self.times.append((asyncio.get_running_loop().time(), len(self.got)))

    def pause_reading(self) -> None:
        assert not self.paused
        self.paused = True

    def resume_reading(self) -> None:
        assert self.paused
        self.paused = False

    def set_signal(self, signal: LineSignal, on: bool) -> None:
        self.signals.append((signal, on))

    def set_line(self, line: SetLine) -> None:
        self.lines.append(line)

    def close(self) -> None: ...

    def take(self) -> bytes:
        data = bytes(self.got)
        self.got.clear()
        return data


class Module:
    """What is behind the UART: it keeps what it hears and when."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.times: list[tuple[float, int]] = []
        self.calls: list[str] = []
        self.notes: list[str] = []
        self.react: Callable[[bytes], None] = lambda data: None

    def bytes_received(self, data: bytes) -> None:
        assert data
        self.heard += data
        self.times.append((asyncio.get_running_loop().time(), len(self.heard)))
        self.react(data)

    def signal_changed(self, signal: LineSignal, on: bool) -> None:
        self.calls.append(f"{signal.value} {'ON' if on else 'OFF'}")

    def output_blocked(self) -> None:
        self.calls.append("blocked")

    def output_ready(self) -> None:
        self.calls.append("ready")

    def client_opened(self) -> None:
        self.calls.append("opened")

    def client_closed(self) -> None:
        self.calls.append("closed")

    def note(self, text: str) -> None:
        self.notes.append(text)


Story = Callable[[Uart, HostPipe, Module], Coroutine[Any, Any, None]]


def tell(
    story: Story, *, paced: bool = True, line: SetLine | None = None, host: HostLine | None = None
) -> None:
    async def main() -> None:
        pipe, module = HostPipe(), Module()
        pipe.settings = host or HostLine()
        uart = Uart(pipe, paced=paced)
        uart.start(module)
        if line is not None:
            uart.set_line(line)
        await story(uart, pipe, module)
        uart.close()
        grid = Grid.of(asyncio.get_running_loop())
        assert not grid._members
        assert grid._timer is None, "no timer while nothing is on the wire"

    run(main())


# ---- the rate ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [300, 9600, 115200, 460800])
def test_output_is_at_the_rate_to_the_byte(rate: int) -> None:
    async def story(uart: Uart, pipe: HostPipe, _module: Module) -> None:
        size = rate // 10 * 3  # three seconds
        uart.write(bytes(size))
        await asyncio.sleep(4)
        assert len(pipe.got) == size
        for when, count in pipe.times:
            exact = when * rate / 10
            assert exact - 1 - 1e-6 < count <= exact + 2e-4
        assert 3.0 <= pipe.times[-1][0] <= 3.0011  # the grid

    tell(story, line=SetLine(rate=rate))


@pytest.mark.parametrize("rate", [9600, 115200])
def test_input_is_at_the_rate_to_the_byte_and_the_host_waits(rate: int) -> None:
    async def story(uart: Uart, pipe: HostPipe, module: Module) -> None:
        size = sent = rate // 10 * 2
        while sent:
            if pipe.paused:
                await asyncio.sleep(0.001)
                continue
            pipe.hears(bytes(min(1000, sent)))
            sent -= min(1000, sent)
            assert len(uart._in) <= SENDING_HIGH + 1000
        await asyncio.sleep(2)
        assert len(module.heard) == size
        for when, count in module.times:
            assert when * rate / 10 - 1 - 1e-6 < count <= when * rate / 10 + 2e-4

    tell(story, line=SetLine(rate=rate))


def test_a_write_behind_a_write_loses_no_time() -> None:
    async def story(uart: Uart, pipe: HostPipe, module: Module) -> None:
        blocked = False

        def more() -> None:
            while "blocked" not in module.calls and len(pipe.got) + uart._out.bytes < 40_000:
                uart.write(bytes(500))

        while len(pipe.got) < 40_000:
            more()
            blocked = blocked or "blocked" in module.calls
            if "ready" in module.calls:
                module.calls.clear()
            assert uart._out.bytes <= PACED_HIGH + 500
            await asyncio.sleep(0.002)
        assert blocked
        when, count = pipe.times[-1]
        assert count == 40_000
        assert when == pytest.approx(40_000 / 11_520, rel=0.001)

    tell(story, line=SetLine(rate=115200))


def test_many_share_one_timer() -> None:
    async def main() -> None:
        grid = Grid.of(asyncio.get_running_loop())
        uarts = []
        for _ in range(100):
            pipe = HostPipe()
            uart = Uart(pipe, paced=True)
            uart.start(Module())
            uart.set_line(SetLine(rate=9600))
            uart.write(bytes(960))
            uarts.append((uart, pipe))
        assert len(grid._members) == 100
        assert grid._timer is not None
        await asyncio.sleep(0.9)
        assert {len(pipe.got) for _, pipe in uarts} == {864}
        await asyncio.sleep(0.2)
        assert {len(pipe.got) for _, pipe in uarts} == {960}
        assert grid._timer is None

    run(main())


def test_a_new_rate_begins_behind_what_was_written() -> None:
    """V.250 6.2.10: the result code still comes at the old rate."""

    async def story(uart: Uart, pipe: HostPipe, _module: Module) -> None:
        uart.write(b"\r\nOK\r\n")
        uart.set_line(SetLine(rate=9600))
        uart.write(bytes(96))
        assert pipe.lines == [SetLine(rate=300)]
        await asyncio.sleep(0.19)
        assert pipe.take() == b"\r\nOK\r"
        await asyncio.sleep(0.02)
        assert pipe.take()[:1] == b"\n"
        assert pipe.lines[-1] == SetLine(rate=9600)
        await asyncio.sleep(0.1)
        assert pipe.times[-1][0] == pytest.approx(0.2 + 0.1, abs=0.0021)

    tell(story, line=SetLine(rate=300))


def test_autobaud_follows_the_host() -> None:
    async def story(uart: Uart, pipe: HostPipe, _module: Module) -> None:
        uart.write(bytes(96))
        await asyncio.sleep(0.2)
        assert pipe.times[-1][0] == pytest.approx(0.1, abs=0.001)
        pipe.settings = HostLine(baud=960)
        start = asyncio.get_running_loop().time()
        uart.write(bytes(96))
        await asyncio.sleep(2)
        assert pipe.times[-1][0] - start == pytest.approx(1.0, abs=0.001)

    tell(story, host=HostLine(baud=9600))


# ---- another rate --------------------------------------------------------------------------------


def test_a_host_at_another_rate_is_misread_both_ways_and_that_is_told_once() -> None:
    async def story(uart: Uart, pipe: HostPipe, module: Module) -> None:
        pipe.hears(b"AT\r")
        uart.write(b"\r\nOK\r\n")
        await asyncio.sleep(0.1)
        assert module.heard == misread(b"AT\r", 9600, 115200)
        assert module.heard != b"AT\r"
        assert pipe.take() == misread(b"\r\nOK\r\n", 115200, 9600)
        assert len(module.notes) == 1
        assert module.notes[0].startswith("the host is at 9600 bit/s and the module at 115200: ")
        pipe.settings = HostLine(baud=115200)
        module.heard.clear()
        pipe.hears(b"AT\r")
        await asyncio.sleep(0.1)
        assert module.heard == b"AT\r"
        assert len(module.notes) == 1

    tell(story, line=SetLine(rate=115200), host=HostLine(baud=9600))


def test_a_rate_that_changes_while_a_host_hangs_up() -> None:
    async def story(uart: Uart, pipe: HostPipe, module: Module) -> None:
        pipe.hears(bytes(100))
        await asyncio.sleep(0.01)
        pipe.settings = HostLine(baud=0)
        uart.set_line(SetLine(rate=9600))
        await asyncio.sleep(1)
        assert 0 < len(module.heard) < 100

    tell(story, line=SetLine(rate=19200), host=HostLine(baud=19200))


def test_a_host_that_has_hung_up_hears_and_says_nothing() -> None:
    async def story(uart: Uart, pipe: HostPipe, module: Module) -> None:
        pipe.hears(b"AT\r")
        uart.write(b"RING")
        await asyncio.sleep(0.1)
        assert (pipe.take(), bytes(module.heard), module.notes) == (b"", b"", [])

    tell(story, line=SetLine(rate=115200), host=HostLine(baud=0))


# ---- flow control --------------------------------------------------------------------------------


@pytest.mark.parametrize("paced", [False, True])
def test_rts_off_stops_the_output_if_it_is_heeded(paced: bool) -> None:
    async def story(uart: Uart, pipe: HostPipe, module: Module) -> None:
        pipe.sink.signal_changed(LineSignal.RTS, False)
        uart.write(b"kept")
        await asyncio.sleep(1)
        assert pipe.take() == b""
        pipe.sink.signal_changed(LineSignal.RTS, True)
        await asyncio.sleep(1)
        assert pipe.take() == b"kept"
        assert module.calls == ["opened", "RTS OFF", "RTS ON"]
        uart.set_line(SetLine())
        pipe.sink.signal_changed(LineSignal.RTS, False)
        uart.write(b"not heeded")
        await asyncio.sleep(1)
        assert pipe.take() == b"not heeded"
        uart.set_line(SetLine(by_dte=2))
        uart.write(b"heeded again")
        await asyncio.sleep(1)
        assert pipe.take() == b""
        pipe.sink.client_closed()
        await asyncio.sleep(1)
        assert pipe.take() == b"heeded again", "nobody holds it any more"

    tell(story, paced=paced, line=SetLine(by_dte=2))


@pytest.mark.parametrize("paced", [False, True])
def test_xoff_and_xon_of_the_host(paced: bool) -> None:
    async def story(uart: Uart, pipe: HostPipe, module: Module) -> None:
        pipe.hears(b"a\x13b")
        await asyncio.sleep(1)
        assert module.heard == b"ab"
        uart.write(b"x" * 100)
        await asyncio.sleep(1)
        assert pipe.take() == b""
        pipe.hears(b"\x11")
        await asyncio.sleep(1)
        assert pipe.take() == b"x" * 100
        assert module.heard == b"ab"
        uart.set_line(SetLine())
        pipe.hears(b"\x13")
        uart.write(b"data now")
        await asyncio.sleep(1)
        assert (pipe.take(), bytes(module.heard)) == (b"data now", b"ab\x13")

    tell(story, paced=paced, line=SetLine(by_dte=1))


def test_held_output_is_bounded_by_blocking_the_module() -> None:
    async def story(uart: Uart, pipe: HostPipe, module: Module) -> None:
        pipe.sink.signal_changed(LineSignal.RTS, False)
        uart.write(bytes(65536))
        assert "blocked" not in module.calls
        uart.write(b"!")
        assert module.calls[-1] == "blocked"
        pipe.sink.signal_changed(LineSignal.RTS, True)
        assert module.calls[-2:] == ["ready", "RTS ON"]
        assert len(pipe.got) == 65537

    tell(story, paced=False, line=SetLine(by_dte=2))


def test_a_host_that_asks_and_does_not_read_is_not_listened_to_for_ever() -> None:
    async def story(uart: Uart, pipe: HostPipe, _module: Module) -> None:
        pipe.sink.output_blocked()
        uart.write(bytes(FLOOD))
        assert not pipe.paused, "what a peer sends and an answer or two have room"
        uart.write(b"!")
        assert pipe.paused
        uart.pause_reading()
        pipe.sink.output_ready()
        assert pipe.paused, "the module has its reasons too"
        uart.resume_reading()
        assert not pipe.paused
        assert len(pipe.got) == FLOOD + 1

    tell(story, paced=False)


def test_a_host_with_xon_xoff_is_told_by_characters() -> None:
    async def story(uart: Uart, pipe: HostPipe, _module: Module) -> None:
        uart.pause_reading()
        uart.pause_reading()
        assert (pipe.take(), pipe.paused) == (XOFF, True)
        uart.resume_reading()
        uart.resume_reading()
        assert (pipe.take(), pipe.paused) == (XON, False)

    tell(story, paced=False, line=SetLine(by_dce=1))


OBEYS = [
    (SetLine(rate=9600, by_dce=2), HostLine(rtscts=True)),
    (SetLine(rate=9600, by_dce=2), HostLine()),
    (SetLine(rate=9600, by_dce=1), HostLine(xonxoff=True)),
]
IGNORES = [
    (SetLine(rate=9600), HostLine(rtscts=True, xonxoff=True)),
    (SetLine(rate=9600, by_dce=2), HostLine(rtscts=False, xonxoff=True)),
    (SetLine(rate=9600, by_dce=1), HostLine(rtscts=True, xonxoff=False)),
]


@pytest.mark.parametrize(("line", "host"), OBEYS)
def test_a_host_that_stops_loses_nothing(line: SetLine, host: HostLine) -> None:
    async def story(uart: Uart, pipe: HostPipe, module: Module) -> None:
        uart.pause_reading()
        data = bytes(range(256)) * 3
        pipe.hears(data)
        await asyncio.sleep(5)
        assert module.heard == b""
        uart.resume_reading()
        await asyncio.sleep(5)
        assert module.heard == data
        assert module.notes == []

    tell(story, line=line, host=host)


@pytest.mark.parametrize(("line", "host"), IGNORES)
def test_a_host_that_does_not_stop_overruns_the_fifo(line: SetLine, host: HostLine) -> None:
    async def story(uart: Uart, pipe: HostPipe, module: Module) -> None:
        uart.pause_reading()
        data = bytes(range(256)) * 3
        pipe.hears(data)
        await asyncio.sleep(5)
        assert module.heard == b""
        uart.resume_reading()
        pipe.hears(b"later")
        await asyncio.sleep(5)
        assert module.heard == data[:FIFO] + b"later"
        assert len(module.notes) == 2
        assert module.notes[0].startswith("overrun: ")
        assert module.notes[1] == f"overrun: {len(data) - FIFO} bytes of the host were lost"

    tell(story, line=line, host=host)


def test_a_module_that_stops_in_the_middle_of_a_burst() -> None:
    async def story(uart: Uart, pipe: HostPipe, module: Module) -> None:
        data = bytes(range(256)) * 4
        pauses = iter([100, 300])
        limit = next(pauses)

        def react(_data: bytes) -> None:
            nonlocal limit
            if len(module.heard) >= limit:
                uart.pause_reading()
                limit = next(pauses, 10**9)
                asyncio.get_running_loop().call_later(0.5, uart.resume_reading)

        module.react = react
        pipe.hears(data)
        await asyncio.sleep(5)
        assert module.heard == data

    tell(story, line=SetLine(rate=9600, by_dce=2))


# ---- the client ----------------------------------------------------------------------------------


def test_what_was_written_before_closing_still_arrives_first() -> None:
    async def story(_uart: Uart, pipe: HostPipe, module: Module) -> None:
        pipe.hears(b"x" * 96)
        pipe.sink.client_closed()
        await asyncio.sleep(0.05)
        assert module.calls == ["opened"]
        await asyncio.sleep(0.06)
        assert (len(module.heard), module.calls) == (96, ["opened", "closed"])

    tell(story, line=SetLine(rate=9600))


def test_the_next_client_does_not_wait_for_that() -> None:
    async def story(_uart: Uart, pipe: HostPipe, module: Module) -> None:
        pipe.hears(b"x" * 96)
        pipe.sink.client_closed()
        pipe.sink.client_opened()
        assert (len(module.heard), module.calls) == (96, ["opened", "closed", "opened"])
        await asyncio.sleep(1)
        assert len(module.heard) == 96

    tell(story, line=SetLine(rate=9600))


def test_what_flow_control_held_goes_with_the_client() -> None:
    async def story(uart: Uart, pipe: HostPipe, module: Module) -> None:
        uart.pause_reading()
        pipe.hears(b"x" * 96)
        await asyncio.sleep(1)
        pipe.sink.client_closed()
        assert module.calls == ["opened", "closed"]
        assert module.notes == ["96 bytes were still held by flow control when the client went"]
        uart.resume_reading()
        await asyncio.sleep(1)
        assert module.heard == b""

    tell(story, line=SetLine(rate=9600, by_dce=2), host=HostLine(rtscts=True))


def test_a_purge_takes_back_what_is_not_on_the_wire_yet() -> None:
    async def story(_uart: Uart, pipe: HostPipe, module: Module) -> None:
        pipe.hears(b"x" * 5000)
        assert pipe.paused
        await asyncio.sleep(0.1)
        pipe.sink.input_purged()
        assert not pipe.paused
        await asyncio.sleep(10)
        assert len(module.heard) in (95, 96)

    tell(story, line=SetLine(rate=9600))


def test_a_client_that_does_not_read_holds_the_wire() -> None:
    async def story(uart: Uart, pipe: HostPipe, module: Module) -> None:
        uart.write(bytes(960))
        await asyncio.sleep(0.5)
        pipe.sink.output_blocked()
        before = len(pipe.got)
        await asyncio.sleep(5)
        assert len(pipe.got) == before
        pipe.sink.output_ready()
        await asyncio.sleep(1)
        assert len(pipe.got) == 960
        assert module.calls == ["opened", "blocked", "ready"]

    tell(story, line=SetLine(rate=9600))


def test_the_host_is_heard_past_a_uart_that_has_nothing_to_do() -> None:
    async def story(uart: Uart, pipe: HostPipe, module: Module) -> None:
        assert pipe.hears == module.bytes_received
        uart.set_line(SetLine(by_dte=1))
        assert pipe.hears == uart.bytes_received
        uart.set_line(SetLine(by_dte=2))
        assert pipe.hears == module.bytes_received

    tell(story, paced=False)


def test_the_host_is_heard_through_a_wire_that_has_a_rate() -> None:
    async def story(uart: Uart, pipe: HostPipe, _module: Module) -> None:
        assert pipe.hears == uart.bytes_received
        uart.set_line(SetLine(rate=9600))
        assert pipe.hears == uart.bytes_received

    tell(story, paced=True)

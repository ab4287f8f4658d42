"""The pty endpoint against real clients: plain descriptors, pyserial, other processes, killed ones."""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import resource
import signal
import subprocess
import sys
import termios
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import serial
from loops import CrowdedLoop
from vmodem.emulator.endpoints import EndpointError
from vmodem.emulator.endpoints.inotify import Inotify
from vmodem.emulator.endpoints.outflow import HIGH, LOW
from vmodem.emulator.endpoints.pty import PtyPipe
from vmodem.emulator.events import LineSignal
from vmodem.emulator.loop import DirectLoop, in_gaps

OPEN = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK


class Recorder:
    """A sink that keeps what it is told, lets a test wait for it, and may answer."""

    def __init__(self) -> None:
        self.pipe: PtyPipe | None = None
        self.calls: list[str] = []
        self.data = bytearray()
        self.answer: Callable[[bytes], bytes] = lambda data: b""
        self._changed = asyncio.Event()

    def _note(self, call: str) -> None:
        self.calls.append(call)
        self._changed.set()

    def bytes_received(self, data: bytes) -> None:
        assert data
        self.data += data
        if self.calls[-1:] != ["bytes"]:
            self.calls.append("bytes")
        self._changed.set()
        answer = self.answer(data)
        if answer:
            assert self.pipe is not None
            self.pipe.write(answer)

    def signal_changed(self, signal: LineSignal, on: bool) -> None:
        raise AssertionError("a pty has no control lines")

    def note(self, text: str) -> None:
        raise AssertionError(text)

    def input_purged(self) -> None:
        raise AssertionError("a pty does not tell")

    def output_blocked(self) -> None:
        self._note("blocked")

    def output_ready(self) -> None:
        self._note("ready")

    def client_opened(self) -> None:
        self._note("opened")

    def client_closed(self) -> None:
        self._note("closed")

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    async def called(self, *calls: str) -> None:
        await self.until(lambda: self.calls == list(calls))


T = TypeVar("T")


class Running:
    """What the stories of this file run on."""

    loop: Callable[[], asyncio.AbstractEventLoop] = DirectLoop


@pytest.fixture(autouse=True, params=[DirectLoop, CrowdedLoop, asyncio.SelectorEventLoop])
def _on_each_loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone in its round, with others, and on a loop that is not ours."""
    monkeypatch.setattr(Running, "loop", request.param)


def run(main: Coroutine[Any, Any, T], told: Callable[[dict[str, Any]], None] | None = None) -> T:
    """On the loop of this test; ``told`` is its exception handler."""
    with asyncio.Runner(loop_factory=Running.loop) as runner:
        if told is not None:
            runner.get_loop().set_exception_handler(lambda _loop, context: told(context))
        return runner.run(asyncio.wait_for(main, 30))


def read_now(pipe: PtyPipe) -> None:
    """The loop found it readable."""
    pipe._readable()
    end_round()


def end_round() -> None:
    """The loop has served all that were ready."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, CrowdedLoop):
        loop.end_round()


def drive(body: Callable[[PtyPipe, Recorder], Awaitable[None]], link: Path | None = None) -> None:
    """Run ``body`` with a started pipe; errors in the loop's callbacks fail the test too."""
    errors: list[object] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: errors.append(context.get("exception")))
        pipe, sink = PtyPipe(link), Recorder()
        sink.pipe = pipe
        pipe.start(sink)
        try:
            await asyncio.wait_for(body(pipe, sink), 20)
        finally:
            pipe.close()

    run(main())
    assert errors == []


async def readable(fd: int) -> None:
    """Wait until a client may read."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(fd)


async def read(fd: int, count: int) -> bytes:
    data = b""
    while len(data) < count:
        await readable(fd)
        data += os.read(fd, 65536)
    return data


def empty(fd: int) -> bool:
    """Nothing to read; a read waits for what the kernel still has under way."""
    try:
        return not os.read(fd, 1)
    except BlockingIOError:
        return True


async def turns(count: int = 3) -> None:
    """Let the loop poll its descriptors a few times: enough for what has already happened to be handled."""
    for _ in range(count):
        await asyncio.sleep(0)


# ---- clients come and go -------------------------------------------------------------------------


def test_open_talk_close() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        client = os.open(pipe.path, OPEN)
        await sink.called("opened")
        os.write(client, b"AT\r")
        await sink.until(lambda: sink.data == b"AT\r")
        pipe.write(b"\r\nOK\r\n")
        assert await read(client, 6) == b"\r\nOK\r\n"
        os.close(client)
        await sink.called("opened", "bytes", "closed")

    drive(body)


def test_every_byte_passes_unchanged_both_ways() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        everything = bytes(range(256)) * 2
        sink.answer = bytes
        client = os.open(pipe.path, OPEN)
        os.write(client, everything)
        assert await read(client, len(everything)) == everything
        assert sink.data == everything
        os.close(client)

    drive(body)


def test_an_answer_is_not_dropped_when_client_writes_at_once() -> None:
    """Open and write before the loop has had a chance to notice; the bytes may come up first."""

    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        sink.answer = lambda data: b"OK"
        for _ in range(200):
            client = os.open(pipe.path, OPEN)
            os.write(client, b"AT\r")
            assert await read(client, 2) == b"OK"
            os.close(client)
        await sink.until(lambda: sink.calls.count("closed") == 200)
        assert sink.calls == ["opened", "bytes", "closed"] * 200

    drive(body)


def test_bytes_that_come_up_before_the_opening_are_answered() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        sink.answer = lambda data: b"OK"
        client = os.open(pipe.path, OPEN)
        os.write(client, b"AT\r")
        while not sink.calls:  # the loop gets no chance to look at the watch first
            read_now(pipe)
        assert sink.calls == ["opened", "bytes"]
        assert await read(client, 2) == b"OK"
        pipe.write(b"stale")
        os.close(client)
        client = os.open(pipe.path, OPEN)
        os.write(client, b"AT\r")
        while len(sink.data) < 6:
            read_now(pipe)
        assert sink.calls == ["opened", "bytes", "closed", "opened", "bytes"]
        assert await read(client, 2) == b"OK"
        os.close(client)
        await sink.called("opened", "bytes", "closed", "opened", "bytes", "closed")

    drive(body)


def test_a_client_that_writes_and_closes_at_once_is_heard() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        for number in range(1, 101):
            client = os.open(pipe.path, OPEN)
            os.write(client, b"AT\r")
            os.close(client)
            while sink.calls.count("closed") < number:
                await asyncio.sleep(0)
            assert sink.data == b"AT\r" * number
        assert sink.calls == ["opened", "bytes", "closed"] * 100

    drive(body)


def test_two_descriptors_are_one_presence() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        first, second = os.open(pipe.path, OPEN), os.open(pipe.path, OPEN)  # alike: the kernel may merge
        await sink.called("opened")
        os.close(first)
        await turns(5)
        assert sink.calls == ["opened"]
        pipe.write(b"RING")
        assert await read(second, 4) == b"RING"
        third = os.open(pipe.path, OPEN)
        await turns(5)
        os.close(second)
        os.close(third)
        await sink.called("opened", "closed")

    drive(body)


def test_readers_and_writers_count_alike() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        reader = os.open(pipe.path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        await sink.called("opened")
        pipe.write(b"RING")
        assert await read(reader, 4) == b"RING"
        writer = os.open(pipe.path, os.O_WRONLY | os.O_NOCTTY)
        os.write(writer, b"AT\r")
        await sink.until(lambda: sink.data == b"AT\r")
        os.close(writer)
        await turns(5)
        assert sink.calls == ["opened", "bytes"]
        os.close(reader)
        await sink.called("opened", "bytes", "closed")

    drive(body)


def test_a_quick_reopening_is_a_close_and_an_open() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        sink.answer = lambda data: b"OK"
        client = os.open(pipe.path, OPEN)
        await sink.called("opened")
        pipe.write(b"stale")
        os.close(client)
        client = os.open(pipe.path, OPEN)  # the loop has seen nothing of it yet
        os.write(client, b"AT\r")
        await sink.called("opened", "closed", "opened", "bytes")
        assert await read(client, 2) == b"OK"
        os.close(client)

    drive(body)


def test_a_killed_client_is_noticed() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        code = (
            "import os, sys, signal\n"
            "both = [os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY) for _ in range(2)]\n"
            "os.write(both[1], b'AT'); signal.pause()\n"
        )
        process = subprocess.Popen([sys.executable, "-c", code, pipe.path])
        await sink.called("opened", "bytes")
        process.send_signal(signal.SIGKILL)
        await sink.called("opened", "bytes", "closed")
        process.wait()

    drive(body)


def test_a_client_before_start_is_reported_by_start() -> None:
    async def main() -> None:
        pipe, sink = PtyPipe(), Recorder()
        client = os.open(pipe.path, OPEN)
        pipe.start(sink)
        assert sink.calls == ["opened"]
        os.close(client)
        await sink.called("opened", "closed")
        pipe.close()

    run(main())


def test_lost_events_are_made_up_for() -> None:
    """What an overflow of the event queue leads to, with a client who came or went unseen."""

    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        client = os.open(pipe.path, OPEN)
        pipe._inotify._events()  # lost
        pipe.recount()
        assert sink.calls == ["opened"]
        await turns(5)
        os.close(client)
        pipe._inotify._events()
        pipe.recount()
        await turns(5)
        assert sink.calls == ["opened", "closed"]

    drive(body)


@pytest.mark.skipif(os.getuid() != 0, reason="vhangup needs root")
@pytest.mark.parametrize("present", [False, True])
def test_survives_a_hang_up_of_the_terminal(present: bool) -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        if present:
            client = os.open(pipe.path, OPEN)
            await sink.called("opened")
        fcntl.ioctl(pipe._slave, 0x5437)  # TIOCVHANGUP
        if present:
            os.close(client)
            await sink.called("opened", "closed")
        sink.calls.clear()
        for _ in range(2):
            client = os.open(pipe.path, OPEN)
            await sink.called("opened")
            assert termios.tcgetattr(client)[3] & termios.ECHO == 0
            os.write(client, b"AT")
            await sink.called("opened", "bytes")
            os.close(client)
            await sink.called("opened", "bytes", "closed")
            sink.calls.clear()

    drive(body)


def test_counting_anew_leaves_an_exclusive_client_alone() -> None:
    """Without privilege nobody may open the terminal now, so it must not be let go of."""
    code = (
        "import asyncio, fcntl, os, sys, termios\n"
        "from vmodem.emulator.endpoints.pty import PtyPipe\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "class Sink:\n"
        "    bytes_received = output_blocked = output_ready = None\n"
        "    def __init__(self): self.calls = []; self.changed = asyncio.Event()\n"
        "    def client_opened(self): self.calls.append('opened')\n"
        "    def client_closed(self): self.calls.append('closed'); self.changed.set()\n"
        "async def main():\n"
        "    pipe, sink = PtyPipe(), Sink()\n"
        "    pipe.start(sink)\n"
        "    for _ in range(2):\n"
        "        client = os.open(pipe.path, os.O_RDWR | os.O_NOCTTY)\n"
        "        fcntl.ioctl(client, termios.TIOCEXCL)\n"
        "        pipe._inotify.dispatch(); pipe.recount()\n"
        "        os.close(client)\n"
        "        await sink.changed.wait(); sink.changed.clear()\n"
        "    print(*sink.calls); pipe.close()\n"
        "asyncio.run(asyncio.wait_for(main(), 10))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("opened closed opened closed\n", "")


# ---- output --------------------------------------------------------------------------------------


def test_output_is_dropped_while_nobody_is_there() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        for _ in range(100):
            pipe.write(b"x" * 4096)
        assert not len(pipe._out)
        client = os.open(pipe.path, OPEN)
        assert empty(client)
        await sink.called("opened")
        pipe.write(b"fresh")
        assert await read(client, 5) == b"fresh"
        assert empty(client)
        os.close(client)

    drive(body)


@pytest.mark.parametrize("quick", [False, True])
def test_no_stale_output_for_the_next_client(quick: bool) -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        client = os.open(pipe.path, OPEN)
        await sink.called("opened")
        pipe.write(b"x" * 100_000)  # the kernel's queue is full and the rest is held
        assert sink.calls == ["opened", "blocked"]
        os.close(client)
        if not quick:
            await sink.called("opened", "blocked", "ready", "closed")
        client = os.open(pipe.path, OPEN)
        await sink.called("opened", "blocked", "ready", "closed", "opened")
        assert empty(client)
        pipe.write(b"fresh")
        assert await read(client, 5) == b"fresh"
        os.close(client)

    drive(body)


def test_a_slow_reader_loses_nothing_and_holding_is_bounded() -> None:
    """Some MB in chunks of any size to a client that reads in pieces of any size, and rests."""

    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        dice = random.Random(1)
        sent = dice.randbytes(4_000_000)
        client = os.open(pipe.path, OPEN)
        await sink.called("opened")
        got = bytearray()
        at = 0
        most = 0
        while len(got) < len(sent):
            while at < len(sent) and sink.calls[-1] != "blocked":
                chunk = sent[at : at + dice.choice((1, 10, 1000, 5000, 30000))]
                pipe.write(chunk)
                if dice.random() < 0.2:
                    end_round()
                at += len(chunk)
                most = max(most, len(pipe._out))
            for _ in range(dice.randrange(1, 30)):
                if len(got) == at:
                    break
                await readable(client)
                got += os.read(client, dice.choice((1, 100, 4096, 65536)))
        assert got == sent
        gathered = 10000 if Running.loop is CrowdedLoop else 0  # the small ones of a round
        assert most <= HIGH + 30000 + gathered
        rest = sink.calls[1:]
        assert rest[0] == "blocked"
        assert len(rest) > 20
        assert rest == ["blocked", "ready"] * (len(rest) // 2)
        os.close(client)

    drive(body)


def test_blocked_and_ready_at_their_marks() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        client = os.open(pipe.path, OPEN)
        await sink.called("opened")
        pipe.write(b"x" * 30_000)
        taken = 30_000 - len(pipe._out)
        pipe.write(b"x" * (HIGH - len(pipe._out)))
        assert sink.calls == ["opened"]
        pipe.write(b"x")
        end_round()
        assert sink.calls == ["opened", "blocked"]
        total, got = taken + HIGH + 1, 0
        while sink.calls == ["opened", "blocked"]:
            assert len(pipe._out) > LOW
            await readable(client)
            got += len(os.read(client, 4096))
        assert sink.calls == ["opened", "blocked", "ready"]
        assert 0 < len(pipe._out) <= LOW
        await read(client, total - got)
        os.close(client)

    drive(body)


# ---- input ---------------------------------------------------------------------------------------


def test_pause_and_resume_reading() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        sent = random.Random(2).randbytes(200_000)
        client = os.open(pipe.path, OPEN)
        await sink.called("opened")
        pipe.pause_reading()
        pipe.pause_reading()
        at = 0
        for _ in range(100):  # until the kernel's queue is full
            try:
                at += os.write(client, sent[at : at + 1024])
            except BlockingIOError:
                break
            await asyncio.sleep(0)
        assert at < 30_000
        assert sink.calls == ["opened"]
        pipe.resume_reading()
        pipe.resume_reading()
        while at < len(sent):
            try:
                at += os.write(client, sent[at : at + 5000])
            except BlockingIOError:
                await asyncio.sleep(0)
        await sink.until(lambda: len(sink.data) == len(sent))
        assert sink.data == sent
        os.close(client)

    drive(body)


def test_a_close_while_paused_is_noticed_and_its_bytes_come_at_resume() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        client = os.open(pipe.path, OPEN)
        await sink.called("opened")
        pipe.pause_reading()
        os.write(client, b"first")
        os.close(client)
        await sink.called("opened", "closed")
        client = os.open(pipe.path, OPEN)
        os.write(client, b"second")
        await sink.called("opened", "closed", "opened")
        pipe.resume_reading()
        await sink.until(lambda: sink.data == b"firstsecond")
        os.close(client)

    drive(body)


def test_nothing_runs_while_nobody_is_connected() -> None:
    """Counts the loop's turns: without a held slave descriptor there are 200 000 a second."""

    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        client = os.open(pipe.path, OPEN)
        await sink.called("opened")
        os.close(client)
        await sink.called("opened", "closed")
        await turns(5)
        loop = asyncio.get_running_loop()
        polls = 0
        select = loop._selector.select  # type: ignore[attr-defined]

        def counted(timeout: float | None) -> object:
            nonlocal polls
            polls += 1
            return select(timeout)

        loop._selector.select = counted  # type: ignore[attr-defined]
        dispatch = pipe._inotify.dispatch
        strangers = 0

        def heard() -> None:  # the directory of all ptys is watched, and other tests open some
            nonlocal strangers
            strangers += 1
            dispatch()

        loop.add_reader(pipe._inotify._fd, heard)
        quietest = 10_000
        for _ in range(3):  # a busy machine's timers come in two looks, a spin never rests
            polls = strangers = 0
            await asyncio.sleep(0.05)  # the timer is what is waited for; anything else would be a spin
            quietest = min(quietest, polls - 2 * strangers)
        assert quietest <= 3

    drive(body)


# ---- the terminal --------------------------------------------------------------------------------


@pytest.mark.parametrize("baud", [9600, 115200, 921600, 250000, 12345, 3000000])
def test_pyserial_at_any_speed(baud: int) -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        sink.answer = lambda data: b"\r\nOK\r\n" if data.endswith(b"\r") else b""

        def client() -> bytes:
            with serial.Serial(pipe.path, baud, timeout=5) as port:
                port.write(b"AT\r")
                return port.read(6)

        for _ in range(2):
            assert await asyncio.to_thread(client) == b"\r\nOK\r\n"
            assert pipe.host.baud == baud
        await sink.until(lambda: sink.calls.count("closed") == 2)
        assert pipe.host.baud == baud

    drive(body)


def test_speed_zero_is_seen_and_does_not_outlive_the_client() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        client = os.open(pipe.path, OPEN)
        attributes = termios.tcgetattr(client)
        attributes[4] = attributes[5] = termios.B0
        termios.tcsetattr(client, termios.TCSANOW, attributes)
        assert pipe.host.baud == 0
        os.close(client)
        await sink.called("opened", "closed")
        assert pipe.host.baud == 38400

    drive(body)


def test_the_terminal_is_raw_from_the_start_and_again_after_a_cooking_client() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        client = os.open(pipe.path, OPEN)
        raw = termios.tcgetattr(client)
        assert raw[:2] == [0, 0]
        assert raw[3] == 0
        assert raw[2] & (termios.CSIZE | termios.PARENB | termios.CSTOPB | termios.CRTSCTS) == termios.CS8
        subprocess.run(["stty", "-F", pipe.path, "sane", "cstopb", "crtscts", "57600"], check=True)
        assert termios.tcgetattr(client)[3] & termios.ECHO
        os.close(client)
        await sink.called("opened", "closed")
        client = os.open(pipe.path, OPEN)
        again = termios.tcgetattr(client)
        assert again[:4] == [0, 0, raw[2] & ~0o17 | termios.B57600, 0]
        assert again[4] == termios.B57600
        os.close(client)

    drive(body)


def test_exclusive_use_ends_with_the_client() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        client = os.open(pipe.path, OPEN)
        fcntl.ioctl(client, termios.TIOCEXCL)
        os.close(client)
        await sink.called("opened", "closed")
        client = os.open(pipe.path, OPEN)
        flag = bytearray(4)
        fcntl.ioctl(client, 0x80045440, flag)  # TIOCGEXCL; root would get past the flag itself
        assert flag == bytes(4)
        os.close(client)

    drive(body)


def test_setting_a_signal_does_nothing() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        for signal_ in LineSignal:
            pipe.set_signal(signal_, True)

    drive(body)


# ---- life ----------------------------------------------------------------------------------------


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_no_descriptor_is_left_over_many_lives() -> None:
    async def main() -> None:
        before = len(descriptors())
        for number in range(220):
            pipe, sink = PtyPipe(), Recorder()
            pipe.start(sink)
            client = os.open(pipe.path, OPEN)
            if number % 2:
                await sink.called("opened")
                pipe.write(b"x" * 50_000)
            pipe.close()
            pipe.close()
            os.close(client)
        assert len(descriptors()) == before

    run(main())


def test_closing_without_start_and_after_the_loop(tmp_path: Path) -> None:
    before = len(descriptors())
    PtyPipe(tmp_path / "modem").close()

    async def main() -> PtyPipe:
        pipe = PtyPipe()
        pipe.start(Recorder())
        return pipe

    run(main()).close()
    assert len(descriptors()) == before
    assert list(tmp_path.iterdir()) == []


def test_the_sink_may_close_the_pipe_in_any_call() -> None:
    async def main(moment: str) -> None:
        pipe, sink = PtyPipe(), Recorder()
        note = sink._note

        def close_now(call: str) -> None:
            note(call)
            if call == moment:
                pipe.close()

        def close_at_bytes(data: bytes) -> bytes:
            if moment == "bytes":
                pipe.close()
            return b""

        sink._note = close_now  # type: ignore[method-assign]
        sink.answer = close_at_bytes
        pipe.start(sink)
        sink.pipe = pipe
        client = os.open(pipe.path, OPEN)
        os.write(client, b"AT\r")
        os.close(client)
        await sink.until(lambda: sink.calls[-1:] == [moment])
        await turns(5)
        assert sink.calls[-1] == moment

    errors: list[object] = []
    for moment in ("opened", "bytes", "closed"):
        run(main(moment), errors.append)
    assert errors == []


def test_two_ptys_share_a_watch_and_nothing_else() -> None:
    async def main() -> None:
        pipes, sinks = [PtyPipe(), PtyPipe()], [Recorder(), Recorder()]
        for pipe, sink in zip(pipes, sinks, strict=True):
            pipe.start(sink)
        assert pipes[0]._inotify is pipes[1]._inotify
        clients = [os.open(pipe.path, OPEN) for pipe in pipes]
        os.write(clients[0], b"one")
        os.write(clients[1], b"two")
        for sink, word in zip(sinks, (b"one", b"two"), strict=True):
            await sink.called("opened", "bytes")
            assert sink.data == word
        os.close(clients[0])
        await sinks[0].called("opened", "bytes", "closed")
        pipes[0].close()
        pipes[1].write(b"still here")
        assert await read(clients[1], 10) == b"still here"
        os.close(clients[1])
        await sinks[1].called("opened", "bytes", "closed")
        pipes[1].close()
        assert Inotify.of(asyncio.get_running_loop()) is not pipes[1]._inotify
        Inotify.of(asyncio.get_running_loop()).release()

    run(main())


def test_an_error_for_one_modem_does_not_lose_the_others_events() -> None:
    errors: list[object] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _l, context: errors.append(context["exception"])
        )
        pipes, sinks = [PtyPipe(), PtyPipe()], [Recorder(), Recorder()]

        def fail(call: str) -> None:
            raise ValueError(call)

        sinks[0]._note = fail  # type: ignore[method-assign]
        for pipe, sink in zip(pipes, sinks, strict=True):
            pipe.start(sink)
        clients = [os.open(pipe.path, OPEN) for pipe in pipes]
        await sinks[1].called("opened")
        for fd in clients:
            os.close(fd)
        await sinks[1].called("opened", "closed")
        for pipe in pipes:
            pipe.close()

    run(main())
    assert [str(error) for error in errors] == ["opened", "closed"]


def test_the_link_lives_from_start_to_close(tmp_path: Path) -> None:
    place = tmp_path / "modem"

    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        assert pipe.link == place
        assert os.readlink(place) == pipe.path
        client = os.open(place, OPEN)
        await sink.called("opened")
        os.close(client)
        with pytest.raises(EndpointError, match="belongs to a running modem"):
            PtyPipe(place)

    before = len(descriptors())
    drive(body, place)
    assert list(tmp_path.iterdir()) == []
    assert len(descriptors()) == before


@pytest.fixture
def one_descriptor_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, descriptors())) + 2, hard))
    try:
        while True:
            taken.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        os.close(taken.pop())
    yield
    for fd in taken:
        os.close(fd)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("one_descriptor_left")
def test_no_pty_to_be_had_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(EndpointError, match=r"/proc/sys/kernel/pty/max.*ulimit") as caught:
        PtyPipe(tmp_path / "modem")  # the link's lock takes the last descriptor
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("*"))
    assert not (tmp_path / ".modem.lock").exists()


# ---- several in one round ------------------------------------------------------------------------


def test_who_came_is_known_before_what_any_of_a_round_wrote() -> None:
    """Each is heard with its own opening, though all opened and wrote before the loop could look."""

    async def main() -> None:
        pipes, sinks = [PtyPipe() for _ in range(50)], [Recorder() for _ in range(50)]
        for pipe, sink in zip(pipes, sinks, strict=True):
            sink.pipe = pipe
            sink.answer = lambda data: b"OK" + data
            pipe.start(sink)
        for turn in range(3):
            clients = [os.open(pipe.path, OPEN) for pipe in pipes]
            for number, client in enumerate(clients):
                os.write(client, b"%d" % number)
            for number, client in enumerate(clients):
                answer = b"OK%d" % number
                assert await read(client, len(answer)) == answer
                os.close(client)
            for sink in sinks:
                await sink.called(*["opened", "bytes", "closed"] * (turn + 1))
        for pipe in pipes:
            pipe.close()

    run(main())


def test_output_of_a_round_goes_in_order_and_before_the_end() -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        client = os.open(pipe.path, OPEN)
        await sink.called("opened")
        for piece in (b"a", b"b", b"C" * 3000, b"d"):
            pipe.write(piece)
        end_round()
        assert await read(client, 3003) == b"ab" + b"C" * 3000 + b"d"
        pipe.write(b"last words")
        pipe.close()
        assert not pipe._round.written
        os.close(client)

    drive(body)


def test_nothing_written_to_a_client_that_goes_reaches_the_next_one() -> None:
    """It is written, the client goes and another one comes, all in one round."""

    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        first = os.open(pipe.path, OPEN)
        await sink.called("opened")
        pipe.write(b"for the first one")
        os.close(first)
        second = os.open(pipe.path, OPEN)
        pipe._inotify.look()
        end_round()
        assert sink.calls == ["opened", "closed", "opened"]
        assert empty(second)
        pipe.write(b"for the second")
        assert await read(second, 14) == b"for the second"
        os.close(second)

    drive(body)


@pytest.mark.parametrize("size", [447, 448, 449, 4095, 4096, 9000])
def test_what_fills_a_short_read_is_read_on(size: int) -> None:
    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        client = os.open(pipe.path, OPEN)
        data = random.Random(size).randbytes(size)
        os.write(client, data)
        await sink.until(lambda: len(sink.data) == size)
        assert sink.data == data
        os.close(client)

    drive(body)


def test_a_long_input_comes_whole_and_its_gaps_are_used() -> None:
    """Behind each page the kernel is waited for; what is done meanwhile may fail and costs no byte."""
    failed: list[BaseException] = []
    ran: list[int] = []

    async def body(pipe: PtyPipe, sink: Recorder) -> None:
        loop = asyncio.get_running_loop()
        told = loop.get_exception_handler()
        loop.set_exception_handler(lambda _loop, context: failed.append(context["exception"]))

        def fail() -> bool:
            ran.append(len(sink.data))
            raise ZeroDivisionError

        def work() -> bool:
            ran.append(len(sink.data))
            return False

        client = os.open(pipe.path, OPEN)
        await sink.called("opened")
        pipe.at_once = 32768
        data = random.Random(1).randbytes(11000)
        whole = False
        while not whole:  # nearly always the first time; the kernel may have less at hand
            sink.data.clear()
            assert os.write(client, data) == len(data)
            in_gaps(loop)(fail)
            in_gaps(loop)(work)
            read_now(pipe)
            whole = len(sink.data) == len(data)
            if whole and isinstance(loop, DirectLoop):
                assert ran[-2:] == [0, 0]
            await sink.until(lambda: len(sink.data) == len(data))
            assert sink.data == data
            await turns()
        loop.set_exception_handler(told)
        os.close(client)

    drive(body)
    assert [type(error) for error in failed] == [ZeroDivisionError for _ in ran[::2]]

"""The loop that serves descriptors directly: what it shares with asyncio's, and what its ways could break."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from loops import LOOPS
from vmodem.emulator.lingering import Lingering
from vmodem.emulator.loop import DirectLoop, in_gaps
from vmodem.emulator.round import Round, round_of

LIMIT = 10.0

Story = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture(params=LOOPS, ids=["direct", "looking", "crowded", "asyncio"])
def run(request: pytest.FixtureRequest) -> Callable[[Story], None]:
    """Runs a story on either loop: what holds here is what asyncio does."""

    return lambda story: run_on(request.param, story)


def run_direct(story: Story) -> None:
    run_on(DirectLoop, story)


def run_on(make: Callable[[], asyncio.AbstractEventLoop], story: Story) -> None:
    """Run it; what a callback raises fails the test, unless the story has a handler of its own."""
    raised: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=make) as runner:
        runner.get_loop().set_exception_handler(lambda _loop, context: raised.append(context))
        runner.run(asyncio.wait_for(story(), LIMIT))
    assert raised == []


@pytest.fixture
def pairs() -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    """Three pairs of sockets; the first of each is for the loop."""
    made = [socket.socketpair() for _ in range(3)]
    for pair in made:
        pair[0].setblocking(False)
    yield made
    for pair in made:
        for end in pair:
            end.close()


Pairs = list[tuple[socket.socket, socket.socket]]


def test_reads_and_writes(run: Callable[[Story], None], pairs: Pairs) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        near, far = pairs[0]
        got, done = bytearray(), loop.create_future()

        def readable(limit: int) -> None:
            got.extend(near.recv(limit))
            loop.add_writer(near, writable)

        def writable() -> None:
            assert loop.remove_writer(near)
            near.send(b"answer;")
            if len(got) == 6:
                done.set_result(None)

        loop.add_reader(near.fileno(), readable, 2)
        far.send(b"abcdef")
        await done
        assert got == b"abcdef"
        assert set(far.recv(100).split(b";")) == {b"answer", b""}
        assert loop.remove_reader(near)
        assert not loop.remove_reader(near)
        assert not loop.remove_writer(near.fileno())

    run(story)


def test_the_last_callback_given_counts(run: Callable[[Story], None], pairs: Pairs) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        near, far = pairs[0]
        done = loop.create_future()
        loop.add_reader(near, pytest.fail, "replaced")
        loop.add_reader(near, lambda: done.set_result(near.recv(1)))
        far.send(b"x")
        assert await done == b"x"

    run(story)


def test_what_a_callback_raises_goes_to_the_handler_and_the_rest_goes_on(
    run: Callable[[Story], None], pairs: Pairs
) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        told: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _loop, context: told.append(context))
        done = loop.create_future()

        def fails() -> None:
            pairs[0][0].recv(1)
            raise ZeroDivisionError("ours")

        loop.add_reader(pairs[0][0], fails)
        loop.add_reader(pairs[1][0], lambda: done.set_result(pairs[1][0].recv(1)))
        pairs[0][1].send(b"x")
        pairs[1][1].send(b"x")
        await done
        assert [type(context["exception"]) for context in told] == [ZeroDivisionError]
        assert "fails" in told[0]["message"]

    run(story)


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_an_exit_leaves_the_loop(error: type[BaseException], pairs: Pairs) -> None:
    def leave() -> None:
        pairs[0][0].recv(1)
        raise error

    loop = DirectLoop()
    loop.add_reader(pairs[0][0], leave)
    pairs[0][1].send(b"x")
    with pytest.raises(error):
        loop.run_forever()
    loop.call_soon(loop.stop)
    loop.run_forever()  # it can go on
    loop.close()


def test_removed_by_another_of_the_same_round_is_not_called(
    run: Callable[[Story], None], pairs: Pairs
) -> None:
    """Both are ready; whoever comes first removes the other. Then its number goes to a new socket."""

    async def story() -> None:
        loop = asyncio.get_running_loop()
        called: list[int] = []
        replaced = loop.create_future()

        def first(mine: int) -> None:
            called.append(mine)
            other = pairs[1 - mine][0]
            loop.remove_reader(pairs[mine][0])
            loop.remove_reader(other)
            number = other.fileno()
            os.dup2(pairs[2][0].fileno(), number)  # closed, and open again as something silent
            loop.add_reader(number, pytest.fail, "the old one's event came to the new one")
            loop.call_soon(replaced.set_result, number)

        for mine in (0, 1):
            loop.add_reader(pairs[mine][0], first, mine)
        for mine in (0, 1):
            pairs[mine][1].send(b"x")
        number = await replaced
        await asyncio.sleep(0)
        assert len(called) == 1
        loop.remove_reader(number)

    run(story)


def test_a_writer_whose_number_the_reader_gave_away_is_not_called(
    run: Callable[[Story], None], pairs: Pairs
) -> None:
    """The descriptor is readable and writable; what gets its number is never writable."""

    async def story() -> None:
        loop = asyncio.get_running_loop()
        number = os.dup(pairs[0][0].fileno())
        pairs[0][1].send(b"x")
        silent, other_end = os.pipe()
        done = loop.create_future()

        def readable() -> None:
            loop.remove_reader(number)
            loop.remove_writer(number)
            os.dup2(silent, number)
            loop.add_writer(number, pytest.fail, "the old one's event came to the new one")
            loop.call_soon(done.set_result, None)

        loop.add_writer(number, lambda: None)
        loop.add_reader(number, readable)
        await done
        loop.remove_writer(number)
        for fd in (number, silent, other_end):
            os.close(fd)

    run(story)


def test_a_hang_up_wakes_whoever_is_there(run: Callable[[Story], None]) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        reader, writer = os.pipe()
        done = loop.create_future()
        loop.add_writer(writer, lambda: None)
        loop.remove_writer(writer)

        def hung_up() -> None:
            loop.remove_reader(reader)
            done.set_result(os.read(reader, 1))

        loop.add_reader(reader, hung_up)
        os.close(writer)  # POLLHUP alone
        assert await done == b""
        os.close(reader)

    run(story)


def test_timers_and_callbacks_have_their_turn_beside_one_that_is_always_ready(
    run: Callable[[Story], None], pairs: Pairs
) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        near = pairs[0][0]
        turns = 0

        def busy() -> None:
            nonlocal turns
            turns += 1

        loop.add_writer(near, busy)  # always writable
        before = loop.time()
        await asyncio.sleep(0.02)
        assert 0.02 <= loop.time() - before < 5
        assert turns
        answer = await loop.run_in_executor(None, lambda: "from a thread")
        assert answer == "from a thread"
        loop.remove_writer(near)

    run(story)


def test_what_a_callback_asks_for_happens_though_nothing_else_does(
    run: Callable[[Story], None], pairs: Pairs
) -> None:
    """Each asks asyncio for something in its own way, and no descriptor ever gets ready again."""

    async def story() -> None:
        loop = asyncio.get_running_loop()
        near, far = pairs[0]
        ways: list[Callable[[Callable[[], None]], object]] = [
            loop.call_soon,
            lambda then: loop.call_later(0.001, then),
            lambda then: loop.call_at(loop.time(), then),
            loop.call_soon_threadsafe,
            lambda then: asyncio.ensure_future(asyncio.sleep(0)).add_done_callback(lambda _task: then()),
            lambda then: loop.run_in_executor(None, then),
        ]
        for way in ways:
            done = asyncio.Event()

            def then(done: asyncio.Event = done) -> None:
                loop.call_soon_threadsafe(done.set)

            def readable(
                way: Callable[[Callable[[], None]], object] = way, then: Callable[[], None] = then
            ) -> None:
                near.recv(1)
                way(then)

            loop.add_reader(near, readable)
            far.send(b"x")
            await done.wait()

    run(story)


def test_stop_from_a_callback(pairs: Pairs) -> None:
    loop = DirectLoop()
    loop.add_reader(pairs[0][0], loop.stop)
    pairs[0][1].send(b"x")
    loop.run_forever()
    loop.close()
    assert not loop.remove_reader(pairs[0][0])
    with pytest.raises(RuntimeError, match="closed"):
        loop.add_reader(pairs[0][0], loop.stop)


def test_asyncios_own_descriptors_signals_and_streams(run: Callable[[Story], None], pairs: Pairs) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        heard = loop.create_future()
        loop.add_signal_handler(signal.SIGUSR1, heard.set_result, None)
        pairs[0][0].send(b"x")
        loop.add_reader(pairs[0][1], pairs[0][1].recv, 1)  # a direct one beside them
        os.kill(os.getpid(), signal.SIGUSR1)
        await heard
        loop.remove_signal_handler(signal.SIGUSR1)
        reader, writer = await asyncio.open_connection(sock=pairs[1][0])
        pairs[1][1].send(b"line\n")
        assert await reader.readline() == b"line\n"
        writer.write(b"y" * 1000)
        assert await loop.run_in_executor(None, pairs[1][1].recv, 2000) == b"y" * 1000
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        loop.remove_reader(pairs[0][1])

    run(story)


def test_more_descriptors_than_one_round_serves() -> None:
    many = [socket.socketpair() for _ in range(100)]

    async def story() -> None:
        loop = asyncio.get_running_loop()
        left = set(range(len(many)))
        done = loop.create_future()

        def readable(number: int) -> None:
            many[number][0].recv(1)
            left.remove(number)
            if not left:
                done.set_result(None)

        for number, (near, far) in enumerate(many):
            loop.add_reader(near, readable, number)
            far.send(b"x")
        await done

    run_direct(story)
    for pair in many:
        for end in pair:
            end.close()


def test_it_stays_in_its_selector_while_only_descriptors_are_ready(
    pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What makes it quick: a thousand answers are not a thousand turns of asyncio."""

    async def story() -> None:
        loop = asyncio.get_running_loop()
        near, far = pairs[0]
        far.setblocking(False)
        done = loop.create_future()
        count = turns = 0

        def answer() -> None:
            nonlocal count
            near.send(near.recv(1))
            count += 1
            if count == 1000:
                done.set_result(None)

        run_once = loop._run_once  # type: ignore[attr-defined]

        def counted() -> None:
            nonlocal turns
            turns += 1
            run_once()

        monkeypatch.setattr(loop, "_run_once", counted)
        loop.add_reader(near, answer)
        loop.add_reader(far, lambda: far.send(far.recv(1)))
        far.send(b"x")
        await done
        assert turns < 10
        loop.remove_reader(near)
        loop.remove_reader(far)

    run_direct(story)


def test_a_descriptor_that_was_closed_can_be_removed(run: Callable[[Story], None]) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        reader, writer = os.pipe()
        loop.add_reader(reader, pytest.fail, "nothing was written")
        os.close(reader)
        assert loop.remove_reader(reader)
        os.close(writer)

    run(story)


def test_a_descriptor_that_was_refused_leaves_no_trace(
    run: Callable[[Story], None], pairs: Pairs, tmp_path: Path
) -> None:
    """The next one of its number is registered anew: the loop would wait for ever otherwise."""

    async def story() -> None:
        loop = asyncio.get_running_loop()
        near, far = pairs[0]
        with (tmp_path / "file").open("wb") as file:
            number = file.fileno()
            with pytest.raises(PermissionError):
                loop.add_reader(number, lambda: None)
        assert os.dup2(near.fileno(), number) == number
        try:
            ready = asyncio.Event()
            loop.add_reader(number, ready.set)
            far.send(b"x")
            await ready.wait()
            loop.remove_reader(number)
        finally:
            os.close(number)

    run(story)


def test_one_that_was_closed_with_reader_and_writer_leaves_its_number_free(pairs: Pairs) -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        near, far = pairs[0]
        number = os.dup(near.fileno())
        loop.add_reader(number, lambda: None)
        loop.add_writer(number, lambda: None)
        os.close(number)
        assert loop.remove_reader(number)
        assert os.dup2(near.fileno(), number) == number
        try:
            written, read = asyncio.Event(), asyncio.Event()
            loop.add_writer(number, written.set)
            await written.wait()
            loop.remove_writer(number)
            loop.add_reader(number, read.set)
            far.send(b"x")
            await read.wait()
            loop.remove_reader(number)
        finally:
            os.close(number)

    run_direct(story)


def test_one_removed_and_added_between_two_rounds_is_served_in_the_next(pairs: Pairs) -> None:
    rounds: list[str] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        near, far = pairs[0]
        done = asyncio.Event()

        def readable() -> None:
            rounds.append("read")
            near.recv(1)
            done.set()

        loop.add_reader(near, readable)
        far.send(b"x")
        loop.remove_reader(near)
        loop.add_reader(near, readable)
        loop.call_soon(rounds.append, "after one round")
        await done.wait()
        loop.remove_reader(near)

    run_direct(story)
    assert rounds[0] == "read"


def test_what_waits_for_rest_comes_behind_all_that_is_ready(pairs: Pairs) -> None:
    heard: list[str] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, DirectLoop)
        near, far = pairs[0]
        rested = asyncio.Event()

        def readable() -> None:
            if not heard:
                loop.call_at_rest(lambda: heard.append("rest"))
                loop.call_at_rest(rested.set)
            heard.append(near.recv(1).decode())

        loop.add_reader(near, readable)
        far.send(b"abcde")
        await rested.wait()
        loop.remove_reader(near)

    run_direct(story)
    assert heard == ["a", "b", "c", "d", "e", "rest"]


def test_what_waits_for_rest_does_not_wait_for_ever(pairs: Pairs) -> None:
    rounds = 0

    async def story() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, DirectLoop)
        near, _ = pairs[0]
        rested = asyncio.Event()

        def writable() -> None:  # it always is
            nonlocal rounds
            rounds += 1
            if rounds == 1:
                loop.call_at_rest(rested.set)

        loop.add_writer(near, writable)
        await rested.wait()
        loop.remove_writer(near)

    run_direct(story)
    assert 10 < rounds < 100


def test_what_can_wait_is_done_piece_by_piece_when_nothing_is_ready(pairs: Pairs) -> None:
    heard: list[str] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        near, far = pairs[0]
        done = asyncio.Event()

        def work() -> bool:
            heard.append("piece")
            if len(heard) == 3:
                far.send(b"c")  # comes before the next piece
            if len(heard) == 6:
                done.set()
            return len(heard) < 6

        def readable() -> None:
            if not heard:
                in_gaps(loop)(work)
            heard.append(near.recv(1).decode())

        loop.add_reader(near, readable)
        far.send(b"ab")
        await done.wait()
        loop.remove_reader(near)

    run_direct(story)
    assert heard == ["a", "b", "piece", "c", "piece", "piece"]


def test_what_can_wait_is_done_on_any_loop_and_told_of_where_it_fails(run: Callable[[Story], None]) -> None:
    done: list[int] = []
    raised: list[object] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: raised.append(context["exception"]))
        over = asyncio.Event()

        def fail() -> bool:
            raise ZeroDivisionError

        def work() -> bool:
            done.append(len(done))
            if len(done) == 3:
                over.set()
            return len(done) < 3

        in_gaps(loop)(fail)
        in_gaps(loop)(work)
        await over.wait()

    run(story)
    assert done == [0, 1, 2]
    assert [type(error) for error in raised] == [ZeroDivisionError]


def test_no_signal_is_heard_by_a_loop_that_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it is told as an exception on standard error: its descriptor is closed before its handler goes."""
    heard: list[object] = []
    closes = asyncio.SelectorEventLoop.close

    def close(loop: asyncio.SelectorEventLoop) -> None:
        heard.append(signal.getsignal(signal.SIGUSR1))
        closes(loop)

    monkeypatch.setattr(asyncio.SelectorEventLoop, "close", close)
    loop = DirectLoop()
    loop.add_signal_handler(signal.SIGUSR1, heard.append, "heard")
    loop.close()
    assert heard == [signal.SIG_DFL]


# ---- looking or sleeping -------------------------------------------------------------------------

SHORT, LONG = 20e-6, 1.0


def test_it_pays_when_the_waits_are_short_and_no_longer_when_they_are_not() -> None:
    lingering = Lingering()
    assert not lingering.pays
    lingering.slept(SHORT)
    assert not lingering.pays
    lingering.slept(SHORT)
    assert lingering.pays
    lingering.found()
    lingering.in_vain()
    assert not lingering.pays
    for _ in range(20):
        lingering.slept(LONG)
    assert not lingering.pays


def test_one_long_wait_among_short_ones_is_made_up_for() -> None:
    lingering = Lingering()
    for seconds in (SHORT, LONG, SHORT):
        lingering.slept(seconds)
    assert not lingering.pays
    lingering.slept(SHORT)
    assert lingering.pays


def test_on_one_processor_it_never_pays() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        loop = DirectLoop()
    finally:
        os.sched_setaffinity(0, before)
    try:
        for _ in range(10):
            loop._direct.lingering.slept(SHORT)
            assert not loop._direct.lingering.pays
    finally:
        loop.close()


def _short_waits_until_it_pays(lingering: Lingering) -> int:
    count = 0
    while not lingering.pays:
        lingering.slept(SHORT)
        count += 1
    return count


def _until_a_long_look(lingering: Lingering) -> int:
    """All looks are in vain, the long one too; the short waits before it."""
    count = 0
    while True:
        count += _short_waits_until_it_pays(lingering)
        seconds = lingering.seconds
        lingering.in_vain()
        if seconds > 0.001:
            return count


def test_looks_in_vain_become_rare_where_looking_never_pays() -> None:
    """As with both programs on one processor: who looks keeps the other one from answering."""
    lingering = Lingering()
    proofs = []
    for _ in range(5):
        proofs.append(_short_waits_until_it_pays(lingering))
        lingering.in_vain()
    assert proofs == [2, 4, 8, 16, 32]
    for _ in range(7):
        _until_a_long_look(lingering)
    proofs = []
    for _ in range(3):
        proofs.append(_short_waits_until_it_pays(lingering))
        lingering.in_vain()
    assert proofs == [256, 256, 256]


def test_a_long_look_parts_those_who_share_a_processor_and_becomes_rare_where_it_does_not() -> None:
    lingering = Lingering()
    before = [_until_a_long_look(lingering) for _ in range(9)]
    assert before == [64, 128, 256, 512, 1024, 2048, 4096, 4096, 4096]
    for _ in range(256):  # it did
        lingering.found()
    lingering.in_vain()
    assert [_until_a_long_look(lingering) for _ in range(2)] == [64, 128]


def test_a_look_is_a_long_one_once() -> None:
    for ends in (Lingering.found, Lingering.in_vain):
        lingering = Lingering()
        while lingering.seconds < 0.001:
            lingering.slept(SHORT)
        assert lingering.pays
        ends(lingering)
        assert lingering.seconds < 0.001


def test_a_long_look_ends_when_something_is_due(pairs: Pairs) -> None:
    """Asked for half a millisecond, it is not five that pass."""
    waits = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, DirectLoop)
        loop.add_reader(pairs[0][0], lambda: None)
        for _ in range(20):
            lingering = loop._direct.lingering = Lingering()
            while lingering.seconds < 0.001:
                lingering.slept(SHORT)
            before = time.monotonic()
            await asyncio.sleep(0.0005)
            waits.append(time.monotonic() - before)
        loop.remove_reader(pairs[0][0])

    run_direct(story)
    assert 0.0005 <= min(waits) < 0.004


def test_a_look_in_vain_now_and_then_is_worth_the_others() -> None:
    lingering = Lingering()
    for _ in range(100):
        assert _short_waits_until_it_pays(lingering) <= 2
        for _ in range(3):
            lingering.found()
        lingering.in_vain()


def test_after_a_time_without_success_it_is_believed_again() -> None:
    lingering = Lingering()
    for _ in range(8):
        _short_waits_until_it_pays(lingering)
        lingering.in_vain()
    _short_waits_until_it_pays(lingering)
    for _ in range(20):
        lingering.found()
    lingering.in_vain()
    assert _short_waits_until_it_pays(lingering) == 2


def test_silence_is_slept_through(pairs: Pairs) -> None:
    """Half a second in which nothing comes costs one look."""
    ours, theirs = pairs[0]
    told: dict[str, int] = {"found": 0, "in vain": 0}

    class Counting(Lingering):
        def found(self) -> None:
            told["found"] += 1
            super().found()

        def in_vain(self) -> None:
            told["in vain"] += 1
            super().in_vain()

    async def story() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, DirectLoop)
        loop._direct.lingering = Counting()
        loop._direct.lingering.slept(SHORT)
        loop._direct.lingering.slept(SHORT)  # so it begins by looking
        before = time.process_time()
        await asyncio.sleep(0.5)
        assert told == {"found": 0, "in vain": 1}
        assert time.process_time() - before < 0.1
        theirs.send(b"x")
        came = asyncio.Event()
        loop.add_reader(ours, came.set)
        await came.wait()
        loop.remove_reader(ours)

    run_direct(story)


# ---- a crowded round -----------------------------------------------------------------------------


class Party:
    """Reads, delivers, and writes; and says what it did."""

    def __init__(self, name: str, heard: list[str], round_: Round, fails: type[BaseException] | None) -> None:
        self.name, self.heard, self.round, self.fails = name, heard, round_, fails

    def readable(self, near: socket.socket) -> None:
        near.recv(10)
        self.heard.append(f"{self.name} read")
        if self.round.crowded:
            self.round.arrived.append(self)
        else:
            self.deliver()

    def deliver(self) -> None:
        self.heard.append(f"{self.name} delivers")
        self.round.written.append((self, b"answer"))
        if self.fails is not None:
            raise self.fails(self.name)

    def write(self, data: bytes) -> None:
        self.heard.append(f"{self.name} {data.decode()}")


def crowd(pairs: Pairs, fails: dict[int, type[BaseException]]) -> tuple[list[str], list[str]]:
    """Three that are ready at once; what happened, and what was raised to the handler."""
    heard: list[str] = []
    told: list[str] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: told.append(str(context["exception"])))
        assert isinstance(loop, DirectLoop)
        loop.round.look = lambda: heard.append("look")
        for number, (near, far) in enumerate(pairs):
            party = Party(str(number), heard, loop.round, fails.get(number))
            loop.add_reader(near, party.readable, near)
            far.send(b"x")
        while heard.count("2 answer") < 1:
            await asyncio.sleep(0)
        assert not loop.round.crowded
        for near, _ in pairs:
            loop.remove_reader(near)

    loop = DirectLoop()
    try:
        task = loop.create_task(story())
        while not task.done():
            try:
                loop.run_until_complete(asyncio.wait_for(asyncio.shield(task), LIMIT))
            except SystemExit as error:
                told.append(f"SystemExit {error}")
    finally:
        loop.close()
    return heard, told


READ = ["0 read", "1 read", "2 read", "look"]
DELIVERED = ["0 delivers", "1 delivers", "2 delivers"]
ANSWERED = ["0 answer", "1 answer", "2 answer"]


def test_a_crowd_reads_looks_delivers_and_writes(pairs: Pairs) -> None:
    assert crowd(pairs, {}) == (READ + DELIVERED + ANSWERED, [])


def test_one_that_fails_in_a_crowd_holds_up_nobody(pairs: Pairs) -> None:
    assert crowd(pairs, {1: ValueError}) == (READ + DELIVERED + ANSWERED, ["1"])


def test_a_crowd_is_not_forgotten_when_one_ends_the_loop(pairs: Pairs) -> None:
    """Whoever runs the loop again, to end in order, serves the rest."""
    heard, told = crowd(pairs, {0: SystemExit})
    assert heard == [*READ, DELIVERED[0], "look", *DELIVERED[1:], *ANSWERED]
    assert told == ["SystemExit 0"]


def test_a_loop_that_is_not_ours_has_no_crowds() -> None:
    async def story() -> None:
        assert not round_of(asyncio.get_running_loop()).crowded

    run_on(asyncio.SelectorEventLoop, story)

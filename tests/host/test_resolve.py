"""Name resolution: who is asked, what is answered, and that a hanging resolver holds nothing up."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable

import pytest
from realnet import Net, run
from vmodem.emulator.effects import Resolve
from vmodem.emulator.events import Event, Failure, Resolved, ResolveFailed
from vmodem.netstack.policy import Policy
from vmodem.netstack.resolve import Resolver
from vmodem.netstack.routes import Route, Routes


def ask(net: Net, name: str) -> Event:
    """What ``name`` is answered at once."""
    net.perform(Resolve(1, name))
    return net.events.pop()


@pytest.mark.parametrize("policy", Policy)
def test_a_dotted_quad_answers_itself(policy: Policy) -> None:
    async def story(net: Net) -> None:
        assert ask(net, "8.8.8.8") == Resolved(1, ("8.8.8.8",))

    run(story, policy=policy)


@pytest.mark.parametrize("name", ["", "127.1", "0x7f000001", "2130706433", "a\0b", "ä.example", "x" * 256])
@pytest.mark.parametrize("policy", Policy)
def test_what_is_no_name_is_not_found(name: str, policy: Policy) -> None:
    async def story(net: Net) -> None:
        assert ask(net, name) == ResolveFailed(1, Failure.NOT_FOUND)

    run(story, policy=policy)


def test_under_loopback_only_localhost_and_routes_are_known() -> None:
    async def story(net: Net) -> None:
        before = set(threading.enumerate())  # another test may have left one
        assert ask(net, "LocalHost") == Resolved(1, ("127.0.0.1",))
        assert ask(net, "example.com") == ResolveFailed(1, Failure.FORBIDDEN)
        assert net.notes == ["example.com was not looked up: the network policy is 'loopback'"]
        assert ask(net, "routed.example") == Resolved(1, ("198.18.0.1",))
        assert set(threading.enumerate()) <= before

    run(story, "tcp://routed.example:80=tcp://127.0.0.1:1")


def test_under_none_localhost_is_not_known_either() -> None:
    async def story(net: Net) -> None:
        assert ask(net, "localhost") == ResolveFailed(1, Failure.FORBIDDEN)

    run(story, policy=Policy.NONE)


def test_under_a_star_route_every_name_is_known() -> None:
    async def story(net: Net) -> None:
        answer = ask(net, "example.com")
        assert isinstance(answer, Resolved)
        assert answer.addresses[0].startswith("198.19.")

    run(story, "tcp://*:*=tcp://127.0.0.1:1")


def test_the_hosts_resolver() -> None:
    async def story(net: Net) -> None:
        net.perform(Resolve(7, "localhost", ("192.0.2.53",)))
        assert await net.take(Resolved) == Resolved(7, ("127.0.0.1",))

    run(story, policy=Policy.HOST)


class Lookups:
    """A resolver whose lookup is the test's."""

    def __init__(self, lookup: Callable[[str], tuple[str, ...]]) -> None:
        self.answers: asyncio.Queue[Event] = asyncio.Queue()
        self.resolver = Resolver(
            loop=asyncio.get_running_loop(),
            deliver=self.answers.put_nowait,
            routes=Routes((Route.parse("tcp://a.b:1=tcp://127.0.0.1:1"),)),
            policy=Policy.HOST,
            note=lambda text: None,
            lookup=lookup,
        )

    async def answer(self) -> Event:
        return await asyncio.wait_for(self.answers.get(), 10)


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (socket.gaierror(socket.EAI_NONAME, ""), Failure.NOT_FOUND),
        (socket.gaierror(socket.EAI_NODATA, ""), Failure.NOT_FOUND),
        (socket.gaierror(socket.EAI_AGAIN, ""), Failure.TIMED_OUT),
        (UnicodeError("label too long"), Failure.NOT_FOUND),
        (None, Failure.NOT_FOUND),
    ],
)
def test_failures(error: Exception | None, failure: Failure) -> None:
    def lookup(name: str) -> tuple[str, ...]:
        if error is not None:
            raise error
        return ()

    async def story() -> None:
        lookups = Lookups(lookup)
        lookups.resolver.resolve(Resolve(3, "x.example"))
        assert await lookups.answer() == ResolveFailed(3, failure)

    asyncio.run(story())


def test_many_lookups_share_a_few_threads_and_all_are_answered() -> None:
    gate = threading.Event()
    running: list[int] = []

    def lookup(name: str) -> tuple[str, ...]:
        running.append(threading.active_count())
        assert gate.wait(10)
        return (name,)

    async def story() -> None:
        lookups = Lookups(lookup)
        before = threading.active_count()
        for query in range(30):
            lookups.resolver.resolve(Resolve(query, f"n{query}.example"))
        assert threading.active_count() - before <= 8
        gate.set()
        answers = [await lookups.answer() for _ in range(30)]
        assert {a.query: a.addresses for a in answers if isinstance(a, Resolved)} == {
            query: (f"n{query}.example",) for query in range(30)
        }
        lookups.resolver.close()

    asyncio.run(story())


def test_nothing_is_answered_after_close() -> None:
    gate = threading.Event()

    def lookup(name: str) -> tuple[str, ...]:
        assert gate.wait(10)
        return ("192.0.2.1",)

    async def story() -> None:
        lookups = Lookups(lookup)
        lookups.resolver.resolve(Resolve(1, "x.example"))
        (worker,) = (t for t in threading.enumerate() if t.name == "resolve x.example")
        lookups.resolver.close()
        gate.set()
        await asyncio.to_thread(worker.join)
        await asyncio.sleep(0)
        assert lookups.answers.empty()

    asyncio.run(story())


def test_a_lookup_that_hangs_delays_neither_the_loop_nor_the_end_of_the_process() -> None:
    script = """
        import asyncio, time
        from vmodem.emulator.effects import Resolve
        from vmodem.netstack.policy import Policy
        from vmodem.netstack.resolve import Resolver
        from vmodem.netstack.routes import Routes

        async def main():
            resolver = Resolver(loop=asyncio.get_running_loop(), deliver=print, routes=Routes(),
                policy=Policy.HOST, note=print, lookup=lambda name: time.sleep(60))
            for query in range(20):
                resolver.resolve(Resolve(query, "x.example"))
            await asyncio.sleep(0.01)
            resolver.close()

        asyncio.run(main())
        print("end")
    """
    started = time.monotonic()
    command = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("end\n", "")
    assert time.monotonic() - started < 20

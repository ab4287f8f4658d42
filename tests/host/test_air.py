"""Modules of one process reach each other under their PDP addresses, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from realnet import Net, free_port, open_descriptors
from vmodem.emulator.effects import Listen, OpenSocket, PauseReceiving, ResumeReceiving, Transport
from vmodem.emulator.events import (
    Accepted,
    Acknowledged,
    Address,
    Closed,
    Connected,
    ConnectFailed,
    ConnectionLost,
    Failure,
    ListenFailed,
    Listening,
    PeerClosed,
    Received,
)
from vmodem.netstack.air import Air
from vmodem.netstack.policy import Policy

A, B, C = "10.64.0.1", "10.64.0.2", "10.64.0.3"
TCP, UDP = Transport.TCP, Transport.UDP

Story = Callable[[Net, Net], Coroutine[Any, Any, None]]


def run(story: Story, *routes: str, pool: tuple[str, ...] = (A, B, C), **options: Any) -> None:
    """Run ``story`` with modules at A and B; they leave neither a descriptor nor a place behind."""

    async def main() -> None:
        before = open_descriptors()
        air = Air(pool)
        nets = [Net(*routes, source=source, air=air, **options) for source in (A, B)]
        try:
            async with asyncio.timeout(40):
                await story(*nets)
        finally:
            for net in nets:
                net.close()
        await nets[0].passes()
        assert open_descriptors() == before
        assert (air._places, air._present) == ({}, {})

    asyncio.run(main())


async def call(a: Net, b: Net, local_port: int = 0) -> tuple[int, int]:
    """A connection from A to a listener of B: A's handle and B's."""
    _, listening = await b.listen()
    handle = a.open(Address(B, listening.port), local_port=local_port)
    return handle, (await b.take(Accepted)).handle


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("fixed", [False, True])
def test_each_knows_the_other_by_its_address_in_the_mobile_network(policy: Policy, fixed: bool) -> None:
    async def story(a: Net, b: Net) -> None:
        local_port = free_port() if fixed else 0
        _, listening = await b.listen()
        handle = a.open(Address(B, listening.port), local_port=local_port)
        local = (await a.take(Connected, handle)).local
        accepted = await b.take(Accepted)
        assert local == Address(A, local_port or local.port)
        assert (accepted.local, accepted.remote) == (Address(B, listening.port), local)
        a.send(handle, b"from a")
        assert await b.take(Received) == Received(accepted.handle, b"from a", local)
        b.send(accepted.handle, b"from b")
        assert await a.take(Received) == Received(handle, b"from b", Address(B, listening.port))
        assert await a.take(Acknowledged) == Acknowledged(handle, 6)
        assert await b.take(Acknowledged) == Acknowledged(accepted.handle, 6)

    run(story, policy=policy)


def test_the_callers_port_may_be_a_strangers_on_this_host() -> None:
    async def story(a: Net, b: Net) -> None:
        _, stranger = a.server()
        handle, _ = await call(a, b, local_port=stranger.port)
        assert (await a.take(Connected, handle)).local == Address(A, stranger.port)

    run(story)


def test_a_server_that_listens_everywhere() -> None:
    async def story(a: Net, b: Net) -> None:
        handle, accepted = await call(a, b)
        a.send(handle, b"data")
        assert (await b.take(Received, accepted)).source == (await a.take(Connected, handle)).local

    run(story, listen_host="0.0.0.0")


def test_fin_and_rst_are_real() -> None:
    async def story(a: Net, b: Net) -> None:
        handle, accepted = await call(a, b)
        a.shut(handle)
        await b.take(PeerClosed, accepted)
        b.shut(accepted)
        await b.take(Closed, accepted)
        await a.take(Closed, handle)
        handle, accepted = await call(a, b)
        b.shut(accepted, abort=True)
        assert await a.take(ConnectionLost) == ConnectionLost(handle, Failure.RESET)

    run(story)


def test_the_window_closes_when_the_other_module_does_not_read() -> None:
    async def story(a: Net, b: Net) -> None:
        handle, accepted = await call(a, b)
        await a.take(Connected)
        b.perform(PauseReceiving(accepted))
        size = 16 << 20  # more than the buffers of both ends
        a.send(handle, bytes(size))
        await a.until(lambda: a.has(Acknowledged))
        await a.passes(50)
        assert b.data(accepted) == b""
        b.perform(ResumeReceiving(accepted))
        await b.until(lambda: len(b.data(accepted)) == size)
        await a.until(lambda: Acknowledged(handle, size) in a.events)

    run(story)


def test_a_module_reaches_itself() -> None:
    async def story(a: Net, b: Net) -> None:
        _, listening = await a.listen()
        handle = a.open(Address(A, listening.port))
        local = (await a.take(Connected, handle)).local
        assert (await a.take(Accepted)).remote == local

    run(story)


def test_two_modules_listen_on_one_port_number() -> None:
    async def story(a: Net, b: Net) -> None:
        port = free_port()
        assert (await a.listen(port=port))[1] == Address("127.0.0.1", port)
        assert (await b.listen(port=port))[1] == Address("127.0.0.1", port)
        assert not a.notes
        (note,) = b.notes
        real = Address("127.0.0.1", int(note.split("127.0.0.1:")[1].split()[0]))
        assert note == (
            f"TCP server {B}:{port} is at 127.0.0.1:{real.port} of this host, "
            f"where another module has port {port}"
        )
        a.open(Address(B, port))
        assert (await b.take(Accepted)).local == Address(B, port)
        a.open(Address(A, port))
        assert (await a.take(Accepted)).local == Address(A, port)
        client = await a.connect(real)  # not a module
        accepted = await b.take(Accepted)
        assert accepted.remote == Address(*client.getsockname())
        assert accepted.local == Address("127.0.0.1", port)

    run(story)


def test_a_port_of_the_same_module_or_of_a_stranger_is_in_use() -> None:
    async def story(a: Net, b: Net) -> None:
        port = free_port()
        await a.listen(port=port)
        await b.listen(port=port)
        for net in (a, b):
            net.perform(Listen(70, TCP, port, net.source))
            assert net.events.pop() == ListenFailed(70, Failure.ADDRESS_IN_USE)
        _, stranger = b.server()
        b.perform(Listen(71, TCP, stranger.port, B))
        assert b.events.pop() == ListenFailed(71, Failure.ADDRESS_IN_USE)

    run(story)


def test_a_client_may_use_the_port_that_another_module_listens_on() -> None:
    async def story(a: Net, b: Net) -> None:
        port = free_port()
        await b.listen(port=port)
        server, address = a.server()
        handle = a.open(address, local_port=port)
        await a.take(Connected, handle)
        await a.accept(server)
        own = b.open(address, local_port=port)
        assert b.events == [ConnectFailed(own, Failure.ADDRESS_IN_USE)]

    run(story)


def test_where_nobody_is_and_nobody_listens() -> None:
    async def story(a: Net, b: Net) -> None:
        handle, _ = await b.listen()
        first = a.open(Address(B, 9))
        second = a.open(Address(C, 9))
        third = a.open(Address(B, 70000))
        b.shut(handle)  # the last of B: its context is given up
        fourth = a.open(Address(B, 9))
        assert a.events == [
            ConnectFailed(first, Failure.REFUSED),
            ConnectFailed(second, Failure.UNREACHABLE),
            ConnectFailed(third, Failure.NOT_FOUND),
            ConnectFailed(fourth, Failure.UNREACHABLE),
        ]
        assert a.notes == []

    run(story, f"tcp://*:*=tcp://127.0.0.1:{free_port()}", policy=Policy.HOST)


def test_an_address_given_up_can_be_another_modules() -> None:
    async def story(a: Net, b: Net) -> None:
        handle, listening = await b.listen()
        b.shut(handle)
        a.perform(Listen(80, TCP, listening.port, B))
        await a.take(Listening)
        b.perform(OpenSocket(81, TCP, Address(B, listening.port), 0, A))
        assert (await a.take(Accepted)).remote.host == A

    run(story)


def test_an_address_that_this_host_has_too_is_a_modules_only_where_it_listens() -> None:
    async def story(a: Net, b: Net) -> None:
        b.perform(Listen(90, TCP, 0, "127.0.0.1"))
        port = (await b.take(Listening)).local.port
        a.open(Address("127.0.0.1", port))
        assert (await b.take(Accepted)).remote.host == A
        server, address = a.server()
        a.open(address)
        await a.accept(server)

    run(story, pool=())


def test_a_caller_that_gave_up_leaves_no_name_behind() -> None:
    async def story(a: Net, b: Net) -> None:
        listener, listening = await b.listen()
        b.perform(PauseReceiving(listener))
        remote = Address(B, listening.port)
        handle = a.open(remote)
        local = (await a.take(Connected, handle)).local
        a.shut(handle, abort=True)
        b.perform(ResumeReceiving(listener))
        accepted = await b.take(Accepted)  # it was in the backlog
        assert accepted.remote == local
        assert await b.take(ConnectionLost) == ConnectionLost(accepted.handle, Failure.RESET)
        place = a.stack._air.find(TCP, remote)
        assert place is not None
        assert place.callers == {}

    run(story)


def test_accepting_goes_on_after_the_backlog_was_full() -> None:
    async def story(a: Net, b: Net) -> None:
        listener, listening = await b.listen()
        b.perform(PauseReceiving(listener))
        remote = Address(B, listening.port)
        handles = [a.open(remote) for _ in range(140)]
        connected = {event.handle for event in a.events if isinstance(event, Connected)}
        waiting = [handle for handle in handles if handle not in connected]
        assert waiting
        for handle in waiting:
            a.shut(handle)
        place = a.stack._air.find(TCP, remote)
        assert place is not None
        assert len(place.callers) == len(connected)
        b.perform(ResumeReceiving(listener))
        for _ in connected:
            assert (await b.take(Accepted)).remote.host == A
        assert place.callers == {}

    run(story)


# ---- datagrams -----------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", Policy)
def test_datagrams_between_two_sockets(policy: Policy) -> None:
    async def story(a: Net, b: Net) -> None:
        port = free_port(socket.SOCK_DGRAM)  # the same for both: the host has it once
        first = a.open(Address(B, port), UDP, local_port=port)
        assert (await a.take(Connected, first)).local.port == port
        a.send(first, b"too early")
        second = b.open(Address(A, port), UDP, local_port=port)
        assert (await b.take(Connected, second)).local.port == port
        a.send(first, b"one")
        a.send(first, b"")
        b.send(second, b"two")
        assert await b.take(Received) == Received(second, b"one", Address(A, port))
        assert await b.take(Received) == Received(second, b"", Address(A, port))
        assert await a.take(Received) == Received(first, b"two", Address(B, port))
        assert b.events == []

    run(story, policy=policy)


def test_a_udp_server_answers_a_module_and_a_stranger() -> None:
    async def story(a: Net, b: Net) -> None:
        listener, listening = await b.listen(UDP)
        handle = a.open(Address(B, listening.port), UDP)
        local = Address(A, (await a.take(Connected)).local.port)
        a.send(handle, b"question")
        accepted = await b.take(Accepted)
        assert (accepted.listener, accepted.remote) == (listener, local)
        assert await b.take(Received) == Received(accepted.handle, b"question", local)
        b.send(accepted.handle, b"answer")
        assert await a.take(Received) == Received(handle, b"answer", Address(B, listening.port))
        b.send(listener, b"by itself", local)
        assert await a.take(Received) == Received(handle, b"by itself", Address(B, listening.port))
        a.shut(handle)
        b.send(accepted.handle, b"nobody is there")
        stranger, address = a.datagrams()
        await a.loop.sock_sendto(stranger, b"hello", listening)
        accepted = await b.take(Accepted)
        assert accepted.remote == address
        b.send(accepted.handle, b"welcome")
        assert await a.datagram(stranger) == (b"welcome", listening)
        b.shut(listener)
        again = a.open(Address(B, listening.port), UDP)
        a.send(again, b"too late")  # its socket lives on with those it knows
        await b.passes()
        assert not b.has(Accepted)

    run(story)


def test_an_answer_to_a_module_that_is_gone_does_not_leave_for_the_host() -> None:
    there = "127.0.0.9"  # an address in the pool at which the test can watch

    async def story(a: Net, b: Net) -> None:
        listener, listening = await b.listen(UDP)
        a.perform(OpenSocket(50, UDP, Address(B, listening.port), 0, there))
        a.send(50, b"question")
        accepted = await b.take(Accepted)
        assert accepted.remote.host == there
        a.shut(50)
        watcher = a.own(socket.socket(type=socket.SOCK_DGRAM))
        watcher.bind(accepted.remote)
        b.send(accepted.handle, b"reply")
        b.send(listener, b"by itself", accepted.remote)
        other = b.open(accepted.remote, UDP)
        b.send(other, b"another")
        with pytest.raises(BlockingIOError):
            watcher.recv(100)  # loopback delivers before sendto returns

    run(story, pool=(there,))


def _receiver(b: Net, port: int, server: bool) -> int:
    """A bound socket of B, or a server that it has."""
    handle = b.handle()
    b.perform(Listen(handle, UDP, port, B) if server else OpenSocket(handle, UDP, Address(A, 9), port, B))
    b.events.clear()
    return handle


@pytest.mark.parametrize("server", [False, True])
def test_a_datagram_under_way_to_a_socket_that_pauses_or_closes_is_lost(server: bool) -> None:
    async def story(a: Net, b: Net) -> None:
        port = free_port(socket.SOCK_DGRAM)
        receiver = _receiver(b, port, server)
        handle = a.open(Address(B, port), UDP)
        a.send(handle, b"paused")
        b.perform(PauseReceiving(receiver))
        await b.passes()
        assert b.events == []
        b.perform(ResumeReceiving(receiver))
        a.send(handle, b"heard")
        assert (await b.take(Received)).data == b"heard"
        b.events.clear()
        a.send(handle, b"closed")
        for each in (receiver, *(-1 for _ in range(server))):
            b.shut(each)
        await b.passes()
        assert b.events == []

    run(story)

"""TCP listeners of the module: accepting real clients."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket

import pytest
from realnet import Net, open_descriptors, run
from vmodem.emulator.effects import Listen, PauseReceiving, ResumeReceiving, Transport
from vmodem.emulator.events import (
    Accepted,
    Acknowledged,
    Address,
    Closed,
    Failure,
    ListenFailed,
    Listening,
    PeerClosed,
    Received,
)


def test_accepts_with_negative_handles_and_carries_data_both_ways() -> None:
    async def story(net: Net) -> None:
        listener, address = await net.listen()
        assert address.host == "127.0.0.1"
        clients = [await net.connect(address) for _ in range(40)]
        handles: dict[Address, int] = {}
        for _ in clients:
            accepted = await net.take(Accepted)
            assert (accepted.listener, accepted.local) == (listener, address)
            handles[accepted.remote] = accepted.handle
        assert len(set(handles.values())) == len(clients)
        assert max(handles.values()) < 0
        for number, client in enumerate(clients):
            remote = Address(*client.getsockname())
            await net.write(client, b"to module %d" % number)
            received = await net.take(Received, handles[remote])
            assert received == Received(handles[remote], b"to module %d" % number, remote)
            net.send(handles[remote], b"to client %d" % number)
            assert await net.read(client, len(b"to client %d" % number)) == b"to client %d" % number

    run(story)


def test_port_in_use_and_port_that_is_none() -> None:
    async def story(net: Net) -> None:
        _, address = await net.listen()
        net.perform(Listen(50, Transport.TCP, address.port, ""), Listen(51, Transport.TCP, 70000, ""))
        assert net.events == [
            ListenFailed(50, Failure.ADDRESS_IN_USE),
            ListenFailed(51, Failure.ADDRESS_IN_USE),
        ]

    run(story)


def test_listener_closes_and_its_links_live_on() -> None:
    async def story(net: Net) -> None:
        listener, address = await net.listen()
        client = await net.connect(address)
        handle = (await net.take(Accepted)).handle
        net.shut(listener)
        with pytest.raises(ConnectionRefusedError):
            await net.connect(address)
        net.send(handle, b"still here")
        assert await net.read(client, 10) == b"still here"
        client.close()
        await net.take(PeerClosed, handle)
        net.shut(handle)
        await net.take(Closed, handle)
        # the port is free again, although an old connection used it
        net.perform(Listen(60, Transport.TCP, address.port, ""))
        assert (await net.take(Listening)).local == address

    run(story)


def test_paused_listener_leaves_clients_in_the_backlog() -> None:
    async def story(net: Net) -> None:
        listener, address = await net.listen()
        net.perform(PauseReceiving(listener))
        await net.connect(address)
        await net.passes(20)
        assert net.events == []
        net.perform(ResumeReceiving(listener))
        await net.take(Accepted)

    run(story)


@pytest.mark.parametrize("victim", ["listener", "link", "both"])
def test_the_engine_closes_from_within_accepted(victim: str) -> None:
    async def story(net: Net) -> None:
        listener, address = await net.listen()

        def react(event: object) -> None:
            if isinstance(event, Accepted):
                if victim != "listener":
                    net.shut(event.handle, abort=True)
                if victim != "link":
                    net.shut(listener)

        net.react = react
        if victim == "listener":
            await net.write(await net.connect(address), b"x")
            await net.take(Received)
        else:
            with pytest.raises(ConnectionResetError):
                await net.read(await net.connect(address), 1)
            await net.take(Accepted)

    run(story)


def test_no_descriptor_left_pauses_accepting_and_goes_on() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def story(net: Net) -> None:
        _, address = await net.listen()
        clients = [net.own(socket.socket()) for _ in range(3)]
        fillers: list[int] = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, open_descriptors())) + 1, hard))
        try:
            with contextlib.suppress(OSError):  # too many open files
                while True:
                    fillers.append(os.dup(clients[0].fileno()))
            for client in clients:
                await net.loop.sock_connect(client, address)
            calls = 0
            select = net.loop._selector.select  # type: ignore[attr-defined]

            def counted(timeout: float | None) -> object:
                nonlocal calls
                calls += 1
                return select(timeout)

            net.loop._selector.select = counted  # type: ignore[attr-defined]
            await asyncio.sleep(0.15)
            assert calls < 20
            assert net.events == []
            net.open(address)  # and a new socket of the module has none either
            assert getattr(net.events.pop(), "failure", None) is Failure.NO_RESOURCES
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for filler in fillers:
                os.close(filler)
        for _ in clients:
            await net.take(Accepted)

    run(story)


def test_acknowledged_on_an_accepted_link() -> None:
    async def story(net: Net) -> None:
        handle, client = await net.accepted()
        net.send(handle, bytes(5000))
        await net.read(client, 5000)
        await net.until(lambda: Acknowledged(handle, 5000) in net.events)

    run(story)

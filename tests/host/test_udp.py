"""UDP of the module over real sockets: clients, servers, senders."""

from __future__ import annotations

import random
import socket

import pytest
from realnet import Net, free_port, run
from vmodem.emulator.effects import Listen, PauseReceiving, ResumeReceiving, Transport
from vmodem.emulator.events import (
    Accepted,
    Address,
    Connected,
    ConnectFailed,
    Failure,
    ListenFailed,
    Received,
)
from vmodem.netstack.policy import Policy

UDP = Transport.UDP


def test_datagrams_keep_their_boundaries_both_ways() -> None:
    chance = random.Random(1)
    bodies = [b"", b"x", *(chance.randbytes(chance.randint(1, 1472)) for _ in range(40)), bytes(65507)]

    async def story(net: Net) -> None:
        peer, address = net.datagrams()
        handle = net.open(address, UDP)
        local = (await net.take(Connected, handle)).local
        for body in bodies:
            net.send(handle, body)
            data, sender = await net.datagram(peer)
            assert (data, sender.port) == (body, local.port)
            peer.sendto(body, ("127.0.0.1", local.port))
            assert await net.take(Received) == Received(handle, body, address)

    run(story)


def test_every_sender_is_heard() -> None:
    async def story(net: Net) -> None:
        _, address = net.datagrams()
        stranger, stranger_address = net.datagrams()
        handle = net.open(address, UDP)
        port = (await net.take(Connected)).local.port
        stranger.sendto(b"hello", ("127.0.0.1", port))
        assert await net.take(Received) == Received(handle, b"hello", stranger_address)
        net.send(handle, b"you", stranger_address)
        assert (await net.datagram(stranger))[0] == b"you"

    run(story)


def test_local_port_and_its_conflict() -> None:
    async def story(net: Net) -> None:
        port = free_port(socket.SOCK_DGRAM)
        net.open(Address("127.0.0.1", 9), UDP, local_port=port)
        assert (await net.take(Connected)).local.port == port
        second = net.open(Address("127.0.0.1", 9), UDP, local_port=port)
        assert await net.take(ConnectFailed) == ConnectFailed(second, Failure.ADDRESS_IN_USE)
        net.perform(Listen(9, UDP, port, ""))
        assert await net.take(ListenFailed) == ListenFailed(9, Failure.ADDRESS_IN_USE)

    run(story)


def test_network_errors_are_silent_and_the_socket_goes_on() -> None:
    async def story(net: Net) -> None:
        peer, address = net.datagrams()
        handle = net.open(Address("127.0.0.1", free_port(socket.SOCK_DGRAM)), UDP)
        await net.take(Connected)
        for _ in range(3):
            net.send(handle, b"nobody there")  # ICMP port unreachable
            await net.passes(10)
        net.send(handle, bytes(65536))  # EMSGSIZE
        net.send(handle, b"x", Address("127.0.0.1", 0))
        net.send(handle, b"x", Address("localhost", 7))
        net.send(handle, b"alive", address)
        assert (await net.datagram(peer))[0] == b"alive"
        assert net.events == []

    run(story)


def test_paused_and_resumed() -> None:
    async def story(net: Net) -> None:
        peer, address = net.datagrams()
        handle = net.open(address, UDP)
        port = (await net.take(Connected)).local.port
        net.perform(PauseReceiving(handle))
        peer.sendto(b"1", ("127.0.0.1", port))
        await net.passes(10)
        assert net.events == []
        net.perform(ResumeReceiving(handle))
        assert (await net.take(Received)).data == b"1"

    run(story)


def test_pause_from_within_received_takes_effect_at_once() -> None:
    async def story(net: Net) -> None:
        peer, address = net.datagrams()
        handle = net.open(address, UDP)
        port = (await net.take(Connected)).local.port
        net.react = lambda event: net.perform(PauseReceiving(handle))
        peer.sendto(b"1", ("127.0.0.1", port))
        peer.sendto(b"2", ("127.0.0.1", port))
        await net.take(Received)
        await net.passes(10)
        assert net.events == []
        net.react = lambda event: net.shut(handle)
        net.perform(ResumeReceiving(handle))
        assert (await net.take(Received)).data == b"2"

    run(story)


def test_a_routed_peer_appears_under_the_address_asked_for() -> None:
    async def story(net: Net) -> None:
        peer, address = net.datagrams()
        routed = Net(f"udp://10.1.2.3:5683=udp://127.0.0.1:{address.port}", policy=Policy.NONE)
        asked = Address("10.1.2.3", 5683)
        handle = routed.open(asked, UDP)
        await routed.take(Connected)
        routed.send(handle, b"ping")
        data, sender = await routed.datagram(peer)
        peer.sendto(b"pong", sender)
        assert data == b"ping"
        assert await routed.take(Received) == Received(handle, b"pong", asked)
        # refused destinations lose their datagrams, and say so once in a row
        routed.send(handle, b"x", Address("127.0.0.1", 7))
        routed.send(handle, b"x", Address("127.0.0.1", 7))
        assert routed.notes == ["UDP to 127.0.0.1:7 refused: the network policy is 'none'"]
        routed.close()

    run(story)


def test_a_routed_peer_that_speaks_first_appears_under_its_routes_address() -> None:
    peer = socket.socket(type=socket.SOCK_DGRAM)
    peer.bind(("127.0.0.1", 0))
    port = peer.getsockname()[1]

    async def story(net: Net) -> None:
        handle = net.serve_udp()
        local = (await net.take(Connected)).local
        peer.sendto(b"hello", ("127.0.0.1", local.port))
        assert await net.take(Received) == Received(handle, b"hello", Address("203.0.113.9", 7687))
        stranger, address = net.datagrams()
        stranger.sendto(b"me too", ("127.0.0.1", local.port))
        assert await net.take(Received) == Received(handle, b"me too", address)

    with peer:
        run(story, f"udp://203.0.113.9:7687=udp://127.0.0.1:{port}", "udp://*:7688=udp://127.0.0.1:9")


def test_a_socket_without_a_destination_sends_where_each_datagram_says() -> None:
    async def story(net: Net) -> None:
        handle = net.serve_udp()
        await net.take(Connected)
        for _ in range(2):
            peer, address = net.datagrams()
            net.send(handle, b"x", address)
            assert (await net.datagram(peer))[0] == b"x"
        with pytest.raises(ValueError, match="has no destination"):
            net.send(handle, b"nowhere")

    run(story)


def test_a_host_that_is_no_address_is_not_found() -> None:
    async def story(net: Net) -> None:
        handle = net.open(Address("127.1", 9), UDP)
        assert net.events == [ConnectFailed(handle, Failure.NOT_FOUND)]

    run(story)


def test_without_a_way_out_the_socket_is_not_open_to_the_network() -> None:
    async def story(net: Net) -> None:
        net.open(Address("127.0.0.1", 9), UDP)
        assert (await net.take(Connected)).local.host == "127.0.0.1"

    run(story)

    async def wide(net: Net) -> None:
        net.open(Address("127.0.0.1", 9), UDP)
        assert (await net.take(Connected)).local.host == "0.0.0.0"

    run(wide, policy=Policy.HOST)
    run(wide, "udp://10.0.0.1:1=udp://192.0.2.1:1")


# ---- servers ------------------------------------------------------------------------------------


def test_each_sender_is_accepted_once_with_a_handle_of_its_own() -> None:
    async def story(net: Net) -> None:
        listener, address = await net.listen(UDP)
        peers = [net.datagrams() for _ in range(5)]
        handles = {}
        for peer, remote in peers:
            peer.sendto(b"one", address)
            accepted = await net.take(Accepted)
            assert accepted == Accepted(listener, accepted.handle, address, remote)
            assert accepted.handle < 0
            handles[remote] = accepted.handle
            assert await net.take(Received) == Received(accepted.handle, b"one", remote)
        for peer, remote in peers:
            peer.sendto(b"two", address)
            assert await net.take(Received) == Received(handles[remote], b"two", remote)
            net.send(handles[remote], b"answer")
            assert await net.datagram(peer) == (b"answer", address)
        assert net.events == []
        assert len(set(handles.values())) == 5

    run(story)


def test_a_closed_sender_is_accepted_anew() -> None:
    async def story(net: Net) -> None:
        _, address = await net.listen(UDP)
        peer, _ = net.datagrams()
        peer.sendto(b"1", address)
        first = await net.take(Accepted)
        await net.take(Received)
        net.shut(first.handle)
        net.send(first.handle, b"ignored")
        peer.sendto(b"2", address)
        second = await net.take(Accepted)
        assert second.handle != first.handle
        assert (await net.take(Received, second.handle)).data == b"2"

    run(story)


def test_a_closed_listener_keeps_its_senders_until_the_last_is_closed() -> None:
    async def story(net: Net) -> None:
        listener, address = await net.listen(UDP)
        (one, _), (two, _), (new, _) = net.datagrams(), net.datagrams(), net.datagrams()
        one.sendto(b"x", address)
        first = (await net.take(Accepted)).handle
        two.sendto(b"x", address)
        second = (await net.take(Accepted)).handle
        net.events.clear()
        net.perform(PauseReceiving(listener))
        net.shut(listener)
        new.sendto(b"too late", address)
        one.sendto(b"more", address)
        assert await net.take(Received) == Received(first, b"more", Address(*one.getsockname()))
        net.shut(first)
        net.send(second, b"bye")
        assert (await net.datagram(two))[0] == b"bye"
        assert not net.has(Accepted)
        net.shut(second)
        with socket.socket(type=socket.SOCK_DGRAM) as again:
            again.bind(address)  # the socket is closed

    run(story)


def test_a_paused_sender_loses_datagrams_and_the_others_do_not() -> None:
    async def story(net: Net) -> None:
        listener, address = await net.listen(UDP)
        (one, _), (two, two_address) = net.datagrams(), net.datagrams()
        one.sendto(b"1", address)
        first = (await net.take(Accepted)).handle
        net.perform(PauseReceiving(first))
        net.events.clear()
        one.sendto(b"lost", address)
        two.sendto(b"2", address)
        second = (await net.take(Accepted)).handle
        assert await net.take(Received) == Received(second, b"2", two_address)
        net.perform(ResumeReceiving(first))
        one.sendto(b"3", address)
        assert (await net.take(Received, first)).data == b"3"
        net.send(first, b"third party", two_address)
        net.send(listener, b"from the listener", two_address)
        assert [(await net.datagram(two))[0] for _ in range(2)] == [b"third party", b"from the listener"]

    run(story)

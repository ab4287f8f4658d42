"""Every toxic and action with real sockets: times have lower bounds, bytes are exact."""

from __future__ import annotations

import asyncio
import socket

import pytest
from impaired_real import ImpairedNet, run_impaired
from realnet import free_port
from vmodem.emulator.effects import PauseReceiving, Resolve, ResumeReceiving, Transport
from vmodem.emulator.events import (
    Accepted,
    Acknowledged,
    Address,
    Closed,
    Connected,
    ConnectFailed,
    ConnectionLost,
    Failure,
    PeerClosed,
    Received,
    Resolved,
    ResolveFailed,
    SendBlocked,
    SendReady,
)
from vmodem.emulator.faults import (
    ActAsPeer,
    AnswerConnects,
    AnswerNames,
    Anything,
    Bandwidth,
    Blackhole,
    Direction,
    Duplicate,
    Latency,
    LimitData,
    Loss,
    NoAnswer,
    OneSocket,
    PeerAction,
    Reorder,
    ResetPeer,
    Slicer,
    SlowClose,
    Stall,
    Timeout,
)

TO_NET, TO_HOST = Direction.TO_NET, Direction.TO_HOST
STREAM = bytes(range(256)) * 64


async def acked(net: ImpairedNet, handle: int, total: int) -> None:
    """Wait until so many bytes are acknowledged, and no more."""
    await net.until(lambda: any(isinstance(e, Acknowledged) and e.total >= total for e in net.events))
    assert max(e.total for e in net.events if isinstance(e, Acknowledged) and e.handle == handle) == total


def silent(net: ImpairedNet, handle: int) -> None:
    """Nothing has been acknowledged."""
    assert not net.has(Acknowledged, handle)


async def received(net: ImpairedNet, handle: int, data: bytes) -> None:
    await net.until(lambda: len(net.data(handle)) >= len(data))
    assert net.data(handle) == data


def nothing_to_read(sock: socket.socket) -> bool:
    try:
        return not sock.recv(1)
    except BlockingIOError:
        return True


def test_latency() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        net.impairs(Latency(0.05))
        begin = net.loop.time()
        net.send(handle, b"hello")
        assert await net.read(peer, 5) == b"hello"
        assert net.loop.time() - begin >= 0.049
        await acked(net, handle, 5)
        assert net.loop.time() - begin >= 0.098
        begin = net.loop.time()
        await net.write(peer, b"reply")
        await received(net, handle, b"reply")
        assert net.loop.time() - begin >= 0.049

    run_impaired(story)


def test_jitter_keeps_the_order() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        net.impairs(Latency(0.01, 0.01))
        for at in range(0, len(STREAM), 512):
            net.send(handle, STREAM[at : at + 512])
        assert await net.read(peer, len(STREAM)) == STREAM
        await net.write(peer, STREAM)
        await received(net, handle, STREAM)

    run_impaired(story)


def test_bandwidth_both_ways() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        net.impairs(Bandwidth(len(STREAM) * 5.0))
        begin = net.loop.time()
        net.send(handle, STREAM)
        await net.write(peer, STREAM)
        assert await net.read(peer, len(STREAM)) == STREAM
        await received(net, handle, STREAM)
        assert 0.19 <= net.loop.time() - begin < 1.0

    run_impaired(story)


@pytest.mark.parametrize(
    ("toxic", "arrive"),
    [
        (Loss(0.5), lambda got: 5 < len(got) < 35 and got == sorted(set(got))),
        (Duplicate(0.5), lambda got: sorted(set(got)) == list(range(40)) and 45 < len(got) < 75),
        (Reorder(0.5, 0.02), lambda got: sorted(got) == list(range(40)) and got != sorted(got)),
    ],
)
def test_datagrams(toxic: Loss | Duplicate | Reorder, arrive: object) -> None:
    assert callable(arrive)

    async def story(net: ImpairedNet) -> None:
        sock, address = net.datagrams()
        handle = net.open(address, Transport.UDP)
        net.impairs(toxic, direction=TO_NET)
        for number in range(40):
            net.send(handle, bytes([number]))
        net.impairs(Latency(0.05), direction=TO_NET)  # the last comes behind all others
        net.send(handle, b"\xff")
        got = []
        while (data := (await net.datagram(sock))[0]) != b"\xff":
            got.append(data[0])
        assert arrive(got), got

    run_impaired(story)


def test_slicer() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        net.impairs(Slicer(100, 50, 0.001), direction=TO_HOST)
        await net.write(peer, STREAM[:3000])
        await received(net, handle, STREAM[:3000])
        sizes = [len(e.data) for e in net.events if isinstance(e, Received)]
        assert max(sizes) <= 150
        assert len(sizes) >= 20

    run_impaired(story)


def test_slow_close() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        net.impairs(SlowClose(0.1))
        begin = net.loop.time()
        await net.write(peer, b"bye")
        peer.shutdown(socket.SHUT_WR)
        await received(net, handle, b"bye")
        await net.take(PeerClosed, handle)
        assert net.loop.time() - begin >= 0.099
        begin = net.loop.time()
        net.send(handle, b"bye")
        net.shut(handle)
        assert await net.read(peer, 10) == b"bye"
        assert net.loop.time() - begin >= 0.099
        peer.close()
        await net.take(Closed, handle)

    run_impaired(story)


@pytest.mark.parametrize("direction", [TO_NET, TO_HOST])
def test_limit_data(direction: Direction) -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        net.impairs(LimitData(1000), direction=direction)
        if direction is TO_NET:
            net.send(handle, STREAM)
            assert await net.read(peer, 5000) == STREAM[:1000], "and then FIN"
        else:
            await net.write(peer, STREAM)
            await received(net, handle, STREAM[:1000])
        await net.take(PeerClosed, handle)
        net.shut(handle)
        await net.take(Closed, handle)

    run_impaired(story)


def test_timeout() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        net.impairs(Timeout(0.1))
        begin = net.loop.time()
        net.send(handle, b"lost")
        await net.take(PeerClosed, handle)
        assert net.loop.time() - begin >= 0.099
        assert await net.read(peer, 10) == b""
        silent(net, handle)

    run_impaired(story)


def test_reset_peer() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        net.impairs(ResetPeer(0.1))
        begin = net.loop.time()
        assert (await net.take(ConnectionLost, handle)).failure is Failure.RESET
        assert net.loop.time() - begin >= 0.099
        with pytest.raises(ConnectionResetError):
            await net.read(peer, 1)

    run_impaired(story)


def test_a_blackhole_is_survived_without_a_lost_byte() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        net.impairs(Blackhole())
        net.send(handle, STREAM)
        await net.write(peer, STREAM)
        await net.passes()
        assert nothing_to_read(peer)
        assert net.events == []
        net.heals()
        assert await net.read(peer, len(STREAM)) == STREAM
        await received(net, handle, STREAM)
        await acked(net, handle, len(STREAM))

    run_impaired(story)


def test_a_blackhole_to_the_host_hides_acknowledgements() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        net.impairs(Blackhole(), direction=TO_HOST)
        net.send(handle, b"arrives")
        assert await net.read(peer, 7) == b"arrives"
        silent(net, handle)
        net.heals()
        await acked(net, handle, 7)

    run_impaired(story)


def test_a_connection_request_waits_for_the_end_of_a_blackhole() -> None:
    async def story(net: ImpairedNet) -> None:
        server, address = net.server()
        net.impairs(Blackhole())
        handle = net.open(address)
        await net.passes()
        assert net.events == []
        net.heals()
        await net.accept(server)
        await net.take(Connected, handle)

    run_impaired(story)


def test_a_stalled_peer_acknowledges_its_window() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        net.impairs(Stall(1000))
        net.send(handle, STREAM)
        await acked(net, handle, 1000)
        assert nothing_to_read(peer)
        net.heals()
        assert await net.read(peer, len(STREAM)) == STREAM
        await acked(net, handle, len(STREAM))

    run_impaired(story)


def test_close() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        net.perform(ActAsPeer(Anything(), PeerAction.CLOSE))
        await net.take(PeerClosed, handle)
        assert await net.read(peer, 1) == b""
        net.send(handle, b"too late")
        assert (await net.take(ConnectionLost, handle)).failure is Failure.RESET

    run_impaired(story)


def test_half_close() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        net.perform(ActAsPeer(OneSocket(handle), PeerAction.HALF_CLOSE))
        await net.take(PeerClosed, handle)
        await net.write(peer, b"nobody hears this")
        net.send(handle, STREAM)
        assert await net.read(peer, len(STREAM)) == STREAM
        await acked(net, handle, len(STREAM))
        net.shut(handle)
        await net.take(Closed, handle)
        assert await net.read(peer, 1) == b""
        assert net.data(handle) == b""

    run_impaired(story)


def test_reset() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        net.perform(ActAsPeer(Anything(), PeerAction.RESET))
        await net.take(ConnectionLost, handle)
        with pytest.raises(ConnectionResetError):
            await net.read(peer, 1)

    run_impaired(story)


def test_a_reset_of_the_module_into_a_blackhole_reaches_the_peer_later() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        net.impairs(Blackhole())
        net.shut(handle, abort=True)
        await net.passes()
        assert nothing_to_read(peer)
        net.heals()
        with pytest.raises(ConnectionResetError):
            await net.read(peer, 1)

    run_impaired(story)


def test_connections_end_as_told() -> None:
    async def story(net: ImpairedNet) -> None:
        server, address = net.server()
        for failure in (Failure.REFUSED, Failure.UNREACHABLE):
            net.perform(AnswerConnects("no", Anything(), failure, delay=0.05, times=1))
            begin = net.loop.time()
            handle = net.open(address)
            assert await net.take(ConnectFailed) == ConnectFailed(handle, failure)
            assert net.loop.time() - begin >= 0.049
        net.perform(AnswerConnects("no", Anything(), NoAnswer.SILENCE, times=1))
        given_up = net.open(address)
        net.perform(AnswerConnects("late", Anything(), None, delay=0.05, times=1))
        begin = net.loop.time()
        handle = net.open(address)
        await net.take(Connected, handle)
        assert net.loop.time() - begin >= 0.049
        await net.accept(server)
        assert net.events == []
        net.shut(given_up, abort=True)

    run_impaired(story)


def test_a_real_refusal_takes_the_round_trip() -> None:
    async def story(net: ImpairedNet) -> None:
        net.impairs(Latency(0.05))
        begin = net.loop.time()
        handle = net.open(Address("127.0.0.1", free_port()))
        assert await net.take(ConnectFailed) == ConnectFailed(handle, Failure.REFUSED)
        assert net.loop.time() - begin >= 0.098

    run_impaired(story)


def test_names_end_as_told() -> None:
    async def story(net: ImpairedNet) -> None:
        net.perform(AnswerNames("dns", "a.test", ("203.0.113.1",), delay=0.05, ttl=7))
        begin = net.loop.time()
        net.perform(Resolve(1, "a.test"))
        assert await net.take(Resolved) == Resolved(1, ("203.0.113.1",), 7)
        assert net.loop.time() - begin >= 0.049
        net.perform(AnswerNames("dns", "*", Failure.NOT_FOUND, times=1), Resolve(2, "b.test"))
        assert await net.take(ResolveFailed) == ResolveFailed(2, Failure.NOT_FOUND)
        net.perform(AnswerNames("dns", "*", NoAnswer.SILENCE, times=1))
        net.perform(Resolve(3, "localhost"), Resolve(4, "localhost"))
        assert await net.take(Resolved) == Resolved(4, ("127.0.0.1",))
        assert net.events == []

    run_impaired(story)


def test_a_name_that_a_scenario_answers_is_no_way_round_the_policy() -> None:
    async def story(net: ImpairedNet) -> None:
        net.perform(AnswerNames("dns", "*", ("192.0.2.1",)), Resolve(1, "a.test"))
        answer = await net.take(Resolved)
        handle = net.open(Address(answer.addresses[0], 80))
        assert await net.take(ConnectFailed) == ConnectFailed(handle, Failure.FORBIDDEN)
        assert net.notes == ["TCP to 192.0.2.1:80 refused: the network policy is 'loopback'"]

    run_impaired(story)


def test_an_accepted_client_through_the_path() -> None:
    async def story(net: ImpairedNet) -> None:
        net.impairs(Latency(0.02))
        _, address = await net.listen()
        client = await net.connect(address)
        await net.write(client, STREAM)
        handle = (await net.take(Accepted)).handle
        await received(net, handle, STREAM)
        net.send(handle, STREAM)
        net.shut(handle)
        assert await net.read(client, len(STREAM) + 1) == STREAM
        client.close()
        await net.take(Closed, handle)

    run_impaired(story)


def test_a_slow_path_stops_the_engine_and_closes_the_peers_window() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair(rcvbuf=16384)
        net.impairs(Blackhole())
        sent = b""
        while not net.has(SendBlocked):
            net.send(handle, STREAM)
            sent += STREAM
            assert len(sent) < 200000
        size = 16 << 20
        writing = asyncio.ensure_future(net.loop.sock_sendall(peer, b"w" * size))
        await net.until(lambda: net.pauses == 1)
        assert not writing.done()
        net.heals()
        assert await net.read(peer, len(sent)) == sent
        await net.take(SendReady, handle)
        await net.until(lambda: len(net.data(handle)) == size)
        await writing

    run_impaired(story)


def test_the_engines_own_pause_holds_through_the_path() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        net.impairs(Latency(0.001))
        net.perform(PauseReceiving(handle))
        await net.write(peer, STREAM)
        peer.shutdown(socket.SHUT_WR)
        net.send(handle, b"acknowledged")
        await acked(net, handle, 12)
        assert net.data(handle) == b""
        net.perform(ResumeReceiving(handle))
        await received(net, handle, STREAM)
        await net.take(PeerClosed, handle)

    run_impaired(story)


def test_chains_that_change_under_bulk_lose_nothing() -> None:
    async def story(net: ImpairedNet) -> None:
        handle, peer = await net.pair()
        size = 2 << 20
        data = STREAM * (size // len(STREAM))
        chains = [
            (Latency(0.002, 0.002),),
            (Bandwidth(2e7), Slicer(3000, 2999)),
            (Blackhole(),),
            (Stall(5000),),
            (),
        ]
        writing = asyncio.ensure_future(net.loop.sock_sendall(peer, data))
        reading = asyncio.ensure_future(net.read(peer, size))
        for at in range(0, size, 8192):
            turn = at // 8192
            if turn % 16 == 0:
                net.impairs(*chains[turn // 16 % len(chains)])
            if turn % 16 == 8:
                net.heals()
            await net.until(lambda: not blocked(net))
            net.send(handle, data[at : at + 8192], awaited=False)
        net.heals()
        assert await reading == data
        await writing
        await net.until(lambda: len(net.data(handle)) == size)
        assert net.data(handle) == data
        await acked(net, handle, size)

    def blocked(net: ImpairedNet) -> bool:
        told = [e for e in net.events if isinstance(e, SendBlocked | SendReady)]
        if told and isinstance(told[-1], SendBlocked):
            net.heals()
            return True
        return False

    run_impaired(story)

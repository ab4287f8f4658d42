"""TCP of the module over real sockets: opening, data, back-pressure, closing and loss."""

from __future__ import annotations

import asyncio
import fcntl
import random
import socket
import struct
import termios

import pytest
from realnet import Net, free_port, run
from vmodem.emulator.effects import CloseSocket, PauseReceiving, ResumeReceiving, SendData, Transport
from vmodem.emulator.events import (
    Acknowledged,
    Address,
    Closed,
    Connected,
    ConnectFailed,
    ConnectionLost,
    Event,
    Failure,
    PeerClosed,
    Received,
    SendBlocked,
    SendReady,
)

MIB = 1 << 20


def unread(sock: socket.socket) -> int:
    """Bytes that the kernel holds for the reader of ``sock``."""
    return int(struct.unpack("i", fcntl.ioctl(sock, termios.FIONREAD, b"\0\0\0\0"))[0])


def pieces(data: bytes, chance: random.Random, largest: int) -> list[bytes]:
    out = []
    while data:
        size = chance.randint(1, largest)
        out.append(data[:size])
        data = data[size:]
    return out


# ---- opening ------------------------------------------------------------------------------------


def test_connects_and_tells_its_local_address() -> None:
    async def story(net: Net) -> None:
        server, address = net.server()
        handle = net.open(address)
        peer = await net.accept(server)
        assert (await net.take(Connected, handle)).local == peer.getpeername()

    run(story)


def test_refused() -> None:
    async def story(net: Net) -> None:
        handle = net.open(Address("127.0.0.1", free_port()))
        assert await net.take(ConnectFailed) == ConnectFailed(handle, Failure.REFUSED)
        net.perform(SendData(handle, b"x"), CloseSocket(handle))  # the handle is gone: ignored
        assert net.events == []

    run(story)


def test_chosen_local_port_is_used_again_after_time_wait_and_refused_when_taken() -> None:
    async def story(net: Net) -> None:
        server, address = net.server()
        other_server, other_address = net.server()
        port = free_port()
        handle = net.open(address, local_port=port)
        peer = await net.accept(server)
        assert (await net.take(Connected)).local.port == port == peer.getpeername()[1]
        net.shut(handle)
        peer.close()
        await net.take(Closed)
        # our end closed first: the host keeps the old connection in TIME-WAIT
        net.open(other_address, local_port=port)
        await net.accept(other_server)
        await net.take(Connected)
        taken = net.own(socket.socket())
        taken.bind(("", 0))
        third = net.open(address, local_port=taken.getsockname()[1])
        assert await net.take(ConnectFailed) == ConnectFailed(third, Failure.ADDRESS_IN_USE)

    run(story)


def test_close_while_connecting_is_not_answered() -> None:
    async def story(net: Net) -> None:
        server = net.own(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = Address(*server.getsockname())
        # the backlog takes one or two, then the kernel answers no SYN: a connect that never ends
        handles = [net.open(address) for _ in range(4)]
        await net.until(lambda: net.has(Connected))
        await net.passes(20)
        connected = {e.handle for e in net.events if isinstance(e, Connected)}
        waiting = [handle for handle in handles if handle not in connected]
        assert waiting
        net.events.clear()
        net.shut(waiting[0])
        net.shut(waiting[-1], abort=True)
        await net.passes(20)
        assert net.events == []

    run(story)


def test_opening_an_open_handle_is_our_own_mistake() -> None:
    async def story(net: Net) -> None:
        handle, _ = await net.pair()
        net._last_handle -= 1
        with pytest.raises(ValueError, match=f"handle {handle} is already open"):
            net.open(Address("127.0.0.1", 1))

    run(story)


# ---- data ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_random_pieces_both_ways_arrive_whole_and_in_order(seed: int) -> None:
    chance = random.Random(seed)
    up, down = chance.randbytes(700_000), chance.randbytes(600_000)

    async def story(net: Net) -> None:
        handle, peer = await net.pair()

        async def peer_sends() -> None:
            for piece in pieces(down, chance, 30_000):
                await net.write(peer, piece)

        async def module_sends() -> None:
            for piece in pieces(up, chance, 9_000):
                net.send(handle, piece)
                if chance.random() < 0.2:
                    net.perform(PauseReceiving(handle))
                    await asyncio.sleep(0)
                    net.perform(ResumeReceiving(handle))

        async with asyncio.TaskGroup() as group:
            group.create_task(peer_sends())
            group.create_task(module_sends())
            got_up = group.create_task(net.read(peer, len(up)))
        await net.until(lambda: len(net.data(handle)) >= len(down))
        assert got_up.result() == up
        assert net.data(handle) == down
        totals = [e.total for e in net.events if isinstance(e, Acknowledged)]
        assert totals == sorted(set(totals))
        await net.until(lambda: Acknowledged(handle, len(up)) in net.events)

    run(story)


def test_source_is_the_address_asked_for() -> None:
    async def story(net: Net) -> None:
        server, address = net.server()
        asked = Address("116.228.221.51", 8500)
        routed = Net(f"tcp://116.228.221.51:8500=tcp://localhost:{address.port}")
        handle = routed.open(asked)
        peer = await net.accept(server)
        await net.write(peer, b"hello")
        assert await routed.take(Received) == Received(handle, b"hello", asked)
        routed.close()

    run(story)


def test_back_pressure_then_nothing_lost() -> None:
    chance = random.Random(7)

    async def story(net: Net) -> None:
        handle, peer = await net.pair(rcvbuf=4096)
        sent = bytearray()
        while not net.has(SendBlocked):  # the peer does not read
            while not net.has(SendBlocked):
                chunk = chance.randbytes(4096)
                net.send(handle, chunk)
                sent += chunk
                assert len(sent) < 64 * MIB
            await asyncio.sleep(0.02)
            if net.has(SendReady):  # the kernels have moved a little more between them
                net.events.clear()
        await net.take(SendBlocked)
        net.send(handle, b"more, against the advice")
        sent += b"more, against the advice"
        assert not net.has(SendBlocked)  # said once
        assert await net.read(peer, len(sent)) == bytes(sent)
        await net.take(SendReady)
        net.send(handle, b"the end")
        assert await net.read(peer, 7) == b"the end"
        await net.until(lambda: Acknowledged(handle, len(sent) + 7) in net.events)

    run(story)


def test_blocked_again_and_again() -> None:
    chance = random.Random(8)
    total = 24 * MIB
    data = chance.randbytes(MIB) * (total // MIB)

    async def story(net: Net) -> None:
        handle, peer = await net.pair(rcvbuf=65536)
        at = 0
        blocked = False
        stops = 0

        def more(event: Event) -> None:
            nonlocal blocked, stops
            if isinstance(event, SendBlocked):
                assert not blocked
                blocked, stops = True, stops + 1
            elif isinstance(event, SendReady):
                assert blocked
                blocked = False
                net.loop.call_soon(produce)

        def produce() -> None:
            nonlocal at
            while not blocked and at < total:
                net.send(handle, data[at : at + 4096])
                at += 4096

        net.react = more
        produce()
        assert await net.read(peer, total) == data
        assert stops > 3

    run(story)


def test_pause_closes_the_window_and_resume_loses_nothing() -> None:
    data = random.Random(9).randbytes(32 * MIB)

    async def story(net: Net) -> None:
        handle, peer = await net.pair()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        net.perform(PauseReceiving(handle))
        sent = 0
        quiet = 0
        while quiet < 20:
            try:
                sent += peer.send(data[sent : sent + 65536])
                quiet = 0
            except BlockingIOError:
                quiet += 1
                await asyncio.sleep(0.001)
        assert sent < len(data)  # the window is closed
        assert net.data(handle) == b""
        net.perform(ResumeReceiving(handle))
        await net.write(peer, data[sent:])
        peer.close()
        await net.take(PeerClosed)
        assert net.data(handle) == data

    run(story)


def test_resume_twice_and_pause_twice_are_harmless() -> None:
    async def story(net: Net) -> None:
        handle, peer = await net.pair()
        twice = (
            PauseReceiving(handle),
            PauseReceiving(handle),
            ResumeReceiving(handle),
            ResumeReceiving(handle),
        )
        net.perform(*twice)
        await net.write(peer, b"x")
        assert (await net.take(Received)).data == b"x"

    run(story)


# ---- acknowledgement ----------------------------------------------------------------------------


@pytest.mark.parametrize("paused", [False, True], ids=["reading", "paused"])
@pytest.mark.parametrize("queue", [True, False], ids=["error queue", "timer only"])
def test_each_send_is_acknowledged(paused: bool, queue: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not queue:  # as on a kernel without the option
        monkeypatch.setattr("vmodem.netstack.host_acks._SO_TIMESTAMPING", 9999)

    async def story(net: Net) -> None:
        handle, peer = await net.pair()
        if paused:
            net.perform(PauseReceiving(handle))
        for turn in range(1, 51):
            net.send(handle, bytes(1460))
            await net.read(peer, 1460)
            while (await net.take(Acknowledged)).total < turn * 1460:
                pass

    run(story)


def test_what_nobody_waits_for_is_acknowledged_a_little_later() -> None:
    async def story(net: Net) -> None:
        handle, peer = await net.pair()
        for _ in range(50):
            net.send(handle, bytes(1460), awaited=False)
            assert not net.has(Acknowledged)  # no look from within: that is what it costs
        await net.read(peer, 50 * 1460)
        while (await net.take(Acknowledged)).total < 50 * 1460:
            pass

    run(story)


@pytest.mark.parametrize("abort", [False, True])
def test_what_nobody_waits_for_keeps_its_place(abort: bool) -> None:
    """It may be gathered: what is waited for comes behind it, and so does the end of the connection."""

    async def story(net: Net) -> None:
        handle, peer = await net.pair()
        sent = b""
        for n in range(40):
            piece = bytes([n]) * (5000 if n % 7 else 1)
            sent += piece
            net.send(handle, piece, awaited=n % 5 == 4)
        assert await net.read(peer, len(sent)) == sent
        net.send(handle, b"last", awaited=False)
        if not abort:
            net.shut(handle)
            assert await net.read(peer, 5) == b"last"
            return
        net.shut(handle, abort=True)
        with pytest.raises(ConnectionResetError):
            await net.read(peer, 100)

    run(story)


def test_a_peer_that_was_prompt_and_is_no_more_is_heard() -> None:
    """Its acknowledgements were there at the first look, so no message is asked for: the timer looks."""

    async def story(net: Net) -> None:
        handle, peer = await net.pair()
        for turn in range(1, 31):
            net.send(handle, bytes(1460))
            while (await net.take(Acknowledged)).total < turn * 1460:
                pass
            await net.read(peer, 1460)
        net.send(handle, b"x")  # less than a segment, and nobody reads it: the peer's stack takes its time
        assert (await net.take(Acknowledged)).total == 30 * 1460 + 1

    run(story)


def test_sends_in_a_row_know_at_each_what_was_acknowledged_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that does not wait (AT+CIPQSEND=1) must not be told that the send buffer is full."""
    monkeypatch.setattr("vmodem.netstack.host_acks._FIRST_LOOK", 1000.0)

    async def story(net: Net) -> None:
        handle, peer = await net.pair()
        net.perform(PauseReceiving(handle))  # nor does the error queue tell
        for turn in range(50):
            net.send(handle, bytes(1460))
            assert len(await net.read(peer, 1460)) == 1460
            told = max((e.total for e in net.events if isinstance(e, Acknowledged)), default=0)
            assert turn * 1460 - told < 16384

    run(story)


def test_the_error_queue_tells_without_any_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmodem.netstack.host_acks._FIRST_LOOK", 1000.0)

    async def story(net: Net) -> None:
        handle, peer = await net.pair(rcvbuf=4096)
        for total in (20_000, 40_000):
            net.send(handle, bytes(20_000))  # more than the window: cannot be acknowledged yet
            assert Acknowledged(handle, total) not in net.events
            await net.read(peer, 20_000)
            await net.until(lambda total=total: Acknowledged(handle, total) in net.events)  # type: ignore[misc]

    run(story)


def test_acknowledged_is_what_the_peers_stack_has() -> None:
    async def story(net: Net) -> None:
        handle, peer = await net.pair(rcvbuf=4096)
        net.send(handle, bytes(MIB))
        await net.until(lambda: net.has(Acknowledged))
        told = -1
        while told != (told := max(e.total for e in net.events if isinstance(e, Acknowledged))):
            await asyncio.sleep(0.12)  # longer than the slowest look
        assert 0 < told < MIB
        assert told == unread(peer)  # the peer has read nothing: all it acknowledged is still there
        assert len(await net.read(peer, MIB)) == MIB
        await net.until(lambda: Acknowledged(handle, MIB) in net.events)

    run(story)


def test_never_acknowledges_what_a_reset_destroyed() -> None:
    async def story(net: Net) -> None:
        handle, peer = await net.pair(rcvbuf=4096)
        net.send(handle, bytes(MIB))
        await net.until(lambda: net.has(Acknowledged))
        net.reset(peer)
        assert (await net.take(ConnectionLost)).failure is Failure.RESET
        await asyncio.sleep(0.06)
        assert all(e.total < MIB for e in net.events if isinstance(e, Acknowledged))
        assert not net.has(ConnectionLost)
        assert handle not in net.stack._links

    run(story)


@pytest.mark.parametrize(
    "state", ["idle", "paused", "peer closed", "held", "unread", "told late", "told the writer"]
)
def test_no_busy_loop(state: str) -> None:
    """Count the loop's turns in 100 ms: a level-triggered event that nobody takes makes thousands."""

    async def story(net: Net) -> None:
        handle, peer = await net.pair(rcvbuf=4096)
        net.send(handle, bytes(4 * MIB if state in ("held", "unread") else 1460))
        if state == "paused":
            net.perform(PauseReceiving(handle))
            await net.write(peer, bytes(1000))
        if state == "unread":
            net.perform(PauseReceiving(handle))
            peer.setblocking(False)
            try:
                while True:
                    peer.send(bytes(65536))
            except BlockingIOError:
                pass
        if state == "peer closed":
            peer.shutdown(socket.SHUT_WR)
            await net.take(PeerClosed)
        if state == "told late":  # the error queue speaks when the reader expects it no more
            net.send(handle, bytes(200_000))
            await net.write(peer, b"x")
            await net.take(Received)
            await net.read(peer, 201_460)
        elif state == "told the writer":  # it speaks when only the writer is there to hear
            await net.read(peer, 1460)
            await net.until(lambda: Acknowledged(handle, 1460) in net.events)
            net.send(handle, bytes(20_000))
            net.perform(PauseReceiving(handle))
            net.send(handle, bytes(8 * MIB))
            await net.read(peer, 30_000)
        else:
            net.send(handle, bytes(1460))
        await asyncio.sleep(0.06)
        turns = 0
        select = net.loop._selector.select  # type: ignore[attr-defined]

        def counted(timeout: float | None) -> object:
            nonlocal turns
            turns += 1
            return select(timeout)

        net.loop._selector.select = counted  # type: ignore[attr-defined]
        await asyncio.sleep(0.1)
        assert turns < 60

    run(story)


# ---- closing ------------------------------------------------------------------------------------


def test_peer_closes_after_its_data_and_the_module_still_sends() -> None:
    async def story(net: Net) -> None:
        handle, peer = await net.pair()
        await net.write(peer, b"last words")
        peer.shutdown(socket.SHUT_WR)
        await net.take(PeerClosed)
        assert net.data(handle) == b"last words"
        net.send(handle, b"answer")
        assert await net.read(peer, 6) == b"answer"
        await net.take(Acknowledged)
        net.shut(handle)
        assert net.has(Closed, handle)  # the peer had closed: our FIN completes it
        assert await net.read(peer, 1) == b""
        net.shut(handle)
        assert [type(e) for e in net.events] == [Received, Closed]

    run(story)


def test_fin_behind_a_pause_is_told_after_the_data() -> None:
    async def story(net: Net) -> None:
        handle, peer = await net.pair()
        net.perform(PauseReceiving(handle))
        await net.write(peer, b"data")
        peer.close()
        await net.passes(20)
        assert net.events == []
        net.perform(ResumeReceiving(handle))
        await net.until(lambda: net.has(PeerClosed))
        assert [type(e) for e in net.events] == [Received, PeerClosed]
        net.perform(PauseReceiving(handle), ResumeReceiving(handle))
        await net.passes(20)
        assert len(net.events) == 2  # told once

    run(story)


def test_orderly_close_waits_for_the_peer_and_discards_its_data() -> None:
    async def story(net: Net) -> None:
        handle, peer = await net.pair()
        net.send(handle, b"bye")
        net.shut(handle)
        net.shut(handle)
        net.send(handle, b"too late")
        assert await net.read(peer, 100) == b"bye"
        await net.write(peer, bytes(100_000))
        await net.passes(20)
        assert not net.has(Closed)
        assert not net.has(Received)
        peer.close()
        await net.take(Closed, handle)
        assert not net.has(PeerClosed)

    run(story)


@pytest.mark.parametrize("paused", [False, True])
def test_close_flushes_what_is_held(paused: bool) -> None:
    data = random.Random(3).randbytes(12 * MIB)

    async def story(net: Net) -> None:
        handle, peer = await net.pair(rcvbuf=4096)
        if paused:
            net.perform(PauseReceiving(handle))
            await net.write(peer, b"never read")
        net.send(handle, data)
        assert net.has(SendBlocked)
        net.shut(handle)
        assert await net.read(peer, len(data) + 1) == data  # then FIN
        peer.close()
        await net.take(Closed)
        assert not net.has(SendReady)

    run(story)


def test_peer_closes_while_we_still_flush() -> None:
    data = random.Random(4).randbytes(12 * MIB)

    async def story(net: Net) -> None:
        handle, peer = await net.pair(rcvbuf=4096)
        net.send(handle, data)
        net.shut(handle)
        peer.shutdown(socket.SHUT_WR)
        assert await net.read(peer, len(data) + 1) == data
        await net.take(Closed)
        assert not net.has(PeerClosed)

    run(story)


def test_abort_resets_at_once_and_says_nothing() -> None:
    async def story(net: Net) -> None:
        for handle, peer in (await net.pair(), await net.accepted()):
            net.shut(handle, abort=True)
            with pytest.raises(ConnectionResetError):
                await net.read(peer, 1)
        assert net.events == []

    run(story)


def test_abort_ends_an_orderly_close_that_the_peer_does_not_answer() -> None:
    async def story(net: Net) -> None:
        handle, peer = await net.pair()
        net.shut(handle)
        assert await net.read(peer, 1) == b""
        net.shut(handle, abort=True)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            await net.write(peer, b"x")
        assert net.events == []

    run(story)


# ---- loss ---------------------------------------------------------------------------------------


def test_reset_after_data_delivers_the_data_first() -> None:
    async def story(net: Net) -> None:
        handle, peer = await net.pair()
        net.perform(PauseReceiving(handle))
        await net.write(peer, b"data")
        net.reset(peer)
        net.perform(ResumeReceiving(handle))
        await net.until(lambda: net.has(ConnectionLost))
        assert [type(e) for e in net.events] == [Received, ConnectionLost]
        assert net.events[1] == ConnectionLost(handle, Failure.RESET)

    run(story)


def test_reset_found_by_sending_delivers_the_data_first() -> None:
    async def story(net: Net) -> None:
        handle, peer = await net.pair()
        peer.send(b"data")
        net.reset(peer)
        net.send(handle, b"x")  # before the loop has had its turn
        assert [type(e) for e in net.events] == [Received, ConnectionLost]
        net.send(handle, b"x")
        await net.passes()
        assert len(net.events) == 2

    run(story)


@pytest.mark.parametrize("state", ["reading", "paused", "peer closed", "held", "closing"])
def test_reset_is_noticed_once_in_every_state(state: str) -> None:
    async def story(net: Net) -> None:
        handle, peer = await net.pair(rcvbuf=4096)
        if state == "paused":
            net.perform(PauseReceiving(handle))
        if state == "peer closed":
            peer.shutdown(socket.SHUT_WR)
            await net.take(PeerClosed)
        net.send(handle, bytes(4 * MIB if state == "held" else 200_000))
        if state == "closing":
            net.shut(handle)
        await net.passes()
        net.reset(peer)
        assert await net.take(ConnectionLost) == ConnectionLost(handle, Failure.RESET)
        await net.passes(20)
        assert not net.has(ConnectionLost)
        assert not net.has(Closed)

    run(story)


# ---- listening ----------------------------------------------------------------------------------


def test_close_of_the_stack_ends_everything_at_once() -> None:
    async def story(net: Net) -> None:
        await net.pair()
        blocked, _ = await net.pair(rcvbuf=4096)
        net.send(blocked, bytes(8 * MIB))
        closing, _ = await net.pair()
        net.shut(closing)
        await net.accepted()
        await net.listen(Transport.UDP)
        net.open(Address("127.0.0.1", free_port()))
        net.events.clear()
        net.stack.close()
        net.stack.close()
        net.send(blocked, b"ignored")
        net.open(Address("127.0.0.1", free_port()))
        await asyncio.sleep(0.06)
        assert net.events == []

    run(story)  # run() compares the descriptors


def test_a_thousand_connections_leak_nothing() -> None:
    async def story(net: Net) -> None:
        server, address = net.server()
        for turn in range(1000):
            handle = net.open(address)
            peer, _ = await net.loop.sock_accept(server)
            await net.take(Connected)
            net.send(handle, b"x")
            if turn % 3 == 0:
                net.shut(handle, abort=True)
            elif turn % 3 == 1:
                net.shut(handle)
            peer.close()
            if turn % 3 == 1:
                await net.until(lambda: net.has(Closed) or net.has(ConnectionLost))
            elif turn % 3 == 2:
                await net.until(lambda: net.has(PeerClosed) or net.has(ConnectionLost))
                net.shut(handle)
            net.events.clear()
        assert net.stack._links == {}

    run(story)

"""Whatever stands on the path, however it changes: TCP loses, doubles, reorders no byte that is not cut."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from impair_lab import Lab
from vmodem.emulator.events import (
    Acknowledged,
    ConnectionLost,
    Event,
    PeerClosed,
    Received,
    SendBlocked,
    SendReady,
)
from vmodem.emulator.faults import (
    ActAsPeer,
    Anything,
    Bandwidth,
    Blackhole,
    Direction,
    Duplicate,
    Impair,
    Latency,
    LimitData,
    Loss,
    OneSocket,
    PeerAction,
    Peers,
    Reorder,
    ResetPeer,
    Restore,
    Slicer,
    SlowClose,
    Stall,
    Timeout,
    Toxic,
)
from vmodem.netstack.impair_core import MOST_HELD
from vmodem.netstack.memory import MemoryConnection

LARGEST = 9000
LINKS = 2


def seconds(most: float) -> st.SearchStrategy[float]:
    return st.sampled_from([0.0, 0.001, 0.01, 0.1, 1.0]).map(lambda t: min(t, most))


KEEPING: st.SearchStrategy[Toxic] = st.one_of(
    st.builds(Latency, seconds(1.0), seconds(1.0)),
    st.builds(Bandwidth, st.sampled_from([50.0, 1000.0, 1e5, 1e7])),
    st.builds(
        lambda size, part, delay: Slicer(size, size * part // 100, delay),
        st.integers(1, 5000),
        st.integers(0, 99),
        seconds(0.01),
    ),
    st.builds(SlowClose, seconds(1.0)),
    st.builds(Blackhole),
    st.builds(Stall, st.integers(0, 5000)),
    st.builds(Timeout),
    st.builds(Loss, st.just(0.5)),
    st.builds(Reorder, st.just(0.5), seconds(0.1)),
    st.builds(Duplicate, st.just(0.5)),
)
CUTTING: st.SearchStrategy[Toxic] = st.one_of(
    KEEPING,
    st.builds(LimitData, st.integers(0, 20000)),
    st.builds(Timeout, seconds(1.0)),
    st.builds(ResetPeer, seconds(1.0)),
)
NAMES = st.sampled_from("abc")
TARGETS = st.one_of(
    st.just(Anything()), st.builds(OneSocket, st.integers(1, LINKS)), st.just(Peers("tcp://*:8500"))
)


class Streams:
    """Connections at both ends of which somebody writes what can be told from its place in the stream."""

    def __init__(self, seed: str) -> None:
        self.lab = Lab(seed=seed)
        self.peers: list[MemoryConnection] = [self.lab.tcp()[1] for _ in range(LINKS)]
        self.lab.forget()
        self.up = [b""] * LINKS
        self.down = [b""] * LINKS
        self.paused = [False] * LINKS

    def blocked(self, link: int) -> bool:
        told = [
            e for _, e in self.lab.heard if isinstance(e, SendBlocked | SendReady) and e.handle == link + 1
        ]
        return bool(told) and isinstance(told[-1], SendBlocked)

    def of(self, link: int) -> list[Event]:
        """What the engine heard of this link."""
        return [event for _, event in self.lab.heard if getattr(event, "handle", 0) == link + 1]

    def over(self, link: int) -> bool:
        return any(isinstance(e, PeerClosed | ConnectionLost) for e in self.of(link))

    def module_sends(self, link: int, size: int) -> None:
        if self.over(link):
            return
        for at in range(0, size, 1460):
            if self.blocked(link):
                return
            data = payload(len(self.up[link]), min(1460, size - at))
            self.up[link] += data
            self.lab.sends(link + 1, data)

    def peer_sends(self, link: int, size: int, segment: int) -> None:
        if self.peers[link].gone or self.peers[link].fin_sent:
            return
        data = payload(len(self.down[link]), size)
        self.down[link] += data
        self.peers[link].send(data, segment)
        self.lab.advance(0.0)

    def pauses(self, link: int) -> None:
        if not self.over(link):
            (self.lab.resumes if self.paused[link] else self.lab.pauses)(link + 1)
            self.paused[link] = not self.paused[link]

    def peer_pauses(self, link: int, window: int) -> None:
        if window:
            self.peers[link].stop_reading(window)
        else:
            self.peers[link].start_reading()
        self.lab.advance(0.0)

    def heard(self, link: int) -> bytes:
        return b"".join(e.data for e in self.lab.events(Received) if e.handle == link + 1)

    def acked(self, link: int) -> list[int]:
        return [e.total for e in self.lab.events(Acknowledged) if e.handle == link + 1]

    def check(self) -> None:
        """What holds at any time."""
        for link in range(LINKS):
            assert self.up[link].startswith(bytes(self.peers[link].received))
            assert self.down[link].startswith(self.heard(link))
            acked = self.acked(link)
            assert acked == sorted(set(acked))
            assert not acked or acked[-1] <= len(self.up[link])
        assert self.lab.net.most_held <= MOST_HELD

    def clears(self) -> None:
        """All is well again, for long."""
        self.lab.does(Restore())
        for link in range(LINKS):
            self.peer_pauses(link, 0)
            if self.paused[link]:
                self.pauses(link)
        self.lab.advance(10.0)
        self.check()


def payload(start: int, size: int) -> bytes:
    """Bytes that tell their place (for 64 KiB and more)."""
    return b"".join(n.to_bytes(3, "big") for n in range(start, start + size // 3 + 1))[:size]


Move = Callable[[Streams], None]
LINK = st.integers(0, LINKS - 1)


def moves(toxics: st.SearchStrategy[Toxic]) -> st.SearchStrategy[list[Move]]:
    """What may happen, in any order."""

    def puts_up(name: str, target: Anything, chain: list[Toxic], direction: Direction) -> Move:
        return lambda streams: streams.lab.does(Impair(name, target, tuple(chain), direction))

    chains = st.lists(toxics, min_size=1, max_size=3)
    return st.lists(
        st.one_of(
            st.builds(puts_up, NAMES, TARGETS, chains, st.sampled_from(Direction)),
            st.builds(lambda name: lambda s: s.lab.does(Restore(name)), NAMES),
            st.builds(lambda link, size: lambda s: s.module_sends(link, size), LINK, st.integers(1, LARGEST)),
            st.builds(
                lambda link, size, segment: lambda s: s.peer_sends(link, size, segment),
                LINK,
                st.integers(1, LARGEST),
                st.integers(100, 2000),
            ),
            st.builds(lambda t: lambda s: s.lab.advance(t), st.sampled_from([0.001, 0.1, 1.0, 20.0])),
            st.builds(lambda link: lambda s: s.pauses(link), LINK),
            st.builds(lambda link, window: lambda s: s.peer_pauses(link, window), LINK, st.integers(0, 3000)),
        ),
        min_size=5,
        max_size=40,
    )


@given(moves(KEEPING))
def test_nothing_is_lost_doubled_or_out_of_order(story: list[Move]) -> None:
    streams = Streams("1")
    for move in story:
        move(streams)
        streams.check()
    streams.clears()
    for link, peer in enumerate(streams.peers):
        assert bytes(peer.received) == streams.up[link]
        assert streams.heard(link) == streams.down[link]
        assert max(streams.acked(link), default=0) == len(streams.up[link])
        assert not streams.blocked(link)
        assert streams.lab.net.path.sockets[link + 1].plain


@given(moves(KEEPING), st.booleans())
def test_a_close_comes_behind_the_last_byte(story: list[Move], module_first: bool) -> None:
    streams = Streams("1")
    for move in story:
        move(streams)
    for link, peer in enumerate(streams.peers):
        if module_first:
            streams.paused[link] = False
            streams.lab.closes(link + 1)
        else:
            peer.close()
    streams.clears()
    for link, peer in enumerate(streams.peers):
        assert bytes(peer.received) == streams.up[link]
        if module_first:
            assert peer.fin_received
        else:
            assert streams.heard(link) == streams.down[link]
            assert [e.handle for e in streams.lab.events(PeerClosed)].count(link + 1) == 1
    if module_first:
        assert streams.lab.net.path.sockets == {}


@given(moves(CUTTING), st.sampled_from(PeerAction))
def test_what_is_cut_is_a_beginning_and_told_once(story: list[Move], action: PeerAction) -> None:
    streams = Streams("1")
    for number, move in enumerate(story):
        if number == len(story) // 2:
            streams.lab.does(ActAsPeer(OneSocket(1), action))
        move(streams)
        streams.check()
    streams.clears()
    for link in range(LINKS):
        ends = [type(e) for _, e in streams.lab.heard if getattr(e, "handle", 0) == link + 1]
        assert ends.count(PeerClosed) <= 1
        assert ends.count(ConnectionLost) <= 1
        if ConnectionLost in ends:
            assert ends[-1] is ConnectionLost
        if PeerClosed in ends:
            assert Received not in ends[ends.index(PeerClosed) :]
        streams.lab.closes(link + 1, abort=ConnectionLost in ends)
    streams.lab.advance(100.0)
    assert streams.lab.net.path.sockets == {}
    assert not streams.lab.net.path.lingering


@given(moves(CUTTING), st.integers(0, 3))
def test_the_same_seed_gives_the_same_run(story: list[Move], seed: int) -> None:
    def run() -> list[tuple[float, object]]:
        streams = Streams(str(seed))
        for move in story:
            move(streams)
        streams.clears()
        return list(streams.lab.heard)

    assert run() == run()

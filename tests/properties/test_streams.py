"""What goes in at one end of a TCP link comes out at the other, in every receive and every send mode."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st
from properties.rig import PORT, bring_up, connect, sim800, transparent
from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.events import LineChanged, LineSignal, OutputBlocked, OutputReady
from vmodem.emulator.world import World, fragments
from vmodem.netstack.memory import MemoryConnection

PIECES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"\r\nOK\r\n", b"\r\n", b"+++", b"\r\nCLOSED\r\n", b"\x1a", b"\x1b", b"+RECEIVE,1,5:\r\n"]
    ),
    st.integers(0, 255).map(lambda b: bytes([b]) * 700),
    st.binary(min_size=4, max_size=4).map(lambda b: b * 750),
)
SEGMENTS = st.sampled_from([None, 1, 7, 500, 1460, 2000])
ENDS = st.sampled_from(["open", "FIN", "RST"])
RECEIVE_HEAD = re.compile(rb"\r\n\+RECEIVE,(\d),(\d+)(?:,[\d.]+:\d+)?:\r\n")
IPD_HEAD = re.compile(rb"(?:\r\nRECV FROM:[\d.]+:\d+\r\n|\r\n)\+IPD,(\d+)(?:,TCP)?:")
CLOSED = re.compile(rb"\r\n(?:(\d), )?CLOSED\r\n")


def small(data: bytes, segment: int | None) -> int | None:
    """Single bytes only of what is short: thousands of events prove nothing more."""
    return segment if segment is None or len(data) // segment < 200 else 500


@dataclass
class Taken:
    """What the host understood: the data of each link, and which it was told are closed."""

    data: dict[int, bytes] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)

    def read(self, output: bytes) -> None:
        """Take all of ``output`` apart; anything that is not data with a header or CLOSED is wrong."""
        at = 0
        while at < len(output):
            closed = CLOSED.match(output, at)
            if closed:
                self.closed.add(int(closed.group(1) or 0))
                at = closed.end()
                continue
            head = RECEIVE_HEAD.match(output, at)
            number, size = (int(head.group(1)), int(head.group(2))) if head else (0, 0)
            if head is None:
                head = IPD_HEAD.match(output, at)
                assert head, f"not accounted for at {at}: {output[at : at + 60]!r}"
                size = int(head.group(1))
            assert number not in self.closed, f"data behind CLOSED on {number}"
            at = head.end() + size
            assert at <= len(output)
            self.data[number] = self.data.get(number, b"") + output[head.end() : at]


ROOM = SIM800.limits.receive_buffer
Sends = list[tuple[int, bytes, "int | None"]]


def feed(
    world: World, peers: dict[int, MemoryConnection], sends: Sends, blocks: list[int]
) -> dict[int, bytes]:
    """The peers send in turn, and the host stops and goes on reading at the turns in ``blocks``."""
    expected = dict.fromkeys(peers, b"")
    blocked = False
    for turn, (number, data, segment) in enumerate(sends):
        if turn in blocks:
            blocked = not blocked
            world.event(OutputBlocked() if blocked else OutputReady())
        peer = peers[number]
        peer.send(data, small(data, segment))
        expected[number] += data
        if turn % 3:
            world.advance(0.05)
    return expected


def came(taken: bytes, expected: bytes, end: str) -> bool:
    """Everything came. A reset may cost what the module had no room for: the peer's stack still had it."""
    if end == "RST":
        return expected.startswith(taken) and len(taken) >= min(len(expected), ROOM)
    return taken == expected


def finish(world: World, peers: dict[int, MemoryConnection], ends: list[str]) -> None:
    """The peers end their connections, in order; then the host reads everything."""
    for peer, end in zip(peers.values(), ends, strict=False):
        if end == "FIN":
            peer.close()
        elif end == "RST":
            peer.reset()
    world.settle()
    world.event(OutputReady())
    world.advance(1)


def sends_on(count: int) -> st.SearchStrategy[Sends]:
    return st.lists(st.tuples(st.integers(0, count - 1), PIECES, SEGMENTS), max_size=12)


BLOCKS = st.lists(st.integers(0, 11), max_size=4)


@given(sends_on(4), BLOCKS, st.lists(ENDS, min_size=4, max_size=4), st.booleans())
def test_pushed_on_several_links(sends: Sends, blocks: list[int], ends: list[str], source: bool) -> None:
    world = sim800()
    bring_up(world, f"+CIPSRIP={int(source)}", multi=True)
    peers = {n: connect(world, PORT + n, n) for n in range(4)}
    expected = feed(world, peers, sends, blocks)
    finish(world, peers, ends)
    taken = Taken()
    taken.read(world.take())
    for number, end in enumerate(ends):
        assert came(taken.data.get(number, b""), expected[number], end)
        assert (number in taken.closed) == (end != "open")


@given(sends_on(1), BLOCKS, ENDS, st.booleans(), st.booleans())
def test_pushed_with_headers_on_one_link(
    sends: Sends, blocks: list[int], end: str, source: bool, protocol: bool
) -> None:
    world = sim800()
    bring_up(world, "+CIPHEAD=1", f"+CIPSRIP={int(source)}", f"+CIPSHOWTP={int(protocol)}")
    peers = {0: connect(world)}
    expected = feed(world, peers, sends, blocks)
    finish(world, peers, [end])
    taken = Taken()
    taken.read(world.take())
    assert came(taken.data.get(0, b""), expected[0], end)
    assert (0 in taken.closed) == (end != "open")


@given(sends_on(1), BLOCKS, ENDS)
def test_pushed_bare_on_one_link(sends: Sends, blocks: list[int], end: str) -> None:
    world = sim800()
    bring_up(world)
    peers = {0: connect(world)}
    expected = feed(world, peers, sends, blocks)
    finish(world, peers, [end])
    output, last = world.take(), b"" if end == "open" else b"\r\nCLOSED\r\n"
    assert output.endswith(last)
    assert came(output[: len(output) - len(last)], expected[0], end)


@given(
    sends_on(1),
    BLOCKS,
    ENDS,
    st.sampled_from(["", "+CIPCCFG=5,2,1024,1,1,50,20", "+CIPCCFG=5,2,1024,1,1,1460,20"]),
)
def test_transparent_to_the_host(sends: Sends, blocks: list[int], end: str, config: str) -> None:
    world = sim800()
    peers = {0: transparent(world, *([config] if config else []))}
    expected = feed(world, peers, sends, blocks)
    finish(world, peers, [end])
    world.advance(200)
    output, last = world.take(), b"" if end == "open" else b"\r\nCLOSED\r\n"
    assert output.endswith(last)
    assert came(output[: len(output) - len(last)], expected[0], end)


# ---- fetching ------------------------------------------------------------------------------------


FETCHED = re.compile(rb"\r\nOK\r\n(?:\r\n(?:\d, )?CLOSED\r\n)?")
"""Room in the buffer may let in the FIN that waited outside."""


def fetch(world: World, mode: int, link: int | None, size: int | None) -> tuple[bytes, int]:
    """One read of at most ``size`` bytes: what came, and what the module says is left."""
    head = "" if link is None else f"{link},"
    size_text = "" if size is None else f",{size}"
    answer = world.ask(f"AT+CIPRXGET={mode}" + (f",{link}" if head else "") + size_text)
    if answer == b"\r\nERROR\r\n":
        return b"", 0
    match = re.match(rb"\r\n\+CIPRXGET: %d,%s(\d+),(\d+)\r\n" % (mode, head.encode()), answer)
    assert match, answer
    count, left = int(match.group(1)), int(match.group(2))
    raw = answer[match.end() : match.end() + count * (1 if mode == 2 else 2)]
    assert FETCHED.fullmatch(answer, match.end() + len(raw)), answer
    assert count <= (size or 1460)
    return (raw if mode == 2 else bytes.fromhex(raw.decode())), left


READS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([2, 3]), st.integers(1, 730)), max_size=15)


@given(sends_on(3), READS, st.lists(ENDS, min_size=3, max_size=3), st.booleans())
def test_fetched(sends: Sends, reads: list[tuple[int, int, int]], ends: list[str], multi: bool) -> None:
    world = sim800()
    bring_up(world, "+CIPRXGET=1", multi=multi)
    numbers: list[int | None] = [0, 1, 2] if multi else [None]
    peers = {n or 0: connect(world, PORT + (n or 0), n) for n in numbers}
    taken = dict.fromkeys(peers, b"")
    expected = dict.fromkeys(peers, b"")

    def send(number: int, data: bytes, segment: int | None) -> None:
        peers[number].send(data, small(data, segment))
        expected[number] += data
        world.settle()

    def read(number: int, mode: int, size: int) -> None:
        data, left = fetch(world, mode, number if multi else None, size)
        taken[number] += data
        assert len(taken[number]) + left <= len(expected[number])

    for sending, reading in zip_longest(sends, reads):
        if sending:
            send(sending[0] if multi else 0, *sending[1:])
        if reading:
            read(reading[0] if multi else 0, *reading[1:])
    finish(world, peers, ends)
    for number in peers:
        while True:
            data, _ = fetch(world, 2, number if multi else None, None)
            taken[number] += data
            if not data:
                break
        assert came(taken[number], expected[number], ends[number])


# ---- sending -------------------------------------------------------------------------------------

PAYLOAD = st.binary(min_size=1, max_size=60).map(lambda b: b * 20)


@given(
    st.lists(st.tuples(st.integers(0, 2), PAYLOAD, st.booleans()), max_size=8),
    st.booleans(),
    st.booleans(),
    st.integers(0, 99),
)
def test_sent_by_command(sends: list[tuple[int, bytes, bool]], multi: bool, quick: bool, seed: int) -> None:
    world = sim800(writer=fragments(seed))
    bring_up(world, f"+CIPQSEND={int(quick)}", multi=multi)
    links: list[int | None] = [0, 1, 2] if multi else [None]
    peers = [connect(world, PORT + (n or 0), n) for n in links]
    expected = [b""] * len(peers)
    for index, payload, fixed in sends:
        number = index % len(peers)
        if not fixed:
            payload = payload.replace(b"\x1a", b"").replace(b"\x1b", b"") or b"x"
        parameters = ([str(number)] if multi else []) + ([str(len(payload))] if fixed else [])
        line = "AT+CIPSEND" + ("=" if parameters else "") + ",".join(parameters)
        assert world.ask(line) == b"\r\n> "
        world.send(payload + (b"" if fixed else b"\x1a"))
        world.advance(0.1)
        tag = f"{number}, " if multi else ""
        words = (
            f"{tag}SEND OK" if not quick else f"DATA ACCEPT:{tag[:1] + ',' if multi else ''}{len(payload)}"
        )
        assert world.take() == f"\r\n{words}\r\n".encode()
        expected[number] += payload
        ack = world.ask("AT+CIPACK" + (f"={number}" if multi else ""))
        total = len(expected[number])
        assert ack == b"\r\n+CIPACK: %d,%d,0\r\n\r\nOK\r\n" % (total, total)
    assert [bytes(peer.received) for peer in peers] == expected


HOST_DATA = st.one_of(
    st.binary(min_size=1, max_size=30),
    st.sampled_from(
        [b"+", b"++", b"+++", b"++++", b"AT\r", b"\r\n", b"\x1a", b"\x1b", b"x" * 1023, b"y" * 3000]
    ),
)


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.39, 0.41, 0.9]), HOST_DATA), max_size=14),
    st.sampled_from(["5,2,1024,1", "5,1,1,1", "5,10,1460,0", "5,1,10,1"]),
    st.integers(0, 99),
    st.one_of(st.none(), st.integers(0, 13)),
)
def test_transparent_to_the_peer(
    writes: list[tuple[float, bytes]], config: str, seed: int, stall: int | None
) -> None:
    """Less than a guard time of silence: every plus is data."""
    world = sim800(writer=fragments(seed), send_limit=2000)
    peer = transparent(world, f"+CIPCCFG={config}")
    expected = b""
    for turn, (pause, data) in enumerate(writes):
        world.advance(pause)
        if turn == stall:
            peer.stop_reading()
        # A byte that is no plus, so that the silence before never counts as a guard time.
        world.send(b"." + data)
        expected += b"." + data
    peer.start_reading()
    world.advance(0)
    world.send(b".")
    world.advance(5)
    assert bytes(peer.received) == expected + b"."
    assert world.unread == b""


@pytest.mark.parametrize("leave", ["+++", "DTR"])
@given(st.lists(st.tuples(HOST_DATA, PIECES), min_size=1, max_size=6), st.integers(0, 99))
def test_in_and_out_of_data_mode(leave: str, turns: list[tuple[bytes, bytes]], seed: int) -> None:
    """Data of both directions survives any number of escapes and ATOs."""
    world = sim800(writer=fragments(seed))
    peer = transparent(world, "&D1")
    to_peer = to_host = from_peer = b""
    for typed, sent in turns:
        world.send(b"." + typed)
        to_peer += b"." + typed
        peer.send(sent)
        from_peer += sent
        world.advance(1.5)
        to_host += world.take()
        if leave == "+++":
            world.send(b"+++")
            world.advance(1.5)
        else:
            world.event(LineChanged(LineSignal.DTR, False))
            world.event(LineChanged(LineSignal.DTR, True))
        assert world.take() == b"\r\nOK\r\n"
        peer.send(sent)
        from_peer += sent
        assert world.ask("AT+CIPSTATUS") == b"\r\nOK\r\n\r\nSTATE: CONNECT OK\r\n"
        world.advance(1.5)
        answer = world.ask("ATO")
        assert answer.startswith(b"\r\nCONNECT\r\n")
        to_host += answer[11:]
    world.advance(1)
    assert to_host + world.take() == from_peer
    assert bytes(peer.received) == to_peer

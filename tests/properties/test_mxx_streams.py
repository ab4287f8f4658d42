"""The same of an M-series module: what goes in at one end of a link comes out at the other."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties.rig import PORT, mxx, mxx_bring_up, mxx_connect, mxx_transparent
from properties.test_streams import (
    BLOCKS,
    ENDS,
    HOST_DATA,
    PIECES,
    Sends,
    came,
    feed,
    finish,
    sends_on,
    small,
)
from vmodem.emulator.events import LineChanged, LineSignal
from vmodem.emulator.world import World, fragments

HEAD = re.compile(
    rb"(?:\r\nRECV FROM:[\d.]+:\d+\r\n)?(?:\r\nTO:[\d.]+\r\n)?"
    rb"(?:\r\n\+RECEIVE: (\d), (\d+)\r\n)?(?:IPD(\d+):)?"
)
CLOSED = re.compile(rb"\r\n(?:(\d), )?CLOSED\r\n")
FEWER = settings(max_examples=settings().max_examples * 2 // 5)
"""The machinery below is the SIM800's, which is tried harder."""


def understood(output: bytes) -> tuple[dict[int, bytes], set[int]]:
    """The data of each link, and which are closed; anything else is wrong."""
    data: dict[int, bytes] = {}
    over: set[int] = set()
    at = 0
    while at < len(output):
        end = CLOSED.match(output, at)
        if end:
            over.add(int(end[1] or 0))
            at = end.end()
            continue
        head = HEAD.match(output, at)
        assert head
        assert head[2] or head[3], f"not accounted for at {at}: {output[at : at + 60]!r}"
        assert not (head[2] and head[3]) or head[2] == head[3]
        number, size = int(head[1] or 0), int(head[2] or head[3])
        assert number not in over, f"data behind CLOSED on {number}"
        at = head.end() + size
        assert at <= len(output)
        data[number] = data.get(number, b"") + output[head.end() : at]
    return data, over


@FEWER
@given(
    sends_on(4),
    BLOCKS,
    st.lists(ENDS, min_size=4, max_size=4),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_pushed_on_several_links(sends: Sends, blocks: list[int], ends: list[str], shown: list[bool]) -> None:
    world = mxx()
    switches = zip(("+QIHEAD", "+QISHOWRA", "+QISHOWLA"), shown, strict=True)
    mxx_bring_up(world, *(f"{name}={int(on)}" for name, on in switches), multi=True)
    peers = {n: mxx_connect(world, PORT + n, n) for n in range(4)}
    expected = feed(world, peers, sends, blocks)
    finish(world, peers, ends)
    data, over = understood(world.take())
    for number, end in enumerate(ends):
        assert came(data.get(number, b""), expected[number], end)
        assert (number in over) == (end != "open")


@FEWER
@given(sends_on(1), BLOCKS, ENDS, st.booleans())
def test_pushed_on_one_link(sends: Sends, blocks: list[int], end: str, head: bool) -> None:
    world = mxx()
    mxx_bring_up(world, f"+QIHEAD={int(head)}")
    peers = {0: mxx_connect(world)}
    expected = feed(world, peers, sends, blocks)
    finish(world, peers, [end])
    output, last = world.take(), b"" if end == "open" else b"\r\nCLOSED\r\n"
    assert output.endswith(last)
    taken = output[: len(output) - len(last)]
    assert came(understood(taken)[0].get(0, b"") if head else taken, expected[0], end)


@FEWER
@given(sends_on(1), BLOCKS, ENDS)
def test_transparent_to_the_host(sends: Sends, blocks: list[int], end: str) -> None:
    world = mxx()
    peers = {0: mxx_transparent(world)}
    expected = feed(world, peers, sends, blocks)
    finish(world, peers, [end])
    output, last = world.take(), b"" if end == "open" else b"\r\nCLOSED\r\n"
    assert output.endswith(last)
    assert came(output[: len(output) - len(last)], expected[0], end)


# ---- fetching ------------------------------------------------------------------------------------


FETCHED = re.compile(rb"\r\n\+QIRD: [\d.]+:\d+,TCP,(\d+)\r\n")
BETWEEN = re.compile(rb"\r\n(?:\d, )?CLOSED\r\n|\r\n\+QIRDI: [\d,]+\r\n")


def fetch(world: World, number: int, size: int) -> bytes | None:
    """One read; ``None`` when the link is gone and its buffer empty."""
    answer = world.ask(f"AT+QIRD=0,1,{number},{size}")
    head = FETCHED.match(answer)
    count = int(head[1]) if head else 0
    assert count <= size
    start = head.end() if head else 0
    rest = BETWEEN.sub(b"", answer[start + count :])
    if rest == b"\r\nERROR\r\n":
        return None
    assert rest == b"\r\nOK\r\n", answer
    return answer[start : start + count]


@FEWER
@given(
    sends_on(3),
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 1500)), max_size=12),
    st.lists(ENDS, min_size=3, max_size=3),
    st.booleans(),
    st.sampled_from([1, 2]),
)
def test_fetched(
    sends: Sends, reads: list[tuple[int, int]], ends: list[str], multi: bool, notify: int
) -> None:
    world = mxx()
    mxx_bring_up(world, f"+QINDI={notify}", multi=multi)
    numbers = [0, 1, 2] if multi else [0]
    peers = {n: mxx_connect(world, PORT + n, n if multi else None) for n in numbers}
    taken = dict.fromkeys(peers, b"")
    expected = dict.fromkeys(peers, b"")
    for turn in range(max(len(sends), len(reads))):
        if turn < len(sends):
            number, data, segment = sends[turn]
            number = number if multi else 0
            peers[number].send(data, small(data, segment))
            expected[number] += data
            world.settle()
        if turn < len(reads):
            number, size = reads[turn]
            number = number if multi else 0
            taken[number] += fetch(world, number, size) or b""
    finish(world, peers, ends)
    for number, end in zip(peers, ends, strict=False):
        while part := fetch(world, number, 1500):
            taken[number] += part
        assert came(taken[number], expected[number], end)
        assert (fetch(world, number, 1) is None) == (end != "open")


# ---- sending -------------------------------------------------------------------------------------

PAYLOAD = st.binary(min_size=1, max_size=60).map(lambda b: b * 20)


@FEWER
@given(
    st.lists(st.tuples(st.integers(0, 2), PAYLOAD, st.booleans()), max_size=8),
    st.booleans(),
    st.integers(0, 99),
)
def test_sent_by_command(sends: list[tuple[int, bytes, bool]], multi: bool, seed: int) -> None:
    world = mxx(writer=fragments(seed))
    mxx_bring_up(world, multi=multi)
    links: list[int | None] = [0, 1, 2] if multi else [None]
    peers = [mxx_connect(world, PORT + (n or 0), n) for n in links]
    expected = [b""] * len(peers)
    for index, payload, fixed in sends:
        number = index % len(peers)
        if not fixed:
            payload = payload.replace(b"\x1a", b"").replace(b"\x1b", b"") or b"x"
        payload = payload.replace(b"\x1b", b"e")  # ESC cancels a fixed length, too
        parameters = ([str(number)] if multi else []) + ([str(len(payload))] if fixed else [])
        line = "AT+QISEND" + ("=" if parameters else "") + ",".join(parameters)
        assert world.ask(line) == b"\r\n> "
        world.send(payload + (b"" if fixed else b"\x1a"))
        assert world.take() == b"\r\nSEND OK\r\n"
        expected[number] += payload
        total = len(expected[number])
        world.settle()
        ack = world.ask("AT+QISACK" + (f"={number}" if multi else ""))
        assert ack == b"\r\n+QISACK: %d, %d, 0\r\n\r\nOK\r\n" % (total, total)
    assert [bytes(peer.received) for peer in peers] == expected


@FEWER
@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.19, 0.21, 0.4]), HOST_DATA), max_size=14),
    st.sampled_from(["3,2,1024,1", "3,2,1,1", "3,10,1460,0", "3,3,10,1"]),
    st.integers(0, 99),
)
def test_transparent_to_the_peer(writes: list[tuple[float, bytes]], config: str, seed: int) -> None:
    """Less than a guard time of silence: every plus is data."""
    world = mxx(writer=fragments(seed), send_limit=2000)
    peer = mxx_transparent(world, f"+QITCFG={config}")
    expected = b""
    for pause, data in writes:
        world.advance(pause)
        # A byte that is no plus, so that the silence before never counts as a guard time.
        world.send(b"." + data)
        expected += b"." + data
    world.send(b".")
    world.advance(5)
    assert bytes(peer.received) == expected + b"."
    assert world.unread == b""


@pytest.mark.parametrize("leave", ["+++", "DTR"])
@FEWER
@given(st.lists(st.tuples(HOST_DATA, PIECES), min_size=1, max_size=5), st.integers(0, 99))
def test_in_and_out_of_data_mode(leave: str, turns: list[tuple[bytes, bytes]], seed: int) -> None:
    """Data of both directions survives any number of escapes and ATOs."""
    world = mxx(writer=fragments(seed))
    peer = mxx_transparent(world, "&D1")
    to_peer = to_host = from_peer = b""
    for typed, sent in turns:
        world.send(b"." + typed)
        to_peer += b"." + typed
        peer.send(sent)
        from_peer += sent
        world.advance(0.6)
        to_host += world.take()
        if leave == "+++":
            world.send(b"+++")
            world.advance(0.6)
        else:
            world.event(LineChanged(LineSignal.DTR, False))
            world.event(LineChanged(LineSignal.DTR, True))
        assert world.take() == b"\r\nOK\r\n"
        peer.send(sent)
        from_peer += sent
        assert world.ask("AT+QISTAT") == b"\r\nOK\r\n\r\nSTATE: CONNECT OK\r\n"
        answer = world.ask("ATO")
        assert answer.startswith(b"\r\nCONNECT\r\n")
        to_host += answer[11:]
    world.advance(1)
    assert to_host + world.take() == from_peer
    assert bytes(peer.received) == to_peer

"""Whatever a client sends to the RFC 2217 server: no exception, no growth, and every data byte as it was."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from vmodem.emulator.endpoints.comport import ComPort, Happening
from vmodem.emulator.endpoints.telnet import Data, Skipped, Subnegotiation, Telnet, escaped, subnegotiation

_VERBS = st.sampled_from([b"\xff" + bytes((verb,)) for verb in range(236, 256)])
_NOISE = st.lists(
    st.one_of(
        st.binary(max_size=20),
        _VERBS,
        st.sampled_from([b"\xff\xfa\x2c", b"\xff\xf0", b"\xff"]),
        st.builds(lambda body: b"\xff\xfa\x2c" + body + b"\xff\xf0", st.binary(max_size=12)),
        st.builds(lambda size: b"\xff\xfa\x2c" + bytes(size) + b"\xff\xf0", st.integers(200, 400)),
    ),
    max_size=30,
).map(b"".join)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """``data`` cut at these places."""
    marks = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(marks)]


def merged(happenings: list[Happening]) -> list[Happening]:
    """With neighbouring data in one."""
    result: list[Happening] = []
    for item in happenings:
        last = result[-1] if result else None
        if isinstance(item, Data) and isinstance(last, Data):
            result[-1] = Data(last.data + item.data)
        else:
            result.append(item)
    return result


def told(chunks: list[bytes]) -> tuple[list[Happening], bytes]:
    """What becomes of them, and what is answered."""
    com, happenings = ComPort({}), []
    answers = com.take()
    for chunk in chunks:
        happenings += com.receive(chunk)
        answers += com.take()
    return merged(happenings), answers


@settings(max_examples=300, deadline=None)
@given(_NOISE, st.lists(st.integers(0, 2000), max_size=8))
def test_anything_in_any_pieces(data: bytes, cuts: list[int]) -> None:
    """Nothing is raised, and the pieces that TCP makes of it do not matter."""
    whole, bytewise = told([data]), told([data[at : at + 1] for at in range(len(data))])
    cut = told(pieces(data, cuts))
    assert whole == bytewise == cut


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=5))
def test_data_comes_through_as_it_was(chunks: list[bytes]) -> None:
    """What one end escapes, the other end reads; both ways."""
    com = ComPort({})
    for chunk in chunks:
        data = b"".join(item.data for item in com.receive(escaped(chunk)) if isinstance(item, Data))
        assert data == chunk
        back = Telnet(frozenset(), frozenset()).receive(com.encode(chunk))
        assert b"".join(item.data for item in back if isinstance(item, Data)) == chunk


@given(st.integers(0, 254), st.binary(max_size=255))
def test_a_subnegotiation_comes_through_as_it_was(option: int, body: bytes) -> None:
    said = subnegotiation(option, body)
    assert Telnet(frozenset(), frozenset()).receive(said) == [Subnegotiation(option, body)]


def reference(data: bytes) -> bytes:
    """The data bytes of a Telnet stream, one byte after the other, straight from RFC 854."""
    out, state = bytearray(), "data"
    for byte in data:
        if state == "data":
            if byte == 255:
                state = "iac"
            else:
                out.append(byte)
        elif state == "iac":
            state = {250: "sb", 251: "verb", 252: "verb", 253: "verb", 254: "verb"}.get(byte, "data")
            if byte == 255:
                out.append(byte)
        elif state == "verb":
            state = "data"
        elif state == "sb":
            state = "sb iac" if byte == 255 else "sb"
        elif state == "sb iac":
            # Inside, 255 255 is a byte, SE the end; a verb still has its option; SB begins anew.
            state = {240: "data", 251: "sb verb", 252: "sb verb", 253: "sb verb", 254: "sb verb"}.get(
                byte, "sb"
            )
        else:
            state = "sb"
    return bytes(out)


@settings(max_examples=300, deadline=None)
@given(_NOISE)
def test_data_is_what_the_reference_says(data: bytes) -> None:
    happenings, _ = told([data])
    assert b"".join(item.data for item in happenings if isinstance(item, Data)) == reference(data)


def test_endless_nonsense_takes_no_memory() -> None:
    com = ComPort({})
    shapes = (b"\xff\xfa\x2c" + bytes(60_000), b"\xff\xff" * 30_000, b"\xff\xfd\x2c\xff\xfb\x07" * 10_000)
    for shape in shapes:
        com.receive(shape)
        com.take()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            for shape in shapes:
                told_now = com.receive(shape)
                assert all(isinstance(item, Data | Skipped) for item in told_now)
                com.take()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 10_000

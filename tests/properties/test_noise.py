"""A bad line does to each write what was ordered, no more, at places that only the seed decides."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vmodem.emulator.scenario.actions import Garble
from vmodem.emulator.scenario.noise import Noise

WRITES = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=8)
SEEDS = st.integers(0, 1 << 32)
LONG, TRIES = bytes(range(8)), 700
KINDS = st.sampled_from(
    [
        {"flip": 1},
        {"flip": 8},
        {"flip": 3},
        {"drop": True},
        {"double": True},
        {"insert": True},
        {"split": "20ms"},
    ]
)


def passed(garble: Garble, seed: int, writes: list[bytes]) -> list[list[tuple[float, bytes]]]:
    """What comes out of each write."""
    noise = Noise()
    noise.arm(garble, Random(seed))
    assert noise.active
    return [noise.pass_on(garble.direction, data) for data in writes]


def whole(pieces: list[tuple[float, bytes]]) -> bytes:
    return b"".join(piece for _, piece in pieces)


def is_within(short: bytes, long: bytes) -> bool:
    """Whether ``short`` is ``long`` with bytes left out."""
    rest = iter(long)
    return all(byte in rest for byte in short)


@given(kind=KINDS, hit=st.integers(1, 6), chunks=st.integers(1, 4), writes=WRITES, seed=SEEDS)
def test_so_many_bytes_of_so_many_writes(
    kind: dict[str, object], hit: int, chunks: int, writes: list[bytes], seed: int
) -> None:
    garble = Garble(bytes=hit, chunks=chunks, **kind)  # type: ignore[arg-type]
    out = passed(garble, seed, writes)
    assert out == passed(garble, seed, writes), "the same seed"
    for number, (data, pieces) in enumerate(zip(writes, out, strict=True)):
        told, places = whole(pieces), min(hit, len(data))
        if number >= chunks:
            assert pieces == [(0.0, data)]
        elif "split" in kind:
            assert told == data
            assert [silence for silence, _ in pieces] == [0.0, 0.02]
            assert pieces[0][1]
            assert pieces[1][1] or len(data) == 1
        elif "flip" in kind:
            turned = [(a ^ b).bit_count() for a, b in zip(data, told, strict=True) if a != b]
            assert turned == [kind["flip"]] * places
        elif "drop" in kind:
            assert len(told) == len(data) - places
            assert is_within(told, data)
        else:
            assert len(told) == len(data) + places
            assert is_within(data, told)


@pytest.mark.parametrize("kind", ["split", "flip", "drop", "double", "insert"])
def test_every_place_is_hit_alike(kind: str) -> None:
    """Of a write of eight bytes; a split has seven places."""
    found: Counter[int] = Counter()
    garble = Garble(**{kind: {"split": "1ms", "flip": 1}.get(kind, True)})  # type: ignore[arg-type]
    for seed in range(TRIES):
        ((_, first), *rest) = passed(garble, seed, [LONG])[0]
        if kind == "split":
            found[len(first)] += 1
            assert first + rest[0][1] == LONG
            continue
        at = next((n for n, byte in enumerate(LONG) if n >= len(first) or first[n] != byte), len(LONG))
        found[at] += 1
    places = range(1, 8 if kind == "split" else 9) if kind in ("split", "double", "insert") else range(8)
    share = TRIES / len(places)
    missing = {place: found[place] for place in places if not 0.5 * share < found[place] < 1.6 * share}
    assert not missing or kind == "insert", found  # an inserted byte may be the one behind it


@given(writes=WRITES, seed=SEEDS)
def test_directions_and_rules_have_chances_of_their_own(writes: list[bytes], seed: int) -> None:
    """What one rule does to one direction does not shift what another does to the other."""
    there, back = Garble(flip=1, chunks=9), Garble(flip=1, chunks=9, direction="to_module")
    noise = Noise()
    noise.arm(there, Random(seed))
    noise.arm(back, Random(seed + 1))
    both = [(noise.pass_on("to_host", data), noise.pass_on("to_module", data)) for data in writes]
    assert [out for out, _ in both] == passed(there, seed, writes)
    assert [out for _, out in both] == passed(back, seed + 1, writes)

"""Checksums of a capture: by whatever way, they are those of the bytes."""

from __future__ import annotations

import random
import struct
import sys
from collections.abc import Callable

import pytest
from vmodem.netstack.capture_sums import MSS, Sums, best, by_integers, by_numpy, word_sum


def _sum(data: bytes) -> int:
    """RFC 1071, word by word."""
    padded = data + b"\0" * (len(data) % 2)
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 2}H", padded)
    return sum(words) % 65535


@pytest.mark.parametrize("length", [0, 1, 2, 3, 499, 500, 501, 502, 1459, 1460, 1461, 65507])
def test_one(length: int) -> None:
    for data in (random.Random(length).randbytes(length), b"\xff" * length, bytes(length)):
        assert word_sum(data) % 65535 == _sum(data)
        assert word_sum(memoryview(data)) % 65535 == _sum(data)


def _by_numpy() -> Sums:
    pytest.importorskip("numpy")
    return by_numpy()


@pytest.mark.parametrize("way", [lambda: by_integers, _by_numpy], ids=["integers", "numpy"])
@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 44])
@pytest.mark.parametrize("begin", [0, 1, 2, 3, 1460])
def test_many(way: Callable[[], Sums], count: int, begin: int) -> None:
    sums = way()
    size = begin + count * MSS + 7
    for data in (random.Random(count).randbytes(size), b"\xff" * size, bytes(size)):
        segments = [data[begin + MSS * n : begin + MSS * (n + 1)] for n in range(count)]
        found = sums(data, begin, segments)
        assert all(type(each) is int for each in found)
        assert [each % 65535 for each in found] == [_sum(each) for each in segments]


def test_without_numpy_there_is_a_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)  # importing it raises ImportError
    assert best.__wrapped__() is by_integers

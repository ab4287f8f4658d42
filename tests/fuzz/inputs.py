"""What a target of the fuzzers is, and how inputs are made of words and of files."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """A part of vmodem."""

    name: str
    make: Callable[[random.Random], bytes]
    one: Callable[[bytes], None]
    """Raises if something is wrong with what the part makes of an input."""


TARGETS: dict[str, Target] = {}


def target(name: str, make: Callable[[random.Random], bytes]) -> Callable[..., Callable[[bytes], None]]:
    """Declare a target: the function holds for every input."""

    def declared(one: Callable[[bytes], None]) -> Callable[[bytes], None]:
        TARGETS[name] = Target(name, make, one)
        return one

    return declared


def mutated(r: random.Random, data: bytes, words: Sequence[bytes]) -> bytes:
    """``data`` with a few small changes: bytes, words of the format, pieces gone, moved or doubled."""
    text = bytearray(data)
    for _ in range(r.choice((0, 1, 1, 1, 2, 3, 8))):
        at, end = sorted((r.randrange(len(text) + 1), min(len(text), r.randrange(len(text) + 1))))
        end = min(end, at + r.choice((1, 3, 20, 200)))
        what = r.randrange(6)
        if what == 0:
            text[at:at] = r.choice(words)
        elif what == 1:
            del text[at:end]
        elif what == 2:
            text[at:end] = r.choice(words)
        elif what == 3:
            text[at:at] = text[at:end] * r.choice((1, 2, 10))
        elif what == 4 and text:
            text[min(at, len(text) - 1)] = r.randrange(256)
        else:
            text[at:at] = r.randbytes(r.randrange(5))
    return bytes(text[:8192])


def pieces(words: Sequence[bytes], most: int = 30) -> Callable[[random.Random], bytes]:
    """Inputs that are words of a format, one behind the other, and now and then anything."""

    def make(r: random.Random) -> bytes:
        chosen = [
            r.choice(words) if r.random() < 0.85 else r.randbytes(r.randrange(6))
            for _ in range(r.randrange(most))
        ]
        return b"".join(chosen)

    return make


@cache
def files(folder: Path, suffix: str) -> tuple[bytes, ...]:
    """What the files of a folder hold."""
    return tuple(path.read_bytes() for path in sorted(folder.glob(f"*{suffix}")))

"""A bad serial line: turned, lost, doubled and invented bytes, and writes that come in two parts."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from msgspec import UNSET

from . import values
from .actions import Garble


@dataclass(slots=True)
class _Armed:
    garble: Garble
    chance: Random
    left: int


class Noise:
    """What happens to the writes of each direction; nothing unless it is armed."""

    def __init__(self) -> None:
        self._armed: dict[str, list[_Armed]] = {"to_host": [], "to_module": []}
        self.active = False

    def arm(self, garble: Garble, chance: Random) -> None:
        """From the next write on; ``chance`` is that of the rule."""
        self._armed[garble.direction].append(_Armed(garble, chance, garble.chunks))
        self.active = True

    def pass_on(self, direction: str, data: bytes) -> list[tuple[float, bytes]]:
        """What comes out: pieces, each with the silence before it, in seconds."""
        armed = self._armed[direction]
        if not armed or not data:
            return [(0.0, data)]
        first = armed[0]
        first.left -= 1
        if not first.left:
            armed.pop(0)
        self.active = any(self._armed.values())
        return _garbled(first.garble, first.chance, data)


def _garbled(garble: Garble, chance: Random, data: bytes) -> list[tuple[float, bytes]]:
    if garble.split is not UNSET:
        cut = chance.randrange(1, len(data)) if len(data) > 1 else 1
        return [(0.0, data[:cut]), (values.seconds(garble.split), data[cut:])]
    places = sorted(chance.sample(range(len(data)), min(garble.bytes, len(data))), reverse=True)
    out = bytearray(data)
    for place in places:
        _hit(garble, chance, out, place)
    return [(0.0, bytes(out))]


def _hit(garble: Garble, chance: Random, out: bytearray, place: int) -> None:
    if garble.flip is not UNSET:
        for bit in chance.sample(range(8), garble.flip):
            out[place] ^= 1 << bit
    elif garble.drop is not UNSET:
        del out[place]
    elif garble.double is not UNSET:
        out.insert(place, out[place])
    elif garble.insert is not UNSET:
        out.insert(place, chance.randrange(256))

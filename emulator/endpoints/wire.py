"""A serial wire in numbers: when a byte is through, and what a receiver at another rate makes of it.

Frames are 8N1, ten bits a byte. Nothing in here knows a clock.
"""

from __future__ import annotations

from functools import lru_cache

FRAME_BITS = 10
TOLERANCE = 0.03
"""How far the rates may be apart before bytes are misread (assumed; 8N1 fails at 5 % in the last bit)."""
_DATA_BITS = 8
_TINY = 1e-4  # of a byte: what floating point may be short of a whole one


class Wire:
    """Counts bytes that follow each other without a gap, from absolute time: nothing adds up to a drift."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._rate = 1
        self._through = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return self._began is None

    def begin(self, now: float, rate: int) -> None:
        """The first byte starts at ``now`` (seconds); ``rate`` in bit/s."""
        self._began, self._rate, self._through = now, rate, 0

    def stop(self) -> None:
        """Nothing is under way."""
        self._began = None

    def through(self, now: float) -> int:
        """How many more bytes are through at ``now`` than at the last call."""
        if self._began is None:
            return 0
        whole = int((now - self._began) * self._rate / FRAME_BITS + _TINY)
        more, self._through = whole - self._through, max(whole, self._through)
        return max(0, more)

    def next(self) -> float:
        """When the next byte is through, in seconds on the clock of :meth:`begin`."""
        assert self._began is not None
        return self._began + (self._through + 1) * FRAME_BITS / self._rate


def alike(sent_at: int, read_at: int) -> bool:
    """Whether two rates in bit/s are near enough for bytes to be read as they were sent."""
    return abs(sent_at - read_at) <= TOLERANCE * read_at


def misread(data: bytes, sent_at: int, read_at: int) -> bytes:
    """What a receiver at ``read_at`` bit/s makes of ``data`` sent at ``sent_at``; each byte as if alone.

    A slower sender's byte may become several, a faster one's may be missed (a start bit that is gone at
    its middle is a glitch). A frame without a stop bit is delivered as it was sampled.
    """
    table = _misreadings(sent_at, read_at)
    return b"".join([table[byte] for byte in data])


@lru_cache(maxsize=16)
def _misreadings(sent_at: int, read_at: int) -> tuple[bytes, ...]:
    return tuple(_frames(byte, sent_at, read_at) for byte in range(256))


def _frames(byte: int, sent_at: int, read_at: int) -> bytes:
    """Sample the waveform of one byte as a UART does. Time is counted in 1 / (2 x both rates) seconds."""
    levels = [0, *(byte >> bit & 1 for bit in range(_DATA_BITS)), 1]
    sent_bit, read_bit = 2 * read_at, 2 * sent_at

    def level(when: int) -> int:
        return levels[min(when // sent_bit, FRAME_BITS - 1)]

    def falling(when: int) -> int | None:
        edges = (bit for bit in range(1, FRAME_BITS) if levels[bit - 1] and not levels[bit])
        return next((bit * sent_bit for bit in edges if bit * sent_bit >= when), None)

    read = bytearray()
    start: int | None = 0
    while start is not None:
        middle = start + read_bit // 2
        if level(middle):
            start = falling(start + 1)
            continue
        read.append(sum(level(middle + (bit + 1) * read_bit) << bit for bit in range(_DATA_BITS)))
        start = falling(middle + (_DATA_BITS + 1) * read_bit)
    return bytes(read)

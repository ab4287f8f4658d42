"""The file format of a capture (pcapng, draft-ietf-opsawg-pcapng): blocks as bytes, whole ones only.

Wireshark, tshark and scapy read it. Little-endian; times in nanoseconds since the Unix epoch.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import Enum


class LinkType(Enum):
    """What the packets of an interface begin with (the tcpdump group's registry)."""

    RAW = 101
    """An IPv4 or IPv6 header."""
    USER0 = 147
    """Whatever the user has agreed on: here the bytes of a serial line."""


class Direction(Enum):
    """Seen from the module: flag word of an Enhanced Packet Block, section 4.3.1."""

    INBOUND = 1
    OUTBOUND = 2

    def __init__(self, word: int) -> None:
        options = struct.pack("<HHIHH", 2, 4, word, 0, 0)
        self.ends = tuple(bytes(padding) + options for padding in range(4))
        """The options of a packet that went this way, behind so many bytes of padding."""

    @property
    def other(self) -> Direction:
        """The other way."""
        return Direction.OUTBOUND if self is Direction.INBOUND else Direction.INBOUND


Part = bytes | bytearray | memoryview

_SECTION, _INTERFACE, _ENHANCED_PACKET = 0x0A0D0D0A, 1, 6
_BYTE_ORDER = 0x1A2B3C4D
_LENGTH_UNKNOWN = 0xFFFFFFFFFFFFFFFF
_NANOSECONDS = 9
_HEAD = struct.Struct("<IIIIIII")
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")
_LOW = 0xFFFFFFFF
_PACKET_OVERHEAD = 44
"""Head (28), the direction's option (8), the end of options (4), the length again (4)."""


def section() -> bytes:
    """The block that begins a file (section 4.1)."""
    body = struct.pack("<IHHQ", _BYTE_ORDER, 1, 0, _LENGTH_UNKNOWN)
    return _block(_SECTION, body + _option(4, b"vmodem") + _option(0, b""))


def interface(kind: LinkType, name: str, description: str) -> bytes:
    """The block that declares the next interface, numbered from 0 (section 4.2)."""
    options = (
        _option(2, name.encode()),
        _option(3, description.encode()),
        _option(9, bytes([_NANOSECONDS])),
        _option(0, b""),
    )
    return _block(_INTERFACE, struct.pack("<HHI", kind.value, 0, 0) + b"".join(options))


def packet(
    blocks: list[Part], number: int, moment: int, direction: Direction, head: Part, data: Part = b""
) -> None:
    """Append the block of a packet of interface ``number`` to ``blocks`` (section 4.3).

    ``moment`` in nanoseconds since the epoch; ``head`` and ``data`` together are the packet.
    """
    begin, end = _around(number, moment >> 32, moment & _LOW, direction, len(head) + len(data))
    blocks += (begin, head, data, end) if data else (begin, head, end)


def packets(
    blocks: list[Part],
    number: int,
    moment: int,
    direction: Direction,
    heads: Sequence[Part],
    data: Sequence[Part],
    answers: Sequence[Part] = (),
) -> None:
    """Append the blocks of many packets that go the same way at the same moment: see :func:`packet`.

    All are of one length but the last. Behind every second one, and behind the last, stands the next of
    ``answers``, packets of one length that go the other way; there are as many as are needed, or none.
    """
    full = len(heads) - 1
    when = moment >> 32, moment & _LOW
    if full:
        begin, end = _around(number, *when, direction, len(heads[0]) + len(data[0]))
        if answers:
            pairs = full // 2
            begin_answer, end_answer = _around(number, *when, direction.other, len(answers[0]))
            made: list[Part] = [begin, b"", b"", end + begin, b"", b"", end + begin_answer, b"", end_answer]
            made *= pairs
            made[1::9], made[4::9] = heads[0 : 2 * pairs : 2], heads[1 : 2 * pairs : 2]
            made[2::9], made[5::9] = data[0 : 2 * pairs : 2], data[1 : 2 * pairs : 2]
            made[7::9] = answers[:pairs]
            if full % 2:
                made += (begin, heads[-2], data[-2], end)
        else:
            made = [begin, b"", b"", end] * full
            made[1::4] = heads[:-1]
            made[2::4] = data[:-1]
        blocks += made
    packet(blocks, number, moment, direction, heads[-1], data[-1])
    if answers:
        packet(blocks, number, moment, direction.other, answers[-1])


def _around(number: int, high: int, low: int, direction: Direction, size: int) -> tuple[bytes, bytes]:
    """What stands before and behind a packet of ``size`` bytes."""
    padding = -size & 3
    total = _PACKET_OVERHEAD + size + padding
    begin = _HEAD.pack(_ENHANCED_PACKET, total, number, high, low, size, size)
    return begin, direction.ends[padding] + total.to_bytes(4, "little")


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + _PADDING[len(value) & 3]


def _block(kind: int, body: bytes) -> bytes:
    total = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + total + body + total

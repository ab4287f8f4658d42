"""Reads captures without any of the code that wrote them: pcapng by the draft, packets with scapy, tshark."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP
from scapy.packet import Packet

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

AT_LINES = 'uat:user_dlts:"User 0 (DLT=147)","at","0","","0",""'
CHECKED = [word for layer in ("ip", "tcp", "udp") for word in ("-o", f"{layer}.check_checksum:TRUE")]
SURPRISES = (
    "_ws.malformed",
    "tcp.analysis.lost_segment",
    "tcp.analysis.ack_lost_segment",
    "tcp.analysis.out_of_order",
    "tcp.analysis.retransmission",
    "tcp.analysis.duplicate_ack",
)
STATUSES = ("ip.checksum.status", "tcp.checksum.status", "udp.checksum.status", "icmp.checksum.status")
GOOD = "1"


@dataclass(frozen=True)
class Record:
    """One record: the interface's name, the way it went (seen from the module), when, and its bytes."""

    interface: str
    outbound: bool
    time: int
    data: bytes


def blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The type and body of every block; raises ``ValueError`` if the last one is not whole."""
    at = 0
    while at < len(data):
        if len(data) - at < 12:
            raise ValueError(f"half a block at {at}")
        kind, length = struct.unpack_from("<II", data, at)
        if length % 4 or length < 12 or at + length > len(data):
            raise ValueError(f"half a block at {at}")
        if struct.unpack_from("<I", data, at + length - 4) != (length,):
            raise ValueError(f"the lengths of the block at {at} differ")
        yield kind, data[at + 8 : at + length - 4]
        at += length


def options(data: bytes) -> dict[int, bytes]:
    """The options at the end of a block's body."""
    found: dict[int, bytes] = {}
    at = 0
    while True:
        code, length = struct.unpack_from("<HH", data, at)
        if code == 0:
            return found
        found[code] = data[at + 4 : at + 4 + length]
        at += 4 + length + -length % 4


def records(data: bytes) -> list[Record]:
    """All packets of a capture in the file's order."""
    names: list[str] = []
    found = []
    for kind, body in blocks(data):
        if kind == 1:
            names.append(options(body[8:])[2].decode())
        elif kind == 6:
            number, high, low, size, original = struct.unpack_from("<IIIII", body)
            assert size == original
            flags = struct.unpack("<I", options(body[20 + size + -size % 4 :])[2])[0]
            payload = body[20 : 20 + size]
            found.append(Record(names[number], {1: False, 2: True}[flags], high << 32 | low, payload))
    return found


def line(found: list[Record], *, outbound: bool, name: str = "") -> bytes:
    """All that the module wrote to its AT line (or all that it read)."""
    return b"".join(r.data for r in found if r.interface.endswith(f"{name} line") and r.outbound is outbound)


def air(found: list[Record], name: str = "") -> list[tuple[bool, Packet]]:
    """The IP packets and which way they went."""
    return [(r.outbound, IP(r.data)) for r in found if r.interface.endswith(f"{name} air")]


Ends = tuple[str, int, str, int]


def streams(found: list[Record]) -> dict[Ends, bytes]:
    """What each TCP stream carried, one for each direction; a port that is used again begins anew.

    Raises ``AssertionError`` for a gap, for data sent twice, and for data that nobody acknowledged though the
    connection ended with a FIN.
    """
    carried: dict[Ends, bytearray] = {}
    follows: dict[Ends, int] = {}
    for _, packet in air(found):
        if TCP not in packet:
            continue
        tcp = packet[TCP]
        ends = (packet.src, tcp.sport, packet.dst, tcp.dport)
        data = bytes(tcp.payload)
        if "S" in tcp.flags:
            carried[ends] = bytearray()
            follows[ends] = (tcp.seq + 1) & 0xFFFFFFFF
            continue
        if ends not in follows or not data:
            continue
        assert tcp.seq == follows[ends], "a gap, or the same data twice"
        assert len(data) <= 1460
        carried[ends] += data
        follows[ends] = (tcp.seq + len(data)) & 0xFFFFFFFF
    return {ends: bytes(data) for ends, data in carried.items()}


def tshark(path: Path, *words: str) -> str:
    """What tshark prints of a capture; the end of a file that is still being written is no failure."""
    command = ["tshark", "-r", str(path), *CHECKED, "-o", AT_LINES, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def complaints(path: Path) -> list[str]:
    """All that tshark finds wrong: malformed packets, bad checksums, TCP that cannot have been so."""
    wanted = ("frame.number", "frame.protocols", *SURPRISES, *STATUSES)
    fields = [word for field in wanted for word in ("-e", field)]
    found = []
    for row in tshark(path, "-T", "fields", *fields).splitlines():
        number, protocols, *rest = row.split("\t")
        surprises, statuses = rest[: len(SURPRISES)], rest[len(SURPRISES) :]
        found += [
            f"frame {number}: {name}" for name, value in zip(SURPRISES, surprises, strict=True) if value
        ]
        for name, value in zip(STATUSES, statuses, strict=True):
            # an ICMP error quotes a packet whose end it does not have: that has no status
            known = [status for status in value.split(",") if status]
            layers = protocols.split(":").count(name.partition(".")[0])
            if any(status != GOOD for status in known[:1]) or (layers and not known):
                found.append(f"frame {number}: {name} {value or 'missing'}")
    return found

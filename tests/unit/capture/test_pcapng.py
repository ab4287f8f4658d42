"""The blocks of a capture file, by the draft and as scapy reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from capture_reader import blocks, options, records
from scapy.utils import RawPcapNgReader
from vmodem.netstack.capture import Capture
from vmodem.netstack.pcapng import Direction, LinkType, Part, interface, packet, section


def test_a_section_begins_the_file() -> None:
    assert section() == bytes.fromhex(
        "0a0d0d0a2c0000004d3c2b1a01000000ffffffffffffffff04000600766d6f64656d0000000000002c000000"
    )


def test_an_interface_has_a_name_and_counts_nanoseconds() -> None:
    [(kind, body)] = blocks(interface(LinkType.USER0, "m line", "what"))
    assert kind == 1
    assert body[:8] == bytes.fromhex("9300000000000000")  # 147, no limit to the packets' length
    assert options(body[8:]) == {2: b"m line", 3: b"what", 9: b"\x09"}


def test_a_packet_of_any_length_fills_its_block() -> None:
    for size in range(6):
        written: list[Part] = []
        packet(written, 1, 0x0102030405060708, Direction.OUTBOUND, b"abcde"[:size], b"")
        [(kind, body)] = blocks(b"".join(written))
        assert kind == 6
        assert body[:12] == bytes.fromhex("010000000403020108070605")
        assert body[12:20] == size.to_bytes(4, "little") * 2
        assert body[20 : 20 + size] == b"abcde"[:size]
        assert not any(body[20 + size : 20 + size + -size % 4])
        assert options(body[20 + size + -size % 4 :]) == {2: b"\2\0\0\0"}


def test_scapy_reads_it(tmp_path: Path) -> None:
    capture = Capture(("a", "b"), 1_700_000_000_123_456_789)
    capture.modems[0].host(0.5, b"AT\r")
    capture.modems[1].module(0.75, b"\r\nOK\r\n")
    written = capture.take()
    (tmp_path / "file").write_bytes(written)
    read: list[tuple[bytes, Any]] = list(RawPcapNgReader(str(tmp_path / "file")))
    assert [(data, about.ifname, about.direction) for data, about in read] == [
        (b"AT\r", b"a line", 1),
        (b"\r\nOK\r\n", b"b line", 2),
    ]
    assert [r.time for r in records(written)] == [1_700_000_000_623_456_789, 1_700_000_000_873_456_789]


def test_what_is_taken_is_taken_once() -> None:
    capture = Capture(("a",), 0)
    assert len(list(blocks(capture.take()))) == 3
    assert capture.take() == b""


def test_many_line_bytes_are_cut_to_what_wireshark_takes() -> None:
    capture = Capture(("a",), 0)
    capture.modems[0].module(0.0, bytes(200_000))
    sizes = [len(record.data) for record in records(capture.take())]
    assert sum(sizes) == 200_000
    assert max(sizes) <= 262_144

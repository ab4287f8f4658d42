"""TCP connections of a capture: each way to begin, to carry and to end, segment by segment."""

from __future__ import annotations

from pathlib import Path

import pytest
from capture_reader import Record, air, complaints, needs_tshark, records, streams
from scapy.layers.inet import ICMP, IP, TCP
from vmodem.emulator.effects import (
    CloseSocket,
    Effect,
    Listen,
    OpenSocket,
    PauseReceiving,
    ResumeReceiving,
    SendData,
    Transport,
)
from vmodem.emulator.events import (
    Accepted,
    Acknowledged,
    Address,
    Closed,
    Connected,
    ConnectFailed,
    ConnectionLost,
    Event,
    Failure,
    Listening,
    PeerClosed,
    Received,
)
from vmodem.netstack.capture import Capture

MODULE, PEER = "10.64.1.2", Address("203.0.113.5", 8500)
OPEN = OpenSocket(1, Transport.TCP, PEER, 0, MODULE)
UP = Connected(1, Address("127.0.0.1", 40001))


class Telling:
    """Tells a capture one thing after the other, a second apart."""

    def __init__(self) -> None:
        self.capture = Capture(("m",), 0)
        self.modem = self.capture.modems[0]
        self.now = 0.0
        self._data = b""

    def tell(self, *things: Event | Effect, apart: float = 0.01) -> None:
        for thing in things:
            if isinstance(thing, Event):
                self.modem.event(self.now, thing)
            else:
                self.modem.effect(self.now, thing)
            self.now += apart

    @property
    def found(self) -> list[Record]:
        self._data += self.capture.take()
        return records(self._data)

    @property
    def data(self) -> bytes:
        assert self.found is not None
        return self._data

    @property
    def seen(self) -> list[str]:
        """Each segment: the way it went, flags, sequence number and acknowledgement since the SYNs, bytes."""
        base: dict[bool, int] = {}
        said = []
        for outbound, packet in air(self.found):
            tcp = packet[TCP]
            if "S" in tcp.flags:
                base[outbound] = tcp.seq
            seq = tcp.seq - base[outbound] & 0xFFFFFFFF if outbound in base else tcp.seq
            ack = f" {tcp.ack - base[not outbound] & 0xFFFFFFFF}" if "A" in tcp.flags else ""
            size = f" ({len(tcp.payload)})" if len(tcp.payload) else ""
            said.append(f"{'>' if outbound else '<'} {tcp.flags} {seq}{ack}{size}")
        return said


def opened(*things: Event | Effect) -> Telling:
    telling = Telling()
    telling.tell(OPEN)
    telling.modem.connecting(1, UP.local)
    telling.tell(UP, *things)
    assert telling.seen[:3] == ["> S 0", "< SA 0 1", "> A 1 1"]
    return telling


def behind_the_handshake(*things: Event | Effect) -> list[str]:
    return opened(*things).seen[3:]


# ---- opening -------------------------------------------------------------------------------------


def test_the_addresses_are_the_modules_and_the_port_is_the_one_that_is_told() -> None:
    telling = Telling()
    telling.tell(OPEN)
    telling.modem.connecting(1, Address("127.0.0.1", 40001))
    [(_, syn)] = air(telling.found)
    assert (syn.src, syn[TCP].sport, syn.dst, syn[TCP].dport) == (MODULE, 40001, *PEER)
    assert syn[TCP].options == [("MSS", 1460)]
    telling.tell(UP)
    assert telling.seen == ["> S 0", "< SA 0 1", "> A 1 1"]


def test_a_port_that_the_firmware_chose_stays() -> None:
    telling = Telling()
    telling.tell(OpenSocket(1, Transport.TCP, PEER, 5000, MODULE))
    telling.modem.connecting(1, Address("127.0.0.1", 40001))
    telling.tell(UP)
    assert {packet[TCP].sport for outbound, packet in air(telling.found) if outbound} == {5000}


def test_where_nobody_tells_the_port_the_syn_is_written_soon() -> None:
    telling = Telling()
    telling.tell(OPEN, apart=1.0)
    assert telling.seen == []
    telling.modem.module(telling.now, b"\r\nOK\r\n")
    assert [record.interface for record in telling.found] == ["m air", "m line"]
    assert [record.time for record in telling.found] == [10_000_000, 1_000_000_000]
    telling.tell(UP)
    ports = {packet[TCP].sport if outbound else packet[TCP].dport for outbound, packet in air(telling.found)}
    assert len(ports) == 1, "the port that the SYN had stays"


def test_refused() -> None:
    telling = Telling()
    telling.tell(OPEN, ConnectFailed(1, Failure.REFUSED))
    assert [line[0] for line in telling.seen] == [">", "<"]
    (_, syn), (_, rst) = air(telling.found)
    assert (rst[TCP].flags, rst[TCP].seq, rst[TCP].ack) == ("RA", 0, syn[TCP].seq + 1)


@pytest.mark.parametrize(("failure", "code"), [(Failure.UNREACHABLE, 1), (Failure.FORBIDDEN, 13)])
def test_the_network_says_that_the_peer_cannot_be_reached(failure: Failure, code: int) -> None:
    telling = Telling()
    telling.tell(OPEN, ConnectFailed(1, failure))
    (_, syn), (inbound, icmp) = air(telling.found)
    assert not inbound
    assert (icmp.dst, icmp[ICMP].type, icmp[ICMP].code) == (MODULE, 3, code)
    assert bytes(icmp[ICMP].payload) == bytes(syn)[:28]


@pytest.mark.parametrize("failure", [Failure.NOT_FOUND, Failure.ADDRESS_IN_USE, Failure.NO_RESOURCES])
def test_what_fails_inside_the_module_is_not_on_the_air(failure: Failure) -> None:
    telling = Telling()
    telling.tell(OPEN, ConnectFailed(1, failure), apart=0.001)
    telling.modem.host(9.0, b"AT")
    assert telling.seen == []


def test_an_unanswered_syn_is_repeated_until_the_module_gives_up() -> None:
    telling = Telling()
    telling.tell(OPEN, apart=5.0)
    telling.modem.connecting(1, UP.local)
    telling.modem.host(telling.now, b"AT")
    telling.tell(CloseSocket(1, abort=True), apart=100.0)
    telling.modem.host(telling.now, b"AT")
    assert [r.time / 1e9 for r in telling.found if r.interface == "m air"] == [0, 1, 3]
    assert telling.seen == ["> S 0"] * 3
    assert [r.time for r in telling.found] == sorted(r.time for r in telling.found)


def test_an_answered_syn_is_not_repeated() -> None:
    telling = opened()
    telling.modem.host(100.0, b"AT")
    assert len(telling.seen) == 3


@pytest.mark.parametrize(
    ("remote", "port", "source"),
    [
        (Address("a.name", 80), 0, MODULE),
        (Address("1.2.3.4", 0), 0, MODULE),
        (PEER, 65536, MODULE),
        (PEER, 0, ""),
    ],
)
def test_what_no_packet_can_say_is_not_said(remote: Address, port: int, source: str) -> None:
    telling = Telling()
    telling.tell(OpenSocket(1, Transport.TCP, remote, port, source), ConnectFailed(1, Failure.UNREACHABLE))
    telling.modem.host(9.0, b"AT")
    assert telling.seen == []


def test_another_connection_between_the_same_ports_has_other_numbers() -> None:
    telling = opened(CloseSocket(1, abort=True))
    telling.tell(OpenSocket(2, Transport.TCP, PEER, 40001, MODULE), Connected(2, Address("127.0.0.1", 40001)))
    first, second = (packet[TCP] for _, packet in air(telling.found) if packet[TCP].flags == "S")
    assert (first.sport, first.dport) == (second.sport, second.dport)
    assert abs(first.seq - second.seq) > 100_000_000


def test_a_client_of_a_listener() -> None:
    telling = Telling()
    client = Address("198.51.100.7", 51000)
    telling.tell(
        Listen(1, Transport.TCP, 0, MODULE),
        Listening(1, Address("127.0.0.1", 7000)),
        Accepted(1, -1, Address("127.0.0.1", 7000), client),
        Received(-1, b"hi", client),
        SendData(-1, b"you"),
        Acknowledged(-1, 3),
        CloseSocket(1),
        PeerClosed(-1),
    )
    assert telling.seen == [
        "< S 0",
        "> SA 0 1",
        "< A 1 1",
        "< PA 1 1 (2)",
        "> A 1 3",
        "> PA 1 3 (3)",
        "< A 3 4",
        "< FA 3 4",
        "> A 4 4",
    ]
    syn = air(telling.found)[0][1]
    assert (syn.src, syn[TCP].sport, syn.dst, syn[TCP].dport) == (*client, MODULE, 7000)


# ---- data ----------------------------------------------------------------------------------------


def test_data_is_cut_at_the_mss_and_pushed_at_its_end() -> None:
    assert behind_the_handshake(SendData(1, bytes(3000)), Acknowledged(1, 1460), Acknowledged(1, 3000)) == [
        "> A 1 1 (1460)",
        "> A 1461 1 (1460)",
        "> PA 2921 1 (80)",
        "< A 1 1461",
        "< A 1 3001",
    ]


def test_received_data_is_acknowledged_every_second_segment() -> None:
    assert behind_the_handshake(Received(1, bytes(4000), PEER)) == [
        "< A 1 1 (1460)",
        "< A 1461 1 (1460)",
        "> A 1 2921",
        "< PA 2921 1 (1080)",
        "> A 1 4001",
    ]


def test_no_more_is_in_flight_than_the_window_allows() -> None:
    telling = opened(SendData(1, bytes(100_000)))
    size = 44 * 1460
    assert telling.seen[-1] == f"> A {1 + size - 1460} 1 (1460)"
    telling.tell(Acknowledged(1, 1460))
    assert telling.seen[-1] == f"> A {1 + size} 1 (1460)"
    telling.tell(Acknowledged(1, 100_000))
    assert len(streams(telling.found)[MODULE, 40001, *PEER]) == 100_000
    assert telling.seen[-1] == "< A 1 100001"


def test_more_is_never_acknowledged_than_was_sent() -> None:
    assert behind_the_handshake(SendData(1, b"abc"), Acknowledged(1, 9))[-1] == "< A 1 4"
    assert behind_the_handshake(SendData(1, b"abc"), Acknowledged(1, 3), Acknowledged(1, 3))[1:] == [
        "< A 1 4"
    ]


def test_a_module_that_takes_nothing_closes_its_window() -> None:
    telling = opened(Received(1, b"abc", PEER), PauseReceiving(1), ResumeReceiving(1))
    assert telling.seen[5:] == ["> A 1 4", "> A 1 4"]
    assert [packet[TCP].window for _, packet in air(telling.found)[5:]] == [0, 65535]


def test_of_nothing_there_is_no_segment_and_nothing_waits_behind_it() -> None:
    assert behind_the_handshake(SendData(1, b""), SendData(1, b"abc"), Acknowledged(1, 3)) == [
        "> PA 1 1 (3)",
        "< A 1 4",
    ]


COUNTING = bytes(range(256)) * 20


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\x00\x01\x02",
        b"\0",
        COUNTING,
        COUNTING[:1460],
        COUNTING[1:4382],
        bytes(2921),
        b"\xff" * 4380,
    ],
    ids=["odd", "NUL", "long", "full", "full and odd", "nothing but NUL", "ones"],
)
def test_every_byte_counts_in_the_checksum(data: bytes) -> None:
    telling = opened(SendData(1, data), Received(1, b"", PEER), Received(1, data, PEER))
    for _, packet in air(telling.found):
        whole = IP(bytes(packet))
        checksums = whole.chksum, whole[TCP].chksum
        del whole.chksum, whole[TCP].chksum
        again = IP(bytes(whole))
        assert checksums == (again.chksum, again[TCP].chksum)


# ---- the end -------------------------------------------------------------------------------------


def test_the_module_closes_first() -> None:
    assert behind_the_handshake(SendData(1, b"abc"), Acknowledged(1, 3), CloseSocket(1), Closed(1)) == [
        "> PA 1 1 (3)",
        "< A 1 4",
        "> FA 4 1",
        "< FA 1 5",
        "> A 5 2",
    ]


def test_what_nobody_told_to_be_acknowledged_is_by_the_end() -> None:
    assert behind_the_handshake(SendData(1, b"abc"), CloseSocket(1), Closed(1)) == [
        "> PA 1 1 (3)",
        "> FA 4 1",
        "< A 1 4",
        "< FA 1 5",
        "> A 5 2",
    ]


def test_the_peer_closes_first() -> None:
    assert behind_the_handshake(PeerClosed(1), SendData(1, b"abc"), CloseSocket(1), Closed(1)) == [
        "< FA 1 1",
        "> A 1 2",
        "> PA 1 2 (3)",
        "> FA 4 2",
        "< A 2 4",
        "< A 2 5",
    ]


def test_a_fin_waits_behind_what_is_held() -> None:
    telling = opened(SendData(1, bytes(100_000)), CloseSocket(1))
    assert "FA" not in telling.seen[-1]
    telling.tell(Closed(1))
    assert telling.seen[-4:] == ["> FA 100001 1", "< A 1 100001", "< FA 1 100002", "> A 100002 2"]
    assert len(streams(telling.found)[MODULE, 40001, *PEER]) == 100_000


@pytest.mark.parametrize(
    ("end", "segments"),
    [
        ([CloseSocket(1, abort=True)], ["> RA 1 1"]),
        ([CloseSocket(1), CloseSocket(1, abort=True)], ["> FA 1 1", "> RA 2 1"]),
        ([ConnectionLost(1, Failure.RESET)], ["< RA 1 1"]),
        ([PeerClosed(1), ConnectionLost(1, Failure.RESET)], ["< FA 1 1", "> A 1 2", "< RA 2 1"]),
        ([ConnectionLost(1, Failure.TIMED_OUT)], []),
    ],
)
def test_without_a_goodbye(end: list[Event | Effect], segments: list[str]) -> None:
    telling = opened(*end)
    telling.tell(
        SendData(1, b"late"), Received(1, b"late", PEER), Acknowledged(1, 1), PeerClosed(1), Closed(1)
    )
    assert telling.seen[3:] == segments


# ---- what checks captures is checked -------------------------------------------------------------


@needs_tshark
def test_tshark_complains_when_something_is_wrong(tmp_path: Path) -> None:
    telling = opened(SendData(1, bytes(3000)), Acknowledged(1, 3000), CloseSocket(1), Closed(1))
    file = tmp_path / "c.pcapng"
    file.write_bytes(telling.data)
    assert complaints(file) == []
    damaged = bytearray(telling.data)
    damaged[damaged.rindex(bytes(1400))] ^= 1
    file.write_bytes(damaged)
    assert len(complaints(file)) == 1
    assert "tcp.checksum.status" in complaints(file)[0]

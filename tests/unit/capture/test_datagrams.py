"""Datagrams and names of a capture."""

from __future__ import annotations

import pytest
from capture_reader import Record, air, records
from scapy.layers.dns import DNS
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.ntp import NTPHeader
from vmodem.emulator.effects import (
    AskNtp,
    CloseSocket,
    Effect,
    Listen,
    OpenSocket,
    Ping,
    Resolve,
    SendData,
    Transport,
)
from vmodem.emulator.events import (
    Accepted,
    Address,
    Connected,
    Event,
    Failure,
    Listening,
    NtpAnswered,
    NtpFailed,
    PingAnswered,
    PingFailed,
    Received,
    Resolved,
    ResolveFailed,
)
from vmodem.netstack.capture import Capture
from vmodem.netstack.capture_packets import NETWORK

MODULE, PEER = "10.64.1.2", Address("203.0.113.5", 8500)
OTHER = Address("198.51.100.9", 77)


def told(*things: Event | Effect) -> list[Record]:
    capture = Capture(("m",), 0)
    modem = capture.modems[0]
    for thing in things:
        if isinstance(thing, Event):
            modem.event(1.0, thing)
        else:
            modem.effect(1.0, thing)
    return records(capture.take())


def seen(*things: Event | Effect) -> list[tuple[str, Address, Address, bytes]]:
    """Which way, from where, to where, what."""
    found = []
    for outbound, packet in air(told(*things)):
        udp = packet[UDP]
        ends = Address(packet.src, udp.sport), Address(packet.dst, udp.dport)
        found.append((">" if outbound else "<", *ends, bytes(udp.payload)))
    return found


UP = (OpenSocket(1, Transport.UDP, PEER, 0, MODULE), Connected(1, Address("0.0.0.0", 40001)))
HERE = Address(MODULE, 40001)


def test_opening_and_closing_say_nothing() -> None:
    assert seen(*UP, CloseSocket(1), SendData(1, b"late"), Received(1, b"late", PEER)) == []


def test_to_and_from_the_destination_and_anybody() -> None:
    assert seen(
        *UP,
        SendData(1, b"one"),
        SendData(1, b"two", OTHER),
        Received(1, b"three", OTHER),
        Received(1, b"", PEER),
    ) == [
        (">", HERE, PEER, b"one"),
        (">", HERE, OTHER, b"two"),
        ("<", OTHER, HERE, b"three"),
        ("<", PEER, HERE, b""),
    ]


def test_a_socket_without_a_destination() -> None:
    opened = OpenSocket(1, Transport.UDP, None, 3030, MODULE), Connected(1, Address("0.0.0.0", 3030))
    assert seen(*opened, SendData(1, b"x", OTHER)) == [(">", Address(MODULE, 3030), OTHER, b"x")]


def test_a_server_and_its_senders() -> None:
    server = Address(MODULE, 6000)
    assert seen(
        Listen(1, Transport.UDP, 6000, MODULE),
        Listening(1, Address("127.0.0.1", 6000)),
        Accepted(1, -1, Address("127.0.0.1", 6000), OTHER),
        Received(-1, b"hello", OTHER),
        SendData(-1, b"you"),
        SendData(1, b"third", PEER),
        CloseSocket(1),
        SendData(-1, b"still"),
    ) == [
        ("<", OTHER, server, b"hello"),
        (">", server, OTHER, b"you"),
        (">", server, PEER, b"third"),
        (">", server, OTHER, b"still"),
    ]


def test_many_destinations() -> None:
    peers = [Address(f"198.51.100.{n}", 1000 + n) for n in range(100)]
    sent = [SendData(1, bytes([n]), peer) for n, peer in enumerate(peers)] * 2
    assert [(to, data) for _, _, to, data in seen(*UP, *sent)] == [(s.to, s.data) for s in sent]


@pytest.mark.parametrize("to", [Address("no.address", 5), Address("1.2.3.4", 0), Address("1.2.3.4", 65536)])
def test_where_no_datagram_can_go_none_goes(to: Address) -> None:
    assert seen(*UP, SendData(1, b"x", to)) == []


def test_the_longest_datagram() -> None:
    [(*_, data)] = seen(*UP, SendData(1, bytes(65508)), SendData(1, bytes(65507)))
    assert len(data) == 65507


@pytest.mark.parametrize("data", [b"", b"a", b"ab", bytes(3), b"\xff\xff", bytes(range(256)) * 5 + b"\x80"])
def test_checksums(data: bytes) -> None:
    for _, packet in air(told(*UP, SendData(1, data), Received(1, data, PEER))):
        whole = IP(bytes(packet))
        checksums = whole.chksum, whole[UDP].chksum
        del whole.chksum, whole[UDP].chksum
        again = IP(bytes(whole))
        assert checksums == (again.chksum, again[UDP].chksum)


def test_a_checksum_of_zero_is_sent_as_ones() -> None:
    """RFC 768: zero would mean that there is none."""
    [(_, packet)] = air(told(*UP, SendData(1, bytes(2))))
    filling_up = packet[UDP].chksum.to_bytes(2, "big")
    [(_, packet)] = air(told(*UP, SendData(1, filling_up)))
    assert packet[UDP].chksum == 0xFFFF


# ---- names ---------------------------------------------------------------------------------------

ASK = Resolve(5, "Api.example.com", ("8.8.8.8", "1.1.1.1"), MODULE)


def names(*things: Event | Effect) -> list[tuple[str, Address, Address, DNS]]:
    return [(way, source, to, DNS(data)) for way, source, to, data in seen(*things)]


def test_a_name_is_asked_for_at_the_configured_server() -> None:
    (out, source, server, query), (back, *ends, answer) = names(ASK, Resolved(5, ("1.2.3.4", "1.2.3.5"), 60))
    assert (out, source.host, server) == (">", MODULE, Address("8.8.8.8", 53))
    assert (back, ends) == ("<", [server, source])
    assert (query.qr, query.rd, query.qd[0].qname, query.qd[0].qtype) == (0, 1, b"Api.example.com.", 1)
    assert (answer.id, answer.qr, answer.rcode, answer.qd[0].qname) == (query.id, 1, 0, b"Api.example.com.")
    assert [(a.rrname, a.rdata, a.ttl) for a in answer.an] == [
        (b"Api.example.com.", "1.2.3.4", 60),
        (b"Api.example.com.", "1.2.3.5", 60),
    ]


def test_without_a_configured_server_the_networks_own_is_asked() -> None:
    [(_, _, server, _)] = names(Resolve(5, "a.example", (), MODULE))
    assert server == Address(NETWORK, 53)


@pytest.mark.parametrize(("failure", "rcode"), [(Failure.NOT_FOUND, 3), (Failure.REFUSED, 2)])
def test_a_server_that_knows_no_address(failure: Failure, rcode: int) -> None:
    (_, _, _, query), (_, _, _, answer) = names(ASK, ResolveFailed(5, failure))
    assert (answer.id, answer.rcode, answer.ancount) == (query.id, rcode, 0)


@pytest.mark.parametrize("failure", [Failure.TIMED_OUT, Failure.UNREACHABLE, Failure.FORBIDDEN])
def test_a_server_that_is_silent(failure: Failure) -> None:
    assert len(names(ASK, ResolveFailed(5, failure))) == 1


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64 + ".example", "a." * 130, "\u00fc.example"])
def test_what_no_question_can_hold_is_not_asked(name: str) -> None:
    assert names(Resolve(5, name, (), MODULE), ResolveFailed(5, Failure.NOT_FOUND)) == []


def test_each_question_has_a_port_and_a_number_of_its_own() -> None:
    found = names(*(Resolve(n, "a.example", (), MODULE) for n in range(3)))
    assert len({(source.port, query.id) for _, source, _, query in found}) == 3


# ---- echoes and the time -------------------------------------------------------------------------

PING = Ping(6, "203.0.113.9", 32, 4.0, MODULE)


def test_a_ping_and_its_reply() -> None:
    (out, request), (back, reply) = air(told(PING, PingAnswered(6, 0.1, 57)))
    assert (out, request.src, request.dst, request[ICMP].type) == (True, MODULE, PING.address, 8)
    assert (back, reply.src, reply.dst, reply[ICMP].type) == (False, PING.address, MODULE, 0)
    assert (reply[ICMP].id, reply[ICMP].seq, reply.ttl) == (request[ICMP].id, request[ICMP].seq, 57)
    assert bytes(reply[ICMP].payload) == bytes(request[ICMP].payload)
    assert len(request[ICMP].payload) == 32


@pytest.mark.parametrize(
    ("failure", "code"),
    [(Failure.TIMED_OUT, None), (Failure.UNREACHABLE, 1), (Failure.FORBIDDEN, 13)],
)
def test_a_ping_without_a_reply(failure: Failure, code: int | None) -> None:
    packets = [packet for _, packet in air(told(PING, PingFailed(6, failure)))]
    assert [packet[ICMP].code for packet in packets[1:]] == ([] if code is None else [code])


NTP = AskNtp(7, Address("203.0.113.9", 123), 5.0, MODULE)


def test_a_question_for_the_time_and_its_answer() -> None:
    (out, source, server, asked), (back, *ends, told_) = seen(NTP, NtpAnswered(7, 1_700_000_000.5))
    assert (out, source.host, server) == (">", MODULE, NTP.server)
    assert (back, ends) == ("<", [server, source])
    question, answer = NTPHeader(asked), NTPHeader(told_)
    assert (question.mode, answer.mode, answer.version) == (3, 4, 4)
    assert answer.orig == question.sent == 1 + 2_208_988_800
    assert answer.sent == answer.recv == 1_700_000_000.5 + 2_208_988_800


def test_nobody_tells_the_time() -> None:
    assert len(seen(NTP, NtpFailed(7, Failure.TIMED_OUT))) == 1
    (_, _), (_, icmp) = air(told(NTP, NtpFailed(7, Failure.REFUSED)))
    assert (icmp.src, icmp[ICMP].type, icmp[ICMP].code) == (NTP.server.host, 3, 3)

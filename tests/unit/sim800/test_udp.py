"""UDP: one sender or every sender, the destination that AT+CIPUDPMODE=2 sets, datagrams kept whole."""

from __future__ import annotations

from sim800_bench import OTHER, PROMPT, SERVER, UDP_PORT, Bench, said
from vmodem.netstack.memory import UdpPeer

STRANGER = "10.78.103.220"


def port_of(bench: Bench, peer: UdpPeer) -> int:
    """The module's own port, learnt from a datagram that it sends."""
    bench.does("AT+CIPSEND=1", PROMPT)
    assert bench.types(b"?") == said("SEND OK")
    return peer.received[-1].source.port


def test_only_the_peer_is_heard_in_normal_mode() -> None:
    bench = Bench().single()
    peer = bench.udp()
    port = port_of(bench, peer)
    bench.net.udp(STRANGER, 5678).send(b"stranger", port)
    bench.net.udp(SERVER, 5678).send(b"other port", port)
    peer.send(b"peer", port)
    bench.settles()
    bench.hears(b"peer")


def test_everybody_is_heard_in_extended_mode_and_the_destination_may_change() -> None:
    bench = Bench().single()
    bench.does("AT+CIPSRIP=1;+CIPHEAD=1;+CIPUDPMODE=1", "OK")
    bench.does("AT+CIPUDPMODE?", "+CIPUDPMODE: 1", "OK")
    peer = bench.udp()
    bench.does("AT+CIPUDPMODE?", f'+CIPUDPMODE: 1,"{SERVER}",{UDP_PORT}', "OK")
    port = port_of(bench, peer)
    stranger = bench.net.udp(STRANGER, 5678)
    stranger.send(b"hello", port)
    bench.settles()
    bench.hears(f"\r\nRECV FROM:{STRANGER}:5678\r\n+IPD,5:hello".encode())
    bench.does(f'AT+CIPUDPMODE=2,"{STRANGER}",5678', "OK")
    bench.does("AT+CIPUDPMODE?", f'+CIPUDPMODE: 1,"{STRANGER}",5678', "OK")
    bench.does("AT+CIPSEND=2", PROMPT)
    assert bench.types(b"hi") == said("SEND OK")
    assert [datagram.data for datagram in stranger.received] == [b"hi"]
    peer.send(b"still heard", port)
    bench.settles()
    bench.hears(f"\r\nRECV FROM:{SERVER}:{UDP_PORT}\r\n+IPD,11:still heard".encode())
    bench.does("AT+CIPUDPMODE=0", "ERROR")
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    bench.does("AT+CIPUDPMODE?", "+CIPUDPMODE: 1", "OK")
    bench.does(f'AT+CIPUDPMODE=2,"{STRANGER}",5678', "ERROR")
    bench.does("AT+CIPUDPMODE=0", "OK")
    bench.does("AT+CIPUDPMODE?", "+CIPUDPMODE: 0", "OK")


def test_the_next_cipstart_sends_to_its_own_address_again() -> None:
    bench = Bench().single()
    bench.does("AT+CIPUDPMODE=1", "OK")
    bench.udp()
    bench.does(f'AT+CIPUDPMODE=2,"{STRANGER}",5678', "OK")
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    bench.udp(host=OTHER)
    bench.does("AT+CIPUDPMODE?", f'+CIPUDPMODE: 1,"{OTHER}",{UDP_PORT}', "OK")


def test_mode_2_needs_a_udp_link_in_extended_mode() -> None:
    bench = Bench().single()
    bench.does(f'AT+CIPUDPMODE=2,"{STRANGER}",5678', "ERROR")
    bench.udp()
    bench.does(f'AT+CIPUDPMODE=2,"{STRANGER}",5678', "ERROR")
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    bench.does("AT+CIPUDPMODE=1", "OK")
    bench.tcp()
    bench.does(f'AT+CIPUDPMODE=2,"{STRANGER}",5678', "ERROR")
    bench.does("AT+CIPUDPMODE?", "+CIPUDPMODE: 1", "OK")


def test_the_test_form() -> None:
    quad = '("(0-255).(0-255).(0-255).(0-255)")'
    Bench().does("AT+CIPUDPMODE=?", f"+CIPUDPMODE: (0-2),{quad},(1-65535)", "OK")


def test_several_links() -> None:
    bench = Bench().multi()
    bench.does("AT+CIPUDPMODE=2,1", "OK")
    first = bench.udp(1)
    bench.udp(2, OTHER)
    lines = [f"+CIPUDPMODE: {n},0" for n in range(6)]
    lines[2] = f'+CIPUDPMODE: 2,1,"{OTHER}",{UDP_PORT}'
    bench.does("AT+CIPUDPMODE?", "\n".join(lines), "OK")
    stranger = bench.net.udp(STRANGER, 5678)
    bench.does(f'AT+CIPUDPMODE=2,2,"{STRANGER}",5678', "OK")
    bench.does("AT+CIPSEND=2,2", PROMPT)
    assert bench.types(b"hi") == said("2, SEND OK")
    assert stranger.received[0].data == b"hi"
    bench.does("AT+CIPSEND=1,2", PROMPT)
    assert bench.types(b"yo") == said("1, SEND OK")
    assert first.received[0].data == b"yo"
    first.send(b"abc")
    bench.settles()
    bench.hears(b"\r\n+RECEIVE,1,3:\r\nabc")


def test_each_datagram_has_its_header() -> None:
    bench = Bench().single()
    bench.does("AT+CIPHEAD=1;+CIPSHOWTP=1", "OK")
    peer = bench.udp()
    peer.send(b"one")
    peer.send(b"two")
    bench.settles()
    bench.hears(b"\r\n+IPD,3,UDP:one", b"\r\n+IPD,3,UDP:two")


def test_datagrams_are_dropped_when_the_buffer_is_full() -> None:
    bench = Bench().single()
    bench.does("AT+CIPRXGET=1", "OK")
    peer = bench.udp()
    for _ in range(100):
        peer.send(b"x" * 1000)
        bench.settles()
    answer = bench.asks("AT+CIPRXGET=4")
    unread = int(answer.split(b"4,")[1].split(b"\r")[0])
    assert 16384 <= unread < 18000

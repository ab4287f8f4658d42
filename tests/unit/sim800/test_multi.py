"""Several connections: six links at once, their numbers, their ends, and what AT+CIPSTATUS shows."""

from __future__ import annotations

import pytest
from sim800_bench import DEAD, OTHER, PORT, PROMPT, SERVER, SILENT, UDP_PORT, Bench, in_multi_state, said


@pytest.fixture
def bench() -> Bench:
    return Bench().multi()


def link(bench: Bench, number: int) -> str:
    """The last field of AT+CIPSTATUS=<n>."""
    answer = bench.asks(f"AT+CIPSTATUS={number}").decode()
    assert answer.startswith(f"\r\n+CIPSTATUS: {number},"), answer
    assert answer.endswith('"\r\n\r\nOK\r\n'), answer
    return answer.split('"')[-2]


def test_six_links_tcp_and_udp_mixed(bench: Bench) -> None:
    peers = {number: bench.tcp(number) for number in (5, 3, 1)}
    far = bench.udp(0)
    bench.udp(2, OTHER)
    bench.tcp(4, OTHER)
    assert bench.state() == "IP PROCESSING"
    for number, peer in peers.items():
        bench.does(f"AT+CIPSEND={number},2", PROMPT)
        assert bench.types(b"hi") == said(f"{number}, SEND OK")
        assert bytes(peer.received) == b"hi"
    far.send(b"datagram")
    bench.settles()
    bench.hears(b"\r\n+RECEIVE,0,8:\r\ndatagram")
    bench.does(
        "AT+CIPSTATUS",
        "OK",
        "STATE: IP PROCESSING",
        f'C: 0,0,"UDP","{SERVER}","{UDP_PORT}","CONNECTED"\n'
        f'C: 1,0,"TCP","{SERVER}","{PORT}","CONNECTED"\n'
        f'C: 2,0,"UDP","{OTHER}","{UDP_PORT}","CONNECTED"\n'
        f'C: 3,0,"TCP","{SERVER}","{PORT}","CONNECTED"\n'
        f'C: 4,0,"TCP","{OTHER}","{PORT}","CONNECTED"\n'
        f'C: 5,0,"TCP","{SERVER}","{PORT}","CONNECTED"',
    )


def test_the_state_of_a_link(bench: Bench) -> None:
    assert link(bench, 0) == "INITIAL"
    bench.does(f'AT+CIPSTART=0,"TCP","{SILENT}",{PORT}', "OK")
    assert link(bench, 0) == "CONNECTING"
    bench.does("AT+CIPCLOSE=0", "0, CLOSE OK")
    assert link(bench, 0) == "CLOSED"
    peer = bench.tcp(0)
    assert link(bench, 0) == "CONNECTED"
    bench.does("AT+CIPQSEND=1", "OK")
    peer.ack_limit(0)
    bench.does("AT+CIPSEND=0,2", PROMPT)
    assert bench.types(b"hi") == said("DATA ACCEPT:0,2")
    peer.close()
    bench.settles()
    bench.hears()
    assert link(bench, 0) == "REMOTE CLOSING"
    peer.ack_all()
    bench.settles()
    bench.hears("0, CLOSED")
    bench.does("AT+CIPSTATUS=0", f'+CIPSTATUS: 0,0,"TCP","{SERVER}","{PORT}","CLOSED"', "OK")


def test_a_link_remote_closing_may_be_closed(bench: Bench) -> None:
    bench.does("AT+CIPQSEND=1", "OK")
    peer = bench.tcp(0)
    peer.ack_limit(0)
    bench.does("AT+CIPSEND=0,2", PROMPT)
    bench.types(b"hi")
    peer.close()
    bench.settles()
    bench.does("AT+CIPCLOSE=0", "0, CLOSE OK")
    assert link(bench, 0) == "CLOSED"


def test_a_closed_link_may_be_used_again(bench: Bench) -> None:
    bench.tcp(1).close()
    bench.settles()
    bench.hears("1, CLOSED")
    bench.does("AT+CIPCLOSE=1", "ERROR")
    bench.does("AT+CIPSEND=1", "ERROR")
    bench.udp(1)
    bench.does("AT+CIPSTATUS=1", f'+CIPSTATUS: 1,0,"UDP","{SERVER}","{UDP_PORT}","CONNECTED"', "OK")


@pytest.mark.parametrize("host", [DEAD, "nosuch.example"])
def test_a_failed_link_is_closed_and_the_state_is_ip_processing(bench: Bench, host: str) -> None:
    bench.does(f'AT+CIPSTART=2,"TCP","{host}",{PORT}', "OK", "2, CONNECT FAIL")
    assert bench.state() == "IP PROCESSING"
    assert link(bench, 2) == "CLOSED"


def test_a_peer_that_never_answers(bench: Bench) -> None:
    bench.does(f'AT+CIPSTART=2,"TCP","{SILENT}",{PORT}', "OK")
    bench.waits(10.0)
    bench.does(f'AT+CIPSTART=4,"TCP","{SILENT}",{PORT}', "OK")
    assert bench.waits(64.9) == b""
    assert bench.waits(0.1) == said("2, CONNECT FAIL")
    assert bench.waits(9.9) == b""
    assert bench.waits(0.1) == said("4, CONNECT FAIL")


def test_closing_the_last_link_stays_in_ip_processing(bench: Bench) -> None:
    bench.tcp(0)
    bench.does("AT+CIPCLOSE=0,1", "0, CLOSE OK")
    assert bench.state() == "IP PROCESSING"
    bench.does("AT+CIFSR", "10.78.245.128")


def test_closing_one_of_several(bench: Bench) -> None:
    first, second = bench.tcp(0), bench.tcp(1)
    bench.does("AT+CIPCLOSE=1,0", "1, CLOSE OK")
    assert second.fin_received
    assert not first.fin_received
    first.send(b"alive")
    bench.settles()
    bench.hears(b"\r\n+RECEIVE,0,5:\r\nalive")


def test_a_slow_close_keeps_the_data_of_the_others_waiting(bench: Bench) -> None:
    first, second = bench.tcp(0), bench.tcp(1)
    second.ignore_fin()
    bench.does("AT+CIPCLOSE=1")
    first.send(b"data")
    bench.settles()
    bench.hears()
    assert bench.waits(5.0) == said("1, CLOSE OK", b"\r\n+RECEIVE,0,4:\r\ndata")


def test_the_context_takes_all_links_with_one_line(bench: Bench) -> None:
    peers = [bench.tcp(number) for number in range(6)]
    assert bench.loses_pdp() == said("+PDP: DEACT")
    assert all(peer.reset_received for peer in peers)
    assert [link(bench, number) for number in range(6)] == ["CLOSED"] * 6
    bench.does("AT+CIPCLOSE=0", "ERROR")
    bench.does("AT+CIPMUX=0", "ERROR")
    bench.does("AT+CIPSHUT", "SHUT OK")
    assert [link(bench, number) for number in range(6)] == ["INITIAL"] * 6
    bench.does("AT+CIPMUX=0", "OK")


def test_the_forms_with_link_numbers(bench: Bench) -> None:
    bench.does("AT+CIPSEND=?", "+CIPSEND: (0-5),<length>", "OK")
    bench.tcp(3)
    bench.does("AT+CIPSEND?", "\n".join(f"+CIPSEND: {n},{1460 if n == 3 else 0}" for n in range(6)), "OK")
    bench.does("AT+CLPORT=?", '+CLPORT: (0-5),("TCP","UDP"),(0-65535)', "OK")
    bench.does('AT+CLPORT=5,"UDP",5000', "OK")
    bench.does("AT+CLPORT?", "\n".join(f"+CLPORT: {n},0,{5000 if n == 5 else 0}" for n in range(6)), "OK")


def test_the_local_port_of_a_link(bench: Bench) -> None:
    bench.does('AT+CLPORT=2,"TCP",5000', "OK")
    assert bench.tcp(2).local.port == 5000
    assert bench.tcp(1).local.port != 5000
    bench.does('AT+CLPORT=3,"TCP",5000', "OK")
    bench.does(f'AT+CIPSTART=3,"TCP","{SERVER}",{PORT}', "OK", "3, CONNECT FAIL")


def test_a_timed_send_on_a_link(bench: Bench) -> None:
    peer = bench.tcp(0)
    bench.does("AT+CIPATS=1,2", "OK")
    bench.does("AT+CIPSEND=0", PROMPT)
    bench.types(b"hello")
    assert bench.waits(2.0) == said("0, SEND OK")
    assert bytes(peer.received) == b"hello"


def test_645_seconds_on_a_link(bench: Bench) -> None:
    bench.tcp(0).ack_limit(0)
    bench.does("AT+CIPSEND=0,2", PROMPT)
    bench.types(b"hi")
    assert bench.waits(645.0) == said("0, SEND FAIL", "0, CLOSED")


def test_figures_of_a_link(bench: Bench) -> None:
    bench.tcp(0)
    bench.tcp(1).ack_limit(1)
    bench.does("AT+CIPQSEND=1", "OK")
    bench.does("AT+CIPSEND=1,3", PROMPT)
    bench.types(b"abc")
    bench.does("AT+CIPACK=1", "+CIPACK: 3,1,2", "OK")
    bench.does("AT+CIPACK=0", "+CIPACK: 0,0,0", "OK")


def test_a_connection_made_while_a_command_runs_is_told_afterwards(bench: Bench) -> None:
    bench.tcp(0)
    bench.net.tcp("198.51.100.7", PORT, latency=1.0)
    bench.does(f'AT+CIPSTART=1,"TCP","198.51.100.7",{PORT}', "OK")
    bench.does("AT+CIPSEND=0,2", PROMPT)
    assert bench.waits(2.0) == b""
    assert bench.types(b"hi") == said("0, SEND OK", "1, CONNECT OK")


def test_a_reset_ends_every_link_and_context() -> None:
    bench = in_multi_state("IP PROCESSING")
    bench.types(b"AT+CFUN=1,1\r")
    bench.waits(60.0)
    bench.asks("ATE0")
    bench.does("AT+CIPMUX?", "+CIPMUX: 0", "OK")
    bench.does("AT+CIPMUX=1", "OK")
    unused = "\n".join(f'C: {n},,"","","","INITIAL"' for n in range(6))
    bench.does("AT+CIPSTATUS", "OK", "STATE: IP INITIAL", unused)
    bench.brings_up()


def test_mux_is_left_only_from_ip_initial() -> None:
    bench = in_multi_state("IP PROCESSING")
    bench.does("AT+CIPMUX=0", "ERROR")
    bench.does("AT+CIPMUX=1", "ERROR")
    bench.does("AT+CIPSHUT", "SHUT OK")
    bench.does("AT+CIPMUX=0", "OK")
    bench.does("AT+CIPMUX?", "+CIPMUX: 0", "OK")
    bench.single().tcp()


def test_the_links_of_a_single_connection_are_not_left_over() -> None:
    bench = in_multi_state("IP PROCESSING")
    bench.does("AT+CIPSHUT", "SHUT OK")
    bench.does("AT+CIPMUX=0", "OK")
    assert bench.state() == "IP INITIAL"
    bench.does("AT+CIPMUX=?", "+CIPMUX: (0,1)", "OK")
    bench.does("AT+CIPMUX=1", "OK")
    unused = "\n".join(f'C: {n},,"","","","INITIAL"' for n in range(6))
    bench.does("AT+CIPSTATUS", "OK", "STATE: IP INITIAL", unused)

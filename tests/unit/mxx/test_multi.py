"""Several connections: six links, their numbers, their ends, and what QISTAT and QISTATE show."""

from __future__ import annotations

import pytest
from mxx_bench import DEAD, OTHER, PORT, PROMPT, SERVER, SILENT, UDP_PORT, Bench, said


@pytest.fixture
def bench() -> Bench:
    return Bench().multi()


def listing(bench: Bench) -> list[str]:
    """The six lines of AT+QISTATE without their head."""
    answer = bench.asks("AT+QISTATE").decode()
    head = "\r\nOK\r\n\r\nSTATE: IP PROCESSING\r\n\r\n"
    assert answer.startswith(head)
    lines = answer[len(head) :].removesuffix("\r\n").split("\r\n")
    assert [line[:11] for line in lines] == [f"+QISTATE: {n}" for n in range(6)]
    return [line[12:] for line in lines]


INITIAL = '"","",,"INITIAL"'


def test_six_links_tcp_and_udp_mixed(bench: Bench) -> None:
    peers = {number: bench.tcp(number) for number in (5, 3, 1)}
    far = bench.udp(0)
    bench.udp(2, OTHER)
    bench.tcp(4, OTHER)
    assert bench.state() == "IP PROCESSING"
    for number, peer in peers.items():
        bench.sends(b"hi", number)
        assert bytes(peer.received) == b"hi"
    bench.arrives(far, b"datagram")
    bench.hears("+RECEIVE: 0, 8", b"datagram")
    assert listing(bench) == [
        f'"UDP","{SERVER}",{UDP_PORT},"CONNECTED"',
        f'"TCP","{SERVER}",{PORT},"CONNECTED"',
        f'"UDP","{OTHER}",{UDP_PORT},"CONNECTED"',
        f'"TCP","{SERVER}",{PORT},"CONNECTED"',
        f'"TCP","{OTHER}",{PORT},"CONNECTED"',
        f'"TCP","{SERVER}",{PORT},"CONNECTED"',
    ]
    assert not bench.dcd()


def test_the_states_of_a_link(bench: Bench) -> None:
    bench.does(f'AT+QIOPEN=0,"TCP","{SILENT}",{PORT}', "OK")
    assert listing(bench)[0] == f'"TCP","{SILENT}",{PORT},"CONNECTING"'
    bench.does("AT+QICLOSE=0", "0, CLOSE OK")
    assert listing(bench) == [INITIAL] * 6
    peer = bench.tcp(0)
    assert listing(bench)[0] == f'"TCP","{SERVER}",{PORT},"CONNECTED"'
    peer.ack_limit(0)
    bench.sends(b"hi", 0)
    peer.close()
    bench.settles()
    assert listing(bench)[0] == f'"TCP","{SERVER}",{PORT},"CLOSING"'
    bench.does("AT+QISACK=0", "+QISACK: 2, 0, 2", "OK")
    peer.ack_all()
    bench.settles()
    bench.hears("0, CLOSED")
    assert listing(bench) == [INITIAL] * 6


def test_a_link_waiting_for_the_context_is_connecting() -> None:
    bench = Bench(timings={"activate": 3.0})
    bench.does("AT+QIMUX=1", "OK")
    bench.does(f'AT+QIOPEN=2,"TCP","{SERVER}",{PORT}', "OK")
    assert f'+QISTATE: 2,"TCP","{SERVER}",{PORT},"CONNECTING"'.encode() in bench.asks("AT+QISTATE")
    assert bench.waits(3.0) == said("2, CONNECT OK")


def test_qistat_lists_the_links_too(bench: Bench) -> None:
    bench.tcp(0)
    unused = "\n".join(f'+QISTAT: {n}, "", "",' for n in range(1, 6))
    bench.does("AT+QISTAT", "OK", "STATE: IP PROCESSING", f'+QISTAT: 0, "TCP", "{SERVER}", {PORT},\n{unused}')


def test_a_taken_index_fails_and_keeps_its_link(bench: Bench) -> None:
    peer = bench.tcp(1)
    bench.does(f'AT+QIOPEN=1,"TCP","{OTHER}",{PORT}', "OK", "1, CONNECT FAIL")
    bench.sends(b"untouched", 1)
    assert bytes(peer.received) == b"untouched"
    bench.does("AT+QICLOSE=1", "1, CLOSE OK")
    bench.tcp(1, OTHER)


@pytest.mark.parametrize("host", [DEAD, "nosuch.example"])
def test_a_failed_link_is_free_again(bench: Bench, host: str) -> None:
    bench.does("AT+QIDNSIP=1", "OK")
    bench.does(f'AT+QIOPEN=2,"TCP","{host}",{PORT}', "OK", "2, CONNECT FAIL")
    assert listing(bench)[2] == INITIAL
    bench.does("AT+QICLOSE=2", "ERROR")
    bench.tcp(2)


def test_a_peer_that_never_answers(bench: Bench) -> None:
    bench.does(f'AT+QIOPEN=2,"TCP","{SILENT}",{PORT}', "OK")
    bench.waits(10.0)
    bench.does(f'AT+QIOPEN=4,"TCP","{SILENT}",{PORT}', "OK")
    assert bench.waits(64.9) == b""
    assert bench.waits(0.1) == said("2, CONNECT FAIL")
    assert bench.waits(9.9) == b""
    assert bench.waits(0.1) == said("4, CONNECT FAIL")


@pytest.mark.parametrize("way", ["close", "reset"])
def test_the_peer_ends_one_of_several(bench: Bench, way: str) -> None:
    first, second = bench.tcp(0), bench.tcp(1)
    first.send(b"last")
    getattr(first, way)()
    bench.settles()
    bench.hears("+RECEIVE: 0, 4", b"last", "0, CLOSED")
    bench.arrives(second, b"alive")
    bench.hears("+RECEIVE: 1, 5", b"alive")
    bench.does("AT+QICLOSE=0", "ERROR")
    bench.does("AT+QISACK=0", "+QISACK: 0, 0, 0", "OK")
    bench.tcp(0, OTHER)


def test_ip_processing_stays_without_links(bench: Bench) -> None:
    bench.tcp(0)
    bench.does("AT+QICLOSE=0", "0, CLOSE OK")
    assert bench.state() == "IP PROCESSING"
    bench.does("AT+QILOCIP", "10.78.245.128")


def test_the_context_takes_all_links_with_one_line(bench: Bench) -> None:
    peers = [bench.tcp(number) for number in range(6)]
    assert bench.loses_pdp() == said("+PDP DEACT")
    assert all(peer.reset_received for peer in peers)
    unused = "\n".join(f"+QISTATE: {n},{INITIAL}" for n in range(6))
    bench.does("AT+QISTATE", "OK", "STATE: PDP DEACT", unused)
    bench.does("AT+QICLOSE=0", "ERROR")
    bench.does(f'AT+QIOPEN=0,"TCP","{SERVER}",{PORT}', "ERROR")
    bench.does("AT+QIMUX=0", "ERROR")
    bench.does("AT+QIDEACT", "DEACT OK")
    bench.does("AT+QIMUX=0", "OK")


def test_the_figures_of_each_link(bench: Bench) -> None:
    bench.tcp(0)
    bench.tcp(1).ack_limit(20)
    bench.sends(b"x" * 30, 1)
    bench.does("AT+QISACK=1", "+QISACK: 30, 20, 10", "OK")
    bench.does("AT+QISACK=0", "+QISACK: 0, 0, 0", "OK")


def test_a_slow_close_keeps_the_data_of_the_others_waiting(bench: Bench) -> None:
    first, second = bench.tcp(0), bench.tcp(1)
    second.ignore_fin()
    bench.does("AT+QICLOSE=1")
    bench.arrives(first, b"data")
    bench.hears()
    assert bench.waits(5.0) == said("1, CLOSE OK", "+RECEIVE: 0, 4", b"data")


def test_a_connection_made_while_the_prompt_is_open_is_told_afterwards(bench: Bench) -> None:
    bench.tcp(0)
    bench.net.tcp("198.51.100.7", PORT, latency=1.0)
    bench.does(f'AT+QIOPEN=1,"TCP","198.51.100.7",{PORT}', "OK")
    bench.does("AT+QISEND=0,2", PROMPT)
    assert bench.waits(2.0) == b""
    assert bench.types(b"hi") == said("SEND OK", "1, CONNECT OK")


def test_the_test_form_names_the_index(bench: Bench) -> None:
    address = '("(0-255).(0-255).(0-255).(0-255)")'
    bench.does(
        "AT+QIOPEN=?",
        f'+QIOPEN: (0-5),("TCP","UDP"),{address},(1-65535)\n'
        '+QIOPEN: (0-5),("TCP","UDP"),("DOMAIN NAME"),(1-65535)',
        "OK",
    )

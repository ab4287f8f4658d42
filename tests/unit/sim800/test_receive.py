"""Received data: pushed in order with the URCs, or kept for AT+CIPRXGET; nothing is lost."""

from __future__ import annotations

import pytest
from sim800_bench import CLIENT, OTHER, PORT, PROMPT, SERVER, Bench, in_single_state, said
from vmodem.emulator.events import OutputBlocked, OutputReady
from vmodem.netstack.memory import MemoryConnection

LIMIT = 16384
"""Bytes that a link holds before its window closes (assumed, Limits.receive_buffer)."""


def manual() -> tuple[Bench, MemoryConnection]:
    bench = in_single_state("IP INITIAL", 0, "AT+CIPRXGET=1")
    return bench, bench.single().tcp()


def arrives(bench: Bench, peer: MemoryConnection, *pieces: bytes) -> None:
    for data in pieces:
        peer.send(data)
    bench.settles()


# ---- pushed -------------------------------------------------------------------------------------------


def test_raw_bytes_of_any_value_pass() -> None:
    bench = Bench().single()
    peer = bench.tcp()
    data = bytes(range(256)) * 2
    arrives(bench, peer, data)
    bench.hears(data)


def test_one_header_for_each_segment() -> None:
    bench = in_single_state("IP INITIAL", 0, "AT+CIPHEAD=1")
    peer = bench.single().tcp()
    arrives(bench, peer, b"one", b"three")
    bench.hears(b"\r\n+IPD,3:one", b"\r\n+IPD,5:three")
    arrives(bench, peer, b"x" * 3000)
    bench.hears(b"\r\n+IPD,1460:" + b"x" * 1460, b"\r\n+IPD,1460:" + b"x" * 1460, b"\r\n+IPD,80:" + b"x" * 80)


def test_headers_may_be_switched_during_a_connection() -> None:
    bench = Bench().single()
    peer = bench.tcp()
    arrives(bench, peer, b"a")
    bench.hears(b"a")
    bench.does("AT+CIPHEAD=1", "OK")
    arrives(bench, peer, b"b")
    bench.hears(b"\r\n+IPD,1:b")
    bench.does("AT+CIPHEAD=0", "OK")
    arrives(bench, peer, b"c")
    bench.hears(b"c")


@pytest.mark.parametrize("command", ["AT+CIPHEAD", "AT+CIPSHOWTP", "AT+CIPSRIP"])
def test_the_switches(command: str) -> None:
    bench = Bench()
    name = command[2:]
    bench.does(f"{command}=?", f"{name}: (0,1)", "OK")
    bench.does(f"{command}?", f"{name}: 0", "OK")
    bench.does(f"{command}=1", "OK")
    bench.does(f"{command}?", f"{name}: 1", "OK")


def test_headers_do_not_change_the_multi_form() -> None:
    bench = Bench().multi()
    bench.does("AT+CIPHEAD=1;+CIPSHOWTP=1", "OK")
    arrives(bench, bench.tcp(4), b"hello")
    bench.hears(b"\r\n+RECEIVE,4,5:\r\nhello")


def test_data_of_several_links_and_urcs_keep_their_order_while_the_line_is_busy() -> None:
    bench = Bench().multi()
    first, second = bench.tcp(0), bench.tcp(1, OTHER)
    bench.does("AT+CIPSEND=0,1", PROMPT)
    arrives(bench, first, b"a1", b"a2")
    arrives(bench, second, b"b1")
    arrives(bench, first, b"a3")
    second.close()
    bench.settles()
    arrives(bench, first, b"a4")
    bench.hears()
    assert bench.types(b"x") == said(
        "0, SEND OK",
        b"\r\n+RECEIVE,0,2:\r\na1",
        b"\r\n+RECEIVE,0,2:\r\na2",
        b"\r\n+RECEIVE,1,2:\r\nb1",
        b"\r\n+RECEIVE,0,2:\r\na3",
        "1, CLOSED",
        b"\r\n+RECEIVE,0,2:\r\na4",
    )


def test_the_same_order_while_the_host_does_not_read() -> None:
    bench = Bench().multi()
    first, second = bench.tcp(0), bench.tcp(1, OTHER)
    bench.sees(OutputBlocked())
    arrives(bench, first, b"a1")
    second.close()
    bench.settles()
    arrives(bench, first, b"a2")
    bench.hears()
    assert bench.sees(OutputReady()) == said(
        b"\r\n+RECEIVE,0,2:\r\na1", "1, CLOSED", b"\r\n+RECEIVE,0,2:\r\na2"
    )


def test_a_full_receive_buffer_closes_the_window_and_loses_nothing() -> None:
    bench = Bench().single()
    peer = bench.tcp()
    bench.sees(OutputBlocked())
    data = bytes(index % 251 for index in range(5 * LIMIT))
    peer.send(data, segment=1000)
    peer.close()
    bench.settles()
    bench.hears()
    assert bench.sees(OutputReady()) == data + said("CLOSED")


def test_what_a_client_sent_before_it_left_is_pushed_though_the_next_one_has_come() -> None:
    bench = in_single_state("SERVER LISTENING")
    first = bench.client()
    bench.hears(f"REMOTE IP: {CLIENT}")
    bench.sees(OutputBlocked())
    first.send(b"bye")
    first.close()
    bench.settles()
    second = bench.client(host="10.76.40.74")
    arrives(bench, second, b"hi")
    assert bench.sees(OutputReady()) == said(b"bye", "CLOSED", "REMOTE IP: 10.76.40.74", b"hi")


def test_data_that_waits_for_the_host_survives_its_next_cipstart() -> None:
    bench = Bench().single()
    peer = bench.tcp()
    bench.sees(OutputBlocked())
    arrives(bench, peer, b"bye")
    peer.close()
    bench.settles()
    assert b"bye" not in bench.asks(f'AT+CIPSTART="TCP","{OTHER}",{PORT}')
    arrives(bench, bench.net.connections[-1], b"hello")
    assert bench.sees(OutputReady()) == said(b"bye", "CLOSED", "CONNECT OK", b"hello")


# ---- fetched ------------------------------------------------------------------------------------------


def test_the_forms() -> None:
    bench = Bench()
    bench.does("AT+CIPRXGET=?", "+CIPRXGET: (0-4),(1-1460)", "OK")
    bench.does("AT+CIPRXGET?", "+CIPRXGET: 0", "OK")
    bench.does("AT+CIPRXGET=1", "OK")
    bench.does("AT+CIPRXGET?", "+CIPRXGET: 1", "OK")
    bench.does("AT+CIPRXGET=0", "OK")
    bench.does("AT+CIPMUX=1", "OK")
    bench.does("AT+CIPRXGET=?", "+CIPRXGET: (0-4),(0-5),(1-1460)", "OK")


def test_the_notice_comes_once_until_the_buffer_was_drained() -> None:
    bench, peer = manual()
    arrives(bench, peer, b"hello ")
    bench.hears("+CIPRXGET: 1")
    arrives(bench, peer, b"world")
    bench.hears()
    bench.does("AT+CIPRXGET=2,1460", "+CIPRXGET: 2,11,0", b"hello world", "OK")
    arrives(bench, peer, b"again")
    bench.hears("+CIPRXGET: 1")
    bench.does("AT+CIPRXGET=2,3", "+CIPRXGET: 2,3,2", b"aga", "OK")
    arrives(bench, peer, b"!")
    bench.hears()
    bench.does("AT+CIPRXGET=4", "+CIPRXGET: 4,3", "OK")
    bench.does("AT+CIPRXGET=2", "+CIPRXGET: 2,3,0", b"in!", "OK")
    bench.does("AT+CIPRXGET=2", "+CIPRXGET: 2,0,0", "OK")


def test_lengths() -> None:
    bench, peer = manual()
    data = bytes(index % 251 for index in range(4000))
    arrives(bench, peer, data)
    bench.hears("+CIPRXGET: 1")
    bench.does("AT+CIPRXGET=2", "+CIPRXGET: 2,1460,2540", data[:1460], "OK")
    bench.does("AT+CIPRXGET=3", "+CIPRXGET: 3,730,1810", data[1460:2190].hex().upper().encode(), "OK")
    bench.does("AT+CIPRXGET=3,730", "+CIPRXGET: 3,730,1080", data[2190:2920].hex().upper().encode(), "OK")
    for command in ("AT+CIPRXGET=2,0", "AT+CIPRXGET=2,1461", "AT+CIPRXGET=3,0", "AT+CIPRXGET=3,731"):
        bench.does(command, "ERROR")
    bench.does("AT+CIPRXGET=2,1460", "+CIPRXGET: 2,1080,0", data[2920:], "OK")


def test_the_notice_waits_for_the_result_of_a_running_command() -> None:
    bench, peer = manual()
    bench.does("AT+CIPSEND=2", PROMPT)
    arrives(bench, peer, b"hello")
    bench.hears()
    assert bench.types(b"hi") == said("SEND OK", "+CIPRXGET: 1")


def test_the_sender_is_added() -> None:
    bench, peer = manual()
    bench.does("AT+CIPSRIP=1", "OK")
    arrives(bench, peer, b"hello")
    bench.hears(f"+CIPRXGET: 1,{SERVER}:{PORT}")
    bench.does("AT+CIPRXGET=4", "+CIPRXGET: 4,5", "OK")
    bench.does("AT+CIPRXGET=2,2", f"+CIPRXGET: 2,2,3,{SERVER}:{PORT}", b"he", "OK")
    bench.does("AT+CIPRXGET=3", f"+CIPRXGET: 3,3,0,{SERVER}:{PORT}", b"6C6C6F", "OK")


def test_the_sender_is_added_multi() -> None:
    bench = Bench().multi()
    bench.does("AT+CIPRXGET=1;+CIPSRIP=1", "OK")
    arrives(bench, bench.tcp(3), b"hello")
    bench.hears(f"+CIPRXGET: 1,3,{SERVER}:{PORT}")
    bench.does("AT+CIPRXGET=2,3,5", f"+CIPRXGET: 2,3,5,0,{SERVER}:{PORT}", b"hello", "OK")


def test_closed_is_told_at_once_and_the_data_stays() -> None:
    bench, peer = manual()
    arrives(bench, peer, b"last words")
    bench.hears("+CIPRXGET: 1")
    peer.close()
    bench.settles()
    bench.hears("CLOSED")
    bench.does("AT+CIPRXGET=4", "+CIPRXGET: 4,10", "OK")
    bench.does("AT+CIPRXGET=2,4", "+CIPRXGET: 2,4,6", b"last", "OK")
    bench.does("AT+CIPRXGET=2", "+CIPRXGET: 2,6,0", b" words", "OK")
    bench.does("AT+CIPRXGET=2", "ERROR")
    bench.does("AT+CIPRXGET=3", "ERROR")
    bench.does("AT+CIPRXGET=4", "+CIPRXGET: 4,0", "OK")


def test_unread_data_is_gone_with_the_next_cipstart() -> None:
    bench, peer = manual()
    arrives(bench, peer, b"old")
    peer.close()
    bench.settles()
    bench.hears("+CIPRXGET: 1", "CLOSED")
    bench.tcp()
    bench.does("AT+CIPRXGET=4", "+CIPRXGET: 4,0", "OK")
    bench.does("AT+CIPRXGET=2", "+CIPRXGET: 2,0,0", "OK")


def test_unread_data_is_gone_with_cipshut_but_not_with_the_context() -> None:
    bench, peer = manual()
    arrives(bench, peer, b"old")
    bench.hears("+CIPRXGET: 1")
    assert bench.loses_pdp() == said("+PDP: DEACT")
    bench.does("AT+CIPRXGET=2,1", "+CIPRXGET: 2,1,2", b"o", "OK")
    bench.does("AT+CIPSHUT", "SHUT OK")
    bench.does("AT+CIPRXGET=4", "+CIPRXGET: 4,0", "OK")
    bench.does("AT+CIPRXGET=2", "ERROR")


def test_a_full_buffer_is_fetched_without_loss() -> None:
    bench, peer = manual()
    data = bytes(index % 251 for index in range(3 * LIMIT))
    peer.send(data, segment=1000)
    peer.close()
    bench.settles()
    bench.hears("+CIPRXGET: 1")
    fetched = b""
    while (answer := bench.asks("AT+CIPRXGET=2").removesuffix(said("CLOSED"))) != said("ERROR"):
        head, _, rest = answer.removeprefix(b"\r\n").partition(b"\r\n")
        count = int(head.split(b",")[1])
        assert 0 < count <= 1460
        fetched += rest[:count]
        assert rest[count:] == said("OK")
    assert fetched == data
    assert bench.state() == "TCP CLOSED"


def test_a_full_buffer_holds_no_more_than_it_should() -> None:
    bench, peer = manual()
    peer.send(b"x" * 3 * LIMIT, segment=1024)
    bench.settles()
    bench.hears("+CIPRXGET: 1")
    bench.does("AT+CIPRXGET=4", f"+CIPRXGET: 4,{LIMIT}", "OK")


def test_the_mode_may_not_change_with_an_open_link() -> None:
    bench, _ = manual()
    bench.does("AT+CIPRXGET=0", "ERROR")
    bench.does("AT+CIPRXGET=1", "OK")
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    bench.does("AT+CIPRXGET=0", "OK")


def test_several_links() -> None:
    bench = Bench().multi()
    bench.does("AT+CIPRXGET=1", "OK")
    first, second = bench.tcp(0), bench.tcp(5, OTHER)
    arrives(bench, second, b"second")
    arrives(bench, first, b"first")
    bench.hears("+CIPRXGET: 1,5", "+CIPRXGET: 1,0")
    bench.does("AT+CIPRXGET=4,0", "+CIPRXGET: 4,0,5", "OK")
    bench.does("AT+CIPRXGET=2,5,3", "+CIPRXGET: 2,5,3,3", b"sec", "OK")
    bench.does("AT+CIPRXGET=3,0", "+CIPRXGET: 3,0,5,0", b"6669727374", "OK")
    bench.does("AT+CIPRXGET=2", "ERROR")
    first.close()
    bench.settles()
    bench.hears("0, CLOSED")
    bench.does("AT+CIPRXGET=2,0", "ERROR")
    bench.does("AT+CIPRXGET=4,0", "+CIPRXGET: 4,0,0", "OK")

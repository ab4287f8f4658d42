"""CIPSERVER in single and multi connection mode: the digest's section 7."""

from __future__ import annotations

import pytest
from sim800_bench import CLIENT, CTRL_Z, PORT, PROMPT, SERVER, Bench, in_multi_state, in_single_state, said
from vmodem.emulator.effects import Transport
from vmodem.emulator.events import PdpRefusalChanged

SECOND = "10.76.40.74"


@pytest.fixture
def server() -> Bench:
    return in_single_state("SERVER LISTENING")


@pytest.fixture
def multi() -> Bench:
    bench = Bench().multi()
    bench.does("AT+CIPSERVER=1,8888", "OK", "SERVER OK")
    return bench


def test_the_read_and_test_forms(server: Bench) -> None:
    line = "+CIPSERVER: (0-CLOSE SERVER, 1-OPEN SERVER),(1-65535)"
    server.does("AT+CIPSERVER=?", line, "OK")
    server.does("AT+CIPSERVER?", "+CIPSERVER: 1,1234,0,0", "OK")
    server.does("AT+CIPSERVER=0", "OK", "SERVER CLOSE")
    server.does("AT+CIPSERVER?", "+CIPSERVER: 0", "OK")
    assert server.state() == "IP STATUS"


def test_a_client_is_served_and_leaves(server: Bench) -> None:
    client = server.client()
    server.hears(f"REMOTE IP: {CLIENT}")
    assert server.state() == "CONNECT OK"
    client.send(b"hello")
    server.settles()
    server.hears(b"hello")
    server.does("AT+CIPSEND", PROMPT)
    assert server.types(b"welcome" + CTRL_Z) == said("SEND OK")
    assert bytes(client.received) == b"welcome"
    client.close()
    server.settles()
    server.hears("CLOSED")
    assert server.state() == "SERVER LISTENING"
    server.client(host=SECOND)
    server.hears(f"REMOTE IP: {SECOND}")


def test_a_second_client_is_reset(server: Bench) -> None:
    server.client()
    server.hears(f"REMOTE IP: {CLIENT}")
    second = server.client(host=SECOND)
    server.hears()
    assert second.reset_received


def test_closing_the_client_leaves_the_listener(server: Bench) -> None:
    client = server.client()
    server.hears(f"REMOTE IP: {CLIENT}")
    server.does("AT+CIPCLOSE", "CLOSE OK")
    assert client.fin_received
    assert server.state() == "SERVER LISTENING"
    server.does("AT+CIPCLOSE", "CLOSE OK")
    assert server.state() == "TCP CLOSED"
    server.does("AT+CIPSERVER?", "+CIPSERVER: 0", "OK")
    with pytest.raises(ConnectionRefusedError):
        server.client()


def test_a_client_that_comes_while_the_one_before_is_closed_slowly(server: Bench) -> None:
    server.client().ignore_fin()
    server.hears(f"REMOTE IP: {CLIENT}")
    server.does("AT+CIPCLOSE")
    assert server.client(host=SECOND).reset_received
    assert server.waits(5.0) == said("CLOSE OK")
    assert server.state() == "SERVER LISTENING"


def test_closing_the_listener_keeps_the_client(server: Bench) -> None:
    client = server.client()
    server.hears(f"REMOTE IP: {CLIENT}")
    server.does("AT+CIPSERVER=0", "OK", "SERVER CLOSE")
    assert server.state() == "CONNECT OK"
    server.does("AT+CIPSERVER=0", "ERROR")
    client.send(b"still here")
    server.settles()
    server.hears(b"still here")
    client.close()
    server.settles()
    server.hears("CLOSED")
    assert server.state() == "TCP CLOSED"
    server.does("AT+CIPSERVER=1,1234", "OK", "SERVER OK")


def test_closing_a_client_whose_listener_is_gone() -> None:
    bench = in_single_state("CONNECT OK (server, listener closed)")
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    assert bench.state() == "TCP CLOSED"


def test_a_listener_closed_without_a_client_is_tcp_closed_even_after_udp() -> None:
    bench = in_single_state("UDP CLOSED")
    bench.does("AT+CIPSERVER=1,1234", "OK", "SERVER OK")
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    assert bench.state() == "TCP CLOSED"


def test_cipstart_while_listening_is_refused(server: Bench) -> None:
    server.does(f'AT+CIPSTART="TCP","{SERVER}",{PORT}', "ERROR")
    server.client()
    server.hears(f"REMOTE IP: {CLIENT}")
    server.does(f'AT+CIPSTART="TCP","{SERVER}",{PORT}', "ERROR", "ALREADY CONNECT")


def test_it_brings_the_context_up_itself() -> None:
    bench = Bench(timings={"activate": 2.0})
    bench.does("AT+CIPSERVER=1,1234", "OK")
    bench.does("AT+CIPSTATUS", "OK", "STATE: IP CONFIG")
    bench.does("AT+CIPSERVER=0", "ERROR")
    bench.does("AT+CIPSERVER=1,1235", "ERROR")
    assert bench.waits(2.0) == said("SERVER OK")
    assert bench.state() == "SERVER LISTENING"
    client = bench.client()
    bench.hears(f"REMOTE IP: {CLIENT}")
    assert client.local.host == "10.78.245.128"


def test_an_implicit_bring_up_that_is_refused() -> None:
    bench = Bench(timings={"activate": 2.0})
    bench.sees(PdpRefusalChanged(True))
    bench.does("AT+CIPSERVER=1,1234", "OK")
    assert bench.waits(2.0) == said("+PDP: DEACT")
    assert bench.state() == "PDP DEACT"
    bench.does("AT+CIPSERVER?", "+CIPSERVER: 0", "OK")
    with pytest.raises(ConnectionRefusedError):
        bench.client()


def test_a_reset_during_the_implicit_bring_up() -> None:
    bench = Bench(timings={"activate": 100.0})
    bench.does("AT+CIPSERVER=1,1234", "OK")
    bench.types(b"AT+CFUN=1,1\r")
    bench.waits(60.0)
    bench.asks("ATE0")
    assert bench.waits(100.0) == b""
    assert bench.state() == "IP INITIAL"
    bench.does("AT+CIPSERVER=1,1234", "OK")
    assert bench.waits(100.0) == said("SERVER OK")
    bench.does("AT+CIPSERVER=0", "OK", "SERVER CLOSE")


def test_a_busy_port_from_ip_initial() -> None:
    bench = Bench()
    bench.net.occupy(Transport.TCP, 1234)
    bench.does("AT+CIPSERVER=1,1234", "ERROR")
    assert bench.state() == "IP INITIAL"
    bench.brings_up()


def test_the_context_is_lost_with_a_client(server: Bench) -> None:
    client = server.client()
    server.hears(f"REMOTE IP: {CLIENT}")
    assert server.loses_pdp() == said("+PDP: DEACT")
    assert client.reset_received
    server.does("AT+CIPSERVER?", "+CIPSERVER: 0", "OK")


def test_counters_are_reset_for_each_client(server: Bench) -> None:
    client = server.client()
    server.hears(f"REMOTE IP: {CLIENT}")
    server.does("AT+CIPSEND=3", PROMPT)
    assert server.types(b"abc") == said("SEND OK")
    server.does("AT+CIPACK", "+CIPACK: 3,3,0", "OK")
    client.close()
    server.settles()
    server.hears("CLOSED")
    server.does("AT+CIPACK", "ERROR")
    server.client(host=SECOND)
    server.hears(f"REMOTE IP: {SECOND}")
    server.does("AT+CIPACK", "+CIPACK: 0,0,0", "OK")


def test_the_next_client_does_not_get_what_was_typed_for_the_one_before(server: Bench) -> None:
    first = server.client()
    server.hears(f"REMOTE IP: {CLIENT}")
    server.does("AT+CIPSEND=6", PROMPT)
    first.send(b"bye")
    first.close()
    second = server.client(host=SECOND)
    second.send(b"hi")
    server.settles()
    server.hears()
    expected = said("SEND FAIL", b"bye", "CLOSED", f"REMOTE IP: {SECOND}", b"hi")
    assert server.types(b"secret") == expected
    assert not second.received
    assert server.state() == "CONNECT OK"


def test_the_next_client_does_not_acknowledge_for_the_one_before(server: Bench) -> None:
    first = server.client()
    server.hears(f"REMOTE IP: {CLIENT}")
    first.ack_limit(0)
    server.does("AT+CIPSEND=3", PROMPT)
    assert server.types(b"abc") == b""
    first.reset()
    server.settles()
    server.hears("SEND FAIL", "CLOSED")
    server.client(host=SECOND)
    server.hears(f"REMOTE IP: {SECOND}")


def test_unread_data_of_a_client_that_left_is_readable_until_the_next_one() -> None:
    bench = in_single_state("SERVER LISTENING", 0, "AT+CIPRXGET=1")
    client = bench.client()
    bench.hears(f"REMOTE IP: {CLIENT}")
    client.send(b"unread")
    client.close()
    bench.settles()
    bench.hears("+CIPRXGET: 1", "CLOSED")
    bench.does("AT+CIPRXGET=2,2", "+CIPRXGET: 2,2,4", b"un", "OK")
    bench.client(host=SECOND)
    bench.hears(f"REMOTE IP: {SECOND}")
    bench.does("AT+CIPRXGET=2", "+CIPRXGET: 2,0,0", "OK")


# ---- several links -----------------------------------------------------------------------------------


def test_clients_take_the_lowest_free_numbers(multi: Bench) -> None:
    multi.tcp(1)
    for number in (0, 2, 3):
        multi.client(8888)
        multi.hears(f"{number}, REMOTE IP: {CLIENT}")
    multi.does("AT+CIPCLOSE=2", "2, CLOSE OK")
    multi.client(8888)
    multi.hears(f"2, REMOTE IP: {CLIENT}")
    multi.net.connections[0].close()
    multi.settles()
    multi.hears("1, CLOSED")
    multi.client(8888)
    multi.hears(f"1, REMOTE IP: {CLIENT}")


def test_five_links_beside_the_listener(multi: Bench) -> None:
    for number in range(5):
        multi.client(8888)
        multi.hears(f"{number}, REMOTE IP: {CLIENT}")
    assert multi.client(8888).reset_received
    multi.hears()
    multi.does(f'AT+CIPSTART=5,"TCP","{SERVER}",{PORT}', "ERROR")
    multi.does("AT+CIPCLOSE=0", "0, CLOSE OK")
    multi.tcp(5)
    assert multi.client(8888).reset_received
    multi.does("AT+CIPSERVER=0", "OK", "SERVER CLOSE")
    multi.tcp(0)


def test_no_listener_with_six_links() -> None:
    bench = Bench().multi()
    for number in range(6):
        bench.tcp(number)
    bench.does("AT+CIPSERVER=1,8888", "ERROR")
    bench.does("AT+CIPCLOSE=3", "3, CLOSE OK")
    bench.does("AT+CIPSERVER=1,8888", "OK", "SERVER OK")


def test_one_listener_only(multi: Bench) -> None:
    multi.does("AT+CIPSERVER=1,8889", "ERROR")
    multi.does("AT+CIPSERVER?", "+CIPSERVER: 1,8888,0,0", "OK")


def test_the_listener_is_not_closed_by_cipclose(multi: Bench) -> None:
    multi.does("AT+CIPCLOSE=0", "ERROR")
    multi.client(8888)
    multi.hears(f"0, REMOTE IP: {CLIENT}")
    multi.does("AT+CIPCLOSE=0", "0, CLOSE OK")
    multi.client(8888)
    multi.hears(f"0, REMOTE IP: {CLIENT}")


def test_the_state_of_listener_and_clients(multi: Bench) -> None:
    client = multi.client(8888)
    multi.hears(f"0, REMOTE IP: {CLIENT}")
    unused = "".join(f'\nC: {n},,"","","","INITIAL"' for n in range(1, 6))
    multi.does(
        "AT+CIPSTATUS",
        "OK",
        "STATE: IP PROCESSING",
        f'S: 0,0,"8888","LISTENING"\nC: 0,0,"TCP","{CLIENT}","{client.remote.port}","CONNECTED"{unused}',
    )
    multi.does("AT+CIPSERVER=0", "OK", "SERVER CLOSE")
    multi.does(
        "AT+CIPSTATUS",
        "OK",
        "STATE: IP PROCESSING",
        f'C: 0,0,"TCP","{CLIENT}","{client.remote.port}","CONNECTED"{unused}',
    )


def test_data_of_an_accepted_link(multi: Bench) -> None:
    client = multi.client(8888)
    multi.hears(f"0, REMOTE IP: {CLIENT}")
    client.send(b"hello")
    multi.settles()
    multi.hears(b"\r\n+RECEIVE,0,5:\r\nhello")
    client.close()
    multi.settles()
    multi.hears("0, CLOSED")


def test_shut_closes_listener_and_clients(multi: Bench) -> None:
    client = multi.client(8888)
    multi.hears(f"0, REMOTE IP: {CLIENT}")
    multi.does("AT+CIPSHUT", "SHUT OK")
    assert client.fin_received
    assert multi.waits(20.0) == b""
    with pytest.raises(ConnectionRefusedError):
        multi.client(8888)


def test_a_server_may_be_opened_in_ip_processing() -> None:
    bench = in_multi_state("IP PROCESSING")
    bench.does("AT+CIPSERVER=1,80", "OK", "SERVER OK")
    assert bench.state() == "IP PROCESSING"

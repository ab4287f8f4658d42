"""Two PDP contexts, chosen by AT+CIPSGTXT: the digest's section 8."""

from __future__ import annotations

import pytest
from sim800_bench import CLIENT, LOCAL, OTHER, PORT, PROMPT, SERVER, Bench, said
from vmodem.emulator.events import PdpRefusalChanged


@pytest.fixture
def both() -> Bench:
    """Link 0 on context 0, link 1 on context 1, which is selected."""
    bench = Bench().multi()
    bench.tcp(0)
    bench.does("AT+CIPSGTXT=1", "OK")
    bench.brings_up(LOCAL[1])
    bench.tcp(1, OTHER)
    return bench


UNUSED = "".join(f'\nC: {n},,"","","","INITIAL"' for n in range(2, 6))


def test_each_has_its_state_apn_and_address() -> None:
    bench = Bench()
    bench.does("AT+CIPMUX=1", "OK")
    bench.does('AT+CSTT="first"', "OK")
    bench.does("AT+CIICR", "OK")
    bench.does("at+cipsgtxt=1", "OK")
    assert bench.state() == "IP INITIAL"
    bench.does("AT+CSTT?", '+CSTT: "CMNET","",""', "OK")
    bench.does('AT+CSTT="second","u","p"', "OK")
    assert bench.state() == "IP START"
    bench.does("AT+CIPSGTXT=0", "OK")
    assert bench.state() == "IP GPRSACT"
    bench.does("AT+CIFSR", LOCAL[0])
    bench.does("AT+CSTT?", '+CSTT: "first","",""', "OK")
    bench.does("AT+CIPSGTXT=1", "OK")
    bench.does("AT+CIICR", "OK")
    bench.does("AT+CIFSR", LOCAL[1])
    bench.does("AT+CSTT?", '+CSTT: "second","u","p"', "OK")


def test_the_c_lines_list_both_and_the_state_is_the_selected_ones(both: Bench) -> None:
    links = f'C: 0,0,"TCP","{SERVER}","{PORT}","CONNECTED"\nC: 1,1,"TCP","{OTHER}","{PORT}","CONNECTED"'
    both.does("AT+CIPSTATUS", "OK", "STATE: IP PROCESSING", links + UNUSED)
    both.does("AT+CIPSTATUS=1", f'+CIPSTATUS: 1,1,"TCP","{OTHER}","{PORT}","CONNECTED"', "OK")
    assert both.net.connections[0].local.host == LOCAL[0]
    assert both.net.connections[1].local.host == LOCAL[1]


def test_link_numbers_are_shared(both: Bench) -> None:
    both.does(f'AT+CIPSTART=0,"TCP","{OTHER}",{PORT}', "ERROR", "0, ALREADY CONNECT")
    both.does("AT+CIPSEND=0,6", PROMPT)
    assert both.types(b"test 0") == said("0, SEND OK")
    both.does("AT+CIPSEND=1,6", PROMPT)
    assert both.types(b"test 2") == said("1, SEND OK")
    both.does("AT+CIPCLOSE=0", "0, CLOSE OK")
    both.does(f'AT+CIPSTART=0,"TCP","{SERVER}",{PORT}', "OK", "0, CONNECT OK")
    both.does("AT+CIPSTATUS=0", f'+CIPSTATUS: 0,1,"TCP","{SERVER}","{PORT}","CONNECTED"', "OK")


def test_shut_concerns_the_selected_one(both: Bench) -> None:
    first, second = both.net.connections
    both.does("AT+CIPSHUT", "SHUT OK")
    assert both.state() == "IP INITIAL"
    assert second.fin_received
    assert not first.fin_received
    both.does("AT+CIPSTATUS=1", '+CIPSTATUS: 1,,"","","","INITIAL"', "OK")
    first.send(b"alive")
    both.settles()
    both.hears(b"\r\n+RECEIVE,0,5:\r\nalive")
    both.does("AT+CIPMUX=0", "ERROR")
    both.does("AT+CIPSGTXT=0", "OK")
    assert both.state() == "IP PROCESSING"
    both.does("AT+CIPMUX=0", "ERROR")
    both.does("AT+CIPSHUT", "SHUT OK")
    both.does("AT+CIPMUX=0", "OK")


def test_leaving_multi_mode_selects_context_0() -> None:
    bench = Bench()
    bench.does("AT+CIPMUX=1", "OK")
    bench.does("AT+CIPSGTXT=1", "OK")
    bench.does("AT+CIPMUX=0", "OK")
    bench.brings_up(LOCAL[0])
    bench.does("AT+CIPSHUT", "SHUT OK")
    bench.does("AT+CIPMUX=1", "OK")
    bench.brings_up(LOCAL[0])


@pytest.mark.parametrize("lost", [0, 1])
def test_one_is_lost(both: Bench, lost: int) -> None:
    assert both.loses_pdp(lost) == said("+PDP: DEACT")
    for context in (0, 1):
        both.does(f"AT+CIPSGTXT={context}", "OK")
        assert both.state() == ("PDP DEACT" if context == lost else "IP PROCESSING")
    assert both.net.connections[lost].reset_received
    assert not both.net.connections[1 - lost].reset_received
    both.does(f"AT+CIPSEND={1 - lost},2", PROMPT)
    assert both.types(b"hi") == said(f"{1 - lost}, SEND OK")
    both.does(f"AT+CIPSEND={lost},2", "ERROR")


def test_both_are_lost(both: Bench) -> None:
    assert both.loses_pdp() == said("+PDP: DEACT", "+PDP: DEACT")


def test_detaching_loses_both(both: Bench) -> None:
    both.does("AT+CGATT=0", "+PDP: DEACT", "+PDP: DEACT", "OK")


def test_a_listener_belongs_to_its_context(both: Bench) -> None:
    both.does("AT+CIPSERVER=1,8888", "OK", "SERVER OK")
    both.does("AT+CIPSERVER?", "+CIPSERVER: 1,8888,0,1", "OK")
    both.does("AT+CIPSGTXT=0", "OK")
    both.does("AT+CIPSERVER=1,8889", "ERROR")
    client = both.client(8888)
    both.hears(f"2, REMOTE IP: {CLIENT}")
    answer = both.asks("AT+CIPSTATUS")
    assert b'\r\nS: 0,1,"8888","LISTENING"\r\nC: 0,0,' in answer
    assert f'\r\nC: 2,1,"TCP","{CLIENT}","{client.remote.port}","CONNECTED"\r\n'.encode() in answer
    assert client.local.host == LOCAL[1]
    both.does("AT+CIPSHUT", "SHUT OK")
    both.does("AT+CIPSTATUS=2", f'+CIPSTATUS: 2,1,"TCP","{CLIENT}","{client.remote.port}","CONNECTED"', "OK")
    both.does("AT+CIPSERVER=0", "OK", "SERVER CLOSE")
    both.does("AT+CIPSGTXT=1", "OK")
    both.does("AT+CIPSHUT", "SHUT OK")
    assert client.fin_received


def test_the_second_one_is_refused() -> None:
    bench = Bench().multi()
    bench.tcp(0)
    bench.does("AT+CIPSGTXT=1", "OK")
    bench.does("AT+CSTT", "OK")
    bench.sees(PdpRefusalChanged(True))
    bench.does("AT+CIICR", "+PDP: DEACT", "ERROR")
    assert bench.state() == "PDP DEACT"
    bench.does("AT+CIPSGTXT=0", "OK")
    assert bench.state() == "IP PROCESSING"


def test_names_are_asked_with_the_selected_one(both: Bench) -> None:
    both.does("AT+CIPSHUT", "SHUT OK")
    both.does('AT+CDNSGIP="example.com"', "ERROR")
    both.does("AT+CIPSGTXT=0", "OK")
    both.does('AT+CDNSGIP="example.com"', "OK", '+CDNSGIP: 1,"example.com","93.184.216.34"')


def test_the_selection_has_no_read_form() -> None:
    bench = Bench().multi()
    bench.does("AT+CIPSGTXT?", "ERROR")
    bench.does("AT+CIPSGTXT=?", "+CIPSGTXT: (0,1)", "OK")
    bench.does("AT+CIPSGTXT=2", "ERROR")

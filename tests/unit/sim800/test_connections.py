"""CIPSTART, CIPCLOSE and CIPSTATUS with a single connection: success, failure, and every kind of end."""

from __future__ import annotations

import pytest
from sim800_bench import DEAD, OTHER, PORT, SERVER, SILENT, UDP_PORT, Bench, in_single_state, said
from vmodem.emulator.effects import Transport


def test_the_test_forms() -> None:
    bench = Bench()
    quad = '("(0-255).(0-255).(0-255).(0-255)")'
    bench.does(
        "AT+CIPSTART=?",
        f'+CIPSTART: ("TCP","UDP"),{quad},(1-65535)\n+CIPSTART: ("TCP","UDP"),("DOMAIN NAME"),(1-65535)',
        "OK",
    )
    bench.does("AT+CIPMUX=1", "OK")
    bench.does(
        "AT+CIPSTART=?",
        f'+CIPSTART: (0-5),("TCP","UDP"),{quad},(1-65535)\n'
        '+CIPSTART: (0-5),("TCP","UDP"),("DOMAIN NAME"),(1-65535)',
        "OK",
    )


FAILURES = [
    ("TCP", SERVER, PORT + 1, "TCP CLOSED"),
    ("TCP", DEAD, PORT, "IP STATUS"),
    ("TCP", "nosuch.example", PORT, "IP STATUS"),
    ("UDP", "nosuch.example", PORT, "IP STATUS"),
]


@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize(("transport", "host", "port", "state"), FAILURES)
def test_failures(mode: int, transport: str, host: str, port: int, state: str) -> None:
    bench = Bench().single()
    bench.does(f"AT+CIPMODE={mode}", "OK")
    line = f'AT+CIPSTART="{transport}","{host}",{port}'
    bench.does(line, "OK", f"STATE: {state}", "CONNECT FAIL")
    assert bench.state() == state
    bench.does("AT+CIPCLOSE", "ERROR")
    bench.does(line, "OK", f"STATE: {state}", "CONNECT FAIL")


@pytest.mark.parametrize("pace", [0.0, 1.0])
def test_a_peer_that_never_answers_takes_75_seconds_after_ok(pace: float) -> None:
    bench = Bench(pace=pace)
    bench.asks("AT+CSTT;+CIICR")
    bench.waits(5.0)
    bench.asks("AT+CIFSR")
    bench.does(f'AT+CIPSTART="TCP","{SILENT}",{PORT}', "OK")
    assert bench.waits(74.99) == b""
    assert bench.waits(0.01) == said("STATE: TCP CLOSED", "CONNECT FAIL")
    assert bench.state() == "TCP CLOSED"


@pytest.mark.parametrize("port", [1, 65535])
def test_the_first_and_the_last_port(port: int) -> None:
    bench = Bench()
    bench.net.tcp(OTHER, port)
    bench.does(f'AT+CIPSTART="TCP","{OTHER}",{port}', "OK", "CONNECT OK")
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    bench.does(f"AT+CIPSERVER=1,{port}", "OK", "SERVER OK")
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    bench.does("AT+CIPUDPMODE=1", "OK")
    bench.udp()
    bench.does(f'AT+CIPUDPMODE=2,"{OTHER}",{port}', "OK")
    bench.does("AT+CIPUDPMODE?", f'+CIPUDPMODE: 1,"{OTHER}",{port}', "OK")


def test_connecting_is_no_obstacle_to_other_commands() -> None:
    bench = in_single_state("TCP CONNECTING")
    bench.does("AT+CIPSTATUS", "OK", "STATE: TCP CONNECTING")
    bench.does("AT+CSQ", "+CSQ: 20,0", "OK")
    bench.does(f'AT+CIPSTART="TCP","{SERVER}",{PORT}', "ERROR", "ALREADY CONNECT")


def test_closing_an_attempt() -> None:
    bench = in_single_state("TCP CONNECTING")
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    assert bench.state() == "TCP CLOSED"
    assert bench.waits(200.0) == b""
    bench.tcp()


def test_closing_an_attempt_that_resolves_its_name() -> None:
    bench = Bench().single()
    bench.net.add_silent_name("slow.example")
    bench.does(f'AT+CIPSTART="UDP","slow.example",{PORT}', "OK")
    assert bench.state() == "UDP CONNECTING"
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    assert bench.state() == "UDP CLOSED"
    assert bench.waits(200.0) == b""


@pytest.mark.parametrize("form", ["AT+CIPCLOSE", "AT+CIPCLOSE=0"])
def test_a_slow_close_sends_fin_and_waits_for_the_answer(form: str) -> None:
    bench = Bench().single()
    peer = bench.tcp()
    peer.ignore_fin()
    bench.does(form)
    assert peer.fin_received
    assert not peer.reset_received
    bench.waits(2.0)
    peer.close()
    bench.settles()
    bench.hears("CLOSE OK")
    assert bench.state() == "TCP CLOSED"


@pytest.mark.parametrize("pace", [0.0, 1.0])
def test_a_peer_that_never_answers_the_fin_gets_five_seconds(pace: float) -> None:
    bench = Bench(pace=pace)
    bench.asks("AT+CSTT;+CIICR")
    bench.waits(5.0)
    bench.asks("AT+CIFSR")
    bench.asks(f'AT+CIPSTART="TCP","{SERVER}",{PORT}')
    assert bench.waits(0.5) == (said("CONNECT OK") if pace else b"")
    peer = bench.net.connections[0]
    peer.ignore_fin()
    bench.does("AT+CIPCLOSE")
    assert bench.waits(4.99) == b""
    assert bench.waits(0.01) == said("CLOSE OK")
    assert peer.reset_received
    assert bench.state() == "TCP CLOSED"


def test_a_command_typed_during_a_slow_close() -> None:
    bench = Bench().single()
    bench.tcp().ignore_fin()
    bench.does("AT+CIPCLOSE")
    bench.does("AT+CIPSTATUS")
    assert bench.waits(5.0) == said("CLOSE OK", "OK", "STATE: TCP CLOSED")


def test_a_quick_close_resets_at_once() -> None:
    bench = Bench().single()
    peer = bench.tcp()
    peer.ignore_fin()
    bench.does("AT+CIPCLOSE=1", "CLOSE OK")
    assert peer.reset_received
    assert not peer.fin_received


def test_the_peer_resets_while_we_close() -> None:
    bench = Bench().single()
    peer = bench.tcp()
    peer.ignore_fin()
    bench.does("AT+CIPCLOSE")
    peer.reset()
    bench.settles()
    bench.hears("CLOSE OK")


def test_the_context_is_lost_while_we_close() -> None:
    bench = Bench().single()
    bench.tcp().ignore_fin()
    bench.does("AT+CIPCLOSE")
    assert bench.loses_pdp() == said("CLOSE OK", "+PDP: DEACT")
    assert bench.state() == "PDP DEACT"


@pytest.mark.parametrize("way", ["close", "reset"])
def test_the_peer_ends_it(way: str) -> None:
    bench = Bench().single()
    peer = bench.tcp()
    peer.send(b"last words")
    getattr(peer, way)()
    bench.settles()
    bench.hears(b"last words", "CLOSED")
    assert bench.state() == "TCP CLOSED"
    bench.does("AT+CIPCLOSE", "ERROR")
    bench.does("AT+CIPSEND", "ERROR")
    bench.tcp()


def test_the_peer_ends_it_while_a_command_runs() -> None:
    bench = Bench().single()
    peer = bench.tcp()
    bench.does("AT+CIPSEND=2", b"\r\n> ")
    peer.send(b"abc")
    peer.close()
    bench.settles()
    bench.hears()
    assert bench.types(b"hi") == said("SEND FAIL", b"abc", "CLOSED")


def test_unread_data_is_lost_with_our_own_close() -> None:
    bench = Bench()
    bench.does("AT+CIPRXGET=1", "OK")
    peer = bench.single().tcp()
    peer.send(b"unread")
    bench.settles()
    bench.hears("+CIPRXGET: 1")
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    bench.does("AT+CIPRXGET=4", "+CIPRXGET: 4,0", "OK")
    bench.does("AT+CIPRXGET=2", "ERROR")


def test_a_fin_with_unacknowledged_data_is_told_after_the_acknowledgement() -> None:
    bench = Bench().single()
    bench.does("AT+CIPQSEND=1", "OK")
    peer = bench.tcp()
    peer.ack_limit(0)
    bench.does("AT+CIPSEND=3", b"\r\n> ")
    assert bench.types(b"abc") == said("DATA ACCEPT:3")
    peer.close()
    bench.settles()
    bench.hears()
    assert bench.state() == "CONNECT OK"
    peer.ack_all()
    bench.settles()
    bench.hears("CLOSED")
    assert bench.state() == "TCP CLOSED"


def test_udp_closes_at_once_with_close_ok() -> None:
    bench = Bench().single()
    bench.udp()
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    assert bench.state() == "UDP CLOSED"


def test_the_fixed_local_port() -> None:
    bench = Bench().single()
    bench.does("AT+CLPORT?", "+CLPORT: 0,0", "OK")
    bench.does("AT+CLPORT=?", '+CLPORT: ("TCP","UDP"),(0-65535)', "OK")
    bench.does('AT+CLPORT="TCP",5000', "OK")
    bench.does('AT+CLPORT="UDP",5001', "OK")
    bench.does("AT+CLPORT?", "+CLPORT: 5000,5001", "OK")
    assert bench.tcp().local.port == 5000
    bench.does("AT+CIPCLOSE=1", "CLOSE OK")
    peer = bench.udp()
    bench.does("AT+CIPSEND=1", b"\r\n> ")
    assert bench.types(b"x") == said("SEND OK")
    assert peer.received[0].source.port == 5001
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    bench.does('AT+CLPORT="TCP",0', "OK")
    assert bench.tcp().local.port != 5000


@pytest.mark.parametrize("transport", ["TCP", "UDP"])
def test_a_local_port_in_use_fails(transport: str) -> None:
    bench = Bench().single()
    bench.net.occupy(Transport(transport), 5000)
    bench.does(f'AT+CLPORT="{transport}",5000', "OK")
    bench.does(
        f'AT+CIPSTART="{transport}","{SERVER}",{PORT}',
        "OK",
        f"STATE: {transport} CLOSED",
        "CONNECT FAIL",
    )


def test_another_protocol_after_a_close_names_the_state_anew() -> None:
    bench = in_single_state("UDP CLOSED")
    bench.does(f'AT+CIPSTART="TCP","{SILENT}",{PORT}', "OK")
    assert bench.state() == "TCP CONNECTING"
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    bench.does(f'AT+CIPSTART="UDP","{OTHER}",{UDP_PORT}', "OK", "CONNECT OK")
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    assert bench.state() == "UDP CLOSED"


def test_the_ladder_of_section_12() -> None:
    bench = Bench().single()
    peer = bench.tcp()
    peer.reset()
    bench.settles()
    bench.hears("CLOSED")
    bench.does("AT+CIPCLOSE", "ERROR")
    bench.tcp()
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    bench.tcp()
    bench.does("AT+CIPSHUT", "SHUT OK")
    bench.brings_up()
    bench.tcp()

"""QIOPEN and QICLOSE of a single connection: the digest's section 3, statement by statement."""

from __future__ import annotations

import pytest
from mxx_bench import (
    CTRL_Z,
    DEAD,
    OTHER,
    PORT,
    PROMPT,
    SERVER,
    SILENT,
    UDP_PORT,
    Bench,
    in_single_state,
    said,
)
from vmodem.emulator.events import PdpRefusalChanged


@pytest.fixture
def bench() -> Bench:
    return in_single_state("IP STATUS")


@pytest.mark.parametrize("port", [f"{PORT}", f'"{PORT}"'])
def test_a_connection(bench: Bench, port: str) -> None:
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{port}', "OK", "CONNECT OK")
    bench.sends(b"hello")
    assert bytes(bench.net.connections[0].received) == b"hello"
    assert bench.dcd()
    bench.does("AT+QICLOSE", "CLOSE OK")
    assert bench.net.connections[0].fin_received
    assert not bench.dcd()
    assert bench.state() == "IP CLOSE"


def test_the_context_comes_up_by_itself() -> None:
    bench = Bench()
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "OK", "CONNECT OK")
    bench.does("AT+QILOCIP", "10.78.245.128")


def test_already_connect_stands_before_error_and_the_link_is_untouched(bench: Bench) -> None:
    peer = bench.tcp()
    bench.does(f'AT+QIOPEN="TCP","{OTHER}",{PORT}', "ALREADY CONNECT", "ERROR")
    bench.sends(b"still here")
    assert bytes(peer.received) == b"still here"


def test_already_connect_while_connecting(bench: Bench) -> None:
    bench.does(f'AT+QIOPEN="TCP","{SILENT}",{PORT}', "OK")
    bench.does(f'AT+QIOPEN="TCP","{OTHER}",{PORT}', "ALREADY CONNECT", "ERROR")
    assert bench.waits(74.9) == b""
    assert bench.waits(0.1) == said("CONNECT FAIL")


@pytest.mark.parametrize(("host", "port"), [(DEAD, PORT), (SERVER, PORT + 1)])
def test_a_failure(bench: Bench, host: str, port: int) -> None:
    bench.does(f'AT+QIOPEN="TCP","{host}",{port}', "OK", "CONNECT FAIL")
    assert bench.state() == "IP CLOSE"
    assert not bench.dcd()
    bench.tcp()


def test_75_seconds_at_the_most(bench: Bench) -> None:
    bench.does(f'AT+QIOPEN="TCP","{SILENT}",{PORT}', "OK")
    assert bench.waits(74.99) == b""
    assert bench.waits(0.01) == said("CONNECT FAIL")
    assert bench.state() == "IP CLOSE"


def test_udp_is_connected_without_a_peer(bench: Bench) -> None:
    bench.does(f'AT+QIOPEN="UDP","{DEAD}",{UDP_PORT}', "OK", "CONNECT OK")
    bench.sends(b"x")
    bench.does("AT+QICLOSE", "CLOSE OK")


def test_names_need_qidnsip(bench: Bench) -> None:
    bench.does('AT+QIOPEN="TCP","example.com",80', "ERROR")
    assert bench.state() == "IP STATUS"
    bench.does("AT+QIDNSIP=1", "OK")
    bench.does('AT+QIOPEN="TCP","example.com",80', "OK", "CONNECT OK")
    assert bench.net.connections[0].remote.host == "93.184.216.34"
    bench.does("AT+QICLOSE", "CLOSE OK")
    bench.tcp()
    bench.does("AT+QICLOSE", "CLOSE OK")
    bench.does('AT+QIOPEN="TCP","nosuch.example",80', "OK", "CONNECT FAIL")
    assert bench.state() == "IP CLOSE"


def test_an_activation_that_fails() -> None:
    bench = Bench()
    bench.sees(PdpRefusalChanged(True))
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "OK", "CONNECT FAIL")
    assert bench.state() == "PDP DEACT"
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "ERROR")
    bench.sees(PdpRefusalChanged(False))
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "ERROR")
    bench.does("AT+QIDEACT", "DEACT OK")
    bench.tcp()


def test_reopening_after_the_peer_closed(bench: Bench) -> None:
    """Figure 2: CLOSED or QICLOSE, then QIOPEN again."""
    bench.tcp().close()
    bench.settles()
    bench.hears("CLOSED")
    assert bench.state() == "IP CLOSE"
    bench.tcp()
    bench.does("AT+QICLOSE", "CLOSE OK")
    bench.tcp()


def test_reopening_after_the_context_was_lost(bench: Bench) -> None:
    """Figure 2: +PDP DEACT, then everything from the configuration on."""
    peer = bench.tcp()
    assert bench.loses_pdp() == said("+PDP DEACT")
    assert peer.reset_received
    assert not bench.dcd()
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "ERROR")
    bench.does("AT+QICLOSE", "ERROR")
    bench.does("AT+QISEND", "ERROR")
    bench.does("AT+QIDEACT", "DEACT OK")
    bench.does('AT+QICSGP=1,"internet"', "OK")
    bench.single().tcp()


def test_nothing_to_close(bench: Bench) -> None:
    bench.does("AT+QICLOSE", "ERROR")
    bench.tcp().close()
    bench.settles()
    bench.hears("CLOSED")
    bench.does("AT+QICLOSE", "ERROR")


def test_closing_while_connecting(bench: Bench) -> None:
    bench.does(f'AT+QIOPEN="TCP","{SILENT}",{PORT}', "OK")
    bench.does("AT+QICLOSE", "CLOSE OK")
    assert bench.state() == "IP CLOSE"
    assert bench.waits(100.0) == b""
    bench.does("AT+QICLOSE", "ERROR")


def test_closing_waits_for_the_peer_five_seconds_at_the_most(bench: Bench) -> None:
    peer = bench.tcp()
    peer.ignore_fin()
    assert bench.asks("AT+QICLOSE") == b""
    assert bench.waits(4.99) == b""
    assert bench.waits(0.01) == said("CLOSE OK")
    assert peer.reset_received


def test_closing_discards_what_was_not_read() -> None:
    bench = in_single_state("IP INITIAL", 0, "AT+QINDI=1")
    bench.arrives(bench.single().tcp(), b"unread")
    bench.hears("+QIRDI: 0,1,0")
    bench.does("AT+QICLOSE", "CLOSE OK")
    bench.does("AT+QIRD=0,1,0,100", "ERROR")


def test_the_context_is_lost_while_closing(bench: Bench) -> None:
    bench.tcp().ignore_fin()
    assert bench.asks("AT+QICLOSE") == b""
    assert bench.loses_pdp() == said("CLOSE OK", "+PDP DEACT")
    assert bench.state() == "PDP DEACT"


def test_the_peer_resets_while_closing(bench: Bench) -> None:
    peer = bench.tcp()
    peer.ignore_fin()
    assert bench.asks("AT+QICLOSE") == b""
    peer.reset()
    bench.settles()
    bench.hears("CLOSE OK")


@pytest.mark.parametrize("way", ["close", "reset"])
def test_buffered_data_comes_before_closed(bench: Bench, way: str) -> None:
    peer = bench.tcp()
    peer.send(b"last words")
    getattr(peer, way)()
    bench.settles()
    bench.hears(b"last words", "CLOSED")


def test_fin_with_data_not_acknowledged_yet(bench: Bench) -> None:
    peer = bench.tcp()
    peer.ack_limit(0)
    bench.sends(b"hello")
    peer.send(b"bye")
    peer.close()
    bench.settles()
    bench.hears(b"bye")
    assert bench.state() == "CONNECT OK"
    bench.does("AT+QISACK", "+QISACK: 5, 0, 5", "OK")
    peer.ack_all()
    bench.settles()
    bench.hears("CLOSED")
    assert bench.state() == "IP CLOSE"


def test_the_peer_closes_while_the_prompt_is_open(bench: Bench) -> None:
    peer = bench.tcp()
    bench.does("AT+QISEND", PROMPT)
    peer.send(b"bye")
    peer.close()
    bench.settles()
    bench.hears()
    assert bench.types(b"hello" + CTRL_Z) == said("SEND FAIL", b"bye", "CLOSED")


def test_a_bring_up_can_be_given_up_only_with_qideact() -> None:
    bench = in_single_state("IP IND (opening)")
    bench.does("AT+QICLOSE", "ERROR")
    bench.does("AT+QIDEACT", "DEACT OK")
    assert bench.waits(20.0) == b""
    assert not bench.net.connections


@pytest.mark.parametrize("slow", ["configure", "activate", "dns", "connect"])
def test_qideact_at_every_moment_of_qiopen(slow: str) -> None:
    bench = Bench(timings={slow: 5.0})
    bench.does("AT+QIDNSIP=1", "OK")
    bench.does('AT+QIOPEN="TCP","example.com",80', "OK")
    assert bench.waits(2.0) == b""
    bench.does("AT+QIDEACT", "DEACT OK")
    assert bench.state() == "IP INITIAL"
    assert bench.waits(100.0) == b""
    assert bench.state() == "IP INITIAL"


@pytest.mark.parametrize("slow", ["dns", "connect"])
def test_the_context_is_lost_during_qiopen(slow: str) -> None:
    bench = Bench(timings={slow: 5.0})
    bench.does("AT+QIDNSIP=1", "OK")
    bench.does('AT+QIOPEN="TCP","example.com",80', "OK")
    assert bench.loses_pdp() == said("+PDP DEACT")
    assert bench.waits(100.0) == b""
    assert bench.state() == "PDP DEACT"

"""Transparent mode (section 6): packets, the escape to the millisecond, and every way out of data mode."""

from __future__ import annotations

import pytest
from mxx_bench import (
    CLIENT,
    DEAD,
    OTHER,
    PORT,
    SECOND,
    SERVER,
    UDP_LISTEN,
    UDP_PORT,
    Bench,
    said,
)
from vmodem.emulator.events import CallArrived, OutputBlocked, OutputReady, PdpRefusalChanged, SmsArrived
from vmodem.netstack.memory import MemoryConnection

PLUS = b"+++"


def online(*setup: str) -> tuple[Bench, MemoryConnection]:
    bench = Bench()
    return bench, bench.transparent(*setup)


def escaped(*setup: str) -> tuple[Bench, MemoryConnection]:
    bench, peer = online(*setup)
    escape(bench)
    return bench, peer


def escape(bench: Bench) -> None:
    bench.waits(0.5)
    assert bench.types(PLUS) == b""
    assert bench.waits(0.5) == said("OK")


def served(*setup: str) -> tuple[Bench, MemoryConnection]:
    """Data mode with a client that was accepted."""
    bench = Bench()
    bench.does("AT+QIMODE=1", "OK")
    for command in setup:
        bench.does(command, "OK")
    bench.listens()
    client = bench.client()
    bench.hears(f"REMOTE IP: {CLIENT}", "CONNECT")
    return bench, client


def config(*, wait: int = 2, size: int = 1024, esc: int = 1) -> str:
    return f"AT+QITCFG=3,{wait},{size},{esc}"


# ---- connecting ---------------------------------------------------------------------------------------


def test_data_mode_has_no_echo_and_no_commands() -> None:
    bench, peer = online()
    assert bench.dcd()
    assert bench.types(b"AT\r\n") == b""
    bench.waits(0.2)
    assert bytes(peer.received) == b"AT\r\n"
    bench.arrives(peer, b"\x00\x1a\x1bOK\r\n")
    bench.hears(b"\x00\x1a\x1bOK\r\n")


def test_a_connection_that_fails_stays_in_command_mode() -> None:
    bench = Bench()
    bench.does("AT+QIMODE=1", "OK")
    bench.does(f'AT+QIOPEN="TCP","{DEAD}",{PORT}', "OK", "CONNECT FAIL")
    assert bench.state() == "IP CLOSE"
    assert not bench.dcd()
    bench.does("ATO", "NO CARRIER")
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "OK", "CONNECT")


def test_an_activation_that_fails_stays_in_command_mode() -> None:
    bench = Bench()
    bench.does("AT+QIMODE=1", "OK")
    bench.sees(PdpRefusalChanged(True))
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "OK", "CONNECT FAIL")
    assert bench.state() == "PDP DEACT"


def test_a_name() -> None:
    bench = Bench()
    bench.does("AT+QIMODE=1", "OK")
    bench.does("AT+QIDNSIP=1", "OK")
    bench.does('AT+QIOPEN="TCP","example.com",80', "OK", "CONNECT")


def test_headers_and_qindi_have_no_effect() -> None:
    bench, peer = online("AT+QIHEAD=1", "AT+QISHOWRA=1", "AT+QISHOWLA=1", "AT+QISHOWPT=1", "AT+QINDI=2")
    bench.arrives(peer, b"data")
    bench.hears(b"data")
    escape(bench)
    bench.arrives(peer, b"later")
    bench.hears()
    bench.does("AT+QIRD=0,1,0,100", "ERROR")
    bench.does("ATO", "CONNECT", b"later")


def test_a_udp_client() -> None:
    bench = Bench()
    far = bench.net.udp(SERVER, UDP_PORT)
    bench.does("AT+QIMODE=1", "OK")
    bench.does(f'AT+QIOPEN="UDP","{SERVER}",{UDP_PORT}', "OK", "CONNECT")
    bench.types(b"x" * 1500)
    bench.waits(1.0)
    assert [len(datagram.data) for datagram in far.received] == [1024, 476]
    bench.arrives(far, b"answer")
    bench.hears(b"answer")


def test_a_tcp_server() -> None:
    bench, client = served()
    assert bench.dcd()
    bench.types(b"hello")
    bench.waits(0.2)
    assert bytes(client.received) == b"hello"
    client.send(b"bye")
    client.close()
    bench.settles()
    bench.hears(b"bye", "CLOSED")
    assert not bench.dcd()
    assert bench.state() == "IP STATUS"
    assert bench.server_state() == "LISTENNING"
    bench.client()
    bench.hears(f"REMOTE IP: {CLIENT}", "CONNECT")


def test_a_udp_server() -> None:
    bench = Bench()
    bench.does("AT+QIMODE=1", "OK")
    bench.listens("=1")
    far = bench.net.udp(CLIENT, 4000)
    far.send(b"first", UDP_LISTEN)
    bench.settles()
    bench.hears(f"REMOTE IP: {CLIENT}", "CONNECT", b"first")
    bench.types(b"answer")
    bench.waits(0.2)
    assert [datagram.data for datagram in far.received] == [b"answer"]


# ---- packets ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wait", [2, 3, 10])
def test_waittm_is_in_units_of_100_ms_from_the_last_byte(wait: int) -> None:
    bench, peer = online(config(wait=wait))
    bench.types(b"a")
    bench.waits(wait * 0.1 - 0.01)
    bench.types(b"b")
    bench.waits(wait * 0.1 - 0.01)
    assert not peer.received
    bench.waits(0.01)
    assert bytes(peer.received) == b"ab"


def test_sendsz_sends_at_once() -> None:
    bench, peer = online(config(size=512))
    bench.types(b"x" * 511)
    assert not peer.received
    bench.types(b"yz")
    assert bytes(peer.received) == b"x" * 511 + b"y"
    bench.waits(0.2)
    assert bytes(peer.received) == b"x" * 511 + b"yz"


def test_leaving_data_mode_sends_what_waits() -> None:
    bench, peer = online("AT&D1", config(wait=10))
    bench.types(b"tail")
    assert bench.dtr(False) == said("OK")
    assert bytes(peer.received) == b"tail"


@pytest.mark.parametrize(
    "values", ["2,2,1024,1", "9,2,1024,1", "3,1,1024,1", "3,11,1024,1", "3,2,0,1", "3,2,1461,1", "3,2,1,2"]
)
def test_qitcfg_out_of_range(values: str) -> None:
    Bench().does(f"AT+QITCFG={values}", "ERROR")


# ---- the escape ---------------------------------------------------------------------------------------


def test_exactly_500_ms_before_and_after_is_enough() -> None:
    bench, peer = online()
    bench.types(b"data")
    bench.waits(0.5)
    assert bench.types(PLUS) == b""
    assert bench.waits(0.499) == b""
    assert bench.waits(0.001) == said("OK")
    assert bytes(peer.received) == b"data"


def test_less_silence_before_makes_them_data() -> None:
    bench, peer = online()
    bench.types(b"data")
    bench.waits(0.48)
    bench.types(PLUS)
    assert bench.waits(5.0) == b""
    assert bytes(peer.received) == b"data+++"


def test_the_silence_before_counts_from_connect() -> None:
    bench, peer = online()
    bench.waits(0.48)
    bench.types(PLUS)
    assert bench.waits(5.0) == b""
    assert bytes(peer.received) == PLUS


def test_less_silence_behind_makes_them_data() -> None:
    bench, peer = online()
    bench.waits(0.5)
    bench.types(PLUS)
    bench.waits(0.48)
    bench.types(b"x")
    assert bench.waits(5.0) == b""
    assert bytes(peer.received) == b"+++x"


@pytest.mark.parametrize("pieces", [[b"+", b"+", b"+"], [b"++", b"+"], [b"+", b"++"]])
def test_gaps_below_20_ms(pieces: list[bytes]) -> None:
    bench, peer = online()
    bench.waits(0.5)
    for piece in pieces:
        bench.waits(0.015)
        bench.types(piece)
    assert bench.waits(0.499) == b""
    assert bench.waits(0.001) == said("OK")
    assert not peer.received


@pytest.mark.parametrize("first", [b"+", b"++"])
def test_a_larger_gap_releases_what_was_held(first: bytes) -> None:
    bench, peer = online(config(size=len(first)))
    bench.waits(0.5)
    bench.types(first)
    assert not peer.received
    bench.waits(0.03)
    assert bytes(peer.received) == first
    bench.types(PLUS[len(first) :])
    assert bench.waits(5.0) == b""
    assert bytes(peer.received) == PLUS


@pytest.mark.parametrize("text", [b"a+++", b"+++a", b"+a++", b"++", b"++++", b"+++\r"])
def test_what_is_no_escape(text: bytes) -> None:
    bench, peer = online()
    bench.waits(1.0)
    bench.types(text)
    assert bench.waits(5.0) == b""
    assert bytes(peer.received) == text


def test_without_esc_the_pluses_are_data_at_once() -> None:
    bench, peer = online(config(esc=0, size=3))
    bench.waits(2.0)
    bench.types(PLUS)
    assert bytes(peer.received) == PLUS
    assert bench.waits(5.0) == b""


def test_received_data_does_not_disturb_the_escape() -> None:
    bench, peer = online()
    bench.waits(0.5)
    bench.types(PLUS)
    bench.waits(0.2)
    bench.arrives(peer, b"news")
    bench.hears(b"news")
    assert bench.waits(0.3) == said("OK")


def test_pluses_in_command_mode_are_only_echoed() -> None:
    bench, _ = escaped()
    bench.asks("ATE1")
    bench.waits(2.0)
    assert bench.types(PLUS) == PLUS
    assert bench.waits(2.0) == b""
    assert bench.types(b"AT\r") == b"AT\r" + said("OK")


# ---- in command mode ----------------------------------------------------------------------------------


def test_commands_between_escape_and_ato() -> None:
    bench, peer = escaped()
    assert bench.dcd()
    assert bench.state() == "CONNECT OK"
    bench.does("AT+QISEND", "ERROR")
    bench.does("AT+QISACK", "+QISACK: 0, 0, 0", "OK")
    bench.does("AT+QIMODE=0", "ERROR")
    bench.does(config(wait=3), "ERROR")
    bench.does("AT+QILOCIP", "10.78.245.128")
    bench.does(f'AT+QIOPEN="TCP","{OTHER}",{PORT}', "ALREADY CONNECT", "ERROR")
    bench.does("ATO", "CONNECT")
    bench.types(b"back")
    bench.waits(0.2)
    assert bytes(peer.received) == b"back"
    escape(bench)
    bench.does("AT+QISACK", "+QISACK: 4, 4, 0", "OK")


def test_data_that_arrives_in_command_mode_waits_for_ato() -> None:
    bench, peer = escaped()
    bench.arrives(peer, b"one", b"two")
    assert bench.waits(5.0) == b""
    bench.does("AT", "OK")
    bench.does("ATO", "CONNECT", b"onetwo")


def test_a_full_buffer_in_command_mode_loses_nothing() -> None:
    bench, peer = escaped()
    data = bytes(index % 251 for index in range(50_000))
    peer.send(data, segment=1000)
    assert bench.waits(1.0) == b""
    bench.does("ATO", "CONNECT", data)


@pytest.mark.parametrize("server", [False, True], ids=["client", "server"])
def test_closing_from_command_mode_without_qisrvc(server: bool) -> None:
    bench, peer = served() if server else online()
    escape(bench)
    bench.arrives(peer, b"unread")
    bench.does("AT+QISACK", "+QISACK: 0, 0, 0", "OK")
    bench.does("AT+QICLOSE", "CLOSE OK")
    assert peer.fin_received
    assert not bench.dcd()
    bench.does("ATO", "NO CARRIER")
    if server:
        bench.does("AT+QICLOSE", "CLOSE OK")
    bench.does("AT+QICLOSE", "ERROR")
    bench.does("AT+QIDEACT", "DEACT OK")


@pytest.mark.parametrize("way", ["close", "reset"])
@pytest.mark.parametrize("server", [False, True], ids=["client", "server"])
def test_the_peer_ends_it_in_command_mode(server: bool, way: str) -> None:
    bench, peer = served() if server else online()
    escape(bench)
    peer.send(b"lost with the link")
    getattr(peer, way)()
    bench.settles()
    bench.hears("CLOSED")
    assert not bench.dcd()
    bench.does("ATO", "NO CARRIER")
    bench.does(f'AT+QIOPEN="TCP","{OTHER}",{PORT}', "OK", "CONNECT")
    assert bench.waits(1.0) == b""


def test_the_context_is_lost_in_command_mode() -> None:
    bench, peer = escaped()
    bench.arrives(peer, b"lost with the link")
    assert bench.loses_pdp() == said("+PDP DEACT")
    assert not bench.dcd()
    bench.does("ATO", "NO CARRIER")


def test_detaching_in_command_mode() -> None:
    bench, _ = escaped()
    bench.does("AT+CGATT=0", "+PDP DEACT", "OK")
    bench.does("ATO", "NO CARRIER")


def test_ato_without_a_connection_and_in_normal_mode() -> None:
    bench = Bench()
    bench.does("ATO", "NO CARRIER")
    bench.does("AT+QIMODE=1", "OK")
    bench.does("ATO", "NO CARRIER")
    bench.does("AT+QIMODE=0", "OK")
    bench.single().tcp()
    bench.does("ATO", "NO CARRIER")


def test_qideact_from_command_mode() -> None:
    bench, peer = escaped()
    bench.does("AT+QIDEACT", "DEACT OK")
    assert peer.fin_received
    assert not bench.dcd()
    bench.does("ATO", "NO CARRIER")
    bench.does("AT+QIMODE?", "+QIMODE: 1", "OK")
    bench.does(f'AT+QIOPEN="TCP","{OTHER}",{PORT}', "OK", "CONNECT")


def test_ato_finds_the_data_link_whatever_context_is_selected() -> None:
    bench, peer = escaped()
    bench.does("AT+QIFGCNT=1", "OK")
    bench.does("ATO", "CONNECT")
    bench.arrives(peer, b"x")
    bench.hears(b"x")


# ---- one data link ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["data mode", "command mode"])
def test_no_client_beside_the_data_link(mode: str) -> None:
    bench = Bench()
    bench.does("AT+QIMODE=1", "OK")
    bench.listens()
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "OK", "CONNECT")
    if mode == "command mode":
        escape(bench)
    assert bench.client().reset_received
    bench.hears()


def test_no_second_client_and_no_link_beside_an_accepted_one() -> None:
    bench, _ = served()
    assert bench.client(host=SECOND).reset_received
    escape(bench)
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "ALREADY CONNECT", "ERROR")
    assert bench.client(host=SECOND).reset_received
    bench.does("ATO", "CONNECT")


def test_no_client_while_a_connection_is_being_made() -> None:
    bench = Bench(timings={"connect": 3.0})
    bench.does("AT+QIMODE=1", "OK")
    bench.listens()
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "OK")
    assert bench.client().reset_received
    assert bench.waits(3.0) == said("CONNECT")


def test_no_client_is_taken_before_the_last_data_of_the_one_before_was_read() -> None:
    bench, first = served()
    bench.sees(OutputBlocked())
    first.send(b"unread")
    first.close()
    bench.settles()
    assert bench.client().reset_received
    assert bench.sees(OutputReady()) == b"unread" + said("CLOSED")
    bench.client()
    bench.hears(f"REMOTE IP: {CLIENT}", "CONNECT")


# ---- forced out ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["close", "reset"])
def test_the_peer_ends_it_in_data_mode(way: str) -> None:
    bench, peer = online()
    peer.send(b"last words")
    getattr(peer, way)()
    bench.settles()
    bench.hears(b"last words", "CLOSED")
    assert not bench.dcd()
    assert bench.state() == "IP CLOSE"


def test_the_context_is_lost_in_data_mode() -> None:
    bench, peer = online()
    bench.arrives(peer, b"last words")
    bench.hears(b"last words")
    assert bench.loses_pdp() == said("+PDP DEACT")
    assert not bench.dcd()
    assert bench.state() == "PDP DEACT"


def test_the_context_is_lost_with_undelivered_data() -> None:
    bench, peer = online()
    bench.sees(OutputBlocked())
    bench.arrives(peer, b"undelivered")
    assert bench.loses_pdp() == b""
    assert bench.sees(OutputReady()) == b"undelivered" + said("+PDP DEACT")


# ---- the procedure of section 6.3 ---------------------------------------------------------------------


@pytest.mark.parametrize("text", ["CLOSED", "+PDP DEACT"])
def test_the_text_was_payload(text: str) -> None:
    bench, peer = online()
    bench.arrives(peer, said(text))
    bench.hears(text)
    escape(bench)  # OK: it was still in data mode
    assert bench.state() == "CONNECT OK"
    bench.does("ATO", "CONNECT")


@pytest.mark.parametrize("lost", ["link", "context"])
def test_the_text_was_true(lost: str) -> None:
    bench, peer = online()
    if lost == "link":
        peer.close()
        bench.settles()
        bench.hears("CLOSED")
    else:
        assert bench.loses_pdp() == said("+PDP DEACT")
    bench.waits(0.5)
    bench.types(PLUS)
    assert bench.waits(2.0) == b""  # no OK: command mode already
    bench.does("AT+QIDEACT", "DEACT OK")
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "OK", "CONNECT")


# ---- DTR, RI, calls and messages ----------------------------------------------------------------------


def test_dtr_leaves_data_mode_at_once_with_d1() -> None:
    bench, peer = online("AT&D1")
    assert bench.dtr(False) == said("OK")
    assert bench.dcd()
    assert bench.state() == "CONNECT OK"
    assert bench.dtr(True) == b""
    bench.does("ATO", "CONNECT")
    bench.arrives(peer, b"x")
    bench.hears(b"x")
    assert bench.dtr(False) == said("OK")


def test_dtr_does_nothing_without_d1() -> None:
    bench, peer = online()
    assert bench.dtr(False) == b""
    bench.types(b"data")
    bench.waits(0.2)
    assert bytes(peer.received) == b"data"


@pytest.mark.parametrize("server", [False, True], ids=["client", "server"])
def test_dtr_hangs_up_with_d2(server: bool) -> None:
    bench, peer = served("AT&D2") if server else online("AT&D2")
    assert bench.dtr(False) == said("OK")
    assert peer.fin_received
    assert not bench.dcd()
    bench.does("ATO", "NO CARRIER")
    assert bench.state() == ("IP STATUS" if server else "IP CLOSE")


def test_dtr_hangs_up_though_the_other_context_was_selected() -> None:
    bench = Bench()
    bench.does("AT+QIMODE=1", "OK")
    bench.does("AT&D2", "OK")
    bench.listens()
    bench.does("AT+QIFGCNT=1", "OK")
    client = bench.client()
    bench.hears(f"REMOTE IP: {CLIENT}", "CONNECT")
    assert bench.dtr(False) == said("OK")
    assert client.fin_received


def test_dtr_with_held_pluses_delivers_them() -> None:
    bench, peer = online("AT&D1")
    bench.waits(1.0)
    bench.types(b"++")
    assert bench.dtr(False) == said("OK")
    assert bytes(peer.received) == b"++"


def test_a_call_and_a_message_in_data_mode() -> None:
    bench, _ = online()
    before = len(bench.world.signals)
    assert bench.sees(SmsArrived("+49170", "hello", 1)) == b""
    bench.waits(1.0)
    assert bench.sees(CallArrived("+49170")) == b""
    bench.waits(1.0)
    pulses = [(c.on, c.time) for c in bench.world.signals[before:] if c.signal.value == "RI"]
    assert [on for on, _ in pulses] == [True, False, True, False]
    for start, end in ((0, 1), (2, 3)):
        assert pulses[end][1] - pulses[start][1] == pytest.approx(0.012)
    bench.types(PLUS)
    assert bench.waits(0.5) == said("OK", '+CMTI: "SM",1', "RING")

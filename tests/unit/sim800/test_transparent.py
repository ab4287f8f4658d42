"""Transparent mode: packets, the escape to the millisecond, pacing, and every way out of data mode."""

from __future__ import annotations

import pytest
from sim800_bench import CLIENT, OTHER, PORT, SERVER, UDP_PORT, Bench, in_single_state, said
from vmodem.emulator.events import OutputBlocked, OutputReady
from vmodem.netstack.memory import MemoryConnection

PLUS = b"+++"


def online(*setup: str) -> tuple[Bench, MemoryConnection]:
    bench = Bench().single()
    return bench, bench.transparent(*setup)


def escaped(*setup: str) -> tuple[Bench, MemoryConnection]:
    bench, peer = online(*setup)
    bench.waits(1.0)
    assert bench.types(PLUS) == b""
    assert bench.waits(1.0) == said("OK")
    return bench, peer


def config(
    *, wait: int = 2, size: int = 1024, esc: int = 1, paced: int = 0, burst: int = 1460, ms: int = 50
) -> str:
    return f"AT+CIPCCFG=5,{wait},{size},{esc},{paced},{burst},{ms}"


# ---- connecting ---------------------------------------------------------------------------------------


def test_the_forms_of_cipmode_and_cipccfg() -> None:
    bench = Bench()
    bench.does("AT+CIPMODE=?", "+CIPMODE: (0-NORMAL MODE,1-TRANSPARENT MODE)", "OK")
    bench.does("AT+CIPMODE?", "+CIPMODE: 0", "OK")
    bench.does("AT+CIPMODE=1", "OK")
    bench.does("AT+CIPMODE?", "+CIPMODE: 1", "OK")
    bench.does(
        "AT+CIPCCFG=?",
        "+CIPCCFG: (NmRetry:3-8),(WaitTm:1-10),(SendSz:1-1460),(esc:0,1),"
        "(Rxmode:0,1),(RxSize:50-1460),(Rxtimer:20-1000)",
        "OK",
    )
    bench.does("AT+CIPCCFG?", "+CIPCCFG: 5,2,1024,1,0,1460,50", "OK")
    bench.does("AT+CIPCCFG=3,1,1,0,1,50,20", "OK")
    bench.does("AT+CIPCCFG?", "+CIPCCFG: 3,1,1,0,1,50,20", "OK")
    bench.does("AT+CIPCCFG=8,10,1460,1", "OK")
    bench.does("AT+CIPCCFG?", "+CIPCCFG: 8,10,1460,1,1,50,20", "OK")


def test_data_mode_has_no_echo_and_no_commands() -> None:
    bench, peer = online()
    assert bench.types(b"AT\r\n") == b""
    bench.waits(0.4)
    assert bytes(peer.received) == b"AT\r\n"
    peer.send(b"\x00\x1a\x1bOK\r\n")
    bench.settles()
    bench.hears(b"\x00\x1a\x1bOK\r\n")


def test_headers_do_not_show_in_data_mode() -> None:
    bench, peer = online("AT+CIPHEAD=1", "AT+CIPSRIP=1", "AT+CIPSHOWTP=1", "AT+CIPRXGET=1")
    peer.send(b"data")
    bench.settles()
    bench.hears(b"data")


def test_a_udp_client() -> None:
    bench = Bench().single()
    far = bench.net.udp(SERVER, UDP_PORT)
    bench.does("AT+CIPMODE=1", "OK")
    bench.does(f'AT+CIPSTART="UDP","{SERVER}",{UDP_PORT}', "OK", "CONNECT")
    bench.types(b"x" * 1500)
    bench.waits(1.0)
    assert [len(datagram.data) for datagram in far.received] == [1024, 476]
    far.send(b"answer")
    bench.settles()
    bench.hears(b"answer")


def test_a_server() -> None:
    bench = Bench().single()
    bench.does("AT+CIPMODE=1", "OK")
    bench.does("AT+CIPSERVER=1,1234", "OK", "SERVER OK")
    client = bench.client()
    bench.hears(f"REMOTE IP: {CLIENT}", "CONNECT")
    assert bench.dcd()
    bench.types(b"hello")
    bench.waits(0.4)
    assert bytes(client.received) == b"hello"
    client.send(b"bye")
    client.close()
    bench.settles()
    bench.hears(b"bye", "CLOSED")
    assert not bench.dcd()
    bench.does("AT+CIPSTATUS", "OK", "STATE: SERVER LISTENING")
    bench.client()
    bench.hears(f"REMOTE IP: {CLIENT}", "CONNECT")


def test_what_stands_behind_the_line_that_connects_is_data() -> None:
    bench = Bench().single()
    bench.does("AT+CIPMODE=1", "OK")
    bench.world.send(f'AT+CIPSTART="TCP","{SERVER}",{PORT}\r\n'.encode())
    assert bench.world.take() == said("OK", "CONNECT")
    bench.types(b"\ndata")
    bench.waits(1.0)
    assert bytes(bench.net.connections[0].received) == b"\ndata"


# ---- packets ------------------------------------------------------------------------------------------


def test_waittm_counts_from_the_last_byte() -> None:
    bench, peer = online(config(wait=3))
    bench.types(b"a")
    bench.waits(0.5)
    bench.types(b"b")
    bench.waits(0.59)
    assert not peer.received
    bench.waits(0.01)
    assert bytes(peer.received) == b"ab"


@pytest.mark.parametrize("wait", [1, 2, 10])
def test_waittm_is_in_units_of_200_ms(wait: int) -> None:
    bench, peer = online(config(wait=wait))
    bench.types(b"a")
    bench.waits(wait * 0.2 - 0.01)
    assert not peer.received
    bench.waits(0.01)
    assert bytes(peer.received) == b"a"


def test_sendsz_sends_at_once() -> None:
    bench, peer = online(config(size=10))
    bench.types(b"123456789")
    assert not peer.received
    bench.types(b"0ab")
    assert bytes(peer.received) == b"1234567890"
    bench.waits(0.4)
    assert bytes(peer.received) == b"1234567890ab"


def test_leaving_data_mode_sends_what_waits() -> None:
    bench, peer = online("AT&D1", config(wait=10))
    bench.types(b"tail")
    bench.waits(1.5)
    assert not peer.received
    assert bench.dtr(False) == said("OK")
    assert bytes(peer.received) == b"tail"


# ---- the escape ---------------------------------------------------------------------------------------


def test_the_idle_time_before_counts_from_connect() -> None:
    bench, peer = online()
    bench.waits(0.98)
    bench.types(PLUS)
    assert bench.waits(5.0) == b""
    assert bytes(peer.received) == PLUS


def test_exactly_1000_ms_before_and_after_is_enough() -> None:
    bench, peer = online()
    bench.types(b"data")
    bench.waits(1.0)
    assert bench.types(PLUS) == b""
    assert bench.waits(0.999) == b""
    assert bench.waits(0.001) == said("OK")
    assert bytes(peer.received) == b"data"


def test_exactly_1000_ms_is_not_too_large_a_gap() -> None:
    bench, peer = online()
    bench.waits(1.0)
    bench.types(b"+")
    bench.waits(1.0)
    bench.types(b"+")
    bench.waits(1.0)
    bench.types(b"+")
    assert bench.waits(1.0) == said("OK")
    assert not peer.received


def test_a_larger_gap_makes_them_data() -> None:
    bench, peer = online()
    bench.waits(1.0)
    bench.types(b"++")
    bench.waits(1.0)
    assert not peer.received
    bench.waits(0.02)
    assert not peer.received
    bench.waits(0.4)
    assert bytes(peer.received) == b"++"
    bench.types(b"+")
    assert bench.waits(5.0) == b""
    assert bytes(peer.received) == PLUS


def test_data_behind_the_pluses_makes_all_of_it_data() -> None:
    bench, peer = online()
    bench.waits(1.0)
    bench.types(PLUS)
    bench.waits(0.99)
    bench.types(b"x")
    assert bench.waits(5.0) == b""
    assert bytes(peer.received) == b"+++x"


def test_a_fourth_plus_makes_all_of_it_data() -> None:
    bench, peer = online()
    bench.waits(1.0)
    bench.types(PLUS)
    bench.types(b"+")
    assert bench.waits(5.0) == b""
    assert bytes(peer.received) == b"++++"
    bench.waits(1.0)
    bench.types(b"++++")
    assert bench.waits(5.0) == b""
    assert bytes(peer.received) == b"++++++++"


@pytest.mark.parametrize("text", [b"a+++", b"+++a", b"+a++", b"++", b"+++\r"])
def test_what_is_no_escape(text: bytes) -> None:
    bench, peer = online()
    bench.waits(1.0)
    bench.types(text)
    assert bench.waits(5.0) == b""
    assert bytes(peer.received) == text


@pytest.mark.parametrize("pieces", [[b"+", b"+", b"+"], [b"++", b"+"], [b"+", b"++"]])
def test_an_escape_in_pieces(pieces: list[bytes]) -> None:
    bench, peer = online()
    bench.waits(1.0)
    for piece in pieces:
        bench.types(piece)
        bench.waits(0.1)
    assert bench.waits(0.89) == b""
    assert bench.waits(0.01) == said("OK")
    assert not peer.received


def test_held_pluses_are_not_in_the_buffer_yet() -> None:
    bench, peer = online(config(wait=10, size=4))
    bench.types(b"ab")
    bench.waits(1.0)
    bench.types(b"++")
    assert not peer.received
    bench.types(b"cd")
    assert bytes(peer.received) == b"ab++"
    bench.waits(2.0)
    assert bytes(peer.received) == b"ab++cd"


def test_data_that_waits_is_sent_when_the_escape_is_recognised() -> None:
    bench, peer = online(config(wait=10))
    bench.types(b"tail")
    bench.waits(1.0)
    bench.types(PLUS)
    bench.waits(0.99)
    assert not peer.received
    assert bench.waits(0.01) == said("OK")
    assert bytes(peer.received) == b"tail"


def test_without_esc_the_pluses_are_data_at_once() -> None:
    bench, peer = online(config(esc=0, size=3))
    bench.waits(2.0)
    bench.types(PLUS)
    assert bytes(peer.received) == PLUS
    assert bench.waits(5.0) == b""


def test_received_data_does_not_disturb_the_escape() -> None:
    bench, peer = online()
    bench.waits(1.0)
    bench.types(PLUS)
    bench.waits(0.5)
    peer.send(b"news")
    bench.settles()
    bench.hears(b"news")
    assert bench.waits(0.5) == said("OK")


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
    bench.does("AT+CIPSTATUS", "OK", "STATE: CONNECT OK")
    bench.does("AT+CIPSEND", "ERROR")
    bench.does("AT+CIPSEND=5", "ERROR")
    bench.does("AT+CIPACK", "+CIPACK: 0,0,0", "OK")
    bench.does("AT+CIPMODE=0", "ERROR")
    bench.does("AT+CIFSR", "10.78.245.128")
    bench.does("ATO", "CONNECT")
    bench.types(b"back")
    bench.waits(0.4)
    assert bytes(peer.received) == b"back"


def test_new_values_of_cipccfg_count_at_once() -> None:
    bench, peer = escaped()
    bench.does(config(wait=1), "OK")
    bench.does("ATO", "CONNECT")
    bench.types(b"a")
    bench.waits(0.19)
    assert not peer.received
    bench.waits(0.01)
    assert bytes(peer.received) == b"a"


def test_data_that_arrives_in_command_mode_waits_for_ato() -> None:
    bench, peer = escaped()
    peer.send(b"one")
    peer.send(b"two")
    assert bench.waits(5.0) == b""
    bench.does("AT", "OK")
    bench.does("ATO", "CONNECT", b"onetwo")


def test_a_full_buffer_in_command_mode_loses_nothing() -> None:
    bench, peer = escaped()
    data = bytes(index % 251 for index in range(50_000))
    peer.send(data, segment=1000)
    assert bench.waits(1.0) == b""
    bench.does("ATO", "CONNECT", data)


def test_closing_from_command_mode() -> None:
    bench, peer = escaped()
    peer.send(b"unread")
    bench.settles()
    bench.does("AT+CIPCLOSE=0", "CLOSE OK")
    assert peer.fin_received
    assert not bench.dcd()
    bench.does("ATO", "NO CARRIER")
    bench.does(f'AT+CIPSTART="TCP","{OTHER}",{PORT}', "OK", "CONNECT")


@pytest.mark.parametrize("way", ["close", "reset"])
def test_the_peer_ends_it_in_command_mode(way: str) -> None:
    bench, peer = escaped("AT+CIPRXGET=1")
    peer.send(b"lost with the link")
    getattr(peer, way)()
    bench.settles()
    bench.hears("CLOSED")
    assert not bench.dcd()
    bench.does("ATO", "NO CARRIER")
    bench.does("AT+CIPRXGET=4", "+CIPRXGET: 4,0", "OK")
    bench.does(f'AT+CIPSTART="TCP","{OTHER}",{PORT}', "OK", "CONNECT")


def test_the_context_is_lost_in_command_mode() -> None:
    bench, peer = escaped("AT+CIPRXGET=1")
    peer.send(b"lost with the link")
    bench.settles()
    assert bench.loses_pdp() == said("+PDP: DEACT")
    assert not bench.dcd()
    bench.does("AT+CIPRXGET=2", "ERROR")
    bench.does("ATO", "NO CARRIER")


def test_ato_without_a_connection_and_in_normal_mode() -> None:
    bench = Bench()
    bench.does("ATO", "NO CARRIER")
    bench.does("AT+CIPMODE=1", "OK")
    bench.does("ATO", "NO CARRIER")
    bench.does("AT+CIPMODE=0", "OK")
    bench.single().tcp()
    bench.does("ATO", "NO CARRIER")


def test_shut_from_command_mode() -> None:
    bench, _ = escaped()
    bench.does("AT+CIPSHUT", "SHUT OK")
    assert not bench.dcd()
    assert bench.state() == "IP INITIAL"
    bench.does("AT+CIPMODE?", "+CIPMODE: 1", "OK")


# ---- forced out ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["close", "reset"])
def test_the_peer_ends_it_in_data_mode(way: str) -> None:
    bench, peer = online()
    assert bench.dcd()
    peer.send(b"last words")
    getattr(peer, way)()
    bench.settles()
    bench.hears(b"last words", "CLOSED")
    assert not bench.dcd()
    assert bench.state() == "TCP CLOSED"


def test_the_context_is_lost_in_data_mode() -> None:
    bench, _ = online()
    assert bench.loses_pdp() == said("+PDP: DEACT")
    assert not bench.dcd()
    assert bench.state() == "PDP DEACT"


def test_unread_data_comes_first_when_the_host_reads_again() -> None:
    bench, peer = online()
    bench.sees(OutputBlocked())
    peer.send(b"unread")
    peer.close()
    bench.settles()
    bench.hears()
    bench.types(b"x" * 5000)
    assert bench.sees(OutputReady()) == b"unread" + said("CLOSED")
    bench.does("AT", "OK")


def test_the_context_is_lost_with_unread_data() -> None:
    bench, peer = online()
    bench.sees(OutputBlocked())
    peer.send(b"unread")
    bench.settles()
    assert bench.loses_pdp() == b""
    assert bench.sees(OutputReady()) == b"unread" + said("+PDP: DEACT")


def test_an_escape_before_the_last_data_was_read() -> None:
    bench, peer = online(config(paced=1, burst=50, ms=1000))
    peer.send(b"x" * 500)
    peer.close()
    bench.settles()
    bench.hears(b"x" * 50)
    assert bench.waits(1.0) == b"x" * 50
    bench.types(PLUS)
    assert bench.waits(1.0) == b"x" * 50 + said("OK", "CLOSED")
    assert bench.waits(20.0) == b""
    assert bench.state() == "TCP CLOSED"


def test_no_client_is_taken_before_the_last_data_of_the_one_before_was_read() -> None:
    bench = Bench().single()
    bench.does("AT+CIPMODE=1", "OK")
    bench.does("AT+CIPSERVER=1,1234", "OK", "SERVER OK")
    first = bench.client()
    bench.hears(f"REMOTE IP: {CLIENT}", "CONNECT")
    bench.sees(OutputBlocked())
    first.send(b"unread")
    first.close()
    bench.settles()
    assert bench.client().reset_received
    assert bench.sees(OutputReady()) == b"unread" + said("CLOSED")
    bench.client()
    bench.hears(f"REMOTE IP: {CLIENT}", "CONNECT")


def test_connect_waits_for_a_running_command_and_the_end_of_the_connection_too() -> None:
    bench = Bench(timings={"operators": 5.0}).single()
    bench.does("AT+CIPMODE=1", "OK")
    bench.does("AT+CIPSERVER=1,1234", "OK", "SERVER OK")
    bench.does("AT+COPS=?")
    client = bench.client()
    client.send(b"hello")
    client.close()
    bench.settles()
    assert bench.client().reset_received
    bench.hears()
    operators = '+COPS: (2,"Virtual","Virtual","26201"),,(0-4),(0-2)'
    assert bench.waits(5.0) == said(operators, "OK", f"REMOTE IP: {CLIENT}", "CONNECT", b"hello", "CLOSED")
    assert bench.state() == "SERVER LISTENING"
    bench.does("ATO", "NO CARRIER")


# ---- pacing -------------------------------------------------------------------------------------------


def test_rxmode_paces_the_output() -> None:
    bench, peer = online(config(paced=1, burst=100, ms=200))
    peer.send(b"a" * 250)
    bench.settles()
    bench.hears(b"a" * 100)
    assert bench.waits(0.19) == b""
    assert bench.waits(0.01) == b"a" * 100
    assert bench.waits(0.19) == b""
    assert bench.waits(0.01) == b"a" * 50
    peer.send(b"b")
    assert bench.waits(0.19) == b""
    assert bench.waits(0.01) == b"b"
    bench.waits(0.2)
    peer.send(b"c")
    bench.settles()
    bench.hears(b"c")


def test_rxtimer_is_in_milliseconds() -> None:
    bench, peer = online(config(paced=1, burst=50, ms=1000))
    peer.send(b"a" * 100)
    bench.settles()
    bench.hears(b"a" * 50)
    assert bench.waits(0.9999) == b""
    assert bench.waits(0.0001) == b"a" * 50


def test_without_rxmode_there_is_no_pause() -> None:
    bench, peer = online(config(paced=0, burst=50, ms=1000))
    peer.send(b"a" * 5000)
    bench.settles()
    bench.hears(b"a" * 5000)


def test_the_end_waits_for_the_paced_data() -> None:
    bench, peer = online(config(paced=1, burst=50, ms=20))
    peer.send(b"a" * 120)
    peer.close()
    bench.settles()
    bench.hears(b"a" * 50)
    assert bench.waits(0.02) == b"a" * 50
    assert bench.waits(0.02) == b"a" * 20 + said("CLOSED")


# ---- DTR and DCD --------------------------------------------------------------------------------------


def test_dtr_leaves_data_mode_with_d1() -> None:
    bench, peer = online("AT&D1")
    bench.waits(1.0)
    assert bench.dtr(False) == said("OK")
    assert bench.dcd()
    bench.does("AT+CIPSTATUS", "OK", "STATE: CONNECT OK")
    bench.does("ATO", "CONNECT")
    peer.send(b"x")
    bench.settles()
    bench.hears(b"x")


def test_dtr_low_for_less_than_a_second_does_nothing() -> None:
    bench, peer = online("AT&D1")
    bench.waits(2.0)
    assert bench.dtr(False) == said("OK")
    bench.does("ATO", "CONNECT")
    bench.dtr(True)
    bench.waits(0.98)
    assert bench.dtr(False) == b""
    bench.types(b"data")
    bench.waits(0.4)
    assert bytes(peer.received) == b"data"
    bench.dtr(True)
    bench.waits(1.0)
    assert bench.dtr(False) == said("OK")


def test_dtr_low_time_counts_from_before_connect() -> None:
    bench = Bench().single()
    bench.does("AT&D1", "OK")
    bench.waits(5.0)
    bench.transparent()
    assert bench.dtr(False) == said("OK")


def test_dtr_does_nothing_with_d0() -> None:
    bench, peer = online("AT&D0")
    bench.waits(5.0)
    assert bench.dtr(False) == b""
    bench.types(b"data")
    bench.waits(0.4)
    assert bytes(peer.received) == b"data"


def test_dtr_with_held_pluses_delivers_them() -> None:
    bench, peer = online("AT&D1")
    bench.waits(2.0)
    bench.types(b"++")
    assert bench.dtr(False) == said("OK")
    assert bytes(peer.received) == b"++"


def test_dtr_leaves_a_normal_connection_alone() -> None:
    bench = Bench().single()
    bench.does("AT&D2", "OK")
    peer = bench.tcp()
    bench.waits(5.0)
    assert bench.dtr(False) == b""
    assert not peer.fin_received
    bench.does("AT+CIPSTATUS", "OK", "STATE: CONNECT OK")


def test_closing_the_listener_from_command_mode_keeps_the_client() -> None:
    bench = Bench().single()
    bench.does("AT+CIPMODE=1", "OK")
    bench.does("AT+CIPSERVER=1,1234", "OK", "SERVER OK")
    client = bench.client()
    bench.hears(f"REMOTE IP: {CLIENT}", "CONNECT")
    bench.waits(1.0)
    bench.types(PLUS)
    assert bench.waits(1.0) == said("OK")
    bench.does(f'AT+CIPSTART="TCP","{SERVER}",{PORT}', "ERROR", "ALREADY CONNECT")
    bench.does("AT+CIPSERVER=0", "OK", "SERVER CLOSE")
    bench.does("ATO", "CONNECT")
    client.close()
    bench.settles()
    bench.hears("CLOSED")
    assert bench.state() == "TCP CLOSED"


def test_dtr_hangs_up_with_d2() -> None:
    bench, peer = online("AT&D2")
    bench.waits(2.0)
    assert bench.dtr(False) == said("OK")
    assert peer.fin_received
    assert not bench.dcd()
    bench.does("AT+CIPSTATUS", "OK", "STATE: TCP CLOSED")
    bench.does("ATO", "NO CARRIER")


def test_hanging_up_loses_what_was_not_read() -> None:
    bench, peer = online("AT&D2", "AT+CIPRXGET=1")
    bench.waits(2.0)
    bench.sees(OutputBlocked())
    peer.send(b"unread")
    bench.settles()
    assert bench.dtr(False) == said("OK")
    assert bench.sees(OutputReady()) == b""
    bench.does("AT+CIPRXGET=4", "+CIPRXGET: 4,0", "OK")


def test_hanging_up_what_the_peer_has_ended_already() -> None:
    bench, peer = online("AT&D2", config(paced=1, burst=50, ms=1000))
    bench.waits(2.0)
    peer.send(b"a" * 200)
    peer.close()
    bench.settles()
    bench.hears(b"a" * 50)
    assert bench.dtr(False) == said("OK", "CLOSED")
    assert bench.waits(10.0) == b""
    assert bench.state() == "TCP CLOSED"


def test_dcd_stays_off_in_normal_mode() -> None:
    bench = in_single_state("CONNECT OK")
    assert not bench.dcd()


def test_dcd_is_always_on_with_c0() -> None:
    bench = Bench()
    bench.does("AT&C0", "OK")
    assert bench.dcd()
    bench.single().tcp()
    assert bench.dcd()
    bench.does("AT&C1", "OK")
    assert not bench.dcd()


def test_a_failed_connection_leaves_dcd_off() -> None:
    bench = Bench().single()
    bench.does("AT+CIPMODE=1", "OK")
    bench.does(f'AT+CIPSTART="TCP","{SERVER}",{PORT + 1}', "OK", "STATE: TCP CLOSED", "CONNECT FAIL")
    assert not bench.dcd()

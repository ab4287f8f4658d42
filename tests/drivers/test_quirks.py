"""What a naive emulator gets wrong, byte for byte: numbers 1 to 8 of the list in the facts on drivers.

Here are the numbers that concern the shell or the SIM800. Parts of 5 and 6 are about Quectel modules.
"""

from __future__ import annotations

import pytest
from driver_host import CONNECTED, PROMPT, SERVER, START, connected, host_online, peer_sends
from driver_ways import small_writes
from shell_host import ERROR, OK, Host, said
from vmodem.emulator.dialect import Options
from vmodem.emulator.events import SmsArrived
from vmodem.emulator.world import Writer, bytewise, fragments, whole

PAYLOAD = b"\r\n AT+CIPMUX?\r\n> \x1a\x1b+++\x00\xff\n\r"


# ---- 1: ends of lines ------------------------------------------------------------------------------


@pytest.mark.parametrize("writer", [whole, bytewise, small_writes, fragments(1)])
def test_1_the_line_feed_is_eaten_before_the_payload_is_counted(writer: Writer) -> None:
    """1: otherwise the payload of a host with CR LF is shifted by one byte."""
    host, peer = connected(writer=writer)
    assert host.types(b"AT\r\n") == OK
    size = len(PAYLOAD)
    assert host.types(b"AT+CIPSEND=0,%d\r\n" % size) == PROMPT
    assert host.types(PAYLOAD) == said("0, SEND OK")
    assert peer.received == PAYLOAD


def test_1_a_line_feed_that_comes_later_is_still_the_lines() -> None:
    """1: CR and LF may be two writes, with the prompt between them."""
    host, peer = connected()
    assert host.types(b"AT\r\n") == OK
    assert host.types(b"AT+CIPSEND=0,2\r") == PROMPT
    assert host.types(b"\n") == b""
    assert host.types(b"ab") == said("0, SEND OK")
    assert peer.received == b"ab"


@pytest.mark.parametrize("writer", [whole, bytewise])
def test_1_a_host_with_cr_alone_may_begin_its_payload_with_lf(writer: Writer) -> None:
    """1: CR-only drivers must work too, and lose no LF."""
    host, peer = connected(writer=writer)
    assert host.types(b"AT+CIPSEND=0,2\r") == PROMPT
    assert host.types(b"\nb") == said("0, SEND OK")
    assert peer.received == b"\nb"


def test_1_nothing_waits_for_a_line_feed() -> None:
    """1: the answer comes at the CR."""
    assert Host().types(b"AT\r") == OK


# ---- 2: what follows the payload -------------------------------------------------------------------


@pytest.mark.parametrize("stray", [b"\r\n", b"\r", b"\n", b"\x1a", b"\r\n\r\n"])
@pytest.mark.parametrize("together", [True, False])
def test_2_stray_bytes_behind_the_payload_are_nothing(stray: bytes, together: bool) -> None:
    """2: no ERROR, and the next command is understood."""
    host, peer = connected()
    assert host.types(b"AT+CIPSEND=0,5\r\n") == PROMPT
    answer = host.types(b"hello" + stray) if together else host.types(b"hello") + host.types(stray)
    assert answer == said("0, SEND OK")
    assert peer.received == b"hello"
    assert host.types(b"AT+CIPMUX?\r\n") == said("+CIPMUX: 1", "OK")
    assert peer.received == b"hello"


def test_2_the_echo_of_a_stray_line_end_is_no_line() -> None:
    """2: with echo on a stray CR is echoed as it is, nothing more."""
    host, _ = connected()
    host.asks("ATE1")
    assert host.types(b"AT+CIPSEND=0,5\r\n") == b"AT+CIPSEND=0,5\r" + PROMPT
    assert host.types(b"hello\r\n") == b"hello" + said("0, SEND OK") + b"\r"
    assert host.types(b"AT\r\n") == b"AT\r" + OK


# ---- 3: pieces -------------------------------------------------------------------------------------


def test_3_each_byte_is_echoed_when_it_comes() -> None:
    """3: exactly as sent; gammu types slowly and reads each byte back."""
    host = Host(echo=True)
    for byte in b"aT+cSq\x7fAT+CsQ":
        assert host.types(bytes((byte,))) == bytes((byte,))
        assert host.waits(0.4) == b""
    assert host.types(b"\r") == b"\r" + said("+CSQ: 20,0", "OK")


def test_3_the_payload_may_come_in_pieces_with_pauses() -> None:
    """3: it is not needed in one read."""
    host, peer = connected()
    assert host.asks("AT+CIPSEND=0,10") == PROMPT
    for _ in range(9):
        assert host.types(b"x") + host.waits(3.0) == b""
    assert host.types(b"y") == said("0, SEND OK")
    assert peer.received == b"xxxxxxxxxy"


def test_3_a_payload_larger_than_any_one_write() -> None:
    """3: 1460 bytes of every value, in pieces of 1 to 7."""
    host, peer = connected(writer=fragments(3))
    payload = (bytes(range(256)) * 6)[:1460]
    assert host.types(b"AT+CIPSEND=0,1460\r\n") == PROMPT
    assert host.types(payload) == said("0, SEND OK")
    assert peer.received == payload


# ---- 4: who speaks when ----------------------------------------------------------------------------


def test_4_no_notice_between_a_command_and_its_answer() -> None:
    """4: data that comes while a send waits for its acknowledgement is told behind the result."""
    host, peer = connected("AT+CIPRXGET=1")
    peer.ack_limit(0)
    assert host.asks("AT+CIPSEND=0,2") == PROMPT
    assert peer_sends(host, peer, b"early") == b""
    assert host.types(b"ab") == b""
    peer.ack_all()
    assert host.waits(0.0) == said("0, SEND OK", "+CIPRXGET: 1,0")
    assert host.asks("AT+CIPRXGET=2,0,10") == b"\r\n+CIPRXGET: 2,0,5,0\r\nearly" + OK


def test_4_a_message_waits_for_the_end_of_the_command() -> None:
    """4: +CMTI in front of an answer would be taken for it (FONA, esp_modem)."""
    host = Host(Options(timings={"shut": 1.0}))
    assert host.types(b"AT+CIPSHUT\r") == b""
    assert host.sees(SmsArrived("+491701234567", "hello")) == b""
    assert host.waits(1.0) == said("SHUT OK", '+CMTI: "SM",1')


@pytest.mark.parametrize("typed", [b"A", b"AT+CIPRX", b"AT+CIPRXGET=4,0"])
def test_4_half_a_command_line_holds_no_notice_back_for_ever(typed: bytes) -> None:
    """4: a notice is held from the CR on; a line that nobody ends does not silence the module."""
    host, peer = connected("AT+CIPRXGET=1")
    assert host.types(typed) == b""
    assert peer_sends(host, peer, b"x") + host.waits(60.0) == said("+CIPRXGET: 1,0")


# ---- 5: one notice ---------------------------------------------------------------------------------


def test_5_data_is_told_once_until_it_was_read() -> None:
    """5: only when the buffer was empty."""
    host, peer = connected("AT+CIPRXGET=1")
    assert peer_sends(host, peer, b"one") == said("+CIPRXGET: 1,0")
    assert peer_sends(host, peer, b"two") == b""
    assert host.asks("AT+CIPRXGET=2,0,4") == b"\r\n+CIPRXGET: 2,0,4,2\r\nonet" + OK
    assert peer_sends(host, peer, b"x") == b""
    assert host.asks("AT+CIPRXGET=2,0,1460") == b"\r\n+CIPRXGET: 2,0,3,0\r\nwox" + OK
    assert peer_sends(host, peer, b"y") == said("+CIPRXGET: 1,0")


# ---- 6: data outlives its connection ---------------------------------------------------------------


def test_6_what_was_not_read_is_there_after_the_close() -> None:
    """6: CIPRXGET still delivers it, and then refuses."""
    host, peer = connected("AT+CIPRXGET=1")
    assert peer_sends(host, peer, b"last words") == said("+CIPRXGET: 1,0")
    peer.close()
    assert host.waits(0.0) == said("0, CLOSED")
    assert host.asks("AT+CIPRXGET=4,0") == said("+CIPRXGET: 4,0,10", "OK")
    assert host.asks("AT+CIPRXGET=2,0,4") == b"\r\n+CIPRXGET: 2,0,4,6\r\nlast" + OK
    assert host.asks("AT+CIPRXGET=2,0,100") == b"\r\n+CIPRXGET: 2,0,6,0\r\n words" + OK
    assert host.asks("AT+CIPRXGET=4,0") == said("+CIPRXGET: 4,0,0", "OK")
    assert host.asks("AT+CIPRXGET=2,0,100") == ERROR


def test_6_pushed_data_comes_before_the_news_of_the_close() -> None:
    """6: also when both happen while a command runs."""
    host, peer = connected()
    peer.ack_limit(0)
    assert host.asks("AT+CIPSEND=0,1") + host.types(b"x") == PROMPT
    peer.send(b"bye")
    peer.ack_all()
    peer.close()
    assert host.waits(1.0) == said("0, SEND OK") + b"\r\n+RECEIVE,0,3:\r\nbye" + said("0, CLOSED")


# ---- 7: where OK stands ----------------------------------------------------------------------------

IDLE = "\n".join(f'C: {n},,"","","","INITIAL"' for n in range(6))


def test_7_final_results_that_are_not_ok() -> None:
    """7: no OK behind CIFSR, SHUT OK, CLOSE OK; CIPSTATUS begins with it; CIPSTART's comes first."""
    host, _ = host_online()
    assert host.asks("AT+CIFSR") + host.waits(1.0) == b"\r\n10.64.1.2\r\n"
    assert host.asks("AT+CIPSTATUS") + host.waits(1.0) == said("OK", "STATE: IP STATUS", IDLE)
    assert host.asks(START) == b"\r\nOK\r\n\r\n0, CONNECT OK\r\n"
    assert host.asks("AT+CIPCLOSE=0") + host.waits(1.0) == b"\r\n0, CLOSE OK\r\n"
    assert host.asks("AT+CIPSHUT") + host.waits(1.0) == b"\r\nSHUT OK\r\n"


def test_7_the_same_with_one_connection() -> None:
    """7: the words without numbers."""
    host = Host()
    host.net.tcp(*SERVER)
    assert host.asks("AT+CIPSTATUS") == b"\r\nOK\r\n\r\nSTATE: IP INITIAL\r\n"
    assert host.asks('AT+CIPSTART="TCP","203.0.113.7","7777"') == said("OK", "CONNECT OK")
    assert host.asks("AT+CIPSTATUS") == b"\r\nOK\r\n\r\nSTATE: CONNECT OK\r\n"
    assert host.asks("AT+CIPCLOSE") + host.waits(1.0) == b"\r\nCLOSE OK\r\n"


def test_7_the_ok_comes_before_a_connection_that_fails() -> None:
    """7: OK strictly before the result, however quick that is."""
    host, server = host_online()
    server.refuse()
    assert host.asks(START) == said("OK", "0, CONNECT FAIL")


# ---- 8: lines of several commands ------------------------------------------------------------------


def test_8_chains() -> None:
    """8: as TinyGSM, smstools and wvdial write them."""
    host, _ = host_online()
    assert host.asks("AT+CIFSR;E0") == b"\r\n10.64.1.2\r\n\r\nOK\r\n"
    assert host.asks("AT+CMEE=1;+CREG=2") == OK
    assert host.asks("AT+CREG?;+CMEE?") == said('+CREG: 2,1,"1A2B","3C4D"', "+CMEE: 1", "OK")
    assert host.asks("ATQ0 V1 E0 S0=0 &C1 &D2 +FCLASS=0") == OK
    assert host.asks("AT+CMEE=0;+NOSUCH;+CMEE=2") == ERROR
    assert host.asks("AT+CMEE?") == said("+CMEE: 0", "OK")


@pytest.mark.parametrize(
    "line",
    [
        'at+cipstart=0,"tcp","203.0.113.7",7777',
        'AT+CIPSTART=0, "TCP", "203.0.113.7", 7777',
        'AT+CIPSTART = 0,"TCP","203.0.113.7","7777"',
        'AT+CipStart=0,"TCP","203.0.113.7","7777"',
    ],
)
def test_8_small_letters_spaces_and_quoted_ports(line: str) -> None:
    """8: all of them are the same command."""
    host, _ = host_online()
    assert host.asks(line) == CONNECTED

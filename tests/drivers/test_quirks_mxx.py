"""What a naive emulator of an M-series module gets wrong, byte for byte.

By the numbers of the list in the facts on drivers; 1 to 3 and 14 are beside, with those of the BG96, and
those that are the shell's alone in the other files.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mxx_driver_host import (
    CONNECTED,
    PROMPT,
    SERVER,
    START,
    connected,
    host_online,
    mxx_host,
    peer_sends,
)
from shell_host import ERROR, OK, Host, said
from vmodem.emulator.dialect import Options
from vmodem.emulator.events import SmsArrived

SNAPPISH = 0.1
"""Seconds that the least patient drivers wait for a line."""

# ---- 4: who speaks when ----------------------------------------------------------------------------


def test_4_no_notice_between_a_command_and_its_answer() -> None:
    """4: at a prompt, and while a command takes its time."""
    host, peer = connected("AT+QINDI=1")
    assert host.asks("AT+QISEND=0,2") == PROMPT
    assert peer_sends(host, peer, b"early") == b""
    assert host.types(b"ab") == said("SEND OK", "+QIRDI: 0,1,0")


def test_4_a_message_waits_for_the_end_of_the_command() -> None:
    """4: +CMTI in front of an answer would be taken for it."""
    host = mxx_host(Options(timings={"deactivate": 2.0}))
    assert host.asks("AT+QIDEACT") == b""
    assert host.sees(SmsArrived("+491701234567", "hello")) == b""
    assert host.waits(2.0) == said("DEACT OK", '+CMTI: "SM",1')


# ---- 5: notices ------------------------------------------------------------------------------------


def test_5_qindi_1_tells_once_until_the_buffer_was_empty() -> None:
    """5: TinyGSM's M95 part would like more, but this is what the module does (observed)."""
    host, peer = connected("AT+QINDI=1")
    assert peer_sends(host, peer, b"a" * 1400) == said("+QIRDI: 0,1,0")
    assert peer_sends(host, peer, b"b" * 1400) == b""
    first = host.asks("AT+QIRD=0,1,0,1500")
    assert first == b"\r\n+QIRD: 203.0.113.7:7777,TCP,1500\r\n" + b"a" * 1400 + b"b" * 100 + OK
    assert peer_sends(host, peer, b"c") == b""
    second = host.asks("AT+QIRD=0,1,0,1500")
    assert second == b"\r\n+QIRD: 203.0.113.7:7777,TCP,1301\r\n" + b"b" * 1300 + b"c" + OK
    assert host.asks("AT+QIRD=0,1,0,1500") == OK
    assert peer_sends(host, peer, b"d") == said("+QIRDI: 0,1,0")


def test_5_qindi_2_tells_every_arrival_with_its_figures() -> None:
    """5: TinyGSM's MC60 part and mbed; the numbers begin again when the buffer was read empty."""
    host, peer = connected("AT+QINDI=2")
    assert peer_sends(host, peer, b"a" * 1332) == said("+QIRDI: 0,1,0,1,1332,1332")
    assert peer_sends(host, peer, b"b" * 1359) == said("+QIRDI: 0,1,0,2,1359,2691")
    assert peer_sends(host, peer, b"cc") == said("+QIRDI: 0,1,0,3,2,2693")
    for size in (1500, 1193):
        assert host.asks("AT+QIRD=0,1,0,1500").startswith(said(f"+QIRD: 203.0.113.7:7777,TCP,{size}"))
    assert peer_sends(host, peer, b"d") == said("+QIRDI: 0,1,0,1,1,1")


# ---- 6: data outlives its connection ---------------------------------------------------------------


def test_6_what_was_not_read_is_there_after_the_close() -> None:
    """6: QIRD still delivers it, and then refuses."""
    host, peer = connected("AT+QINDI=1")
    assert peer_sends(host, peer, b"last words") == said("+QIRDI: 0,1,0")
    peer.close()
    assert host.waits(0.0) == said("0, CLOSED")
    assert host.asks("AT+QIRD=0,1,0,4") == b"\r\n+QIRD: 203.0.113.7:7777,TCP,4\r\nlast" + OK
    assert host.asks("AT+QIRD=0,1,0,100") == b"\r\n+QIRD: 203.0.113.7:7777,TCP,6\r\n words" + OK
    assert host.asks("AT+QIRD=0,1,0,100") == ERROR


def test_6_pushed_data_comes_before_the_news_of_the_close() -> None:
    """6: also when both happen at a prompt; what the host was about to send has nobody to go to."""
    host, peer = connected()
    assert host.asks("AT+QISEND=0,1") == PROMPT
    peer.send(b"bye")
    peer.close()
    host.waits(0.0)
    assert host.types(b"x") == said("SEND FAIL", "+RECEIVE: 0, 3") + b"bye" + said("0, CLOSED")


# ---- 7, 8: where OK stands, lines of several commands ----------------------------------------------


def test_7_final_results_that_are_not_ok() -> None:
    """7: no OK behind QILOCIP, DEACT OK, CLOSE OK; QISTATE begins with it; QIOPEN's comes first."""
    host, _ = host_online()
    assert host.asks("AT+QILOCIP") + host.waits(1.0) == b"\r\n10.64.1.2\r\n"
    unused = "\n".join(f'+QISTATE: {n},"","",,"INITIAL"' for n in range(6))
    assert host.asks("AT+QISTATE") + host.waits(1.0) == said("OK", "STATE: IP STATUS", unused)
    assert host.asks(START) == b"\r\nOK\r\n\r\n0, CONNECT OK\r\n"
    assert host.asks("AT+QICLOSE=0") + host.waits(1.0) == b"\r\n0, CLOSE OK\r\n"
    assert host.asks("AT+QIDEACT") + host.waits(1.0) == b"\r\nDEACT OK\r\n"


def test_8_chains_small_letters_spaces_and_quoted_ports() -> None:
    """8: as smstools, wvdial and older TinyGSM write them."""
    host, _ = host_online()
    assert host.asks("AT+QILOCIP;E0") == b"\r\n10.64.1.2\r\n\r\nOK\r\n"
    assert host.asks("AT&FZE0") == OK
    assert host.asks("AT+CMEE=1;+CREG=2") == OK
    assert host.asks('at+qiopen=0, "tcp", "203.0.113.7","7777"') == CONNECTED


# ---- 9: no OK for everything -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    ["AT+WIND?", "AT+ZPAS?", "AT+CIPMUX?", "AT+QIURC=1", "AT+CCALR?", "AT+ICCID", "AT+QGSMLOC=1", "AT+QTEMP"],
)
def test_9_an_unknown_command_is_an_error(line: str) -> None:
    """9: an OK would make the module one of another make."""
    host = mxx_host()
    assert host.asks(line) == ERROR
    host.asks("AT+CMEE=1")
    assert host.asks(line) == said("+CME ERROR: 100")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("AT+CFUN?", "+CFUN: 1"),
        ("AT+CSCS?", '+CSCS: "GSM"'),
        ("AT+CGATT?", "+CGATT: 1"),
        ("AT+QINDI?", "+QINDI: 0"),
        ("AT+QIMODE?", "+QIMODE: 0"),
        ("AT+QNITZ?", "+QNITZ: 0"),
        ("AT+QSPN?", '+QSPN: "Virtual",0'),
        ("AT+QTEMP?", "+QTEMP: 1,1123,36"),
    ],
)
def test_9_a_question_gives_its_line_first(line: str, answer: str) -> None:
    """9: and it is the first line of the answer."""
    assert mxx_host().asks(line) == said(answer, "OK")


# ---- 10: closing what is not open ------------------------------------------------------------------


@pytest.mark.parametrize("number", range(6))
def test_10_the_close_of_an_unused_link_is_refused_at_once(number: int) -> None:
    """10: TinyGSM stops each socket before it connects, and would wait 75 s."""
    host, _ = host_online()
    assert host.asks(f"AT+QICLOSE={number}") == ERROR


def test_10_the_close_of_a_closed_link_is_refused_at_once() -> None:
    """10: closed by the host, or by the peer."""
    host, peer = connected()
    assert host.asks("AT+QICLOSE=0") == said("0, CLOSE OK")
    assert host.asks("AT+QICLOSE=0") == ERROR
    host, peer = connected()
    peer.close()
    assert host.waits(0.0) == said("0, CLOSED")
    assert host.asks("AT+QICLOSE=0") == ERROR


def test_10_a_connection_that_fails_is_ok_and_connect_fail() -> None:
    """10: a bare ERROR stalls TinyGSM for 75 s; so for a refusal, and for a number that is in use."""
    host, server = host_online()
    server.refuse()
    assert host.asks(START) == said("OK", "0, CONNECT FAIL")
    host, _ = connected()
    assert host.asks(START) == said("OK", "0, CONNECT FAIL")


# ---- 11, 12: restarts ------------------------------------------------------------------------------


def test_11_the_boot_of_a_module_that_finds_its_rate() -> None:
    """11: RDY comes at a fixed rate only; with autobaud the lines come behind the first command."""
    host = mxx_host()
    assert host.asks("AT+CFUN=1,1") + host.waits(60.0) == OK
    assert host.asks("AT") == b"AT\r" + OK + said("+CFUN: 1", "+CPIN: READY", "Call Ready")
    assert host.asks("ATE0;+IPR=115200;&W") == b"ATE0;+IPR=115200;&W\r" + OK
    boot = said("RDY", "+CFUN: 1", "+CPIN: READY", "Call Ready")
    assert host.asks("AT+CFUN=1,1") + host.waits(60.0) == OK + boot


def test_11_registration_is_told_unasked() -> None:
    """11: uModem waits for the URC after its restart."""
    host = mxx_host()
    host.asks("AT+CFUN=1,1")
    host.waits(4.0)
    host.asks("ATE0")
    assert host.asks("AT+CREG=1") == OK
    assert host.waits(10.0) == said("+CREG: 1")


SETTINGS = (("QIMUX", 1), ("QINDI", 2), ("QISRVC", 2), ("QIHEAD", 1), ("QIDNSIP", 1), ("QISDE", 0))


def test_12_settings_last_until_the_restart() -> None:
    """12: ATZ keeps them, AT+CFUN=1,1 forgets them, and the echo is on again."""
    host = mxx_host()
    fresh = [host.asks(f"AT+{name}?") for name, _ in SETTINGS]
    for name, value in SETTINGS:
        assert host.asks(f"AT+{name}={value}") == OK
    assert host.asks("ATZ") == OK
    assert host.asks("ATE0") == b"ATE0\r" + OK
    for name, value in SETTINGS:
        assert host.asks(f"AT+{name}?") == said(f"+{name}: {value}", "OK")
    host.asks("AT+CFUN=1,1")
    host.waits(10.0)
    assert host.asks("ATE0").startswith(b"ATE0\r" + OK)
    assert [host.asks(f"AT+{name}?") for name, _ in SETTINGS] == fresh


def test_12_atz_leaves_links_alone() -> None:
    """12: it must not hang up."""
    host, peer = connected()
    assert host.asks("ATZ") == OK
    assert peer_sends(host, peer, b"x") == said("+RECEIVE: 0, 1") + b"x"


# ---- 13: names and addresses -----------------------------------------------------------------------


def test_13_an_address_connects_under_either_setting() -> None:
    """13: TinyGSM's MC60 part says 1 for an address."""
    for setting in (0, 1):
        host, _ = host_online(f"AT+QIDNSIP={setting}")
        assert host.asks(START) == CONNECTED


def test_13_a_name_needs_its_setting() -> None:
    """13: and 0 for a name, which the module rightly refuses."""
    host, _ = host_online()
    host.net.add_name("example.org", SERVER[0])
    by_name = 'AT+QIOPEN=0,"TCP","example.org",7777'
    assert host.asks("AT+QIDNSIP=0") == OK
    assert host.asks(by_name) == ERROR
    assert host.asks("AT+QIDNSIP=1") == OK
    assert host.asks(by_name) == CONNECTED


# ---- 15: time ------------------------------------------------------------------------------------------


def conversation() -> Iterator[tuple[bytes, bytes]]:
    """What a host writes, and the last bytes of the answer it waits for."""
    for line in (
        "AT",
        "ATE0",
        "ATI",
        "AT+CPIN?",
        "AT+QCCID",
        "AT+CREG?",
        "AT+QNITZ=1",
        "AT+QIFGCNT=0",
        'AT+QICSGP=1,"internet","",""',
        "AT+QIMUX=1",
        "AT+QINDI=1",
        'AT+QIREGAPP="internet","",""',
        "AT+QIACT",
    ):
        yield line.encode() + b"\r\n", OK
    yield b"AT+QILOCIP\r\n", b"\r\n10.64.1.2\r\n"
    yield START.encode() + b"\r\n", b"\r\n0, CONNECT OK\r\n"
    yield b"AT+QISEND=0,5\r\n", PROMPT
    yield b"hello\r\n", b"\r\nSEND OK\r\n"
    yield b"AT+QISACK=0\r\n", OK
    yield b"AT+QICLOSE=0\r\n", b"\r\n0, CLOSE OK\r\n"
    yield b"AT+QIDEACT\r\n", b"\r\nDEACT OK\r\n"


def soon(host: Host, end: bytes) -> bool:
    """Whether the output ends so before the least patient driver gives up."""
    return host.world.run_until(lambda: host.world.unread.endswith(end), SNAPPISH)


def test_15_nothing_is_late_by_default() -> None:
    """15: instant timing never comes near a driver's patience."""
    host = mxx_host(Options(local_ips=("10.64.1.2",)))
    host.net.tcp(*SERVER)
    for written, end in conversation():
        host.world.send(written)
        assert soon(host, end), (written, host.world.unread)
        host.world.take()

"""What a naive emulator of a BG96 gets wrong, byte for byte.

By the numbers of the list in the facts on drivers; 1 to 3 and 14 are beside, with those of the M-series;
13 is the M-series' alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bg96_driver_host import (
    ADDRESS,
    CONNECTED,
    LTE_CELL,
    PROMPT,
    SERVER,
    START,
    bg96_host,
    connected,
    host_online,
    peer_sends,
)
from shell_host import ERROR, OK, Host, said
from vmodem.emulator.dialect import Options
from vmodem.emulator.events import SmsArrived

SNAPPISH = 0.1
"""Seconds that the least patient drivers wait for a line."""
RECV = said('+QIURC: "recv",0')
CLOSED = said('+QIURC: "closed",0')


def read(data: bytes) -> bytes:
    """The whole answer to AT+QIRD."""
    return b"\r\n+QIRD: %d\r\n" % len(data) + data + b"\r\n\r\nOK\r\n"


# ---- 4: who speaks when ----------------------------------------------------------------------------


def test_4_no_notice_between_a_command_and_its_answer() -> None:
    """4: at a prompt: FreeRTOS takes any line for the answer."""
    host, peer = connected()
    assert host.asks("AT+QISEND=0,2") == PROMPT
    assert peer_sends(host, peer, b"early") == b""
    assert host.types(b"ab") == said("SEND OK") + RECV


@pytest.mark.parametrize("command", ["AT+QIDEACT=1", "AT+QICLOSE=0", "AT+COPS=?"])
def test_4_a_message_waits_for_the_end_of_the_command(command: str) -> None:
    """4: esp_modem takes the last line for the answer."""
    timings = {"deactivate": 2.0, "close": 2.0, "operators": 2.0}
    host = bg96_host(Options(timings=timings))
    server = host.net.tcp(*SERVER)
    for line in ('AT+QICSGP=1,1,"internet"', "AT+QIACT=1"):
        assert host.asks(line) == OK
    assert host.asks(START) == CONNECTED
    server.connection().ignore_fin()
    assert host.asks(command) == b""
    assert host.sees(SmsArrived("+491701234567", "hello")) == b""
    heard = host.waits(12.0)
    assert heard.endswith(OK + said('+CMTI: "SM",1'))


# ---- 5: notices ------------------------------------------------------------------------------------


def test_5_one_notice_until_the_buffer_was_read_empty() -> None:
    """5: a partial read brings none."""
    host, peer = connected()
    assert peer_sends(host, peer, b"a" * 1400) == RECV
    assert peer_sends(host, peer, b"b" * 1400) == b""
    assert host.asks("AT+QIRD=0,1500") == read(b"a" * 1400 + b"b" * 100)
    assert peer_sends(host, peer, b"c") == b""
    assert host.asks("AT+QIRD=0,1500") == read(b"b" * 1300 + b"c")
    assert host.asks("AT+QIRD=0,1500") == said("+QIRD: 0", "OK")
    assert peer_sends(host, peer, b"d") == RECV


# ---- 6: data outlives its connection ---------------------------------------------------------------


def test_6_closed_comes_when_the_data_before_it_was_read() -> None:
    """6: FreeRTOS reads no more behind `closed`."""
    host, peer = connected()
    assert peer_sends(host, peer, b"last words") == RECV
    peer.close()
    assert host.waits(0.1) == b""
    assert host.asks("AT+QIRD=0,4") == read(b"last")
    assert host.waits(0.1) == b""
    assert host.asks("AT+QIRD=0,1400") == read(b" words") + CLOSED
    assert host.asks("AT+QIRD=0,1400") == said("+QIRD: 0", "OK")


def test_6_closed_comes_in_half_a_second_to_a_host_that_does_not_read() -> None:
    """6: and what was not read is there until QICLOSE."""
    host, peer = connected()
    assert peer_sends(host, peer, b"bye") == RECV
    peer.close()
    assert host.waits(0.49) == b""
    assert host.waits(0.01) == CLOSED
    assert host.asks("AT+QIRD=0,1400") == read(b"bye")
    assert host.waits(10.0) == b"", "it is said once"
    assert host.asks("AT+QICLOSE=0") == OK
    assert host.asks("AT+QIRD=0,1400") == ERROR


def test_6_closed_comes_at_once_where_nothing_waits() -> None:
    """6: also to a host that has read everything before the peer went."""
    host, peer = connected()
    peer_sends(host, peer, b"bye")
    assert host.asks("AT+QIRD=0") == read(b"bye")
    peer.close()
    assert host.waits(0.0) == CLOSED


def test_6_a_socket_that_is_opened_again_hears_nothing_of_the_one_before() -> None:
    """6: the held `closed` goes with its socket."""
    host, peer = connected()
    peer_sends(host, peer, b"bye")
    peer.close()
    assert host.waits(0.1) == b""
    assert host.asks("AT+QICLOSE=0") == OK
    assert host.asks(START) == CONNECTED
    assert host.waits(10.0) == b""


# ---- 7, 8: where OK stands, lines of several commands ----------------------------------------------


def test_7_ok_comes_before_the_result() -> None:
    """7: +QIOPEN behind the OK, for success and for failure."""
    host, server = host_online()
    assert host.asks(START) == b"\r\nOK\r\n\r\n+QIOPEN: 0,0\r\n"
    server.refuse()
    assert host.asks(START.replace("1,0", "1,1")) == b"\r\nOK\r\n\r\n+QIOPEN: 1,566\r\n"
    assert host.asks("AT+QIDEACT=1") + host.waits(1.0) == b"\r\nOK\r\n"


def test_7_the_header_of_qird_is_short() -> None:
    """7: FreeRTOS has 14 characters for it, esp_modem looks through 6."""
    host, peer = connected()
    peer_sends(host, peer, b"x" * 1460)
    peer_sends(host, peer, b"x" * 1460)
    header = host.asks("AT+QIRD=0,1500").split(b"x")[0]
    assert header == b"\r\n+QIRD: 1500\r\n"
    assert len(header.strip()) <= 14


def test_8_chains_small_letters_spaces() -> None:
    """8: as smstools, wvdial and Zephyr write them."""
    host, _ = host_online()
    assert host.asks("AT&FZE0") == OK
    assert host.asks("AT+CMEE=1;+CREG=2") == OK
    assert host.asks("ATQ0 V1 E0 S0=0 &C1 &D2 +FCLASS=0") == OK
    assert host.asks('at+qiopen=1, 0, "tcp", "203.0.113.7", 7777, 0, 0') == CONNECTED
    assert host.asks('AT+QICSGP=2,1,"internet","user", "pwd",1') == OK


# ---- 9: no OK for everything -----------------------------------------------------------------------


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize(
    "line", ["AT+WIND?", "AT+ZPAS?", "AT+QSSLCLOSE=3", "AT+ICCID", "AT+QNITZ=1", "AT+QILOCIP", "AT+CLAC"]
)
def test_9_an_unknown_command_is_an_error(line: str, level: int) -> None:
    """9: an OK would make the module one of another make."""
    host = bg96_host()
    host.asks(f"AT+CMEE={level}")
    assert host.asks(line) == ERROR


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("AT+CFUN?", "+CFUN: 1"),
        ("AT+CSCS?", '+CSCS: "GSM"'),
        ("AT+CGATT?", "+CGATT: 1"),
        ("AT+QSIMSTAT?", "+QSIMSTAT: 0,1"),
        ("AT+CPIN?", "+CPIN: READY"),
        ("AT+QCCID", "+QCCID: 89490200001234567892"),
        ("AT+CEREG?", "+CEREG: 0,1"),
        ("AT+QTEMP", "+QTEMP: 30,26,26"),
        ("AT+CSQ", "+CSQ: 20,99"),
    ],
)
def test_9_a_question_gives_its_line_first(line: str, answer: str) -> None:
    """9: and it is the first line of the answer."""
    assert bg96_host().asks(line) == said(answer, "OK")


# ---- 10: closing what is not open ------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 5, 11])
def test_10_the_close_of_an_unused_socket_answers_at_once(number: int) -> None:
    """10: TinyGSM stops each socket before it connects."""
    host, _ = host_online()
    assert host.asks(f"AT+QICLOSE={number}") == OK


def test_10_the_close_of_a_closed_socket_answers_at_once() -> None:
    """10: closed by the host, or by the peer."""
    host, peer = connected()
    assert host.asks("AT+QICLOSE=0") == OK
    assert host.asks("AT+QICLOSE=0") == OK
    host, peer = connected()
    peer.close()
    assert host.waits(0.0) == CLOSED
    assert host.asks("AT+QICLOSE=0") == OK


# ---- 11, 12: restarts ------------------------------------------------------------------------------


def test_11_rdy_and_app_rdy() -> None:
    """11: Zephyr and mbed wait for RDY, TinyGSM for APP RDY, ten seconds at the most."""
    host = bg96_host(Options(timing_factor=1.0))
    assert host.asks("AT+CFUN=1,1") == said("OK", "POWERED DOWN")
    assert host.waits(10.0) == said("RDY", "APP RDY")


def test_11_registration_is_told_unasked() -> None:
    """11: Zephyr has no other way."""
    host = bg96_host()
    assert host.asks("AT+CFUN=4;+CREG=1;+CEREG=1") == OK
    assert host.asks("AT+CFUN=1") == said("OK", "+CREG: 2", "+CEREG: 2", "+CREG: 1", "+CEREG: 1")


def test_12_settings_last_until_the_restart() -> None:
    """12: ATZ keeps them and the sockets, AT+CFUN=1,1 forgets them, and the echo is on again."""
    host, peer = connected("AT+QISDE=0")
    assert host.asks("ATZ") == OK
    assert host.asks("ATE0") == b"ATE0\r" + OK
    assert peer_sends(host, peer, b"x") == RECV
    assert host.asks("AT+QISDE?") == said("+QISDE: 0", "OK")
    host.asks("AT+CFUN=1,1")
    host.waits(5.0)
    assert host.asks("ATE0") == b"ATE0\r" + OK
    assert host.asks("AT+QISDE?") == said("+QISDE: 1", "OK")
    assert host.asks("AT+QISTATE?") == OK
    assert host.asks("AT+QIACT?") == OK


# ---- 15: time ------------------------------------------------------------------------------------------


def conversation() -> Iterator[tuple[bytes, bytes]]:
    """What a host writes, and the last bytes of the answer it waits for."""
    for line in (
        "AT",
        "ATE0",
        "ATI",
        "AT+CPIN?",
        "AT+QCCID",
        "AT+CEREG?",
        "AT+CTZU=1",
        'AT+QCFG="nwscanmode",0,1',
        'AT+QICSGP=1,1,"internet","",""',
        "AT+QIACT=1",
        "AT+CGPADDR=1",
    ):
        yield line.encode() + b"\r\n", OK
    yield START.encode() + b"\r\n", b"\r\n+QIOPEN: 0,0\r\n"
    yield b"AT+QISEND=0,5\r\n", PROMPT
    yield b"hello\r\n", b"\r\nSEND OK\r\n"
    yield b"AT+QISEND=0,0\r\n", OK
    yield b"AT+QICLOSE=0\r\n", OK
    yield b"AT+QIDEACT=1\r\n", OK


def soon(host: Host, end: bytes) -> bool:
    """Whether the output ends so before the least patient driver gives up."""
    return host.world.run_until(lambda: host.world.unread.endswith(end), SNAPPISH)


def test_15_nothing_is_late_by_default() -> None:
    """15: instant timing never comes near a driver's patience."""
    host = bg96_host(Options(local_ips=(ADDRESS,)))
    host.net.tcp(*SERVER)
    for written, end in conversation():
        host.world.send(written)
        assert soon(host, end), (written, host.world.unread)
        host.world.take()


# ---- what the table of drivers needs beside the list -----------------------------------------------


def test_the_address_has_no_quotes() -> None:
    """TinyGSM would take them for a part of it, and read 0."""
    host, _ = host_online()
    assert host.asks("AT+CGPADDR=1") == f"\r\n+CGPADDR: 1,{ADDRESS}\r\n\r\nOK\r\n".encode()


def test_powered_down_comes_soon_behind_its_ok() -> None:
    """TinyGSM waits 300 ms for each of the two."""
    host = bg96_host(Options(timing_factor=1.0))
    assert host.asks("AT+QPOWD=1") == OK
    assert host.waits(0.29) == said("POWERED DOWN")


def test_the_cell_that_freertos_reads() -> None:
    """Area, cell and access technology behind the status."""
    host = bg96_host()
    assert host.asks("AT+CEREG=2") == OK
    assert host.asks("AT+CEREG?") == said(f"+CEREG: 2,1,{LTE_CELL}", "OK")


def test_a_level_is_told_no_sooner_than_a_context_can_be_had() -> None:
    """Zephyr activates as soon as +CSQ is not 99."""
    host = bg96_host(Options(boot=True, timing_factor=1.0), echo=True)
    host.waits(2.8)
    host.types(b"ATE0\r")
    assert host.asks('AT+QICSGP=1,1,"internet","user", "pwd",1') == OK
    while host.asks("AT+CSQ") == said("+CSQ: 99,99", "OK"):
        assert host.waits(0.5) == b""
    assert host.asks("AT+QIACT=1") + host.waits(2.0) == OK

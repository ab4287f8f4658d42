"""What a naive emulator gets wrong, byte for byte: numbers 9 to 15 of the list in the facts on drivers.

Here are the numbers that concern the shell or the SIM800: 13 is about MC60, parts of 10 and 11 about
other Quectel modules.
"""

from __future__ import annotations

import os
import termios
import tty
from collections.abc import Iterator

import pytest
import serial
from driver_host import PROMPT, SERVER, START, connected, host_online, peer_sends
from real_tools import running_sim800
from shell_host import ERROR, OK, Host, said
from vmodem.emulator.dialect import Options

SNAPPISH = 0.1
"""Seconds that FONA drivers wait for a line."""


# ---- 9: no OK for everything -----------------------------------------------------------------------

UNKNOWN = [
    "AT+WIND?",
    "AT+ZPAS?",
    "AT+MODE=2",
    "AT$TSSPCSW=?",
    "AT_OHWV",
    "AT_OSBM?",
    "AT^CVOICE=?",
    "AT+QINDI=1",
]


@pytest.mark.parametrize("line", UNKNOWN)
def test_9_an_unknown_command_is_an_error(line: str) -> None:
    """9: an OK would make the module one of another make."""
    host = Host()
    assert host.asks(line) == ERROR
    host.asks("AT+CMEE=1")
    assert host.asks(line) == said("+CME ERROR: 100")
    host.asks("AT+CMEE=2")
    assert host.asks(line) == said("+CME ERROR: unknown")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("AT+CFUN?", "+CFUN: 1"),
        ("AT+CSCS?", '+CSCS: "IRA"'),
        ("AT+CGATT?", "+CGATT: 1"),
        ("AT+CREG?", "+CREG: 0,1"),
        ("AT+CPIN?", "+CPIN: READY"),
        ("AT+CSQ", "+CSQ: 20,0"),
        ("AT+CMEE?", "+CMEE: 0"),
        ("AT+CBC", "+CBC: 0,80,4000"),
    ],
)
def test_9_a_question_gives_its_line_first(line: str, answer: str) -> None:
    """9: and it is the first line of the answer."""
    assert Host().asks(line) == said(answer, "OK")


# ---- 10: closing what is not open ------------------------------------------------------------------


@pytest.mark.parametrize("number", range(6))
def test_10_the_close_of_an_unused_link_is_refused_at_once(number: int) -> None:
    """10: TinyGSM stops each socket before it connects."""
    host, _ = host_online()
    assert host.asks(f"AT+CIPCLOSE={number},1") == ERROR


def test_10_the_close_of_a_closed_link_is_refused_at_once() -> None:
    """10: closed by the host, or by the peer."""
    host, peer = connected()
    assert host.asks("AT+CIPCLOSE=0,1") == said("0, CLOSE OK")
    assert host.asks("AT+CIPCLOSE=0,1") == ERROR
    host, peer = connected()
    peer.close()
    assert host.waits(0.0) == said("0, CLOSED")
    assert host.asks("AT+CIPCLOSE=0,1") == ERROR


# ---- 11: what is said unasked ----------------------------------------------------------------------


def test_11_registration_is_told_after_a_restart() -> None:
    """11: lwcell and Zephyr wait for the URC, and lwcell asks for it 5 s after the restart."""
    host = Host()
    boot = said("RDY", "+CFUN: 1", "+CPIN: READY", "Call Ready", "SMS Ready")
    assert host.asks("AT+CFUN=1,1") == OK + boot
    assert host.waits(5.0) == b""
    assert host.asks("ATE0") == b"ATE0\r" + OK
    assert host.asks("AT+CREG=1") == OK
    assert host.waits(5.0) == said("+CREG: 1")


def test_11_a_restart_at_the_modules_own_pace() -> None:
    """11: lwcell asks for the URC 5 s after the restart; a real module registers later than that."""
    host = Host(Options(timing_factor=1.0))
    assert host.asks("AT+CFUN=1,1") == OK
    assert host.waits(5.0) == said("RDY", "+CFUN: 1", "+CPIN: READY")
    assert host.asks("ATE0") == b"ATE0\r" + OK
    assert host.asks("AT+CPIN?") == said("+CPIN: READY", "OK")
    assert host.asks("AT+CREG=1") == OK
    assert host.waits(10.0) == said("Call Ready", "SMS Ready", "+CREG: 1")


def test_11_registration_is_told_after_flight_mode() -> None:
    """11: Zephyr's sequence."""
    host = Host()
    for line in ("AT+CFUN=4", "AT+CREG=1"):
        assert host.asks(line) == OK
    assert host.asks("AT+CFUN=1") + host.waits(10.0) == OK + said("+CREG: 2", "+CREG: 1")


# ---- 12: what a restart forgets --------------------------------------------------------------------

NOT_SAVED = ("CIPMUX", "CIPQSEND", "CIPRXGET")


def test_12_settings_last_until_the_restart() -> None:
    """12: ATZ keeps the links' settings, AT+CFUN=1,1 forgets them, and the echo is on again."""
    host = Host()
    for name in NOT_SAVED:
        assert host.asks(f"AT+{name}=1") == OK
    assert host.asks("ATZ") == OK
    assert host.asks("ATE0") == b"ATE0\r" + OK
    for name in NOT_SAVED:
        assert host.asks(f"AT+{name}?") == said(f"+{name}: 1", "OK")
    host.asks("AT+CFUN=1,1")
    host.waits(10.0)
    assert host.asks("ATE0") == b"ATE0\r" + OK
    for name in NOT_SAVED:
        assert host.asks(f"AT+{name}?") == said(f"+{name}: 0", "OK")


def test_12_atz_leaves_links_alone() -> None:
    """12: it must not hang up."""
    host, peer = connected()
    assert host.asks("ATZ") == OK
    assert peer_sends(host, peer, b"x") == b"\r\n+RECEIVE,0,1:\r\nx"


def read_to(port: serial.Serial, end: bytes) -> bytes:
    return bytes(port.read_until(end))


def test_12_the_port_is_there_for_the_next_program() -> None:
    """12: opened again and again, with flow control or without, under the same path."""
    with running_sim800() as modem:
        for turn, flow in enumerate((False, True, False, True)):
            with serial.Serial(modem.path, 115200, timeout=10, rtscts=flow, dsrdtr=flow) as port:
                port.write(b"ATZ\r")
                assert read_to(port, OK) == (b"" if turn else b"ATZ\r") + OK
                port.write(b"ATE0\r")
                assert read_to(port, OK) == b"ATE0\r" + OK
                if not turn:
                    port.write(b"AT+CIPMUX=1\r")
                    assert read_to(port, OK) == OK
                port.write(b"AT+CIPMUX?\r")
                assert read_to(port, OK) == said("+CIPMUX: 1", "OK")


def test_12_a_port_that_is_read_without_waiting() -> None:
    """12: VMIN 0, as programs set it that poll."""
    with running_sim800() as modem:
        descriptor = os.open(modem.path, os.O_RDWR | os.O_NOCTTY)
        try:
            tty.setraw(descriptor)
            settings = termios.tcgetattr(descriptor)
            settings[6][termios.VMIN] = 0
            settings[6][termios.VTIME] = 100  # tenths of a second: the longest wait for one byte
            termios.tcsetattr(descriptor, termios.TCSANOW, settings)
            os.write(descriptor, b"AT\r")
            got = b""
            while not got.endswith(OK):
                piece = os.read(descriptor, 64)
                assert piece, got
                got += piece
            assert got == b"AT\r" + OK
        finally:
            os.close(descriptor)


# ---- 14: prompt and results ------------------------------------------------------------------------


@pytest.mark.parametrize(("quick", "result"), [(0, "0, SEND OK"), (1, "DATA ACCEPT:0,5")])
def test_14_prompt_and_result(quick: int, result: str) -> None:
    """14: the prompt is four bytes and nothing follows it; the result begins with CR LF."""
    host, _ = connected(f"AT+CIPQSEND={quick}")
    assert host.asks("AT+CIPSEND=0,5") + host.waits(0.5) == b"\r\n> "
    assert host.types(b"hello") + host.waits(1.0) == b"\r\n" + result.encode() + b"\r\n"


def test_14_the_prompt_of_a_message() -> None:
    """14: the same four bytes."""
    host = Host()
    host.asks("AT+CMGF=1")
    assert host.asks('AT+CMGS="+491701234567"') + host.waits(0.5) == b"\r\n> "
    assert host.types(b"hello\x1a") == said("+CMGS: 0", "OK")


# ---- 15: time --------------------------------------------------------------------------------------


def conversation() -> Iterator[tuple[bytes, bytes]]:
    """What a host writes, and the last bytes of the answer it waits for."""
    for line in (
        "AT",
        "ATE0",
        "ATI",
        "AT+GMM",
        "AT+CCID",
        "AT+CREG?",
        "AT+CSQ",
        "AT+CBC",
        "AT+CMEE=1",
        'AT+CPMS="SM","SM","SM"',
        "AT+CGATT=0",
        "AT+CGATT=1",
        'AT+SAPBR=3,1,"CONTYPE","GPRS"',
        'AT+SAPBR=3,1,"APN","internet"',
        "AT+SAPBR=1,1",
        "AT+SAPBR=2,1",
        'AT+CGDCONT=1,"IP","internet"',
        "AT+CGACT=1,1",
        "AT+CIPMUX=1",
        "AT+CIPRXGET=1",
        'AT+CSTT="internet","",""',
        "AT+CIICR",
    ):
        yield line.encode() + b"\r\n", OK
    yield b"AT+CIFSR\r\n", b"\r\n10.64.1.2\r\n"
    yield b'AT+CDNSGIP="example.org"\r\n', b'\r\n+CDNSGIP: 1,"example.org","203.0.113.7"\r\n'
    yield START.encode() + b"\r\n", b"\r\n0, CONNECT OK\r\n"
    yield b"AT+CIPSTATUS\r\n", b'C: 5,,"","","","INITIAL"\r\n'
    yield b"AT+CIPSEND=0,5\r\n", PROMPT
    yield b"hello\r\n", b"\r\n0, SEND OK\r\n"
    yield b"AT+CIPRXGET=4,0\r\n", OK
    yield b"AT+CIPCLOSE=0\r\n", b"\r\n0, CLOSE OK\r\n"
    yield b"AT+CIPSHUT\r\n", b"\r\nSHUT OK\r\n"
    yield b"AT+COPS=?\r\n", OK
    yield b"AT+CMGF=1\r\n", OK
    yield b'AT+CMGS="+491701234567"\r', PROMPT
    yield b"hello\x1a", OK
    yield b"ATD*99#\r", b"\r\nNO CARRIER\r\n"


def soon(host: Host, end: bytes) -> bool:
    """Whether the output ends so before a FONA driver gives up."""
    return host.world.run_until(lambda: host.world.unread.endswith(end), SNAPPISH)


def test_15_nothing_is_late_by_default() -> None:
    """15: FONA waits 100 ms for a line, esp_modem 500 ms: instant timing never comes near."""
    host = Host(Options(local_ips=("10.64.1.2",)))
    host.net.tcp(*SERVER)
    host.net.add_name("example.org", SERVER[0])
    for written, end in conversation():
        host.world.send(written)
        assert soon(host, end), (written, host.world.unread)
        host.world.take()


def test_15_data_is_told_at_once() -> None:
    """15: a notice or pushed data is not late either."""
    host, peer = connected()
    assert peer_sends(host, peer, b"x") == b"\r\n+RECEIVE,0,1:\r\nx"

"""What a BG96 does otherwise outside TCP/IP: errors, messages, URCs, clock, sleep, leaving data mode."""

from __future__ import annotations

import pytest
from bg96_driver_host import SERVER, bg96_host, host_online
from shell_host import ERROR, OK, Host, said
from vmodem.emulator.dialect import Options
from vmodem.emulator.events import (
    CallArrived,
    NetworkTimeArrived,
    PdpLost,
    PowerChanged,
    RegistrationChanged,
    SmsArrived,
)
from vmodem.emulator.world import Writer, bytewise, fragments, whole
from vmodem.netstack.memory import MemoryConnection

NITZ = NetworkTimeArrived(utc=1484278848.0, quarters=32)
"""The time in the answer that public code for +QLTS quotes."""


# ---- errors, identity ------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0, 1, 2])
def test_unknown_commands_are_plain_errors_at_every_level(level: int) -> None:
    host = bg96_host()
    host.asks(f"AT+CMEE={level}")
    for line in (
        "AT+QILOCIP",
        "AT+CPSMS=1",
        "AT+QPSMS?",
        "AT+QSSLCLOSE=0",
        "AT+CMUX=0",
        "AT+CIPMUX?",
        "AT+QCCID?",
    ):
        assert host.asks(line) == ERROR, line


def test_errors_have_numbers_from_the_beginning() -> None:
    host = bg96_host(Options(pin="4711"))
    assert host.asks("AT+CMEE?") == said("+CMEE: 1", "OK")
    assert host.asks("AT+CIMI") == said("+CME ERROR: 11")
    assert host.asks("AT+CMGF=1") == said("+CMS ERROR: 311")
    assert host.asks("AT+CMEE=0;+CIMI") == ERROR
    assert host.asks("AT+CMGF=1") == said("+CMS ERROR: 311")
    assert host.asks("AT+CMEE=2;+CIMI") == said("+CME ERROR: SIM PIN required")


def test_identity() -> None:
    host = bg96_host()
    lines = "Quectel\nBG96\nRevision: BG96MAR02A07M1G"
    assert host.asks("ATI;+CSUB") == said(lines, "SubEdition: V04", "OK")
    assert host.asks("AT+CGMR") == said("BG96MAR02A07M1G", "OK")
    assert host.asks("AT+QGMR") == said("BG96MAR02A07M1G_01.019.01.019", "OK")


# ---- calls and messages ----------------------------------------------------------------------------


def test_there_are_no_voice_calls() -> None:
    host = bg96_host()
    host.asks("AT+CLIP=1")
    assert host.sees(CallArrived("0301")) + host.waits(10.0) == b""
    assert host.asks("ATD0301;") == said("NO CARRIER")
    assert host.asks("ATA") == said("NO CARRIER")
    assert host.asks("AT+CLCC") == OK
    assert host.asks("AT+CPAS") == said("+CPAS: 0", "OK")
    assert host.asks("ATH") == OK


def test_messages() -> None:
    host = bg96_host()
    assert host.sees(SmsArrived("+491701234567", "hello")) == said('+CMTI: "SM",1')
    assert host.asks("AT+CMGF=1") == OK
    answer = host.asks("AT+CMGR=1")
    assert answer.startswith(b'\r\n+CMGR: "REC UNREAD","+491701234567",,"')
    assert answer.endswith(b"\r\nhello\r\n\r\nOK\r\n")


# ---- where URCs go ---------------------------------------------------------------------------------


def test_what_is_said_on_another_port_is_not_heard() -> None:
    host, server = host_online("AT+CEREG=1")
    assert host.asks('AT+QURCCFG="urcport","usbat"') == OK
    assert host.sees(RegistrationChanged(5)) == b""
    assert host.sees(SmsArrived("+4917", "hello")) == b""
    opening = f'AT+QIOPEN=1,0,"TCP","{SERVER[0]}",{SERVER[1]},0,0'
    assert host.asks(opening) == said("OK", "+QIOPEN: 0,0"), "a command's result comes to who typed it"
    server.connection().send(b"hello")
    assert host.waits(0.0) == b""
    assert host.asks("AT+QIRD=0") == said("+QIRD: 5\nhello", "OK")
    assert host.sees(PdpLost(1)) == b""
    assert host.asks("AT+CFUN=1,1") + host.waits(5.0) == said("OK", "POWERED DOWN", "RDY", "APP RDY")
    host.types(b"ATE0\r")
    assert host.asks("AT+CEREG=1") == OK
    assert host.asks('AT+QURCCFG="urcport","UART1";+QURCCFG="urcport"') == said(
        '+QURCCFG: "urcport","uart1"', "OK"
    )
    assert host.sees(RegistrationChanged(1)) == said("+CEREG: 1")


def test_the_port_of_urcs_is_the_hosts_own_at_first() -> None:
    host = bg96_host(Options(port_name="usbmodem"))
    assert host.asks('AT+QURCCFG="urcport"') == said('+QURCCFG: "urcport","usbmodem"', "OK")
    assert host.sees(SmsArrived("+4917", "hello")) == said('+CMTI: "SM",1')
    for line in (
        'AT+QURCCFG="urcport","usb"',
        'AT+QURCCFG="port"',
        "AT+QURCCFG=urcport",
        'AT+QURCCFG="urcport",1',
    ):
        assert host.asks(line) == said("+CME ERROR: 50"), line


# ---- clock -----------------------------------------------------------------------------------------


def test_the_clock_of_a_fresh_module() -> None:
    host = bg96_host()
    host.waits(15.0)
    assert host.asks("AT+CCLK?") == said('+CCLK: "80/01/06,00:00:15+00"', "OK")


@pytest.mark.parametrize(
    ("update", "clock"),
    [(0, "80/01/06,00:00:00+00"), (1, "17/01/13,03:40:48+32"), (3, "17/01/13,11:40:48+32")],
)
def test_the_network_sets_the_clock(update: int, clock: str) -> None:
    host = bg96_host()
    assert host.asks(f"AT+CTZU={update}") == OK
    assert host.sees(NITZ) == b""
    assert host.asks("AT+CCLK?") == said(f'+CCLK: "{clock}"', "OK")
    assert host.asks("AT+CTZU?;+CFUN=1,1").startswith(said(f"+CTZU: {update}", "OK"))
    host.waits(5.0)
    host.types(b"ATE0\r")
    assert host.asks("AT+CTZU?") == said(f"+CTZU: {update}", "OK")


@pytest.mark.parametrize(
    ("report", "told"),
    [(0, b""), (1, said('+CTZV: "+32"')), (2, said('+CTZE: "+32",0,"2017/01/13,11:40:48"'))],
)
def test_another_zone_is_reported(report: int, told: bytes) -> None:
    host = bg96_host()
    assert host.asks(f"AT+CTZR={report}") == OK
    assert host.sees(NITZ) == told
    assert host.sees(NITZ) == b"", "the same zone once more"


def test_a_module_that_is_off_hears_no_time() -> None:
    host = bg96_host()
    host.asks("AT+CTZU=3")
    host.sees(PowerChanged(False))
    assert host.sees(NITZ) == b""
    host.sees(PowerChanged(True))
    assert b'+QLTS: ""' in host.types(b"AT+QLTS\r")


# ---- sleep -----------------------------------------------------------------------------------------


def test_sleep() -> None:
    host = bg96_host()
    assert host.asks("AT+QSCLK=2") == said("+CME ERROR: 50")
    assert host.asks("AT+QSCLK=1;+QSCLK?") == said("+QSCLK: 1", "OK")
    host.dtr(False)
    host.waits(5.0)
    assert host.asks("AT") == b""
    host.dtr(True)
    host.waits(0.1)
    assert host.asks("AT") == OK


# ---- out of data mode and back ---------------------------------------------------------------------


def transparent(*settings: str, writer: Writer = whole) -> tuple[Host, MemoryConnection]:
    """In data mode, a second ago."""
    host, server = host_online(*settings, writer=writer)
    assert host.asks(f'AT+QIOPEN=1,0,"TCP","{SERVER[0]}",{SERVER[1]},0,2') == said("CONNECT")
    host.waits(1.0)
    return host, server.connection()


@pytest.mark.parametrize("writer", [whole, bytewise, fragments(3)])
def test_three_pluses_and_back(writer: Writer) -> None:
    host, peer = transparent(writer=writer)
    assert host.types(b"+++") + host.waits(0.99) == b""
    assert host.waits(0.01) == OK
    assert host.asks("AT+QISTATE=1,0").endswith(b',2,1,0,0,"uart1"\r\n\r\nOK\r\n')
    assert host.asks("ATO") == said("CONNECT")
    host.types(b"hello")
    host.waits(1.0)
    assert peer.received == b"hello"


@pytest.mark.parametrize(
    ("pauses", "escaped"),
    [((0.0, 0.0), True), ((0.5, 0.5), True), ((0.9, 0.1), True), ((0.5, 0.6), False), ((0.0, 1.1), False)],
)
def test_the_pluses_have_one_second_in_all(pauses: tuple[float, float], escaped: bool) -> None:
    host, peer = transparent()
    host.types(b"+")
    for pause in pauses:
        host.waits(pause)
        host.types(b"+")
    assert host.waits(1.5) == (OK if escaped else b"")
    assert bytes(peer.received) == (b"" if escaped else b"+++")


def test_dtr_leaves_data_mode() -> None:
    host, peer = transparent("AT&D1")
    assert host.dtr(False) == OK
    assert host.dtr(True) == b""
    assert host.asks("ATO") == said("CONNECT")
    assert not peer.fin_received


def test_dtr_is_ignored_at_first() -> None:
    host, peer = transparent()
    assert host.dtr(False) + host.dtr(True) == b""
    host.types(b"x")
    host.waits(1.0)
    assert peer.received == b"x"


def test_dtr_can_hang_up() -> None:
    host, _ = transparent("AT&D2")
    assert host.dtr(False) == OK
    assert host.asks("ATO") == said("NO CARRIER")
    assert host.asks("AT+QISTATE=1,0") == OK


def test_ato_without_a_connection() -> None:
    host, peer = transparent()
    host.types(b"+++")
    host.waits(1.0)
    peer.close()
    host.waits(1.0)
    assert host.asks("ATO") == said("NO CARRIER")

"""How a BG96 comes, restarts and goes; its card, there, locked, pulled and put in."""

from __future__ import annotations

import pytest
from bg96_driver_host import LTE_CELL, bg96_host, host_online
from shell_host import ERROR, OK, Host, said
from vmodem.emulator.dialect import Options
from vmodem.emulator.events import (
    PowerChanged,
    SimChanged,
    SmsArrived,
)

BOOT = said("RDY", "APP RDY")
TYPICAL = Options(boot=True, timing_factor=1.0, local_ips=("10.64.1.2",))


# ---- boot, restart, power --------------------------------------------------------------------------


def test_boot_in_its_times() -> None:
    host = bg96_host(TYPICAL, echo=True)
    assert host.waits(2.7) == b""
    assert host.waits(0.1) == BOOT
    assert host.types(b"AT\r") == b"AT\r" + OK
    assert host.waits(60.0) == b"", "the card and the network come up without a word"


def test_it_is_deaf_before_rdy() -> None:
    host = bg96_host(TYPICAL, echo=True)
    assert host.types(b"AT\r") == b""
    assert host.waits(2.8) == BOOT
    assert host.types(b"\r") == b"\r", "nothing of the first line is left"


def test_readiness_step_by_step() -> None:
    host = bg96_host(TYPICAL, echo=True)
    host.waits(2.8)
    host.types(b"ATE0\r")
    assert host.asks("AT+CPIN?") == said("+CME ERROR: 14")
    assert host.asks("AT+QINISTAT") == said("+QINISTAT: 0", "OK")
    assert host.asks("AT+QSIMSTAT?") == said("+QSIMSTAT: 0,2", "OK")
    assert host.asks("AT+CSQ;+QCSQ") == said("+CSQ: 99,99", '+QCSQ: "NOSERVICE"', "OK")
    assert host.asks("AT+CEREG?;+COPS?;+QNWINFO") == said(
        "+CEREG: 0,0", "+COPS: 0", "+QNWINFO: No Service", "OK"
    )
    assert host.waits(1.0) == b""
    assert host.asks("AT+CPIN?;+QINISTAT") == said("+CPIN: READY", "+QINISTAT: 3", "OK")
    assert host.asks("AT+CEREG?;+CSQ") == said("+CEREG: 0,2", "+CSQ: 99,99", "OK")
    assert host.waits(1.0) == b""
    assert host.asks("AT+CEREG?;+CSQ") == said("+CEREG: 0,1", "+CSQ: 20,99", "OK")


def test_registration_is_told_where_it_was_asked_for() -> None:
    host = bg96_host(TYPICAL, echo=True)
    host.waits(2.8)
    host.types(b"ATE0\r")
    assert host.asks("AT+CREG=1;+CEREG=2") == OK
    told = said("+CREG: 2", "+CEREG: 2", "+CREG: 1", f"+CEREG: 1,{LTE_CELL}")
    assert host.waits(10.0) == told


def test_a_restart_says_powered_down_and_then_boots() -> None:
    host = bg96_host(Options(timing_factor=1.0))
    assert host.asks("AT+CFUN=1,1") == said("OK", "POWERED DOWN")
    assert host.waits(5.7) + host.asks("AT") == b""
    assert host.waits(0.1) == BOOT
    assert host.types(b"AT\r") == b"AT\r" + OK


def test_a_restart_takes_the_contexts_three_seconds_later() -> None:
    host = bg96_host(Options(timing_factor=1.0))
    for number in (1, 3):
        assert host.asks(f'AT+QICSGP={number},1,"internet"') == OK
        assert host.asks(f"AT+QIACT={number}") + host.waits(2.0) == OK
    assert host.asks("AT+CFUN=1,1") == said("OK", "POWERED DOWN")
    assert host.waits(2.9) == b""
    assert host.waits(0.1) == said('+QIURC: "pdpdeact",1', '+QIURC: "pdpdeact",3')
    assert host.waits(2.8) == BOOT
    host.types(b"ATE0\r")
    assert host.asks("AT+QIACT?;+CGACT?") == OK


def test_a_restart_with_the_radio_off() -> None:
    host = bg96_host()
    assert host.asks("AT+CFUN=4,1") == said("OK", "POWERED DOWN") + BOOT
    host.types(b"ATE0\r")
    host.waits(10.0)
    assert host.asks("AT+CFUN?;+CPIN?;+CEREG?") == said("+CFUN: 4", "+CPIN: READY", "+CEREG: 0,0", "OK")


@pytest.mark.parametrize(("line", "pause"), [("AT+QPOWD", 0.2), ("AT+QPOWD=1", 0.2), ("AT+QPOWD=0", 0.0)])
def test_power_down(line: str, pause: float) -> None:
    host = bg96_host(Options(timing_factor=1.0))
    heard = host.asks(line)
    assert heard == (OK if pause else said("OK", "POWERED DOWN"))
    assert heard + host.waits(pause) == said("OK", "POWERED DOWN")
    assert host.asks("AT") + host.waits(60.0) == b""
    assert host.sees(SmsArrived("+4917", "hello")) == b""
    assert host.sees(PowerChanged(True)) == b""
    assert host.waits(3.0) == BOOT


def test_wrong_ways_to_power_down() -> None:
    host = bg96_host()
    assert host.asks("AT+QPOWD=2") == said("+CME ERROR: 50")
    assert host.asks("AT+QPOWD?") == ERROR
    assert host.asks("AT+QPOWD=?") == said("+QPOWD: (0,1)", "OK")


def test_the_power_key() -> None:
    host = bg96_host()
    assert host.sees(PowerChanged(False)) == b""
    assert host.asks("AT") == b""
    assert host.sees(PowerChanged(True)) == BOOT
    assert host.asks("AT") == b"AT\r" + OK


def test_functionality() -> None:
    host, _ = host_online()
    assert host.asks("AT+CFUN=0") == said('+QIURC: "pdpdeact",1', "OK")
    assert host.asks("AT+CSQ;+QCSQ") == said("+CSQ: 99,99", '+QCSQ: "NOSERVICE"', "OK")
    assert host.asks("AT+CREG?;+CGREG?;+CEREG?;+COPS?") == said(
        "+CREG: 0,0", "+CGREG: 0,0", "+CEREG: 0,0", "+COPS: 0", "OK"
    )
    assert host.asks("AT+CPIN?") == said("+CME ERROR: 13")
    assert host.asks("AT+CFUN=1") == OK
    host.waits(3.0)
    assert host.asks("AT+CPIN?;+CEREG?") == said("+CPIN: READY", "+CEREG: 0,1", "OK")


# ---- the card --------------------------------------------------------------------------------------


def test_the_pin() -> None:
    host = bg96_host(Options(pin="4711"))
    assert host.asks("AT+CPIN?") == said("+CPIN: SIM PIN", "OK")
    assert host.asks('AT+CPIN="1111"') == said("+CME ERROR: 16")
    assert host.asks('AT+CPIN="4711"') == said("OK", "+CPIN: READY")
    assert host.asks("AT+CEREG?") == said("+CEREG: 0,1", "OK")


def test_no_card_from_the_beginning() -> None:
    host = bg96_host()
    host.sees(SimChanged(False))
    host.asks("AT+CFUN=1,1")
    host.waits(5.0)
    host.types(b"ATE0\r")
    assert host.asks("AT+CPIN?") == said("+CME ERROR: 10")
    assert host.asks("AT+COPS=0") == said("+CME ERROR: 13")
    assert host.asks("AT+CSQ") == said("+CSQ: 99,99", "OK")
    assert host.asks("AT+QSIMSTAT?;+QINISTAT") == said("+QSIMSTAT: 0,0", "+QINISTAT: 0", "OK")
    assert host.asks("AT+CMEE=2;+CPIN?") == said("+CME ERROR: SIM not inserted")
    assert host.asks("AT+CMEE=0;+CIMI") == ERROR


def test_a_card_that_is_pulled_while_nothing_watches() -> None:
    host, _ = host_online("AT+CEREG=1")
    assert host.sees(SimChanged(False)) == said('+QIURC: "pdpdeact",1', "+CEREG: 0")
    assert host.asks("AT+QCCID") == said("+CME ERROR: 13")
    assert host.asks("AT+CIMI") == said("+CME ERROR: 3")
    assert host.sees(SimChanged(True)) + host.waits(60.0) == b""
    assert host.asks("AT+QSIMSTAT?") == said("+QSIMSTAT: 0,0", "OK")
    host.asks("AT+CFUN=1,1")
    host.waits(5.0)
    host.types(b"ATE0\r")
    assert host.asks("AT+CPIN?;+CIMI") == said("+CPIN: READY", "262011234567890", "OK")


def test_a_card_that_lost_its_power_is_looked_at_when_it_gets_some() -> None:
    host = bg96_host()
    host.sees(SimChanged(False))
    host.sees(SimChanged(True))
    assert host.asks("AT+CFUN=0;+CFUN=1") == OK
    assert host.asks("AT+CIMI;+QCCID") == said("262011234567890", "+QCCID: 89490200001234567892", "OK")


def watching() -> Host:
    """A module that watches the card's switch, and reports it."""
    host = bg96_host()
    assert host.asks("AT+QSIMDET=1,0;+QSIMSTAT=1") == OK
    assert host.sees(SimChanged(False)) + host.sees(SimChanged(True)) == b"", "only from the next start on"
    host.asks("AT+CFUN=1,1")
    host.waits(5.0)
    host.types(b"ATE0\r")
    return host


def test_a_card_that_is_watched() -> None:
    host = watching()
    assert host.asks("AT+QSIMDET?;+QSIMSTAT?") == said("+QSIMDET: 1,0", "+QSIMSTAT: 1,1", "OK")
    assert host.sees(SimChanged(False)) == said("+CPIN: NOT READY", "+QSIMSTAT: 1,0")
    assert host.sees(SimChanged(True)) == said("+CPIN: READY", "+QSIMSTAT: 1,1")
    host.waits(3.0)
    assert host.asks("AT+CIMI;+CEREG?") == said("262011234567890", "+CEREG: 0,1", "OK")

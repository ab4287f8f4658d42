"""What hosts of an M-series module ask beside TCP/IP: every form, every error, byte for byte."""

from __future__ import annotations

import pytest
from mxx_driver_host import mxx_host
from shell_host import ERROR, OK, said
from vmodem.emulator.dialect import Options
from vmodem.emulator.events import (
    NetworkTimeArrived,
    PowerChanged,
    RegistrationChanged,
    SimChanged,
    SmsArrived,
)

NITZ = NetworkTimeArrived(utc=1473394221.0, quarters=32)
"""A time that a log from China has: 12:10:21 there."""
ICCID = "89490200001234567892"


# ---- card and operator -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["+CCID", "+QCCID"])
def test_the_cards_number(name: str) -> None:
    host = mxx_host()
    assert host.asks(f"AT{name}") == said(f"{name}: {ICCID}", "OK")
    assert host.asks(f"AT{name}=?") == OK
    assert host.asks(f"AT{name}?") == ERROR
    assert host.asks(f"AT{name}=1") == ERROR
    host.asks("AT+CFUN=0")
    assert host.asks(f"AT+CMEE=1;{name}") == said("+CME ERROR: 13")


@pytest.mark.parametrize("name", ["+CCID", "+QCCID"])
def test_the_cards_number_needs_no_pin(name: str) -> None:
    assert mxx_host(Options(pin="4711")).asks(f"AT{name}") == said(f"{name}: {ICCID}", "OK")


def test_the_providers_name() -> None:
    host = mxx_host(Options(operator="CHN-UNICOM"))
    assert host.asks("AT+QSPN?") == said('+QSPN: "CHN-UNICOM",0', "OK")
    assert host.asks("AT+QSPN=?") == OK
    assert host.asks("AT+QSPN") == ERROR
    assert mxx_host(Options(pin="4711")).asks("AT+CMEE=1;+QSPN?") == said("+CME ERROR: 11")


# ---- readiness -------------------------------------------------------------------------------------


def test_readiness_step_by_step() -> None:
    host = mxx_host(Options(boot=True, timing_factor=1.0), echo=True)
    host.types(b"ATE0\r")
    assert host.asks("AT+QINISTAT") == said("+QINISTAT: 0", "OK")
    assert host.waits(4.0) == said("+CFUN: 1", "+CPIN: READY")
    assert host.asks("AT+QINISTAT") == said("+QINISTAT: 1", "OK")
    assert host.asks("AT+CMGF=1") == said("+CMS ERROR: 314")
    assert host.waits(4.0) == said("Call Ready")
    assert host.asks("AT+QINISTAT") == said("+QINISTAT: 3", "OK")
    assert host.asks("AT+CMGF=1") == OK


def test_forms_of_qinistat() -> None:
    host = mxx_host()
    assert host.asks("AT+QINISTAT=?") == OK
    assert host.asks("AT+QINISTAT?") == ERROR
    host.sees(SimChanged(False))
    assert host.asks("AT+QINISTAT") == said("+QINISTAT: 0", "OK")


@pytest.mark.parametrize(("stat", "status"), [(1, 0), (5, 0), (0, 1), (2, 1), (3, 2)])
def test_status_of_the_network(stat: int, status: int) -> None:
    host = mxx_host()
    host.sees(RegistrationChanged(stat))
    assert host.asks("AT+QNSTATUS") == said(f"+QNSTATUS: {status}", "OK")


def test_status_of_no_network() -> None:
    host = mxx_host()
    assert host.asks("AT+QNSTATUS=?") == OK
    assert host.asks("AT+QNSTATUS?") == ERROR
    host.asks("AT+CFUN=4")
    assert host.asks("AT+QNSTATUS") == said("+QNSTATUS: 255", "OK")
    assert mxx_host(Options(pin="4711")).asks("AT+QNSTATUS") == said("+QNSTATUS: 255", "OK")


# ---- network time ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown", "most"), [("+QNITZ", "0,1", 1), ("+CTZU", "0-3", 3), ("+CTZR", "0,1", 1)]
)
def test_settings_of_network_time(name: str, shown: str, most: int) -> None:
    host = mxx_host()
    assert host.asks(f"AT{name}=?") == said(f"{name}: ({shown})", "OK")
    for value in range(most, -1, -1):
        assert host.asks(f"AT{name}={value}") == OK
        assert host.asks(f"AT{name}?") == said(f"{name}: {value}", "OK")
    assert host.asks(f"AT{name}") == ERROR
    assert host.asks(f"AT+CMEE=2;{name}={most + 1}") == said("+CME ERROR: incorrect parameters")


def test_the_network_tells_the_time() -> None:
    host = mxx_host()
    assert host.asks("AT+QLTS=?") == OK
    assert host.asks("AT+QLTS?") == ERROR
    assert host.asks("AT+QLTS") == said('+QLTS: ""', "OK")
    assert host.sees(NITZ) == b""
    assert host.asks("AT+QLTS") == said('+QLTS: "16/09/09,04:10:21+32,0"', "OK")
    host.asks("AT+QNITZ=1")
    host.waits(100.0)
    assert host.asks("AT+QLTS") == said('+QLTS: "16/09/09,04:10:21+32,0"', "OK")
    assert host.sees(NetworkTimeArrived(1473394221.0, -18, 1)) == said('+QNITZ: "16/09/09,04:10:21-18,1"')


def test_the_network_tells_another_zone() -> None:
    host = mxx_host()
    host.asks("AT+CTZR=1")
    assert host.sees(NITZ) == said('+CTZV: "+32"')
    assert host.sees(NITZ) == b""
    assert host.sees(NetworkTimeArrived(1473394221.0, 0)) == said('+CTZV: "+00"')
    host.asks("AT+QNITZ=1")
    assert host.sees(NITZ) == said('+QNITZ: "16/09/09,04:10:21+32,0"', '+CTZV: "+32"')


def test_a_restart_keeps_the_settings_and_forgets_the_time() -> None:
    host = mxx_host()
    host.asks("AT+QNITZ=1;+CTZU=3;+CTZR=1")
    host.sees(NITZ)
    host.asks("AT+CFUN=1,1")
    host.waits(60.0)
    host.asks("ATE0")
    kept = said("+QNITZ: 1", "+CTZU: 3", "+CTZR: 1", '+QLTS: ""', "OK")
    assert host.asks("AT+QNITZ?;+CTZU?;+CTZR?;+QLTS") == kept


# ---- the module itself -----------------------------------------------------------------------------


def test_temperature() -> None:
    host = mxx_host()
    assert host.asks("AT+QTEMP?") == said("+QTEMP: 1,1123,36", "OK")
    for unknown in ("AT+QTEMP", "AT+QTEMP=?", "AT+QTEMP=1"):
        assert host.asks(unknown) == ERROR
    assert host.asks("AT+CMEE=1;+QTEMP") == said("+CME ERROR: 100")


def test_battery() -> None:
    host = mxx_host()
    assert host.asks("AT+CBC") == said("+CBC: 0,80,4000", "OK")
    assert host.asks("AT+CBC=?") == said("+CBC: (0-2),(1-100),(voltage)", "OK")
    assert host.asks("AT+CBC?") == ERROR


def test_calls_are_listed_and_not_reported() -> None:
    host = mxx_host()
    assert host.asks("AT+CLCC=?") == OK
    assert host.asks("AT+CLCC") == OK
    assert host.asks("AT+CLCC?") == ERROR
    assert host.asks("AT+CLCC=1") == ERROR
    assert host.asks("ATD0301;") == OK
    assert host.asks("AT+CLCC") == said('+CLCC: 1,0,2,0,0,"0301",129,""', "OK")


@pytest.mark.parametrize(("mode", "words"), [(1, "NORMAL POWER DOWN"), (0, "OK")])
def test_power_down(mode: int, words: str) -> None:
    host = mxx_host()
    assert host.asks("AT+QPOWD=?") == said("+QPOWD: (0,1)", "OK")
    assert host.asks("AT+QPOWD") == ERROR
    assert host.asks("AT+QPOWD=2") == ERROR
    assert host.asks(f"AT+QPOWD={mode}") == said(words)
    assert host.asks("AT") == b""
    assert host.sees(PowerChanged(True)) + host.waits(60.0) == b""
    assert host.asks("AT") == b"AT\r" + OK + said("+CFUN: 1", "+CPIN: READY", "Call Ready")


def test_a_goodbye_takes_its_time() -> None:
    host = mxx_host(Options(timing_factor=1.0))
    assert host.asks("AT+QPOWD=1") == b""
    assert host.waits(0.9) == b""
    assert host.waits(0.1) == said("NORMAL POWER DOWN")
    host = mxx_host(Options(timing_factor=1.0))
    assert host.asks("AT+QPOWD=0") == OK


def test_services_of_the_network() -> None:
    host = mxx_host()
    assert host.asks("AT+CUSD=?") == said("+CUSD: (0-2)", "OK")
    assert host.asks('AT+CUSD=1,"*100#"') == OK + said("+CUSD: 4")
    assert host.asks("AT+CUSD?") == said("+CUSD: 1", "OK")
    assert host.asks("AT+CUSD=3") == ERROR
    host.asks("AT+CFUN=1,1")
    host.waits(60.0)
    host.asks("ATE0")
    assert host.asks("AT+CUSD?") == said("+CUSD: 0", "OK")


WORDS = ["DEL READ", "DEL UNREAD", "DEL SENT", "DEL UNSENT", "DEL INBOX", "DEL ALL"]


def test_deleting_all_messages() -> None:
    host = mxx_host()
    assert host.asks("AT+QMGDA=?") == said("+QMGDA: (1-6)", "OK")
    for _ in range(2):
        host.sees(SmsArrived("+4917", "hello"))
    assert host.asks("AT+QMGDA=6") == OK
    assert host.asks("AT+CPMS?") == said('+CPMS: "SM",0,30,"SM",0,30,"SM",0,30', "OK")
    host.asks("AT+CMGF=1")
    listed = ",".join(f'"{word}"' for word in WORDS)
    assert host.asks("AT+QMGDA=?") == said(f"+QMGDA: ({listed})", "OK")
    host.sees(SmsArrived("+4917", "hello"))
    assert host.asks('AT+QMGDA="DEL READ"') == OK
    assert host.asks("AT+CMGD=?") == said("+CMGD: (1),(0-4)", "OK")
    assert host.asks('AT+QMGDA="DEL INBOX"') == OK
    assert host.asks("AT+CMGD=?") == said("+CMGD: (),(0-4)", "OK")
    assert host.asks("AT+QMGDA=6") == said("+CMS ERROR: 303")

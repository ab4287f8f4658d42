"""What a SIM800's host asks beside TCP/IP: bearer profiles, battery, names, network time, and refusals."""

from __future__ import annotations

import pytest
from shell_host import ERROR, OK, Host, said
from transparent_host import escape, in_data_mode
from vmodem.emulator.dialect import Options
from vmodem.emulator.events import (
    NetworkTimeArrived,
    PdpLost,
    PdpRefusalChanged,
    RegistrationChanged,
    SimChanged,
    SmsArrived,
)

ADDRESSES = ("10.0.0.1", "10.0.0.2", "10.141.7.244", "10.141.7.245", "10.141.7.246")
OPEN = said('+SAPBR: 1,1,"10.141.7.244"') + OK
SHUT = said('+SAPBR: 1,3,"0.0.0.0"') + OK
NOT_ALLOWED = said("+CME ERROR: operation not allowed")
INCORRECT = said("+CME ERROR: incorrect parameters")


def bearer_host(*commands: str) -> Host:
    """A host whose bearers have known addresses, after ``commands``."""
    host = Host(Options(local_ips=ADDRESSES))
    for command in commands:
        assert host.asks(command) == OK
    return host


# ---- bearer profiles -----------------------------------------------------------------------------


def test_a_bearer_is_set_opened_asked_and_closed() -> None:
    host = bearer_host()
    assert host.asks("AT+SAPBR=?") == said('+SAPBR: (0-4),(1-3),"ConParamTag","ConParamValue"') + OK
    assert host.asks('AT+SAPBR=3,1,"Contype","GPRS"') == OK
    assert host.asks('AT+SAPBR=3,1,"APN","internet"') == OK
    assert host.asks("AT+SAPBR=2,1") == SHUT
    assert host.asks("AT+SAPBR=1,1") == OK
    assert host.asks("AT+SAPBR=2,1") == OPEN
    assert host.asks("AT+SAPBR=0,1") == OK
    assert host.asks("AT+SAPBR=2,1") == SHUT
    assert host.asks("AT+SAPBR=1,1") == OK
    assert host.asks("AT+SAPBR=2,1") == OPEN


def test_three_profiles_apart() -> None:
    host = bearer_host("AT+SAPBR=1,2", "AT+SAPBR=1,3")
    assert host.asks("AT+SAPBR=2,1") == SHUT
    assert host.asks("AT+SAPBR=2,2") == said('+SAPBR: 2,1,"10.141.7.245"') + OK
    assert host.asks("AT+SAPBR=2,3") == said('+SAPBR: 3,1,"10.141.7.246"') + OK
    assert host.asks("AT+SAPBR=0,2") == OK
    assert host.asks("AT+SAPBR=2,3") == said('+SAPBR: 3,1,"10.141.7.246"') + OK


def test_opening_takes_its_time() -> None:
    host = Host(Options(local_ips=ADDRESSES, timing_factor=1.0))
    assert host.asks("AT+SAPBR=1,1") == b""
    assert host.waits(1.2) == b""
    assert host.waits(0.2) == OK


def test_parameters() -> None:
    host = bearer_host(
        'AT+SAPBR=3,1,"CONTYPE","gprs"',
        "AT+SAPBR=3,1,apn,internet",
        'AT+SAPBR=3,1,"User","me"',
        'AT+SAPBR=3,1,"PWD","secret; or not"',
        'AT+SAPBR=3,1,"PHONENUM","0301"',
        'AT+SAPBR=3,1,"RATE",3',
    )
    listed = "CONTYPE: {}\nAPN: {}\nPHONENUM: {}\nUSER: {}\nPWD: {}\nRATE: {}"
    mine = listed.format("GPRS", "internet", "0301", "me", "secret; or not", 3)
    assert host.asks("AT+SAPBR=4,1") == said(f"+SAPBR:\n{mine}") + OK
    others = listed.format("GPRS", "CMNET", "", "", "", 2)
    assert host.asks("AT+SAPBR=4,2") == said(f"+SAPBR:\n{others}") + OK
    host.asks('AT+SAPBR=3,1,"USER",""')
    assert b"USER: \r\n" in host.asks("AT+SAPBR=4,1")
    host.asks("AT+CFUN=1,1")
    host.waits(60)
    host.asks("ATE0")
    assert host.asks("AT+SAPBR=4,1") == said(f"+SAPBR:\n{others}") + OK


@pytest.mark.parametrize(
    "typed",
    [
        "AT+SAPBR=5,1",
        "AT+SAPBR=1,0",
        "AT+SAPBR=1,4",
        "AT+SAPBR=1",
        "AT+SAPBR=",
        "AT+SAPBR=3,1",
        'AT+SAPBR=3,1,"APN"',
        'AT+SAPBR=3,1,"NAME","x"',
        'AT+SAPBR=3,1,"CONTYPE","LTE"',
        'AT+SAPBR=3,1,"RATE","4"',
        f'AT+SAPBR=3,1,"APN","{"a" * 65}"',
        'AT+SAPBR=1,1,"APN","x"',
        'AT+SAPBR=2,1,"APN"',
        'AT+SAPBR=3,1,"APN","x",1',
    ],
)
def test_what_sapbr_does_not_take(typed: str) -> None:
    host = Host()
    assert host.asks(typed) == ERROR
    host.asks("AT+CMEE=2")
    assert host.asks(typed) == INCORRECT


def test_wrong_order() -> None:
    host = bearer_host()
    assert host.asks("AT+SAPBR=0,1") == ERROR
    host.asks("AT+CMEE=2")
    assert host.asks("AT+SAPBR=0,1") == NOT_ALLOWED
    assert host.asks("AT+SAPBR=1,1") == OK
    assert host.asks("AT+SAPBR=1,1") == NOT_ALLOWED
    assert host.asks('AT+SAPBR=3,1,"APN","x"') == NOT_ALLOWED
    host.asks("AT+CMEE=1")
    assert host.asks("AT+SAPBR=1,1") == said("+CME ERROR: 3")


def test_circuit_switched_data_is_refused() -> None:
    host = bearer_host('AT+SAPBR=3,1,"CONTYPE","CSD"', "AT+CMEE=2")
    assert host.asks("AT+SAPBR=1,1") == said("+CME ERROR: operation not supported")


def test_the_network_refuses_a_bearer() -> None:
    host = bearer_host("AT+CMEE=2")
    host.sees(PdpRefusalChanged(True))
    assert host.asks("AT+SAPBR=1,1") == ERROR
    assert host.asks("AT+SAPBR=2,1") == SHUT
    host.sees(PdpRefusalChanged(False))
    assert host.asks("AT+SAPBR=1,1") == OK
    host.sees(RegistrationChanged(2))
    assert host.asks("AT+SAPBR=1,2") == ERROR


def test_the_network_takes_bearer_and_context() -> None:
    host = bearer_host("AT+SAPBR=1,1", "AT+SAPBR=1,3")
    for command in ("AT+CSTT", "AT+CIICR"):
        assert host.asks(command) == OK
    assert host.sees(PdpLost()) == said("+SAPBR 1: DEACT", "+SAPBR 3: DEACT", "+PDP: DEACT")
    assert host.asks("AT+SAPBR=2,1") == SHUT
    assert host.sees(PdpLost()) == b""
    assert host.asks("AT+SAPBR=1,1") == OK
    assert host.sees(PdpLost(0)) == b""
    assert host.asks("AT+SAPBR=2,1") == OPEN


def test_detaching_takes_the_bearer() -> None:
    host = bearer_host("AT+SAPBR=1,1")
    assert host.asks("AT+CGATT=0") == said("+SAPBR 1: DEACT") + OK
    assert host.asks("AT+SAPBR=1,1") == ERROR
    assert host.asks("AT+CGATT=1") == OK
    assert host.asks("AT+SAPBR=1,1") == OK


def test_minimum_functionality_takes_everything_in_order() -> None:
    host = bearer_host("AT+SAPBR=1,1", "AT+CSTT", "AT+CIICR")
    assert host.asks("AT+CFUN=0") == said("+SAPBR 1: DEACT", "+PDP: DEACT", "+CPIN: NOT READY") + OK


def test_a_bearer_lost_while_it_opens() -> None:
    host = Host(Options(timing_factor=1.0))
    assert host.asks("AT+SAPBR=1,1") == b""
    assert host.sees(PdpLost()) == b""
    assert host.waits(2) == ERROR + said("+SAPBR 1: DEACT")
    assert host.asks("AT+SAPBR=2,1") == SHUT


def test_a_bearer_lost_in_data_mode_is_told_before_the_context() -> None:
    host = in_data_mode("AT+SAPBR=1,1")
    assert host.sees(PdpLost()) == said("+SAPBR 1: DEACT", "+PDP: DEACT")
    host = in_data_mode("AT+SAPBR=1,1")
    escape(host)
    assert host.sees(PdpLost()) == said("+SAPBR 1: DEACT", "+PDP: DEACT")


def test_a_restart_closes_bearers_without_a_word() -> None:
    host = bearer_host("AT+SAPBR=1,1")
    assert b"SAPBR" not in host.asks("AT+CFUN=1,1") + host.waits(60)
    host.asks("ATE0")
    assert host.asks("AT+SAPBR=2,1") == SHUT


# ---- settings and information --------------------------------------------------------------------


@pytest.mark.parametrize(("name", "default"), [("+CLTS", 0), ("+CBATCHK", 1)])
def test_switches(name: str, default: int) -> None:
    host = Host()
    assert host.asks(f"AT{name}=?") == said(f"{name}: (0,1)") + OK
    assert host.asks(f"AT{name}?") == said(f"{name}: {default}") + OK
    assert host.asks(f"AT{name}={1 - default}") == OK
    assert host.asks(f"AT{name}?") == said(f"{name}: {1 - default}") + OK
    assert host.asks(f"AT{name}=2") == ERROR
    assert host.asks(f"AT{name}") == ERROR
    host.asks("AT+CMEE=2")
    assert host.asks(f"AT{name}=2") == INCORRECT


NITZ = NetworkTimeArrived(utc=1607518624.0, quarters=12)


def test_network_time() -> None:
    host = Host(Options(operator="MTS RUS", plmn="25001"))
    assert host.sees(NITZ) == b""
    host.asks("AT+CLTS=1")
    assert host.sees(NITZ) == said(
        '*PSUTTZ: 2020,12,9,12,57,4,"+12",0', "DST: 0", '+CIEV: 10,"25001","MTS RUS","MTS RUS", 0, 0'
    )
    assert host.asks("AT+CCLK?") == said('+CCLK: "20/12/09,15:57:04+12"') + OK


def test_clts_survives_a_restart() -> None:
    host = Host()
    host.asks("AT+CLTS=1;+CBATCHK=0")
    host.asks("AT+CFUN=1,1")
    host.waits(60)
    host.asks("ATE0")
    assert host.asks("AT+CLTS?;+CBATCHK?") == said("+CLTS: 1", "+CBATCHK: 1") + OK


def test_battery() -> None:
    host = Host()
    assert host.asks("AT+CBC=?") == said("+CBC: (0-2),(1-100),(voltage)") + OK
    assert host.asks("AT+CBC") == said("+CBC: 0,80,4000") + OK
    assert host.asks("AT+CBC?") == ERROR


def test_service_provider() -> None:
    host = Host(Options(operator="Orange"))
    assert host.asks("AT+CSPN?") == said('+CSPN: "Orange",1') + OK
    assert host.asks("AT+CSPN=?") == OK
    assert host.asks("AT+CSPN") == ERROR
    host.sees(SimChanged(False))
    host.asks("AT+CMEE=1")
    assert host.asks("AT+CSPN?") == said("+CME ERROR: 10")


def test_call_ready() -> None:
    host = Host(Options(boot=True, timing_factor=1.0))
    assert host.asks("AT+CCALR=?") == said("+CCALR: (0,1)") + OK
    assert host.asks("AT+CCALR?") == said("+CCALR: 0") + OK
    host.waits(60)
    assert host.asks("AT+CCALR?") == said("+CCALR: 1") + OK


def test_ssl_is_off_and_stays_off() -> None:
    host = Host()
    assert host.asks("AT+CIPSSL=?") == said("+CIPSSL: (0,1)") + OK
    assert host.asks("AT+CIPSSL=0") == OK
    assert host.asks("AT+CIPSSL=1") == ERROR
    assert host.asks("AT+CIPSSL?") == said("+CIPSSL: 0") + OK
    host.asks("AT+CMEE=2")
    assert host.asks("AT+CIPSSL=1") == said("+CME ERROR: operation not supported")
    assert host.asks("AT+CIPSSL=2") == INCORRECT


def test_tones() -> None:
    host = Host()
    assert host.asks("AT+DDET=?") == said("+DDET: (0,1),(0-10000),(0,1),(0,1)") + OK
    assert host.asks("AT+DDET?") == said("+DDET: 0,0,0,0") + OK
    assert host.asks("AT+DDET=1") == OK
    assert host.asks("AT+DDET=1,1000,1,1") == OK
    assert host.asks("AT+DDET?") == said("+DDET: 1,1000,1,1") + OK
    for bad in ("2", "", "1,10001", "1,0,2", "1,0,0,0,0"):
        assert host.asks(f"AT+DDET={bad}") == ERROR


def test_services_of_the_network() -> None:
    host = Host()
    assert host.asks("AT+CUSD=?") == said("+CUSD: (0-2)") + OK
    assert host.asks("AT+CUSD?") == said("+CUSD: 0") + OK
    assert host.asks('AT+CUSD=0,"*100#"') == OK
    assert host.asks("AT+CUSD=1") == OK
    assert host.asks("AT+CUSD?") == said("+CUSD: 1") + OK
    assert host.asks("AT+CUSD=2") == OK
    assert host.asks("AT+CUSD?") == said("+CUSD: 1") + OK
    assert host.asks('AT+CUSD=1,"*100#",15') == OK + said("+CUSD: 4")
    host.asks("AT+CMEE=2")
    assert host.asks("AT+CUSD=3") == INCORRECT
    host.sees(RegistrationChanged(2))
    assert host.asks('AT+CUSD=1,"*100#"') == said("+CME ERROR: no network service")
    host.sees(SimChanged(False))
    assert host.asks("AT+CUSD=1") == said("+CME ERROR: SIM not inserted")


WORDS = ["DEL READ", "DEL UNREAD", "DEL SENT", "DEL UNSENT", "DEL INBOX", "DEL ALL"]


@pytest.mark.parametrize(
    ("number", "left"), [(1, "1,3,4"), (2, "2,3,4"), (3, "1,2,4"), (4, "1,2,3"), (5, "3,4"), (6, "")]
)
@pytest.mark.parametrize("text_mode", [True, False])
def test_deleting_all_of_a_kind(number: int, left: str, text_mode: bool) -> None:
    host = Host()
    host.asks("AT+CMGF=1")
    host.sees(SmsArrived("+49", "unread"))
    host.sees(SmsArrived("+49", "read"))
    host.asks("AT+CMGR=2")
    for stat in ("STO SENT", "STO UNSENT"):
        host.asks(f'AT+CMGW="0301",129,"{stat}"')
        host.types(b"x\x1a")
    if text_mode:
        assert host.asks(f'AT+CMGDA="{WORDS[number - 1]}"') == OK
    else:
        assert host.asks(f"AT+CMGF=0;+CMGDA={number}") == OK
    assert host.asks("AT+CMGD=?") == said(f"+CMGD: ({left}),(0-4)") + OK


def test_cmgda_forms() -> None:
    host = Host()
    assert host.asks("AT+CMGDA=?") == said("+CMGDA: (1-6)") + OK
    host.asks("AT+CMEE=1")
    for bad in ("0", "7", '"DEL ALL"', ""):
        assert host.asks(f"AT+CMGDA={bad}") == said("+CMS ERROR: 303")
    host.asks("AT+CMGF=1")
    listed = ",".join(f'"{word}"' for word in WORDS)
    assert host.asks("AT+CMGDA=?") == said(f"+CMGDA: ({listed})") + OK
    for bad in ("6", '"DEL"', ""):
        assert host.asks(f"AT+CMGDA={bad}") == said("+CMS ERROR: 303")


@pytest.mark.parametrize(
    "typed",
    [
        *["AT+WIND?", "AT+ZPAS?", "AT+CLAC", "AT^CVOICE?", "AT+HTTPINIT", "AT+VTS=1"],
        *["AT+SAPBR", "AT+SAPBR?", "AT+DDET", "AT+CUSD", "AT+CIPSSL", "AT+CMGDA"],
        *["AT+CCALR", "AT+CCALR=1", "AT+CBC=1", "AT+CSPN=1"],
    ],
)
def test_what_a_sim800_or_this_one_does_not_know(typed: str) -> None:
    host = Host()
    assert host.asks(typed) == ERROR
    host.asks("AT+CMEE=1")
    assert host.asks(typed) == said("+CME ERROR: 100")

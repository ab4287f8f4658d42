"""What a BG96 does otherwise outside TCP/IP: boot, restart, power, card, registration, scan, data mode's escape."""

from __future__ import annotations

import pytest
from bg96_driver_host import LTE_CELL, SERVER, bg96_host, host_online
from shell_host import ERROR, OK, Host, said
from vmodem.emulator.dialect import Options
from vmodem.emulator.events import (
    AccessTechnology,
    CallArrived,
    NetworkTimeArrived,
    PdpLost,
    PowerChanged,
    RegistrationChanged,
    SignalChanged,
    SimChanged,
    SmsArrived,
    TechnologiesChanged,
)
from vmodem.netstack.memory import MemoryConnection
from world import Writer, bytewise, fragments, whole

T = AccessTechnology
BOOT = said("RDY", "APP RDY")
TYPICAL = Options(boot=True, timing_factor=1.0, local_ips=("10.64.1.2",))
NITZ = NetworkTimeArrived(utc=1484278848.0, quarters=32)
"""The time in the answer that public code for +QLTS quotes."""


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
    assert host.asks("AT+CEREG?;+COPS?;+QNWINFO") == said("+CEREG: 0,0", "+COPS: 0", "+QNWINFO: No Service", "OK")
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


# ---- errors, identity ------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0, 1, 2])
def test_unknown_commands_are_plain_errors_at_every_level(level: int) -> None:
    host = bg96_host()
    host.asks(f"AT+CMEE={level}")
    for line in ("AT+QILOCIP", "AT+CPSMS=1", "AT+QPSMS?", "AT+QSSLCLOSE=0", "AT+CMUX=0", "AT+CIPMUX?", "AT+QCCID?"):
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


# ---- registration and access technology ------------------------------------------------------------


def test_registration_on_lte() -> None:
    host = bg96_host()
    assert host.asks("AT+CREG?;+CGREG?;+CEREG?") == said("+CREG: 0,1", "+CGREG: 0,4", "+CEREG: 0,1", "OK")
    assert host.asks("AT+CREG=2;+CGREG=2;+CEREG=2") == OK
    answer = said(f"+CREG: 2,1,{LTE_CELL}", "+CGREG: 2,4", f"+CEREG: 2,1,{LTE_CELL}", "OK")
    assert host.asks("AT+CREG?;+CGREG?;+CEREG?") == answer
    moved = '"55AA","0066BBCC",8'
    told = said(f"+CREG: 5,{moved}", f"+CEREG: 5,{moved}")
    assert host.sees(RegistrationChanged(5, 0x55AA, 0x66BBCC)) == told
    assert host.sees(RegistrationChanged(2)) == said("+CREG: 2", "+CGREG: 2", "+CEREG: 2")
    assert host.sees(RegistrationChanged(3)) == said("+CREG: 3", "+CGREG: 3", "+CEREG: 3")


def test_registration_on_gsm() -> None:
    host = bg96_host(Options(technologies=(T.GSM,)))
    assert host.asks("AT+CREG?;+CGREG?;+CEREG?") == said("+CREG: 0,1", "+CGREG: 0,1", "+CEREG: 0,4", "OK")
    assert host.asks("AT+CREG=2;+CGREG=4;+CEREG=4") == OK
    cell = '"1A2B","3C4D"'
    full = f'+CGREG: 4,1,{cell},"0",,,,"00000000","01100000","00000000"'
    assert host.asks("AT+CREG?;+CGREG?;+CEREG?") == said(f"+CREG: 2,1,{cell},0", full, "+CEREG: 4,4", "OK")
    assert host.asks("AT+COPS?") == said('+COPS: 0,0,"Virtual",0', "OK")


def test_registration_with_power_saving_words() -> None:
    host = bg96_host()
    assert host.asks("AT+CGREG=4;+CGREG?") == said("+CGREG: 4,4", "OK")
    assert host.asks("AT+CEREG=4;+CEREG?") == said(
        f'+CEREG: 4,1,{LTE_CELL},,,"00000000","01100000"', "OK"
    )
    for line in ("AT+CREG=4", "AT+CREG=3", "AT+CGREG=3", "AT+CEREG=5"):
        assert host.asks(line) == said("+CME ERROR: 50"), line


def test_detached_from_packets() -> None:
    host, _ = host_online("AT+CEREG=1")
    assert host.asks("AT+CGATT=0") == said('+QIURC: "pdpdeact",1', "OK", "+CEREG: 0")
    assert host.asks("AT+CREG?;+CEREG?") == said("+CREG: 0,1", "+CEREG: 1,0", "OK")
    assert host.asks("AT+CGATT=1") == said("OK", "+CEREG: 1")


@pytest.mark.parametrize(
    ("offered", "sequence", "act", "service"),
    [
        ((T.CAT_M1, T.CAT_NB1, T.GSM), "020301", 8, '"CAT-M1","26201","LTE BAND 20",6300'),
        ((T.CAT_M1, T.CAT_NB1, T.GSM), "03", 9, '"CAT-NB1","26201","LTE BAND 8",3547'),
        ((T.CAT_M1, T.CAT_NB1, T.GSM), "0102", 0, '"EDGE","26201","GSM 1800",698'),
        ((T.CAT_NB1, T.GSM), "020301", 9, '"CAT-NB1","26201","LTE BAND 8",3547'),
        ((T.CAT_NB1, T.GSM), "0201", 0, '"EDGE","26201","GSM 1800",698'),
        ((T.GSM, T.CAT_M1), "00", 8, '"CAT-M1","26201","LTE BAND 20",6300'),
        ((T.GSM,), "020301", 0, '"EDGE","26201","GSM 1800",698'),
    ],
)
def test_what_the_network_has_is_found_in_the_order_of_the_scan(
    offered: tuple[AccessTechnology, ...], sequence: str, act: int, service: str
) -> None:
    host = bg96_host(Options(technologies=offered))
    host.asks(f'AT+QCFG="nwscanseq",{sequence}')
    host.asks("AT+CFUN=0")
    host.asks("AT+CFUN=1")
    host.waits(3.0)
    assert host.asks("AT+COPS?;+QNWINFO") == said(f'+COPS: 0,0,"Virtual",{act}', f"+QNWINFO: {service}", "OK")


def test_coverage_of_one_technology_ends() -> None:
    host, _ = host_online("AT+CEREG=1", "AT+CGREG=1")
    assert host.sees(TechnologiesChanged((T.GSM,))) == said(
        '+QIURC: "pdpdeact",1', "+CGREG: 2", "+CEREG: 2", "+CGREG: 1", "+CEREG: 4"
    )
    assert host.asks("AT+QCSQ") == said('+QCSQ: "GSM",-73', "OK")
    assert host.sees(TechnologiesChanged((T.CAT_M1, T.GSM))) == b"", "a module that is served stays"
    assert host.sees(TechnologiesChanged(())) == said("+CGREG: 2", "+CEREG: 2")
    assert host.asks("AT+QNWINFO;+CSQ") == said("+QNWINFO: No Service", "+CSQ: 99,99", "OK")
    assert host.sees(TechnologiesChanged((T.CAT_M1,))) == said("+CGREG: 4", "+CEREG: 1")


def test_a_module_that_may_not_search_does_not() -> None:
    host = bg96_host()
    host.asks("AT+CFUN=4")
    assert host.sees(TechnologiesChanged((T.GSM,))) == b""
    assert host.asks("AT+CEREG?;+CGREG?") == said("+CEREG: 0,0", "+CGREG: 0,0", "OK")


# ---- AT+QCFG ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "act"),
    [
        (('"nwscanmode",1',), 0),
        (('"nwscanmode",3',), 8),
        (('"nwscanmode",3,1', '"iotopmode",1,1'), 9),
        (('"iotopmode",0',), 8),
        (('"iotopmode",1',), 9),
        (('"band",f,80,a0e189f',), 9),
        (('"band",0xF,0x80,0x80000',), 0),
        (('"nwscanseq",01',), 8),
        (('"NWSCANSEQ",01', '"nwscanmode",1'), 0),
    ],
)
def test_the_scan_decides_what_is_used(lines: tuple[str, ...], act: int) -> None:
    host = bg96_host()
    for line in lines:
        assert host.asks(f"AT+QCFG={line}") == OK
    assert host.asks("AT+COPS?") == said(f'+COPS: 0,0,"Virtual",{act}', "OK")


def test_nothing_that_may_be_used_is_there() -> None:
    host = bg96_host(Options(technologies=(T.GSM,)))
    host.asks("AT+CREG=1")
    assert host.asks('AT+QCFG="nwscanmode",3') == said("OK", "+CREG: 2")
    assert host.asks("AT+COPS?") == said("+COPS: 0", "OK")
    assert host.asks('AT+QCFG="nwscanmode",0') == said("OK", "+CREG: 1")


def test_a_change_of_technology_takes_the_contexts() -> None:
    host, _ = host_online()
    assert host.asks('AT+QCFG="nwscanmode",1') == said("OK", '+QIURC: "pdpdeact",1')


def test_no_roaming() -> None:
    host = bg96_host()
    host.asks("AT+CREG=1")
    assert host.asks('AT+QCFG="roamservice",1') == OK
    assert host.sees(RegistrationChanged(5)) == said("+CREG: 2")
    assert host.asks('AT+QCFG="roamservice",255') == said("OK", "+CREG: 5")


def test_packets_only() -> None:
    host = bg96_host()
    assert host.asks('AT+QCFG="servicedomain",1;+CREG?;+CEREG?') == said("+CREG: 0,0", "+CEREG: 0,1", "OK")


def test_an_effect_at_the_restart() -> None:
    host = bg96_host()
    assert host.asks('AT+QCFG="nwscanmode",1,0') == OK
    assert host.asks('AT+QCFG="nwscanmode";+COPS?') == said(
        '+QCFG: "nwscanmode",1', '+COPS: 0,0,"Virtual",8', "OK"
    )
    host.asks("AT+CFUN=1,1")
    host.waits(10.0)
    host.types(b"ATE0\r")
    assert host.asks('AT+QCFG="nwscanmode";+COPS?') == said(
        '+QCFG: "nwscanmode",1', '+COPS: 0,0,"Virtual",0', "OK"
    )


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('"nwscanmode",3', '"nwscanmode",3'),
        ('"nwscanseq",00', '"nwscanseq",00'),
        ('"nwscanseq",0301', '"nwscanseq",0301'),
        ('"servicedomain",1,1', '"servicedomain",1'),
        ('"roamservice",2', '"roamservice",2'),
        ('"iotopmode",0,1', '"iotopmode",0'),
        ('"band",3,0,80', '"band",0x3,0x400a0e189f,0x80'),
        ('"band",0,0x80084,0X80084,1', '"band",0xf,0x80084,0x80084'),
    ],
)
def test_qcfg_keeps_over_a_restart(line: str, shown: str) -> None:
    host = bg96_host()
    name = line.partition(",")[0]
    assert host.asks(f"AT+QCFG={line}").startswith(OK)
    for _ in range(2):
        assert host.asks(f"AT+QCFG={name}") == said(f"+QCFG: {shown}", "OK")
        host.asks("AT+CFUN=1,1")
        host.waits(10.0)
        host.types(b"ATE0\r")


@pytest.mark.parametrize(
    "line",
    [
        '"nwscanmode",2',
        '"nwscanmode",0,2',
        '"nwscanmode",0,1,1',
        '"nwscanmode",a',
        '"nwscanmode","0"',
        '"nwscanseq",04',
        '"nwscanseq",0202',
        '"nwscanseq",020',
        '"servicedomain",0',
        '"roamservice",3',
        '"iotopmode",3',
        '"band",f',
        '"band",f,1',
        '"band",1f,1,1',
        '"band",f,g,1',
        '"band",f,0x,1',
        '"band",f,8000000000000000,1',
        '"band",f,10000000000000000,1',
        '"band",f,1,1,2',
        '"band",f,1,1,1,1',
        "nwscanmode",
        "",
    ],
)
def test_wrong_values_of_qcfg(line: str) -> None:
    host = bg96_host()
    assert host.asks(f"AT+QCFG={line}") == said("+CME ERROR: 50")
    assert host.asks('AT+QCFG="band"') == said('+QCFG: "band",0xf,0x400a0e189f,0xa0e189f', "OK")


@pytest.mark.parametrize("name", ["nbsibscramble", "gprsattach", "psm/urc", "usbnet", ""])
def test_names_that_qcfg_does_not_have(name: str) -> None:
    host = bg96_host()
    for line in (f'AT+QCFG="{name}"', f'AT+QCFG="{name}",1'):
        assert host.asks(line) == ERROR, line


# ---- the operator ----------------------------------------------------------------------------------


def test_the_operator_with_an_access_technology() -> None:
    host = bg96_host()
    assert host.asks('AT+COPS=1,2,"26201",9') == OK
    assert host.asks("AT+COPS?") == said('+COPS: 1,2,"26201",9', "OK")
    assert host.asks("AT+COPS=0") == OK
    assert host.asks("AT+COPS?") == said('+COPS: 0,2,"26201",9', "OK")
    assert host.asks("AT+COPS=?") == said('+COPS: (2,"Virtual","Virtual","26201",9),,(0,1,2,3,4),(0,1,2)', "OK")


def test_an_operator_that_does_not_have_the_technology() -> None:
    host = bg96_host(Options(technologies=(T.GSM,)))
    assert host.asks('AT+COPS=1,2,"26201",8') == said("+CME ERROR: 30")
    assert host.asks("AT+COPS?") == said("+COPS: 1", "OK")
    assert host.asks("AT+COPS=0;+COPS?") == said('+COPS: 0,2,"26201",0', "OK")


def test_wrong_operators() -> None:
    host = bg96_host()
    for line in ('AT+COPS=1,2,"26201",7', "AT+COPS=3,2,,8", "AT+COPS=2,,,8", "AT+COPS=5"):
        assert host.asks(line) == said("+CME ERROR: 50"), line
    assert host.asks("AT+COPS=2;+COPS?") == said("+COPS: 2", "OK")


# ---- signal ----------------------------------------------------------------------------------------


def test_signal() -> None:
    host = bg96_host()
    host.sees(SignalChanged(31, 3))
    assert host.asks("AT+CSQ;+QCSQ") == said("+CSQ: 31,99", '+QCSQ: "CAT-M1",-51,-80,195,-10', "OK")
    host.sees(SignalChanged(99, 99))
    assert host.asks("AT+CSQ;+QCSQ") == said("+CSQ: 99,99", '+QCSQ: "NOSERVICE"', "OK")


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
    assert host.asks('AT+QURCCFG="urcport","UART1";+QURCCFG="urcport"') == said(
        '+QURCCFG: "urcport","uart1"', "OK"
    )
    assert host.sees(RegistrationChanged(1)) == said("+CEREG: 1")


def test_the_port_of_urcs_is_the_hosts_own_at_first() -> None:
    host = bg96_host(Options(port_name="usbmodem"))
    assert host.asks('AT+QURCCFG="urcport"') == said('+QURCCFG: "urcport","usbmodem"', "OK")
    assert host.sees(SmsArrived("+4917", "hello")) == said('+CMTI: "SM",1')
    for line in ('AT+QURCCFG="urcport","usb"', 'AT+QURCCFG="port"', "AT+QURCCFG=urcport", 'AT+QURCCFG="urcport",1'):
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
    assert host.asks(f"AT+CTZU?;+CFUN=1,1").startswith(said(f"+CTZU: {update}", "OK"))
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
    assert peer.received == (b"" if escaped else b"+++")


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
    host, peer = transparent("AT&D2")
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

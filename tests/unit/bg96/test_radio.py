"""Where a BG96 is registered, by which access technology, and how AT+QCFG and AT+COPS decide it."""

from __future__ import annotations

import pytest
from bg96_driver_host import LTE_CELL, bg96_host, host_online
from shell_host import ERROR, OK, said
from vmodem.emulator.dialect import Options
from vmodem.emulator.events import (
    AccessTechnology,
    RegistrationChanged,
    SignalChanged,
    TechnologiesChanged,
)

T = AccessTechnology


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
    assert host.asks("AT+CEREG=4;+CEREG?") == said(f'+CEREG: 4,1,{LTE_CELL},,,"00000000","01100000"', "OK")
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
        '"band",,1,1,1',
        '"nwscanmode",,1',
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
    assert host.asks("AT+COPS=?") == said(
        '+COPS: (2,"Virtual","Virtual","26201",9),,(0,1,2,3,4),(0,1,2)', "OK"
    )


def test_an_operator_that_does_not_have_the_technology() -> None:
    host = bg96_host(Options(technologies=(T.GSM,)))
    assert host.asks('AT+COPS=1,2,"26201",8') == said("+CME ERROR: 30")
    assert host.asks("AT+COPS?") == said("+COPS: 1", "OK")
    assert host.asks("AT+COPS=0;+COPS?") == said('+COPS: 0,2,"26201",0', "OK")


def test_wrong_operators() -> None:
    host = bg96_host()
    for line in ('AT+COPS=1,2,"26201",7', "AT+COPS=3,2,,8", "AT+COPS=2,,,8", "AT+COPS=5"):
        assert host.asks(line) == said("+CME ERROR: 50"), line
    assert host.asks("AT+COPS=1,,,9") == said("+CME ERROR: 50")
    assert host.asks("AT+COPS?") == said('+COPS: 0,0,"Virtual",8', "OK"), "what is refused changes nothing"
    assert host.asks("AT+COPS=2;+COPS?") == said("+COPS: 2", "OK")


# ---- signal ----------------------------------------------------------------------------------------


def test_signal() -> None:
    host = bg96_host()
    host.sees(SignalChanged(31, 3))
    assert host.asks("AT+CSQ;+QCSQ") == said("+CSQ: 31,99", '+QCSQ: "CAT-M1",-51,-80,195,-10', "OK")
    host.sees(SignalChanged(99, 99))
    assert host.asks("AT+CSQ;+QCSQ") == said("+CSQ: 99,99", '+QCSQ: "NOSERVICE"', "OK")

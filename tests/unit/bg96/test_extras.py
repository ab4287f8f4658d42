"""What hosts of a BG96 ask beside TCP/IP: every form, every error, byte for byte."""

from __future__ import annotations

import pytest
from bg96_driver_host import ADDRESS, bg96_host, host_online
from shell_host import ERROR, OK, Host, said
from vmodem.emulator.dialect import Options
from vmodem.emulator.events import NetworkTimeArrived, PdpLost, RegistrationChanged, SimChanged
from vmodem.emulator.module import Module

NITZ = NetworkTimeArrived(utc=1484278848.0, quarters=32, dst=1)
WRONG = said("+CME ERROR: 50")


# ---- forms that are not there ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "AT+QCSQ?",
        "AT+QCSQ=1",
        "AT+QNWINFO?",
        "AT+QNWINFO=1",
        "AT+QSPN=1",
        "AT+QLTS?",
        "AT+QTEMP?",
        "AT+QTEMP=1",
        "AT+QGMR?",
        "AT+CSUB?",
        "AT+QINISTAT?",
        "AT+QCCID?",
        "AT+QCCID=1",
        "AT+CRSM?",
        "AT+CRSM",
        "AT+QCFG?",
        "AT+QCFG",
        "AT+QURCCFG?",
        "AT+QURCCFG",
        "AT+CGACT",
        "AT+CGPADDR?",
        "AT+CGCONTRDP?",
        "AT+CLCC?",
        "AT+CLCC=1",
    ],
)
def test_a_form_that_is_not_there_is_a_plain_error(line: str) -> None:
    assert bg96_host().asks(line) == ERROR


@pytest.mark.parametrize(
    "line",
    [
        "AT+CTZU=2",
        "AT+CTZU=",
        "AT+CTZR=3",
        "AT+QLTS=3",
        "AT+QLTS=",
        "AT+QSIMSTAT=2",
        "AT+QSIMDET=1",
        "AT+QSIMDET=2,0",
        "AT+QSIMDET=0,2",
        "AT+QSCLK=3",
        "AT+CGEREP=3",
        "AT+CGEREP=0,2",
        "AT+CFUN=2",
        "AT+CRSM=177,28514",
        "AT+CRSM=176,65536",
        "AT+CRSM=176,28514,256",
        "AT+CGDCONT=0",
        "AT+CGDCONT=17",
        'AT+CGDCONT=1,"IPV4V6","internet"',
        'AT+CGDCONT=1,"IP","internet","10.0.0.1"',
        "AT+CGPADDR=17",
        "AT+CGCONTRDP=0",
    ],
)
def test_wrong_parameters(line: str) -> None:
    assert bg96_host().asks(line) == WRONG


# ---- who we are with -------------------------------------------------------------------------------


def test_names_of_the_network() -> None:
    host = bg96_host(Options(operator="T-Mobile Hologram", plmn="310260"))
    for line in ("AT+QSPN", "AT+QSPN?"):
        assert host.asks(line) == said('+QSPN: "T-Mobile Hologram","T-Mobile","",0,"310260"', "OK")
    host.sees(RegistrationChanged(2))
    assert host.asks("AT+QSPN") == said('+QSPN: "","","",0,""', "OK")


def test_one_line_for_everything() -> None:
    """Each answer in its order, a blank line between, one OK (observed)."""
    host = bg96_host()
    assert host.asks("at+cereg?;+cgreg?;+cops?;+qcsq;+qnwinfo") == said(
        "+CEREG: 0,1",
        "+CGREG: 0,4",
        '+COPS: 0,0,"Virtual",8',
        '+QCSQ: "CAT-M1",-73,-102,195,-10',
        '+QNWINFO: "CAT-M1","26201","LTE BAND 20",6300',
        "OK",
    )
    host.sees(RegistrationChanged(0))
    assert host.asks("at+cops?;+qcsq;+qnwinfo") == said(
        "+COPS: 0", '+QCSQ: "NOSERVICE"', "+QNWINFO: No Service", "OK"
    )


# ---- network time ----------------------------------------------------------------------------------


def test_the_networks_time() -> None:
    host = bg96_host()
    for line in ("AT+QLTS", "AT+QLTS=0", "AT+QLTS=1", "AT+QLTS=2"):
        assert host.asks(line) == said('+QLTS: ""', "OK"), line
    host.sees(NITZ)
    host.waits(35.0)
    assert host.asks("AT+QLTS") == said('+QLTS: "2017/01/13,03:40:48+32,1"', "OK")
    assert host.asks("AT+QLTS=0") == said('+QLTS: "2017/01/13,03:40:48+32,1"', "OK")
    assert host.asks("AT+QLTS=1") == said('+QLTS: "2017/01/13,03:41:23+32,1"', "OK")
    assert host.asks("AT+QLTS=2") == said('+QLTS: "2017/01/13,11:41:23+32,1"', "OK")


def test_a_restart_forgets_the_networks_time() -> None:
    host = bg96_host()
    host.sees(NITZ)
    host.asks("AT+CFUN=1,1")
    host.waits(5.0)
    host.types(b"ATE0\r")
    assert host.asks("AT+QLTS") == said('+QLTS: ""', "OK")


def test_a_zone_in_the_west() -> None:
    host = bg96_host()
    host.asks("AT+CTZR=2")
    west = NetworkTimeArrived(utc=1484278848.0, quarters=-20)
    assert host.sees(west) == said('+CTZE: "-20",0,"2017/01/12,22:40:48"')
    assert host.asks("AT+QLTS=2") == said('+QLTS: "2017/01/12,22:40:48-20,0"', "OK")


# ---- the card's files ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("176,28514,0,0,0", '144,0,"62F2104080"'),
        ("176,28514,0,0,5", '144,0,"62F2104080"'),
        ("176,28514,0,3,2", '144,0,"4080"'),
        ("176,28514", '144,0,"62F2104080"'),
        ("176,28423,0,0,9", '144,0,"082926102143658709"'),
        ("176,12258,0,0,10", '144,0,"98942000002143658729"'),
        ("176,28589,0,0,4", '144,0,"00000002"'),
        ("176,28514,0,0,6", "108,5"),
        ("176,28514,0,5,1", "107,0"),
        ("176,28514,1,0,1", "107,0"),
        ("176,28486,0,0,17", "106,130"),
        ("178,28480,1,4,28", "106,130"),
        ("176", "106,130"),
        ("178,28514,1,4,5", "105,129"),
        ('220,28514,1,4,5,"0000000000"', "105,129"),
        ('214,28514,0,0,5,"62F2104080"', "105,130"),
        ("192,28514", "109,0"),
        ("242,28514", "109,0"),
    ],
)
def test_crsm(line: str, answer: str) -> None:
    assert bg96_host().asks(f"AT+CRSM={line}") == said(f"+CRSM: {answer}", "OK")


def test_files_follow_the_card_and_its_network() -> None:
    host = bg96_host(Options(plmn="310260", imsi="31026012345678", iccid="8949227002805216770"))
    assert host.asks("AT+CRSM=176,28514,0,0,0") == said('+CRSM: 144,0,"1300624080"', "OK")
    assert host.asks("AT+CRSM=176,28589,0,0,0") == said('+CRSM: 144,0,"00000003"', "OK")
    assert host.asks("AT+CRSM=176,28423,0,0,0") == said('+CRSM: 144,0,"0831016210325476F8"', "OK")
    assert host.asks("AT+CRSM=176,12258,0,0,0") == said('+CRSM: 144,0,"989422072008256177F0"', "OK")


def test_a_card_that_waits_for_its_pin() -> None:
    host = bg96_host(Options(pin="4711"))
    assert host.asks("AT+CRSM=176,12258,0,0,1") == said('+CRSM: 144,0,"98"', "OK")
    assert host.asks("AT+CRSM=176,28423,0,0,9") == said("+CRSM: 105,130", "OK")
    assert host.asks("AT+QCCID") == said("+QCCID: 89490200001234567892", "OK")


def test_no_card_no_files() -> None:
    host = bg96_host()
    host.sees(SimChanged(False))
    assert host.asks("AT+CRSM=176,28514,0,0,0") == said("+CME ERROR: 10")


# ---- contexts as 27.007 has them -------------------------------------------------------------------


def test_one_set_of_contexts() -> None:
    host = bg96_host(Options(local_ips=(ADDRESS,)))
    assert host.asks("AT+CGDCONT?;+CGACT?;+CGPADDR;+CGCONTRDP") == OK
    assert host.asks('AT+CGDCONT=1,"IP","internet","0.0.0.0",0,0') == OK
    assert host.asks("AT+QICSGP=1") == said('+QICSGP: 1,"internet","","",0', "OK")
    assert host.asks('AT+QICSGP=16,1,"second","me","secret",1') == OK
    lines = '+CGDCONT: 1,"IP","internet","0.0.0.0",0,0,0,0\n+CGDCONT: 16,"IP","second","0.0.0.0",0,0,0,0'
    assert host.asks("AT+CGDCONT?") == said(lines, "OK")
    assert host.asks("AT+QIACT=1") == OK
    assert host.asks("AT+CGACT?") == said("+CGACT: 1,1\n+CGACT: 16,0", "OK")
    assert host.asks("AT+CGPADDR") == said(f"+CGPADDR: 1,{ADDRESS}\n+CGPADDR: 16,0.0.0.0", "OK")
    assert host.asks("AT+CGPADDR=?") == said("+CGPADDR: (1,16)", "OK")


def test_a_definition_is_taken_back() -> None:
    host, _ = host_online()
    assert host.asks("AT+CGDCONT=1") == said("+CME ERROR: 3"), "not while it is active"
    assert host.asks('AT+CGDCONT=1,"IP","other"') == said("+CME ERROR: 3")
    assert host.sees(PdpLost(1)) == said('+QIURC: "pdpdeact",1')
    assert host.asks("AT+CGDCONT=1") == said("+CME ERROR: 3"), "nor while it is lost"
    assert host.asks("AT+QIDEACT=1") == OK
    assert host.asks("AT+CGDCONT=1") == OK
    assert host.asks("AT+CGDCONT?") == OK
    assert host.asks("AT+QICSGP=1") == said('+QICSGP: 1,"","","",0', "OK")
    assert host.asks("AT+QIACT=1") == ERROR
    assert host.asks("AT+QIGETERROR") == said("+QIGETERROR: 573, APN not configured", "OK")


def test_a_restart_forgets_the_definitions() -> None:
    host = bg96_host()
    host.asks('AT+CGDCONT=2,"IP","internet"')
    host.asks("AT+CFUN=1,1")
    host.waits(5.0)
    host.types(b"ATE0\r")
    assert host.asks("AT+CGDCONT?") == OK


def test_activating_is_qiacts_alone() -> None:
    host, _ = host_online()
    for line in ("AT+CGACT=1,1", "AT+CGACT=0,1", "AT+CGACT=0"):
        assert host.asks(line) == said("+CME ERROR: 3"), line
    assert host.asks("AT+CGACT?") == said("+CGACT: 1,1", "OK")
    assert host.asks("AT+CGACT=2,1") == WRONG


def test_addresses() -> None:
    host, _ = host_online()
    assert host.asks("AT+CGPADDR=1") == said(f"+CGPADDR: 1,{ADDRESS}", "OK")
    assert host.asks("AT+CGPADDR=2") == WRONG, "not defined"
    assert host.asks("AT+QIDEACT=1") == OK
    assert host.asks("AT+CGPADDR=1") == said("+CGPADDR: 1,0.0.0.0", "OK")


def test_parameters_of_active_contexts() -> None:
    host, _ = host_online()
    line = f'+CGCONTRDP: 1,5,"internet","{ADDRESS}"'
    for asked in ("AT+CGCONTRDP", "AT+CGCONTRDP=1"):
        assert host.asks(asked) == said(line, "OK")
    module = module_of(host)
    module.tcpip.of(module.stack.contexts[0]).dns = ("8.8.8.8", "0.0.0.0")  # type: ignore[attr-defined]
    assert host.asks("AT+CGCONTRDP") == said(f'{line},"","8.8.8.8"', "OK")
    assert host.asks("AT+CGCONTRDP=2") == OK
    assert host.asks("AT+CGCONTRDP=?") == said("+CGCONTRDP: (1)", "OK")
    assert host.asks("AT+QIDEACT=1") == OK
    for asked in ("AT+CGCONTRDP", "AT+CGCONTRDP=1", "AT+CGCONTRDP=?"):
        assert host.asks(asked) == OK


# ---- packet events ---------------------------------------------------------------------------------


def test_packet_events_are_kept_until_they_are_wanted() -> None:
    host, _ = host_online()
    assert host.asks("AT+QIDEACT=1") == OK
    assert host.asks("AT+CGEREP=2,1") == said("OK", "+CGEV: ME PDN ACT 1", "+CGEV: ME PDN DEACT 1")
    assert host.asks("AT+CGEREP?") == said("+CGEREP: 2,1", "OK")
    assert host.asks("AT+QIACT=1") == said("OK", "+CGEV: ME PDN ACT 1")
    assert host.sees(PdpLost(1)) == said('+QIURC: "pdpdeact",1', "+CGEV: NW PDN DEACT 1")
    assert host.asks("AT+QIDEACT=1") == OK, "it was not active any more"


def test_the_oldest_packet_events_are_forgotten() -> None:
    host, _ = host_online()
    for _ in range(20):
        assert host.asks("AT+QIDEACT=1") == OK
        assert host.asks("AT+QIACT=1") == OK
    assert host.asks("AT+CGEREP=1,1").count(b"+CGEV") == 16
    assert host.asks("AT+CGEREP=1,1") == OK


def test_packet_events_are_forgotten() -> None:
    host, _ = host_online()
    assert host.asks("AT+CGEREP=1") == OK
    assert host.asks("AT+CGEREP=0") == OK
    assert host.asks("AT+QIDEACT=1") == OK
    assert host.asks("AT+CGEREP=1,0") == OK
    assert host.asks("AT+CGEREP=0") == OK
    assert host.asks("AT+CGEREP=1,1") == OK


@pytest.mark.parametrize(("mode", "told"), [(1, b""), (2, said("+CGEV: NW PDN DEACT 2"))])
def test_packet_events_in_data_mode(mode: int, told: bytes) -> None:
    host, _ = host_online()
    assert host.asks(f"AT+CGEREP={mode}") == OK
    assert host.asks('AT+QICSGP=2,1,"second"') == OK
    host.asks("AT+QIACT=2")
    assert host.asks('AT+QIOPEN=1,0,"TCP","203.0.113.7",7777,0,2') == said("CONNECT")
    assert host.sees(PdpLost(2)) == b""
    host.waits(1.0)
    host.types(b"+++")
    assert host.waits(1.0) == OK + said('+QIURC: "pdpdeact",2') + told


# ---- sensors ---------------------------------------------------------------------------------------


def module_of(host: Host) -> Module:
    """The module itself: what a scenario may change in it."""
    return host.world.modem._module  # type: ignore[attr-defined,no-any-return]


def test_temperature_and_battery() -> None:
    host = bg96_host()
    assert host.asks("AT+QTEMP;+CBC") == said("+QTEMP: 30,26,26", "+CBC: 0,80,4000", "OK")
    module = module_of(host)
    module.thermometer.pa = 71  # type: ignore[attr-defined]
    module.battery.percent = 3  # type: ignore[attr-defined]
    assert host.asks("AT+QTEMP;+CBC") == said("+QTEMP: 30,26,71", "+CBC: 0,3,4000", "OK")


def test_the_quality_of_lte() -> None:
    host = bg96_host()
    lte = module_of(host).lte  # type: ignore[attr-defined]
    lte.below, lte.sinr, lte.rsrq = 25, 219, -9
    assert host.asks("AT+QCSQ") == said('+QCSQ: "CAT-M1",-73,-98,219,-9', "OK")


@pytest.mark.parametrize("name", ["+QCCID", "+CCID"])
def test_the_cards_number(name: str) -> None:
    host = bg96_host(Options(iccid="8949227002805216770F"))
    assert host.asks(f"AT{name}") == said(f"{name}: 8949227002805216770F", "OK")
    host.asks("AT+CFUN=0")
    assert host.asks(f"AT{name}") == said("+CME ERROR: 13")

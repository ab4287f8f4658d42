"""27.007: every form of every command, every state of card and network, byte for byte."""

from __future__ import annotations

from dataclasses import replace

import pytest
from shell_host import ERROR, OK, Host, said
from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.dialects.simcom.system import network_time_lines
from vmodem.dialects.ts27007 import TS27007
from vmodem.dialects.v250 import V250
from vmodem.emulator.command import Command, Kind
from vmodem.emulator.dialect import Options
from vmodem.emulator.events import (
    NetworkTimeArrived,
    PdpRefusalChanged,
    RegistrationChanged,
    SignalChanged,
    SimChanged,
)
from vmodem.emulator.module import Module
from vmodem.emulator.profile import Shell
from vmodem.emulator.reply import Refusal, ResultCode

LOCKED = Options(pin="4711")
TYPICAL = Options(timing_factor=1.0)


def cme(code: int) -> bytes:
    return said(f"+CME ERROR: {code}")


def strict(options: Options | None = None) -> Host:
    """A host that reads error numbers."""
    host = Host(options)
    host.asks("AT+CMEE=1")
    return host


# ---- forms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "heard"),
    [
        ("AT+CGMI", said("SIMCOM_Ltd", "OK")),
        ("AT+CGMI=?", OK),
        ("AT+CGMM", said("SIMCOM_SIM800", "OK")),
        ("AT+CGMM=?", OK),
        ("AT+CGMR", said("Revision:1418B04SIM800", "OK")),
        ("AT+CGMR=?", OK),
        ("AT+CGSN", said("869988012345670", "OK")),
        ("AT+CGSN=?", OK),
        ("AT+CIMI", said("262011234567890", "OK")),
        ("AT+CIMI=?", OK),
        ("AT+CCID", said("89490200001234567892", "OK")),
        ("AT+CCID=?", OK),
        ("AT+CNUM", said('+CNUM: "","+491701234567",145,7,4', "OK")),
        ("AT+CNUM=?", OK),
        ("AT+CPAS", said("+CPAS: 0", "OK")),
        ("AT+CPAS=?", said("+CPAS: (0,2,3,4)", "OK")),
        ("AT+CMEE?", said("+CMEE: 1", "OK")),
        ("AT+CMEE=?", said("+CMEE: (0-2)", "OK")),
        ("AT+CMEE=3", cme(50)),
        ("AT+CMEE=", cme(50)),
        ("AT+CPIN?", said("+CPIN: READY", "OK")),
        ("AT+CPIN=?", OK),
        ("AT+CPIN=1234", cme(3)),
        ('AT+CPIN="12345678","1234"', cme(3)),
        ("AT+CPIN=123", cme(50)),
        ("AT+CPIN=abcd", cme(50)),
        ("AT+CPIN=1,2,3", cme(50)),
        ("AT+CLCK=?", said('+CLCK: ("SC","PN","PU","PP","PC")', "OK")),
        ('AT+CLCK="SC",2', said("+CLCK: 0", "OK")),
        ('at+clck="PN",2', said("+CLCK: 0", "OK")),
        ('AT+CLCK="PN",1,"1234"', cme(4)),
        ('AT+CLCK="XX",2', cme(50)),
        ('AT+CLCK="SC",3', cme(50)),
        ('AT+CLCK="SC",1', cme(50)),
        ('AT+CLCK="SC",0,"1234"', cme(3)),
        ("AT+CPWD=?", said('+CPWD: ("SC",8)', "OK")),
        ('AT+CPWD="SC","1234","4321"', cme(3)),
        ("AT+CSQ", said("+CSQ: 20,0", "OK")),
        ("AT+CSQ=?", said("+CSQ: (0-31,99),(0-7,99)", "OK")),
        ("AT+CREG?", said("+CREG: 0,1", "OK")),
        ("AT+CREG=?", said("+CREG: (0-2)", "OK")),
        ("AT+CREG=1;+CREG?", said("+CREG: 1,1", "OK")),
        ("AT+CREG=2;+CREG?", said('+CREG: 2,1,"1A2B","3C4D"', "OK")),
        ("AT+CREG=3", cme(50)),
        ("AT+CGREG?", said("+CGREG: 0,1", "OK")),
        ("AT+CGREG=?", said("+CGREG: (0-2)", "OK")),
        ("AT+CGREG=2;+CGREG?", said('+CGREG: 2,1,"1A2B","3C4D"', "OK")),
        ("AT+COPS?", said('+COPS: 0,0,"Virtual"', "OK")),
        ("AT+COPS=3,1;+COPS?", said('+COPS: 0,1,"Virtual"', "OK")),
        ("AT+COPS=3,2;+COPS?", said('+COPS: 0,2,"26201"', "OK")),
        ("AT+COPS=3", cme(50)),
        ("AT+COPS=3,3", cme(50)),
        ("AT+COPS=5", cme(50)),
        ("AT+COPS=1", cme(50)),
        ("AT+COPS=?", said('+COPS: (2,"Virtual","Virtual","26201"),,(0-4),(0-2)', "OK")),
        ("AT+CGATT?", said("+CGATT: 1", "OK")),
        ("AT+CGATT=?", said("+CGATT: (0,1)", "OK")),
        ("AT+CGATT=1", OK),
        ("AT+CGATT=2", cme(50)),
        ("AT+CGATT=", cme(50)),
        ("AT+CFUN?", said("+CFUN: 1", "OK")),
        ("AT+CFUN=?", said("+CFUN: (0,1,4),(0,1)", "OK")),
        ("AT+CFUN=1", OK),
        ("AT+CFUN=2", cme(50)),
        ("AT+CFUN=1,2", cme(50)),
        ("AT+CGDCONT=?", said('+CGDCONT: (1-3),"IP",,,(0-2),(0-2)', "OK")),
        ("AT+CGDCONT?", OK),
        ("AT+CGDCONT=4", cme(50)),
        ('AT+CGDCONT=1,"IPX","a"', cme(50)),
        ("AT+CGACT=?", said("+CGACT: (0,1)", "OK")),
        ("AT+CGACT?", OK),
        ("AT+CGACT=0", OK),
        ("AT+CGACT=1", OK),
        ("AT+CGACT=1,1", cme(50)),
        ("AT+CGACT=0,1", OK),
        ("AT+CGACT=2", cme(50)),
        ("AT+CGPADDR=?", said("+CGPADDR: ()", "OK")),
        ("AT+CGPADDR", OK),
        ("AT+CGPADDR=1", cme(50)),
        ("AT+CSCS?", said('+CSCS: "IRA"', "OK")),
        ("AT+CSCS=?", said('+CSCS: ("IRA","GSM","UCS2","HEX","PCCP","PCDN","8859-1")', "OK")),
        ('AT+CSCS="HEX";+CSCS?', said('+CSCS: "HEX"', "OK")),
        ("AT+CSCS=gsm;+CSCS?", said('+CSCS: "GSM"', "OK")),
        ('AT+CSCS="KLINGON"', cme(50)),
        ("AT+CCLK=?", OK),
        ('AT+CCLK="04/01/01"', cme(50)),
        ('AT+CCLK="21/02/29,12:00:00+00"', cme(50)),
        ('AT+CCLK="21/02/28,12:00:00+57"', cme(50)),
        # What drivers probe for and a SIM800 does not have: an OK would mislead them (drivers.md).
        ("AT+WS46=?", cme(100)),
        ("AT+ZPAS?", cme(100)),
        ("AT+WIND?", cme(100)),
        ("AT+CEREG?", cme(100)),
        ("AT+CGEREP=1", cme(100)),
    ],
)
def test_form(line: str, heard: bytes) -> None:
    assert strict().asks(line) == heard


@pytest.mark.parametrize(
    "line",
    [
        "AT+CGMI?",
        "AT+CGMI=1",
        "AT+CGSN?",
        "AT+CIMI?",
        "AT+CCID?",
        "AT+CNUM?",
        "AT+CPAS?",
        "AT+CSQ?",
        "AT+CSQ=1",
        "AT+CMEE",
        "AT+CPIN",
        "AT+CLCK",
        "AT+CLCK?",
        "AT+CPWD?",
        "AT+CREG",
        "AT+CGREG",
        "AT+COPS",
        "AT+CGATT",
        "AT+CFUN",
        "AT+CGDCONT",
        "AT+CGACT",
        "AT+CGPADDR?",
        "AT+CSCS",
        "AT+CCLK",
    ],
)
def test_a_form_that_a_command_lacks(line: str) -> None:
    host = Host()
    assert host.asks(line) == ERROR
    host.asks("AT+CMEE=1")
    assert host.asks(line) == cme(100)
    host.asks("AT+CMEE=2")
    assert host.asks(line) == said("+CME ERROR: unknown")


SUFFIX = {Kind.EXECUTE: "", Kind.READ: "?", Kind.TEST: "=?", Kind.WRITE: "=0"}
EXTENDED = [declared for declared in SIM800.commands if declared.name[0] == "+"]


@pytest.mark.parametrize("declared", EXTENDED, ids=lambda declared: declared.name)
def test_every_form_that_is_not_declared_is_an_unknown_command(declared: Command) -> None:
    offered = {form.kind for form in declared.forms}
    host = strict()
    for kind, suffix in SUFFIX.items():
        if kind not in offered:
            assert host.asks(f"AT{declared.name}{suffix}") == cme(100)
    assert host.asks(f"AT{declared.name}X") == cme(100)


# ---- the card ------------------------------------------------------------------------------------

NEEDS_CARD = ["AT+CIMI", "AT+CNUM", 'AT+CLCK="SC",2', "AT+COPS=0", "AT+COPS=?", "AT+CGATT=1", "AT+CGACT=1"]


@pytest.mark.parametrize("line", NEEDS_CARD)
def test_without_pin_or_card(line: str) -> None:
    host = strict(LOCKED)
    assert host.asks(line) == cme(11)
    for _ in range(3):
        host.asks("AT+CPIN=0000")
    assert host.asks(line) == cme(12)
    host.sees(SimChanged(False))
    assert host.asks(line) == cme(10)
    host.asks("AT+CMEE=2")
    assert host.asks(line) == said("+CME ERROR: SIM not inserted")
    host.asks("AT+CMEE=0")
    assert host.asks(line) == ERROR


def test_pin() -> None:
    host = strict(LOCKED)
    assert host.asks("AT+CPIN?;+CREG?;+CGATT?;+COPS?;+CCID") == said(
        "+CPIN: SIM PIN", "+CREG: 0,0", "+CGATT: 0", "+COPS: 0", "89490200001234567892", "OK"
    )
    assert host.asks("AT+CPIN=0000") == cme(16)
    assert host.asks('AT+CPIN="4711","1234"') == cme(50)
    assert host.asks('AT+CPIN="4711"') == OK + said("+CPIN: READY", "Call Ready", "SMS Ready")
    assert host.asks("AT+CPIN?;+CREG?;+CGATT?") == said("+CPIN: READY", "+CREG: 0,1", "+CGATT: 1", "OK")


def test_pin_entry_takes_its_time_and_the_search_is_told() -> None:
    host = Host(Options(pin="4711", timing_factor=1.0))
    host.asks("AT+CREG=1")
    assert host.asks("AT+CPIN=4711") == OK + said("+CPIN: READY", "+CREG: 2")
    assert host.waits(1.9) == b""
    assert host.waits(0.1) == said("+CREG: 1")
    assert host.waits(5.0) == said("Call Ready", "SMS Ready")


def test_puk() -> None:
    host = strict(LOCKED)
    assert host.asks("AT+CPIN=0000") == cme(16)
    assert host.asks("AT+CPIN=0001") == cme(16)
    assert host.asks("AT+CPIN=0002") == cme(12)
    assert host.asks("AT+CPIN?") == said("+CPIN: SIM PUK", "OK")
    assert host.asks("AT+CPIN=4711") == cme(12)
    assert host.asks('AT+CPIN="87654321","1111"') == cme(16)
    assert host.asks('AT+CPIN="12345678","1111"') == OK + said("+CPIN: READY", "Call Ready", "SMS Ready")
    assert host.asks("AT+CFUN=1,1") == OK + said("RDY", "+CFUN: 1", "+CPIN: SIM PIN"), (
        "and the new PIN is asked for after a restart"
    )
    assert host.types(b"AT+CPIN=1111\r") == b"AT+CPIN=1111\r" + OK + said(
        "+CPIN: READY", "Call Ready", "SMS Ready"
    )


def test_ten_wrong_puks_are_the_end_of_the_card() -> None:
    host = strict(LOCKED)
    for _ in range(3):
        host.asks("AT+CPIN=0000")
    for _ in range(10):
        assert host.asks('AT+CPIN="00000000","1111"') == cme(16)
    assert host.asks("AT+CPIN?") == cme(13)
    assert host.asks('AT+CPIN="12345678","1111"') == cme(13)
    assert host.asks("AT+CIMI") == cme(13)


def test_tries_are_given_back_by_the_right_pin() -> None:
    host = strict(LOCKED)
    host.asks("AT+CPIN=0000")
    host.asks("AT+CPIN=0000")
    host.asks("AT+CPIN=4711")
    assert host.asks('AT+CLCK="SC",0,"0000"') == cme(16)
    assert host.asks('AT+CLCK="SC",0,"0000"') == cme(16)
    assert host.asks('AT+CLCK="SC",0,"4711"') == OK


def test_lock() -> None:
    host = strict()
    assert host.asks('AT+CLCK="SC",1,"1234"') == OK
    assert host.asks('AT+CLCK="SC",2') == said("+CLCK: 1", "OK")
    assert host.asks('AT+CLCK="SC",1,"1234"') == cme(3)
    assert host.asks('AT+CPWD="SC","9999","4321"') == cme(16)
    assert host.asks('AT+CPWD="SC","1234","4321"') == OK
    assert host.asks("AT+CPIN?") == said("+CPIN: READY", "OK")
    assert host.asks("AT+CFUN=1,1") == OK + said("RDY", "+CFUN: 1", "+CPIN: SIM PIN")
    host.types(b"ATE0;+CMEE=1\r")
    host.asks("AT+CPIN=4321")
    assert host.asks('AT+CLCK="SC",0,4321;+CLCK="SC",2') == said("+CLCK: 0", "OK")


def test_a_lock_tried_three_times_blocks_the_card_and_the_service() -> None:
    host = strict()
    host.asks("AT+CREG=1")
    host.asks('AT+CLCK="SC",1,"0000"')
    host.asks('AT+CLCK="SC",1,"0000"')
    assert host.asks('AT+CLCK="SC",1,"0000"') == cme(12) + said("+CREG: 0")
    assert host.asks("AT+CPIN?") == said("+CPIN: SIM PUK", "OK")


def test_card_pulled_and_put_in() -> None:
    host = strict()
    host.asks("AT+CREG=1")
    assert host.sees(SimChanged(False)) == said("+CPIN: NOT READY", "+CREG: 0")
    assert host.sees(SimChanged(False)) == b""
    assert host.asks("AT+CPIN?") == cme(10)
    assert host.asks("AT+CPIN=1234") == cme(10)
    assert host.asks("AT+CCID") == cme(10)
    assert host.sees(SimChanged(True)) == said(
        "+CPIN: READY", "+CREG: 2", "+CREG: 1", "Call Ready", "SMS Ready"
    )


def test_no_number() -> None:
    assert Host(Options(number="")).asks("AT+CNUM") == OK
    assert Host(Options(number="0170")).asks("AT+CNUM") == said('+CNUM: "","0170",129,7,4', "OK")


# ---- the network ---------------------------------------------------------------------------------


def test_registration_urcs() -> None:
    host = Host()
    assert host.sees(RegistrationChanged(2)) == b""
    host.asks("AT+CREG=1;+CGREG=1")
    assert host.sees(RegistrationChanged(2)) == b""
    assert host.sees(RegistrationChanged(5)) == said("+CREG: 5", "+CGREG: 5")
    assert host.sees(RegistrationChanged(5, lac=0x0102, ci=0x0304)) == b"", "another cell: only n=2 tells"
    assert host.asks("AT+CREG=2;+CGREG=0") == OK, "setting n prints none"
    assert host.sees(RegistrationChanged(5, ci=0xABCD)) == said('+CREG: 5,"0102","ABCD"')
    assert host.sees(RegistrationChanged(3)) == said("+CREG: 3")
    assert host.asks("AT+CREG?") == said("+CREG: 2,3", "OK")
    assert host.asks("AT+COPS?;+CGATT?") == said("+COPS: 0", "+CGATT: 0", "OK")


def test_a_detached_module_has_no_packet_cell() -> None:
    host = Host()
    host.asks("AT+CREG=2;+CGREG=2;+CGATT=0")
    assert host.asks("AT+CGREG?") == said("+CGREG: 2,0", "OK")
    assert host.sees(RegistrationChanged(1, ci=0xABCD)) == said('+CREG: 1,"1A2B","ABCD"')


def test_numeric_format_leaves_urcs_as_text() -> None:
    host = Host()
    host.asks("AT+CREG=1;V0")
    assert host.sees(RegistrationChanged(2)) == b"+CREG: 2\r\n"


def test_signal() -> None:
    host = Host()
    host.sees(SignalChanged(7, 3))
    assert host.asks("AT+CSQ") == said("+CSQ: 7,3", "OK")
    host.asks("AT+CFUN=4")
    assert host.asks("AT+CSQ") == said("+CSQ: 0,0", "OK")
    host.sees(SignalChanged(99, 99))
    host.asks("AT+CFUN=1")
    assert host.asks("AT+CSQ") == said("+CSQ: 99,99", "OK")


def test_deregister_and_register() -> None:
    host = strict(TYPICAL)
    host.asks("AT+CREG=1")
    assert host.asks("AT+COPS=2") == OK + said("+CREG: 0")
    assert host.asks("AT+COPS?;+CGATT?;+CREG?") == said("+COPS: 2", "+CGATT: 0", "+CREG: 1,0", "OK")
    assert host.sees(RegistrationChanged(5)) == b"", "the module is not searching"
    assert host.asks("AT+CGATT=1") == cme(30)
    assert host.asks("AT+COPS=0") == b""
    assert host.waits(1.9) == b""
    assert host.waits(0.2) == OK + said("+CREG: 2", "+CREG: 5")
    assert host.asks("AT+COPS?;+CGATT?") == said('+COPS: 0,0,"Virtual"', "+CGATT: 1", "OK")


def test_a_search_is_not_cut_short_by_the_network() -> None:
    host = Host(TYPICAL)
    host.asks("AT+CREG=1")
    host.asks("AT+CFUN=4")
    assert host.asks("AT+CFUN=1") == OK + said("+CREG: 2")
    assert host.sees(RegistrationChanged(5)) == b""
    assert host.waits(2.0) == said("+CREG: 5")


def test_operator_by_hand() -> None:
    host = strict()
    assert host.asks('AT+COPS=1,2,"26201"') == OK
    assert host.asks("AT+COPS?") == said('+COPS: 1,2,"26201"', "OK")
    assert host.asks('AT+COPS=1,2,"99999"') == cme(30)
    assert host.asks("AT+COPS?;+CREG?") == said("+COPS: 1", "+CREG: 0,0", "OK")
    assert host.asks('AT+COPS=4,2,"99999"') == OK
    assert host.asks("AT+COPS?") == said('+COPS: 0,2,"26201"', "OK")


def test_operator_by_hand_that_does_not_let_the_module_in() -> None:
    host = strict()
    host.asks("AT+COPS=2")
    host.sees(RegistrationChanged(3))
    assert host.asks('AT+COPS=1,2,"26201"') == cme(30)
    assert host.asks("AT+CREG?") == said("+CREG: 0,3", "OK")


def test_operator_list() -> None:
    host = strict(TYPICAL)
    assert host.asks("AT+COPS=?") == b""
    assert host.waits(14.9) == b""
    assert host.waits(0.2) == said('+COPS: (2,"Virtual","Virtual","26201"),,(0-4),(0-2)', "OK")
    quick = strict()
    quick.sees(RegistrationChanged(3))
    assert quick.asks("AT+COPS=?") == said('+COPS: (3,"Virtual","Virtual","26201"),,(0-4),(0-2)', "OK")
    quick.sees(RegistrationChanged(2))
    assert quick.asks("AT+COPS=?") == said("+COPS: ,,(0-4),(0-2)", "OK")
    quick.asks("AT+CFUN=4")
    assert quick.asks("AT+COPS=?") == cme(30)


def bring_up(host: Host) -> None:
    for line in ("AT+CSTT", "AT+CIICR", "AT+CIFSR"):
        host.asks(line)
        host.waits(5.0)


def test_detach_drops_the_context_before_its_ok() -> None:
    host = Host(TYPICAL)
    host.asks("AT+CGREG=1")
    bring_up(host)
    assert host.asks("AT+CGATT=0") == b""
    assert host.waits(1.0) == said("+PDP: DEACT", "OK", "+CGREG: 0")
    assert host.asks("AT+CGATT?;+CREG?;+CGREG?") == said("+CGATT: 0", "+CREG: 0,1", "+CGREG: 1,0", "OK")
    assert host.asks("AT+CGATT=0") == OK
    assert host.asks("AT+CGATT=1") == b""
    assert host.waits(1.5) == OK + said("+CGREG: 1")


def test_attach_without_a_network() -> None:
    host = strict()
    host.sees(RegistrationChanged(2))
    assert host.asks("AT+CGATT=1") == cme(30)


def test_network_lost_while_attaching() -> None:
    host = strict(TYPICAL)
    host.asks("AT+CGATT=0")
    host.waits(1.0)
    assert host.asks("AT+CGATT=1") == b""
    host.sees(RegistrationChanged(2))
    assert host.waits(1.5) == cme(30)


def test_pdp_contexts() -> None:
    host = strict(Options(local_ips=("10.1.2.3", "10.1.2.4")))
    assert host.asks('AT+CGDCONT=1,"IP","internet"') == OK
    assert host.asks('AT+CGDCONT=2,ip,"m2m","10.0.0.9",1,2') == OK
    assert host.asks("AT+CGDCONT?") == said(
        '+CGDCONT: 1,"IP","internet","0.0.0.0",0,0\n+CGDCONT: 2,"IP","m2m","10.0.0.9",1,2', "OK"
    )
    assert host.asks("AT+CGACT?") == said("+CGACT: 1,0\n+CGACT: 2,0", "OK")
    assert host.asks("AT+CGACT=1,2") == OK
    assert host.asks("AT+CGACT?") == said("+CGACT: 1,0\n+CGACT: 2,1", "OK")
    assert host.asks("AT+CGPADDR=?") == said("+CGPADDR: (1,2)", "OK")
    assert host.asks("AT+CGPADDR") == said('+CGPADDR: 1,"0.0.0.0"\n+CGPADDR: 2,"10.1.2.4"', "OK")
    assert host.asks("AT+CGPADDR=2") == said('+CGPADDR: 2,"10.1.2.4"', "OK")
    assert host.asks("AT+CGDCONT=2") == cme(3), "it is active"
    assert host.asks("AT+CGACT=1") == OK
    assert host.asks("AT+CGACT?") == said("+CGACT: 1,1\n+CGACT: 2,1", "OK")
    assert host.asks("AT+CGACT=0,2") == OK
    assert host.asks("AT+CGDCONT=2;+CGACT?") == said("+CGACT: 1,1", "OK")
    assert host.asks("AT+CGATT=0;+CGACT?") == said("+CGACT: 1,0", "OK")


def test_activation_attaches_first_and_may_be_refused() -> None:
    host = strict(TYPICAL)
    host.asks('AT+CGDCONT=1,"IP","internet"')
    host.asks("AT+CGATT=0")
    host.waits(1.0)
    assert host.asks("AT+CGACT=1,1") == b""
    assert host.waits(5.0) == b""
    assert host.waits(0.2) == OK
    host.asks("AT+CGACT=0")
    host.sees(PdpRefusalChanged(True))
    host.asks("AT+CGACT=1,1")
    assert host.waits(4.0) == cme(148)
    host.sees(RegistrationChanged(2))
    assert host.asks("AT+CGACT=1,1") == cme(30)


# ---- the clock -----------------------------------------------------------------------------------


def test_clock() -> None:
    host = Host()
    assert host.asks("AT+CCLK?") == said('+CCLK: "04/01/01,00:00:00+00"', "OK")
    host.waits(75.0)
    assert host.asks("AT+CCLK?") == said('+CCLK: "04/01/01,00:01:15+00"', "OK")
    assert host.asks('AT+CCLK="26/12/31,23:59:50-12"') == OK
    host.waits(15.0)
    assert host.asks("AT+CCLK?") == said('+CCLK: "27/01/01,00:00:05-12"', "OK")
    host.asks("AT+CFUN=1,1")
    host.types(b"ATE0\r")
    assert host.asks("AT+CCLK?") == said('+CCLK: "27/01/01,00:00:05-12"', "OK"), "it has its battery"


PLAIN = replace(SIM800, name="plain", commands=V250 | TS27007, module=Module)
"""The shell alone, without a vendor's family."""


def test_network_time_sets_the_clock_in_local_time() -> None:
    host = Host(dialect=PLAIN)
    host.sees(NetworkTimeArrived(utc=1607518624.0, quarters=12))
    assert host.asks("AT+CCLK?") == said('+CCLK: "20/12/09,15:57:04+12"', "OK")


def test_network_time_in_simcoms_words() -> None:
    event = NetworkTimeArrived(utc=1607518624.0, quarters=12)
    assert network_time_lines(event) == ('*PSUTTZ: 2020,12,9,12,57,4,"+12",0', "DST: 0")
    west = NetworkTimeArrived(utc=1607518624.0, quarters=-20, dst=1)
    assert network_time_lines(west) == ('*PSUTTZ: 2020,12,9,12,57,4,"-20",1', "DST: 1")


class Quectel(Module):
    """What a Quectel family will say otherwise."""

    cms_error_always = True
    no_signal = (99, 99)

    def pin_accepted(self) -> None:
        with self.interjecting():
            super().pin_accepted()

    def factory(self) -> Shell:
        return Shell(cmee=1)


def test_family_differences() -> None:
    host = Host(LOCKED, dialect=replace(PLAIN, module=Quectel))
    assert host.asks("AT+CIMI") == cme(11), "+CMEE is 1 at power-on"
    assert host.asks("AT+CPIN=4711") == said("+CPIN: READY", "OK", "Call Ready", "SMS Ready")
    host.asks("AT+CFUN=4")
    assert host.asks("AT+CSQ") == said("+CSQ: 99,99", "OK")


@pytest.mark.parametrize("family", [Module, Quectel])
@pytest.mark.parametrize("level", [0, 1, 2])
def test_sms_errors_under_cmee(family: type[Module], level: int) -> None:
    module = family(PLAIN, Options(pin="4711"))
    module.now = 0.0
    module.power_on()
    module.shell.cmee = level
    with pytest.raises(Refusal) as refused:
        module.require_sms()
    plain: str | ResultCode = "+CMS ERROR: 311" if family is Quectel else ResultCode.ERROR
    texts = (plain, "+CMS ERROR: 311", "+CMS ERROR: SIM PIN required")
    assert module.error(refused.value.code) == texts[level]
    assert module.error(None) is ResultCode.ERROR

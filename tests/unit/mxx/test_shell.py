"""What an M-series module does otherwise outside TCP/IP: boot, PIN, calls, errors, clock, sleep."""

from __future__ import annotations

import pytest
from mxx_driver_host import SERVER, mxx_host
from shell_host import ERROR, OK, Host, said
from vmodem.emulator.dialect import Options
from vmodem.emulator.events import (
    CallArrived,
    NetworkTimeArrived,
    PowerChanged,
    RegistrationChanged,
    SignalChanged,
    SimChanged,
    SmsArrived,
)
from vmodem.emulator.world import Writer, bytewise, fragments, whole

FOUND = said("+CFUN: 1", "+CPIN: READY", "Call Ready")
"""The lines of the boot once the module knows the host's rate."""
TYPICAL = Options(boot=True, timing_factor=1.0)


# ---- boot: the rate --------------------------------------------------------------------------------


@pytest.mark.parametrize("writer", [whole, bytewise, fragments(4)])
@pytest.mark.parametrize("end", [b"\r", b"\r\n"])
def test_autobaud_says_nothing_before_the_first_command(writer: Writer, end: bytes) -> None:
    host = mxx_host(Options(boot=True), echo=True, writer=writer)
    assert host.waits(60.0) == b""
    assert host.types(b"AT" + end) == b"AT\r" + OK + FOUND
    assert host.types(b"AT" + end) == b"AT\r" + OK


def test_what_is_no_command_tells_no_rate() -> None:
    host = mxx_host(Options(boot=True), echo=True)
    host.waits(60.0)
    assert host.types(b"\r") == b"\r"
    assert host.types(b"hello\r") == b"hello\r"
    assert host.types(b"AT+CSQ") + host.waits(5.0) == b"AT+CSQ"
    assert host.types(b"\r") == b"\r" + said("+CSQ: 20,0", "OK") + FOUND


def test_a_first_command_that_takes_its_time_is_answered_first() -> None:
    host = mxx_host(Options(boot=True, timings={"deactivate": 2.0}), echo=True)
    host.waits(60.0)
    assert host.types(b"AT+QIDEACT\r") == b"AT+QIDEACT\r"
    assert host.waits(2.0) == said("DEACT OK") + FOUND


def test_what_comes_after_the_first_command_comes_in_its_time() -> None:
    host = mxx_host(TYPICAL, echo=True)
    assert host.types(b"ATE0\r") == b"ATE0\r" + OK
    assert host.asks("AT+CPIN?") == ERROR, "the card is still starting"
    assert host.asks("AT+CMEE=1;+CPIN?") == said("+CME ERROR: 14")
    assert host.asks("AT+CSQ") == said("+CSQ: 99,99", "OK")
    assert host.waits(2.8) == said("+CFUN: 1")
    assert host.waits(1.0) == said("+CPIN: READY")
    assert host.waits(3.0) == said("Call Ready")
    assert host.waits(60.0) == b""


def test_a_fixed_rate_that_is_stored_says_rdy() -> None:
    host = mxx_host()
    assert host.asks("AT+IPR=9600;&W;+CFUN=1,1") == OK + said("RDY") + FOUND
    assert host.sees(PowerChanged(False)) == b""
    assert host.sees(PowerChanged(True)) + host.waits(60.0) == said("RDY") + FOUND
    assert host.asks("AT") == OK


def test_a_rate_that_is_not_stored_is_forgotten() -> None:
    host = mxx_host()
    assert host.asks("AT+IPR=9600;+CFUN=1,1") + host.waits(60.0) == OK
    assert host.types(b"AT+IPR?\r") == b"AT+IPR?\r" + said("+IPR: 0", "OK") + FOUND


def test_everything_waits_for_the_rate() -> None:
    host = mxx_host()
    host.asks("AT+CREG=1;+CNMI=2,1;&W;+CFUN=1,1")
    assert host.waits(60.0) == b""
    assert host.sees(SmsArrived("+4917", "hello")) == b""
    told = said("+CFUN: 1", "+CPIN: READY", "+CREG: 2", "Call Ready", "+CREG: 1", '+CMTI: "SM",1')
    assert host.asks("AT") == OK + told


def test_every_start_asks_for_the_rate_again() -> None:
    host = mxx_host(Options(boot=True), echo=True)
    host.types(b"ATE0\r")
    for _ in range(3):
        assert host.asks("AT+CFUN=1,1") + host.waits(60.0) == OK
        assert host.asks("ATE0") == b"ATE0\r" + OK + FOUND
    host.sees(PowerChanged(False))
    assert host.types(b"AT\r") == b""
    assert host.sees(PowerChanged(True)) + host.waits(60.0) == b""
    assert host.types(b"AT\r") == b"AT\r" + OK + FOUND


def test_a_module_that_was_on_already_speaks_unasked() -> None:
    host = mxx_host(echo=True)
    host.waits(60.0)
    assert host.sees(CallArrived("0301")) == said("RING")


# ---- PIN -------------------------------------------------------------------------------------------


def test_the_boot_of_a_module_with_a_pin() -> None:
    host = mxx_host(Options(boot=True, pin="4711"), echo=True)
    assert host.types(b"ATE0\r") == b"ATE0\r" + OK + said("+CFUN: 1", "+CPIN: SIM PIN")
    assert host.asks("AT+CPIN?") == said("+CPIN: SIM PIN", "OK")


@pytest.mark.parametrize("pin", ["4711", '"4711"'])
def test_ready_is_said_before_the_ok(pin: str) -> None:
    host = mxx_host(Options(pin="4711"))
    assert host.asks(f"AT+CPIN={pin}") == said("+CPIN: READY", "OK", "Call Ready")
    assert host.asks("AT+CPIN?") == said("+CPIN: READY", "OK")
    assert host.asks("AT+CMEE=1;+CPIN=4711") == said("+CME ERROR: 3")


def test_wrong_pins_and_the_puk() -> None:
    host = mxx_host(Options(pin="4711"))
    assert host.asks("AT+CPIN=1111") == ERROR
    host.asks("AT+CMEE=1")
    assert host.asks("AT+CPIN=1111") == said("+CME ERROR: 16")
    assert host.asks("AT+CPIN=1111") == said("+CME ERROR: 12")
    assert host.asks("AT+CPIN?") == said("+CPIN: SIM PUK", "OK")
    assert host.asks("AT+CPIN=12345678,2222") == said("+CPIN: READY", "OK", "Call Ready")


def test_no_card() -> None:
    host = mxx_host()
    assert host.sees(SimChanged(False)) == said("+CPIN: NOT READY")
    host.asks("AT+CMEE=1")
    for line in ("AT+CPIN?", "AT+CIMI", "AT+CCID", "AT+QCCID", "AT+QSPN?"):
        assert host.asks(line) == said("+CME ERROR: 10"), line


# ---- functionality, power --------------------------------------------------------------------------


def test_functionality() -> None:
    host = mxx_host()
    assert host.asks("AT+CFUN=0") == said("+CPIN: NOT READY", "OK")
    assert host.asks("AT+CSQ") == said("+CSQ: 99,99", "OK")
    assert host.asks("AT+CREG?;+COPS?") == said("+CREG: 0,0", "+COPS: 0", "OK")
    assert host.asks("AT+CFUN=1") == OK + said("+CPIN: READY", "Call Ready")
    assert host.waits(10.0) == b""
    assert host.asks("AT+CREG?") == said("+CREG: 0,1", "OK")


def test_functionality_takes_the_context() -> None:
    host = mxx_host()
    for line in ("AT+QIREGAPP", "AT+QIACT"):
        assert host.asks(line) == OK
    assert host.asks("AT+CFUN=0") == said("+PDP DEACT", "+CPIN: NOT READY", "OK")
    assert host.asks("AT+QISTAT") == said("OK", "STATE: PDP DEACT")


def test_a_signal_that_is_gone() -> None:
    host = mxx_host()
    host.sees(SignalChanged(99, 99))
    assert host.asks("AT+CSQ") == said("+CSQ: 99,99", "OK")


# ---- registration ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["+CREG", "+CGREG"])
def test_registration(name: str) -> None:
    host = mxx_host()
    assert host.asks(f"AT{name}=?") == said(f"{name}: (0-2)", "OK")
    assert host.asks(f"AT{name}?") == said(f"{name}: 0,1", "OK")
    assert host.asks(f"AT{name}=1") == OK
    assert host.sees(RegistrationChanged(5)) == said(f"{name}: 5")
    assert host.asks(f"AT{name}=2;{name}?") == said(f'{name}: 2,5,"1A2B","3C4D"', "OK")
    assert host.sees(RegistrationChanged(1, 0x55AA, 0x66BB)) == said(f'{name}: 1,"55AA","66BB"')
    assert host.asks(f"AT{name}=3") == ERROR


def test_there_is_no_packet_domain_of_lte() -> None:
    assert mxx_host().asks("AT+CEREG?") == ERROR


# ---- errors ----------------------------------------------------------------------------------------


def test_message_errors_have_numbers_at_every_level() -> None:
    host = mxx_host()
    host.sees(SimChanged(False))
    assert host.asks("AT+CMGF=1") == said("+CMS ERROR: 310")
    assert host.asks("AT+CMEE=2;+CMGF=1") == said("+CMS ERROR: SIM not inserted")


@pytest.mark.parametrize(
    ("level", "heard"), [(0, "ERROR"), (1, "+CME ERROR: 100"), (2, "+CME ERROR: unknown")]
)
def test_unknown_commands(level: int, heard: str) -> None:
    host = mxx_host()
    host.asks(f"AT+CMEE={level}")
    for line in ("AT+CIPSTART?", "AT+CLTS=1", "AT+CSCLK=1", "AT+CPOWD=1", "AT+CMGDA=6", "AT+CLCC=1"):
        assert host.asks(line) == said(heard), line


def test_wrong_parameters() -> None:
    host = mxx_host()
    host.asks("AT+CMEE=1")
    for line in ("AT+QSCLK=3", "AT+QNITZ=2", "AT+CTZU=4", "AT+QPOWD=2", "AT+CFUN=9"):
        assert host.asks(line) == said("+CME ERROR: 50"), line


# ---- identity --------------------------------------------------------------------------------------


def test_identity() -> None:
    host = mxx_host()
    assert host.asks("ATI") == said("Quectel_Ltd\nQuectel_M95\nRevision: M95FAR02A08", "OK")
    for both in ("AT+CGMI", "AT+GMI"):
        assert host.asks(both) == said("Quectel_Ltd", "OK")
    for both in ("AT+CGMM", "AT+GMM"):
        assert host.asks(both) == said("Quectel_M95", "OK")
    for both in ("AT+CGMR", "AT+GMR"):
        assert host.asks(both) == said("Revision: M95FAR02A08", "OK")
    for both in ("AT+CGSN", "AT+GSN"):
        assert host.asks(both) == said("869988012345670", "OK")


# ---- calls and messages ----------------------------------------------------------------------------


def test_who_calls() -> None:
    host = mxx_host()
    host.asks("AT+CLIP=1")
    assert host.sees(CallArrived("+8613800138000")) == said("RING", '+CLIP: "+8613800138000",145,"",,"",0')
    assert host.asks("AT+CLCC") == said('+CLCC: 1,1,4,0,0,"+8613800138000",145,""', "OK")
    assert host.asks("ATH") == OK
    assert host.sees(CallArrived("")) == said("RING", '+CLIP: "",128,"",,"",1')


def in_data_mode() -> Host:
    """A host in transparent mode."""
    host = mxx_host()
    host.net.tcp(*SERVER)
    assert host.asks("AT+QIMODE=1") == OK
    assert host.asks('AT+QIOPEN="TCP","203.0.113.7",7777') + host.waits(3.0) == said("OK", "CONNECT")
    return host


@pytest.mark.parametrize("event", [CallArrived("0301"), SmsArrived("+4917", "hello")])
def test_ri_is_low_for_12_ms(event: CallArrived | SmsArrived) -> None:
    host = in_data_mode()
    before = len(host.world.signals)
    assert host.sees(event) == b""
    host.waits(1.0)
    on, off = host.world.signals[before:]
    assert [(change.signal.value, change.on) for change in (on, off)] == [("RI", True), ("RI", False)]
    assert off.time - on.time == pytest.approx(0.012)


# ---- clock -----------------------------------------------------------------------------------------

NITZ = NetworkTimeArrived(utc=1607518624.0, quarters=12, dst=0)


def test_the_clock_of_a_fresh_module() -> None:
    host = mxx_host()
    host.waits(15.0)
    assert host.asks("AT+CCLK?") == said('+CCLK: "04/01/01,00:00:15+00"', "OK")


@pytest.mark.parametrize(
    ("settings", "clock"),
    [
        ("", "04/01/01,00:00:00+00"),
        ("AT+CTZU=1", "20/12/09,12:57:04+12"),
        ("AT+CTZU=2", "20/12/09,12:57:04+12"),
        ("AT+CTZU=3", "20/12/09,15:57:04+12"),
        ("AT+QNITZ=1;+CTZU=3", "20/12/09,15:57:04+12"),
        ("AT+QNITZ=1", "20/12/09,12:57:04+12"),
    ],
)
def test_the_network_sets_the_clock(settings: str, clock: str) -> None:
    host = mxx_host()
    host.asks(settings or "AT")
    told = said('+QNITZ: "20/12/09,12:57:04+12,0"') if "QNITZ" in settings else b""
    assert host.sees(NITZ) == told
    assert host.asks("AT+CCLK?") == said(f'+CCLK: "{clock}"', "OK")


def test_a_module_that_is_off_hears_no_time() -> None:
    host = mxx_host()
    host.asks("AT+QNITZ=1;+CTZU=3")
    host.sees(PowerChanged(False))
    host.sees(NITZ)
    host.sees(PowerChanged(True))
    assert b'+QLTS: ""' in host.types(b"AT+QLTS\r")


# ---- sleep -----------------------------------------------------------------------------------------


def asleep() -> Host:
    """A host whose module has fallen asleep."""
    host = mxx_host()
    assert host.asks("AT+QSCLK=1") == OK
    host.dtr(False)
    assert host.waits(5.0) == b""
    return host


@pytest.mark.parametrize(
    ("line", "heard"),
    [
        ("AT+QSCLK=?", said("+QSCLK: (0-2)", "OK")),
        ("AT+QSCLK?", said("+QSCLK: 0", "OK")),
        ("AT+QSCLK=1;+QSCLK?", said("+QSCLK: 1", "OK")),
        ("AT+QSCLK=2;+QSCLK?", said("+QSCLK: 2", "OK")),
        ("AT+QSCLK=3", ERROR),
        ("AT+QSCLK=", ERROR),
        ("AT+QSCLK", ERROR),
    ],
)
def test_forms_of_qsclk(line: str, heard: bytes) -> None:
    assert mxx_host().asks(line) == heard


def test_the_port_is_active_20_ms_after_dtr_went_low() -> None:
    host = asleep()
    assert host.asks("AT") == b""
    host.dtr(True)
    assert host.waits(0.019) + host.asks("AT") == b""
    assert host.waits(0.001) == b""
    assert host.asks("AT") == OK


def test_the_network_wakes_the_output_alone() -> None:
    host = asleep()
    assert host.sees(SmsArrived("+4917", "hello")) == said('+CMTI: "SM",1')
    assert host.asks("AT") == b""


@pytest.mark.parametrize("mode", [0, 2])
def test_no_other_mode_goes_deaf(mode: int) -> None:
    host = mxx_host()
    host.asks(f"AT+QSCLK={mode}")
    host.dtr(False)
    host.waits(60.0)
    assert host.asks("AT") == OK


def test_another_mode_ends_the_watch() -> None:
    host = mxx_host()
    host.asks("AT+QSCLK=1")
    host.dtr(False)
    host.waits(4.0)
    assert host.asks("AT+QSCLK=2") == OK
    host.waits(60.0)
    assert host.asks("AT") == OK

"""Booting, restarting, switching off, +CFUN: what is said, in what times, and what is forgotten."""

from __future__ import annotations

import pytest
from shell_host import ERROR, OK, Host, said
from vmodem.emulator.dialect import Options
from vmodem.emulator.events import Address, PowerChanged, RegistrationChanged, SimChanged
from vmodem.emulator.world import Writer, bytewise, fragments, whole

PEER = Address("116.228.221.51", 8500)
GREETING = said("RDY", "+CFUN: 1", "+CPIN: READY", "Call Ready", "SMS Ready")
TYPICAL = Options(timing_factor=1.0)
BOOT = Options(boot=True, timing_factor=1.0)


def awake(options: Options | None = None) -> Host:
    """A host with echo off that was switched on long ago."""
    host = Host(options)
    host.waits(60.0)
    return host


# ---- power-on ------------------------------------------------------------------------------------


def test_without_boot_everything_is_ready_and_nothing_is_printed() -> None:
    host = Host(echo=True)
    assert host.waits(60.0) == b""
    line = b"AT+CPIN?;+CREG?;+CSQ\r"
    assert host.types(line) == line + said("+CPIN: READY", "+CREG: 0,1", "+CSQ: 20,0", "OK")


def test_boot_lines_in_their_times() -> None:
    host = Host(BOOT, echo=True)
    assert host.types(b"AT\r") == b"AT\r" + OK, "AT answers before RDY"
    assert host.waits(2.75) == b""
    assert host.waits(0.1) == said("RDY", "+CFUN: 1")
    assert host.waits(1.0) == said("+CPIN: READY")
    assert host.waits(2.9) == b""
    assert host.waits(0.1) == said("Call Ready")
    assert host.waits(1.0) == said("SMS Ready")
    assert host.waits(60.0) == b""


def test_boot_lines_without_latencies() -> None:
    host = Host(Options(boot=True), echo=True)
    assert host.world.take() == GREETING


def test_boot_with_a_pin() -> None:
    host = Host(Options(boot=True, pin="4711"), echo=True)
    assert host.world.take() == said("RDY", "+CFUN: 1", "+CPIN: SIM PIN")
    assert host.waits(60.0) == b""
    host.types(b"ATE0;+CREG=1\r")
    assert host.asks("AT+CPIN=4711") == OK + said(
        "+CPIN: READY", "+CREG: 2", "+CREG: 1", "Call Ready", "SMS Ready"
    )


# ---- restart -------------------------------------------------------------------------------------


def test_restart_step_by_step() -> None:
    host = awake(TYPICAL)
    assert host.asks("AT+CFUN=1,1") == OK
    assert host.types(b"AT+CMEE=2\r") == b"AT+CMEE=2\r" + OK, "it echoes again"
    host.asks("ATE0")
    assert host.asks("AT+CPIN?") == said("+CME ERROR: SIM busy")
    assert host.asks("AT+CIMI") == said("+CME ERROR: SIM busy")
    assert host.asks("AT+CMEE=0;+CPIN?") == ERROR
    assert host.asks("AT+CSQ;+CREG?;+CGATT?") == said("+CSQ: 0,0", "+CREG: 0,0", "+CGATT: 0", "OK")
    assert host.waits(2.0) == b""
    assert host.asks("AT+CSQ") == said("+CSQ: 20,0", "OK")
    assert host.waits(0.9) == said("RDY", "+CFUN: 1")
    assert host.asks("AT+CPIN?") == ERROR
    assert host.waits(1.0) == said("+CPIN: READY")
    assert host.asks("AT+CREG?;+CREG=1") == said("+CREG: 0,2", "OK")
    assert host.waits(4.8) == said("Call Ready", "SMS Ready")
    assert host.waits(0.2) == said("+CREG: 1")


def test_restart_as_lwcell_lives_through_it() -> None:
    """Even with instant timing +CREG: 1 comes behind the driver's pause of 5 s (drivers.md A2)."""
    host = awake()
    assert host.types(b"AT+CFUN=1,1\r\n") == OK + GREETING
    assert host.waits(5.0) == b""
    for line in ("ATE0", "AT+CFUN=1", "AT+CMEE=1", "AT+CREG=1"):
        host.asks(line)
    assert host.asks("AT+CPIN?") == said("+CPIN: READY", "OK")
    assert host.waits(1.1) == said("+CREG: 1")


def test_settings_after_a_restart() -> None:
    host = awake()
    host.net.tcp(PEER.host, PEER.port)
    host.asks('ATS0=4;+CMEE=2;+CSCS="HEX";+CSCLK=1')
    for line in ("AT+CIPRXGET=1", "AT+CIPQSEND=1", 'AT+CSTT="x"', "AT+CIICR", "AT+CIFSR"):
        host.asks(line)
    host.asks('AT+CGDCONT=1,"IP","x"')
    assert host.asks(f'AT+CIPSTART="TCP","{PEER.host}",{PEER.port}') == OK + said("CONNECT OK")
    host.asks("AT+CFUN=1,1")
    assert host.net.connections[0].reset_received
    host.types(b"ATE0\r")
    assert host.asks("ATS0?;+CMEE?;+CSCS?;+CSCLK?;+CGDCONT?;+CIPRXGET?;+CIPQSEND?;+CSTT?") == said(
        "000",
        "+CMEE: 0",
        '+CSCS: "IRA"',
        "+CSCLK: 0",
        "+CIPRXGET: 0",
        "+CIPQSEND: 0",
        '+CSTT: "CMNET","",""',
        "OK",
    )
    assert host.asks("AT+CIPSTATUS") == OK + said("STATE: IP INITIAL")


def test_the_stored_profile_survives() -> None:
    host = awake()
    host.asks("ATS0=4;+CMEE=1;+CREG=1;&W")
    assert host.asks("AT+CFUN=1,1") == OK + said(
        "RDY", "+CFUN: 1", "+CPIN: READY", "+CREG: 2", "Call Ready", "SMS Ready"
    )
    assert host.waits(6.0) == said("+CREG: 1")
    assert host.asks("ATS0?;+CMEE?") == said("004", "+CMEE: 1", "OK"), "echo off was stored too"


def test_restart_into_another_functionality() -> None:
    host = awake()
    assert host.asks("AT+CFUN=0,1") == OK + said("RDY", "+CFUN: 0")
    host.types(b"ATE0\r")
    assert host.asks("AT+CFUN?") == said("+CFUN: 0", "OK")
    assert host.asks("AT+CFUN=1") == OK + said("+CPIN: READY", "Call Ready", "SMS Ready")
    assert host.asks("AT+CREG?") == said("+CREG: 0,1", "OK")


def test_restart_drops_what_was_under_way() -> None:
    host = awake(TYPICAL)
    host.asks("AT+CSTT")
    host.asks("AT+CIICR")
    assert host.sees(PowerChanged(False)) == b""
    assert host.types(b"AT\rAT\r") == b""
    assert host.waits(60.0) == b""
    assert host.sees(PowerChanged(True)) == b""
    assert host.types(b"AT\r") == b"AT\r" + OK, "nothing typed before is left"
    assert host.waits(60.0) == GREETING


def test_restart_during_a_search_begins_anew() -> None:
    host = awake(TYPICAL)
    host.asks("AT+CREG=1;&W")
    host.asks("AT+COPS=2")
    host.asks("AT+COPS=0")
    host.waits(1.0)
    host.sees(PowerChanged(False))
    host.sees(PowerChanged(True))
    assert host.waits(3.0) == said("RDY", "+CFUN: 1")
    assert host.waits(5.0) == said("+CPIN: READY", "+CREG: 2", "Call Ready", "SMS Ready")
    assert host.waits(1.0) == said("+CREG: 1")


def connected(mode: int) -> Host:
    """A host with a TCP connection; mode 1 is transparent."""
    host = awake()
    host.net.tcp(PEER.host, PEER.port)
    for line in (f"AT+CIPMODE={mode}", "AT+CSTT", "AT+CIICR", "AT+CIFSR"):
        host.asks(line)
    words = "CONNECT" if mode else "CONNECT OK"
    assert host.asks(f'AT+CIPSTART="TCP","{PEER.host}",{PEER.port}') == OK + said(words)
    return host


def test_power_off_in_data_mode() -> None:
    host = connected(1)
    host.types(b"half a packet")
    assert host.sees(PowerChanged(False)) == b""
    assert host.signals() == [("DCD", True), ("DCD", False)]
    assert host.sees(PowerChanged(True)) == GREETING
    assert host.types(b"AT\r") == b"AT\r" + OK
    assert bytes(host.net.connections[-1].received) == b""
    host.types(b"ATE0&D1\r")
    host.waits(10.0)
    assert host.dtr(False) == b"", "nothing is left of data mode"


def test_power_off_at_a_prompt() -> None:
    host = connected(0)
    host.asks("AT+CREG=1")
    assert host.asks("AT+CIPSEND") == b"\r\n> "
    host.types(b"half a mess")
    assert host.sees(RegistrationChanged(5)) == b"", "held until the send is done"
    assert host.sees(PowerChanged(False)) == b""
    assert host.sees(PowerChanged(True)) == GREETING
    assert host.types(b"AT\r") == b"AT\r" + OK
    assert bytes(host.net.connections[-1].received) == b""


# ---- off -----------------------------------------------------------------------------------------


def test_power_down() -> None:
    host = awake(TYPICAL)
    host.asks("AT&C0")
    assert host.asks("AT+CPOWD=1") == b""
    assert host.waits(1.0) == said("NORMAL POWER DOWN")
    assert host.signals()[-1] == ("DCD", False)
    assert host.types(b"AT\r") == b""
    assert host.sees(RegistrationChanged(5)) == b""
    assert host.sees(SimChanged(False)) == b""
    assert host.waits(600.0) == b""
    assert host.sees(PowerChanged(True)) == b""
    assert host.waits(60.0) == said("RDY", "+CFUN: 1", "+CPIN: NOT INSERTED")


def test_power_down_at_once() -> None:
    host = awake()
    assert host.asks("AT+CPOWD=0") == b""
    assert host.types(b"AT\r") == b""
    assert host.sees(PowerChanged(False)) == b""
    assert host.sees(PowerChanged(True)) == GREETING
    assert host.sees(PowerChanged(True)) == b""


@pytest.mark.parametrize(
    ("line", "heard"),
    [
        ("AT+CPOWD=?", said("+CPOWD: (0,1)", "OK")),
        ("AT+CPOWD=2", ERROR),
        ("AT+CPOWD", ERROR),
        ("AT+CPOWD?", ERROR),
    ],
)
def test_power_down_forms(line: str, heard: bytes) -> None:
    host = Host()
    assert host.asks(line) == heard
    assert host.asks("AT") == OK


# ---- functionality -------------------------------------------------------------------------------


def test_minimum_functionality() -> None:
    host = awake()
    host.asks("AT+CREG=1;+CMEE=1")
    for line in ("AT+CSTT", "AT+CIICR", "AT+CIFSR"):
        host.asks(line)
    assert host.asks("AT+CFUN=0") == said("+PDP: DEACT", "+CPIN: NOT READY", "OK", "+CREG: 0")
    assert host.asks("AT+CFUN=0") == OK
    assert host.asks("AT+CPIN?") == said("+CME ERROR: 13")
    assert host.asks("AT+CREG?;+CSQ;+CFUN?") == said("+CREG: 1,0", "+CSQ: 0,0", "+CFUN: 0", "OK")
    assert host.asks("AT+COPS=0") == said("+CME ERROR: 13")
    assert host.asks("AT+CFUN=4") == OK + said("+CPIN: READY", "Call Ready", "SMS Ready")
    assert host.asks("AT+CREG?") == said("+CREG: 1,0", "OK")
    assert host.asks("AT+COPS=0") == said("+CME ERROR: 30")
    assert host.asks("AT+CFUN=1") == OK + said("+CREG: 2", "+CREG: 1")


def test_minimum_functionality_without_a_context() -> None:
    assert awake().asks("AT+CFUN=0") == said("+CPIN: NOT READY", "OK")


def test_radio_off_keeps_the_card() -> None:
    host = awake(TYPICAL)
    host.asks("AT+CREG=1")
    assert host.asks("AT+CFUN=4") == OK + said("+CREG: 0")
    assert host.asks("AT+CPIN?;+CIMI;+CFUN?") == said("+CPIN: READY", "262011234567890", "+CFUN: 4", "OK")
    assert host.asks("AT+CFUN=1") == OK + said("+CREG: 2")
    assert host.waits(1.9) == b""
    assert host.waits(0.2) == said("+CREG: 1")


def test_minimum_functionality_ends_the_boot_story() -> None:
    host = Host(BOOT)
    assert host.waits(4.0) == said("RDY", "+CFUN: 1", "+CPIN: READY")
    assert host.asks("AT+CFUN=0") == said("+CPIN: NOT READY", "OK")
    assert host.waits(60.0) == b""
    assert host.asks("AT+CFUN=1") == OK
    assert host.waits(60.0) == said("+CPIN: READY", "Call Ready", "SMS Ready")


def test_without_a_card() -> None:
    host = awake()
    host.sees(SimChanged(False))
    assert host.asks("AT+CFUN=0") == OK
    assert host.asks("AT+CFUN=1") == OK + said("+CPIN: NOT INSERTED")
    assert host.asks("AT+CMEE=1;+CPIN?") == said("+CME ERROR: 10")


@pytest.mark.parametrize("writer", [whole, bytewise, fragments(seed=11)])
def test_what_is_typed_behind_a_restart_is_read_by_the_new_module(writer: Writer) -> None:
    host = Host(TYPICAL, writer=writer)
    host.asks("ATS0=5")
    assert host.types(b"AT+CFUN=1,1\r").endswith(OK)
    host.types(b"ATE0\r")
    assert host.asks("ATS0?") == said("000", "OK")


def test_used_up_tries_stay_used_up() -> None:
    host = Host(Options(pin="4711"))
    for _ in range(3):
        host.asks("AT+CPIN=0000")
    assert host.asks("AT+CFUN=1,1") == OK + said("RDY", "+CFUN: 1", "+CPIN: SIM PUK")
    host.types(b"ATE0\r")
    for _ in range(10):
        host.asks('AT+CPIN="00000000","1111"')
    assert host.asks("AT+CFUN=1,1") == OK + said("RDY", "+CFUN: 1", "+CPIN: NOT READY")

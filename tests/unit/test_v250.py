"""V.250: echo, framing, editing, S-registers, profile, data mode's ways out, byte for byte."""

from __future__ import annotations

import pytest
from shell_host import ERROR, OK, Host, said
from vmodem.emulator.dialect import Options
from vmodem.emulator.effects import CommandFinished
from vmodem.emulator.events import Address
from vmodem.emulator.world import Writer, bytewise, fragments, whole
from vmodem.netstack.memory import MemoryConnection

PEER = Address("116.228.221.51", 8500)
WAYS = [whole, bytewise, fragments(seed=250)]


# ---- the line ------------------------------------------------------------------------------------


@pytest.mark.parametrize("writer", WAYS)
@pytest.mark.parametrize(
    ("typed", "heard"),
    [
        (b"AT\r", b"AT\r\r\nOK\r\n"),
        (b"at\r", b"at\r\r\nOK\r\n"),
        (b"AT;\r", b"AT;\r\r\nOK\r\n"),
        (b"AT   \r", b"AT   \r\r\nOK\r\n"),
        (b"aT\r", b"aT\r"),
        (b"\r", b"\r"),
        (b"hello\r", b"hello\r"),
        (b"+++AT\r", b"+++AT\r\r\nOK\r\n"),
        (b"AT\r\n", b"AT\r\r\nOK\r\n"),
        (b"AT+CGMM\r", b"AT+CGMM\r\r\nSIMCOM_SIM800\r\n\r\nOK\r\n"),
        (b"ATI;+GMI\r", b"ATI;+GMI\r\r\nSIM800 R14.18\r\n\r\nSIMCOM_Ltd\r\n\r\nOK\r\n"),
        (b"at+cgmi\r", b"at+cgmi\r\r\nSIMCOM_Ltd\r\n\r\nOK\r\n"),
        (b"ATi\r", b"ATi\r\r\nSIM800 R14.18\r\n\r\nOK\r\n"),
        (b"ATE0\r", b"ATE0\r\r\nOK\r\n"),
        (b"ATE0\rAT\r", b"ATE0\r\r\nOK\r\n\r\nOK\r\n"),
        (b"AT+CGMX\b\b\r", b"AT+CGMX\b \b\b \b\r\r\nERROR\r\n"),
        (b"AT+CGMX\bM\r", b"AT+CGMX\b \bM\r\r\nSIMCOM_SIM800\r\n\r\nOK\r\n"),
        (b"AT\b\b\b\r", b"AT\r\r\nOK\r\n"),
        (b"A/", b"A/\r\nOK\r\n"),
        (b"AT+GMM\rA/", b"AT+GMM\r\r\nSIMCOM_SIM800\r\n\r\nOK\r\nA/\r\nSIMCOM_SIM800\r\n\r\nOK\r\n"),
        (
            b"ATQ0 V1 E1 S0=0 &C1 &D2 +FCLASS=0\r",
            b"ATQ0 V1 E1 S0=0 &C1 &D2 +FCLASS=0\r\r\nOK\r\n",
        ),
        (
            b"ATE1Q0S0=1S3=13V1X4;+IFC=0,0;+IPR=115200;&W\r",
            b"ATE1Q0S0=1S3=13V1X4;+IFC=0,0;+IPR=115200;&W\r\r\nOK\r\n",
        ),
        (b"AT+CMEE=1;+CREG=2\r", b"AT+CMEE=1;+CREG=2\r\r\nOK\r\n"),
        (b"ATE0;+NO;+CGMM\r", b"ATE0;+NO;+CGMM\r\r\nERROR\r\n"),
        (b"AT_OHWV\r", b"AT_OHWV\r\r\nERROR\r\n"),
        (b"AT_OSBM?\r", b"AT_OSBM?\r\r\nERROR\r\n"),
        (b"AT$TSSPCSW=?\r", b"AT$TSSPCSW=?\r\r\nERROR\r\n"),
        (b"\x1b\rAT\r", b"\x1b\rAT\r\r\nOK\r\n"),
    ],
)
def test_line(writer: Writer, typed: bytes, heard: bytes) -> None:
    assert Host(echo=True, writer=writer).types(typed) == heard


def test_a_failing_line_keeps_what_ran_before() -> None:
    host = Host(echo=True)
    host.types(b"ATE0S0=3;+NO;S0=5\r")
    assert host.asks("ATS0?") == said("003", "OK")


def test_a_line_longer_than_the_buffer_is_an_error_and_nothing_runs() -> None:
    host = Host()
    assert host.asks("ATS0=7" + " " * 553) == ERROR
    assert host.asks("ATS0?") == said("000", "OK")
    assert host.asks("ATS0=7" + " " * 552) == OK


# ---- formats -------------------------------------------------------------------------------------


def test_numeric_results() -> None:
    host = Host(echo=True)
    assert host.asks("ATV0") == b"ATV0\r0\r"
    assert host.asks("AT+GMM") == b"AT+GMM\rSIMCOM_SIM800\r\n0\r"
    assert host.asks("AT+NO") == b"AT+NO\r4\r"
    assert host.asks("AT+CMEE=1;+NO") == b"AT+CMEE=1;+NO\r+CME ERROR: 100\r\n"
    assert host.asks("ATO") == b"ATO\r3\r"
    assert host.asks("ATV1") == b"ATV1\r\r\nOK\r\n"


def test_quiet_suppresses_result_codes_and_keeps_information() -> None:
    host = Host(echo=True)
    assert host.asks("ATQ1") == b"ATQ1\r"
    assert host.asks("AT+GMM") == b"AT+GMM\r\r\nSIMCOM_SIM800\r\n"
    assert host.asks("AT+CMEE=2") == b"AT+CMEE=2\r"
    assert host.asks("AT+NO") == b"AT+NO\r"
    assert host.asks("ATQ0") == b"ATQ0\r\r\nOK\r\n"
    assert host.asks("AT+NO") == b"AT+NO\r\r\n+CME ERROR: unknown\r\n"


def test_line_characters_are_s3_s4_s5() -> None:
    host = Host(echo=True)
    assert host.types(b"ATS4=33\r") == b"ATS4=33\r\r!OK\r!"
    assert host.types(b"ATS5=64\r") == b"ATS5=64\r\r!OK\r!"
    assert host.types(b"ATX@\r") == b"ATX@ @\r\r!OK\r!"
    assert host.types(b"ATS3=35\r") == b"ATS3=35\r#!OK#!"
    assert host.types(b"ATS3?#") == b"ATS3?##!035#!#!OK#!"


@pytest.mark.parametrize(
    ("command", "good", "bad"),
    [
        ("ATE", "01", "2"),
        ("ATV", "1", "2"),
        ("ATQ", "0", "2"),
        ("ATX", "01234", "5"),
        ("AT&C", "01", "2"),
        ("AT&D", "012", "3"),
        ("AT&F", "0", "1"),
        ("AT&W", "0", "1"),
        ("ATZ", "0", "1"),
        ("ATL", "0123", "4"),
        ("ATM", "0123", "4"),
    ],
)
def test_basic_command_values(command: str, good: str, bad: str) -> None:
    host = Host()
    host.asks("AT+CMEE=2")
    for value in good:
        assert host.asks(command + value)[-6:] == OK, value
    host = Host()
    host.asks("AT+CMEE=2")
    # Basic commands: ERROR whatever +CMEE says (common.md 4).
    assert host.asks(command + bad) == ERROR


def test_no_number_is_zero() -> None:
    host = Host()
    assert host.asks("ATX3;E1X;S0=5") == OK
    assert host.asks("ATE") == b"ATE\r" + OK
    assert host.asks("ATS0=") == OK
    assert host.asks("ATS0?") == said("000", "OK")


@pytest.mark.parametrize("command", ["ATT", "ATP", "ATL", "ATM"])
def test_stored_commands(command: str) -> None:
    assert Host().asks(command) == OK


@pytest.mark.parametrize(
    "command", ["ATT1", "ATB", "AT&G", "ATI1", "AT&V1", "ATO1", "AT&", "ATY0", "AT%", '"']
)
def test_unknown_basic_commands(command: str) -> None:
    host = Host()
    line = command if command.startswith("AT") else "AT" + command
    assert host.asks(line) == ERROR


# ---- S-registers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "default"),
    [(0, "000"), (3, "013"), (4, "010"), (5, "008"), (6, "002"), (7, "060"), (8, "002"), (10, "015")],
)
def test_s_register_defaults(number: int, default: str) -> None:
    assert Host().asks(f"ATS{number}?") == said(default, "OK")


@pytest.mark.parametrize(
    "line", ["ATS1?", "ATS9=1", "ATS3=128", "ATS0=256", "ATS6=256", "ATS", "ATS0=x9", "ATS300?"]
)
def test_s_register_errors(line: str) -> None:
    host = Host()
    host.asks("AT+CMEE=1")
    heard = host.asks(line)
    assert heard in (ERROR, b"\r\n+CME ERROR: 100\r\n")
    assert host.asks("ATS0?") == said("000", "OK")


def test_s_registers_run_on() -> None:
    host = Host()
    assert host.asks("ATS0=2S7=45S10=9S0?S7?;S10?") == said("002", "045", "009", "OK")


# ---- profile -------------------------------------------------------------------------------------

CHANGED = "ATX1&C0&D1S0=3;+CMEE=2;+CREG=1;+CGREG=2;+IFC=2,2;+IPR=9600"


def settings(host: Host) -> bytes:
    """Everything of the profile that can be asked for."""
    return host.asks("ATS0?;+CMEE?;+CREG?;+CGREG?;+IFC?;+IPR?")


FACTORY = said("000", "+CMEE: 0", "+CREG: 0,1", "+CGREG: 0,1", "+IFC: 0,0", "+IPR: 0", "OK")
KEPT = said("003", "+CMEE: 2", "+CREG: 1,1", '+CGREG: 2,1,"1A2B","3C4D"', "+IFC: 2,2", "+IPR: 9600", "OK")


def test_factory_profile_keeps_the_rate_and_echoes_again() -> None:
    host = Host()
    assert host.asks(CHANGED) == OK
    assert settings(host) == KEPT
    assert host.asks("AT&F") == OK
    assert host.asks("ATE0") == b"ATE0\r" + OK
    assert settings(host) == FACTORY.replace(b"+IPR: 0", b"+IPR: 9600")


def test_z_without_a_stored_profile_is_the_factory_one() -> None:
    host = Host()
    host.asks(CHANGED)
    assert host.asks("ATZ") == OK
    host.types(b"ATE0\r")
    assert settings(host) == FACTORY


def test_stored_profile_comes_back_with_z_and_is_not_touched_afterwards() -> None:
    host = Host()
    host.asks(CHANGED)
    assert host.asks("AT&W") == OK
    assert host.asks("AT&F0S0=9") == OK
    assert host.asks("ATZ0") == b"ATZ0\r" + OK
    assert settings(host) == KEPT
    host.asks("ATS0=8")
    host.asks("ATZ")
    assert settings(host) == KEPT


def test_z_answers_in_the_restored_format() -> None:
    host = Host()
    assert host.asks("ATV0&W") == b"0\r"
    assert host.asks("ATV1") == OK
    assert host.asks("ATZ") == b"0\r"


def test_view_lists_the_profile() -> None:
    host = Host()
    host.asks("ATX2;+CMEE=1")
    heard = host.asks("AT&V").decode()
    assert heard.startswith("\r\nACTIVE PROFILE\r\nE: 0\r\nV: 1\r\nQ: 0\r\nX: 2\r\n")
    assert "\r\n+CMEE: 1\r\n" in heard
    assert heard.endswith("\r\n\r\nOK\r\n")


# ---- identification, rate, flow, class -----------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "heard"),
    [
        ("ATI", said("SIM800 R14.18", "OK")),
        ("AT+GMI", said("SIMCOM_Ltd", "OK")),
        ("AT+GMM", said("SIMCOM_SIM800", "OK")),
        ("AT+GMR", said("Revision:1418B04SIM800", "OK")),
        ("AT+GSN", said("869988012345670", "OK")),
        ("AT+GCAP", said("+GCAP: +FCLASS,+CGSM", "OK")),
        ("AT+GMI=?", OK),
        ("AT+GMI?", ERROR),
        ("AT+GMI=1", ERROR),
        ("AT+IPR=?", said("+IPR: (),(0,1200,2400,4800,9600,19200,38400,57600,115200,230400,460800)", "OK")),
        ("AT+IPR=115200", OK),
        ("AT+IPR=115201", ERROR),
        ("AT+IPR", ERROR),
        ("AT+IFC=?", said("+IFC: (0-2),(0-2)", "OK")),
        ("AT+IFC?", said("+IFC: 0,0", "OK")),
        ("AT+IFC=2,2;+IFC?", said("+IFC: 2,2", "OK")),
        ("AT+IFC=2;+IFC?", said("+IFC: 2,0", "OK")),
        ("AT+IFC=3,0", ERROR),
        ("AT+IFC=0,0,0", ERROR),
        ("AT+FCLASS=?", said("+FCLASS: (0)", "OK")),
        ("AT+FCLASS?", said("+FCLASS: 0", "OK")),
        ("AT+FCLASS=1", ERROR),
    ],
)
def test_extended(line: str, heard: bytes) -> None:
    assert Host().asks(line) == heard


# ---- data mode -----------------------------------------------------------------------------------


def online(ampersand: str = "AT&D1") -> Host:
    """A host in transparent mode."""
    host = Host()
    host.net.tcp(PEER.host, PEER.port)
    for line in (ampersand, "AT+CIPMODE=1", "AT+CSTT", "AT+CIICR", "AT+CIFSR"):
        host.asks(line)
    assert host.asks('AT+CIPSTART="TCP","116.228.221.51",8500') == OK + said("CONNECT")
    return host


def connection(host: Host) -> MemoryConnection:
    """The connection the module opened."""
    return host.net.connections[-1]


def test_o_without_a_link() -> None:
    assert Host().asks("ATO") == said("NO CARRIER")


def test_dtr_escape_and_back() -> None:
    host = online()
    host.waits(1.0)
    assert host.dtr(False) == OK
    assert host.asks("AT") == OK
    assert host.asks("ATO") == said("CONNECT")
    assert host.types(b"AT\r") == b""
    host.waits(1.0)
    assert bytes(connection(host).received) == b"AT\r"


def test_dtr_must_have_been_on_for_a_second() -> None:
    host = online()
    host.waits(0.5)
    assert host.dtr(False) == OK, "its time counts from before CONNECT"
    host.asks("ATO")
    host.dtr(True)
    host.waits(0.9)
    assert host.dtr(False) == b""
    host.dtr(True)
    host.waits(1.0)
    assert host.dtr(False) == OK


def test_dtr_does_nothing_under_d0_or_in_command_mode() -> None:
    host = online("AT&D0")
    host.waits(2.0)
    assert host.dtr(False) == b""
    idle = Host()
    idle.asks("AT&D2")
    idle.waits(2.0)
    assert idle.dtr(False) == b""


def test_dtr_hangs_up_under_d2() -> None:
    host = online("AT&D2")
    host.waits(2.0)
    assert host.dtr(False) == OK
    assert host.asks("ATO") == said("NO CARRIER")
    assert host.asks("AT+CIPSTATUS") == OK + said("STATE: TCP CLOSED")
    assert host.signals() == [("DCD", True), ("DCD", False)]


def test_carrier_under_c0_and_c1() -> None:
    host = online()
    assert host.signals() == [("DCD", True)]
    host.waits(1.0)
    host.dtr(False)
    assert host.asks("AT+CIPCLOSE") == said("CLOSE OK")
    assert host.signals() == [("DCD", True), ("DCD", False)]
    host.asks("AT&C0")
    assert host.signals()[2:] == [("DCD", True)]
    host.asks("AT&F")
    assert host.signals()[3:] == [("DCD", False)]


def test_options_are_the_identity() -> None:
    assert Host(Options(imei="123456789012345")).asks("AT+GSN") == said("123456789012345", "OK")


# ---- parameters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("apn", ['"a"b', 'a"b"', '"a""b"', 'a"'])
def test_a_string_is_delimited_by_quotes_at_both_ends(apn: str) -> None:
    """V.250 5.4.2.2: what stands beside the quotes makes it no string, and nothing is changed."""
    host = Host()
    assert host.asks(f"AT+CSTT={apn}") == ERROR
    assert host.asks("AT+CSTT?") == said('+CSTT: "CMNET","",""') + OK


def test_a_line_without_a_result_code_finishes_without_one() -> None:
    """AT+CIFSR ends with the address alone: whoever watches is not told the result of the line before."""
    host = Host()
    host.world.modem.watch()  # type: ignore[attr-defined]
    for line in ("AT+CSTT", "AT+CIICR", "AT+NONE", "AT+CIFSR"):
        host.asks(line)
    finished = [effect for _, effect in host.world.trace if isinstance(effect, CommandFinished)]
    assert [each.result for each in finished] == ["OK", "OK", "ERROR", ""]


def test_what_stands_before_an_open_string_is_executed() -> None:
    """Also a basic command with nothing between the two (V.250 5.2.3)."""
    host = Host(echo=True)
    assert host.types(b'ATE0+CSTT="CMNET\r') == b'ATE0+CSTT="CMNET\r' + ERROR
    assert host.asks('AT+GMI;V0;+CSTT="a;b";I;+NONE="') == said("SIMCOM_Ltd") + b"SIM800 R14.18\r\n4\r"

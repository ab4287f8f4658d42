"""Voice calls as a host sees them: ATD, ATA, ATH, +CHUP, +CLCC, +CLIP, +CRC, +CVHU, RING, data mode."""

from __future__ import annotations

import pytest
from shell_host import ERROR, OK, Host, said
from transparent_host import escape, in_data_mode, pulses
from vmodem.dialects.minimal import MINIMAL
from vmodem.emulator.dialect import Options
from vmodem.emulator.events import (
    CallAnswered,
    CallArrived,
    CallerHungUp,
    OutputBlocked,
    OutputReady,
    RegistrationChanged,
    SimChanged,
    SmsArrived,
)
from vmodem.emulator.machine import NoTransition, Position
from vmodem.emulator.phone import CALL, CallHappening, CallState
from vmodem.emulator.world import Writer, bytewise, fragments, whole

CALLER = "+4915112345"
RING = said("RING")
NO_CARRIER = said("NO CARRIER")
CLIP = said(f'+CLIP: "{CALLER}",145,"",0,"",0')


def clcc(direction: int, stat: int, number: str = CALLER, kind: int = 145) -> bytes:
    """The call as +CLCC prints it."""
    return said(f'+CLCC: 1,{direction},{stat},0,0,"{number}",{kind},""')


# ---- the table -----------------------------------------------------------------------------------


def test_a_call_goes_only_where_the_table_says() -> None:
    position = Position(CALL, lambda *_: None)
    with pytest.raises(NoTransition):
        position.fire(CallHappening.ANSWERED)
    for happening, state in [
        (CallHappening.DIALLED, CallState.DIALLING),
        (CallHappening.ALERTED, CallState.ALERTING),
        (CallHappening.ANSWERED, CallState.ACTIVE),
        (CallHappening.ENDED, CallState.IDLE),
        (CallHappening.ARRIVED, CallState.INCOMING),
        (CallHappening.ENDED, CallState.IDLE),
    ]:
        position.fire(happening)
        assert position.state is state


# ---- incoming ------------------------------------------------------------------------------------


@pytest.mark.parametrize("writer", [whole, bytewise, fragments(7)])
def test_ringing_answering_hanging_up(writer: Writer) -> None:
    host = Host(writer=writer)
    assert host.sees(CallArrived(CALLER)) == RING
    assert host.waits(4.9) == b""
    assert host.waits(0.1) == RING
    assert host.asks("AT+CLCC") == clcc(1, 4) + OK
    assert host.asks("AT+CPAS") == said("+CPAS: 3") + OK
    assert host.asks("ATA") == OK
    assert host.waits(30) == b""
    assert host.asks("AT+CLCC") == clcc(1, 0) + OK
    assert host.asks("AT+CPAS") == said("+CPAS: 4") + OK
    assert host.asks("ATH") == OK
    assert host.asks("AT+CLCC") == OK
    assert host.asks("AT+CPAS") == said("+CPAS: 0") + OK


def test_the_caller_gives_up() -> None:
    host = Host()
    assert host.sees(CallArrived(CALLER)) == RING
    assert host.sees(CallerHungUp()) == NO_CARRIER
    assert host.waits(30) == b""
    assert host.asks("ATA") == NO_CARRIER
    assert host.sees(CallArrived(CALLER)) == RING


def test_the_other_party_ends_the_call() -> None:
    host = Host()
    host.sees(CallArrived(CALLER))
    host.asks("ATA")
    assert host.sees(CallerHungUp()) == NO_CARRIER
    assert host.sees(CallerHungUp()) == b""


@pytest.mark.parametrize("command", ["ATH", "ATH0", "AT+CHUP"])
def test_an_incoming_call_is_rejected(command: str) -> None:
    host = Host()
    host.sees(CallArrived(CALLER))
    assert host.asks(command) == OK
    assert host.waits(30) == b""


def test_clip_and_crc() -> None:
    host = Host()
    assert host.asks("AT+CLIP=?") == said("+CLIP: (0,1)") + OK
    assert host.asks("AT+CLIP?") == said("+CLIP: 0,1") + OK
    assert host.asks("AT+CLIP=1") == OK
    assert host.asks("AT+CLIP?") == said("+CLIP: 1,1") + OK
    assert host.asks("AT+CRC=?") == said("+CRC: (0,1)") + OK
    assert host.sees(CallArrived(CALLER)) == RING + CLIP
    assert host.asks("AT+CRC=1") == OK
    assert host.asks("AT+CRC?") == said("+CRC: 1") + OK
    assert host.waits(5) == said("+CRING: VOICE") + CLIP
    host.asks("ATH")
    assert host.sees(CallArrived("0301234")) == said("+CRING: VOICE", '+CLIP: "0301234",129,"",0,"",0')
    host.asks("ATH")
    assert host.sees(CallArrived("")) == said("+CRING: VOICE", '+CLIP: "",128,"",0,"",1')


def test_clip_without_a_network_cannot_be_asked() -> None:
    host = Host()
    host.sees(RegistrationChanged(2))
    assert host.asks("AT+CLIP?") == said("+CLIP: 0,2") + OK


def test_ring_as_a_number() -> None:
    host = Host()
    assert host.asks("ATV0") == b"0\r"
    assert host.sees(CallArrived(CALLER)) == b"2\r"
    assert host.sees(CallerHungUp()) == b"3\r"


def test_reports_of_every_change() -> None:
    host = Host()
    assert host.asks("AT+CLCC=?") == said("+CLCC: (0,1)") + OK
    assert host.asks("AT+CLCC?") == said("+CLCC: 0") + OK
    assert host.asks("AT+CLCC=1") == OK
    assert host.asks("AT+CLCC?") == said("+CLCC: 1") + OK
    assert host.sees(CallArrived(CALLER)) == clcc(1, 4) + RING
    assert host.asks("ATA") == OK + clcc(1, 0)
    assert host.sees(CallerHungUp()) == clcc(1, 6) + NO_CARRIER
    assert host.asks("ATD0301;") == OK + clcc(0, 2, "0301", 129)
    assert host.waits(2) == clcc(0, 3, "0301", 129)
    assert host.sees(CallAnswered()) == clcc(0, 0, "0301", 129)
    assert host.asks("ATH") == OK + clcc(0, 6, "0301", 129)


def test_automatic_answer() -> None:
    host = Host()
    assert host.asks("ATS0=2") == OK
    assert host.sees(CallArrived(CALLER)) == RING
    assert host.asks("AT+CLCC") == clcc(1, 4) + OK
    assert host.waits(5) == RING
    assert host.asks("AT+CLCC") == clcc(1, 0) + OK
    assert host.waits(30) == b""
    assert host.sees(CallerHungUp()) == NO_CARRIER
    host.asks("ATS0=1")
    assert host.sees(CallArrived(CALLER)) == RING
    assert host.asks("AT+CLCC") == clcc(1, 0) + OK


def test_a_second_caller_hears_busy() -> None:
    host = Host()
    host.sees(CallArrived(CALLER))
    assert host.sees(CallArrived("+4930")) == b""
    assert host.asks("AT+CLCC") == clcc(1, 4) + OK


def test_no_call_reaches_a_module_without_network() -> None:
    host = Host()
    host.sees(RegistrationChanged(2))
    assert host.sees(CallArrived(CALLER)) == b""
    assert host.asks("AT+CLCC") == OK


def test_a_call_ends_where_the_network_ends() -> None:
    host = Host()
    host.sees(CallArrived(CALLER))
    host.asks("ATA")
    assert host.sees(RegistrationChanged(2)) == NO_CARRIER
    host.sees(RegistrationChanged(1))
    host.asks("ATD0301;")
    assert host.asks("AT+CFUN=4") == OK + NO_CARRIER
    assert host.asks("AT+CLCC") == OK


# ---- while the line is taken ---------------------------------------------------------------------


def test_ringing_waits_for_the_prompt_and_is_said_once() -> None:
    host = Host()
    host.asks("AT+CMGF=1")
    assert host.asks('AT+CMGS="+49301"') == b"\r\n> "
    assert host.sees(CallArrived(CALLER)) == b""
    assert host.waits(12) == b""
    assert host.types(b"x\x1a") == said("+CMGS: 0") + OK + RING
    assert host.waits(4.9) == b""
    assert host.waits(0.1) == RING


def test_a_call_that_came_and_went_at_the_prompt_is_told_of() -> None:
    host = Host()
    host.asks("AT+CMGF=1")
    host.asks('AT+CMGS="+49301"')
    host.sees(CallArrived(CALLER))
    assert host.sees(CallerHungUp()) == b""
    assert host.types(b"\x1b") == OK + RING + NO_CARRIER


@pytest.mark.parametrize("writer", [whole, bytewise])
def test_data_mode_holds_the_call_off(writer: Writer) -> None:
    host = in_data_mode("AT+CLIP=1", writer=writer)
    assert host.sees(CallArrived(CALLER)) == b""
    assert host.waits(12) == b""
    assert pulses(host) == [(2.0, True), (2.05, False)]
    assert escape(host) == OK + RING + CLIP
    assert host.waits(4.9) == b""
    assert host.waits(0.1) == RING + CLIP
    assert pulses(host) == [(2.0, True), (2.05, False)]


def test_a_call_that_ended_behind_the_data_leaves_no_trace() -> None:
    host = in_data_mode("AT+CLIP=1", "AT+CLCC=1")
    host.sees(CallArrived(CALLER))
    assert host.sees(CallerHungUp()) == b""
    assert escape(host) == OK
    assert host.waits(30) == b""


def test_a_ringing_call_goes_on_behind_data_mode() -> None:
    host = in_data_mode()
    escape(host)
    assert host.sees(CallArrived(CALLER)) == RING
    assert host.asks("ATO") == said("CONNECT")
    assert host.waits(20) == b""
    assert escape(host) == OK + RING
    assert pulses(host) == []


def test_call_and_message_pulses_overlap_as_one() -> None:
    host = in_data_mode()
    host.sees(SmsArrived(CALLER, "x"))
    host.waits(0.03)
    host.sees(CallArrived(CALLER))
    host.waits(1)
    assert pulses(host) == [(2.0, True), (2.12, False)]
    host.sees(CallerHungUp())
    host.sees(CallArrived(CALLER))
    host.waits(0.02)
    host.sees(SmsArrived(CALLER, "x"))
    host.waits(1)
    assert pulses(host)[2:] == [(3.03, True), (3.17, False)]


def test_a_host_that_does_not_read_hears_one_ring() -> None:
    host = Host()
    peer = host.net.tcp("198.51.100.1", 80)
    host.asks('AT+CIPSTART="TCP","198.51.100.1",80')
    host.waits(1)
    host.sees(OutputBlocked())
    peer.connection().send(b"data")
    assert host.waits(1) == b""
    host.sees(CallArrived(CALLER))
    assert host.waits(12) == b""
    assert host.sees(OutputReady()) == b"data" + RING


def test_ri_keeps_still_in_command_mode() -> None:
    host = Host()
    host.sees(CallArrived(CALLER))
    host.sees(SmsArrived(CALLER, "x"))
    host.waits(1)
    assert pulses(host) == []


# ---- dialling ------------------------------------------------------------------------------------


def test_dialling_until_the_other_answers() -> None:
    host = Host()
    assert host.asks("ATD+49301234;") == OK
    assert host.asks("AT+CLCC") == clcc(0, 2, "+49301234") + OK
    assert host.waits(2) == b""
    assert host.asks("AT+CLCC") == clcc(0, 3, "+49301234") + OK
    assert host.sees(CallAnswered()) == b""
    assert host.asks("AT+CLCC") == clcc(0, 0, "+49301234") + OK
    assert host.waits(200) == b""
    assert host.asks("ATH") == OK


def test_nobody_answers() -> None:
    host = Host()
    host.asks("ATD0301;")
    assert host.waits(61.9) == b""
    assert host.waits(0.1) == said("NO ANSWER")
    assert host.sees(CallAnswered()) == b""
    assert host.asks("AT+CLCC") == OK


@pytest.mark.parametrize(
    ("level", "heard"), [(4, "BUSY"), (3, "BUSY"), (2, "NO CARRIER"), (1, "NO CARRIER"), (0, "NO CARRIER")]
)
def test_the_other_rejects(level: int, heard: str) -> None:
    host = Host()
    host.asks(f"ATX{level}")
    host.asks("ATD0301;")
    assert host.sees(CallerHungUp()) == said(heard)


@pytest.mark.parametrize(
    ("typed", "dialled"),
    [
        ("ATD0301;", "0301"),
        ("atd0301;", "0301"),
        ("ATDT0301;", "0301"),
        ("ATDP030,1;", "0301"),
        ("ATD 030 1 ;", "0301"),
        ("ATD0301I;", "0301"),
        ("ATD0301iG;", "0301"),
        ("ATD+49W30!1@;", "+49301"),
        ("ATDABC12;", "ABC12"),
        ("ATD*21;", "*21"),
    ],
)
def test_forms_of_numbers(typed: str, dialled: str) -> None:
    host = Host()
    assert host.asks(typed) == OK
    assert f'"{dialled}"'.encode() in host.asks("AT+CLCC")


def test_redial() -> None:
    host = Host()
    assert host.asks("ATDL") == ERROR
    host.asks("ATD0301;")
    host.asks("ATH")
    assert host.asks("ATDL") == OK
    assert host.asks("AT+CLCC") == clcc(0, 2, "0301", 129) + OK


@pytest.mark.parametrize("typed", ["ATD*99#", "ATDT*99***1#", "ATD0301", "ATD", "ATD*99***1#"])
def test_data_calls_find_no_carrier(typed: str) -> None:
    assert Host().asks(typed) == NO_CARRIER


@pytest.mark.parametrize(
    "typed",
    ["ATD;", "ATDx;", "ATD12x4;", "ATD1+2;", 'ATD>"Anna";', "ATD>1;", "ATD>SM1;", "ATD*100#;", "ATD*#06#;"],
)
def test_what_cannot_be_dialled(typed: str) -> None:
    host = Host()
    assert host.asks(typed) == ERROR
    host.asks("AT+CMEE=2")
    assert host.asks(typed) == ERROR
    assert host.asks("AT+CLCC") == OK


def test_dialling_during_a_call_is_refused() -> None:
    host = Host()
    host.sees(CallArrived(CALLER))
    assert host.asks("ATD0301;") == ERROR
    host.asks("ATA")
    assert host.asks("ATD0301;") == ERROR
    assert host.asks("ATA") == NO_CARRIER


@pytest.mark.parametrize(
    ("level", "heard"), [(4, "NO DIALTONE"), (2, "NO DIALTONE"), (3, "NO CARRIER"), (0, "NO CARRIER")]
)
def test_dialling_without_service(level: int, heard: str) -> None:
    host = Host()
    host.asks(f"ATX{level}")
    host.sees(RegistrationChanged(3))
    assert host.asks("ATD0301;") == said(heard)


def test_dialling_without_a_usable_card() -> None:
    assert Host(Options(pin="1111")).asks("ATD0301;") == ERROR
    host = Host()
    host.sees(SimChanged(False))
    assert host.asks("ATD0301;") == ERROR


def test_dialling_takes_the_rest_of_the_line() -> None:
    host = Host()
    assert host.asks("AT+CRC=1;D0301;") == OK
    assert host.asks("AT+CRC?") == said("+CRC: 1") + OK
    assert host.asks("AT+CLCC") == clcc(0, 2, "0301", 129) + OK


# ---- hanging up, settings ------------------------------------------------------------------------


def test_cvhu_lets_ath_be_ignored() -> None:
    host = Host()
    assert host.asks("AT+CVHU=?") == said("+CVHU: (0,1)") + OK
    assert host.asks("AT+CVHU?") == said("+CVHU: 0") + OK
    host.sees(CallArrived(CALLER))
    host.asks("ATA")
    assert host.asks("AT+CVHU=1") == OK
    assert host.asks("ATH") == OK
    assert host.asks("AT+CLCC") == clcc(1, 0) + OK
    assert host.asks("AT+CHUP") == OK
    assert host.asks("AT+CLCC") == OK


def test_atz_hangs_up() -> None:
    host = Host()
    host.sees(CallArrived(CALLER))
    assert host.asks("ATZE0") == OK
    assert host.waits(30) == b""
    assert host.asks("AT+CLCC") == OK


def test_nothing_to_hang_up() -> None:
    host = Host()
    assert host.asks("ATH") == OK
    assert host.asks("AT+CHUP") == OK
    assert host.asks("AT+CHUP=?") == OK


def test_a_restart_drops_the_call() -> None:
    host = Host()
    host.asks("AT+CLCC=1;+CVHU=1")
    host.sees(CallArrived(CALLER))
    host.asks("AT+CFUN=1,1")
    host.waits(60)
    host.asks("ATE0")
    assert host.asks("AT+CLCC") == OK
    assert host.asks("AT+CLCC?") == said("+CLCC: 1") + OK
    assert host.asks("AT+CVHU?") == said("+CVHU: 0") + OK
    assert host.waits(30) == b""


BAD = ["AT+CLIP=2", "AT+CLIP=", "AT+CLIP=1,1", "AT+CRC=2", "AT+CVHU=x", "AT+CLCC=2", 'AT+CLCC="1"']
UNKNOWN = ["AT+CLIP", "AT+CRC", "AT+CVHU", "AT+CHUP?", "AT+CHUP=1"]


@pytest.mark.parametrize("typed", BAD)
def test_bad_parameters(typed: str) -> None:
    host = Host()
    assert host.asks(typed) == ERROR
    host.asks("AT+CMEE=1")
    assert host.asks(typed) == said("+CME ERROR: 50")
    host.asks("AT+CMEE=2")
    assert host.asks(typed) == said("+CME ERROR: incorrect parameters")


@pytest.mark.parametrize("typed", UNKNOWN)
def test_forms_that_are_not_there(typed: str) -> None:
    host = Host()
    assert host.asks(typed) == ERROR
    host.asks("AT+CMEE=1")
    assert host.asks(typed) == said("+CME ERROR: 100")


@pytest.mark.parametrize("typed", ["ATA1", "ATH1", "ATH2"])
def test_bad_basic_commands(typed: str) -> None:
    host = Host()
    host.asks("AT+CMEE=2")
    assert host.asks(typed) == ERROR


def test_a_module_without_a_telephone_only_rings() -> None:
    host = Host(dialect=MINIMAL, echo=True)
    assert host.sees(CallArrived(CALLER)) == RING
    assert host.waits(5) == RING
    assert host.sees(CallerHungUp()) == NO_CARRIER

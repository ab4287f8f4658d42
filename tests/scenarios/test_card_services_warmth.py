"""Steps of the card, of services of the network and of the module's warmth, in every dialect."""

from __future__ import annotations

import pytest
from directed import DIALECTS
from stepping import now, story
from vmodem.emulator.dialect import Options

WITH_SERVICES = ("sim800", "quectel_mxx")

# ---- the card ------------------------------------------------------------------------------------


def watching(dialect: str) -> list[str]:
    """What has to be said before a BG96 looks at its card's switch."""
    return ["AT+QSIMDET=1,1", "AT+CFUN=1,1"] if dialect == "bg96" else []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_another_card_with_another_pin(dialect: str) -> None:
    s = story('{sim: {pin: "4321"}}', dialect, options=Options(pin="1234"))
    for line in watching(dialect):
        s.asks(line)
        s.waits(30.0)
    s.asks("AT+CMEE=1")
    s.asks('AT+CPIN="1234"')
    s.waits(20.0)
    assert s.asks("AT+CPIN?").endswith(b"+CPIN: READY\r\n\r\nOK\r\n")
    said = now(s) + s.waits(5.0)
    assert b"+CPIN: NOT READY" in said
    assert b"+CPIN: SIM PIN" in said
    assert s.asks("AT+CPIN?").endswith(b"+CPIN: SIM PIN\r\n\r\nOK\r\n")
    assert b"+CME ERROR: 16" in s.asks('AT+CPIN="1234"')
    assert b"OK" in s.asks('AT+CPIN="4321"')
    s.waits(30.0)
    assert b"+CREG: 0,1" in s.asks("AT+CREG?")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_card_that_wants_its_puk(dialect: str) -> None:
    s = story('{sim: {asks: puk, puk: "87654321"}}', dialect)
    for line in watching(dialect):
        s.asks(line)
        s.waits(30.0)
    s.asks("AT+CMEE=1")
    assert b"+CPIN: SIM PUK" in now(s) + s.waits(5.0)
    assert s.asks("AT+CPIN?").endswith(b"+CPIN: SIM PUK\r\n\r\nOK\r\n")
    assert b"+CME ERROR: 12" in s.asks('AT+CPIN="1234"')
    assert b"OK" in s.asks('AT+CPIN="87654321","9999"')
    assert s.asks("AT+CPIN?").endswith(b"+CPIN: READY\r\n\r\nOK\r\n")


def test_a_card_that_asks_for_nothing_any_more() -> None:
    s = story("{sim: {asks: nothing}}", options=Options(pin="1234"))
    assert b"SIM PIN" in s.asks("AT+CPIN?")
    now(s)
    s.waits(20.0)
    assert b"READY" in s.asks("AT+CPIN?")


def test_a_bg96_that_does_not_watch_sees_it_at_its_next_start() -> None:
    s = story("{sim: {asks: pin}}", "bg96")
    now(s)
    s.asks("AT+CFUN=1,1")
    s.waits(30.0)
    assert b"SIM PIN" in s.asks("AT+CPIN?")


# ---- services of the network ---------------------------------------------------------------------


@pytest.mark.parametrize("dialect", WITH_SERVICES)
def test_a_service_says_something_unasked(dialect: str) -> None:
    s = story("{ussd: {text: Hello}}", dialect)
    assert now(s) == b"", "not under AT+CUSD=0"
    s.asks("AT+CUSD=1")
    assert now(s) == b'\r\n+CUSD: 0,"Hello",15\r\n'


@pytest.mark.parametrize(
    ("result", "line"),
    [
        ("text: 'Pay? 1: yes', result: request", b'+CUSD: 1,"Pay? 1: yes",15'),
        ("result: terminated", b"+CUSD: 2"),
        ("result: unsupported", b"+CUSD: 4"),
        ("result: timed_out", b"+CUSD: 5"),
        ("text: '\N{CYRILLIC CAPITAL LETTER A}'", b'+CUSD: 0,"0410",72'),
    ],
)
def test_what_a_service_can_say(result: str, line: bytes) -> None:
    s = story(f"{{ussd: {{{result}}}}}")
    s.asks("AT+CUSD=1")
    assert now(s) == b"\r\n" + line + b"\r\n"


@pytest.mark.parametrize("dialect", WITH_SERVICES)
def test_a_request_is_answered(dialect: str) -> None:
    s = story("{ussd: {to: '*100#', text: 5.00 EUR, delay: 3s, times: 1}}", dialect)
    now(s)
    s.asks("AT+CMEE=1")
    assert s.asks('AT+CUSD=1,"*100#",15') == b"\r\nOK\r\n"
    assert b"+CME ERROR: 3" in s.asks('AT+CUSD=1,"*100#",15'), "one at a time"
    assert s.waits(2.9) == b""
    assert s.waits(0.2) == b'\r\n+CUSD: 0,"5.00 EUR",15\r\n'
    assert s.asks('AT+CUSD=1,"*100#",15').endswith(b"\r\n+CUSD: 4\r\n"), "it was to be answered once"


def test_the_nearest_answer_and_a_dialogue() -> None:
    s = story(
        "{ussd: {to: '*100#', text: 'Menu: 1, 2', result: request}}, {ussd: {to: '1', text: One}}, "
        "{ussd: {to: '*', text: '?'}}"
    )
    now(s)
    assert (s.asks('AT+CUSD=1,"*100#"') + s.waits(0.1)).endswith(b'+CUSD: 1,"Menu: 1, 2",15\r\n')
    assert (s.asks('AT+CUSD=1,"1"') + s.waits(0.1)).endswith(b'+CUSD: 0,"One",15\r\n')
    assert (s.asks('AT+CUSD=1,"*#06#"') + s.waits(0.1)).endswith(b'+CUSD: 0,"?",15\r\n')


def test_a_request_that_is_given_up_or_lost() -> None:
    s = story("{ussd: {to: '*1#', text: late, delay: 10s}}, {wait: 60s}, {register: searching}")
    now(s)
    s.asks('AT+CUSD=1,"*1#"')
    assert s.asks("AT+CUSD=2") == b"\r\nOK\r\n"
    assert s.waits(20.0) == b""
    s.waits(35.0)
    s.asks('AT+CUSD=1,"*1#"')
    assert s.waits(11.0) == b"\r\n+CUSD: 5\r\n"
    s.asks("AT+CFUN=1,1")
    s.waits(30.0)
    assert s.asks("AT+CUSD?").endswith(b"+CUSD: 0\r\n\r\nOK\r\n")


def test_in_the_character_set_of_the_host() -> None:
    s = story("{ussd: {to: '*1#', text: hi}}")
    now(s)
    s.asks('AT+CSCS="UCS2"')
    assert (s.asks('AT+CUSD=1,"002A00310023"') + s.waits(0.1)).endswith(b'+CUSD: 0,"00680069",15\r\n')
    s.asks("AT+CMEE=1")
    assert s.asks('AT+CUSD=1,"xyz"') == b"\r\n+CME ERROR: 50\r\n"


# ---- how warm it is ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialect", "asked", "line"),
    [("quectel_mxx", "AT+QTEMP?", b"+QTEMP: 1,1123,85"), ("bg96", "AT+QTEMP", b"+QTEMP: 89,85,85")],
)
def test_warmth(dialect: str, asked: str, line: bytes) -> None:
    s = story("{temperature: 85}", dialect)
    now(s)
    assert line in s.asks(asked)


@pytest.mark.parametrize("step", ["{temperature: 85}", "{ussd: {text: hi}}"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_a_module_cannot_notice_changes_nothing(dialect: str, step: str) -> None:
    s = story(step, dialect)
    assert now(s) == b""
    assert s.asks("AT") == b"\r\nOK\r\n"

"""A driver followed through a recording: what comes when, and where it departs. No port, no clock."""

from __future__ import annotations

import pytest
from vmodem.emulator.recording.follow import Follower
from vmodem.emulator.recording.format import parse
from vmodem.emulator.recording.text import FormatError

DIALOGUE = """\
# recorded: today from a test
<< boot
* the driver opens its port
> AT
~ 100
<< AT\\r
~ 50
< OK
~ 2000
> AT+CSQ
~ 30
< +CSQ: 20,0
< OK
* the driver closes its port
< RING
~ 500
* the driver opens its port
~ 10
< RDY
> ATZ
< OK
"""


def follower(text: str = DIALOGUE, pace: float = 1.0) -> Follower:
    made = Follower(parse(text, "d.txt"), pace)
    made.opened(10.0)
    return made


def test_the_module_speaks_when_it_did() -> None:
    it = follower()
    assert (it.due(10.0), it.deadline()) == (b"", None)
    it.receive(b"AT\r", 11.0)
    assert it.due(11.0) == b""
    assert it.deadline() == pytest.approx(11.1)
    assert it.due(11.11) == b"AT\r"
    assert it.deadline() == pytest.approx(11.15), "late once is not late from now on"
    assert it.due(12.0) == b"\r\nOK\r\n"
    it.receive(b"AT+C", 12.0)
    it.receive(b"SQ\r", 13.0)
    assert it.due(13.5) == b"\r\n+CSQ: 20,0\r\n\r\nOK\r\n"
    assert it.may_close
    it.closed()
    assert it.due(20.0) == b"", "what was said to a closed port reached nobody"
    it.opened(21.0)
    assert it.deadline() == pytest.approx(21.01)
    assert it.due(22.0) == b"\r\nRDY\r\n"
    assert not it.may_close
    it.receive(b"ATZ\r", 23.0)
    assert it.followed
    assert it.due(23.0) == b"\r\nOK\r\n"
    it.receive(b"AT", 24.0)
    assert str(it.departure) == "d.txt:21: the driver goes on behind the end\n  got:      AT"


def test_at_once() -> None:
    it = follower(pace=0.0)
    it.receive(b"AT\r", 11.0)
    assert it.due(11.0) == b"AT\r\r\nOK\r\n"


def test_a_driver_that_does_not_wait() -> None:
    it = follower()
    it.receive(b"AT\rAT+CSQ\r", 11.0)
    assert it.due(11.2) == b"AT\r\r\nOK\r\n\r\n+CSQ: 20,0\r\n\r\nOK\r\n"
    it.receive(b"ATZ\r", 12.0)
    assert it.due(12.1) == b"\r\nRDY\r\n\r\nOK\r\n", "it has left out to open its port anew"


def test_where_a_driver_departs() -> None:
    it = follower()
    it.receive(b"AT\rAT+", 11.0)
    assert it.departure is None
    it.receive(b"CR", 11.1)
    it.receive(b"EG?\rAT", 11.2)
    assert str(it.departure) == (
        "d.txt:10: the driver departs\n"
        "  expected: AT+CSQ\\r\n"
        "  got:      AT+CREG?\\rAT\n"
        "                ^ byte 5"
    )


def test_control_characters_are_seen() -> None:
    it = follower("# dialect: sim800\n>> a\\x01<Ctrl+Z>\n")
    it.receive(b"a\x01\x1b", 0.0)
    assert str(it.departure) == (
        "d.txt:2: the driver departs\n"
        "  expected: a\\x01<Ctrl+Z>\n"
        "  got:      a\\x01<ESC>\n"
        "                 ^ byte 3"
    )


def test_a_driver_that_stops() -> None:
    it = follower()
    it.receive(b"AT\r", 11.0)
    it.stopped()
    assert str(it.departure) == "d.txt:10: the driver stopped early\n  expected: AT+CSQ\\r"


def test_a_stand_in_is_any_of_its_class() -> None:
    text = (
        "# dialect: sim800\n"
        '* "0000" stands for a PIN\n'
        '> AT+CPIN="0000"\n'
        '* "0011AA" stands for a PDU\n'
        ">> 0011AA<Ctrl+Z>\n"
        '* "Xxx" stands for an SMS text\n'
        ">> Xxx<Ctrl+Z>\n"
    )
    it = follower(text)
    it.receive(b'AT+CPIN="1234"\rABCDEF\x1aHi!\x1a', 0.0)
    assert it.followed
    it = follower(text)
    it.receive(b'AT+CPIN="12x4"\r', 0.0)
    assert it.departure is not None
    assert it.departure.at == 11


def test_a_wildcard_cannot_be_said() -> None:
    with pytest.raises(FormatError, match=r"^d.txt:2: nobody can say"):
        follower("# dialect: sim800\n< {ip}\n")


def test_an_echo_of_a_document() -> None:
    it = follower("# dialect: sim800\n# echo: on\n>+ AT\n< OK\n")
    it.receive(b"AT\r", 0.0)
    assert it.due(0.0) == b""
    assert it.due(10.0) == b"AT\r\r\nOK\r\n", "since the port was opened"

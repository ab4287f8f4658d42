"""The player finds every way in which a dialogue can differ from its transcript, and says where.

The module here is a table of answers, so that the player is tested without the engine.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from transcript_peers import play_virtual
from transcript_player import PlayError
from vmodem.emulator.effects import (
    Effect,
    Listen,
    OpenSocket,
    PauseInput,
    ResumeInput,
    SendData,
    SetSignal,
    Transport,
    WriteLine,
)
from vmodem.emulator.events import Accepted, Address, CallArrived, Event, LineSignal, Received
from vmodem.emulator.recording.format import parse
from vmodem.emulator.world import World, Writer, bytewise, fragments, whole
from vmodem.netstack.memory import MemoryNetStack

ME = "10.0.0.2"
Timed = tuple[float, Effect]


def out(text: str, after: float = 0.0) -> Timed:
    return after, WriteLine(text.encode())


OPEN = (0.0, OpenSocket(1, Transport.TCP, Address("1.2.3.4", 80), 0, ME))
ANSWERS: dict[bytes, Sequence[Timed]] = {
    b"ATE0\r": [out("ATE0\r\r\nOK\r\n")],
    b"AT\r": [out("\r\nOK\r\n")],
    b"AT+SLOW\r": [out("\r\nOK\r\n"), out("\r\nDONE: 1,2\r\n", 60.0)],
    b"AT+LATE\r": [out("\r\nOK\r\n"), out("\r\nURC\r\n", 0.4)],
    b"AT+OPEN\r": [OPEN, out("\r\nOK\r\n")],
    b"AT+LISTEN\r": [(0.0, Listen(2, Transport.TCP, 1234, ME)), out("\r\nOK\r\n")],
    b"AT+SEND\r": [out("\r\n> ")],
    b"hello\x1a": [(0.0, SendData(1, b"hello")), out("\r\nSEND OK\r\n")],
    b"hell\x1a": [(0.0, SendData(1, b"hell")), out("\r\nSEND OK\r\n")],
    b"AT+RAW\r": [out("\r\nLEN 4\r\n\r\nab"), out("\r\nOK\r\n", 0.1)],
    b"AT+FAIL\r": [out("\r\nERROR\r\n")],
}


class TableModem:
    """Answers whole lines (up to CR or Ctrl+Z) from a table, pushes what it receives."""

    def __init__(self) -> None:
        self._line = b""
        self._due: list[tuple[float, Effect]] = []
        self._ready: list[Effect] = []

    def receive_bytes(self, data: bytes, now: float) -> None:
        for code in data:
            self._line += bytes([code])
            if code in b"\r\x1a":
                line, self._line = self._line, b""
                for after, effect in ANSWERS[line]:
                    self._due.append((now + after, effect))
                self.handle_timer(now)

    def receive(self, event: Event, now: float) -> None:
        match event:
            case Received(data=data):
                self._ready.append(WriteLine(data))
            case Accepted(remote=remote):
                self._ready.append(WriteLine(f"\r\nREMOTE IP: {remote.host}\r\n".encode()))
            case CallArrived():
                self._ready.append(SetSignal(LineSignal.RI, True))
                self._due.append((now + 0.05, SetSignal(LineSignal.RI, False)))

    def handle_timer(self, now: float) -> None:
        self._ready += [effect for time, effect in self._due if time <= now]
        self._due = [item for item in self._due if item[0] > now]

    def next_deadline(self) -> float | None:
        return min((time for time, _ in self._due), default=None)

    def effects(self) -> list[Effect]:
        ready, self._ready = self._ready, []
        return ready


def play(steps: str, header: str = "", writer: Writer = whole) -> World:
    text = f"# dialect: sim800\n{header}{steps}"
    return play_virtual(parse(text, "x.txt"), TableModem(), writer=writer)


SERVER = '# peers: tcp 1.2.3.4:80 script: recv "hello", send "world"\n'


@pytest.mark.parametrize("writer", [whole, bytewise, fragments(1)])
def test_a_dialogue_that_is_right(writer: Writer) -> None:
    steps = '> AT+SEND\n< >\n>> hello<Ctrl+Z>\n< SEND OK\n<< world\n* expect peer 1.2.3.4:80 received "hello"'
    world = play(steps, SERVER + "# setup: AT+OPEN => OK\n", writer)
    assert world.now < 1001.0


def test_time_goes_by_while_a_line_is_awaited() -> None:
    world = play("> AT+SLOW\n< OK\n< DONE:1, {int}")
    assert world.now == 1060.5


def test_a_host_that_needs_the_echo() -> None:
    play(">+ ATE0\n< OK\n> AT\n< OK", "# echo: on\n")


def test_a_setup_with_payload() -> None:
    header = SERVER + "# setup: AT+OPEN => OK\n# setup: AT+SEND then hello<Ctrl+Z> => SEND OK\n"
    play("<< world\n> AT\n< OK", header)


def test_raw_bytes_with_and_without_their_frame() -> None:
    play("> AT+RAW\n< LEN 4\n<< ab\n< OK")
    play("> AT+RAW\n< LEN 4\n<< \\r\\nab\n< OK")


def test_clients_and_rows_of_clients() -> None:
    play("> AT+LISTEN\n< OK\n* client 10.0.0.9 connects\n< REMOTE IP: 10.0.0.9")
    header = "# peers: tcp clients 10.0.0.1 to 10.0.0.3 (to local port 1234)\n"
    lines = "".join(f"< REMOTE IP: 10.0.0.{n}\n" for n in (1, 2))
    play(f"> AT+LISTEN\n< OK\n* 2 clients connect\n{lines}* client 3 connects\n< REMOTE IP: 10.0.0.3", header)


def test_a_pulse() -> None:
    play("* incoming call\n* expect RI low pulse 50 ms, nothing on the serial port")


@pytest.mark.parametrize(
    ("steps", "header", "line", "message"),
    [
        ("> AT\n< ERROR", "", 3, "expected the line 'ERROR', got the line 'OK'"),
        ("> AT\n< OK\n< MORE", "", 4, "expected the line 'MORE', no whole line came"),
        ("> AT\n< >", "", 3, "expected the prompt CR LF > SP"),
        ("> AT+RAW\n< LEN 4\n<< abc", "", 4, r"expected b'abc'"),
        ("> AT+RAW\n< LEN 4\n<< ax", "", 4, r"expected b'ax'"),
        ("> AT+LATE\n< OK", "", 3, "expected no more output"),
        ("> AT\n< OK\n> AT\n* no events: module sleeps", "", 5, "expected no output"),
        ("* client 10.0.0.9 connects", "", 2, "one listener to connect to, not 0"),
        ("* tcp 1.2.3.4:80 closes", SERVER, 3, "no connection to 1.2.3.4:80"),
        ("* tcp 1.2.3.5:80 closes", SERVER, 3, "declares no tcp 1.2.3.5:80"),
        ('* client 10.0.0.9 sends "x"', "", 2, "client 10.0.0.9 has not connected"),
        ('* peer of link 0 sends "x"', "", 2, "0 connections only"),
        ("* client 1 connects", "", 2, "the header has no 'tcp clients"),
        ('* expect peer 1.2.3.4:80 received "x"', SERVER, 3, "to have received b'x', not b''"),
        ("> AT\n< OK", SERVER, 4, "the module never connected"),
        ("> AT+OPEN\n< OK", SERVER, 4, "stopped before Expect(data=b'hello'), having received b''"),
        (
            "> AT+OPEN\n< OK\n> AT+SEND\n< >\n>> hell<Ctrl+Z>\n< SEND OK",
            '# peers: tcp 1.2.3.4:80 script: recv "help"\n',
            7,
            "must receive b'help', received b'hell'",
        ),
        (
            "> AT+OPEN\n< OK\n> AT+SEND\n< >\n>> hell<Ctrl+Z>\n< SEND OK",
            '# peers: tcp 1.2.3.4:80 script: recv "hel"\n',
            7,
            "received b'l' beyond the end of its script",
        ),
        ("* expect RI low pulse 50 ms, nothing on the serial port", "", 2, "there was none"),
        (
            "* incoming call\n* expect RI low pulse 120 ms, nothing on the serial port",
            "",
            3,
            "of 120 ms, it was 50 ms",
        ),
        (">+ AT\n< OK", "# echo: on\n", 3, "expected the echo b'AT\\r'"),
        ("> AT+SLOW\n< OK\n< DONE: 1,2", "# patience: 500 ms\n", 5, "no whole line came in 0.5 s"),
        ("> AT\n< OK", "# setup: AT+FAIL => OK\n", 2, "setup: expected 'OK', got 'ERROR'"),
    ],
)
def test_a_dialogue_that_is_wrong(steps: str, header: str, line: int, message: str) -> None:
    with pytest.raises(PlayError) as failure:
        play(steps, header)
    text = str(failure.value)
    assert text.startswith(f"x.txt:{line}: "), text
    assert message in text.splitlines()[0]
    assert "unread output: b'" in text


def test_a_failure_shows_the_dialogue_with_its_times() -> None:
    with pytest.raises(PlayError) as failure:
        play("> AT+SLOW\n< OK\n< DONE: 2")
    assert [line.strip() for line in str(failure.value).splitlines()[3:]] == [
        "0.000 > b'ATE0\\r'",
        "0.000 < b'ATE0\\r\\r\\nOK\\r\\n'",
        "0.000 > b'AT+SLOW\\r'",
        "0.000 < b'\\r\\nOK\\r\\n'",
        "60.000 < b'\\r\\nDONE: 1,2\\r\\n'",
    ]


def test_a_time_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"x\.txt:2: '2013-08-19' is no time as yyyy/MM/dd"):
        play("> AT\n< OK", "# peers: ntp 202.120.2.101:123 time 2013-08-19\n")


def test_held_input_is_given_when_it_is_wanted_again() -> None:
    modem = TableModem()
    world = World(modem, MemoryNetStack())
    modem._ready.append(PauseInput())
    world.settle()
    world.send(b"AT\r")
    assert world.input_paused
    assert not world.unread
    modem._ready.append(ResumeInput())
    world.settle()
    assert world.take() == b"\r\nOK\r\n"
    assert world.ask("AT+SLOW") == b"\r\nOK\r\n"


def test_a_deadline_that_stays_in_the_past_is_the_engines_mistake() -> None:
    class Stuck(TableModem):
        def next_deadline(self) -> float | None:
            return 0.0

    with pytest.raises(AssertionError, match=r"the deadline 0\.0 stays in the past"):
        World(Stuck(), MemoryNetStack())

"""The transcript parser reads every file there is and refuses, with file and line, what it does not know."""

from __future__ import annotations

from pathlib import Path

import pytest
import vmodem.emulator.recording.actions as act
from vmodem.emulator.events import LineChanged, LineSignal, PdpLost
from vmodem.emulator.recording.format import (
    HostWrites,
    Line,
    Prompt,
    Raw,
    Silence,
    in_its_own_way,
    load,
    parse,
)
from vmodem.emulator.recording.header import Client, Peer
from vmodem.emulator.recording.text import FormatError, Place, matches, unescape
from vmodem.netstack.script import AckAll, AckLimit, Close, Expect, Send

DATA = Path(__file__).parent.parent / "transcripts" / "data"
HEADER = "# dialect: sim800\n"
PLACE = Place("x.txt", 1)


@pytest.mark.parametrize("path", sorted(DATA.glob("*.txt")), ids=lambda path: path.stem)
def test_every_file_is_understood(path: Path) -> None:
    transcript = load(path)
    assert path.name.startswith(transcript.header.dialect)
    assert transcript.header.source


def test_steps() -> None:
    text = HEADER + "> AT+X=1, \n; why\n\n< >\n>> a b<Ctrl+Z>\n<  OK \n<< \\r\\nx\n~ 1500\n"
    steps = parse(text, "x.txt").steps
    assert steps == (
        HostWrites(Place("x.txt", 2), b"AT+X=1, \r", line=True),
        Prompt(Place("x.txt", 5)),
        HostWrites(Place("x.txt", 6), b"a b\x1a"),
        Line(Place("x.txt", 7), " OK"),
        Raw(Place("x.txt", 8), b"\r\nx"),
        Silence(Place("x.txt", 9), 1.5),
    )


def test_header() -> None:
    text = (
        HEADER
        + "# source: a: b\n"
        + '# peers: tcp 1.2.3.4:80 script: ack-limit 20, recv "a, \\"b\\"\\x1a", send "\\r\\n", close\n'
        + "# peers: udp www.sim.com:9 script: none\n"
        + "# peers: tcp 1.2.3.5:80 script: refuse\n"
        + '# peers: tcp client 10.0.0.1:7 (connects to local port 2020) script: recv "x", ack-all\n'
        + "# config: local_ip context1 10.0.0.2\n# config: local_ip 10.0.0.3\n# config: csq 20,0\n"
        + "# config: dns a.b 1.1.1.1 2.2.2.2 ttl 600\n# config: dns c NXDOMAIN\n"
        + "# setup: AT+A=1 => OK\n# setup: AT+SEND=2 then a\\n => SEND => OK\n> AT\n"
    )
    header = parse(text, "x.txt").header
    script = (AckLimit(20), Expect(b'a, "b"\x1a'), Send(b"\r\n"), Close())
    assert header.peers == [
        Peer(Place("x.txt", 3), "tcp", "1.2.3.4", 80, False, script),
        Peer(Place("x.txt", 4), "udp", "www.sim.com", 9, False, ()),
        Peer(Place("x.txt", 5), "tcp", "1.2.3.5", 80, True, None),
    ]
    steps = (Expect(b"x"), AckAll())
    assert header.clients == [Client(Place("x.txt", 6), "tcp", "10.0.0.1", None, 7, 2020, steps)]
    assert header.local_ips == {1: "10.0.0.2", None: "10.0.0.3"}
    assert [(n.name, n.addresses, n.ttl) for n in header.names] == [
        ("a.b", ("1.1.1.1", "2.2.2.2"), 600),
        ("c", (), 0),
    ]
    assert (header.csq, header.source) == ((20, 0), "a: b")
    assert [(s.command, s.payload, s.answer) for s in header.setup] == [
        ("AT+A=1", None, "OK"),
        ("AT+SEND=2", b"a\n => SEND", "OK"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (HEADER + "> AT\n# note: late", 3, "behind the first step"),
        ("# dialect: sim900\n> AT", 1, "unknown dialect 'sim900'"),
        ("> AT", 1, "no '# dialect:' line"),
        (HEADER, 1, "no steps"),
        (HEADER + "# wish: x\n> AT", 2, "unknown header key 'wish'"),
        (HEADER + "# note\n> AT", 2, "'# key: value'"),
        (HEADER + "# derived: perhaps\n> AT", 2, "derived is 'yes'"),
        (HEADER + "# config: colour blue\n> AT", 2, "unknown config"),
        (HEADER + "# config: csq high\n> AT", 2, "unknown config"),
        (HEADER + "# setup: AT OK\n> AT", 2, "<command> => <line>"),
        (HEADER + "# peers: sctp 1.2.3.4:5\n> AT", 2, "unknown peer"),
        (HEADER + "# peers: tcp 1.2.3.4:5 script: dance\n> AT", 2, "unknown script verb at 'dance'"),
        (HEADER + '# peers: tcp 1.2.3.4:5 script: recv "x" send "y"\n> AT', 2, "unknown script verb"),
        (HEADER + '# peers: tcp 1.2.3.4:5 script: none, recv "x"\n> AT', 2, "stand alone"),
        (HEADER + "? AT", 2, "unknown mark '?'"),
        (HEADER + "<\n", 2, "cannot be empty"),
        (HEADER + "<< \n", 2, "cannot be empty"),
        (HEADER + "~ soon", 2, "'soon' is not a number"),
        (HEADER + "~ -5", 2, "'-5' is not a number"),
        (HEADER + ">> a\\qb", 2, "unknown escape"),
        (HEADER + "* the moon rises", 2, "unknown event 'the moon rises'"),
        (HEADER + '* tcp 1.2.3.4:5 sends "x', 2, "unknown event"),
        (HEADER + '* tcp 1.2.3.4:5 sends "x" to local port 7', 2, "not to a local port"),
    ],
)
def test_what_is_refused(text: str, line: int, message: str) -> None:
    with pytest.raises(FormatError) as failure:
        parse(text, "bad.txt")
    assert str(failure.value).startswith(f"bad.txt:{line}: ")
    assert message in str(failure.value)


@pytest.mark.parametrize(
    ("phrase", "action"),
    [
        ("DTR low", act.Inject(LineChanged(LineSignal.DTR, True))),
        ("DTR OFF (high)", act.Inject(LineChanged(LineSignal.DTR, False))),
        ("network deactivates PDP context", act.Inject(PdpLost())),
        ("network deactivates context 1", act.Inject(PdpLost(1))),
        (
            'udp 1.2.3.4:5 sends "a\\r" to local port 8888',
            act.PeerSends("udp", "1.2.3.4", 5, b"a\r", 8888),
        ),
        ("tcp www.quectel.com:80 closes", act.PeerEnds("www.quectel.com", 80)),
        ("tcp 1.2.3.4:5 refuses from now on", act.PeerAccepts("1.2.3.4", 5, False)),
        ('peer of link 1 sends "x"', act.LinkPeerSends(1, b"x")),
        ("client 10.0.0.1 connects in context 1", act.ClientConnects("10.0.0.1", None, 1)),
        ("client 10.0.0.1:2020 connects", act.ClientConnects("10.0.0.1", 2020)),
        ("11 clients connect", act.RowConnects(1, 11)),
        ("client 12 connects", act.RowConnects(12, 12)),
        ('expect peer 1.2.3.4:5 received "+++"', act.ExpectReceived("1.2.3.4", 5, b"+++")),
        (
            "expect RI low pulse 50 ms, nothing on the serial port",
            act.ExpectPulse(LineSignal.RI, 0.05),
        ),
    ],
)
def test_phrases(phrase: str, action: act.Action) -> None:
    assert act.parse_action(phrase, PLACE) == action


def test_escapes() -> None:
    assert unescape(r"\r\n\x1a\"\\<ESC><Ctrl+Z>", PLACE) == b'\r\n\x1a"\\\x1b\x1a'
    filler = unescape("{bytes 1461}", PLACE)
    assert len(filler) == 1461
    assert filler.isascii()
    assert filler.decode().isprintable()


@pytest.mark.parametrize(
    ("expected", "actual", "equal"),
    [
        ("+QISACK: 30, 20, 10", "+QISACK: 30,20,10", True),
        ("+QISACK: 30,20,10", "+QISACK:  30,  20,10 ", True),
        ("SEND OK", "SENDOK", False),
        ("SEND OK", "SEND  OK", True),
        ('+X: "a, b"', '+X:"a, b"', True),
        ('+X: "a, b"', '+X: "a,b"', False),
        ("{ip}", "10.0.0.2", True),
        ("{ip}", "10.0.0", False),
        ('+Q: "{ip}",{int}', '+Q: "10.0.0.2",54091', True),
        ('+Q: "{str}"', '+Q: "a","b"', False),
        ("OK", "OK!", False),
        ("+C: (0-2)", "+C: (0-2)", True),
    ],
)
def test_when_lines_are_equal(expected: str, actual: str, equal: bool) -> None:
    assert matches(expected, actual) is equal


def test_how_the_host_writes() -> None:
    text = HEADER + "# echo: on\n# host: crlf, small writes\n# patience: 500 ms\n>+ AT\n>> a\\r\n> ATE0\n"
    transcript = parse(text, "x.txt")
    header = transcript.header
    assert (header.echo, header.line_end, header.small_writes, header.patience) == (True, b"\r\n", True, 0.5)
    assert transcript.steps[0] == HostWrites(Place("x.txt", 5), b"AT\r", line=True, echoed=True)
    own = [step.data for step in in_its_own_way(transcript).steps if isinstance(step, HostWrites)]
    assert own == [b"AT\r\n", b"a\r", b"ATE0\r\n"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("# echo: off", "echo is 'on' or absent"),
        ("# host: lf", "unknown way of writing"),
        ("# patience: 5 s", "patience is"),
        ("# patience: x ms", "not a number"),
        ("# peers: ping 1.2.3.4 rtt 1, 2 3 ms, ttl 9", "not a number"),
        ("# peers: ntp 1.2.3.4:123 time 2013/08/19,61:10:10+32", "is no time"),
        ("> AT+X=\u20ac", "a character that is no byte"),
        (">> {bytes 9999999999999}", "more than 1048576"),
    ],
)
def test_wrong_ways_of_the_host(line: str, complaint: str) -> None:
    with pytest.raises(FormatError, match=complaint):
        parse(f"{HEADER}{line}\n> AT\n", "x.txt")

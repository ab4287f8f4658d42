"""What was said, written down and read again, is the same bytes in the same order; garbage is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from vmodem.emulator.recording.format import load, of_host, of_module, parse
from vmodem.emulator.recording.text import FormatError, Place, escape, unescape
from vmodem.emulator.recording.writer import MOST, WAIT, Piece, Remark, Side, Writer

HEADER = [("recorded", "2026-11-26T12:00:00+00:00 from a test")]


def written(items: list[Piece | Remark], ticking: bool = False) -> str:
    lines: list[str] = []
    writer = Writer(lines.append)
    writer.begin(0.0, HEADER)
    for item in items:
        if ticking:
            writer.tick(item.at)
        writer.add([item])
    writer.finish()
    assert writer.deadline() is None
    assert all(text.endswith("\n") for text in lines), "whole lines, at any moment"
    return "".join(lines)


def body(*items: Piece | Remark) -> list[str]:
    return written(list(items)).splitlines()[1:]


def host(data: bytes, at: float = 0.0) -> Piece:
    return Piece(at, Side.HOST, data)


def module(data: bytes, at: float = 0.0) -> Piece:
    return Piece(at, Side.MODULE, data)


def test_a_dialogue() -> None:
    assert body(
        Remark(0.0, "*", "DTR ON (low)"),
        host(b"AT+CSQ\r", 0.5),
        module(b"AT+CSQ\r", 0.501),
        module(b"\r\n+CSQ: 20,0\r\n\r\nO", 0.51),
        module(b"K\r\n", 0.515),
        host(b"AT+CIPSEND\r\n", 2),
        module(b"\r\n> ", 2.0204),
        host(b"hello\x1a", 2.1),
        module(b"\r\nSEND OK\r\nreceived\x00", 2.3),
    ) == [
        "* DTR ON (low)",
        "~ 500",
        "> AT+CSQ",
        "~ 1",
        "<< AT+CSQ\\r",
        "~ 9",
        "< +CSQ: 20,0",
        "< OK",
        "~ 1490",
        ">> AT+CIPSEND\\r\\n",
        "~ 20",
        "< >",
        "~ 80",
        ">> hello<Ctrl+Z>",
        "~ 200",
        "< SEND OK",
        "<< received\\x00",
    ]


def test_times_do_not_drift() -> None:
    items = [host(b"AT\r", n * 0.0104) for n in range(1000)]
    waits = [int(line[2:]) for line in body(*items) if line.startswith("~")]
    assert sum(waits) == round(999 * 10.4)


def test_an_unfinished_line_is_written_down_soon() -> None:
    lines: list[str] = []
    writer = Writer(lines.append)
    writer.add([module(b"\r\nO", 1.0)])
    assert lines == []
    deadline = writer.deadline()
    assert deadline == 1.0 + WAIT
    writer.tick(deadline)
    assert lines == ["~ 1000\n<< \\r\\nO\n"]


def test_what_looks_like_the_formats_own_words() -> None:
    assert body(module(b"\r\n>\r\n"), module(b"\r\n{ip}\r\n"), module(b"\r\n x\r\n")) == [
        "<< \\r\\n>\\r\\n",
        "<< \\r\\n{ip}\\r\\n",
        "<< \\r\\n x\\r\\n",
    ]
    assert body(host(b"AT \r"), host(b"<ESC>{bytes 5}\\<x\x1b")) == [
        ">> AT \\r",
        ">> \\x3cESC>\\x7bbytes 5}\\\\<x<ESC>",
    ]


def test_a_stream_without_line_ends_is_cut() -> None:
    lines = body(*(module(b"x" * 100) for _ in range(100)))
    assert max(map(len, lines)) == MOST + len("<< ")


WORDS = st.sampled_from(
    [
        *(
            b"\r\n",
            b"\r",
            b"\n",
            b"> ",
            b"OK",
            b"\r\nOK\r\n",
            b"AT+X=1\r",
            b"\x1a",
            b"\x1b",
            b"<Ctrl+Z>",
            b" ",
        ),
        *(
            b"\\",
            b"{bytes 3}",
            b"{ip}",
            b"\xe4\xff\x00",
            b'"',
            b"#",
            b"\x85",
            b"\x0b",
            b"\r\n> ",
            b"x" * 1023,
        ),
    ]
)
BYTES = st.lists(WORDS | st.binary(min_size=1, max_size=6), min_size=1, max_size=6).map(b"".join)
PIECES = st.lists(st.tuples(st.sampled_from(Side), BYTES, st.sampled_from([0.0, 0.001, 0.03])), min_size=1)


def stream(said: list[tuple[Side, bytes]]) -> list[tuple[Side, bytes]]:
    """Who said what, without the cuts between pieces."""
    joined: list[tuple[Side, bytes]] = []
    for side, data in said:
        if joined and joined[-1][0] is side:
            data = joined.pop()[1] + data
        joined.append((side, data))
    return joined


@given(PIECES, st.booleans())
@example([(Side.MODULE, b"\r\n>", 0.0), (Side.MODULE, b" ", 0.0)], False)
@example([(Side.MODULE, b"\r\n\r\n\r\nOK\r\n", 0.0)], False)
def test_any_bytes_come_back(said: list[tuple[Side, bytes, float]], ticking: bool) -> None:
    now = 0.0
    items: list[Piece | Remark] = []
    for side, data, pause in said:
        now += pause
        items.append(Piece(now, side, data))
    steps = parse(written(items, ticking), "x").steps
    read = [(Side.HOST if of_host(step) else Side.MODULE, of_host(step) or of_module(step)) for step in steps]
    assert stream([each for each in read if each[1]]) == stream([each[:2] for each in said])


@given(st.binary())
def test_escapes(data: bytes) -> None:
    text = escape(data)
    assert text.isascii()
    assert text.isprintable()
    assert text == text.strip()
    assert unescape(text, Place("x", 1)) == data


LINES = st.sampled_from(
    [
        *(
            "# dialect: sim800",
            "# recorded: x",
            "# peers: tcp 1.2.3.4:",
            "# config: csq ",
            "# setup: a then ",
        ),
        *("# peers: ntp 1.2.3.4:1 time 2026/99/99,1:1:1+00", "# peers: ping 1.2.3.4 rtt ", "# host: ", "~ "),
        *("# patience: ", "> ", "<< ", "* tcp 1.2.3.4:", "* expect RI low pulse ", "{bytes ", "9" * 30),
        *("9" * 5000, ", ms, ttl ", "\\x", "\n", " ms", "* SMS arrives in SM slot ", "* peer of link "),
        *(' sends "', '"', " => ", "\u0661", "\u20ac", "< "),
    ]
)


@given(st.lists(LINES | st.text(max_size=5)).map("".join))
@example("# dialect: sim800\n<< {bytes 999999999999999999999}\n")
@example("# dialect: sim800\n~ " + "9" * 5000)
@example("# dialect: sim800\n# config: csq " + "9" * 5000 + ",1\n> AT")
@example("# dialect: sim800\n# peers: ntp 1.2.3.4:1 time 2026/99/99,01:01:01+00\n> AT")
@example("# dialect: sim800\n* DTR low\n< \u20ac")
def test_garbage_is_refused_with_its_line(text: str) -> None:
    complaint = ""
    try:
        parse(text, "x")
    except FormatError as error:
        complaint = str(error)
    assert complaint == "" or complaint.startswith("x:")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"# dialect: sim800\n\xff\n")
    with pytest.raises(FormatError, match=r"^x:2: this is no text"):
        load(path)

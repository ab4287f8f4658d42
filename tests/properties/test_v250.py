"""The whole way from the line to the answer against a slow reading of V.250, in any fragments.

Echo, editing with S5, the line's end with S3, answers with S3 and S4, A/, commands in a row, strings.
"""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from properties.v250_reference import Dce
from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.dialect import Options
from vmodem.emulator.engine import Modem
from vmodem.emulator.world import START, World
from vmodem.netstack.memory import MemoryNetStack

COMMANDS = [
    b"E0",
    b"E1",
    b"V0",
    b"V1",
    b"Q0",
    b"Q1",
    b"Q0V1E1",
    b"I",
    b"i0",
    b"E2",
    b"I9",
    b"S3?",
    b"S5?",
    b"S99?",
    b"S4=300",
]
COMMANDS += [
    b"S3=30",
    b"S3=13",
    b"S4=13",
    b"S4=64",
    b"S4=10",
    b"S5=127",
    b"S5=35",
    b"S5=8",
    b"S=1",
    b"S3",
    b"S0=5",
    b"s0?",
]
COMMANDS += [
    b"+GMI",
    b"+gmi",
    b"+GMI=?",
    b"+GMI?",
    b"+GMI=1",
    b"+CSTT?",
    b"+CSTT",
    b"+NONE",
    b"+NONE=1",
    b"=",
    b"?",
    b"%Q",
]
COMMANDS += [
    b'+CSTT="a;b","c,d"',
    b'+CSTT="a b" , "=?"',
    b"+CSTT=x,,y",
    b'+CSTT="","u"',
    b'+cstt="a"b',
    b'+CSTT="open',
]
COMMANDS += [b"+CSTT=", b"+CSTT=,x", b'+CSTT="1","2","3","4"', b'+CSTT="' + b"l" * 51 + b'"', b"+CSTT=/+;-"]
NOISE = [
    b" ",
    b";",
    b"; ",
    b'"',
    b"\b",
    b"\b\b\b",
    b"\x7f",
    b"#",
    b"\x00",
    b"\t",
    b"\n",
    b"\xe9",
    b",",
    b"1",
    b"\x01",
]
ENDS = [b"\r", b"\r", b"\r", b"\r\n", b"\x1e", b"\n", b"\r\r"]
BODY = st.lists(st.sampled_from([*COMMANDS, *COMMANDS, *NOISE, b";"]), max_size=5).map(b"".join)
LINE = st.builds(
    lambda start, body, end: start + body + end,
    st.sampled_from([b"AT", b"at", b"xAT"]),
    BODY,
    st.sampled_from(ENDS),
)
TYPED = st.lists(
    st.one_of(LINE, LINE, LINE, st.sampled_from([b"A/", b"a/", b"\r", b"\n", b"\b", b" "])), max_size=8
)


def compare(lines: list[bytes], sizes: list[int]) -> None:
    """Module and reference write the same, whatever pieces the bytes come in."""
    dce = Dce(SIM800.limits.line)
    world = World(Modem(SIM800, Options(), now=START), MemoryNetStack())
    turn = 0
    for line in lines:
        while line:
            size = sizes[turn % len(sizes)]
            turn += 1
            piece, line = line[:size], line[size:]
            dce.chunk(piece)
            world.send(piece)
            assert bytes(world.output) == bytes(dce.out), piece


@settings(max_examples=400)
@given(TYPED, st.lists(st.sampled_from([1, 2, 3, 7, 600]), min_size=1, max_size=6))
@example([b"ATE0\r", b'AT+CSTT="a;b";I;+CSTT?\r', b"A/", b"ATS3=30\x1e", b"ATV0\x1e", b"AT\x1e"], [600])
@example([b"ATS5=35\r", b"ATI9##\r", b"ATV0E0Q1\r", b"AT\r", b"ATQ0\r", b"ATS4=64V1\r"], [3])
def test_like_the_reference(lines: list[bytes], sizes: list[int]) -> None:
    compare(lines, sizes)

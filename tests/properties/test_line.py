"""The line discipline against a byte-at-a-time reading of common.md section 1, in any fragments."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from properties.line_reference import LineReference
from vmodem.emulator.jobs import Payload, Prompt
from vmodem.emulator.line import Line, Mode

LONGEST = 80


class Subject:
    """The real line, with commands that the reference knows too."""

    def __init__(self, echo: bool) -> None:
        self.out = bytearray()
        self.did: list[object] = []
        self.line = Line(self.out.extend, self.execute, lambda: self.did.append("too long"), LONGEST)
        self.line.echo = echo

    def execute(self, body: str) -> None:
        self.did.append(body)
        if body[:1] == "B":
            self.line.mode = Mode.BUSY
        elif body[:1] == "D":
            self.line.enter_data(self)
        elif body[:1] == "P":
            length = int(body[1]) if body[1:2] in list("123456789") else None
            self.line.open_prompt(Prompt(length, 10_000), self.payload_done)

    def from_host(self, data: bytes) -> None:
        self.did += [("data", byte) for byte in data]

    def payload_done(self, payload: Payload) -> None:
        self.did.append(("payload", payload.data, payload.cancelled))
        self.line.mode = Mode.COMMAND

    def done(self) -> None:
        if self.line.mode is Mode.DATA:
            self.line.leave_data()
        if self.line.mode is Mode.BUSY:
            self.line.mode = Mode.COMMAND
        self.line.resume()


WORDS = [
    b"AT",
    b"at",
    b"aT",
    b"A",
    b"T",
    b"A/",
    b"a/",
    b"\r",
    b"\r\n",
    b"\n",
    b"\r\n\n",
    b"\b",
    b"\b\b\b",
    b"\x00",
    b"\x7f",
    b"\xc3\x9f",
    b"+X=1",
    b'"',
    b";",
    b" ",
    b"ATB\r",
    b"ATP3\r",
    b"ATP\r",
    b"ATD\r",
    b"ATD\r\n",
    b"ATP5\r\n",
    b"\x1a",
    b"\x1b",
    b"x" * 30,
    b"x" * 78,
    b"x" * 81,
    b"\b" * 40,
    b"+++",
]
TEXT = st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=6)), max_size=8).map(b"".join)
STIMULI = st.lists(st.one_of(TEXT, TEXT, TEXT, st.none()), max_size=12)


def compare(chunks: list[bytes | None], echo: bool) -> None:
    """Both readings of the same chunks (``None``: the running command ends) agree after every one."""
    reference, subject = LineReference(LONGEST, echo), Subject(echo)
    for chunk in chunks:
        if chunk is None:
            if reference.mode in ("busy", "data"):
                reference.done()
                subject.done()
        elif chunk:
            reference.chunk(chunk)
            subject.line.feed(chunk)
        assert subject.did == reference.did
        assert bytes(subject.out) == bytes(reference.out)


@given(STIMULI, st.booleans())
@example([b"AT" + b"x" * 81 + b"\b" * 5 + b"\r"], True)
@example([b"A\x00/"], True)
@example([b"\n\nA/"], True)
def test_whole_chunks(chunks: list[bytes | None], echo: bool) -> None:
    compare(chunks, echo)


@given(STIMULI, st.booleans())
def test_bytewise(chunks: list[bytes | None], echo: bool) -> None:
    pieces: list[bytes | None] = []
    for chunk in chunks:
        pieces += [None] if chunk is None else [chunk[i : i + 1] for i in range(len(chunk))]
    compare(pieces, echo)


@given(STIMULI, st.lists(st.integers(1, 9), min_size=1, max_size=20))
def test_random_fragments(chunks: list[bytes | None], sizes: list[int]) -> None:
    pieces: list[bytes | None] = []
    turn = 0
    for chunk in chunks:
        if chunk is None:
            pieces.append(None)
            continue
        while chunk:
            size = sizes[turn % len(sizes)]
            turn += 1
            pieces.append(chunk[:size])
            chunk = chunk[size:]
    compare(pieces, True)


COMMAND_WORDS = [word for word in WORDS if not (b"P" in word or b"D" in word or b"B" in word)]


@given(
    st.lists(st.sampled_from(COMMAND_WORDS), max_size=30).map(b"".join),
    st.lists(st.integers(1, 40), min_size=1, max_size=10),
)
@example(b"x" * 70 + b"A/\rAT\r", [80])
def test_fragments_do_not_matter_in_command_mode(data: bytes, sizes: list[int]) -> None:
    whole, cut = Subject(True), Subject(True)
    if data:
        whole.line.feed(data)
    at = turn = 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        cut.line.feed(data[at : at + size])
        at += size
        turn += 1
    assert cut.did == whole.did
    assert cut.out == whole.out

"""Command lines: nothing is lost between the separators, whatever else stands in the line."""

from __future__ import annotations

import string

from hypothesis import example, given
from hypothesis import strategies as st
from vmodem.emulator.command import Field, Kind
from vmodem.emulator.parser import Parsed, parse

LATIN = st.characters(min_codepoint=32, max_codepoint=255)
QUOTED = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters='"'), max_size=8)
BARE = st.text(st.sampled_from(string.ascii_letters + string.digits + ".:-_"), min_size=1, max_size=5)
NAMES = st.sampled_from(["+CSTT", "+cipstart", "+CIPSEND", "+X9", "^SYS", "%Q"])


@st.composite
def extended(draw: st.DrawFn) -> tuple[str, Parsed]:
    """A command as typed, and what it is."""
    typed = draw(NAMES)
    name = typed.upper()
    kind = draw(st.sampled_from(Kind))
    if kind is Kind.EXECUTE:
        return typed, Parsed(name, kind, (), False)
    if kind is Kind.READ:
        return typed + "?", Parsed(name, kind, (), False)
    if kind is Kind.TEST:
        return typed + "=?", Parsed(name, kind, (), False)
    fields = draw(
        st.lists(
            st.one_of(st.tuples(QUOTED, st.just(True)), st.tuples(BARE, st.just(False))),
            min_size=1,
            max_size=4,
        )
    )
    gap = draw(st.sampled_from(["", " "]))
    text = ("," + gap).join(f'"{text}"' if quoted else text for text, quoted in fields)
    return f"{typed}{gap}={gap}{text}", Parsed(name, kind, tuple(Field(*f) for f in fields), False)


@st.composite
def basic(draw: st.DrawFn) -> tuple[str, Parsed]:
    """A basic command as typed, and what it is."""
    letter = draw(st.sampled_from(["E", "v", "&F", "&d", "Z", "i"]))
    number = draw(st.sampled_from(["", "0", "1", "12"]))
    fields = (Field(number, False),) if number else ()
    return letter + number, Parsed(letter.upper(), Kind.WRITE, fields, True)


@given(st.lists(st.one_of(extended(), basic()), max_size=6), st.booleans())
def test_what_was_joined_is_taken_apart(commands: list[tuple[str, Parsed]], separated: bool) -> None:
    line = ""
    for typed, parsed in commands:
        line += typed if parsed.basic and not separated else typed + ";"
    assert parse(line) == tuple(parsed for _, parsed in commands)


@given(st.text(LATIN, max_size=60))
@example('+CSTT="\xdf";E0')
@example("\xdf=1")
@example("+FCLA\xdf?")
def test_any_line_is_read(body: str) -> None:
    commands = parse(body)
    assert all(c.kind is not None for c in commands[:-1])  # nothing is executed behind nonsense
    for command in commands:
        assert command.name == command.name.upper() or not command.name.isascii()
        assert command.name.replace(" ", "").lower() in body.replace(" ", "").lower()

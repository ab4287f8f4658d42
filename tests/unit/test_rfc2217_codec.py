"""Telnet and the words of RFC 2217, byte for byte."""

from __future__ import annotations

import pytest
from vmodem.emulator.endpoints.comport import (
    BreakSet,
    ComPort,
    Happening,
    Purged,
    SignalSet,
    Suspended,
)
from vmodem.emulator.endpoints.telnet import (
    LONGEST,
    Data,
    Negotiated,
    Skipped,
    Subnegotiation,
    Telnet,
    escaped,
)
from vmodem.emulator.events import LineSignal

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
COM = 44
OPENING = bytes(
    (IAC, WILL, 0, IAC, WILL, 1, IAC, WILL, 3, IAC, WILL, COM, IAC, DO, 0, IAC, DO, 3, IAC, DO, COM)
)
STATE = bytes((IAC, SB, COM, 107))


def sb(*body: int) -> bytes:
    """A subnegotiation of the COM port option."""
    return bytes((IAC, SB, COM)) + escaped(bytes(body)) + bytes((IAC, SE))


def agreed() -> ComPort:
    """A connection whose client has agreed to everything and has been told the state."""
    com = ComPort({LineSignal.CTS: True, LineSignal.DSR: True})
    assert com.take() == OPENING
    yes = bytes(
        (IAC, DO, 0, IAC, DO, 1, IAC, DO, 3, IAC, DO, COM, IAC, WILL, 0, IAC, WILL, 3, IAC, WILL, COM)
    )
    assert com.receive(yes) == []
    assert com.take() == sb(107, 0x30)
    return com


# ---- Telnet --------------------------------------------------------------------------------------


def telnet() -> Telnet:
    return Telnet(ours=frozenset({0, COM}), theirs=frozenset({0}))


def test_data_commands_and_escapes() -> None:
    line = telnet()
    told = line.receive(b"AT\xff\xff\r" + bytes((IAC, 241, IAC, SB, COM, 1, IAC, IAC, 2, IAC, SE)) + b"x")
    assert told == [Data(b"AT\xff\r"), Subnegotiation(COM, b"\x01\xff\x02"), Data(b"x")]
    assert escaped(b"a\xffb") == b"a\xff\xffb"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ((DO, 0), [Negotiated(0, False, b"")]),  # the answer to our WILL
        ((WILL, 0), [Negotiated(0, True, b"")]),
        ((DO, 5), [Negotiated(5, False, bytes((IAC, WONT, 5)))]),
        ((WILL, 5), [Negotiated(5, False, bytes((IAC, DONT, 5)))]),
        ((DONT, 5), []),
        ((WONT, 5), []),
        ((WILL, COM), [Negotiated(COM, False, bytes((IAC, DONT, COM)))]),  # not one that we ask for here
    ],
)
def test_negotiation(said: tuple[int, int], told: list[Negotiated]) -> None:
    assert telnet().receive(bytes((IAC, *said))) == told


def test_a_change_of_mind_is_answered_once_and_never_for_ever() -> None:
    line = telnet()
    assert line.receive(bytes((IAC, WILL, 0))) == [Negotiated(0, True, b"")]
    assert line.receive(bytes((IAC, WONT, 0)) * 3) == [Negotiated(0, False, bytes((IAC, DONT, 0)))]
    assert line.receive(bytes((IAC, WILL, 0)) * 3) == [Negotiated(0, True, bytes((IAC, DO, 0)))]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (bytes((IAC, SE)), "the end of a subnegotiation that has not begun"),
        (bytes((IAC, SB, IAC, SE)), "a subnegotiation of nothing"),
        (bytes((IAC, SB, 1, IAC, SB)), "a subnegotiation without an end"),
        (bytes((IAC, SB)) + bytes(LONGEST + 1) + bytes((IAC, SE)), "a subnegotiation of more than 256 bytes"),
    ],
)
def test_what_is_no_telnet_is_skipped_and_the_next_is_understood(data: bytes, what: str) -> None:
    line = telnet()
    assert line.receive(data) == [Skipped(what)]
    line.receive(bytes((IAC, SE)))
    assert line.receive(b"x") == [Data(b"x")]


def test_the_longest_subnegotiation_is_taken() -> None:
    line = telnet()
    body = bytes(LONGEST)
    assert line.receive(bytes((IAC, SB)) + body + bytes((IAC, SE))) == [Subnegotiation(0, body[1:])]


# ---- what a client sets and asks -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "answer", "told"),
    [
        ((0,), (100, *b"vmodem"), []),
        ((1, 0, 0, 0x25, 0x80), (101, 0, 0, 0x25, 0x80), []),
        ((1, 0, 0, 0xFF, 0xFF), (101, 0, 0, 0xFF, 0xFF), []),
        ((1, 0, 0, 0, 0), (101, 0, 1, 0xC2, 0), []),  # asks: not set yet, 115200
        ((2, 8), (102, 8), []),
        ((2, 0), (102, 8), []),
        ((3, 1), (103, 1), []),
        ((3, 0), (103, 1), []),
        ((4, 2), (104, 2), []),
        ((4, 0), (104, 1), []),
        ((5, 0), (105, 1), []),
        ((5, 3), (105, 3), []),
        ((5, 2), (105, 2), []),
        ((5, 4), (105, 6), []),
        ((5, 5), (105, 5), [BreakSet(True)]),
        ((5, 6), (105, 6), []),
        ((5, 7), (105, 8), []),
        ((5, 9), (105, 9), [SignalSet(LineSignal.DTR, False)]),
        ((5, 8), (105, 8), []),
        ((5, 10), (105, 11), []),
        ((5, 12), (105, 12), [SignalSet(LineSignal.RTS, False)]),
        ((5, 13), (105, 14), []),
        ((5, 16), (105, 16), []),
        ((6,), (106, 0), []),  # masked: nothing was asked for
        ((7,), (107, 0x30), []),
        ((8,), None, [Suspended(True)]),
        ((9,), None, [Suspended(False)]),
        ((10, 0x10), (110, 0x10), []),
        ((12, 1), (112, 1), [Purged(to_client=True, to_line=False)]),
        ((12, 2), (112, 2), [Purged(to_client=False, to_line=True)]),
        ((12, 3), (112, 3), [Purged(to_client=True, to_line=True)]),
    ],
)
def test_words(said: tuple[int, ...], answer: tuple[int, ...] | None, told: list[Happening]) -> None:
    com = agreed()
    assert com.receive(sb(*said)) == told
    assert com.take() == (b"" if answer is None else sb(*answer))


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ((1, 0, 0, 1), (101, 0, 1, 0xC2, 0)),
        ((1, 0xFF, 0xFF, 0xFF, 0xFF), (101, 0, 1, 0xC2, 0)),
        ((1,), (101, 0, 1, 0xC2, 0)),
        ((2, 7), (102, 8)),
        ((2,), (102, 8)),
        ((3, 9), (103, 1)),
        ((4, 4), (104, 1)),
        ((5, 17), (105, 1)),
        ((5,), None),
        ((10,), None),
        ((11, 1, 2), None),
        ((12, 9), None),
        ((12,), None),
        ((77, 1), None),
        ((), None),
    ],
)
def test_what_cannot_be_had_is_answered_with_what_is(
    said: tuple[int, ...], answer: tuple[int, ...] | None
) -> None:
    com = agreed()
    (told,) = com.receive(sb(*said))
    assert isinstance(told, Skipped)
    assert com.take() == (b"" if answer is None else sb(*answer))


def test_settings_are_kept() -> None:
    assert agreed().baud is None
    com = agreed()
    com.receive(sb(1, 0, 0, 0x25, 0x80) + sb(5, 3) + sb(5, 9))
    com.take()
    settings = (com.baud, com.flow)
    assert settings == (9600, 3)
    com.receive(sb(1, 0, 0, 0, 0) + sb(5, 0) + sb(5, 7) + sb(5, 13))
    assert com.take() == sb(101, 0, 0, 0x25, 0x80) + sb(105, 3) + sb(105, 9) + sb(105, 16)


# ---- what a client is told -----------------------------------------------------------------------


def test_each_line_is_told_with_what_has_changed() -> None:
    com = agreed()
    com.set_signal(LineSignal.DCD, True)
    assert com.take() == sb(107, 0xB8)
    com.set_signal(LineSignal.DCD, True)
    assert com.take() == b"", "nothing has changed"
    com.set_signal(LineSignal.RI, True)
    assert com.take() == sb(107, 0xF0), "the beginning of RI is no delta"
    com.set_signal(LineSignal.RI, False)
    assert com.take() == sb(107, 0xB4), "its end is"
    com.set_signal(LineSignal.CTS, False)
    assert com.take() == sb(107, 0xA1)
    com.set_signal(LineSignal.DSR, False)
    assert com.take() == sb(107, 0x82)


def test_a_mask_hides_lines_and_is_acknowledged() -> None:
    com = agreed()
    com.receive(sb(11, 0x88))
    assert com.take() == sb(111, 0x88) + sb(107, 0x00)
    com.set_signal(LineSignal.CTS, False)
    assert com.take() == b""
    com.set_signal(LineSignal.DCD, True)
    assert com.take() == sb(107, 0x88)
    com.receive(sb(11, 0))
    assert com.take() == sb(111, 0)
    com.set_signal(LineSignal.DCD, False)
    assert com.take() == b""
    com.receive(sb(11, 255))
    assert com.take() == sb(111, 255) + sb(107, 0x20)


def test_who_uses_the_option_has_agreed_to_it() -> None:
    """pyserial's client may never say WILL: it does not answer a DO that was faster."""
    com = ComPort({LineSignal.DCD: True})
    com.take()
    com.receive(sb(10, 0xFF) + sb(6))
    assert com.take() == sb(107, 0x80) + sb(110, 0xFF) + sb(106, 0x60)


def test_who_does_not_know_the_option_is_told_nothing_of_it() -> None:
    com = ComPort({})
    com.take()
    assert com.receive(bytes((IAC, WONT, COM, IAC, DONT, COM)) + b"AT\r") == [Data(b"AT\r")]
    com.set_signal(LineSignal.DCD, True)
    assert com.take() == b""

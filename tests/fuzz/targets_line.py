"""What comes in at a port is fuzzed: AT lines, data mode, RFC 2217, and the URL that opens one."""

from __future__ import annotations

import random
from functools import cache

from fuzz.at import Fuzzer
from fuzz.at_lines import STORIES
from fuzz.inputs import mutated, pieces, target
from serial import SerialException
from vmodem.dialects.quectel.bg96 import BG96
from vmodem.dialects.quectel.mxx import QUECTEL_MXX
from vmodem.dialects.simcom.sim800 import SIM800

DIALECTS = (SIM800, QUECTEL_MXX, BG96)


# ---- AT ------------------------------------------------------------------------------------------


def _story(r: random.Random) -> bytes:
    number = r.randrange(len(DIALECTS))
    story = r.choice(STORIES[DIALECTS[number].name]).replace("|", "\n").encode()
    words = [each.encode() for each in r.choice(STORIES[DIALECTS[number].name]).split("|")]
    return bytes((number,)) + mutated(r, story, [*words, b"\n", b";", b'"', b"=", b"?", b"AT", b",", b"\x1a"])


@cache
def _fuzzer(number: int) -> Fuzzer:
    return Fuzzer(DIALECTS[number])


@target("at-bytes", _story)
def at_bytes(data: bytes) -> None:
    """The first byte is the dialect; each line a step of a story, or a command line."""
    if not data:
        return
    fuzzer = _fuzzer(data[0] % len(DIALECTS))
    words = data[1:].decode("latin-1").split("\n")[:200]
    problem = fuzzer.replay([fuzzer.told(word) for word in words])
    if problem is not None:
        raise problem


# ---- the line, data mode -------------------------------------------------------------------------


def _line(r: random.Random) -> bytes:
    from properties.test_line import WORDS

    return pieces([*WORDS, b"\xf0", b"\xf1"])(r)


@target("line", _line)
def line(data: bytes) -> None:
    """The line discipline as the reference reads it. 0xF0: the running command ends; 0xF1: a chunk ends."""
    from properties.test_line import compare

    chunks: list[bytes | None] = []
    for part in data.split(b"\xf0"):
        chunks += [chunk for chunk in part.split(b"\xf1") if chunk]
        chunks.append(None)
    compare(chunks, echo=len(data) % 2 == 0)


def _escape(r: random.Random) -> bytes:
    return bytes((r.randrange(3),)) + bytes(
        r.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 255, 43)) for _ in range(r.randrange(28))
    )


@target("escape", _escape)
def escape(data: bytes) -> None:
    """The escape detector as the reference reads it: pairs of a pause and what is typed behind it."""
    from properties.test_escape import QUECTEL, SIM, TOGETHER, play

    if not data:
        return
    rules = (SIM, QUECTEL, TOGETHER)[data[0] % 3]
    pauses = (
        0.0,
        0.0,
        rules.gap / 2,
        rules.gap,
        rules.gap + 0.02,
        rules.guard - 0.02,
        rules.guard,
        1.02,
        2.5,
    )
    typed = (b"+", b"+", b"++", b"+++", b"++++", b"a", b"+a", b"a+", b"+++\r")
    steps = zip(data[1::2], data[2::2], strict=False)
    play(rules, [(pauses[pause % len(pauses)], typed[what % len(typed)]) for pause, what in steps])


# ---- ports ---------------------------------------------------------------------------------------

_TELNET = [
    b"\xff",
    b"\xff\xff",
    b"\xff\xfa\x2c",
    b"\xff\xf0",
    b"\xff\xfb\x2c",
    b"\xff\xfd\x00",
    b"\xff\xfe\x03",
]
_TELNET += [b"\xff\xfa\x2c" + bytes((word,)) for word in range(14)] + [
    b"\x00\x00\x25\x80",
    b"\x01",
    b"AT\r",
    bytes(300),
]


@target("rfc2217", pieces(_TELNET))
def rfc2217(data: bytes) -> None:
    """Nothing is raised, the pieces that TCP makes do not matter, and the data is RFC 854's."""
    from properties.test_rfc2217 import reference, told
    from vmodem.emulator.endpoints.telnet import Data

    whole, bytewise = told([data]), told([data[at : at + 1] for at in range(len(data))])
    assert whole == bytewise
    assert b"".join(item.data for item in whole[0] if isinstance(item, Data)) == reference(data)


def _url(r: random.Random) -> bytes:
    words = [
        b"sim800",
        b"bg96",
        b"?",
        b"&",
        b"=",
        b"seed",
        b"route",
        b"network",
        b"loopback",
        b"running/",
        b"%00",
        b"[",
        b"#",
    ]
    words += [
        b"tcp://1.2.3.4:5=refuse",
        b"9" * 30,
        b"local_ip",
        b"1.2.3.4",
        b"baud",
        b"timing",
        b"pin",
        b"boot",
        b"imei",
    ]
    return mutated(r, b"vmodem://sim800?seed=1&network=loopback", words)


@target("url", _url)
def url(data: bytes) -> None:
    """A URL is a modem's options, or is refused with pyserial's exception."""
    from urllib.parse import urlsplit

    from vmodem.emulator.mistakes import CommandLineError
    from vmodem.emulator.protocol_vmodem import _checked, _modem_of

    text = data.decode("utf-8", "surrogateescape")
    try:
        parts = urlsplit(text)
        assert _checked(parts.netloc or "sim800", parts.query).options
    except CommandLineError:
        pass
    except ValueError:  # urlsplit's own
        try:
            _modem_of(text)
        except SerialException:
            return
        raise AssertionError("no URL, and yet a modem") from None

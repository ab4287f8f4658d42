"""Telnet without I/O (RFC 854, 855, 1143): bytes in, what they say out; for the server's side alone.

Whatever comes in, nothing is raised and no more than :data:`LONGEST` bytes are kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
_IAC = b"\xff"
_TEXT = re.compile(rb"[^\xff]*(?:\xff\xff[^\xff]*)*")
LONGEST = 256
"""Bytes of a subnegotiation; a longer one is skipped to its end."""


class Option(IntEnum):
    """The Telnet options that are agreed to."""

    BINARY = 0
    ECHO = 1
    SUPPRESS_GO_AHEAD = 3
    COM_PORT = 44


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes for the line."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Subnegotiation:
    """What the client says about an option: ``IAC SB <option> <body> IAC SE``, unescaped."""

    option: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that is no Telnet, or too long; ``what`` is for the log."""

    what: str


@dataclass(frozen=True, slots=True)
class Negotiated:
    """Something was agreed or refused; ``answer`` is to be sent."""

    option: int
    theirs: bool
    """Whether the client does it now (for an option that we do: nothing to know)."""
    answer: bytes


Item = Data | Subnegotiation | Skipped | Negotiated


def escaped(data: bytes) -> bytes:
    """``data`` as it travels: each 255 doubled."""
    return data.replace(_IAC, b"\xff\xff") if IAC in data else data


def subnegotiation(option: int, body: bytes) -> bytes:
    """``IAC SB <option> <body> IAC SE``."""
    return bytes((IAC, SB, option)) + escaped(body) + bytes((IAC, SE))


class Telnet:
    """One connection, the server's end. ``ours`` are the options that we do, ``theirs`` the client's."""

    def __init__(self, ours: frozenset[int], theirs: frozenset[int]) -> None:
        """``ours``, ``theirs``: those that we offer, ask for and agree to; all others are refused."""
        self._willing = {WILL: ours, DO: theirs}
        self._on = {WILL: set(ours), DO: set(theirs)}
        self._asked = {WILL: set(ours), DO: set(theirs)}
        self._rest = b""  # IAC, or IAC and a verb, at the end of what came
        self._body: bytearray | None = None
        self._too_long = False

    def opening(self) -> bytes:
        """What the server says first: all that it offers and asks for."""
        return b"".join(
            bytes((IAC, verb, option)) for verb in (WILL, DO) for option in sorted(self._willing[verb])
        )

    def receive(self, data: bytes) -> list[Item]:
        """Take apart what the client sent, in whatever pieces it comes."""
        items: list[Item] = []
        data, self._rest = self._rest + data, b""
        at = 0
        while at < len(data):
            text = _TEXT.match(data, at)
            assert text is not None  # it may be empty
            if text[0]:
                self._text(items, text[0].replace(b"\xff\xff", _IAC))
                at = text.end()
                continue
            taken = self._command(items, data[at : at + 3])
            if not taken:
                self._rest = data[at:]
                break
            at += taken
        return items

    def _text(self, items: list[Item], data: bytes) -> None:
        if self._body is None:
            items.append(Data(data))
            return
        room = LONGEST - len(self._body)
        self._body += data[:room]
        self._too_long = self._too_long or len(data) > room

    def _command(self, items: list[Item], data: bytes) -> int:
        """``data`` begins with IAC; how many bytes belong to it, 0 if they have not all come."""
        if len(data) < 2:
            return 0
        verb = data[1]
        if verb in (WILL, WONT, DO, DONT):
            if len(data) < 3:
                return 0
            self._negotiate(items, verb, data[2])
            return 3
        if verb == SB:
            if self._body is not None:
                items.append(Skipped("a subnegotiation without an end"))
            self._body, self._too_long = bytearray(), False
        elif verb == SE:
            self._end(items)
        return 2  # NOP, AYT and the like say nothing to a modem

    def _end(self, items: list[Item]) -> None:
        body, self._body = self._body, None
        if body is None:
            items.append(Skipped("the end of a subnegotiation that has not begun"))
        elif self._too_long:
            items.append(Skipped(f"a subnegotiation of more than {LONGEST} bytes"))
        elif not body:
            items.append(Skipped("a subnegotiation of nothing"))
        else:
            items.append(Subnegotiation(body[0], bytes(body[1:])))

    def _negotiate(self, items: list[Item], verb: int, option: int) -> None:
        """RFC 1143: only what changes something is answered, so that no two sides answer for ever."""
        own = WILL if verb in (DO, DONT) else DO
        yes = verb in (DO, WILL)
        on, asked = self._on[own], self._asked[own]
        answer = b""
        if option in asked:
            asked.discard(option)  # the answer to what we have asked
            if not yes:
                on.discard(option)
        elif yes == (option in on):
            return
        elif yes and option not in self._willing[own]:
            answer = bytes((IAC, _NO[own], option))
        else:
            (on.add if yes else on.discard)(option)
            answer = bytes((IAC, own if yes else _NO[own], option))
        items.append(Negotiated(option, own == DO and option in on, answer))


_NO = {WILL: WONT, DO: DONT}

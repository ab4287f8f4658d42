"""A host that reads and writes as TinyGSM does (facts A1), on any serial port; the words are our own.

It recognises an answer when what was read so far ends with a pattern, writes a command in several
pieces, and learns of data from +CIPRXGET: 1 or by asking.
"""

from __future__ import annotations

import re
import time

import serial

OK = b"OK\r\n"
ERROR = b"ERROR\r\n"
NOTICE = b"\r\n+CIPRXGET:"
ONE_READ = 64
"""Bytes of TinyGSM's receive buffer."""
PATIENCE = 10.0
"""Seconds; the driver waits one, but this machine may be busy (virtual time shows that one is enough)."""


def leading_number(text: bytes) -> int:
    """As Arduino's toInt: the digits in front, or 0. A notice taken for an answer reads so."""
    found = re.match(rb" *(\d+)", text)
    return int(found[1]) if found else 0


class Lost(AssertionError):
    """The driver would have lost its thread here."""


class TinyHost:
    """TinyGSM's parser over a serial port; ``received`` is what came over all links."""

    def __init__(self, port: serial.Serial) -> None:
        self._port = port
        self.got_data: set[int] = set()
        self.closed: set[int] = set()
        self.received = bytearray()

    # ---- the wire --------------------------------------------------------------------------------

    def command(self, *pieces: bytes) -> None:
        """AT, the pieces one by one, the line end."""
        for piece in (b"AT", *pieces, b"\r\n"):
            self._port.write(piece)
            self._port.flush()

    def ask(self, *pieces: bytes, limit: float = PATIENCE) -> None:
        """A command that must be OK."""
        self.command(*pieces)
        if self.wait(OK, ERROR, limit=limit) != 0:
            raise Lost(f"no OK to {b''.join(pieces)!r}")

    def wait(self, *patterns: bytes, limit: float = PATIENCE) -> int:
        """The number of the pattern that came, or -1."""
        data = bytearray()
        end = time.monotonic() + limit
        while time.monotonic() < end:
            byte = self._port.read(1)
            if not byte or not 0 < byte[0] < 0x80:
                continue
            data += byte
            for number, pattern in enumerate(patterns):
                if data.endswith(pattern):
                    return number
            if data.endswith(NOTICE):
                mode = self.until(b",")
                if int(mode) == 1:
                    self.got_data.add(int(self.until(b"\n")))
                    data.clear()
                else:
                    data += mode
            elif data.endswith(b"CLOSED\r\n"):
                self.closed.add(int(data[data.rindex(b"\r\n", 0, -2) + 2 :].split(b",")[0]))
                data.clear()
        return -1

    def until(self, end: bytes) -> bytes:
        """Everything in front of the byte ``end``, which is read too."""
        text = self._port.read_until(end)
        if not text.endswith(end):
            raise Lost(f"waited for {end!r} behind {text!r}")
        return bytes(text[:-1])

    # ---- the module ------------------------------------------------------------------------------

    def start(self) -> None:
        """Init and gprsConnect, as far as the sockets need them."""
        self.ask(b"")
        for name in (
            b"E0",
            b"+CMEE=0",
            b"+CIPMUX=1",
            b"+CIPQSEND=1",
            b"+CIPRXGET=1",
            b'+CSTT="a","",""',
            b"+CIICR",
        ):
            self.ask(name)
        self.ask(b"+CIFSR;E0")

    def connect(self, link: int, host: str, port: int) -> None:
        """Stop, then open."""
        number = b"%d" % link
        self.command(b"+CIPCLOSE=", number, b",1")
        self.wait(OK, ERROR)
        self.command(b"+CIPSSL=", b"0")
        self.wait(OK, ERROR)
        self.command(b"+CIPSTART=", number, b",", b'"TCP', b'","', host.encode(), b'",', b"%d" % port)
        patterns = (b"CONNECT OK\r\n", b"CONNECT FAIL\r\n", b"ALREADY CONNECT\r\n", b"ERROR\r\n")
        if self.wait(*patterns, limit=75.0) != 0:
            raise Lost("not connected")

    def send(self, link: int, data: bytes) -> None:
        """One write; the module must accept all of it."""
        self.command(b"+CIPSEND=", b"%d" % link, b",", b"%d" % len(data))
        if self.wait(b">") != 0:
            raise Lost("no prompt")
        self._port.write(data)
        if self.wait(b"\r\nDATA ACCEPT:") != 0:
            raise Lost("no DATA ACCEPT")
        self.until(b",")
        if int(self.until(b"\n")) != len(data):
            raise Lost("not all was accepted")

    def poll(self, link: int) -> None:
        """Ask what there is, and read it."""
        self.got_data.discard(link)
        self.command(b"+CIPRXGET=4,", b"%d" % link)
        left = self._numbers(3)[2]
        self._end()
        while left:
            left = self._read(link)

    def _read(self, link: int) -> int:
        self.command(b"+CIPRXGET=2,", b"%d" % link, b",", b"%d" % ONE_READ)
        _, _, given, left = self._numbers(4)
        data = self._port.read(given)
        if len(data) < given:
            raise Lost(f"{given} bytes promised, {len(data)} given")
        self.received += data
        self._end()
        return left

    def _numbers(self, count: int) -> list[int]:
        if self.wait(b"+CIPRXGET:") != 0:
            raise Lost("no +CIPRXGET:")
        fields = [self.until(b",") for _ in range(count - 1)]
        return [leading_number(field) for field in (*fields, self.until(b"\n"))]

    def _end(self) -> None:
        if self.wait(OK, ERROR) != 0:
            raise Lost("no OK behind the answer")

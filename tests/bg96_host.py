"""A host of twelve BG96 sockets in all three access modes, which understands every byte that it reads."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Protocol

RECV = re.compile(rb'\r\n\+QIURC: "recv",(\d+)(?:,(\d+))?\r\n')
INCOMING = re.compile(rb'\r\n\+QIURC: "incoming",(\d+),(\d+),"[\d.]+",\d+\r\n')
READ = re.compile(rb"\r\n\+QIRD: (\d+)\r\n")
URC = b'\r\n+QIURC: "'
OK = b"\r\nOK\r\n"
PROMPT = b"\r\n> "


class Serial(Protocol):
    """The port: virtual or real."""

    def write(self, data: bytes) -> None:
        """Type."""

    def read_some(self) -> bytes:
        """What has come; waits a little for more, and fails when nothing comes for too long."""


class Host:
    """Reads the port as a driver does: an answer is waited for, what is unsolicited is taken out."""

    def __init__(self, port: Serial) -> None:
        self._port = port
        self._unread = bytearray()
        self.data: dict[int, bytearray] = defaultdict(bytearray)
        """What came on each connectID."""
        self.waiting: set[int] = set()
        """Those that were announced and not read empty yet."""
        self.incoming: list[int] = []

    def _more(self) -> None:
        self._unread += self._port.read_some()

    def expect(self, expected: bytes) -> None:
        """The next bytes, once unsolicited ones are taken out, are these."""
        self.urcs()
        while len(self._unread) < len(expected) or self._unread[: len(URC)] == URC[: len(self._unread)]:
            self._more()  # an answer, or the rest of a URC of which one read gave the beginning
            self.urcs()
        assert self._unread.startswith(expected), f"{bytes(self._unread[:80])!r} is not {expected!r}"
        del self._unread[: len(expected)]

    def urcs(self) -> None:
        """Take out every URC that stands at the front."""
        while True:
            if found := INCOMING.match(self._unread):
                self.incoming.append(int(found[1]))
                del self._unread[: found.end()]
                continue
            found = RECV.match(self._unread)
            if found is None:
                return
            number, size = int(found[1]), found[2]
            del self._unread[: found.end()]
            if size is None:
                assert number not in self.waiting, f"{number} is announced twice"
                self.waiting.add(number)
            else:
                self.data[number] += self._bytes(int(size))
                assert self._bytes(2) == b"\r\n"

    def _bytes(self, count: int) -> bytes:
        while len(self._unread) < count:
            self._more()
        taken = bytes(self._unread[:count])
        del self._unread[:count]
        return taken

    def asks(self, command: str, answer: bytes) -> None:
        """A line and its whole answer."""
        self._port.write(command.encode() + b"\r")
        self.expect(answer)

    def sends(self, number: int, data: bytes) -> None:
        """One AT+QISEND."""
        self.asks(f"AT+QISEND={number},{len(data)}", PROMPT)
        self._port.write(data)
        self.expect(b"\r\nSEND OK\r\n")

    def fetches(self, number: int, size: int) -> int:
        """One AT+QIRD; how much came."""
        self._port.write(b"AT+QIRD=%d,%d\r" % (number, size))
        self.urcs()
        while (head := READ.match(self._unread)) is None:
            self._more()
            self.urcs()
        count = int(head[1])
        del self._unread[: head.end()]
        if count:
            self.data[number] += self._bytes(count)
            assert self._bytes(2) == b"\r\n"
        else:
            self.waiting.discard(number)
        self.expect(OK)
        return count

    def reads_empty(self, number: int) -> None:
        """AT+QIRD until nothing is left."""
        while self.fetches(number, 1500):
            pass

    def raw(self, number: int) -> None:
        """Data mode: everything that is there belongs to ``number``."""
        self.data[number] += self._unread
        self._unread.clear()

    def read_raw(self, number: int) -> None:
        """Data mode: read, and it belongs to ``number``."""
        self._more()
        self.raw(number)

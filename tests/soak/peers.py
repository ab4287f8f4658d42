"""The driver's words in each dialect, the far ends of connections, and the ledger of what went over them."""

from __future__ import annotations

import random
import re
import select
import socket
import string
import struct
import time
from dataclasses import dataclass

from .process import LIMIT, Client, SoakError

OPEN = {
    "sim800": 'AT+CIPSTART="TCP","127.0.0.1",{}',
    "quectel_mxx": 'AT+QIOPEN="TCP","127.0.0.1",{}',
    "bg96": 'AT+QIOPEN=1,0,"TCP","127.0.0.1",{},0,1',
}
OPENED = {"sim800": "CONNECT OK\r\n", "quectel_mxx": "CONNECT OK\r\n", "bg96": "+QIOPEN: 0,0\r\n"}
FAILED = {"sim800": "CONNECT FAIL\r\n", "quectel_mxx": "CONNECT FAIL\r\n", "bg96": "+QIOPEN: 0,5"}
SEND = {"sim800": "AT+CIPSEND={}", "quectel_mxx": "AT+QISEND={}", "bg96": "AT+QISEND=0,{}"}
CLOSE = {"sim800": "AT+CIPCLOSE", "quectel_mxx": "AT+QICLOSE", "bg96": "AT+QICLOSE=0"}
DOWN = {"sim800": "AT+CIPSHUT", "quectel_mxx": "AT+QIDEACT", "bg96": "AT+QIDEACT=1"}
MOST_SENT = {"sim800": 1460, "quectel_mxx": 1460, "bg96": 1460}
_HEADER = re.compile(rb'\r\n\+QIURC: "recv",0,\d+\r\n')
_LETTERS = string.ascii_lowercase.encode()
_OTHERS = bytes(set(range(256)) - set(_LETTERS))


@dataclass
class Ledger:
    """Bytes that went over all connections, each way: promised, and found in order at the other end."""

    up: int = 0
    down: int = 0
    unknown: int = 0
    """Sent, but the connection was lost before SEND OK: nobody promised anything."""
    connections: int = 0


class Link:
    """A connection of the module at ``port``, and its far end; a pattern from the seed goes over it."""

    def __init__(
        self, port: Client, dialect: str, ledger: Ledger, chance: random.Random, window: int = 0
    ) -> None:
        self.port, self.dialect, self._ledger, self._chance = port, dialect, ledger, chance
        self._sent = bytearray()
        self._arrived = bytearray()
        port.online(dialect)
        with socket.socket() as server:
            if window:
                server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
            server.bind(("127.0.0.1", 0))
            server.listen()
            server.settimeout(LIMIT)
            port.asks(OPEN[dialect].format(server.getsockname()[1]), OPENED[dialect])
            self.peer, _ = server.accept()
        self.peer.settimeout(LIMIT)
        ledger.connections += 1

    def pattern(self, size: int) -> bytes:
        return bytes(self._chance.choices(_LETTERS, k=size))

    def prompted(self, size: int) -> bool:
        """Whether the module takes the data; else the connection is not there any more."""
        heard = self.port.asks(SEND[self.dialect].format(size), "> ", "ERROR\r\n")
        return heard.endswith(b"> ")

    def sends(self, size: int) -> bool:
        """One send of the host's; whether it was promised."""
        data = self.pattern(size)
        if not self.prompted(size):
            return False
        self.port.writes(data)
        heard = self.port.hears("SEND OK\r\n", "SEND FAIL\r\n", "CLOSED\r\n", "ERROR\r\n", '"closed",0\r\n')
        self._sent += data
        if heard.endswith(b"SEND OK\r\n"):
            return True
        self._ledger.unknown += size
        return False

    def drains(self) -> None:
        """The peer reads what is there."""
        while select.select([self.peer], [], [], 0)[0] and (piece := self.peer.recv(65536)):
            self._arrived += piece

    def settles(self) -> None:
        """All that was promised has arrived, in order. Raises :class:`SoakError`."""
        end = time.monotonic() + LIMIT
        while len(self._arrived) < len(self._sent) and time.monotonic() < end:
            if select.select([self.peer], [], [], 0.5)[0]:
                piece = self.peer.recv(65536)
                if not piece:
                    break
                self._arrived += piece
        if self._arrived != self._sent:
            raise SoakError(f"{len(self._sent)} bytes promised, {len(self._arrived)} arrived, or others")
        self._ledger.up += len(self._sent)

    def floods(self, size: int) -> None:
        """The peer sends without end; the driver gets every byte in order. Raises :class:`SoakError`."""
        data, done, heard = self.pattern(size), 0, bytearray()
        self.peer.setblocking(False)
        end = time.monotonic() + LIMIT
        while len(body := _HEADER.sub(b"", heard).translate(None, _OTHERS)) < size:
            ready = select.select([self.port.fd], [self.peer] if done < size else [], [], 0.5)
            if ready[1]:
                done += self.peer.send(data[done : done + 65536])
            if ready[0]:
                heard += self.port.reads(0)
            if time.monotonic() > end:
                raise SoakError(f"{len(body)} of {size} bytes came to the driver")
        if body != data:
            raise SoakError(f"the driver got {len(body)} other bytes than the {size} sent")
        self.peer.settimeout(LIMIT)
        self._ledger.down += size

    def resets(self) -> None:
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.peer.close()

    def ends(self) -> None:
        """Close what is left on both sides: the module first, and the peer when it hears of that."""
        self.port.quiet()
        self.port.writes(CLOSE[self.dialect].encode() + b"\r")
        self._waits_for_end()
        self.port.hears("OK\r\n", "ERROR\r\n")
        self.port.quiet()

    def _waits_for_end(self) -> None:
        with self.peer:
            if self.peer.fileno() < 0:
                return
            try:
                while self.peer.recv(65536):
                    continue
            except OSError:  # it was reset, or nobody closes it
                return

"""Stalled paths as a host sees them: a real pty, a real server, faults between them, for each dialect."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import serial
from impaired_real import ImpairedModem
from vmodem.emulator.faults import (
    ActAsPeer,
    Anything,
    Blackhole,
    Direction,
    Impair,
    Latency,
    PeerAction,
    Peers,
    Restore,
    Stall,
)
from vmodem.emulator.recording.header import Header

LIMIT = 10.0
SERVER = "203.0.113.5"
LINK = Peers(f"tcp://{SERVER}:8500")


@dataclass(frozen=True)
class Words:
    """How a dialect is brought to a connection whose sends do not wait for the peer, and speaks then."""

    dialect: str
    setup: tuple[tuple[str, bytes], ...]
    send: str
    sent: bytes
    figures: str
    closed: bytes


WORDS = [
    Words(
        "sim800",
        (
            (f'AT+CIPSTART="TCP","{SERVER}","8500"', b"\r\nCONNECT OK\r\n"),
            ("AT+CIPQSEND=1", b"\r\nOK\r\n"),
        ),
        "AT+CIPSEND={}",
        b"\r\nDATA ACCEPT:",
        "AT+CIPACK",
        b"\r\nCLOSED\r\n",
    ),
    Words(
        "mxx",
        ((f'AT+QIOPEN="TCP","{SERVER}","8500"', b"\r\nCONNECT OK\r\n"),),
        "AT+QISEND={}",
        b"\r\nSEND OK\r\n",
        "AT+QISACK",
        b"\r\nCLOSED\r\n",
    ),
    Words(
        "bg96",
        (
            ('AT+QICSGP=1,1,"X"', b"\r\nOK\r\n"),
            ("AT+QIACT=1", b"\r\nOK\r\n"),
            (f'AT+QIOPEN=1,0,"TCP","{SERVER}",8500,0,0', b"\r\n+QIOPEN: 0,0\r\n"),
        ),
        "AT+QISEND=0,{}",
        b"\r\nSEND OK\r\n",
        "AT+QISEND=0,0",
        b'\r\n+QIURC: "closed",0\r\n',
    ),
]


class Desk:
    """A modem with a connection, the port, and the server's end."""

    def __init__(
        self, words: Words, modem: ImpairedModem, port: serial.Serial, server: socket.socket
    ) -> None:
        self.words = words
        self.modem = modem
        self.port = port
        self._unread = b""
        self.types("ATE0", b"OK\r\n")
        for command, answer in words.setup:
            self.types(command, answer)
        server.settimeout(LIMIT)
        self.peer = server.accept()[0]
        self.peer.settimeout(LIMIT)

    def reads(self, until: bytes) -> bytes:
        """Everything up to ``until``."""
        end = time.monotonic() + LIMIT
        while until not in self._unread:
            assert time.monotonic() < end, f"{until!r} does not come: {self._unread!r}"
            self._unread += self.port.read(max(1, self.port.in_waiting))
        head, _, self._unread = self._unread.partition(until)
        return head + until

    def types(self, command: str, answer: bytes) -> bytes:
        """Type a line, and read to ``answer``."""
        self.port.write(command.encode() + b"\r")
        return self.reads(answer)

    def sends(self, data: bytes) -> None:
        """One send, to its result."""
        self.types(self.words.send.format(len(data)), b"> ")
        self.port.write(data)
        self.reads(self.words.sent)

    def figures(self) -> tuple[int, ...]:
        """Sent, acknowledged, not acknowledged."""
        answer = self.types(self.words.figures, b"\r\nOK\r\n")
        found = re.search(rb": *(\d+), ?(\d+), ?(\d+)\r\n", answer)
        assert found is not None, answer
        return tuple(map(int, found.groups()))

    def comes_to(self, *figures: int) -> None:
        """The figures become these."""
        end = time.monotonic() + LIMIT
        while (now := self.figures()) != figures:
            assert time.monotonic() < end, now

    def gets(self, data: bytes) -> None:
        """The server reads exactly this."""
        got = b""
        while len(got) < len(data):
            got += self.peer.recv(65536)
        assert got == data

    def gets_nothing(self) -> None:
        """The server has nothing to read."""
        self.peer.setblocking(False)
        with pytest.raises(BlockingIOError):
            self.peer.recv(1)
        self.peer.settimeout(LIMIT)


@contextmanager
def at_desk(words: Words) -> Iterator[Desk]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        route = f"tcp://{SERVER}:8500=tcp://127.0.0.1:{server.getsockname()[1]}"
        modem = ImpairedModem(Header(dialect=words.dialect), [route], "127.0.0.1")
        try:
            with serial.Serial(modem.path, 115200, timeout=0.2) as port:
                desk = Desk(words, modem, port, server)
                with desk.peer:
                    yield desk
        finally:
            modem.close()


@pytest.fixture(params=WORDS, ids=lambda words: words.dialect)
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    with at_desk(request.param) as desk:
        yield desk


def test_a_blackholed_link(desk: Desk) -> None:
    desk.sends(b"before")
    desk.comes_to(6, 6, 0)
    desk.gets(b"before")
    desk.modem.suffers(Impair("hole", LINK, (Blackhole(),)))
    desk.sends(b"in the dark")
    assert desk.figures() == (17, 6, 11)
    desk.gets_nothing()
    desk.modem.suffers(Restore("hole"))
    desk.comes_to(17, 17, 0)
    desk.gets(b"in the dark")


def test_lost_acknowledgements(desk: Desk) -> None:
    desk.modem.suffers(Impair("hole", LINK, (Blackhole(),), Direction.TO_HOST))
    desk.sends(b"arrives")
    desk.gets(b"arrives")
    assert desk.figures() == (7, 0, 7)
    desk.modem.suffers(Restore())
    desk.comes_to(7, 7, 0)


def test_a_peer_that_stopped_reading(desk: Desk) -> None:
    desk.modem.suffers(Impair("stop", LINK, (Stall(1000),)))
    desk.sends(b"x" * 1400)
    assert desk.figures() == (1400, 1000, 400)
    desk.gets_nothing()
    desk.modem.suffers(Restore())
    desk.comes_to(1400, 1400, 0)
    desk.gets(b"x" * 1400)


def test_the_server_closes(desk: Desk) -> None:
    desk.modem.suffers(ActAsPeer(LINK, PeerAction.CLOSE))
    desk.reads(desk.words.closed)
    assert desk.peer.recv(1) == b""


def test_the_server_resets(desk: Desk) -> None:
    desk.modem.suffers(ActAsPeer(Anything(), PeerAction.RESET))
    desk.reads(desk.words.closed)
    with pytest.raises(ConnectionResetError):
        desk.peer.recv(1)


def test_send_ok_of_a_sim800_takes_the_round_trip() -> None:
    with at_desk(WORDS[0]) as desk:
        desk.types("AT+CIPQSEND=0", b"\r\nOK\r\n")
        desk.modem.suffers(Impair("far", LINK, (Latency(0.1),)))
        desk.types("AT+CIPSEND=5", b"> ")
        begin = time.monotonic()
        desk.port.write(b"hello")
        desk.reads(b"\r\nSEND OK\r\n")
        assert time.monotonic() - begin >= 0.199

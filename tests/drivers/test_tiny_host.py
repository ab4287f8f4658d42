"""A host with TinyGSM's parser carries data both ways, on a real pty with a real peer.

Over one link: a notice of another link just in front of an answer confuses this parser on any module.
One link's own notice cannot come between its count and its last byte, and that is what it lives on.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import serial
from real_tools import LIMIT, LOOPBACK, running_sim800
from tiny_host import TinyHost

SIZE = 6000
PIECE = 400


class Chatty:
    """A server that sends ``data`` in small pieces at odd moments, and keeps what it receives."""

    def __init__(self, data: bytes, seed: int) -> None:
        self._data = data
        self._chance = random.Random(seed)
        self.received = bytearray()
        self._news = threading.Condition()
        self._listening = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listening.getsockname()[1]
        self._connection: socket.socket | None = None
        self._threads = [threading.Thread(target=self._send, daemon=True)]
        self._threads[0].start()

    def _send(self) -> None:
        self._connection, _ = self._listening.accept()
        reading = threading.Thread(target=self._receive, daemon=True)
        self._threads.append(reading)
        reading.start()
        at = 0
        while at < len(self._data):
            size = self._chance.randint(1, 90)
            self._connection.sendall(self._data[at : at + size])
            at += size
            time.sleep(self._chance.random() * 0.004)  # the odd moments are what this test is about

    def _receive(self) -> None:
        assert self._connection is not None
        with contextlib.suppress(OSError):
            while data := self._connection.recv(4096):
                with self._news:
                    self.received += data
                    self._news.notify()

    def wait_for(self, count: int) -> None:
        """Let what is on its way arrive."""
        with self._news:
            self._news.wait_for(lambda: len(self.received) >= count, LIMIT)

    def close(self) -> None:
        """End it."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(LIMIT)


@pytest.fixture
def server() -> Iterator[Chatty]:
    made = Chatty(random.Random(1).randbytes(SIZE), seed=2)
    yield made
    made.close()


def test_nothing_is_lost_both_ways(server: Chatty) -> None:
    """Data comes at any moment of the host's commands."""
    upward = random.Random(3).randbytes(SIZE // 3)
    with running_sim800() as modem, serial.Serial(modem.path, 115200, timeout=5) as port:
        host = TinyHost(port)
        host.start()
        host.connect(0, LOOPBACK, server.port)
        sent = 0
        end = time.monotonic() + LIMIT
        while time.monotonic() < end and (len(host.received) < SIZE or sent < len(upward)):
            host.poll(0)
            if sent < len(upward):
                host.send(0, upward[sent : sent + PIECE])
                sent += PIECE
        server.wait_for(len(upward))
    assert bytes(host.received) == random.Random(1).randbytes(SIZE)
    assert bytes(server.received) == upward

"""A listening module through 10,000 clients: each is told of, told to have left, and leaves no descriptor."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
from collections.abc import Iterator

import pytest
import serial
from realnet import open_descriptors
from running_modem import ThreadedModem
from shell_host import OK, said
from vmodem.emulator.recording.header import Header

CLIENTS = 10_000
LOOPBACK = "127.0.0.1"
PATIENCE = 20.0
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closing sends RST."""
UNUSED = "\n".join(f'+QISTATE: {number},"","",,"INITIAL"' for number in range(6))


class Listener:
    """A host whose module listens."""

    def __init__(self, port: serial.Serial) -> None:
        self._port = port
        for line in ("ATE0", "AT+QIMUX=1", "AT+QIREGAPP", "AT+QIACT"):
            self.asks(line, OK)
        self.asks("AT+QILOCIP", b"\r\n")
        self.asks("AT+QISERVER=0,5", said("SERVER OK"))
        found = re.search(rb"TCP: (\d+)", self.asks("AT+QILPORT?", OK))
        assert found is not None
        self.address = (LOOPBACK, int(found[1]))

    def types(self, line: str) -> None:
        """Type a line."""
        self._port.write(line.encode() + b"\r")

    def asks(self, line: str, end: bytes) -> bytes:
        """Type a line; what is read up to ``end``."""
        self.types(line)
        return self.reads(end)

    def reads(self, end: bytes) -> bytes:
        """What comes up to ``end``, which must come."""
        read = bytes(self._port.read_until(end))
        assert read.endswith(end), read
        return read


@pytest.fixture
def listener() -> Iterator[Listener]:
    modem = ThreadedModem(Header(dialect="mxx"), (), LOOPBACK)
    try:
        with serial.Serial(modem.path, 115200, timeout=PATIENCE) as port:
            yield Listener(port)
    finally:
        modem.close()


def visit(host: Listener, number: int) -> None:
    """One client: it leaves with FIN or with RST, or is closed by the host; some send something first."""
    with socket.create_connection(host.address, PATIENCE) as client:
        assert host.reads(b"REMOTE IP: 127.0.0.1\r\n") == said("0, REMOTE IP: 127.0.0.1")
        if number % 5 == 0:
            client.sendall(b"hello")
            assert host.reads(b"hello") == said("+RECEIVE: 0, 5") + b"hello"
        if number % 3 == 0:
            host.types("AT+QICLOSE=0")
            assert client.recv(1) == b""
            client.close()
            assert host.reads(b"OK\r\n") == said("0, CLOSE OK")
            return
        if number % 3 == 1:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    assert host.reads(b"CLOSED\r\n") == said("0, CLOSED")


def test_clients_come_and_go_without_a_leaked_descriptor(listener: Listener) -> None:
    visit(listener, 0)
    before = open_descriptors()
    for number in range(CLIENTS):
        visit(listener, number)
    assert open_descriptors() == before
    assert listener.asks("AT+QISSTAT", b"LISTENNING\r\n") == said("OK", "S: LISTENNING")


def test_clients_that_do_not_wait_leave_no_descriptor_either(listener: Listener) -> None:
    """More at once than the module takes, most of them gone before it looks at them."""
    visit(listener, 0)
    before = open_descriptors()
    for _ in range(CLIENTS // 50):
        with contextlib.ExitStack() as row:
            for _ in range(10):
                # A client above the five may be refused while it still connects.
                with contextlib.suppress(ConnectionResetError):
                    row.enter_context(socket.create_connection(listener.address, PATIENCE))
    settled(listener)
    assert open_descriptors() == before
    visit(listener, 0)


def settled(host: Listener) -> None:
    """Ask until every client has been looked at and no link is left, twice in a row with nothing between."""
    quiet = 0
    for _ in range(10_000):
        answer = host.asks("AT+QISTATE", b'5,"","",,"INITIAL"\r\n')
        quiet = quiet + 1 if answer == said("OK", "STATE: IP PROCESSING", UNUSED) else 0
        if quiet == 2:
            return
    raise AssertionError("some link never closed")

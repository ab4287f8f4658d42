"""Twelve sockets of a BG96 in the three access modes at once, over a real pty with real peers."""

from __future__ import annotations

import random
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import serial
from bg96_host import OK, Host
from fleets import free_port
from running_modem import ThreadedModem
from vmodem.emulator.recording.header import Header

SIZE = 40_000
"""Bytes that each peer and each socket sends."""
LIMIT = 20.0
LISTENER, TRANSPARENT = 0, 6
CLIENTS = range(1, 7)
ACCEPTED = (11, 10, 9, 8, 7)


class Port:
    """The host's side of the pty."""

    def __init__(self, path: str) -> None:
        self.serial = serial.Serial(path, 115200, timeout=0)

    def write(self, data: bytes) -> None:
        self.serial.write(data)

    def read_some(self) -> bytes:
        data = self.read_now(LIMIT)
        assert data, "nothing comes"
        return data

    def read_now(self, seconds: float = 0.0) -> bytes:
        """What is there within ``seconds``; ``b""`` if nothing comes."""
        readable, _, _ = select.select([self.serial.fileno()], [], [], seconds)
        return bytes(self.serial.read(65536)) if readable else b""


class Peer:
    """A far end: sends ``SIZE`` random bytes in random pieces, and keeps what it receives."""

    def __init__(self, sock: socket.socket, seed: int) -> None:
        self.sock = sock
        sock.settimeout(LIMIT)
        chance = random.Random(seed)
        self.sent = chance.randbytes(SIZE)
        self.received = bytearray()
        self._cuts = sorted(chance.sample(range(1, SIZE), 40))
        self._threads = [threading.Thread(target=target) for target in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def _send(self) -> None:
        for start, end in zip([0, *self._cuts], [*self._cuts, SIZE], strict=True):
            self.sock.sendall(self.sent[start:end])

    def _receive(self) -> None:
        while len(self.received) < SIZE:
            data = self.sock.recv(65536)
            if not data:
                return
            self.received += data

    def join(self) -> None:
        """Until everything was sent and received."""
        for thread in self._threads:
            thread.join(LIMIT)
            assert not thread.is_alive()
        self.sock.close()


@pytest.fixture
def servers() -> Iterator[dict[int, socket.socket]]:
    """A listening server for each connectID that the host opens."""
    with ExitStack() as stack:
        yield {number: stack.enter_context(socket.create_server(("127.0.0.1", 0))) for number in CLIENTS}


def test_twelve_sockets(servers: dict[int, socket.socket]) -> None:
    routes = [f"tcp://10.0.0.9:{7000 + n}=tcp://127.0.0.1:{s.getsockname()[1]}" for n, s in servers.items()]
    modem = ThreadedModem(Header(dialect="bg96"), routes, "127.0.0.1")
    try:
        _story(Port(modem.path), servers)
    finally:
        modem.close()


def _story(port: Port, servers: dict[int, socket.socket]) -> None:
    host = Host(port)
    port.write(b"ATE0\r")
    host.expect(b"ATE0\r" + OK)
    host.asks('AT+QICSGP=1,1,"X"', OK)
    host.asks("AT+QIACT=1", OK)
    peers = {number: Peer(sock, number) for number, sock in _open(host, servers).items()}
    chance = random.Random(96)
    to_net = {number: chance.randbytes(SIZE) for number in peers}
    _transparent(port, host, to_net[TRANSPARENT])
    left = {number: bytearray(data) for number, data in to_net.items() if number != TRANSPARENT}
    while any(left.values()):
        number = chance.choice([number for number, data in left.items() if data])
        size = chance.randint(1, 1460)
        host.sends(number, bytes(left[number][:size]))
        del left[number][:size]
        for waiting in tuple(host.waiting):
            host.fetches(waiting, chance.randint(1, 1500))
    deadline = time.monotonic() + LIMIT
    while any(len(host.data[number]) < SIZE for number in peers):
        assert time.monotonic() < deadline
        for number in peers:
            host.reads_empty(number)
    for number, peer in peers.items():
        peer.join()
        assert host.data[number] == peer.sent, f"to the host on {number}"
        assert peer.received == to_net[number], f"to the peer of {number}"
    port.serial.close()


def _open(host: Host, servers: dict[int, socket.socket]) -> dict[int, socket.socket]:
    """The far ends of all connections, by connectID. The last one opened has the line in data mode."""
    listen_port = free_port()
    listen = f'AT+QIOPEN=1,{LISTENER},"TCP LISTENER","127.0.0.1",0,{listen_port},0'
    host.asks(listen, OK + b"\r\n+QIOPEN: 0,0\r\n")
    ends = {}
    for number in ACCEPTED:
        ends[number] = socket.create_connection(("127.0.0.1", listen_port))
        while number not in host.incoming:
            host.asks("AT", OK)
    for number in CLIENTS:
        opens = f'AT+QIOPEN=1,{number},"TCP","10.0.0.9",{7000 + number},0,'
        if number == TRANSPARENT:
            host.asks(f"{opens}2", b"\r\nCONNECT\r\n")
        else:
            host.asks(f"{opens}{number % 2}", OK + b"\r\n+QIOPEN: %d,0\r\n" % number)
        ends[number] = servers[number].accept()[0]
    return ends


def _transparent(port: Port, host: Host, data: bytes) -> None:
    """Everything of the transparent link, both ways at once; then out of data mode."""
    for at in range(0, SIZE, 1000):
        port.write(data[at : at + 1000])
        host.raw(TRANSPARENT)
        host.data[TRANSPARENT] += port.read_now()
    while len(host.data[TRANSPARENT]) < SIZE:
        host.read_raw(TRANSPARENT)
    quiet = port.read_now(1.1)
    assert quiet == b""
    port.write(b"+++")
    host.expect(OK)

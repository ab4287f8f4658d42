"""A modem at a port of each kind, and a client that opens it: for tests that hold for all of them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import serial
from vmodem.emulator.background import Background, HostedModem
from vmodem.emulator.choices import Checked, Choices, check
from vmodem.emulator.endpoints import Carries, Pipe
from vmodem.emulator.endpoints.inprocess import InProcessPipe
from vmodem.emulator.endpoints.pty import PtyPipe
from vmodem.emulator.endpoints.rfc2217 import Rfc2217Pipe
from vmodem.emulator.endpoints.serialport import SerialPipe
from vmodem.emulator.endpoints.tcp import Binding, TcpPipe
from vmodem.emulator.events import LineSignal

LIMIT = 20.0
"""Seconds that nothing here can take, unless it hangs."""
ANY_PORT = Binding("127.0.0.1", 0)
CARRIES: dict[str, Carries] = {
    "pty": PtyPipe.carries,
    "tcp": TcpPipe.carries,
    "rfc2217": Rfc2217Pipe.carries,
    "url": InProcessPipe.carries,
    # Where a pty stands in for an adapter there are no lines: bytes only.
    "serial": Carries(dtr_by_opening=False),
}
KINDS = tuple(CARRIES)
HAVE_SOCAT = shutil.which("socat") is not None


def kinds(condition: Callable[[Carries], bool]) -> list[str]:
    """The kinds that can."""
    return [kind for kind in KINDS if condition(CARRIES[kind])]


def with_line(signal: LineSignal) -> list[str]:
    """The kinds that carry ``signal``."""
    return kinds(lambda carries: signal in carries.to_host | carries.to_module)


class Port:
    """A modem, and its client's view."""

    def __init__(self, modem: HostedModem, url: str, notes: list[str]) -> None:
        self.modem = modem
        self.url = url
        self.notes = notes
        self._clients: list[serial.Serial] = []

    def open(self, baud: int = 115200, **settings: Any) -> Client:
        """Open it."""
        port = serial.serial_for_url(self.url, baud, timeout=LIMIT, **settings)
        self._clients.append(port)
        return Client(port)

    def close(self) -> None:
        for client in self._clients:
            client.close()


class Client:
    """A driver at the port."""

    def __init__(self, port: serial.Serial) -> None:
        self.port = port

    def ask(self, line: str, until: str = "OK\r\n") -> str:
        """What comes after a command line, up to and with ``until``."""
        self.port.write(line.encode() + b"\r")
        return self.hear(until)

    def hear(self, until: str) -> str:
        heard = self.port.read_until(until.encode())
        assert heard.endswith(until.encode()), heard
        return str(heard.decode("latin-1"))

    def online(self) -> None:
        """Echo off, and the context up."""
        for line in ("ATE0", 'AT+CSTT="internet"', "AT+CIICR"):
            self.ask(line)
        self.ask("AT+CIFSR", ".")
        self.hear("\r\n")

    def connects(self, server: socket.socket, before: str = "AT+CIPMODE=1") -> socket.socket:
        """A transparent connection to ``server``; its end of it."""
        self.online()
        self.ask(before)
        host, number = server.getsockname()
        self.ask(f'AT+CIPSTART="TCP","{host}",{number}', "CONNECT\r\n")
        peer, _ = server.accept()
        peer.settimeout(LIMIT)
        return peer


def connect(port: Port) -> socket.socket:
    """A connection to a TCP port that speaks as the test does."""
    host, number = port.url.partition("://")[2].split(":")
    return socket.create_connection((host, int(number)), LIMIT)


def hears(client: socket.socket, until: bytes) -> bytes:
    """All that comes, up to and with ``until``."""
    heard = b""
    while not heard.endswith(until):
        piece = client.recv(4096)
        assert piece, heard
        heard += piece
    return heard


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether ``condition`` comes true before the limit."""
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.001)
    return True


@contextmanager
def running(
    kind: str, folder: Path, *, timings: dict[str, float] | None = None, **chosen: object
) -> Iterator[Port]:
    """A SIM800 at a port of this kind; nothing of it is left afterwards, which is checked."""
    choices = Choices(network="loopback", **chosen)  # type: ignore[arg-type]
    checked = check(choices)
    if timings:
        checked = replace(checked, options=tuple(replace(o, timings=timings) for o in checked.options))
    with _line(kind, folder) as (make, url):
        yield from _run(checked, make, url)


def _run(checked: Checked, make: Callable[[], Pipe] | None, url: str | None) -> Iterator[Port]:
    from vmodem.emulator import background

    notes: list[str] = []
    # The URL handler looks in the room that all share.
    room = background.SHARED if make is None else Background()
    before = set(threading.enumerate())
    descriptors = len(os.listdir("/proc/self/fd"))
    modem = room.start(checked, make, note=notes.append)
    port = Port(modem, modem.port if url is None else url, notes)
    try:
        yield port
    finally:
        port.close()
        modem.stop()
    assert eventually(lambda: set(threading.enumerate()) <= before)
    assert len(os.listdir("/proc/self/fd")) <= descriptors


@contextmanager
def _line(kind: str, folder: Path) -> Iterator[tuple[Callable[[], Pipe] | None, str | None]]:
    if kind == "serial":
        ends = folder / "board", folder / "adapter"
        with socat(*ends):
            yield lambda: SerialPipe(str(ends[1]), 115200), str(ends[0])
        return
    pipes: dict[str, Callable[[], Pipe] | None] = {
        "pty": PtyPipe,
        "tcp": lambda: TcpPipe(ANY_PORT),
        "rfc2217": lambda: Rfc2217Pipe(ANY_PORT),
        "url": None,
    }
    yield pipes[kind], None


@contextmanager
def socat(one: Path, other: Path) -> Iterator[None]:
    """A cable: two ptys that lead to each other."""
    ends = [f"pty,rawer,link={end}" for end in (one, other)]
    process = subprocess.Popen(["socat", *ends])
    try:
        assert eventually(lambda: one.exists() and other.exists())
        yield
    finally:
        process.terminate()
        process.wait(LIMIT)

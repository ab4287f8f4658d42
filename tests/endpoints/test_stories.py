"""Stories of the catalogue over a real pty with real sockets: ``vmodem run --scenario``."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial
from fleets import Fleet
from story_drivers import WORDS, Careful, CarefulOnline, Careless, Driver

SERVER, PORT = "203.0.113.5", 8500
PAUSES = {"sms_and_call": 0.5}
"""Seconds between two messages, where something has to happen meanwhile."""


class RealPort:
    """The modem's port."""

    def __init__(self, path: str) -> None:
        self.serial = serial.Serial(path, 115200, timeout=0)

    def write(self, data: bytes) -> None:
        self.serial.write(data)

    def clock(self) -> float:
        return time.monotonic()

    def rang(self) -> bool:
        return False  # a pseudo terminal has no RI

    def read(self, seconds: float) -> bytes:
        readable, _, _ = select.select([self.serial.fileno()], [], [], max(0.0, seconds))
        return bytes(self.serial.read(65536)) if readable else b""


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""

    def serve(sock: socket.socket) -> None:
        with sock:
            try:
                while data := sock.recv(65536):
                    sock.sendall(data)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(sock,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5.0)


def play(tmp_path: Path, kind: type[Driver], story: str, dialect: str, echo: int) -> tuple[bool, int, str]:
    """What the driver believes, the exit status, and the report."""
    route = f"tcp://{SERVER}:{PORT}=tcp://127.0.0.1:{echo}"
    fleet = Fleet(
        tmp_path, 1, "--scenario", story, "--dialect", dialect, "--route", route, "--network", "none"
    )
    try:
        (path,) = fleet.paths()
        port = RealPort(path)
        believes = kind(port, WORDS[dialect], SERVER, PORT, PAUSES.get(story, 0.05)).run(60.0)
        port.serial.close()
        status, report = fleet.stop()
    finally:
        fleet.close()
    return believes, status, report


@pytest.mark.parametrize(
    ("story", "dialect"),
    [
        ("server_resets", "sim800"),
        ("send_fail", "quectel_mxx"),
        ("remote_close", "bg96"),
        ("urcs-everywhere", "sim800"),
        ("sms_and_call", "quectel_mxx"),
    ],
)
def test_a_careful_driver_passes(tmp_path: Path, echo: int, story: str, dialect: str) -> None:
    kind = CarefulOnline if story == "sms_and_call" else Careful
    believes, status, report = play(tmp_path, kind, story, dialect, echo)
    assert believes, report
    assert status == 0, report
    assert "FAILED" not in report


@pytest.mark.parametrize(("story", "dialect"), [("server_resets", "bg96"), ("send_fail", "sim800")])
def test_a_careless_driver_fails(tmp_path: Path, echo: int, story: str, dialect: str) -> None:
    believes, status, report = play(tmp_path, Careless, story, dialect, echo)
    assert not believes
    assert status == 1, report
    assert "FAILED: everything-arrives: " in report
    assert report.splitlines()[-1] == "the scenario failed (seed 0)"

"""What the host runs out of: a disk under log or capture, descriptors. The modem goes on answering."""

from __future__ import annotations

import json
import os
import resource
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from soak.process import LIMIT, Process, until

Start = Callable[..., Process]
SIZE = 6000


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    begun: list[Process] = []

    def begin(*options: str, file_size: int = 0) -> Process:
        begun.append(Process(tmp_path, ("--link", str(tmp_path / "modem"), *options), file_size=file_size))
        begun[-1].wait_ready()
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()


def talk(process: Process, times: int) -> None:
    with process.port(0) as port:
        for _ in range(times):
            port.asks("AT")


def test_a_full_disk_under_the_log(start: Start, tmp_path: Path) -> None:
    """RLIMIT_FSIZE takes part of the last write, as a disk does that fills up."""
    log = tmp_path / "log"
    modem = start("--log", str(log), file_size=SIZE)
    talk(modem, 300)
    assert modem.stop() == (0, "vmodem run: the log ends here: File too large\n")
    text = log.read_text()
    assert SIZE - 300 < len(text) <= SIZE
    assert text.endswith("\n")
    assert all(map(json.loads, text.splitlines()))


def test_a_device_that_is_full_from_the_start(start: Start) -> None:
    modem = start("--log", "/dev/full")
    talk(modem, 3)
    assert modem.stop() == (0, "vmodem run: the log ends here: No space left on device\n")


def test_a_full_disk_under_the_log_and_the_capture(start: Start, tmp_path: Path) -> None:
    modem = start("--log", str(tmp_path / "log"), "--pcap", str(tmp_path / "pcap"), file_size=SIZE)
    talk(modem, 300)
    status, told = modem.stop()
    assert status == 0
    assert sorted(told.splitlines()) == [
        "vmodem run: the capture ends here: File too large",
        "vmodem run: the log ends here: File too large",
    ]


def cpu(process: Process) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_no_descriptor_for_a_client_of_the_control_socket(start: Start, tmp_path: Path) -> None:
    place = tmp_path / "ctl"
    modem = start("--ctl", str(place))
    spare = modem.descriptors() + 3
    resource.prlimit(modem.pid, resource.RLIMIT_NOFILE, (spare, 1024))
    clients = [socket.socket(socket.AF_UNIX) for _ in range(12)]
    for client in clients:
        client.settimeout(LIMIT)
        client.connect(str(place))
    talk(modem, 20)
    begun = cpu(modem)
    until(lambda: "cannot accept" in modem.told())
    talk(modem, 20)
    assert cpu(modem) - begun < 1.0
    for client in clients:
        client.close()
    resource.prlimit(modem.pid, resource.RLIMIT_NOFILE, (1024, 1024))
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(LIMIT)
        client.connect(str(place))
        client.sendall(b'{"query": "modems"}\n')
        assert b'"ok": true' in client.recv(4096)
    status, told = modem.stop()
    assert status == 0
    assert set(told.splitlines()) == {"vmodem run: cannot accept a client: Too many open files"}


def test_no_descriptor_for_a_connection(start: Start) -> None:
    """A failure of the network, as far as the host can tell; the next one, with descriptors, is none."""
    modem = start()
    with socket.create_server(("127.0.0.1", 0)) as server, modem.port(0) as port:
        port.online("sim800", multi=False)
        here = modem.descriptors()
        resource.prlimit(modem.pid, resource.RLIMIT_NOFILE, (here, 1024))
        dial = f'AT+CIPSTART="TCP","127.0.0.1",{server.getsockname()[1]}'
        port.asks(dial, "CONNECT FAIL\r\n")
        resource.prlimit(modem.pid, resource.RLIMIT_NOFILE, (1024, 1024))
        port.asks(dial, "CONNECT OK\r\n")
    assert modem.stop() == (0, "")


def test_no_descriptor_for_a_client_of_the_modules_listener(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "log"
    modem = start("--log", str(log))
    with modem.port(0) as port:
        port.online("sim800", multi=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            number = free.getsockname()[1]
        port.asks(f"AT+CIPSERVER=1,{number}", "SERVER OK\r\n")
        here = modem.descriptors()
        resource.prlimit(modem.pid, resource.RLIMIT_NOFILE, (here, 1024))
        begun = cpu(modem)
        with socket.create_connection(("127.0.0.1", number), LIMIT):
            until(lambda: "no client can be accepted" in log.read_text())
            moment = time.monotonic()
            while time.monotonic() - moment < 0.5:
                port.asks("AT")
            busy = cpu(modem) - begun
            resource.prlimit(modem.pid, resource.RLIMIT_NOFILE, (1024, 1024))
            port.hears("0, REMOTE IP: 127.0.0.1\r\n")
        assert busy < 1.0
    assert log.read_text().count("no client can be accepted") == 1
    assert modem.stop()[0] == 0

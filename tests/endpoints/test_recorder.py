"""A recorder in trouble: sides that do not read, a module or a disk that goes, signals; modules at URLs."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial
from beside import LIMIT, VMODEM, environment
from fleets import free_port
from vmodem.emulator.recording.format import Transcript, load, of_module

LINES = ("AT+CSQ", "ATE0", "AT+CGSN", "AT+CREG?", "AT+CIPMUX?")
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the command; its first line is its port."""
    running: list[subprocess.Popen[str]] = []

    def begin(*words: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [VMODEM, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(tmp_path),
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line, process.communicate()
    return line


def ended(process: subprocess.Popen[str], number: int | None = None) -> tuple[int, str]:
    """Exit status and standard error, after a signal."""
    if number is not None:
        process.send_signal(number)
    _, err = process.communicate(timeout=LIMIT)
    return process.returncode, err


def drive(port: str, *lines: str) -> list[bytes]:
    """A driver that waits for each answer."""
    heard = []
    with serial.serial_for_url(port, 115200, timeout=LIMIT) as driver:
        for line in lines:
            driver.write(line.encode() + b"\r")
            heard.append(driver.read_until(b"OK\r\n"))
    assert all(answer.endswith(b"OK\r\n") for answer in heard), heard
    return heard


def until(satisfied: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not satisfied():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def module(transcript: Transcript) -> bytes:
    return b"".join(map(of_module, transcript.steps))


@pytest.fixture
def real(start: Start, tmp_path: Path) -> str:
    """The module."""
    return first_line(start("run", "--link", tmp_path / "real", "--network", "loopback"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it(start: Start, tmp_path: Path, real: str, number: int) -> None:
    recorder = start("record", "--serial", real, "--link", tmp_path / "tty", "-o", tmp_path / "d.txt")
    first_line(recorder)
    assert ended(recorder, number) == (0, "")
    assert not os.path.lexists(tmp_path / "tty")


def test_a_module_that_goes(start: Start, tmp_path: Path) -> None:
    run = start("run", "--link", tmp_path / "real")
    recorder = start(
        "record", "--serial", first_line(run), "--link", tmp_path / "tty", "-o", tmp_path / "d.txt"
    )
    drive(first_line(recorder), "AT")
    run.terminate()
    run.wait()
    status, err = ended(recorder)
    assert status == 3
    assert err.startswith(f"vmodem record: {tmp_path / 'real'} is gone: ")
    assert err.count("\n") == 1
    assert not os.path.lexists(tmp_path / "tty")
    assert (tmp_path / "d.txt").read_text().endswith("; the module's port is gone\n")


def test_a_full_disk_ends_it(start: Start, tmp_path: Path, real: str) -> None:
    recorder = start("record", "--serial", real, "--link", tmp_path / "tty", "-o", "/dev/full")
    status, err = ended(recorder)
    assert (status, err) == (
        3,
        "vmodem record: cannot write /dev/full: No space left on device (the recording ends before that)\n",
    )


@pytest.mark.parametrize("kind", ["socket", "rfc2217", "vmodem"])
def test_a_module_at_a_url(start: Start, tmp_path: Path, kind: str) -> None:
    url = "vmodem://sim800?network=loopback"
    if kind != "vmodem":
        option = {"socket": "--tcp", "rfc2217": "--rfc2217"}[kind]
        url = first_line(start("run", option, str(free_port())))
    file = tmp_path / "d.txt"
    recorder = start("record", "--serial", url, "--link", tmp_path / "tty", "-o", file)
    heard = drive(first_line(recorder), *LINES)
    assert ended(recorder, signal.SIGTERM) == (0, "")
    assert module(load(file)) == b"".join(heard)


def test_neither_side_outruns_the_other(start: Start, tmp_path: Path) -> None:
    """A module that writes on and on to a driver that does not read is stopped; nothing is lost."""
    master, slave = os.openpty()
    port = serial.Serial(os.ttyname(slave), timeout=0)  # raw
    os.set_blocking(master, False)
    recorder = start(
        "record", "--serial", os.ttyname(slave), "--link", tmp_path / "tty", "-o", tmp_path / "d.txt"
    )
    tty = first_line(recorder)
    port.close()
    data = bytes(range(32, 127)) * 20000
    with serial.Serial(tty, 115200, timeout=LIMIT) as driver:
        until(lambda: "opens its port" in (tmp_path / "d.txt").read_text())
        sent = stalled = 0
        while stalled < 100:
            try:
                sent += os.write(master, data[sent : sent + 4096])
                stalled = 0
            except BlockingIOError:
                stalled += 1
                time.sleep(0.005)
        assert 0 < sent < 400_000, "what is under way is bounded"
        driver.write(b"x" * 10)
        heard = driver.read(sent)
    assert heard == data[:sent]
    until(lambda: len(module(load(tmp_path / "d.txt"))) == sent)
    os.close(master)
    os.close(slave)
    assert ended(recorder)[0] == 3


def written(driver: serial.Serial, data: bytes) -> int:
    """How much of it can be written."""
    sent = 0
    while sent < len(data):
        try:
            sent += driver.write(data[sent : sent + 1000]) or 0
        except serial.SerialTimeoutException:
            break
    return sent


def test_a_driver_is_stopped_when_the_module_takes_nothing(start: Start, tmp_path: Path) -> None:
    master, slave = os.openpty()
    port = serial.Serial(os.ttyname(slave), timeout=0)
    recorder = start(
        "record", "--serial", os.ttyname(slave), "--link", tmp_path / "tty", "-o", tmp_path / "d.txt"
    )
    tty = first_line(recorder)
    port.close()
    data = bytes(range(32, 127)) * 5000
    with serial.Serial(tty, 115200, timeout=LIMIT, write_timeout=1) as driver:
        sent = written(driver, data)
        heard = bytearray()

        def read() -> None:
            while len(heard) < sent:
                heard.extend(os.read(master, 65536))

        reader = threading.Thread(target=read)
        reader.start()
        reader.join(LIMIT)
    assert 0 < sent < 200_000
    assert bytes(heard[:sent]) == data[:sent]
    assert ended(recorder, signal.SIGTERM) == (0, "")
    os.close(master)
    os.close(slave)

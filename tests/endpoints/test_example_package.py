"""A stranger's package, really installed: found by its entry point, listed, and run on a pty."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import serial

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests/examples/acme_modem"
LIMIT = 20.0
VMODEM = (sys.executable, "-m", "vmodem.emulator")

pytestmark = pytest.mark.skipif(find_spec("pip") is None, reason="this environment has no pip")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment variables under which the package is installed, beside the vmodem that is here."""
    folder = tmp_path_factory.mktemp("installed")
    source = folder / "source"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "build"))
    target = folder / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(target)]
    done = subprocess.run([*install, str(source)], capture_output=True, text=True, check=False)
    if "setuptools" in done.stderr and "No matching distribution" in done.stderr:
        pytest.skip("pip cannot get setuptools: no package index can be reached")
    assert done.returncode == 0, done.stderr
    return {**os.environ, "PYTHONPATH": str(target)}


def vmodem(environment: dict[str, str], *arguments: str) -> str:
    """What the command prints; it must succeed."""
    command = [*VMODEM, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd="/")
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_it_is_listed(environment: dict[str, str]) -> None:
    lines = vmodem(environment, "dialects").splitlines()
    assert [line.split(None, 1) for line in lines if line.startswith("acme")] == [["acme_m1", "ACME M1"]]


def test_its_commands_are_a_table(environment: dict[str, str]) -> None:
    lines = vmodem(environment, "commands", "acme_m1", "--format", "csv").splitlines()
    assert 'AT+MOPEN,"T,W",M1 4.1,implemented' in lines
    assert "AT+MSN,E,M1 1.2,implemented" in lines


@pytest.fixture
def echo_server() -> Iterator[int]:
    """The port of a server on loopback that sends back what one client sends."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LIMIT)

        def serve() -> None:
            client, _ = server.accept()
            with client:
                client.settimeout(LIMIT)
                while data := client.recv(4096):
                    client.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(LIMIT)
        assert not thread.is_alive()


@pytest.fixture
def port(environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The pty of a running ``vmodem run --dialect acme_m1``."""
    ready = tmp_path / "ready"
    options = ["--network", "loopback", "--link", str(tmp_path / "m1"), "--ready-file", str(ready)]
    command = [*VMODEM, "run", "--dialect", "acme_m1", *options]
    modem = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, cwd="/")
    try:
        latest = time.monotonic() + LIMIT
        while not ready.exists():
            assert modem.poll() is None
            assert time.monotonic() < latest
            time.sleep(0.02)
        yield ready.read_text().strip()
    finally:
        modem.terminate()
        assert modem.wait(LIMIT) == 0


def test_it_runs_on_a_pty_with_real_sockets(port: str, echo_server: int) -> None:
    with serial.Serial(port, timeout=LIMIT) as dte:

        def does(typed: bytes, answer: bytes) -> None:
            dte.write(typed)
            assert dte.read(len(answer)) == answer

        does(b"ATE0\r", b"ATE0\r\r\nOK\r\n")
        does(b"AT+MNET=1\r", b"\r\nOK\r\n")
        opened = b"\r\nOK\r\n\r\n+MOPENED: 0\r\n"
        does(b'AT+MOPEN=0,"TCP","127.0.0.1",%d\r' % echo_server, opened)
        does(b"AT+MSEND=0,5\r", b"\r\n> ")
        does(b"hello", b"\r\n+MSENT: 0,5\r\n\r\nOK\r\n\r\n+MDATA: 0,5\r\n")
        does(b"AT+MRECV=0\r", b"\r\n+MRECV: 0,5\r\nhello\r\nOK\r\n")
        does(b"AT+MCLOSE=0\r", b"\r\nOK\r\n")

"""``vmodem run --count`` as another process, and a host at each of its ports."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import serial

COMMAND = Path(sys.executable).with_name("vmodem")
LIMIT = 20.0
"""Seconds that nothing here can take, unless it hangs."""


class Fleet:
    """A running ``vmodem run --count``."""

    def __init__(self, home: Path, count: int, *options: str | Path, prefix: tuple[str, ...] = ()) -> None:
        self.count = count
        self._ports: list[serial.Serial] = []
        self.process = subprocess.Popen(
            [*prefix, str(COMMAND), "run", "--count", str(count), *map(str, options)],
            bufsize=0,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "XDG_RUNTIME_DIR": str(home)},
        )

    def paths(self) -> list[str]:
        """The ports, which are the first lines that it prints."""
        return [self.line() for _ in range(self.count)]

    def line(self) -> str:
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], LIMIT)[0], "it says nothing"
        line: bytes = self.process.stdout.readline()
        assert line, self.end()
        return line.decode().removesuffix("\n")

    def hosts(self) -> list[Host]:
        """A host at each port."""
        hosts = [Host(path) for path in self.paths()]
        self._ports += [host.port for host in hosts]
        return hosts

    def end(self) -> tuple[int, str]:
        _, err = self.process.communicate(timeout=LIMIT)
        return self.process.returncode, err.decode()

    def stop(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGTERM)
        return self.end()

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        for port in self._ports:
            port.close()


class Host:
    """What sits at a port and types; without echo."""

    def __init__(self, path: str) -> None:
        self.port = serial.Serial(path, 115200, timeout=LIMIT)
        self.port.write(b"ATE0\r")
        self.port.read_until(b"OK\r\n")

    def ask(self, line: str, until: str = "OK\r\n") -> str:
        """What comes after ``line``, up to and with ``until``."""
        self.port.write(line.encode() + b"\r")
        return self.hear(until)

    def status(self) -> str:
        """What AT+CIPSTATUS says."""
        self.ask("AT+CIPSTATUS", until="STATE: ")
        return self.hear("\r\n").removesuffix("\r\n")

    def hear(self, until: str) -> str:
        heard = self.port.read_until(until.encode()).decode()
        assert heard.endswith(until), heard
        return heard

    def online(self) -> str:
        """Bring the context up; the address that the module prints."""
        self.ask('AT+CSTT="internet"')
        self.ask("AT+CIICR")
        return self.ask("AT+CIFSR", until=".")[2:] + self.hear("\r\n")[:-2]

    def send(self, text: str) -> None:
        self.ask(f"AT+CIPSEND={len(text)}", until="> ")
        self.port.write(text.encode())
        assert self.hear("OK\r\n") == "\r\nSEND OK\r\n"


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(type=kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])

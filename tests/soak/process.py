"""A real ``vmodem run`` under a soak, and its serial clients, with all that can be counted from outside."""

from __future__ import annotations

import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import termios
import time
import tty
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

LIMIT = 20.0
"""Seconds that no single step takes, unless something hangs."""
ROOT = Path(__file__).resolve().parent.parent.parent
LAST_LINES = 40


class SoakError(AssertionError):
    """Something that must hold does not; the message says what."""


def until(condition: Callable[[], object], what: str = "a condition", limit: float = LIMIT) -> None:
    """Wait for another process, which tells nobody when it is done. Raises :class:`SoakError`."""
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise SoakError(f"after {limit} s still not: {what}")
        time.sleep(0.01)


class Process:
    """A running modem process in ``folder``; ``file_size`` and ``files`` are its limits;
    its wall clock may be ``jumping``.
    """

    def __init__(
        self,
        folder: Path,
        options: tuple[str, ...],
        *,
        file_size: int = 0,
        files: int = 0,
        jumping: bool = False,
    ) -> None:
        self.folder = folder
        self.ready = folder / "ready"
        self._errors = folder / "stderr"

        wall = {"PYTHONPATH": str(ROOT / "tests/soak/wall")} if jumping else {}
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "emulator"), "run", "--ready-file", str(self.ready), *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**os.environ, "XDG_RUNTIME_DIR": str(folder), **wall},
            )
        self.pid = self.process.pid
        # Python takes longer to start than this does: the limits hold before anything is opened.
        for what, size in ((resource.RLIMIT_FSIZE, file_size), (resource.RLIMIT_NOFILE, files)):
            if size:
                resource.prlimit(self.pid, what, (size, size))

    def wait_ready(self) -> None:
        """Until its ports can be used; raises :class:`SoakError` with what it said instead."""
        until(lambda: self.ready.exists() or self.process.poll() is not None, "ready")
        if self.process.poll() is not None:
            raise SoakError(f"vmodem ended with {self.process.returncode}: {self.told()}")

    def told(self) -> str:
        """All of its standard error."""
        return self._errors.read_text(errors="replace")

    def ports(self) -> list[str]:
        return self.ready.read_text().splitlines()

    def port(self, number: int) -> Client:
        """Open port ``number``."""
        return Client(self.ports()[number])

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Exit status and standard error after this signal."""
        self.process.send_signal(number)
        return self.process.wait(LIMIT), self.told()

    def kill(self) -> None:
        """End it, if it has not ended."""
        self.process.kill()
        self.process.wait(LIMIT)

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def threads(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/task"))

    def resident(self) -> int:
        """KiB of memory that is its own."""
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())
        assert found is not None
        return int(found[1])


class Client:
    """A driver at a port: a pseudo terminal's path, or a URL of TCP or RFC 2217 (then without its words)."""

    def __init__(self, port: str) -> None:
        self.dialogue: deque[str] = deque(maxlen=LAST_LINES)
        self._socket: socket.socket | None = None
        self._telnet = port.startswith("rfc2217://")
        if "://" in port:
            host, _, number = port.partition("://")[2].rpartition(":")
            self._socket = socket.create_connection((host, int(number)), LIMIT)
            self.fd = self._socket.fileno()
        else:
            self.fd = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
            tty.setraw(self.fd, termios.TCSANOW)
        os.set_blocking(self.fd, False)
        self._held = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        elif self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def writes(self, data: bytes) -> None:
        """All of it; raises :class:`SoakError` when the modem takes none for :data:`LIMIT` seconds."""
        self.dialogue.append(f"> {data[:80]!r}")
        if self._telnet:
            data = data.replace(b"\xff", b"\xff\xff")
        while data:
            if not select.select([], [self.fd], [], LIMIT)[1]:
                raise SoakError("the modem takes no more bytes")
            try:
                data = data[os.write(self.fd, data) :]
            except BlockingIOError:
                continue

    def reads(self, limit: float = LIMIT) -> bytes:
        """What is there next; nothing after ``limit`` seconds."""
        if not select.select([self.fd], [], [], limit)[0]:
            return b""
        try:
            data = os.read(self.fd, 65536)
        except BlockingIOError:
            return b""
        if self._telnet:
            data = re.sub(rb"\xff(?:[\xfb-\xfe].|\xfa.*?\xff\xf0)", b"", data, flags=re.DOTALL)
            data = data.replace(b"\xff\xff", b"\xff")
        if data:
            self.dialogue.append(f"< {data[:80]!r}")
        return data

    def hears(self, *ends: str) -> bytes:
        """All up to and with the first of ``ends`` to come; the rest is kept. Raises :class:`SoakError`."""
        end = time.monotonic() + LIMIT
        while True:
            found = [place + len(e) for e in ends if (place := self._held.find(e.encode())) >= 0]
            if found:
                heard, self._held = self._held[: min(found)], self._held[min(found) :]
                return heard
            data = self.reads(0.5)
            if not data and time.monotonic() > end:
                raise SoakError(f"none of {ends} came; last {self._held[-200:]!r}")
            self._held += data

    def asks(self, line: str, *ends: str) -> bytes:
        """The answer to a command line, up to the first of ``ends`` (OK)."""
        self.writes(line.encode() + b"\r")
        return self.hears(*(ends or ("\r\nOK\r\n",)))

    def takes(self, size: int) -> bytes:
        """Exactly ``size`` bytes. Raises :class:`SoakError`."""
        end = time.monotonic() + LIMIT
        while len(self._held) < size:
            self._held += self.reads(0.5)
            if len(self._held) < size and time.monotonic() > end:
                raise SoakError(f"{len(self._held)} of {size} bytes came")
        data, self._held = self._held[:size], self._held[size:]
        return data

    def quiet(self, seconds: float = 0.1) -> bytes:
        """All that comes until nothing has come for so long."""
        heard, self._held = self._held, b""
        while piece := self.reads(seconds):
            heard += piece
        return heard

    def reads_until(self, end: bytes, seconds: float) -> bool:
        """Whether ``end`` is among what comes until nothing has come for so long."""
        heard, self._held = self._held, b""
        while end not in heard and (piece := self.reads(seconds)):
            heard += piece
        return end in heard

    def wakes(self) -> None:
        """Until it answers AT, after whatever was going on."""
        for _ in range(50):
            self.writes(b"AT\r")
            if self.reads_until(b"OK\r\n", 0.2):
                self.quiet(0.05)
                return
        raise SoakError("the modem does not answer AT")

    def online(self, dialect: str, multi: bool = False) -> None:
        """Echo off, a PDP context up."""
        self.wakes()
        self.asks("ATE0")
        if dialect == "bg96":
            self.asks("AT+QIDEACT=1", "OK\r\n", "ERROR\r\n")
            self.asks('AT+QICSGP=1,1,"internet"')
            self.asks("AT+QIACT=1", "OK\r\n", "ERROR\r\n")
            return
        if dialect == "quectel_mxx":
            self.asks("AT+QIDEACT", "DEACT OK\r\n")
            self.asks("AT+QIMUX=0")
            self.asks('AT+QIREGAPP="internet","",""')
            self.asks("AT+QIACT")
            return
        self.asks("AT+CIPSHUT", "SHUT OK\r\n")
        self.asks(f"AT+CIPMUX={int(multi)}")
        self.asks('AT+CSTT="internet"')
        self.asks("AT+CIICR")
        self.asks("AT+CIFSR", ".")
        self.hears("\r\n")

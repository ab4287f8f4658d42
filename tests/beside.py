"""``vmodem run`` with what stands beside it, as a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

VMODEM = str(Path(sys.executable).with_name("vmodem"))
LIMIT = 20.0

ONE_OF_EACH: dict[str, Any] = {
    "mark": "here",
    "log": "hello",
    "verdict": "pass",
    "coverage": "lost",
    "register": "searching",
    "signal": {"rssi": 5},
    "attach": "lost",
    "pdp_deact": {},
    "pdp": "refuse",
    "sim": "remove",
    "power": "reset",
    "fail": {"command": "AT"},
    "socket": {"action": "reset"},
    "link": {"latency": "200ms"},
    "restore": {},
    "connects": {"answer": "refuse"},
    "dns": {"answer": "nxdomain"},
    "garble": {"flip": 1},
    "line": {"ri": "on"},
    "urc": "+HELLO",
    "sms": {"from": "+49170", "text": "hello"},
    "ring": {"from": "+49170"},
    "ussd": {"text": "hello"},
    "temperature": 40,
    "time": {"utc": "2026-01-01T00:00:00Z"},
}
"""What the control socket can be asked for, one of each."""


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MODEM_")}
    return {**kept, "XDG_RUNTIME_DIR": str(folder)}


def script(folder: Path, text: str) -> str:
    """A program under test, in Python; what to give to --exec."""
    path = folder / "driver.py"
    path.write_text(text)
    return f"{sys.executable} {path}"


def vmodem_run(folder: Path, *options: str, **how: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [VMODEM, "run", *options],
        check=False,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        env=environment(folder),
        **how,
    )


@contextmanager
def modem_with_ctl(folder: Path, *options: str) -> Iterator[Path]:
    """A modem that runs, and its control socket."""
    ready, path = folder / "ready", folder / "ctl"
    process = subprocess.Popen(
        [VMODEM, "run", "--ctl", str(path), "--ready-file", str(ready), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(folder),
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield path
    finally:
        process.terminate()
        _, err = process.communicate(timeout=LIMIT)
    assert b"Traceback" not in err
    assert not path.exists()


class Control:
    """A client of the control socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(LIMIT)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def hear(self) -> dict[str, Any]:
        line = self._file.readline()
        assert line.endswith(b"\n"), line
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, asked: Any) -> dict[str, Any]:
        self.send(json.dumps(asked).encode() + b"\n")
        return self.hear()

    def close(self) -> None:
        self._file.close()
        self._socket.close()

"""``vmodem run --scenario`` as a process, and the driver at its port: for tests with real ptys."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import serial

COMMAND = Path(sys.executable).with_name("vmodem")
LIMIT = 20.0
FINAL = re.compile(rb"(OK|ERROR|\+CM[ES] ERROR: \d+)\r\n\Z")


class Played:
    """One run: what the driver asks and hears, and how it ends."""

    def __init__(self, folder: Path, story: str, *options: str) -> None:
        self.log = folder / "run.jsonl"
        (folder / "story.yaml").write_text(story)
        self._process = subprocess.Popen(
            [str(COMMAND), "run", "--scenario", str(folder / "story.yaml"), "--log", str(self.log), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, "XDG_RUNTIME_DIR": str(folder)},
        )
        assert self._process.stdout is not None
        assert select.select([self._process.stdout], [], [], LIMIT)[0], "it says nothing"
        self.path = self._process.stdout.readline().decode().strip()
        self.port = serial.Serial(self.path, timeout=LIMIT)

    def asks(self, line: str) -> str:
        """The answer, up to its final result."""
        self.port.write(line.encode() + b"\r")
        answer = b""
        while FINAL.search(answer) is None:
            byte = self.port.read(1)
            assert byte, (line, answer)
            answer += byte
        return answer.decode()

    def types(self, data: bytes) -> None:
        """Write to the module."""
        self.port.write(data)

    def hears(self, *words: str) -> bytes:
        """All that comes until the last of ``words``; each must come, one after the other."""
        heard = b""
        for word in words:
            more = self.port.read_until(word.encode())
            heard += more
            assert more.endswith(word.encode()), (word, heard)
        return heard

    def stops(self) -> tuple[int, str, dict[str, Any]]:
        """Ask the modem to end; how it ended."""
        self._process.send_signal(signal.SIGTERM)
        return self.ends()

    def ends(self) -> tuple[int, str, dict[str, Any]]:
        """Exit status, standard error, and the report in the log."""
        _, err = self._process.communicate(timeout=LIMIT)
        self.port.close()
        records = [json.loads(line) for line in self.log.read_text().splitlines()]
        (report,) = [record["report"] for record in records if "report" in record]
        return self._process.returncode, err.decode(), report

    def close(self) -> None:
        """Whatever is still there ends."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate(timeout=LIMIT)
        self.port.close()

"""What a peer, a host or a file says does not move the operator's terminal."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from beside import LIMIT, VMODEM, environment, script, vmodem_run
from vmodem.emulator.console import shown

OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal takes for an order."""
ATTACK = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"


def test_orders_to_a_terminal_are_spelled_out() -> None:
    assert shown("a\tb\nc é") == "a\tb\nc é"
    assert shown("\x1b[31m\x9b\r\x7f\u202e") == "\\x1b[31m\\x9b\\r\\x7f\\u202e"
    assert not OBEYED.search(shown("".join(map(chr, range(0x3000)))))


@pytest.mark.parametrize(
    "text",
    [
        'version: 1\nname: x\n"\\e]0;owned\\a": 1\n',
        'version: 1\nname: x\nrules:\n  - {id: "\\e[2J", when: {start: true}, do: [{"\\u009b31m": 1}]}\n',
        'version: 1\nname: x\nrules:\n  - {id: a, when: {op: "\\e[2J"}, do: [{mark: "\\u202e"}]}\n',
    ],
)
def test_a_scenario_of_somebody_else_is_checked(tmp_path: Path, text: str) -> None:
    path = tmp_path / "story.yaml"
    path.write_text(text)
    done = subprocess.run(
        [VMODEM, "check", str(path)], check=False, capture_output=True, text=True, timeout=LIMIT
    )
    assert done.returncode == 2
    assert str(path) in done.stderr
    assert not OBEYED.search(done.stdout + done.stderr)


def test_a_name_that_the_host_looks_up(tmp_path: Path) -> None:
    """The policy's remark on standard error holds the name; bytes above 127 reach it from the line."""
    asks = """\
import sys, serial
with serial.Serial(sys.argv[1], timeout=10) as port:
    for line in (b"ATE0", b"AT+CSTT", b"AT+CIICR", b"AT+CIFSR", b'AT+CDNSGIP="\\x9b31m.example"'):
        port.write(line + b"\\r")
        port.read_until(b"\\n")
        port.read_until(b"\\n")
    port.read_until(b"+CDNSGIP: 0,8\\r\\n")
"""
    log = tmp_path / "log.jsonl"
    done = vmodem_run(
        tmp_path, "--network", "loopback", "--log", str(log), "--exec", script(tmp_path, asks) + " {tty}"
    )
    assert done.returncode == 0, done.stderr
    assert "not looked up" in done.stderr
    assert not OBEYED.search(done.stderr)
    raw = log.read_text(encoding="ascii")
    assert not OBEYED.search(raw)
    assert any("31m.example" in json.loads(line).get("note", "") for line in raw.splitlines())


def test_an_answer_of_the_control_socket(tmp_path: Path) -> None:
    """Whoever serves the socket says what ``vmodem ctl`` prints."""
    path = tmp_path / "ctl"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(4096)
                client.sendall(json.dumps({"ok": False, "error": ATTACK}).encode() + b"\n")

        server = threading.Thread(target=serve)
        server.start()
        done = subprocess.run(
            [VMODEM, "ctl", "--socket", str(path), "states"],
            check=False,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            env=environment(tmp_path),
        )
        server.join(LIMIT)
    assert "owned" in done.stderr
    assert not OBEYED.search(done.stderr)

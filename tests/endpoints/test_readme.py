"""The README's own words, done as they stand: a newcomer copies them before reading anything else."""

from __future__ import annotations

import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import port_table
import pytest
from directed import DIALECTS, Story
from vmodem.emulator.scenario.load import checked
from vmodem.emulator.scenario.text import parse
from vmodem.netstack.routes import Route

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text()
LIMIT = 20.0


def block(language: str, holding: str) -> str:
    """The one fenced block of ``language`` that holds these words."""
    found = [text for text in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if holding in text]
    assert len(found) == 1
    return str(found[0])


@pytest.fixture
def echo_port() -> Iterator[int]:
    """The port of a server on loopback that sends back what it gets, to one client."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                while data := client.recv(1024):
                    client.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]


def test_first_screen_has_two_commands_that_set_up() -> None:
    first = README.split("## ")[0]
    assert len(re.findall(r"```sh\n(.*?)```", first, re.DOTALL)) == 2
    assert len(first.splitlines()) <= 30


def test_five_lines_of_pyserial_do_a_round_trip(tmp_path: Path, echo_port: int) -> None:
    link = tmp_path / "ttyGSM"
    command = block("sh", "--route").replace("/tmp/ttyGSM", str(link))
    python, folder, *options = shlex.split(command.replace("127.0.0.1:9000", f"127.0.0.1:{echo_port}"))
    assert (python, folder) == ("python3", "emulator")
    modem = subprocess.Popen(
        [sys.executable, str(ROOT / folder), *options], stdout=subprocess.PIPE, text=True
    )
    try:
        assert modem.stdout is not None
        assert modem.stdout.readline() == f"{link}\n"
        script = block("python", "serial.Serial").replace("/tmp/ttyGSM", str(link))
        assert len(script.splitlines()) == 5
        run = [sys.executable, "-c", script]
        done = subprocess.run(run, check=False, capture_output=True, text=True, timeout=LIMIT)
        assert done.stderr == ""
        assert done.stdout.splitlines()[-1] == r"b'hello\r\nSEND OK\r\n' b'hello'"
    finally:
        modem.send_signal(signal.SIGTERM)
        modem.communicate(timeout=LIMIT)
    assert modem.returncode == 0
    assert not link.is_symlink()


def test_the_table_of_ports_says_what_the_ports_say() -> None:
    shown = README.partition(port_table.BEGIN)[2].partition(port_table.END)[0]
    assert shown == port_table.table()


def test_the_url_as_it_is_shown() -> None:
    script = block("python", "vmodem://")
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert (done.stderr, done.stdout) == ("", r"b'AT\r\r\nOK\r\n' True False" + "\n")


def test_the_ports_as_they_are_shown() -> None:
    lines = block("sh", "--rfc2217").splitlines()
    assert len(lines) == 3
    for line in lines[:2]:
        command, _, comment = line.partition("#")
        _, folder, *options = shlex.split(command)
        modem = subprocess.Popen(
            [sys.executable, str(ROOT / folder), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert modem.stdout is not None
        first = modem.stdout.readline()
        modem.send_signal(signal.SIGTERM)
        _, err = modem.communicate(timeout=LIMIT)
        if modem.returncode == 3 and "already in use" in err.lower():
            pytest.skip(f"somebody has that port: {err}")
        assert first.strip() == comment.split(",")[0].strip()


def test_the_scenario_is_one_and_runs_on_every_dialect() -> None:
    source = parse("drop.yaml", block("yaml", "name: drop"))
    scenario = checked(source, Route.entry)
    body = "".join(f"{line}\n" for line in block("yaml", "name: drop").splitlines()[3:])
    for dialect in DIALECTS:
        story = Story(body, dialect)
        story.connects()
        for _ in range(3):
            assert b"SEND OK" in story.sends()
        story.waits(6.0)
        assert story.notes.count("mark down") == 1
        assert not any(story.outcomes().values())
    assert scenario.expect[0].id == "reconnects"

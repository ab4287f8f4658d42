"""The command ``vmodem run`` as a user has it: another process, real signals, a real serial port."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
import serial
from plugins import make_plugin

COMMAND = Path(sys.executable).with_name("vmodem")
LIMIT = 20.0
"""Seconds that nothing here can take, unless it hangs."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

BOOM = """
from dataclasses import replace
from vmodem.dialects.minimal import MINIMAL
from vmodem.emulator.command import command, execute
from vmodem.emulator.dialect import CommandSet

def boom(module):
    return 1 / 0

ACME = replace(MINIMAL, name="acme", commands=CommandSet([command("+BOOM", execute(boom), cite="a test")]))
"""


class Run:
    """A running ``vmodem run``; ``home`` is its runtime directory."""

    def __init__(
        self,
        home: Path,
        *options: str | Path,
        stdout: int | IO[bytes] = subprocess.PIPE,
        prefix: tuple[str, ...] = (),
        **env: str,
    ) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [*prefix, str(COMMAND), "run", *map(str, options)],
            bufsize=0,  # communicate() does not see what a buffer holds
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            env={**os.environ, "XDG_RUNTIME_DIR": str(home), **env},
        )

    def first_line(self) -> str:
        """Wait until it tells where the port is."""
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], LIMIT)[0], "it says nothing"
        line: bytes = self.process.stdout.readline()
        assert line, self.end()
        return line.decode().removesuffix("\n")

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Exit status and standard error after this signal."""
        self.process.send_signal(number)
        return self.end()

    def end(self) -> tuple[int, str]:
        """Exit status and standard error, once it has ended by itself."""
        _, err = self.process.communicate(timeout=LIMIT)
        return self.process.returncode, err.decode()


Start = Callable[..., Run]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    runs: list[Run] = []

    def begin(*options: str | Path, **settings: object) -> Run:
        runs.append(Run(home, *options, **settings))  # type: ignore[arg-type]
        return runs[-1]

    yield begin
    for run in runs:
        run.process.kill()
        run.process.communicate()


def ask(path: str | Path, *lines: str, until: str = "OK\r\n") -> str:
    """What the modem answers to command lines, each answer up to and with ``until``; without echo."""
    with serial.Serial(str(path), 115200, timeout=LIMIT) as port:
        port.write(b"ATE0\r")
        port.read_until(b"OK\r\n")
        answer = b""
        for line in lines:
            port.write(line.encode() + b"\r")
            answer += port.read_until(until.encode())
            assert answer.endswith(until.encode()), answer
    return answer.decode()


def everything(folder: Path) -> list[str]:
    """All that lies in a folder, hidden or not."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# ---- the newcomer's first minute -----------------------------------------------------------------


def test_without_any_option_a_sim800_answers_where_the_first_line_says(start: Start, home: Path) -> None:
    path = start().first_line()
    assert path == str(home / "vmodem" / "sim800")
    assert ask(path, "AT") == "\r\nOK\r\n"
    assert "SIM800" in ask(path, "ATI")


def test_the_output_is_short_and_says_what_to_try(start: Start) -> None:
    run = start()
    path = run.first_line()
    run.process.send_signal(signal.SIGTERM)
    out, err = run.process.communicate(timeout=LIMIT)
    rest = out.decode()
    assert err == b""
    assert rest.isascii()
    assert "\x1b" not in rest
    assert len(rest.splitlines()) <= 4
    assert f"picocom -b 115200 {path}" in rest
    assert re.search(r"\bATI\b", rest)


@pytest.mark.skipif(shutil.which("picocom") is None, reason="picocom is not installed")
def test_picocom_as_it_is_suggested(start: Start) -> None:
    path = start().first_line()
    told = subprocess.run(
        ["picocom", "-b", "115200", "--quiet", "--exit-after", "300", "--initstring", "ATI\r", path],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT,
        check=True,
    )
    assert told.stdout == b"ATI\r\r\nSIM800 R14.18\r\n\r\nOK\r\n"


# ---- the end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_it_and_nothing_is_left(start: Start, tmp_path: Path, home: Path, number: int) -> None:
    run = start("--ready-file", tmp_path / "ready", "--link", tmp_path / "modem")
    assert run.first_line() == str(tmp_path / "modem")
    assert everything(tmp_path) == [".modem.lock", "home", "modem", "ready"]
    assert run.stop(number) == (0, "")
    assert everything(tmp_path) == ["home"]


def test_it_ends_while_a_client_is_there_and_sends(start: Start, home: Path) -> None:
    run = start()
    with serial.Serial(run.first_line(), 115200, timeout=LIMIT) as port:
        port.write(b"AT\r" * 100)
        port.read_until(b"OK\r\n")
        assert run.stop() == (0, "")
    assert everything(home) == ["vmodem"]


def test_who_was_killed_is_followed_in_the_same_place(start: Start, tmp_path: Path, home: Path) -> None:
    ready = tmp_path / "ready"
    killed = start("--ready-file", ready)
    path = killed.first_line()
    killed.stop(signal.SIGKILL)
    assert ready.exists()
    assert os.path.lexists(path)
    follower = start("--ready-file", ready)
    assert follower.first_line() == path
    assert ready.read_text() == f"{path}\n"
    assert ask(path, "AT") == "\r\nOK\r\n"
    assert follower.stop() == (0, "")
    assert not ready.exists()
    assert everything(home) == ["vmodem"]


def test_a_listener_and_a_connection_end_with_it(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LIMIT)
        run = start(
            "--local-ip",
            "10.0.0.1",
            "--route",
            f"tcp://198.51.100.7:80=tcp://127.0.0.1:{server.getsockname()[1]}",
        )
        path = run.first_line()
        ask(path, 'AT+CSTT="a"', "AT+CIICR")
        ask(path, "AT+CIFSR", until=".1\r\n")
        answer = ask(path, 'AT+CIPSTART="TCP","198.51.100.7",80', until="CONNECT OK\r\n")
        assert answer == "\r\nOK\r\n\r\nCONNECT OK\r\n"
        connection, _ = server.accept()
        connection.settimeout(LIMIT)
        with connection:
            assert run.stop() == (0, "")
            try:
                rest = connection.recv(1)
            except ConnectionResetError:
                rest = b""
            assert rest == b""


def test_a_hang_up_is_survived_under_nohup(start: Start) -> None:
    run = start(prefix=("nohup",))
    path = run.first_line()
    run.process.send_signal(signal.SIGHUP)
    assert ask(path, "AT") == "\r\nOK\r\n"
    assert run.stop()[0] == 0


def test_an_interrupt_ends_it_also_in_a_scripts_background(start: Start) -> None:
    run = start(prefix=("sh", "-c", 'trap "" INT; exec "$@"', "sh"))
    run.first_line()
    assert run.stop(signal.SIGINT) == (0, "")


def test_our_own_failure_ends_it_with_a_traceback(start: Start, tmp_path: Path, home: Path) -> None:
    plugin = make_plugin(tmp_path / "plugin", BOOM)
    run = start("--dialect", "acme", "--ready-file", tmp_path / "ready", PYTHONPATH=str(plugin))
    with serial.Serial(run.first_line(), 115200, timeout=LIMIT) as port:
        port.write(b"AT+BOOM\r")
        status, err = run.end()
    assert status == 1
    assert err.startswith("Traceback")
    assert err.endswith("ZeroDivisionError: division by zero\n")
    assert everything(home) == ["vmodem"]
    assert not (tmp_path / "ready").exists()


# ---- nobody listens to what it says --------------------------------------------------------------


def _wait_for(ready: Path, run: Run) -> str:
    """Wait as a shell script would, for the file alone."""
    pause = threading.Event()
    for _ in range(int(LIMIT / 0.01)):
        if ready.exists():
            return ready.read_text()
        assert run.process.poll() is None, run.end()
        pause.wait(0.01)
    raise AssertionError("it does not get ready")


def test_a_reader_that_is_gone_does_not_end_it(start: Start, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    run = start("--ready-file", tmp_path / "ready", stdout=writer)
    os.close(writer)
    path = _wait_for(tmp_path / "ready", run).strip()
    assert ask(path, "AT") == "\r\nOK\r\n"
    assert run.stop() == (0, "")


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
def test_an_output_that_takes_nothing_does_not_end_it(start: Start, tmp_path: Path, redirection: str) -> None:
    run = start("--ready-file", tmp_path / "ready", prefix=("sh", "-c", f'exec "$@" {redirection}', "sh"))
    path = _wait_for(tmp_path / "ready", run).strip()
    assert ask(path, "AT") == "\r\nOK\r\n"
    assert run.stop() == (0, "")


def test_remarks_that_nobody_reads_do_not_stop_it(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "log"
    run = start("--network", "none", "--local-ip", "10.0.0.1", "--log", log)
    path = run.first_line()
    lines = [f'AT+CDNSGIP="host-{number}.example"' for number in range(60)]
    ask(path, 'AT+CSTT="a"', "AT+CIICR")
    ask(path, "AT+CIFSR", until=".1\r\n")
    ask(path, *lines, until="+CDNSGIP: 0,3\r\n")
    status, err = run.stop()
    assert status == 0
    told = err.splitlines()
    assert told[0] == "vmodem run: host-0.example was not looked up: the network policy is 'none'"
    assert len(told) == 50
    assert told[-1].endswith("(further remarks go to the log, --log FILE, alone)")
    notes = [record["note"] for record in map(json.loads, log.read_text().splitlines()) if "note" in record]
    assert len(notes) == 60


# ---- options -------------------------------------------------------------------------------------


def test_two_copies_have_a_port_each(start: Start, home: Path) -> None:
    paths = [start().first_line(), start().first_line()]
    assert paths == [str(home / "vmodem" / name) for name in ("sim800", "sim800-2")]
    assert [ask(path, "AT") for path in paths] == ["\r\nOK\r\n"] * 2


def test_the_ready_file_holds_the_path_and_goes(start: Start, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    run = start("--ready-file", ready)
    path = run.first_line()
    assert ready.read_text() == f"{path}\n"
    assert everything(tmp_path) == [
        "home",
        "home/vmodem",
        "home/vmodem/.sim800.lock",
        "home/vmodem/sim800",
        "ready",
    ]
    assert run.stop() == (0, "")
    assert not ready.exists()


def test_a_ready_file_that_another_has_taken_over_stays(start: Start, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    first, second = start("--ready-file", ready), None
    first.first_line()
    second = start("--ready-file", ready)
    path = second.first_line()
    assert first.stop() == (0, "")
    assert ready.read_text() == f"{path}\n"
    assert second.stop() == (0, "")
    assert not ready.exists()


def test_the_log_tells_everything(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text("of an earlier run\n")
    run = start("--log", log)
    path = run.first_line()
    with serial.Serial(path, 115200, timeout=LIMIT) as port:
        port.write(b"AT+GSN\r")
        port.read_until(b"OK\r\n")
        records = [json.loads(line) for line in log.read_text().splitlines()]  # while it runs
    assert run.stop() == (0, "")
    times = [record.pop("t") for record in records]
    assert times == sorted(times)
    assert records[:4] == [
        {"effect": "SetSignal", "signal": "DSR", "on": True},
        {"effect": "SetSignal", "signal": "CTS", "on": True},
        {"event": "LineChanged", "signal": "DTR", "on": True},
        {"host": "AT+GSN\r"},
    ]
    module = "".join(record.get("module", "") for record in records)
    assert module == "AT+GSN\r\r\n869988012345670\r\n\r\nOK\r\n"


def test_module_card_and_addresses_are_as_asked(start: Start) -> None:
    path = start("--imei", "123456789012345", "--pin", "4321", "--local-ip", "10.1.2.3").first_line()
    answer = ask(path, "AT+GSN", "AT+CPIN?")
    assert answer == "\r\n123456789012345\r\n\r\nOK\r\n\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n"
    ask(path, "AT+CPIN=4321", until="SMS Ready\r\n")
    ask(path, 'AT+CSTT="a"', "AT+CIICR")
    assert ask(path, "AT+CIFSR", until="3\r\n") == "\r\n10.1.2.3\r\n"


def test_a_module_that_boots_says_so(start: Start) -> None:
    path = start("--boot", "--timing", "0.01").first_line()
    lines = (b"RDY", b"+CFUN: 1", b"+CPIN: READY", b"Call Ready", b"SMS Ready")
    with serial.Serial(path, 115200, timeout=LIMIT) as port:
        assert port.read_until(b"SMS Ready\r\n") == b"".join(b"\r\n%b\r\n" % line for line in lines)


def test_a_module_that_does_not_know_the_rate_boots_in_silence(start: Start) -> None:
    """The M-series says nothing before the first command; a host asks until it is answered."""
    path = start("--dialect", "quectel_mxx", "--boot", "--timing", "0.01").first_line()
    with serial.Serial(path, 115200, timeout=0.5) as port:
        answer, tries = b"", 0
        while not answer and tries < LIMIT:
            tries += 1
            port.write(b"AT\r")
            answer = port.read_until(b"OK\r\n")
        assert answer == b"AT\r\r\nOK\r\n"
        port.timeout = LIMIT
        lines = (b"+CFUN: 1", b"+CPIN: READY", b"Call Ready")
        assert port.read_until(b"Call Ready\r\n") == b"".join(b"\r\n%b\r\n" % line for line in lines)


# ---- what cannot be set up -----------------------------------------------------------------------


def refused(start: Start, *options: str | Path, told: str) -> None:
    """It ends with status 3 and one line that matches ``told``."""
    status, err = start(*options).end()
    assert re.fullmatch(f"vmodem run: {told}\n", err)
    assert status == 3


def test_a_live_link_is_left_alone_with_all_that_belongs_to_it(start: Start, tmp_path: Path) -> None:
    options = ("--link", tmp_path / "modem", "--log", tmp_path / "log", "--ready-file", tmp_path / "ready")
    path = start(*options).first_line()
    assert ask(path, "AT") == "\r\nOK\r\n"
    before = (tmp_path / "log").read_text()
    refused(start, *options, told=rf"{path} belongs to a running modem; stop that one or .*")
    assert (tmp_path / "ready").read_text() == f"{path}\n"
    assert (tmp_path / "log").read_text().startswith(before)
    assert ask(path, "AT") == "\r\nOK\r\n"


def test_what_cannot_be_had_is_told_in_one_line_and_nothing_is_left(start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    (tmp_path / "folder").mkdir()
    before = everything(tmp_path)
    link = ("--link", tmp_path / "modem")
    missing = tmp_path / "missing" / "x"
    refused(start, "--link", tmp_path / "file", told=".*/file exists and is not a symbolic link; .*")
    refused(start, "--link", missing, told=".*: there is no directory .*/missing; create it .*")
    refused(start, *link, "--log", missing, told=r"cannot write the log .*: No such file or directory \(.*\)")
    refused(start, *link, "--log", tmp_path, told=r"cannot write the log .*: Is a directory \(.*\)")
    refused(start, *link, "--ready-file", missing, told=r"cannot write the ready file .*: No such file .*")
    refused(start, *link, "--ready-file", tmp_path / "folder", told=r"the ready file .* is not a file \(.*\)")
    refused(start, *link, "--ready-file", "/dev/null", told="the ready file /dev/null .* is not a file .*")
    refused(start, *link, "--listen-host", "192.0.2.1", told=r"cannot listen on 192\.0\.2\.1: .* \(.*\)")
    assert everything(tmp_path) == before
    assert (tmp_path / "file").read_text() == "precious"


def test_a_broken_package_is_told_in_one_line(start: Start, tmp_path: Path, home: Path) -> None:
    plugin = make_plugin(tmp_path / "plugin", "import no_such_module")
    status, err = start("--dialect", "acme", PYTHONPATH=str(plugin)).end()
    assert re.fullmatch(
        r"vmodem run: the dialect 'acme' of acme-modems .*No module named 'no_such_module'.*\n", err
    )
    assert status == 3
    assert everything(home) == []


@pytest.mark.parametrize("options", [("--timing", "never"), ("--dialect", "none"), ("--route", "x")])
def test_wrong_usage_is_told_in_one_line(start: Start, home: Path, options: tuple[str, ...]) -> None:
    status, err = start(*options).end()
    assert re.fullmatch(r"vmodem run: .*\n", err)
    assert status == 2
    assert everything(home) == []

"""``vmodem record``, ``replay``, ``compare`` as processes; a ``vmodem run`` stands in for a real module."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial

COMMAND = Path(sys.executable).with_name("vmodem")
LIMIT = 20.0


class Running:
    """One command of ours; the first line it prints is its port."""

    def __init__(self, home: Path, *words: str | Path) -> None:
        self.process = subprocess.Popen(
            [str(COMMAND), *map(str, words)],
            bufsize=0,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "XDG_RUNTIME_DIR": str(home)},
        )

    @property
    def port(self) -> str:
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], LIMIT)[0], "it says nothing"
        line: bytes = self.process.stdout.readline()
        assert line, self.ends()
        return line.decode().strip()

    def ends(self) -> tuple[int, str, str]:
        """Exit status, what it printed, and what it complained of."""
        out, err = self.process.communicate(timeout=LIMIT)
        return self.process.returncode, out.decode(), err.decode()

    def stops(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        status, _, err = self.ends()
        return status, err


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[Running] = []

    def begin(*words: str | Path) -> Running:
        running.append(Running(tmp_path, *words))
        return running[-1]

    yield begin
    for each in running:
        each.process.kill()
        each.process.communicate()


class Driver:
    """A driver that waits for each answer."""

    def __init__(self, port: str, pin: str = "4711") -> None:
        self.heard = b""
        self._pin = pin
        self._port = serial.Serial(port, 115200, timeout=LIMIT)

    def asks(self, line: bytes, until: bytes = b"OK\r\n") -> None:
        self._port.write(line)
        heard = self._port.read_until(until)
        assert heard.endswith(until), heard
        self.heard += heard

    def goes_on(self, *, number: bytes = b"+491701234567", detour: bytes = b"") -> bytes:
        """Its whole dialogue; all that it heard."""
        self.asks(b"ATE1\r")
        self.asks(b"AT+CGSN\r")
        if detour:
            self._port.write(detour)
            return self.heard
        self.asks(f'AT+CPIN="{self._pin}"\r'.encode(), b"+CPIN: READY\r\n")
        self.asks(b"AT+CMGF=1\r")
        self.asks(b'AT+CMGS="' + number + b'"\r', b"> ")
        self.asks(b"Meet me at nine\x1a")
        return self.heard

    def closes(self) -> None:
        self._port.close()


MODULE = ("run", "--pin", "4711")


@pytest.fixture
def recorded(start: Start, tmp_path: Path) -> Callable[..., tuple[Path, bytes]]:
    """Records a driver at a module; the file, and what the driver heard."""

    def record(*options: str) -> tuple[Path, bytes]:
        file = tmp_path / "d.txt"
        module = start(*MODULE)
        link = tmp_path / "tty"
        serial_port = module.port
        recorder = start(
            "record", "--serial", serial_port, "--link", link, "-o", file, "--dialect", "sim800", *options
        )
        assert recorder.port == str(link)
        driver = Driver(str(link))
        heard = driver.goes_on()
        driver.closes()
        assert recorder.stops() == (0, "")
        assert not link.is_symlink()
        assert module.stops() == (0, "")
        return file, heard

    return record


def replays(start: Start, file: Path, driver: Callable[[str], Driver] = Driver) -> tuple[Running, Driver]:
    running = start("replay", file, "--pace", "instant")
    return running, driver(running.port)


def test_a_driver_is_followed_through_its_own_recording(
    start: Start, recorded: Callable[..., tuple[Path, bytes]]
) -> None:
    file, heard = recorded()
    running, driver = replays(start, file)
    assert driver.goes_on() == heard
    driver.closes()
    status, out, err = running.ends()
    assert (status, err) == (0, "")
    assert out.endswith("d.txt: the driver followed to the end\n")


def test_where_a_driver_departs(start: Start, recorded: Callable[..., tuple[Path, bytes]]) -> None:
    file, _ = recorded()
    running, driver = replays(start, file)
    driver.goes_on(detour=b"AT+CIMI\r")
    status, _, err = running.ends()
    assert status == 1
    line = file.read_text().splitlines().index('> AT+CPIN="4711"') + 1
    assert err == (
        f"vmodem replay: d.txt:{line}: the driver departs\n"
        '  expected: AT+CPIN="4711"\\r\n'
        "  got:      AT+CIMI\\r\n"
        "                ^ byte 5\n"
    )
    driver.closes()


def test_a_driver_that_stops_early(start: Start, recorded: Callable[..., tuple[Path, bytes]]) -> None:
    file, _ = recorded()
    running, driver = replays(start, file)
    driver.asks(b"ATE1\r")
    driver.closes()
    status, _, err = running.ends()
    assert status == 1
    assert "the driver stopped early\n  expected: AT+CGSN\\r\n" in err


def test_a_program_is_run_beside_it(
    start: Start, recorded: Callable[..., tuple[Path, bytes]], tmp_path: Path
) -> None:
    file, _ = recorded()
    program = tmp_path / "driver.py"
    program.write_text(
        "import sys, serial\n"
        "port = serial.Serial(sys.argv[1], timeout=10)\n"
        "port.write(b'ATE1\\r')\n"
        "assert port.read_until(b'OK\\r\\n') == b'ATE1\\r\\r\\nOK\\r\\n'\n"
    )
    running = start("replay", file, "--pace", "instant", "--exec", f"{sys.executable} {program} {{tty}}")
    status, _, err = running.ends()
    assert status == 1
    assert "the driver stopped early" in err


def test_the_emulator_says_the_same(start: Start, recorded: Callable[..., tuple[Path, bytes]]) -> None:
    file, _ = recorded()
    status, out, err = start("compare", file).ends()
    assert (status, out, err) == (0, "d.txt: the emulated sim800 says the same\n", "")
    status, out, _ = start("compare", file, "--dialect", "bg96").ends()
    assert status == 1
    assert "from the emulated bg96" in out


def test_a_redacted_recording(start: Start, recorded: Callable[..., tuple[Path, bytes]]) -> None:
    file, heard = recorded("--redact")
    text = file.read_text()
    for secret in ("869988012345670", "4711", "491701234567", "Meet", "nine"):
        assert secret.encode() in heard or secret in ("Meet", "nine")
        assert secret not in text
    running, driver = replays(start, file, lambda port: Driver(port, pin="1234"))
    again = driver.goes_on(number=b"+330000000000")
    assert len(again) == len(heard)
    driver.closes()
    assert running.ends()[0] == 0
    assert start("compare", file).ends()[0] == 0


def test_a_url_can_be_recorded(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "d.txt"
    recorder = start("record", "--serial", "vmodem://bg96", "--tcp", "0", "-o", file)
    with serial.serial_for_url(recorder.port, timeout=LIMIT) as port:
        port.write(b"AT\r")
        assert port.read_until(b"OK\r\n") == b"AT\r\r\nOK\r\n"
    assert recorder.stops(signal.SIGINT) == (0, "")
    assert "> AT\n" in file.read_text()


def test_a_module_that_goes_ends_the_recording(start: Start, tmp_path: Path) -> None:
    module = start("run", "--tcp", "0")
    url = module.port
    recorder = start("record", "--serial", url, "--link", tmp_path / "tty", "-o", tmp_path / "d.txt")
    assert recorder.port
    module.stops()
    status, _, err = recorder.ends()
    assert status == 3
    assert err.count("\n") == 1
    assert f"{url} is gone" in err
    assert not (tmp_path / "tty").is_symlink()


def test_a_killed_recorder_leaves_what_was_said(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "d.txt"
    module = start("run")
    recorder = start("record", "--serial", module.port, "--link", tmp_path / "tty", "-o", file)
    driver = Driver(recorder.port)
    driver.asks(b"ATE1\r")
    driver.asks(b"AT\r")
    recorder.process.kill()
    recorder.ends()
    driver.closes()
    status, _, err = start("compare", file, "--dialect", "sim800").ends()
    assert (status, err) == (0, "")


def test_bulk_passes_unharmed_both_ways(start: Start, tmp_path: Path) -> None:
    data = os.urandom(1 << 20).replace(b"+++", b"---")
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_echo, args=(server, len(data)), daemon=True).start()
        route = f"tcp://203.0.113.5:80=tcp://127.0.0.1:{server.getsockname()[1]}"
        module = start("run", "--route", route)
        recorder = start(
            "record", "--serial", module.port, "--link", tmp_path / "tty", "-o", tmp_path / "d.txt"
        )
        driver = Driver(recorder.port)
        for line in (b"ATE0\r", b"AT+CIPMODE=1\r", b"AT+CSTT\r", b"AT+CIICR\r"):
            driver.asks(line)
        driver.asks(b"AT+CIFSR\r", b"\r\n")
        driver.asks(b'AT+CIPSTART="TCP","203.0.113.5",80\r', b"CONNECT\r\n")
        port = driver._port
        got = bytearray()

        def reads() -> None:
            while len(got) < len(data) and (piece := port.read(4096)):
                got.extend(piece)

        reader = threading.Thread(target=reads)
        port.timeout = 5
        reader.start()
        port.write(data)
        reader.join()
        assert bytes(got) == data
        driver.closes()


def _echo(server: socket.socket, size: int) -> None:
    peer, _ = server.accept()
    with peer:
        while size > 0 and (data := peer.recv(65536)):
            peer.sendall(data)
            size -= len(data)
        peer.recv(1)


@pytest.mark.parametrize(
    ("words", "status", "complaint"),
    [
        (("record", "--serial", "/dev/none", "-o", "x"), 3, "cannot use /dev/none"),
        (("record", "--serial", "a:fast", "-o", "x"), 2, "'a:fast' is no port"),
        (("record", "--serial", "vmodem://sim800", "-o", "/none/x"), 3, "cannot write /none/x"),
        (("record", "--serial", "vmodem://sim800", "-o", "x", "--dialect", "x"), 2, "x"),
        (("replay", "none.txt"), 2, "cannot read none.txt"),
        (("replay", "wrong.txt"), 2, "wrong.txt:2: unknown mark"),
        (("compare", "wrong.txt"), 2, "wrong.txt:2: unknown mark"),
        (("compare", "quiet.txt"), 2, "nobody writes anything"),
        (("compare", "good.txt"), 2, "give --dialect"),
        (("compare", "good.txt", "--dialect", "m95"), 2, "m95"),
        (("run", "--redact"), 2, "--redact is for the log"),
        (("run", "--redact", "--log", "x", "--pcap", "y"), 2, "--redact: a capture holds every byte"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    start: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    status: int,
    complaint: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.txt").write_text("# recorded: now\n? AT\n")
    Path("quiet.txt").write_text("# recorded: now\n< RING\n")
    Path("good.txt").write_text("# recorded: now\n> AT\n")
    ended, out, err = start(*words).ends()
    assert (ended, out) == (status, "")
    assert complaint in err.splitlines()[-1]
    assert not Path("x").exists()


def test_a_log_without_secrets(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "run.jsonl"
    module = start(*MODULE, "--log", log, "--redact")
    driver = Driver(module.port)
    heard = driver.goes_on()
    driver.closes()
    assert module.stops() == (0, "")
    text = log.read_text()
    assert b"869988012345670" in heard
    for secret in ("869988012345670", "4711", "491701234567", "Meet", "nine"):
        assert secret not in text
    assert "+000000000" in text
    assert '"SmsSent"' in text
    assert '"CommandFinished", "line": "AT+CMGF=1"' in text, "what is no secret is there"

"""``vmodem record``, ``replay`` and ``compare`` as users have them: processes, ptys, pyserial; one emulator
stands in for the real module.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial
from beside import LIMIT, VMODEM, environment, script
from fleets import free_port
from vmodem.emulator.recording.format import Transcript, load, of_host, of_module

DRIVER = """\
import sys, serial
port = serial.Serial(sys.argv[1], 115200, timeout=10)
for line in sys.argv[2:]:
    port.write(line.encode() + b"\\r")
    heard = port.read_until(b"OK\\r\\n")
    print(line, heard)
    if not heard.endswith(b"OK\\r\\n"):
        sys.exit(3)
port.close()
"""
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


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [VMODEM, *words],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        env=environment(folder),
        check=False,
    )


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


def host(transcript: Transcript) -> bytes:
    return b"".join(map(of_host, transcript.steps))


def module(transcript: Transcript) -> bytes:
    return b"".join(map(of_module, transcript.steps))


@pytest.fixture
def real(start: Start, tmp_path: Path) -> str:
    """The module."""
    return first_line(start("run", "--link", tmp_path / "real", "--network", "loopback"))


@pytest.fixture
def recording(start: Start, tmp_path: Path, real: str) -> Path:
    """A dialogue with it."""
    file = tmp_path / "dialogue.txt"
    recorder = start(
        "record", "--serial", real, "--link", tmp_path / "tty", "-o", file, "--dialect", "sim800"
    )
    drive(first_line(recorder), *LINES)
    until(lambda: "closes its port" in file.read_text())
    assert ended(recorder, signal.SIGTERM) == (0, "")
    assert not os.path.lexists(tmp_path / "tty")
    return file


def test_every_byte_both_ways(start: Start, recording: Path, real: str, tmp_path: Path) -> None:
    transcript = load(recording)
    assert host(transcript) == b"".join(line.encode() + b"\r" for line in LINES)
    drive(real, "ATE1")
    assert module(transcript) == b"".join(drive(real, *LINES))
    text = recording.read_text().splitlines()
    assert text[0].startswith("# recorded: 20")
    assert text[0].endswith(f"from {real}")
    assert text[1] == "# dialect: sim800"
    assert "* the driver opens its port" in text
    assert text[-1] == "* the driver closes its port"


def replayed(start: Start, file: Path, *lines: str) -> tuple[int, str]:
    player = start("replay", file, "--pace", "instant")
    drive(first_line(player), *lines)
    return ended(player)


def test_replayed_to_the_same_driver(start: Start, recording: Path) -> None:
    assert replayed(start, recording, *LINES) == (0, "")


def test_replayed_over_tcp(start: Start, recording: Path) -> None:
    player = start("replay", recording, "--tcp", str(free_port()))
    drive(first_line(player), *LINES)
    assert ended(player) == (0, "")


def test_replayed_to_a_driver_that_departs(start: Start, recording: Path) -> None:
    number = recording.read_text().splitlines().index("> AT+CGSN") + 1
    player = start("replay", recording, "--pace", "instant")
    with serial.Serial(first_line(player), 115200, timeout=LIMIT) as driver:
        for line in (b"AT+CSQ\r", b"ATE0\r"):
            driver.write(line)
            driver.read_until(b"OK\r\n")
        driver.write(b"AT+CGMR\r")
        assert ended(player) == (
            1,
            f"vmodem replay: dialogue.txt:{number}: the driver departs\n"
            "  expected: AT+CGSN\\r\n"
            "  got:      AT+CGMR\\r\n"
            "                 ^ byte 6\n",
        )


def test_replayed_to_a_driver_that_stops(start: Start, recording: Path) -> None:
    status, err = replayed(start, recording, *LINES[:2])
    assert status == 1
    assert "the driver stopped early\n  expected: AT+CGSN\\r" in err


@pytest.mark.parametrize(("lines", "status"), [(LINES, 0), (LINES[:3], 1), (LINES[::-1], 1)])
def test_replayed_to_a_program(
    start: Start, recording: Path, tmp_path: Path, lines: tuple[str, ...], status: int
) -> None:
    program = f"{script(tmp_path, DRIVER)} {{tty}} {' '.join(lines)}"
    player = start("replay", recording, "--pace", "instant", "--exec", program, "--timeout", "20")
    assert ended(player)[0] == status


def test_at_the_modules_own_pace(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "slow.txt"
    file.write_text("# recorded: x\n> AT\n~ 400\n< OK\n")
    player = start("replay", file)
    port = first_line(player)
    begun = time.monotonic()
    drive(port, "AT")
    assert 0.4 <= time.monotonic() - begun < LIMIT
    assert ended(player) == (0, "")


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("replay", "wrong.txt"), 2, "vmodem replay: wrong.txt:2: unknown mark '?' (correct that line"),
        (("compare", "wrong.txt"), 2, "vmodem compare: wrong.txt:2: unknown mark '?' (correct that line"),
        (("replay", "missing.txt"), 2, "vmodem replay: cannot read missing.txt: No such file"),
        (("replay", "wild.txt"), 2, "vmodem replay: wild.txt:2: nobody can say '{ip}'"),
        (("compare", "wild.txt"), 2, "vmodem compare: wild.txt does not say which module it is (give"),
        (("compare", "wild.txt", "--dialect", "nokia"), 2, "vmodem compare: no dialect 'nokia'"),
        (("replay", "good.txt", "--link", "/nowhere/x"), 3, "vmodem replay: "),
        (
            ("replay", "good.txt", "--link", "a", "--tcp", "1"),
            2,
            "vmodem replay: --link, --tcp and --rfc2217",
        ),
        (("replay", "good.txt", "--timeout", "5"), 2, "vmodem replay: --timeout is for --exec"),
        (
            ("record", "--serial", "/dev/nothing", "-o", "x"),
            3,
            "vmodem record: cannot use /dev/nothing: ",
        ),
        (
            ("record", "--serial", "/dev/x:fast", "-o", "x"),
            2,
            "vmodem record: --serial '/dev/x:fast' is",
        ),
        (("record", "--serial", "spy2://x", "-o", "x"), 3, "vmodem record: cannot use spy2://x: "),
        (("record", "--serial", "/dev/x"), 2, "vmodem record: the following arguments are required: -o"),
    ],
)
def test_mistakes_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], status: int, message: str
) -> None:
    (tmp_path / "wrong.txt").write_text("# recorded: x\n? AT\n")
    (tmp_path / "wild.txt").write_text("# recorded: x\n< {ip}\n")
    (tmp_path / "good.txt").write_text("# recorded: x\n> AT\n< OK\n")
    monkeypatch.chdir(tmp_path)
    done = run(tmp_path, *words)
    assert done.returncode == status
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "x").exists(), "nothing is replaced by what cannot be had"


def test_compared(recording: Path, tmp_path: Path) -> None:
    def compare(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
        return run(tmp_path, "compare", str(file), *options)

    done = compare(recording)
    assert (done.returncode, done.stdout) == (0, f"{recording}: 0 lines differ, 11 are the same\n")
    changed = tmp_path / "changed.txt"
    changed.write_text(recording.read_text().replace("< +CREG: 0,1", "< +CREG: 0,3"))
    done = compare(changed)
    number = changed.read_text().splitlines().index("< +CREG: 0,3") + 1
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == f"changed.txt:{number}: module   < +CREG: 0,3"
    assert compare(changed, "--ignore", "+CREG:*").returncode == 0
    assert compare(changed, "--dialect", "bg96", "--ignore", "+CREG:*").returncode == 1


# ---- a recorder in trouble -----------------------------------------------------------------------


def test_a_killed_recorder_leaves_a_readable_file(start: Start, tmp_path: Path, real: str) -> None:
    file = tmp_path / "killed.txt"
    recorder = start("record", "--serial", real, "--link", tmp_path / "tty", "-o", file)
    with serial.Serial(first_line(recorder), 115200, timeout=LIMIT) as driver:
        driver.write(b"AT\r")
        heard = driver.read_until(b"OK\r\n")
        until(lambda: "< OK" in file.read_text())
        recorder.kill()
        recorder.wait()
    assert module(load(file)) == heard


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


def test_redacted(start: Start, tmp_path: Path) -> None:
    real = first_line(start("run", "--link", tmp_path / "real", "--pin", "4711", "--imei", "490154203237518"))
    file = tmp_path / "d.txt"
    recorder = start("record", "--serial", real, "--link", tmp_path / "tty", "-o", file, "--redact")
    lines = ('AT+CPIN="4711"', "AT+CGSN", 'AT+CSTT="internet","joe.doe","geheim"')
    drive(first_line(recorder), *lines)
    until(lambda: "closes its port" in file.read_text())
    assert ended(recorder, signal.SIGTERM) == (0, "")
    text = file.read_text()
    for secret in ("4711", "490154203237518", "joe.doe", "geheim"):
        assert secret not in text
    assert '* "9001" stands for a PIN\n' in text
    player = start("replay", file, "--pace", "instant")
    drive(first_line(player), *lines)
    assert ended(player) == (0, "")


# ---- much of it ----------------------------------------------------------------------------------


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


@pytest.mark.parametrize("command", ["record", "replay", "compare"])
def test_help_has_examples(tmp_path: Path, command: str) -> None:
    done = subprocess.run(
        [VMODEM, command, "--help"], capture_output=True, text=True, timeout=LIMIT, check=True
    )
    assert f"examples:\n  vmodem {command} " in done.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from vmodem.emulator.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('serial', 'asyncio', 'scapy', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"

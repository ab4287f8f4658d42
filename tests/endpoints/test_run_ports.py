"""``vmodem run`` at other ports than a pty, alone and side by side."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial
from fleets import LIMIT, Fleet, free_port
from ports import HAVE_SOCAT, socat

Start = Callable[..., Fleet]
OK = b"\r\nOK\r\n"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    (tmp_path / "home").mkdir()
    running: list[Fleet] = []

    def begin(*options: str | Path, count: int = 1) -> Fleet:
        running.append(Fleet(tmp_path / "home", count, *options))
        return running[-1]

    yield begin
    for fleet in running:
        fleet.close()


def asks(url: str, line: str, baud: int = 115200) -> bytes:
    with serial.serial_for_url(url, baud, timeout=LIMIT) as port:
        port.write(b"ATE0\r")
        port.read_until(OK)
        port.write(line.encode() + b"\r")
        return bytes(port.read_until(OK))


@pytest.mark.parametrize(("option", "scheme"), [("--tcp", "socket"), ("--rfc2217", "rfc2217")])
def test_the_first_line_is_what_to_open(start: Start, tmp_path: Path, option: str, scheme: str) -> None:
    number = free_port()
    fleet = start(option, str(number), "--ready-file", tmp_path / "ready")
    url = fleet.line()
    assert url == f"{scheme}://127.0.0.1:{number}"
    assert (tmp_path / "ready").read_text() == f"{url}\n"
    assert asks(url, "AT+CSQ") == b"\r\n+CSQ: 20,0\r\n" + OK
    assert fleet.line() == "SIMCom SIM800, until Ctrl-C. In another terminal, for example:"
    assert fleet.line() == (
        f"  python3 -m serial.tools.miniterm --eol CR {url} 115200    (leave it with Ctrl-])"
    )
    assert fleet.stop() == (0, "")
    assert sorted(path.name for path in (tmp_path / "home").rglob("*")) == []


def test_each_modem_has_the_next_port_and_an_identity(start: Start) -> None:
    for _ in range(20):
        number = free_port()
        if number + 2 < 65536:
            break
    fleet = start("--rfc2217", f"localhost:{number}", count=3)
    urls = fleet.paths()
    assert urls == [f"rfc2217://localhost:{number + place}" for place in range(3)]
    assert len({asks(url, "AT+GSN") for url in urls}) == 3
    assert fleet.stop() == (0, "")


def test_any_free_ports(start: Start) -> None:
    urls = start("--tcp", "0", count=2).paths()
    assert len(set(urls)) == 2
    assert [asks(url, "AT") for url in urls] == [OK, OK]


@pytest.mark.skipif(not HAVE_SOCAT, reason="socat is not installed")
def test_ports_of_all_kinds_side_by_side(start: Start, tmp_path: Path) -> None:
    board, adapter = tmp_path / "board", tmp_path / "adapter"
    with socat(board, adapter):
        fleet = start(
            *("--tcp", "0", "--link", tmp_path / "tty", "--rfc2217", "0", "--serial", f"{adapter}:9600"),
            *("--tcp", "0", "--log", tmp_path / "log"),
        )
        names = [fleet.line() for _ in range(5)]
        assert [name.partition("://")[0] for name in names] == [
            str(tmp_path / "tty"),
            "rfc2217",
            "socket",
            "socket",
            str(adapter),
        ]
        names[-1] = str(board)
        assert len({asks(name, "AT+GSN", 9600) for name in names}) == 5
        assert fleet.stop() == (0, "")
    records = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {record["modem"] for record in records} == set(range(5))


def test_a_second_client_is_in_the_log(start: Start, tmp_path: Path) -> None:
    url = start("--tcp", "0", "--log", tmp_path / "log").line()
    host, number = url.removeprefix("socket://").split(":")
    with socket.create_connection((host, int(number)), LIMIT) as first:
        with socket.create_connection((host, int(number)), LIMIT) as second:
            assert second.makefile("rb").read().startswith(b"vmodem: the port is in use by ")
        notes = [json.loads(line).get("note", "") for line in (tmp_path / "log").read_text().splitlines()]
        assert any(re.fullmatch(r"a second client, .*, was refused: .* has the port", note) for note in notes)
        first.close()


def test_a_pty_at_a_rate(start: Start) -> None:
    """With --baud the module's UART stands at that rate, and the client's must."""
    fleet = start("--baud", "9600")
    path = fleet.line()
    fleet.line()
    assert "picocom -b 9600 " in fleet.line()
    assert asks(path, "AT+IPR?", 9600) == b"\r\n+IPR: 9600\r\n" + OK
    with serial.Serial(path, 115200, timeout=0.3) as port:
        port.write(b"AT\r")
        assert b"OK" not in port.read(100)


# ---- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--tcp", "x"), r"--tcp 'x' is no port \(write PORT, HOST:PORT or \[IPV6\]:PORT; 0: a free one\)"),
        (("--tcp", "99999"), r"--tcp '99999' leaves no ports for 1 modems .*"),
        (("--tcp", ":5555"), r"--tcp ':5555' is no port .*"),
        (("--rfc2217", "::1:5"), r"--rfc2217 '::1:5' is no port .*"),
        (("--rfc2217", "65535", "--count", "2"), r"--rfc2217 '65535' leaves no ports for 2 modems .*"),
        (("--tcp", "1", "--rfc2217", "2", "--count", "2"), r"--count is for ports of one kind .*"),
        (("--serial", "/dev/x", "--count", "2"), r"--serial is one port .*"),
        (("--serial", "/dev/x:fast"), r"--serial '/dev/x:fast' is no port .*"),
        (("--serial", ":9600"), r"--serial ':9600' is no port .*"),
        (("--serial", "/dev/x", "--baud", "auto"), r"--baud is not for a real port .*"),
        (("--tcp", "0", "--link-dir", "/tmp"), r"--link-dir is for ports that are all pseudo terminals .*"),
        (("--tcp", "0", "--rfc2217", "0", "--imei", "123456789012345"), r"--imei cannot be the same for .*"),
        (("--baud", "fast"), r"--baud 'fast' is no rate .*"),
        (("--baud", "0"), r"--baud '0' is no rate .*"),
    ],
)
def test_wrong_combinations_end_with_2_and_one_line(
    start: Start, options: tuple[str, ...], told: str
) -> None:
    count = "1" if "--count" not in options else options[options.index("--count") + 1]
    rest = [option for option in options if option != "--count"]
    if "--count" in options:
        rest.remove(count)
    status, err = start(*rest, count=int(count)).end()
    assert re.fullmatch(f"vmodem run: {told}\n", err), err
    assert status == 2


def test_a_port_in_use_ends_with_3_and_leaves_nothing(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        status, err = start("--tcp", str(number), "--link", tmp_path / "tty", "--log", tmp_path / "log").end()
    assert status == 3
    assert err == (
        f"vmodem run: modem 2 of 2: cannot listen on 127.0.0.1:{number}: Address already in use; "
        "give another port or host\n"
    )
    assert not os.path.lexists(tmp_path / "tty")
    assert not (tmp_path / "log").exists()


def test_a_device_that_is_not_there_ends_with_3(start: Start, tmp_path: Path) -> None:
    status, err = start("--serial", tmp_path / "ttyNONE").end()
    assert (status, "No such file or directory" in err, err.count("\n")) == (3, True, 1)


def test_it_ends_with_a_client_connected(start: Start) -> None:
    fleet = start("--rfc2217", "0")
    with serial.serial_for_url(fleet.line(), timeout=LIMIT) as port:
        port.write(b"AT\r")
        port.read_until(OK)
        fleet.process.send_signal(signal.SIGTERM)
        assert fleet.end() == (0, "")

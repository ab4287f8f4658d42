"""``vmodem run --count N``: several modems of one process, each on its port, that reach each other."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fleets import LIMIT, Fleet, Host, free_port
from vmodem.emulator.check_digit import luhn
from vmodem.emulator.dialect import Options
from vmodem.emulator.fleet import MOST, identities

Start = Callable[..., Fleet]


@pytest.fixture
def fleets(tmp_path: Path) -> Iterator[list[Fleet]]:
    (tmp_path / "home").mkdir()
    running: list[Fleet] = []
    yield running
    for fleet in running:
        fleet.close()


@pytest.fixture
def start(fleets: list[Fleet], tmp_path: Path) -> Start:
    def begin(count: int, *options: str | Path, prefix: tuple[str, ...] = ()) -> Fleet:
        fleets.append(Fleet(tmp_path / "home", count, *options, prefix=prefix))
        return fleets[-1]

    return begin


# ---- module A, module B --------------------------------------------------------------------------


@pytest.mark.parametrize("network", ["host", "none"])
def test_a_module_calls_another_that_listens(start: Start, network: str) -> None:
    a, b = start(2, "--network", network).hosts()
    address_a, address_b = a.online(), b.online()
    assert address_a != address_b
    port = free_port()
    assert a.ask(f"AT+CIPSERVER=1,{port}", "SERVER OK\r\n") == "\r\nOK\r\n\r\nSERVER OK\r\n"
    for closes, other in ((a, b), (b, a)):
        answer = b.ask(f'AT+CIPSTART="TCP","{address_a}",{port}', "CONNECT OK\r\n")
        assert answer == "\r\nOK\r\n\r\nCONNECT OK\r\n"
        assert a.hear(".") + a.hear("\r\n") == f"\r\nREMOTE IP: {address_b}\r\n"
        b.send("from b")
        assert a.hear("from b") == "from b"
        a.send("from a")
        assert b.hear("from a") == "from a"
        assert b.ask("AT+CIPACK") == "\r\n+CIPACK: 6,6,0\r\n\r\nOK\r\n"
        assert closes.ask("AT+CIPCLOSE", "CLOSE OK\r\n") == "\r\nCLOSE OK\r\n"
        assert other.hear("\r\nCLOSED\r\n") == "\r\nCLOSED\r\n"
    assert a.status() == "SERVER LISTENING"
    assert b.status() == "TCP CLOSED"


def test_a_context_that_was_given_up_is_not_reached_any_more(start: Start) -> None:
    a, b = start(2).hosts()
    address, port = a.online(), free_port()
    b.online()
    a.ask(f"AT+CIPSERVER=1,{port}", "SERVER OK\r\n")
    assert "CONNECT FAIL" in b.ask(f'AT+CIPSTART="TCP","{address}",{port + 1}', "FAIL\r\n")
    a.ask("AT+CIPSHUT", "SHUT OK\r\n")
    assert "CONNECT FAIL" in b.ask(f'AT+CIPSTART="TCP","{address}",{port}', "FAIL\r\n")


def test_two_modules_exchange_datagrams_on_one_port_number(start: Start) -> None:
    hosts = start(2).hosts()
    port = free_port(socket.SOCK_DGRAM)
    addresses = [host.online() for host in hosts]
    for host, other in zip(hosts, reversed(addresses), strict=True):
        host.ask(f'AT+CLPORT="UDP",{port}')
        host.ask("AT+CIPHEAD=1")
        host.ask("AT+CIPSRIP=1")
        host.ask(f'AT+CIPSTART="UDP","{other}",{port}', "CONNECT OK\r\n")
    for host, own, receiver in zip(hosts, addresses, reversed(hosts), strict=True):
        host.send("datagram")
        heard = receiver.hear("datagram")
        assert f"{own}:{port}" in heard


def test_two_modules_listen_on_one_port_number_and_the_log_tells_where(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "log"
    fleet = start(2, "--log", log)
    a, b = fleet.hosts()
    a.online()
    address, port = b.online(), free_port()
    for host in (a, b):
        host.ask(f"AT+CIPSERVER=1,{port}", "SERVER OK\r\n")
    records = [json.loads(line) for line in log.read_text().splitlines()]
    assert {record["modem"] for record in records} == {0, 1}
    (note,) = [record for record in records if "note" in record]
    assert note["modem"] == 1
    found = re.fullmatch(
        rf"TCP server {address}:{port} is at 127\.0\.0\.1:(\d+) of this host, .*", note["note"]
    )
    assert found
    with socket.create_connection(("127.0.0.1", int(found[1])), LIMIT):
        assert b.hear("REMOTE IP: 127.0.0.1\r\n")
    with socket.create_connection(("127.0.0.1", port), LIMIT):
        assert a.hear("REMOTE IP: 127.0.0.1\r\n")
    assert fleet.stop() == (0, f"vmodem run: modem 1: {note['note']}\n")


# ---- many of them --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 153, -4])
def test_each_has_an_identity_of_its_own(seed: int) -> None:
    fleet = identities(MOST, seed)
    for field in ("imei", "imsi", "iccid", "number"):
        values = [getattr(options, field) for options in fleet]
        assert len(set(values)) == MOST
        assert {len(value) for value in values} == {len(getattr(Options(), field))}
    assert all(luhn(options.imei) % 10 == luhn(options.iccid) % 10 == 0 for options in fleet)
    assert luhn("490154203237518") % 10 == 0  # 3GPP's own example of an IMEI
    assert identities(3, seed) == fleet[:3]
    assert (fleet[0] == Options()) == (seed == 0)
    assert {options.imei for options in fleet}.isdisjoint(o.imei for o in identities(MOST, seed + 1))


def test_identities_and_addresses_at_the_ports(start: Start) -> None:
    def tell(*options: str) -> list[tuple[str, str, str, str]]:
        fleet = start(2, *options)
        told = [
            (host.ask("AT+GSN"), host.ask("AT+CIMI"), host.ask("AT+CCID"), host.online())
            for host in fleet.hosts()
        ]
        fleet.stop()
        return told

    default, again, other = tell(), tell("--seed", "0"), tell("--seed", "7")
    assert default == again
    assert default[0][0] == f"\r\n{Options().imei}\r\n\r\nOK\r\n"
    assert all(len(set(column)) == 4 for column in zip(*default, *other, strict=True))


def test_links_are_numbered_and_the_ready_file_holds_them_all(start: Start, tmp_path: Path) -> None:
    (tmp_path / "ports").mkdir()
    fleet = start(3, "--link-dir", tmp_path / "ports", "--ready-file", tmp_path / "ready")
    paths = fleet.paths()
    assert paths == [str(tmp_path / "ports" / f"sim800-{number}") for number in range(3)]
    assert fleet.line().startswith("3 x SIMCom SIM800")
    assert (tmp_path / "ready").read_text().splitlines() == paths
    assert fleet.stop() == (0, "")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["home", "ports"]


def test_a_thousand_modems_and_no_more_descriptors_than_the_soft_limit_allows_at_first(start: Start) -> None:
    fleet = start(1000, prefix=("sh", "-c", 'ulimit -Sn 64; exec "$@"', "sh"))
    paths = fleet.paths()
    assert len(set(paths)) == 1000
    assert [Host(path).ask("AT") for path in paths[::333]] == ["\r\nOK\r\n"] * 4
    assert fleet.stop() == (0, "")


def test_a_descriptor_limit_that_is_too_low_is_told(start: Start, tmp_path: Path) -> None:
    (tmp_path / "ports").mkdir()
    limited = ("sh", "-c", 'ulimit -n 62; exec "$@"', "sh")
    fleet = start(11, "--link-dir", tmp_path / "ports", prefix=limited)
    told = r"--count 11 needs 65 open files, but the limit is 62 \(.* at most 10\)"
    status, err = fleet.end()
    assert re.fullmatch(f"vmodem run: {told}\n", err), err
    assert status == 3
    assert list((tmp_path / "ports").iterdir()) == []
    assert len(set(start(10, prefix=limited).paths())) == 10


def test_a_port_that_cannot_be_had_is_told_with_its_number_and_nothing_is_left(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "sim800-2").write_text("precious")
    status, err = start(3, "--link-dir", tmp_path, "--log", tmp_path / "log").end()
    assert re.fullmatch(r"vmodem run: modem 3 of 3: .*/sim800-2 exists and is not a symbolic link; .*\n", err)
    assert status == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "sim800-2"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--local-ip", "10.0.0.1"), "--local-ip cannot be the same .*"),
        (("--imei", "123456789012345"), "--imei cannot be the same .*"),
        (("--number", "123"), "--number cannot be the same .*"),
        (("--link", "x"), "--link is the place of one port .*"),
        (("--link", "x", "--link-dir", "y"), "--link and --link-dir both .*"),
        (("--count", "0"), "--count 0 is not a number of modems .*"),
        (("--count", "two"), "argument --count: invalid int value: 'two' .*"),
        (("--seed", "s"), "argument --seed: invalid int value: 's' .*"),
    ],
)
def test_wrong_usage(start: Start, options: tuple[str, ...], told: str) -> None:
    status, err = start(2, *options).end()
    assert re.fullmatch(f"vmodem run: {told}\n", err), err
    assert status == 2

"""Every kind of port: the same TCP round trip, the same transparent transfer, and the lines that it has."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from ports import CARRIES, HAVE_SOCAT, KINDS, LIMIT, Port, eventually, kinds, running, with_line
from vmodem.emulator.events import CallArrived, CallerHungUp, LineSignal, PowerChanged, SmsArrived

pytestmark = [pytest.mark.timeout(120)]
ESCAPE_HELD = 1.1
"""Seconds that DTR must have been ON for OFF to count (SIM800 note 2.2.4)."""


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT)
        yield listener


def need(kind: str) -> None:
    if kind == "serial" and not HAVE_SOCAT:
        pytest.skip("socat is not installed")


@pytest.fixture(params=KINDS)
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Port]:
    need(request.param)
    with running(request.param, tmp_path) as port:
        yield port


# ---- bytes ---------------------------------------------------------------------------------------


def test_a_round_trip_over_tcp(port: Port, server: socket.socket) -> None:
    client = port.open()
    client.online()
    host, number = server.getsockname()
    client.ask(f'AT+CIPSTART="TCP","{host}",{number}', "CONNECT OK\r\n")
    peer, _ = server.accept()
    with peer:
        client.ask("AT+CIPSEND=7", "> ")
        client.port.write(b"\xff\x00\x11\x13\x1a\r\n")
        assert client.hear("SEND OK\r\n") == "\r\nSEND OK\r\n"
        assert peer.recv(100) == b"\xff\x00\x11\x13\x1a\r\n"
        peer.sendall(b"\xff\xff\xf0\x00 and back")
        assert client.port.read(13) == b"\xff\xff\xf0\x00 and back"
        assert client.ask("AT+CIPCLOSE") == "\r\nCLOSE OK\r\n"
        assert peer.recv(1) == b""


def test_a_transparent_transfer_both_ways_at_once(port: Port, server: socket.socket) -> None:
    up, down = (random.Random(seed).randbytes(300_000) for seed in (1, 2))
    client = port.open()
    with client.connects(server) as peer:
        got = bytearray()

        def reads() -> None:
            while len(got) < len(up):
                got.extend(peer.recv(65536))

        def types() -> None:
            for at in range(0, len(up), 5000):
                client.port.write(up[at : at + 5000])

        threads = [threading.Thread(target=work) for work in (reads, types, lambda: peer.sendall(down))]
        for thread in threads:
            thread.start()
        heard = b""
        while len(heard) < len(down):
            heard += client.port.read(min(4096, len(down) - len(heard)))
        for thread in threads:
            thread.join(LIMIT)
        assert heard == down
        assert bytes(got) == up
        peer.close()
        assert client.hear("CLOSED\r\n") == "\r\nCLOSED\r\n"
    assert port.notes == []


def test_it_is_opened_again_and_again(port: Port) -> None:
    for number in range(5):
        client = port.open()
        client.ask("ATE0")
        assert client.ask(f"ATS0={number}") == "\r\nOK\r\n"
        assert client.ask("ATS0?") == f"\r\n00{number}\r\n\r\nOK\r\n"
        client.port.close()


# ---- DTR -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", kinds(lambda carries: carries.dtr_by_opening))
def test_closing_the_port_hangs_up_under_d2(kind: str, tmp_path: Path, server: socket.socket) -> None:
    with running(kind, tmp_path) as port:
        client = port.open()
        with client.connects(server, "AT+CIPMODE=1;&D2") as peer:
            client.port.write(b"still sent")
            time.sleep(ESCAPE_HELD)
            client.port.close()
            assert peer.recv(100) == b"still sent"
            assert peer.recv(100) == b""
        again = port.open()
        assert "STATE: TCP CLOSED" in again.ask("AT+CIPSTATUS", "CLOSED\r\n")


@pytest.mark.parametrize("kind", kinds(lambda carries: carries.dtr_by_opening))
def test_closing_the_port_keeps_the_link_under_d1_and_d0(
    kind: str, tmp_path: Path, server: socket.socket
) -> None:
    with running(kind, tmp_path) as port:
        client = port.open()
        with client.connects(server, "AT+CIPMODE=1;&D1") as peer:
            time.sleep(ESCAPE_HELD)
            client.port.close()
            client = port.open()
            assert "STATE: CONNECT OK" in client.ask("AT+CIPSTATUS", "CONNECT OK\r\n")
            client.ask("AT&D0;O", "CONNECT\r\n")
            time.sleep(ESCAPE_HELD)
            client.port.close()
            client = port.open()
            client.port.write(b"data, still")
            assert peer.recv(100) == b"data, still"


@pytest.mark.parametrize("kind", with_line(LineSignal.DTR))
@pytest.mark.parametrize(("setting", "closed"), [("AT&D1", False), ("AT&D2", True)])
def test_dtr_off_leaves_data_mode(
    kind: str, tmp_path: Path, server: socket.socket, setting: str, closed: bool
) -> None:
    with running(kind, tmp_path) as port:
        client = port.open()
        client.port.dtr = False  # it has been ON for ever
        client.port.dtr = True
        with client.connects(server, f"AT+CIPMODE=1;{setting[2:]}") as peer:
            client.port.dtr = False  # too early: ON for less than a second
            client.port.dtr = True
            client.port.write(b"payload")
            assert peer.recv(100) == b"payload"
            time.sleep(ESCAPE_HELD)
            client.port.dtr = False
            assert client.hear("OK\r\n") == "\r\nOK\r\n"
            answer = client.ask("ATO", "\r\n")
            answer += client.hear("\r\n")
            assert answer == ("\r\nNO CARRIER\r\n" if closed else "\r\nCONNECT\r\n")
            if closed:
                assert peer.recv(1) == b""


@pytest.mark.parametrize("kind", with_line(LineSignal.DTR))
def test_dtr_lets_sleep_and_wakes(kind: str, tmp_path: Path) -> None:
    with running(kind, tmp_path, timings={"sleep idle": 0.05}) as port:
        client = port.open()
        client.ask("ATE0")
        client.ask("AT+CSCLK=1")
        client.port.dtr = False
        driver = port.modem.driver
        assert eventually(lambda: bool(port.modem.call(lambda: driver.modem._module.sleep.asleep)))
        client.port.timeout = 0.2
        client.port.write(b"AT\r")
        assert client.port.read(1) == b"", "deaf"
        client.port.dtr = True
        assert eventually(lambda: not port.modem.call(lambda: driver.modem._module.sleep.asleep))
        client.port.timeout = LIMIT
        assert client.ask("AT") == "\r\nOK\r\n"


# ---- DCD, DSR, RI, CTS ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", with_line(LineSignal.DCD))
def test_dcd_follows_the_connection_and_c0_holds_it(kind: str, tmp_path: Path, server: socket.socket) -> None:
    with running(kind, tmp_path) as port:
        client = port.open()
        assert not client.port.cd
        with client.connects(server) as peer:
            assert eventually(lambda: client.port.cd)
            peer.close()
            client.hear("CLOSED\r\n")
            assert eventually(lambda: not client.port.cd)
        client.ask("AT&C0")
        assert eventually(lambda: client.port.cd)
        client.port.close()
        again = port.open()
        assert eventually(lambda: again.port.cd)
        again.ask("AT&C1")
        assert eventually(lambda: not again.port.cd)


@pytest.mark.parametrize("kind", with_line(LineSignal.DSR))
def test_dsr_and_cts_tell_that_it_is_switched_on(kind: str, tmp_path: Path) -> None:
    with running(kind, tmp_path) as port:
        client = port.open()
        assert eventually(lambda: client.port.dsr and client.port.cts)
        port.modem.inject(PowerChanged(False))
        assert eventually(lambda: not client.port.dsr and not client.port.cts)
        port.modem.inject(PowerChanged(True))
        assert eventually(lambda: client.port.dsr and client.port.cts)


@pytest.mark.parametrize("kind", with_line(LineSignal.RI))
def test_ri_pulses_for_a_call_and_a_message_in_data_mode(
    kind: str, tmp_path: Path, server: socket.socket
) -> None:
    with running(kind, tmp_path) as port:
        client = port.open()
        with client.connects(server):
            assert not client.port.ri
            for event, length in ((SmsArrived("+491", "hi"), 0.12), (CallArrived("+492"), 0.05)):
                start = time.monotonic()
                port.modem.inject(event)
                assert eventually(lambda: client.port.ri)
                assert eventually(lambda: not client.port.ri)
                assert time.monotonic() - start >= length * 0.9
            port.modem.inject(CallerHungUp())


@pytest.mark.parametrize("kind", with_line(LineSignal.CTS))
def test_cts_goes_off_while_nothing_is_taken(kind: str, tmp_path: Path, server: socket.socket) -> None:
    with running(kind, tmp_path) as port:
        client = port.open()
        with client.connects(server, "AT+CIPMODE=1;+IFC=2,2") as peer:
            assert client.port.cts
            chunk = bytes(range(256)) * 16
            sent = 0
            told = threading.Event()

            def types() -> None:
                nonlocal sent
                while not told.is_set():
                    sent += client.port.write(chunk) or 0

            typing = threading.Thread(target=types)
            typing.start()
            assert eventually(lambda: not client.port.cts)
            told.set()
            got, until = bytearray(), time.monotonic() + LIMIT
            peer.settimeout(0.1)
            while typing.is_alive() or len(got) < sent:
                assert time.monotonic() < until
                with suppress(TimeoutError):  # it may have all before the thread that wrote it has ended
                    got += peer.recv(65536)
            typing.join(LIMIT)
            assert eventually(lambda: client.port.cts)
            assert got == (chunk * (sent // len(chunk) + 1))[:sent], "nothing of what was taken is lost"


@pytest.mark.parametrize("kind", with_line(LineSignal.RTS))
def test_rts_off_holds_the_output_under_ifc_2(kind: str, tmp_path: Path) -> None:
    with running(kind, tmp_path) as port:
        client = port.open()
        client.ask("ATE0")
        client.ask("AT+IFC=2,2")
        client.port.rts = False
        client.port.timeout = 0.2
        client.port.write(b"AT\r")
        assert client.port.read(1) == b""
        client.port.rts = True
        client.port.timeout = LIMIT
        assert client.hear("OK\r\n") == "\r\nOK\r\n"


@pytest.mark.parametrize("kind", KINDS)
def test_xon_and_xoff_under_ifc_1(kind: str, tmp_path: Path) -> None:
    need(kind)
    with running(kind, tmp_path) as port:
        client = port.open()
        client.ask("ATE0")
        client.ask("AT+IFC=1,1")
        client.port.timeout = 0.2
        client.port.write(b"\x13AT\r")
        assert client.port.read(1) == b""
        client.port.write(b"\x11")
        client.port.timeout = LIMIT
        assert client.hear("OK\r\n") == "\r\nOK\r\n"


@pytest.mark.parametrize("kind", kinds(lambda carries: not carries.to_host))
def test_what_has_no_lines_says_so_or_cannot_be_asked(kind: str) -> None:
    assert not CARRIES[kind].to_module


# ---- the rate ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", kinds(lambda carries: carries.rate))
def test_the_clients_own_rate_paces_and_a_new_ipr_is_another(kind: str, tmp_path: Path) -> None:
    with running(kind, tmp_path, baud="auto") as port:
        client = port.open(9600)
        client.ask("ATE0")
        start = time.monotonic()
        answer = client.ask("AT&V")
        took = time.monotonic() - start
        assert took >= (len(answer) + 5) * 10 / 9600 - 0.002
        assert client.ask("AT+IPR=115200") == "\r\nOK\r\n", "still at the old rate"
        client.port.timeout = 0.3
        client.port.write(b"AT\r")
        assert b"OK" not in client.port.read(100), "the host is at another rate now"
        client.port.baudrate = 115200
        client.port.timeout = LIMIT
        client.port.write(b"\r")  # whatever was misread ends here
        client.port.timeout = 0.3
        client.port.read(1000)
        client.port.timeout = LIMIT
        assert client.ask("AT") == "\r\nOK\r\n"


@pytest.mark.parametrize("kind", ["pty", "tcp", "rfc2217", "url"])
def test_a_fixed_rate_paces_whatever_the_carrier(kind: str, tmp_path: Path) -> None:
    with running(kind, tmp_path, baud="9600") as port:
        client = port.open(9600)
        client.ask("ATE0")
        assert client.ask("AT+IPR?") == "\r\n+IPR: 9600\r\n\r\nOK\r\n"
        start = time.monotonic()
        answer = client.ask("AT&V")
        assert time.monotonic() - start >= (len(answer) + 5) * 10 / 9600 - 0.002

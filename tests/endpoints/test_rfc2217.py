"""The RFC 2217 server against two clients of others, and against clients that are none."""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import serial
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ports import LIMIT, Port, connect, eventually, hears, running
from vmodem.emulator.endpoints.rfc2217 import CROWDED, MOST_NOTES
from vmodem.emulator.endpoints.tcp import AHEAD
from vmodem.emulator.endpoints.uart import FLOOD

COM = b"\xff\xfa\x2c"
END = b"\xff\xf0"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[Port]:
    with running("rfc2217", tmp_path) as port:
        yield port


def raw(port: Port) -> socket.socket:
    """A connection that speaks as the test does."""
    client = connect(port)
    client.recv(21, socket.MSG_WAITALL)  # the opening
    return client


# ---- pyserial ------------------------------------------------------------------------------------


def test_everything_that_pyserials_client_has(port: Port) -> None:
    assert port.url.startswith("rfc2217://127.0.0.1:")
    client = port.open(9600, rtscts=True, stopbits=2)
    line = client.port
    host = port.modem.call(lambda: port.modem.pipe.host)
    assert (host.baud, host.rtscts, host.xonxoff) == (9600, True, False)
    line.rtscts, line.xonxoff = False, True
    line.baudrate = 38400
    host = port.modem.call(lambda: port.modem.pipe.host)
    assert (host.baud, host.rtscts, host.xonxoff) == (38400, False, True)
    assert (line.cts, line.dsr, line.ri, line.cd) == (True, True, False, False)
    line.break_condition = True
    line.break_condition = False
    line.reset_input_buffer()
    line.reset_output_buffer()
    client.ask("ATE0")
    assert client.ask("AT") == "\r\nOK\r\n"
    client.port.close()


def test_a_frame_that_the_module_does_not_have_is_refused(port: Port) -> None:
    with pytest.raises(ValueError, match="remote rejected value for option 'datasize'"):
        port.open(bytesize=7)
    with pytest.raises(ValueError, match="remote rejected value for option 'parity'"):
        port.open(parity="E")
    assert port.open().ask("ATE0").endswith("OK\r\n"), "it is as usable as before"


# ---- serialx -------------------------------------------------------------------------------------


def test_serialx_opens_asks_and_sees_the_lines(port: Port) -> None:
    serialx = pytest.importorskip("serialx")
    with serialx.serial_for_url(port.url, baudrate=57600) as line:
        line.write(b"ATE0\r")
        line.read_until(b"OK\r\n")
        line.write(b"AT+CSQ\r")
        assert bytes(line.read_until(b"OK\r\n")) == b"\r\n+CSQ: 20,0\r\n\r\nOK\r\n"
        pins = line.get_modem_pins()
        assert pins.cts is serialx.PinState.HIGH
        assert pins.dsr is serialx.PinState.HIGH
        line.write(b"AT&C0\r")
        line.read_until(b"OK\r\n")
        assert eventually(lambda: line.get_modem_pins().car is serialx.PinState.HIGH)
        line.set_modem_pins(dtr=False)
        module = port.modem.driver.modem._module
        assert eventually(lambda: not port.modem.call(lambda: module.dtr))
        line.set_modem_pins(dtr=True)
        assert eventually(lambda: bool(port.modem.call(lambda: module.dtr)))


# ---- others --------------------------------------------------------------------------------------


def test_a_second_client_is_told_and_the_first_goes_on(port: Port) -> None:
    client = port.open()
    with connect(port) as second:
        told = second.makefile("rb").read()
    assert told.startswith(b"vmodem: the port is in use by 127.0.0.1:")
    assert told.endswith(b"\r\n")
    with pytest.raises(OSError):  # pyserial's client makes of it what it meets first  # noqa: PT011
        serial.serial_for_url(port.url)
    assert client.ask("AT").endswith("OK\r\n")
    assert all(re.fullmatch("a second client, .*, was refused: .* has the port", note) for note in port.notes)
    assert len(port.notes) == 2


def test_plain_telnet_is_a_client_too(port: Port) -> None:
    with raw(port) as client:
        client.sendall(b"\xff\xfc\x2c\xff\xfe\x2cAT\r")
        assert hears(client, b"OK\r\n") == b"AT\r\r\nOK\r\n"


def test_suspended_data_waits_and_answers_do_not(port: Port) -> None:
    with raw(port) as client:
        client.sendall(b"ATE0\r")
        hears(client, b"OK\r\n")
        client.sendall(COM + b"\x08" + END + b"AT\r" + COM + b"\x00" + END)
        assert hears(client, END).endswith(COM + b"\x64vmodem" + END)
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(LIMIT)
        client.sendall(COM + b"\x0c\x01" + END)  # purged: that OK is gone
        assert hears(client, END) == COM + b"\x70\x01" + END
        client.sendall(b"AT+CSQ\r" + COM + b"\x09" + END)
        assert hears(client, b"OK\r\n") == b"\r\n+CSQ: 20,0\r\n\r\nOK\r\n"


def test_a_client_that_does_not_read_is_bounded_and_loses_nothing(port: Port) -> None:
    """Its own echo comes back in the end: some megabytes, of which the server held a few kilobytes."""
    with raw(port) as client:
        client.settimeout(0.5)
        line = b"AT+CSQ\r" * 1000
        sent = 0
        with suppress(TimeoutError):
            for _ in range(5000):
                sent += client.send(line[sent % 7 :])
            pytest.fail("it takes and takes")
        pipe = port.modem.pipe
        held = port.modem.call(lambda: len(pipe._waiting) + len(pipe._out) + len(pipe._unread))  # type: ignore[attr-defined]
        assert held < FLOOD + AHEAD + 300_000
        client.settimeout(LIMIT)
        answers = 0
        rest = b""
        while answers < sent // 7:
            rest += client.recv(65536)
            answers += rest.count(b"\r\nOK\r\n")
            rest = rest[-5:] if not rest.endswith(b"\r\nOK\r\n") else b""


def test_a_client_that_only_asks_is_bounded_too(port: Port) -> None:
    with raw(port) as client:
        client.settimeout(0.5)
        question = COM + b"\x00" + END
        sent = 0
        with suppress(TimeoutError):
            for _ in range(5000):
                sent += client.send((question * 1000)[sent % len(question) :])
            pytest.fail("it takes and takes")
        pipe = port.modem.pipe
        assert port.modem.call(lambda: len(pipe._out)) < CROWDED + 100_000  # type: ignore[attr-defined]
        client.settimeout(LIMIT)
        answer = COM + b"\x64vmodem" + END
        expected = sent // len(question) * len(answer)
        got = 0
        while got < expected:
            got += len(client.recv(65536))
        client.sendall(question[sent % len(question) :] + b"ATE0\r")
        hears(client, b"OK\r\n")


def test_a_client_that_goes_without_reading_is_missed(port: Port) -> None:
    module = port.modem.driver.modem._module
    with raw(port) as client:
        client.settimeout(0.5)
        with suppress(TimeoutError):
            for _ in range(5000):
                client.send((COM + b"\x00" + END) * 1000)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert eventually(lambda: not port.modem.call(lambda: module.dtr))
    with raw(port) as client:
        client.sendall(b"ATE0\r")
        hears(client, b"OK\r\n")


def test_nonsense_is_told_a_few_times_and_survived(port: Port, tmp_path: Path) -> None:
    with raw(port) as client:
        client.sendall((COM + b"\x4d" + END) * 1000 + b"ATE0\r")
        hears(client, b"OK\r\n")
        client.sendall(b"AT\r")
        assert hears(client, b"OK\r\n") == b"\r\nOK\r\n"
    pipe = port.modem.pipe
    assert port.modem.call(lambda: pipe._notes) == 1000  # type: ignore[attr-defined]
    assert len(port.notes) == MOST_NOTES
    assert port.notes[-1].endswith(
        "sent the word 77, which RFC 2217 does not have; it is ignored (no more of these are told)"
    )


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.binary(max_size=40) | st.sampled_from([b"\xff\xfa\x2c", b"\xff\xf0", b"\xff"]), max_size=20)
)
def test_any_bytes_over_a_real_connection(port: Port, chunks: list[bytes]) -> None:
    """Whatever a client said before: the next one finds a working port."""
    with raw(port) as client:
        for chunk in chunks:
            client.sendall(chunk)
    deadline = time.monotonic() + LIMIT
    while True:
        with raw(port) as again:
            again.settimeout(0.2)
            # The first line ends what was left; a data mode or a prompt cannot have been reached.
            again.sendall(b"\x1b\r\r\nAT\r")
            try:
                hears(again, b"\r\nOK\r\n")
            except (TimeoutError, AssertionError):
                assert time.monotonic() < deadline
                continue
            return

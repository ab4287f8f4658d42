"""``serial.serial_for_url("vmodem://...")``: a port like any other of pyserial's, and nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
import serial
import vmodem  # noqa: F401  # makes pyserial know the scheme
from ports import LIMIT, eventually
from vmodem.emulator.background import SHARED, HostedModem
from vmodem.emulator.events import LineSignal, SmsArrived

OK = b"\r\nOK\r\n"


def descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    serial.serial_for_url("vmodem://sim800").close()  # what is imported and kept once
    threads, before = set(threading.enumerate()), descriptors()
    yield
    assert set(threading.enumerate()) == threads
    assert descriptors() == before
    assert not SHARED._modems


@pytest.fixture
def port() -> Iterator[serial.Serial]:
    with serial.serial_for_url("vmodem://sim800?seed=1", timeout=LIMIT) as port:
        port.write(b"ATE0\r")
        assert port.read_until(OK).endswith(OK)
        yield port


def hosted(port: serial.Serial) -> HostedModem:
    """The modem behind it."""
    modem = port._modem  # type: ignore[attr-defined]
    assert isinstance(modem, HostedModem)
    return modem


def fresh(code: str) -> str:
    """What a process of its own prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout


# ---- finding it ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "begin",
    [
        "import vmodem, serial",
        "import serial, vmodem",
        "import serial; serial.protocol_handler_packages.append('vmodem.emulator')",
    ],
)
def test_one_import_is_enough(begin: str) -> None:
    code = (
        f"{begin}\n"
        "with serial.serial_for_url('vmodem://sim800', timeout=5) as port:\n"
        "    port.write(b'AT\\r'); print(port.read_until(b'OK\\r\\n'))\n"
    )
    assert fresh(code) == "b'AT\\r\\r\\nOK\\r\\n'\n"


def test_importing_the_package_does_not_import_pyserial() -> None:
    assert fresh("import vmodem, sys; print('serial' in sys.modules)") == "False\n"


def test_a_process_that_forgets_to_close_ends_nevertheless() -> None:
    code = "import vmodem, serial; port = serial.serial_for_url('vmodem://sim800'); port.write(b'AT')"
    assert fresh(code) == ""


# ---- the URL -------------------------------------------------------------------------------------


def asks(url: str, line: str) -> bytes:
    with serial.serial_for_url(url, timeout=LIMIT) as port:
        port.write(f"ATE0\r{line}\r".encode())
        port.read_until(OK)
        return bytes(port.read_until(OK))


def test_options_are_those_of_the_command_line() -> None:
    assert asks("vmodem://sim800?imei=123456789012345", "AT+GSN") == b"\r\n123456789012345\r\n" + OK
    assert asks("VMODEM://sim800?pin=4321&network=loopback", "AT+CPIN?") == b"\r\n+CPIN: SIM PIN\r\n" + OK
    assert b"Quectel" in asks("vmodem://quectel_mxx", "ATI")
    assert asks("vmodem://sim800", "AT+GSN") != asks("vmodem://sim800?seed=1", "AT+GSN")
    with serial.serial_for_url("vmodem://sim800?boot&timing=0.01", timeout=LIMIT) as port:
        assert port.read_until(b"SMS Ready\r\n").startswith(b"\r\nRDY\r\n")


def test_routes_lead_to_a_tests_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        route = f"tcp://203.0.113.5:80=tcp://127.0.0.1:{server.getsockname()[1]}"
        url = f"vmodem://sim800?network=none&route=udp://1.2.3.4:5=udp://127.0.0.1:5&route={route}"
        with serial.serial_for_url(url, timeout=LIMIT) as port:
            for line, until in (
                ('AT+CSTT="a"', OK),
                ("AT+CIICR", OK),
                ("AT+CIFSR", b".\r\n"[-1:]),
                ('AT+CIPSTART="TCP","203.0.113.5",80', b"CONNECT OK\r\n"),
            ):
                port.write(line.encode() + b"\r")
                port.read_until(until)
            server.accept()[0].close()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("vmodem://sim900", "no dialect 'sim900'"),
        ("vmodem://sim800?speed=1", "there is no option 'speed' \\(there are baud, boot, "),
        ("vmodem://sim800?seed=x", "seed 'x' is no number"),
        ("vmodem://sim800?seed=1&seed=2", "seed is given twice"),
        ("vmodem://sim800?boot=maybe", "boot 'maybe' is neither yes nor no"),
        ("vmodem://sim800?timing=never", "timing 'never' is no factor"),
        ("vmodem://sim800?network=mars", "network 'mars' is none of "),
        ("vmodem://sim800?route=x", "route"),
        ("vmodem://sim800?local_ip=x", "local_ip 'x' is not an IPv4 address"),
        ("vmodem://sim800?baud=7", "baud '7' is no rate"),
        ("vmodem://sim800/1", "behind the module's name come options only"),
        ("vmodem://running/99999", "no such modem is running in this process"),
        ("vmodem://running/x", "no such modem"),
    ],
)
def test_mistakes_are_told_with_the_remedy(url: str, told: str) -> None:
    with pytest.raises(
        serial.SerialException, match=f"(?s)Could not open port {url.replace('?', '.')}: .*{told}"
    ):
        serial.serial_for_url(url)


def test_a_frame_that_the_module_does_not_have() -> None:
    with pytest.raises(serial.SerialException, match="8 data bits and no parity, not 7E"):
        serial.serial_for_url("vmodem://sim800", bytesize=7, parity="E")
    with (
        serial.serial_for_url("vmodem://sim800") as port,
        pytest.raises(serial.SerialException, match="not 8O"),
    ):
        port.parity = "O"


# ---- a port like any other -----------------------------------------------------------------------


def test_timeouts(port: serial.Serial) -> None:
    port.timeout = 0
    assert port.read(10) == b""
    port.timeout = 0.05
    start = time.monotonic()
    assert port.read(10) == b""
    assert 0.04 < time.monotonic() - start < LIMIT
    port.write(b"AT\r")
    assert port.read(100) == OK, "what came before the time was over"
    port.timeout = None
    port.write(b"AT\r")
    assert port.read(6) == OK
    port.inter_byte_timeout = 0.05
    port.write(b"AT\r")
    assert port.read(100) == OK, "no more came for a while"


def test_waiting_bytes_are_counted_and_dropped(port: serial.Serial) -> None:
    assert port.in_waiting == 0
    port.write(b"AT\r")
    assert eventually(lambda: port.in_waiting == 6)
    port.reset_input_buffer()
    assert port.in_waiting == 0
    port.flush()
    assert port.out_waiting == 0
    port.write(b"AT\r")
    assert port.read(6) == OK


def test_what_is_no_bytes_is_refused(port: serial.Serial) -> None:
    with pytest.raises(TypeError):
        port.write("AT\r")  # type: ignore[arg-type]


def test_a_read_is_cancelled_from_another_thread(port: serial.Serial) -> None:
    port.timeout = None
    timer = threading.Timer(0.05, port.cancel_read)
    timer.start()
    assert port.read(1) == b""
    port.write(b"AT\r")
    assert port.read(6) == OK
    timer.join()


def fill(port: serial.Serial) -> int:
    """Write while nothing is taken until nothing more fits: how much was written."""
    modem = hosted(port)
    modem.call(modem.driver._pipe.pause_reading)
    port.write_timeout = 0
    total = 0
    while count := port.write(bytes(65536)):
        total += count
    return total


def test_a_write_that_is_not_taken_times_out_or_is_cancelled(port: serial.Serial) -> None:
    assert fill(port) > 65536
    assert port.out_waiting
    port.write_timeout = 0.05
    with pytest.raises(serial.SerialTimeoutException):
        port.write(b"x")
    port.write_timeout = None
    timer = threading.Timer(0.05, port.cancel_write)
    timer.start()
    assert port.write(b"x") == 0
    port.reset_output_buffer()
    assert port.out_waiting == 0
    assert port.write(b"x") == 1
    timer.join()


def test_control_lines_and_break(port: serial.Serial) -> None:
    module = hosted(port).driver.modem._module
    assert (port.cts, port.dsr, port.ri, port.cd) == (True, True, False, False)
    assert (port.dtr, port.rts) == (True, True)
    port.dtr = False
    assert module.dtr is False, "known when the setter returns"
    port.dtr = True
    assert module.dtr is True
    port.write(b"AT&C0\r")
    port.read_until(OK)
    assert port.cd
    port.send_break(0.001)
    port.write(b"AT\r")
    assert port.read(6) == OK


def test_lines_that_were_set_before_it_was_opened() -> None:
    port = serial.serial_for_url("vmodem://sim800", do_not_open=True)
    with pytest.raises(serial.SerialException):
        port.cts  # noqa: B018
    port.dtr = False
    port.open()
    assert hosted(port).driver.modem._module.dtr is False
    port.close()
    port.close()
    port.open()
    with pytest.raises(serial.SerialException, match="already open"):
        port.open()
    port.close()


def test_what_was_written_comes_before_a_line_that_was_switched_later(port: serial.Serial) -> None:
    module = hosted(port).driver.modem._module
    for number in range(50):
        port.write(f"ATS0={number}\r".encode())
        port.dtr = False
        assert module.shell.registers[0] == number
        port.dtr = True
    assert port.read(50 * 6) == OK * 50


def test_it_has_a_descriptor_that_loops_and_select_can_wait_for(port: serial.Serial) -> None:
    assert select.select([port.fileno()], [], [], 0) == ([], [], [])
    port.write(b"AT\r")
    assert select.select([port.fileno()], [], [], LIMIT)[0] == [port.fileno()]
    port.read(6)

    async def story() -> bytes:
        loop, heard, done = asyncio.get_running_loop(), bytearray(), asyncio.Event()
        port.timeout = 0

        def readable() -> None:
            heard.extend(port.read(1024))
            if len(heard) >= 6:
                done.set()

        loop.add_reader(port.fileno(), readable)
        port.write(b"AT\r")
        await asyncio.wait_for(done.wait(), LIMIT)
        loop.remove_reader(port.fileno())
        return bytes(heard)

    assert asyncio.run(story()) == OK


def test_reads_and_writes_in_two_threads(port: serial.Serial) -> None:
    port.timeout = LIMIT
    writer = threading.Thread(target=lambda: [port.write(b"AT\r") for _ in range(2000)])
    writer.start()
    assert port.read(2000 * 6) == OK * 2000
    writer.join()


def test_many_modems_share_one_thread() -> None:
    before = threading.active_count()
    ports = [serial.serial_for_url(f"vmodem://sim800?seed={seed}", timeout=LIMIT) for seed in range(50)]
    assert threading.active_count() == before + 1
    for port in ports:
        port.write(b"ATE0;+GSN\r")
    answers = {port.read_until(OK) for port in ports}
    assert len(answers) == 50
    for port in ports:
        port.close()


# ---- a modem that runs already -------------------------------------------------------------------


def test_a_modem_that_runs_outlives_its_clients_and_takes_one_at_a_time() -> None:
    from vmodem.emulator.choices import Choices, check

    with SHARED.start(check(Choices(network="loopback"))) as modem:
        assert modem.port == f"vmodem://running/{modem.number}"
        with serial.serial_for_url(modem.port, timeout=LIMIT) as port:
            port.write(b"ATE0S0=7\r")
            port.read_until(OK)
            with pytest.raises(serial.SerialException, match="is in use"):
                serial.serial_for_url(modem.port)
            modem.inject(SmsArrived("+491", "hello"))
            assert port.read_until(b"1\r\n") == b'\r\n+CMTI: "SM",1\r\n'
        assert modem.driver.modem._module.dtr is False
        with serial.serial_for_url(modem.port, timeout=LIMIT) as port:
            assert modem.driver.modem._module.dtr is True
            port.write(b"ATS0?\r")
            assert port.read_until(OK) == b"\r\n007\r\n" + OK
            assert "IP INITIAL" in modem.states
            modem.stop()
            with pytest.raises(serial.SerialException, match="the modem has ended"):
                port.read(1)
        with pytest.raises(serial.SerialException, match="no such modem"):
            serial.serial_for_url(modem.port)


def test_what_fails_inside_is_raised_to_whoever_stops_it() -> None:
    port = serial.serial_for_url("vmodem://sim800", timeout=LIMIT)
    modem = hosted(port)

    def boom(_signal: LineSignal, _on: bool) -> None:
        raise ZeroDivisionError("ours")

    modem.call(lambda: asyncio.get_event_loop().call_soon(boom, LineSignal.DTR, True))
    with pytest.raises(ZeroDivisionError, match="ours"):
        port.close()


def test_a_modem_ends_with_a_client_that_was_collected() -> None:
    port = serial.serial_for_url("vmodem://sim800")
    del port
    gc.collect()
    assert eventually(lambda: not SHARED._modems)

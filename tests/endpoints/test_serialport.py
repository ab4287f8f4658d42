"""The real serial port, with ptys standing in for an adapter; its lines, with an adapter in software."""

from __future__ import annotations

import asyncio
import fcntl
import os
import termios
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import serial
from ports import HAVE_SOCAT, LIMIT, eventually, running, socat
from vmodem.emulator.background import Background
from vmodem.emulator.choices import Choices, check
from vmodem.emulator.effects import SetLine
from vmodem.emulator.endpoints import EndpointError
from vmodem.emulator.endpoints import serialport as module_under_test
from vmodem.emulator.endpoints.serialport import SerialPipe
from vmodem.emulator.endpoints.uart import Uart
from vmodem.emulator.events import LineSignal

OK = b"\r\nOK\r\n"


@pytest.fixture
def pair() -> Iterator[tuple[int, str]]:
    """A pty: its master for the board, its slave for the adapter."""
    master, slave = os.openpty()
    os.set_blocking(master, False)
    path = os.ttyname(slave)
    os.close(slave)
    yield master, path
    os.close(master)


class Nobody:
    """A module that does not listen."""

    def bytes_received(self, data: bytes) -> None: ...
    def signal_changed(self, signal: LineSignal, on: bool) -> None: ...
    def output_blocked(self) -> None: ...
    def output_ready(self) -> None: ...
    def client_opened(self) -> None: ...
    def client_closed(self) -> None: ...
    def note(self, text: str) -> None: ...
    def input_purged(self) -> None: ...


def hears(fd: int, until: bytes) -> bytes:
    heard = bytearray()

    def more() -> bool:
        with suppress(OSError):  # nothing yet, or nobody has the other end open yet
            heard.extend(os.read(fd, 4096))
        return heard.endswith(until)

    assert eventually(more), heard
    return bytes(heard)


def test_a_board_at_the_other_end(pair: tuple[int, str]) -> None:
    board, path = pair
    with Background().start(check(Choices()), lambda: SerialPipe(path, 57600)) as modem:
        assert modem.port == path
        assert termios.tcgetattr(board)[4] == termios.B57600
        os.write(board, b"ATE0\r")
        hears(board, OK)
        os.write(board, b"AT+CSQ\r")
        assert hears(board, OK) == b"\r\n+CSQ: 20,0\r\n" + OK
        assert modem.call(lambda: modem.driver.modem._module.dtr), "a port without lines has them ON"


def test_ipr_and_ifc_set_the_adapter_behind_the_result_code(pair: tuple[int, str]) -> None:
    board, path = pair
    with Background().start(check(Choices()), lambda: SerialPipe(path, 115200)):
        os.write(board, b"ATE0+IPR=9600;+IFC=2,2\r")
        hears(board, OK)

        def flags() -> tuple[int, bool]:
            settings = termios.tcgetattr(board)
            return settings[4], bool(settings[2] & termios.CRTSCTS)

        assert eventually(lambda: flags() == (termios.B9600, True))
        os.write(board, b"AT+IFC=1,1;+IPR=0\r")
        hears(board, OK)
        assert eventually(lambda: bool(termios.tcgetattr(board)[0] & termios.IXOFF))
        assert not termios.tcgetattr(board)[0] & termios.IXON, "the board's XON is the module's to read"
        assert flags() == (termios.B9600, False), "autobaud leaves an adapter where it is"


def test_xoff_stops_what_the_adapter_holds_already(pair: tuple[int, str]) -> None:
    """What was written to the kernel before XOFF came stays there until XON."""
    board, path = pair

    async def story() -> None:
        pipe = SerialPipe(path, 115200)
        uart = Uart(pipe)
        uart.start(Nobody())
        uart.set_line(SetLine(by_dte=1))
        os.write(board, b"\x13")
        while uart.quick == pipe.write:
            await asyncio.sleep(0)
        pipe.write(b"already given to the adapter")
        await asyncio.sleep(0.05)
        with pytest.raises(BlockingIOError):
            os.read(board, 100)
        os.write(board, b"\x11")
        while uart.quick != pipe.write:
            await asyncio.sleep(0)
        got = b""
        while got != b"already given to the adapter":
            with suppress(BlockingIOError):
                got += os.read(board, 100)
            await asyncio.sleep(0)
        uart.close()

    asyncio.run(asyncio.wait_for(story(), LIMIT))


def test_what_cannot_be_opened_is_told_in_one_line(tmp_path: Path, pair: tuple[int, str]) -> None:
    missing = tmp_path / "ttyNONE"
    with pytest.raises(
        EndpointError, match=r"cannot use .*/ttyNONE: No such file or directory; give another"
    ):
        SerialPipe(str(missing), 115200)
    missing.write_text("no port")
    with pytest.raises(EndpointError, match=r"cannot use .*/ttyNONE: "):
        SerialPipe(str(missing), 115200)
    pipe = SerialPipe(pair[1], 115200)
    with pytest.raises(EndpointError, match=r"cannot use .*: Resource temporarily unavailable"):
        SerialPipe(pair[1], 115200)
    pipe.close()
    pipe.close()


@pytest.mark.skipif(not HAVE_SOCAT, reason="socat is not installed")
def test_an_adapter_that_is_pulled_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_under_test, "AGAIN", 0.01)
    board, adapter = tmp_path / "board", tmp_path / "adapter"
    notes: list[str] = []
    room = Background()
    with socat(board, adapter):
        modem = room.start(check(Choices()), lambda: SerialPipe(str(adapter), 115200), note=notes.append)
        with serial.Serial(str(board), 115200, timeout=LIMIT) as port:
            port.write(b"ATE0S0=5\r")
            assert port.read_until(OK).endswith(OK)
    module = modem.driver.modem._module
    assert eventually(lambda: not modem.call(lambda: module.dtr)), "as if the port had been closed"
    with socat(board, adapter):
        assert eventually(lambda: bool(modem.call(lambda: module.dtr)))
        with serial.Serial(str(board), 115200, timeout=LIMIT) as port:
            port.write(b"ATS0?\r")
            assert port.read_until(OK) == b"\r\n005\r\n" + OK
        modem.stop()
    assert len(notes) == 2
    assert " is gone: " in notes[0]
    assert notes[1] == f"{adapter} is back"


class Lines(serial.Serial):
    """A pty with an adapter's lines, which no pty has: two go out, two come in."""

    cts_in = True
    dsr_in = True

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.driven: dict[str, bool] = {}
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def _update_rts_state(self) -> None:
        self.driven["rts"] = self.rts

    def _update_dtr_state(self) -> None:
        self.driven["dtr"] = self.dtr

    @property
    def cts(self) -> bool:
        return Lines.cts_in

    @property
    def dsr(self) -> bool:
        return Lines.dsr_in


def test_the_lines_of_a_null_modem(pair: tuple[int, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial, "Serial", Lines)
    board, path = pair
    with Background().start(check(Choices()), lambda: SerialPipe(path, 115200)) as modem:
        pipe, module = modem.pipe, modem.driver.modem._module
        assert isinstance(pipe, SerialPipe)
        driven = pipe._port.driven  # type: ignore[attr-defined]
        assert eventually(lambda: driven == {"rts": True, "dtr": False}), "CTS ON, DCD OFF"
        os.write(board, b"ATE0&C0\r")
        hears(board, OK)
        assert eventually(lambda: bool(driven["dtr"])), "DCD ON"
        monkeypatch.setattr(Lines, "dsr_in", False)
        assert eventually(lambda: not modem.call(lambda: module.dtr)), "the board's DTR"
        monkeypatch.setattr(Lines, "dsr_in", True)
        assert eventually(lambda: bool(modem.call(lambda: module.dtr)))
        monkeypatch.setattr(Lines, "cts_in", False)
        uart = modem.driver._pipe
        assert isinstance(uart, Uart)
        assert eventually(lambda: not modem.call(lambda: uart._rts)), "the board's RTS"
        modem.call(lambda: pipe.set_signal(LineSignal.RI, True))
        assert set(driven) == {"rts", "dtr"}, "RI has no output"


def test_a_new_line_waits_for_what_was_written(pair: tuple[int, str]) -> None:
    """Bytes behind the change come at the new rate, in their order."""
    board, path = pair

    async def story() -> None:
        pipe = SerialPipe(path, 115200)
        pipe.start(Nobody())
        data = os.urandom(100_000)
        pipe.write(data)
        pipe.set_line(SetLine(rate=9600))
        pipe.write(b"behind")
        assert termios.tcgetattr(board)[4] == termios.B115200
        got = bytearray()
        while len(got) < len(data) + 6:
            waiting = fcntl.ioctl(board, termios.FIONREAD, b"\0\0\0\0")
            if int.from_bytes(waiting, "little"):
                got += os.read(board, 65536)
            await asyncio.sleep(0)
        assert got == data + b"behind"
        assert termios.tcgetattr(board)[4] == termios.B9600
        pipe.close()

    asyncio.run(asyncio.wait_for(story(), LIMIT))


@pytest.mark.skipif(not HAVE_SOCAT, reason="socat is not installed")
def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with running("serial", tmp_path) as port:
        assert port.open().ask("AT").endswith("OK\r\n")

"""Programs and libraries of other people, unmodified, at a BG96 on a pty with real peers."""

from __future__ import annotations

import socket
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from real_tools import LIMIT, LOOPBACK, chat, gammu, program, run, running
from running_modem import ThreadedModem
from vmodem.emulator.events import SmsArrived

pytestmark = pytest.mark.timeout(180)  # programs take their time, also those of others
NUMBER = "+491701234567"


@pytest.fixture
def modem() -> Iterator[ThreadedModem]:
    with running("bg96") as module:
        yield module


def test_gammu_identifies_the_module(modem: ThreadedModem, tmp_path: Path) -> None:
    said = gammu(modem, tmp_path, "identify")
    assert "Manufacturer : Quectel" in said
    assert "Model : unknown (BG96)" in said
    assert "Firmware : BG96MAR02A07M1G" in said


def test_gammu_sees_the_network(modem: ThreadedModem, tmp_path: Path) -> None:
    said = gammu(modem, tmp_path, "networkinfo")
    assert "Network state : home network" in said
    assert "LAC 1A2B, CID 00003C4D" in said
    assert 'Name in phone : "Virtual"' in said
    assert "GPRS : attached" in said


def test_gammu_sends_and_reads_messages(modem: ThreadedModem, tmp_path: Path) -> None:
    said = gammu(modem, tmp_path, "sendsms", "TEXT", NUMBER, stdin="hello there")
    assert "OK, message reference=" in said
    modem.inject(SmsArrived(NUMBER, "good morning"))
    said = gammu(modem, tmp_path, "getallsms")
    assert f'Remote number : "{NUMBER}"' in said
    assert "good morning" in said


def test_comgt_waits_for_the_network(modem: ThreadedModem) -> None:
    said = run(program("comgt"), "-d", modem.path).stdout
    assert "SIM ready" in said
    assert 'Registered on Home network: "Virtual"' in said
    assert "Signal Quality: 20,99" in said


def test_chat_goes_through_its_script(modem: ThreadedModem) -> None:
    script = ["TIMEOUT", "5", "ABORT", "ERROR", "", "ATZ", "OK", "AT+CEREG?", "+CEREG: 0,1", "AT+CSQ", "OK"]
    chat(modem, *script, status=0)


# ---- python-gsmmodem -------------------------------------------------------------------------------


def test_gsmmodem(modem: ThreadedModem) -> None:
    library = pytest.importorskip("gsmmodem.modem", reason="python-gsmmodem-new is not installed (PyPI)")
    reported: SimpleQueue[Any] = SimpleQueue()
    phone = library.GsmModem(modem.path, 115200, smsReceivedCallbackFunc=reported.put)
    phone.connect()
    try:
        assert (phone.manufacturer, phone.model) == ("Quectel", "BG96")
        assert phone.imsi == "262011234567890"
        assert phone.networkName == "Virtual"
        assert phone.waitForNetworkCoverage(timeout=5) == 20
        assert phone.sendSms(NUMBER, "hello there").reference == 0
        modem.inject(SmsArrived(NUMBER, "good morning"))
        message = reported.get(timeout=LIMIT)
        assert (message.number, message.text) == (NUMBER, "good morning")
        assert phone.listStoredSms() == []
    finally:
        phone.close()


# ---- sixfab-cellulariot ----------------------------------------------------------------------------


def sixfab_library(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The library; the parts of a Raspberry Pi and its board that it imports are no part of this."""
    pins = types.ModuleType("RPi.GPIO")
    for name in ("setmode", "setup", "output", "cleanup"):
        setattr(pins, name, lambda *_: None)
    computer = types.ModuleType("RPi")
    computer.GPIO = pins  # type: ignore[attr-defined]
    board = {"RPi": computer, "RPi.GPIO": pins}
    sensors = ("Adafruit_ADS1x15", "ADS1015"), ("cellulariot.MMA8452Q", "MMA8452Q")
    for name, member in (*sensors, ("cellulariot.SDL_Pi_HDC1000", "SDL_Pi_HDC1000")):
        board[name] = types.ModuleType(name)
        setattr(board[name], member, object)
    for name, module in board.items():
        monkeypatch.setitem(sys.modules, name, module)
    reason = "sixfab-cellulariot is not installed (PyPI)"
    return pytest.importorskip("cellulariot.cellulariot", reason=reason)


def test_sixfab(modem: ThreadedModem, monkeypatch: pytest.MonkeyPatch) -> None:
    library = sixfab_library(monkeypatch)
    heard: SimpleQueue[bytes] = SimpleQueue()
    with socket.create_server((LOOPBACK, 0)) as server:
        server.settimeout(LIMIT)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                while data := connection.recv(1024):
                    heard.put(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        node = library.CellularIoT(serial_port=modem.path)
        try:
            node.sendATComm("ATE0", "OK\r\n")
            node.getHardwareInfo()
            assert node.response == "\r\nBG96\r\n\r\nOK\r\n"
            node.setMode(node.CATM1_MODE)
            node.setGSMBand(node.GSM_900)
            node.getBandConfiguration()
            assert node.response == '\r\n+QCFG: "band",0x1,0x400a0e189f,0xa0e189f\r\n\r\nOK\r\n'
            node.connectToOperator()
            node.getQueryNetworkInfo()
            assert node.response.startswith('\r\n+QNWINFO: "CAT-M1","26201"')
            # Its context must have been configured once; the library only asks and activates.
            node.sendATComm('AT+QICSGP=1,1,"super","","",0', "OK\r\n")
            node.activateContext()
            node.setIPAddress(LOOPBACK)
            node.setPort(str(server.getsockname()[1]))
            node.connectToServerTCP()
            node.sendDataTCP("hello")
            assert heard.get(timeout=LIMIT) == b"hello"
            node.closeConnection()
            thread.join(LIMIT)
            node.deactivateContext()
        finally:
            library.ser.close()

"""Python libraries that speak to modems, unmodified, on the modem's pty with real peers."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import pytest
import serial
from real_tools import LIMIT, LOOPBACK, program, run, running_sim800
from running_modem import ThreadedModem
from vmodem.emulator.events import SmsArrived

pytestmark = pytest.mark.timeout(180)  # programs take their time, also those of others
NUMBER = "+491701234567"
Gsm = tuple[Any, SimpleQueue[Any]]
"""A connected modem, and the messages that it has reported."""


@pytest.fixture
def modem() -> Iterator[ThreadedModem]:
    with running_sim800() as running:
        yield running


# ---- python-gsmmodem -------------------------------------------------------------------------------


@pytest.fixture
def gsm(modem: ThreadedModem) -> Iterator[Gsm]:
    """A connected GsmModem, and the messages that it has reported."""
    library = pytest.importorskip("gsmmodem.modem", reason="python-gsmmodem-new is not installed (PyPI)")
    reported: SimpleQueue[Any] = SimpleQueue()
    phone = library.GsmModem(modem.path, 115200, smsReceivedCallbackFunc=reported.put)
    phone.connect()
    try:
        yield phone, reported
    finally:
        phone.close()


def test_gsmmodem_asks_who_the_module_is(gsm: Gsm) -> None:
    phone, _ = gsm
    assert phone.manufacturer == "SIMCOM_Ltd"
    assert phone.model == "SIMCOM_SIM800"
    assert phone.revision == "Revision:1418B04SIM800"
    assert phone.imei == "869988012345670"
    assert phone.imsi == "262011234567890"
    assert phone.networkName == "Virtual"
    assert phone.signalStrength == 20
    assert phone.waitForNetworkCoverage(timeout=5) == 20
    assert phone.ownNumber == NUMBER


def test_gsmmodem_sends_a_message(gsm: Gsm) -> None:
    phone, _ = gsm
    assert phone.sendSms(NUMBER, "hello there").reference == 0
    assert phone.sendSms(NUMBER, "grüße ✓").reference == 1


@pytest.mark.parametrize("text_mode", [False, True])
def test_gsmmodem_lists_and_deletes_messages(modem: ThreadedModem, gsm: Gsm, text_mode: bool) -> None:
    phone, reported = gsm
    phone.smsTextMode = text_mode
    modem.inject(SmsArrived(NUMBER, "good morning"))
    message = reported.get(timeout=LIMIT)
    assert (message.number, message.text) == (NUMBER, "good morning")
    assert phone.listStoredSms() == []


def test_gsmmodem_finds_what_came_before(modem: ThreadedModem, gsm: Gsm) -> None:
    phone, _ = gsm
    phone.write("AT+CNMI=2,0,0,0,0")
    modem.inject(SmsArrived(NUMBER, "one"))
    modem.inject(SmsArrived(NUMBER, "two"))
    phone.write("AT")
    assert [message.text for message in phone.listStoredSms(delete=True)] == ["one", "two"]
    assert phone.listStoredSms() == []


# ---- adafruit-circuitpython-fona -------------------------------------------------------------------


class ResetPin:
    """A reset line that leads nowhere: a pty has none."""

    value = True

    def switch_to_output(self) -> None:
        """It is one."""


def echo_server() -> tuple[int, Callable[[], None]]:
    """A server that sends back what it gets, in capitals; its port, and how to end it."""
    listening = socket.create_server((LOOPBACK, 0))
    listening.settimeout(LIMIT)

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            while data := connection.recv(1024):
                connection.sendall(data.upper())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()

    def end() -> None:
        listening.close()
        thread.join(LIMIT)

    return listening.getsockname()[1], end


def fona_library(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The library; what it imports of CircuitPython for its type hints alone may be missing here."""
    for name, members in (("busio", ("UART",)), ("digitalio", ("DigitalInOut",)), ("pwmio", ("PWMOut",))):
        module = types.ModuleType(name)
        for member in members:
            setattr(module, member, object)
        monkeypatch.setitem(sys.modules, name, module)
    reason = "adafruit-circuitpython-fona is not installed (PyPI)"
    return pytest.importorskip("adafruit_fona.adafruit_fona", reason=reason)


def test_circuitpython_fona(modem: ThreadedModem, monkeypatch: pytest.MonkeyPatch) -> None:
    library = fona_library(monkeypatch)
    port, end = echo_server()
    with serial.Serial(modem.path, 115200, timeout=0.5) as uart:
        fona = library.FONA(uart, ResetPin())
        assert fona.iemi == "869988012345670"
        assert fona.iccid == "89490200001234567892"
        assert fona.network_status == 1
        assert fona.set_gprs(("internet", "", ""))
        assert fona.get_host_by_name("localhost") == f'"{LOOPBACK}"'
        link = fona.get_socket()
        assert link == 0
        assert fona.socket_connect(link, LOOPBACK, port)
        assert fona.socket_status(link)
        assert fona.get_socket() == 1
        assert fona.socket_write(link, b"hello")
        while not (there := fona.socket_available(link)):
            pass
        assert there == 5
        assert fona.socket_read(link, there) == b"HELLO"
        fona.socket_close(link)  # it drops the one line that says how it went (its own bug)
        assert not fona.socket_status(link)
    end()


def test_circuitpython_fona_receives_a_message(modem: ThreadedModem, monkeypatch: pytest.MonkeyPatch) -> None:
    library = fona_library(monkeypatch)
    with serial.Serial(modem.path, 115200, timeout=0.5) as uart:
        fona = library.FONA(uart, ResetPin())
        modem.inject(SmsArrived(NUMBER, "good morning"))
        end = time.monotonic() + LIMIT
        while (received := fona.receive_sms()) == (False, False) and time.monotonic() < end:
            pass
        assert received == (NUMBER, "good morning")
        assert fona.num_sms() == 0


# ---- serialport-gsm, of node -----------------------------------------------------------------------

NODE_SCRIPT = """
const gsm = require('serialport-gsm');
const modem = gsm.Modem();
const told = {};
modem.on('open', async () => {
  try {
    told.init = (await modem.initializeModem()).status;
    told.mode = (await modem.setModemMode(undefined, 'PDU', false, 5000)).status;
    told.signal = (await modem.getNetworkSignal()).data.signalQuality;
    told.imei = (await modem.getModemSerial()).data.modemSerial;
    told.number = (await modem.getOwnNumber()).data.number;
    told.memory = (await modem.checkSimMemory()).data.total;
    told.sent = (await modem.sendSMS('491701234567', 'hello there', false)).data.response;
    told.inbox = (await modem.getSimInbox()).data.length;
  } catch (error) { told.error = String(error && error.message); }
  console.log(JSON.stringify(told));
  process.exit(0);
});
modem.open(process.argv[1], { baudRate: 115200, cnmiCommand: 'AT+CNMI=2,1,0,1,0', incomingSMSIndication: true,
  incomingCallIndication: true, autoDeleteOnReceive: true, enableConcatenation: true, pin: '' },
  (error) => { if (error) { console.log(String(error)); process.exit(1); } });
"""


def test_serialport_gsm(modem: ThreadedModem) -> None:
    node = program("node", "nodejs")
    if run(node, "-e", "require.resolve('serialport-gsm')", status=None).returncode:
        pytest.skip("serialport-gsm is not in NODE_PATH (npm)")
    told = json.loads(run(node, "-e", NODE_SCRIPT, modem.path).stdout)
    assert told == {
        "init": "success",
        "mode": "success",
        "signal": "20",
        "imei": "869988012345670",
        "number": NUMBER,
        "memory": 30,
        "sent": "Message Successfully Sent",
        "inbox": 0,
    }

"""What a test expects from a mark on, and the steps that have no verb of their own."""

from __future__ import annotations

import pytest
import serial
from vmodem.emulator.lab.modem import LabModem


def test_expectations_from_a_mark_on(modem: LabModem) -> None:
    modem.do(mark="first")
    later = modem.expect("AT+CREG?", after="first")
    modem.expect_never("AT+COPS?", after="first", until={"command": "AT+CREG?"})
    with pytest.raises(ValueError, match="'frist' is neither start, rule nor mark"):
        modem.expect("AT", after="frist")
    with serial.serial_for_url(modem.url, timeout=5) as port:
        for command in (b"AT+CREG?", b"AT+COPS?"):
            port.write(command + b"\r")
            port.read_until(b"OK\r\n")
    later.wait(5)
    modem.assert_seen(mark="first", times=1)


def test_services_cards_and_warmth(modem: LabModem) -> None:
    modem.do(ussd={"to": "*100#", "text": "5.00 EUR"}, sim={"pin": "4321"})
    with serial.serial_for_url(modem.url, timeout=5) as port:
        port.write(b"AT+CPIN?\r")
        assert b"+CPIN: SIM PIN" in port.read_until(b"OK\r\n")
        port.write(b"AT+CPIN=4321\r")
        port.read_until(b"SMS Ready\r\n")
        port.write(b'AT+CUSD=1,"*100#"\r')
        assert b'+CUSD: 0,"5.00 EUR",15\r\n' in port.read_until(b",15\r\n")

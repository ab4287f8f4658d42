"""AT+CSCLK: when the port goes deaf, what wakes it, what is lost (SIM800 note 11, common.md 7)."""

from __future__ import annotations

import pytest
from shell_host import ERROR, OK, Host, said
from vmodem.emulator.dialect import Options
from vmodem.emulator.events import Address, PowerChanged, RegistrationChanged

PEER = Address("116.228.221.51", 8500)


def asleep(options: Options | None = None) -> Host:
    """A host whose module has fallen asleep."""
    host = Host(options)
    host.asks("AT+CREG=1;+CSCLK=1")
    host.dtr(False)
    assert host.waits(5.0) == b""
    return host


@pytest.mark.parametrize(
    ("line", "heard"),
    [
        ("AT+CSCLK=?", said("+CSCLK: (0,1)", "OK")),
        ("AT+CSCLK?", said("+CSCLK: 0", "OK")),
        ("AT+CSCLK=1;+CSCLK?", said("+CSCLK: 1", "OK")),
        ("AT+CSCLK=0", OK),
        ("AT+CSCLK=2", ERROR),
        ("AT+CSCLK=", ERROR),
        ("AT+CSCLK", ERROR),
    ],
)
def test_forms(line: str, heard: bytes) -> None:
    assert Host().asks(line) == heard


def test_input_to_a_sleeping_module_is_lost_and_not_echoed() -> None:
    host = asleep()
    host.types(b"ATE1\r")
    assert host.types(b"AT\r") == b""
    host.dtr(True)
    assert host.types(b"AT\r") == b""
    assert host.waits(0.049) == b""
    assert host.types(b"AT\r") == b""
    assert host.waits(0.001) == b""
    assert host.types(b"AT\r") == OK


def test_a_short_dtr_pulse_does_not_wake() -> None:
    host = asleep()
    host.dtr(True)
    host.waits(0.049)
    host.dtr(False)
    host.waits(1.0)
    assert host.types(b"AT\r") == b""
    host.dtr(True)
    host.waits(0.03)
    assert host.types(b"AT\r") == b"", "two short pulses do not add up"
    host.waits(0.03)
    assert host.types(b"AT\r") == OK


def test_awake_until_idle_for_five_seconds() -> None:
    host = Host()
    host.asks("AT+CSCLK=1")
    host.dtr(False)
    for _ in range(4):
        host.waits(4.9)
        assert host.asks("AT") == OK
    host.waits(4.9)
    host.sees(RegistrationChanged(5))
    host.waits(4.9)
    assert host.asks("AT") == OK
    host.waits(5.0)
    assert host.asks("AT") == b""


def test_no_sleep_while_dtr_is_on() -> None:
    host = Host()
    host.asks("AT+CSCLK=1")
    host.waits(60.0)
    assert host.asks("AT") == OK
    again = asleep()
    again.dtr(True)
    again.waits(60.0)
    assert again.asks("AT") == OK
    again.dtr(False)
    again.waits(4.9)
    assert again.asks("AT") == OK
    again.waits(5.0)
    assert again.asks("AT") == b""


def test_no_sleep_unless_allowed() -> None:
    host = Host()
    host.dtr(False)
    host.waits(60.0)
    assert host.asks("AT+CSCLK=1") == OK
    assert host.asks("AT+CSCLK=0") == OK
    host.waits(60.0)
    assert host.asks("AT") == OK


def test_allowed_while_dtr_is_off_already() -> None:
    host = Host()
    host.dtr(False)
    host.waits(60.0)
    assert host.asks("AT+CSCLK=1") == OK
    host.waits(4.9)
    assert host.asks("AT") == OK
    host.waits(5.0)
    assert host.asks("AT") == b""


def test_the_network_wakes_the_output_and_not_the_input() -> None:
    host = asleep()
    assert host.sees(RegistrationChanged(5)) == said("+CREG: 5")
    assert host.asks("AT") == b""
    host.dtr(True)
    host.waits(0.05)
    assert host.asks("AT") == OK


def test_links_survive_and_data_comes_through() -> None:
    host = Host()
    host.net.tcp(PEER.host, PEER.port)
    for line in ("AT+CSTT", "AT+CIICR", "AT+CIFSR", f'AT+CIPSTART="TCP","{PEER.host}",{PEER.port}'):
        host.asks(line)
    host.asks("AT+CSCLK=1")
    host.dtr(False)
    host.waits(6.0)
    host.net.connections[0].send(b"wake up")
    assert host.waits(1.0) == b"wake up"
    assert host.asks("AT") == b""
    host.dtr(True)
    host.waits(0.05)
    assert host.asks("AT+CIPSTATUS") == OK + said("STATE: CONNECT OK")


def test_a_command_under_way_keeps_the_module_awake() -> None:
    host = Host(Options(timing_factor=1.0, timings={"operators": 30.0}))
    host.asks("AT+CSCLK=1")
    host.dtr(False)
    host.asks("AT+COPS=?")
    host.waits(20.0)
    host.types(b"AT\r")
    assert host.waits(10.0) == said('+COPS: (2,"Virtual","Virtual","26201"),,(0-4),(0-2)', "OK") + OK
    host.waits(10.0)
    assert host.asks("AT") == b""


def test_power_ends_sleep() -> None:
    host = asleep()
    host.sees(PowerChanged(False))
    host.sees(PowerChanged(True))
    assert host.types(b"AT\r") == b"AT\r" + OK
    host.types(b"ATE0\r")
    host.waits(60.0)
    assert host.asks("AT+CSCLK?") == said("+CSCLK: 0", "OK")

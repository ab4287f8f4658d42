"""AT+IPR and AT+IFC as the engine tells them to its UART; CTS and DSR (common.md 5, V.250 6.2.10, 6.2.12)."""

from __future__ import annotations

import pytest
from shell_host import OK, Host
from vmodem.emulator.dialect import Options
from vmodem.emulator.effects import Effect, SetLine, SetSignal, WriteLine
from vmodem.emulator.engine import TYPED_AHEAD
from vmodem.emulator.events import LineSignal, PowerChanged


def effects_of(host: Host, data: bytes) -> list[Effect]:
    """What the engine asks for when the host writes ``data``."""
    modem = host.world.modem
    modem.effects()
    modem.receive_bytes(data, host.world.now)
    return modem.effects()


def lines(host: Host) -> dict[str, bool]:
    """The lines as they are now."""
    return {change.signal.value: change.on for change in host.world.signals}


def test_a_new_rate_is_told_behind_the_result_code() -> None:
    host = Host()
    assert effects_of(host, b"AT+IPR=9600\r") == [WriteLine(OK), SetLine(rate=9600)]
    assert effects_of(host, b"AT+IPR=9600\r") == [WriteLine(OK)], "nothing new"
    assert effects_of(host, b"AT+IFC=2,1\r") == [WriteLine(OK), SetLine(9600, 2, 1)]
    assert effects_of(host, b"AT+IFC=0,0;+IPR=0;+CSQ\r")[-1] == SetLine()


def test_the_second_line_of_one_write_is_behind_it_too() -> None:
    host = Host()
    assert effects_of(host, b"AT+IPR=9600\rAT\r") == [WriteLine(OK), SetLine(rate=9600), WriteLine(OK)]


def test_the_factorys_profile_leaves_the_rate_and_takes_flow_control_back() -> None:
    host = Host()
    host.asks("AT+IPR=19200;+IFC=2,2")
    assert effects_of(host, b"AT&F\r")[-1] == SetLine(rate=19200)


def test_the_users_rate_is_in_force_at_power_on_and_what_is_stored_wins() -> None:
    host = Host(Options(rate=9600))
    assert host.asks("AT+IPR?") == b"\r\n+IPR: 9600\r\n" + OK
    host.asks("AT+IPR=57600")
    host.asks("ATZE0")
    assert host.asks("AT+IPR?") == b"\r\n+IPR: 9600\r\n" + OK
    host.asks("AT+IPR=57600")
    host.asks("AT&W")
    host.asks("AT+IPR=1200")
    host.asks("ATZE0")
    assert host.asks("AT+IPR?") == b"\r\n+IPR: 57600\r\n" + OK


def test_dsr_and_cts_are_on_while_it_is_switched_on() -> None:
    host = Host()
    assert (lines(host)["DSR"], lines(host)["CTS"]) == (True, True)
    host.sees(PowerChanged(False))
    assert (lines(host)["DSR"], lines(host)["CTS"]) == (False, False)
    host.sees(PowerChanged(True))
    assert (lines(host)["DSR"], lines(host)["CTS"]) == (True, True)


@pytest.mark.parametrize(("flow", "told"), [("0,0", False), ("2,1", False), ("0,2", True), ("2,2", True)])
def test_cts_goes_off_while_nothing_is_taken_under_ifc_2(flow: str, told: bool) -> None:
    host = Host(Options(timing_factor=1.0))
    host.asks(f"AT+IFC={flow}")
    host.asks("AT+COPS=?")  # takes its time
    happened = effects_of(host, b"x" * (TYPED_AHEAD + 1))
    off = SetSignal(LineSignal.CTS, False)
    assert (off in happened) is told
    host.world.signals.clear()
    host.waits(600.0)
    changes = [change.on for change in host.world.signals if change.signal is LineSignal.CTS]
    assert changes == ([True] if told else [])

"""A host with a transparent connection, for what must not disturb it: its way in, its way out, RI."""

from __future__ import annotations

from shell_host import OK, Host, said
from vmodem.emulator.world import START, Writer, whole


def in_data_mode(*setup: str, writer: Writer = whole) -> Host:
    """A host with a transparent connection."""
    host = Host(writer=writer)
    host.net.tcp("198.51.100.1", 80)
    for command in (*setup, "AT+CIPMODE=1", "AT+CSTT", "AT+CIICR", "AT+CIFSR"):
        host.asks(command)
    assert host.asks('AT+CIPSTART="TCP","198.51.100.1",80') == OK + said("CONNECT")
    host.waits(2)
    return host


def escape(host: Host) -> bytes:
    """+++ with its guard times."""
    host.types(b"+++")
    return host.waits(1)


def pulses(host: Host) -> list[tuple[float, bool]]:
    """RI's changes: when, and to what."""
    return [
        (round(change.time - START, 3), change.on)
        for change in host.world.signals
        if change.signal.value == "RI"
    ]

"""Makes the module that a transcript speaks to: its dialect, with the header's ``config`` as options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmodem.emulator.world import START, ModemCalls

if TYPE_CHECKING:
    from vmodem.emulator.dialect import Dialect, Options
    from vmodem.emulator.recording.header import Header


def make_modem(dialect_name: str, header: Header, *, pace: float = 0.0) -> ModemCalls:
    """A module that has just been switched on; ``pace`` times its documented durations.

    Raises ``LookupError`` for a dialect that is not there yet.
    """
    from vmodem.emulator.engine import Modem

    return Modem(find_dialect(dialect_name), options_of(header, pace=pace), now=START)


def find_dialect(name: str) -> Dialect:
    """The dialect that transcripts call ``name``; raises ``LookupError``."""
    from vmodem.emulator.recording.header import NAMES
    from vmodem.emulator.registry import find

    return find(NAMES.get(name, name))


def options_of(header: Header, *, pace: float = 0.0) -> Options:
    """The options that make a module print the literals of a transcript."""
    from vmodem.emulator.dialect import Options

    options = Options()
    rssi, ber = header.csq or (options.rssi, options.ber)
    ips = tuple(header.local_ips[context] for context in sorted(header.local_ips, key=lambda c: c or 0))
    return Options(
        local_ips=ips,
        port_name=header.at_port or options.port_name,
        rssi=rssi,
        ber=ber,
        zone=header.ntp[0].quarters if header.ntp else options.zone,
        timing_factor=pace,
    )

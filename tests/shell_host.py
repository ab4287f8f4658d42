"""A host at a SIM800's command line in virtual time, unless told of another module."""

from __future__ import annotations

from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.bench import ERROR as ERROR
from vmodem.emulator.bench import OK as OK
from vmodem.emulator.bench import Bench
from vmodem.emulator.bench import said as said
from vmodem.emulator.dialect import Dialect, Options
from vmodem.emulator.world import Writer, whole


class Host(Bench):
    """One module, switched on and (unless ``echo``) with its echo off."""

    def __init__(
        self,
        options: Options | None = None,
        *,
        dialect: Dialect = SIM800,
        echo: bool = False,
        writer: Writer = whole,
    ) -> None:
        super().__init__(dialect, options, echo=echo, writer=writer)

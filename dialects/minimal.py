"""The smallest dialect: a module that answers AT and says who it is. Where a fourth vendor starts."""

from __future__ import annotations

from ..emulator.command import command, execute
from ..emulator.dialect import CommandSet, Dialect, Escape, Identity, Limits
from ..emulator.module import Module
from ..emulator.reply import Cme, Reply, info
from ..emulator.timing import fixed, latency
from .timings import SHELL_TIMINGS, TELEPHONY_TIMINGS


def cgmm(module: Module) -> Reply:
    """Model identification (27.007 5.2)."""
    return info(module.dialect.identity.model)


MINIMAL = Dialect(
    name="minimal",
    title="A module that answers AT",
    documents=("3GPP TS 27.007",),
    identity=Identity("vmodem", "MINIMAL", "1", ("MINIMAL",)),
    commands=CommandSet([command("+CGMM", execute(cgmm), cite="27.007 5.2")]),
    module=Module,
    timings={
        **SHELL_TIMINGS,
        **TELEPHONY_TIMINGS,
        "activate": latency(1.0, "assumed"),
        "connect": latency(0.2, "assumed"),
        "connect limit": fixed(75, "assumed"),
        "close": latency(0.05, "assumed"),
        "close limit": fixed(5, "assumed"),
        "dns": latency(0.3, "assumed"),
        "dns limit": fixed(60, "assumed"),
    },
    limits=Limits(),
    escape=Escape(guard=1.0, gap=1.0),
    unknown_command=Cme.UNKNOWN,
)

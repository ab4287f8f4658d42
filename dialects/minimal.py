"""The smallest dialect: a module that answers AT and says who it is. Where a fourth vendor starts."""

from __future__ import annotations

from ..emulator.command import command, execute
from ..emulator.dialect import CommandSet, Dialect, Identity
from ..emulator.module import Module
from ..emulator.reply import Reply, info


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
)

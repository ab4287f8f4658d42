"""Commands that only keep a number: test, read and write form from one line of declaration."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from ..emulator.command import Choice, Command, command, read, test, write
from ..emulator.reply import OK, Cme, ErrorCode, Reply, info

Guard = Callable[[Any], None]


def no_guard(_module: Any) -> None:
    """Allowed in every state."""


def setting(
    name: str,
    path: str,
    values: tuple[int, ...],
    cite: str,
    *,
    shown: str = "",
    bad_parameter: ErrorCode | None = Cme.INCORRECT_PARAMETERS,
    guard: Guard = no_guard,
    stub: str = "",
) -> Command:
    """A setting at ``module.<path>`` (dotted) that takes one of ``values``.

    ``shown``: the list of the test form where it is not ``(0,1)`` or ``(0-2)``. ``guard(module)``
    raises the refusal of a state in which neither reading nor writing is allowed.
    """
    owner, _, attribute = path.rpartition(".")
    holder = attrgetter(owner) if owner else None

    def read_setting(module: Any) -> Reply:
        guard(module)
        return info(f"{name}: {attrgetter(path)(module)}")

    def write_setting(module: Any, value: int) -> Reply:
        guard(module)
        setattr(holder(module) if holder else module, attribute, value)
        return OK

    listed = shown or (",".join(map(str, values)) if len(values) < 3 else f"{values[0]}-{values[-1]}")
    return command(
        name,
        test(f"{name}: ({listed})"),
        read(read_setting),
        write(Choice("value", values), run=write_setting, bad_parameter=bad_parameter),
        cite=cite,
        stub=stub,
    )

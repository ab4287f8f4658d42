"""Finds dialects by name: our own without any search, anybody else's through entry points.

Our own are not looked up as entry points: reading the installed packages' metadata takes 40 ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from .dialect import Dialect

GROUP = "vmodem.dialects"
"""The entry point group through which a package adds dialects: ``name = "package.module:CONSTANT"``."""

IN_TREE: Mapping[str, str] = MappingProxyType(
    {
        "sim800": "vmodem.dialects.simcom.sim800:SIM800",
        "quectel_mxx": "vmodem.dialects.quectel.mxx:QUECTEL_MXX",
        "bg96": "vmodem.dialects.quectel.bg96:BG96",
    }
)
"""Our own dialects, as pyproject.toml declares them. A package cannot replace one of these."""


class DialectError(Exception):
    """A dialect cannot be had; the message is one line that names the cause and the remedy."""


class UnknownDialect(DialectError, LookupError):
    """Nobody has a dialect of this name."""


class BrokenDialect(DialectError):
    """A package announces a dialect, but does not deliver it."""


def names() -> tuple[str, ...]:
    """The names of all dialects, our own and those of installed packages."""
    return tuple(sorted({*IN_TREE, *(entry.name for entry in _announced())}))


def find(name: str) -> Dialect:
    """The dialect called ``name``.

    Raises :class:`UnknownDialect`, or :class:`BrokenDialect` if the package that announces it fails.
    """
    if name in IN_TREE:
        module, _, constant = IN_TREE[name].partition(":")
        dialect: Dialect = getattr(import_module(module), constant)
        return dialect
    entries = [entry for entry in _announced() if entry.name == name]
    if not entries:
        raise UnknownDialect(_unknown(name))
    if len(entries) > 1:
        who = " and ".join(_origin(entry) for entry in entries)
        raise BrokenDialect(f"the dialect {name!r} is announced by {who}; uninstall one of them")
    return _load(entries[0])


def _announced() -> list[EntryPoint]:
    from importlib.metadata import entry_points

    found = {(_origin(entry), entry.name): entry for entry in entry_points(group=GROUP)}
    return [entry for entry in found.values() if entry.name not in IN_TREE]


def _load(entry: EntryPoint) -> Dialect:
    from .dialect import Dialect

    what = f"the dialect {entry.name!r} of {_origin(entry)}"
    try:
        dialect = entry.load()
    except Exception as error:  # whatever a stranger's module does while it is imported
        cause = " ".join(f"{type(error).__name__}: {error}".split())
        raise BrokenDialect(
            f"{what} cannot be loaded: {cause}; see: python3 -c 'import {entry.module}'"
        ) from error
    if not isinstance(dialect, Dialect):
        kind = type(dialect).__name__
        raise BrokenDialect(f"{what} is a {kind}, not a Dialect; its package must name the constant")
    if dialect.name != entry.name:
        raise BrokenDialect(f"{what} calls itself {dialect.name!r}; its package must announce that name")
    return dialect


def _origin(entry: EntryPoint) -> str:
    package = "an unknown package" if entry.dist is None else entry.dist.name
    return f"{package} (entry point {entry.name} = {entry.value})"


def _unknown(name: str) -> str:
    from difflib import get_close_matches

    known = names()
    near = get_close_matches(name.lower(), known, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"no dialect {name!r}; {meant}known: {', '.join(known)}"

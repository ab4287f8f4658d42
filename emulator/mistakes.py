"""What can be wrong with a command line, apart from us: told in one line, never with a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import registry

if TYPE_CHECKING:
    from .dialect import Dialect


class CommandLineError(Exception):
    """The message is one line: what is wrong, the thing, the remedy. ``status`` is the exit status."""

    status: int


class UsageError(CommandLineError):
    """What was asked for makes no sense."""

    status = 2


class SetupError(CommandLineError):
    """What was asked for cannot be had here and now."""

    status = 3


def find_dialect(name: str) -> Dialect:
    """The dialect of this name; raises :class:`UsageError`, :class:`SetupError` for a broken package."""
    try:
        return registry.find(name)
    except registry.UnknownDialect as error:
        raise UsageError(str(error)) from error
    except registry.DialectError as error:
        raise SetupError(str(error)) from error

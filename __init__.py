"""vmodem: a software stand-in for cellular modules.

``Modem(find("sim800"), Options())`` is the pure engine; the command ``vmodem run`` puts it on a port.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .emulator.dialect import Options
    from .emulator.engine import Modem
    from .emulator.registry import find, names

__all__ = ["Modem", "Options", "find", "names"]

_HOMES = {"Modem": "engine", "Options": "dialect", "find": "registry", "names": "registry"}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562): the command's start-up pays for none."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f".emulator.{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

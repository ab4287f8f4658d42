"""vmodem: a software stand-in for cellular modules.

``Modem(find("sim800"), Options())`` is the pure engine; the command ``vmodem run`` puts it on a port.
Importing this package makes pyserial know ``serial.serial_for_url("vmodem://sim800")``.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .emulator.dialect import Options
    from .emulator.engine import Modem
    from .emulator.registry import find, names

_HANDLER = "serial.urlhandler.protocol_vmodem"

__all__ = ["Modem", "Options", "find", "names"]


class _UrlHandler(ModuleType):
    """Stands where pyserial looks for ``vmodem://``, so that nobody has to register anything.

    pyserial imports ``serial.urlhandler.protocol_<scheme>``. This is what it finds there; importing
    pyserial now, to extend its list of packages, would cost everybody who only wants the engine.
    """

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        from .emulator import protocol_vmodem

        return getattr(protocol_vmodem, name)


sys.modules.setdefault(_HANDLER, _UrlHandler(_HANDLER))

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

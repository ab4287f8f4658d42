"""Runs straight from a checkout, with nothing installed: ``python3 emulator run``."""

from __future__ import annotations

import sys
from pathlib import Path


def load_package() -> None:
    """Make the checkout importable as ``vmodem``, whatever its folder is called."""
    from importlib.util import module_from_spec, spec_from_file_location

    root = Path(__file__).resolve().parent.parent
    spec = spec_from_file_location("vmodem", root / "__init__.py", submodule_search_locations=[str(root)])
    assert spec is not None
    assert spec.loader is not None
    package = module_from_spec(spec)
    sys.modules["vmodem"] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":
    if not __package__:
        # Started as a folder: Python put it first in the search path, where its modules would
        # hide others of the same name.
        sys.path.pop(0)
        load_package()
    from vmodem.emulator.cli import main

    sys.exit(main())

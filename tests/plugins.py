"""Makes an installed package, as far as importlib.metadata can tell: how a stranger adds a dialect."""

from __future__ import annotations

from pathlib import Path

GOOD = """from dataclasses import replace
from vmodem.dialects.minimal import MINIMAL
ACME = replace(MINIMAL, name="acme")
"""


def make_plugin(folder: Path, source: str, *, name: str = "acme", package: str = "acme-modems") -> Path:
    """A folder for ``sys.path`` whose package announces the dialect ``name`` as ``<module>:ACME``."""
    folder.mkdir(exist_ok=True)
    module = package.replace("-", "_")
    (folder / f"{module}.py").write_text(source)
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[vmodem.dialects]\n{name} = {module}:ACME\n")
    return folder

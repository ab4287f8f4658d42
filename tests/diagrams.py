"""Writes the state diagrams of the READMEs from the tables: ``python tests/diagrams.py --write``.

A README holds a block between ``<!-- machine: MODULE:NAME -->`` and ``<!-- end machine -->``; what
stands between is the Mermaid text of that table, and the table of its rows with their sources.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from vmodem.emulator.machine import Machine

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests/examples/acme_modem"))
_BLOCK = re.compile(r"<!-- machine: ([\w.]+):(\w+) -->\n.*?<!-- end machine -->", re.DOTALL)


def find(module: str, name: str) -> Machine[Any]:
    """The table that a marker names."""
    machine = getattr(import_module(module), name)
    assert isinstance(machine, Machine)
    return machine


def block(module: str, name: str) -> str:
    """What stands in a README for this table."""
    machine = find(module, name)
    rows = [
        f"| {row.state.value} | {row.trigger.value} | {row.next.value} | {row.cite} |" for row in machine.rows
    ]
    return "\n".join(
        [
            f"<!-- machine: {module}:{name} -->",
            "```mermaid",
            machine.mermaid().rstrip(),
            "```",
            "",
            "| state | on | next | source |",
            "|---|---|---|---|",
            *rows,
            "<!-- end machine -->",
        ]
    )


def updated(text: str) -> str:
    """``text`` with every block as its table says."""
    return _BLOCK.sub(lambda match: block(match[1], match[2]), text)


def readmes() -> list[Path]:
    """The READMEs that hold diagrams."""
    found = sorted(path for path in ROOT.rglob("README.md") if not {".venv", ".git"} & set(path.parts))
    return [path for path in found if _BLOCK.search(path.read_text())]


if __name__ == "__main__":
    for readme in readmes():
        old = readme.read_text()
        new = updated(old)
        if new != old and "--write" in sys.argv:
            readme.write_text(new)
        print(f"{readme.relative_to(ROOT)}: {'up to date' if new == old else 'changed'}")

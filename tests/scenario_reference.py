"""The reference and the catalogue in scenarios/README.md, made from the model, its words and the files.

python tests/scenario_reference.py [--write]
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from vmodem.emulator.scenario import words
from vmodem.emulator.scenario.load import load
from vmodem.netstack.routes import Route

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "scenarios" / "README.md"
_BLOCK = re.compile(r"<!-- (\w+) -->\n.*?<!-- end \1 -->", re.DOTALL)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def _keys(meanings: dict[str, str]) -> str:
    return _table(("key", "meaning"), ((f"`{key}`", text) for key, text in meanings.items()))


def _catalogue() -> str:
    scenarios = [(path, load(path, Route.entry)) for path in sorted((ROOT / "scenarios").glob("*.yaml"))]
    return "\n\n".join(
        f"**[{path.stem}]({path.name})**: {scenario.description}\n{scenario.about.strip()}"
        for path, scenario in scenarios
    )


BLOCKS: dict[str, Callable[[], str]] = {
    "triggers": lambda: _keys(words.TRIGGERS),
    "rules": lambda: _keys(words.RULES),
    "steps": lambda: _keys(words.STEPS),
    "expectations": lambda: _keys(words.EXPECTATIONS),
    "catalogue": _catalogue,
}


def updated(text: str) -> str:
    """``text`` with every block made anew."""
    return _BLOCK.sub(lambda m: f"<!-- {m[1]} -->\n{BLOCKS[m[1]]()}\n<!-- end {m[1]} -->", text)


if __name__ == "__main__":
    old = README.read_text(encoding="utf-8")
    new = updated(old)
    if new != old and "--write" in sys.argv:
        README.write_text(new, encoding="utf-8")
    print("up to date" if new == old else "changed")

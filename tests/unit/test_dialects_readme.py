"""What dialects/README.md teaches is the example package's code, word for word."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "dialects/README.md").read_text()
EXAMPLE = ROOT / "tests/examples/acme_modem"
FILES = [ROOT / "dialects/minimal.py", EXAMPLE / "pyproject.toml", *EXAMPLE.rglob("*.py")]
CODE = [block for _, block in re.findall(r"^```(python|toml)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)]


def lines_of(text: str) -> str:
    """Without indentation, so that a method is found in its class."""
    return "".join(f"{line.strip()}\n" for line in text.splitlines())


def test_there_are_blocks_of_code() -> None:
    assert len(CODE) >= 12


@pytest.mark.parametrize("block", CODE, ids=[block.splitlines()[0] for block in CODE])
def test_a_block_is_code_of_the_example(block: str) -> None:
    assert textwrap.dedent(block) == block
    assert any(lines_of(block) in lines_of(path.read_text()) for path in FILES)

"""Patterns in which only ``*`` is special: ``?``, ``[``, ``#`` are parts of commands and service codes."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=1024)
def glob(pattern: str) -> re.Pattern[str]:
    """What ``fullmatch`` is asked of; ``*`` stands for anything, case does not count."""
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.IGNORECASE | re.DOTALL)

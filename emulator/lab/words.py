"""How a test says things, and what a scenario calls them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..scenario.actions import Step
from ..scenario.load import expectation_of, steps_of
from ..scenario.model import Expectation
from ..scenario.parts import RENAMED
from ..scenario.text import Names, ScenarioError

T = TypeVar("T")
Seconds = float | str
"""5, 0.2, or as a scenario writes it: ``"200ms"``, ``"2min"``."""


def duration(value: Seconds) -> str:
    """As a scenario writes it."""
    return value if isinstance(value, str) else f"{value:.6f}s"


def plain(value: Any) -> Any:
    """Keywords and values as in a file: ``for_`` is ``for``, a fraction is a duration in seconds."""
    if isinstance(value, dict):
        return {RENAMED.get(k, k): plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return duration(value) if isinstance(value, float) else value


def steps(given: list[dict[str, Any]], whose: str) -> list[Step]:
    """Checked steps; ``ValueError`` tells what is wrong and what there is."""
    return _told(lambda: steps_of(plain(given), whose))


def expectation(given: dict[str, Any], whose: str, names: Names) -> Expectation:
    """A checked expectation, which can speak of ``names``; ``ValueError`` as for :func:`steps`."""
    return _told(lambda: expectation_of(plain(given), whose, names))


def _told(read: Callable[[], T]) -> T:
    try:
        return read()
    except ScenarioError as error:
        raise ValueError(str(error)) from None

"""Named durations: how long a module takes, each with a default and where it comes from.

A *latency* is time the module or the network spends (activating a context, connecting); a user may
scale it or do without. A *fixed* duration is part of the documented behaviour (guard times, limits)
and is never scaled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Duration:
    """A default in seconds, whether it may be scaled, and its source."""

    seconds: float
    scalable: bool
    cite: str


def latency(seconds: float, cite: str) -> Duration:
    """Time that a module or network spends; scaled by ``--timing``."""
    return Duration(seconds, True, cite)


def fixed(seconds: float, cite: str) -> Duration:
    """A guard time or limit of the documents; never scaled."""
    return Duration(seconds, False, cite)


class Timings:
    """The durations in force: a dialect's defaults, a factor for latencies, and overrides by name."""

    def __init__(
        self,
        defaults: Mapping[str, Duration],
        factor: float = 0.0,
        overrides: Mapping[str, float] | None = None,
    ) -> None:
        """``factor`` 0 is instant, 1 typical. Raises ``KeyError`` for an override of an unknown name."""
        self._seconds = {
            name: d.seconds * factor if d.scalable else d.seconds for name, d in defaults.items()
        }
        for name, seconds in (overrides or {}).items():
            if name not in self._seconds:
                raise KeyError(f"no duration is named {name!r}; known: {', '.join(sorted(defaults))}")
            self._seconds[name] = seconds

    def __getitem__(self, name: str) -> float:
        """Seconds of the duration ``name``; ``KeyError`` if no dialect declares it."""
        return self._seconds[name]

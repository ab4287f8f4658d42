"""How a scenario writes durations, sizes, rates and probabilities, and what they are as numbers."""

from __future__ import annotations

import re

_NUMBER = r"(\d+(?:\.\d+)?)"
DURATION = rf"^{_NUMBER}(us|ms|s|min|h)$"
SIZE = rf"^{_NUMBER}(B|KB|KiB|MB|MiB)?$"
RATE = rf"^{_NUMBER}(bit|kbit|Mbit|B|KB|KiB|MB|MiB)/s$"
PERCENT = rf"^{_NUMBER}%$"
"""The patterns, as the JSON Schema shows them to an editor."""

_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_BYTES = {"": 1, "B": 1, "KB": 1000, "KiB": 1024, "MB": 1_000_000, "MiB": 1 << 20}
_BITS = {"bit": 0.125, "kbit": 125.0, "Mbit": 125_000.0}


def _match(pattern: str, text: str, what: str, example: str) -> re.Match[str]:
    found = re.match(pattern, text, re.ASCII)
    if found is None:
        raise ValueError(f"{text!r} is no {what}; write it like {example}")
    return found


def seconds(text: str) -> float:
    """``200ms``, ``5s``, ``2min`` ... in seconds. Raises ``ValueError``."""
    found = _match(DURATION, text, "duration", "200ms, 5s or 2min")
    return float(found[1]) * _SECONDS[found[2]]


def size(text: str | int) -> int:
    """``16KiB``, ``1460`` ... in bytes. Raises ``ValueError``."""
    found = _match(SIZE, str(text), "size", "1460, 16KiB or 1MB")
    return int(float(found[1]) * _BYTES[found[2] or ""])


def rate(text: str) -> float:
    """``20kbit/s``, ``2KB/s`` ... in bytes a second. Raises ``ValueError``."""
    found = _match(RATE, text, "rate", "20kbit/s or 2KB/s")
    return float(found[1]) * (_BITS.get(found[2]) or _BYTES[found[2]])


def probability(text: str) -> float:
    """``30%`` from 0 to 1. Raises ``ValueError``."""
    found = _match(PERCENT, text, "probability", "30%")
    value = float(found[1]) / 100
    if value > 1:
        raise ValueError(f"{text!r} is more than always; write 0% to 100%")
    return value


def utc_seconds(text: str) -> float:
    """``2026-11-25T12:00:00Z`` in seconds since the epoch; raises ``ValueError`` for what no calendar has."""
    from datetime import UTC, datetime

    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()

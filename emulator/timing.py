"""Named durations: how long a module takes, each with a default and where it comes from.

A *latency* is time the module or the network spends (activating a context, connecting); a user may
scale it or do without. A *fixed* duration is part of the documented behaviour (guard times, limits)
and is never scaled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType


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


STANDARD_TIMINGS: Mapping[str, Duration] = MappingProxyType(
    {
        # The shell.
        "boot": latency(2.8, "forums.quectel.com 3135: RDY about 2.8 s after power-on handling; same class"),
        "boot sim": latency(1.0, "assumed: TinyGSM#466 has +CPIN: READY soon after RDY"),
        "call ready": latency(3.0, "assumed: a few seconds after +CPIN: READY"),
        "sms ready": latency(1.0, "assumed: after Call Ready"),
        "signal": fixed(2.0, "observed: +CSQ: 0,0 right after reset, a real value about 2 s later"),
        "registration": fixed(6.0, "assumed, after RDY; lwcell must see +CREG: 1 after its 5 s pause"),
        "search": latency(2.0, "assumed: registration after +CFUN=1, +COPS=0 or the PIN"),
        "operators": latency(15.0, "assumed: +COPS=? scans all bands"),
        "attach": latency(1.5, "common.md 10"),
        "detach": latency(1.0, "assumed"),
        "pdp activate": latency(3.6, "observed: CGACT=1,1 took 3.6 s and 6.5 s"),
        "power down": latency(1.0, "assumed: NORMAL POWER DOWN comes when the module has left the network"),
        "dtr escape": fixed(0.0, "GSM TCPIP AN 4: the ON to OFF edge of DTR switches at once"),
        "sleep idle": fixed(5.0, "common.md 7"),
        "wake": fixed(0.05, "SIM800 note 11: DTR low for 50 ms"),
        # Calls and short messages.
        "ring interval": fixed(5, "common.md 6: RING about every 5 s"),
        "call set-up": fixed(2, "assumed: dialling until the other telephone rings"),
        "no answer": fixed(60, "assumed: the network's limit until NO ANSWER"),
        "sms send": latency(2, "assumed: until the service centre has acknowledged"),
        "call pulse": fixed(0.05, "SIM800 note 2.2.5: RI low for 50 ms"),
        "message pulse": fixed(0.12, "SIM800 note 2.2.5: RI low for 120 ms"),
        # The TCP/IP toolkit.
        "activate": latency(1.5, "common.md 10"),
        "connect": latency(0.5, "common.md 10"),
        "connect limit": fixed(75, "assumed, as observed on SIM800"),
        "close": latency(0.05, "common.md 10"),
        "close limit": fixed(5, "common.md 10: slow close"),
        "dns": latency(0.3, "common.md 10"),
        "dns limit": fixed(60, "assumed"),
    }
)
"""The durations that the engine and the standards' commands use: a dialect declares what differs."""


_MOST_SHARED = 64


class Timings(dict[str, float]):
    """The durations in force: a dialect's defaults, a factor for latencies, and overrides by name."""

    def __init__(
        self,
        defaults: Mapping[str, Duration],
        factor: float = 0.0,
        overrides: Mapping[str, float] | None = None,
    ) -> None:
        """``factor`` 0 is instant, 1 typical. Raises ``KeyError`` for an override of an unknown name."""
        super().__init__(
            {name: d.seconds * factor if d.scalable else d.seconds for name, d in defaults.items()}
        )
        for name, seconds in (overrides or {}).items():
            if name not in self:
                raise KeyError(_unknown(name, defaults))
            self[name] = seconds

    def __missing__(self, name: str) -> float:
        """``KeyError`` for a duration that the dialect does not declare."""
        raise KeyError(_unknown(name, self))


_SHARED: dict[tuple[int, float], tuple[Mapping[str, Duration], Timings]] = {}


def timings(
    defaults: Mapping[str, Duration], factor: float = 0.0, overrides: Mapping[str, float] | None = None
) -> Timings:
    """As :class:`Timings`; modules whose durations are the dialect's share one table."""
    if overrides:
        return Timings(defaults, factor, overrides)
    key = (id(defaults), factor)
    if key not in _SHARED:
        if len(_SHARED) >= _MOST_SHARED:
            _SHARED.clear()
        _SHARED[key] = (defaults, Timings(defaults, factor))
    return _SHARED[key][1]


def _unknown(name: str, known: Iterable[str]) -> str:
    return f"no duration is named {name!r}; known: {', '.join(sorted(known))}"

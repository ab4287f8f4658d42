"""What a user chooses about modems, as typed, and checked: for the command line, a URL, a test's marker."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..netstack.policy import Policy, ipv4
from ..netstack.routes import Route, Routes
from .dialect import Dialect, Options
from .fleet import identities
from .mistakes import UsageError, find_dialect

TIMINGS = {"instant": 0.0, "typical": 1.0}
AUTO = "auto"
SLOWEST, FASTEST = 50, 4_000_000
"""Bit/s that a line may have."""


@dataclass(frozen=True, slots=True)
class Choices:
    """As typed. The names of the fields are those of the options."""

    dialect: str = "sim800"
    seed: int = 0
    boot: bool = False
    timing: str = "instant"
    baud: str | None = None
    network: str = "host"
    route: tuple[str, ...] = ()
    local_ip: tuple[str, ...] = ()
    listen_host: str = "127.0.0.1"
    imei: str | None = None
    number: str | None = None
    pin: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What it means."""

    dialect: Dialect
    options: tuple[Options, ...]
    """One for each modem."""
    routes: Routes
    policy: Policy
    listen_host: str
    paced: bool
    """Whether the line has a rate."""


Spell = Callable[[str], str]


def as_option(field: str) -> str:
    """How the command line calls a field of :class:`Choices`."""
    return "--" + field.replace("_", "-")


def check(choices: Choices, count: int = 1, spell: Spell = as_option, first: int = 0) -> Checked:
    """Check what can be checked without touching the machine; ``spell`` names a field to the user.
    ``first``: the number of the first modem, where others of the same seed run already.

    Raises :class:`~.mistakes.UsageError`, and :class:`~.mistakes.SetupError` for a broken dialect package.
    """
    dialect = find_dialect(choices.dialect)
    try:
        routes = Routes(tuple(Route.parse(text) for text in choices.route))
    except ValueError as error:
        raise UsageError(str(error)) from error
    return Checked(
        dialect=dialect,
        options=tuple(_options(choices, count, dialect, spell, first)),
        routes=routes,
        policy=_policy(choices.network, spell),
        listen_host=_address(spell("listen_host"), choices.listen_host),
        paced=choices.baud is not None,
    )


def _policy(text: str, spell: Spell) -> Policy:
    try:
        return Policy(text)
    except ValueError as error:
        known = ", ".join(policy.value for policy in Policy)
        raise UsageError(f"{spell('network')} {text!r} is none of {known} (write one of them)") from error


def _options(choices: Choices, count: int, dialect: Dialect, spell: Spell, first: int) -> list[Options]:
    if count > 1:
        for field in ("local_ip", "imei", "number"):
            if getattr(choices, field):
                raise UsageError(
                    f"{spell(field)} cannot be the same for several modems "
                    f"(leave it out; see {spell('seed')})"
                )
    contexts = dialect.limits.contexts
    if len(choices.local_ip) > contexts:
        raise UsageError(
            f"{spell('local_ip')} given {len(choices.local_ip)} times: {dialect.name} has {contexts} PDP "
            f"contexts (give {contexts} at the most)"
        )
    wall, factor = time.time(), _factor(choices.timing, spell)
    return [
        replace(
            own,
            local_ips=tuple(_address(spell("local_ip"), text) for text in choices.local_ip),
            imei=_digits(spell("imei"), choices.imei, own.imei, 15, 15),
            number=_digits(spell("number"), choices.number, own.number, 1, 20, plus=True),
            pin=_digits(spell("pin"), choices.pin, own.pin, 4, 8),
            rate=_rate(choices.baud, spell),
            powered=not choices.boot,
            wall=wall,
            timing_factor=factor,
        )
        for own in identities(count, choices.seed, first)
    ]


def _address(option: str, text: str) -> str:
    if ipv4(text) is None:
        raise UsageError(f"{option} {text!r} is not an IPv4 address (write one, such as 127.0.0.1)")
    return text


def _digits(
    option: str, text: str | None, default: str, shortest: int, longest: int, *, plus: bool = False
) -> str:
    if text is None:
        return default
    digits = text.removeprefix("+") if plus else text
    if not (digits.isascii() and digits.isdigit() and shortest <= len(digits) <= longest):
        count = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
        sign = ", with or without +" if plus else ""
        raise UsageError(f"{option} {text!r} is not a number of {count} digits (write one{sign})")
    return text


def _factor(text: str, spell: Spell) -> float:
    if text in TIMINGS:
        return TIMINGS[text]
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if not 0 < factor < math.inf:
        raise UsageError(
            f"{spell('timing')} {text!r} is no factor (write instant, typical or a number above 0)"
        )
    return factor


def _rate(text: str | None, spell: Spell) -> int:
    """AT+IPR at power-on: 0, autobaud, also where the line has no rate."""
    if text is None or text == AUTO:
        return 0
    rate = bit_rate(text)
    if rate is None:
        raise UsageError(
            f"{spell('baud')} {text!r} is no rate "
            f"(write auto, or {SLOWEST} to {FASTEST} bit/s, such as 115200)"
        )
    return rate


def bit_rate(text: str) -> int | None:
    """Bit/s as a number, or None for what no line can have."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(FASTEST))):
        return None
    return int(text) if SLOWEST <= int(text) <= FASTEST else None

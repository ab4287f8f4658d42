"""What several modems of one process need: an identity for each, and descriptors enough."""

from __future__ import annotations

import resource
import sys
from dataclasses import replace

from .check_digit import with_check_digit
from .dialect import Options
from .mistakes import SetupError

MOST = 5000
"""Modems of one fleet, and the distance between the fleets of two seeds."""

_DESCRIPTORS = 16
"""A modem's: pseudo terminal, lock, and sockets on its links and listeners."""
_IDLE_DESCRIPTORS = 3
_COMMON_DESCRIPTORS = 32


def identities(count: int, seed: int, first: int = 0) -> list[Options]:
    """``count`` modules with cards from number ``first`` on, no two alike; 0 of seed 0 is the default one.

    Serial numbers are in a row, and 200 seeds have nothing in common. PDP addresses follow from the IMEI.
    """
    return [_identity(seed * MOST + number) for number in range(first, first + count)]


def _identity(number: int) -> Options:
    default = Options()
    if number == 0:
        return default
    return replace(
        default,
        imei=with_check_digit(_later(default.imei[:-1], 6, number)),
        imsi=_later(default.imsi, 10, number),
        iccid=with_check_digit(_later(default.iccid[:-1], 10, number)),
        number=_later(default.number, 7, number),
    )


def _later(digits: str, own: int, number: int) -> str:
    """``digits`` with ``number`` added to the last ``own`` of them."""
    return digits[:-own] + f"{(int(digits[-own:]) + number) % 10**own:0{own}}"


def make_room(count: int) -> None:
    """Raise the limit of open files as far as ``count`` modems may need it; :class:`SetupError` if it is
    too low even while they are idle.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = sys.maxsize
    needed = _COMMON_DESCRIPTORS + _IDLE_DESCRIPTORS * count
    if needed > hard:
        raise SetupError(
            f"--count {count} needs {needed} open files, but the limit is {hard} (raise ulimit -Hn, or start "
            f"at most {max(0, hard - _COMMON_DESCRIPTORS) // _IDLE_DESCRIPTORS})"
        )
    wanted = min(_COMMON_DESCRIPTORS + _DESCRIPTORS * count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

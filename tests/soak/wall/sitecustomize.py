"""On the PYTHONPATH of a modem: its wall clock jumps at every look, by up to a day each way."""

import random
import time

_chance = random.Random(1)
_seconds, _nanoseconds = time.time, time.time_ns


def _jumping() -> float:
    return _seconds() + _chance.uniform(-86400, 86400)


def _jumping_ns() -> int:
    return _nanoseconds() + _chance.randrange(-86400 * 10**9, 86400 * 10**9)


time.time, time.time_ns = _jumping, _jumping_ns

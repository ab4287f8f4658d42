"""Timers: their order, and that the cancelled ones do not stay for as long as they would have run."""

from __future__ import annotations

import random

from vmodem.emulator.jobs import Timers


def test_the_cancelled_do_not_pile_up() -> None:
    timers = Timers()
    for number in range(10_000):
        timers.start(645.0 + number, lambda: None).cancel()
        assert len(timers._heap) < 200
    assert timers.next_deadline() is None


def test_many_fire_in_their_order_whoever_is_cancelled_between_them() -> None:
    chance = random.Random(7)
    timers = Timers()
    fired: list[int] = []
    expected: list[tuple[float, int]] = []
    for number in range(2000):
        when = float(chance.randrange(100))
        timer = timers.start(when, lambda number=number: fired.append(number))  # type: ignore[misc]
        if chance.random() < 0.7:
            timer.cancel()
        else:
            expected.append((when, number))
    timers.fire(100.0)
    assert fired == [number for _, number in sorted(expected)]


def test_one_that_arms_many_and_cancels_them_does_not_lose_the_others() -> None:
    timers = Timers()
    fired: list[str] = []

    def busy() -> None:
        for _ in range(1000):
            timers.start(50.0, lambda: fired.append("cancelled")).cancel()

    timers.start(1.0, busy)
    timers.start(1.0, lambda: fired.append("same moment"))
    timers.start(2.0, lambda: fired.append("later"))
    timers.fire(1.0)
    assert fired == ["same moment"]
    timers.fire(60.0)
    assert fired == ["same moment", "later"]

"""A short soak with every kind of fault, and the stages of a start at which SIGTERM may come."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from soak.faults import Scene, killed_and_taken_over, told_to_end
from soak.peers import Ledger
from soak.soak import Soak


@pytest.mark.timeout(180)
def test_a_short_soak(tmp_path: Path) -> None:
    Soak(7, tmp_path).run(0, each_once=True)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A place for processes of their own, without a modem beside them."""
    nobody: Scene = object.__new__(Scene)
    nobody.dialect, nobody.chance, nobody.spare = "sim800", random.Random(1), tmp_path
    nobody.ledger = Ledger()
    return nobody


@pytest.mark.timeout(120)
def test_sigterm_at_thirty_moments_of_a_start(scene: Scene) -> None:
    for number in range(30):
        told_to_end(scene, number * 0.02, 1 + number % 2)


def test_a_killed_modems_link_and_two_at_once(scene: Scene) -> None:
    killed_and_taken_over(scene)

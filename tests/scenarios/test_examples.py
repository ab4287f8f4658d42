"""The two stories that the format was designed with: a driver that copes, and one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from directed import DIALECTS, SERVER, Story
from vmodem.emulator.scenario.load import load
from vmodem.netstack.routes import Route

DATA = Path(__file__).parent / "data"
DROP = (DATA / "pdp_drop.yaml").read_text()
BODY = "".join(f"{line}\n" for line in DROP.splitlines() if not line.startswith(("version", "name")))


@pytest.mark.parametrize("name", ["pdp_drop.yaml", "rural_nbiot.yaml"])
def test_it_loads(name: str) -> None:
    assert load(DATA / name, Route.entry).rules


def upload(story: Story) -> None:
    """Three sends, then the bearer is lost."""
    story.asks("AT+CREG=1")
    story.connects()
    heard = b"".join([story.sends() for _ in range(3)])
    assert heard.count(b"SEND OK") == 3
    assert b"+PDP: DEACT" in heard


def test_a_driver_that_copes() -> None:
    story = Story(BODY)
    upload(story)
    assert story.asks("AT+CIPSHUT") == b"\r\nSHUT OK\r\n"
    assert b"+CREG: 1" in story.waits(6.0)
    story.brings_up()
    assert b"CONNECT FAIL" in story.opens()
    assert b"CONNECT OK" in story.opens()
    story.waits(60.0)
    assert all(story.outcomes().values())


def test_a_driver_that_does_not_listen() -> None:
    story = Story(BODY)
    upload(story)
    for _ in range(20):
        story.sends()
        story.waits(2.0)
    assert not any(story.outcomes().values())


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("seed", range(3))
def test_a_rural_link_with_each_dialect(dialect: str, seed: int) -> None:
    """Nobody copes here; the module answers in the end, and the same seed tells the same story twice."""
    lines = (DATA / "rural_nbiot.yaml").read_text().splitlines()
    body = "".join(f"{line}\n" for line in lines if not line.startswith(("version", "name")))

    def run() -> tuple[bytes, list[str]]:
        story = Story(body, dialect, seed=seed)
        for _ in range(30):
            story.asks("AT+CSQ")
            story.waits(1.0)
            story.asks(f'AT+CIPSTART="TCP","{SERVER}",8500')
            story.waits(3.0)
        story.waits(120.0)
        # noise may have hit the last answer
        assert any(b"OK" in story.asks("AT") for _ in range(5))
        return bytes(story.world.output), story.notes

    assert run() == run()

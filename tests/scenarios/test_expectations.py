"""What is expected: windows, counts, never, until; what is never reached has failed."""

from __future__ import annotations

import pytest
from directed import Story


def one(expectation: str, rules: str = "") -> Story:
    """A run with one expectation, called ``e``."""
    return Story(f"{rules}expect:\n  - {{id: e, {expectation}}}\n")


def met(story: Story) -> bool:
    """How it ended."""
    return story.outcomes()["e"]


def detail(story: Story) -> str:
    """Why."""
    return story.world.report().outcomes[0].detail


DOWN = "rules:\n  - {id: r, when: {after: 10s}, do: [{wait: 1s}, {mark: down}]}\n"


def test_something_happens() -> None:
    story = one("command: AT+CSQ")
    assert not met(story)
    story = one("command: AT+CSQ")
    story.asks("AT+CSQ")
    assert met(story)


@pytest.mark.parametrize(("wait", "expected"), [(4.0, True), (6.0, False)])
def test_within_a_time(wait: float, expected: bool) -> None:
    story = one("command: AT+CSQ, within: 5s")
    story.waits(wait)
    story.asks("AT+CSQ")
    assert met(story) is expected


def test_from_a_mark_on() -> None:
    story = one("command: AT+CSQ, after: down, within: 5s", DOWN)
    story.asks("AT+CSQ")  # too early
    story.waits(12.0)
    assert not met(story)
    story = one("command: AT+CSQ, after: down, within: 5s", DOWN)
    story.waits(12.0)
    story.asks("AT+CSQ")
    assert met(story)
    assert detail(story) == "after 1.000 s"


def test_from_the_trigger_of_a_rule_on() -> None:
    story = one("command: AT+CSQ, after: r", DOWN)
    story.waits(10.5)
    story.asks("AT+CSQ")
    assert met(story)


def test_what_is_never_reached_has_failed() -> None:
    for expectation in ("command: AT+CSQ, after: down", "never: {command: AT+CSQ}, after: down"):
        story = one(expectation, DOWN)
        story.waits(5.0)
        assert not met(story)
        assert detail(story) == "not reached: 'down' never came"


@pytest.mark.parametrize(
    ("times", "count", "expected"),
    [
        ("2", 1, False),
        ("2", 2, True),
        ("2", 3, False),
        ("{min: 2}", 1, False),
        ("{min: 2}", 5, True),
        ("{min: 1, max: 2}", 2, True),
        ("{min: 1, max: 2}", 3, False),
        ("{min: 0, max: 1}", 0, True),
        ("{min: 0, max: 1}", 2, False),
    ],
)
def test_so_many_times(times: str, count: int, expected: bool) -> None:
    story = one(f"command: AT+CSQ, times: {times}")
    for _ in range(count):
        story.asks("AT+CSQ")
    assert met(story) is expected


def test_a_count_within_a_time() -> None:
    story = one("command: AT+CSQ, times: 1, within: 5s")
    story.asks("AT+CSQ")
    story.waits(6.0)
    story.asks("AT+CSQ")  # later does not count
    assert met(story)


def test_never() -> None:
    story = one("never: {command: AT+CSQ}")
    story.asks("AT+CREG?")
    assert met(story)
    story = one("never: {command: AT+CSQ}")
    story.waits(2.0)
    story.asks("AT+CSQ")
    assert not met(story)
    assert detail(story) == "happened after 2.000 s"


def test_never_until_something_else() -> None:
    story = one("never: {command: AT+CSQ}, until: {command: 'AT+CREG?'}")
    story.asks("AT+CREG?")
    story.asks("AT+CSQ")
    assert met(story)
    story = one("never: {command: AT+CSQ}, until: {command: 'AT+CREG?'}")
    story.asks("AT+CSQ")
    story.asks("AT+CREG?")
    assert not met(story)


def test_something_before_something_else() -> None:
    story = one("command: AT+CSQ, until: {command: 'AT+CREG?'}")
    story.asks("AT+CREG?")
    story.asks("AT+CSQ")
    assert not met(story)


def test_a_state_is_one_that_is_entered() -> None:
    story = one("state: {ip: CONNECT OK}, after: down, within: 30s", DOWN)
    story.connects()
    story.waits(20.0)
    assert not met(story)
    story = one("state: {ip: CONNECT OK}, after: down, within: 30s", DOWN)
    story.waits(12.0)
    story.connects()
    assert met(story)


def test_words_and_bytes() -> None:
    story = Story(
        "expect:\n  - {id: urc, urc: CLOSED}\n  - {id: sent, bytes: {count: 3}}\n"
        "  - {id: got, bytes: {count: 4, direction: to_host}}\n"
    )
    connection = story.connects()
    story.sends()
    connection.send(b"xyz")
    connection.close()
    story.waits(1.0)
    assert story.outcomes() == {"urc": True, "sent": True, "got": False}


def test_verdicts_are_told_as_they_fall() -> None:
    story = one("command: AT+CSQ, within: 5s")
    story.waits(6.0)
    assert story.notes == ["expectation e: failed, happened 0 times, at least 1 expected"]


def test_a_report_is_the_same_however_often_it_is_asked_for() -> None:
    story = one("command: AT+CSQ")
    first = story.world.report()
    story.asks("AT+CSQ")
    assert story.world.report() is first
    assert not first.passed

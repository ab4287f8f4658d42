"""Modems to which steps of a scenario happen: when a test says so, or as something else does."""

from __future__ import annotations

from directed import Story

NOW = "rules:\n  - {id: it, when: {external: now}, times: forever, do: ["


def story(steps: str, dialect: str = "sim800", **more: object) -> Story:
    """A module to which ``steps`` happen when the test says so."""
    return Story(f"{NOW}{steps}]}}\n", dialect, **more)  # type: ignore[arg-type]


def now(story: Story) -> bytes:
    """Let it happen; what is written at once."""
    story.world.director.external(story.world.now, "now")
    return story.waits(0.0)


def on(what: str, steps: str, dialect: str = "sim800", times: str = "1") -> Story:
    """A module to which ``steps`` happen as ``what`` does."""
    return Story(f"rules:\n  - {{id: it, when: {{{what}}}, times: {times}, do: [{steps}]}}\n", dialect)

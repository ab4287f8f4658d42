"""What a scenario expects: counted while it runs, judged at the end. What is never reached has failed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from msgspec import UNSET

from . import values
from .happenings import Happening, Kind, kinds, matches
from .model import Expectation, Occurrence, Times


class Verdict(Enum):
    """How an expectation stands."""

    OPEN = "open"
    MET = "met"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One expectation at the end."""

    id: str
    met: bool
    detail: str


class Watched:
    """One expectation while the scenario runs."""

    def __init__(self, expectation: Expectation) -> None:
        self.expectation = expectation
        self.verdict = Verdict.OPEN
        self.detail = ""
        self.since: float | None = None
        """When it began to count."""
        self.deadline: float | None = None
        self.count = 0
        self.never = expectation.never is not UNSET
        self._what: Occurrence = expectation.never if expectation.never is not UNSET else expectation
        self.kinds = kinds(self._what)
        if expectation.until is not UNSET:
            self.kinds |= kinds(expectation.until)
        times = expectation.times
        if isinstance(times, Times):
            self.least = times.min
            self.most = None if times.max is UNSET else times.max
        else:
            self.least = 1 if times is UNSET else times
            self.most = None if times is UNSET else times

    def begin(self, now: float) -> None:
        """Its time begins (only the first time counts)."""
        if self.since is None:
            self.since = now
            if self.expectation.within is not UNSET:
                self.deadline = now + values.seconds(self.expectation.within)

    def see(self, it: Happening, now: float) -> None:
        """Something happened."""
        if self.since is None or self.verdict is not Verdict.OPEN:
            return
        if self.deadline is not None and now > self.deadline:
            self._close(now)
            return
        if matches(self._what, it):
            self.count += 1
            self._counted(now)
        until = self.expectation.until
        if self.verdict is Verdict.OPEN and until is not UNSET and matches(until, it):
            self._close(now)

    def time(self, now: float) -> None:
        """The deadline may have come."""
        if self.verdict is Verdict.OPEN and self.deadline is not None and now >= self.deadline:
            self._close(now)

    def _counted(self, now: float) -> None:
        assert self.since is not None
        if self.never:
            self._judge(Verdict.FAILED, f"happened after {now - self.since:.3f} s")
        elif self.most is not None and self.count > self.most:
            self._judge(Verdict.FAILED, f"happened {self.count} times, at most {self.most} expected")
        elif self.most is None and self.count >= self.least:
            self._judge(Verdict.MET, f"after {now - self.since:.3f} s")

    def _close(self, now: float) -> None:
        """No more is counted."""
        if self.never:
            self._judge(Verdict.MET, "did not happen")
        elif self.count >= self.least:
            self._judge(Verdict.MET, f"happened {self.count} times")
        else:
            self._judge(Verdict.FAILED, f"happened {self.count} times, at least {self.least} expected")

    def _judge(self, verdict: Verdict, detail: str) -> None:
        self.verdict, self.detail = verdict, detail

    def finish(self, now: float) -> Outcome:
        """The end of the run: what is still open is judged now."""
        if self.since is None:
            detail = f"not reached: {self.expectation.after!r} never came"
            return Outcome(self.expectation.id, False, detail)
        if self.verdict is Verdict.OPEN:
            self._close(now)
        return Outcome(self.expectation.id, self.verdict is Verdict.MET, self.detail)


class Expectations:
    """All of a scenario."""

    def __init__(self, expected: list[Expectation], changed: Callable[[Watched], None]) -> None:
        """``changed`` is told of every verdict, when it falls."""
        self.all = [Watched(expectation) for expectation in expected]
        self._changed = changed

    def start(self, now: float) -> None:
        """The run begins."""
        self._begin("start", now)

    def add(self, expectation: Expectation, now: float, *, begins: bool) -> Watched:
        """One more, which ``begins`` now, or with a mark or rule that is still to come."""
        watched = Watched(expectation)
        self.all.append(watched)
        if begins:
            watched.begin(now)
        return watched

    def _begin(self, name: str, now: float) -> None:
        for watched in self.all:
            if watched.expectation.after == name:
                watched.begin(now)

    def see(self, it: Happening, now: float) -> None:
        """Something happened; a rule or a mark also begins what counts from it."""
        for watched in self.all:
            if it.kind in watched.kinds:
                self._tell(watched, lambda watched=watched: watched.see(it, now))  # type: ignore[misc]
        if it.kind in (Kind.RULE, Kind.MARK):
            self._begin(it.text, now)

    def time(self, now: float) -> None:
        """Time has come to ``now``."""
        for watched in self.all:
            self._tell(watched, lambda watched=watched: watched.time(now))  # type: ignore[misc]

    def _tell(self, watched: Watched, act: Callable[[], None]) -> None:
        before = watched.verdict
        act()
        if watched.verdict is not before:
            self._changed(watched)

    def next_deadline(self) -> float | None:
        """When one has to be judged."""
        if not self.all:
            return None
        due = [w.deadline for w in self.all if w.verdict is Verdict.OPEN and w.deadline is not None]
        return min(due, default=None)

    def finish(self, now: float) -> list[Outcome]:
        """The end of the run."""
        return [watched.finish(now) for watched in self.all]

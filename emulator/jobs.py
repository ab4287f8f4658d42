"""What takes time: timers, and handlers written as generators that wait for the network or the host.

A handler that cannot answer at once is a generator: it yields what it waits for (:class:`Pause`,
:class:`Until`, :class:`Prompt`) and returns its Reply. The same steps serve what goes on in the
background after a command's OK.

Rules for editors: steps are made for every send, and a frozen dataclass takes four times as long to make as
an open one. Nobody changes them nevertheless.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from .reply import Refusal, Reply, ResultCode


class Timer:
    """One armed timer. ``cancel`` it, or let it fire once."""

    __slots__ = ("callback", "when")

    def __init__(self, when: float, callback: Callable[[], None]) -> None:
        self.when = when
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Do not fire; may be called at any time."""
        self.callback = None


_FEW_TIMERS = 64


class Timers:
    """All timers of one module, told the time from outside."""

    __slots__ = ("_heap", "_serial", "_tidy_at", "started")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._serial = 0
        self._tidy_at = _FEW_TIMERS
        self.started = True
        """Set with each timer; whoever has asked for the next deadline may reset it."""

    def start(self, when: float, callback: Callable[[], None]) -> Timer:
        """Arm a timer for the moment ``when`` (seconds); equal moments fire in order of arming."""
        timer = Timer(when, callback)
        self._serial += 1
        self.started = True
        heapq.heappush(self._heap, (when, self._serial, timer))
        if len(self._heap) > self._tidy_at:
            self._tidy()
        return timer

    def _tidy(self) -> None:
        """Drop the cancelled: the limit of each send would stay for ten minutes behind its end."""
        self._heap = [entry for entry in self._heap if entry[2].callback is not None]
        heapq.heapify(self._heap)
        self._tidy_at = max(_FEW_TIMERS, 2 * len(self._heap))

    def next_deadline(self) -> float | None:
        """The moment of the earliest living timer."""
        heap = self._heap
        while heap and heap[0][2].callback is None:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def fire(self, now: float) -> None:
        """Run every timer whose moment has come, earliest first."""
        while (heap := self._heap) and heap[0][0] <= now:  # a callback may have tidied up
            timer = heapq.heappop(heap)[2]
            callback, timer.callback = timer.callback, None
            if callback is not None:
                callback()

    def clear(self) -> None:
        """Cancel all."""
        for _, _, timer in self._heap:
            timer.callback = None
        self._heap.clear()


@dataclass(slots=True)
class Pause:
    """Wait for a duration: a name in the dialect's timings, or seconds."""

    duration: str | float


@dataclass(slots=True)
class Until:
    """Wait until ``condition()`` holds (looked at after everything that happens), at most ``limit``.

    Resumes with True, or with False when the limit has passed.
    """

    condition: Callable[[], bool]
    limit: str | float | None = None


@dataclass(slots=True)
class Prompt:
    """Take payload from the host; resumes with a :class:`Payload`.

    ``length`` None: until Ctrl+Z, ESC cancels. Otherwise exactly that many bytes, of which Ctrl+Z is
    an ordinary one, and ESC too unless ``escape``. ``maximum``: bytes kept of a variable length;
    what exceeds it is counted and dropped. ``show``: print the prompt. ``seconds``: send what there
    is when this time has passed.
    """

    length: int | None
    maximum: int
    show: bool = True
    escape: bool = False
    seconds: float | None = None
    echo: bool = True


@dataclass(slots=True)
class Payload:
    """What the host gave at a prompt."""

    data: bytes
    cancelled: bool = False
    excess: int = 0


Step = Pause | Until | Prompt
Steps = Generator[Step, Any, Any]
"""A handler or background story in steps."""


class Job:
    """A generator under way."""

    __slots__ = ("done", "eager", "kernel", "steps", "timer", "until")

    def __init__(self, kernel: Jobs, steps: Steps, done: Callable[[Any], None], eager: bool) -> None:
        self.kernel = kernel
        self.steps = steps
        self.done = done
        self.eager = eager
        self.until: Until | None = None
        self.timer: Timer | None = None

    def resume(self, value: object) -> None:
        """Go on with ``value`` as the result of what was waited for."""
        self.until = None
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.kernel.advance(self, value)

    def cancel(self) -> None:
        """Stop for good; ``done`` is not called."""
        self.kernel.forget(self)
        self.steps.close()


class Jobs:
    """All jobs of one module."""

    __slots__ = (
        "_prompt",
        "_seconds",
        "_start_timer",
        "under_way",
    )

    def __init__(
        self,
        start_timer: Callable[[str | float, Callable[[], None]], Timer],
        prompt: Callable[[Job, Prompt], None],
        seconds: Callable[[str | float], float],
    ) -> None:
        """``seconds`` tells how long a duration is: what takes no time needs no timer."""
        self._seconds = seconds
        self._start_timer = start_timer
        self._prompt = prompt
        self.under_way: list[Job] = []

    def start(self, steps: Steps, done: Callable[[Any], None], *, eager: bool = False) -> Job:
        """Run ``steps`` until they wait; ``done(result)`` is called when they return, maybe at once.

        ``eager``: the steps are a command's. A pause of no length is none; in the background it still is
        one, so that whoever starts the job has it in hand before it goes on. A :class:`Refusal` is the
        command's result; in the background nobody could be refused anything.
        """
        job = Job(self, steps, done, eager)
        self.under_way.append(job)
        self.advance(job, None)
        return job

    def advance(self, job: Job, value: object) -> None:
        """Resume ``job`` and arrange for what it waits for next."""
        while True:
            try:
                step = job.steps.send(value)
            except StopIteration as stop:
                self.forget(job)
                job.done(stop.value)
                return
            except Refusal as refusal:
                if not job.eager:
                    raise
                self.forget(job)
                job.done(Reply(final=ResultCode.ERROR, code=refusal.code))
                return
            if isinstance(step, Until):
                if step.condition():
                    value = True
                    continue
                job.until = step
                if step.limit is not None:
                    job.timer = self._start_timer(step.limit, lambda: job.resume(False))
            elif isinstance(step, Pause):
                if job.eager and self._seconds(step.duration) <= 0:
                    value = None
                    continue
                job.timer = self._start_timer(step.duration, lambda: job.resume(None))
            else:
                self._prompt(job, step)
            return

    def poll(self) -> None:
        """Resume every job whose condition holds, until none does."""
        for job in self.under_way:
            until = job.until
            if until is not None and until.condition():
                break
        else:
            return
        moved = True
        while moved:
            moved = False
            for job in tuple(self.under_way):
                until = job.until
                if until is not None and until.condition():
                    job.resume(True)
                    moved = True

    def forget(self, job: Job) -> None:
        """Drop ``job`` and its timer."""
        if job.timer is not None:
            job.timer.cancel()
            job.timer = None
        job.until = None
        if job in self.under_way:
            self.under_way.remove(job)

    def clear(self) -> None:
        """Cancel all (power off, reset)."""
        for job in tuple(self.under_way):
            job.cancel()

"""Runs of one story one after the other, each with a seed of its own; and what is told of them all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO

from .console import complain
from .loop import DirectLoop
from .mistakes import SetupError
from .plan import Plan
from .ran import Ran


class JUnit:
    """The JUnit file; it is opened when the first run has its ports, and written behind the last."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def open(self) -> None:
        """Refuse now what would only fail at the end: raises :class:`SetupError`. May be repeated."""
        if self._path is None or self._file is not None:
            return
        try:
            self._file = self._path.open("wb")
        except OSError as error:
            text = f"cannot write {self._path}: {error.strerror} (choose another place)"
            raise SetupError(text) from error

    def close(self, runs: list[Ran]) -> None:
        """Write all that ran."""
        if self._file is None:
            return
        with self._file as file:
            if runs:
                from .junit import write

                write(file, runs)


def play(plan: Plan, serve: Callable[[Plan, JUnit], Coroutine[None, None, Ran]]) -> int:
    """Run as often as the plan wants; the exit status of the first run that failed, or 0.

    A run that fails does not keep the others from being run; a signal, and what ``serve`` raises, does.
    """
    ran: list[Ran] = []
    junit = JUnit(plan.junit)
    with ExitStack() as end:
        end.callback(junit.close, ran)
        for one in _each(plan):
            with asyncio.Runner(loop_factory=DirectLoop) as runner:
                ran.append(runner.run(serve(one, junit)))
            if ran[-1].interrupted:
                break
    if plan.times > 1:
        _tell(plan, ran)
    return next((each.status for each in ran if each.status), 0)


def _each(plan: Plan) -> Iterator[Plan]:
    """The plan of each run: seeds count up, beyond those of all modems; files have the run's number."""
    if plan.times == 1:
        yield plan
        return
    for number in range(plan.times):
        seed = plan.seed + number * len(plan.places)
        complain(f"vmodem run: run {number + 1} of {plan.times}, seed {seed}")
        yield replace(
            plan, seed=seed, run=number + 1, log=_of_run(plan.log, number), pcap=_of_run(plan.pcap, number)
        )


def _of_run(path: Path | None, number: int) -> Path | None:
    """``run.jsonl`` is ``run-1.jsonl`` of the first one."""
    return None if path is None else path.with_name(f"{path.stem}-{number + 1}{path.suffix}")


def _tell(plan: Plan, ran: list[Ran]) -> None:
    failed = [f"run {each.plan.run} (seed {each.plan.seed})" for each in ran if each.status]
    listed = f": {', '.join(failed)}" if failed else ""
    left = f", {plan.times - len(ran)} not run" if len(ran) < plan.times else ""
    complain(f"vmodem run: {len(failed)} of {len(ran)} runs failed{listed}{left}")

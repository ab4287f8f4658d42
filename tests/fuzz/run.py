"""Fuzz one part of vmodem: ``python tests/fuzz/run.py TARGET [--seconds N | --runs N] [--seed S]``.

Inputs come from a seeded generator that knows the format, the same for the same seed; with ``--atheris``
from atheris (pip install atheris), which follows the coverage. What fails is printed as short as can be.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from fuzz.at import Fuzzer
from fuzz.targets import TARGETS, Target
from vmodem.dialects.quectel.bg96 import BG96
from vmodem.dialects.quectel.mxx import QUECTEL_MXX
from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.dialect import Dialect

DIALECTS: dict[str, Dialect] = {each.name: each for each in (SIM800, QUECTEL_MXX, BG96)}
EVERY = 60.0
"""Seconds between two lines of progress."""


class Bounds:
    """When a run is over."""

    def __init__(self, seconds: float | None, runs: int | None) -> None:
        self._began = time.monotonic()
        self._told = self._began
        self._seconds = seconds if seconds or runs else 60.0
        self._runs = runs

    @property
    def spent(self) -> float:
        return time.monotonic() - self._began

    def over(self, runs: int) -> bool:
        """Whether ``runs`` inputs, or the time, are enough; tells how far it is from time to time."""
        now = time.monotonic()
        if now - self._told > EVERY:
            self._told = now
            print(f"  {runs} inputs in {self.spent:.0f} s", flush=True)
        return bool((self._seconds and self.spent >= self._seconds) or (self._runs and runs >= self._runs))


def fuzz_at(dialect: Dialect, bounds: Bounds, seed: str) -> int:
    """Sessions of command lines; how many went wrong."""
    fuzzer = Fuzzer(dialect)
    wrong = session = 0
    while not bounds.over(fuzzer.tally.lines) and wrong < 5:
        name = f"{seed}:{dialect.name}:{session}"
        session += 1
        try:
            fuzzer.session(name)
        except Exception as error:
            wrong += 1
            steps = fuzzer.shortened(getattr(error, "steps", []))
            print(f"session {name}: {type(error).__name__}: {error}")
            print("as short as can be:", *[repr(step)[:500] for step in steps], sep="\n    ", flush=True)
    tally = fuzzer.tally
    rate = tally.lines / bounds.spent
    forms = {f"{c.name} {f.kind.value}" for c in dialect.commands for f in c.forms}
    print(
        f"at {dialect.name}: {tally.lines} command lines, {tally.stimuli} stimuli, {session} sessions, "
        f"{rate:.0f} lines/s; {len(tally.answered)} different final results; "
        f"{len(forms & tally.succeeded)} of {len(forms)} forms ended OK; {wrong} wrong",
        flush=True,
    )
    return wrong


def fuzz_bytes(target: Target, bounds: Bounds, seed: str) -> int:
    """Inputs of a target; how many went wrong."""
    r = random.Random(seed)
    wrong = runs = 0
    while not bounds.over(runs) and wrong < 5:
        data = target.make(r)
        runs += 1
        try:
            target.one(data)
        except Exception as error:
            wrong += 1
            print(f"{target.name}: {type(error).__name__}: {error}\n    {data!r}", flush=True)
    print(f"{target.name}: {runs} inputs, {runs / bounds.spent:.0f}/s; {wrong} wrong", flush=True)
    return wrong


def with_atheris(target: Target, options: argparse.Namespace) -> None:
    """Let atheris find the inputs; it ends the process."""
    import atheris  # type: ignore[import-untyped, import-not-found, unused-ignore]

    atheris.instrument_all()

    def mutated(data: bytes, longest: int, seed: int) -> bytes:
        r = random.Random(seed)
        made = target.make(r) if r.random() < 0.3 else bytes(atheris.Mutate(data, longest))
        return made[:longest]

    limits = [f"-runs={options.runs}"] if options.runs else [f"-max_total_time={int(options.seconds or 60)}"]
    arguments = [sys.argv[0], *limits, "-max_len=4096", "-timeout=20", f"-seed={options.seed}"]
    atheris.Setup(arguments, target.one, custom_mutator=mutated)
    atheris.Fuzz()


def main() -> int:
    names = ["at", *(f"at-{name}" for name in DIALECTS), *TARGETS]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", choices=names)
    bound = parser.add_mutually_exclusive_group()
    bound.add_argument("--seconds", type=float)
    bound.add_argument("--runs", type=int, help="inputs; for at: command lines of each dialect")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--atheris", action="store_true", help="inputs that follow the coverage")
    options = parser.parse_args()
    wrong = 0
    if options.target in TARGETS:
        if options.atheris:
            with_atheris(TARGETS[options.target], options)
        wrong = fuzz_bytes(TARGETS[options.target], Bounds(options.seconds, options.runs), options.seed)
    else:
        if options.atheris:
            parser.error("with --atheris take the target at-bytes")
        chosen = [each for name, each in DIALECTS.items() if options.target in ("at", f"at-{name}")]
        for dialect in chosen:
            share = options.seconds / len(chosen) if options.seconds else None
            wrong += fuzz_at(dialect, Bounds(share, options.runs), options.seed)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""The yardstick: vmodem beside what the kernel alone allows, and beside socat; run on demand.

    python tests/bench/run.py [WHAT ...] [--rounds N] [--awake] [--write]

Rules for editors: only ratios of one round count, for a machine's pace changes from minute to minute. So
every kind has its turn in every round, the order turns too, and the table shows medians of paired ratios.

The same C responder takes 6 or 60 us by chance. Probably a virtual machine's core with nothing to do is
halted, and the kernel's pty worker has to be woken there or not: with the other core busy, the figures stood
still. ``--awake`` keeps each core awake by a task that yields to every other. That helps the yardstick; but
such a task is due some time of a program that looks instead of sleeping, and takes it in whole ticks.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_kinds import HERE, MEASURED, ONCE, Bench
from bench_table import BenchError, Table, markdown
from bench_tools import awake

BEGIN, END = "<!-- table -->", "<!-- end table -->"


def main() -> int:
    """Measure what the command line asks for; 1 if something could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", nargs="*", metavar="WHAT", help=f"{', '.join(MEASURED)} (default: all)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--awake", action="store_true", help="let no core halt (see this file)")
    parser.add_argument(
        "--growth", type=int, default=1024, metavar="MIB", help="relayed by `memory` (%(default)s)"
    )
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    args = parser.parse_args()
    what = args.what or list(MEASURED)
    if unknown := sorted(set(what) - set(MEASURED)):
        parser.error(f"{unknown[0]!r} is not one of {', '.join(MEASURED)}")
    table, failures, begun = Table(), 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder, awake(args.awake):
        limit = str(Path(folder) / "limit_pty")
        subprocess.run(["cc", "-O2", "-o", limit, str(HERE / "limit_pty.c")], check=True)
        bench = Bench(limit, Path(folder), args.growth)
        for name in what:
            for turn in range(1 if name in ONCE else args.rounds):
                table.turn = turn
                print(
                    f"{time.monotonic() - begun:4.0f} s: {name}, round {turn + 1}",
                    file=sys.stderr,
                    flush=True,
                )
                try:
                    MEASURED[name](bench, table, turn)
                except BenchError as error:
                    print(f"{name}: round {turn + 1} ended: {error}", file=sys.stderr)
                    failures += 1
    about = f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {args.rounds} rounds"
    about += ", kept awake" if args.awake else ""
    shown = f"{about}\n\n{markdown(table)}\n"
    print(shown)
    if args.write:
        readme = HERE / "README.md"
        before, mark, rest = readme.read_text().partition(BEGIN)
        readme.write_text(before + mark + "\n\n" + shown + "\n" + END + rest.partition(END)[2])
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())

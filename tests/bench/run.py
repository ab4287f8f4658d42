"""The yardstick: vmodem beside what the kernel alone allows, and beside socat; run on demand.

    python tests/bench/run.py [latency] [relay] [sends] [start] [memory] [--rounds N]

Rules for editors: only ratios of one round count, for a machine's pace changes from minute to minute. So
every kind has its turn in every round, the order turns too, and the table shows medians of paired ratios.

The same C responder takes 6 or 60 us by chance. Probably a virtual machine's core with nothing to do is
halted, and the kernel's pty worker has to be woken there or not: with the other core busy, the figures stood
still. So each core is kept awake by a task that yields to every other one; that helps, and is no cure.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CLIENT = (sys.executable, str(HERE / "perf_client.py"))
VMODEM = (sys.executable, str(ROOT / "emulator"))
PINNED = ("taskset", "-c", "0")
"""Client and server on one core: the scheduler's choice of cores no longer shows."""

RELAY_MIB = {"up": 32, "down": 32, "both": 24}
SENDS = 3000
PINGS = 5000
LIMIT = 120.0
"""Seconds that no single measurement takes."""

CAPTURING = "vmodem --pcap"

CONNECT = 'AT+CIPSTART="TCP","{host}",{port}'


class BenchError(Exception):
    """Something could not be measured; the message says what."""


@dataclass
class Table:
    """Figures by row and kind, one for each round."""

    figures: dict[str, dict[str, dict[int, float]]] = field(default_factory=dict)
    turn: int = 0

    def add(self, row: str, kind: str, figure: float) -> None:
        self.figures.setdefault(row, {}).setdefault(kind, {})[self.turn] = figure

    def ratio(self, row: str, kind: str, to: str) -> str:
        """The median of the paired ratios, and the quartiles."""
        mine, theirs = self.figures[row].get(kind, {}), self.figures[row].get(to, {})
        ratios = sorted(mine[turn] / theirs[turn] for turn in mine if turn in theirs)
        if not ratios:
            return "not measured"
        low, high = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
        return f"{statistics.median(ratios):.2f} ({low:.2f}-{high:.2f})"

    def median(self, row: str, kind: str) -> float:
        return statistics.median(self.figures[row][kind].values())


@dataclass(frozen=True)
class Bench:
    """Where things are, and how the server is run."""

    limit: str
    folder: Path

    @property
    def tty(self) -> str:
        return str(self.folder / "tty")

    def modem(self, kind: str) -> tuple[str, ...]:
        """The command of a server that speaks AT."""
        if kind in ("vmodem", CAPTURING):
            capture = ("--pcap", str(self.folder / "capture.pcapng")) if kind == CAPTURING else ()
            return (*VMODEM, "run", "--network", "loopback", "--link", self.tty, *capture)
        return (self.limit, kind, "-l", self.tty)

    @contextmanager
    def serving(self, kind: str, prefix: tuple[str, ...] = ()) -> Iterator[subprocess.Popen[bytes]]:
        """A server of that kind, ready; its echo is off."""
        server = subprocess.Popen([*prefix, *self.modem(kind)], stdout=subprocess.PIPE)
        try:
            assert server.stdout is not None
            if not server.stdout.readline():
                raise BenchError(f"{kind} did not start")
            self.client("latency", self.tty, "1", "--warmup", "1", "--command", "ATE0")
            yield server
        finally:
            server.terminate()
            server.wait(LIMIT)
            Path(self.tty).unlink(missing_ok=True)

    def client(self, *words: str, prefix: tuple[str, ...] = ()) -> dict[str, float]:
        return _json(*prefix, *CLIENT, *words)


def _json(*command: str) -> dict[str, float]:
    done = subprocess.run(command, capture_output=True, timeout=LIMIT, check=False)
    try:
        result: dict[str, float] = json.loads(done.stdout)
    except ValueError as error:
        raise BenchError(f"{' '.join(command)}: {done.stderr.decode()[-500:]}") from error
    if done.returncode or not result.get("content_ok", True):
        raise BenchError(f"{' '.join(command)}: {result}")
    return result


def _in_turn(kinds: tuple[str, ...], turn: int) -> tuple[str, ...]:
    turn %= len(kinds)
    return kinds[turn:] + kinds[:turn]


@contextmanager
def awake(wanted: bool) -> Iterator[None]:
    """Let no core halt: on each a process that runs only while nothing else wants to."""
    spin = "import os; os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))\nwhile True: pass"
    cores = sorted(os.sched_getaffinity(0)) if wanted else []
    spinners = [subprocess.Popen(["taskset", "-c", str(core), sys.executable, "-c", spin]) for core in cores]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


# ---- what is measured ----------------------------------------------------------------------------


def latency(bench: Bench, table: Table, turn: int) -> None:
    """AT -> OK, asked by a C client and by a Python client, unpinned and pinned; microseconds (p50)."""
    for prefix, name in (((), "unpinned"), (PINNED, "pinned")):
        for kind in _in_turn(("respond", "vmodem"), turn):
            with bench.serving(kind, prefix) as server:
                ping = _json(*prefix, bench.limit, "ping", bench.tty, str(PINGS))
                table.add(f"round trip, C client, {name} [us]", kind, ping["p50_us"])
                asked = bench.client(
                    "latency", bench.tty, str(PINGS), "--pid", str(server.pid), prefix=prefix
                )
                table.add(f"round trip, Python client, {name} [us]", kind, asked["p50_us"])
                table.add(f"server CPU per AT, {name} [us]", kind, asked["server_us_per_command"])


def relay(bench: Bench, table: Table, turn: int) -> None:
    """Transparent mode between the tty and a TCP connection, every byte compared; MB/s."""
    spawned = {
        "socat": ("--spawn", f"socat PTY,link={bench.tty},rawer TCP:{{host}}:{{port}}"),
        "relay": ("--spawn", f"{bench.limit} relay {{host}} {{port}} -l {bench.tty}"),
    }
    for mode, size in RELAY_MIB.items():
        asked = ("relay", bench.tty, "--mode", mode, "--mib", str(size))
        for kind in _in_turn(("vmodem", CAPTURING, "socat", "relay"), turn):
            if kind in spawned:
                result = bench.client(*asked, *spawned[kind])
                Path(bench.tty).unlink(missing_ok=True)
            else:
                with bench.serving(kind) as server:
                    setup = ("--at-setup", f"AT+CIPMODE=1;{CONNECT}", "--pid", str(server.pid))
                    result = bench.client(*asked, *setup)
            table.add(f"relay {mode} [MB/s]", kind, result["mb_per_s"])
            table.add(f"server CPU, relay {mode} [s]", kind, result["server_cpu_s"])


def sends(bench: Bench, table: Table, turn: int) -> None:
    """AT+CIPSEND=1460, prompt, payload, SEND OK; cycles a second."""
    quick = (f"AT+CIPQSEND=1;{CONNECT}", "DATA ACCEPT:1460")
    variants = {"modem": (CONNECT, "SEND OK"), "vmodem": (CONNECT, "SEND OK"), "vmodem quick": quick}
    for kind in (*_in_turn(("modem", "vmodem"), turn), "vmodem quick"):
        setup, done = variants[kind]
        with bench.serving(kind.split()[0]) as server:
            asked = ("sends", bench.tty, "-n", str(SENDS), "--at-setup", setup, "--done", done)
            result = bench.client(*asked, "--pid", str(server.pid))
        table.add("sends of 1460 B [cycles/s]", kind, result["cycles_per_s"])
        table.add("server CPU per send [us]", kind, result["server_cpu_s"] / SENDS * 1e6)


def start(_bench: Bench, table: Table, _turn: int) -> None:
    """The whole process of ``vmodem --help``, beside a Python that does nothing; milliseconds."""
    installed = Path(sys.executable).with_name("vmodem")
    command = [str(installed)] if installed.exists() else list(VMODEM)
    for kind, words in (("pass", [sys.executable, "-c", "pass"]), ("vmodem", [*command, "--help"])):
        before = time.perf_counter()
        subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
        table.add("start of --help [ms]", kind, (time.perf_counter() - before) * 1000)


def memory(bench: Bench, table: Table, _turn: int) -> None:
    """Resident memory of one server after 10 MiB relayed both ways, and after 1 GiB more."""
    with bench.serving("vmodem") as server:
        asked = ("relay", bench.tty, "--mode", "both", "--pid", str(server.pid))
        for kind, mib, setup in (("10 MiB", 5, f"AT+CIPMODE=1;{CONNECT}"), ("1 GiB more", 512, CONNECT)):
            result = bench.client(*asked, "--mib", str(mib), "--at-setup", setup)
            table.add("resident [MiB]", kind, result["server_rss_kib"] / 1024)


MEASURED: dict[str, Callable[[Bench, Table, int], None]] = {
    "latency": latency,
    "relay": relay,
    "sends": sends,
    "start": start,
    "memory": memory,
}
ONCE = {"memory"}

RATIOS = {
    "round trip": (("vmodem", "respond", "<= 1.5"),),
    "relay": (("vmodem", "socat", ">= 0.95"), ("vmodem", "relay", ""), (CAPTURING, "vmodem", ">= 10 MB/s")),
    "sends": (("vmodem", "modem", ">= 0.8"), ("vmodem quick", "modem", "")),
    "start": (("vmodem", "pass", ""),),
    "resident": (("1 GiB more", "10 MiB", "about 1"),),
}


# ---- the table -----------------------------------------------------------------------------------


def markdown(table: Table) -> str:
    """What was measured, as a table that can be pasted."""
    lines = ["| what | medians | paired ratio, median (quartiles) | target |", "|---|---|---|---|"]
    for row, kinds in table.figures.items():
        medians = ", ".join(f"{kind} {table.median(row, kind):.4g}" for kind in kinds)
        ratios, targets = [], []
        for mine, theirs, target in next((r for name, r in RATIOS.items() if row.startswith(name)), ()):
            ratios.append(f"{mine}/{theirs} {table.ratio(row, mine, theirs)}")
            targets.append(target)
        lines.append(f"| {row} | {medians} | {'; '.join(ratios)} | {' '.join(targets).strip()} |")
    return "\n".join(lines)


def main() -> int:
    """Measure what the command line asks for; 1 if something could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", nargs="*", metavar="WHAT", help=f"{', '.join(MEASURED)} (default: all)")
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--may-halt", action="store_true", help="let the cores go idle, as they are")
    args = parser.parse_args()
    what = args.what or list(MEASURED)
    if unknown := sorted(set(what) - set(MEASURED)):
        parser.error(f"{unknown[0]!r} is not one of {', '.join(MEASURED)}")
    table, failures = Table(), 0
    with tempfile.TemporaryDirectory() as folder, awake(not args.may_halt):
        limit = str(Path(folder) / "limit_pty")
        subprocess.run(["cc", "-O2", "-o", limit, str(HERE / "limit_pty.c")], check=True)
        bench = Bench(limit, Path(folder))
        for name in what:
            for turn in range(1 if name in ONCE else args.rounds):
                table.turn = turn
                try:
                    MEASURED[name](bench, table, turn)
                except BenchError as error:
                    print(f"{name}: round {turn + 1} ended: {error}", file=sys.stderr)
                    failures += 1
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {args.rounds} rounds\n")
    print(markdown(table))
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())

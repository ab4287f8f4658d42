"""What is measured, of which kinds of servers; each kind has its turn in every round."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench_table import BenchError, Table
from bench_tools import awake, cpu_seconds, rss_kib

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CLIENT = (sys.executable, str(HERE / "perf_client.py"))
VMODEM = (sys.executable, str(ROOT / "emulator"))
PINNED = ("taskset", "-c", "0")
"""Client and server on one core: the scheduler's choice of cores no longer shows."""

RELAY_MIB = {"up": 64, "down": 64, "both": 64}
SENDS = 10000
PINGS = 5000
COST_MIB, COST_SENDS = 32, 3000
LIMIT = 120.0
"""Seconds that no single measurement takes."""

COUNT, IDLE_COUNT = 1000, 3000
RATE = 4000
"""Commands a second over all modems, paced."""
QIRD = ("--read", "AT+QIRD=0,1,0,1460", "--head", r"\+QIRD: [\d.]+:\d+,TCP,(\d+)")
SCENARIO = """\
version: 1
name: a watchful one
rules:
  - id: never
    when: {command: AT+NEVER}
    do: [{urc: "+NEVER"}]
"""

OPTIONS = {
    "log": ("--log", "{folder}/log.jsonl"),
    "scenario": ("--scenario", "{folder}/scenario.yaml"),
    "pcap": ("--pcap", "{folder}/capture.pcapng"),
}
EXTRAS: dict[str, tuple[str, ...]] = {
    "vmodem": (),
    "plain": (),
    "log": ("log",),
    "scenario": ("scenario",),
    "pcap": ("pcap",),
    "all": ("log", "scenario", "pcap"),
}
"""What a modem carries beside its work."""

CONNECT = 'AT+CIPSTART="TCP","{host}",{port}'


@dataclass(frozen=True)
class Bench:
    """Where things are, and how the server is run."""

    limit: str
    folder: Path
    growth_mib: int = 1024
    """How much is relayed before memory is looked at again."""

    @property
    def tty(self) -> str:
        return str(self.folder / "tty")

    def modem(self, kind: str) -> tuple[str, ...]:
        """The command of a server that speaks AT."""
        if kind in EXTRAS:
            extras = [word.format(folder=self.folder) for name in EXTRAS[kind] for word in OPTIONS[name]]
            return (*VMODEM, "run", "--network", "loopback", "--link", self.tty, *extras)
        if kind == "vmodem mxx":
            return (*VMODEM, "run", "--dialect", "quectel_mxx", "--network", "loopback", "--link", self.tty)
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

    @contextmanager
    def fleet(self, kind: str, count: int) -> Iterator[tuple[subprocess.Popen[bytes], float, list[str]]]:
        """``count`` modems of one process, the seconds that took, and their ttys."""
        links = self.folder / "fleet"
        words: tuple[str, ...]
        if kind == "vmodem":
            words = (*VMODEM, "run", "--network", "none", "--count", str(count), "--link-dir", str(links))
            links.mkdir(exist_ok=True)
        else:
            words = (self.limit, kind, "-n", str(count))
        before = time.monotonic()
        server = subprocess.Popen(words, stdout=subprocess.PIPE)
        try:
            assert server.stdout is not None
            ttys = [server.stdout.readline().decode().strip() for _ in range(count)]
            if not ttys[-1]:
                raise BenchError(f"{kind}: {count} modems did not start (see /proc/sys/kernel/pty/max)")
            yield server, time.monotonic() - before, ttys
        finally:
            server.terminate()
            server.wait(LIMIT)

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


# ---- what is measured ----------------------------------------------------------------------------


def latency(bench: Bench, table: Table, turn: int) -> None:
    """AT -> OK, asked by a C client and by a Python client, unpinned and pinned; microseconds (p50).

    Pinned, the cores are awake: on which one the kernel's pty worker runs is chance otherwise, and the figure
    of either server is 16 or 95.
    """
    for prefix, name in (((), "unpinned"), (PINNED, "pinned")):
        for kind in _in_turn(("respond", "vmodem"), turn):
            with awake(bool(prefix)), bench.serving(kind, prefix) as server:
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
        for kind in _in_turn(("vmodem", "socat", "relay"), turn):
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
    """Resident memory of one server after 10 MiB relayed both ways, and after much more."""
    with bench.serving("vmodem") as server:
        asked = ("relay", bench.tty, "--mode", "both", "--pid", str(server.pid))
        much = bench.growth_mib // 2
        for kind, mib, setup in (("10 MiB", 5, f"AT+CIPMODE=1;{CONNECT}"), ("much more", much, CONNECT)):
            result = bench.client(*asked, "--mib", str(mib), "--at-setup", setup)
            table.add(f"resident, {much * 2} MiB more [MiB]", kind, result["server_rss_kib"] / 1024)


def reads(bench: Bench, table: Table, turn: int) -> None:
    """Fetching what was received: AT+CIPRXGET=2,1460 and AT+QIRD; reads a second."""
    quectel = 'AT+QINDI=1;AT+QIOPEN="TCP","{host}",{port}'
    ways: dict[str, dict[str, tuple[str, ...]]] = {
        "CIPRXGET": {"modem": (f"AT+CIPRXGET=1;{CONNECT}",), "vmodem": (f"AT+CIPRXGET=1;{CONNECT}",)},
        "QIRD": {"modem": (f"AT+QINDI=1;{CONNECT}", *QIRD), "vmodem": (quectel, *QIRD)},
    }
    for way, setups in ways.items():
        for kind in _in_turn(("modem", "vmodem"), turn):
            setup, *words = setups[kind]
            with bench.serving("vmodem mxx" if (way, kind) == ("QIRD", "vmodem") else kind) as server:
                result = bench.client(
                    "reads", bench.tty, "--at-setup", setup, *words, "--mib", "4", "--pid", str(server.pid)
                )
            table.add(f"reads by {way} [1/s]", kind, result["reads_per_s"])
            table.add(f"server CPU per read by {way} [us]", kind, result["server_us_per_read"])


def push(bench: Bench, table: Table, turn: int) -> None:
    """Six links bring data at once, pushed in frames; MB/s."""
    for kind in _in_turn(("push", "vmodem"), turn):
        if kind == "push":
            spawn = f"{bench.limit} push {{host}} {{port}} 6 -l {bench.tty}"
            result = bench.client("push", bench.tty, "--spawn", spawn)
            Path(bench.tty).unlink(missing_ok=True)
        else:
            with bench.serving(kind) as server:
                setup = "AT+CIPMUX=1;AT+CSTT;AT+CIICR;AT+CIFSR"
                words = ("--at-setup", setup, "--online", "10.")
                result = bench.client("push", bench.tty, *words, "--pid", str(server.pid))
        table.add("push on 6 links [MB/s]", kind, result["mb_per_s"])
        table.add("server CPU per pushed frame [us]", kind, result["server_us_per_frame"])


def many(bench: Bench, table: Table, turn: int) -> None:
    """1000 modems of one process, all active, driven from one other process."""
    for kind in _in_turn(("respond", "vmodem"), turn):
        with bench.fleet(kind, COUNT) as (server, _seconds, ttys):
            asked = ("many", *ttys, "--seconds", "1.5", "--pid", str(server.pid))
            bench.client("many", *ttys, "--seconds", "0.5", "--command", "ATE0")
            result = bench.client(*asked)
            table.add("many, closed loop [commands/s]", kind, result["commands_per_s"])
            table.add("server CPU, many, closed loop [us/command]", kind, result["server_us_per_command"])
            result = bench.client(*asked, "--rate", str(RATE))
            table.add("many, 4000/s, p99 [us]", kind, result["p99_us"])
            table.add("server CPU, many, 4000/s [us/command]", kind, result["server_us_per_command"])


def create(bench: Bench, table: Table, turn: int) -> None:
    """From the start of the process until 1000 modems are there; seconds."""
    for kind in _in_turn(("respond", "vmodem"), turn):
        with bench.fleet(kind, COUNT) as (server, seconds, _ttys):
            table.add("create 1000 [s]", kind, seconds)
            table.add("server CPU, create 1000 [s]", kind, cpu_seconds(server.pid))


def idle(bench: Bench, table: Table, _turn: int) -> None:
    """What each of many idle modems holds, and what they do in three seconds (after the first 7)."""
    for kind in ("respond", "vmodem"):
        with bench.fleet(kind, 1) as (server, _seconds, _ttys):
            one = rss_kib(server.pid)
        with bench.fleet(kind, IDLE_COUNT) as (server, _seconds, _ttys):
            time.sleep(7)
            table.add("idle, KiB per modem", kind, (rss_kib(server.pid) - one) / (IDLE_COUNT - 1))
            before = cpu_seconds(server.pid)
            time.sleep(3)
            table.add("idle, % CPU of all", kind, (cpu_seconds(server.pid) - before) / 3 * 100)


def cost(bench: Bench, table: Table, turn: int) -> None:
    """What a log, a scenario, a capture and all of them leave of the plain figures."""
    (bench.folder / "scenario.yaml").write_text(SCENARIO)
    for kind in _in_turn(("plain", "log", "scenario", "pcap", "all"), turn):
        with bench.serving(kind) as server:
            pid = ("--pid", str(server.pid))
            asked = bench.client("latency", bench.tty, str(PINGS), *pid)
            table.add("cost: AT [1/s]", kind, 1e6 / asked["mean_us"])
            table.add("server CPU per AT, with extras [us]", kind, asked["server_us_per_command"])
            sent = bench.client("sends", bench.tty, "-n", str(COST_SENDS), "--at-setup", CONNECT, *pid)
            table.add("cost: sends [cycles/s]", kind, sent["cycles_per_s"])
            table.add("server CPU per send, with extras [us]", kind, sent["server_cpu_s"] / COST_SENDS * 1e6)
        for mode in ("up", "down"):
            with bench.serving(kind) as server:
                setup = ("--at-setup", f"AT+CIPMODE=1;{CONNECT}", "--pid", str(server.pid))
                result = bench.client("relay", bench.tty, "--mode", mode, "--mib", str(COST_MIB), *setup)
            table.add(f"cost: relay {mode} [MB/s]", kind, result["mb_per_s"])
            table.add(f"server CPU, relay {mode}, with extras [s]", kind, result["server_cpu_s"])


MEASURED: dict[str, Callable[[Bench, Table, int], None]] = {
    "latency": latency,
    "relay": relay,
    "sends": sends,
    "reads": reads,
    "push": push,
    "many": many,
    "create": create,
    "idle": idle,
    "cost": cost,
    "start": start,
    "memory": memory,
}
ONCE = {"memory", "idle"}

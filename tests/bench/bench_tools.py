"""What the clients of the bench share: a raw tty, patterns that are compared, a TCP end, processor time."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import random
import select
import shlex
import signal
import socket
import subprocess
import sys
import termios
import time
import tty as ttymod
from collections.abc import Iterator
from typing import Any

HOST = "127.0.0.1"
MIB = 1 << 20
# A prime length: losing a whole number of blocks of a round size still shifts the content.
PATTERN_LEN = 1048573
SEED_UP, SEED_DOWN = 1, 2  # tty -> TCP, TCP -> tty
CLOCK_TICK = os.sysconf("SC_CLK_TCK")


Result = dict[str, Any]


class Failed(Exception):
    """The thing measured did not do what it was asked."""


# ---- helpers ------------------------------------------------------------------------------------


def open_tty(path: str, *, nonblocking: bool = False) -> int:
    """Open *path* raw, without becoming its session's controlling terminal."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | (os.O_NONBLOCK if nonblocking else 0))
    ttymod.setraw(fd, termios.TCSANOW)
    termios.tcflush(fd, termios.TCIFLUSH)
    return fd


def percentile(ordered: list[float], q: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * q))]


def summary(seconds: list[float]) -> dict[str, float]:
    """Median, tail and mean of *seconds*, in microseconds."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    us = {
        "p50_us": percentile(ordered, 0.50),
        "p90_us": percentile(ordered, 0.90),
        "p99_us": percentile(ordered, 0.99),
        "max_us": ordered[-1],
        "mean_us": sum(ordered) / len(ordered),
    }
    return {key: round(value * 1e6, 1) for key, value in us.items()}


def cpu_seconds(pid: int) -> float:
    """Seconds on a processor so far of process *pid*'s living threads.

    The scheduler's nanoseconds where the kernel offers them, else 10 ms clock ticks.
    """
    total = 0
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat", "rb") as schedstat:
                total += int(schedstat.read().split()[0])
        return total / 1e9
    except (FileNotFoundError, IndexError, ValueError):
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICK


def rss_kib(pid: int) -> int:
    with open(f"/proc/{pid}/statm", "rb") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def pattern(seed: int, *, text: bool = False) -> bytes:
    """Two copies of a pseudo-random block, so that any slice of a block's length is contiguous.

    With *text* only printable ASCII: a payload ended by Ctrl-Z must hold no Ctrl-Z and no ESC.
    """
    block = random.Random(seed).randbytes(PATTERN_LEN)
    if text:
        block = block.translate(bytes(32 + i % 95 for i in range(256)))
    return block + block


class Checker:
    """Compares a stream, as it arrives, with the endless repetition of a pattern."""

    def __init__(self, twice: bytes) -> None:
        self.twice = twice
        self.count = 0
        self.first_bad: int | None = None

    def feed(self, data: bytes) -> None:
        start = self.count % PATTERN_LEN
        if self.first_bad is None and self.twice[start : start + len(data)] != data:
            for i, byte in enumerate(data):
                if byte != self.twice[start + i]:
                    self.first_bad = self.count + i
                    break
        self.count += len(data)


class Source:
    """Hands out slices of the endless repetition of a pattern, up to a total."""

    def __init__(self, twice: bytes, total: int, chunk: int) -> None:
        self.view = memoryview(twice)
        self.total = total
        self.chunk = chunk
        self.done = 0

    def next(self) -> memoryview:
        start = self.done % PATTERN_LEN
        return self.view[start : start + min(self.chunk, self.total - self.done)]


class Talker:
    """Blocking command/answer exchange on a tty."""

    def __init__(self, fd: int, timeout: float) -> None:
        self.fd = fd
        self.timeout = timeout
        self.pending = b""

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self.fd, view) :]

    def wait_for(self, *wanted: bytes) -> bytes:
        """Read until one of *wanted* has come; return it and drop everything up to its end."""
        deadline = time.monotonic() + self.timeout
        while True:
            for want in wanted:
                at = self.pending.find(want)
                if at >= 0:
                    self.pending = self.pending[at + len(want) :]
                    return want
            for bad in (b"ERROR\r\n", b"NO CARRIER\r\n", b"CONNECT FAIL\r\n", b"SEND FAIL\r\n"):
                if bad in self.pending:
                    raise Failed(f"answer {self.pending[-80:]!r} while waiting for {wanted!r}")
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise Failed(f"timeout waiting for {wanted!r}; got {self.pending[-80:]!r}")
            self.pending += os.read(self.fd, 65536)

    def setup(self, commands: list[str], final: list[bytes]) -> None:
        """Send each command and wait for its OK; the last one ends with one of *final*."""
        for i, command in enumerate(commands):
            self.send(command.encode() + b"\r")
            self.wait_for(*(final if i == len(commands) - 1 else [b"\r\nOK\r\n"]))


# ---- the TCP end --------------------------------------------------------------------------------


def tcp_end(listener: socket.socket, job: dict[str, Any], report: int) -> None:
    """Accept one connection and do *job* on it; write one JSON line to fd *report* at the end.

    job: {"receive": bytes expected, "send": bytes to send, "echo": bool, "text": bool}.
    A line "{}" is written first, as soon as the connection is accepted.
    """
    gc.disable()
    conn, _ = listener.accept()
    conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    conn.setblocking(False)
    os.write(report, b"{}\n")
    checker = Checker(pattern(SEED_UP, text=job["text"]))
    source = Source(pattern(SEED_DOWN), job["send"], 65536)
    echo_queue = bytearray()
    out: Result = {"received": 0, "first_bad": None}
    if source.total:  # wait for the client's go, so that both ends start together
        go = job["go"]
        os.read(go, 1)
    poller = select.poll()
    mask = -1
    while True:
        receiving = checker.count < job["receive"]
        sending = source.done < source.total or bool(echo_queue)
        if not (receiving or sending):
            break
        want = (select.POLLIN if receiving else 0) | (select.POLLOUT if sending else 0)
        if want != mask:
            poller.register(conn, want)
            mask = want
        for _, events in poller.poll():
            if receiving and events & (select.POLLIN | select.POLLHUP | select.POLLERR):
                try:
                    data = conn.recv(262144)
                except ConnectionError:
                    data = b""
                if not data:
                    out["closed"] = True
                    job["receive"] = 0
                    continue
                checker.feed(data)
                out["t_last_in"] = time.monotonic()
                if job["echo"]:
                    echo_queue += data
            if events & select.POLLOUT:
                try:
                    if echo_queue:
                        del echo_queue[: conn.send(echo_queue)]
                    elif source.done < source.total:
                        source.done += conn.send(source.next())
                except BlockingIOError:
                    pass
    out["received"] = checker.count
    out["first_bad"] = checker.first_bad
    os.write(report, json.dumps(out).encode() + b"\n")
    # The last bytes may still be on their way to the tty: the parent says when it is done.
    os.read(job["go"], 1)
    conn.close()


class TcpEnd:
    """The TCP end in a child process, with pipes to start it and to hear from it."""

    def __init__(self, port: int, **job: Any) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(8)
        self.port = listener.getsockname()[1]
        report_r, report_w = os.pipe()
        go_r, self._go = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                os.close(self._go)
                os.close(report_r)
                tcp_end(listener, {**job, "go": go_r}, report_w)
                code = 0
            finally:
                os._exit(code)
        listener.close()
        os.close(report_w)
        os.close(go_r)
        self._report = os.fdopen(report_r, "rb")

    def line(self, timeout: float) -> Result:
        if not select.select([self._report], [], [], timeout)[0]:
            raise Failed("the TCP end reported nothing in time")
        text = self._report.readline()
        if not text:
            raise Failed("the TCP end died")
        report: Result = json.loads(text)
        return report

    def go(self) -> None:
        os.write(self._go, b"g")

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        self._report.close()
        os.close(self._go)


# ---- the program under test ---------------------------------------------------------------------


class Server:
    """The process whose CPU time is reported: spawned here, or only observed."""

    def __init__(self, spawn: str | None, pid: int | None, **fields: object) -> None:
        self.child = None
        self.pid = pid
        if spawn:
            argv = [word.format(**fields) for word in shlex.split(spawn)]
            self.child = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
            self.pid = self.child.pid
        self._cpu = 0.0

    def wait_tty(self, path: str, timeout: float = 10.0) -> None:
        deadline = time.monotonic() + timeout
        while not os.path.exists(path):
            if self.child is None or self.child.poll() is not None:
                raise Failed(f"no tty {path}")
            if time.monotonic() > deadline:
                raise Failed(f"{path} did not appear in {timeout} s")
            time.sleep(0.01)
        if self.child is not None:
            time.sleep(0.1)  # between creating the link and serving it

    def start(self) -> None:
        if self.pid:
            self._cpu = cpu_seconds(self.pid)

    def stop(self) -> dict[str, float]:
        if not self.pid or not os.path.exists(f"/proc/{self.pid}/statm"):
            return {}
        return {
            "server_cpu_s": round(cpu_seconds(self.pid) - self._cpu, 4),
            "server_rss_kib": rss_kib(self.pid),
        }

    def close(self) -> None:
        if self.child is not None:
            self.child.terminate()
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()


@contextlib.contextmanager
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

"""What may go wrong, one function each: done to a running modem, and what must hold afterwards."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .peers import FAILED, OPEN, Ledger, Link
from .process import LIMIT, Client, Process, SoakError, until

KILLED = """
import os, sys, time
port = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
os.write(port, b"AT+GM")
print(flush=True)
time.sleep(60)
"""


@dataclass
class Scene:
    """Where a fault happens: this port of this process."""

    process: Process
    dialect: str
    url: str
    port: Client
    chance: random.Random
    ledger: Ledger
    ctl: Path
    spare: Path
    """A folder for short-lived processes."""

    def link(self, window: int = 0) -> Link:
        return Link(self.port, self.dialect, self.ledger, self.chance, window)

    def reopen(self) -> None:
        self.port.close()
        end = time.monotonic() + LIMIT
        while True:  # a TCP port hears of the last client's going in its own time
            self.port = Client(self.url)
            try:
                self.port.wakes()
                return
            except (SoakError, OSError):
                self.port.close()
                if time.monotonic() > end:
                    raise


def traffic(scene: Scene) -> None:
    link = scene.link()
    for _ in range(scene.chance.randint(1, 20)):
        link.sends(scene.chance.randint(1, 1460))
    link.settles()
    link.floods(scene.chance.randint(1, 20000))
    link.ends()


def client_killed(scene: Scene) -> None:
    """A driver is killed in the middle of a line."""
    if "://" in scene.url:
        scene.port.writes(b"AT+GM")
    else:
        scene.port.close()
        with subprocess.Popen([sys.executable, "-c", KILLED, scene.url], stdout=subprocess.PIPE) as driver:
            assert driver.stdout is not None
            driver.stdout.readline()
            driver.kill()
    scene.reopen()


def opened_twice(scene: Scene) -> None:
    """Two drivers at a pty share it; a second client of a TCP port is told so and the first stays."""
    second = Client(scene.url)
    if scene.url.startswith("socket://"):
        second.hears("the port is in use")
    second.close()
    scene.port.wakes()


def peer_resets(scene: Scene) -> None:
    link = scene.link()
    link.sends(500)
    link.settles()
    link.resets()
    for _ in range(3):
        if not link.sends(100):
            break
    link.ends()


def peer_half_closes(scene: Scene) -> None:
    link = scene.link()
    link.sends(700)
    link.peer.shutdown(socket.SHUT_WR)
    scene.port.quiet(0.2)
    link.settles()
    link.ends()


def peer_never_reads(scene: Scene) -> None:
    """A tiny window: sends stall; when the peer reads at last, everything that was promised is there."""
    link = scene.link(window=2048)
    for _ in range(30):
        data = link.pattern(1000)
        if not link.prompted(1000):
            raise SoakError("the module refuses a send while the peer merely does not read")
        scene.port.writes(data)
        link._sent += data
        if not scene.port.reads_until(b"SEND OK\r\n", 0.3):
            break
    link.settles()
    scene.port.quiet(0.3)
    link.ends()


def peer_floods(scene: Scene) -> None:
    link = scene.link()
    link.floods(200_000)
    link.ends()


def dns_hangs(scene: Scene) -> None:
    """The driver goes while a name is looked up; the next one finds a modem that answers."""
    if scene.dialect == "sim800":
        scene.port.online("sim800")
        scene.port.asks('AT+CDNSCFG="8.8.8.8","8.8.4.4"')
        scene.port.asks('AT+CDNSGIP="hangs.example"')
    elif scene.dialect == "bg96":
        scene.port.online("bg96")
        scene.port.asks('AT+QIDNSCFG=1,"8.8.8.8","8.8.4.4"')
        scene.port.asks('AT+QIDNSGIP=1,"hangs.example"')
    else:
        scene.port.online("quectel_mxx")
        scene.port.asks('AT+QIDNSCFG="8.8.8.8","8.8.4.4"')
        scene.port.asks('AT+QIDNSGIP="hangs.example"')
    scene.reopen()


def listener_at_its_limit(scene: Scene) -> None:
    """More clients than links: those that fit are told to the host, nothing spins, nothing is left."""
    if scene.dialect != "sim800":
        return traffic(scene)
    scene.port.online("sim800", multi=False)
    scene.port.asks("AT+CIPSHUT", "SHUT OK\r\n")
    scene.port.online("sim800", multi=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    scene.port.asks(f"AT+CIPSERVER=1,{number}", "SERVER OK\r\n")
    clients = [socket.create_connection(("127.0.0.1", number), LIMIT) for _ in range(12)]
    heard = scene.port.quiet(0.5)
    if heard.count(b"REMOTE IP") < 5:
        raise SoakError(f"of 12 clients the host heard {heard!r}")
    for client in clients:
        client.close()
    scene.port.quiet(0.3)
    scene.port.asks("AT+CIPSERVER=0", "SERVER CLOSE\r\n", "ERROR\r\n")
    scene.port.quiet()
    scene.port.asks("AT+CIPSHUT", "SHUT OK\r\n")
    return None


def descriptors_exhausted(scene: Scene) -> None:
    port, pid = scene.port, scene.process.pid
    port.online(scene.dialect)
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    highest = max(map(int, os.listdir(f"/proc/{pid}/fd"))) + 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(scene.process.descriptors(), highest), before[1]))
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port.asks(
                OPEN[scene.dialect].format(server.getsockname()[1]), FAILED[scene.dialect], "+QIOPEN: 0,"
            )
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    port.quiet()


def suspended(scene: Scene) -> None:
    scene.process.process.send_signal(signal.SIGSTOP)
    try:
        time.sleep(scene.chance.uniform(0.2, 2.0))
    finally:
        scene.process.process.send_signal(signal.SIGCONT)


def network_changes(scene: Scene) -> None:
    """The control socket speaks; the context is lost under an open connection."""
    link = scene.link()
    changes: tuple[dict[str, dict[str, int]], ...] = (
        {"signal": {"rssi": scene.chance.randint(0, 31)}},
        {"pdp_deact": {}},
    )
    for asked in changes:
        number = scene.process.ports().index(scene.url)
        with socket.socket(socket.AF_UNIX) as director:
            director.settimeout(LIMIT)
            director.connect(str(scene.ctl))
            director.sendall(json.dumps({**asked, "modem": number}).encode() + b"\n")
            if b'"ok": true' not in (told := director.recv(4096)):
                raise SoakError(f"ctl: {told!r}")
    scene.port.quiet()
    link.ends()
    if scene.dialect == "sim800":
        scene.port.asks("AT+CIPSHUT", "SHUT OK\r\n")
    else:
        scene.port.asks("AT+QIDEACT" + ("=1" if scene.dialect == "bg96" else ""), "OK\r\n", "ERROR\r\n")


# ---- faults of a process of their own ------------------------------------------------------------


def _nothing_left(folder: Path) -> None:
    left = sorted(
        path.name for path in folder.rglob("*") if path.name not in ("vmodem", "stderr", "log", "pcap")
    )
    if left:
        raise SoakError(f"left behind: {left}")


def _own(scene: Scene) -> Path:
    return Path(tempfile.mkdtemp(dir=scene.spare))


def disk_full(scene: Scene) -> None:
    folder = _own(scene)
    options = ("--log", str(folder / "log"), "--pcap", str(folder / "pcap"), "--link", str(folder / "m"))
    size = scene.chance.randint(2500, 9000)
    process = Process(folder, ("--dialect", scene.dialect, *options), file_size=size)
    process.wait_ready()
    with process.port(0) as port:
        port.wakes()
        for _ in range(200):
            port.asks("AT")
    status, told = process.stop()
    lines = (folder / "log").read_bytes()
    if status or told.count("ends here") != 2 or len(lines) > size or not lines.endswith(b"\n"):
        raise SoakError(f"status {status}, {len(lines)} bytes: {told}")
    _nothing_left(folder)
    shutil.rmtree(folder)


def told_to_end(scene: Scene, moment: float | None = None, times: int = 0) -> None:
    """SIGTERM at any moment, also twice: nothing is left, and nothing is said but by a modem that runs."""
    folder = _own(scene)
    options = ("--link", str(folder / "m"), "--ctl", str(folder / "ctl"), "--log", str(folder / "log"))
    process = Process(folder, ("--dialect", scene.dialect, *options))
    time.sleep(scene.chance.uniform(0, 0.8) if moment is None else moment)
    for _ in range(times or scene.chance.randint(1, 3)):
        process.process.terminate()
        time.sleep(scene.chance.uniform(0, 0.01))
    status = process.process.wait(LIMIT)
    if status not in (0, -signal.SIGTERM) or process.told():
        raise SoakError(f"status {status}: {process.told()}")
    _nothing_left(folder)
    shutil.rmtree(folder)


def killed_and_taken_over(scene: Scene) -> None:
    """A killed modem's link is taken over, and of two at once on one link exactly one has it."""
    folder = _own(scene)
    link = ("--link", str(folder / "m"))
    first = Process(folder, link)
    first.wait_ready()
    first.kill()
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    both = [Process(folder / name, link) for name in ("a", "b")]
    try:
        until(
            lambda: sum(p.process.poll() is not None or p.ready.exists() for p in both) == 2, "both decided"
        )
        ended = [p.process.poll() for p in both if p.process.poll() is not None]
        if ended != [3]:
            raise SoakError(f"two at once on one link: {[(p.process.poll(), p.told()) for p in both]}")
        with Client(str(folder / "m")) as port:
            port.wakes()
        for process in both:
            if process.process.poll() is None and process.stop() != (0, ""):
                raise SoakError(f"it ends badly: {process.told()}")
    finally:
        for process in both:
            process.kill()
    if os.path.lexists(folder / "m") or (folder / ".m.lock").exists():
        raise SoakError("the link or its lock is left")
    shutil.rmtree(folder)


FAULTS: dict[str, Callable[[Scene], None]] = {
    function.__name__: function
    for function in (
        traffic, client_killed, opened_twice, peer_resets, peer_half_closes, peer_never_reads, peer_floods,
        dns_hangs, listener_at_its_limit, descriptors_exhausted, suspended, network_changes, disk_full,
        told_to_end, killed_and_taken_over,
    )
}  # fmt: skip

"""The soak itself: three real processes, random faults at random ports, and what is left at the end."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .faults import FAULTS, Scene
from .peers import Ledger
from .process import LIMIT, Client, Process, SoakError, until

DIALECTS = ("sim800", "quectel_mxx", "bg96")
WARM = 0.25
"""The part of the run after which memory must be flat."""
GROWTH = 4096
"""KiB that a process may grow after that."""
SCENARIO = """version: 1
name: soak
rules:
  - {id: bump, when: {command: AT+CSQ, phase: done}, times: forever, do: [{signal: {rssi: 9}}]}
"""
ROUTES = ("--route", "udp://8.8.8.8:53=blackhole", "--route", "udp://8.8.4.4:53=blackhole")
LAST = 30


@dataclass
class Soak:
    """What was done and seen."""

    seed: int
    folder: Path
    tell: Callable[[str], None] = print
    ledger: Ledger = field(default_factory=Ledger)
    done: Counter[str] = field(default_factory=Counter)
    step: int = 0
    processes: dict[str, Process] = field(default_factory=dict)
    warm: dict[str, int] = field(default_factory=dict)
    at_rest: dict[str, tuple[int, int]] = field(default_factory=dict)

    def run(self, seconds: float, each_once: bool = False) -> None:
        """For so long, or until each fault has been; raises :class:`SoakError` with all that is known."""
        chance = random.Random(self.seed)
        begun = time.monotonic()
        try:
            self._start()
            todo = list(FAULTS) if each_once else []
            chance.shuffle(todo)
            while todo or time.monotonic() - begun < seconds:
                self._one(todo.pop() if todo else chance.choice(list(FAULTS)), chance)
                if not self.warm and time.monotonic() - begun > seconds * WARM:
                    self.warm = {name: process.resident() for name, process in self.processes.items()}
            self._end()
        finally:
            for process in self.processes.values():
                process.kill()

    def report(self) -> str:
        """The figures."""
        return (
            f"seed {self.seed}: {self.step} steps, {self.ledger.connections} connections, "
            f"{self.ledger.up} bytes up, "
            f"{self.ledger.down} down, {self.ledger.unknown} never promised; "
            f"{dict(sorted(self.done.items()))}"
        )

    def _start(self) -> None:
        for name in DIALECTS:
            folder = self.folder / name
            (folder / "spare").mkdir(parents=True)
            (folder / "story.yaml").write_text(SCENARIO)
            files = ("--log", folder / "log", "--pcap", folder / "pcap", "--ctl", folder / "ctl")
            ports = ("--link", folder / "modem", "--tcp", "0", "--rfc2217", "0", "--network", "loopback")
            options = ("--dialect", name, "--scenario", folder / "story.yaml", *files, *ports, *ROUTES)
            process = Process(folder, tuple(map(str, options)), jumping=True)
            self.processes[name] = process
            process.wait_ready()
            for number in range(3):
                with process.port(number) as port:
                    port.wakes()
            self.at_rest[name] = process.descriptors(), process.threads()

    def _one(self, fault: str, chance: random.Random) -> None:
        self.step += 1
        dialect = "sim800" if fault == "listener_at_its_limit" else chance.choice(DIALECTS)
        process = self.processes[dialect]
        url = chance.choice(process.ports())
        folder = process.folder
        where = f"seed {self.seed}, step {self.step}: {fault} at {url} of {dialect}"
        port = Client(url)
        scene = Scene(process, dialect, url, port, chance, self.ledger, folder / "ctl", folder / "spare")
        try:
            port.wakes()
            FAULTS[fault](scene)
            scene.port.wakes()
            if process.process.poll() is not None or "Traceback" in process.told():
                raise SoakError("the process has failed")
        except (SoakError, OSError) as error:
            said = "\n".join(scene.port.dialogue)
            log = "".join((folder / "log").read_text().splitlines(keepends=True)[-LAST:])
            raise SoakError(f"{where}: {error}\n{said}\n{log}\n{process.told()[-2000:]}") from error
        finally:
            scene.port.close()
        self.done[fault] += 1

    def _end(self) -> None:
        """Everything answers, nothing is left, memory is flat."""
        for name, process in self.processes.items():
            for number in range(3):
                with process.port(number) as port:
                    port.wakes()
                    if name == "sim800":
                        port.asks("AT+CIPSHUT", "SHUT OK\r\n")
            rest = self.at_rest[name]
            until(
                lambda p=process, r=rest: (p.descriptors(), p.threads()) <= r and p.threads() <= r[1],  # type: ignore[misc]
                f"descriptors and threads of {name} are {rest} again",
                LIMIT * 2,
            )
            grown = process.resident() - self.warm.get(name, process.resident())
            self.tell(
                f"{name}: {process.resident()} KiB, {grown:+} since the warm-up; {rest} descriptors, threads"
            )
            if grown > GROWTH:
                raise SoakError(f"{name} has grown by {grown} KiB")
            status, told = process.stop()
            if status or "Traceback" in told:
                raise SoakError(f"{name} ends with {status}: {told[-2000:]}")
            left = {path.name for path in process.folder.iterdir()}
            left -= {"log", "pcap", "stderr", "story.yaml", "spare", "vmodem"}
            if left or any((process.folder / "spare").iterdir()):
                raise SoakError(f"{name} left {left}")

"""How near a paced line comes to its rate over real ptys, both ways; run on demand, ends by itself.

    python tests/bench/paced.py [--seconds 5] [RATE ...]

A transparent connection carries the bytes, so that all is there that ever is. The rate is taken between the
pieces that arrive, so one chunk more or less does not count.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import serial

ROOT = Path(__file__).resolve().parent.parent.parent
LIMIT = 30.0
FRAME = 10


class Arrivals:
    """When how many bytes had arrived."""

    def __init__(self) -> None:
        self.points: list[tuple[float, int]] = []
        self.total = 0

    def add(self, count: int) -> None:
        self.total += count
        self.points.append((time.monotonic(), self.total))

    def rate(self) -> float:
        """Bit/s between the first and the last but one (the last may have waited for more)."""
        (start, before), (end, after) = self.points[0], self.points[-2]
        return (after - before) * FRAME / (end - start)


def ask(port: serial.Serial, line: str, until: bytes = b"OK\r\n") -> None:
    port.write(line.encode() + b"\r")
    heard = port.read_until(until)
    if not heard.endswith(until):
        raise SystemExit(f"{line}: {heard!r}")


def connect(port: serial.Serial, server: socket.socket) -> socket.socket:
    for line in ("ATE0", "AT+CIPMODE=1", 'AT+CSTT="a"', "AT+CIICR"):
        ask(port, line)
    ask(port, "AT+CIFSR", b"\r\n")
    port.read_until(b"\r\n")
    host, number = server.getsockname()
    ask(port, f'AT+CIPSTART="TCP","{host}",{number}', b"CONNECT\r\n")
    return server.accept()[0]


def down(port: serial.Serial, peer: socket.socket, size: int) -> Arrivals:
    arrivals = Arrivals()
    threading.Thread(target=peer.sendall, args=(bytes(size),), daemon=True).start()
    while arrivals.total < size:
        arrivals.add(len(port.read(max(1, port.in_waiting))))
    return arrivals


def up(port: serial.Serial, peer: socket.socket, size: int) -> Arrivals:
    arrivals = Arrivals()
    threading.Thread(target=port.write, args=(bytes(size),), daemon=True).start()
    while arrivals.total < size:
        arrivals.add(len(peer.recv(65536)))
    return arrivals


def measure(rate: int, seconds: float, folder: Path) -> None:
    tty = folder / f"tty{rate}"
    modem = subprocess.Popen(
        [sys.executable, str(ROOT / "emulator"), "run", "--baud", "auto", "--link", str(tty)],
        stdout=subprocess.PIPE,
    )
    try:
        assert modem.stdout is not None
        modem.stdout.readline()
        with (
            socket.create_server(("127.0.0.1", 0)) as server,
            serial.Serial(str(tty), rate, timeout=LIMIT) as port,
            connect(port, server) as peer,
        ):
            size = int(rate / FRAME * seconds)
            for name, way in (("module to host", down), ("host to module", up)):
                measured = way(port, peer, size).rate()
                error = (measured / rate - 1) * 100
                print(f"{rate:7} bit/s, {name}: {measured:9.1f}, {error:+.3f} %")
    finally:
        modem.terminate()
        modem.wait(LIMIT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("rates", metavar="RATE", nargs="*", type=int, default=[9600, 115200])
    parser.add_argument("--seconds", type=float, default=5.0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for rate in args.rates:
            measure(rate, args.seconds, Path(folder))


if __name__ == "__main__":
    main()

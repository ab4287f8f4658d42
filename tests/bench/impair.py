"""What impairments cost: bulk and single sends through the host's stack, alone and with the path in front.

    python tests/bench/impair.py [--rounds N]

Only ratios of one round count; the order of the kinds turns.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import statistics
import time
from collections.abc import Callable

from vmodem.emulator.clock import RealClock
from vmodem.emulator.effects import NetEffect, OpenSocket, SendData, Transport
from vmodem.emulator.events import Acknowledged, Address, Connected, Event, Received, SendBlocked, SendReady
from vmodem.emulator.faults import Anything, Impair, Latency
from vmodem.netstack.host import HostNetStack
from vmodem.netstack.impair import ImpairedNetStack, Inner
from vmodem.netstack.policy import Policy
from vmodem.netstack.routes import Routes

BULK = 32 << 20
PIECE = b"x" * 4096
SENDS = 3000
KINDS = ("alone", "no chain", "latency 0")


class Bench:
    """One connection of a module, and the far end in the same loop."""

    def __init__(self, kind: str) -> None:
        self.loop = asyncio.get_running_loop()
        self.kind = kind
        self.received = self.acked = 0
        self.blocked = self.connected = False
        self.news = asyncio.Event()

        def make(deliver: Callable[[Event], None]) -> HostNetStack:
            return HostNetStack(deliver=deliver, routes=Routes(), policy=Policy.LOOPBACK, loop=self.loop)

        self.stack: Inner
        if kind == "alone":
            self.stack = make(self.heard)
        else:
            self.stack = ImpairedNetStack(deliver=self.heard, inner=make, clock=RealClock(), loop=self.loop)

    def heard(self, event: Event) -> None:
        match event:
            case Received(data=data):
                self.received += len(data)
                if self.received < BULK:
                    return
            case Connected():
                self.connected = True
            case Acknowledged(total=total):
                self.acked = total
            case SendBlocked():
                self.blocked = True
            case SendReady():
                self.blocked = self.connected = False
        self.news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self.news.clear()
            await self.news.wait()

    async def run(self) -> dict[str, float]:
        """MB/s to the net and to the host, and microseconds from send to acknowledgement."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            self.perform(OpenSocket(1, Transport.TCP, Address(*server.getsockname()), 0, ""))
            peer, _ = await self.loop.sock_accept(server)
            peer.setblocking(False)
            await self.until(lambda: self.connected)
            if self.kind == "latency 0":
                self.perform(Impair("x", Anything(), (Latency(0.0),)))
            try:
                return await self._measure(peer)
            finally:
                self.stack.close()
                peer.close()

    def perform(self, effect: NetEffect) -> None:
        self.stack.perform(effect)

    async def _measure(self, peer: socket.socket) -> dict[str, float]:
        figures = {}
        buffer = bytearray(1 << 20)

        async def drain(size: int) -> None:
            while size > 0:
                size -= await self.loop.sock_recv_into(peer, buffer)

        begin = time.perf_counter()
        draining = asyncio.ensure_future(drain(BULK))
        for _ in range(BULK // len(PIECE)):
            if self.blocked:
                await self.until(lambda: not self.blocked)
            self.perform(SendData(1, PIECE, awaited=False))
        await draining
        figures["MB/s to the net"] = BULK / 1e6 / (time.perf_counter() - begin)
        begin = time.perf_counter()
        writing = asyncio.ensure_future(self.loop.sock_sendall(peer, b"y" * BULK))
        await self.until(lambda: self.received >= BULK)
        await writing
        figures["MB/s to the host"] = BULK / 1e6 / (time.perf_counter() - begin)
        await self.until(lambda: self.acked == BULK)
        draining = asyncio.ensure_future(drain(64 * SENDS))
        begin = time.perf_counter()
        for number in range(1, SENDS + 1):
            self.perform(SendData(1, PIECE[:64]))
            goal = BULK + 64 * number
            while self.acked < goal:
                self.news.clear()
                await self.news.wait()
        figures["us a send"] = (time.perf_counter() - begin) / SENDS * 1e6
        await draining
        return figures


def main() -> None:
    """Measure, and print medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    table: dict[str, dict[str, list[float]]] = {}
    for turn in range(rounds):
        for kind in KINDS[turn % 3 :] + KINDS[: turn % 3]:

            async def measure(kind: str = kind) -> dict[str, float]:
                return await Bench(kind).run()

            for name, figure in asyncio.run(measure()).items():
                table.setdefault(name, {}).setdefault(kind, []).append(figure)
    for name, kinds in table.items():
        base = kinds["alone"]
        for kind, figures in kinds.items():
            ratio = statistics.median(mine / other for mine, other in zip(figures, base, strict=True))
            print(f"{name:18} {kind:10} {statistics.median(figures):8.1f}   {ratio:5.2f} of alone")


if __name__ == "__main__":
    main()

"""Impairments in front of real sockets: for the netstack alone, and for a modem on a pty."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from realnet import Net, Stack, run_on
from running_modem import Deliver, MakeStack, ThreadedModem
from vmodem.emulator.clock import RealClock
from vmodem.emulator.driver import NetStack
from vmodem.emulator.effects import NetEffect, PauseReceiving
from vmodem.emulator.faults import Anything, Direction, Fault, Impair, Restore, Toxic
from vmodem.netstack.impair import ImpairedNetStack


class Watched:
    """A netstack that tells when it is asked to read no more."""

    def __init__(self, inner: Stack, told: Callable[[], None]) -> None:
        self._inner = inner
        self._told = told

    def perform(self, effect: NetEffect) -> None:
        self._inner.perform(effect)
        if isinstance(effect, PauseReceiving):
            self._told()

    def close(self) -> None:
        self._inner.close()


class ImpairedNet(Net):
    """A stack on the host, impaired; ``pauses`` counts how often the host's stack was to read no more."""

    pauses = 0

    def in_front_of(self, make: MakeStack) -> Stack:
        def paused() -> None:
            self.pauses += 1
            self._news.set()

        return ImpairedNetStack(
            deliver=self._deliver,
            inner=lambda deliver: Watched(make(deliver), paused),
            clock=RealClock(),
            loop=self.loop,
            seed="1",
        )

    def impairs(self, *toxics: Toxic, direction: Direction = Direction.BOTH) -> None:
        """Put these up for everything."""
        self.perform(Impair("it", Anything(), toxics, direction))

    def heals(self) -> None:
        """Take everything away."""
        self.perform(Restore())


def run_impaired(story: Callable[[ImpairedNet], Coroutine[Any, Any, None]]) -> None:
    """Run ``story`` with an impaired stack of its own, which must leave no descriptor behind."""
    run_on(ImpairedNet, story)


class ImpairedModem(ThreadedModem):
    """A modem on a pty whose sockets are real and impaired."""

    def in_front_of(self, netstack: MakeStack, clock: RealClock) -> Callable[[Deliver], NetStack]:
        def make(deliver: Deliver) -> NetStack:
            loop = asyncio.get_running_loop()
            self._path = ImpairedNetStack(deliver=deliver, inner=netstack, clock=clock, loop=loop, seed="1")
            return self._path

        return make

    def suffers(self, *faults: Fault) -> None:
        """The network does this; from any thread. Effective before what the host types next is read."""
        for fault in faults:
            self._loop.call_soon_threadsafe(self._path.perform, fault)

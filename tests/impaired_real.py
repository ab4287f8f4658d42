"""Impairments in front of real sockets: for the netstack alone, and for a modem on a pty."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from realnet import Net, Stack, run_on
from running_modem import ThreadedModem
from vmodem.emulator.background import Background, HostedModem, Lab
from vmodem.emulator.choices import Checked
from vmodem.emulator.clock import RealClock
from vmodem.emulator.driver import Driver
from vmodem.emulator.effects import NetEffect, PauseReceiving
from vmodem.emulator.endpoints import Pipe
from vmodem.emulator.events import Event
from vmodem.emulator.faults import Anything, Direction, Fault, Impair, Restore, Toxic
from vmodem.emulator.hosting import new_world
from vmodem.emulator.observer import Observer
from vmodem.netstack.air import Air
from vmodem.netstack.host import HostNetStack
from vmodem.netstack.impair import ImpairedNetStack, impaired

Deliver = Callable[[Event], None]
MakeStack = Callable[[Deliver], HostNetStack]


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


class ImpairedBackground(Background):
    """A thread whose modems have an impaired netstack (of the last one: ``path``)."""

    path: ImpairedNetStack

    def _start(
        self,
        number: int,
        chosen: Checked,
        make_pipe: Callable[[], Pipe] | None,
        log: Observer | None,
        note: Callable[[str], None] | None,
        air: Air | None,
        lab: Lab,
    ) -> HostedModem:
        assert make_pipe is not None
        pipe = make_pipe()
        world, (engine,) = new_world(chosen, air)
        loop = asyncio.get_running_loop()

        def host(deliver: Deliver) -> HostNetStack:
            return HostNetStack(deliver=deliver, routes=chosen.routes, policy=chosen.policy, loop=loop)

        def make(deliver: Deliver) -> ImpairedNetStack:
            self.path = impaired(host, clock=world.clock, loop=loop, seed="1")(deliver)
            return self.path

        driver = Driver(engine, pipe, make, world.clock, log, note=note)
        driver.start()
        return HostedModem(self, number, driver, pipe, world.clock)


class ImpairedModem(ThreadedModem):
    """A modem on a pty whose sockets are real and impaired."""

    background = ImpairedBackground
    _background: ImpairedBackground

    def suffers(self, *faults: Fault) -> None:
        """The network does this; from any thread. When this returns it has been done."""
        for fault in faults:
            self._modem.call(partial(self._background.path.perform, fault))

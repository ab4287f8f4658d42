"""Puts an engine, a driver, a pipe and the host's netstack together: the one place that knows them all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..netstack.air import Air
from ..netstack.host import HostNetStack
from ..netstack.impair import impaired
from .choices import Checked
from .clock import RealClock
from .driver import Driver, NetStack
from .endpoints import Pipe
from .engine import Modem
from .events import Address, Event
from .late import LateModem, late_modems
from .observer import Observer
from .stage import Stage


@dataclass(frozen=True, slots=True)
class World:
    """What the modems of one event loop share."""

    chosen: Checked
    clock: RealClock
    air: Air


def new_world(
    chosen: Checked, air: Air | None = None, clock: RealClock | None = None
) -> tuple[World, list[Modem]]:
    """A world and the modems in it, one for each of ``chosen.options``; nothing runs yet.

    ``air``: where they reach the modems of other worlds of the same event loop, too. ``clock``: a test's.
    """
    clock = RealClock() if clock is None else clock
    modems = [Modem(chosen.dialect, options, now=clock.now()) for options in chosen.options]
    return World(chosen, clock, Air(_own_addresses(chosen, modems)) if air is None else air), modems


def late_world(chosen: Checked) -> tuple[World, list[LateModem]]:
    """The same, with modems that are made when they are first touched."""
    clock = RealClock()
    modems = late_modems(chosen.dialect, chosen.options, clock.now())
    return World(chosen, clock, Air(_own_addresses(chosen, modems))), modems


def _own_addresses(chosen: Checked, modems: Iterable[Modem | LateModem]) -> list[str]:
    """The addresses that are the modules' alone; one that the user has given may be this host's too."""
    given = {address for options in chosen.options for address in options.local_ips}
    return [address for modem in modems for address in modem.addresses if address not in given]


@dataclass(frozen=True, slots=True)
class Act:
    """A scenario with one modem."""

    stage: Stage
    seed: str
    """Of the path's chances."""
    finished: Callable[[str], None]
    """Told why the run is over."""


Connecting = Callable[[int, Address], None]


def nobody(_handle: int, _local: Address) -> None:
    """Without a capture nobody wants to know which port a connection comes from."""


def new_driver(
    world: World,
    modem: Modem | LateModem,
    pipe: Pipe,
    observer: Observer | None,
    note: Callable[[str], None] | None = None,
    connecting: Connecting = nobody,
    act: Act | None = None,
) -> Driver:
    """A driver for ``modem`` in the running event loop, not started.

    ``note`` hears the remarks that ``observer`` hears; ``connecting`` the local port of a connection
    under way; ``act``: the scenario that is played with this modem.
    """

    def remark(text: str) -> None:
        driver.note(text)

    netstack: Callable[[Callable[[Event], None]], NetStack] = _netstack(world, remark, connecting)
    if act is not None:
        loop = asyncio.get_running_loop()
        netstack = impaired(_netstack(world, remark, connecting), clock=world.clock, loop=loop, seed=act.seed)
    driver = Driver(
        modem,
        pipe,
        netstack,
        world.clock,
        observer,
        on_with_client=not modem.powered,
        paced=world.chosen.paced,
        note=note,
        stage=None if act is None else act.stage,
        finished=None if act is None else act.finished,
    )
    return driver


def _netstack(
    world: World, note: Callable[[str], None], connecting: Connecting
) -> Callable[[Callable[[Event], None]], HostNetStack]:
    def make(deliver: Callable[[Event], None]) -> HostNetStack:
        return HostNetStack(
            deliver=deliver,
            routes=world.chosen.routes,
            policy=world.chosen.policy,
            loop=asyncio.get_running_loop(),
            listen_host=world.chosen.listen_host,
            air=world.air,
            note=note,
            connecting=connecting,
        )

    return make

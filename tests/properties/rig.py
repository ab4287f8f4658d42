"""Worlds in which a SIM800 is already where a property begins."""

from __future__ import annotations

from collections.abc import Mapping

from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.dialect import Options
from vmodem.emulator.engine import Modem
from vmodem.netstack.memory import MemoryConnection, MemoryNetStack
from world import START, World, Writer, whole

HOST = "10.0.0.9"
PORT = 7000


def sim800(
    *,
    writer: Writer = whole,
    factor: float = 0.0,
    timings: Mapping[str, float] | None = None,
    send_limit: int = 16384,
) -> World:
    """A module that has just been switched on, and an empty network."""
    modem = Modem(SIM800, Options(timing_factor=factor, timings=timings or {}), now=START)
    modem.watch()
    return World(modem, MemoryNetStack(send_limit=send_limit), writer=writer)


def bring_up(world: World, *settings: str, multi: bool = False) -> None:
    """Echo off, the settings given, the context up and its address read."""
    lines = ["ATE0", f"AT+CIPMUX={int(multi)}" if multi else "AT", *(f"AT{line}" for line in settings)]
    for line in [*lines, "AT+CSTT", "AT+CIICR"]:
        answer = world.ask(line)
        assert answer.endswith(b"\r\nOK\r\n"), (line, answer)
    world.ask("AT+CIFSR")


def connect(world: World, port: int = PORT, link: int | None = None) -> MemoryConnection:
    """Open a TCP link to a new peer; the far end."""
    peer = world.net.tcp(HOST, port)
    number = "" if link is None else f"{link},"
    world.ask(f'AT+CIPSTART={number}"TCP","{HOST}",{port}')
    assert world.run_until(lambda: bool(peer.connections), 5)
    world.advance(0.5)
    world.take()
    return peer.connection()


def transparent(world: World, *settings: str) -> MemoryConnection:
    """In data mode; the far end."""
    bring_up(world, "+CIPMODE=1", *settings)
    return connect(world)

"""Worlds in which a module is already where a property begins."""

from __future__ import annotations

from collections.abc import Mapping

from vmodem.dialects.quectel.mxx import QUECTEL_MXX
from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.dialect import Dialect, Options
from vmodem.emulator.engine import Modem
from vmodem.emulator.world import START, World, Writer, whole
from vmodem.netstack.memory import MemoryConnection, MemoryNetStack

HOST = "10.0.0.9"
PORT = 7000


def sim800(
    *,
    dialect: Dialect = SIM800,
    writer: Writer = whole,
    factor: float = 0.0,
    timings: Mapping[str, float] | None = None,
    send_limit: int = 16384,
) -> World:
    """A module that has just been switched on, and an empty network."""
    modem = Modem(dialect, Options(timing_factor=factor, timings=timings or {}), now=START)
    modem.watch()
    return World(modem, MemoryNetStack(send_limit=send_limit), writer=writer)


def bring_up(world: World, *settings: str, multi: bool = False) -> None:
    """Echo off, the settings given, the context up and its address read."""
    lines = ["ATE0", f"AT+CIPMUX={int(multi)}" if multi else "AT", *(f"AT{line}" for line in settings)]
    for line in [*lines, "AT+CSTT", "AT+CIICR"]:
        answer = world.ask(line)
        assert answer.endswith(b"\r\nOK\r\n"), (line, answer)
    world.ask("AT+CIFSR")


def connect(
    world: World, port: int = PORT, link: int | None = None, command: str = "AT+CIPSTART"
) -> MemoryConnection:
    """Open a TCP link to a new peer; the far end."""
    peer = world.net.tcp(HOST, port)
    number = "" if link is None else f"{link},"
    world.ask(f'{command}={number}"TCP","{HOST}",{port}')
    assert world.run_until(lambda: bool(peer.connections), 5)
    world.advance(0.5)
    world.take()
    return peer.connection()


def mxx(*, writer: Writer = whole, factor: float = 0.0, send_limit: int = 16384) -> World:
    """The same with an M-series module."""
    return sim800(dialect=QUECTEL_MXX, writer=writer, factor=factor, send_limit=send_limit)


def mxx_bring_up(world: World, *settings: str, multi: bool = False) -> None:
    """Echo off, the settings given, the context up and its address read."""
    lines = ["ATE0", f"AT+QIMUX={int(multi)}", *(f"AT{line}" for line in settings)]
    for line in [*lines, "AT+QIREGAPP", "AT+QIACT"]:
        answer = world.ask(line)
        assert answer.endswith(b"\r\nOK\r\n"), (line, answer)
    world.ask("AT+QILOCIP")


def mxx_connect(world: World, port: int = PORT, link: int | None = None) -> MemoryConnection:
    """Open a TCP link to a new peer; the far end."""
    return connect(world, port, link, "AT+QIOPEN")


def mxx_transparent(world: World, *settings: str) -> MemoryConnection:
    """In data mode; the far end."""
    mxx_bring_up(world, "+QIMODE=1", *settings)
    return mxx_connect(world)


def transparent(world: World, *settings: str) -> MemoryConnection:
    """In data mode; the far end."""
    bring_up(world, "+CIPMODE=1", *settings)
    return connect(world)

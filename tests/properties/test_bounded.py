"""Nobody can make the module grow: not the host that types on and on, not the peer that never stops."""

from __future__ import annotations

from collections import deque
from enum import Enum

import pytest
from properties.rig import HOST, bring_up, connect, sim800, transparent
from vmodem.emulator.command import Command
from vmodem.emulator.dialect import Dialect
from vmodem.emulator.events import (
    CallArrived,
    CallerHungUp,
    LineChanged,
    LineSignal,
    OutputBlocked,
    OutputReady,
    RegistrationChanged,
    SmsArrived,
)
from vmodem.emulator.machine import Machine
from vmodem.emulator.world import World

MEGA = 1 << 20
ROOM = 200_000
"""Bytes that buffers, caches and queues may take together, over a module at rest."""


def weight(root: object) -> int:
    """Bytes and items that ``root`` holds on to, in all that it refers to."""
    total, seen, todo = 0, set(), [root]
    while todo:
        item = todo.pop()
        if id(item) in seen or isinstance(item, (Enum, type, Command, Dialect, Machine, int, float)):
            continue
        seen.add(id(item))
        if isinstance(item, (bytes, bytearray, str)):
            total += len(item)
        elif isinstance(item, dict):
            total += 16 * len(item)
            todo += [*item.keys(), *item.values()]
        elif isinstance(item, (list, tuple, set, frozenset, deque)):
            total += 16 * len(item)
            todo += item
        elif type(item).__module__.startswith("vmodem."):
            todo.append(getattr(item, "__dict__", {}))
            for each in type(item).__mro__:
                names = each.__dict__.get("__slots__", ())
                todo += [getattr(item, name, None) for name in ([names] if isinstance(names, str) else names)]
    return total


def grown(world: World, before: int) -> int:
    return weight(world.modem) - before


@pytest.mark.parametrize(
    "garbage",
    [b"x", b"A", b"+", b" ", b"\n", b"\x00", b"\b", b"\xff", b'AT+CSTT="', b"AT", b"ATxxxx\x08"],
)
def test_garbage_without_an_end(garbage: bytes) -> None:
    world = sim800()
    world.send(b"ATE0\r")
    before = weight(world.modem)
    chunk = garbage * (16384 // len(garbage))
    world.send(b"AT" if garbage == b"\b" else b"")
    for _ in range(
        2 * MEGA // 16384 // (8 if b"\x08" in garbage or b"\n" in garbage or b"\x00" in garbage else 1)
    ):
        world.send(chunk)
        world.take()
        assert grown(world, before) < ROOM
    world.send(b"\r")
    world.advance(1)
    assert world.ask("AT") == b"\r\nOK\r\n"


def test_typed_ahead_is_held_on_the_wire() -> None:
    world = sim800(timings={"shut": 5.0})
    world.ask("ATE0")
    before = weight(world.modem)
    world.send(b"AT+CIPSHUT\r")
    count = 0
    while not world.input_paused:
        world.send(b"AT\r" * 1000)
        count += 1000
        assert count < 100_000
    world.send(b"AT\r" * 300_000)
    assert grown(world, before) < ROOM
    assert world.unread == b""
    world.advance(6)
    assert not world.input_paused
    assert world.take() == b"\r\nSHUT OK\r\n" + b"\r\nOK\r\n" * (count + 300_000)


def test_payload_without_an_end() -> None:
    world = sim800()
    bring_up(world)
    connect(world)
    before = weight(world.modem)
    assert world.ask("AT+CIPSEND") == b"\r\n> "
    for _ in range(100):
        world.send(b"x" * 20_000)
        assert grown(world, before) < ROOM
    world.send(b"\x1a")
    assert world.take() == b"\r\nERROR\r\n"


@pytest.mark.parametrize(
    "mode", ["manual", "pushed, host does not read", "transparent", "transparent, in command mode"]
)
def test_a_peer_that_never_stops(mode: str) -> None:
    world = sim800()
    if mode == "manual":
        bring_up(world, "+CIPRXGET=1")
        peer = connect(world)
    elif mode.startswith("pushed"):
        bring_up(world)
        peer = connect(world)
        world.event(OutputBlocked())
    else:
        peer = transparent(world)
        if mode == "transparent":
            world.event(OutputBlocked())
        else:
            world.advance(1)
            world.send(b"+++")
            world.advance(1)
            assert world.take() == b"\r\nOK\r\n"
    before = weight(world.modem)
    data = bytes(range(256)) * 8000
    peer.send(data, 1460)
    world.settle()
    assert grown(world, before) < ROOM
    world.event(OutputReady())
    got = b""
    if mode == "manual":
        world.take()
        while len(got) < len(data):
            answer = world.ask("AT+CIPRXGET=2,1460")
            head, _, rest = answer[2:].partition(b"\r\n")
            got += rest[: int(head.split(b",")[1])]
            assert rest, answer
    elif mode == "transparent, in command mode":
        got = world.ask("ATO").removeprefix(b"\r\nCONNECT\r\n")
    else:
        got = world.take()
    assert got == data


@pytest.mark.parametrize("payload", [b"", b"x", b"y" * 1400], ids=len)
@pytest.mark.parametrize("manual", [0, 1])
def test_datagrams_that_never_stop(payload: bytes, manual: int) -> None:
    world = sim800()
    bring_up(world, f"+CIPRXGET={manual}", "+CIPHEAD=1")
    peer = world.net.udp(HOST, 9000)
    assert world.ask(f'AT+CIPSTART="UDP","{HOST}",9000') == b"\r\nOK\r\n\r\nCONNECT OK\r\n"
    world.event(OutputBlocked())
    before = weight(world.modem)
    for _ in range(100):
        for _ in range(200):
            peer.send(payload)
        world.settle()
        # A datagram of one byte weighs more than its byte.
        assert grown(world, before) < 6 * ROOM
    world.event(OutputReady())
    world.advance(1)
    assert world.ask("AT").endswith(b"\r\nOK\r\n")


def test_a_peer_that_does_not_read() -> None:
    """The host is held, also when it leaves data mode and comes back."""
    world = sim800(send_limit=4096)
    peer = transparent(world, "&D1")
    peer.stop_reading()
    before = weight(world.modem)
    sent = 0
    for _ in range(40):
        while not world.input_paused:
            world.send(b"x" * 1024)
            sent += 1024
            assert sent < MEGA, "the host is not held"
        assert peer.waiting < 3 * 4096
        world.event(LineChanged(LineSignal.DTR, False))
        world.event(LineChanged(LineSignal.DTR, True))
        world.advance(1)
        assert world.take() == b"\r\nOK\r\n"
        assert world.ask("ATO") == b"\r\nCONNECT\r\n"
        assert grown(world, before) < ROOM
    peer.start_reading()
    world.advance(1)
    assert bytes(peer.received) == b"x" * sent


def test_a_network_that_never_rests() -> None:
    """URCs that nobody reads, because the line is in data mode, are not kept without end."""
    world = sim800()
    transparent(world, "+CREG=1", "+CNMI=2,1")
    before = weight(world.modem)
    for turn in range(2000):
        world.event(RegistrationChanged(1 if turn % 2 else 5))
        world.event(SmsArrived("123", "text"))
        world.event(CallArrived("123"))
        world.event(CallerHungUp())
    assert grown(world, before) < ROOM

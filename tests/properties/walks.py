"""Random walks of a module: what a walk is, how its machines are followed, how a failing one is shortened."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from typing import Any

from vmodem.emulator.effects import StateChanged
from vmodem.emulator.events import Event
from vmodem.emulator.machine import Machine
from vmodem.emulator.world import World

WALKS = 4000 if os.environ.get("VMODEM_PROPERTIES") == "long" else 400
LENGTH = 90
Step = tuple[str, object]
Maker = tuple[int, str, Callable[[], object]]
"""How often, what kind of step, and how one is made."""
Moves = dict[str, set[tuple[str, str]]]


def moves_of(*machines: Machine[Any]) -> Moves:
    """The moves that tables allow."""
    return {m.name: {(str(r.state.value), str(r.next.value)) for r in m.rows} for m in machines}


class Walker:
    """One module in its world, and what is known of its machines."""

    listen_port = 8000

    def __init__(self, world: World, moves: Moves) -> None:
        self.world = world
        self._allowed = moves
        self.moves: set[tuple[str, str, str]] = set()
        self._seen = 0

    def take(self, step: Step) -> None:
        """Let it happen, then look at everything."""
        world = self.world
        match step:
            case "line", str(text):
                self.types(text)
            case "wait", float(seconds):
                world.advance(seconds)
            case "peer", (int(index), str(how)):
                self._peer(index, how)
            case "client", None:
                try:
                    world.net.connect_client(self.listen_port, "10.9.9.9", latency=0.05)
                except ConnectionRefusedError:
                    return
            case "leave", float(guard):
                world.advance(guard)
                world.send(b"+++")
                world.advance(guard)
            case "event", Event() as event:
                world.event(event)
            case _:
                raise TypeError(step)
        world.settle()
        self._follow()
        self.agree()

    def types(self, text: str) -> None:
        """The host types a line, and what it takes along."""
        self.world.send(text.encode() + b"\r")

    def _peer(self, index: int, how: str) -> None:
        peers = [peer for peer in self.world.net.connections if not peer.gone and not peer.fin_sent]
        if not peers:
            return
        peer = peers[index % len(peers)]
        acts: dict[str, Callable[[], None]] = {
            "send": lambda: peer.send(b"data"),
            "close": peer.close,
            "reset": peer.reset,
            "mute": lambda: peer.ack_limit(0),
            "deaf": peer.ignore_fin,
        }
        acts[how]()

    def _follow(self) -> None:
        """The machines moved by rows of their tables only."""
        for _, effect in self.world.trace[self._seen :]:
            if isinstance(effect, StateChanged):
                base = effect.machine.rstrip("0123456789").rstrip()
                if base in self._allowed:
                    assert (effect.before, effect.after) in self._allowed[base], effect
                    self.moves.add((base, effect.before, effect.after))
        self._seen = len(self.world.trace)

    def agree(self) -> None:
        """The module's machines, links and listeners fit together."""
        raise NotImplementedError


def choose(r: random.Random, makers: Sequence[Maker]) -> list[Step]:
    """``LENGTH`` steps at random."""
    chosen = r.choices(makers, [weight for weight, _, _ in makers], k=LENGTH)
    return [(name, make()) for _, name, make in chosen]


def play(walker: Walker, steps: list[Step]) -> Walker:
    """Take the steps."""
    for step in steps:
        walker.take(step)
    return walker


def try_walks(part: int, parts: int, make: Callable[[], Walker], walk: Callable[[int], list[Step]]) -> None:
    """A share of all walks; one that fails is shortened and told."""

    def fails(steps: list[Step]) -> Exception | None:
        try:
            play(make(), steps)
        except Exception as error:
            return error
        return None

    first = random.SystemRandom().getrandbits(40) if WALKS > 1000 else 0
    for seed in range(first + part * WALKS // parts, first + (part + 1) * WALKS // parts):
        steps = walk(seed)
        if fails(steps):
            at = 0
            while at < len(steps):
                fewer = steps[:at] + steps[at + 1 :]
                if fails(fewer):
                    steps = fewer
                else:
                    at += 1
            text = "\n".join(f"    {step!r}" for step in steps)
            raise AssertionError(f"seed {seed} fails; as short as can be:\n{text}") from fails(steps)

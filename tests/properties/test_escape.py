"""The escape detector against the sentences of V.250 and common.md section 3, byte by byte with times."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from properties.rig import PORT, bring_up, connect
from vmodem.dialects.quectel.bg96 import BG96
from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.dialect import Escape, Options
from vmodem.emulator.engine import Modem
from vmodem.emulator.world import START, World
from vmodem.netstack.memory import MemoryNetStack

PLUS = ord("+")
SLACK = 1e-6


@dataclass
class Detector:
    """The reference. ``data`` is the payload; ``escaped`` the moment of recognition, or None."""

    escape: Escape
    now: float = 0.0
    last: float = 0.0
    first: float = 0.0
    held: int = 0
    data: bytes = b""
    escaped: float | None = None

    def wait(self, seconds: float) -> None:
        """No byte for so long."""
        self.now += seconds
        guard = self.escape.guard
        if self.held == 3 and self.now - self.last >= guard - SLACK:
            self.escaped = self.last + guard
        elif 0 < self.held < 3 and self._too_late():
            self._release()

    def _too_late(self) -> bool:
        """Whether no plus that comes now could go on with those held."""
        whole = self.escape.whole
        late = self.now - self.last > self.escape.gap + SLACK
        return late or (whole is not None and self.now - self.first > whole + SLACK)

    def byte(self, byte: int) -> None:
        """One byte, now."""
        idle = self.now - self.last >= self.escape.guard - SLACK
        if byte == PLUS and 0 < self.held < 3:
            self.held += 1
        elif byte == PLUS and not self.held and idle:
            self.held, self.first = 1, self.now
        else:
            self._release()
            self.data += bytes([byte])
        self.last = self.now

    def _release(self) -> None:
        self.data += b"+" * self.held
        self.held = 0


def play(escape: Escape, chunks: list[tuple[float, bytes]]) -> None:
    """The module and the reference get the same bytes at the same times."""
    dialect = dataclasses.replace(SIM800, escape=escape)
    world = World(Modem(dialect, Options(), now=START), MemoryNetStack())
    bring_up(world, "+CIPMODE=1")
    peer = connect(world, PORT)
    detector = Detector(escape, world.now, last=world.now - 0.5)
    told = world.now
    for pause, data in chunks:
        world.advance(pause)
        detector.wait(pause)
        if detector.escaped is not None:
            break
        assert world.unread == b""
        world.send(data)
        for byte in data:
            detector.byte(byte)
    world.advance(10)
    detector.wait(10)
    assert bytes(peer.received) == detector.data
    if detector.escaped is None:
        assert world.unread == b""
        return
    assert world.unread == b"\r\nOK\r\n"
    moment = next(
        e.time + START for e in world.log if e.mark == "<" and "OK" in e.text and e.time + START > told
    )
    assert moment == pytest.approx(detector.escaped, abs=1e-3)


SIM = Escape(guard=1.0, gap=1.0)
QUECTEL = Escape(guard=0.5, gap=0.02)
TOGETHER = BG96.escape
"""All three within a second."""
BYTES = st.one_of(
    st.sampled_from([b"+", b"+", b"+", b"++", b"+++", b"+++", b"++++", b"a", b"+a", b"a+", b"+++\r"]),
    st.binary(min_size=1, max_size=3),
)
PAUSES = {
    SIM: st.sampled_from([0.0, 0.0, 0.1, 0.5, 0.98, 1.0, 1.0, 1.02, 1.5, 2.5]),
    TOGETHER: st.sampled_from([0.0, 0.0, 0.1, 0.3, 0.48, 0.5, 0.52, 0.98, 1.0, 1.02, 1.5, 2.5]),
    QUECTEL: st.sampled_from([0.0, 0.0, 0.001, 0.01, 0.02, 0.04, 0.3, 0.48, 0.5, 0.52, 1.0]),
}


@pytest.mark.parametrize("escape", [SIM, QUECTEL, TOGETHER], ids=["sim800", "quectel", "bg96"])
@given(st.data())
def test_escape_detector(escape: Escape, data: st.DataObject) -> None:
    play(escape, data.draw(st.lists(st.tuples(PAUSES[escape], BYTES), max_size=14)))


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 0.98, 1.0, 1.02]), st.just(b"+")), max_size=9))
@example([(1.0, b"+"), (1.0, b"+"), (1.0, b"+")])
@example([(1.0, b"+"), (1.0, b"+"), (1.02, b"+"), (0.0, b"+"), (0.0, b"+")])
def test_nothing_but_pluses(chunks: list[tuple[float, bytes]]) -> None:
    play(SIM, chunks)


@given(st.lists(st.tuples(PAUSES[TOGETHER], st.just(b"+")), max_size=9))
@example([(1.0, b"+"), (0.5, b"+"), (0.5, b"+")])
@example([(1.0, b"+"), (0.5, b"+"), (0.52, b"+"), (1.0, b"+"), (0.0, b"+"), (0.0, b"+")])
@example([(1.0, b"+"), (0.98, b"+"), (0.1, b"+")])
@example([(1.0, b"+"), (0.3, b"++"), (0.3, b"+")])
def test_nothing_but_pluses_that_have_a_second_in_all(chunks: list[tuple[float, bytes]]) -> None:
    play(TOGETHER, chunks)


@given(st.lists(st.tuples(PAUSES[SIM], BYTES), max_size=8))
def test_disabled_by_cipccfg(chunks: list[tuple[float, bytes]]) -> None:
    world = World(Modem(SIM800, Options(), now=START), MemoryNetStack())
    bring_up(world, "+CIPMODE=1", "+CIPCCFG=5,2,1024,0")
    peer = connect(world)
    for pause, data in chunks:
        world.advance(pause)
        world.send(data)
    world.advance(10)
    assert bytes(peer.received) == b"".join(data for _, data in chunks)
    assert world.unread == b""

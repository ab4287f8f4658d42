"""Scenarios at random: no module is wedged or led astray, no byte is lost, and each can be repeated."""

from __future__ import annotations

import os
from itertools import pairwise

import pytest
from directed import CLOSE, DIALECTS, OPEN, SEND, UP, Story
from hypothesis import given
from hypothesis import strategies as st
from properties.walks import moves_of
from random_stories import (
    GENTLE,
    GENTLE_MOVES,
    GUARDS,
    MOVES,
    OCCURRENCES,
    ROW,
    STEPS,
    TIMES,
    Move,
    keys_of,
    lists_of,
    scenarios,
)
from vmodem.emulator import faults
from vmodem.emulator.effects import StateChanged
from vmodem.emulator.engine import Modem
from vmodem.emulator.events import LineChanged, LineSignal, PowerChanged
from vmodem.emulator.phone import CALL
from vmodem.emulator.registry import find
from vmodem.emulator.scenario import model
from vmodem.emulator.scenario.actions import Step
from vmodem.emulator.scenario.director import Director
from vmodem.emulator.scenario.vocabulary import everywhere
from vmodem.emulator.states import CONTEXT, LINK
from vmodem.emulator.states import SERVER as LISTENER
from vmodem.emulator.tampering import Act, Incoming, Verdict

pytestmark = pytest.mark.timeout(0 if os.environ.get("VMODEM_PROPERTIES") == "long" else 120)
LONGEST = 300.0
"""Seconds in which every command has ended (AT+COPS: 180)."""
PATIENCE = 60
"""Tens of seconds that a host waits for a prompt: some commands in front of it are delayed, too."""
FIRST = 0x80
"""Payload has bytes from here on: no result, URC or echo has."""
SILENCE = model.Scenario(version=1, name="silence")


def moves(dialect: str) -> dict[str, set[tuple[str, str]]]:
    """The moves of every machine; where there is no table, each of its states may follow each."""
    tables = moves_of(LINK, LISTENER, CONTEXT, CALL, *find(dialect).machines)
    for name in everywhere().keys() - tables.keys():
        states = [str(state.value) for state in everywhere()[name]]
        tables[name] = {(a, b) for a in states for b in states}
    return tables


class Told(Story):
    """A random scenario, and what becomes of a host that does what ``moves`` say."""

    def __init__(self, text: str, dialect: str, seed: int = 0) -> None:
        super().__init__(text, dialect, seed=seed)
        self._hangs = '"hang"' in text
        self.sent: list[bytes] = []
        self.confirmed: list[bytes] = []
        self.given: dict[int, bytes] = {}
        """By connection: what its server sent."""
        self._serial = 0
        self._decided: list[tuple[str, Act]] = []
        modem, gate = self.world.modem, self.world.director.gate
        assert isinstance(modem, Modem)

        def watched(incoming: Incoming) -> Verdict | None:
            verdict = gate(incoming)
            self._decided.append((incoming.text, Act.PROCEED if verdict is None else verdict.act))
            return verdict

        modem.direct(watched)

    def plays(self, moves: list[Move]) -> None:
        for move in moves:
            match move.what, move.value:
                case "line", str(line):
                    for each in self._lines(line):
                        self.asks(each)
                        self.waits(0.5)
                case "send", None:
                    self._send()
                case "wait", float(seconds):
                    self.waits(seconds)
                case "peer", str(how):
                    self._peer(how)
                case "dtr", bool(on):
                    self.world.event(LineChanged(LineSignal.DTR, on))
                case "client", bool(opened):
                    self.world.director.client(self.world.now, opened)
                    self.world.settle()
                case "outside", str(word):
                    self.world.director.external(self.world.now, word)
                    self.world.settle()
                case _:
                    raise TypeError(move)
            self._follow()

    def _lines(self, line: str) -> list[str]:
        row = ROW[0] + "".join(";" + each.removeprefix("AT") for each in ROW[1:])
        known = {"up": UP[self.dialect], "open": [OPEN[self.dialect]], "close": [CLOSE[self.dialect]]}
        known["row"] = [row]
        return known.get(line, [line])

    def _chunk(self) -> bytes:
        """Three bytes that no other chunk has."""
        self._serial += 1
        return bytes([FIRST + self._serial]) * 3

    def _send(self) -> None:
        if not self._prompted(self.asks(SEND[self.dialect]) + self.waits(0.2)):
            return
        chunk = self._chunk()
        self.sent.append(chunk)
        if b"SEND OK" in self.types(chunk) + self.waits(2.0):
            self.confirmed.append(chunk)

    def _prompted(self, heard: bytes) -> bool:
        """Whether the prompt came, if late: what is typed before that would be taken for payload."""
        for _ in range(PATIENCE):
            if b">" in heard or any(word in heard for word in (b"OK", b"ERROR", b"FAIL")):
                break
            heard += self.waits(10.0)
        return b">" in heard

    def _peer(self, how: str) -> None:
        open_ = [c for c in self.net.connections if not c.gone and not c.fin_sent]
        for connection in open_[-1:]:
            if how == "send":
                chunk = self._chunk()
                number = self.net.connections.index(connection)
                self.given[number] = self.given.get(number, b"") + chunk
                connection.send(chunk)
            else:
                getattr(connection, how)()
            self.world.settle()

    # ---- what must be true -----------------------------------------------------------------------

    def _follow(self) -> None:
        """Every machine moves by the rows of its table; nothing is done behind what was swallowed."""
        for (text, act), (behind, _) in pairwise(self._decided):
            if act in (Act.IGNORE, Act.REPLY, Act.HANG) and text in ROW[:2]:
                assert behind != ROW[ROW.index(text) + 1], self._decided
        del self._decided[:-1]
        known = moves(self.dialect)
        for _, effect in self.world.trace:
            if isinstance(effect, StateChanged) and effect.before != effect.after:
                machine = effect.machine.rstrip("0123456789").rstrip()
                assert (effect.before, effect.after) in known[machine], effect
        self.world.trace.clear()

    def ends(self) -> None:
        """The story is over: nothing more happens but what is under way, and the path is as it was."""
        world = self.world
        modem = world.modem
        assert isinstance(modem, Modem)
        world.director = Director(SILENCE, 0, world.now, modem.dialect)
        modem.direct(world.director.gate)
        for fault in (faults.Restore(), faults.AnswerAsUsual()):
            self.net.perform(fault, world.now)
        self.waits(LONGEST)
        if self._hangs:
            world.event(PowerChanged(False))
        world.event(PowerChanged(True))
        self.waits(60.0)
        self._follow()

    def answers(self) -> bool:
        """Whether AT is answered: behind a prompt that waits for three bytes, or data mode, if need be."""
        self.waits(2.0)
        self.types(b"+++")
        self.waits(2.0)
        return any(b"OK" in self.asks("AT") + self.waits(1.0) for _ in range(4))


@pytest.mark.parametrize("dialect", DIALECTS)
@given(text=scenarios(STEPS), moves=lists_of(MOVES))
def test_no_scenario_wedges_a_module_or_leads_it_astray(dialect: str, text: str, moves: list[Move]) -> None:
    story = Told(text, dialect)
    story.plays(moves)
    story.ends()
    assert story.answers(), story.world.log[-20:]


@pytest.mark.parametrize("dialect", DIALECTS)
@given(text=scenarios(GENTLE), moves=lists_of(GENTLE_MOVES))
def test_a_connection_that_nobody_cuts_loses_no_byte(dialect: str, text: str, moves: list[Move]) -> None:
    """Each server has what was confirmed, in order and once; the host has what each server sent."""
    loses_nothing(text, dialect, moves)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_comes_while_a_late_prompt_is_open_waits_for_its_end(dialect: str) -> None:
    """The prompt came when the host had gone on: what the server sends is held, and not lost."""
    late = "rules: [{id: late, when: {op: socket.send}, do: [{delay: 1s}], times: forever}]\n"
    up, sends = [Move("line", "up"), Move("line", "open")], Move("peer", "send")
    loses_nothing(late, dialect, [*up, sends, Move("send", None), sends])


def loses_nothing(text: str, dialect: str, moves: list[Move]) -> None:
    """A prompt that is still open is answered first: behind it comes what was held."""
    story = Told(text, dialect)
    story.plays(moves)
    story.ends()
    assert story.answers(), story.world.log[-20:]
    for number, whole in story.given.items():
        connection = story.net.connections[number]
        if connection.gone or connection.fin_received or connection.reset_received:
            continue
        # an ATE0 that a rule has swallowed leaves the echo of what was sent, which is other bytes
        assert bytes(byte for byte in story.world.output if byte in whole) == whole
    received = b"".join(bytes(b for b in c.received if b > FIRST) for c in story.net.connections)
    chunks = [received[at : at + 3] for at in range(0, len(received), 3)]
    assert [chunk for chunk in story.sent if chunk in chunks] == chunks
    if not any(connection.gone for connection in story.net.connections):
        # on a path that is dead for minutes the module's own TCP gives up, with what it had confirmed
        assert set(story.confirmed) <= set(chunks)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(text=scenarios(STEPS), moves=lists_of(MOVES), seed=st.integers(0, 9))
def test_the_same_seed_tells_the_same_story(dialect: str, text: str, moves: list[Move], seed: int) -> None:
    """Every byte, event, effect and remark at the same time."""

    def transcript() -> bytes:
        story = Told(text, dialect, seed)
        story.plays(moves)
        story.ends()
        log = story.world.log
        return "\n".join(f"{entry.time!r} {entry.mark} {entry.text}" for entry in log).encode()

    assert transcript() == transcript()


def test_the_generators_know_the_whole_model() -> None:
    assert STEPS.keys() == keys_of(Step)
    assert OCCURRENCES.keys() | {"phase"} == keys_of(model.Occurrence)
    counting = {"nth", "every_nth"}
    assert OCCURRENCES.keys() | TIMES.keys() | counting | {"phase"} == keys_of(model.Trigger)
    assert GUARDS.keys() == keys_of(model.Guard)

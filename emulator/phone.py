"""The voice call of a module: one call at a time, dialled or incoming, as a checked table.

State words are those of 27.007 7.18 (+CLCC). What a host reads is the family's: the phone asks for
the words of ringing, and tells of every change. A second call is busy for the one who calls.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from types import GeneratorType
from typing import TYPE_CHECKING

from .events import CallAnswered, CallArrived, CallerHungUp, Event
from .jobs import Job, Pause, Steps, Until
from .line import Mode
from .machine import Machine, On, Position, rows
from .reply import ResultCode

if TYPE_CHECKING:
    from .module import Module

BUSY_IS_TOLD = 3
"""ATX3 and above: the busy tone is told from other failures (V.250 6.3.7)."""


class CallState(Enum):
    """The state of the call (27.007 7.18); idle: there is none."""

    IDLE = "idle"
    DIALLING = "dialing"
    ALERTING = "alerting"
    INCOMING = "incoming"
    ACTIVE = "active"


class CallHappening(Enum):
    """What moves the call; the value is its label in the diagram."""

    DIALLED = "number dialled"
    ALERTED = "other party rings"
    ARRIVED = "incoming call"
    ANSWERED = "answered"
    ENDED = "hung up"


C, H = CallState, CallHappening

CALL: Machine[CallState] = Machine(
    "call",
    C.IDLE,
    On(C.IDLE, H.DIALLED, C.DIALLING, "V.250 6.3.1"),
    On(C.IDLE, H.ARRIVED, C.INCOMING, "V.250 6.3.4"),
    On(C.DIALLING, H.ALERTED, C.ALERTING, "27.007 7.18"),
    rows([C.DIALLING, C.ALERTING, C.INCOMING], H.ANSWERED, C.ACTIVE, "V.250 6.3.5"),
    rows([C.DIALLING, C.ALERTING, C.INCOMING, C.ACTIVE], H.ENDED, C.IDLE, "V.250 6.3.6"),
)


class Phone:
    """One module's call. ``number`` and ``incoming`` describe the present call, or the last one."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._position: Position[CallState] = Position(CALL, module.state_changed)
        self.number = ""
        self.incoming = False
        self.last_dialled = ""
        self._jobs: list[Job] = []
        self._said: list[str | ResultCode] = []

    @property
    def handlers(self) -> dict[type[Event], Callable[..., None]]:
        """What hears each event of a call."""
        return {
            CallArrived: self._arrived,
            CallerHungUp: self._other_hung_up,
            CallAnswered: self._other_answered,
        }

    @property
    def state(self) -> CallState:
        """Where the call is."""
        return self._position.state

    @property
    def reachable(self) -> bool:
        """Whether the network can set up a call."""
        network = self._module.network
        return network.registered and network.functionality == 1

    # ---- what the host does ----------------------------------------------------------------------

    def dial(self, number: str) -> None:
        """Call ``number``; only when idle."""
        self._begin(number, H.DIALLED, self._dialling)
        self.last_dialled = number

    def answer(self) -> None:
        """Take the incoming call."""
        self._withdraw()
        self._stop()
        self._fire(H.ANSWERED)
        self._watch_coverage()

    def hang_up(self) -> None:
        """End the call, if there is one, from this side: only the family's call report tells of it."""
        if self.state is not C.IDLE:
            self._withdraw()
            self._stop()
            self._fire(H.ENDED)

    def reset(self) -> None:
        """The module was switched off or restarted: the call is gone without a word."""
        self._stop()
        self._said.clear()
        if self.state is not C.IDLE:
            self._position.fire(H.ENDED)

    # ---- what the network does -------------------------------------------------------------------

    def _arrived(self, event: CallArrived) -> None:
        module = self._module
        if self.state is not C.IDLE or not (self.reachable and module.voice):
            return
        if module.line.mode is Mode.DATA:
            module.indicator.pulse("call pulse")
        self._begin(event.number, H.ARRIVED, self._ringing)

    def _begin(self, number: str, happening: CallHappening, steps: Callable[[], Steps]) -> None:
        self.number = number
        self.incoming = happening is H.ARRIVED
        self._fire(happening)
        self._watch_coverage()
        self._jobs.append(self._module.start(steps()))

    def _watch_coverage(self) -> None:
        self._jobs.append(self._module.start(self._lose_with_coverage()))

    def _lose_with_coverage(self) -> Steps:
        yield Until(lambda: not self.reachable)
        self._ended(ResultCode.NO_CARRIER)

    def _ringing(self) -> Steps:
        """Ring again and again; what could not be said yet is not said twice."""
        module = self._module
        rings = 0
        while True:
            for words in module.ring_words():
                self.say(words)
            yield Until(lambda: module.line.mode is Mode.COMMAND)
            rings += 1
            if 0 < module.shell.registers[0] <= rings:
                self._fire(H.ANSWERED)
                return
            yield Pause("ring interval")

    def _dialling(self) -> Steps:
        yield Pause("call set-up")
        self._fire(H.ALERTED)
        yield Pause("no answer")
        self._ended(ResultCode.NO_ANSWER)

    def _other_answered(self, _event: CallAnswered) -> None:
        if self.state in (C.DIALLING, C.ALERTING):
            self._stop()
            self._fire(H.ANSWERED)
            self._watch_coverage()

    def _other_hung_up(self, _event: CallerHungUp) -> None:
        if self.state in (C.DIALLING, C.ALERTING):
            told = self._module.shell.dialling >= BUSY_IS_TOLD
            self._ended(ResultCode.BUSY if told else ResultCode.NO_CARRIER)
        elif self.state is not C.IDLE:
            self._ended(ResultCode.NO_CARRIER)

    def _ended(self, result: ResultCode) -> None:
        """The network ended the call; one that rang only behind a connection leaves no trace."""
        module = self._module
        unheard = self.state is C.INCOMING and module.line.mode is Mode.DATA
        self._stop()
        self._fire(H.ENDED)
        if unheard:
            self._withdraw()
        else:
            self.say(result)

    # ---- inside ----------------------------------------------------------------------------------

    def _fire(self, happening: CallHappening) -> None:
        self._position.fire(happening)
        self._module.call_changed()

    def say(self, words: str | ResultCode) -> None:
        """An announcement about this call, as soon as the line is free."""
        waiting = self._module.outbox.items
        self._said = [said for said in self._said if said in waiting]
        if words not in self._said:
            self._said.append(words)
            self._module.say(words)

    def _withdraw(self) -> None:
        """What was not heard yet about the call is no longer true."""
        waiting = self._module.outbox.items
        for said in self._said:
            if said in waiting:
                waiting.remove(said)
        self._said.clear()

    def _stop(self) -> None:
        """No more ringing, dialling, watching."""
        jobs, self._jobs = self._jobs, []
        for job in jobs:
            # The one that found the end out comes to its own.
            if not (isinstance(job.steps, GeneratorType) and job.steps.gi_running):
                job.cancel()

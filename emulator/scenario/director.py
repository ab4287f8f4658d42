"""The voice from the network: told everything that happens, it answers what a scenario does now.

Rules for editors: pure. Time comes in with every call, chance from one generator for each rule
(``{seed}:{rule id}``), so that the same seed and the same input give the same run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from msgspec import UNSET

from .. import faults
from ..dialect import Dialect
from ..effects import CommandEnded, Effect
from ..events import Event, PowerChanged, RegistrationChanged, SignalChanged
from ..jobs import Timer, Timers
from ..orders import Finish, Note, Order
from ..tampering import Incoming, Verdict
from . import values
from .actions import Step
from .expectations import Expectations, Watched
from .failing import Failing
from .happenings import Happening, Kind, States, kinds, triggers
from .model import Expectation, Guard, Rule, Scenario, Trigger
from .named import NamedCommands
from .noise import Noise
from .playing import Playing
from .report import Listener, Report
from .stage import Gated, Stage
from .steps import perform
from .steps_network import offered
from .text import Names
from .vocabulary import beginnings
from .witness import Witness

OFTEN = (Kind.BYTES, Kind.SOCKET, Kind.URC, Kind.COMMAND, Kind.OP)
TESTER = "tester"
"""The name under which steps are taken that no rule has."""


def _kinds(when: Trigger) -> set[Kind]:
    """What kinds of happenings can be a trigger."""
    return kinds(when) if when.any is UNSET else {kind for each in when.any for kind in kinds(each)}


class Director:
    """One run of a scenario with one modem."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        now: float,
        dialect: Dialect | None = None,
        listener: Listener | None = None,
    ) -> None:
        """``seed`` is that of this run (a repeated one counts up); ``dialect``: whose states it speaks of."""
        self._listener = listener
        self.scenario = scenario
        self.seed = seed
        self.now = now
        self.states = States(beginnings(dialect))
        self.noise = Noise()
        self.offered = offered(scenario.modem.network)
        """What the network offers where there is coverage: registration and signal."""
        self.waiting: list[Order] = []
        """What :meth:`orders` will hand out; it is one and the same list always."""
        self._timers = Timers()
        self._ignored: set[Kind] = set()
        """What comes often, and nobody asks for."""
        self._witness = Witness(self._happened, self._assigned, self._ignored, self._speaks_of)
        self._on_links: dict[str, tuple[int, faults.Impair]] = {}
        self._rules = [Playing(rule, seed) for rule in scenario.rules]
        self._rules_of = {kind: [r for r in self._rules if kind in _kinds(r.rule.when)] for kind in Kind}
        self._named = NamedCommands([playing.rule.when for playing in self._rules_of[Kind.COMMAND]])
        self._marks: set[str] = set()
        self._expectations = Expectations(scenario.expect, self._judged)
        self._ignored |= {
            kind
            for kind in (OFTEN if listener is None else (Kind.BYTES,))
            if not self._rules_of[kind] and not any(kind in each.kinds for each in self._expectations.all)
        }
        tester = Rule(id=TESTER, when=Trigger(external=TESTER), do=[Step(log=TESTER)])
        self._tester = Playing(tester, seed)
        self._verdict = ""
        self._gated: Gated | None = None
        self.failing = Failing(self.order)
        self._happenings: deque[Happening] = deque()
        self._telling = False
        self._restart: Timer | None = None
        self._stimulus = 0
        """Counts what comes from outside: host, network, time, testers."""
        self._ordered: deque[Event] = deque()
        """Events that were ordered, until they are told of: these do not come from outside."""
        self._report: Report | None = None

    # ---- the run ---------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """The run begins."""
        self.now = now
        self._expectations.start(now)
        if self.scenario.deadline is not UNSET:
            self._after(values.seconds(self.scenario.deadline), lambda: self.order(Finish("deadline")))
        for playing in self._rules:
            self._arm(playing)

    def _arm(self, playing: Playing) -> None:
        when = playing.rule.when
        if when.start is not UNSET:
            self._maybe(playing)
        elif when.after is not UNSET:
            self._after(values.seconds(when.after), lambda: self._maybe(playing))
        elif when.every is not UNSET:
            period = values.seconds(when.every)
            self._every(playing, period, self.now + period)

    def _every(self, playing: Playing, period: float, moment: float) -> None:
        """Counted from the beginning, so that waking late never adds up."""

        def due() -> None:
            if playing.counts():
                self._maybe(playing)
            if not playing.over:
                self._every(playing, period, moment + period)

        self._timers.start(moment, due)

    def _after(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return self._timers.start(self.now + seconds, callback)

    def finish(self, now: float) -> Report:
        """The end of the run, once."""
        if self._report is None:
            self.now = now
            self._report = Report(tuple(self._expectations.finish(now)), self.seed, self._verdict)
        return self._report

    # ---- a tester, while it runs -----------------------------------------------------------------

    def take(self, now: float, steps: Sequence[Step]) -> None:
        """Do ``steps`` now, as a rule would; behind a ``wait`` they go on later.

        Steps that decide about a command that is just received are no such steps (loading refuses them).
        """
        self.now = now
        self._stimulus += 1
        self._go_on(self._tester, steps, 0)

    @property
    def names(self) -> Names:
        """What an expectation that comes while it runs can name."""
        marks = {step.mark for rule in self.scenario.rules for step in rule.do if step.mark is not UNSET}
        return Names(frozenset(rule.id for rule in self.scenario.rules), frozenset(marks | self._marks))

    def expect(self, now: float, expectation: Expectation) -> Watched:
        """Expect this as well: from now on, or from a mark or a rule that is still to come."""
        self.now = now
        reached = {"start", *self._marks, *(each.rule.id for each in self._rules if each.taken)}
        watched = self._expectations.add(expectation, now, begins=expectation.after in reached)
        self._ignored -= watched.kinds
        return watched

    @property
    def expectations(self) -> tuple[Watched, ...]:
        """All of them, as they stand."""
        return tuple(self._expectations.all)

    # ---- what it is told (an observer of the driver) ---------------------------------------------

    def host(self, now: float, data: bytes) -> None:
        """The DTE wrote; commands are told when they are executed."""
        self.now = now
        self._stimulus += 1

    def module(self, now: float, data: bytes) -> None:
        """The module wrote; what it says unasked is told as such."""
        self.now = now

    def event(self, now: float, event: Event) -> None:
        """Something happens to the module."""
        self.now = now
        if self._ordered and self._ordered[0] is event:
            self._ordered.popleft()
        else:
            self._stimulus += 1
            self._ordered.clear()
        self._witness.event(event)

    def effect(self, now: float, effect: Effect) -> None:
        """The module asks for something."""
        self.now = now
        if type(effect) is CommandEnded and not self.failing.idle:
            self.failing.ended(failed=not effect.ok)
        self._witness.effect(effect)

    def note(self, now: float, text: str) -> None:
        """A remark of the netstack or the port."""
        self.now = now
        self._witness.note(text)

    def flush(self, *, behind: bool = False) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing more comes."""

    def client(self, now: float, opened: bool) -> None:
        """A client opened the port, or the last one closed it."""
        self.now = now
        self._stimulus += 1
        self._happened(Happening(Kind.CLIENT, "opened" if opened else "closed"))

    def external(self, now: float, name: str) -> None:
        """A tester's own signal."""
        self.now = now
        self._stimulus += 1
        self._happened(Happening(Kind.EXTERNAL, name))

    def gate(self, incoming: Incoming) -> Verdict | None:
        """A command is about to be executed: what becomes of it."""
        self.now = incoming.now
        self._stimulus += 1
        if self.failing.idle and Kind.OP in self._ignored and not self._speaks_of(incoming.text):
            self._witness.command(incoming.text, incoming.op, "received")
            return None
        gated = self._gated = self.failing.begins(incoming)
        self._witness.command(incoming.text, incoming.op, "received")
        self._gated = None
        self.failing.decided(gated)
        return gated.verdict()

    def pass_on(self, direction: str, data: bytes) -> list[tuple[float, bytes]]:
        """What a bad line makes of a write."""
        if not self.noise.active:
            return [(0.0, data)]
        return self.noise.pass_on(direction, data)

    # ---- time ------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When :meth:`handle_timer` wants to be called."""
        timer, expected = self._timers.next_deadline(), self._expectations.next_deadline()
        if timer is None or expected is None:
            return expected if timer is None else timer
        return min(timer, expected)

    def handle_timer(self, now: float) -> None:
        """Time has come to ``now``."""
        if now > self.now:
            self._stimulus += 1
        self.now = now
        self._expectations.time(now)
        self._timers.fire(now)

    @property
    def garbles(self) -> bool:
        """Whether :meth:`pass_on` may change anything."""
        return self.noise.active

    def orders(self) -> Sequence[Order]:
        """What is to be done now, in order; each is handed out once."""
        orders = self.waiting[:]
        self.waiting.clear()
        self._ordered += [order for order in orders if isinstance(order, Event)]
        return orders

    def order(self, order: Order) -> None:
        """Ask for something."""
        self.waiting.append(order)

    # ---- rules -----------------------------------------------------------------------------------

    def _happened(self, it: Happening) -> None:
        """Rules are taken one after the other: what one of them causes comes behind all that it does."""
        if it.kind in self._ignored:
            return
        self._happenings.append(it)
        if self._telling:
            return
        self._telling = True
        try:
            while self._happenings:
                self._tell(self._happenings.popleft())
        finally:
            self._telling = False

    def _speaks_of(self, command: str) -> bool:
        """Whether anybody wants to hear of ``command``."""
        if Kind.COMMAND in self._ignored:
            return False
        return self._listener is not None or bool(self._expectations.all) or command in self._named

    def _tell(self, it: Happening) -> None:
        """Expectations first: what a rule does now comes behind it."""
        if it.kind is Kind.STATE:
            self.states.known[it.machine] = it.after
            if it.link is not None:
                self.failing.link_moved(it.link, it.after)
        self._expectations.see(it, self.now)
        if self._listener is not None:
            self._listener.happened(self.now, it)
        for playing in self._rules_of[it.kind]:
            if not playing.over and triggers(playing.rule.when, it) and playing.counts():
                self._maybe(playing)

    def _maybe(self, playing: Playing) -> None:
        """Take the rule, if its guard and chance allow."""
        guard = playing.rule.if_
        if playing.over or not (guard is UNSET or self._holds(guard)) or not playing.drawn():
            return
        if playing.races(self._stimulus):
            playing.stopped = True
            self.order(Note(f"rule {playing.rule.id} triggers itself without end: it is not taken any more"))
            self.judge("fail")
            return
        playing.taken += 1
        self.order(Note(f"rule {playing.rule.id}"))
        self._happened(Happening(Kind.RULE, playing.rule.id))
        self._go_on(playing, playing.rule.do, 0)

    def _holds(self, guard: Guard) -> bool:
        return (
            (guard.state is UNSET or self.states.hold(guard.state))
            and (guard.mark is UNSET or guard.mark in self._marks)
            and (guard.not_mark is UNSET or guard.not_mark not in self._marks)
        )

    def _go_on(self, playing: Playing, steps: Sequence[Step], at: int) -> None:
        """The steps from number ``at`` on, until one waits."""
        stage = Stage(self, playing, self._gated, self._witness)
        while at < len(steps):
            step = steps[at]
            at += 1
            if step.wait is not UNSET:
                self._after(stage.drawn(step.wait), lambda at=at: self._go_on(playing, steps, at))  # type: ignore[misc]
                return
            perform(stage, step)

    # ---- for the steps ---------------------------------------------------------------------------

    def mark(self, name: str) -> None:
        """A named instant: expectations count from here."""
        self._marks.add(name)
        self.order(Note(f"mark {name}"))
        self._happened(Happening(Kind.MARK, name))

    @property
    def failed(self) -> bool:
        """Whether a step said so: no expectation is needed any more to know it."""
        return self._verdict == "fail"

    def judge(self, verdict: str) -> None:
        """A ``verdict`` step ends the run."""
        self._verdict = verdict
        self.order(Finish(f"verdict {verdict}"))

    def later(self, seconds: float, order: Order) -> None:
        """Ask for something later."""
        self._after(seconds, lambda: self.order(order))

    def power(self, back_in: float | None) -> None:
        """The supply is switched: a return that was planned is off; it comes back in ``back_in`` seconds."""
        if self._restart is not None:
            self._restart.cancel()
            self._restart = None
        if back_in is not None:
            self._restart = self._after(back_in, lambda: self.order(PowerChanged(True)))

    def network(self, change: RegistrationChanged | SignalChanged) -> None:
        """What the network offers from now on, where there is coverage."""
        self.offered[type(change)] = change

    def on_link(self, link: int, impair: faults.Impair) -> None:
        """Every socket of ``link`` behaves so, until an impairment of that name is restored or replaced."""
        self._on_links[impair.name] = (link, impair)

    def off_links(self, name: str | None) -> None:
        """No link's future sockets behave so any more (None: however they were to behave)."""
        if name is None:
            self._on_links.clear()
        else:
            self._on_links.pop(name, None)

    def _assigned(self, link: int, handle: int) -> None:
        """A link has a new socket: what becomes of it is known before it connects."""
        self.failing.assigned(link, handle)
        for owner, impair in self._on_links.values():
            if owner == link:
                self.order(replace(impair, target=faults.OneSocket(handle)))

    def _judged(self, watched: Watched) -> None:
        self.order(Note(f"expectation {watched.expectation.id}: {watched.verdict.value}, {watched.detail}"))
        if self._listener is not None:
            self._listener.judged(self.now, watched)

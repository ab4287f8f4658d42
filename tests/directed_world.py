"""The virtual world with a scenario's director in it: what the driver does with one, on the manual clock."""

from __future__ import annotations

from vmodem.emulator.effects import Effect, SetSignal, WriteLine
from vmodem.emulator.engine import Modem
from vmodem.emulator.events import Event
from vmodem.emulator.faults import Fault
from vmodem.emulator.orders import Finish, Note, Scribble
from vmodem.emulator.scenario.director import Director
from vmodem.emulator.scenario.model import Scenario
from vmodem.emulator.scenario.report import Report
from vmodem.emulator.world import START, Change, World, Writer, whole
from vmodem.netstack.memory import MemoryNetStack


class DirectedWorld(World):
    """Engine, network, host and director at one virtual time."""

    def __init__(
        self,
        modem: Modem,
        net: MemoryNetStack,
        scenario: Scenario,
        *,
        seed: int = 0,
        writer: Writer = whole,
    ) -> None:
        self.director = Director(scenario, seed, START, modem.dialect)
        self.finished = ""
        self.notes: list[str] = []
        self._held: list[tuple[float, bytes]] = []
        """Output that a split write holds back: when, and what."""
        self._late: list[tuple[float, bytes]] = []
        """The same of the host's writes."""
        modem.direct(self.director.gate)
        super().__init__(modem, net, writer=writer)
        self.director.client(self.now, True)
        self.director.start(self.now)
        self.settle()

    def report(self) -> Report:
        """The end of the run."""
        return self.director.finish(self.now)

    # ---- the driver's part ----------------------------------------------------------------------

    def event(self, event: Event) -> None:
        self.director.event(self.now, event)
        super().event(event)

    def next_deadline(self) -> float | None:
        due = [
            super().next_deadline(),
            self.director.next_deadline(),
            *(at for at, _ in (*self._held[:1], *self._late[:1])),
        ]
        return min((moment for moment in due if moment is not None), default=None)

    def _apply_effects(self) -> bool:
        return self._take_orders() | super()._apply_effects() | self._take_orders()

    def _apply(self, effect: Effect) -> None:
        if isinstance(effect, WriteLine):
            self.director.module(self.now, effect.data)
            for silence, data in self.director.pass_on("to_host", effect.data):
                self._write(silence, data)
            return
        self.director.effect(self.now, effect)
        self._take_orders()
        super()._apply(effect)

    def _write(self, silence: float, data: bytes) -> None:
        if silence or self._held:
            before = self._held[-1][0] if self._held else self.now
            self._held.append((before + silence, data))
        else:
            super()._apply(WriteLine(data))

    def _take_orders(self) -> bool:
        orders = self.director.orders()
        for order in orders:
            match order:
                case Event():
                    self._note("*", repr(order))
                    self.director.event(self.now, order)
                    self.modem.receive(order, self.now)
                case Fault():
                    self._note("!", repr(order))
                    self.net.perform(order, self.now)
                case SetSignal(signal, on):
                    self.signals.append(Change(self.now, signal, on))
                case Scribble(data):
                    super()._apply(WriteLine(data))
                case Note(text):
                    self._note("#", text)
                    self.notes.append(text)
                case Finish(why):
                    self.finished = self.finished or why
        return bool(orders)

    def _deliver_event(self) -> bool:
        event = self.net.take_event()
        if event is None:
            return False
        self._note("*", repr(event))
        self.director.event(self.now, event)
        self.modem.receive(event, self.now)
        return True

    def _feed(self, data: bytes) -> None:
        self.director.host(self.now, data)
        for silence, piece in self.director.pass_on("to_module", data):
            if silence or self._late:
                before = self._late[-1][0] if self._late else self.now
                self._late.append((before + silence, piece))
            elif piece:
                super()._feed(piece)

    def _fire_timers(self) -> bool:
        fired = False
        while self._held and self._held[0][0] <= self.now:
            super()._apply(WriteLine(self._held.pop(0)[1]))
            fired = True
        while self._late and self._late[0][0] <= self.now:
            super()._feed(self._late.pop(0)[1])
            fired = True
        deadline = self.director.next_deadline()
        if deadline is not None and deadline <= self.now:
            self.director.handle_timer(self.now)
            return True
        return super()._fire_timers() or fired

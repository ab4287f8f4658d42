"""Switching on, booting, restarting, switching off, and +CFUN: what a module says and forgets then.

observed.md (SIM800): after a restart AT answers before `RDY`; +CPIN? is busy until `+CPIN: READY`; the
signal reads 0,0 at first; registration comes some seconds later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .events import LineSignal, PowerChanged, SimChanged
from .jobs import Job, Pause, Steps
from .packet import Packet
from .radio import SimState
from .states import PowerState

if TYPE_CHECKING:
    from .module import Module


Farewell = tuple[tuple[str | float, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a module prints while it boots; one constant of a family.

    ``start``: after "boot"; ``{}`` is the functionality. ``sim``: whether the card's state is printed,
    after "boot sim". ``ready``: duration and line, one after the other, once the card is ready.
    ``sim_off``: the card lost its power, or left (empty: nothing is said). ``deaf``: whether the module
    hears nothing before the first of these lines.
    """

    start: tuple[str, ...] = ("RDY", "+CFUN: {}")
    sim: bool = True
    ready: tuple[tuple[str, str], ...] = (("call ready", "Call Ready"), ("sms ready", "SMS Ready"))
    sim_off: str = "+CPIN: NOT READY"
    deaf: bool = False

    def sim_line(self, state: SimState) -> str:
        """The card's state as it is announced (without a card: SIM800 drivers match NOT INSERTED)."""
        if state is SimState.ABSENT:
            return "+CPIN: NOT INSERTED"
        return self.sim_off if state is SimState.BLOCKED else f"+CPIN: {state.value}"


class Power:
    """The module's power, and its way from there to readiness."""

    __slots__ = (
        "_module",
        "_story",
        "on",
        "sms_ready",
        "starting",
    )

    def __init__(self, module: Module) -> None:
        self._module = module
        self.on = False
        self.starting = False
        """Whether it boots and hears nothing yet."""
        module.sim.moved = self._card_moved
        self.sms_ready = False
        """Whether the short message commands work yet (observed: not before `SMS Ready`)."""
        self._story: Job | None = None
        module.handlers[PowerChanged] = self._changed
        module.handlers[SimChanged] = self._sim_changed

    # ---- on, off, restart ------------------------------------------------------------------------

    def switch_on(self, *, announce: bool, functionality: int = 1, farewell: Farewell = ()) -> None:
        """Boot with all lines in their times, or (not ``announce``) be ready at once and silent.

        ``farewell``: what is said before the boot, after each duration.
        """
        module = self._module
        self._switched(True)
        module.rtc.start(module.now, module.first_clock)
        module.restore_profile()
        module.signal(LineSignal.DSR, True)
        module.tell_line()
        network = module.network
        network.functionality = functionality
        network.selection, network.format, network.attached = 0, 0, True
        if announce:
            module.sim.state = SimState.BUSY
            network.stat = 0
            network.heard = False
            module.registration.learn()
            self._starts(module.greeting.deaf)
            self._story = module.start(self._boot(farewell))
        else:
            module.sim.power_on()
            self.sms_ready = module.sim.state is SimState.READY
            network.heard = True
            module.registration.at_once()

    def restart(self, functionality: int = 1) -> None:
        """Forget everything that is not stored, and boot (+CFUN=1,1)."""
        farewell = self._module.farewell()
        self._forget()
        self.switch_on(announce=True, functionality=functionality, farewell=farewell)

    def switch_off(self) -> None:
        """Dead and deaf until it is switched on again."""
        self._forget()
        self._module.sim.state = SimState.OFF
        self._switched(False)
        self._module.carrier_changed()
        self._module.signal(LineSignal.DSR, False)
        self._module.clear_to_send()

    @property
    def state(self) -> PowerState:
        """Whether the module is on, as a state."""
        return PowerState.ON if self.on else PowerState.OFF

    def _switched(self, on: bool) -> None:
        before, self.on = self.state, on
        self._module.listen()
        self._module.stands("power", before, self.state)

    def _starts(self, deaf: bool) -> None:
        self.starting = deaf
        self._module.listen()

    def _card_moved(self, before: SimState, after: SimState) -> None:
        self._module.stands("sim", before, after)

    def _forget(self) -> None:
        module = self._module
        self.sms_ready = False
        self._starts(False)
        self._story = None
        module.jobs.clear()
        module.interpreter_reset()
        module.line.reset()
        module.stack.reset()
        module.leave_data_mode()
        module.packet = Packet()
        module.registration.reset()
        module.reset_settings()
        module.timers.clear()
        module.outbox.clear()
        module.sleep.reset()
        module.carrier_changed()

    def _changed(self, event: PowerChanged) -> None:
        if event.on and not self.on:
            self.switch_on(announce=True)
        elif not event.on and self.on:
            self.switch_off()

    # ---- the boot story --------------------------------------------------------------------------

    def _boot(self, farewell: Farewell) -> Steps:
        module = self._module
        module.after("signal", self._hear)
        for duration, lines in farewell:
            yield Pause(duration)
            for line in lines:
                module.say(line)
        yield Pause("boot")
        self._starts(False)
        for line in module.greeting.start:
            module.say(line.format(module.network.functionality))
        found_at = module.now + module.timings["registration"]
        if module.network.functionality == 0:
            module.sim.state = SimState.OFF
            return
        yield Pause("boot sim")
        yield from self._card_story(found_at)

    def _hear(self) -> None:
        self._module.network.heard = True

    def _card_story(self, found_at: float | None = None) -> Steps:
        """The card has power: say what it wants; once it is ready, so is the rest."""
        module = self._module
        module.sim.power_on()
        if module.greeting.sim:
            module.say(module.greeting.sim_line(module.sim.state))
        if module.sim.state is SimState.READY:
            yield from self._ready_story(found_at)

    def _ready_story(self, found_at: float | None = None) -> Steps:
        """Search for the network (at boot until ``found_at``); the services come up one by one."""
        module = self._module
        module.registration.search("search" if found_at is None else max(0.0, found_at - module.now))
        for duration, line in module.greeting.ready:
            yield Pause(duration)
            module.say(line)
        self.sms_ready = True

    def card_ready(self) -> None:
        """The PIN was accepted: the module goes on to readiness."""
        self._begin(self._ready_story())

    def _begin(self, story: Steps) -> None:
        self._end_story()
        self._story = self._module.start(story)

    def _end_story(self) -> None:
        if self._story is not None:
            self._story.cancel()
            self._story = None

    # ---- functionality ---------------------------------------------------------------------------

    def set_functionality(self, level: int) -> None:
        """+CFUN: 0 switches card and radio off, 4 the radio, 1 everything on (27.007 8.2)."""
        module = self._module
        before, module.network.functionality = module.network.functionality, level
        if level == before:
            return
        if level != 1:
            self._radio_off(card_too=level == 0)
        if level != 0 and module.sim.state is SimState.OFF:
            self._read_card()
        elif level == 1:
            module.registration.search("search")

    def _read_card(self) -> None:
        self._module.sim.state = SimState.BUSY
        self._begin(self._card_on())

    def _card_on(self) -> Steps:
        yield Pause("boot sim")
        yield from self._card_story()

    def _radio_off(self, *, card_too: bool) -> None:
        module = self._module
        with module.interjecting():
            module.detached()
            if card_too:
                self._card_off(SimState.OFF)
        module.registration.leave()

    def _card_off(self, state: SimState) -> None:
        """The card has no power, or is gone: what was waiting for it ends."""
        module = self._module
        self._end_story()
        self.sms_ready = False
        if module.sim.state not in (SimState.OFF, SimState.ABSENT) and module.greeting.sim_off:
            module.say(module.greeting.sim_off)
        module.sim.state = state

    # ---- the card --------------------------------------------------------------------------------

    def _sim_changed(self, event: SimChanged) -> None:
        """A module without power for its card looks when it has some."""
        module = self._module
        if event.wants is not None:
            module.sim.replaced(event.wants, event.pin, event.puk)
        if event.present is module.sim.present:
            return
        module.sim.present = event.present
        if self.on and module.sim.state is not SimState.OFF:
            module.card_moved(event.present)

    def card_in(self) -> None:
        """A card was put in and is noticed: read it."""
        self._read_card()

    def card_out(self) -> None:
        """The card answers no more: the service ends."""
        module = self._module
        self._card_off(SimState.ABSENT)
        module.detached()
        module.registration.leave()

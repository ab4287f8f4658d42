"""The pure engine: told what happened and when, it answers what to do now and when to wake it.

Rules for editors: no clock, no I/O, no randomness in here or below. After every stimulus the driver
hands out :meth:`Modem.effects` and arms one timer for :meth:`Modem.next_deadline`; nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from .dialect import Dialect, Options
from .effects import Effect
from .events import (
    Event,
    LineChanged,
    LineSignal,
    OutputBlocked,
    OutputReady,
    PacketServiceChanged,
    PdpLost,
    PdpRefusalChanged,
    PdpReleaseChanged,
    SendsRefused,
    SmsArrived,
    TemperatureChanged,
    UrcInjected,
    UssdAnswerChanged,
    UssdArrived,
)
from .gatekeeper import Gatekeeper
from .interpreter import Interpreter
from .line import Line, Mode
from .module import Module
from .tampering import Gate

TYPED_AHEAD = 65536
"""Bytes that the host may type while a command runs, before the line is held."""

NOT_EVERYWHERE = (SmsArrived, TemperatureChanged, UssdAnswerChanged, UssdArrived)
"""What a module without short messages, services or a thermometer does not notice."""


def _unnoticed(_event: Event) -> None: ...


_BUSY = Mode.BUSY  # Python 3.11 looks an enum's member up in Python


class Modem:
    """One emulated module. All times are seconds on one clock that never goes back."""

    __slots__ = (
        "_interpreter",
        "_jobs",
        "_line",
        "_module",
        "_unsaid",
        "effects",
        "next_deadline",
        "timers",
        "written",
    )

    def __init__(self, dialect: Dialect, options: Options | None = None, now: float = 0.0) -> None:
        """A module that has just been switched on at ``now``."""
        self._module: Module = dialect.module(dialect, options or Options())
        module = self._module
        module.now = now
        self.next_deadline: Callable[[], float | None] = module.timers.next_deadline
        """When :meth:`handle_timer` wants to be called, or None."""
        self.effects: Callable[[], list[Effect]] = module.drain
        """What is to be done now, in order; each effect is handed out once."""
        self.written: Callable[[], bytes] = module.written
        """What is to be written to the host, if there is nothing else to do; else empty."""
        self.timers = module.timers
        """Their :attr:`~.jobs.Timers.started` says whether :meth:`next_deadline` may come sooner now."""
        self._interpreter = Interpreter(module)
        module.line = Line(
            module.write, self._interpreter.execute, self._interpreter.too_long, dialect.limits.line
        )
        self._line = module.line
        self._jobs, self._unsaid = module.jobs.under_way, module.outbox.items
        module.interpreter_reset = self._interpreter.reset
        module.handlers.update(
            {
                LineChanged: self._line_changed,
                OutputBlocked: self._output_blocked,
                OutputReady: self._output_ready,
                PdpLost: self._pdp_lost,
                PdpRefusalChanged: self._pdp_refusal,
                PdpReleaseChanged: self._pdp_release,
                PacketServiceChanged: self._packet_service,
                SendsRefused: self._sends_refused,
                UrcInjected: self._urc,
            }
        )
        for event in NOT_EVERYWHERE:
            module.handlers.setdefault(event, _unnoticed)
        module.power_on()
        self._settle()

    def watch(self) -> None:
        """From now on tell of each finished command line (:class:`CommandFinished`)."""
        self._interpreter.watched = True

    def direct(self, gate: Gate) -> None:
        """From now on ``gate`` decides about each command; of all that happens is told."""
        self.watch()
        module = self._module
        module.watched = True
        self._interpreter.keeper = Gatekeeper(module, gate)
        standing: dict[str, Enum] = {
            "power": module.power.state,
            "sim": module.sim.state,
            "registration": module.registration.state,
        }
        for machine, state in standing.items():
            module.state_changed(machine, state, state)

    @property
    def dialect(self) -> Dialect:
        """What module this is."""
        return self._module.dialect

    @property
    def addresses(self) -> tuple[str, ...]:
        """What the network gives its PDP contexts when they are brought up, in order."""
        return self.addresses_with(self._module.options)

    def addresses_with(self, options: Options) -> tuple[str, ...]:
        """The same for a module of this dialect with other options."""
        module = self._module
        own, module.options = module.options, options
        try:
            return tuple(module.local_ip(context.number) for context in module.stack.contexts)
        finally:
            module.options = own

    @property
    def powered(self) -> bool:
        """Whether the module is switched on."""
        return self._module.power.on

    @property
    def states(self) -> tuple[str, ...]:
        """The documented states that the module is in, in the documents' words."""
        return self._module.described

    # ---- the six calls ---------------------------------------------------------------------------

    def receive_bytes(self, data: bytes, now: float) -> None:
        """The host wrote ``data``."""
        module = self._module
        module.now = now
        line = self._line
        if module.hears and data:
            module.active_at = now
            line.feed(data)
        if line.typed_ahead or self._jobs or self._unsaid or module.holds:
            self._settle()

    def receive(self, event: Event, now: float) -> None:
        """Something happened outside; raises ``TypeError`` for an event nobody handles."""
        module = self._module
        module.now = now
        handler = module.handlers.get(type(event))
        if handler is None:
            raise TypeError(f"{module.dialect.name} does not handle {event!r}")
        module.active_at = now
        handler(event)
        self._settle()

    def handle_timer(self, now: float) -> None:
        """Time has come to ``now``."""
        self._module.now = now
        self._module.timers.fire(now)
        self._settle()

    # ---- inside ----------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Go on with everything that can go on: waiting steps, held output, typed-ahead lines."""
        module = self._module
        line, jobs, outbox = module.line, module.jobs, module.outbox
        while True:
            if jobs.under_way:
                jobs.poll()
            if outbox.items:
                outbox.flush()
            if not line.typed_ahead:
                break
            if line.mode is _BUSY:
                if len(line.typed_ahead) > TYPED_AHEAD:
                    module.hold_input("typed ahead")
                return
            line.resume()
        if module.holds:
            module.release_input("typed ahead")

    def _line_changed(self, event: LineChanged) -> None:
        if event.signal is LineSignal.DTR and event.on is not self._module.dtr:
            self._module.dtr = event.on
            self._module.dtr_changed(event.on)

    def _output_blocked(self, _event: OutputBlocked) -> None:
        self._module.output_blocked = True

    def _output_ready(self, _event: OutputReady) -> None:
        self._module.output_blocked = False
        if self._module.data_mode is not None:
            self._module.data_mode.pump()

    def _pdp_lost(self, event: PdpLost) -> None:
        self._module.pdp_lost(event.context)

    def _pdp_refusal(self, event: PdpRefusalChanged) -> None:
        self._module.network.refuses_pdp = event.refused

    def _packet_service(self, event: PacketServiceChanged) -> None:
        self._module.packet_service_changed(event.attached)

    def _sends_refused(self, event: SendsRefused) -> None:
        self._module.stack.refuses_sends = event.on

    def _urc(self, event: UrcInjected) -> None:
        module = self._module
        if not event.at_once:
            module.say(event.text)
        elif not module.silent:
            module.write(module.framing.text(event.text))

    def _pdp_release(self, event: PdpReleaseChanged) -> None:
        self._module.network.answers_release = event.answered

"""One module whose host types anything, and who keeps account: who wrote which bytes, and whether they may.

What the module writes is told apart where it is written: echo, the answer of a command line, what is
said unasked, pushed data, payload of data mode. Each is held against the dialect's grammar (``answers``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import thread_time

from fuzz.answers import Grammar, Spoken
from vmodem.emulator.dialect import Dialect, Options
from vmodem.emulator.effects import CommandFinished, Effect
from vmodem.emulator.engine import Modem
from vmodem.emulator.events import LineChanged, LineSignal, OutputReady, PdpLost, PowerChanged, SimChanged
from vmodem.emulator.line import Mode
from vmodem.emulator.urc import EnterData, Push
from vmodem.emulator.world import START, World
from vmodem.netstack.memory import MemoryNetStack
from vmodem.netstack.memory import Mode as Answers

HOST, NAME = "10.0.0.9", "name"
PATIENCE = 700.0
"""Seconds within which every command has ended: the longest documented wait is AT+CIPSEND's 645 s."""
SLOWEST = 1.0
"""Seconds of the processor that one stimulus may cost."""


class Wedged(AssertionError):
    """The module does not answer any more."""


@dataclass
class Tally:
    """What has been tried."""

    lines: int = 0
    stimuli: int = 0
    answered: dict[str, int] = field(default_factory=dict)
    """Lines by their final result."""
    succeeded: set[str] = field(default_factory=set)
    """Commands (name and form) that ended a line well."""


class Session(World):
    """A module in a network of a few peers, observed from the inside."""

    def __init__(self, dialect: Dialect, grammar: Grammar, tally: Tally, factor: float = 0.0) -> None:
        modem = Modem(dialect, Options(timing_factor=factor), now=START)
        modem.watch()
        self.module = modem._module
        self.grammar = grammar
        self.tally = tally
        self.spoken: list[Spoken] = []
        self._who = "answer"
        self._listen()
        super().__init__(modem, MemoryNetStack())
        net = self.net
        for port in (7000, 7001, 7002):
            net.tcp(HOST, port, mode=Answers.SILENT if port == 7001 else Answers.ACCEPT, latency=0.01)
        for port in (9000, 123):
            net.udp(HOST, port)
        net.add_name(NAME, HOST)

    # ---- who writes ------------------------------------------------------------------------------

    def _listen(self) -> None:
        module, outbox = self.module, self.module.outbox
        write, ask, write_item = module.write, module.ask, module._write_item

        def heard(data: bytes) -> None:
            if data:
                framing = module.framing
                who = "payload" if module.data_mode is not None and self._who != "unasked" else self._who
                self.spoken.append(Spoken(who, data, framing.eol, framing.verbose))
            write(data)

        def asked(effect: Effect) -> None:
            if isinstance(effect, CommandFinished):
                framing = module.framing
                quiet = bool(module.shell.quiet)
                end = Spoken("end", b"", framing.eol, framing.verbose, effect.line, effect.result, quiet)
                self.spoken.append(end)
            ask(effect)

        def as_(who: str, do: Callable[..., object]) -> Callable[..., object]:
            def told(item: object) -> object:
                before, self._who = self._who, who
                try:
                    return do(item)
                finally:
                    self._who = before

            return told

        reset = module.interpreter_reset

        def forgotten() -> None:
            self.spoken.append(Spoken("reset", b"", b"", True))
            reset()

        module.interpreter_reset = forgotten
        module.write = heard
        module.ask = asked  # type: ignore[method-assign]
        module._write_item = as_("unasked", write_item)  # type: ignore[method-assign, assignment]
        outbox._write = as_("unasked", write_item)  # type: ignore[assignment]
        push: Callable[[Push | bytes], bool] = outbox._push
        enter: Callable[[EnterData], None] = outbox._enter_data
        outbox._push = as_("pushed", push)  # type: ignore[assignment]
        outbox._enter_data = as_("entering", enter)  # type: ignore[assignment]

    def _note(self, mark: str, text: str) -> None:
        """Nothing is kept: a session is played again if it fails."""

    # ---- what may happen -------------------------------------------------------------------------

    @property
    def mode(self) -> Mode:
        return self.module.line.mode

    @property
    def eol(self) -> bytes:
        """What ends a line at present."""
        return self.module.line._s3

    def types(self, data: bytes) -> None:
        """The host types, and all that follows from it at once is accounted for."""
        self._timed(lambda: self.send(data))

    def waits(self, seconds: float) -> None:
        """Time passes."""
        self._timed(lambda: self.advance(seconds))

    def does(self, action: Callable[[], object]) -> None:
        """Something happens outside."""

        def act() -> None:
            action()
            self.settle()

        self._timed(act)

    def _timed(self, do: Callable[[], None]) -> None:
        self.tally.stimuli += 1
        began = thread_time()
        do()
        if self.mode is Mode.BUSY and not self.module.line.typed_ahead:
            self.finish()
        spent = thread_time() - began
        if spent > SLOWEST:
            raise AssertionError(f"one stimulus took {spent:.1f} s of the processor")
        self.account()

    def finish(self) -> None:
        """Whatever command is executing ends."""
        if not self.run_until(lambda: self.mode is not Mode.BUSY, PATIENCE):
            raise Wedged(f"no command ended within {PATIENCE:.0f} s")

    def account(self) -> None:
        """All that was said is in the grammar; what a line in progress said waits for its end."""
        self.output.clear()
        self._cursor = 0
        self.trace.clear()
        self.signals.clear()
        if self.spoken:
            rest = self.grammar.check(self.spoken, self.tally)
            if rest and self.mode is Mode.COMMAND:
                raise AssertionError(f"no line was under way, and yet there was an answer: {rest!r}")
            self.spoken = rest

    # ---- the way out -----------------------------------------------------------------------------

    def answers(self) -> None:
        """After all that a driver knows to do, ``AT`` is answered ``OK``; raises :class:`Wedged`."""
        for peer in self.net.connections:
            peer.start_reading()
            peer.ack_all()
        for event in (OutputReady(), LineChanged(LineSignal.DTR, True), PowerChanged(True), SimChanged(True)):
            self.event(event)
        self.advance(PATIENCE)
        if self.mode is Mode.DATA:
            # AT+CIPCCFG can switch the escape off: then only the network, or DTR, ends data mode.
            for connection in self.net.connections:
                if not connection.gone and not connection.fin_sent:
                    connection.reset()
            self.event(PdpLost(None))
        self.send(b"\x1b")
        self.advance(1.5)
        self.send(b"+++")
        self.advance(1.5)
        # A prompt for so many bytes may still be open: bytes that it eats, or that a line ignores.
        self.send(b" " * 1460 + b"\x1a\x1b" + self.eol)
        self.advance(PATIENCE)
        # S3 can be any character up to 127, also one that stands in this line.
        self.module.shell.registers.update({3: 13, 4: 10, 5: 8})
        self.module.use(self.module.shell)
        self.send(b"\rATE0V1Q0\r")
        self.advance(1)
        self.account()
        self.take()
        self.send(b"AT\r")
        heard = bytes(self.output[self._cursor :])
        if heard != b"\r\nOK\r\n":
            raise Wedged(f"AT was answered {heard!r} in {self.mode}")
        self.account()

"""The module's side of the serial port: what it writes, asks for and waits for, and its time.

Everything that happens inside a module leaves through here: bytes to the host, effects, URCs in
their turn, control lines, and the steps of handlers that wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

from .dialect import Dialect, Options
from .effects import (
    BY_WIRE,
    Effect,
    PauseInput,
    ResumeInput,
    Said,
    SetLine,
    SetSignal,
    StateChanged,
    WriteLine,
)
from .events import LineSignal
from .jobs import Job, Jobs, Payload, Prompt, Steps, Timer, Timers
from .line import Line, Mode
from .profile import Shell
from .reply import ResultCode, framing
from .timing import timings
from .urc import EnterData, Outbox, Push


class Watch:
    """``state_changed`` for one of several equal machines; smaller than a closure, and a module has many."""

    __slots__ = ("_changed", "_name", "_number")

    def __init__(
        self, changed: Callable[[str, Enum, Enum], None], number: int, name: str | None = None
    ) -> None:
        """``name``: what the machine is called, if not by its table's name."""
        self._changed = changed
        self._number = number
        self._name = name

    def __call__(self, machine: str, before: Enum, after: Enum) -> None:
        self._changed(f"{self._name or machine} {self._number}", before, after)


class Port:
    """One module's serial port. ``now`` is set by the engine before anything else happens."""

    __slots__ = (
        "_effects",
        "_interjecting",
        "_out",
        "_signals",
        "_told_line",
        "active_at",
        "compound",
        "dialect",
        "framing",
        "hears",
        "holds",
        "interpreter_reset",
        "jobs",
        "line",
        "line_changed",
        "now",
        "options",
        "outbox",
        "output_blocked",
        "prompt_opened",
        "shell",
        "tell_state",
        "timers",
        "timings",
        "watched",
        "write",
    )

    def __init__(self, dialect: Dialect, options: Options) -> None:
        self.dialect = dialect
        self.options = options
        self.timings = timings(dialect.timings, options.timing_factor, options.timings)
        self.now = 0.0
        self.active_at = 0.0
        """When the host last typed, or something last came over the air: idle time counts from there."""
        self.hears = False
        """Whether it listens to the host: it is on, not deaf as it boots, and awake."""
        self.shell = Shell()
        self.framing = framing()
        self._out: list[bytes] = []
        self.write: Callable[[bytes], None] = self._out.append
        """Write raw bytes to the host, now."""
        self.timers = Timers()
        self.jobs = Jobs(self.after, self._open_prompt, self.seconds)
        self.outbox = Outbox(self._may_speak, self._write_item, self._push, self._enter_data)
        self.line = Line(self.write, self._no_engine, self._no_engine_too_long, dialect.limits.line)
        self.tell_state = self.state_changed
        """One for all watches."""
        self.output_blocked = False
        self.prompt_opened: Callable[[], None] = lambda: None
        """Told when a command takes payload (the interpreter drops the rest of its line)."""
        self.interpreter_reset: Callable[[], None] = lambda: None
        self.compound = False
        """Whether the command running is one of several in its line."""
        self._effects: list[Effect] = []
        self.holds: set[str] = set()
        """Why nothing is taken from the host at present."""
        self._interjecting = False
        self.watched = False
        """Whether somebody wants to hear of what is said unasked."""
        self._signals: dict[LineSignal, bool] = {}
        self.line_changed = False
        """Whether AT+IPR or AT+IFC may have said something new, which holds behind the result code."""
        self._told_line = SetLine()

    def _no_engine(self, _body: str) -> None:
        raise RuntimeError("a module works only inside an engine")

    def _no_engine_too_long(self) -> None:
        raise RuntimeError("a module works only inside an engine")

    @property
    def silent(self) -> bool:
        """Whether nothing unsolicited is said at present (switched off)."""
        raise NotImplementedError

    def _push(self, push: Push | bytes) -> bool:
        """Write pushed data; whether all of it could go."""
        raise NotImplementedError

    def _enter_data(self, item: EnterData) -> None:
        """CONNECT and data mode: it is their turn."""
        raise NotImplementedError

    # ---- time and work ---------------------------------------------------------------------------

    def seconds(self, duration: str | float) -> float:
        """How long a duration is: a name in the timings, or seconds."""
        return self.timings[duration] if isinstance(duration, str) else duration

    def after(self, duration: str | float, callback: Callable[[], None]) -> Timer:
        """Call back after a duration: a name in the timings, or seconds."""
        return self.timers.start(self.now + self.seconds(duration), callback)

    def start(self, steps: Steps) -> Job:
        """Let ``steps`` go on in the background."""
        return self.jobs.start(steps, lambda _result: None)

    def _open_prompt(self, job: Job, prompt: Prompt) -> None:
        self.prompt_opened()
        if prompt.show:
            self.write(self.framing.prompt())
        if prompt.seconds is None:
            self.line.open_prompt(prompt, job.resume)
            return
        timer = self.after(prompt.seconds, self.line.close_prompt)

        def done(payload: Payload) -> None:
            timer.cancel()
            job.resume(payload)

        self.line.open_prompt(prompt, done)

    # ---- output ----------------------------------------------------------------------------------

    def ask(self, effect: Effect) -> None:
        """Ask the outside world for something."""
        if self._out:
            self._written()
        self._effects.append(effect)

    def drain(self) -> list[Effect]:
        """What was asked for since the last call, in order."""
        effects, self._effects = self._effects, []
        if self._out:
            data = b"".join(self._out)  # copies nothing when it is one piece
            self._out.clear()
            if data:
                effects.append(WriteLine(data))
        return effects

    def written(self) -> bytes:
        """What was written since the last call, if nothing else was asked for; else :meth:`drain` has it."""
        out = self._out
        if not out or self._effects:
            return b""
        data = b"".join(out)  # copies nothing when it is one piece
        out.clear()
        return data

    def _written(self) -> None:
        """What was written becomes one effect."""
        data = b"".join(self._out)
        self._out.clear()
        if data:
            self._effects.append(WriteLine(data))

    def say(self, item: str | tuple[str, ...] | ResultCode) -> None:
        """An unsolicited line, block or result code: as soon as the line is free."""
        if self._interjecting:
            self._write_item(item)
        elif not self.silent:
            self.outbox.say(item)

    @contextmanager
    def interjecting(self) -> Iterator[None]:
        """What is said inside stands in the answer of the running command, before its final result."""
        self._interjecting = True
        try:
            yield
        finally:
            self._interjecting = False

    def _write_item(self, item: str | tuple[str, ...] | ResultCode) -> None:
        if self.watched:
            first = item if isinstance(item, str) else item.words if isinstance(item, ResultCode) else item[0]
            self.ask(Said(first))
        if isinstance(item, str):
            self.write(self.framing.text(item))
        elif isinstance(item, tuple):
            self.write(self.framing.block(item))
        else:
            self.write(self.framing.codes[item])

    def _may_speak(self) -> bool:
        return self.line.mode is Mode.COMMAND

    def state_watch(self, number: int) -> Callable[[str, Enum, Enum], None]:
        """``state_changed`` for the numbered one of several equal machines."""
        return Watch(self.tell_state, number)

    def state_changed(self, machine: str, before: Enum, after: Enum) -> None:
        """Tell whoever watches that a documented machine moved."""
        self.ask(StateChanged(machine, str(before.value), str(after.value)))

    def stands(self, machine: str, before: Enum, after: Enum) -> None:
        """The same for what no table is written of: registration, card, power. Told only to a tester."""
        if self.watched and before is not after:
            self.state_changed(machine, before, after)

    def signal(self, line: LineSignal, on: bool) -> None:
        """Switch a control line towards the host; ON is the low TTL level."""
        if self._signals.get(line, False) is not on:
            self._signals[line] = on
            self.ask(SetSignal(line, on))

    def tell_line(self) -> None:
        """What AT+IPR and AT+IFC have set holds from here on, behind the result code (V.250 6.2.10)."""
        self.line_changed = False
        shell = self.shell
        line = SetLine(shell.rate, *shell.flow)
        if line != self._told_line:
            self._told_line = line
            self.ask(line)
        self.clear_to_send()

    def clear_to_send(self) -> None:
        """Bring CTS up to date: OFF while nothing is taken and AT+IFC says that CTS tells (V.250 6.2.12)."""
        self.signal(LineSignal.CTS, not self.silent and not (self.holds and self.shell.flow[1] == BY_WIRE))

    def hold_input(self, reason: str) -> None:
        """Take nothing more from the host until every reason is released."""
        first = not self.holds
        self.holds.add(reason)
        if first:
            self.clear_to_send()
            self.ask(PauseInput())

    def release_input(self, reason: str) -> None:
        """One reason to take nothing is gone."""
        if reason in self.holds:
            self.holds.remove(reason)
            if not self.holds:
                self.ask(ResumeInput())
                self.clear_to_send()

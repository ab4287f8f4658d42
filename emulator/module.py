"""The emulated module: all its mutable state, and the verbs that a command handler has.

A dialect's family makes a subclass with its own settings and says, in the hooks, what a host reads
when the network does something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from .datamode import DataMode, DataRules, Packets
from .dialect import Dialect, Options
from .effects import Effect, PauseInput, ResumeInput, SetSignal, StateChanged, WriteLine
from .events import Address, Event, Failure, LineSignal
from .jobs import Job, Jobs, Payload, Prompt, Steps, Timer, Timers
from .line import Line, Mode
from .links import Context, Link, Listener
from .radio import Sim, network
from .reply import Cme, Cms, Framing, ResultCode
from .stack import Stack
from .timing import Timings
from .urc import EnterData, Outbox, Pushed


@dataclass(slots=True)
class Shell:
    """What AT&F resets and AT&W stores: the settings of V.250 and of the 27.007 commands beside it."""

    echo: int = 1
    verbose: int = 1
    quiet: int = 0
    dialling: int = 4
    dcd: int = 1
    dtr: int = 0
    registers: dict[int, int] = field(
        default_factory=lambda: {0: 0, 3: 13, 4: 10, 5: 8, 6: 2, 7: 60, 8: 2, 10: 15}
    )
    cmee: int = 0
    flow: tuple[int, int] = (0, 0)


class Module:
    """One module. ``now`` is set by the engine before anything else happens."""

    def __init__(self, dialect: Dialect, options: Options) -> None:
        self.dialect = dialect
        self.options = options
        self.timings = Timings(dialect.timings, options.timing_factor, options.timings)
        self.now = 0.0
        self.shell = Shell()
        self.framing = Framing()
        self.timers = Timers()
        self.jobs = Jobs(self.after, self._open_prompt)
        self.outbox = Outbox(self._may_speak, self._write_item, self._push, self._enter_data)
        self.line = Line(self.write, self._no_engine, self._no_engine_too_long, dialect.limits.line)
        self.sim = Sim(options)
        self.network = network(options)
        self.send_buffer = dialect.limits.send_buffer if options.send_buffer is None else options.send_buffer
        self.stack = Stack(self)
        self.data_mode: DataMode | None = None
        self.output_blocked = False
        self.deaf = False
        """Asleep or switched off: what the host types is lost."""
        self.dtr = True
        self.prompt_opened: Callable[[], None] = lambda: None
        """Told when a command takes payload (the interpreter drops the rest of its line)."""
        self.interpreter_reset: Callable[[], None] = lambda: None
        self.compound = False
        """Whether the command running is one of several in its line."""
        self.handlers: dict[type[Event], Callable[..., None]] = dict(self.stack.handlers)
        self._out = bytearray()
        self._effects: list[Effect] = []
        self._holds: set[str] = set()
        self._interjecting = False
        self._signals: dict[LineSignal, bool] = {}

    def _no_engine(self, _body: str) -> None:
        raise RuntimeError("a module works only inside an engine")

    def _no_engine_too_long(self) -> None:
        raise RuntimeError("a module works only inside an engine")

    # ---- time and work ---------------------------------------------------------------------------

    def after(self, duration: str | float, callback: Callable[[], None]) -> Timer:
        """Call back after a duration: a name in the timings, or seconds."""
        seconds = self.timings[duration] if isinstance(duration, str) else duration
        return self.timers.start(self.now + seconds, callback)

    def start(self, steps: Steps) -> Job:
        """Let ``steps`` go on in the background."""
        return self.jobs.start(steps, lambda _result: None)

    def _open_prompt(self, job: Job, prompt: Prompt) -> None:
        self.prompt_opened()
        if prompt.show:
            self.write(self.framing.prompt())
        timer: Timer | None = None

        def done(payload: Payload) -> None:
            if timer is not None:
                timer.cancel()
            job.resume(payload)

        self.line.open_prompt(prompt, done)
        if prompt.seconds is not None:
            timer = self.after(prompt.seconds, self.line.close_prompt)

    # ---- output ----------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Write raw bytes to the host, now."""
        self._out += data

    def ask(self, effect: Effect) -> None:
        """Ask the outside world for something."""
        if self._out:
            self._effects.append(WriteLine(bytes(self._out)))
            self._out.clear()
        self._effects.append(effect)

    def drain(self) -> list[Effect]:
        """What was asked for since the last call, in order."""
        if self._out:
            self._effects.append(WriteLine(bytes(self._out)))
            self._out.clear()
        effects, self._effects = self._effects, []
        return effects

    def say(self, item: str | tuple[str, ...] | ResultCode) -> None:
        """An unsolicited line, block or result code: as soon as the line is free."""
        if self._interjecting:
            self._write_item(item)
        else:
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
        if isinstance(item, str):
            self.write(self.framing.text(item))
        elif isinstance(item, tuple):
            self.write(self.framing.block(item))
        elif not self.shell.quiet:
            self.write(self.framing.codes[item])

    def _may_speak(self) -> bool:
        return self.line.mode is Mode.COMMAND

    def _push(self, link: Pushed) -> bool:
        assert isinstance(link, Link)
        segment = self.dialect.limits.segment
        while link.inbox:
            if self.output_blocked:
                return False
            data, source = link.inbox.popleft()
            for at in range(0, len(data), segment):
                self.write(self.frame(link, data[at : at + segment], source))
            self.stack.consumed(link, len(data))
        return True

    def state_watch(self, number: int) -> Callable[[str, Enum, Enum], None]:
        """``state_changed`` for the numbered one of several equal machines."""
        return lambda machine, before, after: self.state_changed(f"{machine} {number}", before, after)

    def state_changed(self, machine: str, before: Enum, after: Enum) -> None:
        """Tell whoever watches that a documented machine moved."""
        self.ask(StateChanged(machine, str(before.value), str(after.value)))

    def signal(self, line: LineSignal, on: bool) -> None:
        """Switch a control line towards the host; ON is the low TTL level."""
        if self._signals.get(line) is not on:
            self._signals[line] = on
            self.ask(SetSignal(line, on))

    def hold_input(self, reason: str) -> None:
        """Take nothing more from the host until every reason is released."""
        if not self._holds:
            self.ask(PauseInput())
        self._holds.add(reason)

    def release_input(self, reason: str) -> None:
        """One reason to take nothing is gone."""
        if reason in self._holds:
            self._holds.remove(reason)
            if not self._holds:
                self.ask(ResumeInput())

    # ---- data mode -------------------------------------------------------------------------------

    def connect_data(self, link: Link) -> None:
        """CONNECT and data mode for ``link``, as soon as the line is free."""
        self.outbox.say(EnterData(link))

    def _enter_data(self, item: EnterData) -> None:
        assert isinstance(item.link, Link)
        if not self.shell.quiet:
            self.write(self.framing.codes[ResultCode.CONNECT])
        link = item.link
        if link.connected:
            self.enter_data_mode(link)
        else:
            # It closed while the CONNECT waited for its turn: its data comes, then the queued words.
            self.write(self.stack.take(link, link.unread))

    def enters_data(self, link: Link) -> bool:
        """Whether the CONNECT of ``link`` still waits for its turn."""
        return any(isinstance(item, EnterData) and item.link is link for item in self.outbox.items)

    def enter_data_mode(self, link: Link) -> None:
        """The line carries payload from here on; the CONNECT has been written."""
        self.data_mode = DataMode(self, link, self.data_rules)
        self.line.enter_data(self.data_mode)
        self.data_mode.pump()

    def leave_data_mode(self, *, escaped: bool = False) -> None:
        """Back to command mode; with ``escaped`` the host hears OK."""
        data_mode = self.data_mode
        if data_mode is None:
            return
        self.data_mode = None
        data_mode.stop()
        self.line.leave_data()
        self.release_input("socket")
        if escaped:
            self._write_item(ResultCode.OK)

    # ---- what a family says: overridden ----------------------------------------------------------

    def error(self, code: Cme | Cms | None) -> ResultCode | str:
        """The final result of a failing command under +CMEE (27.007 9.1, 27.005 3.2.5)."""
        if code is None or self.shell.cmee == 0:
            return ResultCode.ERROR
        kind = "+CME" if isinstance(code, Cme) else "+CMS"
        return f"{kind} ERROR: {code.number if self.shell.cmee == 1 else code.text}"

    def power_on(self) -> None:
        """The module was switched on."""

    def typed(self) -> None:
        """The host typed something (sleep counts from here)."""

    def dtr_changed(self, on: bool) -> None:
        """The host switched DTR."""

    @property
    def carrier(self) -> bool:
        """DCD under AT&C1: whether a connection exists that shows on it."""
        return False

    def carrier_changed(self) -> None:
        """Bring DCD up to date."""
        self.signal(LineSignal.DCD, self.shell.dcd == 0 or self.carrier)

    def online_link(self) -> Link | None:
        """The link that ATO returns to, or None."""
        return None

    def hang_up(self) -> None:
        """AT&D2: the connection that owned the line is closed."""

    def reset_settings(self) -> None:
        """A restart: every setting that is not saved returns to its default."""

    def detached(self) -> None:
        """The module left the packet network: every active context is lost."""
        for context in self.stack.contexts:
            if context.active:
                self.stack.lose(context)

    @property
    def present(self) -> tuple[Enum, ...]:
        """The states that the dialect's commands are allowed by."""
        return ()

    def local_ip(self, context: int) -> str:
        """The address that the network gives to a PDP context."""
        given = self.options.local_ips
        if context < len(given):
            return given[context]
        # A stable private address per module: from the last digits of its IMEI.
        serial = int(self.options.imei[-7:-1]) % 60000 + 256
        return f"10.{64 + context}.{serial >> 8}.{serial & 0xFF}"

    def data_rules(self) -> DataRules:
        """The data mode settings in force."""
        return DataRules(True, Packets(1024, 0.2))

    def frame(self, link: Link, data: bytes, source: Address) -> bytes:
        """One block of pushed data with its header."""
        raise NotImplementedError

    def holds_data(self, link: Link) -> bool:
        """Whether the data of ``link`` waits for the host to fetch it."""
        return False

    def data_waiting(self, link: Link) -> None:
        """Data came into an empty buffer that the host must fetch from."""

    def link_opened(self, link: Link) -> None:
        """A connection that the host asked for is open."""
        raise NotImplementedError

    def link_failed(self, link: Link, failure: Failure) -> None:
        """A connection that the host asked for could not be opened."""
        raise NotImplementedError

    def link_for_client(self, listener: Listener) -> Link | None:
        """The link that an arriving client gets, or None to refuse it."""
        return None

    def link_accepted(self, link: Link) -> None:
        """A client is connected."""
        raise NotImplementedError

    def peer_finished(self, link: Link) -> None:
        """The peer sent FIN, or acknowledged the last data after its FIN."""
        if not link.unacked or link.transport.value == "UDP":
            self.stack.finish(link)

    def link_closed(self, link: Link) -> None:
        """A connection was closed by the peer, or lost."""
        raise NotImplementedError

    def context_lost(self, context: Context) -> None:
        """The network deactivated ``context``."""
        raise NotImplementedError

    def listener_opened(self, listener: Listener) -> None:
        """The listener accepts clients."""
        raise NotImplementedError

    def listener_failed(self, listener: Listener, failure: Failure) -> None:
        """The listener could not be opened."""
        raise NotImplementedError

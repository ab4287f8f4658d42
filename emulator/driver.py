"""The only event loop: carries bytes, events and effects between endpoint, engine and netstack.

After every stimulus it does the same three things: hand out the effects, feed back what they caused,
re-arm one timer. It never looks into what it carries.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeVar

from .clock import RealClock
from .effects import (
    ONLY_TOLD,
    Effect,
    NetEffect,
    PauseInput,
    ResumeInput,
    SendData,
    SetLine,
    SetSignal,
    WriteLine,
)
from .endpoints import Pipe
from .endpoints.uart import Uart
from .engine import Modem
from .events import Event, LineChanged, LineSignal, OutputBlocked, OutputReady, PowerChanged
from .late import LateModem
from .noisy import NoisyLine
from .observer import Observer
from .stage import Stage
from .staging import Staging

SETTLE = 0.25
"""Seconds between a client's opening and the power key: pyserial drops its input as it opens."""

_AT_ONCE = 16
"""Timers that are due when a stimulus has been carried, served before anything else has its turn.

A duration of no time (``--timing instant``) is over at once. Going round the event loop for it cost a
send 157 instead of 140 us of CPU (median of 6; sends a second: no clear difference unpinned).
"""

_STREAM = 1024
"""Bytes at once that are part of a stream: a log or a capture may have them after host or peer."""

_READ, _READ_WATCHED = 8192, 32768
"""Bytes of a stream for one turn. With more, the other direction waits (both at once: 192 MB/s with 8 KiB,
154 with 32); who writes them down pays by the turn (one way, log and capture: 88 with 8 KiB, 117 with 32).
"""

T = TypeVar("T")


class NetStack(Protocol):
    """What performs the module's socket effects."""

    def perform(self, effect: NetEffect) -> None:
        """Do it; answers come as events."""

    def close(self) -> None:
        """Close every socket."""


class Driver:
    """One modem at work in the running event loop. All calls come from the loop's thread."""

    __slots__ = (
        "_armed",
        "_clock",
        "_events",
        "_flush",
        "_handle_timer",
        "_late",
        "_log",
        "_loop",
        "_make_net",
        "_modem",
        "_net",
        "_next_deadline",
        "_obey",
        "_observers",
        "_on_with_client",
        "_ordered",
        "_pipe",
        "_plain",
        "_stage",
        "_stopped",
        "_streamed",
        "_tell",
        "_timer",
        "_working",
    )

    _obey: Callable[[], None]
    """Do what the stage orders, if there is one."""
    _modem: Modem  # these four from the first touch on
    _net: NetStack
    _next_deadline: Callable[[], float | None]
    _handle_timer: Callable[[float], None]

    def __init__(
        self,
        modem: Modem | LateModem,
        pipe: Pipe,
        netstack: Callable[[Callable[[Event], None]], NetStack],
        clock: RealClock,
        observer: Observer | None = None,
        *,
        on_with_client: bool = False,
        paced: bool = False,
        note: Callable[[str], None] | None = None,
        stage: Stage | None = None,
        finished: Callable[[str], None] | None = None,
    ) -> None:
        """``netstack(deliver)`` makes the netstack that answers to ``deliver``. ``observer`` hears all that
        happens (see :func:`~.observer.together` for several) and is closed by :meth:`stop`.

        ``on_with_client``: the first client that opens the port switches the module on, as a host
        does that controls its power; boot lines would otherwise go to nobody.
        ``paced``: the line has a rate (see :class:`~.endpoints.uart.Uart`). ``note`` hears the remarks
        that the observer gets. ``stage``: a scenario's director, an observer that also acts; ``finished`` is
        told why it ends the run. A :class:`LateModem` has neither stage nor observer, and a port that drops
        what is written to nobody; it and its netstack are made when something happens to it.
        """
        self._plain = stage is None and observer is None
        uart = Uart(pipe, paced=paced, at_once=_READ if self._plain else _READ_WATCHED)
        self._pipe: Uart | NoisyLine = uart
        self._clock = clock
        self._stage = stage
        self._ordered = () if stage is None else stage.waiting
        self._observers = tuple(each for each in (stage, observer) if each is not None)
        self._log = observer
        self._flush = None if observer is None else observer.flush
        self._loop = asyncio.get_running_loop()
        self._events: deque[Event] = deque()
        self._working = False
        self._streamed = False
        self._stopped = False
        self._on_with_client = on_with_client
        self._tell = note
        self._timer: asyncio.TimerHandle | None = None
        self._armed = 0.0
        self._late: LateModem | None = None
        self._make_net = netstack
        if isinstance(modem, LateModem):
            assert stage is None and observer is None
            self._late = modem
            return
        self._begin(modem)
        if stage is not None:
            modem.direct(stage.gate)
            self._pipe = line = NoisyLine(uart, stage)
            staging = Staging(stage, modem, line, self, finished)
            self._obey = staging.obey
            self._next_deadline, self._handle_timer = staging.next_deadline, staging.handle_timer

    def _begin(self, modem: Modem) -> None:
        self._modem = modem
        self._net = self._make_net(self.inject)
        self._next_deadline, self._handle_timer = modem.next_deadline, modem.handle_timer

    def _touch(self) -> None:
        """Something is about to happen to a module that has not been made yet."""
        late, self._late = self._late, None
        assert late is not None
        self._begin(late.make(self._clock.now()))
        for effect in self._modem.effects():
            if not isinstance(effect, WriteLine):  # nobody was there to read it
                self.perform(effect)

    def start(self) -> None:
        """Begin to carry."""
        self._pipe.start(self)
        if self._observers:
            self._modem.watch()
        if self._stage is not None:
            self._work()  # it is told first where the module stands
            self._stage.start(self._clock.now())
        if self._late is None:
            self._work()

    def stop(self) -> None:
        """Close the endpoint and every socket; may be called twice."""
        if self._stopped:
            return
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        if self._late is None:
            self._net.close()
        self._pipe.close()
        for observer in self._observers:
            observer.close()

    # ---- stimuli ---------------------------------------------------------------------------------

    def bytes_received(self, data: bytes) -> None:
        """The DTE wrote ``data``."""
        now = self._clock.now()
        for observer in self._observers:
            observer.host(now, data)
        if self._late is not None:
            self._touch()
        (modem := self._modem).receive_bytes(data, now)
        if self._plain and (answer := modem.written()):  # by far the most often that is all
            self._pipe.quick(answer)
            if not modem.timers.started:
                return
        self._work()

    def inject(self, event: Event) -> None:
        """Something happened outside: the netstack or a tester says so."""
        if self._stopped:
            return
        if self._working:
            self._events.append(event)
            return
        if self._late is not None:
            self._touch()
        self.happen(event)
        self._work()

    def happen(self, event: Event) -> None:
        """Tell the module of it, without what comes of that: from within a turn."""
        now = self._clock.now()
        for observer in self._observers:
            observer.event(now, event)
        self._modem.receive(event, now)

    def signal_changed(self, signal: LineSignal, on: bool) -> None:
        """The DTE switched a control line."""
        self.inject(LineChanged(signal, on))

    def output_blocked(self) -> None:
        """The DTE does not read."""
        self.inject(OutputBlocked())

    def output_ready(self) -> None:
        """The DTE reads again."""
        self.inject(OutputReady())

    def client_opened(self) -> None:
        """A client opened the port: as a driver does, it raises DTR."""
        if self._stage is not None:
            self._stage.client(self._clock.now(), True)
        self.inject(LineChanged(LineSignal.DTR, True))
        if self._on_with_client:
            self._on_with_client = False
            self._loop.call_later(SETTLE, self.inject, PowerChanged(True))

    def client_closed(self) -> None:
        """The last client closed the port: DTR drops."""
        if self._stage is not None:
            self._stage.client(self._clock.now(), False)
        self.inject(LineChanged(LineSignal.DTR, False))

    def note(self, text: str) -> None:
        """Tell the observer something worth knowing."""
        for observer in self._observers:
            observer.note(self._clock.now(), text)
        if self._flush is not None and not self._working:
            self._flush()
        if self._tell is not None:
            self._tell(text)
        self.obey_soon()

    def remark(self, text: str) -> None:
        """The log alone gets a director's remark: the director knows it."""
        if self._log is not None:
            self._log.note(self._clock.now(), text)

    def obey_soon(self) -> None:
        """The director may have orders although nothing happened to the module: they are carried out next."""
        if self._stage is not None and not self._working and not self._stopped:
            self._loop.call_soon(self._obey_now)

    def _obey_now(self) -> None:
        if not self._stopped:
            self._work()

    @property
    def modem(self) -> Modem:
        """The engine that is driven."""
        if self._late is not None:
            self._touch()
        return self._modem

    @property
    def netstack(self) -> NetStack:
        """What performs the module's socket effects."""
        if self._late is not None:
            self._touch()
        return self._net

    def _timer_fired(self) -> None:
        self._timer = None
        if not self._stopped:
            self._handle_timer(self._clock.now())
            self._work()

    # ---- a tester --------------------------------------------------------------------------------

    def direct(self, say: Callable[[float], T]) -> T:
        """Speak to the scenario's director, which is given the time; what it orders is carried out then.

        Not from within an observer. Raises ``RuntimeError`` for a modem that has stopped.
        """
        if self._stopped:
            raise RuntimeError("the modem has stopped")
        said = say(self._clock.now())
        self._work()
        if self._flush is not None:  # the tester sees the answer, and looks into the log
            self._flush()
        return said

    def next_deadline(self) -> float | None:
        """When the module or its scenario wants waking, in seconds on the clock."""
        return None if self._late is not None else self._next_deadline()

    def wake(self) -> None:
        """The clock has leapt: do what has become due."""
        if self._timer is not None:
            self._timer.cancel()
        if self._late is None:
            self._timer_fired()

    # ---- the three things ------------------------------------------------------------------------

    def _work(self) -> None:
        modem, events, stage = self._modem, self._events, self._stage
        due = _AT_ONCE
        self._working = True
        try:
            while True:
                if self._ordered:
                    self._obey()
                effects = modem.effects()
                for effect in effects:
                    if type(effect) is WriteLine and self._plain:
                        self._pipe.quick(effect.data)
                    else:
                        self.perform(effect)
                if events:
                    self.happen(events.popleft())
                    continue
                if effects and stage is not None:
                    continue  # they may have brought orders, and those more effects
                deadline = self._next_deadline()
                modem.timers.started = False
                if deadline is None or self._stopped:
                    return
                now = self._clock.now()
                if deadline > now or not due:
                    break
                due -= 1
                self._handle_timer(now)
        finally:
            self._working = False
            if self._flush is not None:
                streamed, self._streamed = self._streamed, False
                self._flush(behind=streamed)
        if self._timer is None or deadline < self._armed:
            self._arm(deadline)

    def _arm(self, deadline: float) -> None:
        """One timer; one that is armed too early is left alone, it re-arms when it fires."""
        if self._timer is not None:
            self._timer.cancel()
        self._armed = deadline
        self._timer = self._loop.call_later(self._clock.delay(deadline), self._timer_fired)

    def write_down(self, size: int) -> None:
        """What has been told is going to be seen outside, with ``size`` bytes of data at once."""
        if size > _STREAM:
            self._streamed = True
        elif self._flush is not None:
            self._flush()

    def perform(self, effect: Effect) -> None:
        """Do what the module asks for, or a director: from within a turn."""
        # Each is told with its own time: orders and remarks come between two of them.
        kind = type(effect)
        now = self._clock.now() if self._observers else 0.0
        if kind is WriteLine:
            for observer in self._observers:
                observer.module(now, effect.data)  # type: ignore[attr-defined]
            self.write_down(len(effect.data))  # type: ignore[attr-defined]
            self._pipe.quick(effect.data)  # type: ignore[attr-defined]
            return
        for observer in self._observers:
            observer.effect(now, effect)
        if self._ordered:
            self._obey()
        if kind in ONLY_TOLD:
            return
        self.write_down(len(effect.data) if isinstance(effect, SendData) else 0)
        if isinstance(effect, NetEffect):
            self._net.perform(effect)
        elif isinstance(effect, PauseInput):
            self._pipe.pause_reading()
        elif isinstance(effect, ResumeInput):
            self._pipe.resume_reading()
        elif isinstance(effect, SetSignal):
            self._pipe.set_signal(effect.signal, effect.on)
        elif isinstance(effect, SetLine):
            self._pipe.set_line(effect)

"""The M-series' mutable state: two contexts with settings of their own, and what a host reads.

Source: GSM TCPIP Application Note V1.2 (S), see each line; REC, MAN, DRV as in the README.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from ....emulator.datamode import DataRules, Packets
from ....emulator.dialect import Dialect, Options
from ....emulator.events import Address, Failure
from ....emulator.jobs import Job, Pause, Steps, Until
from ....emulator.links import Context, Link, Listener, Role
from ....emulator.machine import Position
from ....emulator.states import OPENING, Happening
from .shell import MxxShell
from .states import DOWN, MULTI, SINGLE, MultiState, SingleState

BANK = 6
"""Links of one context (S 3.3)."""
ALONGSIDE = 5
"""Clients and accepted clients together while listening (S 3.4)."""


@dataclass(slots=True)
class Transparent:
    """AT+QITCFG (S 4; defaults MAN)."""

    retries: int = 3
    wait: int = 2
    """Units of 100 ms."""
    size: int = 1024
    escape: int = 1


@dataclass(slots=True)
class ContextSettings:
    """What each of the two contexts has of its own (S 7.2)."""

    mux: int = 0
    mode: int = 0
    by_name: int = 0
    """AT+QIDNSIP: QIOPEN takes an address (0) or a name (1)."""
    most_clients: int = ALONGSIDE
    transparent: Transparent = field(default_factory=Transparent)


@dataclass(slots=True)
class TcpIp:
    """What both contexts share. Nothing is saved over a restart."""

    foreground: int = 0
    """AT+QIFGCNT."""
    head: int = 0
    show_protocol: int = 0
    show_remote: int = 0
    show_local: int = 0
    timed: int = 0
    send_after: int = 1
    notify: int = 0
    """AT+QINDI."""
    echo_payload: int = 1
    """AT+QISDE."""
    prompt: int = 1
    """AT+QIPROMPT."""
    tcp_port: int = 0
    udp_port: int = 0
    """AT+QILPORT; 0 is a free port of the module's choice."""
    side: Role | None = None
    """AT+QISRVC; None until it is written: the module chooses."""
    dns: tuple[str, str] = ("0.0.0.0", "0.0.0.0")


class MxxModule(MxxShell):
    """One module of the M-series."""

    def __init__(self, dialect: Dialect, options: Options) -> None:
        super().__init__(dialect, options)
        contexts = range(dialect.limits.contexts)
        self.tcpip = TcpIp()
        self.own = [ContextSettings() for _ in contexts]
        self.single: list[Position[SingleState]] = [Position(SINGLE, self.state_watch(i)) for i in contexts]
        self.multi: list[Position[MultiState]] = [Position(MULTI, self.state_watch(i)) for i in contexts]
        self.bring_ups: list[Job | None] = [None for _ in contexts]
        """The last bring-up of each context that QIOPEN, QISERVER or QIDNSGIP began."""
        self.look_ups: list[list[Job]] = [[] for _ in contexts]
        """Names that QIDNSGIP asks for on each context."""

    def reset_settings(self) -> None:
        super().reset_settings()
        for context in self.stack.contexts:
            self._stop_jobs(context)
        self.tcpip = TcpIp()
        self.own = [ContextSettings() for _ in self.own]
        for context in self.stack.contexts:
            self.single[context.number].fire(Happening.SHUT)
            self.multi[context.number].fire(Happening.SHUT)

    # ---- the foreground context ------------------------------------------------------------------

    @property
    def context(self) -> Context:
        """The context that AT+QIFGCNT chose."""
        return self.stack.contexts[self.tcpip.foreground]

    @property
    def settings(self) -> ContextSettings:
        """Its settings."""
        return self.own[self.tcpip.foreground]

    @property
    def ip(self) -> Position[SingleState] | Position[MultiState]:
        """Its place in the table in force."""
        return self.ip_of(self.context)

    def ip_of(self, context: Context) -> Position[SingleState] | Position[MultiState]:
        """A context's place in the table that its AT+QIMUX puts in force."""
        return (self.multi if self.own[context.number].mux else self.single)[context.number]

    @property
    def present(self) -> tuple[Enum, ...]:
        return (self.ip.state,)

    @property
    def state_words(self) -> str:
        """The present state as AT+QISTAT prints it."""
        return str(self.ip.state.value).replace("TCP/UDP", self.client_link(self.context).transport.value)

    def bank(self, context: Context) -> list[Link]:
        """The six links of ``context``."""
        first = context.number * BANK
        return self.stack.links[first : first + BANK]

    def client_link(self, context: Context) -> Link:
        """Single connection: the link that the host opens."""
        return self.bank(context)[0]

    def server_link(self, context: Context) -> Link:
        """Single connection: the link that a client opens."""
        return self.bank(context)[1]

    @property
    def listener(self) -> Listener:
        """The listener of the foreground context."""
        return self.stack.listener_of(self.context)

    def idle(self, context: Context) -> bool:
        """Whether ``context`` has neither an open link nor a listener."""
        closed = not any(link.open for link in self.bank(context))
        return closed and self.stack.listener_of(context).handle is None

    def named(self, link: Link, words: str) -> str:
        """``words`` with the link's number in front where links have numbers."""
        return f"{link.number}, {words}" if self.own[link.context.number].mux else words

    # ---- bringing up, connecting -----------------------------------------------------------------

    def may_activate(self, context: Context) -> bool:
        """Two active contexts do not go with transparent mode (S 7.1)."""
        other = self.stack.contexts[1 - context.number]
        modes = self.own[context.number].mode or self.own[other.number].mode
        return context.active or not (modes and self.ip_of(other).state not in DOWN)

    def activate(self, context: Context) -> Steps:
        """Steps: IP CONFIG, IP IND, then IP GPRSACT or PDP DEACT; returns whether it was granted."""
        position = self.ip_of(context)
        position.fire(Happening.BRING_UP_STARTED)
        yield Pause("configure")
        position.fire(Happening.ACTIVATION_STARTED)
        granted = yield from self.stack.activate(context)
        position.fire(Happening.CONTEXT_ACTIVATED if granted else Happening.CONTEXT_REFUSED)
        return granted

    def bring_up(self, context: Context) -> Steps:
        """Steps: QIREGAPP and QIACT as far as they are missing (S 3); whether the context is up."""
        position = self.ip_of(context)
        if position.state in (SingleState.IP_INITIAL, MultiState.IP_INITIAL):
            position.fire(Happening.APP_STARTED)
        if position.state in (SingleState.IP_START, MultiState.IP_START):
            # A job of its own: it goes on without the link that wanted it, and ends with the context.
            job = self.bring_ups[context.number] = self.start(self.activate(context))
            yield Until(lambda: job not in self.jobs.under_way)
        return context.active

    def look_up(self, context: Context, steps: Steps) -> None:
        """Let QIDNSGIP's ``steps`` go on for as long as the host keeps ``context``."""
        running = [job for job in self.look_ups[context.number] if job in self.jobs.under_way]
        self.look_ups[context.number] = [*running, self.start(steps)]

    def _stop_jobs(self, context: Context) -> None:
        bring_up, self.bring_ups[context.number] = self.bring_ups[context.number], None
        look_ups, self.look_ups[context.number] = self.look_ups[context.number], []
        for job in (bring_up, *look_ups):
            if job is not None:
                job.cancel()

    def connect(self, link: Link, host: str, port: int) -> Steps:
        """Steps: what goes on behind the OK of AT+QIOPEN."""
        context = link.context
        if not (yield from self.bring_up(context)):
            link.job = None
            link.position.fire(Happening.CONNECT_FAILED)
            self.say(self.named(link, "CONNECT FAIL"))
            return
        self.ip_of(context).fire(OPENING[link.transport])
        yield from self.stack.open(link, host, port)

    def link_opened(self, link: Link) -> None:
        if not self.own[link.context.number].mux:
            self.single[link.context.number].fire(Happening.CONNECTED)
        self.carrier_changed()
        if self.own[link.context.number].mode:
            self.connect_data(link)
        else:
            self.say(self.named(link, "CONNECT OK"))

    def link_failed(self, link: Link, failure: Failure) -> None:
        if not self.own[link.context.number].mux:
            self.single[link.context.number].fire(Happening.CONNECT_FAILED)
        self.say(self.named(link, "CONNECT FAIL"))

    # ---- clients ---------------------------------------------------------------------------------

    def link_for_client(self, listener: Listener) -> Link | None:
        """Single: beside the client link; transparent: only alone; multi: the lowest free index (S 3.4)."""
        context = listener.context
        own, bank = self.own[context.number], self.bank(context)
        if not context.active:
            return None
        if own.mux:
            taken = [link for link in bank if link.open]
            accepted = sum(link.role is Role.SERVER for link in taken)
            if len(taken) >= ALONGSIDE or accepted >= own.most_clients:
                return None
            return next(link for link in bank if not link.open)
        link = self.server_link(context)
        leaving = self.data_mode is not None or self.enters_data(link)
        if link.open or (own.mode and (self.client_link(context).open or leaving)):
            return None
        return link

    def link_accepted(self, link: Link) -> None:
        link.notify = self.tcpip.notify
        self.carrier_changed()
        self.say(self.named(link, f"REMOTE IP: {link.remote.host}"))
        if self.own[link.context.number].mode:
            self.connect_data(link)

    # ---- data ------------------------------------------------------------------------------------

    def data_rules(self, link: Link) -> DataRules:
        config = self.own[link.context.number].transparent
        return DataRules(bool(config.escape), Packets(config.size, config.wait * 0.1))

    def holds_data(self, link: Link) -> bool:
        return bool(link.notify or self.own[link.context.number].mode)

    def data_waiting(self, link: Link, was_empty: bool) -> None:
        """+QIRDI: once for an empty buffer, or with its figures at every arrival (observed on MC60)."""
        if self.own[link.context.number].mode:
            return
        link.arrivals = 1 if was_empty else link.arrivals + 1
        number = link.number if self.own[link.context.number].mux else 0
        side = 1 if link.role is Role.CLIENT else 2
        head = f"+QIRDI: {link.context.number},{side},{number}"
        if link.notify == 2:
            self.say(f"{head},{link.arrivals},{len(link.inbox[-1][0])},{link.unread}")
        elif was_empty:
            self.say(head)

    def frame(self, link: Link, data: bytes, source: Address) -> bytes:
        settings, mux = self.tcpip, self.own[link.context.number].mux
        header = b""
        if settings.show_remote:
            header += self.framing.text(f"RECV FROM:{source.host}:{source.port}")
        if settings.show_local:
            header += self.framing.text(f"TO:{link.context.address}")
        if mux:
            header += self.framing.text(f"+RECEIVE: {link.number}, {len(data)}")
        if settings.head:
            protocol = link.transport.value if settings.show_protocol and not mux else ""
            header += f"IPD{len(data)}{protocol}:".encode()
        return header + data

    # ---- ends ------------------------------------------------------------------------------------

    def closed(self, link: Link) -> None:
        """A client-role link of a single connection is gone: IP CLOSE."""
        context = link.context.number
        position = self.single[context]
        open_states = (SingleState.CONNECTING, SingleState.CONNECT_OK)
        # Not when the context went first: PDP DEACT stays.
        if not self.own[context].mux and link.role is Role.CLIENT and position.state in open_states:
            position.fire(Happening.CLOSED)
        self.carrier_changed()

    def link_closed(self, link: Link) -> None:
        self.closed(link)
        if self.end_data_mode(link, "CLOSED"):
            return
        self._lose_data(link)
        self.say(self.named(link, "CLOSED"))

    def _lose_data(self, link: Link) -> None:
        """Transparent mode: what was not read in data mode is lost with the link (REC)."""
        if self.own[link.context.number].mode and not self.enters_data(link):
            self.stack.forget_data(link)

    def context_lost(self, context: Context) -> None:
        self.ip_of(context).fire(Happening.CONTEXT_LOST)
        self.carrier_changed()
        if self.end_data_mode(context, "+PDP DEACT"):
            return
        for link in self.bank(context):
            self._lose_data(link)
        self.say("+PDP DEACT")

    def deactivate(self, context: Context) -> None:
        """AT+QIDEACT: links and listener go silently, the context is down (S 5.5)."""
        self._stop_jobs(context)
        self.stack.shut(context)
        self.ip_of(context).fire(Happening.SHUT)
        self.carrier_changed()

    # ---- lines -----------------------------------------------------------------------------------

    def _data_link(self) -> Link | None:
        """The one link that transparent mode has."""
        for context in self.stack.contexts:
            for link in (self.client_link(context), self.server_link(context)):
                if self.own[context.number].mode and link.connected:
                    return link
        return None

    @property
    def carrier(self) -> bool:
        """DCD under AT&C1: a single connection exists (S 5.6.2 note)."""
        return any(
            link.connected
            for context in self.stack.contexts
            if not self.own[context.number].mux
            for link in self.bank(context)
        )

    def online_link(self) -> Link | None:
        """The link that ATO returns to (S 4)."""
        return self._data_link()

    def hang_up(self) -> None:
        """AT&D2: DTR closes the connection as well."""
        link = self._data_link()
        if link is not None:
            self.stack.forget_data(link)
            self.stack.drop(link, abort=False)
            self.closed(link)

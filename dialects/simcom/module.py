"""The SIM800's mutable state: its TCP/IP settings, and what a host reads when the network acts.

Sources: SIM800 TCPIP Application Note V1.02 (S), AT manual (M800), see each line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from ...emulator.datamode import DataRules, Pacing, Packets
from ...emulator.dialect import Dialect, Options
from ...emulator.effects import Transport
from ...emulator.events import Address, Failure, NetworkTimeArrived
from ...emulator.jobs import Job, Steps
from ...emulator.links import Context, Link, Listener, Role
from ...emulator.machine import Position
from ...emulator.states import OPENING, Happening
from ..telephony import Telephony
from .bearers import Bearers
from .beside import Extras
from .states import MULTI, SINGLE, MultiState, SingleState
from .system import network_time_lines

APN = "CMNET"
"""S 2.1.1: the APN of a fresh module."""

UNROUTABLE = frozenset({Failure.NOT_FOUND, Failure.UNREACHABLE, Failure.FORBIDDEN})


@dataclass(slots=True)
class Transparent:
    """AT+CIPCCFG (S 2.2.2; defaults of NmRetry and SendSz M7000)."""

    retries: int = 5
    wait: int = 2
    """Units of 200 ms (S 2.2.2)."""
    size: int = 1024
    escape: int = 1
    paced: int = 0
    burst: int = 1460
    burst_pause: int = 50
    """Milliseconds."""


@dataclass(slots=True)
class TcpIp:
    """Settings of the toolkit. None of them is saved: a reset returns the defaults."""

    mux: int = 0
    mode: int = 0
    quick_send: int = 0
    timed: int = 0
    send_after: int = 1
    prompt: int = 1
    head: int = 0
    show_protocol: int = 0
    show_source: int = 0
    manual: int = 0
    selected: int = 0
    """The context that AT+CIPSGTXT chose."""
    transparent: Transparent = field(default_factory=Transparent)
    tcp_ports: list[int] = field(default_factory=lambda: [0] * 6)
    udp_ports: list[int] = field(default_factory=lambda: [0] * 6)
    udp_modes: list[int] = field(default_factory=lambda: [0] * 6)
    dns: tuple[str, str] = ("0.0.0.0", "0.0.0.0")


class Sim800Module(Telephony):
    """One SIM800."""

    def __init__(self, dialect: Dialect, options: Options) -> None:
        super().__init__(dialect, options)
        self.tcpip = TcpIp()
        self.single: Position[SingleState] = Position(SINGLE, self.state_changed)
        self.multi: list[Position[MultiState]] = [
            Position(MULTI, self.state_watch(i)) for i in range(dialect.limits.contexts)
        ]
        self.bring_up_job: Job | None = None
        self.bearers = Bearers(self)
        self.extras = Extras()
        self._forget_apns()

    def _forget_apns(self) -> None:
        for context in self.stack.contexts:
            context.apn, context.user, context.password = APN, "", ""

    def reset_settings(self) -> None:
        super().reset_settings()
        if self.bring_up_job is not None:
            self.bring_up_job.cancel()
            self.bring_up_job = None
        self.tcpip = TcpIp()
        self.bearers.reset()
        self.extras.reset()
        self.single.fire(Happening.SHUT)
        for position in self.multi:
            position.fire(Happening.SHUT)
        self._forget_apns()

    # ---- the network -----------------------------------------------------------------------------

    def pdp_lost(self, number: int | None) -> None:
        """The bearers go first: +SAPBR 1: DEACT, then +PDP: DEACT (observed)."""
        if number is None:
            self.bearers.lost()
        super().pdp_lost(number)

    def network_time_arrived(self, event: NetworkTimeArrived) -> None:
        """Under +CLTS=1 the host reads it, and the operator's name with it (observed)."""
        super().network_time_arrived(event)
        if self.extras.network_time:
            network = self.network
            for line in network_time_lines(event):
                self.say(line)
            self.say(f'+CIEV: 10,"{network.plmn}","{network.operator}","{network.operator}", 0, 0')

    # ---- states ----------------------------------------------------------------------------------

    @property
    def context(self) -> Context:
        """The context that AT+CIPSGTXT selected."""
        return self.stack.contexts[self.tcpip.selected]

    @property
    def ip(self) -> Position[SingleState] | Position[MultiState]:
        """The machine in force, of the selected context."""
        return self.multi[self.tcpip.selected] if self.tcpip.mux else self.single

    def ip_of(self, context: Context) -> Position[SingleState] | Position[MultiState]:
        """The machine in force, of ``context``."""
        return self.multi[context.number] if self.tcpip.mux else self.single

    @property
    def present(self) -> tuple[Enum, ...]:
        return (self.ip.state,)

    @property
    def state_words(self) -> str:
        """The present state as AT+CIPSTATUS prints it."""
        return str(self.ip.state.value).replace("TCP/UDP", self.stack.links[0].transport.value)

    def open_links(self) -> int:
        """How many links are in use."""
        return sum(link.open for link in self.stack.links)

    @property
    def idle(self) -> bool:
        """Whether there is neither an open link nor a listener."""
        return self.stack.listener.handle is None and not self.open_links()

    def named(self, link: Link, words: str) -> str:
        """``words`` with the link's number in front where links have numbers."""
        return f"{link.number}, {words}" if self.tcpip.mux else words

    # ---- bringing up, connecting -----------------------------------------------------------------

    def bring_up(self) -> Steps:
        """Steps: CSTT, CIICR and CIFSR in one (S 2.1.3); returns whether the network granted it."""
        self.single.fire(Happening.APP_STARTED)
        self.single.fire(Happening.BRING_UP_STARTED)
        granted = yield from self.stack.activate(self.context)
        if not granted:
            self.single.fire(Happening.CONTEXT_REFUSED)
            return False
        self.single.fire(Happening.CONTEXT_ACTIVATED)
        self.single.fire(Happening.ADDRESS_READ)
        return True

    def connect(self, link: Link, host: str, port: int) -> Steps:
        """Steps: what goes on behind the OK of AT+CIPSTART."""
        if self.ip.state is SingleState.IP_INITIAL and not (yield from self.bring_up()):
            link.job = None
            link.position.fire(Happening.CONNECT_FAILED)
            self._say_failed()
            return
        self.ip_of(link.context).fire(OPENING[link.transport])
        tcp = link.transport is Transport.TCP
        ports = self.tcpip.tcp_ports if tcp else self.tcpip.udp_ports
        yield from self.stack.open(link, host, port, ports[link.number])

    def link_opened(self, link: Link) -> None:
        if not self.tcpip.mux:
            self.single.fire(Happening.CONNECTED)
        self._say_connected(link, "CONNECT OK")

    def _say_connected(self, link: Link, words: str) -> None:
        if self.tcpip.mode:
            self.carrier_changed()
            self.connect_data(link)
        else:
            self.say(self.named(link, words))

    def link_failed(self, link: Link, failure: Failure) -> None:
        if self.tcpip.mux:
            self.say(self.named(link, "CONNECT FAIL"))
            return
        self.single.fire(Happening.UNROUTABLE if failure in UNROUTABLE else Happening.CONNECT_FAILED)
        self._say_failed()

    def _say_failed(self) -> None:
        self.say(f"STATE: {self.state_words}")
        self.say("CONNECT FAIL")

    # ---- clients ---------------------------------------------------------------------------------

    def link_for_client(self, listener: Listener) -> Link | None:
        """Single: the one link; multi: the lowest free one, five at most (S 3, 3.2)."""
        if not self.tcpip.mux:
            link = self.stack.links[0]
            # In transparent mode the client before may have left while its last data still goes out.
            busy = self.data_mode is not None or self.enters_data(link)
            return link if self.single.state is SingleState.SERVER_LISTENING and not busy else None
        if self.open_links() >= self.dialect.limits.links - 1:
            return None
        return next(link for link in self.stack.links if not link.open)

    def link_accepted(self, link: Link) -> None:
        if not self.tcpip.mux:
            self.single.fire(Happening.ACCEPTED)
        self.say(self.named(link, f"REMOTE IP: {link.remote.host}"))
        if self.tcpip.mode:
            self.carrier_changed()
            self.connect_data(link)

    # ---- data ------------------------------------------------------------------------------------

    def data_rules(self, link: Link) -> DataRules:
        config = self.tcpip.transparent
        pacing = Pacing(config.burst, config.burst_pause / 1000) if config.paced else None
        return DataRules(bool(config.escape), Packets(config.size, config.wait * 0.2), pacing)

    def holds_data(self, link: Link) -> bool:
        return bool(self.tcpip.manual or self.tcpip.mode)

    def data_waiting(self, link: Link, was_empty: bool) -> None:
        if self.tcpip.mode or not was_empty:
            return
        source = link.inbox[0][1]
        sender = f",{source.host}:{source.port}" if self.tcpip.show_source else ""
        number = f",{link.number}" if self.tcpip.mux else ""
        self.say(f"+CIPRXGET: 1{number}{sender}")

    def frame(self, link: Link, data: bytes, source: Address) -> bytes:
        settings = self.tcpip
        size = len(data)
        sender = f"{source.host}:{source.port}" if settings.show_source else ""
        if settings.mux:
            extra = f",{sender}" if sender else ""
            return self.framing.text(f"+RECEIVE,{link.number},{size}{extra}:") + data
        header = self.framing.text(f"RECV FROM:{sender}") if sender else b""
        if settings.head:
            protocol = f",{link.transport.value}" if settings.show_protocol else ""
            words = f"+IPD,{size}{protocol}:"
            # No line end stands between this header and its data.
            header += words.encode() if header else self.framing.text(words)[:-2]
        return header + data

    # ---- ends ------------------------------------------------------------------------------------

    def link_closed(self, link: Link) -> None:
        self.carrier_changed()
        if not self.tcpip.mux:
            self.single.fire(self.left(link))
        if self.end_data_mode(link, "CLOSED"):
            return
        self._lose_data(link)
        self.say(self.named(link, "CLOSED"))

    def left(self, link: Link) -> Happening:
        """What the end of ``link`` means for a single connection."""
        listening = link.role is Role.SERVER and self.stack.listener.listening
        return Happening.CLIENT_LEFT if listening else Happening.CLOSED

    def context_lost(self, context: Context) -> None:
        self.ip_of(context).fire(Happening.CONTEXT_LOST)
        self.carrier_changed()
        if self.end_data_mode(context, "+PDP: DEACT"):
            return
        self._lose_data(self.stack.links[0])
        self.say("+PDP: DEACT")

    def _lose_data(self, link: Link) -> None:
        """Transparent mode: what was not read in data mode is lost with the link (REC)."""
        if self.tcpip.mode and not self.enters_data(link):
            self.stack.forget_data(link)

    def shut(self) -> None:
        """AT+CIPSHUT: the selected context and everything on it is given up (S 9)."""
        if self.bring_up_job is not None and not self.tcpip.mux:
            self.bring_up_job.cancel()
            self.bring_up_job = None
        self.stack.shut(self.context)
        self.ip.fire(Happening.SHUT)
        self.carrier_changed()

    # ---- lines -----------------------------------------------------------------------------------

    @property
    def carrier(self) -> bool:
        """DCD under AT&C1: a transparent connection exists (S 2.2.3, 10)."""
        return bool(self.tcpip.mode) and self.stack.links[0].connected

    def online_link(self) -> Link | None:
        """The link that ATO returns to (S 2.2.4)."""
        link = self.stack.links[0]
        return link if self.tcpip.mode and link.connected else None

    def hang_up(self) -> None:
        """AT&D2: DTR closes the connection as well."""
        link = self.stack.links[0]
        if link.connected and self.tcpip.mode:
            self.stack.forget_data(link)
            self.stack.drop(link, abort=False)
            self.single.fire(self.left(link))
            self.carrier_changed()

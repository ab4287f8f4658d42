"""The emulated module: all its mutable state, and the verbs that a command handler has.

A dialect's family makes a subclass with its own settings and says, in the hooks, what a host reads
when the network does something.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from .datamode import TICK, DataMode, DataRules, Packets
from .dialect import Dialect, Options
from .events import Address, Event, Failure, LineSignal, NetworkTimeArrived
from .indicator import RingIndicator
from .links import Context, Link, Listener
from .messages import Messages
from .packet import Packet
from .phone import CallState, Phone
from .port import Port
from .power import Farewell, Greeting, Power
from .profile import Shell
from .radio import REFUSALS, Sim, SimState, network
from .registration import Registration
from .reply import Cme, Cms, ErrorCode, Refusal, ResultCode, framing
from .rtc import FIRST_CLOCK, Rtc
from .sleep import Sleep
from .stack import Stack
from .urc import EnterData, Push

NAMED_FAILURES = {
    "error": Cme.NOT_ALLOWED,
    "no_network": Cme.NO_NETWORK,
    "sim_busy": Cme.SIM_BUSY,
}
"""What the failures that every module knows mean (27.007 9.2)."""


class Module(Port):
    """One module."""

    # What a family says otherwise: constants.
    greeting = Greeting()
    registration_reports: tuple[tuple[str, str], ...] = (("+CREG", "creg"), ("+CGREG", "cgreg"))
    """The registration URCs, and the setting in :class:`Shell` that turns each on."""
    operator_modes = "(0-4),(0-2)"
    """How =? of +COPS ends (observed on a SIM800L)."""
    no_signal = (0, 0)
    """What +CSQ says without a signal (observed: 0,0 on SIM800; Quectel 99,99)."""
    voice = True
    """Whether the module has voice calls."""
    charset = "IRA"
    """+CSCS at power-on."""
    first_clock = FIRST_CLOCK
    """What the clock shows at first power-on."""
    cms_error_always = False
    """Whether +CMEE=0 leaves ``+CMS ERROR: <n>`` alone (common.md 4: Quectel does, SIM800 says ERROR)."""

    def __init__(self, dialect: Dialect, options: Options) -> None:
        super().__init__(dialect, options)
        self.stored: Shell | None = None
        """What AT&W stored."""
        self.sim = Sim(options)
        self.network = network(options)
        self.send_buffer = dialect.limits.send_buffer if options.send_buffer is None else options.send_buffer
        self.stack = Stack(self)
        self.data_mode: DataMode | None = None
        self.dtr = True
        self._dtr_since = float("-inf")
        self.indicator = RingIndicator(self)
        self.phone = Phone(self)
        self.messages = Messages()
        self.handlers: dict[type[Event], Callable[..., None]] = {
            **self.stack.handlers,
            **self.phone.handlers,
        }
        self.rtc = Rtc(options.zone)
        self.packet = Packet()
        self.sleep = Sleep(self)
        self.registration = Registration(self)
        self.power = Power(self)
        self.handlers[NetworkTimeArrived] = self.network_time_arrived

    # ---- what it is now --------------------------------------------------------------------------

    @property
    def silent(self) -> bool:
        return not self.power.on

    def listen(self) -> None:
        """Bring :attr:`hears` up to date."""
        self.hears = self.power.on and not self.power.starting and not self.sleep.asleep

    def use(self, shell: Shell) -> None:
        """Make ``shell`` the settings in force, on the line and in the framing too."""
        self.shell = shell
        self.line.echo = bool(shell.echo)
        self.line.set_characters(shell.registers[3], shell.registers[5])
        s3, s4 = shell.registers[3], shell.registers[4]
        self.framing = framing(bool(shell.verbose), s3, s4, bool(shell.quiet))
        self.line_changed = True
        self.carrier_changed()

    def factory(self) -> Shell:
        """The factory's profile; a family with other defaults overrides it."""
        return Shell()

    def restore_profile(self) -> None:
        """The stored profile, or the factory's (ATZ, power-on); the rate is the user's choice then."""
        if self.stored is None:
            shell = self.factory()
            shell.rate = self.options.rate
            shell.flow = self.options.flow
        else:
            shell = self.stored.copy()
        self.use(shell)

    def require_sim(self) -> None:
        """Raise the ``+CME ERROR`` of a command that needs the card, unless it is ready."""
        if self.sim.state is not SimState.READY:
            raise Refusal(REFUSALS[self.sim.state][0])

    def require_sms(self) -> None:
        """Raise the ``+CMS ERROR`` of a short message command, unless card and service are ready."""
        if self.sim.state is not SimState.READY:
            raise Refusal(REFUSALS[self.sim.state][1])
        if not self.power.sms_ready:
            # Observed: CMGF=1 and the others give ERROR before `SMS Ready`.
            raise Refusal(Cms.SIM_BUSY)

    # ---- pushed data -----------------------------------------------------------------------------

    def _push(self, push: Push | bytes) -> bool:
        if isinstance(push, bytes):
            if not self.output_blocked:
                self.write(push)
            return not self.output_blocked
        while push.pieces:
            if self.output_blocked:
                return False
            self.write(self._next_frames(push))
        return True

    def _next_frames(self, push: Push) -> bytes:
        """The next piece of pushed data in its frames; makes room for more."""
        link = push.link
        assert isinstance(link, Link)
        push.pieces -= 1
        if not link.inbox:
            return b""  # the host fetched it meanwhile
        data, source = link.inbox.popleft()
        segment = self.dialect.limits.segment
        frames = [self.frame(link, data[at : at + segment], source) for at in range(0, len(data), segment)]
        self.stack.consumed(link, len(data))
        return b"".join(frames)

    def seal(self, link: Link) -> None:
        """What is queued to be pushed stays, though ``link`` is about to serve another connection."""

        def frames(push: Push) -> bytes:
            return b"".join([self._next_frames(push) for _ in range(push.pieces)])

        self.outbox.seal(link, frames)

    # ---- data mode -------------------------------------------------------------------------------

    def connect_data(self, link: Link) -> None:
        """CONNECT and data mode for ``link``, as soon as the line is free."""
        self.outbox.say(EnterData(link))

    def _enter_data(self, item: EnterData) -> None:
        assert isinstance(item.link, Link)
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
        self.data_mode = DataMode(self, link, self.data_rules(link))
        self.line.enter_data(self.data_mode)
        if link.blocked:
            self.hold_input("socket")
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

    def end_data_mode(self, of: Link | Context, *items: str | ResultCode) -> bool:
        """``of`` is gone. If its link has the line, its last data comes, then ``items``; else nothing
        is said. Returns whether it had the line.
        """
        data_mode = self.data_mode
        if data_mode is None or of not in (data_mode.link, data_mode.link.context):
            return False

        def say() -> None:
            for item in items:
                self.say(item)

        data_mode.end(say)
        return True

    # ---- what a family says: overridden ----------------------------------------------------------

    def error(self, code: ErrorCode | None) -> ResultCode | str:
        """The final result of a failing command under +CMEE (27.007 9.1, 27.005 3.2.5)."""
        level = self.shell.cmee
        if level == 0 and self.cms_error_always and isinstance(code, Cms):
            level = 1
        if code is None or level == 0:
            return ResultCode.ERROR
        kind = "+CMS" if isinstance(code, Cms) else "+CME"
        return f"{kind} ERROR: {code.number if level == 1 else code.text}"

    def farewell(self) -> Farewell:
        """What a restart says before the boot: after each duration, lines."""
        return ()

    def power_on(self) -> None:
        """The module begins to exist: on, or waiting to be switched on."""
        if self.options.powered:
            self.power.switch_on(announce=self.options.boot)

    def dtr_changed(self, on: bool) -> None:
        """The host switched DTR: AT&D in data mode, and sleep.

        ON must have lasted as long as the timing "dtr escape" says before OFF counts.
        """
        held, self._dtr_since = self.now - self._dtr_since, self.now
        self.sleep.dtr_changed(on)
        if on or self.data_mode is None or self.shell.dtr == 0:
            return
        if held < self.timings["dtr escape"] - TICK:
            return
        self.leave_data_mode()
        if self.shell.dtr == 2:
            self.hang_up()
        self._write_item(ResultCode.OK)

    def offered_registration(self) -> int:
        """``<stat>`` that the network gives to this module when it searches."""
        return self.network.offers

    def signal_quality(self) -> tuple[int, int]:
        """``<rssi>,<ber>``; nothing is heard with the radio off or right after boot."""
        network = self.network
        heard = network.heard and network.functionality == 1
        return (network.rssi, network.ber) if heard else self.no_signal

    def registration_status(self, name: str) -> int:
        """``<stat>`` of +CREG (circuits) and of the others (packets, 27.007 10.1.20)."""
        network = self.network
        return network.stat if name == "+CREG" or network.attached else 0

    def cell(self, name: str) -> str:
        """What registration reports say of the cell: four hex digits each (27.007 7.2)."""
        return f'"{self.network.lac:04X}","{self.network.ci:04X}"'

    def operator_suffix(self) -> str:
        """What +COPS? appends behind the operator (BG96: the access technology)."""
        return ""

    def card_moved(self, present: bool) -> None:
        """A card pulled is noticed at once; one put in is read at once (as with +CSDT=1, assumed)."""
        if present:
            self.power.card_in()
        else:
            self.power.card_out()

    def pin_accepted(self) -> None:
        """The card is ready now: what is said of it, inside the running +CPIN command."""
        self.say("+CPIN: READY")

    def activity(self) -> int:
        """``<pas>`` of +CPAS: 0 ready, 3 ringing, 4 call in progress (27.007 8.1)."""
        if self.phone.state is CallState.INCOMING:
            return 3
        return 0 if self.phone.state is CallState.IDLE else 4

    def end_call(self) -> None:
        """ATZ: a call is hung up, without a word."""
        self.phone.hang_up()

    def ring_words(self) -> tuple[str | ResultCode, ...]:
        """What is said at every ring of an incoming call (V.250 6.3.4)."""
        return (ResultCode.RING,)

    def call_changed(self) -> None:
        """The call, as ``self.phone`` describes it now, moved to another state."""

    def network_time_arrived(self, event: NetworkTimeArrived) -> None:
        """The network told the time (to a module that is on)."""
        if self.power.on:
            self.rtc.set_utc(self.now, event.utc, event.quarters)

    @property
    def carrier(self) -> bool:
        """DCD under AT&C1: whether a connection exists that shows on it."""
        return False

    def carrier_changed(self) -> None:
        """Bring DCD up to date."""
        self.signal(LineSignal.DCD, self.power.on and (self.shell.dcd == 0 or self.carrier))

    def online_link(self) -> Link | None:
        """The link that ATO returns to, or None."""
        return None

    def hang_up(self) -> None:
        """AT&D2: the connection that owned the line is closed."""

    def reset_settings(self) -> None:
        """A restart: every setting that is not saved returns to its default."""
        self.charset = type(self).charset
        self.phone.reset()
        self.indicator.reset()

    def packet_service_changed(self, attached: bool) -> None:
        """The network itself ends the attachment, or grants it again."""
        if self.network.attached is not attached:
            self.network.attached = attached
            if not attached:
                self.detached()
            self.registration.tell()

    def ordered_failure(self, op: str, result: str) -> ErrorCode | None:
        """How a command fails that a tester wants to fail; None: the dialect lets it fail by itself.

        ``result``: a name of the scenario format, or a number of the module's own errors.
        """
        named = NAMED_FAILURES.get(result)
        if named is not None:
            return named
        return next((code for code in (*Cme, *Cms) if str(code.number) == result), Cme.NOT_ALLOWED)

    def detached(self) -> None:
        """The module left the packet network: every active context is lost."""
        self.pdp_lost(None)

    def pdp_lost(self, number: int | None) -> None:
        """The network took the toolkit's context ``number`` (``None``: every active context)."""
        for context in self.stack.contexts:
            if context.active and number in (None, context.number):
                self.stack.lose(context)
        if number is None:
            self.packet.deactivate()

    @property
    def present(self) -> tuple[Enum, ...]:
        """The states that the dialect's commands are allowed by."""
        return ()

    @property
    def described(self) -> tuple[str, ...]:
        """The states that the module is in, for people to read."""
        return tuple(str(state.value) for state in self.present)

    def local_ip(self, number: int) -> str:
        """The address that the network gives to the PDP context of this number."""
        context = number - self.dialect.limits.first_context
        given = self.options.local_ips
        if context < len(given):
            return given[context]
        # A stable private address per module: from the last digits of its IMEI.
        serial = int(self.options.imei[-7:-1]) % 60000 + 256
        return f"10.{64 + context}.{serial >> 8}.{serial & 0xFF}"

    def dns_servers(self, context: Context) -> tuple[str, ...]:
        """The servers that are asked for a name of ``context``; none: the host's resolver."""
        return self.stack.dns_servers

    def data_rules(self, link: Link) -> DataRules:
        """The data mode settings in force for ``link``."""
        return DataRules(True, Packets(1024, 0.2))

    def frame(self, link: Link, data: bytes, source: Address) -> bytes:
        """One block of pushed data with its header."""
        raise self._unsaid("frame")

    def holds_data(self, link: Link) -> bool:
        """Whether the data of ``link`` waits for the host to fetch it."""
        return False

    def data_waiting(self, link: Link, was_empty: bool) -> None:
        """Data came that the host must fetch; ``was_empty``: nothing was waiting before."""

    def data_sent(self, link: Link) -> None:
        """Data of ``link`` goes out; it is counted as sent."""

    def link_opened(self, link: Link) -> None:
        """A connection that the host asked for is open."""
        raise self._unsaid("link_opened")

    def link_failed(self, link: Link, failure: Failure) -> None:
        """A connection that the host asked for could not be opened."""
        raise self._unsaid("link_failed")

    def link_for_client(self, listener: Listener) -> Link | None:
        """The link that an arriving client gets, or None to refuse it."""
        return None

    def link_accepted(self, link: Link) -> None:
        """A client is connected."""
        raise self._unsaid("link_accepted")

    def peer_finished(self, link: Link) -> None:
        """The peer sent FIN, or acknowledged the last data after its FIN."""
        if not link.unacked or link.transport.value == "UDP":
            self.stack.finish(link)

    def link_closed(self, link: Link) -> None:
        """A connection was closed by the peer, or lost."""
        raise self._unsaid("link_closed")

    def context_lost(self, context: Context) -> None:
        """The network deactivated ``context``."""
        raise self._unsaid("context_lost")

    def listener_opened(self, listener: Listener) -> None:
        """The listener accepts clients; a command that waits for it needs no word here."""

    def listener_failed(self, listener: Listener, failure: Failure) -> None:
        """The listener could not be opened; a command that waits for it needs no word here."""

    def _unsaid(self, hook: str) -> NotImplementedError:
        """What the author of a dialect forgot to say, when the network brings it up."""
        kind = type(self)
        return NotImplementedError(f"{kind.__module__}.{kind.__qualname__} does not say {hook}()")

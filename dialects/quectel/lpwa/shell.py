"""What a BG96 does otherwise than others outside TCP/IP: one difference, one declaration.

Sources: observed.md (BG96), common.md 2 and 4 to 11, drivers.md; RAK and MAN as in the README.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ....emulator.dialect import Dialect, Options
from ....emulator.events import AccessTechnology, NetworkTimeArrived, TechnologiesChanged, TemperatureChanged
from ....emulator.power import Farewell, Greeting
from ....emulator.profile import Shell
from ....emulator.radio import SEARCHING, SimState
from ....emulator.reply import ResultCode
from ...telephony import Telephony
from ..network_time import LOCAL_TIME, NetworkTime, local_of, set_clock, zone_words
from .scan import HOME_ONLY, PACKETS_ONLY, Scan

START = ("RDY", "APP RDY")
GOODBYE = "POWERED DOWN"
HERE = (*START, GOODBYE, "+QIOPEN:", "+QPING:", "+QNTP:")
"""How lines begin that come here whatever AT+QURCCFG says: boot, late results of commands (assumed)."""
UNKNOWN = 4
"""<stat>: the domain that the report is of is not the one in use (27.007 7.2; observed, catm1_bg96#9)."""
ROAMING = 5
FULL = 4
"""<n> of +CGREG and +CEREG: with what power saving was agreed upon."""
KEPT_EVENTS = 16
"""Packet events that wait for AT+CGEREP; the oldest go first (27.007 10.1.19; the number is assumed)."""
NO_BER = 99
"""<ber> of +CSQ, on LTE and on GSM (observed, mbed-os#11192, catm1_bg96)."""


@dataclass(slots=True)
class Thermometer:
    """What AT+QTEMP reads, in degrees Celsius; a scenario or test may change it.

    Power management, oscillator, amplifier; the values are those of a BG96's log.
    """

    pmic: int = 30
    xo: int = 26
    pa: int = 26


@dataclass(slots=True)
class Lte:
    """What AT+QCSQ reads of an LTE cell beside the signal strength; a scenario or test may change it.

    The values are those of drivers.md (FreeRTOS-Cellular-Interface), a real answer.
    """

    below: int = 29
    """How far RSRP is below RSSI, dB."""
    sinr: int = 195
    """Fifths of a dB, from -20 dB."""
    rsrq: int = -10
    """dB."""


@dataclass(slots=True)
class CardDetection:
    """AT+QSIMDET, which counts from the next start on, and AT+QSIMSTAT. Both survive a restart (MAN)."""

    wanted: int = 0
    level: int = 0
    enabled: bool = False
    reports: int = 0
    pulled: bool = False
    """Whether the card was pulled while the module was on."""


@dataclass(slots=True)
class EventReports:
    """AT+CGEREP (27.007 10.1.19)."""

    mode: int = 0
    buffering: int = 0
    held: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))


class Bg96Shell(Telephony):
    """The shell of the BG96."""

    pulses = False
    """RI in data mode is in none of its documents (common.md 2)."""
    greeting = Greeting(start=START, sim=False, ready=(), sim_off="", deaf=True)
    """RDY and APP RDY alone: observed with this firmware (forums 38002). Assumed: it is deaf before RDY."""
    registration_reports = (("+CREG", "creg"), ("+CGREG", "cgreg"), ("+CEREG", "cereg"))
    operator_modes = "(0,1,2,3,4),(0,1,2)"
    no_signal = (99, NO_BER)
    cms_error_always = True
    charset = "GSM"
    """+CSCS at power-on (MAN)."""
    no_name = ""
    """A number that the telephone book does not have (MAN; common.md 6)."""
    voice = False
    """Its only voice is VoLTE, which this firmware does not have yet (MAN, hardware design)."""
    first_clock = datetime(1980, 1, 6, tzinfo=UTC)
    """The epoch of GPS, as in modules with its chipset (assumed)."""

    def __init__(self, dialect: Dialect, options: Options) -> None:
        super().__init__(dialect, options)
        self.network_time = NetworkTime()
        self.thermometer = Thermometer()
        self.lte = Lte()
        self.cards = CardDetection()
        self.packet_events = EventReports()
        self.stored_scan = Scan()
        """What AT+QCFG stored; ``scan`` is what is in force."""
        self.scan = self.stored_scan
        self.pinned: AccessTechnology | None = None
        """The access technology that AT+COPS asked for."""
        self.urc_port = options.port_name
        """AT+QURCCFG. A host hears what is said unasked only where it listens. Kept over a restart (MAN)."""
        self.handlers[TechnologiesChanged] = self._technologies_changed
        self.handlers[TemperatureChanged] = self._temperature_changed

    def factory(self) -> Shell:
        """+CMEE is 1 at power-on (common.md 4: observed on EC21)."""
        return Shell(cmee=1)

    def reset_settings(self) -> None:
        super().reset_settings()
        self.network_time.forget()
        self.packet_events = EventReports()
        self.scan = self.stored_scan
        self.pinned = None
        self.cards.enabled = bool(self.cards.wanted)
        self.cards.pulled = False

    # ---- what is said unasked --------------------------------------------------------------------

    def say(self, item: str | tuple[str, ...] | ResultCode) -> None:
        """Lost here when AT+QURCCFG sends it to another port; result codes belong to this one."""
        here = isinstance(item, ResultCode) or (isinstance(item, str) and item.startswith(HERE))
        if here or self.urc_port == self.options.port_name:
            super().say(item)

    # ---- power -----------------------------------------------------------------------------------

    def farewell(self) -> Farewell:
        """POWERED DOWN, and three seconds later the contexts that were up (observed, TinyGSM#157)."""
        active = [context.number for context in self.stack.contexts if context.active]
        lost = tuple(f'+QIURC: "pdpdeact",{number}' for number in active)
        return ((0.0, (GOODBYE,)), ("shut down", lost))

    def power_down(self) -> None:
        """Say goodbye and be off."""
        self._write_item(GOODBYE)
        self.power.switch_off()

    # ---- the network -----------------------------------------------------------------------------

    def _usable(self) -> list[AccessTechnology]:
        """What would serve, in the order in which it is looked for."""
        network = self.network
        if network.offers == ROAMING and self.scan.roaming == HOME_ONLY:
            return []
        return [
            technology
            for technology in self.scan.order()
            if technology in network.technologies and self.pinned in (None, technology)
        ]

    def offered_registration(self) -> int:
        usable = self._usable()
        if not usable:
            return SEARCHING
        self.network.act = usable[0]
        return self.network.offers

    def look_again(self) -> None:
        """The network or AT+QCFG changed: a module that is served stays where it is, if it may."""
        registration, network = self.registration, self.network
        if not registration.allowed or registration.searching:
            return
        usable = self._usable()
        if network.registered and network.act in usable:
            return
        if network.registered or usable:
            self.detached()
            registration.search("search")

    def _technologies_changed(self, event: TechnologiesChanged) -> None:
        self.network.technologies = event.offered
        self.look_again()

    @property
    def on_lte(self) -> bool:
        """Whether the cell in use is one of LTE."""
        return self.network.act is not AccessTechnology.GSM

    def signal_quality(self) -> tuple[int, int]:
        """Nothing is measured without a card (observed, rakwireless 9966), nor before a cell is found.

        Zephyr activates its context as soon as a level is told.
        """
        if self.sim.state is SimState.ABSENT or self.network.stat in (0, SEARCHING):
            return self.no_signal
        return super().signal_quality()[0], NO_BER

    def registration_status(self, name: str) -> int:
        """Circuits (+CREG), packets of GSM (+CGREG) or of LTE (+CEREG)."""
        network = self.network
        if name == "+CREG":
            return 0 if network.registered and self.scan.domain == PACKETS_ONLY else network.stat
        if not network.registered:
            return network.stat
        if not network.attached:
            return 0
        return network.stat if self.on_lte is (name == "+CEREG") else UNKNOWN

    def cell(self, name: str) -> str:
        """``<ci>`` has eight digits on LTE; ``<AcT>`` follows (common.md 4); +CGREG=4 as observed."""
        network = self.network
        shown = f'"{network.lac:04X}","{network.ci:0{8 if self.on_lte else 4}X}"'
        level: int = getattr(self.shell, dict(self.registration_reports)[name])
        if level != FULL:
            return f"{shown},{network.act:d}"
        if name == "+CGREG":
            return f'{shown},"{network.act:d}",,,,"00000000","01100000","00000000"'
        return f'{shown},{network.act:d},,,"00000000","01100000"'

    def operator_suffix(self) -> str:
        return f",{self.network.act:d}"

    def packet_event(self, words: str) -> None:
        """+CGEV under AT+CGEREP (27.007 10.1.19)."""
        reports, line = self.packet_events, f"+CGEV: {words}"
        if reports.mode == 0:
            reports.held.append(line)
        elif reports.mode == 2 or self.data_mode is None:
            self.say(line)

    def _temperature_changed(self, event: TemperatureChanged) -> None:
        """Power management is some degrees warmer than the rest, as in the log (assumed)."""
        sensors, warmer = self.thermometer, Thermometer().pmic - Thermometer().xo
        sensors.pmic, sensors.xo, sensors.pa = event.celsius + warmer, event.celsius, event.celsius

    # ---- the card --------------------------------------------------------------------------------

    @property
    def card_pulled(self) -> bool:
        """Whether the card was pulled while the module was on, and none has been read since."""
        return self.cards.pulled and self.sim.state is SimState.ABSENT

    def card_moved(self, present: bool) -> None:
        """Without AT+QSIMDET a card put in is not looked at before the next start (MAN)."""
        cards = self.cards
        if present:
            if not cards.enabled:
                return
            self.power.card_in()
        else:
            self.power.card_out()
        cards.pulled = not present
        if cards.enabled:
            self.say(self.greeting.sim_line(self.sim.with_power) if present else "+CPIN: NOT READY")
            if cards.reports:
                self.say(f"+QSIMSTAT: 1,{int(present)}")

    # ---- network time ----------------------------------------------------------------------------

    def network_time_arrived(self, event: NetworkTimeArrived) -> None:
        """+CTZU lets it set the clock, +CTZR reports another zone (RAK prints +CTZE)."""
        if not self.power.on:
            return
        settings = self.network_time
        if settings.update:
            set_clock(self, event, local=settings.update == LOCAL_TIME)
        if not settings.hear(event, self.now):
            return
        zone = zone_words(event)
        if settings.zone_report == 1:
            self.say(f'+CTZV: "{zone}"')
        elif settings.zone_report == 2:
            self.say(f'+CTZE: "{zone}",{event.dst},"{local_of(event):%Y/%m/%d,%H:%M:%S}"')

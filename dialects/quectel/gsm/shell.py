"""What an M-series module does otherwise than others outside TCP/IP: one difference, one declaration.

Sources: observed.md (Mxx), common.md 2 and 4 to 11; MAN as in the README.
"""

from __future__ import annotations

from dataclasses import dataclass

from ....emulator.dialect import Dialect, Options
from ....emulator.events import NetworkTimeArrived, TemperatureChanged
from ....emulator.power import Greeting
from ...sms_pdu import type_of_address
from ...telephony import Telephony
from ..network_time import LOCAL_TIME, NetworkTime, set_clock, utc_of, zone_words

CALL_READY = (("call ready", "Call Ready"),)
"""An M95 says no `SMS Ready` (opentracker#25, #28); an MC60 does (observed)."""
FIXED_RATE = Greeting(ready=CALL_READY)
AUTOBAUD = Greeting(start=("+CFUN: {}",), ready=CALL_READY)
"""`RDY` is said only at a fixed rate (observed.md; MAN of +IPR)."""


@dataclass(slots=True)
class MxxNetworkTime(NetworkTime):
    """The settings survive a restart.

    A public MC60 firmware sets them, restarts, and expects them to be set (assumed for all).
    """

    report: int = 0
    """+QNITZ."""


def time_words(event: NetworkTimeArrived) -> str:
    """UTC, zone and daylight saving time: ``yy/MM/dd,hh:mm:ss+zz,d``.

    Logs from China and India (+QNITZ: "16/09/09,04:10:21+32,0") make sense as UTC only.
    """
    return f"{utc_of(event):%y/%m/%d,%H:%M:%S}{zone_words(event)},{event.dst}"


@dataclass(slots=True)
class Thermometer:
    """What AT+QTEMP reads; a scenario or test may change it. The values are those observed."""

    detecting: int = 1
    millivolts: int = 1123
    celsius: int = 36
    """The voltage does not follow it: how the sensor measures is nowhere said."""


class MxxShell(Telephony):
    """The shell of the M-series."""

    no_signal = (99, 99)
    """+CSQ without a signal (common.md 4; rt-thread's M26 driver waits for another answer)."""
    cms_error_always = True
    """Messages: +CMS ERROR also under +CMEE=0 (observed, opentracker#28)."""
    charset = "GSM"
    """+CSCS at power-on (MAN)."""

    def __init__(self, dialect: Dialect, options: Options) -> None:
        super().__init__(dialect, options)
        self.network_time = MxxNetworkTime()
        self.thermometer = Thermometer()
        self.rate_known = True
        self.handlers[TemperatureChanged] = self._temperature_changed

    def _temperature_changed(self, event: TemperatureChanged) -> None:
        self.thermometer.celsius = event.celsius

    # ---- the rate of the line --------------------------------------------------------------------

    def power_on(self) -> None:
        self.rate_known = self.options.powered and not self.options.boot
        super().power_on()

    def reset_settings(self) -> None:
        super().reset_settings()
        self.network_time.forget()
        self.rate_known = False

    def restore_profile(self) -> None:
        """With +IPR=0 a module that has just started cannot speak until the host has (observed, M95)."""
        super().restore_profile()
        fixed = bool(self.shell.rate)
        self.greeting = FIXED_RATE if fixed else AUTOBAUD
        if fixed:
            self.rate_known = True
        elif not self.rate_known:
            self.line.before_next_line(self._rate_found)

    def _rate_found(self) -> None:
        self.rate_known = True

    def _may_speak(self) -> bool:
        return self.rate_known and super()._may_speak()

    # ---- words -----------------------------------------------------------------------------------

    def pin_accepted(self) -> None:
        """+CPIN: READY stands before the OK (observed, M95)."""
        with self.interjecting():
            super().pin_accepted()

    def clip_words(self) -> str:
        """+CLIP with an empty <satype> (M95 manual's example, as many hosts quote it)."""
        number = self.phone.number
        kind, validity = (type_of_address(number), 0) if number else (128, 1)
        return f'+CLIP: "{number}",{kind},"",,"",{validity}'

    # ---- network time ----------------------------------------------------------------------------

    def network_time_arrived(self, event: NetworkTimeArrived) -> None:
        """+QNITZ=1 reports it, +CTZR=1 a change of zone; the clock follows unless all is off (assumed)."""
        if not self.power.on:
            return
        settings = self.network_time
        if settings.update or settings.report:
            set_clock(self, event, local=settings.update == LOCAL_TIME)
        if settings.report:
            self.say(f'+QNITZ: "{time_words(event)}"')
        if settings.hear(event, self.now) and settings.zone_report:
            self.say(f'+CTZV: "{zone_words(event)}"')

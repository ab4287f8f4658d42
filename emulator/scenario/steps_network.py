"""Steps of the mobile network, the card, the supply and the telephone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from .. import faults
from ..dialect import Options
from ..effects import SetSignal
from ..events import (
    CallArrived,
    CallerHungUp,
    CardWants,
    Event,
    LineSignal,
    NetworkTimeArrived,
    PacketServiceChanged,
    PdpLost,
    PdpRefusalChanged,
    PdpReleaseChanged,
    PowerChanged,
    RegistrationChanged,
    SignalChanged,
    SimChanged,
    SmsArrived,
    TemperatureChanged,
    UssdAnswerChanged,
    UssdArrived,
    UssdResult,
)
from ..orders import Scribble
from . import values
from .actions import Cell, Context, NewCard, Power, Ussd, Walk
from .model import Network
from .stage import Stage

STAT = {"not_searching": 0, "home": 1, "searching": 2, "denied": 3, "unknown": 4, "roaming": 5}
"""27.007 7.2."""


def offered(network: Network) -> dict[type[Event], RegistrationChanged | SignalChanged]:
    """What the network of a scenario offers at the beginning."""
    rssi = Options().rssi if network.rssi is UNSET else network.rssi
    return {
        RegistrationChanged: RegistrationChanged(STAT[network.registered]),
        SignalChanged: SignalChanged(rssi, 0),
    }


RING = 5.0
"""Seconds between two rings (common.md 6)."""
COVERAGE = "coverage"
"""The name of the impairment that a lost coverage is."""


def _coverage(stage: Stage, what: str) -> None:
    """Nothing passes, nobody is found; TCP lives on and goes on when the network is back."""
    if what == "lost":
        stage.order(faults.Impair(COVERAGE, faults.Anything(), (faults.Blackhole(),)))
        stage.order(SignalChanged(99, 99))
        stage.order(RegistrationChanged(STAT["searching"]))
        return
    stage.order(faults.Restore(COVERAGE))
    stage.order(stage.director.offered[SignalChanged])
    stage.order(stage.director.offered[RegistrationChanged])


def _register(stage: Stage, cell: Cell | str) -> None:
    if isinstance(cell, str):
        cell = Cell(to=cell)  # type: ignore[arg-type]
    lac = None if cell.lac is UNSET else cell.lac
    ci = None if cell.ci is UNSET else cell.ci
    change = RegistrationChanged(STAT[cell.to], lac, ci)
    stage.director.network(change)
    stage.order(change)


def _signal(stage: Stage, signal: Any) -> None:
    rssi = signal.rssi
    if isinstance(rssi, Walk):
        low, high = rssi.walk
        level = stage.playing.level
        if level is None:
            level = stage.playing.chance.randint(low, high)
        else:
            level += stage.playing.chance.randint(-rssi.step, rssi.step)
        rssi = stage.playing.level = min(max(level, low), high)
    change = SignalChanged(rssi, signal.ber)
    stage.director.network(change)
    stage.order(change)


def _attach(stage: Stage, what: str) -> None:
    stage.order(PacketServiceChanged(what == "back"))


def _pdp_deact(stage: Stage, context: Context) -> None:
    stage.order(PdpLost(None if context.context is UNSET else context.context))


def _pdp(stage: Stage, what: str) -> None:
    if what in ("refuse", "grant"):
        stage.order(PdpRefusalChanged(what == "refuse"))
    else:
        stage.order(PdpReleaseChanged(what == "release"))


def _sim(stage: Stage, what: NewCard | str) -> None:
    if isinstance(what, str):
        stage.order(SimChanged(what == "insert"))
        return
    stage.order(SimChanged(False))
    stage.order(SimChanged(True, CardWants(what.asks), what.pin, what.puk))


def _power(stage: Stage, power: Power | str) -> None:
    if isinstance(power, str):
        power = Power(action=power)  # type: ignore[arg-type]
    back = values.seconds(power.boot_time) if power.action in ("crash", "brownout") else None
    stage.director.power(back)
    if power.action == "brownout" and power.noise:
        stage.order(Scribble(stage.playing.chance.randbytes(power.noise)))
    if power.action != "on":
        stage.order(PowerChanged(False))
    if power.action in ("on", "reset"):
        stage.order(PowerChanged(True))


# ---- the telephone -------------------------------------------------------------------------------


def _sms(stage: Stage, sms: Any) -> None:
    stage.order(SmsArrived(sms.from_, sms.text))


def _ussd(stage: Stage, ussd: Ussd) -> None:
    said = UssdArrived(ussd.text, UssdResult[ussd.result.upper()])
    if ussd.to is UNSET:
        stage.director.later(values.seconds(ussd.delay), said)
        return
    times = None if ussd.times is UNSET else ussd.times
    stage.order(UssdAnswerChanged(ussd.to, said, values.seconds(ussd.delay), times))


def _ring(stage: Stage, ring: Any) -> None:
    """A caller who rings N times has given up before the next one."""
    director = stage.director
    stage.order(CallArrived(ring.from_))
    times = 1 if ring.times is UNSET else ring.times
    if ring.ri_line:
        for n in range(times):
            director.later(n * RING, SetSignal(LineSignal.RI, True))
            director.later(n * RING + 1.0, SetSignal(LineSignal.RI, False))
    if ring.for_ is not UNSET:
        director.later(values.seconds(ring.for_), CallerHungUp())
    elif ring.times is not UNSET:
        director.later(times * RING - 1.0, CallerHungUp())


def _time(stage: Stage, time: Any) -> None:
    stage.order(NetworkTimeArrived(values.utc_seconds(time.utc), time.zone, time.dst))


def _temperature(stage: Stage, celsius: int) -> None:
    stage.order(TemperatureChanged(celsius))


NETWORK_STEPS: dict[str, Callable[[Stage, Any], None]] = {
    "coverage": _coverage,
    "register": _register,
    "signal": _signal,
    "attach": _attach,
    "pdp_deact": _pdp_deact,
    "pdp": _pdp,
    "sim": _sim,
    "power": _power,
    "sms": _sms,
    "ring": _ring,
    "ussd": _ussd,
    "time": _time,
    "temperature": _temperature,
}

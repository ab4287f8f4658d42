"""What each step of a rule does: one function for each key, in the order of the reference.

A step orders events for the module, faults for the path or changes on the line; about a command that is
just being executed it decides through :class:`Gated`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from .. import faults
from ..dialect import Options
from ..effects import SetSignal
from ..events import (
    CallArrived,
    CallerHungUp,
    Event,
    Failure,
    LineSignal,
    NetworkTimeArrived,
    PacketServiceChanged,
    PdpLost,
    PdpRefusalChanged,
    PdpReleaseChanged,
    PowerChanged,
    RegistrationChanged,
    SendsRefused,
    SignalChanged,
    SimChanged,
    SmsArrived,
    UrcInjected,
)
from ..orders import Note, Order, Scribble
from ..tampering import Act, Incoming, Verdict
from . import values
from .happenings import glob
from .model import Between, Cell, Context, Fail, Impairment, Network, Power, Step, Urc, Walk
from .witness import Witness

if TYPE_CHECKING:
    from .director import Director
    from .playing import Playing

STAT = {"not_searching": 0, "home": 1, "searching": 2, "denied": 3, "unknown": 4, "roaming": 5}
"""27.007 7.2."""


@dataclass(slots=True)
class Gated:
    """What rules decide about the command that is about to be executed."""

    events: list[Event] = field(default_factory=list)
    behind: list[Order] = field(default_factory=list)
    undone: list[Order] = field(default_factory=list)
    """What takes back a failure that the command was to meet, but did not get as far as."""
    delay: float = 0.0
    act: Act = Act.PROCEED
    result: str = ""
    reply: bytes = b""

    def verdict(self) -> Verdict | None:
        """All decisions in one; None if there are none."""
        if not self.events and not self.delay and self.act is Act.PROCEED:
            return None
        return Verdict(self.act, self.delay, tuple(self.events), self.result, self.reply)


class Stage:
    """What the steps of one rule, taken once, have in hand."""

    def __init__(self, director: Director, playing: Playing, gated: Gated | None, witness: Witness) -> None:
        self.director = director
        self.playing = playing
        self.gated = gated
        self.witness = witness

    def order(self, order: Order) -> None:
        """Ask for something; an event, while a command is about to be executed, comes before it."""
        if self.gated is not None and isinstance(order, Event):
            self.gated.events.append(order)
            self.director.order(Note(f"before the command: {order}"))
        else:
            self.director.order(order)

    def drawn(self, duration: str | Between) -> float:
        """A duration, drawn if it is a range."""
        if isinstance(duration, Between):
            low, high = map(values.seconds, duration.between)
            return self.playing.chance.uniform(low, high)
        return values.seconds(duration)

    def targets(self, link: int | str) -> list[faults.Target]:
        """The sockets of a link, or all there are and will be."""
        if link == "any":
            return [faults.Anything()]
        return [faults.OneSocket(handle) for handle in self.witness.handles(link)[-1:]]


def perform(stage: Stage, step: Step) -> None:
    """Take one step."""
    (key,) = step.given()
    STEPS[key](stage, getattr(step, key))


# ---- the story itself ----------------------------------------------------------------------------


def _mark(stage: Stage, name: str) -> None:
    stage.director.mark(name)


def _log(stage: Stage, text: str) -> None:
    stage.order(Note(text))


def _verdict(stage: Stage, verdict: str) -> None:
    stage.director.judge(verdict)


# ---- the mobile network --------------------------------------------------------------------------


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


def _sim(stage: Stage, what: str) -> None:
    stage.order(SimChanged(what == "insert"))


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


# ---- a command -----------------------------------------------------------------------------------


def _fail(stage: Stage, fail: Fail) -> None:
    stage.director.arm(_wanted(fail), lambda gated: _failing(stage, fail, gated), fail.times)


def _wanted(fail: Fail) -> Callable[[Incoming], bool]:
    if fail.op is not UNSET:
        op = fail.op
        return lambda incoming: incoming.op == op
    assert fail.command is not UNSET
    pattern = glob(fail.command)
    return lambda incoming: pattern.fullmatch(incoming.text) is not None


def _failing(stage: Stage, fail: Fail, gated: Gated) -> None:
    """What the network can do, it does, so that each module says its own words; the rest is an error."""
    if fail.reply is not UNSET:
        gated.act, gated.reply = Act.REPLY, fail.reply.encode("latin-1", "replace")
        return
    fault = NETWORK_FAILURES.get(fail.result)
    around = AROUND.get(fail.result)
    if fault is not None:
        stage.director.order(fault)
        gated.undone.append(faults.AnswerAsUsual(fault.name))
    elif around is not None:
        gated.events.append(around[0])
        gated.behind.append(around[1])
    else:
        gated.act, gated.result = Act.ERROR, fail.result


NETWORK_FAILURES: dict[str, faults.AnswerConnects | faults.AnswerNames] = {
    "connect_fail": faults.AnswerConnects("fail", faults.Anything(), Failure.REFUSED, times=1),
    "dns_fail": faults.AnswerNames("fail", "*", Failure.NOT_FOUND, times=1),
}
AROUND: dict[str, tuple[Event, Event]] = {
    "activate_fail": (PdpRefusalChanged(True), PdpRefusalChanged(False)),
    "deactivate_fail": (PdpReleaseChanged(False), PdpReleaseChanged(True)),
    "send_fail": (SendsRefused(True), SendsRefused(False)),
}
"""What is true while the command is executed, and no more behind it."""


def _decide(stage: Stage) -> Gated:
    """Only a rule that a received command triggers gets here: loading has checked it."""
    assert stage.gated is not None
    return stage.gated


def _delay(stage: Stage, duration: str | Between) -> None:
    _decide(stage).delay += stage.drawn(duration)


def _intercept(stage: Stage, what: str) -> None:
    _decide(stage).act = Act(what)
    _decide(stage).result = "error"


def _reply(stage: Stage, text: str) -> None:
    gated = _decide(stage)
    gated.act, gated.reply = Act.REPLY, text.encode("latin-1", "replace")


def _hang(stage: Stage, _true: bool) -> None:
    _decide(stage).act = Act.HANG


# ---- sockets and the path ------------------------------------------------------------------------

PEER_ACTIONS = {action.value: action for action in faults.PeerAction}


def _socket(stage: Stage, socket: Any) -> None:
    """``blackhole``, ``pause`` and ``resume`` are chains of their own, one for each link."""
    chain = f"socket {socket.link}"
    if socket.action == "resume":
        stage.order(faults.Restore(chain))
        return
    targets = stage.targets(socket.link)
    if not targets:
        stage.order(Note(f"socket: link {socket.link} has no connection"))
    for target in targets:
        if socket.action in PEER_ACTIONS:
            stage.order(faults.ActAsPeer(target, PEER_ACTIONS[socket.action]))
        elif socket.action == "blackhole":
            stage.order(faults.Impair(chain, target, (faults.Blackhole(),)))
        else:
            stage.order(faults.Impair(chain, target, (faults.Stall(values.size(socket.window)),)))


def toxics(link: Impairment) -> tuple[faults.Toxic, ...]:
    """The chain that an impairment is; raises ``ValueError`` for nonsense."""
    found: list[faults.Toxic] = []
    if link.latency is not UNSET or link.jitter is not UNSET:
        latency = 0.0 if link.latency is UNSET else values.seconds(link.latency)
        jitter = 0.0 if link.jitter is UNSET else values.seconds(link.jitter)
        found.append(faults.Latency(latency, jitter))
    if link.bandwidth is not UNSET:
        found.append(faults.Bandwidth(values.rate(link.bandwidth)))
    if link.loss is not UNSET:
        found.append(faults.Loss(values.probability(link.loss)))
    if link.reorder is not UNSET:
        found.append(faults.Reorder(values.probability(link.reorder), 0.1))
    if link.duplicate is not UNSET:
        found.append(faults.Duplicate(values.probability(link.duplicate)))
    if link.average_size is not UNSET:
        delay = values.seconds(link.slice_delay)
        found.append(faults.Slicer(link.average_size, link.size_variation, delay))
    if link.slow_close is not UNSET:
        found.append(faults.SlowClose(values.seconds(link.slow_close)))
    if link.limit_data is not UNSET:
        found.append(faults.LimitData(values.size(link.limit_data)))
    if link.timeout is not UNSET:
        found.append(faults.Timeout(values.seconds(link.timeout)))
    if link.reset_peer is not UNSET:
        found.append(faults.ResetPeer(values.seconds(link.reset_peer)))
    if link.blackhole is not UNSET:
        found.append(faults.Blackhole())
    return tuple(found)


def _link(stage: Stage, link: Impairment) -> None:
    chain, direction = toxics(link), faults.Direction(link.direction)
    stage.director.off_links(link.name)
    targets = [faults.Peers(link.peer)] if link.peer is not UNSET else stage.targets(link.link)
    if isinstance(link.link, int):
        stage.director.on_link(link.link, faults.Impair(link.name, faults.Anything(), chain, direction))
    for target in targets:
        stage.order(faults.Impair(link.name, target, chain, direction))


def _restore(stage: Stage, restore: Any) -> None:
    name = None if restore.name is UNSET else restore.name
    stage.director.off_links(name)
    stage.order(faults.Restore(name))


CONNECT_ANSWERS: dict[str, Failure | faults.NoAnswer | None] = {
    "refuse": Failure.REFUSED,
    "silence": faults.NoAnswer.SILENCE,
    "unreachable": Failure.UNREACHABLE,
    "normal": None,
}
NAME_ANSWERS: dict[str, Failure | faults.NoAnswer | None] = {
    "nxdomain": Failure.NOT_FOUND,
    "silence": faults.NoAnswer.SILENCE,
    "normal": None,
}


def _connects(stage: Stage, connects: Any) -> None:
    name = f"connects {'' if connects.peer is UNSET else connects.peer}"
    delay = values.seconds(connects.delay)
    if connects.answer == "normal" and not delay:
        stage.order(faults.AnswerAsUsual(name))
        return
    target = faults.Anything() if connects.peer is UNSET else faults.Peers(connects.peer)
    times = None if connects.times is UNSET else connects.times
    answer = CONNECT_ANSWERS[connects.answer]
    stage.order(faults.AnswerConnects(name, target, answer, delay=delay, times=times))


def _dns(stage: Stage, dns: Any) -> None:
    name, delay = f"dns {dns.name}", values.seconds(dns.delay)
    if dns.answer == "normal" and not delay:
        stage.order(faults.AnswerAsUsual(name))
        return
    answer = NAME_ANSWERS[dns.answer] if isinstance(dns.answer, str) else tuple(dns.answer)
    times = None if dns.times is UNSET else dns.times
    stage.order(faults.AnswerNames(name, dns.name, answer, delay=delay, times=times, ttl=dns.ttl))


# ---- the serial line -----------------------------------------------------------------------------


def _garble(stage: Stage, garble: Any) -> None:
    stage.director.noise.arm(garble, stage.playing.chance)


def _line(stage: Stage, lines: Any) -> None:
    for name in lines.given():
        stage.order(SetSignal(LineSignal(name.upper()), getattr(lines, name) == "on"))


def _urc(stage: Stage, urc: Urc | str) -> None:
    if isinstance(urc, str):
        stage.order(UrcInjected(urc))
    else:
        stage.order(UrcInjected(urc.text, urc.at_once))


# ---- the telephone -------------------------------------------------------------------------------


def _sms(stage: Stage, sms: Any) -> None:
    stage.order(SmsArrived(sms.from_, sms.text))


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


def utc_seconds(text: str) -> float:
    """``2026-11-25T12:00:00Z`` in seconds since the epoch; raises ``ValueError`` for what no calendar has."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()


def _time(stage: Stage, time: Any) -> None:
    stage.order(NetworkTimeArrived(utc_seconds(time.utc), time.zone, time.dst))


STEPS: dict[str, Callable[[Stage, Any], None]] = {
    "mark": _mark,
    "log": _log,
    "verdict": _verdict,
    "coverage": _coverage,
    "register": _register,
    "signal": _signal,
    "attach": _attach,
    "pdp_deact": _pdp_deact,
    "pdp": _pdp,
    "sim": _sim,
    "power": _power,
    "fail": _fail,
    "delay": _delay,
    "intercept": _intercept,
    "reply": _reply,
    "hang": _hang,
    "socket": _socket,
    "link": _link,
    "restore": _restore,
    "connects": _connects,
    "dns": _dns,
    "garble": _garble,
    "line": _line,
    "urc": _urc,
    "sms": _sms,
    "ring": _ring,
    "time": _time,
}
"""Every step but ``wait``, which the director itself takes."""
DECIDING = frozenset({"delay", "intercept", "reply", "hang"})
"""Steps that decide about the command that triggers their rule, before it is executed."""

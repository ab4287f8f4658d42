"""Steps of what peers and the way to them do: sockets, impairments, answers to connections and names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from .. import faults
from ..events import Failure
from ..orders import Note
from . import values
from .actions import Impairment
from .stage import Stage

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


PATH_STEPS: dict[str, Callable[[Stage, Any], None]] = {
    "socket": _socket,
    "link": _link,
    "restore": _restore,
    "connects": _connects,
    "dns": _dns,
}

"""What a scenario can ask of the path between the module's sockets and their peers: plain data.

A path carries one socket's traffic in two directions. It is the sum of the chains that match the socket,
in the order in which they were put up; each chain is a row of *toxics*. Names are Toxiproxy's where they
mean the same. Every fault here is an effect for the netstack, performed in order with the module's own:
:mod:`vmodem.netstack.impair` knows them, a netstack without it refuses them loudly.

Times are in seconds, sizes in bytes, probabilities from 0 to 1. Nonsense raises ``ValueError`` at
construction, naming the field, so that a scenario's author hears of it at load.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from .effects import NetEffect
from .events import Failure
from .fact import fact


class Direction(Enum):
    """Which way traffic goes, seen from the module."""

    TO_NET = "to_net"
    """What the module sends, its connection requests among it."""
    TO_HOST = "to_host"
    """What comes to the module, the peer's acknowledgements among it."""
    BOTH = "both"


# ---- which sockets ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OneSocket:
    """The socket with this handle (``SocketAssigned`` tells which link has it)."""

    handle: int


@dataclass(frozen=True, slots=True)
class Peers:
    """Sockets, open or opened later, whose peer matches ``pattern``.

    A glob (``*``, ``?``, ``[...]``, letter case ignored) on ``tcp://host:port`` or ``udp://host:port``, with
    the host as the module asked for it: its address, or the name that it was looked up by. A client that the
    module accepted is known by where it comes from.
    """

    pattern: str

    def __post_init__(self) -> None:
        scheme, slashes, rest = self.pattern.partition("://")
        if not slashes or not scheme or not rest:
            raise ValueError(
                f"pattern {self.pattern!r}: write it as tcp://HOST:PORT, with * where any will do"
            )
        if scheme.lower() not in ("tcp", "udp") and not any(sign in scheme for sign in "*?["):
            raise ValueError(f"pattern {self.pattern!r}: the scheme is neither tcp, udp nor a glob")


@dataclass(frozen=True, slots=True)
class Anything:
    """Every socket, open or opened later, and lookups, pings and NTP: the network as a whole."""


Target = OneSocket | Peers | Anything


# ---- what happens to traffic on its way ---------------------------------------------------------


def _check(name: str, value: float, low: float = 0.0, high: float = math.inf) -> None:
    if not (low <= value <= high and math.isfinite(value)):
        upper = "" if high == math.inf else f" and at most {high:g}"
        raise ValueError(f"{name} {value!r} must be a number, at least {low:g}{upper}")


@dataclass(frozen=True, slots=True)
class Toxic:
    """Base of what a chain is made of."""


@dataclass(frozen=True, slots=True)
class Latency(Toxic):
    """Everything takes ``latency`` +/- ``jitter`` longer; what was first stays first.

    In both directions a round trip takes twice as long.
    """

    latency: float
    jitter: float = 0.0

    def __post_init__(self) -> None:
        _check("latency", self.latency)
        _check("jitter", self.jitter)


@dataclass(frozen=True, slots=True)
class Bandwidth(Toxic):
    """At most ``rate`` bytes a second get through (Toxiproxy counts KB)."""

    rate: float

    def __post_init__(self) -> None:
        _check("rate", self.rate, 1.0)


@dataclass(frozen=True, slots=True)
class Loss(Toxic):
    """A datagram vanishes with this probability. TCP is left alone: it would send again."""

    probability: float

    def __post_init__(self) -> None:
        _check("probability", self.probability, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Reorder(Toxic):
    """A datagram is held back for ``delay`` with this probability; later ones overtake it. Not TCP."""

    probability: float
    delay: float

    def __post_init__(self) -> None:
        _check("probability", self.probability, 0.0, 1.0)
        _check("delay", self.delay)


@dataclass(frozen=True, slots=True)
class Duplicate(Toxic):
    """A datagram arrives twice with this probability. Not TCP."""

    probability: float

    def __post_init__(self) -> None:
        _check("probability", self.probability, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Slicer(Toxic):
    """TCP comes in pieces of ``average_size`` +/- ``size_variation``, ``delay`` apart. Not UDP."""

    average_size: int
    size_variation: int = 0
    delay: float = 0.0

    def __post_init__(self) -> None:
        _check("average_size", self.average_size, 1)
        _check("size_variation", self.size_variation, 0, self.average_size - 1)
        _check("delay", self.delay)


@dataclass(frozen=True, slots=True)
class SlowClose(Toxic):
    """A FIN takes ``delay`` longer than the data in front of it."""

    delay: float

    def __post_init__(self) -> None:
        _check("delay", self.delay)


@dataclass(frozen=True, slots=True)
class LimitData(Toxic):
    """After ``size`` bytes in this direction, counted from when the chain was put up, TCP is closed.

    What was within the limit arrives, then FIN at both ends; the rest is lost. UDP: the rest is lost.
    """

    size: int

    def __post_init__(self) -> None:
        _check("size", self.size)


@dataclass(frozen=True, slots=True)
class Timeout(Toxic):
    """No data passes, and ``timeout`` after the chain was put up (or the connection begun) TCP is closed.

    0: never closed; what TCP holds goes on when the chain is taken away. Unlike behind :class:`Blackhole`
    connections are made.
    """

    timeout: float = 0.0

    def __post_init__(self) -> None:
        _check("timeout", self.timeout)


@dataclass(frozen=True, slots=True)
class ResetPeer(Toxic):
    """``timeout`` after the chain was put up (or the connection begun) TCP is reset at both ends."""

    timeout: float = 0.0

    def __post_init__(self) -> None:
        _check("timeout", self.timeout)


@dataclass(frozen=True, slots=True)
class Blackhole(Toxic):
    """Packets vanish. Datagrams are lost; TCP, which sends again, goes on when the chain is taken away.

    To the net: data is sent and not acknowledged, a connection request is not answered. To the host: the
    same seen from the module, but the peer has the data. Coverage lost is both, for :class:`Anything`.
    """


@dataclass(frozen=True, slots=True)
class Stall(Toxic):
    """The peer's program is stopped: its stack acknowledges ``window`` bytes more, then nothing (TCP).

    Put up to the net; with it to the host (or both) the peer writes nothing either, but acknowledgements
    come. UDP to a stopped program is lost.
    """

    window: int = 0

    def __post_init__(self) -> None:
        _check("window", self.window)


# ---- the faults ---------------------------------------------------------------------------------


@fact
class Fault(NetEffect):
    """Base of what a scenario asks of the network path."""


@fact
class Impair(Fault):
    """Put up the chain ``name``; one of the same name is replaced in its place.

    What is under way is neither lost nor doubled: it goes on through the new chain. ``name`` also seeds the
    chain's chances, so that a second chain does not shift those of the first.
    """

    name: str
    target: Target
    toxics: tuple[Toxic, ...]
    direction: Direction = Direction.BOTH


@fact
class Restore(Fault):
    """Take the chain ``name`` away (``None``: all chains). One that is not there is no mistake."""

    name: str | None = None


class PeerAction(Enum):
    """What happens at once to open TCP connections; UDP sockets and listeners are left alone."""

    CLOSE = "close"
    """The peer closes: FIN behind the data under way; what the module sends after it is answered by RST."""
    HALF_CLOSE = "half_close"
    """The peer sends FIN behind the data under way, and goes on taking what the module sends."""
    RESET = "reset"
    """RST arrives at both ends now; data under way is lost."""


@fact
class ActAsPeer(Fault):
    """Do ``action`` to the matching connections that are open now. None matches: nothing happens."""

    target: Target
    action: PeerAction


class NoAnswer(Enum):
    """Silence, where an answer is expected."""

    SILENCE = "silence"


@fact
class AnswerConnects(Fault):
    """From now on connections that the module opens to ``target`` end so (TCP).

    ``answer``: a ``Failure`` such as ``REFUSED`` or ``UNREACHABLE``; ``NoAnswer.SILENCE``; ``None``: as
    without this fault. Each after ``delay``. ``times``: for so many connections (``None``: all). ``name``
    replaces the fault of the same name. Of several that match one that goes ``first``, then the first put
    up counts.
    """

    name: str
    target: Target
    answer: Failure | NoAnswer | None
    delay: float = 0.0
    times: int | None = None
    first: bool = False

    def __post_init__(self) -> None:
        _check("delay", self.delay)
        if self.times is not None:
            _check("times", self.times, 1)


@fact
class AnswerNames(Fault):
    """From now on the lookup of names that match the glob ``pattern`` ends so.

    ``answer``: IPv4 addresses; a ``Failure`` (``NOT_FOUND`` is NXDOMAIN); ``NoAnswer.SILENCE``; ``None``: as
    without this fault. Each after ``delay``. ``times``, ``name`` and order as for :class:`AnswerConnects`.
    Where such an address leads is checked when the module connects, like any other.
    """

    name: str
    pattern: str
    answer: tuple[str, ...] | Failure | NoAnswer | None
    delay: float = 0.0
    times: int | None = None
    ttl: int = 0
    first: bool = False

    def __post_init__(self) -> None:
        _check("delay", self.delay)
        _check("ttl", self.ttl)
        if self.times is not None:
            _check("times", self.times, 1)
        if self.answer == ():
            raise ValueError("answer is empty; for a name that does not exist say Failure.NOT_FOUND")


@fact
class AnswerAsUsual(Fault):
    """Take away the :class:`AnswerConnects` and :class:`AnswerNames` called ``name`` (``None``: all)."""

    name: str | None = None

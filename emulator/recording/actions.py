"""What the ``*`` steps of a transcript can say: each phrase and the value it stands for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..events import (
    CallArrived,
    Event,
    LineChanged,
    LineSignal,
    PdpLost,
    PdpRefusalChanged,
    SmsArrived,
)
from .text import Place, unescape

CALLER = "+8613800138000"


@dataclass(frozen=True, slots=True)
class Inject:
    """Something happens to the module that no peer does."""

    event: Event


@dataclass(frozen=True, slots=True)
class PeerSends:
    """A server sends; ``local_port`` is the module's (UDP)."""

    transport: str
    host: str
    port: int
    data: bytes
    local_port: int | None = None


@dataclass(frozen=True, slots=True)
class PeerEnds:
    """A server closes its latest connection (or resets it)."""

    host: str
    port: int
    reset: bool = False


@dataclass(frozen=True, slots=True)
class PeerAccepts:
    """A server accepts (or refuses) connections from now on."""

    host: str
    port: int
    accepts: bool


@dataclass(frozen=True, slots=True)
class LinkPeerSends:
    """The far end of the module's n-th TCP connection (from 0) sends."""

    link: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ClientConnects:
    """A client connects to the module's listener, of PDP context ``context`` if that is said."""

    host: str
    port: int | None = None
    context: int | None = None


@dataclass(frozen=True, slots=True)
class RowConnects:
    """Clients ``first`` to ``last`` (from 1) of the header's row connect, in order."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ClientSends:
    """A client that is connected sends."""

    host: str
    port: int | None
    data: bytes


@dataclass(frozen=True, slots=True)
class ClientEnds:
    """A client closes (or resets)."""

    host: str
    port: int | None
    reset: bool = False


@dataclass(frozen=True, slots=True)
class NothingHappens:
    """Said for the reader; the module must not have written anything."""


@dataclass(frozen=True, slots=True)
class DriverOpens:
    """The driver opens its port, or closes it: DTR follows, where opening a port switches it."""

    opens: bool


@dataclass(frozen=True, slots=True)
class StandIn:
    """From here on ``text`` stands for something that the recorder kept to itself (``kind``: what)."""

    text: bytes
    kind: str


@dataclass(frozen=True, slots=True)
class ExpectReceived:
    """A server has received exactly this since the last such step."""

    host: str
    port: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ExpectPulse:
    """A line goes ON (low) for this long, and the module writes nothing meanwhile."""

    signal: LineSignal
    seconds: float


Action = (
    Inject
    | PeerSends
    | PeerEnds
    | PeerAccepts
    | LinkPeerSends
    | ClientConnects
    | RowConnects
    | ClientSends
    | ClientEnds
    | NothingHappens
    | DriverOpens
    | StandIn
    | ExpectReceived
    | ExpectPulse
)

_Build = Callable[[re.Match[str], Place], Action]

_HOST = r"(?P<host>\d+\.\d+\.\d+\.\d+|[\w-]+(?:\.[\w-]+)+)"
_SERVER = rf"{_HOST}:(?P<port>\d+)"
_CLIENT = rf"client {_HOST}(?::(?P<port>\d+))?"
_TEXT = r'"(?P<text>(?:[^"\\]|\\.)*)"'


def _number(found: re.Match[str], name: str) -> int | None:
    return int(found[name]) if found[name] else None


def _dtr(on: bool) -> _Build:
    return lambda found, place: Inject(LineChanged(LineSignal.DTR, on))


def _event(event: Event) -> _Build:
    return lambda found, place: Inject(event)


def _peer_sends(found: re.Match[str], place: Place) -> Action:
    local = _number(found, "local")
    if found["transport"] == "tcp" and local is not None:
        raise place.error("a TCP peer sends on its connection, not to a local port")
    data = unescape(found["text"], place)
    return PeerSends(found["transport"], found["host"], int(found["port"]), data, local)


_PHRASES: list[tuple[str, _Build]] = [
    (r"DTR (?:low|ON \(low\))", _dtr(True)),
    (r"DTR (?:high|OFF \(high\))", _dtr(False)),
    (r"no events: module sleeps", lambda found, place: NothingHappens()),
    (
        r"the driver (?P<verb>opens|closes) its port",
        lambda found, place: DriverOpens(found["verb"] == "opens"),
    ),
    (
        rf"{_TEXT} stands for an? (?P<kind>[\w ]+)",
        lambda found, place: StandIn(unescape(found["text"], place), found["kind"]),
    ),
    (r"incoming call", _event(CallArrived(CALLER))),
    (
        r"SMS arrives in SM slot (?P<slot>\d+)",
        lambda found, place: Inject(SmsArrived(CALLER, "hello", int(found["slot"]))),
    ),
    (r"(?:AT\+CGATT=0 equivalent: network drops the|network deactivates PDP) context", _event(PdpLost())),
    (
        r"network deactivates context (?P<context>\d+)",
        lambda found, place: Inject(PdpLost(int(found["context"]))),
    ),
    (r"network refuses PDP activation from now on", _event(PdpRefusalChanged(True))),
    (r"network grants PDP activation again", _event(PdpRefusalChanged(False))),
    (
        rf"(?P<transport>tcp|udp) {_SERVER} sends {_TEXT}(?: to local port (?P<local>\d+))?",
        _peer_sends,
    ),
    (
        rf"tcp {_SERVER} (?P<verb>closes|resets)",
        lambda found, place: PeerEnds(found["host"], int(found["port"]), found["verb"] == "resets"),
    ),
    (
        rf"tcp {_SERVER} refuses from now on",
        lambda found, place: PeerAccepts(found["host"], int(found["port"]), False),
    ),
    (
        rf"tcp {_SERVER} accepts again",
        lambda found, place: PeerAccepts(found["host"], int(found["port"]), True),
    ),
    (
        rf"peer of link (?P<link>\d+) sends {_TEXT}",
        lambda found, place: LinkPeerSends(int(found["link"]), unescape(found["text"], place)),
    ),
    (
        rf"{_CLIENT} connects(?: in context (?P<context>\d+))?",
        lambda found, place: ClientConnects(found["host"], _number(found, "port"), _number(found, "context")),
    ),
    (r"(?P<count>\d+) clients connect", lambda found, place: RowConnects(1, int(found["count"]))),
    (
        r"client (?P<which>\d+) connects",
        lambda found, place: RowConnects(int(found["which"]), int(found["which"])),
    ),
    (
        rf"{_CLIENT} sends {_TEXT}",
        lambda found, place: ClientSends(
            found["host"], _number(found, "port"), unescape(found["text"], place)
        ),
    ),
    (
        rf"{_CLIENT} (?P<verb>closes|resets)",
        lambda found, place: ClientEnds(found["host"], _number(found, "port"), found["verb"] == "resets"),
    ),
    (
        rf"expect peer {_SERVER} received {_TEXT}",
        lambda found, place: ExpectReceived(
            found["host"], int(found["port"]), unescape(found["text"], place)
        ),
    ),
    (
        r"expect (?P<line>RI|DCD) low pulse (?P<ms>\d+) ms, nothing on the serial port",
        lambda found, place: ExpectPulse(LineSignal(found["line"]), int(found["ms"]) / 1000),
    ),
]


def parse_action(text: str, place: Place) -> Action:
    """The action that a ``*`` step names; a phrase not in the table is a :class:`FormatError`."""
    for pattern, build in _PHRASES:
        found = re.fullmatch(pattern, text)
        if found is not None:
            return build(found, place)
    raise place.error(f"unknown event {text!r}")

"""The lines in front of a dialogue: who takes part, and what makes the module print what it prints."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ...netstack.script import AckAll, AckLimit, Close, Expect, Reset, Send, Step
from .text import Place, integer, unescape

DIALECTS = ("mxx", "bg96", "sim800")
NAMES = {"mxx": "quectel_mxx"}
"""What transcripts call a dialect that has another name."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A remote server. ``host`` may be a name of the ``dns`` lines; ``script`` None: takes anything."""

    place: Place
    transport: str
    host: str
    port: int
    refuses: bool = False
    script: tuple[Step, ...] | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """A remote client (or ``last`` for a row of them, by the last number of the address)."""

    place: Place
    transport: str
    host: str
    last: str | None = None
    port: int | None = None
    local_port: int | None = None
    script: tuple[Step, ...] | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """A host that answers pings after ``rtt`` (ms, one for each request)."""

    place: Place
    host: str
    rtt: tuple[int, ...]
    ttl: int


@dataclass(frozen=True, slots=True)
class Ntp:
    """An NTP server: ``utc`` when it is first asked, in seconds since the Unix epoch.

    A header writes it as the module prints it (``yyyy/MM/dd,hh:mm:ss+zz``); ``quarters`` is the zone of the
    module's clock, which no command of the document sets.
    """

    place: Place
    host: str
    port: int
    utc: float
    quarters: int


@dataclass(frozen=True, slots=True)
class Name:
    """A DNS name; no addresses: it does not exist."""

    name: str
    addresses: tuple[str, ...]
    ttl: int = 0


@dataclass(frozen=True, slots=True)
class Setup:
    """Sent before the first step; output is dropped up to and including ``answer``."""

    place: Place
    command: str
    payload: bytes | None
    answer: str


@dataclass(slots=True)
class Header:
    """Everything in front of the first step."""

    dialect: str = ""
    recorded: str = ""
    """When and where, for a dialogue that was recorded: every byte of it is there, framing and echo too."""
    redacted: bool = False
    source: str = ""
    peers: list[Peer] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    pings: list[Ping] = field(default_factory=list)
    ntp: list[Ntp] = field(default_factory=list)
    local_ips: dict[int | None, str] = field(default_factory=dict)  # by context; None: any
    names: list[Name] = field(default_factory=list)
    csq: tuple[int, int] | None = None
    at_port: str | None = None
    setup: list[Setup] = field(default_factory=list)
    derived: bool = False
    settles: str = ""
    notes: list[str] = field(default_factory=list)
    echo: bool = False  # the dialogue begins as the module does, with its echo on
    line_end: bytes = b"\r"  # the host's own, see :func:`.format.in_its_own_way`
    small_writes: bool = False  # the host writes a command in several pieces
    patience: float | None = None  # seconds that the host waits for a line


def header_line(header: Header, line: str, place: Place) -> None:
    """Take one ``# key: value`` line. Raises :class:`FormatError`."""
    key, colon, value = line[1:].partition(":")
    key, value = key.strip(), value.strip()
    if not colon or not value:
        raise place.error("a header line is '# key: value'")
    if key not in _KEYS:
        raise place.error(f"unknown header key {key!r}, one of {', '.join(_KEYS)}")
    _KEYS[key](header, value, place)


_NAME = re.compile(r"[a-z0-9_-]+")


def _dialect(header: Header, value: str, place: Place) -> None:
    if value not in DIALECTS and not (header.recorded and _NAME.fullmatch(value)):
        raise place.error(f"unknown dialect {value!r}, one of {', '.join(DIALECTS)}")
    header.dialect = value


def _recorded(header: Header, value: str, place: Place) -> None:
    header.recorded = value


def _redacted(header: Header, value: str, place: Place) -> None:
    if value != "yes":
        raise place.error(f"redacted is 'yes' or absent, not {value!r}")
    header.redacted = True


def _source(header: Header, value: str, place: Place) -> None:
    header.source = value


def _settles(header: Header, value: str, place: Place) -> None:
    header.settles = value


def _note(header: Header, value: str, place: Place) -> None:
    header.notes.append(value)


def _echo(header: Header, value: str, place: Place) -> None:
    if value != "on":
        raise place.error(f"echo is 'on' or absent, not {value!r}")
    header.echo = True


def _host(header: Header, value: str, place: Place) -> None:
    for word in value.split(", "):
        if word == "crlf":
            header.line_end = b"\r\n"
        elif word == "small writes":
            header.small_writes = True
        elif word != "cr":
            raise place.error(f"unknown way of writing {word!r}, one of cr, crlf, small writes")


def _patience(header: Header, value: str, place: Place) -> None:
    number, _, unit = value.partition(" ")
    if unit != "ms":
        raise place.error(f"patience is '<number> ms', not {value!r}")
    header.patience = integer(number, place) / 1000


def _derived(header: Header, value: str, place: Place) -> None:
    if not re.fullmatch(r"yes( \(.*\))?", value):
        raise place.error(f"derived is 'yes' or absent, not {value!r}")
    header.derived = True


def _setup(header: Header, value: str, place: Place) -> None:
    left, arrow, answer = value.rpartition(" => ")
    if not arrow or not answer:
        raise place.error("a setup is '<command> => <line>'")
    command, then, payload = left.partition(" then ")
    header.setup.append(Setup(place, command, unescape(payload, place) if then else None, answer))


_SERVER = re.compile(r"(tcp|udp) ([^\s:]+):(\d+)(?: script: (.*))?")
_CLIENT = re.compile(
    r"(tcp|udp) clients? (?P<host>[\d.]+)(?::(?P<port>\d+))?(?: to (?P<last>[\d.]+))?"
    r"(?: \((?:connects )?to local port (?P<local>\d+)\))?(?: script: (?P<script>.*))?"
)
_PING = re.compile(r"ping ([\d.]+) rtt ([\d, ]+) ms, ttl (\d+)")
_NTP = re.compile(r"ntp ([\d.]+):(\d+) time (\S+)")


def _peers(header: Header, value: str, place: Place) -> None:
    if value == "none":
        return
    if found := _CLIENT.fullmatch(value):
        _, script = _script(found["script"], place)
        port = int(found["port"]) if found["port"] else None
        local = int(found["local"]) if found["local"] else None
        client = Client(place, found[1], found["host"], found["last"], port, local, script)
        header.clients.append(client)
    elif found := _SERVER.fullmatch(value):
        refuses, script = _script(found[4], place)
        header.peers.append(Peer(place, found[1], found[2], int(found[3]), refuses, script))
    elif found := _PING.fullmatch(value):
        rtt = tuple(integer(part.strip(), place) for part in found[2].split(","))
        header.pings.append(Ping(place, found[1], rtt, int(found[3])))
    elif found := _NTP.fullmatch(value):
        header.ntp.append(Ntp(place, found[1], int(found[2]), *_time(found[3], place)))
    else:
        raise place.error(f"unknown peer {value!r}")


_TIME = re.compile(r"(\d{4}/\d\d/\d\d,\d\d:\d\d:\d\d)([+-]\d\d)")


def _time(text: str, place: Place) -> tuple[float, int]:
    """UTC and the zone of a local time."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise place.error(f"{text!r} is no time as yyyy/MM/dd,hh:mm:ss+zz")
    try:
        local = datetime.strptime(found[1], "%Y/%m/%d,%H:%M:%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise place.error(f"{text!r} is no time: {error}") from None
    quarters = int(found[2])
    return local.timestamp() - 900 * quarters, quarters


_VERB = re.compile(
    r'\s*(?:(?P<verb>recv|send) "(?P<text>(?:[^"\\]|\\.)*)"|(?P<limit>ack-limit) (?P<total>\d+)'
    r"|(?P<plain>close|reset|ack-all|refuse|accept|none))\s*(?:,|$)"
)


_PLAIN_STEPS: dict[str, Step] = {"close": Close(), "reset": Reset(), "ack-all": AckAll()}


def _script(text: str | None, place: Place) -> tuple[bool, tuple[Step, ...] | None]:
    """Whether the peer refuses, and its steps: ``None`` for one that takes whatever comes."""
    steps: list[Step] = []
    plain: list[str] = []
    position = 0
    while text is not None and position < len(text):
        found = _VERB.match(text, position)
        if found is None:
            raise place.error(f"unknown script verb at {text[position:].strip()!r}")
        position = found.end()
        if found["verb"]:
            data = unescape(found["text"], place)
            steps.append(Expect(data) if found["verb"] == "recv" else Send(data))
        elif found["limit"]:
            steps.append(AckLimit(int(found["total"])))
        elif found["plain"] in ("refuse", "accept", "none"):
            plain.append(found["plain"])
        else:
            steps.append(_PLAIN_STEPS[found["plain"]])
    if len(plain) > 1 or (steps and plain not in ([], ["accept"])):
        raise place.error("refuse, accept and none stand alone in a script")
    if plain == ["none"]:
        return False, ()
    return plain == ["refuse"], tuple(steps) or None


_IP = r"\d+\.\d+\.\d+\.\d+"
_LOCAL_IP = re.compile(rf"local_ip(?: context(\d+))? ({_IP})")
_DNS = re.compile(rf"dns (\S+) (?:NXDOMAIN|({_IP}(?: {_IP})*)(?: ttl (\d+))?)")
_CSQ = re.compile(r"csq (\d+),(\d+)")
_AT_PORT = re.compile(r"at_port (\w+)")


def _config(header: Header, value: str, place: Place) -> None:
    if found := _LOCAL_IP.fullmatch(value):
        header.local_ips[int(found[1]) if found[1] else None] = found[2]
    elif found := _DNS.fullmatch(value):
        addresses = tuple(found[2].split()) if found[2] else ()
        header.names.append(Name(found[1], addresses, int(found[3] or 0)))
    elif found := _CSQ.fullmatch(value):
        header.csq = int(found[1]), int(found[2])
    elif found := _AT_PORT.fullmatch(value):
        header.at_port = found[1]
    else:
        raise place.error(f"unknown config {value!r}")


_KEYS: dict[str, Callable[[Header, str, Place], None]] = {
    "recorded": _recorded,
    "redacted": _redacted,
    "dialect": _dialect,
    "source": _source,
    "peers": _peers,
    "config": _config,
    "setup": _setup,
    "derived": _derived,
    "echo": _echo,
    "host": _host,
    "patience": _patience,
    "settles": _settles,
    "note": _note,
}

"""What the far ends must have done, from what a recorded module said of them.

A recording holds the line and nothing of the network. Connections that the module made were accepted, the
others refused; data that it delivered had come in when it was first announced; an end that it told of was the
peer's.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from ...netstack.memory import MemoryConnection, MemoryNetStack, Mode, TcpPeer
from ..effects import Transport
from ..events import CallArrived, SmsArrived

_OPEN = re.compile(
    rb'\+(?:CIPSTART|QIOPEN)= *((?:\d+, *)*)"(TCP|UDP)[^"]*", *"([^"]+)", *"?(\d+)', re.IGNORECASE
)
_FAILED = re.compile(rb"CONNECT FAIL|\+QIOPEN: *\d+, *(?!0\b)\d+|CLOSED|\+CME ERROR|\bERROR\b|DNS FAIL")
_DONE = re.compile(rb"CONNECT OK|ALREADY CONNECT|\r\nCONNECT\r\n|\+QIOPEN: *\d+, *0\b")
_DATA = re.compile(
    rb"\+IPD,(?P<a>\d+)(?:,(?:TCP|UDP))?:|\+RECEIVE[,:] ?(?P<l1>\d+), ?(?P<b>\d+):?\r\n"
    rb'|\+CIPRXGET: (?P<kind>[23]),(?:(?P<l2>\d),)?(?P<c>\d+),\d+(?:,"[^"]*")?\r\n'
    rb'|\+QIURC: "recv",(?P<l3>\d+),(?P<d>\d+)(?:,"[^"]*",\d+)?\r\n'
    rb'|\+QIRD: (?:[\d.]+:\d+,(?:TCP|UDP),)?(?P<e>\d+)(?:,"[^"]*",\d+)?\r\n'
    rb"|IPD(?:\((?P<l4>\d)\))?(?P<f>\d+)(?:TCP|UDP)?:"
)
"""What stands in front of data: which link it came on, and how many bytes follow."""
_COMES = re.compile(
    rb'\+CIPRXGET: 1(?:,(?P<l1>\d))?\r\n|\+QIRDI: \d+,\d+,(?P<l2>\d+)|\+QIURC: "recv",(?P<l3>\d+)\r\n'
)
_ENDS = re.compile(rb'\r\n(?:(?P<l1>\d), ?)?(?:CLOSED|NO CARRIER)\r\n|\+QIURC: "closed",(?P<l2>\d+)\r\n')
_DEACTIVATED = re.compile(rb'\r\n\+PDP:? DEACT\r\n|\+QIURC: "pdpdeact",(?P<context>\d+)')
_RINGS = re.compile(rb'\r\nRING\r\n(?:\r\n\+CLIP: ?"(?P<number>[^"]*)")?')
_HUNG_UP = re.compile(rb"\r\nNO CARRIER\r\n")
_STORED = re.compile(rb'\r\n\+CMTI: ?"[A-Z]+",(?P<slot>\d{1,3})\r\n')
_READ = re.compile(rb'\r\n\+CMG[RL]: ?(?:\d+,)?"[^"]*","(?P<number>[^"]*)"[^\r\n]*\r\n(?P<text>[^\r\n]*)\r\n')
_ASKS = re.compile(rb'\+(?:CDNSGIP|QIDNSGIP)= *(?:\d+, *)?"([^"]+)"', re.IGNORECASE)
_FINAL = re.compile(rb"(?<=\r\n)AT|ERROR|\+CDNSGIP: 0", re.IGNORECASE)
_IP = re.compile(rb"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])")
_COMES_IN = re.compile(rb'REMOTE IP: *(?P<ip>[\d.]+)|\+QIURC: "incoming",\d+,\d+,"(?P<ip2>[\d.]+)"')
_READS = re.compile(rb"\+QIRD=(?:\d,\d,)?(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PeerSaid:
    """At byte ``at`` of the module's output the peer of link ``link`` had sent ``data``."""

    at: int
    link: int
    data: bytes


@dataclass(frozen=True, slots=True)
class PeerEnded:
    """At byte ``at`` it had closed."""

    at: int
    link: int


@dataclass(frozen=True, slots=True)
class ClientCame:
    """At byte ``at`` a client had connected to the module's listener."""

    at: int
    host: str


@dataclass(frozen=True, slots=True)
class ContextLost:
    """At byte ``at`` the network had taken a context away (None: all)."""

    at: int
    context: int | None


@dataclass(frozen=True, slots=True)
class NetworkDid:
    """At byte ``at`` somebody had called, or a message had come."""

    at: int
    event: CallArrived | SmsArrived


Guess = NetworkDid | PeerSaid | PeerEnded | ClientCame | ContextLost


@dataclass(frozen=True, slots=True)
class Server:
    """Where the driver wanted to connect to, and whether it could."""

    link: int
    transport: str
    host: str
    port: int
    accepts: bool


def servers(exchanges: list[tuple[bytes, bytes]]) -> list[tuple[int, Server]]:
    """Of each attempt, by the exchange it belongs to; an exchange is what the host wrote and what the module
    wrote behind it.
    """
    found = []
    for index, (host, module) in enumerate(exchanges):
        for wanted in _OPEN.finditer(host):
            behind = module + b"".join(later for _, later in exchanges[index + 1 : index + 20])
            done, failed = _DONE.search(behind), _FAILED.search(behind)
            accepts = failed is None or (done is not None and done.start() < failed.start())
            numbers = wanted[1].rstrip(b", ").split(b",")
            link = int(numbers[-1]) if numbers[-1] else 0
            if not int(wanted[4]):
                continue  # a listener
            name = wanted[3].decode("latin-1")
            found.append((index, Server(link, wanted[2].decode().upper(), name, int(wanted[4]), accepts)))
    return found


def names(exchanges: list[tuple[bytes, bytes]]) -> dict[str, list[str]]:
    """The addresses that lookups of the driver found, by name."""
    found: dict[str, list[str]] = {}
    for index, (host, module) in enumerate(exchanges):
        for asked in _ASKS.finditer(host):
            behind = module + b"".join(later for _, later in exchanges[index + 1 : index + 3])
            end = _FINAL.search(behind)
            addresses = _IP.findall(behind[: end.start()] if end else behind)
            found.setdefault(asked[1].decode("latin-1"), [address.decode() for address in addresses])
    return {name: addresses for name, addresses in found.items() if addresses}


def guesses(stream: bytes, reading: dict[int, int]) -> list[Guess]:
    """From all that the module wrote, in order; ``reading``: the link of each QIRD by its answer's place."""
    announced: dict[int, int] = {}
    data: dict[tuple[int, int], bytearray] = defaultdict(bytearray)
    found: list[Guess] = []
    taken = 0
    for match in _merged(stream):
        if match.start() < taken:
            continue  # it stands in data
        if match.re is _DATA:
            link = _link(match)
            if match["e"] is not None:
                link = next((reading[at] for at in sorted(reading, reverse=True) if at <= match.start()), 0)
            size = int(next(match[name] for name in "abcdef" if match[name] is not None))
            digits = 2 if match["kind"] == b"3" else 1  # in hexadecimal
            taken = match.end() + size * digits
            at = announced.get(link, match.start())
            data[at, link] += _bytes(stream[match.end() : taken], digits)
            if match["d"] is not None or match["a"] is not None or match["b"] is not None:
                announced.pop(link, None)
        elif match.re is _COMES:
            announced[_link(match)] = match.start()
        elif match.re is _DEACTIVATED:
            context = match["context"]
            found.append(ContextLost(match.start(), None if context is None else int(context)))
        elif match.re is _ENDS:
            found.append(PeerEnded(match.start(), _link(match)))
        else:
            found.append(ClientCame(match.start(), (match["ip"] or match["ip2"]).decode()))
    found += _calls(stream)
    found += _messages(stream)
    found += [PeerSaid(at, link, bytes(said)) for (at, link), said in data.items() if said]
    return sorted(found, key=lambda guess: guess.at)


def _calls(stream: bytes) -> Iterator[NetworkDid]:
    """It rings again and again until somebody hangs up: that is one call."""
    behind = 0
    while found := _RINGS.search(stream, behind):
        number = (found["number"] or b"").decode("latin-1")
        yield NetworkDid(found.start(), CallArrived(number))
        over = _HUNG_UP.search(stream, found.end())
        if over is None:
            return
        behind = over.end()


def _messages(stream: bytes) -> Iterator[NetworkDid]:
    for found in _STORED.finditer(stream):
        read = _READ.search(stream, found.end())
        number, text = read.group("number", "text") if read else (b"+0", b"")
        arrived = SmsArrived(number.decode("latin-1"), text.decode("latin-1"), int(found["slot"]))
        yield NetworkDid(found.start(), arrived)


def _merged(stream: bytes) -> Iterator[re.Match[bytes]]:
    patterns = (_DATA, _COMES, _ENDS, _COMES_IN, _DEACTIVATED)
    matches = [m for pattern in patterns for m in pattern.finditer(stream)]
    return iter(sorted(matches, key=re.Match.start))


def _bytes(said: bytes, digits: int) -> bytes:
    if digits == 1:
        return said
    try:
        return bytes.fromhex(said.decode("ascii"))
    except ValueError:  # it was cut off
        return b""


def _link(match: re.Match[bytes]) -> int:
    named = match.groupdict()
    return next((int(named[key]) for key in ("l1", "l2", "l3", "l4") if named.get(key) is not None), 0)


def reads(host: bytes) -> int | None:
    """The link that an AT+QIRD of the host reads (BG96)."""
    found = _READS.search(host)
    return int(found[1]) if found else None


class GuessedPeers:
    """Carries guesses out on a network in memory; one that cannot be is left out."""

    def __init__(self, net: MemoryNetStack, known: dict[str, list[str]]) -> None:
        self._net = net
        self._names = {name: addresses[0] for name, addresses in known.items()}
        for name, addresses in known.items():
            net.add_name(name, *addresses)
        self._servers: dict[int, tuple[Server, str, int]] = {}
        self._tcp: dict[tuple[str, int], TcpPeer] = {}
        self._clients: list[MemoryConnection] = []

    def attempt(self, server: Server) -> None:
        """The driver is about to connect there."""
        host = self._address(server)
        if server.transport == "UDP":
            self._servers[server.link] = server, host, 0
            self._net.udp(host, server.port)
            return
        place = (host, server.port)
        peer = self._tcp.get(place)
        if peer is None:
            peer = self._tcp[place] = self._net.tcp(*place)
        self._servers[server.link] = server, host, len(peer.connections)
        peer.mode = Mode.ACCEPT if server.accepts else Mode.REFUSE

    def _address(self, server: Server) -> str:
        if re.fullmatch(r"\d+(?:\.\d+){3}", server.host):
            return server.host
        host = self._names.get(server.host)
        if host is None:
            host = self._names[server.host] = f"203.0.113.{len(self._names) % 254 + 1}"
            self._net.add_name(server.host, host)
        return host

    def carry_out(self, guess: PeerSaid | PeerEnded | ClientCame) -> None:
        """It happens now."""
        if isinstance(guess, ClientCame):
            listening = self._net.listeners(Transport.TCP)
            if listening:
                self._clients.append(self._net.connect_client(listening[-1].port, guess.host))
            return
        server, host, number = self._servers.get(guess.link, (None, "", 0))
        if server is not None and server.transport == "UDP":
            if isinstance(guess, PeerSaid):
                self._net.udp(host, server.port).send(guess.data)
            return
        made = self._clients if server is None else self._tcp[host, server.port].connections
        if server is None:
            number = len(made) - 1
        connection = made[number] if 0 <= number < len(made) else None
        if connection is None or connection.gone or connection.fin_sent:
            return
        if isinstance(guess, PeerSaid):
            connection.send(guess.data)
        else:
            connection.close()

"""Which documented or production addresses lead to a test's own server instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from ipaddress import IPv4Address
from zlib import crc32

from ..emulator.effects import Transport
from ..emulator.events import Address
from .policy import ipv4

_ANY = "*"
_EVERY = "*://"
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_GLOB = re.compile(r"[A-Za-z0-9_.*?-]{1,253}")
_NUMBERS = re.compile(r".*:.*|(.*\.)?([0-9]+|0[xX][0-9a-fA-F]*)")

# RFC 2544 set 198.18.0.0/15 aside for benchmarks: no real host has such an address. The lower half
# is for the names of routes, the upper half for other names under a route whose host is "*".
_NAMED = int(IPv4Address("198.18.0.0"))
_OTHER = int(IPv4Address("198.19.0.0"))
_OTHERS = 0xFFFE
_MOST_NAMES = _OTHERS // 2
"""Addresses that stand for names, or are known by one: where half are taken a free one is found at once."""
_SYNTHETIC = ("198.18.", "198.19.")
_ADDRESSES = 16
"""Addresses of one name that are remembered."""


def fold(name: str) -> str:
    """A host name in the form in which names are compared: lower case, without the root's dot."""
    return name.lower().removesuffix(".")


class End(Enum):
    """Where a route leads that leads to no address."""

    REFUSE = "refuse"
    """A connection is refused; datagrams are lost."""
    BLACKHOLE = "blackhole"
    """Nobody answers."""
    INTERNET = "internet"
    """As without a route: routes further down do not count, the policy does."""


@dataclass(frozen=True, slots=True)
class Route:
    """Traffic to ``host``:``port`` goes to ``target_host``:``target_port`` instead, or comes to ``end``.

    ``host`` and ``port`` ``None`` match everything; ``host`` may be a glob; ``target_port`` ``None`` keeps
    the port. ``transport`` ``None``: pings, which have no port; ``every``: pings, TCP and UDP alike.
    """

    transport: Transport | None
    host: str | None
    port: int | None
    target_host: str
    target_port: int | None
    end: End | None = None
    every: bool = False

    @classmethod
    def parse(cls, text: str) -> Route:
        """Read ``tcp://116.228.221.51:8500=tcp://127.0.0.1:9000``, as on the command line.

        Left and right of ``=`` as in :meth:`entry`. Raises ``ValueError``.
        """
        left, equals, right = text.partition("=")
        if not equals:
            raise _bad(text, "the route", "there is no '='", "write FROM=TO")
        return _route(_Side(text, "the left {}", left), _Side(text, "the right {}", right))

    @classmethod
    def entry(cls, match: str, to: str) -> Route:
        """Read ``match: "tcp://116.228.221.51:8500"``, ``to: "tcp://127.0.0.1:9000"``, as in a file.

        ``match``: ``tcp``, ``udp``, ``icmp`` (pings, without a port) or ``*``; an IPv4 address, a name, or a
        glob of either with ``*`` and ``?``; a port or ``*`` (behind ``*://`` it may be left out). ``to``:
        ``refuse``, ``blackhole``, ``internet``; or the same scheme, an IPv4 address or ``localhost`` (any
        other name would have to be looked up anew for every connection), and a port, or ``*`` for the same
        port. Raises ``ValueError`` naming field, fault and remedy.
        """
        text = f"{match} -> {to}"
        return _route(_Side(text, "match: the {}", match), _Side(text, "to: the {}", to))

    def speaks_of(self, host: str) -> bool:
        """Whether traffic to ``host`` (an address, or a folded name) is meant."""
        return self.host is None or self.host == host or (is_glob(self.host) and fnmatchcase(host, self.host))


_ENDS = {end.value: end for end in End}


@dataclass(frozen=True, slots=True)
class _Side:
    """What is written at one side of a route, and how its parts are called in a complaint."""

    route: str
    label: str
    text: str

    def bad(self, what: str, fault: str, remedy: str) -> ValueError:
        return _bad(self.route, self.label.format(what), fault, remedy)


def _bad(text: str, field: str, fault: str, remedy: str) -> ValueError:
    return ValueError(f"route {text!r}: {field}: {fault}; {remedy}")


_SCHEMES: dict[str, Transport | None] = {"tcp": Transport.TCP, "udp": Transport.UDP, "icmp": None}


def is_glob(host: str) -> bool:
    return "*" in host or "?" in host


def _route(left: _Side, right: _Side) -> Route:
    every = left.text.strip().startswith(_EVERY)
    transport, host, port = _parts(left, wild=True)
    word = right.text.strip().lower()
    if word in _ENDS:
        return Route(transport, host and fold(host), port, "", None, _ENDS[word], every)
    target_transport, target_host, target_port = _parts(right, wild=False)
    if every or transport is not target_transport:
        raise right.bad("scheme", "it differs from the left", "use the same on both sides")
    if target_host is None or (fold(target_host) != "localhost" and ipv4(target_host) is None):
        remedy = "write an IPv4 address or localhost"
        raise right.bad("host", f"{target_host or _ANY!r} is not a place to connect to", remedy)
    if ipv4(target_host) is None:
        target_host = "127.0.0.1"
    return Route(transport, host and fold(host), port, target_host, target_port)


def _parts(side: _Side, *, wild: bool) -> tuple[Transport | None, str | None, int | None]:
    scheme, slashes, rest = side.text.strip().partition("://")
    every = wild and scheme == _ANY
    if not slashes or not (every or scheme.lower() in _SCHEMES):
        found = repr(scheme if slashes else side.text)
        raise side.bad("scheme", f"{found} does not begin with one", "write tcp://, udp:// or icmp://")
    transport = None if every else _SCHEMES[scheme.lower()]
    if transport is None and not every:
        if ":" in rest:
            raise side.bad("port", "pings have none", "write icmp://HOST alone")
        return None, _host(side, rest, wild=wild), None
    host, colon, port = rest.rpartition(":")
    if every and not colon:
        host, port = rest, _ANY
    elif not colon:
        raise side.bad("port", "it is missing", "write HOST:PORT, or HOST:* for any port")
    return transport, _host(side, host, wild=wild), _port(side, port)


def _host(side: _Side, host: str, *, wild: bool) -> str | None:
    if host == _ANY:
        return None
    if ipv4(host) is not None or (wild and is_glob(host) and _GLOB.fullmatch(host)):
        return host
    if _NUMBERS.fullmatch(host):
        remedy = "write four decimal numbers 0-255 without leading zeros, such as 127.0.0.1"
        raise side.bad("host", f"{host!r} is not an IPv4 address", remedy)
    if not _NAME.fullmatch(host) or len(host) > 253:
        remedy = "write an IPv4 address, a host name or * (left side only)"
        raise side.bad("host", f"{host!r} is neither an address nor a name", remedy)
    return host


def _port(side: _Side, port: str) -> int | None:
    if port == _ANY:
        return None
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= 65535):
        raise side.bad("port", f"{port!r} is not a port", "write 1 to 65535, or *")
    return int(port)


class Routes:
    """All routes, in order; the first match wins.

    A name that a route speaks of has a synthetic address (the same for the same routes): resolving the
    name answers it, and connecting to it takes the route of the name. A name that may go to the internet
    is looked up instead, and known by the addresses found.
    """

    __slots__ = ("_by_name", "_names", "_routes")

    def __init__(self, routes: tuple[Route, ...] = ()) -> None:
        self._routes = routes
        hosts = dict.fromkeys(r.host for r in routes if r.host is not None)
        names = [host for host in hosts if ipv4(host) is None and not is_glob(host)]
        self._by_name = {name: str(IPv4Address(_NAMED + i)) for i, name in enumerate(names, start=1)}
        self._names = {address: name for name, address in self._by_name.items()}

    @property
    def all(self) -> tuple[Route, ...]:
        """The routes, in order."""
        return self._routes

    def add(self, route: Route) -> None:
        """One more, ahead of all others; addresses that stand for names stay what they are."""
        self._routes = (route, *self._routes)
        host = route.host
        if host is not None and ipv4(host) is None and not is_glob(host) and host not in self._by_name:
            address = str(IPv4Address(_NAMED + len(self._by_name) + 1))
            self._by_name[host], self._names[address] = address, host

    def find(self, transport: Transport | None, address: Address) -> Address | End | None:
        """Where traffic to ``address`` (its host may be a name) is routed; ``None`` if it is not.

        ``transport`` ``None``: a ping.
        """
        if not self._routes:
            return None
        name = self._names.get(address.host)
        hosts = (fold(address.host),) if name is None else (name, address.host)
        for route in self._routes:
            if (
                (route.every or route.transport is transport)
                and route.port in (None, address.port)
                and any(map(route.speaks_of, hosts))
            ):
                return route.end or Address(route.target_host, route.target_port or address.port)
        return None

    def asked_as(self, transport: Transport, final: Address) -> Address | None:
        """The address that a module uses for ``final``, where one route without ``*`` leads there.

        So a peer that speaks first is known by the address that a module would have asked for.
        """
        for route in self._routes:
            target = Address(route.target_host, route.target_port or route.port or 0)
            if (
                route.transport is transport
                and target == final
                and route.host
                and route.port
                and not is_glob(route.host)
            ):
                return Address(self._by_name.get(route.host, route.host), route.port)
        return None

    def synthetic(self, name: str, *, offline: bool) -> str | None:
        """The address that stands for ``name``; ``None`` if it is to be looked up, or refused.

        ``offline`` says that the name will not be looked up anywhere: then a route whose host is
        ``*`` speaks of every name.
        """
        name = fold(name)
        named = [route for route in self._routes if route.host is not None and route.speaks_of(name)]
        if named:
            only = all(route.end is End.INTERNET for route in named)
            if only or (not offline and self.may_leave(name)):
                return None
            return self._by_name.get(name) or self._stand_in(name)
        if offline and any(route.host is None and route.end is not End.INTERNET for route in self._routes):
            return str(IPv4Address(_OTHER + 1 + crc32(name.encode()) % _OTHERS))
        return None

    def _stand_in(self, name: str) -> str | None:
        """An address for a name that only a glob speaks of; two names never share one.

        ``None`` when all of them stand for names: a host may ask for as many as it likes.
        """
        start = crc32(name.encode())
        for step in range(_OTHERS):
            address = str(IPv4Address(_OTHER + 1 + (start + step) % _OTHERS))
            known = self._names.get(address)
            if known is None:
                if len(self._names) >= _MOST_NAMES:
                    return None
                self._names[address] = name
                return address
            if known == name:
                return address
        return None

    def may_leave(self, name: str) -> bool:
        """Whether a route that speaks of ``name`` leads to the internet."""
        name = fold(name)
        return any(r.end is End.INTERNET and r.host is not None and r.speaks_of(name) for r in self._routes)

    def learn(self, name: str, addresses: tuple[str, ...]) -> None:
        """``name`` was looked up. Where a route lets it go to the internet, its addresses are known by it."""
        if self.may_leave(name):
            name = fold(name)
            for address in addresses[:_ADDRESSES]:
                if len(self._names) < _MOST_NAMES and not address.startswith(_SYNTHETIC):
                    self._names[address] = name

    @property
    def catch_all(self) -> bool:
        """Whether nothing goes where its real address says, except along the routes to the internet."""
        return any(
            (route.transport, route.host, route.port) == (None, None, None) and route.end is not End.INTERNET
            for route in self._routes
        )

    def name_of(self, host: str) -> str | None:
        """The name on a route's left side for which the synthetic address ``host`` stands."""
        return self._names.get(host) if host.startswith(_SYNTHETIC) else None

    def targets(self) -> tuple[str, ...]:
        """The addresses to which the routes lead."""
        return tuple(route.target_host for route in self._routes if route.end is None)

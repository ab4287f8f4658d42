"""Which documented or production addresses lead to a test's own server instead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address
from zlib import crc32

from ..emulator.effects import Transport
from ..emulator.events import Address
from .policy import ipv4

_ANY = "*"
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_NUMBERS = re.compile(r".*:.*|(.*\.)?([0-9]+|0[xX][0-9a-fA-F]*)")

# RFC 2544 set 198.18.0.0/15 aside for benchmarks: no real host has such an address. The lower half
# is for the names of routes, the upper half for other names under a route whose host is "*".
_NAMED = int(IPv4Address("198.18.0.0"))
_OTHER = int(IPv4Address("198.19.0.0"))


def fold(name: str) -> str:
    """A host name in the form in which names are compared: lower case, without the root's dot."""
    return name.lower().removesuffix(".")


@dataclass(frozen=True, slots=True)
class Route:
    """Traffic to ``host``:``port`` goes to ``target_host``:``target_port`` instead.

    ``host`` and ``port`` ``None`` match everything; ``target_port`` ``None`` keeps the port.
    ``transport`` ``None``: pings, which have no port.
    """

    transport: Transport | None
    host: str | None
    port: int | None
    target_host: str
    target_port: int | None

    @classmethod
    def parse(cls, text: str) -> Route:
        """Read ``tcp://116.228.221.51:8500=tcp://127.0.0.1:9000``.

        Left of ``=``: ``tcp`` or ``udp``, an IPv4 address, a name or ``*``, a port or ``*``. Right:
        the same scheme, an IPv4 address or ``localhost`` (any other name would have to be looked up
        anew for every connection), a port or ``*`` for the same port. ``icmp://192.0.2.1=icmp://127.0.0.1``
        leads pings, and has no ports. Raises ``ValueError``.
        """
        left, equals, right = text.partition("=")
        if not equals:
            raise _bad(text, "the route", "there is no '='", "write FROM=TO")
        transport, host, port = _side(text, left, "left")
        target_transport, target_host, target_port = _side(text, right, "right")
        if transport is not target_transport:
            raise _bad(text, "the right scheme", "it differs from the left", "use the same on both sides")
        if target_host is None or (fold(target_host) != "localhost" and ipv4(target_host) is None):
            remedy = "write an IPv4 address or localhost"
            raise _bad(
                text, "the right host", f"{target_host or _ANY!r} is not a place to connect to", remedy
            )
        if ipv4(target_host) is None:
            target_host = "127.0.0.1"
        return cls(transport, host and fold(host), port, target_host, target_port)


def _bad(text: str, field: str, fault: str, remedy: str) -> ValueError:
    return ValueError(f"route {text!r}: {field}: {fault}; {remedy}")


_SCHEMES: dict[str, Transport | None] = {"tcp": Transport.TCP, "udp": Transport.UDP, "icmp": None}


def _side(text: str, side: str, where: str) -> tuple[Transport | None, str | None, int | None]:
    scheme, slashes, rest = side.strip().partition("://")
    if not slashes or scheme.lower() not in _SCHEMES:
        found = repr(scheme if slashes else side)
        remedy = "write tcp://, udp:// or icmp://"
        raise _bad(text, f"the {where} scheme", f"{found} does not begin with one", remedy)
    transport = _SCHEMES[scheme.lower()]
    if transport is None:
        if ":" in rest:
            raise _bad(text, f"the {where} port", "pings have none", "write icmp://HOST alone")
        return None, _host(text, rest, where), None
    host, colon, port = rest.rpartition(":")
    if not colon:
        raise _bad(text, f"the {where} port", "it is missing", "write HOST:PORT, or HOST:* for any port")
    return transport, _host(text, host, where), _port(text, port, where)


def _host(text: str, host: str, where: str) -> str | None:
    if host == _ANY:
        return None
    if ipv4(host) is not None:
        return host
    if _NUMBERS.fullmatch(host):
        remedy = "write four decimal numbers 0-255 without leading zeros, such as 127.0.0.1"
        raise _bad(text, f"the {where} host", f"{host!r} is not an IPv4 address", remedy)
    if not _NAME.fullmatch(host) or len(host) > 253:
        remedy = "write an IPv4 address, a host name or * (left side only)"
        raise _bad(text, f"the {where} host", f"{host!r} is neither an address nor a name", remedy)
    return host


def _port(text: str, port: str, where: str) -> int | None:
    if port == _ANY:
        return None
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise _bad(text, f"the {where} port", f"{port!r} is not a port", "write 1 to 65535, or *")
    return int(port)


class Routes:
    """All routes, in order; the first match wins.

    A name on the left side has a synthetic address (the same for the same routes): resolving the
    name answers it, and connecting to it takes the route of the name.
    """

    __slots__ = ("_by_name", "_names", "_routes")

    def __init__(self, routes: tuple[Route, ...] = ()) -> None:
        self._routes = routes
        names = dict.fromkeys(r.host for r in routes if r.host is not None and ipv4(r.host) is None)
        self._by_name = {name: str(IPv4Address(_NAMED + i)) for i, name in enumerate(names, start=1)}
        self._names = {address: name for name, address in self._by_name.items()}

    def find(self, transport: Transport | None, address: Address) -> Address | None:
        """Where traffic to ``address`` (its host may be a name) is routed; ``None`` if it is not.

        ``transport`` ``None``: a ping.
        """
        if not self._routes:
            return None
        host = self._names.get(address.host) or fold(address.host)
        for route in self._routes:
            if (
                route.transport is transport
                and route.host in (None, host)
                and route.port in (None, address.port)
            ):
                return Address(route.target_host, route.target_port or address.port)
        return None

    def asked_as(self, transport: Transport, final: Address) -> Address | None:
        """The address that a module uses for ``final``, where one route without ``*`` leads there.

        So a peer that speaks first is known by the address that a module would have asked for.
        """
        for route in self._routes:
            target = Address(route.target_host, route.target_port or route.port or 0)
            if route.transport is transport and target == final and route.host and route.port:
                return Address(self._by_name.get(route.host, route.host), route.port)
        return None

    def synthetic(self, name: str, *, offline: bool) -> str | None:
        """The address that stands for ``name``; ``None`` if no route speaks of that name.

        ``offline`` says that the name will not be looked up anywhere: then a route whose host is
        ``*`` speaks of every name.
        """
        name = fold(name)
        if name in self._by_name:
            return self._by_name[name]
        if offline and any(route.host is None for route in self._routes):
            return str(IPv4Address(_OTHER + 1 + crc32(name.encode()) % 0xFFFE))
        return None

    def name_of(self, host: str) -> str | None:
        """The name on a route's left side for which the synthetic address ``host`` stands."""
        return self._names.get(host)

    def targets(self) -> tuple[str, ...]:
        """The addresses to which the routes lead."""
        return tuple(route.target_host for route in self._routes)

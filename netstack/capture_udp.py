"""The UDP sockets of a capture, and which addresses a packet can have."""

from __future__ import annotations

from ..emulator.events import Address
from .capture_packets import LONGEST_DATAGRAM, UdpHeaders
from .pcapng import Direction, Part
from .policy import ipv4


def sendable(source: str, peer: Address) -> bool:
    """Whether an IPv4 packet can have these addresses and this port."""
    return ipv4(source) is not None and ipv4(peer.host) is not None and 0 < peer.port < 65536


_DYNAMIC_PORTS = range(49152, 65536)
"""RFC 6335 section 6."""


def dynamic_port(number: int) -> int:
    """A port for something of which only this number is known."""
    return _DYNAMIC_PORTS[number % len(_DYNAMIC_PORTS)]


_KEPT = 64
"""Peers whose headers a socket keeps."""


class Datagrams:
    """A UDP socket of the module; ``remote`` is where it sends by default."""

    __slots__ = ("_headers", "local", "remote")

    def __init__(self, local: Address, remote: Address | None) -> None:
        self.local = local
        self.remote = remote
        self._headers: dict[tuple[Direction, Address], UdpHeaders] = {}

    def packet(self, direction: Direction, peer: Address, data: bytes) -> tuple[Part, Part] | None:
        """``data`` to or from ``peer``; ``None`` if no datagram can be so: the netstack loses it too."""
        if not sendable(self.local.host, peer) or len(data) > LONGEST_DATAGRAM:
            return None
        headers = self._headers.get((direction, peer))
        if headers is None:
            if len(self._headers) >= _KEPT:
                self._headers.clear()
            ends = (self.local, peer) if direction is Direction.OUTBOUND else (peer, self.local)
            headers = self._headers[direction, peer] = UdpHeaders(*ends)
        return headers.datagram(data), data

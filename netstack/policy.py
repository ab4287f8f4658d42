"""Where a module's traffic may go: the last check before anything leaves for the host's network."""

from __future__ import annotations

from enum import Enum
from ipaddress import AddressValueError, IPv4Address, IPv4Network


def ipv4(text: str) -> int | None:
    """The number of a strict dotted quad; ``None`` for anything else.

    Four decimal numbers 0-255 without leading zeros: ``127.1``, ``0x7f.0.0.1`` and ``0177.0.0.1``
    are not addresses here, although the C library takes them for loopback.
    """
    try:
        return int(IPv4Address(text))
    except AddressValueError:
        return None


def _ranges(*networks: str) -> tuple[tuple[int, int], ...]:
    parsed = [IPv4Network(network) for network in networks]
    return tuple((int(network.netmask), int(network.network_address)) for network in parsed)


_LOOPBACK = _ranges("127.0.0.0/8")

_NEVER = {
    "this-network": _ranges("0.0.0.0/8"),
    "link-local": _ranges("169.254.0.0/16"),
    # the last one: Azure's, outside every special range
    "cloud metadata": _ranges(
        "169.254.169.254/32", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32"
    ),
    "multicast": _ranges("224.0.0.0/4"),
    "broadcast": _ranges("255.255.255.255/32"),
}
"""Refused under every policy, for route targets too: nobody means these, and some hand out secrets."""


def _within(number: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(number & mask == network for mask, network in ranges)


class Policy(Enum):
    """Which final addresses (after routes and name resolution) a module may send to.

    A route's target is the tester's explicit wish: it is allowed under every policy, except for the
    ranges that are always refused.
    """

    LOOPBACK = "loopback"
    """127.0.0.0/8 only. Names that are neither routed nor localhost are not even asked for."""

    HOST = "host"
    """Wherever the host may go, except for the ranges that are always refused."""

    NONE = "none"
    """Nothing leaves: only routes."""

    def refusal(self, host: str, *, routed: bool = False) -> str | None:
        """Why nothing may be sent to ``host``, in words; ``None`` if it is allowed.

        ``routed`` says that ``host`` is a route's target. Raises ``ValueError`` if ``host`` is not a
        strict dotted quad.
        """
        number = ipv4(host)
        if number is None:
            raise ValueError(f"{host!r} is not an IPv4 address in dotted form")
        for kind, ranges in _NEVER.items():
            if _within(number, ranges):
                return f"{kind} addresses are always refused"
        if routed or self is Policy.HOST or (self is Policy.LOOPBACK and _within(number, _LOOPBACK)):
            return None
        return f"the network policy is {self.value!r}"


def is_loopback(host: str) -> bool:
    """Whether ``host`` is a dotted quad in 127.0.0.0/8."""
    number = ipv4(host)
    return number is not None and _within(number, _LOOPBACK)

"""What every real socket of a module shares: the way to the engine, and the table of open handles."""

from __future__ import annotations

import errno
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..emulator.effects import Transport
from ..emulator.events import Address, Event, Failure
from .air import Air
from .policy import Policy, ipv4
from .routes import End, Routes

if TYPE_CHECKING:
    import asyncio

FAILURES = {
    errno.ECONNREFUSED: Failure.REFUSED,
    errno.ETIMEDOUT: Failure.TIMED_OUT,
    errno.ENETUNREACH: Failure.UNREACHABLE,
    errno.EHOSTUNREACH: Failure.UNREACHABLE,
    errno.ENETDOWN: Failure.UNREACHABLE,
    errno.EHOSTDOWN: Failure.UNREACHABLE,
    errno.ECONNRESET: Failure.RESET,
    errno.ECONNABORTED: Failure.RESET,
    errno.EPIPE: Failure.RESET,
    errno.ENOTCONN: Failure.RESET,
    errno.EADDRINUSE: Failure.ADDRESS_IN_USE,
    # connect() from a chosen local port: the same pair of addresses still exists (TIME-WAIT)
    errno.EADDRNOTAVAIL: Failure.ADDRESS_IN_USE,
    errno.EMFILE: Failure.NO_RESOURCES,
    errno.ENFILE: Failure.NO_RESOURCES,
    errno.ENOBUFS: Failure.NO_RESOURCES,
    errno.ENOMEM: Failure.NO_RESOURCES,
    # a privileged port, or a packet filter of the host
    errno.EACCES: Failure.FORBIDDEN,
    errno.EPERM: Failure.FORBIDDEN,
}


def failure_of(error: OSError | int) -> Failure:
    """The engine's word for an ``errno``."""
    number = error if isinstance(error, int) else error.errno
    return FAILURES.get(number or 0, Failure.UNREACHABLE)


def local_of(sock: socket.socket) -> Address:
    """The address to which ``sock`` is bound."""
    host, port = sock.getsockname()
    return Address(host, port)


class Hub:
    """The open links by handle, and what they need of the stack."""

    __slots__ = (
        "_last_accepted",
        "_last_note",
        "_note",
        "air",
        "at_rest",
        "connecting",
        "deliver",
        "links",
        "loop",
        "policy",
        "routes",
    )

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        deliver: Callable[[Event], None],
        routes: Routes,
        policy: Policy,
        air: Air,
        note: Callable[[str], None],
        connecting: Callable[[int, Address], None],
    ) -> None:
        self.connecting = connecting
        self.loop = loop
        self.at_rest: Callable[[Callable[[], object]], object] = getattr(loop, "call_at_rest", loop.call_soon)
        """Calls when the loop has nothing else to do (any other than ours: in its next round)."""
        self.deliver = deliver
        self.routes = routes
        self.policy = policy
        self.air = air
        self.links: dict[int, Link] = {}
        self._note = note
        self._last_note = ""
        self._last_accepted = 0

    def number(self) -> int:
        """A handle for an accepted socket: negative, never used before."""
        self._last_accepted -= 1
        return self._last_accepted

    def note(self, text: str) -> None:
        """Tell whoever watches; the same text many times in a row only once."""
        if text != self._last_note:
            self._last_note = text
            self._note(text)

    def target(self, transport: Transport | None, asked: Address) -> Address | Failure | None:
        """Where traffic to ``asked`` goes on the host, after routes and policy; a module is not there.

        ``transport`` None is a ping, which has no port. The answer ``None``: into a blackhole.
        """
        if ipv4(asked.host) is None or (transport is not None and not 1 <= asked.port <= 65535):
            return Failure.NOT_FOUND
        absent = self.air.refusal(asked.host)
        if absent is not None:
            return absent
        if transport is None:
            where = f"ping to {asked.host}"
        else:
            where = f"{transport.value} to {asked.host}:{asked.port}"
        routed = self.routes.find(transport, asked)
        if routed is End.REFUSE or routed is End.BLACKHOLE:
            self.note(f"{where} is not let out: its route is {routed.value!r}")
            return Failure.REFUSED if routed is End.REFUSE else None
        if isinstance(routed, End):
            routed = None
        final = asked if routed is None else routed
        name = self.routes.name_of(asked.host)
        if routed is None and name is not None:
            # the synthetic address of a name leads nowhere but along the routes of that name
            what = "pings" if transport is None else "this transport and port"
            reason: str | None = f"{name} has a route, but not for {what}"
        else:
            reason = self.policy.refusal(final.host, routed=routed is not None)
        if reason is None:
            return final
        there = final.host if transport is None else f"{final.host}:{final.port}"
        along = "" if routed is None else f" (routed to {there})"
        self.note(f"{where}{along} refused: {reason}")
        return Failure.FORBIDDEN


class Link(ABC):
    """One handle of the engine.

    Every method may be called at any time, also after the link has ended: events and effects can
    cross, so an effect for a link that has just been lost is not an error.
    """

    __slots__ = ("handle", "hub")

    def __init__(self, hub: Hub, handle: int) -> None:
        self.hub = hub
        self.handle = handle
        hub.links[handle] = self

    @abstractmethod
    def send(self, data: bytes, to: Address | None, awaited: bool) -> None:
        """Perform ``SendData``; nothing that the network does to the data is raised."""

    @abstractmethod
    def pause(self) -> None:
        """Deliver no more data until :meth:`resume`."""

    @abstractmethod
    def resume(self) -> None:
        """Deliver data again."""

    @abstractmethod
    def close(self, abort: bool) -> None:
        """What the effect ``CloseSocket`` says."""

    @abstractmethod
    def release(self) -> None:
        """Give everything back to the host at once and deliver nothing any more; may be repeated."""


class SilentLink(Link):
    """A connection request into a blackhole: never answered, until the module gives up."""

    __slots__ = ()

    def send(self, data: bytes, to: Address | None, awaited: bool) -> None:
        """There is no connection."""

    def pause(self) -> None:
        """Nothing comes."""

    def resume(self) -> None:
        """Nothing comes."""

    def close(self, abort: bool) -> None:
        self.release()

    def release(self) -> None:
        self.hub.links.pop(self.handle, None)

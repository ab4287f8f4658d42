"""Name resolution for the module that blocks neither the event loop nor the end of the process."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..emulator.effects import Resolve, Transport
from ..emulator.events import Address, Event, Failure, Resolved, ResolveFailed
from . import dns
from .policy import Policy, ipv4
from .routes import End, Routes, fold

if TYPE_CHECKING:
    import asyncio

_THREADS = 8
"""Lookups at one time; a resolver that hangs holds its thread for up to half a minute."""

PATIENCE = 5.0
"""Seconds for which a DNS server may keep silent before the next is asked (resolv.conf(5): timeout)."""

HOSTS = Path("/etc/hosts")

_NOBODY = {socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_FAMILY, getattr(socket, "EAI_ADDRFAMILY", -9)}


def host_lookup(name: str) -> tuple[str, ...]:
    """Ask the host's resolver; blocks. Raises ``socket.gaierror``, or ``UnicodeError`` for a bad name."""
    found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def hosts_lookup(hosts: Path, name: str) -> tuple[str, ...]:
    """The IPv4 addresses that a hosts(5) file gives ``name``; none if there is no such file."""
    try:
        lines = hosts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    entries = [line.partition("#")[0].split() for line in [*lines, "127.0.0.1 localhost"]]
    fitting = [words[0] for words in entries if fold(name) in map(fold, words[1:])]
    return tuple(dict.fromkeys(address for address in fitting if ipv4(address) is not None))


class Server(NamedTuple):
    """A DNS server: the address that the module configured, and where a route leads."""

    asked: str
    target: Address
    routed: bool
    end: End | None = None

    def __str__(self) -> str:
        if self.end is not None:
            return f"{self.asked} (route: {self.end.value})"
        return (
            f"{self.asked} (routed to {self.target.host}:{self.target.port})" if self.routed else self.asked
        )


class Lookup(NamedTuple):
    """One query on its way through a thread."""

    query: int
    name: str
    servers: tuple[Server, ...]


class Resolver:
    """Answers :class:`Resolve` effects.

    Without servers the host's resolver is asked, under the policy ``host`` alone. With servers: those
    that a route leads to or the policy allows, in order. Two things are the host's even then, under
    the policy ``host``: the names in its hosts file, and every name if no server answers at all and
    none is routed, because many hosts are cut off from servers such as 8.8.8.8, which drivers
    configure unasked. A server that a route leads to stays silent when the tester wants it silent.

    Each lookup runs in a daemon thread of its own (at most eight; the rest waits), because the threads
    of ``concurrent.futures`` are joined when the process ends and a lookup that hangs would hold it up.
    ``lookup`` is what asks the host.
    """

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        deliver: Callable[[Event], None],
        routes: Routes,
        policy: Policy,
        note: Callable[[str], None],
        lookup: Callable[[str], tuple[str, ...]] = host_lookup,
        hosts: Path = HOSTS,
        patience: float = PATIENCE,
    ) -> None:
        self._loop = loop
        self._deliver = deliver
        self._routes = routes
        self._policy = policy
        self._note = note
        self._lookup = lookup
        self._hosts = hosts
        self._patience = patience
        self._waiting: deque[Lookup] = deque()
        self._threads = 0
        self._closed = False

    def resolve(self, effect: Resolve) -> None:
        """Answer with ``Resolved`` or ``ResolveFailed``: at once, if nobody has to be asked."""
        name = effect.name
        address = self._known(name)
        if address is not None:
            self._deliver(Resolved(effect.query, (address,)))
        elif not _askable(name):
            self._note(f"{name!r} was not looked up: it is no name, or another spelling of an address")
            self._deliver(ResolveFailed(effect.query, Failure.NOT_FOUND))
        elif effect.servers:
            self._ask(effect, tuple(filter(None, map(self._server, effect.servers))))
        elif self._policy is not Policy.HOST:
            self._note(f"{name} was not looked up: the network policy is {self._policy.value!r}")
            self._deliver(ResolveFailed(effect.query, Failure.FORBIDDEN))
        else:
            # Where a route takes everything, a name's real address does not matter.
            stand_in = self._routes.synthetic(name, offline=True) if self._routes.catch_all else None
            if stand_in is None or self._routes.may_leave(name):
                self._ask(effect, ())
            else:
                self._deliver(Resolved(effect.query, (stand_in,)))

    def close(self) -> None:
        """Answer nothing from now on. Lookups that are under way end unheard."""
        self._closed = True
        self._waiting.clear()

    def _known(self, name: str) -> str | None:
        """The address that needs no lookup."""
        if ipv4(name) is not None:
            return name
        synthetic = self._routes.synthetic(name, offline=self._policy is not Policy.HOST)
        if synthetic is not None:
            return synthetic
        if self._policy is Policy.LOOPBACK and fold(name) == "localhost":
            return "127.0.0.1"
        return None

    def _server(self, asked: str) -> Server | None:
        """Where the DNS server is, after routes and policy; ``None`` if it must not be asked."""
        address = Address(asked, dns.PORT)
        if ipv4(asked) is None:
            reason: str | None = "that is no address"
        else:
            found = self._routes.find(Transport.UDP, address)
            if found is End.BLACKHOLE or found is End.REFUSE:
                return Server(asked, address, True, found)
            routed = None if isinstance(found, End) else found
            target = address if routed is None else routed
            reason = self._policy.refusal(target.host, routed=routed is not None)
            if reason is None:
                return Server(asked, target, routed is not None)
        self._note(f"DNS server {asked} was not asked: {reason}")
        return None

    def _ask(self, effect: Resolve, servers: tuple[Server, ...]) -> None:
        if effect.servers and not servers:
            self._deliver(ResolveFailed(effect.query, Failure.FORBIDDEN))
            return
        self._waiting.append(Lookup(effect.query, effect.name, servers))
        self._start_thread()

    def _start_thread(self) -> None:
        if self._threads >= _THREADS or not self._waiting:
            return
        self._threads += 1
        wanted = self._waiting.popleft()
        name = f"resolve {wanted.name}"
        threading.Thread(target=self._work, args=(wanted,), name=name, daemon=True).start()

    def _answered(self, name: str, event: Event, remarks: list[str]) -> None:
        self._threads -= 1
        self._start_thread()
        if not self._closed:
            if isinstance(event, Resolved):
                self._routes.learn(name, event.addresses)
            for remark in remarks:
                self._note(remark)
            self._deliver(event)

    # ---- in the thread ---------------------------------------------------------------------------

    def _work(self, wanted: Lookup) -> None:
        """Look up, and hand the answer to the loop."""
        remarks: list[str] = []
        event = self._ask_servers(wanted, remarks) if wanted.servers else None
        if event is None:
            event = self._ask_host(wanted)
        try:
            self._loop.call_soon_threadsafe(self._answered, wanted.name, event, remarks)
        except RuntimeError:
            return  # the loop has been closed meanwhile: nobody waits for the answer

    def _ask_host(self, wanted: Lookup) -> Event:
        try:
            addresses = self._lookup(wanted.name)
        except socket.gaierror as error:
            failure = Failure.NOT_FOUND if error.errno in _NOBODY else Failure.TIMED_OUT
            return ResolveFailed(wanted.query, failure)
        except (OSError, ValueError):  # UnicodeError (a ValueError): not a name that DNS can carry
            return ResolveFailed(wanted.query, Failure.NOT_FOUND)
        if not addresses:
            return ResolveFailed(wanted.query, Failure.NOT_FOUND)
        return Resolved(wanted.query, addresses)

    def _ask_servers(self, wanted: Lookup, remarks: list[str]) -> Event | None:
        """One server after the other; ``None`` if it is for the host's resolver to answer."""
        host = self._policy is Policy.HOST
        addresses = hosts_lookup(self._hosts, wanted.name) if host else ()
        if addresses:
            return Resolved(wanted.query, addresses)
        troubles: set[dns.Trouble] = set()
        for server in wanted.servers:
            try:
                found = self._ask_server(server, wanted.name)
            except ImportError:
                remarks.append(f"DNS server {server} was not asked: scapy is missing (pip install scapy)")
                troubles.add(dns.Trouble.UNREACHABLE)
                continue
            if isinstance(found, dns.Found):
                return Resolved(wanted.query, found.addresses, found.ttl)
            if found is dns.Trouble.NO_ADDRESS:
                return ResolveFailed(wanted.query, Failure.NOT_FOUND)
            remarks.append(f"DNS server {server} did not answer for {wanted.name}: {found.value}")
            troubles.add(found)
        if dns.Trouble.FAILED in troubles:
            return ResolveFailed(wanted.query, Failure.REFUSED)
        if host and not any(server.routed for server in wanted.servers):
            remarks.append(f"the host's resolver answers for {wanted.name} instead")
            return None
        silent = dns.Trouble.SILENT in troubles
        return ResolveFailed(wanted.query, Failure.TIMED_OUT if silent else Failure.UNREACHABLE)

    def _ask_server(self, server: Server, name: str) -> dns.Found | dns.Trouble:
        if server.end is End.REFUSE:
            return dns.Trouble.UNREACHABLE
        if server.end is End.BLACKHOLE:
            threading.Event().wait(self._patience)
            return dns.Trouble.SILENT
        return dns.ask(server.target, name, self._patience)


def _askable(name: str) -> bool:
    """Whether ``name`` is a name. The C library would take ``127.1`` and ``0x7f000001`` for addresses.

    With a colon it is IPv6, where ``::ffff:127.0.0.1`` is a spelling of an IPv4 address.
    """
    if not name or len(name) > 255 or any(sign in name for sign in "\0:[]") or not name.isascii():
        return False
    try:
        socket.inet_aton(fold(name))
    except OSError:
        return True
    return False

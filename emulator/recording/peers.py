"""The far ends of a recorded module, as far as its own words tell of them: who was called, what they sent.

They are played in memory, so that the emulator has the same things to tell. What the module says is the only
witness: data that it delivered were sent, a connection that it announced was accepted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ...netstack.memory import MemoryConnection, MemoryNetStack, Mode, TcpPeer, UdpPeer
from ..effects import Transport
from ..events import Address, CallArrived, Event, PdpLost, SmsArrived
from .tokens import Token

_OPENS = re.compile(
    rb'\+(?:CIPSTART|QIOPEN)=(?:(?:\d+,)?(?P<link>\d+), ?)?"(?P<transport>TCP|UDP)" ?, ?'
    rb'"(?P<host>[^"]+)" ?, ?"?(?P<port>\d{1,5})\b',
    re.IGNORECASE,
)
_OPENED = re.compile(
    rb"\r\n(?:(?P<link>\d+), ?)?(?:(?P<well>CONNECT(?: OK)?|ALREADY CONNECT)|CONNECT FAIL)\r\n"
    rb"|\r\n\+QIOPEN: (?P<lpwa>\d+),(?:(?P<lpwa_well>0)|\d+)\r\n"
)
_SOURCE = re.compile(rb"(?:\r\n)?RECV FROM:[^\r\n]*\r\n")
_DATA = re.compile(
    rb"(?:\r\n)?(?:\+RECEIVE,(?P<a>\d+),(?P<n1>\d+)[^\r\n]*:\r\n"
    rb"|\+RECEIVE: ?(?P<b>\d+), ?(?P<n2>\d+)\r\n"
    rb"|\+?IPD,?(?P<n3>\d+)[^:\r\n]*:"
    rb'|\+QIURC: "recv",(?P<c>\d+),(?P<n4>\d+)[^\r\n]*\r\n)'
)
_NOTICE = re.compile(
    rb'\r\n(?:\+QIURC: "recv",(?P<a>\d+)|\+CIPRXGET: 1(?:,(?P<b>\d+))?'
    rb"|\+QIRDI: \d+,\d+,(?P<c>\d+)[^\r\n]*)\r\n"
)
_READ = re.compile(
    rb"\r\n(?:\+QIRD: (?!\d+,\d+,\d+\r)(?:[\d.]+:\d+,\w+,)?(?P<n1>\d+)[^\r\n]*\r\n"
    rb"|\+CIPRXGET: (?:2|(?P<hex>3)),(?:(?P<link>\d),)?(?P<n2>\d+),\d+[^\r\n]*\r\n)"
)
_CLOSED = re.compile(rb'\r\n(?:(?:(?P<a>\d+), ?)?CLOSED|NO CARRIER|\+QIURC: "closed",(?P<b>\d+))\r\n')
_CLIENT = re.compile(
    rb"\r\n(?:(?:(?P<a>\d+), ?)?REMOTE IP: ?(?P<h1>[\d.]+)"
    rb'|\+QIURC: "incoming",(?P<b>\d+),\d+,"(?P<h2>[\d.]+)",(?P<port>\d+))\r\n'
)
_PDP_LOST = re.compile(rb'\r\n(?:\+PDP[: ]+DEACT|\+QIURC: "pdpdeact",(?P<context>\d))\r\n')
_RING = re.compile(rb"\r\nRING\r\n")
_CALLER = re.compile(rb'\r\n\+CLIP: ?"(?P<number>[^"]*)"')
_MESSAGE = re.compile(rb'\r\n\+CMTI: ?"[A-Z]+",(?P<slot>\d{1,3})\r\n')
_CONTENT = re.compile(
    rb'\r\n\+CMG[RL]: ?(?:\d+,)?"[^"]*","(?P<number>[^"]*)"[^\r\n]*\r\n(?P<text>[^\r\n]*)\r\n'
)
_STORED = re.compile(rb"\r\n\+CM(?:GR|GL|T): ?")
_ACKNOWLEDGED = re.compile(rb"\r\n\+(?:QISACK|CIPACK|QISEND): ?\d+")
_RAW_ENDS = re.compile(
    rb"\r\n(?:(?:\d, ?)?(?:CLOSED|CLOSE OK|SEND OK|OK|ERROR)|\+PDP[: ]+DEACT|NO CARRIER)\r\n"
)


@dataclass(frozen=True, slots=True)
class _Far:
    """The far end of a link."""

    tcp: TcpPeer | None = None
    udp: UdpPeer | None = None
    client: MemoryConnection | None = None

    @property
    def connection(self) -> MemoryConnection | None:
        """The connection as it is now."""
        if self.tcp is not None and self.tcp.connections:
            return self.tcp.connections[-1]
        return self.client

    @property
    def there(self) -> bool:
        """Whether it can send."""
        connection = self.connection
        return self.udp is not None or (
            connection is not None and not connection.gone and not connection.fin_sent
        )

    def send(self, data: bytes) -> None:
        if self.udp is not None:
            self.udp.send(data)
        elif self.connection is not None:
            self.connection.send(data)


class Peers:
    """The far ends in ``net``; ``network`` tells the module what else happens. ``said``: all that the module
    wrote; ``names``: what names lead to.
    """

    def __init__(
        self,
        net: MemoryNetStack,
        network: Callable[[Event], None],
        said: bytes,
        names: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._net = net
        self._network = network
        self._said = said
        self._names = dict(names)
        self._far: dict[bytes, _Far] = {}
        self._servers: dict[Address, TcpPeer] = {}
        self._online = False
        for name, addresses in names.items():
            net.add_name(name, *addresses)

    def host_writes(self, line: bytes, place: int) -> None:
        """The host writes a line, when the module has said ``said[:place]``."""
        for found in _OPENS.finditer(line):
            host, port = found["host"].decode("latin-1"), int(found["port"])
            if not 0 < port < 65536:
                continue
            address = Address(self._address(host), port)
            link = found["link"] or b""
            if found["transport"].upper() == b"UDP":
                self._far[link] = _Far(udp=self._net.udp(*address))
                continue
            if address not in self._servers:
                self._servers[address] = self._net.tcp(*address)
            server = self._servers[address]
            server.mode = Mode.ACCEPT if self._accepted(link, place) else Mode.REFUSE
            self._far[link] = _Far(tcp=server)

    def heard(self, tokens: Iterable[Token]) -> None:
        """The module has said this: whether it is in data mode now."""
        for token in tokens:
            word = token.data.strip()
            if word == b"CONNECT":
                self._online = True
            elif word in (b"CLOSED", b"OK", b"ERROR", b"NO CARRIER", b"+PDP: DEACT"):
                self._online = False

    def explains(self, token: Token, until: int) -> int:
        """Let far ends and network do what they must have done for the module to say ``token``, if that is
        it; where in ``said`` what is explained so ends, or 0. Bytes without a header end at ``until``.
        """
        said, place = self._said, token.at
        if happened := self._happened(place):
            self._network(happened[0])
            return happened[1]
        if found := _CLIENT.match(said, place):
            return self._client(found) and found.end()
        if found := _CLOSED.match(said, place):
            return self._close(_one(found, "a", "b")) and found.end()
        if found := _NOTICE.match(said, place):
            return self._send(_one(found, "a", "b", "c"), self._read_later(found.end())) and found.end()
        if source := _SOURCE.match(said, place):
            place = source.end()
        if found := _DATA.match(said, place):
            end = found.end() + int(_one(found, "n1", "n2", "n3", "n4")[:6])
            return self._send(_one(found, "a", "b", "c"), said[found.end() : end]) and end
        if token.framed and not self._online and not source:
            return 0  # it has something to say itself
        if token.data.lstrip().upper().startswith(b"AT"):
            return 0  # an echo
        ends = _RAW_ENDS.search(said, place, until)
        end = ends.start() if ends else until
        return self._send(b"", said[place:end]) and end

    def speaks_of_peers(self, token: Token) -> bool:
        """Whether ``token`` tells what a far end did."""
        words = (_CLIENT, _CLOSED, _NOTICE, _SOURCE, _DATA, _READ, _OPENED, _STORED, _ACKNOWLEDGED)
        return any(word.match(self._said, token.at) for word in words) or not token.framed

    def _happened(self, place: int) -> tuple[Event, int] | None:
        """What the network did, and where the module's words for it end."""
        said = self._said
        if found := _PDP_LOST.match(said, place):
            return PdpLost(int(found["context"]) if found["context"] else None), found.end()
        if found := _RING.match(said, place):
            caller = _CALLER.match(said, found.end())
            return CallArrived(caller["number"].decode("latin-1") if caller else ""), found.end()
        if found := _MESSAGE.match(said, place):
            content = _CONTENT.search(said, found.end())
            number, text = content.group("number", "text") if content else (b"", b"")
            slot = int(found["slot"])
            return SmsArrived(number.decode("latin-1"), text.decode("latin-1"), slot), found.end()
        return None

    # ---- what they do ----------------------------------------------------------------------------

    def _send(self, link: bytes, data: bytes) -> bool:
        far = self._of(link)
        if far is None or not data:
            return False
        far.send(data)
        return True

    def _close(self, link: bytes) -> bool:
        far = self._of(link)
        if far is None or far.connection is None:
            return False
        far.connection.close()
        return True

    def _client(self, found: re.Match[bytes]) -> bool:
        ports = {address.port for address in self._net.listeners(Transport.TCP)}
        if len(ports) != 1:
            return False
        host = _one(found, "h1", "h2").decode()
        port = int(found["port"]) % 65536 if found["port"] else None
        client = self._net.connect_client(ports.pop(), host, port)
        self._far[_one(found, "a", "b")] = _Far(client=client)
        return True

    # ---- what is known of them -------------------------------------------------------------------

    def _of(self, link: bytes) -> _Far | None:
        far = self._far.get(link)
        if far is not None:
            return far if far.there else None
        there = [far for far in self._far.values() if far.there]
        return there[0] if len(there) == 1 else None

    def _address(self, host: str) -> str:
        if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", host):
            return host
        if host not in self._names:
            self._names[host] = (f"198.51.100.{len(self._names) % 254 + 1}",)
            self._net.add_name(host, *self._names[host])
        return self._names[host][0]

    def _accepted(self, link: bytes, place: int) -> bool:
        for found in _OPENED.finditer(self._said, place):
            if (found["lpwa"] or found["link"] or b"") == link:
                return bool(found["well"] or found["lpwa_well"])
        return True

    def _read_later(self, place: int) -> bytes:
        """What the host reads, until it is told of more."""
        notice = _NOTICE.search(self._said, place)
        end = notice.start() if notice else len(self._said)
        data = b""
        for found in _READ.finditer(self._said, place, end):
            count = int(_one(found, "n1", "n2")[:6])
            if found["hex"]:
                data += _octets(self._said[found.end() : found.end() + 2 * count])
            else:
                data += self._said[found.end() : found.end() + count]
        return data


def _octets(text: bytes) -> bytes:
    try:
        return bytes.fromhex(text.decode("latin-1"))
    except ValueError:
        return b""


def _one(found: re.Match[bytes], *names: str) -> bytes:
    return next((found[name] for name in names if found[name]), b"")

"""Real DNS and NTP servers on loopback, in a thread of their own; what they answer is the test's."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from scapy.layers.dns import DNS, DNSRR
from scapy.layers.ntp import NTPHeader
from scapy.packet import Packet

P = TypeVar("P", bound=Packet)

FROM_1900 = 2208988800
"""Seconds from where NTP counts to the Unix epoch."""


class Responder(Generic[P]):
    """A UDP server on loopback; ``answer(query)`` gives the packets that it sends back."""

    def __init__(self, parse: Callable[[bytes], P], answer: Callable[[P], Sequence[bytes | P]]) -> None:
        self.queries: list[P] = []
        self._parse = parse
        self._answer = answer
        self._sock = socket.socket(type=socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self.port: int = self._sock.getsockname()[1]
        self.senders: list[Any] = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            data, sender = self._sock.recvfrom(4096)
            if not data:
                return
            query = self._parse(data)
            self.queries.append(query)
            self.senders.append(sender)
            for packet in self._answer(query):
                self._sock.sendto(bytes(packet), sender)

    def close(self) -> None:
        """Stop it."""
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join(10)
        self._sock.close()

    def route(self, server: str, port: int) -> str:
        """The route that makes it the server that the module asks."""
        return f"udp://{server}:{port}=udp://127.0.0.1:{self.port}"


@contextmanager
def _running(server: Responder[P]) -> Iterator[Responder[P]]:
    try:
        yield server
    finally:
        server.close()


# ---- DNS --------------------------------------------------------------------------------------------


@contextmanager
def dns_server(answer: Callable[[DNS], Sequence[bytes | DNS]]) -> Iterator[Responder[DNS]]:
    """A DNS server."""
    with _running(Responder(DNS, answer)) as server:
        yield server


def a(name: str, address: str, ttl: int = 300) -> DNSRR:
    """An address record."""
    return DNSRR(rrname=name, type="A", rdata=address, ttl=ttl)


def dns_reply(query: DNS, *records: DNSRR, **fields: Any) -> DNS:
    """The answer to ``query``."""
    return DNS(**{"id": query.id, "qr": 1, "ra": 1, "qd": query.qd, "an": list(records), **fields})


# ---- NTP --------------------------------------------------------------------------------------------


@contextmanager
def ntp_server(answer: Callable[[NTPHeader], Sequence[bytes | NTPHeader]]) -> Iterator[Responder[NTPHeader]]:
    """An NTP server."""
    with _running(Responder(NTPHeader, answer)) as server:
        yield server


def stamp(seconds: float) -> int:
    """A moment in seconds since the Unix epoch as 64 bits of NTP, whatever its era."""
    return (int(seconds + FROM_1900) & 0xFFFFFFFF) << 32 | int(seconds % 1 * (1 << 32))


def ntp_reply(query: NTPHeader, moment: float, **fields: Any) -> NTPHeader:
    """The answer to ``query`` of a server that received and answered it at ``moment``."""
    packet = NTPHeader(version=query.version, mode=4, stratum=2, leap=0)
    then = stamp(moment)
    packet.fields.update({"orig": query.fields["sent"], "recv": then, "sent": then, "ref": then})
    packet.fields.update(fields)
    return packet

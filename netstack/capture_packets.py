"""IP packets of a capture: a flow's headers are scapy's, built once; each packet only patches them.

All sums are kept modulo 65535: that is the Internet checksum's arithmetic (RFC 1071), in which a number
of any length may be added as it is, so the payload is one long integer.

Rules for editors: scapy takes 0.2 to 0.8 s to import, so only functions import it.
"""

from __future__ import annotations

import struct
from enum import IntFlag

from ..emulator.events import Address, Failure

MSS = 1460
"""Bytes of data in a TCP segment: an MTU of 1500 (RFC 9293 3.7.1)."""
WINDOW = 65535
"""The window that both sides offer; no window scaling."""

NETWORK = "10.64.0.1"
"""The mobile network's own router and DNS server (invented): no module gets this PDP address."""

UNREACHABLE_CODES = {Failure.UNREACHABLE: 1, Failure.FORBIDDEN: 13}
"""Host unreachable; communication administratively prohibited (RFC 792, RFC 1812 5.2.7.1)."""

_TTL = 64
_TCP, _UDP = 6, 17
_MSS_OPTION = struct.pack(">BBH", 2, 4, MSS)
_TCP_LENGTH = 20
_UDP_LENGTH = 8
_IP_LENGTH = 20

LONGEST_DATAGRAM = 65535 - _IP_LENGTH - _UDP_LENGTH
"""Bytes of data in a UDP datagram over IPv4."""


class Flags(IntFlag):
    """TCP's control bits (RFC 9293 3.1)."""

    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10


def _checksum(total: int) -> int:
    left = total % 65535
    return 65535 - left if left else 0


def _sum(data: bytes | memoryview) -> int:
    """``data`` as a sum of 16-bit words; an odd last byte is the high one of its word."""
    value = int.from_bytes(data, "big")
    return value << 8 if len(data) & 1 else value


class _Headers:
    """The IP header of one direction of a flow, and the sums of all that stays as it is."""

    __slots__ = ("_header", "_identification", "_ip_sum", "_pseudo_sum")

    def __init__(self, header: bytes, protocol: int) -> None:
        self._header = bytearray(header)
        # to be patched in: length, identification, checksum
        self._header[2:6] = bytes(4)
        self._header[10:12] = bytes(2)
        self._ip_sum = _sum(bytes(self._header[:_IP_LENGTH]))
        addresses_and_ports = _sum(bytes(self._header[12:24]))
        self._pseudo_sum = addresses_and_ports + protocol
        self._identification = 0

    def _ip(self, length: int) -> bytearray:
        """A copy of the headers whose IP header is complete."""
        header = self._header.copy()
        self._identification = number = (self._identification + 1) & 0xFFFF
        struct.pack_into(">HH", header, 2, length, number)
        struct.pack_into(">H", header, 10, _checksum(self._ip_sum + length + number))
        return header


class TcpHeaders(_Headers):
    """TCP from ``source`` to ``destination``."""

    __slots__ = ()

    def __init__(self, source: Address, destination: Address) -> None:
        from scapy.layers.inet import IP, TCP

        ip = IP(src=source.host, dst=destination.host, flags="DF", ttl=_TTL)
        super().__init__(bytes(ip / TCP(sport=source.port, dport=destination.port)), _TCP)

    def segment(
        self, flags: Flags, sequence: int, acknowledgement: int, window: int, data: bytes | memoryview = b""
    ) -> bytearray:
        """All that comes before ``data``; a SYN carries the option MSS."""
        options = _MSS_OPTION if flags & Flags.SYN else b""
        length = _TCP_LENGTH + len(options)
        header = self._ip(_IP_LENGTH + length + len(data))
        control = length << 10 | flags
        total = self._pseudo_sum + length + len(data) + sequence + acknowledgement + control + window
        checksum = _checksum(total + _sum(options) + _sum(data))
        words = (sequence, acknowledgement, control, window, checksum, 0)
        struct.pack_into(">IIHHHH", header, _IP_LENGTH + 4, *words)
        return header + options


class UdpHeaders(_Headers):
    """UDP from ``source`` to ``destination``."""

    __slots__ = ()

    def __init__(self, source: Address, destination: Address) -> None:
        from scapy.layers.inet import IP, UDP

        ip = IP(src=source.host, dst=destination.host, ttl=_TTL)
        super().__init__(bytes(ip / UDP(sport=source.port, dport=destination.port)), _UDP)

    def datagram(self, data: bytes) -> bytearray:
        """All that comes before ``data``. One packet, however long: as it is before it is cut."""
        length = _UDP_LENGTH + len(data)
        header = self._ip(_IP_LENGTH + length)
        checksum = _checksum(self._pseudo_sum + 2 * length + _sum(data)) or 0xFFFF
        struct.pack_into(">HH", header, _IP_LENGTH + 4, length, checksum)
        return header


def unreachable(router: str, source: str, code: int, packet: bytes) -> bytes:
    """What ``router`` says to ``source`` of its ``packet`` that cannot be delivered (RFC 792)."""
    from scapy.layers.inet import ICMP, IP

    quoted = packet[: _IP_LENGTH + 8]
    return bytes(IP(src=router, dst=source, ttl=_TTL) / ICMP(type=3, code=code) / quoted)


def echo(source: str, destination: str, number: int, size: int, *, reply_ttl: int | None = None) -> bytes:
    """An echo request with ``size`` bytes, or its reply as it came with ``reply_ttl`` (RFC 792)."""
    from scapy.layers.inet import ICMP, IP

    kind, ttl = (8, _TTL) if reply_ttl is None else (0, reply_ttl)
    data = bytes(0x61 + at % 23 for at in range(size))
    return bytes(IP(src=source, dst=destination, ttl=ttl) / ICMP(type=kind, id=1, seq=number) / data)

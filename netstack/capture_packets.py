"""IP packets of a capture: a flow's headers are scapy's, built once; each packet only patches them.

All sums are kept modulo 65535: that is the Internet checksum's arithmetic (RFC 1071), in which a number
of any length may be added as it is, so the payload is one long integer.

Rules for editors: scapy takes 0.2 to 0.8 s to import, so only functions import it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from ..emulator.events import Address, Failure
from .capture_sums import MSS, best, word_sum

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

_IP = ">2sHH4sH12s"
_SEGMENT = struct.Struct(f"{_IP}IIHHHH")
_DATAGRAM = struct.Struct(f"{_IP}HH")

LONGEST_DATAGRAM = 65535 - _IP_LENGTH - _UDP_LENGTH
"""Bytes of data in a UDP datagram over IPv4."""


class Flags:
    """TCP's control bits (RFC 9293 3.1). Plain numbers: an IntFlag's ``|`` is a fifth of a segment's cost."""

    FIN: Final = 0x01
    SYN: Final = 0x02
    RST: Final = 0x04
    PSH: Final = 0x08
    ACK: Final = 0x10


class _Headers:
    """The IP header of one direction of a flow, and the sums of all that stays as it is."""

    __slots__ = ("_ends", "_first", "_identification", "_ip_sum", "_middle", "_pseudo_sum")

    def __init__(self, header: bytes, protocol: int) -> None:
        # what stays: version and service, flags to protocol, addresses and ports
        self._first, self._middle, self._ends = header[:2], header[6:10], header[12:24]
        self._ip_sum = word_sum(self._first) + word_sum(self._middle) + word_sum(header[12:20])
        self._pseudo_sum = word_sum(self._ends) + protocol
        self._identification = 0

    def _ip_fields(self, length: int) -> tuple[bytes, int, int, bytes, int, bytes]:
        """The IP header and the ports, as :data:`_IP` packs them."""
        self._identification = number = (self._identification + 1) & 0xFFFF
        checksum = -(self._ip_sum + length + number) % 65535
        return self._first, length, number, self._middle, checksum, self._ends


class TcpHeaders(_Headers):
    """TCP from ``source`` to ``destination``."""

    __slots__ = ()

    def __init__(self, source: Address, destination: Address) -> None:
        from scapy.layers.inet import IP, TCP

        ip = IP(src=source.host, dst=destination.host, flags="DF", ttl=_TTL)
        super().__init__(bytes(ip / TCP(sport=source.port, dport=destination.port)), _TCP)

    def segment(
        self, flags: int, sequence: int, acknowledgement: int, window: int, data: bytes = b""
    ) -> bytes:
        """All that comes before ``data``; a SYN has none, and the option MSS."""
        options = _MSS_OPTION if flags & Flags.SYN else b""
        control = _TCP_LENGTH + len(options) << 10 | flags
        length = _TCP_LENGTH + len(options) + len(data)
        total = self._pseudo_sum + length + sequence + acknowledgement + control + window
        if data or options:
            total += word_sum(data or options)
        words = (sequence, acknowledgement, control, window, -total % 65535, 0)
        header = _SEGMENT.pack(*self._ip_fields(_IP_LENGTH + length), *words)
        return header + options if options else header

    def run(
        self, flags: int, sequence: int, acknowledgement: int, window: int, data: bytes, begin: int, end: int
    ) -> tuple[list[bytes], list[bytes]]:
        """``data[begin:end]``, which is not empty, as full segments and one of what is left: the headers, and
        what each carries.

        ``flags`` are the last one's, the others have ACK alone. Most of what a capture costs is here, so
        nothing is called for each segment that can be spared (and a view's part is dearer than a copy).
        """
        pack, first, middle, ends = _SEGMENT.pack, self._first, self._middle, self._ends
        last = begin + (end - begin - 1) // MSS * MSS
        carried = [data[start : start + MSS] for start in range(begin, last, MSS)]
        length, number = _HEADERS + MSS, self._identification
        ip_unchanged = self._ip_sum + length
        unchanged = self._pseudo_sum + acknowledgement + window + _TCP_LENGTH + MSS + _MORE
        headers = []
        for value in best()(data, begin, carried):
            number = (number + 1) & 0xFFFF
            header = pack(
                first,
                length,
                number,
                middle,
                -(ip_unchanged + number) % 65535,
                ends,
                sequence,
                acknowledgement,
                _MORE,
                window,
                (-unchanged - sequence - value) % 65535,
                0,
            )
            headers.append(header)
            sequence = (sequence + MSS) & 0xFFFFFFFF
        self._identification = number
        carried.append(data[last:end])
        headers.append(self.segment(flags, sequence, acknowledgement, window, carried[-1]))
        return headers, carried

    def acknowledgements(self, sequence: int, numbers: Iterable[int], window: int) -> list[bytes]:
        """A segment without data for each of ``numbers``, which are acknowledged."""
        pack, first, middle, ends = _SEGMENT.pack, self._first, self._middle, self._ends
        control = _MORE
        unchanged = self._pseudo_sum + _TCP_LENGTH + sequence + control + window
        ip_unchanged = self._ip_sum + _HEADERS
        number = self._identification
        made = []
        for acknowledged in numbers:
            number = (number + 1) & 0xFFFF
            header = pack(
                first,
                _HEADERS,
                number,
                middle,
                -(ip_unchanged + number) % 65535,
                ends,
                sequence,
                acknowledged,
                control,
                window,
                -(unchanged + acknowledged) % 65535,
                0,
            )
            made.append(header)
        self._identification = number
        return made


_HEADERS = _IP_LENGTH + _TCP_LENGTH
_MORE = _TCP_LENGTH << 10 | Flags.ACK
"""Header length and flags of a segment that more will follow."""


class UdpHeaders(_Headers):
    """UDP from ``source`` to ``destination``."""

    __slots__ = ()

    def __init__(self, source: Address, destination: Address) -> None:
        from scapy.layers.inet import IP, UDP

        ip = IP(src=source.host, dst=destination.host, ttl=_TTL)
        super().__init__(bytes(ip / UDP(sport=source.port, dport=destination.port)), _UDP)

    def datagram(self, data: bytes) -> bytes:
        """All that comes before ``data``. One packet, however long: as it is before it is cut."""
        length = _UDP_LENGTH + len(data)
        checksum = -(self._pseudo_sum + 2 * length + word_sum(data)) % 65535 or 0xFFFF
        return _DATAGRAM.pack(*self._ip_fields(_IP_LENGTH + length), length, checksum)


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

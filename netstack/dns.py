"""Asks one DNS server for the IPv4 addresses of one name (RFC 1035), waiting for the answer in a thread.

scapy, which knows the packets, takes 0.3 s to import: only who asks pays, and the event loop does not.
"""

from __future__ import annotations

import secrets
import socket
import time
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from ..emulator.events import Address
from .policy import ipv4
from .routes import fold

if TYPE_CHECKING:
    from scapy.layers.dns import DNS

PORT = 53

_READ = 65536
_NXDOMAIN = 3
_LONGEST_LABEL, _LONGEST_NAME = 63, 253


class Found(NamedTuple):
    """The addresses in the server's order, and for how many seconds all that led to them is valid."""

    addresses: tuple[str, ...]
    ttl: int


class Trouble(Enum):
    """Why there is no address."""

    NO_ADDRESS = "the name has none"
    FAILED = "the server does not say: SERVFAIL, REFUSED and the like"
    SILENT = "no answer in time"
    UNREACHABLE = "the server cannot be reached, or nobody listens there"


def ask(server: Address, name: str, patience: float) -> Found | Trouble:
    """Ask ``server`` and wait for at most ``patience`` seconds.

    What is no answer to this question (another sender, another id, another name, a broken packet) is passed
    over. An answer cut short (TC) counts with what it holds. Raises ``ImportError`` without scapy.
    """
    from scapy.layers.dns import DNS, DNSQR

    if not _can_be_asked(name):
        return Trouble.NO_ADDRESS
    number = secrets.randbelow(1 << 16)
    query = bytes(DNS(id=number, rd=1, qd=[DNSQR(qname=fold(name), qtype="A", qclass="IN")]))
    until = time.monotonic() + patience
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(server)  # from here on the kernel drops what others send
            sock.send(query)
            while (left := until - time.monotonic()) > 0:
                sock.settimeout(left)
                reply = _parsed(sock.recv(_READ))
                if reply is not None and reply.id == number and _answers(reply, name):
                    return _outcome(reply, name)
        except TimeoutError:
            pass
        except OSError:
            return Trouble.UNREACHABLE
    return Trouble.SILENT


def _can_be_asked(name: str) -> bool:
    labels = fold(name).split(".")
    return len(fold(name)) <= _LONGEST_NAME and all(0 < len(label) <= _LONGEST_LABEL for label in labels)


def _parsed(data: bytes) -> DNS | None:
    from scapy.layers.dns import DNS

    try:
        return DNS(data)
    except Exception:  # scapy raises whatever a broken packet makes it stumble over (struct.error ...)
        return None


def _answers(reply: DNS, name: str) -> bool:
    from scapy.layers.dns import DNSQR

    if not reply.qr or reply.opcode != 0 or len(reply.qd) != 1:
        return False
    question = reply.qd[0]
    return (
        isinstance(question, DNSQR)
        and (question.qtype, question.qclass) == (1, 1)
        and _text(question.qname) == fold(name)
    )


def _outcome(reply: DNS, name: str) -> Found | Trouble:
    """What a true answer says: CNAMEs are followed as far as it holds them."""
    if reply.rcode:
        return Trouble.NO_ADDRESS if reply.rcode == _NXDOMAIN else Trouble.FAILED
    addresses, aliases = _records(reply)
    owner, ttls = fold(name), []
    for _ in range(len(aliases)):  # no chain is longer, except one that bites its tail
        if owner in addresses or owner not in aliases:
            break
        owner, ttl = aliases[owner]
        ttls.append(ttl)
    found = addresses.get(owner, {})
    if found:
        return Found(tuple(found), min(*ttls, *found.values(), 0x7FFFFFFF))
    return Trouble.FAILED if reply.tc else Trouble.NO_ADDRESS


def _records(reply: DNS) -> tuple[dict[str, dict[str, int]], dict[str, tuple[str, int]]]:
    """The TTLs of each owner's addresses, and each alias's target and TTL."""
    from scapy.layers.dns import DNSRR

    addresses: dict[str, dict[str, int]] = {}
    aliases: dict[str, tuple[str, int]] = {}
    for record in reply.an:
        if not isinstance(record, DNSRR) or record.rclass != 1:
            continue
        owner = _text(record.rrname)
        if record.type == 1 and isinstance(record.rdata, str) and ipv4(record.rdata) is not None:
            addresses.setdefault(owner, {}).setdefault(record.rdata, record.ttl)
        elif record.type == 5:
            aliases.setdefault(owner, (_text(record.rdata), record.ttl))
    return addresses, aliases


def _text(name: Any) -> str:
    """A name as scapy gives it, for comparing."""
    return fold(name.decode("latin-1") if isinstance(name, bytes) else str(name))

"""The DNS messages of a capture (RFC 1035), written by scapy."""

from __future__ import annotations

from ..emulator.events import Failure, Resolved, ResolveFailed

PORT = 53

_RCODES = {Failure.NOT_FOUND: 3, Failure.REFUSED: 2}
"""NXDOMAIN; SERVFAIL for a server that does not say. Every other failure is a silence."""

_LONGEST_LABEL, _LONGEST_NAME = 63, 253


def can_be_asked(name: str) -> bool:
    """Whether a DNS message can carry ``name``."""
    text = name.removesuffix(".")
    labels = text.split(".")
    return text.isascii() and len(text) <= _LONGEST_NAME and all(0 < len(x) <= _LONGEST_LABEL for x in labels)


def question(number: int, name: str) -> bytes:
    """The question for the IPv4 addresses of ``name``."""
    from scapy.layers.dns import DNS, DNSQR

    return bytes(DNS(id=number, rd=1, qd=[DNSQR(qname=name, qtype="A", qclass="IN")]))


def answer(number: int, name: str, event: Resolved | ResolveFailed) -> bytes | None:
    """What the server answers; ``None`` if it answers nothing."""
    from scapy.layers.dns import DNS, DNSQR, DNSRR

    asked = [DNSQR(qname=name, qtype="A", qclass="IN")]
    if isinstance(event, Resolved):
        records = [DNSRR(rrname=name, type="A", ttl=event.ttl, rdata=found) for found in event.addresses]
        return bytes(DNS(id=number, qr=1, rd=1, ra=1, qd=asked, an=records))
    rcode = _RCODES.get(event.failure)
    return None if rcode is None else bytes(DNS(id=number, qr=1, rd=1, ra=1, rcode=rcode, qd=asked))

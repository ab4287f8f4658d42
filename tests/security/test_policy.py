"""No name, notation, answer or sender leads a module's traffic past the policy.

A whole module with real sockets: its DNS server is the attacker's. Nothing but the refusal may come.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import pytest
from realnet import Net, run
from responders import Responder, a, dns_reply, dns_server
from scapy.layers.dns import DNS, DNSRR
from vmodem.emulator.effects import AskNtp, Listen, Ping, Resolve, SendData, Transport
from vmodem.emulator.events import (
    Accepted,
    Address,
    Connected,
    ConnectFailed,
    Failure,
    NtpFailed,
    PingFailed,
    Received,
    Resolved,
    ResolveFailed,
)
from vmodem.netstack.policy import Policy

TCP, UDP = Transport.TCP, Transport.UDP
FORBIDDEN = [
    "169.254.169.254",
    "168.63.129.16",
    "100.100.100.200",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.251",
]
NAME = "evil.example"


@contextmanager
def attacker(*addresses: str) -> Iterator[Responder[DNS]]:
    """A DNS server that gives these addresses in turn, one to a question."""
    turn = cycle(addresses)
    with dns_server(lambda query: [dns_reply(query, a(NAME, next(turn), ttl=0))]) as server:
        yield server


@pytest.mark.parametrize("address", FORBIDDEN)
@pytest.mark.parametrize("policy", Policy)
def test_an_answer_of_dns_is_checked_like_any_address(address: str, policy: Policy) -> None:
    """TCP, UDP, a ping and NTP, each to what the name was said to be."""
    with attacker(address) as server:

        async def story(net: Net) -> None:
            net.perform(Resolve(1, NAME, ("8.8.8.8",)))
            (found,) = (await net.take(Resolved)).addresses
            assert found == address
            net.open(Address(found, 80))
            assert (await net.take(ConnectFailed)).failure is Failure.FORBIDDEN
            net.perform(Ping(2, found, 32, 1.0, net.source))
            assert (await net.take(PingFailed)).failure is Failure.FORBIDDEN
            net.perform(AskNtp(3, Address(found, 123), 1.0, net.source))
            assert (await net.take(NtpFailed)).failure is Failure.FORBIDDEN
            assert sum("refused" in note for note in net.notes) >= 3

        run(story, server.route("8.8.8.8", 53), policy=policy)


def test_a_name_that_means_another_host_the_next_time() -> None:
    """DNS rebinding: what was allowed once says nothing about the next answer."""
    with attacker("127.0.0.1", "169.254.169.254") as server, socket.create_server(("127.0.0.1", 0)) as peer:
        port = peer.getsockname()[1]

        async def story(net: Net) -> None:
            for expected in (Connected, None, Connected, None):
                net.perform(Resolve(1, NAME, ("8.8.8.8",)))
                (found,) = (await net.take(Resolved)).addresses
                net.open(Address(found, port))
                if expected is not None:
                    await net.take(Connected)
                else:
                    assert (await net.take(ConnectFailed)).failure is Failure.FORBIDDEN

        run(story, server.route("8.8.8.8", 53), policy=Policy.LOOPBACK)


def test_an_alias_leads_to_a_checked_address_too() -> None:
    def answer(query: DNS) -> Sequence[DNS]:
        alias = DNSRR(rrname=NAME, type="CNAME", rdata="metadata.internal", ttl=1)
        return [dns_reply(query, alias, a("metadata.internal", "169.254.169.254"))]

    with dns_server(answer) as server:

        async def story(net: Net) -> None:
            net.perform(Resolve(1, NAME, ("8.8.8.8",)))
            (found,) = (await net.take(Resolved)).addresses
            net.open(Address(found, 80))
            assert (await net.take(ConnectFailed)).failure is Failure.FORBIDDEN

        run(story, server.route("8.8.8.8", 53), policy=Policy.HOST)


def test_each_datagram_is_checked() -> None:
    """A socket that may speak to one address may not speak to another for that."""
    with socket.socket(type=socket.SOCK_DGRAM) as peer:
        peer.bind(("127.0.0.1", 0))
        peer.settimeout(5)
        here = Address(*peer.getsockname())

        async def story(net: Net) -> None:
            handle = net.open(here, transport=UDP)
            await net.take(Connected)
            for text, to in ((b"1", None), (b"2", Address("169.254.169.254", here.port)), (b"3", here)):
                net.perform(SendData(handle, text, to))
            for to in (Address("10.255.255.255", 9), Address("0.0.0.0", here.port)):
                net.perform(SendData(handle, b"no", to))
            assert [peer.recv(9), peer.recv(9)] == [b"1", b"3"]
            assert [note.split(" refused")[0] for note in net.notes] == [
                f"UDP to 169.254.169.254:{here.port}",
                "UDP to 10.255.255.255:9",
                f"UDP to 0.0.0.0:{here.port}",
            ]

        run(story, policy=Policy.LOOPBACK)


def test_nothing_is_broadcast() -> None:
    """Also to a network's own broadcast address, which no table can know: the kernel refuses it."""

    async def story(net: Net) -> None:
        handle = net.open(Address("127.0.0.1", 9), transport=UDP)
        await net.take(Connected)
        link = net.stack._links[handle]
        assert link._sock.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST) == 0  # type: ignore[attr-defined]

    run(story, policy=Policy.HOST)


ODD = ["0177.0.0.1", "2130706433", "127.1", "0x7f.1", "::ffff:169.254.169.254", "169.254.169.254.", "[::1]"]
ODD += ["\uff11\uff12\uff17.0.0.1", "127\u30020.0.1", "169.254.169.254 x", "0xA9FEA9FE", "2852039166"]


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("servers", [(), ("8.8.8.8",)])
def test_another_spelling_of_an_address_is_no_name(name: str, servers: tuple[str, ...]) -> None:
    """Neither the host's resolver, which would understand it, nor a server is asked."""
    with attacker("127.0.0.1") as server:

        async def story(net: Net) -> None:
            net.perform(Resolve(1, name, servers))
            assert (await net.take(ResolveFailed)).failure is Failure.NOT_FOUND
            assert "another spelling" in net.notes[-1]

        run(story, server.route("8.8.8.8", 53), policy=Policy.HOST)
    assert server.queries == []


def test_a_sender_is_answered_only_where_sending_is_allowed() -> None:
    """A datagram can say that it comes from anywhere; a forbidden address gets no answer for that."""

    async def story(net: Net) -> None:
        net.perform(Listen(7, UDP, 0, ""))
        listener = net.stack._links[7]
        listener._arrived(b"spoofed", Address("169.254.169.254", 80))  # type: ignore[attr-defined]
        accepted = await net.take(Accepted)
        await net.take(Received)
        net.perform(SendData(accepted.handle, b"answer", None))
        assert net.notes[-1] == "UDP to 169.254.169.254:80 refused: link-local addresses are always refused"

    run(story, policy=Policy.HOST)


def test_only_loopback_listens() -> None:
    """What a run with every kind of port opens, as the kernel tells it (but for UDP towards the network)."""

    def mine() -> set[str]:
        inodes = set()
        for fd in os.listdir("/proc/self/fd"):
            try:
                inodes.add(os.readlink(f"/proc/self/fd/{fd}"))
            except OSError:
                continue
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return {row[1].split(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes}

    async def story(net: Net) -> None:
        before = mine()
        net.perform(Listen(7, TCP, 0, ""))
        net.perform(Listen(8, UDP, 0, ""))
        assert mine() - before <= {"0100007F"}
        assert "0100007F" in mine()

    run(story, policy=Policy.HOST)

"""The DNS servers that a module configures are really asked, and their answers are checked."""

from __future__ import annotations

import asyncio
import builtins
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from realnet import Net, free_port, run
from responders import a, dns_server
from responders import dns_reply as reply
from scapy.layers.dns import DNS, DNSQR, DNSRR
from vmodem.emulator.effects import Resolve
from vmodem.emulator.events import Event, Failure, Resolved, ResolveFailed
from vmodem.netstack.policy import Policy
from vmodem.netstack.resolve import Resolver, hosts_lookup
from vmodem.netstack.routes import Route, Routes

Reply = bytes | DNS
NAME = "www.example.com"


def cname(name: str, target: str, ttl: int = 300) -> DNSRR:
    return DNSRR(rrname=name, type="CNAME", rdata=target, ttl=ttl)


def ask(
    *servers: str,
    routes: Sequence[str],
    name: str = NAME,
    policy: Policy = Policy.NONE,
    **settings: Any,
) -> tuple[Event, list[str]]:
    """What a module with these DNS servers hears, and what was remarked."""
    notes: list[str] = []

    async def story() -> Event:
        answers: asyncio.Queue[Event] = asyncio.Queue()
        resolver = Resolver(
            loop=asyncio.get_running_loop(),
            deliver=answers.put_nowait,
            routes=Routes(tuple(map(Route.parse, routes))),
            policy=policy,
            note=notes.append,
            **{"lookup": nobody_asks_the_host, **settings},
        )
        resolver.resolve(Resolve(1, name, servers))
        return await asyncio.wait_for(answers.get(), 10)

    return asyncio.run(story()), notes


def nobody_asks_the_host(name: str) -> tuple[str, ...]:
    raise AssertionError(f"the host's resolver was asked for {name}")


def asked_of_one(answer: Callable[[DNS], Sequence[Reply]], **settings: Any) -> Event:
    with dns_server(answer) as server:
        return ask("8.8.8.8", routes=[server.route("8.8.8.8", 53)], **settings)[0]


@pytest.mark.parametrize("policy", Policy)
def test_the_configured_server_is_asked(policy: Policy) -> None:
    records = (a(NAME, "192.0.2.2", 60), a(NAME, "192.0.2.1", 30), a("other.example", "192.0.2.9", 1))
    with dns_server(lambda query: [reply(query, *records)]) as server:

        async def story(net: Net) -> None:
            net.perform(Resolve(5, "WWW.example.com.", ("8.8.8.8",)))
            assert await net.take(Resolved) == Resolved(5, ("192.0.2.2", "192.0.2.1"), 30)
            assert net.notes == []

        run(story, server.route("8.8.8.8", 53), policy=policy)
    (query,) = server.queries
    (question,) = query.qd
    assert (question.qname, question.qtype, question.qclass) == (b"www.example.com.", 1, 1)
    assert (query.qr, query.rd, query.opcode) == (0, 1, 0)


def test_ids_and_ports_differ() -> None:
    with dns_server(lambda query: [reply(query, a(NAME, "192.0.2.1"))]) as server:
        for _ in range(8):
            ask("8.8.8.8", routes=[server.route("8.8.8.8", 53)])
    assert len({query.id for query in server.queries}) > 4
    assert len({port for _, port in server.senders}) > 4


def test_a_chain_of_aliases_is_followed() -> None:
    def answer(query: DNS) -> Sequence[Reply]:
        chain = (cname("b.example", "c.example", 20), a("C.example", "192.0.2.1", 90))
        return [reply(query, *chain, cname(NAME, "b.example", 40), a("b.example.org", "192.0.2.7"))]

    assert asked_of_one(answer) == Resolved(1, ("192.0.2.1",), 20)


@pytest.mark.parametrize(
    ("fields", "records", "failure"),
    [
        ({"rcode": 3}, (), Failure.NOT_FOUND),
        ({}, (), Failure.NOT_FOUND),
        ({}, (a("other.example", "192.0.2.1"),), Failure.NOT_FOUND),
        ({}, (cname(NAME, "b.example"), cname("b.example", NAME)), Failure.NOT_FOUND),
        ({"rcode": 2}, (), Failure.REFUSED),
        ({"rcode": 5}, (a(NAME, "192.0.2.1"),), Failure.REFUSED),
        ({"tc": 1}, (), Failure.REFUSED),
    ],
)
def test_answers_without_an_address(
    fields: dict[str, int], records: tuple[DNSRR, ...], failure: Failure
) -> None:
    assert asked_of_one(lambda query: [reply(query, *records, **fields)]) == ResolveFailed(1, failure)


def test_a_truncated_answer_counts_with_what_it_holds() -> None:
    event = asked_of_one(lambda query: [reply(query, a(NAME, "192.0.2.1", 7), tc=1)])
    assert event == Resolved(1, ("192.0.2.1",), 7)


def test_what_is_no_answer_is_passed_over() -> None:
    def answer(query: DNS) -> Sequence[Reply]:
        lie = a(NAME, "192.0.2.66")
        good = bytes(reply(query, a(NAME, "192.0.2.1", 9)))
        elsewhere = [DNSQR(qname="evil.example")]
        return [
            b"\0",
            good[:13],
            reply(query, lie, id=query.id ^ 1),
            reply(query, lie, qr=0),
            reply(query, lie, opcode=2),
            reply(query, a("evil.example", "192.0.2.66"), qd=elsewhere),
            reply(query, lie, qd=[DNSQR(qname=NAME, qtype="AAAA")]),
            reply(query, lie, qd=[]),
            good,
        ]

    assert asked_of_one(answer) == Resolved(1, ("192.0.2.1",), 9)


def test_another_senders_answer_is_not_heard() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as stranger:

        def answer(query: DNS) -> Sequence[Reply]:
            stranger.sendto(bytes(reply(query, a(NAME, "192.0.2.66"))), server.senders[-1])
            return [reply(query, a(NAME, "192.0.2.1", 9))]

        with dns_server(answer) as server:
            event, _ = ask("8.8.8.8", routes=[server.route("8.8.8.8", 53)])
    assert event == Resolved(1, ("192.0.2.1",), 9)


@pytest.mark.parametrize("first", ["SERVFAIL", "REFUSED", "silent", "forbidden", "nobody"])
def test_the_second_server_answers_when_the_first_does_not(first: str) -> None:
    rcode = {"SERVFAIL": 2, "REFUSED": 5}.get(first)

    def poor(query: DNS) -> Sequence[Reply]:
        return [] if rcode is None else [reply(query, rcode=rcode)]

    with dns_server(poor) as bad, dns_server(lambda query: [reply(query, a(NAME, "192.0.2.1"))]) as good:
        routes = [good.route("8.8.4.4", 53)]
        if first == "nobody":
            routes.append(f"udp://8.8.8.8:53=udp://127.0.0.1:{free_port(socket.SOCK_DGRAM)}")
        elif first != "forbidden":
            routes.append(bad.route("8.8.8.8", 53))
        event, notes = ask("8.8.8.8", "8.8.4.4", routes=routes, patience=0.3)
    assert event == Resolved(1, ("192.0.2.1",), 300)
    (note,) = notes
    assert note.startswith("DNS server 8.8.8.8")


def test_an_unknown_name_is_not_asked_of_the_second_server() -> None:
    with (
        dns_server(lambda query: [reply(query, rcode=3)]) as first,
        dns_server(lambda query: [reply(query, a(NAME, "192.0.2.1"))]) as second,
    ):
        event, _ = ask("8.8.8.8", "8.8.4.4", routes=[first.route("8.8.8.8", 53), second.route("8.8.4.4", 53)])
    assert event == ResolveFailed(1, Failure.NOT_FOUND)
    assert second.queries == []


def test_silence_times_out_and_is_remarked_and_the_host_is_not_asked() -> None:
    with dns_server(lambda query: []) as server:
        event, notes = ask("8.8.8.8", routes=[server.route("8.8.8.8", 53)], patience=0.2, policy=Policy.HOST)
    assert event == ResolveFailed(1, Failure.TIMED_OUT)
    assert notes == [
        f"DNS server 8.8.8.8 (routed to 127.0.0.1:{server.port}) did not answer for {NAME}: no answer in time"
    ]


@pytest.mark.parametrize("policy", [Policy.LOOPBACK, Policy.NONE])
def test_a_forbidden_server_is_not_asked_and_the_host_is_not_either(policy: Policy) -> None:
    event, notes = ask("8.8.8.8", routes=[], policy=policy)
    assert event == ResolveFailed(1, Failure.FORBIDDEN)
    assert notes == [f"DNS server 8.8.8.8 was not asked: the network policy is {policy.value!r}"]


def test_metadata_addresses_are_no_servers_under_any_policy() -> None:
    event, _ = ask("169.254.169.254", routes=[], policy=Policy.HOST)
    assert event == ResolveFailed(1, Failure.FORBIDDEN)


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host without a way out, as a kernel without a default route answers."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if not address[0].startswith("127."):
            raise OSError(101, "Network is unreachable")
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.mark.usefixtures("cut_off")
def test_a_host_cut_off_from_the_servers_answers_by_itself() -> None:
    settings: dict[str, Any] = {"policy": Policy.HOST, "lookup": lambda name: ("192.0.2.5",)}
    event, notes = ask("8.8.8.8", "8.8.4.4", routes=[], **settings)
    assert event == Resolved(1, ("192.0.2.5",))
    assert len(notes) == 3
    assert notes[-1] == f"the host's resolver answers for {NAME} instead"


def test_a_host_whose_questions_are_swallowed_answers_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings: dict[str, Any] = {"policy": Policy.HOST, "lookup": lambda name: ("192.0.2.5",)}
    real = socket.socket.connect
    with dns_server(lambda query: []) as server:
        # What a firewall does that drops the packet: nothing comes back.
        monkeypatch.setattr(
            socket.socket, "connect", lambda self, address: real(self, ("127.0.0.1", server.port))
        )
        event, notes = ask("8.8.8.8", routes=[], patience=0.2, **settings)
    assert event == Resolved(1, ("192.0.2.5",))
    assert notes[-1] == f"the host's resolver answers for {NAME} instead"


@pytest.mark.usefixtures("cut_off")
def test_a_route_that_leads_nowhere_does_not_lead_to_the_hosts_resolver() -> None:
    routes = ["udp://8.8.8.8:53=udp://192.0.2.53:53"]
    event, _ = ask("8.8.8.8", routes=routes, policy=Policy.HOST)
    assert event == ResolveFailed(1, Failure.UNREACHABLE)


def test_the_hosts_file_comes_first(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("::1 server.test\n192.0.2.1 Other server.test # mine\n192.0.2.2\tserver.test\n")
    settings: dict[str, Any] = {"policy": Policy.HOST, "hosts": hosts, "name": "SERVER.test."}
    assert ask("192.0.2.53", routes=[], **settings) == (Resolved(1, ("192.0.2.1", "192.0.2.2")), [])
    assert hosts_lookup(hosts, "localhost") == ("127.0.0.1",)
    assert hosts_lookup(tmp_path / "none", "localhost") == ("127.0.0.1",)
    assert hosts_lookup(hosts, "mine") == ()


def test_a_routed_name_needs_no_server() -> None:
    routes = ["tcp://www.example.com:80=tcp://127.0.0.1:1"]
    assert ask("8.8.8.8", routes=routes)[0] == Resolved(1, ("198.18.0.1",))


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example", ".", "a." * 126 + "bc"])
def test_what_dns_cannot_carry_is_not_found_and_not_sent(name: str) -> None:
    with dns_server(lambda query: []) as server:
        event, _ = ask("8.8.8.8", routes=[server.route("8.8.8.8", 53)], name=name)
    assert event == ResolveFailed(1, Failure.NOT_FOUND)
    assert server.queries == []


def test_without_scapy_the_host_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def no_scapy(name: str, *rest: Any) -> Any:
        if name.startswith("scapy"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", no_scapy)
    settings: dict[str, Any] = {"policy": Policy.HOST, "lookup": lambda name: ("192.0.2.5",)}
    event, notes = ask("192.0.2.53", routes=[], **settings)
    assert event == Resolved(1, ("192.0.2.5",))
    assert notes[0] == "DNS server 192.0.2.53 was not asked: scapy is missing (pip install scapy)"

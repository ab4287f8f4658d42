"""Routes as files write them: globs, refuse, blackhole, internet; and no way round the policy."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest
from realnet import Net, run
from vmodem.emulator.effects import AskNtp, Ping, Resolve, Transport
from vmodem.emulator.events import (
    Address,
    Connected,
    ConnectFailed,
    Failure,
    NtpFailed,
    PingFailed,
    Resolved,
    ResolveFailed,
)
from vmodem.netstack.policy import Policy
from vmodem.netstack.resolve import Resolver
from vmodem.netstack.routes import End, Route, Routes

TCP, UDP = Transport.TCP, Transport.UDP


# ---- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "to", "route"),
    [
        ("tcp://*:8883", "tcp://127.0.0.1:1883", Route(TCP, None, 8883, "127.0.0.1", 1883)),
        ("*://*", "blackhole", Route(None, None, None, "", None, End.BLACKHOLE, every=True)),
        ("*://*:53", "Refuse", Route(None, None, 53, "", None, End.REFUSE, every=True)),
        ("udp://10.0.*:5683", "internet", Route(UDP, "10.0.*", 5683, "", None, End.INTERNET)),
        ("tcp://*.Example.com:*", "tcp://localhost:*", Route(TCP, "*.example.com", None, "127.0.0.1", None)),
        ("tcp://mqtt-?.x:1", "refuse", Route(TCP, "mqtt-?.x", 1, "", None, End.REFUSE)),
    ],
)
def test_entries(match: str, to: str, route: Route) -> None:
    assert Route.entry(match, to) == route


def test_the_command_line_knows_the_ends_too() -> None:
    assert Route.parse("tcp://*:25=refuse") == Route(TCP, None, 25, "", None, End.REFUSE)


@pytest.mark.parametrize(
    ("match", "to", "field", "remedy"),
    [
        ("*:80", "refuse", "match: the scheme", "write tcp://, udp:// or icmp://"),
        ("tls://*:80", "refuse", "match: the scheme", "write tcp://, udp:// or icmp://"),
        ("tcp://a", "refuse", "match: the port", "write HOST:PORT"),
        ("tcp://a b*:1", "refuse", "match: the host", "a host name"),
        ("tcp://0177.0.0.1:1", "refuse", "match: the host", "four decimal numbers"),
        ("tcp://2130706433:1", "refuse", "match: the host", "four decimal numbers"),
        ("tcp://[::ffff:127.0.0.1]:1", "refuse", "match: the host", "four decimal numbers"),
        ("tcp://*:1", "nowhere", "to: the scheme", "tcp://"),
        ("tcp://*:1", "*://127.0.0.1:1", "to: the scheme", "tcp://"),
        ("*://*", "tcp://127.0.0.1:1", "to: the scheme", "same"),
        ("tcp://*:1", "tcp://0x7f.1:1", "to: the host", "four decimal numbers"),
        ("tcp://*:1", "tcp://127.0.0.*:1", "to: the host", "an IPv4 address"),
        ("tcp://*:1", "tcp://example.com:1", "to: the host", "an IPv4 address or localhost"),
        ("tcp://*:1", "tcp://127.0.0.1", "to: the port", "write HOST:PORT"),
    ],
)
def test_faults_name_the_field_and_a_remedy(match: str, to: str, field: str, remedy: str) -> None:
    with pytest.raises(ValueError, match="route") as caught:
        Route.entry(match, to)
    assert str(caught.value).startswith(f"route '{match} -> {to}': {field}: ")
    assert remedy in str(caught.value)


# ---- finding -------------------------------------------------------------------------------------


def table(*entries: tuple[str, str]) -> Routes:
    return Routes(tuple(Route.entry(match, to) for match, to in entries))


def test_the_first_match_wins_whatever_it_leads_to() -> None:
    routes = table(
        ("tcp://10.0.0.1:*", "internet"),
        ("tcp://10.0.*:80", "tcp://127.0.0.1:8080"),
        ("udp://*:53", "refuse"),
        ("*://*", "blackhole"),
    )
    assert routes.find(TCP, Address("10.0.0.1", 80)) is End.INTERNET
    assert routes.find(TCP, Address("10.0.7.1", 80)) == ("127.0.0.1", 8080)
    assert routes.find(TCP, Address("10.0.7.1", 81)) is End.BLACKHOLE
    assert routes.find(UDP, Address("8.8.8.8", 53)) is End.REFUSE
    assert routes.targets() == ("127.0.0.1",)


def test_names_under_a_glob_have_addresses_of_their_own() -> None:
    routes = table(("tcp://*.example.com:80", "tcp://127.0.0.1:1"), ("tcp://a.example.com:81", "refuse"))
    addresses = [routes.synthetic(f"{name}.example.com", offline=False) for name in ("b", "C", "c", "a")]
    assert addresses[1] == addresses[2]
    assert len(set(addresses)) == 3
    for address in addresses:
        assert address is not None
        assert routes.find(TCP, Address(address, 80)) == ("127.0.0.1", 1)
    assert routes.find(TCP, Address(addresses[3] or "", 81)) is End.REFUSE
    assert routes.find(TCP, Address(addresses[0] or "", 81)) is None
    assert routes.synthetic("example.org", offline=False) is None


def test_two_names_under_a_glob_never_share_an_address() -> None:
    routes = table(("tcp://*.x:80", "refuse"))
    addresses = {routes.synthetic(f"{number}.x", offline=True) for number in range(3000)}
    assert len(addresses) == 3000


def test_a_name_that_may_leave_is_looked_up_and_known_by_what_is_found() -> None:
    routes = table(("tcp://api.example.com:443", "internet"), ("*://*", "refuse"))
    assert routes.synthetic("api.example.com", offline=False) is None
    routes.learn("API.example.com", ("192.0.2.7",))
    routes.learn("other.example.com", ("192.0.2.8",))
    assert routes.find(TCP, Address("192.0.2.7", 443)) is End.INTERNET
    assert routes.find(TCP, Address("192.0.2.7", 80)) is End.REFUSE
    assert routes.find(TCP, Address("192.0.2.8", 443)) is End.REFUSE


# ---- on real sockets -----------------------------------------------------------------------------


def with_routes(*entries: tuple[str, str], policy: Policy = Policy.HOST) -> Net:
    return Net(*[f"{match}={to}" for match, to in entries], policy=policy)


def test_refused_and_noted() -> None:
    async def story(_: Net) -> None:
        net = with_routes(("tcp://203.0.113.5:*", "refuse"))
        handle = net.open(Address("203.0.113.5", 80))
        assert net.events == [ConnectFailed(handle, Failure.REFUSED)]
        assert net.notes == ["TCP to 203.0.113.5:80 is not let out: its route is 'refuse'"]
        net.close()

    run(story)


def test_nobody_answers_and_that_is_noted() -> None:
    async def story(_: Net) -> None:
        net = with_routes(("*://*", "blackhole"))
        handle = net.open(Address("203.0.113.5", 80))
        await net.passes()
        assert net.events == []
        assert net.notes == ["TCP to 203.0.113.5:80 is not let out: its route is 'blackhole'"]
        net.shut(handle, abort=True)
        net.send(handle, b"crossed")
        net.shut(net.open(Address("203.0.113.6", 80)), abort=False)
        assert net.events == []
        net.close()

    run(story)


@pytest.mark.parametrize("end", ["refuse", "blackhole"])
def test_datagrams_are_lost(end: str) -> None:
    async def story(net: Net) -> None:
        sock, address = net.datagrams()
        lost = with_routes((f"udp://127.0.0.1:{address.port}", end))
        lost.send(lost.open(address, UDP), b"lost")
        open_way = with_routes(("udp://127.0.0.1:1", end))
        open_way.send(open_way.open(address, UDP), b"arrives")
        assert (await net.datagram(sock))[0] == b"arrives"
        assert len(lost.notes) == 1
        lost.close()
        open_way.close()

    run(story)


def test_internet_is_under_the_policy() -> None:
    async def story(net: Net) -> None:
        server, address = net.server()
        here = with_routes(("tcp://127.0.0.1:*", "internet"), ("*://*", "blackhole"), policy=Policy.LOOPBACK)
        handle = here.open(address)
        await net.accept(server)
        await here.take(Connected, handle)
        here.close()
        closed = with_routes(("tcp://127.0.0.1:*", "internet"), policy=Policy.NONE)
        handle = closed.open(address)
        assert closed.events == [ConnectFailed(handle, Failure.FORBIDDEN)]
        closed.close()
        far = with_routes(("*://*", "internet"), policy=Policy.LOOPBACK)
        handle = far.open(Address("192.0.2.1", 80))
        assert far.events == [ConnectFailed(handle, Failure.FORBIDDEN)]
        far.close()
        metadata = with_routes(("*://*", "internet"))
        handle = metadata.open(Address("169.254.169.254", 80))
        assert metadata.events == [ConnectFailed(handle, Failure.FORBIDDEN)]
        metadata.close()

    run(story)


def test_a_glob_leads_to_the_tests_own_server() -> None:
    async def story(net: Net) -> None:
        server, address = net.server()
        routed = with_routes(
            ("tcp://*.example.com:80", f"tcp://127.0.0.1:{address.port}"), policy=Policy.LOOPBACK
        )
        routed.perform(Resolve(1, "www.EXAMPLE.com"))
        answer = await routed.take(Resolved)
        handle = routed.open(Address(answer.addresses[0], 80))
        await net.accept(server)
        await routed.take(Connected, handle)
        routed.close()

    run(story)


# ---- names are no way round the policy -----------------------------------------------------------


def resolved(
    name: str, *addresses: str, routes: Routes | None = None, policy: Policy = Policy.HOST
) -> tuple[Resolved | ResolveFailed, list[str], list[str]]:
    """What is answered where the host would answer ``addresses``; the notes; and what the host was asked."""
    asked: list[str] = []

    def lookup(name: str) -> tuple[str, ...]:
        asked.append(name)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "nobody")
        return addresses

    async def ask() -> tuple[Resolved | ResolveFailed, list[str]]:
        answer: asyncio.Future[Resolved | ResolveFailed] = asyncio.get_running_loop().create_future()
        notes: list[str] = []
        deliver: Callable[..., None] = answer.set_result
        resolver = Resolver(
            loop=asyncio.get_running_loop(),
            deliver=deliver,
            routes=routes or Routes(),
            policy=policy,
            note=notes.append,
            lookup=lookup,
        )
        resolver.resolve(Resolve(1, name))
        async with asyncio.timeout(10):
            return await answer, notes

    event, notes = asyncio.run(ask())
    return event, notes, asked


SPELLINGS = [
    "127.1",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "0x7f000001",
    "127.0.0.1.",
    "127.0.0.1\0.example.com",
]


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("name", SPELLINGS)
def test_other_spellings_of_an_address_are_no_names(name: str, policy: Policy) -> None:
    event, notes, asked = resolved(name, "127.0.0.1", policy=policy)
    assert event == ResolveFailed(1, Failure.NOT_FOUND)
    assert asked == []
    assert notes == [f"{name!r} was not looked up: it is no name, or another spelling of an address"]


@pytest.mark.parametrize("name", ["::ffff:127.0.0.1", "[::ffff:169.254.169.254]", "::1", "fe80::1"])
def test_ipv6_notations_are_no_names(name: str) -> None:
    event, notes, asked = resolved(name, "127.0.0.1")
    assert event == ResolveFailed(1, Failure.NOT_FOUND)
    assert asked == []
    assert "another spelling of an address" in notes[0]


@pytest.mark.parametrize(
    ("address", "policy"),
    [
        ("169.254.169.254", Policy.HOST),
        ("100.100.100.200", Policy.HOST),
        ("0.0.0.0", Policy.HOST),
        ("192.0.2.1", Policy.LOOPBACK),
        ("127.0.0.1", Policy.NONE),
    ],
)
@pytest.mark.parametrize("transport", Transport)
def test_a_name_that_leads_to_a_forbidden_address_is_stopped_when_it_is_used(
    address: str, policy: Policy, transport: Transport
) -> None:
    if policy is Policy.HOST:
        event, _, _ = resolved("innocent.example.com", address)
        assert event == Resolved(1, (address,))

    async def story(net: Net) -> None:
        handle = net.open(Address(address, 80), transport)
        if transport is TCP:
            assert net.events == [ConnectFailed(handle, Failure.FORBIDDEN)]
        else:
            net.send(handle, b"lost")
        assert len(net.notes) == 1
        assert net.notes[0].startswith(f"{transport.value} to {address}:80 refused: ")

    run(story, policy=policy)


def test_a_name_that_may_leave_is_checked_at_every_use() -> None:
    """DNS rebinding: the second answer for an allowed name is an address that is always refused."""
    routes = table(("tcp://api.example.com:*", "internet"), ("*://*", "refuse"))
    for address in ("192.0.2.7", "169.254.169.254"):
        event, _, asked = resolved("api.example.com", address, routes=routes)
        assert event == Resolved(1, (address,))
        assert asked == ["api.example.com"]
    assert routes.find(TCP, Address("169.254.169.254", 80)) is End.INTERNET
    assert Policy.HOST.refusal("169.254.169.254") is not None

    async def story(_: Net) -> None:
        net = with_routes(("tcp://169.254.169.254:*", "internet"))
        handle = net.open(Address("169.254.169.254", 80))
        assert net.events == [ConnectFailed(handle, Failure.FORBIDDEN)]
        net.close()

    run(story)


def test_where_a_route_takes_everything_the_host_is_not_asked_for_names() -> None:
    event, _, asked = resolved("any.example.com", "192.0.2.7", routes=table(("*://*", "blackhole")))
    assert isinstance(event, Resolved)
    assert event.addresses[0].startswith("198.19.")
    assert asked == []


@pytest.mark.parametrize(
    ("end", "failure"), [("refuse", Failure.UNREACHABLE), ("blackhole", Failure.TIMED_OUT)]
)
def test_dns_servers_behind_such_routes(end: str, failure: Failure) -> None:
    async def ask() -> tuple[list[object], list[str]]:
        answers: list[object] = []
        notes: list[str] = []
        done = asyncio.Event()

        def deliver(event: object) -> None:
            answers.append(event)
            done.set()

        resolver = Resolver(
            loop=asyncio.get_running_loop(),
            deliver=deliver,
            routes=table(("udp://8.8.8.8:53", end)),
            policy=Policy.HOST,
            note=notes.append,
            lookup=lambda name: ("192.0.2.7",),
            patience=0.05,
        )
        resolver.resolve(Resolve(1, "a.example.com", ("8.8.8.8",)))
        async with asyncio.timeout(10):
            await done.wait()
        return answers, notes

    answers, notes = asyncio.run(ask())
    assert answers == [ResolveFailed(1, failure)]
    assert f"8.8.8.8 (route: {end})" in notes[0]


def test_every_kind_of_traffic_means_pings_too() -> None:
    routes = table(("icmp://10.0.0.1", "refuse"), ("*://10.0.*", "blackhole"))
    assert routes.find(None, Address("10.0.0.1", 0)) is End.REFUSE
    assert routes.find(TCP, Address("10.0.0.1", 80)) is End.BLACKHOLE
    assert routes.find(None, Address("10.0.0.2", 0)) is End.BLACKHOLE
    assert routes.find(None, Address("10.1.0.2", 0)) is None


def test_pings_and_ntp_into_a_blackhole_time_out() -> None:
    async def story(_: Net) -> None:
        net = with_routes(("*://*", "blackhole"))
        net.perform(Ping(1, "203.0.113.5", 32, 0.05, ""))
        net.perform(AskNtp(2, Address("203.0.113.5", 123), 0.05, ""))
        assert await net.take(PingFailed) == PingFailed(1, Failure.TIMED_OUT)
        assert await net.take(NtpFailed) == NtpFailed(2, Failure.TIMED_OUT)
        net.close()

    run(story)

"""Routes and the network policy: what is parsed, what is refused, and that nothing slips through."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st
from realnet import Net, free_port, run
from vmodem.emulator.effects import Resolve, Transport
from vmodem.emulator.events import Address, Connected, ConnectFailed, Failure, Resolved
from vmodem.netstack.policy import Policy, ipv4, is_loopback
from vmodem.netstack.routes import Route, Routes

TCP, UDP = Transport.TCP, Transport.UDP


def routes(*texts: str) -> Routes:
    return Routes(tuple(map(Route.parse, texts)))


# ---- parsing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "route"),
    [
        (
            "tcp://116.228.221.51:8500=tcp://127.0.0.1:9000",
            Route(TCP, "116.228.221.51", 8500, "127.0.0.1", 9000),
        ),
        ("UDP://Example.COM.:53 = udp://LocalHost:*", Route(UDP, "example.com", 53, "127.0.0.1", None)),
        ("tcp://*:*=tcp://10.0.0.9:1", Route(TCP, None, None, "10.0.0.9", 1)),
        ("tcp://*:80=tcp://localhost:*", Route(TCP, None, 80, "127.0.0.1", None)),
        ("tcp://my_host-1:80=tcp://localhost:8080", Route(TCP, "my_host-1", 80, "127.0.0.1", 8080)),
        ("icmp://192.0.2.1=icmp://127.0.0.1", Route(None, "192.0.2.1", None, "127.0.0.1", None)),
        ("ICMP://*=icmp://localhost", Route(None, None, None, "127.0.0.1", None)),
    ],
)
def test_parse(text: str, route: Route) -> None:
    assert Route.parse(text) == route


@pytest.mark.parametrize(
    ("text", "field", "remedy"),
    [
        ("tcp://1.2.3.4:5", "the route", "write FROM=TO"),
        ("", "the route", "write FROM=TO"),
        ("1.2.3.4:5=tcp://127.0.0.1:5", "the left scheme", "write tcp://, udp:// or icmp://"),
        ("tls://1.2.3.4:5=tcp://127.0.0.1:5", "the left scheme", "write tcp://, udp:// or icmp://"),
        ("tcp://1.2.3.4:5=127.0.0.1:5", "the right scheme", "write tcp://, udp:// or icmp://"),
        ("tcp://1.2.3.4:5=udp://127.0.0.1:5", "the right scheme", "use the same"),
        ("tcp://1.2.3.4=tcp://127.0.0.1:5", "the left port", "write HOST:PORT"),
        ("tcp://1.2.3.4:0=tcp://127.0.0.1:5", "the left port", "1 to 65535"),
        ("tcp://1.2.3.4:5=tcp://127.0.0.1:65536", "the right port", "1 to 65535"),
        ("tcp://1.2.3.4:5=tcp://127.0.0.1:http", "the right port", "1 to 65535"),
        ("tcp://1.2.3.4:5=tcp://127.0.0.1:", "the right port", "1 to 65535"),
        ("tcp://1.2.3.4:5=tcp://127.0.0.1:²", "the right port", "1 to 65535"),
        ("tcp://1.2.3:5=tcp://127.0.0.1:5", "the left host", "four decimal numbers"),
        ("tcp://1.2.3.04:5=tcp://127.0.0.1:5", "the left host", "four decimal numbers"),
        ("tcp://0x7f.0.0.1:5=tcp://127.0.0.1:5", "the left host", "four decimal numbers"),
        ("tcp://0x7f000001:5=tcp://127.0.0.1:5", "the left host", "four decimal numbers"),
        ("tcp://2130706433:5=tcp://127.0.0.1:5", "the left host", "four decimal numbers"),
        ("tcp://[::1]:5=tcp://127.0.0.1:5", "the left host", "four decimal numbers"),
        ("tcp://:5=tcp://127.0.0.1:5", "the left host", "a host name"),
        ("tcp://a b:5=tcp://127.0.0.1:5", "the left host", "a host name"),
        ("tcp://a..b:5=tcp://127.0.0.1:5", "the left host", "a host name"),
        ("tcp://1.2.3.4:5=tcp://example.com:5", "the right host", "an IPv4 address or localhost"),
        ("tcp://1.2.3.4:5=tcp://*:5", "the right host", "an IPv4 address or localhost"),
        ("tcp://1.2.3.4:5=tcp://127.1:5", "the right host", "four decimal numbers"),
        ("icmp://1.2.3.4:5=icmp://127.0.0.1", "the left port", "write icmp://HOST alone"),
        ("icmp://1.2.3.4=icmp://127.0.0.1:*", "the right port", "write icmp://HOST alone"),
        ("icmp://1.2.3.4=udp://127.0.0.1:5", "the right scheme", "use the same"),
        ("icmp://1.2.3.4=icmp://*", "the right host", "an IPv4 address or localhost"),
        ("icmp://=icmp://127.0.0.1", "the left host", "a host name"),
    ],
)
def test_bad_routes_name_text_field_and_remedy(text: str, field: str, remedy: str) -> None:
    with pytest.raises(ValueError, match="route") as caught:
        Route.parse(text)
    message = str(caught.value)
    assert message.startswith(f"route {text!r}: {field}: ")
    assert remedy in message
    assert "\n" not in message


@given(st.text(alphabet="tcpud:/*=.0123456789ax-_ ", max_size=50))
def test_any_text_is_a_route_or_a_value_error(text: str) -> None:
    try:
        route = Route.parse(text)
    except ValueError as error:
        message = str(error)
    else:
        assert ipv4(route.target_host) is not None
        return
    assert message.startswith(f"route {text!r}: ")


# ---- finding ------------------------------------------------------------------------------------


def test_first_match_wins_and_every_part_counts() -> None:
    table = routes(
        "tcp://10.0.0.1:80=tcp://127.0.0.1:1",
        "tcp://10.0.0.1:*=tcp://127.0.0.1:2",
        "tcp://*:443=tcp://127.0.0.3:*",
        "udp://*:*=udp://127.0.0.1:4",
    )
    assert table.find(TCP, Address("10.0.0.1", 80)) == ("127.0.0.1", 1)
    assert table.find(TCP, Address("10.0.0.1", 81)) == ("127.0.0.1", 2)
    assert table.find(TCP, Address("10.0.0.2", 443)) == ("127.0.0.3", 443)
    assert table.find(TCP, Address("10.0.0.2", 80)) is None
    assert table.find(UDP, Address("10.0.0.2", 80)) == ("127.0.0.1", 4)
    assert table.find(None, Address("10.0.0.1", 0)) is None
    assert routes("icmp://10.0.0.1=icmp://127.0.0.9").find(TCP, Address("10.0.0.1", 80)) is None
    assert Routes().find(TCP, Address("10.0.0.1", 80)) is None


def test_names_have_stable_synthetic_addresses_of_their_own() -> None:
    texts = [f"tcp://{name}:80=tcp://127.0.0.1:{port}" for port, name in enumerate(("a.x", "B.x", "a.X"), 1)]
    table, again = routes(*texts), routes(*texts)
    addresses = [table.synthetic(name, offline=False) for name in ("A.x", "b.X.", "a.x")]
    assert addresses == ["198.18.0.1", "198.18.0.2", "198.18.0.1"]
    assert again.synthetic("a.x", offline=True) == "198.18.0.1"
    assert table.find(TCP, Address("198.18.0.2", 80)) == ("127.0.0.1", 2)
    assert table.find(TCP, Address("b.X", 80)) == ("127.0.0.1", 2)
    assert table.find(TCP, Address("198.18.0.3", 80)) is None
    assert table.synthetic("c.x", offline=True) is None
    assert table.name_of("198.18.0.2") == "b.x"


def test_a_star_speaks_of_every_name_that_is_not_looked_up() -> None:
    table = routes("tcp://*:80=tcp://127.0.0.1:1")
    address = table.synthetic("any.example", offline=True)
    assert address is not None
    assert address.startswith("198.19.")
    assert address == table.synthetic("ANY.example", offline=True)
    assert table.synthetic("any.example", offline=False) is None


# ---- policy -------------------------------------------------------------------------------------


NEVER = ["0.0.0.0", "0.1.2.3", "169.254.0.1", "169.254.169.254", "100.100.100.200", "192.0.0.192"]
NEVER += ["168.63.129.16"]
NEVER += ["224.0.0.1", "239.255.255.250", "255.255.255.255"]


@pytest.mark.parametrize("host", NEVER)
@pytest.mark.parametrize("routed", [False, True])
@pytest.mark.parametrize("policy", Policy)
def test_always_refused(host: str, routed: bool, policy: Policy) -> None:
    assert policy.refusal(host, routed=routed) is not None


@pytest.mark.parametrize(
    ("policy", "host", "allowed"),
    [
        (Policy.LOOPBACK, "127.0.0.1", True),
        (Policy.LOOPBACK, "127.255.255.254", True),
        (Policy.LOOPBACK, "128.0.0.1", False),
        (Policy.LOOPBACK, "126.255.255.255", False),
        (Policy.LOOPBACK, "10.0.0.1", False),
        (Policy.HOST, "10.0.0.1", True),
        (Policy.HOST, "127.0.0.1", True),
        (Policy.HOST, "223.255.255.255", True),
        (Policy.HOST, "100.100.100.201", True),
        (Policy.NONE, "127.0.0.1", False),
        (Policy.NONE, "10.0.0.1", False),
    ],
)
def test_policy(policy: Policy, host: str, allowed: bool) -> None:
    assert (policy.refusal(host) is None) is allowed
    assert policy.refusal(host, routed=True) is None


ODD = ["127.1", "127.0.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.01", "127.0.0.1.", " 127.0.0.1"]
ODD += ["127.0.0.256", "", "::1", "localhost", "127.0.0.1\n", "127.0.0.1\0", "１２７.0.0.1", "0x7f000001"]


@pytest.mark.parametrize("host", ODD)
def test_odd_notations_are_no_addresses(host: str) -> None:
    async def story(net: Net) -> None:
        handle = net.open(Address(host, 80))
        assert net.events == [ConnectFailed(handle, Failure.NOT_FOUND)]

    assert ipv4(host) is None
    assert not is_loopback(host)
    run(story, policy=Policy.HOST)
    with pytest.raises(ValueError, match="not an IPv4 address"):
        Policy.HOST.refusal(host)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_no_such_port(port: int) -> None:
    async def story(net: Net) -> None:
        handle = net.open(Address("127.0.0.1", port))
        assert net.events == [ConnectFailed(handle, Failure.NOT_FOUND)]

    run(story)


# ---- together, on real sockets ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "remote", "note"),
    [
        (Policy.LOOPBACK, "192.0.2.1", "TCP to 192.0.2.1:80 refused: the network policy is 'loopback'"),
        (Policy.NONE, "127.0.0.1", "TCP to 127.0.0.1:80 refused: the network policy is 'none'"),
        (
            Policy.HOST,
            "169.254.1.1",
            "TCP to 169.254.1.1:80 refused: link-local addresses are always refused",
        ),
    ],
)
def test_refusals_are_answered_and_noted(policy: Policy, remote: str, note: str) -> None:
    async def story(net: Net) -> None:
        handle = net.open(Address(remote, 80))
        assert net.events == [ConnectFailed(handle, Failure.FORBIDDEN)]
        assert net.notes == [note]

    run(story, policy=policy)


def test_a_route_cannot_lead_to_what_is_always_refused() -> None:
    async def story(net: Net) -> None:
        handle = net.open(Address("10.0.0.1", 80))
        assert net.events == [ConnectFailed(handle, Failure.FORBIDDEN)]
        assert "(routed to 169.254.169.254:80)" in net.notes[0]

    run(story, "tcp://10.0.0.1:80=tcp://169.254.169.254:80")


@pytest.mark.parametrize("policy", Policy)
def test_resolve_a_routed_name_then_connect(policy: Policy) -> None:
    async def story(net: Net) -> None:
        server, address = net.server()
        stack = Net(f"tcp://api.example.com:80=tcp://127.0.0.1:{address.port}", policy=policy)
        stack.perform(Resolve(1, "API.example.com"))
        answer = await stack.take(Resolved)
        assert answer.query == 1
        handle = stack.open(Address(answer.addresses[0], 80))
        await stack.accept(server)
        await stack.take(Connected, handle)
        # the name's address leads nowhere else, under any policy
        other = stack.open(Address(answer.addresses[0], 81))
        assert await stack.take(ConnectFailed) == ConnectFailed(other, Failure.FORBIDDEN)
        assert "api.example.com has a route, but not for this transport and port" in stack.notes[0]
        stack.close()

    run(story)


def test_listen_host_must_be_an_address() -> None:
    async def story(net: Net) -> None:
        with pytest.raises(ValueError, match="listen_host 'localhost' is not an IPv4 address"):
            Net(listen_host="localhost")

    run(story)


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare(1)")
def test_a_network_that_is_down_is_unreachable() -> None:
    """In a network namespace of its own even loopback is down: a real ENETUNREACH."""
    script = f"""
        import sys
        sys.path[:0] = {sys.path!r}
        from realnet import run
        from vmodem.emulator.events import Address, Connected
        from vmodem.emulator.effects import Transport
        async def story(net):
            net.open(Address("127.0.0.1", {free_port()}))
            net.open(Address("127.0.0.1", 9), Transport.UDP)
            net.send(2, b"lost")
            print(net.events[0])
            assert isinstance(net.events[1], Connected) and len(net.events) == 2
        run(story)
    """
    command = ["unshare", "-rn", sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if "unshare" in done.stderr:
        pytest.skip("the host allows no network namespaces")
    assert done.stdout.strip() == str(ConnectFailed(1, Failure.UNREACHABLE)), done.stderr

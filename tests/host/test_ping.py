"""Real pings: on loopback, with a raw socket and with a ping socket, answered, unanswered and not allowed."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from realnet import Net, needs_ping, run
from scapy.layers.inet import ICMP, IP
from vmodem.emulator.effects import GiveUpAddress, Ping, TakeAddress
from vmodem.emulator.events import Event, Failure, PingAnswered, PingFailed
from vmodem.netstack import ping
from vmodem.netstack.air import Air
from vmodem.netstack.policy import Policy

HERE = "127.0.0.1"
OURS = "10.0.0.1"


async def answer(net: Net, address: str, *, size: int = 32, timeout: float = 5.0) -> Event:
    """What comes of one ping."""
    number = net.handle()
    net.perform(Ping(number, address, size, timeout, OURS))
    await net.until(lambda: any(getattr(event, "query", 0) == number for event in net.events))
    (event,) = (event for event in net.events if getattr(event, "query", 0) == number)
    return event


# ---- answered ---------------------------------------------------------------------------------------


@needs_ping
@pytest.mark.parametrize("size", [0, 1, 32, 1400])
def test_loopback_answers(size: int) -> None:
    async def story(net: Net) -> None:
        event = await answer(net, HERE, size=size)
        assert isinstance(event, PingAnswered)
        assert 0 <= event.rtt < 5
        assert event.ttl == int(Path("/proc/sys/net/ipv4/ip_default_ttl").read_text())
        assert net.notes == []

    run(story)


@needs_ping
def test_many_at_once_are_not_mixed_up() -> None:
    async def story(net: Net) -> None:
        numbers = range(1, 41)
        net.perform(*(Ping(n, f"127.0.0.{n}", 32, 5.0, OURS) for n in numbers))
        await net.until(lambda: len(net.events) == len(numbers))
        assert sorted(event.query for event in net.events if isinstance(event, PingAnswered)) == [*numbers]

    run(story)


@needs_ping
@pytest.mark.parametrize("route", ["icmp://192.0.2.1=icmp://127.0.0.5", "ICMP://* = icmp://localhost"])
def test_a_route_leads_it(route: str) -> None:
    async def story(net: Net) -> None:
        assert isinstance(await answer(net, "192.0.2.1"), PingAnswered)

    run(story, route, policy=Policy.NONE)


@needs_ping
def test_the_name_of_a_route_can_be_pinged() -> None:
    async def story(net: Net) -> None:
        address = net.stack._hub.routes.synthetic("ping.example", offline=True)
        assert address is not None
        assert isinstance(await answer(net, address), PingAnswered)

    run(story, "icmp://ping.example=icmp://127.0.0.1", policy=Policy.NONE)


# ---- not sent ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "policy", "note"),
    [
        ("192.0.2.1", Policy.LOOPBACK, "ping to 192.0.2.1 refused: the network policy is 'loopback'"),
        (HERE, Policy.NONE, "ping to 127.0.0.1 refused: the network policy is 'none'"),
        ("169.254.169.254", Policy.HOST, "ping to 169.254.169.254 refused: link-local addresses are always"),
        ("255.255.255.255", Policy.HOST, "ping to 255.255.255.255 refused: broadcast"),
    ],
)
def test_the_policy(address: str, policy: Policy, note: str) -> None:
    async def story(net: Net) -> None:
        assert await answer(net, address) == PingFailed(1, Failure.FORBIDDEN)
        assert net.notes[0].startswith(note)

    run(story, policy=policy)


def test_routes_for_tcp_and_udp_do_not_lead_a_ping() -> None:
    async def story(net: Net) -> None:
        address = net.stack._hub.routes.synthetic("www.example", offline=True)
        assert address is not None
        assert await answer(net, address) == PingFailed(1, Failure.FORBIDDEN)
        assert net.notes == [f"ping to {address} refused: www.example has a route, but not for pings"]
        assert await answer(net, "192.0.2.1") == PingFailed(2, Failure.FORBIDDEN)

    run(story, "tcp://www.example:80=tcp://127.0.0.1:80", "udp://*:*=udp://127.0.0.1:1", policy=Policy.NONE)


def test_a_host_that_allows_nothing_says_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: list[int] = []

    def refuse(family: int, kind: int, protocol: int = 0) -> socket.socket:
        kinds.append(kind)
        raise PermissionError(1, "Operation not permitted")

    async def story(net: Net) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(socket, "socket", refuse)
            assert await answer(net, HERE) == PingFailed(1, Failure.NOT_PERMITTED)
            net.stack._hub.note("something else")
            assert await answer(net, HERE) == PingFailed(2, Failure.NOT_PERMITTED)
        assert net.notes == [ping.FORBIDDEN_HERE, "something else"]
        assert "net.ipv4.ping_group_range" in ping.FORBIDDEN_HERE

    run(story)
    assert kinds == [socket.SOCK_DGRAM, socket.SOCK_RAW] * 2


def test_no_descriptors_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(family: int, kind: int, protocol: int = 0) -> socket.socket:
        raise OSError(24, "Too many open files")

    async def story(net: Net) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(socket, "socket", refuse)
            assert await answer(net, HERE) == PingFailed(1, Failure.NO_RESOURCES)

    run(story)


def test_without_scapy_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(net: Net) -> None:
        for name in [name for name in sys.modules if name.startswith("scapy")]:
            monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, ping.LAYERS, raising=False)
        assert await answer(net, HERE) == PingFailed(1, Failure.NO_RESOURCES)
        assert net.notes == ["scapy is missing, so nothing was sent (pip install scapy)"]

    run(story)


# ---- what is no answer ------------------------------------------------------------------------------


@contextlib.contextmanager
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected datagram sockets: what stands in for a raw socket, and its far end."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("raw", [True, False])
def test_only_the_true_reply_counts(raw: bool) -> None:
    with pair() as (ours, _):
        echo = ping.Echo(ours, raw, 7, 32)
        echo._identifier = 0x1234
        data = bytes(0x61 + i % 23 for i in range(32))

        def heard(payload: bytes = data, **fields: Any) -> int | None:
            message = ICMP(**{"type": 0, "id": 0x1234, "seq": 7, **fields}) / payload
            return echo.ttl(bytes(IP(src=HERE, dst=HERE, ttl=55) / message) if raw else bytes(message), 55)

        assert heard() == 55
        assert heard(type=8) is None
        assert heard(id=0x1235) is None
        assert heard(seq=8) is None
        assert heard(code=1) is None
        assert heard(chksum=1) is None
        assert heard(data[:-1]) is None
        assert heard(data[:-1] + b"X") is None
        assert heard(data + b"X") is None
        for broken in (b"", b"E", b"\0" * 7, bytes(IP(src=HERE, dst=HERE)), b"\xff" * 60):
            assert echo.ttl(broken, 55) is None


@needs_ping
def test_nobody_hears_of_it_after_the_stack_is_closed() -> None:
    async def story(net: Net) -> None:
        net.perform(Ping(1, HERE, 32, 5.0, OURS))
        under_way = net.stack._pinger._questions.under_way
        while not under_way:
            await net.passes(1)  # the answer is read in a later turn
        (question,) = under_way
        net.stack.close()
        assert (under_way, question._sock.fileno()) == (set(), -1)
        await net.passes()
        assert net.events == []

    run(story)


# ---- modules of one process -------------------------------------------------------------------------


def test_modules_answer_each_other_while_they_have_the_address() -> None:
    async def story() -> None:
        air = Air(("10.64.0.1", "10.64.0.2"))
        a, b = (Net(policy=Policy.NONE, air=air) for _ in range(2))
        try:
            assert await answer(a, "10.64.0.2") == PingFailed(1, Failure.UNREACHABLE)
            b.perform(TakeAddress("10.64.0.2"))
            event = await answer(a, "10.64.0.2")
            assert isinstance(event, PingAnswered)
            assert (event.ttl, event.rtt < 5) == (64, True)
            b.perform(GiveUpAddress("10.64.0.2"))
            assert await answer(a, "10.64.0.2") == PingFailed(3, Failure.UNREACHABLE)
            b.perform(TakeAddress("10.64.0.2"), TakeAddress("10.64.0.3"), GiveUpAddress("10.64.0.9"))
            b.stack.close()  # a module that is gone answers no more
            assert not air.answers("10.64.0.2")
            assert not air.answers("10.64.0.3")
        finally:
            a.close()
            b.close()

    asyncio.run(story())


# ---- a network of its own: what loopback cannot show -------------------------------------------------

STORY = """
import asyncio, sys
sys.path[:0] = {paths!r}
from pathlib import Path
from realnet import Net
from test_ping import answer
from vmodem.netstack import ping
from vmodem.netstack.policy import Policy

async def main():
    sock, raw = ping._socket()
    sock.close()
    print("raw" if raw else "ping socket")
    net = Net(policy=Policy.HOST)
    print(await answer(net, "127.0.0.1"))
    print(await answer(net, "127.0.0.1", size=1400))
    Path("/proc/sys/net/ipv4/icmp_echo_ignore_all").write_text("1")
    print(await answer(net, "127.0.0.1", timeout=0.2))
    print(await answer(net, "192.0.2.1"))
    print(await answer(net, "192.0.2.2"))
    print(await answer(net, "192.0.3.9"))
    net.close()

asyncio.run(main())
"""

# A network of 192.0.3.0/24 with nobody in it: the kernel gives up looking for a neighbour after 0.1 s.
OWN_NETWORK = (
    "ip link set lo up && ip route add unreachable 192.0.2.1 && ip route add prohibit 192.0.2.2 && "
    "ip link add v0 type veth peer name v1 && ip addr add 192.0.3.1/24 dev v0 && "
    "ip link set v0 up && ip link set v1 up && cd /proc/sys/net/ipv4/neigh/v0 && "
    "echo 1 > mcast_solicit && echo 100 > retrans_time_ms && cd / && "
    'echo "{groups}" > /proc/sys/net/ipv4/ping_group_range && exec "$0" -c "$1"'
)


def in_a_network_of_its_own(groups: str) -> list[str]:
    """The lines that STORY prints where nothing but loopback exists; skips where that cannot be made."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("needs unshare and ip (util-linux, iproute2)")
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        pytest.skip("a network of its own needs root")
    here = Path(__file__).parent
    script = STORY.format(paths=[str(here), str(here.parent)])
    command = ["unshare", "--net", "sh", "-c", OWN_NETWORK.format(groups=groups), sys.executable, script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=40, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(("groups", "kind"), [("0 10", "ping socket"), ("1 0", "raw")])
def test_both_kinds_of_socket_and_silence_and_what_the_network_reports(groups: str, kind: str) -> None:
    lines = in_a_network_of_its_own(groups)
    assert lines[0] == kind
    assert all(line.startswith("PingAnswered(") and line.endswith("ttl=64)") for line in lines[1:3])
    assert "TIMED_OUT" in lines[3]
    assert "UNREACHABLE" in lines[4]
    assert "FORBIDDEN" in lines[5]
    assert "UNREACHABLE" in lines[6]
    assert len(lines) == 7

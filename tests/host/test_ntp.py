"""A real NTP server on loopback is really asked, and its answers are checked."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from realnet import Net, free_port, run
from responders import FROM_1900, ntp_reply, ntp_server, stamp
from scapy.layers.ntp import NTPHeader
from vmodem.emulator.effects import AskNtp
from vmodem.emulator.events import Address, Event, Failure, NtpAnswered, NtpFailed
from vmodem.netstack import ntp
from vmodem.netstack.policy import Policy
from vmodem.netstack.questions import Questions

SERVER = "202.120.2.101"
SENT = 1376881810.25  # 2013-08-19 03:10:10.25 UTC

Reply = bytes | NTPHeader


def reply(query: NTPHeader, **fields: Any) -> NTPHeader:
    """A server's answer: received and sent at SENT."""
    return ntp_reply(query, SENT, **fields)


def asked(
    *routes: str, server: str = SERVER, port: int = 123, timeout: float = 10.0, **options: Any
) -> tuple[Event, list[str]]:
    """What comes of one question, and what was noted."""
    heard: list[Event] = []
    notes: list[str] = []

    async def story(net: Net) -> None:
        net.perform(AskNtp(1, Address(server, port), timeout, "10.0.0.1"))
        await net.until(lambda: bool(net.events))
        heard.extend(net.events)
        notes.extend(net.notes)

    run(story, *routes, **options)
    (event,) = heard
    return event, notes


def told(answer: Callable[[NTPHeader], Sequence[Reply]], **settings: Any) -> tuple[Event, list[str]]:
    with ntp_server(answer) as server:
        return asked(server.route(SERVER, 123), **settings)


def time_of(event: Event) -> float:
    assert isinstance(event, NtpAnswered)
    return event.utc


# ---- a good answer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("port", [123, 1123])
def test_the_server_is_asked_as_an_sntp_client_asks(policy: Policy, port: int) -> None:
    before = time.time()
    with ntp_server(lambda query: [reply(query)]) as server:
        event, notes = asked(server.route(SERVER, port), port=port, policy=policy)
    assert SENT <= time_of(event) < SENT + 5
    assert notes == []
    query = server.queries[0].original
    assert len(server.queries) == 1
    assert len(query) == 48
    assert query[0] == 4 << 3 | 3  # no warning, version 4, client
    assert query[1:40] == bytes(39)
    assert before - 1 < int.from_bytes(query[40:44], "big") - FROM_1900 < time.time() + 1


def test_half_of_the_way_there_and_back_is_added() -> None:
    pause = 0.3

    def answer(query: NTPHeader) -> Sequence[Reply]:
        time.sleep(pause)  # the way, not the server's work: received and sent are the same moment
        return [reply(query)]

    event, _ = told(answer)
    assert SENT + pause / 2 <= time_of(event) < SENT + pause / 2 + 2


def test_the_servers_own_work_is_no_way() -> None:
    pause = 0.3

    def answer(query: NTPHeader) -> Sequence[Reply]:
        time.sleep(pause)
        return [reply(query, recv=stamp(SENT - pause))]

    event, _ = told(answer)
    assert SENT <= time_of(event) < SENT + 2


@pytest.mark.parametrize(
    ("year", "seconds"), [(2036, 2085978495.0), (2040, 2208988800.0), (1980, 315964800.0)]
)
def test_the_era_that_begins_in_2036(year: int, seconds: float) -> None:
    assert time.gmtime(seconds).tm_year == year
    event, _ = told(lambda query: [reply(query, recv=stamp(seconds), sent=stamp(seconds))])
    assert seconds <= time_of(event) < seconds + 5


def test_what_is_no_answer_is_passed_over() -> None:
    lie = stamp(SENT + 1000)

    def answer(query: NTPHeader) -> Sequence[Reply]:
        good = reply(query)
        mine = query.fields["sent"]
        return [
            b"\0",
            bytes(good)[:47],
            reply(query, sent=lie, orig=mine ^ 1),
            reply(query, sent=lie, orig=0),
            reply(query, sent=lie, mode=3),
            reply(query, sent=lie, mode=5),
            reply(query, sent=lie, mode=1),
            good,
        ]

    event, _ = told(answer)
    assert SENT <= time_of(event) < SENT + 5


def test_another_senders_answer_is_not_heard() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as stranger:

        def answer(query: NTPHeader) -> Sequence[Reply]:
            stranger.sendto(bytes(reply(query, sent=stamp(0))), server.senders[-1])
            return [reply(query)]

        with ntp_server(answer) as server:
            event, _ = asked(server.route(SERVER, 123))
    assert SENT <= time_of(event) < SENT + 5


# ---- no time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"stratum": 0, "ref_id": b"DENY"}, "kiss-o'-death DENY"),
        ({"stratum": 0, "ref_id": b"RATE"}, "kiss-o'-death RATE"),
        ({"stratum": 16}, "its stratum is 16"),
        ({"leap": 3}, "its clock is not synchronised"),
        ({"sent": 0}, "its time of sending is empty"),
    ],
)
def test_a_server_that_does_not_serve(fields: dict[str, Any], reason: str) -> None:
    event, notes = told(lambda query: [reply(query, **fields)])
    assert event == NtpFailed(1, Failure.REFUSED)
    assert notes == [f"NTP server {SERVER}:123 told no time: {reason}"]


def test_silence() -> None:
    event, _ = told(lambda query: [], timeout=0.1)
    assert event == NtpFailed(1, Failure.TIMED_OUT)


def test_nonsense_until_the_end_is_silence() -> None:
    event, _ = told(lambda query: [b"\xff" * 48, b"hello", reply(query, orig=1)], timeout=0.2)
    assert event == NtpFailed(1, Failure.TIMED_OUT)


def test_nobody_listens_there() -> None:
    event, _ = asked(f"udp://{SERVER}:123=udp://127.0.0.1:{free_port(socket.SOCK_DGRAM)}")
    assert event == NtpFailed(1, Failure.REFUSED)


@pytest.mark.parametrize("policy", [Policy.LOOPBACK, Policy.NONE])
def test_the_policy(policy: Policy) -> None:
    event, notes = asked(policy=policy)
    assert event == NtpFailed(1, Failure.FORBIDDEN)
    assert notes == [f"UDP to {SERVER}:123 refused: the network policy is {policy.value!r}"]


def test_nothing_is_heard_after_the_stack_is_closed() -> None:
    async def story(net: Net) -> None:
        with ntp_server(lambda query: [reply(query)]) as server:
            net.perform(AskNtp(1, Address("127.0.0.1", server.port), 5.0, "10.0.0.1"))
            under_way = net.stack._ntp._questions.under_way
            while not under_way:
                await net.passes(1)  # the answer is read in a later turn
            (question,) = under_way
            net.stack.close()
            assert (under_way, question._sock.fileno()) == (set(), -1)
        await net.passes()
        assert net.events == []

    run(story)


def test_without_scapy_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("scapy")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, ntp.LAYERS)
    event, notes = told(lambda query: [])
    assert event == NtpFailed(1, Failure.NO_RESOURCES)
    assert notes == ["scapy is missing, so nothing was sent (pip install scapy)"]


def test_the_first_question_does_not_hold_up_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """scapy is loaded in a thread: the loop goes on turning until it is there."""
    loaded = threading.Event()
    real, module = Questions._load, sys.modules[ntp.LAYERS]

    def load(self: Questions, *rest: Any) -> None:
        loaded.wait(10)
        sys.modules[ntp.LAYERS] = module
        real(self, *rest)

    monkeypatch.setattr(Questions, "_load", load)
    monkeypatch.delitem(sys.modules, ntp.LAYERS)

    async def story(net: Net) -> None:
        with ntp_server(lambda query: [reply(query)]) as server:
            net.perform(AskNtp(1, Address("127.0.0.1", server.port), 5.0, "10.0.0.1"))
            await net.passes()
            assert (server.queries, net.events) == ([], [])
            loaded.set()
            assert SENT <= time_of(await net.take(NtpAnswered)) < SENT + 5

    asyncio.run(_with_net(story))


async def _with_net(story: Callable[[Net], Any]) -> None:
    net = Net()
    try:
        await story(net)
    finally:
        net.close()

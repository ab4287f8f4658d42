"""The driver does with a director what the tests' world does: the same bytes and events at the same times."""

from __future__ import annotations

import pytest
from directed import CLOSE, DIALECTS, OPEN, SEND, UP
from directed_driver import Move, Play, by_driver, by_hand


def rules(*lines: str) -> str:
    return "rules:\n" + "".join(f"  - {{{line}}}\n" for line in lines)


def types(*lines: str) -> list[Move]:
    """Lines, and time for each."""
    return [move for line in lines for move in (("type", line.encode() + b"\r"), ("wait", 1.0))]


STORIES: dict[str, str] = {
    "nothing": rules("id: a, when: {client: closed}, do: [log: x]"),
    "bearer lost": rules(
        "id: a, when: {op: socket.send, nth: 2, phase: done}, do: [{wait: 200ms}, {mark: m}, "
        "{pdp_deact: {}}, {register: searching}, {wait: 2s}, {register: home}]"
    ),
    "orders in order": rules(
        "id: a, when: {external: go}, do: [{urc: one}, {register: denied}, {log: between}, {urc: two}, "
        "{power: reset}, {log: behind}]"
    ),
    "at data": rules(
        "id: a, when: {socket: {event: data}}, do: [{urc: '+SEEN: 1'}, {socket: {action: reset, link: 0}}]"
    ),
    "at bytes": rules("id: a, when: {bytes: {count: 4}}, do: [{pdp_deact: {}}]"),
    "at a state": rules(
        "id: a, when: {state: {link: connected}}, do: [{urc: '+UP: 1'}, {link: {latency: 700ms}}]"
    ),
    "link to come": rules(
        "id: a, when: {start: true}, do: [{link: {link: 0, latency: 300ms, jitter: 100ms}}]"
    ),
    "a failing send": rules("id: a, when: {start: true}, do: [{fail: {op: socket.send, result: send_fail}}]"),
    "a failing open": rules(
        "id: a, when: {start: true}, do: [{fail: {op: socket.open, result: connect_fail}}]"
    ),
    "delayed": rules(
        "id: a, when: {op: socket.send}, times: forever, do: [{delay: {between: [100ms, 900ms]}}]"
    ),
    "crash": rules(
        "id: a, when: {op: socket.send, phase: done}, do: [{power: {action: brownout, boot_time: 2s}}]"
    ),
    "noise": rules(
        "id: a, when: {every: 700ms}, times: forever, probability: 50%, do: [{garble: {flip: 2, bytes: 1}}]",
        "id: b, when: {every: 1100ms}, times: forever, do: [{garble: {direction: to_module, double: true}}]",
    ),
    "split": rules(
        "id: a, when: {every: 900ms}, times: forever, do: [{garble: {split: 50ms}}, "
        "{garble: {direction: to_module, split: 30ms}}]"
    ),
    "ties": rules(
        "id: a, when: {every: 1s}, times: forever, do: [{urc: tick}]",
        "id: b, when: {after: 5s}, do: [{power: 'off'}]",
        "id: c, when: {after: 5s}, do: [{power: 'on'}]",
    ),
    "a log of the author's": rules(
        "id: a, when: {external: go}, do: [{log: overrun}]",
        "id: b, when: {overrun: uart}, do: [{urc: X}]",
    ),
    "a call": rules(
        "id: a, when: {after: 3s}, do: [{sms: {from: '+491', text: hi}}, {ring: {from: '1', times: 2}}]"
    ),
    "hang": rules(
        "id: a, when: {command: AT+CSQ}, do: [{hang: true}]", "id: b, when: {after: 9s}, do: [power: reset]"
    ),
}


def moves(dialect: str) -> list[Move]:
    """What the host, the server and an outsider do."""
    sends: list[Move] = [
        ("type", SEND[dialect].encode() + b"\r"),
        ("wait", 0.5),
        ("type", b"abc"),
        ("wait", 2.0),
    ]
    return [
        ("type", b"AT+CREG=1\r"),
        ("wait", 0.25),
        *types(*UP[dialect], OPEN[dialect]),
        *sends,
        *sends,
        ("peer", b"hello"),
        ("wait", 1.5),
        ("signal", "go"),
        ("wait", 3.3),
        *types("AT+CSQ", CLOSE[dialect], "AT+CREG?;+CSQ", OPEN[dialect]),
        ("wait", 30.0),
    ]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", STORIES)
def test_the_same_story_twice(name: str, dialect: str) -> None:
    written, told = by_hand(STORIES[name], dialect, moves(dialect), seed=7)
    written_too, told_too = by_driver(STORIES[name], dialect, moves(dialect), seed=7)
    assert len(written) > 5
    assert written_too == written
    assert told_too == told


@pytest.mark.parametrize("play", [by_hand, by_driver])
@pytest.mark.parametrize("name", ["noise", "delayed", "link to come", "crash"])
def test_the_seed_is_all_the_chance_there_is(name: str, play: Play) -> None:
    story = STORIES[name]
    assert play(story, "sim800", moves("sim800"), seed=1) == play(story, "sim800", moves("sim800"), seed=1)
    assert play(story, "sim800", moves("sim800"), seed=1) != play(story, "sim800", moves("sim800"), seed=2)


def test_a_remark_of_the_port_is_acted_upon_at_once() -> None:
    """The UART says that it was overrun while nothing else happens."""
    story = rules("id: a, when: {overrun: uart}, do: [{urc: '+OOPS: 1'}]")
    remark: list[Move] = [("wait", 1.0), ("remark", "overrun: 3 bytes lost"), ("wait", 1.0)]
    written, _ = by_driver(story, "sim800", remark)
    assert written[1:] == [(1000.0, "<", "\r\n+OOPS: 1\r\n")]

"""When a rule is taken: every trigger, what it counts, guards, chance, and how often."""

from __future__ import annotations

import pytest
from directed import CLOSE, DIALECTS, OPEN, Story
from vmodem.emulator.events import LineChanged, LineSignal


def taken(story: Story) -> int:
    """How often the rule ``it`` was taken."""
    return story.notes.count("rule it")


def rule(when: str, more: str = "", do: str = "[{log: taken}]") -> str:
    """One rule."""
    return f"rules:\n  - {{id: it, when: {{{when}}}, {more}do: {do}}}\n"


# ---- times ---------------------------------------------------------------------------------------


def test_at_the_start() -> None:
    assert taken(Story(rule("start: true"))) == 1


def test_after_a_while() -> None:
    story = Story(rule("after: 5s"))
    story.waits(4.9)
    assert taken(story) == 0
    story.waits(0.2)
    assert taken(story) == 1


def test_every_so_often() -> None:
    story = Story(rule("every: 2s", "times: forever, "))
    story.waits(9.0)
    assert taken(story) == 4
    story = Story(rule("every: 2s", "times: 3, "))
    story.waits(60.0)
    assert taken(story) == 3


# ---- commands ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "line", "counts"),
    [
        ("AT+CSQ", "AT+CSQ", 1),
        ("AT+CSQ", "at+csq", 1),
        ("AT+CSQ", "AT+CSQ=?", 0),
        ("AT+C*", "AT+CSQ", 1),
        ("AT+CREG?", "AT+CREG?", 1),
        ("AT+CREG?", "AT+CREGX", 0),
        ("AT+CSQ", "AT+CREG?;+CSQ;+CSQ", 2),
        ('AT+CIPSTART="TCP"*', 'AT+CIPSTART="TCP","1.2.3.4",80', 1),
        ("*", "ATE0", 1),
        ("ATE0", "ATE0", 1),
    ],
)
def test_a_glob_on_the_command(pattern: str, line: str, counts: int) -> None:
    story = Story(rule(f"command: '{pattern}'", "times: forever, "))
    before = taken(story)
    story.asks(line)
    assert taken(story) - before == counts


def test_done_and_failed_commands() -> None:
    story = Story(
        "rules:\n"
        "  - {id: done, when: {command: AT+CIPSEND*, phase: done}, times: forever, do: [{log: x}]}\n"
        "  - {id: failed, when: {command: AT+CIPSEND*, phase: failed}, times: forever, do: [{log: x}]}\n"
        "  - {id: received, when: {command: AT+CIPSEND*}, times: forever, do: [{log: x}]}\n"
    )
    story.asks("AT+CIPSEND=5")
    assert story.notes == ["rule received", "x", "rule failed", "x"]
    story.notes.clear()
    story.connects()
    assert story.asks("AT+CIPSEND=3").endswith(b"> ")
    assert story.notes == ["rule received", "x"]
    story.types(b"abc")
    assert story.notes[2:] == ["rule done", "x"]


def test_the_nth_successful_one() -> None:
    story = Story(rule("command: AT+CIPSEND*, nth: 2, phase: done"))
    story.asks("AT+CIPSEND=5")  # refused: does not count
    story.connects()
    for expected in (0, 1, 1):
        story.sends()
        assert taken(story) == expected


def test_every_nth() -> None:
    story = Story(rule("command: AT+CSQ, every_nth: 3", "times: forever, "))
    for _ in range(10):
        story.asks("AT+CSQ")
    assert taken(story) == 3


@pytest.mark.parametrize("dialect", DIALECTS)
def test_operations_of_every_dialect(dialect: str) -> None:
    story = Story(
        "".join(
            f"  - {{id: {op} {phase}, when: {{op: {op}, phase: {phase}}}, times: forever, do: [log: x]}}\n"
            for op in ("pdp.activate", "socket.open", "socket.send", "socket.close")
            for phase in ("received", "done", "failed")
        ).join(["rules:\n", ""]),
        dialect,
    )
    story.connects()
    assert b"SEND OK" in story.sends()
    story.asks(CLOSE[dialect])
    story.waits(1.0)
    seen = [note.removeprefix("rule ") for note in story.notes if note.startswith("rule ")]
    assert seen == [
        f"{op} {phase}"
        for op in ("pdp.activate", "socket.open", "socket.send", "socket.close")
        for phase in ("received", "done")
    ]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_open_that_fails_is_over_with_the_connection(dialect: str) -> None:
    story = Story(rule("op: socket.open, phase: failed"), dialect)
    story.brings_up()
    story.net.tcp("203.0.113.99", 1)
    story.asks(OPEN[dialect].replace("8500", "9"))
    story.waits(1.0)
    assert taken(story) == 1


def test_a_question_performs_nothing() -> None:
    story = Story(rule("op: socket.send", "times: forever, "))
    story.connects()
    story.asks("AT+CIPSEND?")
    story.asks("AT+CIPSEND=?")
    assert taken(story) == 0


# ---- states, bytes, sockets ----------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_states_that_all_dialects_have(dialect: str) -> None:
    story = Story(
        "rules:\n"
        "  - {id: up, when: {state: {pdp: active}}, do: [{log: x}]}\n"
        "  - {id: on, when: {state: {link: connected}}, do: [{log: x}]}\n"
        "  - {id: off, when: {left: {link: connected}}, do: [{log: x}]}\n"
        "  - {id: lost, when: {state: {pdp: lost}}, do: [{log: x}]}\n"
        "  - {id: gone, when: {after: 10s}, do: [{pdp_deact: {}}]}\n",
        dialect,
    )
    story.connects()
    story.waits(10.0)
    assert [note for note in story.notes if note.startswith("rule")] == [
        f"rule {name}" for name in ("up", "on", "gone", "lost", "off")
    ]


def test_the_familys_own_state() -> None:
    story = Story(rule("state: {ip: CONNECT OK}"))
    story.brings_up()
    assert taken(story) == 0
    story.opens()
    assert taken(story) == 1


def test_the_state_of_one_link() -> None:
    story = Story(rule("state: {link 2: connected}"))
    story.asks("AT+CIPMUX=1")
    story.brings_up()
    for number, expected in ((0, 0), (2, 1)):
        story.asks(f'AT+CIPSTART={number},"TCP","203.0.113.5",8500')
        story.waits(1.0)
        assert taken(story) == expected


@pytest.mark.parametrize(("count", "after"), [("5", 2), ("6", 2), ("7", 3), ("9", 3)])
def test_bytes_sent_so_far(count: str, after: int) -> None:
    story = Story(rule(f"bytes: {{count: {count}}}", "times: forever, "))
    story.connects()
    for sends in range(1, 4):
        story.sends()
        assert taken(story) == (sends >= after)


def test_bytes_received_so_far() -> None:
    story = Story(rule("bytes: {count: 1KiB, direction: to_host, link: 0}"))
    connection = story.connects()
    connection.send(b"x" * 1023)
    story.waits(0.1)
    assert taken(story) == 0
    connection.send(b"x")
    story.waits(0.1)
    assert taken(story) == 1


def test_what_happens_to_sockets() -> None:
    events = ("opening", "connected", "data", "peer_closed", "refused", "listening", "accepted", "reset")
    story = Story(
        "rules:\n"
        + "".join(
            f"  - {{id: {e}, when: {{socket: {{event: {e}}}}}, times: forever, do: [{{log: x}}]}}\n"
            for e in events
        )
    )

    def seen() -> list[str]:
        found = [note.removeprefix("rule ") for note in story.notes if note.startswith("rule ")]
        story.notes.clear()
        return found

    connection = story.connects()
    assert seen() == ["opening", "connected"]
    connection.send(b"x")
    connection.close()
    story.waits(0.1)
    assert seen() == ["data", "peer_closed"]
    story.asks('AT+CIPSTART="TCP","203.0.113.6",9')
    story.waits(0.1)
    assert seen() == ["opening", "refused"]
    story.asks("AT+CIPSHUT")
    story.asks("AT+CIPSERVER=1,1234")
    story.waits(1.0)
    assert seen() == ["listening"]
    client = story.net.connect_client(1234, "10.9.9.9")
    story.waits(0.1)
    client.reset()
    story.waits(0.1)
    assert seen() == ["accepted", "reset"]


# ---- lines, clients, words, others ---------------------------------------------------------------


def test_control_lines() -> None:
    story = Story(rule("line: {dtr: 'off'}"))
    story.world.event(LineChanged(LineSignal.DTR, True))
    assert taken(story) == 0
    story.world.event(LineChanged(LineSignal.DTR, False))
    assert taken(story) == 1


def test_clients() -> None:
    story = Story(rule("client: opened") + "  - {id: gone, when: {client: closed}, do: [{log: x}]}\n")
    story.world.director.client(story.world.now, False)
    story.waits(0.0)
    assert story.notes.count("rule gone") == 1


def test_what_is_said_unasked() -> None:
    story = Story(
        rule("urc: '+CREG: *'", "times: forever, ")
        + "  - {id: r, when: {after: 5s}, do: [{register: searching}]}\n"
    )
    story.asks("AT+CREG=1")
    story.asks("AT+CREG?")  # an answer is no URC
    assert taken(story) == 0
    assert story.waits(6.0) == b"\r\n+CREG: 2\r\n"
    assert taken(story) == 1


def test_other_rules_marks_and_outsiders() -> None:
    story = Story(
        "rules:\n"
        "  - {id: a, when: {external: go}, times: forever, do: [{wait: 1s}, {mark: m}]}\n"
        "  - {id: b, when: {rule: a}, times: forever, do: [{log: x}]}\n"
        "  - {id: c, when: {mark: m}, do: [{log: y}]}\n"
    )
    story.world.director.external(story.world.now, "go")
    story.waits(0.5)
    assert story.notes == ["rule a", "rule b", "x"]
    story.waits(1.0)
    assert story.notes[3:] == ["mark m", "rule c", "y"]


def test_any_of_several() -> None:
    story = Story(rule("any: [{command: AT+CSQ}, {external: go}], nth: 2"))
    story.asks("AT+CSQ")
    assert taken(story) == 0
    story.world.director.external(story.world.now, "go")
    story.waits(0.0)
    assert taken(story) == 1


# ---- guards, chance, repetition ------------------------------------------------------------------


def test_guards() -> None:
    story = Story(
        "rules:\n"
        "  - {id: state, when: {command: AT+CSQ}, if: {state: {ip: IP STATUS}}, times: 9, do: [log: x]}\n"
        "  - {id: mark, when: {command: AT+CSQ}, if: {mark: m}, times: forever, do: [{log: x}]}\n"
        "  - {id: not, when: {command: AT+CSQ}, if: {not_mark: m}, times: forever, do: [{log: x}]}\n"
        "  - {id: it, when: {external: go}, do: [{mark: m}]}\n"
    )
    story.asks("AT+CSQ")
    assert story.notes == ["rule not", "x"]
    story.notes.clear()
    story.brings_up()
    story.world.director.external(story.world.now, "go")
    story.asks("AT+CSQ")
    assert [note for note in story.notes if note.startswith("rule")] == ["rule it", "rule state", "rule mark"]


def test_a_guard_that_does_not_hold_uses_nothing_up() -> None:
    story = Story(rule("command: AT+CSQ", "if: {state: {ip: IP STATUS}}, "))
    story.asks("AT+CSQ")
    story.brings_up()
    story.asks("AT+CSQ")
    story.asks("AT+CSQ")
    assert taken(story) == 1


def test_chance_is_the_seeds() -> None:
    def run(seed: int) -> list[bool]:
        story = Story(rule("command: AT+CSQ", "times: forever, probability: 30%, "), seed=seed)
        found = []
        for _ in range(200):
            before = taken(story)
            story.asks("AT+CSQ")
            found.append(taken(story) > before)
        return found

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert 30 < sum(run(1)) < 90


def test_a_rule_more_does_not_shift_the_chances_of_the_others() -> None:
    more = "  - {id: other, when: {command: AT+CSQ}, times: forever, probability: 50%, do: [{log: x}]}\n"
    both = Story(rule("command: AT+CSQ", "times: forever, probability: 50%, ") + more, seed=7)
    alone = Story(rule("command: AT+CSQ", "times: forever, probability: 50%, "), seed=7)
    for _ in range(50):
        both.asks("AT+CSQ")
        alone.asks("AT+CSQ")
        assert taken(both) == taken(alone)


def test_a_rule_taken_again_while_it_waits() -> None:
    story = Story(rule("command: AT+CSQ", "times: forever, ", "[{log: a}, {wait: 2s}, {log: b}]"))
    story.asks("AT+CSQ")
    story.waits(1.0)
    story.asks("AT+CSQ")
    story.waits(5.0)
    assert [note for note in story.notes if not note.startswith("rule")] == ["a", "a", "b", "b"]


def test_the_deadline_ends_the_run() -> None:
    story = Story("deadline: 60s\n")
    story.waits(59.0)
    assert story.world.finished == ""
    story.waits(2.0)
    assert str(story.world.finished) == "deadline"

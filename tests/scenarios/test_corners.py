"""Where a rule could be misunderstood: what counts, what is over, what is taken back, what never ends."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from directed import CLOSE, DIALECTS, OPEN, SERVER, Story
from vmodem.emulator.dialect import Options
from vmodem.emulator.effects import SocketAssigned, Transport
from vmodem.emulator.events import Address, Connected

OK = b"\r\nOK\r\n"


def rules(*lines: str) -> str:
    """Several rules, one a line."""
    return "rules:\n" + "".join(f"  - {{{line}}}\n" for line in lines)


def taken(story: Story, name: str = "it") -> int:
    """How often a rule was taken."""
    return story.notes.count(f"rule {name}")


def signal(story: Story, name: str = "now") -> bytes:
    """Let an outsider's signal come; what is written at once."""
    story.world.director.external(story.world.now, name)
    return story.waits(0.0)


# ---- what counts ---------------------------------------------------------------------------------


def test_the_nth_and_every_nth_period() -> None:
    story = Story(
        rules(
            "id: third, when: {every: 1s, nth: 3}, do: [{log: x}]",
            "id: second, when: {every: 1s, every_nth: 2}, times: forever, do: [{log: x}]",
        )
    )
    story.waits(2.5)
    assert (taken(story, "third"), taken(story, "second")) == (0, 1)
    story.waits(1.0)
    assert (taken(story, "third"), taken(story, "second")) == (1, 1)
    story.waits(5.0)
    assert (taken(story, "third"), taken(story, "second")) == (1, 4)


def test_periods_are_counted_from_the_beginning() -> None:
    story = Story(rules("id: it, when: {every: 1s}, times: forever, do: [{log: x}]"))
    director, begun = story.world.director, story.world.now
    for n in range(1, 11):
        director.handle_timer(begun + n + 0.25)  # always woken late
        assert taken_in(director.orders()) == 1
    assert director.next_deadline() == begun + 11


def taken_in(orders: Sequence[object]) -> int:
    return [getattr(order, "text", "") for order in orders].count("rule it")


@pytest.mark.parametrize("answer", ["{intercept: ignore}", "{hang: true}"])
def test_a_command_without_an_answer_is_neither_done_nor_failed(answer: str) -> None:
    story = Story(
        rules(
            "id: done, when: {command: AT+CSQ, phase: done}, do: [{log: x}]",
            "id: failed, when: {command: AT+CSQ, phase: failed}, do: [{log: x}]",
            f"id: it, when: {{command: AT+CSQ}}, do: [{answer}]",
        )
    )
    assert story.asks("AT+CSQ") == b""
    assert story.waits(60.0) == b""
    assert (taken(story), taken(story, "done"), taken(story, "failed")) == (1, 0, 0)


@pytest.mark.parametrize(
    ("answer", "phase"),
    [
        (r"\r\nOK\r\n", "done"),
        (r"\r\n+CSQ: 3,0\r\n\r\nOK\r\n", "done"),
        (r"\r\nERROR\r\n", "failed"),
        (r"\r\n+CME ERROR: 30\r\n", "failed"),
        (r"\r\nSEND FAIL\r\n", "failed"),
        (r"\r\nNO CARRIER\r\n", "failed"),
    ],
)
def test_an_answer_in_its_place_is_judged_by_its_last_line(answer: str, phase: str) -> None:
    story = Story(
        rules(
            "id: done, when: {command: AT+CSQ, phase: done}, do: [{log: x}]",
            "id: failed, when: {command: AT+CSQ, phase: failed}, do: [{log: x}]",
            f'id: it, when: {{command: AT+CSQ}}, do: [{{reply: "{answer}"}}]',
        )
    )
    assert story.asks("AT+CSQ") == answer.replace("\\r\\n", "\r\n").encode()
    assert {name for name in ("done", "failed") if taken(story, name)} == {phase}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_open_that_is_refused_at_once_has_failed_once(dialect: str) -> None:
    story = Story(
        rules("id: it, when: {op: socket.open, phase: failed}, times: forever, do: [{log: x}]"), dialect
    )
    assert b"ERROR" in story.asks(OPEN[dialect].replace('"TCP"', '"XXX"'))
    story.waits(1.0)
    assert taken(story) == 1
    story.brings_up()
    story.asks(OPEN[dialect].replace("8500", "9"))
    story.waits(1.0)
    assert taken(story) == 2


def test_an_open_whose_ok_says_nothing_has_failed_too() -> None:
    story = Story(
        rules(
            "id: it, when: {op: socket.open, phase: failed}, times: forever, do: [{log: x}]",
            "id: done, when: {op: socket.open, phase: done}, times: forever, do: [{log: x}]",
        ),
        "bg96",
    )
    assert b"+QIOPEN: 0,561" in story.asks(OPEN["bg96"]) + story.waits(1.0)
    assert (taken(story), taken(story, "done")) == (1, 0)
    story.brings_up()
    assert b"+QIOPEN: 1,0" in story.asks('AT+QIOPEN=1,1,"TCP LISTENER","127.0.0.1",0,2020,0') + story.waits(
        1.0
    )
    assert b"+QIOPEN: 2,0" in story.asks('AT+QIOPEN=1,2,"UDP SERVICE","127.0.0.1",0,3030,0') + story.waits(
        1.0
    )
    assert taken(story) == 1


def test_an_open_that_is_given_up_has_failed() -> None:
    story = Story(
        rules(
            "id: it, when: {op: socket.open, phase: failed}, do: [{log: x}]",
            "id: deaf, when: {start: true}, do: [{connects: {answer: silence}}]",
        )
    )
    story.brings_up()
    story.opens()
    assert taken(story) == 0
    assert story.asks("AT+CIPSHUT") == b"\r\nSHUT OK\r\n"
    assert taken(story) == 1


def test_done_comes_behind_the_answer() -> None:
    story = Story(
        rules("id: it, when: {command: AT+CSQ, phase: done}, do: [{power: {action: brownout, noise: 5}}]")
    )
    answer = story.asks("AT+CSQ")
    assert answer.startswith(b"\r\n+CSQ: 20,0\r\n\r\nOK\r\n")
    assert len(answer) == len(b"\r\n+CSQ: 20,0\r\n\r\nOK\r\n") + 5


def test_a_bare_at_is_a_command_too() -> None:
    story = Story(
        rules(
            "id: it, when: {command: AT}, times: forever, do: [{log: x}]",
            "id: done, when: {command: AT, phase: done}, times: forever, do: [{log: x}]",
            "id: deaf, when: {command: AT, nth: 3}, do: [{intercept: ignore}]",
        )
    )
    assert [story.asks(line) for line in ("AT", "at", "AT", "AT")] == [OK, OK, b"", OK]
    assert (taken(story), taken(story, "done")) == (4, 3)


# ---- what is over --------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["off", "reset", "crash"])
def test_a_command_at_which_the_power_goes_is_not_executed(action: str) -> None:
    story = Story(
        rules(
            f"id: it, when: {{command: AT+CSQ}}, do: [{{power: {action}}}]",
            "id: done, when: {command: AT+CSQ, phase: done}, do: [{log: x}]",
        )
    )
    written = story.asks("AT+CSQ") + story.waits(30.0)
    assert taken(story, "done") == 0
    assert written[:7] == (b"" if action == "off" else b"\r\nRDY\r\n")
    assert b"+CSQ" not in written
    assert b"OK" not in written


def test_a_supply_that_is_taken_away_stays_away() -> None:
    """A crash would come back by itself; being switched off meanwhile, it does not."""
    story = Story(
        rules(
            "id: it, when: {external: now}, do: [{power: {action: crash, boot_time: 4s}}]",
            "id: off, when: {external: stop}, do: [{power: 'off'}]",
        )
    )
    signal(story)
    story.waits(2.0)
    signal(story, "stop")
    assert story.waits(60.0) == b""
    assert story.asks("AT") == b""


def test_a_crash_in_a_crash_starts_its_time_anew() -> None:
    story = Story(
        rules("id: it, when: {external: now}, times: forever, do: [{power: {action: crash, boot_time: 4s}}]")
    )
    signal(story)
    story.waits(3.0)
    signal(story)
    assert story.waits(3.5) == b""
    assert b"RDY" in story.waits(10.0)


def by_name(story: Story) -> None:
    """The server has a name, and the module takes names."""
    story.net.add_name("server.example", SERVER)
    if story.dialect == "quectel_mxx":
        story.asks("AT+QIDNSIP=1")


# ---- what is taken back --------------------------------------------------------------------------


@pytest.mark.parametrize("result", ["connect_fail", "dns_fail"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_failure_belongs_to_its_command_alone(dialect: str, result: str) -> None:
    """The command fails by itself before it gets as far as the network: the next one meets no failure."""
    story = Story(
        rules(f"id: it, when: {{start: true}}, do: [{{fail: {{op: socket.open, result: {result}}}}}]"),
        dialect,
    )
    assert b"ERROR" in story.asks(OPEN[dialect].replace('"TCP"', '"XXX"'))
    by_name(story)
    story.brings_up()
    assert b"FAIL" not in story.asks(OPEN[dialect].replace(SERVER, "server.example"))
    story.waits(2.0)
    assert len(story.net.connections) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_name_that_was_not_asked_for_fails_nothing_later(dialect: str) -> None:
    story = Story(
        rules("id: it, when: {start: true}, do: [{fail: {op: socket.open, result: dns_fail}}]"), dialect
    )
    story.connects()
    story.asks(CLOSE[dialect])
    story.waits(2.0)
    by_name(story)
    story.asks(OPEN[dialect].replace(SERVER, "server.example"))
    story.waits(2.0)
    assert len(story.net.connections) == 2


def test_coverage_comes_back_to_what_the_network_last_offered() -> None:
    story = Story(
        "modem: {network: {registered: searching, rssi: 7}}\n"
        + rules(
            "id: in, when: {external: in}, do: [{register: {to: roaming, ci: 32}}, {signal: {rssi: 11}}]",
            "id: out, when: {external: out}, do: [{coverage: lost}]",
            "id: back, when: {external: back}, do: [{coverage: back}]",
        )
    )
    signal(story, "in")
    signal(story, "out")
    assert b"99,99" in story.asks("AT+CSQ")
    assert b"0,2" in story.asks("AT+CREG?")
    signal(story, "back")
    assert b"11,0" in story.asks("AT+CSQ")
    assert b"0,5" in story.asks("AT+CREG?")


# ---- what never ends -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "story",
    [
        rules(
            "id: it, when: {any: [{external: now}, {mark: y}]}, times: forever, do: [{mark: x}]",
            "id: b, when: {mark: x}, times: forever, do: [{mark: y}]",
        ),
        rules("id: it, when: {any: [{external: now}, {urc: X}]}, times: forever, do: [{urc: X}]"),
    ],
)
def test_rules_that_trigger_each_other_for_ever_are_stopped(story: str) -> None:
    played = Story(story)
    signal(played)
    assert played.world.finished == "verdict fail"
    assert any("triggers itself without end" in note for note in played.notes)
    assert 900 < taken(played) <= 1000
    assert played.asks("AT") == b"\r\nOK\r\n"
    assert not played.world.report().passed


def test_a_fast_host_triggers_a_rule_as_often_as_it_likes() -> None:
    story = Story(rules("id: it, when: {command: AT}, times: forever, do: [{urc: +X}]"))
    story.types(b"AT\r" * 5000)
    assert taken(story) == 5000
    assert story.world.finished == ""


def test_what_a_rule_causes_comes_behind_all_it_does() -> None:
    story = Story(
        rules(
            "id: a, when: {external: now}, do: [{mark: m}, {log: first}]",
            "id: b, when: {mark: m}, do: [{log: second}]",
        )
    )
    signal(story)
    assert [note for note in story.notes if note in ("first", "second")] == ["first", "second"]


# ---- links that are not there yet ----------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_impairment_of_a_link_holds_for_each_of_its_connections(dialect: str) -> None:
    story = Story(
        rules(
            "id: it, when: {start: true}, do: [{link: {link: 0, latency: 600ms}}]",
            "id: off, when: {external: 'off'}, do: [{restore: {name: link}}]",
        ),
        dialect,
    )
    story.brings_up()

    def seconds() -> float:
        begun, count = story.world.now, len(story.notes)
        story.asks(OPEN[dialect])
        while not any(position_connected(story)):
            story.waits(0.05)
            assert story.world.now < begun + 10, story.notes[count:]
        took = story.world.now - begun
        story.asks(CLOSE[dialect])
        story.waits(5.0)
        return took

    assert seconds() > 1.1
    assert seconds() > 1.1
    signal(story, "off")
    assert seconds() < 0.2


def position_connected(story: Story) -> list[bool]:
    states = story.world.director.states
    return [states.hold({"link": "connected"})]


def test_ten_thousand_connections_leave_nothing_behind() -> None:
    story = Story(
        rules("id: it, when: {socket: {event: connected, link: 0}}, times: forever, do: [{log: x}]")
    )
    story.brings_up()
    director = story.world.director
    for handle in range(1, 10_001):
        director.effect(story.world.now, SocketAssigned(handle, 0, 0, Transport.TCP, Address(SERVER, 1)))
        director.event(story.world.now, Connected(handle, Address("10.0.0.1", 1)))
    assert taken_in(director.orders()) == 10_000
    assert len(director._witness._links) == 1


def test_a_step_for_a_link_that_is_not_open_says_so() -> None:
    story = Story(rules("id: it, when: {start: true}, do: [{socket: {action: reset, link: 3}}]"))
    story.waits(0.0)
    assert "socket: link 3 has no connection" in story.notes


# ---- states --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_where_every_machine_begins(dialect: str) -> None:
    own = {"sim800": "ip: IP INITIAL", "quectel_mxx": "ip: ip_initial", "bg96": "socket: Initial"}[dialect]
    begun = f"{own}, link: initial, link 3: INITIAL, pdp: inactive, sim: ready, power: 'on'"
    begun += ", registration: home"
    story = Story(
        rules(
            f"id: it, when: {{start: true}}, if: {{state: {{{begun}}}}}, do: [{{log: x}}]",
            "id: not, when: {start: true}, if: {state: {link: connected}}, do: [{log: x}]",
            "id: moved, when: {any: [{state: {power: 'on'}}, {state: {sim: ready}}]}, do: [{log: x}]",
        ),
        dialect,
    )
    assert (taken(story), taken(story, "not"), taken(story, "moved")) == (1, 0, 0)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_power_card_and_registration_have_states(dialect: str) -> None:
    seen = ("power: 'off'", "power: 'on'", "sim: sim_pin", "sim: ready", "registration: searching",
            "registration: home", "registration: denied", "sim: SIM not inserted")  # fmt: skip
    story = Story(
        rules(
            *(
                f'id: "{state}", when: {{state: {{{state}}}}}, times: forever, do: [{{log: x}}]'
                for state in seen
            ),
            "id: again, when: {external: now}, do: [{power: reset}]",
            "id: no, when: {external: deny}, do: [{register: denied}]",
            "id: out, when: {external: out}, do: [{sim: remove}]",
        ),
        dialect,
        options=Options(pin="1234"),
    )

    def moves() -> list[str]:
        found = [n.removeprefix("rule ") for n in story.notes if n.removeprefix("rule ") in seen]
        story.notes.clear()
        return found

    signal(story)
    story.waits(30.0)
    assert moves() == ["power: 'off'", "power: 'on'", "sim: sim_pin"]
    assert b"\r\nOK\r\n" in story.asks("AT+CPIN=1234")
    story.waits(30.0)
    assert moves() == ["sim: ready", "registration: searching", "registration: home"]
    signal(story, "deny")
    assert moves() == ["registration: denied"]
    signal(story, "out")
    assert moves()[-1:] == ["sim: SIM not inserted"]


# ---- noise ---------------------------------------------------------------------------------------


def test_the_noise_of_a_rule_is_its_own_chance() -> None:
    garble = "do: [{garble: {flip: 1, bytes: 1}}]"
    wanted = f"id: it, when: {{command: AT+CSQ}}, times: forever, {garble}"
    other = f"id: other, when: {{command: 'AT+CREG?'}}, times: forever, {garble}"
    alone, both = Story(rules(wanted), seed=5), Story(rules(wanted, other), seed=5)
    for _ in range(20):
        both.asks("AT+CREG?")
        assert both.asks("AT+CSQ") == alone.asks("AT+CSQ")

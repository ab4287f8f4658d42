"""Reading a file: what YAML may say here, and every fault at once with its line, field and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from vmodem.emulator.scenario.load import load, schema
from vmodem.emulator.scenario.text import ScenarioError, parse
from vmodem.netstack.routes import Route

HEAD = "version: 1\nname: test\n"


route = Route.entry


def faults(tmp_path: Path, text: str, suffix: str = ".yaml") -> list[str]:
    """What is wrong with a file, as ``line: field: text``."""
    path = tmp_path / f"story{suffix}"
    path.write_text(text)
    try:
        load(path, route)
    except ScenarioError as error:
        return [str(fault).removeprefix(f"{path}:") for fault in error.faults]
    return []


# ---- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("on", "on"),
        ("no", "no"),
        ("00101", "00101"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("12", 12),
        ("-3", -3),
        ("1.5", "1.5"),
        ("null", "null"),
        ("~", "~"),
        ("2026-11-25", "2026-11-25"),
        ('"12"', "12"),
        ('"+PDP: DEACT"', "+PDP: DEACT"),
        (r'"\r\nOK\r\n"', "\r\nOK\r\n"),
    ],
)
def test_what_yaml_means_here(text: str, value: object) -> None:
    assert parse("x", f"key: {text}").value == {"key": value}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: &x 1\nb: *x", "1: a scenario is plain data: no anchor"),
        ("a: !!python/name:os.system 1", "1: a scenario is plain data: no tag"),
        ("a: 1\nb: 2\na: 3", "3: a: stands here twice"),
        ("a: [1, 2", "not YAML"),
        ("? [1]\n: 2", "1: a key is a word"),
        ("x: " + "[" * 30 + "]" * 30, "deeper than 20 levels"),
    ],
)
def test_what_yaml_may_not_say(tmp_path: Path, text: str, fault: str) -> None:
    found = faults(tmp_path, text)
    assert any(fault in each for each in found), found


def test_a_billion_laughs_are_refused(tmp_path: Path) -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert faults(tmp_path, bomb)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * ((1 << 20) + 1)])
def test_what_is_no_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "story.yaml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError):
        load(path, route)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read: No such file"):
        load(tmp_path / "none.yaml", route)
    (tmp_path / "story.txt").write_text(HEAD)
    with pytest.raises(ScenarioError, match="is no format of scenarios"):
        load(tmp_path / "story.txt", route)


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".yaml", HEAD + "rules:\n  - {id: a, when: {start: true}, do: [{mark: x}]}\n"),
        (
            ".toml",
            'version = 1\nname = "test"\n[[rules]]\nid = "a"\nwhen = {start = true}\ndo = [{mark = "x"}]\n',
        ),
        (
            ".json",
            '{"version": 1, "name": "test", "rules": [{"id": "a", "when": {"start": true}, '
            '"do": [{"mark": "x"}]}]}',
        ),
    ],
)
def test_three_formats_say_the_same(tmp_path: Path, suffix: str, text: str) -> None:
    path = tmp_path / f"story{suffix}"
    path.write_text(text)
    scenario = load(path, route)
    assert scenario.rules[0].id == "a"
    assert scenario.rules[0].do[0].mark == "x"


@pytest.mark.parametrize(
    ("suffix", "text", "fault"),
    [
        (".json", '{"version": 1, "version": 2}', "'version' stands twice"),
        (".json", '{"version": 1.5}', "version: 1.5 is neither"),
        (".json", "{", "1: "),
        (".toml", "version = 1\nname =\n", "2: "),
        (".toml", "version = 1979-05-27", "version: "),
    ],
)
def test_the_other_formats_are_checked_too(tmp_path: Path, suffix: str, text: str, fault: str) -> None:
    assert fault in faults(tmp_path, text, suffix)[0]


# ---- faults --------------------------------------------------------------------------------------

MANY = """\
version: 1
name: many
sede: 3
modem:
  dialect: sim801
deadline: 60
rules:
  - id: one
    when: {comand: "AT"}
    do:
      - wiat: 1s
      - wait: 1 s
      - register: {to: hom}
  - id: one
    when: {start: true, after: 1s}
    do: [{pdp_deact: {}, mark: x}]
  - id: three
    when: {rule: on}
    do: [{delay: 1s}]
expect:
  - {id: e, comand: "AT"}
"""


def test_all_faults_of_structure_at_once(tmp_path: Path) -> None:
    assert faults(tmp_path, MANY) == [
        "1: unknown key 'sede' (did you mean 'seed'?)",
        "9: rules[0].when: unknown key 'comand' (did you mean 'command'?)",
        "11: rules[0].do[0]: unknown key 'wiat' (did you mean 'wait'?)",
        "12: rules[0].do[1].wait: '1 s' is not written as it should be (write it like 200ms, 5s, 2min)",
        "13: rules[0].do[2].register.to: 'hom' is not known (did you mean 'home'?); one of denied, home, "
        "not_searching, roaming, searching, unknown",
        "21: expect[0]: unknown key 'comand' (did you mean 'command'?)",
    ]


MEANING = """\
version: 1
name: meaning
modem:
  dialect: sim801
deadline: 0s
routes:
  - {match: "tcp://*:80", to: "udp://127.0.0.1:80"}
rules:
  - id: one
    when: {start: true, after: 1s}
    do: [{pdp_deact: {}, mark: x}]
  - id: one
    when: {rule: two}
    if: {mark: y}
    times: 2
    do:
      - delay: 1s
      - garble: {direction: to_host}
      - fail: {times: 2}
      - link: {name: nothing}
      - wait: {between: [2s, 1s]}
  - id: five
    when: {command: "AT", nth: 2, every_nth: 3}
    times: 4
    do:
      - wait: 1s
      - hang: true
  - id: six
    when: {start: true, phase: done}
    do: [{mark: x}]
expect:
  - {id: e, after: nobody, command: "AT"}
  - {id: e, never: {command: "AT", op: socket.send}, times: 2}
  - {id: g, command: "AT", times: {min: 3, max: 2}, until: {mark: z}}
"""


def test_all_faults_of_meaning_at_once(tmp_path: Path) -> None:
    found = faults(tmp_path, MEANING)
    wanted = [
        "4: modem.dialect: no dialect 'sim801'; did you mean sim800",
        "5: deadline: is over before it begins",
        "7: routes[0]: ",
        "10: rules[0].when: exactly one of command, op, ",
        "11: rules[0].do[0]: a step has exactly one key, this one has mark and pdp_deact",
        "12: rules[1].id: 'one' is the id of another one",
        "13: rules[1].when.rule: no rule is called 'two'",
        "14: rules[1].if.mark: no step marks 'y'",
        "17: rules[1].do[0].delay: decides about the command that is just received",
        "18: rules[1].do[1].garble: exactly one of flip, drop, double, insert and split belongs here",
        "19: rules[1].do[2].fail: exactly one of command and op says what fails",
        "20: rules[1].do[3].link: says nothing of how the path behaves",
        "21: rules[1].do[4].wait: between 2s and 1s there is nothing",
        "23: rules[2].when: nth and every_nth exclude each other",
        "24: rules[2].times: the nth time comes once",
        "27: rules[2].do[1].hang: decides about the command that is just received",
        "29: rules[3].when.phase: only a command or an op has phases",
        "32: expect[0].after: 'nobody' is neither start, rule nor mark",
        "33: expect[1].id: 'e' is the id of another one",
        "33: expect[1].never: exactly one of command, op, ",
        "33: expect[1].times: never is no times",
        "34: expect[2].times: max 2 is less than min 3",
        "34: expect[2].until.mark: no step marks 'z'",
    ]
    for fault in wanted:
        assert any(each.startswith(fault) for each in found), (fault, found)
    assert len(found) == len(wanted), found


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the file is empty"),
        ("- 1", "the file is no mapping"),
        ("name: x", "the key 'version' is missing"),
        ("version: 2\nname: x", "version: "),
        ("version: 1", "the key 'name' is missing"),
        (HEAD + "rules: {}", "rules: is no list"),
        (HEAD + "rules: [x]", "rules[0]: is no mapping"),
        (HEAD + "rules:\n  - {id: a, when: {start: true}, do: []}", "rules[0].do"),
        (
            HEAD + "rules:\n  - {id: a, when: {start: true}, do: [hang]}",
            "is a word; a step is a key with a value",
        ),
        (HEAD + "rules:\n  - {id: a, when: {start: false}, do: [{mark: x}]}", "rules[0].when.start"),
        (
            HEAD + "rules:\n  - {id: a, when: {op: socket.opne}, do: [{mark: x}]}",
            "did you mean 'socket.open'?",
        ),
        (HEAD + "modem: {dialect: sim800, latency: {actvate: 1s}}", "did you mean 'activate'?"),
        (HEAD + "modem: {sim: {pin: 1234}}", "modem.sim.pin: 1234 is no string (quote it)"),
    ],
)
def test_one_fault(tmp_path: Path, text: str, fault: str) -> None:
    found = faults(tmp_path, text)
    assert any(fault in each for each in found), found


def rules(*lines: str) -> str:
    """Several rules, one a line, from line 4 on."""
    return HEAD + "rules:\n" + "".join(f"  - {{{line}}}\n" for line in lines)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (rules("id: a, when: {start: true, nth: 2}, do: [log: x]"), "4: rules[0].when.nth: start comes once"),
        (
            rules("id: a, when: {after: 1s, every_nth: 2}, do: [log: x]"),
            "4: rules[0].when.every_nth: after",
        ),
        (rules("id: a, when: {rule: a}, do: [log: x]"), "4: rules[0].when: never comes: only this rule"),
        (
            rules("id: a, when: {mark: y}, do: [mark: x]", "id: b, when: {any: [{mark: x}]}, do: [mark: y]"),
            "5: rules[1].when: never comes",
        ),
        (
            rules("id: a, when: {any: []}, do: [log: x]"),
            "4: rules[0].when.any: of no occurrence",
        ),
        (
            "deadline: 30s\n" + rules("id: a, when: {after: 45s}, do: [log: x]"),
            "5: rules[0].when.after: never comes: the run is over after 30s",
        ),
        (rules("id: start, when: {client: opened}, do: [log: x]"), "'start' is the beginning of the run"),
        (
            rules("id: a, when: {client: opened}, do: [mark: a]"),
            "4: rules[0].do[0].mark: 'a' is the name",
        ),
        (rules("id: a, when: {client: opened}, if: {}, do: [log: x]"), "4: rules[0].if: asks for nothing"),
        (rules("id: a, when: {state: {}}, do: [log: x]"), "4: rules[0].when.state: names no state"),
        (
            rules("id: a, when: {state: {lnik: connected}}, do: [log: x]"),
            "4: rules[0].when.state.lnik: no state machine is called 'lnik' (did you mean 'link'?)",
        ),
        (
            rules("id: a, when: {left: {link 2: conected}}, do: [log: x]"),
            "4: rules[0].when.left.link 2: 'conected' is no state of link 2 (did you mean 'CONNECTED'?",
        ),
        (
            "modem: {dialect: bg96}\n" + rules("id: a, when: {state: {ip: CONNECT OK}}, do: [log: x]"),
            "5: rules[0].when.state.ip: no state machine is called 'ip'",
        ),
        (
            rules("id: a, when: {client: opened}, if: {state: {registration: homw}}, do: [log: x]"),
            "'homw' is no state of registration (did you mean 'HOME'?)",
        ),
        (
            HEAD + "expect:\n  - {id: e, never: {state: {pdp: gone}}}",
            "4: expect[0].never.state.pdp: 'gone'",
        ),
        (
            HEAD + "expect:\n  - {id: e, command: AT, times: {min: 0}}",
            "4: expect[0].times: any number",
        ),
        (
            rules("id: a, when: {start: true}, do: [signal: {rssi: 50}]"),
            "4: rules[0].do[0].signal: 50 is no",
        ),
        (rules("id: a, when: {start: true}, do: [signal: {rssi: 9, ber: 9}]"), "signal: 9 is no <ber>"),
        ("modem: {network: {rssi: 42}}\n" + HEAD, "1: modem.network.rssi: 42 is no <rssi>"),
        (
            rules("id: a, when: {start: true}, do: [time: {utc: '2026-02-30T00:00:00Z'}]"),
            "4: rules[0].do[0].time: 2026-02-30T00:00:00Z is no moment of any calendar",
        ),
        (
            rules("id: a, when: {start: true}, do: [fail: {op: sms.send, result: connect_fail}]"),
            "4: rules[0].do[0].fail: sms.send cannot end with connect_fail (that is a result of socket.open)",
        ),
        (
            rules("id: a, when: {start: true}, do: [ring: {from: '1', for: 3s, times: 2}]"),
            "4: rules[0].do[0].ring: for and times both say",
        ),
        (
            "modem: {latency: {actvate: 1s}}\n" + HEAD,
            "1: modem.latency.actvate: no duration of any dialect",
        ),
    ],
)
def test_what_can_never_be(tmp_path: Path, text: str, fault: str) -> None:
    found = faults(tmp_path, text)
    assert any(fault in each for each in found), found


@pytest.mark.parametrize(
    "when",
    [
        "{state: {ip: connect_ok}}",
        "{state: {IP: CONNECT OK}}",
        "{state: {single connection: PDP DEACT}}",
        "{left: {socket 3: Connected}}",
        "{state: {pdp: lost, sim: SIM PIN, power: 'off'}}",
        "{state: {call: incoming}}",
    ],
)
def test_states_of_any_dialect(tmp_path: Path, when: str) -> None:
    assert faults(tmp_path, rules(f"id: a, when: {when}, do: [log: x]")) == []


def test_the_schema_knows_every_step() -> None:
    definitions = schema()["$defs"]
    assert {"wait", "pdp_deact", "fail", "garble", "sms"} <= definitions["Step"]["properties"].keys()
    assert (definitions["Step"]["minProperties"], definitions["Step"]["maxProperties"]) == (1, 1)
    assert definitions["Rule"]["properties"].keys() == {"id", "when", "if", "times", "probability", "do"}

"""Steps and triggers over a real pty, with real sockets: what ``vmodem run --scenario`` makes of them.

The manual clock shows each one exactly (tests/scenarios); here it is seen that they arrive.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from directed import CLOSE, DIALECTS, OPEN, PORT, SEND, SERVER, UP
from fleets import Fleet
from played import COMMAND, LIMIT, Played

HEAD = "version: 1\nname: seen\n"
Start = Callable[..., Played]


def rule(when: str, steps: str, times: str = "1") -> str:
    return f"{HEAD}rules:\n  - {{id: it, when: {{{when}}}, times: {times}, do: [{steps}]}}\n"


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A listener on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LIMIT)
        yield listener


@pytest.fixture
def start(tmp_path: Path, server: socket.socket) -> Iterator[Start]:
    """Begins a run whose module reaches ``server``; it has ended when the test ends."""
    runs: list[Played] = []

    def begin(story: str, dialect: str = "sim800") -> Played:
        route = f"tcp://{SERVER}:{PORT}=tcp://127.0.0.1:{server.getsockname()[1]}"
        options = ("--dialect", dialect, "--route", route, "--network", "none")
        runs.append(Played(tmp_path, story, *options))
        runs[-1].asks("ATE0")
        return runs[-1]

    yield begin
    for run in runs:
        run.close()


def wakes(run: Played) -> None:
    """AT again and again until it is answered, with an echo: a module that boots may be deaf for a while."""
    run.port.timeout = 0.2
    heard = b""
    for _ in range(50):
        run.types(b"AT\r")
        heard += run.port.read(200)
        if b"AT\r\r\nOK\r\n" in heard:
            break
    assert b"AT\r\r\nOK\r\n" in heard
    run.port.timeout = LIMIT


# ---- the module, the card, the network -----------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("step", "asks", "answer"),
    [
        ("{register: denied}", "AT+CREG?", "+CREG: 0,3"),
        ("{register: {to: roaming, lac: 16, ci: 17}}", "AT+CREG=2;+CREG?", '+CREG: 2,5,"0010","00'),
        ("{signal: {rssi: 7}}", "AT+CSQ", "+CSQ: 7,"),
        ("{coverage: lost}", "AT+CSQ", "+CSQ: 99,99"),
        ("{attach: lost}", "AT+CGATT?", "+CGATT: 0"),
        ("{sim: remove}", "AT+CMEE=1;+CPIN?", "+CME ERROR: 10"),
        ("{fail: {command: AT+GSN, result: '30'}}", "AT+CMEE=1;+GSN", "+CME ERROR: 30"),
    ],
)
def test_what_the_module_then_answers(start: Start, dialect: str, step: str, asks: str, answer: str) -> None:
    run = start(rule("command: ATI, phase: done", step), dialect)
    run.asks("ATI")
    assert answer in run.asks(asks)
    assert run.stops()[0] == 0


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("step", "heard"),
    [
        ("{urc: '+HELLO: 1'}", "\r\n+HELLO: 1\r\n"),
        ("{sms: {from: '+4912345', text: hello}}", "\r\n+CMTI: "),
        ("{wait: 200ms}, {time: {utc: '2026-11-25T12:00:00Z'}}, {urc: behind}", "behind"),
    ],
)
def test_what_the_module_then_says(start: Start, dialect: str, step: str, heard: str) -> None:
    run = start(rule("command: AT+CSQ, phase: done", step), dialect)
    run.asks("AT+CNMI=2,1")
    run.asks("AT+CSQ")
    run.hears(heard)


def test_a_call(start: Start) -> None:
    run = start(rule("command: AT+CSQ, phase: done", "{ring: {from: '+4912345', times: 1}}"))
    run.asks("AT+CSQ")
    run.hears("\r\nRING\r\n")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "how", ["reset", "{action: crash, boot_time: 200ms}", "{action: brownout, boot_time: 0s}"]
)
def test_a_module_that_boots_anew(start: Start, dialect: str, how: str) -> None:
    """It has forgotten ATE0; an M-series module under autobauding is silent until it is spoken to."""
    run = start(rule("command: AT+CSQ, phase: done", f"{{power: {how}}}, {{mark: m}}"), dialect)
    run.asks("AT+CSQ")
    if dialect != "quectel_mxx":
        run.hears("\r\nRDY\r\n")
    wakes(run)


# ---- one command ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ('{reply: "\\r\\n+CSQ: 31,7\\r\\n\\r\\nOK\\r\\n"}', "\r\n+CSQ: 31,7\r\n\r\nOK\r\n"),
        ("{intercept: error}", "\r\nERROR\r\n"),
        ("{urc: {text: '+ODD: 1', at_once: true}}", "\r\n+ODD: 1\r\n\r\n+CSQ: 20,0\r\n\r\nOK\r\n"),
    ],
)
def test_what_becomes_of_a_command(start: Start, step: str, answer: str) -> None:
    run = start(rule("command: AT+CSQ", step))
    assert run.asks("AT+CSQ") == answer
    assert run.asks("AT+CSQ") == "\r\n+CSQ: 20,0\r\n\r\nOK\r\n"


def test_a_delayed_and_an_ignored_command(start: Start) -> None:
    run = start(rule("command: AT+CSQ, every_nth: 2", "{delay: 400ms}", "forever"))
    begun = time.monotonic()
    run.asks("AT+CSQ")
    at_once = time.monotonic()
    run.asks("AT+CSQ")
    assert time.monotonic() - at_once >= 0.4
    assert at_once - begun < 0.4


def test_a_module_that_hangs_is_reset_by_another_rule(start: Start) -> None:
    story = rule("command: AT+CSQ", "{hang: true}")
    run = start(story + "  - {id: dog, when: {rule: it}, do: [{wait: 300ms}, {power: reset}]}\n")
    run.types(b"AT+CSQ\rAT\r")
    assert run.hears("\r\nRDY\r\n") == b"\r\nRDY\r\n"


@pytest.mark.parametrize(("how", "length"), [("drop", 21), ("double", 23), ("insert", 23)])
def test_a_bad_line(start: Start, how: str, length: int) -> None:
    run = start(
        rule("command: ATI", f"{{garble: {{{how}: true, chunks: 1}}}}, {{reply: '012345678901234567OK##'}}")
    )
    run.types(b"ATI\r")
    run.port.timeout = 0.5
    assert len(run.port.read(100)) == length


# ---- sockets -------------------------------------------------------------------------------------


def connected(run: Played, dialect: str, server: socket.socket) -> socket.socket:
    """A connection of the module, and its far end."""
    for line in UP[dialect]:
        run.port.write(line.encode() + b"\r")
        run.hears("\r\n", "\r\n")
    run.types(OPEN[dialect].encode() + b"\r")
    run.hears("+QIOPEN: 0,0\r\n" if dialect == "bg96" else "CONNECT OK\r\n")
    accepted, _ = server.accept()
    accepted.settimeout(LIMIT)
    return accepted


def sends(run: Played, dialect: str, result: str = "SEND OK\r\n") -> None:
    """Three bytes, and the result."""
    run.types(SEND[dialect].encode() + b"\r")
    run.hears("> ")
    run.types(b"abc")
    run.hears(result)


CLOSED = {"sim800": "\r\nCLOSED\r\n", "quectel_mxx": "\r\nCLOSED\r\n", "bg96": '+QIURC: "closed",0\r\n'}
DEACTIVATED = {"sim800": "+PDP: DEACT\r\n", "quectel_mxx": "+PDP DEACT\r\n", "bg96": '"pdpdeact",1\r\n'}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("action", ["close", "reset"])
def test_a_peer_that_ends_the_connection(
    start: Start, server: socket.socket, dialect: str, action: str
) -> None:
    """The module hears of it, and so does the real server."""
    when = "op: socket.send, nth: 2, phase: done"
    run = start(rule(when, f"{{socket: {{action: {action}}}}}"), dialect)
    with connected(run, dialect, server) as peer:
        sends(run, dialect)
        sends(run, dialect)
        run.hears(CLOSED[dialect])
        assert peer.recv(6, socket.MSG_WAITALL) == b"abcabc"
        if action == "reset":
            with pytest.raises(ConnectionResetError):
                peer.recv(1)
        else:
            assert peer.recv(1) == b""


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_context_lost_while_bytes_come(start: Start, server: socket.socket, dialect: str) -> None:
    run = start(rule("bytes: {count: 5, direction: to_host}", "{pdp_deact: {}}"), dialect)
    with connected(run, dialect, server) as peer:
        peer.sendall(b"1234567")
        run.hears(DEACTIVATED[dialect])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_coverage_lost_and_back_loses_no_byte(start: Start, server: socket.socket, dialect: str) -> None:
    when = "state: {link: connected}"
    run = start(rule(when, "{coverage: lost}, {wait: 600ms}, {coverage: back}"), dialect)
    with connected(run, dialect, server) as peer:
        begun = time.monotonic()
        peer.sendall(b"held back")
        run.hears("held back")
        assert time.monotonic() - begun > 0.4
        sends(run, dialect)
        assert peer.recv(3, socket.MSG_WAITALL) == b"abc"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_slow_link(start: Start, server: socket.socket, dialect: str) -> None:
    run = start(rule("start: true", "{link: {latency: 250ms}}"), dialect)
    with connected(run, dialect, server) as peer:
        begun = time.monotonic()
        peer.sendall(b"late")
        run.hears("late")
        assert time.monotonic() - begun >= 0.25
        sends(run, dialect)
        assert peer.recv(3, socket.MSG_WAITALL) == b"abc"


def test_a_limit_ends_the_connection_behind_its_last_byte(start: Start, server: socket.socket) -> None:
    run = start(rule("socket: {event: connected}", "{link: {limit_data: 4, direction: to_host}}"))
    with connected(run, "sim800", server) as peer:
        peer.sendall(b"01234567")
        assert run.hears("CLOSED\r\n") == b"0123\r\nCLOSED\r\n"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_sends_and_connections_that_fail_once(start: Start, server: socket.socket, dialect: str) -> None:
    steps = "{connects: {answer: refuse, times: 1}}, {fail: {op: socket.send, result: send_fail}}"
    run = start(rule("start: true", steps), dialect)
    for line in UP[dialect]:
        run.port.write(line.encode() + b"\r")
        run.hears("\r\n", "\r\n")
    run.types(OPEN[dialect].encode() + b"\r")
    run.hears("+QIOPEN: 0,566\r\n" if dialect == "bg96" else "CONNECT FAIL\r\n")
    if dialect == "bg96":
        run.asks(CLOSE[dialect])
    run.types(OPEN[dialect].encode() + b"\r")
    run.hears("+QIOPEN: 0,0\r\n" if dialect == "bg96" else "CONNECT OK\r\n")
    peer, _ = server.accept()
    with peer:
        peer.settimeout(LIMIT)
        sends(run, dialect, "SEND FAIL\r\n")
        sends(run, dialect)
        assert peer.recv(3, socket.MSG_WAITALL) == b"abc"


def test_clients_and_control_lines_are_seen(start: Start) -> None:
    """A pty's client raises DTR as it opens, and drops it as it leaves."""
    run = start(
        rule("client: closed", "{mark: left}")
        + "  - {id: dtr, when: {line: {dtr: 'off'}}, do: [{mark: dropped}, {wait: 100ms}, {verdict: pass}]}\n"
        + "expect:\n  - {id: a, mark: left}\n  - {id: b, mark: dropped}\n"
    )
    run.port.close()
    status, err, _ = run.ends()
    assert status == 0, err
    assert err.count("met: ") == 2


# ---- how it ends ---------------------------------------------------------------------------------

EXPECTS = f"{HEAD}expect:\n  - {{id: asks, command: AT+CSQ}}\n  - {{id: quiet, never: {{command: AT+GSN}}}}\n"


@pytest.mark.parametrize(("asks", "status"), [("AT+CSQ", 0), ("ATI", 1), ("AT+CSQ;+GSN", 1)])
def test_a_run_that_is_stopped_is_judged(start: Start, asks: str, status: int) -> None:
    run = start(EXPECTS)
    run.asks(asks)
    ended, err, report = run.stops()
    assert ended == status
    assert report["passed"] is (status == 0)
    assert ("the scenario failed (seed 0)" in err) is (status == 1)


def test_the_deadline_ends_a_run(start: Start) -> None:
    run = start(f"deadline: 300ms\n{EXPECTS}".replace(f"deadline: 300ms\n{HEAD}", f"{HEAD}deadline: 300ms\n"))
    status, err, report = run.ends()
    assert status == 1
    assert err.splitlines()[0] == "FAILED: asks: happened 0 times, at least 1 expected"
    assert [each["met"] for each in report["expectations"]] == [False, True]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("boot", [False, True])
def test_what_the_module_begins_with(tmp_path: Path, dialect: str, boot: bool) -> None:
    """No card, no network, flow control: from the first moment on, and nothing is said or moved for it."""
    story = (
        f"{HEAD}modem:\n  dialect: {dialect}\n  boot: {str(boot).lower()}\n  sim: {{present: false}}\n"
        "  network: {registered: denied, operator: Nowhere}\n  uart: {flow: rts_cts}\n"
        "rules:\n  - {id: said, when: {any: [{urc: '+CPIN: NOT READY'}, {left: {registration: home}}]}, "
        "do: [{verdict: fail}]}\n"
    )
    run = Played(tmp_path, story)
    if boot and dialect != "quectel_mxx":
        run.hears("\r\nAPP RDY\r\n" if dialect == "bg96" else "\r\n+CPIN: NOT INSERTED\r\n")
    wakes(run)
    assert "+IFC: 2,2" in run.asks("AT+IFC?")
    assert "+CME ERROR: 10" in run.asks("AT+CMEE=1;+CPIN?")
    assert "+CREG: 0,0" in run.asks("AT+CREG?")
    status, err, report = run.stops()
    run.close()
    assert status == 0, err
    assert report["verdict"] == ""


def test_two_modems_play_the_story_each(tmp_path: Path) -> None:
    """Each has its own rules, its own seed and its own report; the worse of them is the status."""
    story, log = tmp_path / "two.yaml", tmp_path / "log"
    story.write_text(
        rule("command: AT+CSQ, phase: done", "{urc: '+NOW: 1'}") + "seed: 5\n"
        "expect:\n  - {id: asks, command: AT+CSQ}\n"
    )
    fleet = Fleet(tmp_path, 2, "--scenario", story, "--log", log)
    try:
        first, second = fleet.hosts()
        first.ask("AT+CSQ")
        assert first.hear("+NOW: 1\r\n")
        assert second.ask("AT+CREG?").endswith("OK\r\n")
        status, err = fleet.stop()
    finally:
        fleet.close()
    assert status == 1
    lines = err.splitlines()
    assert lines[0].startswith("modem 0: met: asks: after ")
    assert lines[1] == "modem 1: FAILED: asks: happened 0 times, at least 1 expected"
    assert lines[2] == "the scenario failed (seed 5)"
    reports = [json.loads(line) for line in log.read_text().splitlines() if '"report"' in line]
    assert [each["report"]["passed"] for each in reports] == [True, False]
    assert [each["report"]["seed"] for each in reports] == [5, 6]


# ---- vmodem check --------------------------------------------------------------------------------


def checked(*paths: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(COMMAND), "check", *map(str, paths)], check=False, capture_output=True, text=True, timeout=LIMIT
    )


def test_check_tells_all_faults_of_all_files(tmp_path: Path) -> None:
    good, bad, worse, gone = (tmp_path / name for name in ("a.yaml", "b.yaml", "c.json", "d.yaml"))
    good.write_text(rule("start: true", "{urc: hello}"))
    bad.write_text(
        rule("command: AT, phse: done", "{power: of}") + "expect:\n  - {id: x, after: nowhere, mark: m}\n"
    )
    worse.write_text('{"version": 1, "name": "x", "rules": [{"id": "a", "when": {}, "do": [{"wait": "5"}]}]}')
    done = checked(good, bad, worse, gone)
    assert done.returncode == 2
    assert done.stdout == f"{good}: seen: 1 rules, 0 expectations\n"
    lines = done.stderr.splitlines()
    assert [line for line in lines if line.startswith(f"{bad}:")] == [
        f"{bad}:4: rules[0].do[0].power: 'of' is not known (did you mean 'off'?); "
        "one of brownout, crash, off, on, reset",
        f"{bad}:4: rules[0].when: unknown key 'phse' (did you mean 'phase'?)",
    ]
    assert any(line.startswith(f"{worse}: rules[0].do[0].wait: '5' is not written") for line in lines)
    assert (
        lines[-1] == f"{gone}: cannot be read: No such file or directory (give the path of a scenario file)"
    )
    assert checked(good).returncode == 0


def test_a_wrong_file_never_half_starts(tmp_path: Path) -> None:
    story = tmp_path / "wrong.yaml"
    story.write_text(rule("comand: AT", "{log: x}"))
    names = ("tty", "ready", "log", "air.pcapng")
    link, ready, log, pcap = (tmp_path / name for name in names)
    done = subprocess.run(
        [
            str(COMMAND),
            "run",
            "--scenario",
            story,
            "--link",
            link,
            "--ready-file",
            ready,
            "--log",
            log,
            "--pcap",
            pcap,
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    assert done.returncode == 2
    assert done.stdout == ""
    first, last = done.stderr.splitlines()
    assert "rules[0].when: unknown key 'comand' (did you mean 'command'?)" in first
    assert last.startswith(f"vmodem run: {story} is no scenario: 1 fault ")
    assert [entry.name for entry in tmp_path.iterdir()] == ["wrong.yaml"]

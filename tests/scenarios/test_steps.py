"""What each step does, on the manual clock: as that module's own lines, errors and states."""

from __future__ import annotations

from itertools import pairwise

import pytest
from directed import ACTIVATE, DIALECTS, OPEN, SEND, SERVER, Story
from stepping import now, on, story
from vmodem.emulator.dialect import Options
from vmodem.emulator.effects import Transport
from vmodem.emulator.events import LineSignal

# ---- the story itself ----------------------------------------------------------------------------


def test_waiting() -> None:
    s = story("{wait: 200ms}, {log: a}, {wait: 2s}, {log: b}")
    now(s)
    s.waits(0.1)
    assert "a" not in s.notes
    s.waits(0.2)
    assert "a" in s.notes
    s.waits(1.8)
    assert "b" not in s.notes
    s.waits(0.2)
    assert "b" in s.notes


def test_waiting_for_a_while_drawn_anew() -> None:
    s = story("{wait: {between: [1s, 3s]}}, {log: a}", seed=3)
    gaps = []
    for _ in range(20):
        now(s)
        begun, count = s.world.now, s.notes.count("a")
        while s.notes.count("a") == count:
            s.waits(0.05)
        gaps.append(s.world.now - begun)
    assert 0.9 < min(gaps) < 1.6
    assert 2.4 < max(gaps) < 3.1


@pytest.mark.parametrize(("verdict", "passed"), [("pass", True), ("fail", False)])
def test_a_verdict_ends_the_run(verdict: str, passed: bool) -> None:
    s = story(f"{{verdict: {verdict}}}")
    now(s)
    assert s.world.finished == f"verdict {verdict}"
    assert s.world.report().passed is passed


# ---- the mobile network --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "stat"),
    [("home", 1), ("roaming", 5), ("searching", 2), ("denied", 3), ("unknown", 4), ("not_searching", 0)],
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_registration(dialect: str, to: str, stat: int) -> None:
    s = story(f"{{register: {to}}}", dialect)
    now(s)
    assert s.asks("AT+CREG?") == b"\r\n+CREG: 0,%d\r\n\r\nOK\r\n" % stat


def test_registration_in_another_cell() -> None:
    s = story("{register: {to: home, lac: 10, ci: 11}}")
    s.asks("AT+CREG=2")
    assert now(s) == b'\r\n+CREG: 1,"000A","000B"\r\n'


def test_signal() -> None:
    s = story("{signal: {rssi: 7, ber: 3}}")
    now(s)
    assert s.asks("AT+CSQ") == b"\r\n+CSQ: 7,3\r\n\r\nOK\r\n"


def test_a_walking_signal_stays_within_its_bounds() -> None:
    s = story("{signal: {rssi: {walk: [4, 14], step: 2}}}", seed=9)
    levels = []
    for _ in range(200):
        now(s)
        levels.append(int(s.asks("AT+CSQ").split(b" ")[1].split(b",")[0]))
    assert (min(levels), max(levels)) == (4, 14)
    assert max(abs(a - b) for a, b in pairwise(levels)) == 2


PDP_LOST = {
    "sim800": b"\r\n+PDP: DEACT\r\n",
    "quectel_mxx": b"\r\n+PDP DEACT\r\n",
    "bg96": b'\r\n+QIURC: "pdpdeact",1\r\n',
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_context_deactivated(dialect: str) -> None:
    s = story("{pdp_deact: {}}", dialect)
    s.connects()
    assert now(s) == PDP_LOST[dialect]
    assert now(s) == b""  # nothing is active any more


def test_one_context_deactivated() -> None:
    s = story("{pdp_deact: {context: 2}}", "bg96")
    s.brings_up()
    assert now(s) == b""
    s.asks('AT+QICSGP=2,1,"X"')
    s.asks("AT+QIACT=2")
    assert now(s) == b'\r\n+QIURC: "pdpdeact",2\r\n'


@pytest.mark.parametrize("dialect", DIALECTS)
def test_activations_refused_and_granted(dialect: str) -> None:
    s = on("external: now", "{pdp: refuse}", dialect)
    now(s)
    s.asks('AT+QICSGP=1,1,"X"') if dialect == "bg96" else s.asks(
        ("AT+CSTT", "AT+QIREGAPP")[dialect != "sim800"]
    )
    assert b"ERROR" in s.asks(ACTIVATE[dialect]) + s.waits(1.0)


def test_a_deactivation_that_is_not_confirmed() -> None:
    s = story("{pdp: no_release}", "bg96")
    s.brings_up()
    now(s)
    assert s.asks("AT+QIDEACT=1") == b""
    assert s.waits(41.0) == b"\r\nERROR\r\n"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_detached_by_the_network(dialect: str) -> None:
    s = story("{attach: lost}", dialect)
    s.connects()
    assert PDP_LOST[dialect] in now(s)
    assert s.asks("AT+CGATT?") == b"\r\n+CGATT: 0\r\n\r\nOK\r\n"


def test_coverage_lost_and_back() -> None:
    s = Story(
        "rules:\n  - {id: gone, when: {after: 10s}, do: [{coverage: lost}, {wait: 10s}, {coverage: back}]}\n"
    )
    connection = s.connects()
    s.asks("AT+CREG=1")
    assert b"+CREG: 2" in s.waits(9.0)
    assert s.asks("AT+CSQ") == b"\r\n+CSQ: 99,99\r\n\r\nOK\r\n"
    s.asks("AT+CIPSEND=3")
    assert s.types(b"abc") == b""
    assert s.waits(5.0) == b""
    assert connection.received == b""
    assert s.asks("") == b""
    answer = s.waits(6.0)
    assert b"SEND OK" in answer
    assert b"+CREG: 1" in answer
    assert connection.received == b"abc"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_card_pulled_and_put_back(dialect: str) -> None:
    s = Story(
        "rules:\n  - {id: gone, when: {after: 5s}, do: [{sim: remove}, {wait: 5s}, {sim: insert}]}\n", dialect
    )
    s.asks("AT+CMEE=1")
    s.waits(6.0)
    assert s.asks("AT+CPIN?") == b"\r\n+CME ERROR: 10\r\n"
    s.waits(20.0)
    if dialect == "bg96":  # under AT+QSIMDET=0 it looks when the card gets power
        assert s.asks("AT+CPIN?") == b"\r\n+CME ERROR: 10\r\n"
        s.asks("AT+CFUN=0")
        s.asks("AT+CFUN=1")
        s.waits(5.0)
    assert s.asks("AT+CPIN?") == b"\r\n+CPIN: READY\r\n\r\nOK\r\n"


# ---- power ---------------------------------------------------------------------------------------


def test_off_and_on() -> None:
    s = Story("rules:\n  - {id: it, when: {after: 1s}, do: [{power: off}, {wait: 5s}, {power: on}]}\n")
    s.waits(2.0)
    assert s.asks("AT") == b""
    lines = s.waits(30.0)
    assert lines.startswith(b"\r\nRDY\r\n")
    assert b"Call Ready" in lines
    assert s.asks("AT").endswith(b"OK\r\n")


def test_a_reset_comes_back_at_once() -> None:
    s = story("{power: reset}")
    s.connects()
    assert (now(s) + s.waits(1.0)).startswith(b"\r\nRDY\r\n")
    assert not s.net.connections[-1].fin_received
    assert s.net.connections[-1].reset_received


def test_a_crash_comes_back_after_its_time() -> None:
    s = story("{power: {action: crash, boot_time: 4s}}", options=Options(pin="1234"))
    now(s)
    assert s.waits(3.9) == b""
    assert b"+CPIN: SIM PIN" in s.waits(3.0)


def test_a_brownout_leaves_garbage_on_the_line() -> None:
    s = story("{power: {action: brownout, noise: 20, boot_time: 2s}}", seed=1)
    assert len(now(s)) == 20
    assert b"RDY" in s.waits(5.0)


# ---- a command -----------------------------------------------------------------------------------


CONNECT_FAILS = {
    "sim800": b"\r\nOK\r\n\r\nSTATE: TCP CLOSED\r\n\r\nCONNECT FAIL\r\n",
    "quectel_mxx": b"\r\nOK\r\n\r\nCONNECT FAIL\r\n",
    "bg96": b"\r\nOK\r\n\r\n+QIOPEN: 0,566\r\n",
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_open_that_fails_in_the_dialects_own_words(dialect: str) -> None:
    s = Story(
        "rules:\n  - {id: it, when: {start: true}, do: [fail: {op: socket.open, result: connect_fail}]}\n",
        dialect,
    )
    s.brings_up()
    assert s.opens() == CONNECT_FAILS[dialect]
    assert b"CONNECT OK" in s.opens() or dialect == "bg96"
    assert len(s.net.connections) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_sends_that_fail(dialect: str) -> None:
    s = Story(
        "rules:\n  - {id: i, when: {start: true}, "
        "do: [fail: {op: socket.send, result: send_fail, times: 2}]}\n",
        dialect,
    )
    connection = s.connects()
    assert b"SEND FAIL" in s.sends()
    assert b"SEND FAIL" in s.sends()
    assert b"SEND OK" in s.sends()
    assert connection.received == b"abc"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_activation_that_fails_once(dialect: str) -> None:
    s = Story(
        "rules:\n  - {id: it, when: {start: true}, do: [fail: {op: pdp.activate, result: activate_fail}]}\n",
        dialect,
    )
    s.asks('AT+QICSGP=1,1,"X"') if dialect == "bg96" else s.asks(
        ("AT+CSTT", "AT+QIREGAPP")[dialect != "sim800"]
    )
    answer = s.asks(ACTIVATE[dialect]) + s.waits(1.0)
    assert b"ERROR" in answer or b"DEACT" in answer
    if dialect == "bg96":
        assert s.asks(ACTIVATE[dialect]) == b"\r\nOK\r\n"


def test_a_name_that_is_not_found_once() -> None:
    s = Story(
        "rules:\n  - {id: it, when: {start: true}, do: [fail: {op: socket.open, result: dns_fail}]}\n",
        "bg96",
    )
    s.net.add_name("example.com", SERVER)
    s.brings_up()
    opens = 'AT+QIOPEN=1,0,"TCP","example.com",8500'
    assert s.asks(opens) + s.waits(1.0) == b"\r\nOK\r\n\r\n+QIOPEN: 0,565\r\n"
    assert s.asks(opens) + s.waits(1.0) == b"\r\nOK\r\n\r\n+QIOPEN: 0,0\r\n"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("error", b"operation not allowed"),
        ("no_network", b"no network service"),
        ("sim_busy", b"SIM busy"),
        ("'13'", b"SIM failure"),
    ],
)
def test_an_error_by_name_or_number(result: str, words: bytes) -> None:
    s = story(f"{{fail: {{command: AT+CSQ, result: {result}}}}}")
    s.asks("AT+CMEE=2")
    now(s)
    assert s.asks("AT+CSQ") == b"\r\n+CME ERROR: " + words + b"\r\n"
    assert s.asks("AT+CSQ").startswith(b"\r\n+CSQ")


def test_a_code_of_the_modules_own() -> None:
    s = story("{fail: {op: socket.open, result: '553'}}", "bg96")
    s.brings_up()
    now(s)
    assert s.opens() == b"\r\nOK\r\n\r\n+QIOPEN: 0,553\r\n"


def test_a_raw_answer() -> None:
    s = story(r'{fail: {command: AT+CSQ, reply: "\r\nNONSENSE\r\n"}}')
    now(s)
    assert s.asks("AT+CSQ") == b"\r\nNONSENSE\r\n"
    assert s.asks("AT+CSQ").startswith(b"\r\n+CSQ")


def test_a_failure_waits_for_its_command() -> None:
    s = story("{fail: {command: AT+CSQ}}")
    now(s)
    assert s.asks("AT") == b"\r\nOK\r\n"
    assert s.asks("AT+CSQ=?").endswith(b"OK\r\n")
    assert s.asks("AT+CSQ") == b"\r\nERROR\r\n"


def test_a_delay() -> None:
    s = on("command: AT+CSQ", "{delay: 3s}")
    assert s.types(b"AT+CSQ\rAT\r") == b""
    assert s.waits(2.9) == b""
    assert s.waits(0.2) == b"\r\n+CSQ: 20,0\r\n\r\nOK\r\n\r\nOK\r\n"


def test_a_delayed_send_still_prompts() -> None:
    s = on("op: socket.send", "{delay: 1s}, {intercept: proceed}", "quectel_mxx")
    s.connects()
    assert s.asks(SEND["quectel_mxx"]) == b""
    assert s.waits(1.1) == b"\r\n> "
    assert s.types(b"abc") == b"\r\nSEND OK\r\n"


def test_an_ignored_command() -> None:
    s = on("command: AT+CSQ", "{intercept: ignore}")
    assert s.asks("AT+CSQ") == b""
    assert s.waits(60.0) == b""
    assert s.asks("AT") == b"\r\nOK\r\n"


def test_a_command_refused_as_it_comes() -> None:
    s = on("command: AT+CSQ", "{intercept: error}")
    assert s.asks("AT+CSQ") == b"\r\nERROR\r\n"


def test_an_answer_of_the_testers() -> None:
    s = on("command: AT+CSQ", r'{reply: "\r\n+CSQ: 31,7\r\n\r\nOK\r\n"}')
    assert s.asks("AT+CSQ") == b"\r\n+CSQ: 31,7\r\n\r\nOK\r\n"
    assert s.asks("AT+CSQ") == b"\r\n+CSQ: 20,0\r\n\r\nOK\r\n"


@pytest.mark.parametrize("step", ["{hang: true}", "{intercept: hang}"])
def test_a_module_that_hangs_until_it_is_reset(step: str) -> None:
    s = Story(
        f"rules:\n  - {{id: it, when: {{command: AT+CSQ}}, do: [{step}]}}\n"
        "  - {id: dog, when: {after: 60s}, do: [{power: reset}]}\n"
    )
    assert s.asks("AT+CSQ") == b""
    assert s.asks("AT") == b""
    assert b"RDY" in s.waits(90.0)
    assert s.asks("AT").endswith(b"\r\nOK\r\n")


def test_what_happens_just_before_a_command() -> None:
    s = on("command: AT+CIPSEND*", "{pdp_deact: {}}")
    s.connects()
    assert s.asks("AT+CIPSEND=3") == b"\r\nERROR\r\n\r\n+PDP: DEACT\r\n"


def test_the_module_dies_just_before_a_command() -> None:
    s = on("command: AT+CSQ", "{power: off}")
    assert s.asks("AT+CSQ;+CREG?") == b""
    assert s.asks("AT") == b""


# ---- sockets and the path ------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_peer_that_resets(dialect: str) -> None:
    s = story("{socket: {action: reset}}", dialect)
    connection = s.connects()
    closed = b'\r\n+QIURC: "closed",0\r\n' if dialect == "bg96" else b"\r\nCLOSED\r\n"
    assert now(s) + s.waits(1.0) == closed
    assert connection.gone or connection.reset_received


@pytest.mark.parametrize("action", ["close", "half_close"])
def test_a_peer_that_closes_behind_its_data(action: str) -> None:
    s = story(f"{{link: {{latency: 100ms}}}}, {{wait: 1s}}, {{socket: {{action: {action}}}}}")
    connection = s.connects()
    now(s)
    s.waits(0.95)
    connection.send(b"last words")
    assert s.waits(1.0) == b"last words\r\nCLOSED\r\n"


def test_one_link_of_several() -> None:
    s = story("{socket: {action: reset, link: 1}}")
    s.asks("AT+CIPMUX=1")
    s.brings_up()
    for number in range(3):
        s.asks(f'AT+CIPSTART={number},"TCP","{SERVER}",8500')
        s.waits(0.5)
    assert now(s) + s.waits(1.0) == b"\r\n1, CLOSED\r\n"


def test_a_blackholed_link_and_true_figures() -> None:
    s = Story(
        "rules:\n"
        "  - {id: hole, when: {op: socket.open, phase: done}, do: [{socket: {action: blackhole, link: 0}}]}\n"
        "  - {id: back, when: {after: 30s}, do: [{socket: {action: resume, link: 0}}]}\n"
    )
    s.asks("AT+CIPQSEND=1")
    connection = s.connects()
    assert b"DATA ACCEPT:3" in s.sends()
    assert s.asks("AT+CIPACK") == b"\r\n+CIPACK: 3,0,3\r\n\r\nOK\r\n"
    assert connection.received == b""
    s.waits(31.0)
    assert connection.received == b"abc"
    assert s.asks("AT+CIPACK") == b"\r\n+CIPACK: 3,3,0\r\n\r\nOK\r\n"


def test_a_peer_that_stopped_reading() -> None:
    s = story("{socket: {action: pause, window: 4}}", "quectel_mxx")
    s.connects()
    now(s)
    for _ in range(3):
        s.sends()
    assert s.asks("AT+QISACK") == b"\r\n+QISACK: 9, 4, 5\r\n\r\nOK\r\n"


def test_latency_both_ways_and_back_to_normal() -> None:
    s = story("{link: {latency: 300ms}}, {wait: 60s}, {restore: {name: link}}")
    s.connects()
    now(s)
    s.asks("AT+CIPSEND=3")
    assert s.types(b"abc") == b""
    assert s.waits(0.55) == b""
    assert s.waits(0.1) == b"\r\nSEND OK\r\n"
    s.waits(60.0)
    s.asks("AT+CIPSEND=3")
    assert s.types(b"abc") == b"\r\nSEND OK\r\n"


def test_bandwidth() -> None:
    s = story("{link: {bandwidth: 8kbit/s, direction: to_host}}")
    connection = s.connects()
    now(s)
    connection.send(b"x" * 3000)
    assert 900 <= len(s.waits(1.0)) <= 1100
    assert 1900 <= len(s.waits(2.05)) <= 2100


@pytest.mark.parametrize(
    "chain",
    [
        "jitter: 50ms",
        "average_size: 10, slice_delay: 1ms",
        "slow_close: 2s",
        "limit_data: 1MB",
        "timeout: 1h",
        "reset_peer: 1h",
        "reorder: 10%, duplicate: 10%, loss: 10%",
    ],
)
def test_every_impairment_reaches_the_path(chain: str) -> None:
    s = story(f"{{link: {{{chain}}}}}")
    connection = s.connects()
    now(s)
    connection.send(b"some data")
    s.waits(5.0)
    if "timeout" not in chain:
        assert s.net.connections[-1] is connection


def test_a_limit_closes_the_connection() -> None:
    s = story("{link: {limit_data: 5, direction: to_host}}")
    connection = s.connects()
    now(s)
    connection.send(b"0123456789")
    assert s.waits(1.0) == b"01234\r\nCLOSED\r\n"


@pytest.mark.parametrize(("answer", "late"), [("refuse", 1.0), ("unreachable", 1.0), ("silence", 80.0)])
def test_connections_that_are_not_made(answer: str, late: float) -> None:
    s = story(f"{{connects: {{answer: {answer}, times: 1}}}}")
    s.brings_up()
    now(s)
    assert b"CONNECT FAIL" in s.asks(OPEN["sim800"]) + s.waits(late)
    assert b"CONNECT OK" in s.opens()


def test_connections_that_take_long() -> None:
    s = story("{connects: {answer: normal, delay: 5s}}")
    s.brings_up()
    now(s)
    assert s.asks(OPEN["sim800"]) + s.waits(4.9) == b"\r\nOK\r\n"
    assert b"CONNECT OK" in s.waits(0.2)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("nxdomain", b"+CDNSGIP: 0,8"),
        ("['203.0.113.7', '203.0.113.8']", b'+CDNSGIP: 1,"example.com","203.0.113.7","203.0.113.8"'),
    ],
)
def test_names(answer: str, said: bytes) -> None:
    s = story(f"{{dns: {{answer: {answer}, name: '*.com', times: 1}}}}")
    s.net.add_name("example.com", SERVER)
    s.brings_up()
    now(s)
    asks = 'AT+CDNSGIP="example.com"'
    assert said in s.asks(asks) + s.waits(1.0)
    assert f'"{SERVER}"'.encode() in s.asks(asks) + s.waits(1.0)


# ---- the serial line -----------------------------------------------------------------------------


def garbled(how: str) -> bytes:
    """What comes of ``+CSQ``'s answer."""
    s = story(f"{{garble: {{direction: to_host, {how}}}}}", seed=5)
    now(s)
    answer = s.asks("AT+CSQ")
    assert s.asks("AT+CSQ") == PLAIN
    return answer


PLAIN = b"\r\n+CSQ: 20,0\r\n\r\nOK\r\n"


def test_turned_bits() -> None:
    answer = garbled("flip: 1")
    assert len(answer) == len(PLAIN)
    wrong = [(a, b) for a, b in zip(answer, PLAIN, strict=True) if a != b]
    assert len(wrong) == 1
    assert (wrong[0][0] ^ wrong[0][1]).bit_count() == 1


def test_several_turned_bytes() -> None:
    answer = garbled("flip: 3, bytes: 4")
    wrong = [(a ^ b).bit_count() for a, b in zip(answer, PLAIN, strict=True) if a != b]
    assert wrong == [3] * 4


def test_lost_doubled_and_invented_bytes() -> None:
    assert len(garbled("drop: true, bytes: 2")) == len(PLAIN) - 2
    assert len(garbled("double: true")) == len(PLAIN) + 1
    assert len(garbled("insert: true, bytes: 3")) == len(PLAIN) + 3


def test_a_write_in_two_parts() -> None:
    s = story("{garble: {split: 500ms}}", seed=2)
    now(s)
    first = s.asks("AT+CSQ")
    assert first != PLAIN
    assert PLAIN.startswith(first)
    assert s.asks("AT") == b""  # what comes behind waits
    assert first + s.waits(0.6) == PLAIN + b"\r\nOK\r\n"


def test_noise_towards_the_module() -> None:
    s = story("{garble: {direction: to_module, drop: true}}", seed=3)
    now(s)
    assert s.asks("AT+CSQ") != PLAIN
    s.asks("")
    assert s.asks("AT+CSQ") == PLAIN


def test_control_lines() -> None:
    s = story("{line: {ri: on, cts: off}}")
    now(s)
    assert [(c.signal, c.on) for c in s.world.signals][-2:] == [
        (LineSignal.RI, True),
        (LineSignal.CTS, False),
    ]


def test_a_urc_waits_for_the_end_of_a_command() -> None:
    s = story("{urc: '+CIEV: 1'}")
    s.connects()
    s.asks("AT+CIPSEND=3")
    assert now(s) == b""
    assert s.types(b"abc") == b"\r\nSEND OK\r\n\r\n+CIEV: 1\r\n"


def test_a_urc_between_echo_and_answer() -> None:
    s = on("command: AT+CSQ", "{urc: {text: '+CIEV: 1', at_once: true}}")
    s.asks("ATE1")
    assert s.types(b"AT+CSQ\r") == b"AT+CSQ\r\r\n+CIEV: 1\r\n" + PLAIN


# ---- the telephone -------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_short_message(dialect: str) -> None:
    s = story("{sms: {from: '+391234567', text: 'STATUS?'}}", dialect)
    s.asks("AT+CNMI=2,1")
    s.asks("AT+CMGF=1")
    assert b'+CMTI: "' in now(s)
    assert b"STATUS?" in s.asks("AT+CMGR=1")


def test_a_call() -> None:
    s = story("{ring: {from: '+391234567', times: 3, ri_line: true}}")
    s.asks("AT+CLIP=1")
    heard = now(s) + s.waits(30.0)
    assert heard.count(b"\r\nRING\r\n") == 3
    assert b'+CLIP: "+391234567"' in heard
    assert heard.endswith(b"\r\nNO CARRIER\r\n")
    assert [c.on for c in s.world.signals if c.signal is LineSignal.RI].count(True) >= 3


def test_network_time() -> None:
    s = story("{time: {utc: '2026-11-25T12:00:00Z', zone: 8}}")
    s.asks("AT+CLTS=1")
    now(s)
    assert b'"26/11/25,14:00:00+08"' in s.asks("AT+CCLK?")


def test_a_listener_is_left_alone_by_actions_on_connections() -> None:
    s = story("{socket: {action: reset}}")
    s.brings_up()
    s.asks("AT+CIPSERVER=1,1234")
    s.waits(0.5)
    now(s)
    assert s.net.listeners(Transport.TCP)

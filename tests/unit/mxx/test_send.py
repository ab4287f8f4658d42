"""QISEND, QISACK, QIAUTOS, QIPROMPT: the digest's section 3, statement by statement."""

from __future__ import annotations

import pytest
from mxx_bench import CTRL_Z, ESC, PORT, PROMPT, SERVER, Bench, in_multi_state, in_single_state, said
from vmodem.netstack.memory import MemoryConnection


@pytest.fixture
def bench() -> Bench:
    return in_single_state("CONNECT OK")


def peer(bench: Bench) -> MemoryConnection:
    return bench.net.connections[-1]


def test_variable_length_ends_with_ctrl_z(bench: Bench) -> None:
    bench.does("AT+QISEND", PROMPT)
    assert bench.types(b"hel") == b""
    assert bench.types(b"lo\r\n\b") == b""
    assert bench.types(CTRL_Z) == said("SEND OK")
    assert bytes(peer(bench).received) == b"hello\r\n\b"


def test_esc_cancels_variable_and_fixed(bench: Bench) -> None:
    bench.does("AT+QISEND", PROMPT)
    assert bench.types(b"hello" + ESC) == said("SEND FAIL")
    bench.does("AT+QISEND=10", PROMPT)
    assert bench.types(b"hello" + ESC) == said("SEND FAIL")
    bench.does("AT", "OK")
    assert not peer(bench).received
    bench.does("AT+QISACK", "+QISACK: 0, 0, 0", "OK")


def test_an_empty_payload_fails(bench: Bench) -> None:
    bench.does("AT+QISEND", PROMPT)
    assert bench.types(CTRL_Z) == said("SEND FAIL")


def test_ctrl_z_is_an_ordinary_byte_of_a_fixed_length(bench: Bench) -> None:
    bench.does("AT+QISEND=4", PROMPT)
    assert bench.types(b"a\x1a\x1a") == b""
    assert bench.types(b"b") == said("SEND OK")
    assert bytes(peer(bench).received) == b"a\x1a\x1ab"


def test_bytes_behind_a_fixed_length_belong_to_the_next_command(bench: Bench) -> None:
    bench.does("AT+QISEND=3", PROMPT)
    assert bench.types(b"abcAT+QIMUX?\r") == said("SEND OK", "+QIMUX: 0", "OK")


@pytest.mark.parametrize("length", ["0", "1461", "x", '"5"', "-1"])
def test_lengths_that_are_none(bench: Bench, length: str) -> None:
    bench.does(f"AT+QISEND={length}", "ERROR")


def test_1460_is_a_length(bench: Bench) -> None:
    bench.sends(b"x" * 1460)
    assert len(peer(bench).received) == 1460


def test_what_exceeds_1460_is_dropped(bench: Bench) -> None:
    bench.does("AT+QISEND", PROMPT)
    assert bench.types(b"a" * 1000) == b""
    assert bench.types(b"b" * 1000) == b""
    assert bench.types(b"c" * 5000) == b""
    assert bench.types(CTRL_Z) == said("SEND OK")
    assert bytes(peer(bench).received) == b"a" * 1000 + b"b" * 460
    bench.does("AT+QISACK", "+QISACK: 1460, 1460, 0", "OK")
    bench.does("AT+QISEND", PROMPT)
    assert bench.types(b"x" * 2000 + ESC) == said("SEND FAIL")
    assert len(peer(bench).received) == 1460


def test_what_exceeds_1460_is_dropped_until_the_time_is_over(bench: Bench) -> None:
    bench.does("AT+QIAUTOS=1,3", "OK")
    bench.does("AT+QISEND", PROMPT)
    bench.types(b"x" * 2000)
    assert bench.waits(3.0) == said("SEND OK")
    assert len(peer(bench).received) == 1460


def test_send_ok_does_not_wait_for_the_acknowledgement(bench: Bench) -> None:
    peer(bench).ack_limit(2)
    bench.sends(b"hello")
    bench.does("AT+QISACK", "+QISACK: 5, 2, 3", "OK")
    peer(bench).ack_all()
    bench.settles()
    bench.does("AT+QISACK", "+QISACK: 5, 5, 0", "OK")


def test_a_full_buffer_fails() -> None:
    bench = Bench(send_buffer=10)
    far = bench.single().tcp()
    far.ack_limit(0)
    bench.sends(b"0123456789")
    bench.does("AT+QISEND=1", PROMPT)
    assert bench.types(b"x") == b""
    assert bench.waits(0.5) == said("SEND FAIL")  # a figure that lags behind is given time to be told
    bench.does("AT+QISACK", "+QISACK: 10, 0, 10", "OK")
    assert bench.state() == "CONNECT OK"
    far.ack_all()
    bench.settles()
    bench.sends(b"x")


@pytest.mark.parametrize(("way", "urc"), [("close", "CLOSED"), ("reset", "CLOSED"), ("pdp", "+PDP DEACT")])
@pytest.mark.parametrize("length", ["", "=5"])
def test_the_link_is_lost_while_the_prompt_is_open(bench: Bench, way: str, urc: str, length: str) -> None:
    bench.does(f"AT+QISEND{length}", PROMPT)
    assert bench.types(b"hel") == b""
    if way == "pdp":
        assert bench.loses_pdp() == b""
    else:
        getattr(peer(bench), way)()
        bench.settles()
    assert bench.types(b"lo" + (b"" if length else CTRL_Z)) == said("SEND FAIL", urc)


def test_another_link_in_the_place_of_the_lost_one_gets_nothing() -> None:
    bench = in_single_state("IP STATUS (client accepted)")
    bench.does("AT+QISEND=5", PROMPT)
    peer(bench).close()
    bench.settles()
    second = bench.client(host="10.76.40.74")
    assert bench.types(b"hello") == said("SEND FAIL", "CLOSED", "REMOTE IP: 10.76.40.74")
    assert not second.received


def test_urcs_wait_for_the_result_of_the_send(bench: Bench) -> None:
    bench.does("AT+QISEND=5", PROMPT)
    bench.arrives(peer(bench), b"news")
    bench.hears()
    assert bench.types(b"hello") == said("SEND OK", b"news")


# ---- figures ------------------------------------------------------------------------------------------


def test_figures_start_anew_with_every_connection(bench: Bench) -> None:
    bench.sends(b"abc")
    bench.sends(b"123456789")
    bench.does("AT+QISACK", "+QISACK: 12, 12, 0", "OK")
    bench.does("AT+QICLOSE", "CLOSE OK")
    bench.does("AT+QISACK", "+QISACK: 0, 0, 0", "OK")
    bench.tcp()
    bench.does("AT+QISACK", "+QISACK: 0, 0, 0", "OK")
    bench.sends(b"x")
    bench.does("AT+QISACK", "+QISACK: 1, 1, 0", "OK")


def test_udp_awaits_nothing() -> None:
    bench = Bench().single()
    far = bench.udp()
    bench.sends(b"x" * 30)
    bench.does("AT+QISACK", "+QISACK: 30, 0, 0", "OK")
    assert [datagram.data for datagram in far.received] == [b"x" * 30]


def test_the_example_of_the_note(bench: Bench) -> None:
    peer(bench).ack_limit(20)
    bench.sends(b"Welcome to use Quectel module.")
    bench.does("AT+QISACK", "+QISACK: 30, 20, 10", "OK")


def test_figures_of_a_link_that_is_gone() -> None:
    bench = in_single_state("IP CLOSE (by the peer)")
    bench.does("AT+QISACK", "+QISACK: 0, 0, 0", "OK")
    bench.does("AT+QISACK=0", "ERROR")


# ---- timed --------------------------------------------------------------------------------------------


def test_the_forms_of_qiautos(bench: Bench) -> None:
    bench.does("AT+QIAUTOS=1,10", "OK")
    bench.does("AT+QIAUTOS?", "+QIAUTOS: 1,10", "OK")
    bench.does("AT+QIAUTOS=0", "OK")
    bench.does("AT+QIAUTOS?", "+QIAUTOS: 0,10", "OK")
    for value in ("2", "1,0", "1,101", ""):
        bench.does(f"AT+QIAUTOS={value}", "ERROR")
    bench.does("AT+QISEND", PROMPT)
    assert bench.waits(300.0) == b""
    assert bench.types(b"x" + CTRL_Z) == said("SEND OK")


@pytest.mark.parametrize("seconds", [1, 10, 100])
def test_the_time_starts_with_the_command(bench: Bench, seconds: int) -> None:
    bench.does(f"AT+QIAUTOS=1,{seconds}", "OK")
    bench.does("AT+QISEND", PROMPT)
    assert bench.waits(seconds / 2) == b""
    bench.types(b"hello")
    assert bench.waits(seconds / 2 - 0.01) == b""
    assert bench.waits(0.01) == said("SEND OK")
    assert bytes(peer(bench).received) == b"hello"


@pytest.mark.parametrize("length", ["", "=5"])
def test_nothing_typed_in_time(bench: Bench, length: str) -> None:
    bench.does("AT+QIAUTOS=1,10", "OK")
    bench.does(f"AT+QISEND{length}", PROMPT)
    assert bench.waits(10.0) == said("SEND FAIL")
    bench.does("AT", "OK")


@pytest.mark.parametrize(("end", "answer"), [(CTRL_Z, "SEND OK"), (ESC, "SEND FAIL")])
def test_ctrl_z_and_esc_before_the_time(bench: Bench, end: bytes, answer: str) -> None:
    bench.does("AT+QIAUTOS=1,3", "OK")
    bench.does("AT+QISEND", PROMPT)
    assert bench.types(b"hello" + end) == said(answer)
    assert bench.waits(10.0) == b""
    bench.does("AT+QISEND", PROMPT)
    assert bench.waits(2.9) == b""


def test_the_length_before_the_time(bench: Bench) -> None:
    bench.does("AT+QIAUTOS=1,3", "OK")
    bench.does("AT+QISEND=5", PROMPT)
    assert bench.types(b"hello") == said("SEND OK")
    assert bench.waits(10.0) == b""


def test_the_time_before_the_length(bench: Bench) -> None:
    bench.does("AT+QIAUTOS=1,3", "OK")
    bench.does("AT+QISEND=100", PROMPT)
    bench.types(b"hel\x1alo")
    assert bench.waits(3.0) == said("SEND OK")
    assert bytes(peer(bench).received) == b"hel\x1alo"
    bench.does("AT+QISACK", "+QISACK: 6, 6, 0", "OK")


def test_esc_of_a_timed_fixed_length(bench: Bench) -> None:
    bench.does("AT+QIAUTOS=1,3", "OK")
    bench.does("AT+QISEND=5", PROMPT)
    assert bench.types(b"he" + ESC) == said("SEND FAIL")
    assert bench.waits(10.0) == b""


# ---- the prompt ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "prompt", "success", "failure"),
    [
        (0, b"", said("SEND OK"), said("SEND FAIL")),
        (1, PROMPT, said("SEND OK"), said("SEND FAIL")),
        (2, b"", b"", said("SEND FAIL")),
        (3, PROMPT, said("0, SEND OK"), said("0, SEND FAIL")),
    ],
)
def test_qiprompt(bench: Bench, value: int, prompt: bytes, success: bytes, failure: bytes) -> None:
    bench.does(f"AT+QIPROMPT={value}", "OK")
    assert bench.asks("AT+QISEND=5") == prompt
    assert bench.types(b"hello") == success
    assert bench.asks("AT+QISEND") == prompt
    assert bench.types(b"hello" + CTRL_Z) == success
    assert bench.asks("AT+QISEND") == prompt
    assert bench.types(b"hello" + ESC) == failure
    assert bench.asks("AT+QISEND") == prompt
    assert bench.types(CTRL_Z) == failure
    bench.does("AT+QISEND=1461", "ERROR")
    assert bytes(peer(bench).received) == b"hellohello"
    bench.does("AT+QICLOSE", "CLOSE OK")
    bench.does("AT+QISEND", "ERROR")


@pytest.mark.parametrize("value", [0, 1, 2])
def test_no_index_with_several_connections(value: int) -> None:
    bench = in_multi_state("IP STATUS")
    bench.tcp(3)
    bench.does(f"AT+QIPROMPT={value}", "OK")
    assert bench.asks("AT+QISEND=3,2") == (PROMPT if value == 1 else b"")
    assert bench.types(b"hi") == (b"" if value == 2 else said("SEND OK"))
    bench.asks("AT+QISEND=3")
    assert bench.types(ESC) == said("SEND FAIL")


def test_the_index_with_several_connections() -> None:
    bench = in_multi_state("IP STATUS")
    bench.tcp(3)
    bench.does("AT+QIPROMPT=3", "OK")
    bench.does("AT+QISEND=3,2", PROMPT)
    assert bench.types(b"hi") == said("3, SEND OK")
    bench.does("AT+QISEND=3", PROMPT)
    assert bench.types(CTRL_Z) == said("3, SEND FAIL")


def test_a_line_feed_behind_the_command_is_no_payload_of_a_host_that_sends_both(
    bench: Bench,
) -> None:
    bench.does("AT+QIPROMPT=0", "OK")
    assert bench.types(b"AT+QISEND=5\r\nhello") == said("SEND OK")
    assert bytes(peer(bench).received) == b"hello"


def test_transparent_mode_has_no_qisend() -> None:
    bench = Bench()
    bench.transparent()
    bench.waits(0.5)
    bench.types(b"+++")
    assert bench.waits(0.5) == said("OK")
    bench.does("AT+QISEND", "ERROR")
    bench.does("AT+QISEND=5", "ERROR")
    bench.does("AT+QISACK", "+QISACK: 0, 0, 0", "OK")
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "ALREADY CONNECT", "ERROR")

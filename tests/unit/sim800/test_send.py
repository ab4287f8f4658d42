"""CIPSEND, CIPQSEND, CIPACK, CIPATS, CIPSPRT: the digest's section 3, statement by statement."""

from __future__ import annotations

import pytest
from sim800_bench import CTRL_Z, ESC, PROMPT, SERVER, Bench, in_single_state, said
from vmodem.netstack.memory import MemoryConnection


@pytest.fixture
def bench() -> Bench:
    return in_single_state("CONNECT OK")


def peer(bench: Bench) -> MemoryConnection:
    return bench.net.connections[-1]


def test_variable_length_ends_with_ctrl_z(bench: Bench) -> None:
    bench.does("AT+CIPSEND", PROMPT)
    assert bench.types(b"hel") == b""
    assert bench.types(b"lo\r\n") == b""
    assert bench.types(CTRL_Z) == said("SEND OK")
    assert bytes(peer(bench).received) == b"hello\r\n"


def test_esc_cancels(bench: Bench) -> None:
    bench.does("AT+CIPSEND", PROMPT)
    assert bench.types(b"hello" + ESC) == said("SEND FAIL")
    assert not peer(bench).received
    bench.does("AT+CIPACK", "+CIPACK: 0,0,0", "OK")


def test_an_empty_payload_fails(bench: Bench) -> None:
    bench.does("AT+CIPSEND", PROMPT)
    assert bench.types(CTRL_Z) == said("SEND FAIL")


def test_fixed_length_needs_no_ctrl_z_and_takes_it_as_data(bench: Bench) -> None:
    bench.does("AT+CIPSEND=4", PROMPT)
    assert bench.types(b"a\x1a\x1b") == b""
    assert bench.types(b"b") == said("SEND OK")
    assert bytes(peer(bench).received) == b"a\x1a\x1bb"


def test_bytes_behind_a_fixed_length_belong_to_the_next_command(bench: Bench) -> None:
    bench.does("AT+CIPSEND=3", PROMPT)
    assert bench.types(b"abcAT+CIPMUX?\r") == said("SEND OK", "+CIPMUX: 0", "OK")
    bench.does("AT+CIPSEND=3", PROMPT)
    assert bench.types(b"abc\x1a\r\n") == said("SEND OK")
    bench.does("AT", "OK")


def test_payload_is_echoed_but_not_its_end() -> None:
    bench = in_single_state("CONNECT OK")
    bench.asks("ATE1")
    assert bench.types(b"AT+CIPSEND\r") == b"AT+CIPSEND\r" + PROMPT
    assert bench.types(b"he") == b"he"
    assert bench.types(b"y" + CTRL_Z) == b"y" + said("SEND OK")
    assert bench.types(b"AT+CIPSEND\r") == b"AT+CIPSEND\r" + PROMPT
    assert bench.types(b"no" + ESC) == b"no" + said("SEND FAIL")
    assert bench.types(b"AT+CIPSEND=2\r") == b"AT+CIPSEND=2\r" + PROMPT
    assert bench.types(b"ok\r\n") == b"ok" + said("SEND OK") + b"\r"


def test_available_length(bench: Bench) -> None:
    bench.does("AT+CIPSEND=?", "+CIPSEND: <length>", "OK")
    bench.does("AT+CIPSEND?", "+CIPSEND: 1460", "OK")
    bench.does("AT+CIPSEND=1461", "ERROR")
    bench.does("AT+CIPSEND=1460", PROMPT)
    assert bench.types(b"x" * 1460) == said("SEND OK")
    peer(bench).ack_limit(0)
    bench.does("AT+CIPQSEND=1", "OK")
    bench.does("AT+CIPSEND=100", PROMPT)
    assert bench.types(b"x" * 100) == said("DATA ACCEPT:100")
    bench.does("AT+CIPSEND?", "+CIPSEND: 1460", "OK")


def test_a_poor_network_has_less_room() -> None:
    bench = Bench(send_buffer=100)
    bench.single().tcp()
    bench.does("AT+CIPSEND?", "+CIPSEND: 100", "OK")
    bench.does("AT+CIPSEND=101", "ERROR")
    bench.does("AT+CIPSEND=100", PROMPT)
    assert bench.types(b"x" * 100) == said("SEND OK")


def test_1460_bytes_of_variable_length_are_the_most(bench: Bench) -> None:
    bench.does("AT+CIPSEND", PROMPT)
    assert bench.types(b"x" * 1460 + CTRL_Z) == said("SEND OK")
    for end in (CTRL_Z, ESC):
        bench.does("AT+CIPSEND", PROMPT)
        assert bench.types(b"x" * 3000) == b""
        assert bench.types(end) == said("ERROR")
    assert len(peer(bench).received) == 1460


def test_send_ok_waits_for_the_acknowledgement(bench: Bench) -> None:
    peer(bench).ack_limit(2)
    bench.does("AT+CIPSEND=5", PROMPT)
    assert bench.types(b"hello") == b""
    assert bench.waits(10.0) == b""
    peer(bench).ack_all()
    bench.settles()
    bench.hears("SEND OK")


def test_at_the_modules_own_pace_send_ok_takes_its_time() -> None:
    bench = in_single_state("CONNECT OK")
    slow = Bench(timings={"acknowledgement": 0.2})
    slow.single().tcp()
    slow.does("AT+CIPSEND=1", PROMPT)
    assert slow.types(b"x") == b""
    assert slow.waits(0.19) == b""
    assert slow.waits(0.01) == said("SEND OK")
    bench.does("AT+CIPSEND=1", PROMPT)
    assert bench.types(b"x") == said("SEND OK")


def test_quick_send_does_not_wait(bench: Bench) -> None:
    peer(bench).ack_limit(2)
    bench.does("AT+CIPQSEND=?", "+CIPQSEND: (0,1)", "OK")
    bench.does("AT+CIPQSEND?", "+CIPQSEND: 0", "OK")
    bench.does("AT+CIPQSEND=1", "OK")
    bench.does("AT+CIPQSEND?", "+CIPQSEND: 1", "OK")
    bench.does("AT+CIPSEND", PROMPT)
    assert bench.types(b"hello" + CTRL_Z) == said("DATA ACCEPT:5")
    bench.does("AT+CIPACK", "+CIPACK: 5,2,3", "OK")


def test_figures_are_cumulative(bench: Bench) -> None:
    bench.does("AT+CIPACK=?", "OK")
    bench.does("AT+CIPSEND=3", PROMPT)
    bench.types(b"abc")
    bench.does("AT+CIPACK", "+CIPACK: 3,3,0", "OK")
    bench.does("AT+CIPSEND=9", PROMPT)
    bench.types(b"123456789")
    bench.does("AT+CIPACK", "+CIPACK: 12,12,0", "OK")
    bench.does("AT+CIPCLOSE", "CLOSE OK")
    bench.tcp()
    bench.does("AT+CIPACK", "+CIPACK: 0,0,0", "OK")


def test_udp_is_never_acknowledged() -> None:
    bench = Bench().single()
    far = bench.udp()
    bench.does("AT+CIPSEND=3", PROMPT)
    assert bench.types(b"abc") == said("SEND OK")
    bench.does("AT+CIPACK", "+CIPACK: 3,0,3", "OK")
    bench.does("AT+CIPQSEND=1", "OK")
    bench.does("AT+CIPSEND=2", PROMPT)
    assert bench.types(b"de") == said("DATA ACCEPT:2")
    assert [datagram.data for datagram in far.received] == [b"abc", b"de"]


def test_a_full_send_buffer_fails_after_a_second_each_time() -> None:
    bench = Bench(send_buffer=2000)
    far = bench.single().tcp()
    far.ack_limit(0)
    far.send(b"unread")
    bench.settles()
    bench.hears(b"unread")
    bench.does("AT+CIPQSEND=1", "OK")
    bench.does("AT+CIPSEND=1460", PROMPT)
    assert bench.types(b"x" * 1460) == said("DATA ACCEPT:1460")
    for _ in range(2):
        bench.does("AT+CIPSEND=1000", PROMPT)
        assert bench.types(b"y" * 1000) == b""
        assert bench.waits(0.99) == b""
        assert bench.waits(0.01) == said("SEND FAIL")
    bench.does("AT+CIPSEND=540", PROMPT)
    assert bench.types(b"z" * 540) == said("DATA ACCEPT:540")
    assert bench.state() == "CONNECT OK"


def test_a_full_send_buffer_leaves_received_data_readable() -> None:
    bench = Bench(send_buffer=10)
    bench.does("AT+CIPRXGET=1", "OK")
    far = bench.single().tcp()
    far.ack_limit(0)
    far.send(b"unread")
    bench.settles()
    bench.hears("+CIPRXGET: 1")
    bench.does("AT+CIPQSEND=1", "OK")
    for data, answer in ((b"0123456789", "DATA ACCEPT:10"), (b"0123456789", "SEND FAIL")):
        bench.does("AT+CIPSEND=10", PROMPT)
        bench.world.send(data)
        assert bench.waits(1.0) == said(answer)
    bench.does("AT+CIPRXGET=2", "+CIPRXGET: 2,6,0", b"unread", "OK")


def test_a_peer_that_never_acknowledges_is_given_up_after_645_seconds(bench: Bench) -> None:
    peer(bench).ack_limit(0)
    bench.does("AT+CIPSEND=5", PROMPT)
    assert bench.types(b"hello") == b""
    assert bench.waits(644.9) == b""
    assert bench.waits(0.1) == said("SEND FAIL", "CLOSED")
    assert bench.state() == "TCP CLOSED"
    assert peer(bench).reset_received


def test_the_link_is_lost_while_the_acknowledgement_is_awaited(bench: Bench) -> None:
    peer(bench).ack_limit(0)
    bench.does("AT+CIPSEND=5", PROMPT)
    bench.types(b"hello")
    peer(bench).reset()
    bench.settles()
    bench.hears("SEND FAIL", "CLOSED")


def test_the_peer_closes_while_the_acknowledgement_is_awaited(bench: Bench) -> None:
    far = peer(bench)
    far.ack_limit(0)
    bench.does("AT+CIPSEND=5", PROMPT)
    bench.types(b"hello")
    far.close()
    bench.settles()
    bench.hears()
    far.ack_all()
    bench.settles()
    bench.hears("SEND OK", "CLOSED")


def test_the_context_is_lost_while_the_acknowledgement_is_awaited(bench: Bench) -> None:
    peer(bench).ack_limit(0)
    bench.does("AT+CIPSEND=5", PROMPT)
    bench.types(b"hello")
    assert bench.loses_pdp() == said("SEND FAIL", "+PDP: DEACT")
    assert bench.state() == "PDP DEACT"


@pytest.mark.parametrize("way", ["close", "reset"])
def test_the_peer_ends_it_while_the_prompt_is_open(bench: Bench, way: str) -> None:
    bench.does("AT+CIPSEND", PROMPT)
    assert bench.types(b"hel") == b""
    peer(bench).send(b"bye")
    getattr(peer(bench), way)()
    bench.settles()
    bench.hears()
    assert bench.types(b"lo" + CTRL_Z) == said("SEND FAIL", b"bye", "CLOSED")


def test_the_context_is_lost_while_the_prompt_is_open(bench: Bench) -> None:
    bench.does("AT+CIPSEND", PROMPT)
    assert bench.loses_pdp() == b""
    assert bench.types(b"hello" + CTRL_Z) == said("SEND FAIL", "+PDP: DEACT")


def test_data_and_urcs_wait_for_the_result_of_the_send(bench: Bench) -> None:
    bench.does("AT+CIPSEND=5", PROMPT)
    peer(bench).send(b"first")
    bench.settles()
    peer(bench).send(b"second")
    bench.settles()
    bench.hears()
    assert bench.types(b"hello") == said("SEND OK", b"firstsecond")


# ---- the prompt ---------------------------------------------------------------------------------------


def test_no_prompt_but_send_ok(bench: Bench) -> None:
    bench.does("AT+CIPSPRT=?", "+CIPSPRT: (0-2)", "OK")
    bench.does("AT+CIPSPRT?", "+CIPSPRT: 1", "OK")
    bench.does("AT+CIPSPRT=0", "OK")
    bench.does("AT+CIPSEND=5")
    assert bench.types(b"hello") == said("SEND OK")


def test_neither_prompt_nor_send_ok(bench: Bench) -> None:
    bench.does("AT+CIPSPRT=2", "OK")
    bench.does("AT+CIPSPRT?", "+CIPSPRT: 2", "OK")
    bench.does("AT+CIPSEND=5")
    assert bench.types(b"hello") == b""
    bench.does("AT", "OK")
    bench.does("AT+CIPQSEND=1", "OK")
    bench.does("AT+CIPSEND=5")
    assert bench.types(b"hello") == b""
    bench.does("AT+CIPSEND")
    assert bench.types(b"x" + ESC) == said("SEND FAIL")
    bench.does("AT+CIPSEND=1461", "ERROR")
    bench.does("AT+CIPSEND")
    assert bench.types(b"x" * 1461 + CTRL_Z) == said("ERROR")


# ---- timed --------------------------------------------------------------------------------------------


def test_timed_sending(bench: Bench) -> None:
    bench.does("AT+CIPATS=?", "+CIPATS: (0,1),(1-100)", "OK")
    bench.does("AT+CIPATS?", "+CIPATS: 0,1", "OK")
    bench.does("AT+CIPATS=1,7", "OK")
    bench.does("AT+CIPATS?", "+CIPATS: 1,7", "OK")
    bench.does("AT+CIPSEND", PROMPT)
    assert bench.waits(3.0) == b""
    bench.types(b"hello")
    assert bench.waits(3.99) == b""
    assert bench.waits(0.01) == said("SEND OK")
    assert bytes(peer(bench).received) == b"hello"
    bench.does("AT+CIPATS=0", "OK")
    bench.does("AT+CIPATS?", "+CIPATS: 0,7", "OK")
    bench.does("AT+CIPSEND", PROMPT)
    assert bench.waits(300.0) == b""
    assert bench.types(b"x" + CTRL_Z) == said("SEND OK")


@pytest.mark.parametrize("seconds", [1, 100])
def test_the_shortest_and_the_longest_time(bench: Bench, seconds: int) -> None:
    bench.does(f"AT+CIPATS=1,{seconds}", "OK")
    bench.does("AT+CIPSEND", PROMPT)
    bench.types(b"x")
    assert bench.waits(seconds - 0.01) == b""
    assert bench.waits(0.01) == said("SEND OK")


def test_timed_sending_with_nothing_typed(bench: Bench) -> None:
    bench.does("AT+CIPATS=1", "OK")
    bench.does("AT+CIPSEND", PROMPT)
    assert bench.waits(1.0) == said("SEND FAIL")
    bench.does("AT", "OK")


@pytest.mark.parametrize(("end", "answer"), [(CTRL_Z, "SEND OK"), (ESC, "SEND FAIL")])
def test_ctrl_z_and_esc_before_the_time(bench: Bench, end: bytes, answer: str) -> None:
    bench.does("AT+CIPATS=1,3", "OK")
    bench.does("AT+CIPSEND", PROMPT)
    assert bench.types(b"hello" + end) == said(answer)
    assert bench.waits(10.0) == b""
    bench.does("AT", "OK")


def test_a_fixed_length_ignores_the_time(bench: Bench) -> None:
    bench.does("AT+CIPATS=1,3", "OK")
    bench.does("AT+CIPSEND=5", PROMPT)
    assert bench.waits(30.0) == b""
    assert bench.types(b"hello") == said("SEND OK")


def test_too_much_typed_before_the_time(bench: Bench) -> None:
    bench.does("AT+CIPATS=1,3", "OK")
    bench.does("AT+CIPSEND", PROMPT)
    bench.types(b"x" * 1461)
    assert bench.waits(3.0) == said("ERROR")
    assert not peer(bench).received


def test_everything_the_peer_is_sent_arrives_in_order(bench: Bench) -> None:
    expected = b""
    for index in range(20):
        data = bytes([index]) * (index + 1)
        expected += data
        bench.does(f"AT+CIPSEND={len(data)}", PROMPT)
        assert bench.types(data) == said("SEND OK")
    assert bytes(peer(bench).received) == expected
    assert bench.net.connections[0].remote.host == SERVER


def test_a_quick_send_waits_for_room_that_comes_in_time() -> None:
    """The netstack's figure lags behind a fast host: full is a buffer that stays full."""
    bench = Bench(send_buffer=10)
    far = bench.single().tcp()
    far.ack_limit(0)
    bench.does("AT+CIPQSEND=1", "OK")
    bench.does("AT+CIPSEND=10", PROMPT)
    assert bench.types(b"0123456789") == said("DATA ACCEPT:10")
    bench.does("AT+CIPSEND=10", PROMPT)
    assert bench.types(b"abcdefghij") == b""
    assert bench.waits(0.9) == b""
    far.ack_all()
    assert bench.waits(0.0) == said("DATA ACCEPT:10")
    assert far.received == b"0123456789abcdefghij"

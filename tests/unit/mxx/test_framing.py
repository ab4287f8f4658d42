"""The line discipline of section 1: what stands between what, to the byte."""

from __future__ import annotations

import pytest
from mxx_bench import CTRL_Z, ESC, LOCAL, PORT, PROMPT, SERVER, Bench, in_single_state, said
from vmodem.emulator.world import Writer, bytewise, fragments, whole


@pytest.mark.parametrize("writer", [whole, bytewise, fragments(3)], ids=["whole", "bytewise", "fragments"])
def test_a_whole_session_with_echo(writer: Writer) -> None:
    bench = Bench(echo=True, writer=writer)
    peer_data = b"Welcome to use Quectel module."
    dialogue: list[tuple[bytes, bytes]] = [
        (b"AT+QIREGAPP\r", b"AT+QIREGAPP\r\r\nOK\r\n"),
        (b"AT+QIACT\r", b"AT+QIACT\r\r\nOK\r\n"),
        (b"AT+QILOCIP\r", b"AT+QILOCIP\r\r\n10.78.245.128\r\n"),
        (b'at+qiopen="TCP","%s",%d\r' % (SERVER.encode(), PORT), b""),
        (b"AT+QISTAT\r\n", b"AT+QISTAT\r\r\nOK\r\n\r\nSTATE: CONNECT OK\r\n"),
        (b"AT+QISEND\r\n", b"AT+QISEND\r\r\n> "),
        (peer_data + CTRL_Z, peer_data + b"\r\nSEND OK\r\n"),
        (b"AT+QISACK\r", b"AT+QISACK\r\r\n+QISACK: 30, 30, 0\r\n\r\nOK\r\n"),
        (b"AT+QICLOSE\r", b"AT+QICLOSE\r\r\nCLOSE OK\r\n"),
        (b"AT+QICLOSE\r", b"AT+QICLOSE\r\r\nERROR\r\n"),
        (b"AT+QIDEACT\r", b"AT+QIDEACT\r\r\nDEACT OK\r\n"),
        (b"ATE0\r", b"ATE0\r\r\nOK\r\n"),
        (b"AT+QISTATE\r", b"\r\nOK\r\n\r\nSTATE: IP INITIAL\r\n"),
    ]
    for typed, answer in dialogue:
        if typed.startswith(b"at+qiopen"):
            answer = typed + b"\r\nOK\r\n\r\nCONNECT OK\r\n"
        assert bench.types(typed) == answer
    assert bytes(bench.net.connections[0].received) == peer_data


def test_data_is_pushed_bare() -> None:
    bench = Bench().single()
    peer = bench.tcp()
    bench.arrives(peer, b"Hello")
    bench.hears(b"Hello")
    bench.arrives(peer, b"\x00\r\n\x1a\xff")
    bench.hears(b"\x00\r\n\x1a\xff")


def test_the_address_has_no_ok_also_in_a_line_of_several() -> None:
    bench = in_single_state("IP GPRSACT")
    bench.does("AT+QILOCIP", LOCAL[0])
    bench.does("AT+QILOCIP;E0", LOCAL[0], "OK")


def test_states_in_a_line_of_several() -> None:
    bench = in_single_state("IP STATUS")
    bench.does("AT+QISTAT;+QIMUX?", "STATE: IP STATUS", "+QIMUX: 0", "OK")


def test_what_stands_behind_a_command_that_takes_payload_is_dropped() -> None:
    bench = Bench().single()
    bench.tcp()
    assert bench.asks("AT+QISEND=2;+QICLOSE") == PROMPT
    assert bench.types(b"hi") == said("SEND OK")
    assert bench.state() == "CONNECT OK"


def test_numbers_for_result_codes_only() -> None:
    bench = Bench()
    assert bench.asks("ATV0") == b"0\r"
    assert bench.asks("AT+QIREGAPP;+QIACT") == b"0\r"
    assert bench.asks("AT+QILOCIP") == b"10.78.245.128\r\n"
    assert bench.asks(f'AT+QIOPEN="TCP","{SERVER}",{PORT}') == b"0\rCONNECT OK\r\n"
    assert bench.asks(f'AT+QIOPEN="TCP","{SERVER}",{PORT}') == b"ALREADY CONNECT\r\n4\r"
    assert bench.asks("AT+QISTAT") == b"0\rSTATE: CONNECT OK\r\n"
    assert bench.asks("AT+QISEND=2") == b"\r\n> "
    assert bench.types(b"hi") == b"SEND OK\r\n"
    assert bench.asks("AT+QISACK") == b"+QISACK: 2, 2, 0\r\n0\r"
    assert bench.asks("AT+QICLOSE") == b"CLOSE OK\r\n"
    assert bench.asks("AT+QIDEACT") == b"DEACT OK\r\n"


def test_numbers_in_transparent_mode() -> None:
    bench = Bench().single()
    bench.does("AT+QIDEACT", "DEACT OK")
    bench.does("AT+QIMODE=1", "OK")
    assert bench.asks("ATV0") == b"0\r"
    assert bench.asks(f'AT+QIOPEN="TCP","{SERVER}",{PORT}') == b"0\r1\r"


def test_no_result_codes() -> None:
    bench = Bench().single()
    assert bench.asks("ATQ1") == b""
    assert bench.asks(f'AT+QIOPEN="TCP","{SERVER}",{PORT}') == said("CONNECT OK")
    assert bench.asks(f'AT+QIOPEN="TCP","{SERVER}",{PORT}') == said("ALREADY CONNECT")
    assert bench.asks("AT+QISTAT") == said("STATE: CONNECT OK")
    assert bench.asks("AT+QICLOSE") == said("CLOSE OK")


def test_what_is_typed_while_a_command_runs_waits() -> None:
    bench = Bench(timings={"deactivate": 3.0}).single()
    assert bench.types(b"AT+QIDEACT\r") == b""
    assert bench.waits(2.0) == b""
    assert bench.types(b"AT+QISTAT\r") == b""
    assert bench.waits(1.0) == said("DEACT OK", "OK", "STATE: IP INITIAL")


def test_payload_is_echoed_with_echo_and_qisde_only() -> None:
    bench = Bench().single()
    bench.tcp()
    bench.does("AT+QISDE=?", "+QISDE: (0,1)", "OK")
    bench.does("AT+QISDE?", "+QISDE: 1", "OK")
    for echo, qisde in ((0, 0), (0, 1), (1, 0), (1, 1)):
        bench.asks(f"ATE{echo}")
        bench.asks(f"AT+QISDE={qisde}")
        bench.asks("AT+QISEND")
        shown = b"hello" if echo and qisde else b""
        assert bench.types(b"hello" + CTRL_Z) == shown + said("SEND OK")
        bench.asks("AT+QISEND")
        assert bench.types(b"hello" + ESC) == shown + said("SEND FAIL")
        bench.asks("AT+QISEND=5")
        assert bench.types(b"hello") == shown + said("SEND OK")


def test_spaces_after_commas_are_tolerated() -> None:
    bench = Bench().single()
    bench.does(f'AT+QIOPEN="TCP", "{SERVER}", "{PORT}"', "OK", "CONNECT OK")

"""Chapter 6: keep-alive and detection, on a peer that lives and on one that stopped acknowledging."""

from __future__ import annotations

import pytest
from mxx_bench import PORT, SERVER, Bench, in_multi_state, in_single_state


@pytest.fixture
def bench() -> Bench:
    return in_single_state("CONNECT OK")


def outstanding(bench: Bench, number: int | None = None) -> int:
    """The third value of AT+QISACK."""
    answer = bench.asks("AT+QISACK" if number is None else f"AT+QISACK={number}")
    assert answer.startswith(b"\r\n+QISACK: ")
    return int(answer.split(b", ")[2].split(b"\r")[0])


def test_keep_alive_on_a_peer_that_lives(bench: Bench) -> None:
    """S 6.1."""
    bench.does("AT+QISTAT", "OK", "STATE: CONNECT OK")
    bench.sends(b"x" * 10)
    bench.waits(480.0)
    bench.does("AT+QISACK", "+QISACK: 10, 10, 0", "OK")
    bench.sends(b"TCP detect")
    bench.waits(30.0)
    bench.does("AT+QISACK", "+QISACK: 20, 20, 0", "OK")


def test_keep_alive_on_a_peer_that_stopped(bench: Bench) -> None:
    bench.sends(b"x" * 10)
    bench.net.connections[0].ack_limit(10)
    bench.waits(480.0)
    bench.does("AT+QISACK", "+QISACK: 10, 10, 0", "OK")
    bench.sends(b"TCP detect")
    bench.waits(30.0)
    bench.does("AT+QISTAT", "OK", "STATE: CONNECT OK")
    bench.does("AT+QISACK", "+QISACK: 20, 10, 10", "OK")
    bench.does("AT+QICLOSE", "CLOSE OK")
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "OK", "CONNECT OK")
    bench.does("AT+QISACK", "+QISACK: 0, 0, 0", "OK")


def poll(bench: Bench, number: int | None = None) -> bool:
    """S 6.2: after 5 s, then every 10 s, at most 12 times; whether the connection lives."""
    bench.sends(b"TCP detect", number)
    for turn in range(12):
        bench.waits(5.0 if turn == 0 else 10.0)
        if outstanding(bench, number) == 0:
            return True
    return False


def test_polling_a_peer_that_lives(bench: Bench) -> None:
    assert poll(bench)


def test_polling_a_peer_that_stopped(bench: Bench) -> None:
    bench.net.connections[0].ack_limit(0)
    assert not poll(bench)
    assert bench.state() == "CONNECT OK"


def test_polling_a_peer_that_comes_back(bench: Bench) -> None:
    peer = bench.net.connections[0]
    peer.ack_limit(0)
    bench.sends(b"TCP detect")
    bench.waits(60.0)
    assert outstanding(bench) == 10
    peer.ack_all()
    bench.settles()
    assert outstanding(bench) == 0


def test_polling_one_of_several() -> None:
    bench = in_multi_state("IP STATUS")
    bench.tcp(0)
    bench.tcp(1).ack_limit(0)
    assert poll(bench, 0)
    assert not poll(bench, 1)


def test_the_link_is_gone(bench: Bench) -> None:
    bench.net.connections[0].reset()
    bench.settles()
    bench.hears("CLOSED")
    bench.does("AT+QISTAT", "OK", "STATE: IP CLOSE")
    bench.does("AT+QISACK", "+QISACK: 0, 0, 0", "OK")

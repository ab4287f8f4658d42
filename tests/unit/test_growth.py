"""A command costs the same after many, and beside many links: counted in calls, which no load disturbs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.bench import Bench

CYCLES = 3000


def calls(work: Callable[[], object]) -> int:
    """How many functions, Python's and C's, ``work`` calls."""
    count = 0

    def called(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def send(bench: Bench, link: str = "") -> None:
    bench.types(f"AT+CIPSEND={link}4\r".encode())
    assert b"SEND OK" in bench.types(b"data")


def connected() -> Bench:
    bench = Bench(SIM800)
    bench.net.tcp("192.0.2.1", 80)
    assert b"CONNECT OK" in bench.asks('AT+CIPSTART="TCP","192.0.2.1",80')
    return bench


def test_a_send_and_a_query_cost_the_same_after_thousands() -> None:
    modem = connected()

    def work() -> None:
        send(modem)
        modem.asks("AT+CSQ;+CREG?")

    for _ in range(100):
        work()
    first = min(calls(work) for _ in range(5))
    for _ in range(CYCLES):
        work()
    assert min(calls(work) for _ in range(5)) <= first


def test_other_links_cost_a_send_nothing() -> None:
    bench = Bench(SIM800)
    bench.net.tcp("192.0.2.1", 80)
    for command in ("AT+CIPMUX=1", "AT+CSTT", "AT+CIICR", "AT+CIFSR"):
        bench.asks(command)

    def cost() -> int:
        for _ in range(5):
            send(bench, "0,")
        return min(calls(lambda: send(bench, "0,")) for _ in range(5))

    assert b"CONNECT OK" in bench.asks('AT+CIPSTART=0,"TCP","192.0.2.1",80')
    alone = cost()
    for link in range(1, 6):
        assert b"CONNECT OK" in bench.asks(f'AT+CIPSTART={link},"TCP","192.0.2.1",80')
    assert cost() <= alone + 12  # the network in memory looks at each of its connections

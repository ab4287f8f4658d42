"""Names looked up beside each other: as many as a module has room for, and room again when they end."""

from __future__ import annotations

import pytest
from vmodem.dialects.quectel.mxx import QUECTEL_MXX
from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.bench import ERROR, OK, Bench
from vmodem.emulator.dialect import Dialect

ASKING = [
    (SIM800, ["AT+CSTT", "AT+CIICR", "AT+CIFSR"], 'AT+CDNSGIP="{}"'),
    (QUECTEL_MXX, ["AT+QIREGAPP", "AT+QIACT", "AT+QILOCIP"], 'AT+QIDNSGIP="{}"'),
]


@pytest.mark.parametrize(("dialect", "up", "asks"), ASKING, ids=["sim800", "mxx"])
def test_lookups_that_nobody_answers(dialect: Dialect, up: list[str], asks: str) -> None:
    bench = Bench(dialect)
    bench.net.add_silent_name("silent")
    bench.net.add_name("known", "192.0.2.1")
    for line in up:
        bench.asks(line)
    answers = [bench.asks(asks.format("silent")) for _ in range(100)]
    begun = answers.count(OK)
    assert 16 < begun < 64
    assert answers == [OK] * begun + [ERROR] * (100 - begun)
    heard = bench.waits(300)
    assert heard.count(b"\r\n") == 2 * begun
    answer = bench.asks(asks.format("known")) + bench.waits(1)
    assert answer.startswith(OK)
    assert b"192.0.2.1" in answer

"""Failures of connections that are opened together: each meets its own command's."""

from __future__ import annotations

import pytest
from directed import DIALECTS, SERVER, Story

TOGETHER = {
    "sim800": ["AT+CIPMUX=1", "AT+CSTT", "AT+CIICR", "AT+CIFSR"],
    "quectel_mxx": ["AT+QIMUX=1", "AT+QIREGAPP", "AT+QIACT", "AT+QILOCIP"],
    "bg96": ['AT+QICSGP=1,1,"X"', "AT+QIACT=1"],
}
OPENS = {
    "sim800": 'AT+CIPSTART={n},"TCP","{host}",8500',
    "quectel_mxx": 'AT+QIOPEN={n},"TCP","{host}",8500',
    "bg96": 'AT+QIOPEN=1,{n},"TCP","{host}",8500',
}
OPENED = {
    "sim800": ("{n}, CONNECT OK", "{n}, CONNECT FAIL"),
    "quectel_mxx": ("{n}, CONNECT OK", "{n}, CONNECT FAIL"),
    "bg96": ("+QIOPEN: {n},0", "+QIOPEN: {n},566"),
}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("failing", [{0}, {1}, {2}, {0, 1}, {1, 2}, {0, 2}, {0, 1, 2}])
def test_each_failure_meets_the_connection_of_its_own_command(dialect: str, failing: set[int]) -> None:
    """Three are opened while none of them has an answer yet: the slow network answers all afterwards."""
    fails = "{fail: {op: socket.open, result: connect_fail}}"
    slow = "{connects: {answer: normal, delay: 5s}}"
    first = f", {fails}" if 0 in failing else ""
    rules = f"rules:\n  - {{id: slow, when: {{start: true}}, do: [{slow}{first}]}}\n"
    for n in failing - {0}:  # a step that arms decides about the next command
        rules += f"  - {{id: b{n}, when: {{op: socket.open, nth: {n}}}, do: [{fails}]}}\n"
    s = Story(rules, dialect)
    for line in TOGETHER[dialect]:
        s.asks(line)
    said = b"".join(s.asks(OPENS[dialect].format(n=n, host=SERVER)) for n in range(3)) + s.waits(20.0)
    for n in range(3):
        well, ill = (text.format(n=n).encode() + b"\r\n" for text in OPENED[dialect])
        assert (ill if n in failing else well) in said, (n, said)
        assert (well if n in failing else ill) not in said, (n, said)


@pytest.mark.parametrize("dialect", ["sim800", "bg96"])
def test_the_end_of_one_does_not_spare_the_other(dialect: str) -> None:
    """The first one's name is answered late; meanwhile the second, whose connection is to fail, is opened."""
    s = Story(
        "rules:\n  - {id: second, when: {op: socket.open, nth: 1}, "
        "do: [{fail: {op: socket.open, result: connect_fail}}]}\n"
        "  - {id: slow, when: {start: true}, do: [{dns: {name: slow.example, answer: normal, delay: 3s}}]}\n",
        dialect,
    )
    s.net.add_name("slow.example", SERVER)
    s.net.add_name("late.example", SERVER)
    for line in TOGETHER[dialect]:
        s.asks(line)
    s.asks(OPENS[dialect].format(n=0, host=SERVER))
    s.asks(OPENS[dialect].format(n=1, host="slow.example"))
    said = s.waits(10.0)
    assert OPENED[dialect][1].format(n=1).encode() in said


@pytest.mark.parametrize("dialect", ["sim800", "bg96"])
def test_a_failure_that_a_refused_command_had_is_nobody_elses(dialect: str) -> None:
    s = Story(
        "rules:\n  - {id: it, when: {start: true}, do: [{fail: {op: socket.open, result: connect_fail}}]}\n",
        dialect,
    )
    for line in TOGETHER[dialect]:
        s.asks(line)
    assert b"ERROR" in s.asks(OPENS[dialect].format(n=99, host=SERVER))
    said = s.asks(OPENS[dialect].format(n=0, host=SERVER)) + s.waits(5.0)
    assert OPENED[dialect][0].format(n=0).encode() in said

"""Errors under AT+CMEE=0, 1 and 2: 3 for a wrong state, 50 for parameters and the wrong form, 100 unknown."""

from __future__ import annotations

import pytest
from mxx_bench import MULTI_STATES, PORT, SERVER, SINGLE_STATES, Bench, in_multi_state, in_single_state, said

WORDS = {3: "operation not allowed", 50: "incorrect parameters", 100: "unknown"}

SINGLE: list[tuple[str, str, int]] = [
    # wrong state
    ("IP INITIAL", "AT+QIACT", 3),
    ("IP INITIAL", "AT+QILOCIP", 3),
    ("IP INITIAL", "AT+QICLOSE", 3),
    ("IP INITIAL", "AT+QISEND", 3),
    ("IP INITIAL", "AT+QISEND=5", 3),
    ("IP INITIAL", "AT+QISACK", 3),
    ("IP INITIAL", "AT+QIRD=0,1,0,5", 3),
    ("IP START", "AT+QIREGAPP", 3),
    ("IP START", 'AT+QICSGP=1,"x"', 3),
    ("IP START", "AT+QIMUX=1", 3),
    ("IP START", "AT+QIMODE=1", 3),
    ("IP GPRSACT", "AT+QISERVER", 3),
    ("IP IND", f'AT+QIOPEN="TCP","{SERVER}",{PORT}', 3),
    ("IP IND", 'AT+QIDNSGIP="example.com"', 3),
    ("IP IND (opening)", "AT+QICLOSE", 3),
    ("CONNECT OK", "AT+QIDNSIP=1", 3),
    ("CONNECT OK", "AT+QITCFG=3,2,512,1", 3),
    ("IP STATUS (listening)", "AT+QISERVER", 3),
    ("PDP DEACT", f'AT+QIOPEN="TCP","{SERVER}",{PORT}', 3),
    ("IP INITIAL", 'AT+QIOPEN="TCP","example.com",80', 3),
    ("IP INITIAL", 'AT+QICSGP=0,"123"', 3),
    # bad parameters
    ("IP INITIAL", "AT+QIFGCNT=2", 50),
    ("IP INITIAL", "AT+QIMUX=2", 50),
    ("IP INITIAL", "AT+QIMUX=", 50),
    ("IP INITIAL", "AT+QIMUX=1,1", 50),
    ("IP INITIAL", "AT+QIMODE=x", 50),
    ("IP INITIAL", "AT+QITCFG=3,2,1024", 50),
    ("IP INITIAL", "AT+QICSGP=2", 50),
    ("IP INITIAL", 'AT+QIOPEN="SCTP","1.2.3.4",5', 50),
    ("IP INITIAL", 'AT+QIOPEN="TCP","1.2.3.4"', 50),
    ("IP INITIAL", 'AT+QIOPEN="TCP","1.2.3.4",0', 50),
    ("IP INITIAL", 'AT+QIOPEN="TCP","1.2.3.4",65536', 50),
    ("IP INITIAL", 'AT+QIOPEN="TCP","",80', 50),
    ("CONNECT OK", "AT+QISEND=0", 50),
    ("CONNECT OK", "AT+QISEND=1461", 50),
    ("IP STATUS", "AT+QISERVER=2", 50),
    ("IP INITIAL", 'AT+QILPORT="TCP",65536', 50),
    ("IP INITIAL", "AT+QISRVC=0", 50),
    ("IP INITIAL", "AT+QISRVC=3", 50),
    ("IP INITIAL", "AT+QIAUTOS=1,0", 50),
    ("IP INITIAL", "AT+QINDI=3", 50),
    ("IP INITIAL", "AT+QIPROMPT=4", 50),
    ("IP INITIAL", "AT+QIRD=0,1,0,1501", 50),
    ("IP INITIAL", 'AT+QIDNSCFG="1.2.3"', 50),
    # the form of the other mode
    ("IP STATUS", f'AT+QIOPEN=0,"TCP","{SERVER}",{PORT}', 50),
    ("CONNECT OK", "AT+QISEND=0,5", 50),
    ("CONNECT OK", "AT+QISACK=0", 50),
    ("CONNECT OK", "AT+QICLOSE=0", 50),
    # unknown commands and forms
    ("IP INITIAL", "AT+QINOSUCH", 100),
    ("IP INITIAL", "AT+CIPSTART", 100),
    ("IP INITIAL", "AT+QIACT?", 100),
    ("IP INITIAL", "AT+QIACT=1", 100),
    ("IP INITIAL", "AT+QILOCIP?", 100),
    ("IP INITIAL", "AT+QIMUX", 100),
    ("IP INITIAL", "AT+QISEND?", 100),
    ("IP INITIAL", "AT+QISTAT?", 100),
    ("IP INITIAL", "AT+QIRD", 100),
    ("IP INITIAL", "AT+QIOPEN", 100),
]
MULTI: list[tuple[str, str, int]] = [
    ("IP PROCESSING", "AT+QISEND", 50),
    ("IP PROCESSING", "AT+QISACK", 50),
    ("IP PROCESSING", f'AT+QIOPEN="TCP","{SERVER}",{PORT}', 50),
    ("IP PROCESSING", f'AT+QIOPEN=6,"TCP","{SERVER}",{PORT}', 50),
    ("IP PROCESSING", "AT+QISEND=6", 50),
    ("IP PROCESSING", "AT+QISEND=0,0", 50),
    ("IP PROCESSING", "AT+QISERVER=0,6", 50),
    ("IP PROCESSING", "AT+QICLOSE", 3),
    ("IP PROCESSING", "AT+QICLOSE=4", 3),
    ("IP PROCESSING", "AT+QISEND=4", 3),
    ("IP PROCESSING", "AT+QIMUX=0", 3),
    ("IP INITIAL", "AT+QIMODE=1", 3),
    ("PDP DEACT", f'AT+QIOPEN=0,"TCP","{SERVER}",{PORT}', 3),
]


def expected(cmee: int, code: int) -> bytes:
    words = ("ERROR", f"+CME ERROR: {code}", f"+CME ERROR: {WORDS[code]}")
    return said(words[cmee])


@pytest.mark.parametrize("cmee", [0, 1, 2])
@pytest.mark.parametrize(("state", "command", "code"), SINGLE)
def test_single_connection(state: str, command: str, code: int, cmee: int) -> None:
    assert state in SINGLE_STATES
    assert in_single_state(state, cmee).asks(command) == expected(cmee, code)


@pytest.mark.parametrize("cmee", [0, 1, 2])
@pytest.mark.parametrize(("state", "command", "code"), MULTI)
def test_several_connections(state: str, command: str, code: int, cmee: int) -> None:
    assert state in MULTI_STATES
    assert in_multi_state(state, cmee).asks(command) == expected(cmee, code)


@pytest.mark.parametrize(("cmee", "words"), [(0, "ERROR"), (1, "+CME ERROR: 3")])
def test_already_connect_comes_before_the_error(cmee: int, words: str) -> None:
    bench = in_single_state("CONNECT OK", cmee)
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "ALREADY CONNECT", words)


def test_an_activation_refused_is_a_wrong_state() -> None:
    bench = Bench(cmee=2)
    bench.does("AT+CGATT=0", "OK")
    bench.does("AT+QIREGAPP", "OK")
    bench.does("AT+QIACT", "+CME ERROR: operation not allowed")


def test_the_first_error_ends_a_line() -> None:
    bench = Bench(cmee=1)
    bench.does("AT+QIHEAD=1;+QIACT;+QISHOWRA=1", "+CME ERROR: 3")
    bench.does("AT+QIHEAD?;+QISHOWRA?", "+QIHEAD: 1", "+QISHOWRA: 0", "OK")

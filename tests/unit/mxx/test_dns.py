"""Names (S 8): QIDNSCFG, QIDNSGIP, and QIOPEN with QIDNSIP=1."""

from __future__ import annotations

import pytest
from mxx_bench import LOCAL, PORT, PROMPT, Bench, in_single_state, said

NAME = 'AT+QIDNSGIP="example.com"'


def test_the_servers() -> None:
    bench = Bench()
    bench.does("AT+QIDNSCFG?", "PrimaryDns: 0.0.0.0\nSecondaryDns: 0.0.0.0", "OK")
    bench.does('AT+QIDNSCFG="8.8.8.8"', "OK")
    bench.does("AT+QIDNSCFG?", "PrimaryDns: 8.8.8.8\nSecondaryDns: 0.0.0.0", "OK")
    bench.does('AT+QIDNSCFG="1.1.1.1","8.8.4.4"', "OK")
    bench.does("AT+QIDNSCFG?", "PrimaryDns: 1.1.1.1\nSecondaryDns: 8.8.4.4", "OK")
    bench.does('AT+QIDNSCFG="9.9.9.9"', "OK")
    bench.does("AT+QIDNSCFG?", "PrimaryDns: 9.9.9.9\nSecondaryDns: 8.8.4.4", "OK")
    for wrong in ('"300.1.1.1"', '"name"', "", '"1.1.1.1","x"', '"1.1.1.1","2.2.2.2","3.3.3.3"'):
        bench.does(f"AT+QIDNSCFG={wrong}", "ERROR")


def test_queries_go_to_the_servers_that_were_set() -> None:
    bench = Bench()
    bench.does(NAME, "OK", "93.184.216.34")
    bench.does('AT+QIDNSCFG="8.8.8.8","8.8.4.4"', "OK")
    bench.does(NAME, "OK", "93.184.216.34")
    bench.does("AT+QIDNSIP=1", "OK")
    bench.does('AT+QIOPEN="TCP","example.com",80', "OK", "CONNECT OK")
    assert [(query.name, query.servers) for query in bench.net.queries] == [
        ("example.com", ()),
        ("example.com", ("8.8.8.8", "8.8.4.4")),
        ("example.com", ("8.8.8.8", "8.8.4.4")),
    ]


def test_every_address_in_a_frame_of_its_own() -> None:
    bench = Bench()
    bench.net.add_name("many.example", "192.0.2.10", "192.0.2.11", "192.0.2.12")
    bench.does('AT+QIDNSGIP="many.example"', "OK", "192.0.2.10", "192.0.2.11", "192.0.2.12")
    assert bench.state() == "IP GPRSACT"
    bench.does("AT+QILOCIP", LOCAL[0])


def test_an_address_is_its_own_answer() -> None:
    bench = Bench().single()
    bench.does('AT+QIDNSGIP="192.0.2.7"', "OK", "192.0.2.7")
    assert bench.state() == "IP STATUS"


def test_a_name_that_does_not_exist() -> None:
    Bench().does('AT+QIDNSGIP="nosuch.example"', "OK", "ERROR: 3")


@pytest.mark.parametrize("wrong", ["", '""', '"a","b"'])
def test_what_is_no_name(wrong: str) -> None:
    Bench(cmee=1).does(f"AT+QIDNSGIP={wrong}", "+CME ERROR: 50")


def test_fourteen_seconds_at_the_most() -> None:
    bench = Bench()
    bench.net.dns_timeout = 60.0
    bench.net.add_silent_name("silent.example")
    bench.does('AT+QIDNSGIP="silent.example"', "OK")
    assert bench.waits(13.9) == b""
    assert bench.waits(0.1) == said("ERROR: 5")
    assert bench.waits(100.0) == b""


def test_the_answer_waits_for_an_open_prompt() -> None:
    bench = Bench(timings={"dns": 2.0}).single()
    bench.tcp()
    bench.does(NAME, "OK")
    bench.does("AT+QISEND=2", PROMPT)
    assert bench.waits(5.0) == b""
    assert bench.types(b"hi") == said("SEND OK", "93.184.216.34")


def test_the_context_is_lost_meanwhile() -> None:
    bench = Bench(timings={"dns": 2.0}).single()
    bench.does(NAME, "OK")
    assert bench.loses_pdp() == said("+PDP DEACT")
    assert bench.waits(2.0) == said("ERROR: 3")
    bench.does(NAME, "ERROR")


@pytest.mark.parametrize("slow", ["configure", "activate", "dns"])
def test_qideact_meanwhile(slow: str) -> None:
    bench = Bench(timings={slow: 5.0})
    bench.does(NAME, "OK")
    assert bench.waits(1.0) == b""
    bench.does("AT+QIDEACT", "DEACT OK")
    assert bench.state() == "IP INITIAL"
    assert bench.waits(100.0) == b""


def test_an_old_look_up_does_not_answer_after_a_new_activation() -> None:
    bench = Bench(timings={"dns": 5.0}).single()
    bench.does(NAME, "OK")
    bench.does("AT+QIDEACT", "DEACT OK")
    bench.brings_up()
    assert bench.waits(100.0) == b""


def test_several_look_ups_at_once() -> None:
    bench = Bench(timings={"dns": 2.0}).single()
    bench.net.add_name("other.example", "192.0.2.9")
    bench.does(NAME, "OK")
    bench.does('AT+QIDNSGIP="other.example"', "OK")
    assert bench.waits(2.0) == said("93.184.216.34", "192.0.2.9")


def test_a_name_not_resolved_at_qiopen() -> None:
    bench = in_single_state("IP STATUS", 0, "AT+QIDNSIP=1")
    bench.does(f'AT+QIOPEN="TCP","nosuch.example",{PORT}', "OK", "CONNECT FAIL")
    bench.does(f'AT+QIOPEN="UDP","nosuch.example",{PORT}', "OK", "CONNECT FAIL")
    bench.does(f'AT+QIOPEN="TCP","{"x" * 256}",{PORT}', "ERROR")

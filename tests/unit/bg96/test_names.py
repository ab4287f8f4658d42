"""AT+QIDNSCFG and QIDNSGIP: the servers of a context, and what they know (S 2.1.13, 2.1.14, 4)."""

from __future__ import annotations

import pytest
from bg96_bench import PORT, TRANSPARENT, Bench, said
from vmodem.emulator.events import Failure, PdpLost, PowerChanged, ResolveFailed

NAME = "www.baidu.com"
ADDRESSES = ("119.75.218.77", "119.75.217.56")
FOUND = (
    '+QIURC: "dnsgip",0,2,600',
    '+QIURC: "dnsgip","119.75.218.77"',
    '+QIURC: "dnsgip","119.75.217.56"',
)


@pytest.fixture
def bench() -> Bench:
    bench = Bench().up()
    bench.net.add_name(NAME, *ADDRESSES, ttl=600)
    return bench


# ---- AT+QIDNSCFG ------------------------------------------------------------------------------------


def test_nothing_is_known_before(bench: Bench) -> None:
    bench.does("AT+QIDNSCFG=1", '+QIDNSCFG: 1,"0.0.0.0","0.0.0.0"', "OK")


def test_a_secondary_server_left_out_stays(bench: Bench) -> None:
    bench.does('AT+QIDNSCFG=1,"8.8.8.8"', "OK")
    bench.does("AT+QIDNSCFG=1", '+QIDNSCFG: 1,"8.8.8.8","0.0.0.0"', "OK")
    bench.does('AT+QIDNSCFG=1,"8.8.8.8","8.8.4.4"', "OK")
    bench.does('AT+QIDNSCFG=1,"1.1.1.1"', "OK")
    bench.does('AT+QIDNSCFG=1,"9.9.9.9",', "OK")
    bench.does("AT+QIDNSCFG=1", '+QIDNSCFG: 1,"9.9.9.9","8.8.4.4"', "OK")


def test_each_context_has_its_own_until_it_is_given_up(bench: Bench) -> None:
    bench.up(16)
    bench.does('AT+QIDNSCFG=1,"8.8.8.8","8.8.4.4"', "OK")
    bench.does('AT+QIDNSCFG=16,"1.1.1.1"', "OK")
    bench.does("AT+QIDNSCFG=1", '+QIDNSCFG: 1,"8.8.8.8","8.8.4.4"', "OK")
    bench.does("AT+QIDEACT=1", "OK")
    bench.does("AT+QIACT=1", "OK")
    bench.does("AT+QIDNSCFG=1", '+QIDNSCFG: 1,"0.0.0.0","0.0.0.0"', "OK")
    bench.does("AT+QIDNSCFG=16", '+QIDNSCFG: 16,"1.1.1.1","0.0.0.0"', "OK")


@pytest.mark.parametrize("parameters", ["2", '2,"8.8.8.8"', '2,"8.8.8.8","8.8.4.4"'])
def test_the_context_must_be_active_to_set_and_to_ask(bench: Bench, parameters: str) -> None:
    bench.fails(f"AT+QIDNSCFG={parameters}", 561)


def test_a_context_that_the_network_took(bench: Bench) -> None:
    bench.loses_pdp(1)
    bench.fails("AT+QIDNSCFG=1", 570)
    bench.fails('AT+QIDNSCFG=1,"8.8.8.8"', 570)
    bench.fails(f'AT+QIDNSGIP=1,"{NAME}"', 570)


@pytest.mark.parametrize(
    "parameters",
    [
        "",
        "0",
        "17",
        '"1"',
        '1,""',
        "1,8.8.8.8",
        '1,"8.8.8"',
        '1,"8.8.8.256"',
        '1,"dns.google"',
        '1,,"8.8.4.4"',
        '1,"8.8.8.8","x"',
        '1,"8.8.8.8","8.8.4.4","1.1.1.1"',
    ],
)
def test_wrong_parameters_change_nothing(bench: Bench, parameters: str) -> None:
    bench.fails(f"AT+QIDNSCFG={parameters}", 552)
    bench.does("AT+QIDNSCFG=1", '+QIDNSCFG: 1,"0.0.0.0","0.0.0.0"', "OK")


# ---- AT+QIDNSGIP ------------------------------------------------------------------------------------


def test_all_addresses_with_the_time_to_live_each_in_a_frame(bench: Bench) -> None:
    bench.does(f'AT+QIDNSGIP=1,"{NAME}"', "OK", *FOUND)
    bench.does("AT+QIGETERROR", "+QIGETERROR: 0, operation successful", "OK")


def test_the_servers_of_the_context_are_asked_or_the_hosts_resolver(bench: Bench) -> None:
    bench.asks(f'AT+QIDNSGIP=1,"{NAME}"')
    bench.does('AT+QIDNSCFG=1,"8.8.8.8"', "OK")
    bench.asks(f'AT+QIDNSGIP=1,"{NAME}"')
    bench.does('AT+QIDNSCFG=1,"0.0.0.0","8.8.4.4"', "OK")
    bench.asks(f'AT+QIDNSGIP=1,"{NAME}"')
    assert [q.servers for q in bench.net.queries] == [(), ("8.8.8.8",), ("8.8.4.4",)]


def test_a_connection_by_name_asks_them_too(bench: Bench) -> None:
    bench.does('AT+QIDNSCFG=1,"8.8.8.8","8.8.4.4"', "OK")
    bench.net.tcp(ADDRESSES[0], PORT)
    bench.does(f'AT+QIOPEN=1,0,"TCP","{NAME}",{PORT}', "OK", "+QIOPEN: 0,0")
    assert [q.servers for q in bench.net.queries] == [("8.8.8.8", "8.8.4.4")]


@pytest.mark.parametrize(("typed", "meant"), [("10.0.0.9", "10.0.0.9"), ("010.000.0.09", "10.0.0.9")])
def test_an_address_answers_with_itself(bench: Bench, typed: str, meant: str) -> None:
    bench.does(f'AT+QIDNSGIP=1,"{typed}"', "OK", '+QIURC: "dnsgip",0,1,0', f'+QIURC: "dnsgip","{meant}"')
    assert bench.net.queries == []


def test_a_name_that_does_not_exist(bench: Bench) -> None:
    bench.does('AT+QIDNSGIP=1,"no.such.host"', "OK", '+QIURC: "dnsgip",565')
    bench.does("AT+QIGETERROR", "+QIGETERROR: 565, DNS parse failed", "OK")


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Failure.NOT_FOUND, 565),
        (Failure.REFUSED, 565),
        (Failure.FORBIDDEN, 565),
        (Failure.TIMED_OUT, 569),
        (Failure.UNREACHABLE, 569),
    ],
)
def test_what_may_go_wrong(bench: Bench, failure: Failure, code: int) -> None:
    bench.net.dns_latency = 59.0
    bench.does(f'AT+QIDNSGIP=1,"{NAME}"', "OK")
    query = bench.net.queries[-1].query
    assert bench.sees(ResolveFailed(query, failure)) == said(f'+QIURC: "dnsgip",{code}')
    assert bench.error() == code
    assert bench.waits(60) == b""


def test_no_answer_in_60_s(bench: Bench) -> None:
    bench.net.dns_latency = 100.0
    bench.does(f'AT+QIDNSGIP=1,"{NAME}"', "OK")
    assert bench.waits(59.999) == b""
    assert bench.waits(0.001) == said('+QIURC: "dnsgip",569')
    assert bench.waits(60) == b""


def test_one_at_a_time(bench: Bench) -> None:
    bench.up(2)
    bench.net.dns_latency = 5.0
    bench.does(f'AT+QIDNSGIP=1,"{NAME}"', "OK")
    bench.fails('AT+QIDNSGIP=1,"example.com"', 564)
    bench.fails('AT+QIDNSGIP=2,"10.0.0.9"', 564)
    bench.fails('AT+QIDNSGIP=3,"10.0.0.9"', 561)
    assert bench.waits(5) == said(*FOUND)
    bench.does(f'AT+QIDNSGIP=1,"{NAME}"', "OK")


def test_a_connection_by_name_does_not_make_it_busy(bench: Bench) -> None:
    bench.net.dns_latency = 5.0
    bench.does(f'AT+QIOPEN=1,0,"TCP","example.com",{PORT}', "OK")
    bench.does(f'AT+QIDNSGIP=1,"{NAME}"', "OK")
    assert said(*FOUND) in bench.waits(5)


def test_the_context_goes_meanwhile(bench: Bench) -> None:
    bench.net.dns_latency = 5.0
    bench.does(f'AT+QIDNSGIP=1,"{NAME}"', "OK")
    bench.does("AT+QIDEACT=1", "OK", '+QIURC: "dnsgip",561')
    bench.up()
    bench.does(f'AT+QIDNSGIP=1,"{NAME}"', "OK")
    assert bench.sees(PdpLost(1)) == said('+QIURC: "pdpdeact",1', '+QIURC: "dnsgip",570')
    assert bench.waits(60) == b""
    assert bench.error() == 570


def test_results_wait_for_the_end_of_data_mode(bench: Bench) -> None:
    bench.net.dns_latency = 5.0
    bench.does(f'AT+QIDNSGIP=1,"{NAME}"', "OK")
    bench.tcp(access=TRANSPARENT)
    assert bench.waits(10) == b""
    bench.types(b"+++")
    assert bench.waits(1) == said("OK", *FOUND)


def test_switching_off_ends_it(bench: Bench) -> None:
    bench.net.dns_latency = 5.0
    bench.does(f'AT+QIDNSGIP=1,"{NAME}"', "OK")
    bench.sees(PowerChanged(False))
    bench.sees(PowerChanged(True))
    assert b"dnsgip" not in bench.waits(60)
    bench.asks("ATE0")
    bench.up()
    bench.does(f'AT+QIDNSGIP=1,"{NAME}"', "OK")
    assert bench.waits(5) == said(*FOUND)


@pytest.mark.parametrize(
    "parameters", ["", "1", "1,", '1,""', f"1,{NAME}", f'0,"{NAME}"', f'17,"{NAME}"', f'1,"{NAME}",1']
)
def test_wrong_parameters(bench: Bench, parameters: str) -> None:
    bench.fails(f"AT+QIDNSGIP={parameters}", 552)
    assert bench.net.queries == []


@pytest.mark.parametrize("form", ["AT+QIDNSCFG?", "AT+QIDNSCFG", "AT+QIDNSGIP?", "AT+QIDNSGIP"])
def test_forms_that_there_are_not(bench: Bench, form: str) -> None:
    bench.fails(form, 552)

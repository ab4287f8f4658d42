"""AT+QNTP: the time that a server tells, in the module's zone, and its clock (S 2.1.12, 3.8, 4)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from bg96_bench import LOCAL, TRANSPARENT, Bench, said
from vmodem.emulator.events import Address, Failure, NtpAnswered, PdpLost, PowerChanged
from vmodem.netstack.memory_hosts import NtpServer

SERVER = "202.120.2.101"
NAME = "ntp5.ict.ac.cn"
UTC_TIME = datetime(2013, 8, 19, 3, 10, 10, tzinfo=UTC).timestamp()
TOLD = '+QNTP: 0,"2013/08/19,11:10:10+32"'


@pytest.fixture
def bench() -> Bench:
    """A module whose clock is 8 hours ahead of UTC, as that of the manual's example."""
    bench = Bench().up()
    bench.net.add_name(NAME, SERVER)
    bench.does('AT+CCLK="04/01/01,00:00:00+32"', "OK")
    return bench


def serves(bench: Bench, port: int = 123, utc: float = UTC_TIME, latency: float = 0.0) -> NtpServer:
    return bench.net.ntp(SERVER, port, utc, latency=latency)


def clock(bench: Bench) -> str:
    return bench.asks("AT+CCLK?").split(b'"')[1].decode()


# ---- the time ---------------------------------------------------------------------------------------


def test_the_manuals_example(bench: Bench) -> None:
    server = serves(bench)
    bench.does(f'AT+QNTP=1,"{SERVER}",123', "OK", TOLD)
    bench.waits(47)
    bench.does("AT+CCLK?", '+CCLK: "13/08/19,11:10:57+32"', "OK")
    (asked,) = server.requests
    assert (asked.server, asked.source, asked.timeout) == (Address(SERVER, 123), LOCAL[0], 125.0)


def test_the_answer_is_printed_as_it_comes_and_the_clock_set_to_that_moment(bench: Bench) -> None:
    serves(bench, latency=2.0)
    bench.does(f'AT+QNTP=1,"{SERVER}"', "OK")
    assert bench.waits(1.999) == b""
    assert bench.waits(0.001) == said('+QNTP: 0,"2013/08/19,11:10:12+32"')
    assert clock(bench) == "13/08/19,11:10:12+32"


@pytest.mark.parametrize(("sets", "sets_it"), [("", True), (",1", True), (",0", False)])
def test_autosettime(bench: Bench, sets: str, sets_it: bool) -> None:
    serves(bench)
    bench.does(f'AT+QNTP=1,"{SERVER}",123{sets}', "OK", TOLD)
    assert clock(bench) == ("13/08/19,11:10:10+32" if sets_it else "04/01/01,00:00:00+32")


@pytest.mark.parametrize(
    ("zone", "told", "shown"),
    [
        ("+00", "2013/12/31,23:30:00+00", "13/12/31,23:30:00+00"),
        ("+04", "2014/01/01,00:30:00+04", "14/01/01,00:30:00+04"),
        ("+56", "2014/01/01,13:30:00+56", "14/01/01,13:30:00+56"),
        ("-20", "2013/12/31,18:30:00-20", "13/12/31,18:30:00-20"),
        ("-48", "2013/12/31,11:30:00-48", "13/12/31,11:30:00-48"),
    ],
)
def test_the_time_is_local_in_the_zone_of_the_clock(bench: Bench, zone: str, told: str, shown: str) -> None:
    bench.does(f'AT+CCLK="04/01/01,00:00:00{zone}"', "OK")
    serves(bench, utc=datetime(2013, 12, 31, 23, 30, tzinfo=UTC).timestamp())
    bench.does(f'AT+QNTP=1,"{SERVER}"', "OK", f'+QNTP: 0,"{told}"')
    assert clock(bench) == shown


@pytest.mark.parametrize(
    ("parameters", "port"),
    [("", 123), (",", 123), (",,1", 123), (",1", 1), (",1123,1", 1123), (",65535", 65535)],
)
def test_the_port(bench: Bench, parameters: str, port: int) -> None:
    serves(bench, port)
    bench.does(f'AT+QNTP=1,"{SERVER}"{parameters}', "OK", TOLD)


def test_a_name_is_looked_up_at_the_contexts_servers(bench: Bench) -> None:
    serves(bench)
    bench.does('AT+QIDNSCFG=1,"8.8.8.8"', "OK")
    bench.does(f'AT+QNTP=1,"{NAME}"', "OK", TOLD)
    assert [(q.name, q.servers) for q in bench.net.queries] == [(NAME, ("8.8.8.8",))]


# ---- no time ----------------------------------------------------------------------------------------


def test_nobody_answers_within_125_s(bench: Bench) -> None:
    bench.does(f'AT+QNTP=1,"{SERVER}"', "OK")
    assert bench.waits(124.999) == b""
    assert bench.waits(0.001) == said("+QNTP: 569")
    bench.does("AT+QIGETERROR", "+QIGETERROR: 569, operation timeout", "OK")
    assert clock(bench) == "04/01/01,00:02:05+32"


def test_the_lookup_is_part_of_the_125_s(bench: Bench) -> None:
    bench.net.dns_latency = 25.0
    bench.does(f'AT+QNTP=1,"{NAME}"', "OK")
    assert bench.waits(124.999) == b""
    assert bench.waits(0.001) == said("+QNTP: 569")


@pytest.mark.parametrize("failure", [Failure.REFUSED, Failure.UNREACHABLE, Failure.FORBIDDEN])
def test_a_server_that_does_not_serve(bench: Bench, failure: Failure) -> None:
    bench.net.ntp(SERVER, 123, UTC_TIME, failure=failure)
    bench.does(f'AT+QNTP=1,"{SERVER}"', "OK", "+QNTP: 569")


def test_an_answer_that_comes_too_late_sets_nothing(bench: Bench) -> None:
    bench.does(f'AT+QNTP=1,"{SERVER}"', "OK")
    bench.waits(125)
    assert bench.sees(NtpAnswered(1, UTC_TIME)) == b""
    assert clock(bench) == "04/01/01,00:02:05+32"


def test_a_name_that_does_not_exist(bench: Bench) -> None:
    bench.does('AT+QNTP=1,"no.such.host"', "OK", "+QNTP: 565")
    assert bench.error() == 565


def test_contexts(bench: Bench) -> None:
    bench.does(f'AT+QNTP=2,"{SERVER}"', "OK", "+QNTP: 561")
    assert bench.error() == 561
    bench.does(f'AT+QNTP=1,"{SERVER}"', "OK")
    assert bench.sees(PdpLost(1)) == said('+QIURC: "pdpdeact",1', "+QNTP: 570")
    assert bench.error() == 570
    bench.does(f'AT+QNTP=1,"{SERVER}"', "OK", "+QNTP: 570")
    bench.does("AT+QIDEACT=1", "OK")
    bench.up()
    bench.does(f'AT+QNTP=1,"{SERVER}"', "OK")
    bench.does("AT+QIDEACT=1", "OK", "+QNTP: 561")
    assert bench.waits(200) == b""


# ---- one at a time, and beside other things -----------------------------------------------------------


def test_the_read_form_tells_the_server_while_it_is_asked(bench: Bench) -> None:
    serves(bench, 1123, latency=1.0)
    bench.does("AT+QNTP?", "OK")
    bench.does(f'AT+QNTP=1,"{NAME}",1123', "OK")
    bench.does("AT+QNTP?", f'+QNTP: "{NAME}",1123', "OK")
    bench.fails(f'AT+QNTP=1,"{SERVER}"', 568)
    bench.does("AT+QNTP?", f'+QNTP: "{NAME}",1123', "OK")
    assert bench.waits(1) == said('+QNTP: 0,"2013/08/19,11:10:11+32"')
    bench.does("AT+QNTP?", "OK")


def test_a_ping_may_run_beside(bench: Bench) -> None:
    serves(bench, latency=1.0)
    bench.net.host(SERVER, 0.5)
    bench.does(f'AT+QNTP=1,"{SERVER}"', "OK")
    bench.does(f'AT+QPING=1,"{SERVER}",4,1', "OK")
    ping = f'+QPING: 0,"{SERVER}",32,500,64'
    assert bench.waits(1) == said(ping, "+QPING: 0,1,1,0,500,500,500", '+QNTP: 0,"2013/08/19,11:10:11+32"')


def test_the_result_waits_for_the_end_of_data_mode_and_tells_when_it_came(bench: Bench) -> None:
    serves(bench, latency=1.0)
    bench.does(f'AT+QNTP=1,"{SERVER}"', "OK")
    bench.tcp(access=TRANSPARENT)
    assert bench.waits(10) == b""
    bench.types(b"+++")
    assert bench.waits(1) == said("OK", '+QNTP: 0,"2013/08/19,11:10:11+32"')
    assert clock(bench) == "13/08/19,11:10:21+32"


def test_switching_off_ends_it(bench: Bench) -> None:
    serves(bench, latency=100.0)
    bench.does(f'AT+QNTP=1,"{SERVER}"', "OK")
    bench.sees(PowerChanged(False))
    bench.sees(PowerChanged(True))
    bench.waits(200)
    bench.asks("ATE0")
    bench.does("AT+QNTP?", "OK")
    assert clock(bench).startswith("04/01/01,00:03:20")


# ---- parameters -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameters",
    [
        "",
        "1",
        "1,",
        '1,""',
        f"1,{SERVER}",
        f'0,"{SERVER}"',
        f'17,"{SERVER}"',
        f'1,"{SERVER}",0',
        f'1,"{SERVER}",65536',
        f'1,"{SERVER}","123"',
        f'1,"{SERVER}",123,2',
        f'1,"{SERVER}",123,1,1',
    ],
)
def test_wrong_parameters(bench: Bench, parameters: str) -> None:
    bench.fails(f"AT+QNTP={parameters}", 552)
    assert bench.waits(200) == b""


def test_a_form_that_there_is_not_and_ipv6(bench: Bench) -> None:
    bench.fails("AT+QNTP", 552)
    bench.fails('AT+QNTP=1,"2001:db8::1"', 555)

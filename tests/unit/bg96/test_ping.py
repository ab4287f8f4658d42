"""AT+QPING: what each ping and the closing line print, and when (S 2.1.11, 3.7, 4)."""

from __future__ import annotations

import pytest
from bg96_bench import LOCAL, PORT, PROMPT, SERVER, TRANSPARENT, Bench, said
from vmodem.emulator.events import Failure, PdpLost, PingAnswered, PowerChanged

HOST = "61.135.169.125"
NAME = "www.baidu.com"


@pytest.fixture
def bench() -> Bench:
    bench = Bench().up()
    bench.net.add_name(NAME, HOST, "192.0.2.7")
    return bench


def lines(*rtts: int, ttl: int = 255) -> list[str]:
    return [f'+QPING: 0,"{HOST}",32,{rtt},{ttl}' for rtt in rtts]


# ---- answers ----------------------------------------------------------------------------------------


def test_the_manuals_example_line_by_line_as_the_answers_come(bench: Bench) -> None:
    host = bench.net.host(HOST, 0.192, 0.240, 0.241, 0.479, ttl=255)
    bench.does(f'AT+QPING=1,"{NAME}"', "OK")
    for rtt in (192, 240, 241):
        assert bench.waits(rtt / 1000 - 0.001) == b""
        assert bench.waits(0.001) == said(*lines(rtt))
    assert bench.waits(0.479) == said(*lines(479), "+QPING: 0,4,4,0,192,479,288")
    assert bench.waits(60) == b""
    assert [(p.address, p.size, p.timeout, p.source) for p in host.requests] == [
        (HOST, 32, 4.0, LOCAL[0])
    ] * 4
    assert len({p.query for p in host.requests}) == 4


def test_the_average_is_cut_not_rounded(bench: Bench) -> None:
    bench.net.host(HOST, 0.224, 0.225, 0.225, 0.221)
    bench.does(f'AT+QPING=1,"{HOST}"', "OK")
    assert bench.waits(1).endswith(said("+QPING: 0,4,4,0,221,225,223"))


@pytest.mark.parametrize(("rtt", "printed"), [(0.0004, 0), (0.0006, 1), (0.569, 569), (0.2399, 240)])
def test_times_are_whole_milliseconds(bench: Bench, rtt: float, printed: int) -> None:
    bench.net.host(HOST, rtt, ttl=63)
    bench.asks(f'AT+QPING=1,"{HOST}",1,1')
    closing = f"+QPING: 0,1,1,0,{printed},{printed},{printed}"
    bench.waits(1)
    output = bytes(bench.world.output)
    assert output.endswith(said(*lines(printed, ttl=63), closing))


def test_a_lost_ping_is_569_and_the_next_one_starts_when_it_has_timed_out(bench: Bench) -> None:
    bench.net.host(HOST, 0.1, None, 0.3)
    bench.does(f'AT+QPING=1,"{HOST}",2,3', "OK")
    assert bench.waits(0.1) == said(*lines(100, ttl=64))
    assert bench.waits(1.999) == b""
    assert bench.waits(0.001) == said("+QPING: 569")
    assert bench.waits(0.3) == said(*lines(300, ttl=64), "+QPING: 0,3,2,1,100,300,200")
    assert bench.error() == 569


@pytest.mark.parametrize("failure", [None, Failure.UNREACHABLE, Failure.FORBIDDEN, Failure.NOT_PERMITTED])
def test_all_lost_whatever_the_reason_takes_its_time(bench: Bench, failure: Failure | None) -> None:
    if failure is not None:
        bench.net.host(HOST, failure=failure)
    bench.does(f'AT+QPING=1,"{HOST}"', "OK")
    for _ in range(3):
        assert bench.waits(3.999) == b""
        assert bench.waits(0.001) == said("+QPING: 569")
    assert bench.waits(4) == said("+QPING: 569", "+QPING: 0,4,0,4,0,0,0")
    bench.does("AT+QIGETERROR", "+QIGETERROR: 569, operation timeout", "OK")


def test_an_answer_that_comes_too_late_is_none(bench: Bench) -> None:
    bench.does(f'AT+QPING=1,"{HOST}",1,2', "OK")
    assert bench.waits(1.5) == said("+QPING: 569")
    late = PingAnswered(1, 1.5, 64)
    assert bench.sees(late) == b""
    assert bench.waits(0.5) == said("+QPING: 569", "+QPING: 0,2,0,2,0,0,0")


def test_longest_and_most(bench: Bench) -> None:
    host = bench.net.host(HOST, 254.9)
    bench.does(f'AT+QPING=1,"{HOST}",255,10', "OK")
    assert bench.waits(2550).count(b"254900") == 13  # ten pings, and the closing line
    assert len(host.requests) == 10


def test_an_address_is_printed_without_leading_zeros(bench: Bench) -> None:
    bench.net.host(HOST, 0.0)
    bench.does('AT+QPING=1,"061.135.169.125",1,1', "OK", *lines(0, ttl=64), "+QPING: 0,1,1,0,0,0,0")


# ---- nobody to ping ---------------------------------------------------------------------------------


def test_a_name_that_does_not_exist(bench: Bench) -> None:
    bench.does('AT+QPING=1,"no.such.host"', "OK", "+QPING: 565")
    bench.does("AT+QIGETERROR", "+QIGETERROR: 565, DNS parse failed", "OK")


def test_a_name_that_nobody_answers(bench: Bench) -> None:
    bench.net.add_silent_name("silent.example")
    bench.does('AT+QPING=1,"silent.example"', "OK")
    assert bench.waits(10) == said("+QPING: 565")


def test_the_contexts_own_dns_servers_are_asked(bench: Bench) -> None:
    bench.does('AT+QIDNSCFG=1,"8.8.8.8","8.8.4.4"', "OK")
    bench.asks(f'AT+QPING=1,"{NAME}",1,1')
    assert [(q.name, q.servers) for q in bench.net.queries] == [(NAME, ("8.8.8.8", "8.8.4.4"))]


def test_an_inactive_context(bench: Bench) -> None:
    bench.does(f'AT+QPING=2,"{HOST}"', "OK", "+QPING: 561")
    bench.does("AT+QIGETERROR", "+QIGETERROR: 561, open PDP context failed", "OK")
    bench.does(f'AT+QPING=2,"{NAME}"', "OK", "+QPING: 561")
    assert bench.net.queries == []


def test_a_context_that_the_network_took(bench: Bench) -> None:
    bench.loses_pdp(1)
    bench.does(f'AT+QPING=1,"{HOST}"', "OK", "+QPING: 570")
    assert bench.error() == 570


def test_the_network_takes_the_context_in_the_middle(bench: Bench) -> None:
    bench.net.host(HOST, 0.1, None)
    bench.does(f'AT+QPING=1,"{HOST}"', "OK")
    bench.waits(1)
    assert bench.sees(PdpLost(1)) == said('+QIURC: "pdpdeact",1', "+QPING: 570")
    assert bench.waits(60) == b""
    assert bench.error() == 570


def test_the_loss_of_another_context_is_nothing_to_it(bench: Bench) -> None:
    bench.up(2)
    bench.net.host(HOST, 1.0)
    bench.does(f'AT+QPING=1,"{HOST}",4,1', "OK")
    assert bench.loses_pdp(2) == said('+QIURC: "pdpdeact",2')
    assert bench.waits(1) == said(*lines(1000, ttl=64), "+QPING: 0,1,1,0,1000,1000,1000")


def test_the_host_gives_the_context_up_in_the_middle_even_if_it_comes_back_at_once(bench: Bench) -> None:
    bench.does(f'AT+QPING=1,"{HOST}"', "OK")
    bench.does("AT+QIDEACT=1;+QIACT=1", "OK", "+QPING: 561")
    assert bench.waits(60) == b""


def test_the_context_goes_while_the_name_is_looked_up(bench: Bench) -> None:
    bench.net.dns_latency = 5.0
    bench.does(f'AT+QPING=1,"{NAME}"', "OK")
    bench.does("AT+QIDEACT=1", "OK", "+QPING: 561")
    assert bench.waits(60) == b""


# ---- one at a time, and beside other things -----------------------------------------------------------


def test_a_second_one_is_busy_until_the_first_is_over(bench: Bench) -> None:
    bench.net.host(HOST, 0.5)
    bench.does(f'AT+QPING=1,"{HOST}",4,2', "OK")
    bench.fails(f'AT+QPING=1,"{SERVER}"', 568)
    bench.up(2)
    bench.fails(f'AT+QPING=2,"{HOST}"', 568)
    assert bench.waits(1).endswith(said("+QPING: 0,2,2,0,500,500,500"))
    bench.does(f'AT+QPING=1,"{HOST}",4,1', "OK")


def test_commands_work_meanwhile_and_results_wait_for_a_prompt(bench: Bench) -> None:
    bench.net.host(HOST, 0.5)
    bench.does(f'AT+QPING=1,"{HOST}",4,1', "OK")
    bench.tcp()
    assert bench.asks("AT+QISEND=0,4") == PROMPT
    assert bench.waits(10) == b""
    assert bench.types(b"test") == said("SEND OK", *lines(500, ttl=64), "+QPING: 0,1,1,0,500,500,500")


def test_results_wait_for_the_end_of_data_mode(bench: Bench) -> None:
    bench.net.host(HOST, 0.5)
    bench.does(f'AT+QPING=1,"{HOST}",4,1', "OK")
    bench.does(f'AT+QIOPEN=1,0,"TCP","{SERVER}",{PORT},0,{TRANSPARENT}', "CONNECT")
    assert bench.waits(10) == b""
    bench.types(b"+++")
    assert bench.waits(1) == said("OK", *lines(500, ttl=64), "+QPING: 0,1,1,0,500,500,500")


def test_switching_off_ends_it_without_a_word(bench: Bench) -> None:
    bench.does(f'AT+QPING=1,"{HOST}"', "OK")
    bench.sees(PowerChanged(False))
    bench.sees(PowerChanged(True))
    assert b"QPING" not in bench.waits(120)
    bench.asks("ATE0")
    bench.up()
    bench.net.host(HOST, 0.0)
    bench.does(f'AT+QPING=1,"{HOST}",1,1', "OK", *lines(0, ttl=64), "+QPING: 0,1,1,0,0,0,0")


# ---- parameters -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameters",
    [
        "",
        "1",
        "1,",
        '1,""',
        f"1,{HOST}",
        f'0,"{HOST}"',
        f'17,"{HOST}"',
        f'"1","{HOST}"',
        f'1,"{HOST}",0',
        f'1,"{HOST}",256',
        f'1,"{HOST}","4"',
        f'1,"{HOST}",4,0',
        f'1,"{HOST}",4,11',
        f'1,"{HOST}",4,4,1',
        f'1,"{"x" * 256}"',
    ],
)
def test_wrong_parameters(bench: Bench, parameters: str) -> None:
    bench.fails(f"AT+QPING={parameters}", 552)
    assert bench.waits(60) == b""


@pytest.mark.parametrize("form", ["AT+QPING?", "AT+QPING"])
def test_forms_that_there_are_not(bench: Bench, form: str) -> None:
    bench.fails(form, 552)


def test_left_out_parameters_are_the_defaults(bench: Bench) -> None:
    bench.does(f'AT+QPING=1,"{HOST}",,1', "OK")
    assert bench.waits(4) == said("+QPING: 569", "+QPING: 0,1,0,1,0,0,0")


def test_ipv6_is_under_development(bench: Bench) -> None:
    bench.fails('AT+QPING=1,"2001:db8::1"', 555)


def test_plain_error_whatever_cmee_says(bench: Bench) -> None:
    bench.does("AT+CMEE=2", "OK")
    bench.fails("AT+QPING=1", 552)


def test_the_address_of_a_context_can_be_pinged_while_it_is_active() -> None:
    bench = Bench().up().up(2)
    assert list(bench.net.addresses) == [*LOCAL]
    own = f'+QPING: 0,"{LOCAL[1]}",32,0,64'
    bench.does(f'AT+QPING=1,"{LOCAL[1]}",1,1', "OK", own, "+QPING: 0,1,1,0,0,0,0")
    bench.does("AT+QIDEACT=2", "OK")
    bench.does(f'AT+QPING=1,"{LOCAL[1]}",1,1', "OK")
    assert list(bench.net.addresses) == [LOCAL[0]]
    bench.loses_pdp(1)
    assert list(bench.net.addresses) == []

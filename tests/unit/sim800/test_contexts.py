"""CSTT, CIICR, CIFSR, CIPSHUT, CDNSGIP, CDNSCFG and the loss of the context, in whole dialogues."""

from __future__ import annotations

import pytest
from sim800_bench import LOCAL, PORT, SERVER, SILENT, Bench, in_single_state, said
from vmodem.emulator.events import PdpRefusalChanged, RegistrationChanged


def test_the_values_of_cstt() -> None:
    bench = Bench()
    bench.does("AT+CSTT?", '+CSTT: "CMNET","",""', "OK")
    bench.does(f'AT+CSTT="{"a" * 50}","{"u" * 50}","{"p" * 50}"', "OK")
    bench.does("AT+CSTT?", f'+CSTT: "{"a" * 50}","{"u" * 50}","{"p" * 50}"', "OK")
    bench.does('AT+CSTT="other"', "ERROR")
    bench.does("AT+CSTT?", f'+CSTT: "{"a" * 50}","{"u" * 50}","{"p" * 50}"', "OK")
    bench.does("AT+CIPSHUT", "SHUT OK")
    bench.does("AT+CSTT?", f'+CSTT: "{"a" * 50}","{"u" * 50}","{"p" * 50}"', "OK")
    bench.does("AT+CSTT=internet,me,secret", "OK")
    bench.does("AT+CSTT?", '+CSTT: "internet","me","secret"', "OK")
    bench.does("AT+CIPSHUT", "SHUT OK")
    bench.does("AT+CSTT", "OK")
    bench.does("AT+CSTT?", '+CSTT: "internet","me","secret"', "OK")


def test_a_reset_returns_the_default_apn_and_every_setting() -> None:
    bench = Bench()
    bench.does('AT+CSTT="internet"', "OK")
    bench.does("AT+CIICR", "OK")
    bench.does("AT+CIPHEAD=1;+CIPQSEND=1;+CIPRXGET=1;+CIPATS=1,9;+CIPMODE=1", "OK")
    bench.types(b"AT+CFUN=1,1\r")
    bench.waits(30.0)
    bench.asks("ATE0")
    bench.does("AT+CSTT?", '+CSTT: "CMNET","",""', "OK")
    assert bench.state() == "IP INITIAL"
    bench.does(
        "AT+CIPHEAD?;+CIPQSEND?;+CIPRXGET?;+CIPATS?;+CIPMODE?",
        "+CIPHEAD: 0",
        "+CIPQSEND: 0",
        "+CIPRXGET: 0",
        "+CIPATS: 0,1",
        "+CIPMODE: 0",
        "OK",
    )


def test_the_walk_to_ip_status() -> None:
    bench = Bench()
    assert bench.state() == "IP INITIAL"
    bench.does('AT+CSTT="internet","me","secret"', "OK")
    assert bench.state() == "IP START"
    bench.does("AT+CIICR", "OK")
    assert bench.state() == "IP GPRSACT"
    bench.does("AT+CIFSR", LOCAL[0])
    assert bench.state() == "IP STATUS"
    bench.does("AT+CIFSR", LOCAL[0])
    assert bench.state() == "IP STATUS"


def test_ciicr_owns_the_line_while_it_runs() -> None:
    bench = Bench(pace=1.0)
    bench.does("AT+CSTT", "OK")
    bench.does("AT+CIICR")
    bench.does("AT+CIPSTATUS")
    assert bench.waits(1.4) == b""
    assert bench.waits(0.1) == said("OK", "OK", "STATE: IP GPRSACT")


def test_a_refused_ciicr_needs_cipshut() -> None:
    bench = in_single_state("PDP DEACT (refused)")
    bench.does("AT+CIICR", "ERROR")
    bench.does("AT+CSTT", "ERROR")
    assert bench.state() == "PDP DEACT"
    bench.does("AT+CIPSHUT", "SHUT OK")
    bench.brings_up()


@pytest.mark.parametrize("stat", [0, 2, 3, 4])
def test_ciicr_without_a_network(stat: int) -> None:
    bench = Bench()
    bench.does("AT+CSTT", "OK")
    bench.sees(RegistrationChanged(stat))
    bench.does("AT+CIICR", "+PDP: DEACT", "ERROR")
    assert bench.state() == "PDP DEACT"


def test_ciicr_detached() -> None:
    bench = Bench()
    bench.does("AT+CGATT=0", "OK")
    bench.does("AT+CSTT", "OK")
    bench.does("AT+CIICR", "+PDP: DEACT", "ERROR")


def test_the_network_is_lost_while_ciicr_runs() -> None:
    bench = Bench(pace=1.0)
    bench.does("AT+CSTT", "OK")
    bench.does("AT+CIICR")
    bench.waits(0.5)
    bench.sees(RegistrationChanged(0))
    assert bench.waits(5.0) == said("+PDP: DEACT", "ERROR")
    assert bench.state() == "PDP DEACT"


def test_a_loss_before_there_is_a_context_concerns_nobody() -> None:
    bench = Bench(pace=1.0)
    bench.does("AT+CSTT", "OK")
    bench.does("AT+CIICR")
    bench.waits(0.5)
    assert bench.loses_pdp() == b""
    assert bench.waits(5.0) == said("OK")
    assert bench.state() == "IP GPRSACT"


@pytest.mark.parametrize(
    "state", ["IP GPRSACT", "IP STATUS", "TCP CONNECTING", "SERVER LISTENING", "CONNECT OK", "TCP CLOSED"]
)
def test_the_context_is_lost(state: str) -> None:
    bench = in_single_state(state)
    assert bench.loses_pdp() == said("+PDP: DEACT")
    assert bench.state() == "PDP DEACT"
    bench.does("AT+CIFSR", "ERROR")
    assert bench.waits(100.0) == b""
    bench.does("AT+CIPSERVER?", "+CIPSERVER: 0", "OK")
    bench.does("AT+CIPSHUT", "SHUT OK")
    bench.brings_up()
    bench.tcp()


@pytest.mark.parametrize("state", ["IP INITIAL", "IP START", "PDP DEACT"])
def test_a_loss_without_a_context_is_not_seen(state: str) -> None:
    bench = in_single_state(state)
    assert bench.loses_pdp() == b""
    assert bench.state() == state


def test_a_lost_context_resets_its_links() -> None:
    bench = in_single_state("CONNECT OK")
    bench.loses_pdp()
    assert bench.net.connections[0].reset_received


def test_detaching_says_it_before_its_ok() -> None:
    bench = in_single_state("CONNECT OK")
    bench.does("AT+CGATT=0", "+PDP: DEACT", "OK")
    assert bench.state() == "PDP DEACT"


@pytest.mark.parametrize("state", ["IP INITIAL", "CONNECT OK", "TCP CONNECTING", "SERVER LISTENING"])
def test_shut_says_shut_ok_alone(state: str) -> None:
    bench = in_single_state(state)
    bench.does("AT+CIPSHUT", "SHUT OK")
    assert bench.waits(200.0) == b""
    assert bench.state() == "IP INITIAL"
    bench.brings_up()
    bench.tcp()


def test_shut_owns_the_line_for_a_second() -> None:
    bench = Bench(pace=1.0)
    bench.does("AT+CIPSHUT")
    assert bench.waits(0.99) == b""
    assert bench.waits(0.01) == said("SHUT OK")


def test_shut_keeps_the_settings_and_forgets_the_links() -> None:
    bench = Bench()
    bench.does("AT+CIPMUX=1", "OK")
    bench.does("AT+CIPHEAD=1;+CIPQSEND=1;+CIPRXGET=1;+CIPATS=1,9;+CIPSPRT=0;+CIPSRIP=1", "OK")
    bench.brings_up()
    bench.tcp(3)
    bench.does("AT+CIPCLOSE=3", "3, CLOSE OK")
    bench.does("AT+CIPSTATUS=3", f'+CIPSTATUS: 3,0,"TCP","{SERVER}","{PORT}","CLOSED"', "OK")
    bench.does("AT+CIPSHUT", "SHUT OK")
    bench.does("AT+CIPSTATUS=3", '+CIPSTATUS: 3,,"","","","INITIAL"', "OK")
    bench.does(
        "AT+CIPMUX?;+CIPHEAD?;+CIPQSEND?;+CIPRXGET?;+CIPATS?;+CIPSPRT?;+CIPSRIP?",
        "+CIPMUX: 1",
        "+CIPHEAD: 1",
        "+CIPQSEND: 1",
        "+CIPRXGET: 1",
        "+CIPATS: 1,9",
        "+CIPSPRT: 0",
        "+CIPSRIP: 1",
        "OK",
    )


def test_shut_during_the_implicit_bring_up() -> None:
    bench = in_single_state("IP CONFIG")
    bench.does("AT+CIPSHUT", "SHUT OK")
    assert bench.state() == "IP INITIAL"
    assert bench.waits(200.0) == b""
    bench.does("AT+CSTT", "OK")
    assert bench.asks("AT+CIICR") == b""
    assert bench.waits(5.0) == said("OK")


def test_shut_during_the_implicit_bring_up_of_a_server() -> None:
    bench = Bench(timings={"activate": 5.0})
    bench.does("AT+CIPSERVER=1,1234", "OK")
    bench.does("AT+CIPSHUT", "SHUT OK")
    assert bench.waits(200.0) == b""
    assert bench.state() == "IP INITIAL"
    bench.does("AT+CIPSERVER?", "+CIPSERVER: 0", "OK")
    with pytest.raises(ConnectionRefusedError):
        bench.client()


def test_shut_while_a_name_is_resolved() -> None:
    bench = Bench().single()
    bench.net.add_silent_name("slow.example")
    bench.does(f'AT+CIPSTART="TCP","slow.example",{PORT}', "OK")
    bench.does("AT+CIPSHUT", "SHUT OK")
    assert bench.waits(100.0) == b""


# ---- the implicit bring-up of CIPSTART ---------------------------------------------------------------


def test_cipstart_brings_the_context_up_itself() -> None:
    bench = Bench(timings={"activate": 2.0})
    bench.does(f'AT+CIPSTART="TCP","{SERVER}",{PORT}', "OK")
    assert bench.state() == "IP CONFIG"
    bench.does(f'AT+CIPSTART="TCP","{SERVER}",{PORT}', "ERROR")
    bench.does("AT+CIPCLOSE", "ERROR")
    assert bench.waits(2.0) == said("CONNECT OK")
    assert bench.state() == "CONNECT OK"
    bench.does("AT+CIFSR", LOCAL[0])


def test_an_implicit_bring_up_that_is_refused() -> None:
    bench = Bench(timings={"activate": 2.0})
    bench.sees(PdpRefusalChanged(True))
    bench.does(f'AT+CIPSTART="TCP","{SERVER}",{PORT}', "OK")
    assert bench.waits(2.0) == said("STATE: PDP DEACT", "CONNECT FAIL")
    assert bench.state() == "PDP DEACT"
    bench.does("AT+CIPCLOSE", "ERROR")


def test_the_same_in_transparent_mode() -> None:
    bench = Bench()
    bench.does("AT+CIPMODE=1", "OK")
    bench.sees(PdpRefusalChanged(True))
    bench.does(f'AT+CIPSTART="TCP","{SERVER}",{PORT}', "OK", "STATE: PDP DEACT", "CONNECT FAIL")
    assert bench.state() == "PDP DEACT"


def test_a_silent_peer_behind_an_implicit_bring_up() -> None:
    bench = Bench(timings={"activate": 2.0})
    bench.does(f'AT+CIPSTART="TCP","{SILENT}",{PORT}', "OK")
    assert bench.waits(76.9) == b""
    assert bench.waits(0.1) == said("STATE: TCP CLOSED", "CONNECT FAIL")


# ---- names -------------------------------------------------------------------------------------------


def test_cdnsgip() -> None:
    bench = Bench().single()
    bench.net.add_name("www.baidu.com", "119.75.218.77", "119.75.217.56", "119.75.218.70")
    late = '+CDNSGIP: 1,"www.baidu.com","119.75.218.77","119.75.217.56"'
    bench.does('AT+CDNSGIP="www.baidu.com"', "OK", late)
    bench.does("AT+CDNSGIP=www.baidu.com", "OK", late)
    bench.does('AT+CDNSGIP="example.com"', "OK", '+CDNSGIP: 1,"example.com","93.184.216.34"')
    bench.does('AT+CDNSGIP="nosuch.example"', "OK", "+CDNSGIP: 0,8")


def test_cdnsgip_when_no_server_answers() -> None:
    bench = Bench().single()
    bench.net.add_silent_name("slow.example")
    bench.does('AT+CDNSGIP="slow.example"', "OK")
    bench.does("AT+CIPMUX?", "+CIPMUX: 0", "OK")
    assert bench.waits(10.0) == said("+CDNSGIP: 0,3")


def test_two_lookups_at_a_time() -> None:
    bench = Bench().single()
    bench.net.add_silent_name("slow.example")
    bench.does('AT+CDNSGIP="slow.example"', "OK")
    bench.does('AT+CDNSGIP="example.com"', "OK", '+CDNSGIP: 1,"example.com","93.184.216.34"')
    assert bench.waits(10.0) == said("+CDNSGIP: 0,3")


def test_a_lookup_ends_with_its_context() -> None:
    bench = Bench().single()
    bench.net.add_silent_name("slow.example")
    bench.does('AT+CDNSGIP="slow.example"', "OK")
    assert bench.loses_pdp() == said("+PDP: DEACT")
    assert bench.waits(60.0) == said("+CDNSGIP: 0,3")


def test_an_answer_that_comes_too_late_for_its_context() -> None:
    bench = Bench(timings={"dns": 2.0}).single()
    bench.does('AT+CDNSGIP="example.com"', "OK")
    bench.does("AT+CIPSHUT", "SHUT OK")
    assert bench.waits(2.0) == said("+CDNSGIP: 0,3")


def test_the_dns_servers() -> None:
    bench = Bench().single()
    bench.does("AT+CDNSCFG=?", '+CDNSCFG: ("Primary DNS"),("Secondary DNS")', "OK")
    bench.does('AT+CDNSCFG="8.8.8.8","8.8.4.4"', "OK")
    bench.does("AT+CDNSCFG?", "PrimaryDns: 8.8.8.8\nSecondaryDns: 8.8.4.4", "OK")
    bench.does('AT+CDNSGIP="example.com"', "OK", '+CDNSGIP: 1,"example.com","93.184.216.34"')
    assert bench.net.queries[-1].servers == ("8.8.8.8", "8.8.4.4")
    bench.does('AT+CDNSCFG="1.1.1.1"', "OK")
    bench.does("AT+CDNSCFG?", "PrimaryDns: 1.1.1.1\nSecondaryDns: 8.8.4.4", "OK")


def test_cipstart_by_name_shows_the_address() -> None:
    bench = Bench()
    bench.does("AT+CIPMUX=1", "OK")
    bench.brings_up()
    bench.does('AT+CIPSTART=1,"TCP","example.com",80', "OK", "1, CONNECT OK")
    bench.does("AT+CIPSTATUS=1", '+CIPSTATUS: 1,0,"TCP","93.184.216.34","80","CONNECTED"', "OK")

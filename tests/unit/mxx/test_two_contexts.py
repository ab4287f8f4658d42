"""Two contexts (S 7): what each has of its own, what they share, what is heard of the one behind."""

from __future__ import annotations

import pytest
from mxx_bench import CLIENT, LOCAL, OTHER, PORT, SERVER, TCP_PORT, Bench, said
from vmodem.emulator.effects import Transport


@pytest.fixture
def both() -> Bench:
    """Context 0 with several connections, context 1 with one; context 1 is in front."""
    bench = Bench().multi()
    bench.does("AT+QIFGCNT=1", "OK")
    bench.brings_up(LOCAL[1])
    return bench


def front(bench: Bench, context: int) -> None:
    bench.does(f"AT+QIFGCNT={context}", "OK")
    bench.does("AT+QIFGCNT?", f"+QIFGCNT: {context},0", "OK")


OWN = [
    ("AT+QIMUX=1", "AT+QIMUX?", "+QIMUX: 1", "+QIMUX: 0"),
    ("AT+QIMODE=1", "AT+QIMODE?", "+QIMODE: 1", "+QIMODE: 0"),
    ("AT+QIDNSIP=1", "AT+QIDNSIP?", "+QIDNSIP: 1", "+QIDNSIP: 0"),
    ("AT+QITCFG=4,3,512,0", "AT+QITCFG?", "+QITCFG: 4,3,512,0", "+QITCFG: 3,2,1024,1"),
    ('AT+QICSGP=1,"a","b","c"', "AT+QIREGAPP?", '+QIREGAPP: "a","b","c"', '+QIREGAPP: "","",""'),
]
SHARED = [
    ("AT+QIHEAD=1", "AT+QIHEAD?", "+QIHEAD: 1"),
    ("AT+QISHOWPT=1", "AT+QISHOWPT?", "+QISHOWPT: 1"),
    ("AT+QISHOWRA=1", "AT+QISHOWRA?", "+QISHOWRA: 1"),
    ("AT+QISHOWLA=1", "AT+QISHOWLA?", "+QISHOWLA: 1"),
    ("AT+QIAUTOS=1,10", "AT+QIAUTOS?", "+QIAUTOS: 1,10"),
    ("AT+QINDI=1", "AT+QINDI?", "+QINDI: 1"),
    ("AT+QISDE=0", "AT+QISDE?", "+QISDE: 0"),
    ("AT+QIPROMPT=3", "AT+QIPROMPT?", "+QIPROMPT: 3"),
    ('AT+QILPORT="TCP",2020', "AT+QILPORT?", "TCP: 2020\nUDP: 0"),
    ("AT+QISRVC=2", "AT+QISRVC?", "+QISRVC: 2"),
]


@pytest.mark.parametrize(("write", "read", "then", "other"), OWN)
@pytest.mark.parametrize("context", [0, 1])
def test_settings_of_each_context(context: int, write: str, read: str, then: str, other: str) -> None:
    bench = Bench()
    front(bench, context)
    bench.does(write, "OK")
    front(bench, 1 - context)
    bench.does(read, other, "OK")
    front(bench, context)
    bench.does(read, then, "OK")


@pytest.mark.parametrize(("write", "read", "then"), SHARED)
def test_settings_of_both(write: str, read: str, then: str) -> None:
    bench = Bench()
    bench.does(write, "OK")
    front(bench, 1)
    bench.does(read, then, "OK")


def test_states_addresses_links_and_listeners_are_its_own(both: Bench) -> None:
    assert both.state() == "IP STATUS"
    both.does("AT+QILOCIP", LOCAL[1])
    single = both.tcp()
    both.listens()
    assert [a.host for a in both.net.listeners(Transport.TCP)] == [LOCAL[1]]
    front(both, 0)
    assert both.state() == "IP STATUS"
    assert both.server_state() == "INITIAL"
    both.does("AT+QILOCIP", LOCAL[0])
    multi = both.tcp(0, OTHER)
    both.listens("=0,5")
    assert (single.local.host, multi.local.host) == (LOCAL[1], LOCAL[0])
    both.sends(b"to other", 0)
    assert bytes(multi.received) == b"to other"
    assert not single.received
    front(both, 1)
    both.sends(b"to server")
    assert bytes(single.received) == b"to server"
    both.does("AT+QISACK", "+QISACK: 9, 9, 0", "OK")


def test_six_links_for_each() -> None:
    bench = Bench().multi()
    for number in range(6):
        bench.tcp(number)
    front(bench, 1)
    bench.does("AT+QIMUX=1", "OK")
    bench.brings_up(LOCAL[1])
    for number in range(6):
        bench.tcp(number)
    assert len(bench.net.connections) == 12


def test_what_happens_in_the_background_is_heard(both: Bench) -> None:
    single = both.tcp()
    both.listens()
    front(both, 0)
    both.arrives(single, b"data")
    both.hears(b"data")
    client = both.net.connect_client(TCP_PORT, CLIENT, source=LOCAL[1])
    both.settles()
    both.hears(f"REMOTE IP: {CLIENT}")
    both.does("AT+QISHOWLA=1", "OK")
    both.arrives(client, b"from the client")
    both.hears(f"TO:{LOCAL[1]}", b"from the client")
    single.close()
    both.settles()
    both.hears("CLOSED")
    peer = both.tcp(2)
    front(both, 1)
    both.arrives(peer, b"x")
    both.hears(f"TO:{LOCAL[0]}", "+RECEIVE: 2, 1", b"x")
    peer.close()
    both.settles()
    both.hears("2, CLOSED")
    assert both.state() == "IP CLOSE"


def test_a_connection_made_in_the_background() -> None:
    bench = Bench(timings={"activate": 3.0})
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "OK")
    front(bench, 1)
    assert bench.state() == "IP INITIAL"
    bench.does("AT+QIMUX=1", "OK")
    bench.does(f'AT+QIOPEN=3,"TCP","{SERVER}",{PORT}', "OK")
    assert bench.waits(3.0) == said("CONNECT OK", "3, CONNECT OK")
    assert bench.state() == "IP PROCESSING"
    front(bench, 0)
    assert bench.state() == "CONNECT OK"


def test_qirdi_names_the_context_and_qird_works_on_both() -> None:
    bench = Bench()
    bench.does("AT+QINDI=1", "OK")
    bench.brings_up()
    single = bench.tcp()
    front(bench, 1)
    bench.does("AT+QIMUX=1", "OK")
    bench.brings_up(LOCAL[1])
    multi = bench.tcp(4, OTHER)
    bench.arrives(single, b"zero")
    bench.arrives(multi, b"one")
    bench.hears("+QIRDI: 0,1,0", "+QIRDI: 1,1,4")
    bench.does("AT+QIRD=0,1,0,100", f"+QIRD: {SERVER}:{PORT},TCP,4", b"zero", "OK")
    bench.does("AT+QIRD=1,1,4,100", f"+QIRD: {OTHER}:{PORT},TCP,3", b"one", "OK")
    bench.does("AT+QIRD=1,1,0,100", "ERROR")


def test_each_context_is_deactivated_alone(both: Bench) -> None:
    single = both.tcp()
    front(both, 0)
    multi = both.tcp(0)
    both.does("AT+QIDEACT", "DEACT OK")
    assert multi.fin_received
    assert not single.fin_received
    assert both.state() == "IP INITIAL"
    front(both, 1)
    assert both.state() == "CONNECT OK"
    both.arrives(single, b"alive")
    both.hears(b"alive")


def test_the_network_takes_one_context_or_both(both: Bench) -> None:
    assert both.loses_pdp(0) == said("+PDP DEACT")
    assert both.state() == "IP STATUS"
    front(both, 0)
    assert both.state() == "PDP DEACT"
    both.does("AT+QIDEACT", "DEACT OK")
    both.brings_up()
    assert both.loses_pdp() == said("+PDP DEACT", "+PDP DEACT")
    both.does("AT+QIDEACT", "DEACT OK")
    front(both, 1)
    assert both.state() == "PDP DEACT"


def test_detaching_takes_both(both: Bench) -> None:
    both.does("AT+CGATT=0", "+PDP DEACT", "+PDP DEACT", "OK")


# ---- no transparent mode with two active contexts (S 7.1) ---------------------------------------------

ACTIVATIONS = [
    "AT+QIACT",
    f'AT+QIOPEN="TCP","{SERVER}",{PORT}',
    "AT+QISERVER",
    'AT+QIDNSGIP="example.com"',
]


def test_qimode_beside_an_active_context() -> None:
    bench = Bench().single()
    front(bench, 1)
    bench.does("AT+QIMODE=1", "ERROR")
    bench.does("AT+QIMODE=0", "OK")


@pytest.mark.parametrize("phase", ["configure", "activate"])
def test_qimode_beside_one_that_is_being_brought_up(phase: str) -> None:
    bench = Bench(timings={phase: 3.0})
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "OK")
    front(bench, 1)
    bench.does("AT+QIMODE=1", "ERROR")


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("transparent", [0, 1])
def test_no_second_context_beside_a_transparent_one(transparent: int, activation: str) -> None:
    """Whichever of the two is set to transparent mode, the second one is not activated."""
    bench = Bench()
    front(bench, transparent)
    bench.does("AT+QIMODE=1", "OK")
    front(bench, 0)
    bench.brings_up()
    front(bench, 1)
    bench.does("AT+QIREGAPP", "OK")
    bench.does(activation, "ERROR")
    assert bench.state() == "IP START"
    front(bench, 0)
    bench.does("AT+QIDEACT", "DEACT OK")
    front(bench, 1)
    assert b"ERROR" not in bench.asks(activation)

"""AT+QICSGP, QIACT, QIDEACT: sixteen contexts, three active (S 2.1.1 to 2.1.3, 2.2.5)."""

from __future__ import annotations

import pytest
from bg96_bench import (
    CLOSING,
    CONNECTED,
    INITIAL,
    LISTEN,
    LISTENING,
    LOCAL,
    OPENING,
    PORT,
    SERVER,
    SILENT,
    TRANSPARENT,
    Bench,
    said,
)
from vmodem.emulator.effects import Transport
from vmodem.emulator.engine import Modem
from vmodem.emulator.events import PdpRefusalChanged, PdpReleaseChanged


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def up() -> Bench:
    return Bench().up()


# ---- AT+QICSGP -----------------------------------------------------------------------------------


def test_a_context_never_configured(bench: Bench) -> None:
    for number in (1, 16):
        bench.does(f"AT+QICSGP={number}", '+QICSGP: 1,"","","",0', "OK")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ('1,"UNINET"', '1,"UNINET","","",0'),
        ('1,"UNINET","",""', '1,"UNINET","","",0'),
        ('1,"UNINET","u","p"', '1,"UNINET","u","p",0'),
        ('1,"UNINET","u","p",2', '1,"UNINET","u","p",2'),
        ('1,"UNINET","user", "pwd",3', '1,"UNINET","user","pwd",3'),  # Zephyr
        ('1,"UNINET","",1', '1,"UNINET","","",1'),  # as printed (item 21)
        ('1,""', '1,"","","",0'),
        (',"UNINET"', '1,"UNINET","","",0'),
    ],
)
def test_what_is_configured_can_be_read(bench: Bench, given: str, kept: str) -> None:
    bench.does(f"AT+QICSGP=1,{given}", "OK")
    bench.does("AT+QICSGP=1", f"+QICSGP: {kept}", "OK")
    bench.does("AT+QICSGP=2", '+QICSGP: 1,"","","",0', "OK")


def test_what_is_left_out_gets_its_default(bench: Bench) -> None:
    bench.does('AT+QICSGP=1,1,"A","u","p",3', "OK")
    bench.does('AT+QICSGP=1,1,"B"', "OK")
    bench.does("AT+QICSGP=1", '+QICSGP: 1,"B","","",0', "OK")


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "0",
        "17",
        '"1"',
        "1,0",
        "1,1",
        "1,3",
        '1,"1"',
        "1,1,UNINET",
        '1,1,"A","u"',
        '1,1,"A","u","p",4',
        '1,1,"A","u","p","1"',
        '1,1,"A","u","p",1,1',
        '1,1,"A","",1,1',
        '1,1,"A","",4',
        '1,1,"A",,,1',
        '1,1,"A",u,"p"',
        f'1,1,"{"x" * 128}"',
    ],
)
def test_bad_parameters(bench: Bench, arguments: str) -> None:
    bench.fails(f"AT+QICSGP={arguments}", 552)
    bench.does("AT+QICSGP=1", '+QICSGP: 1,"","","",0', "OK")


def test_ipv6_is_not_there_yet(bench: Bench) -> None:
    bench.fails('AT+QICSGP=1,2,"UNINET"', 555)


def test_an_active_context_is_not_configured(up: Bench) -> None:
    up.fails('AT+QICSGP=1,1,"OTHER"', 572)
    up.does("AT+QICSGP=1", '+QICSGP: 1,"UNINET","","",1', "OK")


# ---- AT+QIACT ------------------------------------------------------------------------------------


def test_the_active_ones_are_listed_in_order(bench: Bench) -> None:
    bench.does("AT+QIACT?", "OK")
    for number in (3, 1):
        bench.up(number)
    third = bench.asks("AT+QIACT?").split(b'"')[3].decode()
    bench.does("AT+QIACT?", f'+QIACT: 1,1,1,"{LOCAL[0]}"\n+QIACT: 3,1,1,"{third}"', "OK")
    assert third != LOCAL[0]


def test_three_contexts_and_no_fourth(bench: Bench) -> None:
    for number in (1, 2, 16):
        bench.up(number)
    bench.does('AT+QICSGP=4,1,"X"', "OK")
    bench.fails("AT+QIACT=4", 572)
    bench.does("AT+QIDEACT=2", "OK")
    bench.does("AT+QIACT=4", "OK")


def test_an_active_context_stays_active(up: Bench) -> None:
    link = up.tcp()
    up.does("AT+QIACT=1", "OK")
    assert up.state(0) == CONNECTED
    assert not link.gone


def test_without_an_apn(bench: Bench) -> None:
    bench.fails("AT+QIACT=1", 573)
    bench.does('AT+QICSGP=1,1,""', "OK")
    bench.does("AT+QIACT=1", "OK")


def test_a_refusing_network(bench: Bench) -> None:
    bench.does('AT+QICSGP=1,1,"X"', "OK")
    bench.sees(PdpRefusalChanged(True))
    bench.fails("AT+QIACT=1", 561)
    bench.does("AT+QIACT?", "OK")
    bench.sees(PdpRefusalChanged(False))
    bench.does("AT+QIACT=1", "OK")


def test_without_registration(bench: Bench) -> None:
    bench.does('AT+QICSGP=1,1,"X"', "OK")
    bench.registration(2)
    bench.fails("AT+QIACT=1", 561)


def test_while_it_is_pending_other_commands_wait() -> None:
    bench = Bench(pace=1.0)
    bench.does('AT+QICSGP=1,1,"X"', "OK")
    assert bench.types(b"AT+QIACT=1\rAT+QISDE?\r") == b""
    assert bench.waits(2.0) == said("OK", "+QISDE: 1", "OK")
    assert bench.types(b"AT+QIDEACT=1\rAT+QISDE?\r") == b""
    assert bench.waits(3.0) == said("OK", "+QISDE: 1", "OK")


@pytest.mark.parametrize("command", ["AT+QIACT", "AT+QIACT=", "AT+QIACT=0", "AT+QIACT=17", 'AT+QIACT="1"'])
def test_bad_activations(bench: Bench, command: str) -> None:
    bench.fails(command, 552)


# ---- AT+QIDEACT ----------------------------------------------------------------------------------


def test_it_takes_the_sockets_along_without_a_word(up: Bench) -> None:
    link = up.tcp(0)
    up.udp(3)
    up.serves(2)
    up.listens(1)
    accepted = up.accepts()
    up.up(2)
    up.does("AT+QIDEACT=1", "OK")
    assert up.world.take() == b""
    up.does("AT+QISTATE", "OK")
    up.does("AT+QIACT?", f'+QIACT: 2,1,1,"{LOCAL[1]}"', "OK")
    assert link.fin_received
    assert accepted.fin_received
    assert not up.net.listeners(Transport.TCP)
    up.does("AT+QIACT=1", "OK")
    up.tcp(0)


def test_an_inactive_context_is_given_up_too(bench: Bench) -> None:
    bench.does("AT+QIDEACT=1", "OK")
    bench.does("AT+QIDEACT=16", "OK")


def test_a_network_that_does_not_confirm(up: Bench) -> None:
    up.tcp()
    up.sees(PdpReleaseChanged(False))
    assert up.asks("AT+QIDEACT=1") == b""
    assert up.waits(39.9) == b""
    assert up.waits(0.2) == said("ERROR")
    assert up.error() == 562
    assert up.state(0) == CONNECTED
    up.sees(PdpReleaseChanged(True))
    up.does("AT+QIDEACT=1", "OK")


@pytest.mark.parametrize("command", ["AT+QIDEACT", "AT+QIDEACT?", "AT+QIDEACT=0", "AT+QIDEACT=17"])
def test_bad_deactivations(bench: Bench, command: str) -> None:
    bench.fails(command, 552)


# ---- the network takes a context away ------------------------------------------------------------


def test_everything_on_a_lost_context(up: Bench) -> None:
    link = up.tcp(0)
    up.udp(3)
    up.serves(2)
    up.listens(1)
    link.send(b"last words")
    up.settles()
    up.hears('+QIURC: "recv",0')
    assert up.loses_pdp(1) == said('+QIURC: "pdpdeact",1')
    up.does("AT+QIACT?", "OK")
    for number in range(4):
        assert up.state(number) == CLOSING
    for command in (
        "AT+QISEND=0",
        "AT+QISEND=0,5",
        f'AT+QISEND=2,5,"{SERVER}",9600',
        'AT+QISENDEX=0,"31"',
        "AT+QISWTMD=0,1",
        'AT+QICSGP=1,1,"X"',
    ):
        up.fails(command, 570)
    up.does(f'AT+QIOPEN=1,5,"TCP","{SERVER}",{PORT}', "OK", "+QIOPEN: 5,570")
    assert up.error() == 570
    up.fails(f'AT+QIOPEN=1,5,"TCP","{SERVER}",{PORT},0,2', 570)
    up.fails("AT+QIACT=1", 572)
    up.does("AT+QIRD=0", "+QIRD: 10\nlast words", "OK")
    up.does("AT+QICLOSE=3", "OK")
    assert up.state(3) == INITIAL
    up.does("AT+QIDEACT=1", "OK")
    up.does("AT+QISTATE", "OK")
    up.does("AT+QIACT=1", "OK")


def test_a_listener_is_gone_with_its_context(up: Bench) -> None:
    up.listens()
    assert up.state(1) == LISTENING
    up.loses_pdp(1)
    assert not up.net.listeners(Transport.TCP)
    with pytest.raises(ConnectionRefusedError):
        up.client(LISTEN)


def test_only_the_context_that_was_lost(up: Bench) -> None:
    up.up(2)
    up.does(f'AT+QIOPEN=2,7,"TCP","{SERVER}",{PORT}', "OK", "+QIOPEN: 7,0")
    up.tcp(0)
    assert up.loses_pdp(2) == said('+QIURC: "pdpdeact",2')
    assert (up.state(0), up.state(7)) == (CONNECTED, CLOSING)


def test_all_contexts_at_once(up: Bench) -> None:
    up.up(2)
    assert up.loses_pdp() == said('+QIURC: "pdpdeact",1', '+QIURC: "pdpdeact",2')


def test_while_a_connection_is_being_opened(up: Bench) -> None:
    up.does(f'AT+QIOPEN=1,0,"TCP","{SILENT}",{PORT}', "OK")
    assert up.state(0) == OPENING
    assert up.loses_pdp(1) == said("+QIOPEN: 0,570", '+QIURC: "pdpdeact",1')
    assert up.error() == 570
    assert up.state(0) == INITIAL


def test_while_a_transparent_connection_is_being_opened(up: Bench) -> None:
    assert up.asks(f'AT+QIOPEN=1,0,"TCP","{SILENT}",{PORT},0,2') == b""
    assert up.loses_pdp(1) == said("ERROR", '+QIURC: "pdpdeact",1')
    assert up.error() == 570


def test_in_data_mode(up: Bench) -> None:
    link = up.tcp(0, TRANSPARENT)
    link.send(b"abc")
    up.settles()
    assert up.world.take() == b"abc"
    assert up.loses_pdp(1) == said("NO CARRIER", '+QIURC: "pdpdeact",1')
    assert up.state(0) == CLOSING


def test_in_data_mode_of_another_context(up: Bench) -> None:
    up.up(2)
    up.tcp(0, TRANSPARENT)
    assert up.loses_pdp(2) == b""
    up.waits(1.0)
    up.types(b"+++")
    assert up.waits(1.0) == said("OK", '+QIURC: "pdpdeact",2')


def test_a_detach_loses_all_contexts_before_its_ok(up: Bench) -> None:
    up.does("AT+CGATT=0", '+QIURC: "pdpdeact",1', "OK")
    up.fails("AT+QIACT=1", 572)


def test_how_things_stand_for_people(up: Bench) -> None:
    modem = up.world.modem
    assert isinstance(modem, Modem)
    up.tcp(3)
    up.listens(1)
    assert list(modem.states) == ["context 1: ACTIVE", "socket 1: Listening", "socket 3: Connected"]
    up.loses_pdp(1)
    assert list(modem.states) == ["context 1: LOST", "socket 1: Closing", "socket 3: Closing"]
    up.does("AT+QIDEACT=1", "OK")
    assert not modem.states

"""AT+QIOPEN, QICLOSE and QISTATE: what is answered at once, what comes behind the OK (S 2.1.4 to 2.1.6)."""

from __future__ import annotations

import pytest
from bg96_bench import (
    CLIENT,
    CLOSING,
    CONNECTED,
    DEAD,
    INITIAL,
    LISTEN,
    LISTENING,
    LOCAL,
    OPENING,
    OTHER,
    PORT,
    PUSH,
    SERVER,
    SILENT,
    TRANSPARENT,
    UDP_LISTEN,
    UDP_PORT,
    Bench,
    said,
)
from vmodem.emulator.effects import Transport
from vmodem.emulator.events import Failure


@pytest.fixture
def bench() -> Bench:
    return Bench().up()


# ---- what is wrong at once -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "1",
        f'1,"TCP","{SERVER}",8009,0,1',  # S 3.9
        f'1,0,"TCP","{SERVER}"',
        f'0,0,"TCP","{SERVER}",80',
        f'17,0,"TCP","{SERVER}",80',
        f'1,12,"TCP","{SERVER}",80',
        f'1,"0","TCP","{SERVER}",80',
        f'1,0,TCP,"{SERVER}",80',
        f'1,0,"SCTP","{SERVER}",80',
        f'1,0,"TCP INCOMING","{SERVER}",80',
        f'1,0,"TCP",{SERVER},80',
        '1,0,"TCP","",80',
        f'1,0,"TCP","{SERVER}","80"',
        f'1,0,"TCP","{SERVER}",65536',
        f'1,0,"TCP","{SERVER}",80,65536',
        f'1,0,"TCP","{SERVER}",80,0,3',
        f'1,0,"TCP","{SERVER}",80,0,0,0',
        '1,0,"TCP LISTENER","127.0.0.1",0',
        '1,0,"TCP LISTENER","127.0.0.1",0,0',
        '1,0,"TCP LISTENER","127.0.0.2",0,2020',
        f'1,0,"TCP LISTENER","{SERVER}",0,2020',
        '1,0,"UDP SERVICE","127.0.0.1",0',
        f'1,0,"UDP SERVICE","{SERVER}",9600,3030',
    ],
)
def test_bad_parameters(bench: Bench, arguments: str) -> None:
    bench.fails(f"AT+QIOPEN={arguments}", 552)
    bench.does("AT+QISTATE", "OK")


@pytest.mark.parametrize("command", ["AT+QIOPEN", "AT+QIOPEN?"])
def test_forms_that_it_lacks(bench: Bench, command: str) -> None:
    bench.fails(command, 552)


@pytest.mark.parametrize(
    "arguments", ['1,0,"TCP","2001:db8::1",80', '1,0,"UDP SERVICE","127.0.0.1",0,3030,2']
)
def test_what_is_not_supported(bench: Bench, arguments: str) -> None:
    bench.fails(f"AT+QIOPEN={arguments}", 555)


def test_the_service_is_compared_without_case(bench: Bench) -> None:
    bench.does(f'AT+QIOPEN=1,0,"tcp","{SERVER}",{PORT}', "OK", "+QIOPEN: 0,0")
    bench.does("AT+QISTATE=1,0", f'+QISTATE: 0,"TCP","{SERVER}",{PORT},49152,2,1,0,0,"uart1"', "OK")


# ---- what comes late -----------------------------------------------------------------------------


def _late(bench: Bench, arguments: str, error: int) -> None:
    """The same fault behind OK, and (transparent) as ERROR; the connectID stays free."""
    bench.does(f"AT+QIOPEN={arguments}", "OK", f"+QIOPEN: 0,{error}")
    assert bench.error() == error
    bench.does("AT+QICLOSE=0", "OK")
    head = arguments if arguments.count(",") == 5 else arguments + ",0"
    bench.fails(f"AT+QIOPEN={head},2", error)
    assert bench.state(0) == INITIAL


def test_a_context_that_is_not_active(bench: Bench) -> None:
    _late(bench, f'2,0,"TCP","{SERVER}",{PORT}', 561)
    _late(bench, f'2,0,"UDP","{SERVER}",{PORT}', 561)


def test_a_server_that_refuses(bench: Bench) -> None:
    _late(bench, f'1,0,"TCP","{SERVER}",9', 566)


def test_a_server_that_cannot_be_reached(bench: Bench) -> None:
    _late(bench, f'1,0,"TCP","{DEAD}",{PORT}', 566)


def test_no_port_is_no_server(bench: Bench) -> None:
    _late(bench, f'1,0,"TCP","{SERVER}",0', 566)
    _late(bench, f'1,0,"UDP","{SERVER}",0', 566)


def test_a_name_that_does_not_exist(bench: Bench) -> None:
    _late(bench, '1,0,"TCP","no.such.host",80', 565)
    _late(bench, '1,0,"UDP","no.such.host",80', 565)


def test_a_local_port_that_one_of_its_own_sockets_has(bench: Bench) -> None:
    bench.does(f'AT+QIOPEN=1,5,"TCP","{OTHER}",{PORT},4000', "OK", "+QIOPEN: 5,0")
    _late(bench, f'1,0,"TCP","{SERVER}",{PORT},4000', 556)
    # the other protocol has ports of its own
    bench.does(f'AT+QIOPEN=1,0,"UDP","{SERVER}",{UDP_PORT},4000', "OK", "+QIOPEN: 0,0")


def test_a_host_without_sockets(bench: Bench) -> None:
    bench.net.no_sockets = Failure.NO_RESOURCES
    _late(bench, f'1,0,"TCP","{SERVER}",{PORT}', 554)


def test_a_local_port_that_somebody_else_has(bench: Bench) -> None:
    bench.net.occupy(Transport.TCP, 4000)
    _late(bench, f'1,0,"TCP","{SERVER}",{PORT},4000', 556)


@pytest.mark.parametrize(
    ("failure", "error"),
    [(Failure.ADDRESS_IN_USE, 556), (Failure.FORBIDDEN, 557), (Failure.NO_RESOURCES, 553)],
)
def test_a_listener_that_cannot_be_opened(bench: Bench, failure: Failure, error: int) -> None:
    bench.net.no_sockets = failure
    bench.does('AT+QIOPEN=1,0,"TCP LISTENER","127.0.0.1",0,2020', "OK", f"+QIOPEN: 0,{error}")
    assert bench.error() == error
    assert bench.state(0) == INITIAL
    bench.net.no_sockets = None
    bench.listens(0)


def test_no_answer_within_75_seconds(bench: Bench) -> None:
    bench.does(f'AT+QIOPEN=1,0,"TCP","{SILENT}",{PORT}', "OK")
    assert bench.waits(74.9) == b""
    assert bench.state(0) == OPENING
    assert bench.waits(0.2) == said("+QIOPEN: 0,566")
    assert bench.error() == 566
    assert bench.state(0) == INITIAL


def test_a_connect_id_in_use_in_any_state(bench: Bench) -> None:
    bench.does(f'AT+QIOPEN=1,3,"TCP","{SILENT}",{PORT}', "OK")
    link = bench.tcp(0)
    bench.listens(1)
    bench.serves(2)
    link.close()
    bench.settles()
    bench.hears('+QIURC: "closed",0')
    for number, state in ((0, CLOSING), (1, LISTENING), (2, CONNECTED), (3, OPENING)):
        assert bench.state(number) == state
        for service, host, port in (
            ("TCP", SERVER, PORT),
            ("UDP", SERVER, PORT),
            ("TCP LISTENER", "127.0.0.1", 0),
            ("UDP SERVICE", "127.0.0.1", 0),
        ):
            bench.does(
                f'AT+QIOPEN=1,{number},"{service}","{host}",{port},5000', "OK", f"+QIOPEN: {number},563"
            )
        assert bench.error() == 563
        assert bench.state(number) == state


def test_the_order_of_the_checks(bench: Bench) -> None:
    bench.tcp(0)
    bench.does(f'AT+QIOPEN=2,0,"TCP","{SERVER}",9', "OK", "+QIOPEN: 0,561")
    bench.does('AT+QIOPEN=1,0,"TCP","no.such.host",9', "OK", "+QIOPEN: 0,563")


def test_without_local_port_and_access_mode(bench: Bench) -> None:
    bench.does(f'AT+QIOPEN=1,0,"TCP","{SERVER}",{PORT}', "OK", "+QIOPEN: 0,0")


def test_by_name(bench: Bench) -> None:
    bench.does('AT+QIOPEN=1,0,"TCP","example.com",80', "OK", "+QIOPEN: 0,0")
    assert b'"TCP","93.184.216.34",80,' in bench.asks("AT+QISTATE=1,0")


def test_the_name_stands_in_the_list_while_it_is_asked_for() -> None:
    bench = Bench(pace=1.0)
    bench.does('AT+QICSGP=1,1,"X"', "OK")
    bench.asks("AT+QIACT=1")
    bench.waits(2.0)
    bench.does('AT+QIOPEN=1,0,"TCP","example.com",80', "OK")
    assert b'"TCP","example.com",80,0,1,1,0,0,' in bench.asks("AT+QISTATE=1,0")


def test_other_commands_work_while_a_connection_is_being_opened(bench: Bench) -> None:
    bench.does(f'AT+QIOPEN=1,0,"TCP","{SILENT}",{PORT}', "OK")
    bench.tcp(1)
    for command in ("AT+QISEND=0", "AT+QISEND=0,0", 'AT+QISENDEX=0,"31"', "AT+QIRD=0", "AT+QISWTMD=0,1"):
        bench.fails(command, 551)


def test_twelve_connections(bench: Bench) -> None:
    for number in range(12):
        bench.tcp(number)
    assert bench.asks("AT+QISTATE").count(b"+QISTATE: ") == 12


# ---- AT+QICLOSE ----------------------------------------------------------------------------------


def test_close_waits_for_the_peers_fin(bench: Bench) -> None:
    link = bench.tcp()
    link.ignore_fin()
    assert bench.asks("AT+QICLOSE=0") == b""
    assert link.fin_received
    assert bench.types(b"AT+QISDE?\r") == b""
    link.close()
    assert bench.waits(0.0) == said("OK", "+QISDE: 1", "OK")
    assert bench.state(0) == INITIAL


@pytest.mark.parametrize(("argument", "seconds"), [("", 10.0), (",3", 3.0), (",60", 60.0)])
def test_close_gives_up_in_time(bench: Bench, argument: str, seconds: float) -> None:
    link = bench.tcp()
    link.ignore_fin()
    assert bench.asks(f"AT+QICLOSE=0{argument}") == b""
    assert bench.waits(seconds - 0.1) == b""
    assert bench.waits(0.2) == said("OK")
    assert link.reset_received
    bench.tcp()


def test_close_without_waiting(bench: Bench) -> None:
    link = bench.tcp()
    link.ignore_fin()
    bench.does("AT+QICLOSE=0,0", "OK")
    assert link.fin_received
    bench.tcp()


def test_close_of_what_the_peer_has_closed(bench: Bench) -> None:
    link = bench.tcp()
    link.send(b"unread")
    link.close()
    bench.settles()
    bench.hears('+QIURC: "recv",0')
    bench.does("AT+QICLOSE=0", "OK")
    assert link.fin_received
    assert bench.waits(1.0) == b""  # no `closed` any more
    bench.fails("AT+QIRD=0", 552)


@pytest.mark.parametrize("number", [0, 11])
def test_close_of_what_is_not_open(bench: Bench, number: int) -> None:
    bench.does(f"AT+QICLOSE={number}", "OK")
    bench.does(f"AT+QICLOSE={number},5", "OK")


def test_close_while_opening(bench: Bench) -> None:
    bench.does(f'AT+QIOPEN=1,0,"TCP","{SILENT}",{PORT}', "OK")
    bench.does("AT+QICLOSE=0", "OK")
    assert bench.waits(100.0) == b""
    assert bench.state(0) == INITIAL


def test_close_while_a_name_is_asked_for(bench: Bench) -> None:
    bench.net.add_silent_name("slow.example")
    bench.does('AT+QIOPEN=1,0,"TCP","slow.example",80', "OK")
    bench.does("AT+QICLOSE=0", "OK")
    assert bench.waits(100.0) == b""


def test_close_of_a_listener_leaves_its_clients(bench: Bench) -> None:
    bench.listens()
    bench.accepts()
    bench.does("AT+QICLOSE=1", "OK")
    assert (bench.state(1), bench.state(11)) == (INITIAL, CONNECTED)
    with pytest.raises(ConnectionRefusedError):
        bench.client(LISTEN)
    bench.listens()


def test_close_of_udp_is_at_once(bench: Bench) -> None:
    bench.udp(0)
    bench.serves(2)
    bench.does("AT+QICLOSE=0", "OK")
    bench.does("AT+QICLOSE=2", "OK")
    bench.serves(2)


@pytest.mark.parametrize("arguments", ["", "12", "0,65536", '"0"', "0,-1", "0,1,1"])
def test_bad_closes(bench: Bench, arguments: str) -> None:
    bench.fails(f"AT+QICLOSE={arguments}", 552)


# ---- AT+QISTATE ----------------------------------------------------------------------------------


def test_the_list(bench: Bench) -> None:
    bench.up(2)
    bench.tcp(5, PUSH)
    bench.serves(2)
    bench.listens(1)
    client = bench.accepts()
    bench.does(f'AT+QIOPEN=2,0,"UDP","{SERVER}",{UDP_PORT},4444', "OK", "+QIOPEN: 0,0")
    first = f'+QISTATE: 0,"UDP","{SERVER}",{UDP_PORT},4444,2,2,0,0,"uart1"'
    rest = "\n".join(
        [
            f'+QISTATE: 1,"TCP LISTENER","{LOCAL[0]}",0,{LISTEN},3,1,1,0,"uart1"',
            f'+QISTATE: 2,"UDP SERVICE","{LOCAL[0]}",0,{UDP_LISTEN},2,1,2,0,"uart1"',
            f'+QISTATE: 5,"TCP","{SERVER}",{PORT},49152,2,1,5,1,"uart1"',
            f'+QISTATE: 11,"TCP INCOMING","{CLIENT}",{client.remote.port},{LISTEN},2,1,1,0,"uart1"',
        ]
    )
    bench.does("AT+QISTATE", f"{first}\n{rest}", "OK")
    bench.does("AT+QISTATE?", f"{first}\n{rest}", "OK")
    bench.does("AT+QISTATE=0,1", rest, "OK")
    bench.does("AT+QISTATE=0,2", first, "OK")
    bench.does("AT+QISTATE=0,3", "OK")
    bench.does("AT+QISTATE=1,0", first, "OK")
    bench.does("AT+QISTATE=1,4", "OK")


@pytest.mark.parametrize("arguments", ["", "0", "2,0", "0,0", "0,17", "1,12", '0,"1"', "0,1,1"])
def test_bad_questions(bench: Bench, arguments: str) -> None:
    bench.fails(f"AT+QISTATE={arguments}", 552)


# ---- the peer's end ------------------------------------------------------------------------------


@pytest.mark.parametrize("access", [0, PUSH])
@pytest.mark.parametrize("reset", [False, True])
def test_closed_by_the_peer(bench: Bench, access: int, reset: bool) -> None:
    link = bench.tcp(0, access)
    if reset:
        link.reset()
    else:
        link.close()
    bench.settles()
    bench.hears('+QIURC: "closed",0')
    assert bench.state(0) == CLOSING
    assert not link.fin_received
    bench.does("AT+QICLOSE=0", "OK")
    assert bench.state(0) == INITIAL
    bench.tcp(0)


def test_closed_waits_for_a_host_that_reads(bench: Bench) -> None:
    link = bench.tcp()
    link.send(b"abcdef")
    link.close()
    bench.settles()
    bench.hears('+QIURC: "recv",0')
    assert bench.state(0) == CLOSING
    bench.does("AT+QIRD=0,4", "+QIRD: 4\nabcd", "OK")
    bench.does("AT+QIRD=0,4", "+QIRD: 2\nef", "OK", '+QIURC: "closed",0')
    bench.does("AT+QIRD=0,4", "+QIRD: 0", "OK")


def test_closed_does_not_wait_for_ever(bench: Bench) -> None:
    link = bench.tcp()
    link.send(b"abcdef")
    link.close()
    bench.settles()
    bench.hears('+QIURC: "recv",0')
    assert bench.waits(0.4) == b""
    assert bench.waits(0.2) == said('+QIURC: "closed",0')
    bench.does("AT+QIRD=0", "+QIRD: 6\nabcdef", "OK")
    bench.fails("AT+QISEND=0,1", 567)


def test_a_connect_id_used_again_hears_nothing_of_the_connection_before(bench: Bench) -> None:
    first = bench.tcp()
    first.send(b"unread")
    first.close()
    bench.settles()
    bench.hears('+QIURC: "recv",0')
    bench.does("AT+QICLOSE=0", "OK")
    second = bench.tcp()
    second.send(b"new")
    second.close()
    bench.settles()
    bench.hears('+QIURC: "recv",0')
    bench.does("AT+QIRD=0", "+QIRD: 3\nnew", "OK", '+QIURC: "closed",0')
    assert bench.waits(2.0) == b""


# ---- listening -----------------------------------------------------------------------------------


def test_clients_from_the_top_down(bench: Bench) -> None:
    bench.listens()
    first = bench.accepts(11)
    bench.accepts(10)
    bench.tcp(9)
    bench.accepts(8)
    first.close()
    bench.settles()
    bench.hears('+QIURC: "closed",11')
    bench.accepts(7)  # 11 is not free before QICLOSE
    bench.does("AT+QICLOSE=11", "OK")
    bench.accepts(11)


def test_several_listeners(bench: Bench) -> None:
    bench.listens(1)
    bench.listens(4, PUSH, 2021)
    bench.accepts(11, 1)
    other = bench.net.connect_client(2021, CLIENT)
    bench.settles()
    bench.hears(f'+QIURC: "incoming",10,4,"{CLIENT}",{other.remote.port}')
    other.send(b"pushed")
    bench.settles()
    bench.hears('+QIURC: "recv",10,6\npushed')
    bench.does(
        "AT+QISTATE=1,10",
        f'+QISTATE: 10,"TCP INCOMING","{CLIENT}",{other.remote.port},2021,2,1,4,1,"uart1"',
        "OK",
    )


def test_a_client_too_many_is_told_each_time(bench: Bench) -> None:
    bench.listens()
    for number in range(11, -1, -1):
        if number != 1:
            bench.accepts(number)
    for _ in range(2):
        refused = bench.client(LISTEN)
        bench.hears('+QIURC: "incoming full"')
        assert refused.reset_received
    bench.does("AT+QICLOSE=5", "OK")
    bench.accepts(5)


def test_a_listener_of_another_mode_for_clients_to_come(bench: Bench) -> None:
    bench.listens()
    before = bench.accepts(11)
    bench.does("AT+QISWTMD=1,1", "OK")
    after = bench.accepts(10)
    for link in (before, after):
        link.send(b"x")
        bench.settles()
    bench.hears('+QIURC: "recv",11', '+QIURC: "recv",10,1\nx')


def test_a_transparent_listener(bench: Bench) -> None:
    bench.listens(1, TRANSPARENT)
    client = bench.client(LISTEN)
    remote = client.remote
    bench.hears(f'+QIURC: "incoming",11,1,"{remote.host}",{remote.port}', "CONNECT")
    bench.types(b"to the client")
    bench.waits(0.3)
    assert client.received == b"to the client"
    # a second one meanwhile is served in buffer mode
    second = bench.client(LISTEN)
    second.send(b"buffered")
    bench.settles()
    assert bench.world.take() == b""
    bench.waits(1.0)
    bench.types(b"+++")
    remote = second.remote
    assert bench.waits(1.0) == said(
        "OK", f'+QIURC: "incoming",10,1,"{remote.host}",{remote.port}', '+QIURC: "recv",10'
    )

"""QISERVER, QILPORT, QISRVC: the digest's sections 3 and 7, TCP and UDP, single and several connections."""

from __future__ import annotations

import pytest
from mxx_bench import (
    CLIENT,
    ESC,
    LOCAL,
    OTHER,
    PORT,
    PROMPT,
    SECOND,
    SERVER,
    SILENT,
    TCP_PORT,
    UDP_LISTEN,
    Bench,
    in_single_state,
    said,
)
from vmodem.emulator.effects import Transport
from vmodem.emulator.events import PdpRefusalChanged


@pytest.fixture
def server() -> Bench:
    return in_single_state("IP STATUS (listening)")


@pytest.fixture
def multi() -> Bench:
    bench = Bench().multi()
    bench.listens("=0,5")
    return bench


# ---- ports --------------------------------------------------------------------------------------------


def test_qilport() -> None:
    bench = Bench()
    bench.does("AT+QILPORT?", "TCP: 0\nUDP: 0", "OK")
    bench.does(f'AT+QILPORT="TCP",{TCP_PORT}', "OK")
    bench.does(f'AT+QILPORT="udp","{UDP_LISTEN}"', "OK")
    bench.does("AT+QILPORT?", "TCP: 2020\nUDP: 3030", "OK")
    for wrong in ('"TCP",65536', '"TCP"', '"X",1', "1", '"TCP",1,1'):
        bench.does(f"AT+QILPORT={wrong}", "ERROR")


def test_a_free_port_is_shown_while_it_is_listened_on() -> None:
    bench = Bench().single()
    bench.does("AT+QISERVER", "OK", "SERVER OK")
    (local,) = bench.net.listeners(Transport.TCP)
    assert local.port > 0
    bench.does("AT+QILPORT?", f"TCP: {local.port}\nUDP: 0", "OK")
    bench.client(local.port)
    bench.hears(f"REMOTE IP: {CLIENT}")
    for _ in range(2):
        bench.does("AT+QICLOSE", "CLOSE OK")
    bench.does("AT+QILPORT?", "TCP: 0\nUDP: 0", "OK")


def test_a_new_port_counts_for_the_next_listener(server: Bench) -> None:
    server.does('AT+QILPORT="TCP",5000', "OK")
    server.accepts().close()
    server.settles()
    server.hears("CLOSED")
    server.does("AT+QICLOSE", "CLOSE OK")
    server.does("AT+QISERVER", "OK", "SERVER OK")
    assert [local.port for local in server.net.listeners(Transport.TCP)] == [5000]


def test_a_port_that_is_taken() -> None:
    bench = Bench().single()
    bench.net.occupy(Transport.TCP, TCP_PORT)
    bench.does(f'AT+QILPORT="TCP",{TCP_PORT}', "OK")
    bench.does("AT+QISERVER", "ERROR")
    assert bench.state() == "IP STATUS"
    assert bench.server_state() == "INITIAL"


def test_a_port_that_is_taken_brings_nothing_up() -> None:
    bench = Bench()
    bench.net.occupy(Transport.TCP, TCP_PORT)
    bench.does(f'AT+QILPORT="TCP",{TCP_PORT}', "OK")
    bench.does("AT+QISERVER", "ERROR")
    assert bench.waits(20.0) == b""
    assert bench.state() == "IP INITIAL"


# ---- a single connection ------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "kind"), [("", 0), ("=0", 0), ("=1", 1), ("=0,3", 0), ("=1,5", 1)], ids=str)
def test_the_read_form(form: str, kind: int) -> None:
    bench = Bench().single()
    bench.does("AT+QISERVER?", "OK")
    bench.listens(form)
    bench.does("AT+QISERVER?", f"+QISERVER: {kind},1", "OK")
    transport = Transport.UDP if kind else Transport.TCP
    assert [a.port for a in bench.net.listeners(transport)] == [UDP_LISTEN if kind else TCP_PORT]
    bench.does("AT+QISERVER", "ERROR")
    bench.does("AT+QICLOSE", "CLOSE OK")
    bench.does("AT+QISERVER?", "OK")


def test_the_order_of_closing_of_the_note() -> None:
    """S 3.2 step 4: the client, the listener, the link of the client role, the context."""
    bench = in_single_state("CONNECT OK (listening)")
    client = bench.accepts()
    remote = bench.net.connections[0]
    bench.does("AT+QISRVC=2", "OK")
    bench.does("AT+QICLOSE", "CLOSE OK")
    assert client.fin_received
    assert bench.server_state() == "LISTENNING"
    bench.does("AT+QICLOSE", "CLOSE OK")
    assert bench.server_state() == "INITIAL"
    bench.does("AT+QICLOSE", "ERROR")
    assert not remote.fin_received
    assert bench.state() == "CONNECT OK"
    bench.does("AT+QISRVC=1", "OK")
    bench.does("AT+QICLOSE", "CLOSE OK")
    assert remote.fin_received
    assert bench.state() == "IP CLOSE"
    bench.does("AT+QIDEACT", "DEACT OK")
    assert bench.state() == "IP INITIAL"


def test_qisrvc_chooses_the_link() -> None:
    bench = in_single_state("CONNECT OK (listening)")
    client = bench.accepts()
    remote = bench.net.connections[0]
    bench.does("AT+QISRVC=2", "OK")
    bench.sends(b"to the client")
    bench.does("AT+QISACK", "+QISACK: 13, 13, 0", "OK")
    bench.does("AT+QISRVC=1", "OK")
    bench.sends(b"to the server")
    bench.sends(b"!")
    bench.does("AT+QISACK", "+QISACK: 14, 14, 0", "OK")
    assert bytes(client.received) == b"to the client"
    assert bytes(remote.received) == b"to the server!"


def test_before_qisrvc_is_written_the_module_chooses() -> None:
    bench = in_single_state("IP STATUS (client accepted)")
    bench.does("AT+QISRVC?", "+QISRVC: 1", "OK")
    client = bench.net.connections[0]
    bench.sends(b"one")
    assert bytes(client.received) == b"one"
    remote = bench.tcp()
    bench.sends(b"two")
    assert bytes(remote.received) == b"two"
    bench.does("AT+QISACK", "+QISACK: 3, 3, 0", "OK")
    bench.does("AT+QICLOSE", "CLOSE OK")
    assert remote.fin_received
    bench.sends(b"three")
    assert bytes(client.received) == b"onethree"
    bench.does("AT+QICLOSE", "CLOSE OK")
    assert client.fin_received
    assert bench.server_state() == "LISTENNING"
    bench.does("AT+QICLOSE", "CLOSE OK")
    assert bench.server_state() == "INITIAL"
    bench.does("AT+QICLOSE", "ERROR")


def test_once_written_qisrvc_is_strict() -> None:
    bench = in_single_state("IP STATUS (client accepted)")
    bench.does("AT+QISRVC=1", "OK")
    for command in ("AT+QISEND", "AT+QISEND=5", "AT+QISACK", "AT+QICLOSE"):
        bench.does(command, "ERROR")
    bench.does("AT+QISRVC=2", "OK")
    bench.sends(b"hello")
    bench.does("AT+QICLOSE", "CLOSE OK")
    bench.tcp()
    for command in ("AT+QISEND", "AT+QISEND=5", "AT+QISACK"):
        bench.does(command, "ERROR")
    bench.does("AT+QICLOSE", "CLOSE OK")  # the listener
    bench.does("AT+QICLOSE", "ERROR")
    assert bench.state() == "CONNECT OK"


def test_a_second_client_is_refused_until_the_first_has_left(server: Bench) -> None:
    first = server.accepts()
    second = server.client(host=SECOND)
    server.hears()
    assert second.reset_received
    first.close()
    server.settles()
    server.hears("CLOSED")
    server.accepts(host=SECOND)
    assert server.state() == "IP STATUS"


def test_the_data_of_both_links_is_pushed_raw_and_told_apart_by_qishowra() -> None:
    bench = in_single_state("CONNECT OK (listening)")
    client = bench.accepts()
    remote = bench.net.connections[0]
    bench.arrives(client, b"a")
    bench.arrives(remote, b"b")
    bench.hears(b"ab")
    bench.does("AT+QISHOWRA=1", "OK")
    bench.arrives(client, b"a")
    bench.hears(f"RECV FROM:{CLIENT}:{client.remote.port}", b"a")
    bench.arrives(remote, b"b")
    bench.hears(f"RECV FROM:{SERVER}:{PORT}", b"b")


def test_the_client_link_closes_and_the_server_goes_on() -> None:
    bench = in_single_state("CONNECT OK (listening)")
    client = bench.accepts()
    bench.net.connections[0].close()
    bench.settles()
    bench.hears("CLOSED")
    assert bench.state() == "IP CLOSE"
    bench.sends(b"still here")
    assert bytes(client.received) == b"still here"
    client.close()
    bench.settles()
    bench.hears("CLOSED")
    assert bench.state() == "IP CLOSE"
    assert bench.server_state() == "LISTENNING"


def test_qideact_and_pdp_loss_end_the_listener(server: Bench) -> None:
    client = server.accepts()
    server.does("AT+QIDEACT", "DEACT OK")
    assert client.fin_received
    assert not server.net.listeners(Transport.TCP)
    server.single()
    server.listens()
    client = server.accepts()
    assert server.loses_pdp() == said("+PDP DEACT")
    assert client.reset_received
    assert not server.net.listeners(Transport.TCP)


def test_the_context_comes_up_first() -> None:
    bench = Bench(timings={"activate": 3.0})
    bench.does(f'AT+QILPORT="TCP",{TCP_PORT}', "OK")
    bench.does("AT+QISERVER", "OK")
    assert bench.state() == "IP IND"
    assert bench.server_state() == "OPENING"
    assert bench.client().reset_received
    bench.does("AT+QISERVER", "ERROR")
    bench.does("AT+QICLOSE", "ERROR")
    assert bench.waits(3.0) == said("SERVER OK")
    bench.accepts()
    bench.does("AT+QILOCIP", LOCAL[0])


def test_a_context_refused() -> None:
    bench = Bench()
    bench.sees(PdpRefusalChanged(True))
    bench.does("AT+QISERVER", "OK", "+PDP DEACT")
    assert bench.state() == "PDP DEACT"
    assert not bench.net.listeners(Transport.TCP)
    bench.does("AT+QISERVER", "ERROR")


def test_after_qiact_the_address_must_have_been_read() -> None:
    bench = in_single_state("IP GPRSACT")
    bench.does("AT+QISERVER", "ERROR")
    bench.does("AT+QILOCIP", LOCAL[0])
    bench.does("AT+QISERVER", "OK", "SERVER OK")


def test_esc_at_the_prompt_of_an_accepted_link() -> None:
    bench = in_single_state("IP STATUS (client accepted)")
    bench.does("AT+QISEND", PROMPT)
    assert bench.types(b"x" + ESC) == said("SEND FAIL")


# ---- UDP ----------------------------------------------------------------------------------------------


def test_a_udp_client_exists_with_its_first_datagram() -> None:
    bench = Bench().single()
    bench.listens("=1")
    bench.does("AT+QISEND", "ERROR")
    far, stranger = bench.net.udp(CLIENT, 4000), bench.net.udp(SECOND, 4000)
    far.send(b"hello", UDP_LISTEN)
    bench.settles()
    bench.hears(f"REMOTE IP: {CLIENT}", b"hello")
    stranger.send(b"dropped", UDP_LISTEN)
    bench.net.udp(CLIENT, 4001).send(b"another port", UDP_LISTEN)
    bench.settles()
    bench.hears()
    bench.sends(b"answer")
    assert [datagram.data for datagram in far.received] == [b"answer"]
    bench.does("AT+QISACK", "+QISACK: 6, 0, 0", "OK")
    far.send(b"more", UDP_LISTEN)
    bench.settles()
    bench.hears(b"more")
    bench.does("AT+QICLOSE", "CLOSE OK")
    stranger.send(b"now", UDP_LISTEN)
    bench.settles()
    bench.hears(f"REMOTE IP: {SECOND}", b"now")


def test_every_sender_is_a_client_of_several_connections() -> None:
    bench = Bench().multi()
    bench.listens("=1,2")
    for number, host in enumerate((CLIENT, SECOND)):
        bench.net.udp(host, 4000).send(b"hi", UDP_LISTEN)
        bench.settles()
        bench.hears(f"{number}, REMOTE IP: {host}", f"+RECEIVE: {number}, 2", b"hi")
    bench.net.udp("10.76.40.75", 4000).send(b"one too many", UDP_LISTEN)
    bench.settles()
    bench.hears()
    bench.does("AT+QISRVC=2", "OK")
    bench.sends(b"x", 1)
    assert [d.data for d in bench.net.udp(SECOND, 4000).received] == [b"x"]
    bench.does("AT+QISACK=1", "+QISACK: 1, 0, 0", "OK")
    bench.does("AT+QICLOSE=0", "0, CLOSE OK")
    bench.net.udp("10.76.40.75", 4000).send(b"now", UDP_LISTEN)
    bench.settles()
    bench.hears("0, REMOTE IP: 10.76.40.75", "+RECEIVE: 0, 3", b"now")


# ---- several connections ------------------------------------------------------------------------------


def test_clients_take_the_lowest_free_index(multi: Bench) -> None:
    clients = [multi.accepts(number, f"10.76.40.{number}") for number in range(3)]
    multi.tcp(4)
    multi.accepts(3, "10.76.40.3")
    clients[1].close()
    multi.settles()
    multi.hears("1, CLOSED")
    multi.accepts(1, "10.76.40.9")


@pytest.mark.parametrize("most", [1, 2, 5])
def test_clients_above_the_limit_are_refused(most: int) -> None:
    bench = Bench().multi()
    bench.listens(f"=0,{most}")
    bench.does("AT+QISERVER?", f"+QISERVER: 0,{most}", "OK")
    clients = [bench.accepts(number, f"10.76.40.{number}") for number in range(most)]
    assert bench.client(host="10.76.40.9").reset_received
    bench.hears()
    clients[0].close()
    bench.settles()
    bench.hears("0, CLOSED")
    bench.accepts(0)


def test_without_a_limit_there_are_five(multi: Bench) -> None:
    multi.does("AT+QICLOSE", "CLOSE OK")
    multi.does("AT+QISERVER=0", "OK", "SERVER OK")
    multi.does("AT+QISERVER?", "+QISERVER: 0,5", "OK")


@pytest.mark.parametrize("own", range(6))
def test_five_in_all_while_listening(multi: Bench, own: int) -> None:
    for number in range(5, 5 - own, -1):
        multi.tcp(number)
    for number in range(5 - own):
        multi.accepts(number, f"10.76.40.{number}")
    assert multi.client(host="10.76.40.9").reset_received
    multi.hears()
    if own:
        free = 5 - own
        multi.does(f'AT+QIOPEN={free},"TCP","{OTHER}",{PORT}', "OK", f"{free}, CONNECT FAIL")
    multi.does("AT+QICLOSE", "CLOSE OK")
    free = 5 - own
    multi.tcp(free, OTHER)  # the sixth, now that nothing listens


def test_links_that_are_being_opened_count_too(multi: Bench) -> None:
    for number in (5, 4):
        multi.does(f'AT+QIOPEN={number},"TCP","{SILENT}",{PORT}', "OK")
    for number in range(3):
        multi.accepts(number, f"10.76.40.{number}")
    assert multi.client(host="10.76.40.9").reset_received
    multi.does(f'AT+QIOPEN=3,"TCP","{OTHER}",{PORT}', "OK", "3, CONNECT FAIL")
    multi.does("AT+QISRVC=2", "OK")
    multi.does("AT+QISACK=5", "ERROR")
    multi.does("AT+QICLOSE=5", "ERROR")
    multi.does("AT+QISACK=3", "+QISACK: 0, 0, 0", "OK")


def test_six_links_of_its_own_leave_no_room_for_a_client() -> None:
    bench = Bench().multi()
    for number in range(6):
        bench.tcp(number)
    bench.listens("=0,5")
    assert bench.client().reset_received
    bench.hears()


def test_closing_the_listener_keeps_the_clients(multi: Bench) -> None:
    client = multi.accepts(0)
    multi.does("AT+QISRVC=2", "OK")
    multi.does("AT+QICLOSE", "CLOSE OK")
    assert multi.server_state() == "INITIAL"
    multi.does("AT+QICLOSE", "ERROR")
    multi.sends(b"still here", 0)
    assert bytes(client.received) == b"still here"
    multi.does("AT+QICLOSE=0", "0, CLOSE OK")


def test_qisrvc_names_the_role_of_an_index(multi: Bench) -> None:
    client = multi.accepts(0)
    remote = multi.tcp(3)
    multi.sends(b"a", 0)
    multi.sends(b"b", 3)
    multi.does("AT+QISRVC=2", "OK")
    multi.sends(b"c", 0)
    for command in ("AT+QISEND=3", "AT+QISEND=3,5", "AT+QISACK=3", "AT+QICLOSE=3"):
        multi.does(command, "ERROR")
    multi.does("AT+QISACK=0", "+QISACK: 2, 2, 0", "OK")
    multi.does("AT+QISACK=5", "+QISACK: 0, 0, 0", "OK")
    multi.does("AT+QISRVC=1", "OK")
    multi.sends(b"d", 3)
    for command in ("AT+QISEND=0", "AT+QISEND=0,5", "AT+QISACK=0", "AT+QICLOSE=0", "AT+QICLOSE"):
        multi.does(command, "ERROR")
    assert bytes(client.received) == b"ac"
    assert bytes(remote.received) == b"bd"


def test_accepted_clients_are_listed_like_others(multi: Bench) -> None:
    client = multi.accepts(0)
    multi.tcp(3)
    unused = {n: f'+QISTATE: {n},"","",,"INITIAL"' for n in range(6)}
    unused[0] = f'+QISTATE: 0,"TCP","{CLIENT}",{client.remote.port},"CONNECTED"'
    unused[3] = f'+QISTATE: 3,"TCP","{SERVER}",{PORT},"CONNECTED"'
    multi.does("AT+QISTATE", "OK", "STATE: IP PROCESSING", "\n".join(unused.values()))


def test_many_clients_one_after_the_other(multi: Bench) -> None:
    for _ in range(200):
        client = multi.accepts(0)
        client.send(b"x")
        client.close()
        multi.settles()
        multi.hears("+RECEIVE: 0, 1", b"x", "0, CLOSED")

"""Received data: four headers in every mixture, or kept for AT+QIRD; nothing is lost."""

from __future__ import annotations

from itertools import product

import pytest
from mxx_bench import (
    CLIENT,
    LOCAL,
    OTHER,
    PORT,
    PROMPT,
    SERVER,
    UDP_LISTEN,
    UDP_PORT,
    Bench,
    in_single_state,
    said,
)
from vmodem.emulator.events import OutputBlocked, OutputReady
from vmodem.netstack.memory import MemoryConnection

LIMIT = 16384
"""Bytes that a link holds before its window closes (assumed, Limits.receive_buffer)."""


def fetching(notify: int = 1) -> tuple[Bench, MemoryConnection]:
    bench = in_single_state("IP INITIAL", 0, f"AT+QINDI={notify}")
    return bench, bench.single().tcp()


# ---- pushed -------------------------------------------------------------------------------------------


def test_raw_bytes_of_any_value_pass() -> None:
    bench = Bench().single()
    data = bytes(range(256)) * 2
    bench.arrives(bench.tcp(), data)
    bench.hears(data)


@pytest.mark.parametrize("switches", list(product((0, 1), repeat=4)))
@pytest.mark.parametrize("udp", [False, True], ids=["TCP", "UDP"])
def test_every_mixture_of_headers(switches: tuple[int, int, int, int], udp: bool) -> None:
    head, protocol, remote, local = switches
    bench = Bench().single()
    bench.does(f"AT+QIHEAD={head};+QISHOWPT={protocol};+QISHOWRA={remote};+QISHOWLA={local}", "OK")
    bench.arrives(bench.udp() if udp else bench.tcp(), b"Hello")
    blocks: list[str | bytes] = []
    if remote:
        blocks.append(f"RECV FROM:{SERVER}:{UDP_PORT if udp else PORT}")
    if local:
        blocks.append(f"TO:{LOCAL[0]}")
    name = ("UDP" if udp else "TCP") if protocol else ""
    blocks.append(f"IPD5{name}:Hello".encode() if head else b"Hello")
    bench.hears(*blocks)


@pytest.mark.parametrize("switches", list(product((0, 1), repeat=4)))
def test_every_mixture_with_several_connections(switches: tuple[int, int, int, int]) -> None:
    head, protocol, remote, local = switches
    bench = Bench().multi()
    bench.does(f"AT+QIHEAD={head};+QISHOWPT={protocol};+QISHOWRA={remote};+QISHOWLA={local}", "OK")
    bench.arrives(bench.tcp(4), b"Hello")
    blocks: list[str | bytes] = []
    if remote:
        blocks.append(f"RECV FROM:{SERVER}:{PORT}")
    if local:
        blocks.append(f"TO:{LOCAL[0]}")
    blocks.append("+RECEIVE: 4, 5")
    # No effect of QISHOWPT with several connections (contradiction 21).
    blocks.append(b"IPD5:Hello" if head else b"Hello")
    bench.hears(*blocks)


@pytest.mark.parametrize("kind", [0, 1], ids=["TCP", "UDP"])
def test_headers_of_a_server(kind: int) -> None:
    bench = Bench().single()
    bench.listens(f"={kind}")
    bench.does("AT+QIHEAD=1;+QISHOWPT=1;+QISHOWRA=1", "OK")
    if kind:
        port = 4000
        bench.net.udp(CLIENT, port).send(b"hi", UDP_LISTEN)
        bench.settles()
    else:
        client = bench.client()
        port = client.remote.port
        bench.arrives(client, b"hi")
    protocol = "UDP" if kind else "TCP"
    bench.hears(f"REMOTE IP: {CLIENT}", f"RECV FROM:{CLIENT}:{port}", f"IPD2{protocol}:hi".encode())


def test_one_header_for_each_block() -> None:
    bench = in_single_state("IP INITIAL", 0, "AT+QIHEAD=1")
    peer = bench.single().tcp()
    bench.arrives(peer, b"one", b"three")
    bench.hears(b"IPD3:one", b"IPD5:three")
    bench.arrives(peer, b"x" * 3000)
    bench.hears(b"IPD1460:" + b"x" * 1460, b"IPD1460:" + b"x" * 1460, b"IPD80:" + b"x" * 80)


def test_headers_take_effect_at_once_on_open_links() -> None:
    bench = Bench().single()
    peer = bench.tcp()
    bench.arrives(peer, b"a")
    bench.hears(b"a")
    bench.does("AT+QIHEAD=1", "OK")
    bench.arrives(peer, b"b")
    bench.hears(b"IPD1:b")
    bench.does("AT+QIHEAD=0", "OK")
    bench.arrives(peer, b"c")
    bench.hears(b"c")


def test_data_of_several_links_and_urcs_keep_their_order_while_the_line_is_busy() -> None:
    bench = Bench().multi()
    first, second = bench.tcp(0), bench.tcp(1, OTHER)
    bench.does("AT+QISEND=0,1", PROMPT)
    bench.arrives(first, b"a1", b"a2")
    bench.arrives(second, b"b1")
    second.close()
    bench.settles()
    bench.arrives(first, b"a3")
    bench.hears()
    assert bench.types(b"x") == said(
        "SEND OK",
        *("+RECEIVE: 0, 2", b"a1"),
        *("+RECEIVE: 0, 2", b"a2"),
        *("+RECEIVE: 1, 2", b"b1"),
        "1, CLOSED",
        *("+RECEIVE: 0, 2", b"a3"),
    )


def test_a_full_receive_buffer_closes_the_window_and_loses_nothing() -> None:
    bench = Bench().single()
    peer = bench.tcp()
    bench.sees(OutputBlocked())
    data = bytes(index % 251 for index in range(5 * LIMIT))
    peer.send(data, segment=1000)
    peer.close()
    bench.settles()
    bench.hears()
    assert bench.sees(OutputReady()) == data + said("CLOSED")


def test_only_the_peer_of_a_udp_link_is_heard() -> None:
    bench = Bench().single()
    peer = bench.udp()
    bench.sends(b"?")
    port = peer.received[0].source.port
    bench.net.udp("10.78.103.220", 5678).send(b"stranger", port)
    bench.net.udp(SERVER, 5678).send(b"other port", port)
    peer.send(b"peer", port)
    bench.settles()
    bench.hears(b"peer")


# ---- notified and fetched -----------------------------------------------------------------------------


def test_the_notice_comes_once_until_the_buffer_was_read_empty() -> None:
    bench, peer = fetching()
    bench.arrives(peer, b"hello ")
    bench.hears("+QIRDI: 0,1,0")
    bench.arrives(peer, b"world")
    bench.hears()
    bench.does("AT+QIRD=0,1,0,1024", f"+QIRD: {SERVER}:{PORT},TCP,11", b"hello world", "OK")
    bench.does("AT+QIRD=0,1,0,1024", "OK")
    bench.arrives(peer, b"again")
    bench.hears("+QIRDI: 0,1,0")
    bench.does("AT+QIRD=0,1,0,3", f"+QIRD: {SERVER}:{PORT},TCP,3", b"aga", "OK")
    bench.arrives(peer, b"!")
    bench.hears()
    bench.does("AT+QIRD=0,1,0,3", f"+QIRD: {SERVER}:{PORT},TCP,3", b"in!", "OK")


def test_every_arrival_is_told_with_its_figures() -> None:
    bench, peer = fetching(2)
    for size, figures in ((1332, "1,1332,1332"), (1359, "2,1359,2691"), (2, "3,2,2693")):
        bench.arrives(peer, b"x" * size)
        bench.hears(f"+QIRDI: 0,1,0,{figures}")
    bench.does("AT+QIRD=0,1,0,1500", f"+QIRD: {SERVER}:{PORT},TCP,1500", b"x" * 1500, "OK")
    bench.arrives(peer, b"yy")
    bench.hears("+QIRDI: 0,1,0,4,2,1195")
    bench.does("AT+QIRD=0,1,0,1500", f"+QIRD: {SERVER}:{PORT},TCP,1195", b"x" * 1193 + b"yy", "OK")
    bench.arrives(peer, b"z")
    bench.hears("+QIRDI: 0,1,0,1,1,1")


def test_lengths() -> None:
    bench, peer = fetching()
    data = bytes(index % 251 for index in range(4000))
    bench.arrives(peer, data)
    bench.hears("+QIRDI: 0,1,0")
    bench.does("AT+QIRD=0,1,0,1", f"+QIRD: {SERVER}:{PORT},TCP,1", data[:1], "OK")
    bench.does("AT+QIRD=0,1,0,1500", f"+QIRD: {SERVER}:{PORT},TCP,1500", data[1:1501], "OK")
    for wrong in ("0,1,0,0", "0,1,0,1501", "0,3,0,1", "0,0,0,1", "2,1,0,1", "0,1,6,1", "0,1,0", "0,1,1,10"):
        bench.does(f"AT+QIRD={wrong}", "ERROR")
    bench.does("AT+QIRD=0,1,0,1500", f"+QIRD: {SERVER}:{PORT},TCP,1500", data[1501:3001], "OK")
    bench.does("AT+QIRD=0,1,0,1500", f"+QIRD: {SERVER}:{PORT},TCP,999", data[3001:], "OK")


def test_headers_do_not_apply_to_what_is_fetched() -> None:
    bench, peer = fetching()
    bench.does("AT+QIHEAD=1;+QISHOWPT=1;+QISHOWRA=1;+QISHOWLA=1", "OK")
    bench.arrives(peer, b"hello")
    bench.hears("+QIRDI: 0,1,0")
    bench.does("AT+QIRD=0,1,0,100", f"+QIRD: {SERVER}:{PORT},TCP,5", b"hello", "OK")


def test_a_datagram_at_a_time() -> None:
    bench = in_single_state("IP INITIAL", 0, "AT+QINDI=2")
    far = bench.single().udp()
    bench.arrives(far, b"first", b"second")
    bench.hears("+QIRDI: 0,1,0,1,5,5", "+QIRDI: 0,1,0,2,6,11")
    bench.does("AT+QIRD=0,1,0,3", f"+QIRD: {SERVER}:{UDP_PORT},UDP,3", b"fir", "OK")
    bench.does("AT+QIRD=0,1,0,1500", f"+QIRD: {SERVER}:{UDP_PORT},UDP,2", b"st", "OK")
    bench.does("AT+QIRD=0,1,0,1500", f"+QIRD: {SERVER}:{UDP_PORT},UDP,6", b"second", "OK")
    bench.does("AT+QIRD=0,1,0,1500", "OK")


@pytest.mark.parametrize("way", ["close", "reset", "pdp"])
def test_what_was_not_read_stays_readable_when_the_link_is_gone(way: str) -> None:
    bench, peer = fetching()
    bench.arrives(peer, b"last words")
    bench.hears("+QIRDI: 0,1,0")
    if way == "pdp":
        assert bench.loses_pdp() == said("+PDP DEACT")
    else:
        getattr(peer, way)()
        bench.settles()
        bench.hears("CLOSED")
    bench.does("AT+QIRD=0,1,0,4", f"+QIRD: {SERVER}:{PORT},TCP,4", b"last", "OK")
    bench.does("AT+QIRD=0,1,0,1500", f"+QIRD: {SERVER}:{PORT},TCP,6", b" words", "OK")
    bench.does("AT+QIRD=0,1,0,1500", "ERROR")


def test_what_was_not_read_is_gone_with_the_next_connection() -> None:
    bench, peer = fetching()
    bench.arrives(peer, b"old")
    peer.close()
    bench.settles()
    bench.hears("+QIRDI: 0,1,0", "CLOSED")
    bench.tcp()
    bench.does("AT+QIRD=0,1,0,1500", "OK")


def test_qindi_counts_for_the_next_connection() -> None:
    bench = Bench().single()
    peer = bench.tcp()
    bench.does("AT+QINDI=1", "OK")
    bench.arrives(peer, b"pushed")
    bench.hears(b"pushed")
    bench.does("AT+QICLOSE", "CLOSE OK")
    peer = bench.tcp()
    bench.does("AT+QINDI=0", "OK")
    bench.arrives(peer, b"told")
    bench.hears("+QIRDI: 0,1,0")


def test_an_accepted_client_is_side_2() -> None:
    bench = in_single_state("CONNECT OK (listening)", 0, "AT+QINDI=1")
    client = bench.accepts()
    bench.arrives(client, b"client")
    bench.hears("+QIRDI: 0,2,0")
    bench.arrives(bench.net.connections[0], b"server")
    bench.hears("+QIRDI: 0,1,0")
    bench.does("AT+QIRD=0,2,0,100", f"+QIRD: {CLIENT}:{client.remote.port},TCP,6", b"client", "OK")
    bench.does("AT+QIRD=0,1,0,100", f"+QIRD: {SERVER}:{PORT},TCP,6", b"server", "OK")


def test_several_links() -> None:
    bench = Bench().multi()
    bench.does("AT+QINDI=1", "OK")
    first, second = bench.tcp(0), bench.tcp(5, OTHER)
    bench.listens("=0,5")
    client = bench.accepts(1)
    bench.arrives(second, b"second")
    bench.arrives(first, b"first")
    bench.arrives(client, b"client")
    bench.hears("+QIRDI: 0,1,5", "+QIRDI: 0,1,0", "+QIRDI: 0,2,1")
    bench.does("AT+QIRD=0,1,5,3", f"+QIRD: {OTHER}:{PORT},TCP,3", b"sec", "OK")
    bench.does("AT+QIRD=0,1,0,100", f"+QIRD: {SERVER}:{PORT},TCP,5", b"first", "OK")
    bench.does("AT+QIRD=0,2,1,100", f"+QIRD: {CLIENT}:{client.remote.port},TCP,6", b"client", "OK")
    bench.does("AT+QIRD=0,2,0,100", "ERROR")
    bench.does("AT+QIRD=0,1,1,100", "ERROR")
    bench.does("AT+QIRD=0,1,2,100", "ERROR")


def test_the_notice_waits_for_the_result_of_a_running_command() -> None:
    bench, peer = fetching()
    bench.does("AT+QISEND=2", PROMPT)
    bench.arrives(peer, b"hello")
    bench.hears()
    assert bench.types(b"hi") == said("SEND OK", "+QIRDI: 0,1,0")


def test_a_full_buffer_is_fetched_without_loss() -> None:
    bench, peer = fetching()
    data = bytes(index % 251 for index in range(3 * LIMIT))
    peer.send(data, segment=1000)
    peer.close()
    bench.settles()
    bench.hears("+QIRDI: 0,1,0")
    fetched = b""
    while (answer := bench.asks("AT+QIRD=0,1,0,1500").removesuffix(said("CLOSED"))) != said("ERROR"):
        head, _, rest = answer.removeprefix(b"\r\n").partition(b"\r\n")
        count = int(head.split(b",")[2])
        assert 0 < count <= 1500
        fetched += rest[:count]
        assert rest[count:] == said("OK")
    assert fetched == data

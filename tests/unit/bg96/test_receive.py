"""AT+QIRD, access modes, AT+QISWTMD: what comes when, and in which frame (S 1.2, 2.1.8, 2.1.10, 2.2.2)."""

from __future__ import annotations

import pytest
from bg96_bench import CTRL_Z, PROMPT, PUSH, SERVER, TRANSPARENT, UDP_LISTEN, Bench, said
from vmodem.emulator.events import OutputBlocked, OutputReady
from vmodem.netstack.memory import MemoryConnection

URC = '+QIURC: "recv",0'


@pytest.fixture
def bench() -> Bench:
    return Bench().up()


def read(data: bytes, head: str = "") -> bytes:
    """The answer to AT+QIRD, as framed (digest 1a)."""
    header = head or f"+QIRD: {len(data)}"
    return b"\r\n" + header.encode() + b"\r\n" + data + b"\r\n\r\nOK\r\n"


# ---- buffer mode ---------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [b"test1", b"\r\nOK\r\n", bytes(range(256)), b'+QIURC: "closed",0'])
def test_any_bytes(bench: Bench, payload: bytes) -> None:
    link = bench.tcp()
    link.send(payload)
    bench.settles()
    bench.hears(URC)
    assert bench.asks("AT+QIRD=0") == read(payload)
    bench.does("AT+QIRD=0", "+QIRD: 0", "OK")


def test_once_until_it_was_read_empty(bench: Bench) -> None:
    link = bench.tcp()
    for data in (b"aaa", b"bbb"):
        link.send(data)
        bench.settles()
    bench.hears(URC)
    assert bench.asks("AT+QIRD=0,4") == read(b"aaab")
    link.send(b"ccc")
    bench.settles()
    assert bench.world.take() == b""
    assert bench.asks("AT+QIRD=0,1500") == read(b"bbccc")
    link.send(b"d")
    bench.settles()
    bench.hears(URC)


def test_at_most_1500_at_once(bench: Bench) -> None:
    bench.tcp().send(b"x" * 4000)
    bench.settles()
    bench.hears(URC)
    for size in (1500, 1500, 1000):
        assert bench.asks("AT+QIRD=0") == read(b"x" * size)


def test_figures(bench: Bench) -> None:
    link = bench.tcp()
    bench.does("AT+QIRD=0,0", "+QIRD: 0,0,0", "OK")
    link.send(b"abcdef")
    bench.settles()
    bench.hears(URC)
    bench.does("AT+QIRD=0,0", "+QIRD: 6,0,6", "OK")
    bench.asks("AT+QIRD=0,2")
    bench.does("AT+QIRD=0,0", "+QIRD: 6,2,4", "OK")


def test_a_datagram_a_read(bench: Bench) -> None:
    peer = bench.udp()
    for data in (b"one", b"two"):
        peer.send(data)
        bench.settles()
    bench.hears(URC)
    assert bench.asks("AT+QIRD=0,1") == read(b"o")
    assert bench.asks("AT+QIRD=0") == read(b"ne")
    assert bench.asks("AT+QIRD=0") == read(b"two")
    bench.does("AT+QIRD=0", "+QIRD: 0", "OK")


def test_strangers_are_not_heard_by_a_client(bench: Bench) -> None:
    bench.udp()
    stranger = bench.net.udp("192.0.2.77", 77)
    stranger.send(b"hello", int(bench.asks("AT+QISTATE=1,0").split(b",")[4]))
    bench.settles()
    assert bench.world.take() == b""


def test_whole_datagrams_of_a_service(bench: Bench) -> None:
    peer = bench.serves(0)
    other = bench.net.udp("10.7.76.34", 7687)
    peer.send(b"x" * 1472, UDP_LISTEN)
    bench.settles()
    bench.hears(URC)
    other.send(b"AAAA", UDP_LISTEN)
    bench.settles()
    assert bench.asks("AT+QIRD=0,5") == read(b"x" * 1472, f'+QIRD: 1472,"{SERVER}",9600')
    assert bench.asks("AT+QIRD=0") == read(b"AAAA", '+QIRD: 4,"10.7.76.34",7687')
    bench.does("AT+QIRD=0", "+QIRD: 0", "OK")
    bench.does("AT+QIRD=0,0", "+QIRD: 1476,1476,0", "OK")


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("AT+QIRD=5", 552),
        ("AT+QIRD=5,0", 552),
        ("AT+QIRD=1", 572),
        ("AT+QIRD=1,0", 572),
        ("AT+QIRD", 552),
        ("AT+QIRD?", 552),
        ("AT+QIRD=12", 552),
        ("AT+QIRD=0,1501", 552),
        ('AT+QIRD=0,"5"', 552),
        ("AT+QIRD=0,5,5", 552),
    ],
)
def test_bad_reads(bench: Bench, command: str, error: int) -> None:
    bench.tcp(0)
    bench.listens(1)
    bench.fails(command, error)


def test_a_host_that_does_not_read_closes_the_window(bench: Bench) -> None:
    link = bench.tcp()
    link.send(b"x" * 100_000, segment=1460)
    bench.settles()
    bench.hears(URC)
    total, got = int(bench.asks("AT+QIRD=0,0").split(b": ")[1].split(b",")[0]), 0
    assert total < 40_000
    while got < 100_000:
        answer = bench.asks("AT+QIRD=0")
        size = int(answer.split(b": ")[1].split(b"\r")[0])
        assert size, got
        got += size
        bench.settles()
    assert got == 100_000


# ---- direct push ---------------------------------------------------------------------------------


def test_each_segment_is_pushed(bench: Bench) -> None:
    link = bench.tcp(0, PUSH)
    for data in (b"test", b"\r\n", b"x" * 1500):
        link.send(data)
        bench.settles()
        assert bench.world.take() == f'\r\n+QIURC: "recv",0,{len(data)}\r\n'.encode() + data + b"\r\n"
    bench.does("AT+QIRD=0", "+QIRD: 0", "OK")
    bench.does("AT+QIRD=0,0", "+QIRD: 1506,1506,0", "OK")


def test_a_service_tells_the_sender(bench: Bench) -> None:
    bench.serves(2, PUSH).send(b"AAAA", UDP_LISTEN)
    bench.settles()
    bench.hears(f'+QIURC: "recv",2,4,"{SERVER}",9600\nAAAA')


def test_pushed_data_waits_for_the_end_of_a_command(bench: Bench) -> None:
    link = bench.tcp(0, PUSH)
    assert bench.asks("AT+QISEND=0,3") == PROMPT
    link.send(b"late")
    bench.settles()
    assert bench.types(b"abc") == said("SEND OK", f"{URC},4\nlate")


def test_pushed_data_stands_before_closed(bench: Bench) -> None:
    link = bench.tcp(0, PUSH)
    link.send(b"bye")
    link.close()
    bench.settles()
    bench.hears(f"{URC},3\nbye", '+QIURC: "closed",0')


# ---- formats -------------------------------------------------------------------------------------


def test_view_mode(bench: Bench) -> None:
    bench.does('AT+QICFG="viewmode",1', "OK")
    link, peer = bench.tcp(0), bench.serves(2)
    link.send(b"test")
    peer.send(b"AAAA", UDP_LISTEN)
    bench.settles()
    bench.hears(URC, '+QIURC: "recv",2')
    bench.does("AT+QIRD=0", "+QIRD: 4,test", "OK")
    bench.does("AT+QIRD=0", "+QIRD: 0", "OK")
    bench.does("AT+QIRD=2", f'+QIRD: 4,"{SERVER}",9600,AAAA', "OK")
    bench.does("AT+QISWTMD=0,1", "OK")
    bench.does("AT+QISWTMD=2,1", "OK")
    link.send(b"test")
    peer.send(b"AAAA", UDP_LISTEN)
    bench.settles()
    bench.hears(f"{URC},4,test", f'+QIURC: "recv",2,4,"{SERVER}",9600,AAAA')


def test_hex(bench: Bench) -> None:
    bench.does('AT+QICFG="dataformat",0,1', "OK")
    link = bench.tcp(0)
    link.send(b"\x00\xabZ")
    bench.settles()
    bench.hears(URC)
    bench.does("AT+QIRD=0,2", "+QIRD: 2\n00AB", "OK")
    bench.does("AT+QISWTMD=0,1", "OK", f"{URC},1\n5A")
    bench.does("AT+QIRD=0,0", "+QIRD: 3,3,0", "OK")


# ---- AT+QISWTMD ----------------------------------------------------------------------------------


def test_what_waits_is_pushed_behind_the_ok(bench: Bench) -> None:
    link = bench.tcp(0)
    for data in (b"one", b"two"):
        link.send(data)
        bench.settles()
    bench.hears(URC)
    bench.does("AT+QISWTMD=0,1", "OK", f"{URC},3\none", f"{URC},3\ntwo")
    bench.does("AT+QISWTMD=0,0", "OK")
    link.send(b"three")
    bench.settles()
    bench.hears(URC)
    bench.does("AT+QISWTMD=0,0", "OK")


def test_what_could_not_be_pushed_can_be_read(bench: Bench) -> None:
    link = bench.tcp(0, PUSH)
    bench.sees(OutputBlocked())
    link.send(b"pushed?")
    bench.settles()
    bench.does("AT+QIRD=0", "+QIRD: 0", "OK")
    bench.does("AT+QISWTMD=0,0", "OK", URC)
    assert bench.sees(OutputReady()) == b""
    assert bench.asks("AT+QIRD=0") == read(b"pushed?")


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("AT+QISWTMD=5,1", 552),
        ("AT+QISWTMD=2,2", 555),
        ("AT+QISWTMD=0", 552),
        ("AT+QISWTMD", 552),
        ("AT+QISWTMD?", 552),
        ("AT+QISWTMD=0,3", 552),
        ("AT+QISWTMD=12,0", 552),
        ("AT+QISWTMD=0,1,1", 552),
    ],
)
def test_bad_switches(bench: Bench, command: str, error: int) -> None:
    bench.tcp(0)
    bench.serves(2)
    bench.fails(command, error)


def test_no_switch_after_the_peer_has_closed(bench: Bench) -> None:
    bench.tcp(0).close()
    bench.settles()
    bench.hears('+QIURC: "closed",0')
    for mode in range(3):
        bench.fails(f"AT+QISWTMD=0,{mode}", 567)


# ---- transparent mode ----------------------------------------------------------------------------


def test_raw_bytes_both_ways(bench: Bench) -> None:
    link = bench.tcp(0, TRANSPARENT)
    assert bench.types(b"raw \x1a\x1b\r\n data") == b""
    bench.waits(0.2)
    assert link.received == b"raw \x1a\x1b\r\n data"
    link.send(b"Test 1")
    bench.settles()
    assert bench.world.take() == b"Test 1"


def test_packets_by_size_and_time(bench: Bench) -> None:
    bench.does('AT+QICFG="transpktsize",10', "OK")
    bench.does('AT+QICFG="transwaittm",5', "OK")
    link = bench.tcp(0, TRANSPARENT)
    bench.types(b"x" * 25)
    assert len(link.received) == 20
    bench.waits(0.4)
    assert len(link.received) == 20
    bench.waits(0.2)
    assert len(link.received) == 25


def test_at_once_without_a_waiting_time(bench: Bench) -> None:
    bench.does('AT+QICFG="transwaittm",0', "OK")
    link = bench.tcp(0, TRANSPARENT)
    bench.types(b"abc")
    bench.settles()
    assert link.received == b"abc"


def test_out_and_back(bench: Bench) -> None:
    link = bench.tcp(0, TRANSPARENT)
    bench.types(b"not yet sent")
    bench.waits(1.0)
    bench.types(b"+++")
    assert bench.waits(1.0) == said("OK")
    assert link.received == b"not yet sent"
    link.send(b"abc")
    bench.settles()
    bench.hears(URC)
    assert bench.asks("AT+QISTATE=1,0").endswith(b',0,0,"uart1"\r\n\r\nOK\r\n')
    bench.sends("AT+QISEND=0", b"in buffer mode" + CTRL_Z)
    assert bench.asks("ATO") == said("CONNECT") + b"abc"
    bench.escapes()
    link.send(b"def")
    bench.settles()
    bench.hears(URC)
    assert bench.asks("AT+QISWTMD=0,2") == said("CONNECT") + b"def"
    bench.escapes()


def test_what_is_typed_before_the_escape_goes_out_before_its_ok(bench: Bench) -> None:
    bench.does('AT+QICFG="transwaittm",20', "OK")
    link = bench.tcp(0, TRANSPARENT)
    bench.types(b"tail")
    bench.waits(1.0)
    assert link.received == b""
    bench.types(b"+++")
    assert bench.waits(1.0) == said("OK")
    assert link.received == b"tail"


def test_ato_without_anything_to_return_to(bench: Bench) -> None:
    bench.does("ATO", "NO CARRIER")
    bench.tcp(1)
    bench.does("ATO", "NO CARRIER")
    link = bench.tcp(0, TRANSPARENT)
    bench.escapes()
    link.close()
    bench.settles()
    bench.hears('+QIURC: "closed",0')
    bench.does("ATO", "NO CARRIER")
    bench.does("AT+QICLOSE=0", "OK")
    bench.tcp(0)
    bench.does("ATO", "NO CARRIER")


def test_ato_returns_to_the_last_one(bench: Bench) -> None:
    bench.tcp(0, TRANSPARENT)
    bench.escapes()
    second = bench.tcp(1, TRANSPARENT)
    bench.escapes()
    bench.does("ATO", "CONNECT")
    bench.types(b"x")
    bench.waits(0.3)
    assert second.received == b"x"


@pytest.mark.parametrize("reset", [False, True])
def test_the_peer_ends_data_mode(bench: Bench, reset: bool) -> None:
    link = bench.tcp(0, TRANSPARENT)
    link.send(b"last")
    if reset:
        link.reset()
    else:
        link.close()
    bench.settles()
    assert bench.world.take() == b"last" + said("NO CARRIER")
    assert bench.waits(2.0) == b""  # no `closed`
    assert bench.asks("AT+QISTATE=1,0").split(b",")[5] == b"4"
    bench.does("ATO", "NO CARRIER")
    bench.does("AT+QICLOSE=0", "OK")


def test_a_peer_that_closes_as_it_accepts(bench: Bench) -> None:
    peer = bench.net.tcp("192.0.2.9", 9)

    def says_bye(connection: MemoryConnection) -> None:
        connection.send(b"bye")
        connection.close()

    peer.on_connect = says_bye
    assert bench.asks('AT+QIOPEN=1,0,"TCP","192.0.2.9",9,0,2') == said("CONNECT") + b"bye" + said(
        "NO CARRIER"
    )


def test_dtr_leaves_data_mode(bench: Bench) -> None:
    bench.does("AT&D1", "OK")
    link = bench.tcp(0, TRANSPARENT)
    bench.waits(1.0)
    assert bench.dtr(False) == said("OK")
    bench.dtr(True)
    assert not link.fin_received
    bench.does("ATO", "CONNECT")


def test_dtr_hangs_up(bench: Bench) -> None:
    bench.does("AT&D2", "OK")
    link = bench.tcp(0, TRANSPARENT)
    bench.waits(1.0)
    assert bench.dtr(False) == said("OK")
    bench.dtr(True)
    assert link.fin_received
    bench.does("AT+QISTATE", "OK")


def test_dcd_follows_the_transparent_link(bench: Bench) -> None:
    assert not bench.dcd()
    link = bench.tcp(0, TRANSPARENT)
    assert bench.dcd()
    bench.escapes()
    assert bench.dcd()
    link.close()
    bench.settles()
    assert not bench.dcd()


def test_urcs_wait_for_the_end_of_data_mode(bench: Bench) -> None:
    other = bench.tcp(1, PUSH)
    bench.tcp(0, TRANSPARENT)
    other.send(b"later")
    other.close()
    bench.settles()
    assert bench.world.take() == b""
    bench.waits(1.0)
    bench.types(b"+++")
    assert bench.waits(1.0) == said("OK", '+QIURC: "recv",1,5\nlater', '+QIURC: "closed",1')


def test_transparent_udp(bench: Bench) -> None:
    peer = bench.udp(0, TRANSPARENT)
    bench.types(b"hello")
    bench.waits(0.3)
    assert [datagram.data for datagram in peer.received] == [b"hello"]
    peer.send(b"there")
    bench.settles()
    assert bench.world.take() == b"there"

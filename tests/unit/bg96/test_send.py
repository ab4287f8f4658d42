"""AT+QISEND and QISENDEX: forms, framing, echo, figures, and every way to fail (S 2.1.7, 2.1.9)."""

from __future__ import annotations

import pytest
from bg96_bench import CTRL_Z, ESC, PROMPT, PUSH, SERVER, UDP_PORT, Bench, said
from vmodem.emulator.events import PdpLost


@pytest.fixture
def bench() -> Bench:
    return Bench().up()


# ---- variable length -----------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [b"x", b"\r\nOK\r\n", b"AT+QICLOSE=0\r", bytes(range(26)) + b"\x1c\xff"])
def test_until_ctrl_z(bench: Bench, payload: bytes) -> None:
    link = bench.tcp()
    bench.sends("AT+QISEND=0", payload + CTRL_Z)
    assert link.received == payload


def test_escape_cancels(bench: Bench) -> None:
    link = bench.tcp()
    assert bench.asks("AT+QISEND=0") == PROMPT
    assert bench.types(b"abc" + ESC) == said("ERROR")
    assert bench.error() == 571
    assert link.received == b""


def test_ctrl_z_without_data(bench: Bench) -> None:
    bench.tcp()
    bench.sends("AT+QISEND=0", CTRL_Z, "SEND FAIL")


def test_what_is_typed_beyond_1460_is_dropped(bench: Bench) -> None:
    link = bench.tcp()
    bench.sends("AT+QISEND=0", b"a" * 1460 + b"b" * 40 + CTRL_Z)
    assert link.received == b"a" * 1460
    bench.does("AT+QISEND=0,0", "+QISEND: 1460,1460,0", "OK")


# ---- fixed length --------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [b"x", b"ab\x1acd\x1bef", b"\x00" * 1460])
def test_fixed_length(bench: Bench, payload: bytes) -> None:
    link = bench.tcp()
    bench.sends(f"AT+QISEND=0,{len(payload)}", payload)
    assert link.received == payload


def test_what_follows_the_payload_is_the_next_line(bench: Bench) -> None:
    link = bench.tcp()
    assert bench.asks("AT+QISEND=0,4") == PROMPT
    assert bench.types(b"test\r\nAT+QISDE?\r") == said("SEND OK", "+QISDE: 1", "OK")
    assert link.received == b"test"


def test_a_line_feed_behind_the_command_is_its_end(bench: Bench) -> None:
    link = bench.tcp()
    assert bench.types(b"AT+QISEND=0,4\r\n") == PROMPT
    assert bench.types(b"test\x1a") == said("SEND OK")  # Zephyr's Ctrl+Z is no line
    assert link.received == b"test"
    bench.does("AT", "OK")


# ---- whom it is for ------------------------------------------------------------------------------


def test_udp_and_accepted_clients(bench: Bench) -> None:
    peer = bench.udp(3)
    bench.listens()
    client = bench.accepts()
    bench.sends("AT+QISEND=3,5", b"hello")
    bench.sends("AT+QISEND=11", b"there" + CTRL_Z)
    assert [datagram.data for datagram in peer.received] == [b"hello"]
    assert client.received == b"there"
    bench.does("AT+QISEND=3,0", "+QISEND: 5,5,0", "OK")


def test_a_udp_service_says_to_whom(bench: Bench) -> None:
    bench.serves(2)
    one, other = bench.net.udp("10.7.89.10", 6969), bench.net.udp(SERVER, UDP_PORT)
    bench.sends('AT+QISEND=2,10,"10.7.89.10",6969', b"1234567890")
    bench.sends(f'AT+QISEND=2,3,"{SERVER}",{UDP_PORT}', b"abc")
    assert [datagram.data for datagram in one.received] == [b"1234567890"]
    assert [datagram.data for datagram in other.received] == [b"abc"]
    bench.does("AT+QISEND=2,0", "+QISEND: 13,13,0", "OK")


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("AT+QISEND=1", 572),
        ("AT+QISEND=1,5", 572),
        ("AT+QISEND=1,0", 572),
        ('AT+QISENDEX=1,"31"', 572),
        ("AT+QISEND=2", 572),
        ("AT+QISEND=2,5", 572),
        ('AT+QISENDEX=2,"31"', 572),
        (f'AT+QISEND=0,5,"{SERVER}",9600', 572),
        ("AT+QISEND=7", 552),
        ("AT+QISEND=7,5", 552),
        ("AT+QISEND=7,0", 552),
        ('AT+QISENDEX=7,"31"', 552),
    ],
)
def test_services_that_it_does_not_serve(bench: Bench, command: str, error: int) -> None:
    bench.tcp(0)
    bench.listens(1)
    bench.serves(2)
    bench.fails(command, error)


@pytest.mark.parametrize(
    "command",
    [
        "AT+QISEND",
        "AT+QISEND?",
        "AT+QISEND=",
        "AT+QISEND=12",
        'AT+QISEND="0"',
        "AT+QISEND=0,1461",
        'AT+QISEND=0,"5"',
        "AT+QISEND=0,x",
        'AT+QISEND=2,5,"10.7.89.10"',
        'AT+QISEND=2,5,"10.7.89",6969',
        'AT+QISEND=2,5,"example.com",6969',
        "AT+QISEND=2,5,10.7.89.10,6969",
        'AT+QISEND=2,5,"10.7.89.10","6969"',
        'AT+QISEND=2,5,"10.7.89.10",0',
        'AT+QISEND=2,0,"10.7.89.10",6969',
        'AT+QISEND=2,,"10.7.89.10",6969',
        'AT+QISEND=2,5,"10.7.89.10",6969,1',
        "AT+QISENDEX=0",
        "AT+QISENDEX=0,3132",
        'AT+QISENDEX=0,"313"',
        'AT+QISENDEX=0,"3g"',
        'AT+QISENDEX=0,"31 32"',
        f'AT+QISENDEX=0,"{"31" * 513}"',
        'AT+QISENDEX=0,"31",1',
        'AT+QISENDEX="31"',
        "AT+QISENDEX?",
    ],
)
def test_bad_parameters(bench: Bench, command: str) -> None:
    link = bench.tcp(0)
    bench.serves(2)
    bench.fails(command, 552)
    assert link.received == b""


# ---- hex -----------------------------------------------------------------------------------------


def test_hex_strings(bench: Bench) -> None:
    link = bench.tcp()
    bench.does('AT+QISENDEX=0,"3132333435"', "SEND OK")
    bench.does('AT+QISENDEX=0,"aBcD00ff"', "SEND OK")
    assert link.received == b"12345\xab\xcd\x00\xff"
    bench.does(f'AT+QISENDEX=0,"{"41" * 512}"', "SEND OK")
    bench.does('AT+QISENDEX=0,""', "SEND FAIL")
    bench.does("AT+QISEND=0,0", "+QISEND: 521,521,0", "OK")


def test_the_data_format_of_the_prompt(bench: Bench) -> None:
    link = bench.tcp()
    bench.does('AT+QICFG="dataformat",1,0', "OK")
    bench.sends("AT+QISEND=0,6", b"31fF0a")
    bench.sends("AT+QISEND=0", b"4142" + CTRL_Z)
    assert link.received == b"1\xff\nAB"
    for payload in (b"313", b"3g", b"\r\n"):
        assert bench.asks(f"AT+QISEND=0,{len(payload)}") == PROMPT
        assert bench.types(payload) == said("ERROR")
        assert bench.error() == 552
    bench.does("AT+QISEND=0,0", "+QISEND: 5,5,0", "OK")
    bench.does('AT+QISENDEX=0,"43"', "SEND OK")
    assert link.received == b"1\xff\nABC"


# ---- echo ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("echo", "qisde", "seen"), [(1, 1, b"abc"), (1, 0, b""), (0, 1, b""), (0, 0, b"")])
def test_echo_of_the_payload(bench: Bench, echo: int, qisde: int, seen: bytes) -> None:
    bench.tcp()
    bench.does(f"AT+QISDE={qisde}", "OK")
    bench.asks(f"ATE{echo}")
    line = b"AT+QISEND=0\r"
    assert bench.types(line) == (line if echo else b"") + PROMPT
    assert bench.types(b"abc" + CTRL_Z) == seen + said("SEND OK")


def test_the_escape_is_not_echoed(bench: Bench) -> None:
    bench.tcp()
    bench.asks("ATE1")
    bench.asks("AT+QISEND=0")
    assert bench.types(b"abc" + ESC) == b"abc" + said("ERROR")


# ---- figures -------------------------------------------------------------------------------------


def test_figures_of_a_peer_that_acknowledges_in_part(bench: Bench) -> None:
    link = bench.tcp()
    link.ack_limit(20)
    bench.sends("AT+QISEND=0,30", b"x" * 30)
    bench.does("AT+QISEND=0,0", "+QISEND: 30,20,10", "OK")
    link.ack_all()
    bench.settles()
    bench.does("AT+QISEND=0,0", "+QISEND: 30,30,0", "OK")


def test_figures_of_a_new_connection(bench: Bench) -> None:
    bench.tcp()
    bench.sends("AT+QISEND=0,3", b"abc")
    bench.does("AT+QICLOSE=0", "OK")
    bench.tcp()
    bench.does("AT+QISEND=0,0", "+QISEND: 0,0,0", "OK")


def test_figures_after_the_peer_has_closed(bench: Bench) -> None:
    link = bench.tcp()
    bench.sends("AT+QISEND=0,3", b"abc")
    link.close()
    bench.settles()
    bench.hears('+QIURC: "closed",0')
    bench.does("AT+QISEND=0,0", "+QISEND: 3,3,0", "OK")


# ---- ends ----------------------------------------------------------------------------------------


def test_a_full_send_buffer() -> None:
    bench = Bench(send_buffer=2000).up()
    link = bench.tcp()
    link.ack_limit(0)
    bench.sends("AT+QISEND=0,1460", b"x" * 1460)
    assert bench.asks("AT+QISEND=0,600") == PROMPT
    assert bench.types(b"y" * 600) == b""
    assert bench.waits(0.5) == said("SEND FAIL")
    bench.does("AT+QISEND=0,0", "+QISEND: 1460,0,1460", "OK")
    assert bench.asks('AT+QISENDEX=0,"' + "30" * 512 + '"') == said("SEND OK")
    link.ack_all()
    bench.settles()
    bench.sends("AT+QISEND=0,600", b"y" * 600)


@pytest.mark.parametrize("command", ["AT+QISEND=0", "AT+QISEND=0,5", 'AT+QISENDEX=0,"31"'])
def test_after_the_peer_has_closed(bench: Bench, command: str) -> None:
    bench.tcp(0, PUSH).close()
    bench.settles()
    bench.hears('+QIURC: "closed",0')
    bench.fails(command, 567)


@pytest.mark.parametrize(("reset", "error"), [(False, 567), (True, 558)])
def test_closed_while_the_prompt_is_open(bench: Bench, reset: bool, error: int) -> None:
    link = bench.tcp()
    assert bench.asks("AT+QISEND=0,5") == PROMPT
    assert bench.types(b"ab") == b""
    if reset:
        link.reset()
    else:
        link.close()
    bench.settles()
    assert bench.world.take() == b""
    assert bench.types(b"cde") == said("ERROR", '+QIURC: "closed",0')
    assert bench.error() == error


def test_the_context_lost_while_the_prompt_is_open(bench: Bench) -> None:
    bench.tcp()
    assert bench.asks("AT+QISEND=0,5") == PROMPT
    assert bench.sees(PdpLost(1)) == b""
    assert bench.types(b"abcde") == said("ERROR", '+QIURC: "pdpdeact",1')
    assert bench.error() == 570


def test_data_that_comes_while_the_prompt_is_open(bench: Bench) -> None:
    link = bench.tcp()
    assert bench.asks("AT+QISEND=0,5") == PROMPT
    link.send(b"abc")
    bench.settles()
    assert bench.types(b"12345") == said("SEND OK", '+QIURC: "recv",0')


# ---- retransmission ------------------------------------------------------------------------------


def test_a_peer_that_acknowledges_nothing_is_given_up(bench: Bench) -> None:
    bench.does('AT+QICFG="tcp/retranscfg",3,20', "OK")  # 1 + 2 + 2 + 2 s
    link = bench.tcp()
    link.ack_limit(2)
    bench.sends("AT+QISEND=0,5", b"abcde")
    assert bench.waits(6.9) == b""
    assert bench.waits(0.2) == b""  # two bytes were acknowledged since: the time begins anew
    assert bench.waits(7.0) == said('+QIURC: "closed",0')
    assert link.reset_received
    bench.fails("AT+QISEND=0,1", 567)


def test_a_peer_that_acknowledges_is_not(bench: Bench) -> None:
    bench.does('AT+QICFG="tcp/retranscfg",3,5', "OK")
    bench.tcp()
    bench.sends("AT+QISEND=0,5", b"abcde")
    assert bench.waits(100.0) == b""
    bench.sends("AT+QISEND=0,5", b"abcde")


def test_the_default_patience(bench: Bench) -> None:
    link = bench.tcp()
    link.vanish()
    bench.sends("AT+QISEND=0,5", b"abcde")
    # 1 + 2 + 4 + 8 + 16 + 32 + 60 + 60 + 60 s
    assert bench.waits(242.0) == b""
    assert bench.waits(2.0) == said('+QIURC: "closed",0')

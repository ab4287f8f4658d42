"""The exact bytes of every kind of answer: the digest's section 1, with echo on as after power-on."""

from __future__ import annotations

import pytest
from sim800_bench import CTRL_Z, LOCAL, OTHER, PORT, SERVER, SILENT, UDP_PORT, Bench, said
from vmodem.emulator.events import Address, PdpRefusalChanged
from vmodem.emulator.world import Writer, bytewise, fragments, whole


@pytest.fixture
def bench() -> Bench:
    return Bench(echo=True)


@pytest.fixture
def up(bench: Bench) -> Bench:
    for line in (b"AT+CSTT\r", b"AT+CIICR\r", b"AT+CIFSR\r"):
        bench.types(line)
    return bench


@pytest.fixture
def multi(bench: Bench) -> Bench:
    for line in (b"AT+CIPMUX=1\r", b"AT+CSTT\r", b"AT+CIICR\r", b"AT+CIFSR\r"):
        bench.types(line)
    return bench


def test_the_echo_is_the_line_with_its_cr_and_not_its_lf(bench: Bench) -> None:
    assert bench.types(b"AT\r\n") == b"AT\r\r\nOK\r\n"
    assert bench.types(b"AT\r") == b"AT\r\r\nOK\r\n"


@pytest.mark.parametrize("writer", [whole, bytewise, fragments(3)])
def test_fragments_make_no_difference(writer: Writer) -> None:
    assert Bench(echo=True, writer=writer).types(b"AT+CIPMUX?\r\n") == (
        b"AT+CIPMUX?\r\r\n+CIPMUX: 0\r\n\r\nOK\r\n"
    )


def test_information_and_result_are_framed_each(bench: Bench) -> None:
    assert bench.types(b"AT+CSQ\r") == b"AT+CSQ\r\r\n+CSQ: 20,0\r\n\r\nOK\r\n"


def test_an_error_has_no_blank_line_before(bench: Bench) -> None:
    assert bench.types(b"AT+CIICR\r") == b"AT+CIICR\r\r\nERROR\r\n"
    bench.types(b"AT+CMEE=2\r")
    assert bench.types(b"AT+CIICR\r") == b"AT+CIICR\r\r\n+CME ERROR: operation not allowed\r\n"


def test_cifsr_is_the_address_alone(up: Bench) -> None:
    assert up.types(b"AT+CIFSR\r") == b"AT+CIFSR\r\r\n" + LOCAL[0].encode() + b"\r\n"


def test_cipstart_single(up: Bench) -> None:
    line = f'AT+CIPSTART="TCP","{SERVER}",{PORT}\r'.encode()
    assert up.types(line) == line + b"\r\nOK\r\n\r\nCONNECT OK\r\n"


def test_cipstart_multi(multi: Bench) -> None:
    line = f'AT+CIPSTART=0,"TCP","{SERVER}","{PORT}"\r'.encode()
    assert multi.types(line) == line + b"\r\nOK\r\n\r\n0, CONNECT OK\r\n"


def test_cipstart_that_fails(up: Bench) -> None:
    line = f'AT+CIPSTART="TCP","{SERVER}",{PORT + 1}\r'.encode()
    assert up.types(line) == line + b"\r\nOK\r\n\r\nSTATE: TCP CLOSED\r\n\r\nCONNECT FAIL\r\n"


def test_cipstart_that_fails_multi(multi: Bench) -> None:
    line = f'AT+CIPSTART=3,"TCP","{SERVER}",{PORT + 1}\r'.encode()
    assert multi.types(line) == line + b"\r\nOK\r\n\r\n3, CONNECT FAIL\r\n"


def test_already_connect(up: Bench) -> None:
    line = f'AT+CIPSTART="TCP","{SERVER}",{PORT}\r'.encode()
    up.types(line)
    assert up.types(line) == line + b"\r\nERROR\r\n\r\nALREADY CONNECT\r\n"


def test_already_connect_multi(multi: Bench) -> None:
    line = f'AT+CIPSTART=5,"TCP","{SERVER}",{PORT}\r'.encode()
    multi.types(line)
    assert multi.types(line) == line + b"\r\nERROR\r\n\r\n5, ALREADY CONNECT\r\n"


def test_prompt_and_send_ok(up: Bench) -> None:
    up.types(f'AT+CIPSTART="TCP","{SERVER}",{PORT}\r'.encode())
    assert up.types(b"AT+CIPSEND\r") == b"AT+CIPSEND\r\r\n> "
    assert up.types(b"hello" + CTRL_Z) == b"hello\r\nSEND OK\r\n"


def test_prompt_and_send_ok_multi(multi: Bench) -> None:
    multi.types(f'AT+CIPSTART=0,"TCP","{SERVER}",{PORT}\r'.encode())
    assert multi.types(b"AT+CIPSEND=0,5\r") == b"AT+CIPSEND=0,5\r\r\n> "
    assert multi.types(b"hello") == b"hello\r\n0, SEND OK\r\n"
    multi.types(b"AT+CIPSEND=0\r")
    assert multi.types(b"oops\x1b") == b"oops\r\n0, SEND FAIL\r\n"


def test_quick_send(multi: Bench) -> None:
    multi.types(f'AT+CIPSTART=0,"TCP","{SERVER}",{PORT}\r'.encode())
    multi.types(b"ATE0\r")
    multi.types(b"AT+CIPQSEND=1\r")
    multi.types(b"AT+CIPSEND=0,5\r")
    assert multi.types(b"hello") == b"\r\nDATA ACCEPT:0,5\r\n"


def test_quick_send_single(up: Bench) -> None:
    up.types(f'AT+CIPSTART="TCP","{SERVER}",{PORT}\r'.encode())
    up.types(b"ATE0;+CIPQSEND=1\r")
    up.types(b"AT+CIPSEND=5\r")
    assert up.types(b"hello") == b"\r\nDATA ACCEPT:5\r\n"


def test_cipstatus_single(bench: Bench) -> None:
    assert bench.types(b"AT+CIPSTATUS\r") == b"AT+CIPSTATUS\r\r\nOK\r\n\r\nSTATE: IP INITIAL\r\n"


def test_cipstatus_multi(multi: Bench) -> None:
    multi.types(b"ATE0\r")
    multi.types(f'AT+CIPSTART=0,"UDP","{SERVER}",{UDP_PORT}\r'.encode())
    unused = "".join(f'C: {n},,"","","","INITIAL"\r\n' for n in range(1, 6))
    first = f'C: 0,0,"UDP","{SERVER}","{UDP_PORT}","CONNECTED"\r\n'
    head = "\r\nOK\r\n\r\nSTATE: IP PROCESSING\r\n\r\n"
    assert multi.types(b"AT+CIPSTATUS\r").decode() == head + first + unused
    multi.types(b"AT+CIPSERVER=1,8888\r")
    listening = 'S: 0,0,"8888","LISTENING"\r\n'
    assert multi.types(b"AT+CIPSTATUS\r").decode() == head + listening + first + unused


def test_one_link_of_cipstatus(multi: Bench) -> None:
    line = b"AT+CIPSTATUS=3\r"
    assert multi.types(line) == line + b'\r\n+CIPSTATUS: 3,,"","","","INITIAL"\r\n\r\nOK\r\n'


def test_data_multi(multi: Bench) -> None:
    multi.types(f'AT+CIPSTART=0,"TCP","{SERVER}",{PORT}\r'.encode())
    peer = multi.net.connections[0]
    peer.send(b"SIM800 TCP test\r\n")
    multi.settles()
    multi.hears(b"\r\n+RECEIVE,0,17:\r\nSIM800 TCP test\r\n")
    multi.types(b"AT+CIPSRIP=1\r")
    peer.send(b"abc")
    multi.settles()
    multi.hears(f"\r\n+RECEIVE,0,3,{SERVER}:{PORT}:\r\nabc".encode())


SENDER = f"{SERVER}:{PORT}"
HEADS = [
    ((), b"test1"),
    (("AT+CIPHEAD=1",), b"\r\n+IPD,5:test1"),
    (("AT+CIPHEAD=1", "AT+CIPSHOWTP=1"), b"\r\n+IPD,5,TCP:test1"),
    (("AT+CIPSHOWTP=1",), b"test1"),
    (("AT+CIPSRIP=1",), f"\r\nRECV FROM:{SENDER}\r\ntest1".encode()),
    (("AT+CIPSRIP=1", "AT+CIPHEAD=1"), f"\r\nRECV FROM:{SENDER}\r\n+IPD,5:test1".encode()),
    (
        ("AT+CIPSRIP=1", "AT+CIPHEAD=1", "AT+CIPSHOWTP=1"),
        f"\r\nRECV FROM:{SENDER}\r\n+IPD,5,TCP:test1".encode(),
    ),
]


@pytest.mark.parametrize(("settings", "expected"), HEADS)
def test_data_single(up: Bench, settings: tuple[str, ...], expected: bytes) -> None:
    up.types(f'AT+CIPSTART="TCP","{SERVER}",{PORT}\r'.encode())
    for line in settings:
        up.types(line.encode() + b"\r")
    up.net.connections[0].send(b"test1")
    up.settles()
    up.hears(expected)


def test_manual_read(multi: Bench) -> None:
    multi.types(b"ATE0;+CIPRXGET=1\r")
    multi.types(f'AT+CIPSTART=5,"TCP","{SERVER}",{PORT}\r'.encode())
    multi.net.connections[0].send(b"12345678")
    multi.settles()
    multi.hears(b"\r\n+CIPRXGET: 1,5\r\n")
    assert multi.types(b"AT+CIPRXGET=4,5\r") == b"\r\n+CIPRXGET: 4,5,8\r\n\r\nOK\r\n"
    assert multi.types(b"AT+CIPRXGET=2,5,8\r") == b"\r\n+CIPRXGET: 2,5,8,0\r\n12345678\r\nOK\r\n"
    assert multi.types(b"AT+CIPRXGET=2,5,8\r") == b"\r\n+CIPRXGET: 2,5,0,0\r\n\r\nOK\r\n"


def test_manual_read_in_hexadecimal(up: Bench) -> None:
    up.types(b"ATE0;+CIPRXGET=1\r")
    up.types(f'AT+CIPSTART="TCP","{SERVER}",{PORT}\r'.encode())
    up.net.connections[0].send(b"\x00\xabOK\r\n")
    up.settles()
    up.hears(b"\r\n+CIPRXGET: 1\r\n")
    assert up.types(b"AT+CIPRXGET=3,4\r") == b"\r\n+CIPRXGET: 3,4,2\r\n00AB4F4B\r\nOK\r\n"
    assert up.types(b"AT+CIPRXGET=3\r") == b"\r\n+CIPRXGET: 3,2,0\r\n0D0A\r\nOK\r\n"


def test_a_refused_bring_up(bench: Bench) -> None:
    bench.sees(PdpRefusalChanged(True))
    bench.types(b"ATE0;+CMEE=2\r")
    bench.types(b"AT+CSTT\r")
    assert bench.types(b"AT+CIICR\r") == b"\r\n+PDP: DEACT\r\n\r\nERROR\r\n"


def test_closing(multi: Bench) -> None:
    multi.types(b"ATE0\r")
    multi.types(f'AT+CIPSTART=2,"TCP","{SERVER}",{PORT}\r'.encode())
    assert multi.types(b"AT+CIPCLOSE=2\r") == b"\r\n2, CLOSE OK\r\n"
    multi.types(f'AT+CIPSTART=4,"TCP","{SERVER}",{PORT}\r'.encode())
    multi.net.connections[-1].close()
    multi.settles()
    multi.hears(b"\r\n4, CLOSED\r\n")
    assert multi.types(b"AT+CIPSHUT\r") == b"\r\nSHUT OK\r\n"


def test_closing_single(up: Bench) -> None:
    up.types(b"ATE0\r")
    up.types(f'AT+CIPSTART="TCP","{SERVER}",{PORT}\r'.encode())
    assert up.types(b"AT+CIPCLOSE\r") == b"\r\nCLOSE OK\r\n"
    up.types(f'AT+CIPSTART="TCP","{SERVER}",{PORT}\r'.encode())
    up.net.connections[-1].close()
    up.settles()
    up.hears(b"\r\nCLOSED\r\n")


def test_a_server(multi: Bench) -> None:
    multi.types(b"ATE0\r")
    assert multi.types(b"AT+CIPSERVER=1,8888\r") == b"\r\nOK\r\n\r\nSERVER OK\r\n"
    multi.net.connect_client(8888, "10.76.40.73")
    multi.settles()
    multi.hears(b"\r\n0, REMOTE IP: 10.76.40.73\r\n")
    assert multi.types(b"AT+CIPSERVER=0\r") == b"\r\nOK\r\n\r\nSERVER CLOSE\r\n"


def test_the_cdns_lines(up: Bench) -> None:
    up.types(b"ATE0\r")
    up.net.add_name("www.baidu.com", "119.75.218.77", "119.75.217.56")
    assert up.types(b"AT+CDNSGIP =www.baidu.com\r") == (
        b'\r\nOK\r\n\r\n+CDNSGIP: 1,"www.baidu.com","119.75.218.77","119.75.217.56"\r\n'
    )
    assert up.types(b"AT+CDNSCFG?\r") == (b"\r\nPrimaryDns: 0.0.0.0\r\nSecondaryDns: 0.0.0.0\r\n\r\nOK\r\n")


def test_lines_of_one_block_are_separated_by_one_line_end(multi: Bench) -> None:
    multi.types(b"ATE0\r")
    assert multi.types(b"AT+CIPSEND?\r") == (
        b"\r\n" + b"".join(b"+CIPSEND: %d,0\r\n" % n for n in range(6)) + b"\r\nOK\r\n"
    )


# ---- lines, as common.md section 1 has them ---------------------------------------------------------


def test_the_address_and_the_ok_of_e0(up: Bench) -> None:
    assert up.types(b"AT+CIFSR;E0\r") == b"AT+CIFSR;E0\r\r\n" + LOCAL[0].encode() + b"\r\n\r\nOK\r\n"
    assert up.types(b"AT\r") == b"\r\nOK\r\n"


def test_cipstatus_in_a_compound_line_drops_its_ok(bench: Bench) -> None:
    bench.types(b"ATE0\r")
    assert bench.types(b"AT+CREG?;+CIPSTATUS;+CSQ\r") == (
        b"\r\n+CREG: 0,1\r\n\r\nSTATE: IP INITIAL\r\n\r\n+CSQ: 20,0\r\n\r\nOK\r\n"
    )
    assert bench.types(b"AT+CIPSTATUS;+CIPSTATUS\r") == (
        b"\r\nSTATE: IP INITIAL\r\n\r\nSTATE: IP INITIAL\r\n\r\nOK\r\n"
    )
    assert bench.types(b"AT+CIPSTATUS;+NOSUCH\r") == b"\r\nSTATE: IP INITIAL\r\n\r\nERROR\r\n"


def test_cipstatus_with_links_in_a_compound_line(multi: Bench) -> None:
    multi.types(b"ATE0\r")
    links = b"".join(b'C: %d,,"","","","INITIAL"\r\n' % n for n in range(6))
    assert multi.types(b"AT+CIPSTATUS;+CIPMUX?\r") == (
        b"\r\nSTATE: IP STATUS\r\n\r\n" + links + b"\r\n+CIPMUX: 1\r\n\r\nOK\r\n"
    )


def test_a_late_result_comes_behind_the_ok_of_its_line(up: Bench) -> None:
    up.types(b"ATE0\r")
    assert up.types(f'AT+CIPSTART="TCP","{SERVER}",{PORT};+CIPMUX?\r'.encode()) == (
        b"\r\n+CIPMUX: 0\r\n\r\nOK\r\n\r\nCONNECT OK\r\n"
    )
    up.types(b"AT+CIPCLOSE\r")
    assert up.types(b"AT+CIPSERVER=1,80;+CIPMUX?\r") == (b"\r\n+CIPMUX: 0\r\n\r\nOK\r\n\r\nSERVER OK\r\n")
    assert up.types(b"AT+CIPSERVER=0;+CIPMUX?\r") == b"\r\n+CIPMUX: 0\r\n\r\nOK\r\n\r\nSERVER CLOSE\r\n"


def test_a_whole_bring_up_in_one_line(bench: Bench) -> None:
    bench.types(b"ATE0\r")
    assert bench.types(b'AT+CSTT="internet";+CIICR;+CIFSR;+CIPSTATUS\r') == (
        b"\r\n" + LOCAL[0].encode() + b"\r\n\r\nSTATE: IP STATUS\r\n\r\nOK\r\n"
    )


def test_what_follows_a_prompt_in_the_line_is_dropped(up: Bench) -> None:
    up.types(b"ATE0\r")
    up.types(f'AT+CIPSTART="TCP","{SERVER}",{PORT}\r'.encode())
    assert up.types(b"AT+CIPMUX?;+CIPSEND=2;+CIPMUX?\r") == b"\r\n+CIPMUX: 0\r\n\r\n> "
    assert up.types(b"hi") == b"\r\nSEND OK\r\n"
    assert bytes(up.net.connections[0].received) == b"hi"


def test_what_ran_before_the_first_error_stays_done(bench: Bench) -> None:
    bench.types(b"ATE0\r")
    assert bench.types(b"AT+CIPHEAD=1;+CIICR;+CIPSRIP=1\r") == b"\r\nERROR\r\n"
    assert bench.types(b"AT+CIPHEAD?;+CIPSRIP?\r") == b"\r\n+CIPHEAD: 1\r\n\r\n+CIPSRIP: 0\r\n\r\nOK\r\n"


def test_a_line_typed_while_a_command_runs_is_echoed_and_run_afterwards() -> None:
    bench = Bench(echo=True, pace=1.0)
    assert bench.types(b"AT+CIPSHUT\r") == b"AT+CIPSHUT\r"
    assert bench.types(b"AT+CIPMUX?\r\n") == b""
    assert bench.waits(1.0) == b"\r\nSHUT OK\r\nAT+CIPMUX?\r\r\n+CIPMUX: 0\r\n\r\nOK\r\n"


def test_several_lines_typed_while_a_command_runs() -> None:
    bench = Bench(pace=1.0)
    assert bench.types(b"AT+CSTT\r\nAT+CIICR\r\nAT+CIFSR\r\nAT+CIPMUX?\r\n") == said("OK")
    assert bench.waits(1.5) == said("OK", LOCAL[0], "+CIPMUX: 0", "OK")


def test_payload_typed_while_a_command_runs() -> None:
    bench = Bench().multi()
    bench.tcp(1).ignore_fin()
    peer = bench.tcp(0)
    bench.does("AT+CIPCLOSE=1")
    bench.types(b"AT+CIPSEND=0,3\r\nabcAT+CIPSEND=0\r\nde\x1aAT\r\n")
    assert bench.waits(5.0) == said("1, CLOSE OK", b"\r\n> ", "0, SEND OK", b"\r\n> ", "0, SEND OK", "OK")
    assert bytes(peer.received) == b"abcde"


# ---- without words: ATV0 and ATQ1 ---------------------------------------------------------------------


def test_numbers_in_place_of_the_result_codes() -> None:
    bench = Bench()
    bench.asks("ATV0")
    assert bench.asks("AT+CIPSTATUS") == b"0\rSTATE: IP INITIAL\r\n"
    assert bench.asks("AT+CSTT?") == b'+CSTT: "CMNET","",""\r\n0\r'
    assert bench.asks("AT+CSTT;+CIICR;+CIFSR") == LOCAL[0].encode() + b"\r\n"
    line = f'AT+CIPSTART="TCP","{SERVER}",{PORT}'
    assert bench.asks(line) == b"0\rCONNECT OK\r\n"
    assert bench.asks(line) == b"4\rALREADY CONNECT\r\n"
    assert bench.asks("AT+CIPHEAD=1") == b"0\r"
    bench.net.connections[0].send(b"data")
    bench.settles()
    bench.hears(b"+IPD,4:data")
    assert bench.asks("AT+CIPSRIP=1") == b"0\r"
    bench.net.connections[0].send(b"data")
    bench.settles()
    bench.hears(f"RECV FROM:{SERVER}:{PORT}\r\n+IPD,4:data".encode())
    assert bench.asks("AT+CIPCLOSE") == b"CLOSE OK\r\n"
    assert bench.asks("AT+CIPMODE=1") == b"0\r"
    assert bench.asks(line) == b"0\r1\r"


def test_numbers_with_several_links() -> None:
    bench = Bench().multi()
    bench.asks("ATV0")
    assert bench.asks(f'AT+CIPSTART=0,"TCP","{SERVER}",{PORT}') == b"0\r0, CONNECT OK\r\n"
    bench.net.connections[0].send(b"data")
    bench.settles()
    bench.hears(b"+RECEIVE,0,4:\r\ndata")


def test_quiet_leaves_the_vendors_own_words() -> None:
    bench = Bench().single()
    assert bench.asks("ATQ1") == b""
    assert bench.asks(f'AT+CIPSTART="TCP","{SERVER}",{PORT}') == b"\r\nCONNECT OK\r\n"
    assert bench.asks("AT+CIPSTATUS") == b"\r\nSTATE: CONNECT OK\r\n"
    assert bench.asks("AT+CIICR") == b""
    assert bench.asks("AT+CIPSEND=2") == b"\r\n> "
    assert bench.types(b"hi") == b"\r\nSEND OK\r\n"
    assert bench.asks("AT+CIPCLOSE") == b"\r\nCLOSE OK\r\n"


# ---- the LF behind a line that opens a prompt -------------------------------------------------------


def connected(writer: Writer = whole) -> Bench:
    bench = Bench(writer=writer)
    bench.types(b"AT+CSTT\rAT+CIICR\rAT+CIFSR\r")
    bench.types(f'AT+CIPSTART="TCP","{SERVER}",{PORT}\r'.encode())
    return bench


def test_an_lf_in_the_chunk_of_the_cr_is_not_payload() -> None:
    bench = connected()
    bench.types(b"AT+CIPSEND=3\r\nabc")
    assert bytes(bench.net.connections[0].received) == b"abc"


def test_a_host_that_sends_cr_lf_may_send_the_lf_late() -> None:
    bench = connected()
    bench.types(b"AT\r\n")
    bench.types(b"AT+CIPSEND=3\r")
    bench.types(b"\n")
    assert bench.types(b"abc") == b"\r\nSEND OK\r\n"
    assert bytes(bench.net.connections[0].received) == b"abc"


def test_a_host_that_sends_cr_alone_may_begin_its_payload_with_lf() -> None:
    bench = connected()
    bench.types(b"AT+CIPSEND=3\r")
    assert bench.types(b"\nbc") == b"\r\nSEND OK\r\n"
    assert bytes(bench.net.connections[0].received) == b"\nbc"


def test_only_one_lf_is_the_lines_end() -> None:
    bench = connected()
    bench.types(b"AT+CIPSEND=3\r\n\nbc")
    assert bytes(bench.net.connections[0].received) == b"\nbc"


def test_a_stray_line_end_behind_the_payload_is_harmless() -> None:
    bench = connected()
    bench.types(b"AT+CIPSEND=3\r\n")
    assert bench.types(b"abc\r\n") == b"\r\nSEND OK\r\n"
    assert bench.types(b"AT\r\n") == b"\r\nOK\r\n"
    assert bytes(bench.net.connections[0].received) == b"abc"


# ---- how commands may be spelled --------------------------------------------------------------------

SPELLINGS = [
    f'AT+CIPSTART="TCP","{SERVER}","{PORT}"',
    f'AT+CIPSTART="TCP","{SERVER}",{PORT}',
    f'at+cipstart="tcp","{SERVER}",{PORT}',
    f'AT+CIPSTART = "TCP", "{SERVER}", {PORT}',
    f"AT+CIPSTART=TCP,{SERVER},{PORT}",
    f'AT+CIPSTART="TCP","{SERVER}",0{PORT}',
    'AT+CIPSTART="TCP","116.228.221.051",8500',
]


@pytest.mark.parametrize("line", SPELLINGS)
def test_spellings_of_cipstart(line: str) -> None:
    bench = Bench().single()
    bench.does(line, "OK", "CONNECT OK")
    assert bench.net.connections[0].remote == Address(SERVER, PORT)


REFUSED = [
    'AT+CIPMUX="1"',
    "AT+CIPMUX=+1",
    "AT+CIPMUX=-1",
    "AT+CIPMUX=1,",
    "AT+CIPMUX=",
    "AT+CIPMUX=0x1",
    'AT+CSTT="internet',
    "AT+CIPMUX==1",
]


@pytest.mark.parametrize("line", REFUSED)
def test_spellings_that_are_refused(line: str) -> None:
    Bench().does(line, "ERROR")


def test_leading_zeros_and_empty_fields() -> None:
    bench = Bench()
    bench.does("AT+CIPMUX=01", "OK")
    bench.does("AT+CIPMUX=00", "OK")
    bench.does("AT+CIPATS=1,005", "OK")
    bench.does("AT+CIPATS=1,", "OK")
    bench.does("AT+CIPATS?", "+CIPATS: 1,5", "OK")
    bench.does('AT+CSTT="a",,"p"', "OK")
    bench.does("AT+CSTT?", '+CSTT: "a","","p"', "OK")


def test_the_misspelled_command_of_the_note_is_unknown() -> None:
    bench = Bench()
    bench.does("AT+CIPSNED", "ERROR")
    bench.does("AT+CIPSHOWT=1", "ERROR")


def test_a_port_quoted_as_in_the_note() -> None:
    bench = Bench().single()
    bench.does('AT+CIPSERVER=1,"1234"', "OK", "SERVER OK")
    bench.does("AT+CIPSERVER?", "+CIPSERVER: 1,1234,0,0", "OK")


def test_urcs_wait_while_a_line_is_executed_not_while_it_is_typed() -> None:
    bench = Bench().single()
    peer = bench.tcp(host=OTHER)
    assert bench.types(b"AT+CIPM") == b""
    peer.send(b"data")
    bench.settles()
    bench.hears(b"data")
    assert bench.types(b"UX?\r") == b"\r\n+CIPMUX: 0\r\n\r\nOK\r\n"


def test_a_silent_peer_leaves_the_line_free(up: Bench) -> None:
    up.types(b"ATE0\r")
    up.does(f'AT+CIPSTART="TCP","{SILENT}",{PORT}', "OK")
    up.does("AT+CIPSTATUS", "OK", "STATE: TCP CONNECTING")

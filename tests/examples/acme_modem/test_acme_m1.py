"""The M1's dialogues, byte for byte, in virtual time."""

from __future__ import annotations

import pytest
from acme_modem.m1 import ACME_M1
from vmodem.emulator.bench import PROMPT, Bench
from vmodem.emulator.dialect import Options
from vmodem.netstack.memory import MemoryConnection, Mode

SERVER, PORT = "192.0.2.1", 7


@pytest.fixture
def bench() -> Bench:
    """An M1 whose context is up, and a server."""
    bench = Bench(ACME_M1)
    bench.net.tcp(SERVER, PORT)
    bench.does("AT+MNET=1", "OK")
    return bench


def opens(bench: Bench, number: int = 0) -> MemoryConnection:
    """A connection, seen from its far end."""
    bench.does(f'AT+MOPEN={number},"TCP","{SERVER}",{PORT}', "OK", f"+MOPENED: {number}")
    return bench.net.connections[-1]


def test_it_answers() -> None:
    bench = Bench(ACME_M1, Options(imei="350000000000006"))
    bench.does("AT", "OK")
    bench.does("AT+CGMM", "M1", "OK")
    bench.does("AT+MSN", "+MSN: 350000000000006", "OK")


def test_the_context_goes_up_and_down(bench: Bench) -> None:
    address = bench.asks("AT+MNET?")
    assert address.startswith(b'\r\n+MNET: 1,"10.')
    bench.does("AT+MNET=0", "OK")
    bench.does("AT+MNET?", '+MNET: 0,""', "OK")
    bench.does('AT+MAPN="internet"', "OK")
    bench.does("AT+MAPN?", '+MAPN: "internet"', "OK")


def test_a_connection_carries_data_both_ways(bench: Bench) -> None:
    server = opens(bench)
    assert bench.asks("AT+MSEND=0,5") == PROMPT
    assert bench.types(b"hello") == b"\r\n+MSENT: 0,5\r\n\r\nOK\r\n"
    assert server.received == b"hello"
    server.send(b"world")
    bench.settles()
    bench.hears("+MDATA: 0,5")
    bench.does("AT+MRECV=0,3", "+MRECV: 0,3", b"wor", "OK")
    bench.does("AT+MRECV=0", "+MRECV: 0,2", b"ld", "OK")


def test_received_data_is_pushed(bench: Bench) -> None:
    bench.does("AT+MPUSH=1", "OK")
    opens(bench).send(b"world")
    bench.settles()
    bench.hears("+MPUSH: 0,5", b"world")


def test_every_socket_tells_its_state(bench: Bench) -> None:
    server = opens(bench, 1)
    server.send(b"last")
    server.close()
    bench.settles()
    bench.hears("+MDATA: 1,4", "+MCLOSED: 1")
    bench.does("AT+MSTAT?", '+MSTAT: 0,"FREE"\n+MSTAT: 1,"ENDED"\n+MSTAT: 2,"FREE"\n+MSTAT: 3,"FREE"', "OK")
    bench.does("AT+MRECV=1", "+MRECV: 1,4", b"last", "OK")
    bench.does("AT+MCLOSE=1", "OK")
    bench.does("AT+MCLOSE=1", "ERROR")


@pytest.mark.parametrize(
    ("mode", "word"),
    [(Mode.REFUSE, "refused"), (Mode.UNREACHABLE, "unreachable"), (Mode.SILENT, "timeout")],
)
def test_why_a_connection_was_not_made(bench: Bench, mode: Mode, word: str) -> None:
    bench.net.tcp("192.0.2.9", PORT, mode=mode)
    heard = bench.asks(f'AT+MOPEN=0,"TCP","192.0.2.9",{PORT}') + bench.waits(30)
    assert heard == b'\r\nOK\r\n\r\n+MFAIL: 0,"%s"\r\n' % word.encode()


@pytest.mark.parametrize(
    ("level", "words"), [(0, "ERROR"), (1, "+CME ERROR: 701"), (2, "+CME ERROR: no context")]
)
def test_errors_are_told_as_cmee_says(level: int, words: str) -> None:
    bench = Bench(ACME_M1)
    bench.does(f"AT+CMEE={level}", "OK")
    bench.does(f'AT+MOPEN=0,"TCP","{SERVER}",{PORT}', words)


def test_the_network_takes_the_context(bench: Bench) -> None:
    opens(bench)
    assert bench.loses_pdp() == b"\r\n+MNET: 0\r\n"
    bench.does("AT+MSEND=0,1", "ERROR")
    bench.does("AT+MNET=1", "OK")
    opens(bench)


def test_transparent_mode_and_back(bench: Bench) -> None:
    server = opens(bench)
    bench.does("AT+MLINE=0", "CONNECT")
    bench.types(b"raw")
    assert bench.waits(0.5) == b""
    assert server.received == b"raw"
    assert bench.types(b"+++") == b""
    assert bench.waits(0.5) == b"\r\nOK\r\n"
    bench.does("ATO", "CONNECT")
    server.send(b"bye")
    server.close()
    bench.settles()
    bench.hears(b"bye", "NO CARRIER")
    bench.does("ATO", "NO CARRIER")

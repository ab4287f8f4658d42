"""Which command is accepted in which state: the digest's tables of section 5, run as a matrix.

The tables below are copied from the document, not from the code. TCP CLOSING and UDP CLOSING exist
only while AT+CIPCLOSE owns the line, IP CONFIG of AT+CIICR the same: nothing is accepted then, what
is typed is kept (test_connections, test_contexts). IP CONFIG is entered here by an implicit bring-up,
whose connection (or listener) counts as open.
"""

from __future__ import annotations

import pytest
from sim800_bench import (
    LOCAL,
    MULTI_STATES,
    OTHER,
    PORT,
    PROMPT,
    SERVER,
    SILENT,
    SINGLE_STATES,
    UDP_PORT,
    Bench,
    in_multi_state,
    in_single_state,
    said,
)

ERROR = said("ERROR")
ALREADY = said("ERROR", "ALREADY CONNECT")
OK = said("OK")
CLOSE_OK = said("CLOSE OK")

EVERY = set(SINGLE_STATES)
INITIAL = {"IP INITIAL"}
CONNECTING = {"TCP CONNECTING", "UDP CONNECTING"}
CONNECTED = {name for name in EVERY if name.startswith("CONNECT OK")}
CLOSED = {"TCP CLOSED", "UDP CLOSED"}
LISTENING = {"SERVER LISTENING"}
DEACT = {"PDP DEACT", "PDP DEACT (refused)"}
LATER = {"IP GPRSACT", "IP STATUS"} | CONNECTING | LISTENING | CONNECTED | CLOSED
IDLE = {"IP INITIAL", "IP START", "IP GPRSACT", "IP STATUS"} | CLOSED | DEACT
START = {"IP INITIAL", "IP STATUS"} | CLOSED

SINGLE: list[tuple[str, set[str], bytes]] = [
    ("AT+CSTT", INITIAL, OK),
    ('AT+CSTT="internet"', INITIAL, OK),
    ('AT+CSTT="internet","me","secret"', INITIAL, OK),
    ("AT+CSTT=?", EVERY, said('+CSTT: "APN","USER","PWD"', "OK")),
    ("AT+CSTT?", EVERY, said('+CSTT: "CMNET","",""', "OK")),
    ("AT+CIICR", {"IP START"}, OK),
    ("AT+CIICR=?", EVERY, OK),
    ("AT+CIFSR", LATER, said(LOCAL[0])),
    ("AT+CIFSR=?", EVERY, OK),
    (f'AT+CIPSTART="TCP","{SILENT}",{PORT}', START, OK),
    (f'AT+CIPSTART="UDP","{OTHER}",{UDP_PORT}', START, said("OK", "CONNECT OK")),
    ("AT+CIPSERVER=1,5000", START, said("OK", "SERVER OK")),
    ("AT+CIPSEND", CONNECTED, PROMPT),
    ("AT+CIPSEND=5", CONNECTED, PROMPT),
    ("AT+CIPSEND=?", EVERY, said("+CIPSEND: <length>", "OK")),
    ("AT+CIPACK", CONNECTED, said("+CIPACK: 0,0,0", "OK")),
    ("AT+CIPACK=?", EVERY, OK),
    ("AT+CIPCLOSE", CONNECTING | CONNECTED | LISTENING, CLOSE_OK),
    ("AT+CIPCLOSE=0", CONNECTING | CONNECTED | LISTENING, CLOSE_OK),
    ("AT+CIPCLOSE=1", CONNECTING | CONNECTED | LISTENING, CLOSE_OK),
    ("AT+CIPCLOSE=?", EVERY, OK),
    ("AT+CIPSHUT", EVERY, said("SHUT OK")),
    ("AT+CIPSHUT=?", EVERY, OK),
    ("AT+CIPMUX=1", INITIAL, OK),
    ("AT+CIPMUX=0", INITIAL, OK),
    ("AT+CIPMUX?", EVERY, said("+CIPMUX: 0", "OK")),
    ("AT+CIPSGTXT=0", set(), OK),
    ("AT+CIPSGTXT=1", set(), OK),
    ("AT+CIPMODE=1", IDLE, OK),
    ("AT+CIPMODE=0", IDLE, OK),
    ("AT+CIPMODE?", EVERY, said("+CIPMODE: 0", "OK")),
    ("AT+CIPUDPMODE=1", IDLE, OK),
    ("AT+CIPUDPMODE=0", IDLE, OK),
    (f'AT+CIPUDPMODE=2,"{OTHER}",5678', {"CONNECT OK (UDP, extended)"}, OK),
    ("AT+CIPRXGET=1", IDLE, OK),
    ("AT+CIPRXGET=0", EVERY, OK),
    ("AT+CIPRXGET?", EVERY, said("+CIPRXGET: 0", "OK")),
    ("AT+CIPRXGET=2", set(), OK),
    ("AT+CIPRXGET=3", set(), OK),
    ("AT+CIPRXGET=4", set(), OK),
    ('AT+CLPORT="TCP",5000', IDLE, OK),
    ('AT+CLPORT="UDP",5000', IDLE, OK),
    ("AT+CIPCCFG=3,1,100,0,1,50,20", EVERY, OK),
    ("AT+CIPCCFG?", EVERY, said("+CIPCCFG: 5,2,1024,1,0,1460,50", "OK")),
    ("AT+CIPSERVER=0", LISTENING | {"CONNECT OK (server)"}, said("OK", "SERVER CLOSE")),
    ("AT+CIPHEAD=1", EVERY, OK),
    ("AT+CIPSRIP=1", EVERY, OK),
    ("AT+CIPSHOWTP=1", EVERY, OK),
    ("AT+CIPQSEND=1", EVERY, OK),
    ("AT+CIPATS=1,5", EVERY, OK),
    ("AT+CIPSPRT=0", EVERY, OK),
    ('AT+CDNSCFG="8.8.8.8"', EVERY, OK),
    ("AT+CIPSTATUS=?", EVERY, OK),
    ("AT+CIPSTATUS=0", set(), OK),
    ('AT+CDNSGIP="192.0.2.7"', LATER, said("OK", '+CDNSGIP: 1,"192.0.2.7","192.0.2.7"')),
]


@pytest.mark.parametrize("state", SINGLE_STATES)
@pytest.mark.parametrize(("command", "accepted", "answer"), SINGLE, ids=[row[0] for row in SINGLE])
def test_single_connection(state: str, command: str, accepted: set[str], answer: bytes) -> None:
    bench = in_single_state(state)
    if "CIPSTART" in command and state in CONNECTING | CONNECTED:
        assert bench.asks(command) == ALREADY
    else:
        assert bench.asks(command) == (answer if state in accepted else ERROR)


@pytest.mark.parametrize("state", SINGLE_STATES)
def test_the_state_is_printed(state: str) -> None:
    bench = in_single_state(state)
    assert bench.asks("AT+CIPSTATUS") == said("OK", f"STATE: {state.split(' (')[0]}")


@pytest.mark.parametrize("state", SINGLE_STATES)
def test_a_refused_command_keeps_the_state(state: str) -> None:
    bench = in_single_state(state)
    for command, accepted, _ in SINGLE:
        already = "CIPSTART" in command and state in CONNECTING | CONNECTED
        if state not in accepted or already:
            assert bench.asks(command) == (ALREADY if already else ERROR), command
            assert bench.state() == state.split(" (")[0], command


@pytest.mark.parametrize("state", SINGLE_STATES)
def test_available_length_is_read_in_every_state(state: str) -> None:
    size = 1460 if state in CONNECTED else 0
    assert in_single_state(state).asks("AT+CIPSEND?") == said(f"+CIPSEND: {size}", "OK")


MANUAL: list[tuple[str, bytes, bytes]] = [
    ("AT+CIPRXGET=2", said("+CIPRXGET: 2,0,0", "OK"), ERROR),
    ("AT+CIPRXGET=2,100", said("+CIPRXGET: 2,0,0", "OK"), ERROR),
    ("AT+CIPRXGET=3", said("+CIPRXGET: 3,0,0", "OK"), ERROR),
    ("AT+CIPRXGET=4", said("+CIPRXGET: 4,0", "OK"), said("+CIPRXGET: 4,0", "OK")),
]


@pytest.mark.parametrize("state", SINGLE_STATES)
@pytest.mark.parametrize(("command", "is_open", "otherwise"), MANUAL, ids=[row[0] for row in MANUAL])
def test_manual_receive_with_nothing_waiting(
    state: str, command: str, is_open: bytes, otherwise: bytes
) -> None:
    bench = in_single_state(state, 0, "AT+CIPRXGET=1")
    assert bench.asks(command) == (is_open if state in CONNECTED else otherwise)


def test_transparent_mode_has_no_cipsend_and_no_multi() -> None:
    bench = Bench()
    bench.does("AT+CIPMODE=1", "OK")
    bench.does("AT+CIPMUX=1", "ERROR")
    bench.does("AT+CIPSEND", "ERROR")
    bench.does("AT+CIPSEND=5", "ERROR")
    bench.does("AT+CIPMODE=0", "OK")
    bench.does("AT+CIPMUX=1", "OK")
    bench.does("AT+CIPMODE=1", "ERROR")
    bench.does("AT+CIPMODE=0", "OK")


# ---- several connections -----------------------------------------------------------------------------

M_EVERY = set(MULTI_STATES)
M_ACTIVE = {"IP GPRSACT", "IP STATUS", "IP PROCESSING"}
M_START = {"IP STATUS", "IP PROCESSING"}
PROCESSING = {"IP PROCESSING"}
M_IDLE = M_EVERY - PROCESSING
CLOSED_LINK = said('+CIPSTATUS: 4,,"","","","INITIAL"', "OK")

MULTI: list[tuple[str, set[str], bytes]] = [
    ("AT+CSTT", INITIAL, OK),
    ('AT+CSTT="internet","me","secret"', INITIAL, OK),
    ("AT+CIICR", {"IP START"}, OK),
    ("AT+CIFSR", M_ACTIVE, said(LOCAL[0])),
    ("AT+CIPMUX=1", INITIAL, OK),
    ("AT+CIPMUX=0", INITIAL, OK),
    ("AT+CIPMUX?", M_EVERY, said("+CIPMUX: 1", "OK")),
    (f'AT+CIPSTART=4,"TCP","{SERVER}",{PORT}', M_START, said("OK", "4, CONNECT OK")),
    (f'AT+CIPSTART=2,"TCP","{SERVER}",{PORT}', M_START, said("OK", "2, CONNECT OK")),
    (f'AT+CIPSTART="TCP","{SERVER}",{PORT}', set(), OK),
    (f'AT+CIPSTART=6,"TCP","{SERVER}",{PORT}', set(), OK),
    ("AT+CIPSERVER=1,5000", M_START, said("OK", "SERVER OK")),
    ("AT+CIPSERVER=0", set(), OK),
    ("AT+CIPSEND", set(), PROMPT),
    ("AT+CIPSEND=0", PROCESSING, PROMPT),
    ("AT+CIPSEND=0,5", PROCESSING, PROMPT),
    ("AT+CIPSEND=3,5", PROCESSING, PROMPT),
    ("AT+CIPSEND=1", set(), PROMPT),
    ("AT+CIPSEND=2", set(), PROMPT),
    ("AT+CIPSEND=4", set(), PROMPT),
    ("AT+CIPACK=0", PROCESSING, said("+CIPACK: 0,0,0", "OK")),
    ("AT+CIPACK=3", PROCESSING, said("+CIPACK: 0,0,0", "OK")),
    ("AT+CIPACK=1", set(), OK),
    ("AT+CIPACK=2", set(), OK),
    ("AT+CIPACK=4", set(), OK),
    ("AT+CIPACK", set(), OK),
    ("AT+CIPCLOSE=0", PROCESSING, said("0, CLOSE OK")),
    ("AT+CIPCLOSE=0,1", PROCESSING, said("0, CLOSE OK")),
    ("AT+CIPCLOSE=1", PROCESSING, said("1, CLOSE OK")),
    ("AT+CIPCLOSE=3,0", PROCESSING, said("3, CLOSE OK")),
    ("AT+CIPCLOSE=2", set(), OK),
    ("AT+CIPCLOSE=4", set(), OK),
    ("AT+CIPCLOSE", set(), OK),
    ("AT+CIPSHUT", M_EVERY, said("SHUT OK")),
    ("AT+CIPSGTXT=1", M_EVERY, OK),
    ("AT+CIPSGTXT=0", M_EVERY, OK),
    ("AT+CIPSGTXT=?", M_EVERY, said("+CIPSGTXT: (0,1)", "OK")),
    ("AT+CIPMODE=1", set(), OK),
    ("AT+CIPMODE=0", M_IDLE, OK),
    ("AT+CIPCCFG=3,1,100,0,1,50,20", set(), OK),
    ("AT+CIPRXGET=1", M_IDLE, OK),
    ("AT+CIPRXGET=0", M_EVERY, OK),
    ("AT+CIPRXGET=2,0", set(), OK),
    ("AT+CIPRXGET=4,0", set(), OK),
    ('AT+CLPORT=4,"TCP",5000', M_EVERY, OK),
    ('AT+CLPORT=2,"UDP",5000', M_EVERY, OK),
    ('AT+CLPORT=0,"TCP",5000', M_IDLE, OK),
    ('AT+CLPORT=1,"TCP",5000', M_IDLE, OK),
    ("AT+CIPUDPMODE=4,1", M_EVERY, OK),
    ("AT+CIPUDPMODE=3,1", M_IDLE, OK),
    ("AT+CIPUDPMODE=0,0", M_IDLE, OK),
    (f'AT+CIPUDPMODE=3,2,"{OTHER}",5678', PROCESSING, OK),
    (f'AT+CIPUDPMODE=0,2,"{OTHER}",5678', set(), OK),
    ("AT+CIPHEAD=1", M_EVERY, OK),
    ("AT+CIPSRIP=1", M_EVERY, OK),
    ("AT+CIPSHOWTP=1", M_EVERY, OK),
    ("AT+CIPQSEND=1", M_EVERY, OK),
    ("AT+CIPATS=1,5", M_EVERY, OK),
    ("AT+CIPSPRT=0", M_EVERY, OK),
    ('AT+CDNSCFG="8.8.8.8"', M_EVERY, OK),
    ('AT+CDNSGIP="192.0.2.7"', M_ACTIVE, said("OK", '+CDNSGIP: 1,"192.0.2.7","192.0.2.7"')),
    ("AT+CIPSTATUS=4", M_EVERY, CLOSED_LINK),
    ("AT+CIPSTATUS=6", set(), OK),
    ("AT+CIPSTATUS=?", M_EVERY, OK),
]


@pytest.mark.parametrize("state", MULTI_STATES)
@pytest.mark.parametrize(("command", "accepted", "answer"), MULTI, ids=[row[0] for row in MULTI])
def test_several_connections(state: str, command: str, accepted: set[str], answer: bytes) -> None:
    bench = in_multi_state(state)
    assert bench.asks(command) == (answer if state in accepted else ERROR)


@pytest.mark.parametrize("state", MULTI_STATES)
def test_a_command_refused_with_several_connections_keeps_the_state(state: str) -> None:
    bench = in_multi_state(state)
    for command, accepted, _ in MULTI:
        if state not in accepted:
            assert bench.asks(command) == ERROR, command
            assert bench.state() == state, command


def test_links_in_use_are_already_connected() -> None:
    bench = in_multi_state("IP PROCESSING")
    for number in (0, 1, 3):
        bench.does(f'AT+CIPSTART={number},"TCP","{SERVER}",{PORT}', "ERROR", f"{number}, ALREADY CONNECT")


MULTI_MANUAL: list[tuple[str, bytes]] = [
    ("AT+CIPRXGET=2,0", said("+CIPRXGET: 2,0,0,0", "OK")),
    ("AT+CIPRXGET=3,3,10", said("+CIPRXGET: 3,3,0,0", "OK")),
    ("AT+CIPRXGET=2,1", ERROR),
    ("AT+CIPRXGET=2,2", ERROR),
    ("AT+CIPRXGET=3,4", ERROR),
    ("AT+CIPRXGET=4,0", said("+CIPRXGET: 4,0,0", "OK")),
    ("AT+CIPRXGET=4,2", said("+CIPRXGET: 4,2,0", "OK")),
    ("AT+CIPRXGET=4,5", said("+CIPRXGET: 4,5,0", "OK")),
]


@pytest.mark.parametrize(("command", "answer"), MULTI_MANUAL)
def test_manual_receive_goes_by_the_link(command: str, answer: bytes) -> None:
    bench = in_multi_state("IP PROCESSING", 0, "AT+CIPRXGET=1")
    assert bench.asks(command) == answer


def test_the_link_decides_whatever_context_is_selected() -> None:
    bench = in_multi_state("IP PROCESSING")
    bench.does("AT+CIPSGTXT=1", "OK")
    assert bench.state() == "IP INITIAL"
    bench.does("AT+CIPACK=0", "+CIPACK: 0,0,0", "OK")
    bench.does("AT+CIPSEND=0,2", PROMPT)
    assert bench.types(b"hi") == said("0, SEND OK")
    bench.does("AT+CIPCLOSE=0", "0, CLOSE OK")
    bench.does("AT+CIFSR", "ERROR")
    bench.does(f'AT+CIPSTART=0,"TCP","{SERVER}",{PORT}', "ERROR")

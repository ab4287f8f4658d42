"""Which command is accepted in which state: the digest's tables of section 5, run as a matrix.

The tables below are copied from the document, not from the code. IP CONFIG and IP IND are entered by
an implicit bring-up (QIDNSGIP's, QIOPEN's, QISERVER's): during QIACT nothing is accepted, what is typed
is kept (test_contexts).
"""

from __future__ import annotations

import pytest
from mxx_bench import (
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
    slow,
)
from vmodem.emulator.events import PdpRefusalChanged

ERROR = said("ERROR")
ALREADY = said("ALREADY CONNECT", "ERROR")
OK = said("OK")
CLOSE_OK = said("CLOSE OK")
ZEROS = said("+QISACK: 0, 0, 0", "OK")
DNS_OK = said("OK", "93.184.216.34")

EVERY = set(SINGLE_STATES)


def named(*beginnings: str) -> set[str]:
    """The single connection states of these names, with and without what is said in brackets."""
    return {name for name in EVERY if name.split(" (")[0] in beginnings}


INITIAL = {"IP INITIAL"}
CONFIGURING = named("IP CONFIG", "IP IND")
CONNECTING = named("TCP CONNECTING", "UDP CONNECTING")
CONNECTED = named("CONNECT OK")
ACTIVE = named("IP GPRSACT", "IP STATUS", "CONNECT OK", "IP CLOSE") | CONNECTING
SERVES = {name for name in EVERY if "listening" in name or "accepted" in name or "left" in name}
BRINGS_UP = {name for name in CONFIGURING if "opening" in name or "serving" in name}
DATA_LINK = CONNECTED | {"IP STATUS (client accepted)"}
IDLE = EVERY - CONNECTING - CONNECTED - SERVES - BRINGS_UP
MAY_LISTEN = named("IP INITIAL", "IP START", "IP STATUS", "CONNECT OK", "IP CLOSE") | CONNECTING
MAY_OPEN = named("IP INITIAL", "IP START", "IP GPRSACT", "IP STATUS", "IP CLOSE")

SINGLE: list[tuple[str, set[str], bytes]] = [
    ("AT+QIFGCNT=1", EVERY, OK),
    ("AT+QIFGCNT?", EVERY, said("+QIFGCNT: 0,0", "OK")),
    ('AT+QICSGP=1,"internet"', INITIAL, OK),
    ('AT+QICSGP=1,"internet","me","secret"', INITIAL, OK),
    ('AT+QICSGP=0,"123"', set(), OK),
    ("AT+QICSGP?", EVERY, said("+QICSGP: 1", "OK")),
    ("AT+QIMUX=1", INITIAL, OK),
    ("AT+QIMUX=0", INITIAL, OK),
    ("AT+QIMUX?", EVERY, said("+QIMUX: 0", "OK")),
    ("AT+QIMODE=1", INITIAL, OK),
    ("AT+QIMODE=0", INITIAL, OK),
    ("AT+QIMODE?", EVERY, said("+QIMODE: 0", "OK")),
    ("AT+QIDNSIP=1", IDLE, OK),
    ("AT+QIDNSIP?", EVERY, said("+QIDNSIP: 0", "OK")),
    ("AT+QITCFG=3,2,512,1", IDLE, OK),
    ("AT+QITCFG?", EVERY, said("+QITCFG: 3,2,1024,1", "OK")),
    ("AT+QIREGAPP", INITIAL, OK),
    ('AT+QIREGAPP="internet","",""', INITIAL, OK),
    ("AT+QIREGAPP?", EVERY, said('+QIREGAPP: "","",""', "OK")),
    ("AT+QIACT", {"IP START"}, OK),
    ("AT+QIACT=?", EVERY, OK),
    ("AT+QILOCIP", ACTIVE, said(LOCAL[0])),
    (f'AT+QIOPEN="TCP","{SERVER}",{PORT}', MAY_OPEN, said("OK", "CONNECT OK")),
    (f'AT+QIOPEN="TCP","{SILENT}",{PORT}', MAY_OPEN, OK),
    (f'AT+QIOPEN="UDP","{OTHER}","{UDP_PORT}"', MAY_OPEN, said("OK", "CONNECT OK")),
    (f'AT+QIOPEN=0,"TCP","{SERVER}",{PORT}', set(), OK),
    ("AT+QISERVER", MAY_LISTEN - (SERVES | BRINGS_UP), said("OK", "SERVER OK")),
    ("AT+QISERVER=0", MAY_LISTEN - (SERVES | BRINGS_UP), said("OK", "SERVER OK")),
    ("AT+QISERVER=1", MAY_LISTEN - (SERVES | BRINGS_UP), said("OK", "SERVER OK")),
    ("AT+QISEND", DATA_LINK, PROMPT),
    ("AT+QISEND=5", DATA_LINK, PROMPT),
    ("AT+QISEND=0,5", set(), PROMPT),
    ("AT+QISACK", DATA_LINK | named("IP CLOSE"), ZEROS),
    ("AT+QISACK=0", set(), ZEROS),
    ("AT+QIRD=0,1,0,100", CONNECTED, OK),
    ("AT+QIRD=0,2,0,100", {"IP STATUS (client accepted)"}, OK),
    ("AT+QIRD=0,1,1,100", set(), OK),
    ("AT+QIRD=1,1,0,100", set(), OK),
    ("AT+QICLOSE", CONNECTING | CONNECTED | SERVES, CLOSE_OK),
    ("AT+QICLOSE=0", set(), CLOSE_OK),
    ("AT+QIDEACT", EVERY, said("DEACT OK")),
    ("AT+QIHEAD=1", EVERY, OK),
    ("AT+QISHOWPT=1", EVERY, OK),
    ("AT+QISHOWRA=1", EVERY, OK),
    ("AT+QISHOWLA=1", EVERY, OK),
    ("AT+QIAUTOS=1,10", EVERY, OK),
    ("AT+QINDI=1", EVERY, OK),
    ("AT+QINDI=2", EVERY, OK),
    ('AT+QILPORT="TCP",5000', EVERY, OK),
    ('AT+QILPORT="UDP","5000"', EVERY, OK),
    ("AT+QISRVC=1", EVERY, OK),
    ("AT+QISRVC=2", EVERY, OK),
    ("AT+QISDE=0", EVERY, OK),
    ("AT+QIPROMPT=3", EVERY, OK),
    ('AT+QIDNSCFG="8.8.8.8"', EVERY, OK),
    ('AT+QIDNSGIP="example.com"', ACTIVE | INITIAL | {"IP START"}, DNS_OK),
    ("AT+QISTAT=?", EVERY, OK),
    ("AT+QISTATE=?", EVERY, OK),
    ("AT+QISSTAT=?", EVERY, OK),
]


@pytest.mark.parametrize("state", SINGLE_STATES)
@pytest.mark.parametrize(("command", "accepted", "answer"), SINGLE, ids=[row[0] for row in SINGLE])
def test_single_connection(state: str, command: str, accepted: set[str], answer: bytes) -> None:
    bench = in_single_state(state)
    if command.startswith('AT+QIOPEN="') and state in CONNECTING | CONNECTED:
        assert bench.asks(command) == ALREADY
    else:
        assert bench.asks(command) == (answer if state in accepted else ERROR)


@pytest.mark.parametrize("command", ["AT+QISTAT", "AT+QISTATE"])
@pytest.mark.parametrize("state", SINGLE_STATES)
def test_the_state_is_printed(state: str, command: str) -> None:
    assert in_single_state(state).asks(command) == said("OK", f"STATE: {state.split(' (')[0]}")


@pytest.mark.parametrize("state", SINGLE_STATES)
def test_the_server_state_is_printed(state: str) -> None:
    expected = "LISTENNING" if state in SERVES else "OPENING" if "serving" in state else "INITIAL"
    assert in_single_state(state).asks("AT+QISSTAT") == said("OK", f"S: {expected}")


@pytest.mark.parametrize("state", SINGLE_STATES)
def test_a_refused_command_keeps_the_state(state: str) -> None:
    bench = in_single_state(state)
    for command, accepted, _ in SINGLE:
        already = command.startswith('AT+QIOPEN="') and state in CONNECTING | CONNECTED
        if state not in accepted or already:
            assert bench.asks(command) == (ALREADY if already else ERROR), command
            assert bench.state() == state.split(" (")[0], command


# ---- where the accepted ones lead (the table of transitions) -----------------------------------------

LEADS: list[tuple[str, str, str]] = [
    ("IP INITIAL", "AT+QIREGAPP", "IP START"),
    ("IP START", "AT+QIACT", "IP GPRSACT"),
    ("IP GPRSACT", "AT+QILOCIP", "IP STATUS"),
    ("CONNECT OK", "AT+QILOCIP", "CONNECT OK"),
    ("IP CLOSE", "AT+QILOCIP", "IP CLOSE"),
    ("IP INITIAL", f'AT+QIOPEN="TCP","{SILENT}",{PORT}', "TCP CONNECTING"),
    ("IP START", f'AT+QIOPEN="TCP","{SILENT}",{PORT}', "TCP CONNECTING"),
    ("IP GPRSACT", f'AT+QIOPEN="TCP","{SILENT}",{PORT}', "TCP CONNECTING"),
    ("IP STATUS", f'AT+QIOPEN="TCP","{SILENT}",{PORT}', "TCP CONNECTING"),
    ("IP CLOSE", f'AT+QIOPEN="TCP","{SILENT}",{PORT}', "TCP CONNECTING"),
    ("IP STATUS", f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "CONNECT OK"),
    ("IP STATUS", f'AT+QIOPEN="UDP","{SERVER}",{UDP_PORT}', "CONNECT OK"),
    ("IP STATUS", f'AT+QIOPEN="TCP","{SERVER}",1', "IP CLOSE"),
    ("TCP CONNECTING", "AT+QICLOSE", "IP CLOSE"),
    ("UDP CONNECTING", "AT+QICLOSE", "IP CLOSE"),
    ("CONNECT OK", "AT+QICLOSE", "IP CLOSE"),
    ("IP INITIAL", "AT+QISERVER", "IP STATUS"),
    ("IP START", "AT+QISERVER", "IP STATUS"),
    ("IP STATUS", "AT+QISERVER", "IP STATUS"),
    ("CONNECT OK", "AT+QISERVER", "CONNECT OK"),
    ("IP CLOSE", "AT+QISERVER", "IP CLOSE"),
    ("IP STATUS (client accepted)", "AT+QICLOSE", "IP STATUS"),
    ("IP STATUS (listening)", "AT+QICLOSE", "IP STATUS"),
    ("IP CLOSE (listening)", "AT+QICLOSE", "IP CLOSE"),
    ("IP INITIAL", 'AT+QIDNSGIP="example.com"', "IP GPRSACT"),
    ("IP START", 'AT+QIDNSGIP="example.com"', "IP GPRSACT"),
    ("IP CLOSE", 'AT+QIDNSGIP="example.com"', "IP CLOSE"),
    ("CONNECT OK", "AT+CGATT=0", "PDP DEACT"),
    ("IP INITIAL", "AT+CGATT=0", "IP INITIAL"),
    ("IP START", "AT+CGATT=0", "IP START"),
]


@pytest.mark.parametrize(("state", "command", "then"), LEADS)
def test_where_a_command_leads(state: str, command: str, then: str) -> None:
    bench = in_single_state(state)
    assert b"ERROR" not in bench.asks(command)
    assert bench.state() == then


@pytest.mark.parametrize("state", SINGLE_STATES)
def test_qideact_leads_to_ip_initial_from_everywhere(state: str) -> None:
    bench = in_single_state(state)
    bench.does("AT+QIDEACT", "DEACT OK")
    assert bench.state() == "IP INITIAL"
    assert bench.server_state() == "INITIAL"
    assert bench.waits(100.0) == b""
    assert bench.state() == "IP INITIAL"
    if not slow(state):
        bench.single().tcp()


@pytest.mark.parametrize("state", sorted(ACTIVE))
def test_the_context_is_lost_in_every_active_state(state: str) -> None:
    bench = in_single_state(state)
    assert bench.loses_pdp() == said("+PDP DEACT")
    assert bench.state() == "PDP DEACT"
    assert bench.server_state() == "INITIAL"
    assert bench.waits(100.0) == b""


@pytest.mark.parametrize("state", sorted(ACTIVE))
def test_detaching_in_every_active_state(state: str) -> None:
    bench = in_single_state(state)
    bench.does("AT+CGATT=0", "+PDP DEACT", "OK")
    assert bench.state() == "PDP DEACT"


@pytest.mark.parametrize("state", sorted(EVERY - ACTIVE))
def test_there_is_nothing_to_lose_before(state: str) -> None:
    bench = in_single_state(state)
    assert bench.loses_pdp() == b""
    assert bench.state() == state.split(" (")[0]


@pytest.mark.parametrize("phase", ["IP CONFIG", "IP IND"])
@pytest.mark.parametrize("why", ["refused", "detached"])
@pytest.mark.parametrize(
    ("who", "answer"), [("", "ERROR: 3"), (" (opening)", "CONNECT FAIL"), (" (serving)", "+PDP DEACT")]
)
def test_a_bring_up_refused(phase: str, why: str, who: str, answer: str) -> None:
    bench = in_single_state(phase + who)
    if why == "refused":
        bench.sees(PdpRefusalChanged(True))
    else:
        bench.does("AT+CGATT=0", "OK")
    assert bench.waits(5.0) == said(answer)
    assert bench.state() == "PDP DEACT"
    assert bench.server_state() == "INITIAL"
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "ERROR")
    bench.does("AT+QIDEACT", "DEACT OK")
    assert bench.state() == "IP INITIAL"


@pytest.mark.parametrize("phase", ["IP CONFIG", "IP IND"])
@pytest.mark.parametrize(
    ("who", "answer", "then"),
    [
        ("", "93.184.216.34", "IP GPRSACT"),
        (" (opening)", "CONNECT OK", "CONNECT OK"),
        (" (serving)", "SERVER OK", "IP STATUS"),
    ],
)
def test_a_bring_up_granted(phase: str, who: str, answer: str, then: str) -> None:
    bench = in_single_state(phase + who)
    assert bench.waits(4.99) == b""
    assert bench.waits(0.01) == said(answer)
    assert bench.state() == then


def test_config_and_ind_are_seen_at_the_modules_own_pace() -> None:
    bench = Bench(pace=1.0)
    bench.does(f'AT+QIOPEN="TCP","{SERVER}",{PORT}', "OK")
    assert bench.state() == "IP CONFIG"
    bench.waits(0.5)
    assert bench.state() == "IP IND"
    bench.waits(1.4)
    assert bench.state() == "TCP CONNECTING"
    assert bench.waits(3.0) == said("CONNECT OK")
    assert bench.state() == "CONNECT OK"


def test_qiact_owns_the_line() -> None:
    bench = Bench(timings={"activate": 3.0})
    bench.does("AT+QIREGAPP", "OK")
    assert bench.asks("AT+QIACT") == b""
    assert bench.asks("AT+QISTAT") == b""
    assert bench.waits(3.0) == said("OK", "OK", "STATE: IP GPRSACT")


# ---- several connections -----------------------------------------------------------------------------

M_EVERY = set(MULTI_STATES)


def m_named(*beginnings: str) -> set[str]:
    """The states of several connections of these names."""
    return {name for name in M_EVERY if name.split(" (")[0] in beginnings}


PROCESSING = m_named("IP PROCESSING")
M_ACTIVE = m_named("IP GPRSACT", "IP STATUS", "IP PROCESSING")
M_OPEN = m_named("IP INITIAL", "IP START", "IP GPRSACT", "IP STATUS", "IP PROCESSING")
M_LISTEN = m_named("IP INITIAL", "IP START", "IP STATUS", "IP PROCESSING") - {"IP PROCESSING (listening)"}
M_BUSY = PROCESSING | {name for name in M_EVERY if "opening" in name or "serving" in name}
SERVED = {"IP PROCESSING (listening)"}

MULTI: list[tuple[str, set[str], bytes]] = [
    ('AT+QICSGP=1,"internet"', INITIAL, OK),
    ("AT+QIMUX=1", INITIAL, OK),
    ("AT+QIMUX=0", INITIAL, OK),
    ("AT+QIMUX?", M_EVERY, said("+QIMUX: 1", "OK")),
    ("AT+QIMODE=1", set(), OK),
    ("AT+QIMODE=0", INITIAL, OK),
    ("AT+QIDNSIP=1", M_EVERY - M_BUSY, OK),
    ("AT+QITCFG=3,2,512,1", M_EVERY - M_BUSY, OK),
    ("AT+QIREGAPP", INITIAL, OK),
    ("AT+QIACT", {"IP START"}, OK),
    ("AT+QILOCIP", M_ACTIVE, said(LOCAL[0])),
    (f'AT+QIOPEN=4,"TCP","{SERVER}",{PORT}', M_OPEN, said("OK", "4, CONNECT OK")),
    (f'AT+QIOPEN=5,"UDP","{SERVER}","{UDP_PORT}"', M_OPEN, said("OK", "5, CONNECT OK")),
    (f'AT+QIOPEN=6,"TCP","{SERVER}",{PORT}', set(), OK),
    (f'AT+QIOPEN="TCP","{SERVER}",{PORT}', set(), OK),
    ("AT+QISERVER=0,5", M_LISTEN, said("OK", "SERVER OK")),
    ("AT+QISERVER=1,1", M_LISTEN, said("OK", "SERVER OK")),
    ("AT+QISERVER=0", M_LISTEN, said("OK", "SERVER OK")),
    ("AT+QISERVER=0,6", set(), OK),
    ("AT+QISERVER=0,0", set(), OK),
    ("AT+QISERVER=2,1", set(), OK),
    ("AT+QISEND", set(), PROMPT),
    ("AT+QISEND=0", PROCESSING, PROMPT),
    ("AT+QISEND=0,5", PROCESSING, PROMPT),
    ("AT+QISEND=3,5", PROCESSING, PROMPT),
    ("AT+QISEND=1", set(), PROMPT),
    ("AT+QISEND=2", SERVED, PROMPT),
    ("AT+QISEND=4", set(), PROMPT),
    ("AT+QISEND=0,0", set(), PROMPT),
    ("AT+QISEND=0,1461", set(), PROMPT),
    ("AT+QISACK=0", M_EVERY, ZEROS),
    ("AT+QISACK=1", M_EVERY, ZEROS),
    ("AT+QISACK=5", M_EVERY, ZEROS),
    ("AT+QISACK=6", set(), ZEROS),
    ("AT+QISACK", set(), ZEROS),
    ("AT+QIRD=0,1,0,100", PROCESSING, OK),
    ("AT+QIRD=0,1,3,100", PROCESSING, OK),
    ("AT+QIRD=0,2,2,100", SERVED, OK),
    ("AT+QIRD=0,1,2,100", set(), OK),
    ("AT+QIRD=0,2,0,100", set(), OK),
    ("AT+QIRD=0,1,1,100", set(), OK),
    ("AT+QICLOSE=0", PROCESSING, said("0, CLOSE OK")),
    ("AT+QICLOSE=1", PROCESSING, said("1, CLOSE OK")),
    ("AT+QICLOSE=2", SERVED, said("2, CLOSE OK")),
    ("AT+QICLOSE=3", PROCESSING, said("3, CLOSE OK")),
    ("AT+QICLOSE=4", set(), OK),
    ("AT+QICLOSE", SERVED, CLOSE_OK),
    ("AT+QIDEACT", M_EVERY, said("DEACT OK")),
    ("AT+QIHEAD=1", M_EVERY, OK),
    ("AT+QISHOWPT=1", M_EVERY, OK),
    ("AT+QISRVC=2", M_EVERY, OK),
    ('AT+QILPORT="TCP",5000', M_EVERY, OK),
    ("AT+QINDI=1", M_EVERY, OK),
    ('AT+QIDNSCFG="8.8.8.8","8.8.4.4"', M_EVERY, OK),
    ('AT+QIDNSGIP="example.com"', M_ACTIVE | INITIAL | {"IP START"}, DNS_OK),
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
            assert bench.state() == state.split(" (")[0], command


@pytest.mark.parametrize("state", MULTI_STATES)
def test_qideact_ends_everything_of_several_connections(state: str) -> None:
    bench = in_multi_state(state)
    bench.does("AT+QIDEACT", "DEACT OK")
    assert bench.waits(100.0) == b""
    unused = "\n".join(f'+QISTATE: {n},"","",,"INITIAL"' for n in range(6))
    bench.does("AT+QISTATE", "OK", "STATE: IP INITIAL", unused)
    assert bench.server_state() == "INITIAL"
    bench.does("AT+QIMUX=0", "OK")
    if not slow(state):
        bench.single().tcp()


M_LEADS: list[tuple[str, str, str]] = [
    ("IP GPRSACT", "AT+QILOCIP", "IP STATUS"),
    ("IP PROCESSING", "AT+QILOCIP", "IP PROCESSING"),
    ("IP INITIAL", f'AT+QIOPEN=4,"TCP","{SERVER}",{PORT}', "IP PROCESSING"),
    ("IP START", f'AT+QIOPEN=4,"TCP","{SERVER}",{PORT}', "IP PROCESSING"),
    ("IP GPRSACT", f'AT+QIOPEN=4,"TCP","{SERVER}",{PORT}', "IP PROCESSING"),
    ("IP STATUS", f'AT+QIOPEN=4,"TCP","{SERVER}",1', "IP PROCESSING"),
    ("IP INITIAL", "AT+QISERVER=0,5", "IP PROCESSING"),
    ("IP START", "AT+QISERVER=0,5", "IP PROCESSING"),
    ("IP STATUS", "AT+QISERVER=0,5", "IP PROCESSING"),
    ("IP PROCESSING", "AT+QICLOSE=0", "IP PROCESSING"),
    ("IP PROCESSING (listening)", "AT+QICLOSE", "IP PROCESSING"),
    ("IP INITIAL", 'AT+QIDNSGIP="example.com"', "IP GPRSACT"),
    ("IP PROCESSING", "AT+CGATT=0", "PDP DEACT"),
]


@pytest.mark.parametrize(("state", "command", "then"), M_LEADS)
def test_where_a_command_leads_with_several_connections(state: str, command: str, then: str) -> None:
    bench = in_multi_state(state)
    assert b"ERROR" not in bench.asks(command)
    assert bench.state() == then


def test_links_in_use_fail() -> None:
    bench = in_multi_state("IP PROCESSING")
    for number in (0, 1, 3):
        bench.does(f'AT+QIOPEN={number},"TCP","{SERVER}",{PORT}', "OK", f"{number}, CONNECT FAIL")
    bench.sends(b"untouched", 0)


def test_no_other_command_runs_a_second_bring_up() -> None:
    bench = in_multi_state("IP CONFIG (opening)")
    for command in (f'AT+QIOPEN=1,"TCP","{SERVER}",{PORT}', "AT+QISERVER=0,5", "AT+QIACT"):
        bench.does(command, "ERROR")
    assert bench.waits(5.0) == said("0, CONNECT OK")

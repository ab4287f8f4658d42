"""The final result of every refusal under AT+CMEE 0, 1 and 2 (digest section 3, error convention)."""

from __future__ import annotations

import pytest
from sim800_bench import LOCAL, OTHER, PORT, SERVER, Bench, in_multi_state, in_single_state, said
from vmodem.emulator.effects import Transport
from vmodem.emulator.events import PdpRefusalChanged

TEXTS = {3: "operation not allowed", 50: "incorrect parameters", 100: "unknown"}


def error(level: int, code: int) -> bytes:
    if level == 0:
        return said("ERROR")
    return said(f"+CME ERROR: {code if level == 1 else TEXTS[code]}")


LEVELS = pytest.mark.parametrize("level", [0, 1, 2])

WRONG_STATE = [
    ("IP START", "AT+CSTT"),
    ("IP START", 'AT+CSTT="x"'),
    ("IP INITIAL", "AT+CIICR"),
    ("IP START", "AT+CIFSR"),
    ("IP STATUS", "AT+CIPMUX=1"),
    ("IP STATUS", "AT+CIPMUX=0"),
    ("CONNECT OK", "AT+CIPMODE=1"),
    ("IP GPRSACT", f'AT+CIPSTART="TCP","{SERVER}",{PORT}'),
    ("IP STATUS", "AT+CIPSEND"),
    ("IP STATUS", "AT+CIPSEND=5"),
    ("IP STATUS", "AT+CIPACK"),
    ("IP STATUS", "AT+CIPCLOSE"),
    ("TCP CLOSED", "AT+CIPCLOSE=1"),
    ("PDP DEACT", "AT+CIPCLOSE"),
    ("IP STATUS", "AT+CIPSTATUS=0"),
    ("IP GPRSACT", "AT+CIPSERVER=1,80"),
    ("SERVER LISTENING", "AT+CIPSERVER=1,80"),
    ("IP STATUS", "AT+CIPSERVER=0"),
    ("CONNECT OK", 'AT+CLPORT="TCP",5000'),
    ("CONNECT OK", "AT+CIPUDPMODE=1"),
    ("IP STATUS", f'AT+CIPUDPMODE=2,"{OTHER}",5678'),
    ("CONNECT OK", "AT+CIPRXGET=1"),
    ("CONNECT OK", "AT+CIPRXGET=2"),
    ("CONNECT OK", "AT+CIPRXGET=4"),
    ("IP STATUS", "AT+CIPSGTXT=1"),
    ("IP INITIAL", 'AT+CDNSGIP="example.com"'),
    ("PDP DEACT", 'AT+CDNSGIP="example.com"'),
    # Anything wrong with the parameters of CIPSTART is code 3 too (observed).
    ("IP STATUS", f'AT+CIPSTART="TCP","",{PORT}'),
    ("IP STATUS", f'AT+CIPSTART="TCP","{SERVER}"'),
    ("IP STATUS", f'AT+CIPSTART="SCTP","{SERVER}",{PORT}'),
    ("IP STATUS", f'AT+CIPSTART="TCP","{SERVER}",0'),
    ("IP STATUS", f'AT+CIPSTART="TCP","{SERVER}",65536'),
    ("IP STATUS", f'AT+CIPSTART="TCP","{SERVER}",http'),
    ("IP STATUS", f'AT+CIPSTART=0,"TCP","{SERVER}",{PORT}'),
    ("IP STATUS", "AT+CIPSTART="),
]


@LEVELS
@pytest.mark.parametrize(("state", "command"), WRONG_STATE)
def test_wrong_state_single(level: int, state: str, command: str) -> None:
    assert in_single_state(state, level).asks(command) == error(level, 3)


WRONG_STATE_MULTI = [
    ("IP STATUS", "AT+CIPMODE=1"),
    ("IP STATUS", "AT+CIPCCFG=5,2,1024,1"),
    ("IP GPRSACT", f'AT+CIPSTART=0,"TCP","{SERVER}",{PORT}'),
    ("IP STATUS", f'AT+CIPSTART="TCP","{SERVER}",{PORT}'),
    ("IP STATUS", f'AT+CIPSTART=6,"TCP","{SERVER}",{PORT}'),
    ("IP STATUS", f'AT+CIPSTART=0,"{SERVER}",{PORT}'),
    ("IP STATUS", "AT+CIPSEND"),
    ("IP STATUS", "AT+CIPSEND=0"),
    ("IP STATUS", "AT+CIPSEND=0,5"),
    ("IP STATUS", "AT+CIPACK"),
    ("IP STATUS", "AT+CIPACK=0"),
    ("IP STATUS", "AT+CIPCLOSE"),
    ("IP STATUS", "AT+CIPCLOSE=0"),
    ("IP PROCESSING", 'AT+CLPORT=0,"TCP",5000'),
    ("IP PROCESSING", "AT+CIPUDPMODE=3,0"),
    ("IP PROCESSING", "AT+CIPRXGET=1"),
    ("IP PROCESSING", "AT+CIPRXGET=2,0"),
    ("IP STATUS", "AT+CIPSERVER=0"),
]


@LEVELS
@pytest.mark.parametrize(("state", "command"), WRONG_STATE_MULTI)
def test_wrong_state_multi(level: int, state: str, command: str) -> None:
    assert in_multi_state(state, level).asks(command) == error(level, 3)


BAD_PARAMETER = [
    ("IP INITIAL", "AT+CIPMUX=2"),
    ("IP INITIAL", "AT+CIPMUX="),
    ("IP INITIAL", "AT+CIPMUX=0,0"),
    ("IP INITIAL", "AT+CIPMODE=2"),
    ("IP INITIAL", f'AT+CSTT="{"a" * 51}"'),
    ("IP INITIAL", f'AT+CSTT="a","{"u" * 51}"'),
    ("IP INITIAL", f'AT+CSTT="a","u","{"p" * 51}"'),
    ("IP INITIAL", "AT+CSTT="),
    ("IP INITIAL", 'AT+CSTT="a","u","p","x"'),
    ("IP INITIAL", "AT+CIPCCFG=2,2,1024,1"),
    ("IP INITIAL", "AT+CIPCCFG=9,2,1024,1"),
    ("IP INITIAL", "AT+CIPCCFG=5,0,1024,1"),
    ("IP INITIAL", "AT+CIPCCFG=5,11,1024,1"),
    ("IP INITIAL", "AT+CIPCCFG=5,2,0,1"),
    ("IP INITIAL", "AT+CIPCCFG=5,2,1461,1"),
    ("IP INITIAL", "AT+CIPCCFG=5,2,1024,2"),
    ("IP INITIAL", "AT+CIPCCFG=5,2,1024,1,2,1460,50"),
    ("IP INITIAL", "AT+CIPCCFG=5,2,1024,1,1,49,50"),
    ("IP INITIAL", "AT+CIPCCFG=5,2,1024,1,1,1461,50"),
    ("IP INITIAL", "AT+CIPCCFG=5,2,1024,1,1,1460,19"),
    ("IP INITIAL", "AT+CIPCCFG=5,2,1024,1,1,1460,1001"),
    ("IP INITIAL", "AT+CIPCCFG=5,2,1024"),
    ("IP INITIAL", "AT+CIPHEAD=2"),
    ("IP INITIAL", "AT+CIPSHOWTP=2"),
    ("IP INITIAL", "AT+CIPSRIP=2"),
    ("IP INITIAL", "AT+CIPQSEND=2"),
    ("IP INITIAL", "AT+CIPSPRT=3"),
    ("IP INITIAL", "AT+CIPATS=2"),
    ("IP INITIAL", "AT+CIPATS=1,0"),
    ("IP INITIAL", "AT+CIPATS=1,101"),
    ("IP INITIAL", 'AT+CLPORT="TCP",65536'),
    ("IP INITIAL", 'AT+CLPORT="IP",1'),
    ("IP INITIAL", 'AT+CLPORT=0,"TCP",1'),
    ("IP INITIAL", 'AT+CLPORT="TCP"'),
    ("IP INITIAL", "AT+CIPUDPMODE=3"),
    ("IP INITIAL", 'AT+CIPUDPMODE=1,"300.1.1.1",5'),
    ("CONNECT OK (UDP, extended)", "AT+CIPUDPMODE=2"),
    ("CONNECT OK (UDP, extended)", f'AT+CIPUDPMODE=2,"{OTHER}"'),
    ("CONNECT OK (UDP, extended)", f'AT+CIPUDPMODE=2,"{OTHER}",0'),
    ("CONNECT OK (UDP, extended)", f'AT+CIPUDPMODE=2,"{OTHER}",65536'),
    ("IP INITIAL", "AT+CIPRXGET=5"),
    ("IP INITIAL", "AT+CIPRXGET=1,1"),
    ("IP INITIAL", "AT+CIPSERVER=2"),
    ("IP INITIAL", "AT+CIPSERVER=1"),
    ("IP INITIAL", "AT+CIPSERVER=1,0"),
    ("IP INITIAL", "AT+CIPSERVER=1,65536"),
    ("CONNECT OK", "AT+CIPSEND=0"),
    ("CONNECT OK", "AT+CIPSEND=1461"),
    ("CONNECT OK", "AT+CIPCLOSE=2"),
    ("CONNECT OK", "AT+CIPCLOSE=0,1"),
    ("IP INITIAL", 'AT+CDNSCFG="8.8.8"'),
    ("IP INITIAL", 'AT+CDNSCFG="8.8.8.8","x"'),
    ("IP STATUS", 'AT+CDNSGIP=""'),
    ("IP STATUS", "AT+CDNSGIP="),
    ("IP STATUS", f'AT+CDNSGIP="{"a" * 254}"'),
]


@LEVELS
@pytest.mark.parametrize(("state", "command"), BAD_PARAMETER)
def test_bad_parameter_single(level: int, state: str, command: str) -> None:
    assert in_single_state(state, level).asks(command) == error(level, 50)


BAD_PARAMETER_MULTI = [
    ("IP STATUS", "AT+CIPSTATUS=6"),
    ("IP STATUS", "AT+CIPSTATUS="),
    ("IP STATUS", "AT+CIPCLOSE=6"),
    ("IP PROCESSING", "AT+CIPCLOSE=0,2"),
    ("IP STATUS", "AT+CIPSEND=6,5"),
    ("IP PROCESSING", "AT+CIPSEND=0,0"),
    ("IP PROCESSING", "AT+CIPSEND=0,1461"),
    ("IP STATUS", "AT+CIPACK=6"),
    ("IP STATUS", "AT+CIPSGTXT=2"),
    ("IP STATUS", 'AT+CLPORT="TCP",5000'),
    ("IP STATUS", 'AT+CLPORT=6,"TCP",5000'),
    ("IP STATUS", "AT+CIPUDPMODE=6,1"),
    ("IP STATUS", "AT+CIPUDPMODE=1"),
    ("IP STATUS", "AT+CIPRXGET=2"),
    ("IP STATUS", "AT+CIPRXGET=2,6"),
    ("IP STATUS", "AT+CIPRXGET=1,0"),
    ("IP STATUS", "AT+CIPSERVER=1"),
]


@LEVELS
@pytest.mark.parametrize(("state", "command"), BAD_PARAMETER_MULTI)
def test_bad_parameter_multi(level: int, state: str, command: str) -> None:
    assert in_multi_state(state, level).asks(command) == error(level, 50)


@LEVELS
@pytest.mark.parametrize("command", ["AT+CIPRXGET=2,0", "AT+CIPRXGET=2,1461", "AT+CIPRXGET=3,731"])
def test_bad_length_of_a_read(level: int, command: str) -> None:
    bench = in_single_state("CONNECT OK", level, "AT+CIPRXGET=1")
    assert bench.asks(command) == error(level, 50)


UNKNOWN_FORMS = [
    "AT+CIPSNED",
    "AT+NOSUCH?",
    "AT+CIPSTART?",
    "AT+CIPSTART",
    "AT+CIICR?",
    "AT+CIICR=1",
    "AT+CIFSR?",
    "AT+CIFSR=1",
    "AT+CIPMUX",
    "AT+CIPMODE",
    "AT+CIPCCFG",
    "AT+CIPACK?",
    "AT+CIPCLOSE?",
    "AT+CIPSHUT?",
    "AT+CIPSHUT=1",
    "AT+CIPSTATUS?",
    "AT+CIPSERVER",
    "AT+CLPORT",
    "AT+CIPHEAD",
    "AT+CIPUDPMODE",
    "AT+CIPRXGET",
    "AT+CIPSGTXT",
    "AT+CIPSGTXT?",
    "AT+CDNSGIP",
    "AT+CDNSGIP?",
    "AT+CDNSCFG",
]


@LEVELS
@pytest.mark.parametrize("command", UNKNOWN_FORMS)
def test_unknown_commands_and_forms(level: int, command: str) -> None:
    assert Bench(cmee=level).asks(command) == error(level, 100)


@LEVELS
def test_already_connect_behind_the_error(level: int) -> None:
    bench = in_single_state("CONNECT OK", level)
    expected = error(level, 3) + said("ALREADY CONNECT")
    assert bench.asks(f'AT+CIPSTART="TCP","{SERVER}",{PORT}') == expected


@LEVELS
def test_already_connect_behind_the_error_multi(level: int) -> None:
    bench = in_multi_state("IP PROCESSING", level)
    expected = error(level, 3) + said("1, ALREADY CONNECT")
    assert bench.asks(f'AT+CIPSTART=1,"TCP","{SERVER}",{PORT}') == expected


@LEVELS
def test_a_bring_up_refused_by_the_network_is_a_plain_error(level: int) -> None:
    bench = Bench(cmee=level)
    bench.does("AT+CSTT", "OK")
    bench.sees(PdpRefusalChanged(True))
    assert bench.asks("AT+CIICR") == said("+PDP: DEACT", "ERROR")
    assert bench.asks("AT+CIICR") == error(level, 3)


@LEVELS
def test_too_much_typed_at_the_prompt(level: int) -> None:
    bench = in_single_state("CONNECT OK", level)
    bench.asks("AT+CIPSEND")
    assert bench.types(b"x" * 1461) == b""
    assert bench.types(b"\x1a") == error(level, 50)
    assert not bench.net.connections[0].received


@LEVELS
def test_a_wrong_state_says_so_before_a_wrong_parameter(level: int) -> None:
    bench = in_single_state("IP STATUS", level)
    assert bench.asks("AT+CIPMUX=5") == error(level, 3)
    assert bench.asks("AT+CIPSEND=2000") == error(level, 3)
    bench.does("AT+CIFSR", LOCAL[0])


@LEVELS
def test_the_port_is_busy(level: int) -> None:
    bench = in_single_state("IP STATUS", level)
    bench.net.occupy(Transport.TCP, 1234)
    assert bench.asks("AT+CIPSERVER=1,1234") == error(level, 3)
    assert bench.state() == "IP STATUS"
    bench.does("AT+CIPSERVER?", "+CIPSERVER: 0", "OK")
    bench.does("AT+CIPSERVER=1,1235", "OK", "SERVER OK")

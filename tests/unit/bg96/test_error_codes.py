"""Every code of chapter 4, reached by the situation that the README names for it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import vmodem
from bg96_bench import CTRL_Z, ESC, LISTEN, PORT, PROMPT, SERVER, SILENT, Bench, said
from vmodem.dialects.quectel.lpwa.errors import TcpIpError
from vmodem.dialects.quectel.lpwa.failures import CODES
from vmodem.dialects.quectel.lpwa.module import Bg96Module
from vmodem.emulator.effects import Transport
from vmodem.emulator.engine import Modem
from vmodem.emulator.events import Failure, PdpLost, PdpRefusalChanged, PdpReleaseChanged

README = Path(vmodem.__file__).parent / "dialects" / "quectel" / "lpwa" / "README.md"


def module_of(bench: Bench) -> Bg96Module:
    assert isinstance(bench.world.modem, Modem)
    module = bench.world.modem._module
    assert isinstance(module, Bg96Module)
    return module


def order(bench: Bench, op: str, result: str) -> None:
    assert module_of(bench).failures.arm(op, result, 1)


def successful(b: Bench) -> None:
    b.tcp()


def unknown(b: Bench) -> None:
    order(b, "socket.open", "550")
    b.does(f'AT+QIOPEN=1,0,"TCP","{SERVER}",{PORT}', "OK", "+QIOPEN: 0,550")


def blocked(b: Bench) -> None:
    b.does(f'AT+QIOPEN=1,0,"TCP","{SILENT}",{PORT}', "OK")
    b.does("AT+QISEND=0", "ERROR")


def invalid_parameters(b: Bench) -> None:
    b.does(f'AT+QIOPEN=1,"TCP","{SERVER}",8009,0,1', "ERROR")


def no_memory(b: Bench) -> None:
    b.net.no_sockets = Failure.NO_RESOURCES
    b.does(f'AT+QIOPEN=1,0,"TCP LISTENER","127.0.0.1",0,{LISTEN}', "OK", "+QIOPEN: 0,553")


def create_socket(b: Bench) -> None:
    b.net.no_sockets = Failure.NO_RESOURCES
    b.does(f'AT+QIOPEN=1,0,"TCP","{SERVER}",{PORT}', "OK", "+QIOPEN: 0,554")


def not_supported(b: Bench) -> None:
    b.does('AT+QIOPEN=1,0,"TCP","2001:db8::1",80', "ERROR")


def bind(b: Bench) -> None:
    b.net.occupy(Transport.TCP, LISTEN)
    b.does(f'AT+QIOPEN=1,0,"TCP LISTENER","127.0.0.1",0,{LISTEN}', "OK", "+QIOPEN: 0,556")


def listen(b: Bench) -> None:
    b.net.no_sockets = Failure.FORBIDDEN
    b.does(f'AT+QIOPEN=1,0,"TCP LISTENER","127.0.0.1",0,{LISTEN}', "OK", "+QIOPEN: 0,557")


def write(b: Bench) -> None:
    link = b.tcp()
    assert b.asks("AT+QISEND=0") == PROMPT
    link.reset()
    b.settles()
    assert b.types(b"x" + CTRL_Z) == said("ERROR", '+QIURC: "closed",0')


def read(b: Bench) -> None:
    b.tcp()
    order(b, "socket.recv", "559")
    b.does("AT+QIRD=0", "ERROR")


def accept(b: Bench) -> None:
    b.listens()
    order(b, "socket.accept", "560")
    assert b.client(LISTEN).reset_received
    assert b.world.take() == b""


def open_context(b: Bench) -> None:
    b.does('AT+QICSGP=2,1,"X"', "OK")
    b.sees(PdpRefusalChanged(True))
    b.does("AT+QIACT=2", "ERROR")


def close_context(b: Bench) -> None:
    b.sees(PdpReleaseChanged(False))
    assert b.asks("AT+QIDEACT=1") == b""
    assert b.waits(41.0) == said("ERROR")


def identity_in_use(b: Bench) -> None:
    b.tcp()
    b.does(f'AT+QIOPEN=1,0,"TCP","{SERVER}",{PORT}', "OK", "+QIOPEN: 0,563")


def dns_parse(b: Bench) -> None:
    b.does('AT+QIOPEN=1,0,"TCP","no.such.host",80', "OK", "+QIOPEN: 0,565")


def connect(b: Bench) -> None:
    b.does(f'AT+QIOPEN=1,0,"TCP","{SERVER}",9', "OK", "+QIOPEN: 0,566")


def closed(b: Bench) -> None:
    b.tcp().close()
    b.settles()
    b.hears('+QIURC: "closed",0')
    b.does("AT+QISEND=0", "ERROR")


def context_broken(b: Bench) -> None:
    b.tcp()
    b.sees(PdpLost(1))
    b.does("AT+QISEND=0", "ERROR")


def cancel_send(b: Bench) -> None:
    b.tcp()
    assert b.asks("AT+QISEND=0") == PROMPT
    assert b.types(ESC) == said("ERROR")


def not_allowed(b: Bench) -> None:
    b.listens()
    b.does("AT+QISEND=1", "ERROR")


def apn(b: Bench) -> None:
    b.does("AT+QIACT=2", "ERROR")


def port_busy(b: Bench) -> None:
    b.tcp()
    order(b, "socket.switch", "574")
    b.does("AT+QISWTMD=0,2", "ERROR")


SITUATIONS: dict[int, Callable[[Bench], None]] = {
    0: successful,
    550: unknown,
    551: blocked,
    552: invalid_parameters,
    553: no_memory,
    554: create_socket,
    555: not_supported,
    556: bind,
    557: listen,
    558: write,
    559: read,
    560: accept,
    561: open_context,
    562: close_context,
    563: identity_in_use,
    565: dns_parse,
    566: connect,
    567: closed,
    570: context_broken,
    571: cancel_send,
    572: not_allowed,
    573: apn,
    574: port_busy,
}
ELSEWHERE = {564, 568, 569}
"""Codes of names, pings and network time, which have tests of their own."""


@pytest.mark.parametrize("code", SITUATIONS)
def test_the_situation(code: int) -> None:
    bench = Bench().up()
    SITUATIONS[code](bench)
    text = next(error.text for error in TcpIpError if error.number == code)
    bench.does("AT+QIGETERROR", f"+QIGETERROR: {code}, {text}", "OK")


def test_no_code_is_left_out() -> None:
    assert {error.number for error in TcpIpError} == SITUATIONS.keys() | ELSEWHERE


def test_the_readme_has_a_row_for_each() -> None:
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert [(int(number), text.strip()) for number, text in rows] == [
        (error.number, error.text) for error in TcpIpError
    ]


# ---- failures that a tester orders ---------------------------------------------------------------


@pytest.mark.parametrize("code", CODES)
def test_any_code_can_be_ordered(code: str) -> None:
    bench = Bench().up()
    order(bench, "socket.open", code)
    bench.does(f'AT+QIOPEN=1,0,"TCP","{SERVER}",{PORT}', "OK", f"+QIOPEN: 0,{code}")
    bench.tcp()
    order(bench, "socket.send", code)
    assert bench.asks("AT+QISEND=0,1") == PROMPT
    assert bench.types(b"x") == said("ERROR")
    assert bench.error() == int(code)
    order(bench, "pdp.activate", code)
    bench.fails("AT+QIACT=2", int(code))


def test_failures_by_name() -> None:
    bench = Bench().up()
    order(bench, "socket.open", "connect_fail")
    order(bench, "socket.open", "dns_fail")
    for code in (566, 565, 0):
        bench.does(f'AT+QIOPEN=1,0,"TCP","{SERVER}",{PORT}', "OK", f"+QIOPEN: 0,{code}")
    order(bench, "socket.send", "send_fail")
    bench.sends("AT+QISEND=0,1", b"x", "SEND FAIL")
    bench.sends("AT+QISEND=0,1", b"x")
    order(bench, "pdp.deactivate", "deactivate_fail")
    bench.fails("AT+QIDEACT=1", 562)
    assert not module_of(bench).failures.arm("socket.open", "send_fail", 1)
    assert not module_of(bench).failures.arm("socket.open", "0", 1)

"""Configuring, activating and giving up a context: the digest's section 3, statement by statement."""

from __future__ import annotations

import pytest
from mxx_bench import LOCAL, PORT, SERVER, SILENT, Bench, in_multi_state, in_single_state, said
from vmodem.emulator.events import PdpRefusalChanged


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("AT+QIFGCNT", "+QIFGCNT: (0,1),(0,1)"),
        (
            "AT+QICSGP",
            "+QICSGP: 0-CSD,DIALNUMBER,USER NAME,PASSWORD,RATE(0,3)\n+QICSGP: 1-GPRS,APN,USER NAME,PASSWORD",
        ),
        ("AT+QIMUX", "+QIMUX: (0,1)"),
        ("AT+QIMODE", "+QIMODE: (0-NORMAL MODE,1-TRANSPARENT MODE)"),
        ("AT+QITCFG", "+QITCFG: (3-8),(2-10),(1-1460),(0,1)"),
        ("AT+QIDNSIP", "+QIDNSIP: (0,1)"),
        ("AT+QIREGAPP", '+QIREGAPP: "APN","USER","PWD"'),
        ("AT+QINDI", "+QINDI: (0-2)"),
        ("AT+QIPROMPT", "+QIPROMPT: (0-3)"),
        ("AT+QISRVC", "+QISRVC: (1,2)"),
        ("AT+QILPORT", '+QILPORT: ("TCP","UDP"),(0-65535)'),
        ("AT+QISERVER", "+QISERVER: (0,1),(1-5)"),
        ("AT+QIAUTOS", "+QIAUTOS: (0,1),(1-100)"),
        ("AT+QISEND", "+QISEND: <length>"),
        ("AT+QSCLK", "+QSCLK: (0-2)"),
    ],
)
def test_the_test_forms(command: str, lines: str) -> None:
    Bench().does(f"{command}=?", lines, "OK")


@pytest.mark.parametrize(
    "command",
    ["QIACT", "QILOCIP", "QIDEACT", "QICLOSE", "QISACK", "QISTAT", "QISTATE", "QISSTAT", "QIDNSGIP"],
)
def test_the_test_forms_that_only_say_ok(command: str) -> None:
    Bench().does(f"AT+{command}=?", "OK")


def test_the_test_form_of_qiopen() -> None:
    address = '("(0-255).(0-255).(0-255).(0-255)")'
    Bench().does(
        "AT+QIOPEN=?",
        f'+QIOPEN: ("TCP","UDP"),{address},(1-65535)\n+QIOPEN: ("TCP","UDP"),("DOMAIN NAME"),(1-65535)',
        "OK",
    )


@pytest.mark.parametrize(
    ("read", "default", "write", "then"),
    [
        ("AT+QIFGCNT?", "+QIFGCNT: 0,0", "AT+QIFGCNT=1", "+QIFGCNT: 1,0"),
        ("AT+QICSGP?", "+QICSGP: 1", 'AT+QICSGP=1,"x"', "+QICSGP: 1"),
        ("AT+QIMUX?", "+QIMUX: 0", "AT+QIMUX=1", "+QIMUX: 1"),
        ("AT+QIMODE?", "+QIMODE: 0", "AT+QIMODE=1", "+QIMODE: 1"),
        ("AT+QITCFG?", "+QITCFG: 3,2,1024,1", "AT+QITCFG=8,10,1460,0", "+QITCFG: 8,10,1460,0"),
        ("AT+QIDNSIP?", "+QIDNSIP: 0", "AT+QIDNSIP=1", "+QIDNSIP: 1"),
        ("AT+QISRVC?", "+QISRVC: 1", "AT+QISRVC=2", "+QISRVC: 2"),
        ("AT+QIHEAD?", "+QIHEAD: 0", "AT+QIHEAD=1", "+QIHEAD: 1"),
        ("AT+QISHOWPT?", "+QISHOWPT: 0", "AT+QISHOWPT=1", "+QISHOWPT: 1"),
        ("AT+QISHOWRA?", "+QISHOWRA: 0", "AT+QISHOWRA=1", "+QISHOWRA: 1"),
        ("AT+QISHOWLA?", "+QISHOWLA: 0", "AT+QISHOWLA=1", "+QISHOWLA: 1"),
        ("AT+QINDI?", "+QINDI: 0", "AT+QINDI=2", "+QINDI: 2"),
        ("AT+QISDE?", "+QISDE: 1", "AT+QISDE=0", "+QISDE: 0"),
        ("AT+QIPROMPT?", "+QIPROMPT: 1", "AT+QIPROMPT=3", "+QIPROMPT: 3"),
        ("AT+QSCLK?", "+QSCLK: 0", "AT+QSCLK=1", "+QSCLK: 1"),
        ("AT+QIREGAPP?", '+QIREGAPP: "","",""', 'AT+QICSGP=1,"a","b","c"', '+QIREGAPP: "a","b","c"'),
    ],
)
def test_defaults_and_what_is_written(read: str, default: str, write: str, then: str) -> None:
    bench = Bench()
    bench.does(read, default, "OK")
    bench.does(write, "OK")
    bench.does(read, then, "OK")
    bench.does(write, "OK")  # an unchanged value is OK
    bench.does(read, then, "OK")


def test_nothing_is_saved_over_a_restart() -> None:
    bench = Bench()
    changes = (
        'AT+QICSGP=1,"net"',
        "AT+QITCFG=3,2,512,0",
        "AT+QIHEAD=1",
        "AT+QISRVC=2",
        "AT+QINDI=1",
        'AT+QILPORT="TCP",5',
        'AT+QIDNSCFG="8.8.8.8"',
        "AT+QIMUX=1",
        "AT+QIFGCNT=1",
    )
    for command in changes:
        bench.does(command, "OK")
    bench.types(b"AT+CFUN=1,1\r")
    bench.waits(60.0)
    bench.asks("ATE0")
    bench.does("AT+QIREGAPP?", '+QIREGAPP: "","",""', "OK")
    bench.does("AT+QITCFG?", "+QITCFG: 3,2,1024,1", "OK")
    bench.does("AT+QIHEAD?", "+QIHEAD: 0", "OK")
    bench.does("AT+QISRVC?", "+QISRVC: 1", "OK")
    bench.does("AT+QINDI?", "+QINDI: 0", "OK")
    bench.does("AT+QILPORT?", "TCP: 0\nUDP: 0", "OK")
    bench.does("AT+QIDNSCFG?", "PrimaryDns: 0.0.0.0\nSecondaryDns: 0.0.0.0", "OK")
    bench.does("AT+QIFGCNT?", "+QIFGCNT: 0,0", "OK")
    bench.does("AT+QIMUX?", "+QIMUX: 0", "OK")


def test_a_restart_ends_a_bring_up() -> None:
    bench = in_single_state("IP IND (opening)")
    bench.types(b"AT+CFUN=1,1\r")
    bench.waits(60.0)
    bench.asks("ATE0")
    assert bench.state() == "IP INITIAL"


def test_qiregapp_sets_the_apn() -> None:
    bench = Bench()
    bench.does('AT+QICSGP=1,"first","a","b"', "OK")
    bench.does('AT+QIREGAPP="second","u","p"', "OK")
    bench.does("AT+QIREGAPP?", '+QIREGAPP: "second","u","p"', "OK")
    assert bench.state() == "IP START"
    bench.does("AT+QIREGAPP", "ERROR")
    bench.does('AT+QICSGP=1,"third"', "ERROR")


def test_qiregapp_keeps_the_apn_of_qicsgp() -> None:
    bench = Bench()
    bench.does('AT+QICSGP=1,"first"', "OK")
    bench.does("AT+QIREGAPP", "OK")
    bench.does("AT+QIREGAPP?", '+QIREGAPP: "first","",""', "OK")


def test_the_local_address_stays_readable() -> None:
    bench = Bench().single()
    for command in (f'AT+QIOPEN="TCP","{SILENT}",{PORT}', "AT+QISERVER"):
        bench.asks(command)
        bench.does("AT+QILOCIP", LOCAL[0])
    bench.does("AT+QICLOSE", "CLOSE OK")
    bench.does("AT+QILOCIP", LOCAL[0])


def test_activation_refused() -> None:
    bench = Bench(cmee=1)
    bench.does("AT+QIREGAPP", "OK")
    bench.sees(PdpRefusalChanged(True))
    bench.does("AT+QIACT", "+CME ERROR: 3")
    assert bench.state() == "PDP DEACT"
    bench.does("AT+QIACT", "+CME ERROR: 3")
    bench.does("AT+QIREGAPP", "+CME ERROR: 3")
    bench.does("AT+QIDEACT", "DEACT OK")
    bench.sees(PdpRefusalChanged(False))
    bench.single()


def test_activation_while_not_attached() -> None:
    bench = Bench()
    bench.does("AT+CGATT=0", "OK")
    bench.does("AT+QIREGAPP", "OK")
    bench.does("AT+QIACT", "ERROR")
    assert bench.state() == "PDP DEACT"


def test_qideact_takes_two_seconds_and_says_nothing_of_links() -> None:
    bench = Bench(pace=1.0)
    bench.types(f'AT+QIOPEN="TCP","{SERVER}",{PORT}\r'.encode())
    assert bench.waits(10.0) == said("CONNECT OK")
    peer = bench.net.connections[0]
    assert bench.types(b"AT+QIDEACT\r") == b""
    assert bench.waits(1.9) == b""
    assert bench.waits(3.2) == said("DEACT OK")
    assert peer.fin_received
    assert bench.waits(100.0) == b""


def test_qideact_may_take_two_and_a_half_minutes() -> None:
    bench = Bench(timings={"deactivate": 150.0})
    assert bench.asks("AT+QIDEACT") == b""
    assert bench.waits(149.9) == b""
    assert bench.waits(0.1) == said("DEACT OK")


def test_qideact_discards_what_was_not_read() -> None:
    bench = in_single_state("IP INITIAL", 0, "AT+QINDI=1")
    peer = bench.tcp()
    bench.arrives(peer, b"unread")
    bench.hears("+QIRDI: 0,1,0")
    bench.does("AT+QIDEACT", "DEACT OK")
    bench.does("AT+QIRD=0,1,0,100", "ERROR")


def test_qimux_and_transparent_mode_exclude_each_other() -> None:
    bench = Bench()
    bench.does("AT+QIMODE=1", "OK")
    bench.does("AT+QIMUX=1", "ERROR")
    bench.does("AT+QIMUX=0", "OK")
    bench.does("AT+QIMODE=0", "OK")
    bench.does("AT+QIMUX=1", "OK")
    bench.does("AT+QIMODE=1", "ERROR")
    bench.does("AT+QIMODE=0", "OK")


def test_the_settings_of_a_context_survive_its_deactivation() -> None:
    bench = in_multi_state("IP PROCESSING")
    bench.does("AT+QIDEACT", "DEACT OK")
    bench.does("AT+QIMUX?", "+QIMUX: 1", "OK")


def test_qidnsip_and_qitcfg_want_neither_link_nor_listener() -> None:
    bench = Bench().single()
    bench.listens()
    bench.does("AT+QIDNSIP=1", "ERROR")
    bench.does("AT+QITCFG=3,2,512,1", "ERROR")
    bench.does("AT+QICLOSE", "CLOSE OK")
    bench.does("AT+QIDNSIP=1", "OK")
    bench.does("AT+QITCFG=3,2,512,1", "OK")
    bench.tcp()
    bench.does("AT+QIDNSIP=0", "ERROR")
    bench.does("AT+QICLOSE", "CLOSE OK")
    bench.does("AT+QIDNSIP=0", "OK")

"""AT+QICFG, QISDE, QIGETERROR (S 2.1.15 to 2.1.17): values, ranges, restarts, and what "last" means."""

from __future__ import annotations

import pytest
from bg96_bench import OTHER, PORT, SERVER, Bench, said
from vmodem.emulator.events import PowerChanged


@pytest.fixture
def bench() -> Bench:
    return Bench().up()


DEFAULTS = {
    "transpktsize": "1024",
    "transwaittm": "2",
    "dataformat": "0,0",
    "viewmode": "0",
    "tcp/retranscfg": "8,600",
}


@pytest.mark.parametrize(("name", "value"), DEFAULTS.items())
def test_defaults(bench: Bench, name: str, value: str) -> None:
    bench.does(f'AT+QICFG="{name}"', f'+QICFG: "{name}",{value}', "OK")
    bench.does(f'AT+QICFG="{name.upper()}"', f'+QICFG: "{name}",{value}', "OK")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("transpktsize", "1"),
        ("transpktsize", "1460"),
        ("transwaittm", "0"),
        ("transwaittm", "20"),
        ("dataformat", "1,0"),
        ("dataformat", "0,1"),
        ("viewmode", "1"),
        ("tcp/retranscfg", "3,5"),
        ("tcp/retranscfg", "20,1000"),
    ],
)
def test_what_is_set_can_be_read(bench: Bench, name: str, value: str) -> None:
    bench.does(f'AT+QICFG="{name}",{value}', "OK")
    bench.does(f'AT+QICFG="{name}"', f'+QICFG: "{name}",{value}', "OK")
    others = [each for each in DEFAULTS if each != name]
    for other in others:
        bench.does(f'AT+QICFG="{other}"', f'+QICFG: "{other}",{DEFAULTS[other]}', "OK")


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "transpktsize",
        '"nosuch"',
        '"transpktsize",0',
        '"transpktsize",1461',
        '"transpktsize",1,1',
        '"transwaittm",21',
        '"dataformat",1',
        '"dataformat",,1',
        '"dataformat",2,0',
        '"dataformat",0,2',
        '"dataformat",0,0,0',
        '"viewmode",2',
        '"viewmode","1"',
        '"tcp/retranscfg",3',
        '"tcp/retranscfg",2,600',
        '"tcp/retranscfg",21,600',
        '"tcp/retranscfg",8,4',
        '"tcp/retranscfg",8,1001',
    ],
)
def test_bad_parameters(bench: Bench, arguments: str) -> None:
    bench.fails(f"AT+QICFG={arguments}", 552)
    for name, value in DEFAULTS.items():
        bench.does(f'AT+QICFG="{name}"', f'+QICFG: "{name}",{value}', "OK")


def test_what_survives_a_restart(bench: Bench) -> None:
    bench.does('AT+QICFG="viewmode",1', "OK")
    bench.does('AT+QICFG="tcp/retranscfg",3,5', "OK")
    bench.does("AT+QISDE=0", "OK")
    bench.tcp()
    bench.sees(PowerChanged(False))
    bench.sees(PowerChanged(True))
    bench.waits(30.0)
    bench.asks("ATE0")
    bench.does('AT+QICFG="viewmode"', '+QICFG: "viewmode",1', "OK")
    bench.does('AT+QICFG="tcp/retranscfg"', '+QICFG: "tcp/retranscfg",8,600', "OK")
    bench.does("AT+QISDE?", "+QISDE: 1", "OK")
    bench.does("AT+QISTATE", "OK")
    bench.does("AT+QIACT?", "OK")
    bench.does("AT+QICSGP=1", '+QICSGP: 1,"","","",0', "OK")
    bench.does("AT+QIGETERROR", "+QIGETERROR: 0, operation successful", "OK")


@pytest.mark.parametrize("command", ["AT+QISDE", "AT+QISDE=2", "AT+QISDE=", 'AT+QISDE="1"', "AT+QICFG?"])
def test_what_qisde_does_not_take(bench: Bench, command: str) -> None:
    bench.fails(command, 552)


# ---- AT+QIGETERROR -------------------------------------------------------------------------------


def test_the_last_command_of_the_manual(bench: Bench) -> None:
    bench.does("AT+QIGETERROR", "+QIGETERROR: 0, operation successful", "OK")
    assert bench.asks("AT+QIOPEN=1") == said("ERROR")
    bench.does("AT+CSQ=?", "+CSQ: (0-31,99),(0-7,99)", "OK")
    assert bench.asks("AT+NOSUCH") == said("ERROR")
    for _ in range(2):
        bench.does("AT+QIGETERROR", "+QIGETERROR: 552, invalid parameters", "OK")
    bench.does("AT+QISTATE", "OK")
    bench.does("AT+QIGETERROR", "+QIGETERROR: 0, operation successful", "OK")


def test_a_late_result_counts_too(bench: Bench) -> None:
    bench.does(f'AT+QIOPEN=1,0,"TCP","{SERVER}",9', "OK", "+QIOPEN: 0,566")
    bench.does("AT+QIGETERROR", "+QIGETERROR: 566, socket connect failed", "OK")
    bench.does(f'AT+QIOPEN=1,0,"TCP","{OTHER}",{PORT}', "OK", "+QIOPEN: 0,0")
    bench.does("AT+QIGETERROR", "+QIGETERROR: 0, operation successful", "OK")


@pytest.mark.parametrize("command", ["AT+QIGETERROR?", "AT+QIGETERROR=1"])
def test_what_it_does_not_take(bench: Bench, command: str) -> None:
    bench.does(command, "ERROR")


def test_cmee_makes_no_difference(bench: Bench) -> None:
    for level in range(3):
        bench.does(f"AT+CMEE={level}", "OK")
        bench.fails("AT+QIACT=0", 552)
        bench.fails("AT+QIACT=2", 573)

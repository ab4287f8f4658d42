"""Programs of Debian that speak to modems, unmodified, on the modem's pty."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_tools import LIMIT, background, chat, gammu, program, run, running_sim800
from running_modem import ThreadedModem
from vmodem.emulator.events import SmsArrived

pytestmark = pytest.mark.timeout(180)  # programs take their time, also those of others
NUMBER = "+491701234567"


@pytest.fixture
def modem() -> Iterator[ThreadedModem]:
    with running_sim800() as running:
        yield running


# ---- gammu -----------------------------------------------------------------------------------------


def test_gammu_identifies_the_module(modem: ThreadedModem, tmp_path: Path) -> None:
    said = gammu(modem, tmp_path, "identify")
    assert "Manufacturer : SIMCOM_Ltd" in said
    assert "Model : unknown (SIMCOM_SIM800)" in said
    assert "IMEI : 869988012345670" in said
    assert "SIM IMSI : 262011234567890" in said


def test_gammu_sees_the_network(modem: ThreadedModem, tmp_path: Path) -> None:
    said = gammu(modem, tmp_path, "networkinfo")
    assert "Network state : home network" in said
    assert "LAC 1A2B, CID 3C4D" in said
    assert 'Name in phone : "Virtual"' in said
    assert "GPRS : attached" in said


def test_gammu_watches(modem: ThreadedModem, tmp_path: Path) -> None:
    said = gammu(modem, tmp_path, "monitor", "1")
    assert "Signal strength : -73 dBm" in said
    assert "Battery level : 80 percent" in said
    assert "SIM SMS status : 0 used, 0 unread, 30 locations" in said


def test_gammu_sends_and_reads_messages(modem: ThreadedModem, tmp_path: Path) -> None:
    said = gammu(modem, tmp_path, "sendsms", "TEXT", NUMBER, stdin="hello there")
    assert "OK, message reference=" in said
    modem.inject(SmsArrived(NUMBER, "good morning"))
    said = gammu(modem, tmp_path, "getallsms")
    assert f'Remote number : "{NUMBER}"' in said
    assert "good morning" in said
    assert "1 SMS parts in 1 SMS sequences" in said


def test_gammu_saves_and_deletes_a_message(modem: ThreadedModem, tmp_path: Path) -> None:
    assert "Saved in folder" in gammu(modem, tmp_path, "savesms", "TEXT", "-text", "a draft")
    said = gammu(modem, tmp_path, "getallsms")
    assert "a draft" in said
    assert "Status : Read" in said
    gammu(modem, tmp_path, "deletesms", "1", "1")
    assert "0 SMS parts in 0 SMS sequences" in gammu(modem, tmp_path, "getallsms")


# ---- gnokii ----------------------------------------------------------------------------------------


def gnokii(modem: ThreadedModem, folder: Path, *words: str, stdin: str = "") -> str:
    """What gnokii prints."""
    path = program("gnokii", "gnokii-cli")
    settings = folder / "gnokiirc"
    settings.write_text(
        f"[global]\nport = {modem.path}\nmodel = AT\nconnection = serial\nserial_baudrate = 115200\n"
        "initlength = default\nuse_locking = no\n[logging]\ndebug = off\n"
    )
    return run(path, "--config", str(settings), *words, stdin=stdin).stdout


def test_gnokii_identifies_the_module_and_its_network(modem: ThreadedModem, tmp_path: Path) -> None:
    said = gnokii(modem, tmp_path, "--identify")
    assert "IMEI         : 869988012345670" in said
    assert "Manufacturer : SIMCOM_Ltd" in said
    said = gnokii(modem, tmp_path, "--getnetworkinfo")
    assert "Network code : 262 01" in said
    assert "LAC          : 1a2b" in said


def test_gnokii_sends_and_reads_messages(modem: ThreadedModem, tmp_path: Path) -> None:
    said = gnokii(modem, tmp_path, "--sendsms", NUMBER, stdin="hello there")
    assert "Send succeeded with reference 0!" in said
    modem.inject(SmsArrived(NUMBER, "good morning"))
    said = gnokii(modem, tmp_path, "--getsms", "SM", "1")
    assert f"Sender: {NUMBER}" in said
    assert "good morning" in said


# ---- comgt -----------------------------------------------------------------------------------------


def test_comgt_waits_for_the_network(modem: ThreadedModem) -> None:
    said = run(program("comgt"), "-d", modem.path).stdout
    assert "SIM ready" in said
    assert 'Registered on Home network: "Virtual"' in said
    assert "Signal Quality: 20,0" in said


# ---- chat, wvdial ----------------------------------------------------------------------------------


def test_chat_goes_through_its_script(modem: ThreadedModem) -> None:
    script = ["TIMEOUT", "5", "ABORT", "ERROR", "", "ATZ", "OK", "AT+CREG?", "+CREG: 0,1", "AT+CSQ", "OK"]
    chat(modem, *script, status=0)


def test_chat_is_told_that_there_is_no_carrier(modem: ThreadedModem) -> None:
    dial = ["OK", 'AT+CGDCONT=1,"IP","internet"', "OK", "ATDT*99***1#", "CONNECT"]
    first_abort_string = 4
    chat(modem, "TIMEOUT", "5", "ABORT", "NO CARRIER", "", "ATZ", *dial, status=first_abort_string)


def test_wvdial_initialises_and_is_told_that_there_is_no_carrier(
    modem: ThreadedModem, tmp_path: Path
) -> None:
    path = program("wvdial")
    settings = tmp_path / "wvdial.conf"
    settings.write_text(
        f"[Dialer Defaults]\nModem = {modem.path}\nBaud = 115200\nInit1 = ATZ\n"
        "Init2 = ATQ0 V1 E1 S0=0 &C1 &D2 +FCLASS=0\n"
        'Init3 = AT+CGDCONT=1,"IP","internet"\n'
        "Phone = *99#\nUsername = me\nPassword = secret\nDial Attempts = 1\n"
    )
    said = run(path, "-C", str(settings), status=None).stdout
    assert "Modem initialized." in said
    assert "No Carrier!" in said


# ---- minicom ---------------------------------------------------------------------------------------

SCRIPT = """\
timeout 10
send "ATE0"
expect {
  "OK"
  timeout 5 goto bad
}
send "AT+CSQ"
expect {
  "+CSQ: 20,0"
  "ERROR" goto bad
  timeout 5 goto bad
}
exit 0
bad:
exit 7
"""


def test_a_script_of_minicom(modem: ThreadedModem, tmp_path: Path) -> None:
    path = program("runscript", "minicom")
    script = tmp_path / "script"
    script.write_text(SCRIPT)
    with open(modem.path, "r+b", buffering=0) as port:
        run(path, str(script), port=port)


# ---- smstools --------------------------------------------------------------------------------------

SMSD = """\
devices = GSM1
logfile = {folder}/log
loglevel = 7
outgoing = {folder}/outgoing
checked = {folder}/checked
incoming = {folder}/incoming
failed = {folder}/failed
sent = {folder}/sent
infofile = {folder}/working
pidfile = {folder}/pid
delaytime = 1
errorsleeptime = 1
blocktime = 1
[GSM1]
device = {port}
incoming = yes
baudrate = 115200
rtscts = no
"""


def test_smsd_sends_and_receives(modem: ThreadedModem, tmp_path: Path) -> None:
    path = program("smsd", "smstools")
    for name in ("outgoing", "checked", "incoming", "failed", "sent"):
        (tmp_path / name).mkdir()
    settings = tmp_path / "smsd.conf"
    settings.write_text(SMSD.format(folder=tmp_path, port=modem.path))
    (tmp_path / "outgoing" / "message").write_text(f"To: {NUMBER[1:]}\n\nhello there\n")
    modem.inject(SmsArrived(NUMBER, "good morning"))
    done = [tmp_path / "sent", tmp_path / "incoming"]
    with background(path, "-t", f"-c{settings}"):
        end = time.monotonic() + LIMIT
        while time.monotonic() < end and not all(any(folder.iterdir()) for folder in done):
            time.sleep(0.1)  # smsd tells nobody that it is done: its folders have to be looked at
    assert all(any(folder.iterdir()) for folder in done), (tmp_path / "log").read_text()
    (received,) = (tmp_path / "incoming").iterdir()
    assert f"From: {NUMBER[1:]}\n" in received.read_text()
    assert "good morning" in received.read_text()

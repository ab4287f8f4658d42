"""``vmodem run --scenario`` as a user has it: what wins, how it ends, what the log and standard error say."""

from __future__ import annotations

from pathlib import Path

from played import Played as AnyPlayed

STORY = """\
version: 1
name: greeted
seed: 4
modem:
  dialect: quectel_mxx
  sim: {pin: "1234"}
  network: {registered: roaming, rssi: 9, lac: 513, ci: 1027}
rules:
  - {id: asked, when: {command: "AT+CSQ", phase: done}, do: [{wait: 100ms}, {verdict: pass}]}
expect:
  - {id: asks, command: "AT+CSQ", times: 1}
  - {id: unlocks, op: sim.pin}
"""


class Played(AnyPlayed):
    """A run of ``STORY``, unless another one is given."""

    def __init__(self, folder: Path, *options: str, story: str = STORY) -> None:
        super().__init__(folder, story, *options)


def test_a_run_that_passes(tmp_path: Path) -> None:
    run = Played(tmp_path)
    assert "Quectel_M95" in run.asks("ATI")
    assert "+CPIN: SIM PIN" in run.asks("AT+CPIN?")
    run.asks("AT+CPIN=1234")
    assert '+CREG: 2,5,"0201","0403"' in run.asks("AT+CREG=2;+CREG?")
    assert "+CSQ: 9,0" in run.asks("AT+CSQ")
    status, err, report = run.ends()
    assert status == 0
    assert err.splitlines() == [
        "met: asks: happened 1 times",
        *[line for line in err.splitlines() if line.startswith("met: unlocks: after ")],
        "verdict: pass",
    ]
    assert report["passed"] is True
    assert report["seed"] == 4
    assert report["verdict"] == "pass"
    ended = [(each["id"], each["met"]) for each in report["expectations"]]
    assert ended == [("asks", True), ("unlocks", True)]


def test_an_expectation_that_is_not_met(tmp_path: Path) -> None:
    run = Played(tmp_path)
    run.asks("AT+CSQ")
    status, err, report = run.ends()
    assert status == 1
    assert "FAILED: unlocks: happened 0 times, at least 1 expected" in err
    assert "the scenario failed (seed 4)" in err
    assert report["passed"] is False


def test_what_the_user_says_wins(tmp_path: Path) -> None:
    """Also where it is what it would be without a scenario."""
    run = Played(tmp_path, "--dialect", "sim800", "--pin", "5678", "--seed", "0")
    assert "SIM800" in run.asks("ATI")
    assert "ERROR" in run.asks("AT+CPIN=1234")
    assert "OK" in run.asks("AT+CPIN=5678")
    run.asks("AT+CSQ")
    status, _, report = run.ends()
    assert status == 0
    assert report["seed"] == 0


def test_the_file_says_that_it_boots(tmp_path: Path) -> None:
    story = STORY.replace("  sim:", "  boot: true\n  sim:").replace("dialect: quectel_mxx", "dialect: sim800")
    run = Played(tmp_path, story=story)
    assert run.port.read_until(b"+CPIN: SIM PIN\r\n").startswith(b"\r\nRDY\r\n")
    run.asks("AT+CSQ")
    assert run.ends()[0] == 1

"""``repeat``: a story that is run again and again, each time with a new modem, driver and seed."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from beside import LIMIT, VMODEM, environment, script, vmodem_run

STORY = """\
version: 1
name: again
seed: 5
repeat: 3
rules:
  - {id: dice, when: {start: true}, do: [{wait: {between: [1s, 9s]}}]}
  - {id: noise, when: {command: "AT+CSQ"}, do: [{signal: {rssi: {walk: [0, 31]}}}]}
expect:
  - {id: asks, command: "AT+CSQ"}
"""
ASKS = """\
import os, serial, sys
run = len(open("runs").readlines()) if os.path.exists("runs") else 0
with serial.Serial(os.environ["MODEM_TTY"], timeout=10) as port:
    port.write(b"AT+CSQ\\r")
    echo, _, rest = port.read_until(b"OK\\r\\n").partition(b"\\r")
with open("runs", "a") as runs:
    print(os.getpid(), echo.decode(), rest.split()[1].decode(), file=runs)
    if run == 0:
        port = serial.Serial(os.environ["MODEM_TTY"], timeout=10)
        port.write(b"ATE0\\r")
        port.read_until(b"OK\\r\\n")
sys.exit([0, 4, 5][run])
"""


@pytest.fixture
def story(tmp_path: Path) -> str:
    path = tmp_path / "again.yaml"
    path.write_text(STORY)
    return str(path)


def test_each_run_is_a_new_one(tmp_path: Path, story: str) -> None:
    """New program, new modem (it echoes again), new seed; one failure does not keep the next from running."""
    junit, log = tmp_path / "out.xml", tmp_path / "run.jsonl"
    options = ("--scenario", story, "--junit", str(junit), "--log", str(log))
    done = vmodem_run(tmp_path, *options, "--exec", script(tmp_path, ASKS), cwd=tmp_path)
    assert done.returncode == 4, "of the first that failed"
    pids, echoes, levels = zip(*(line.split() for line in (tmp_path / "runs").open()), strict=True)
    assert len(set(pids)) == 3
    assert set(echoes) == {"AT+CSQ"}
    assert len(set(levels)) > 1
    told = done.stderr.splitlines()
    assert [line for line in told if "run " in line and "seed" in line][:3] == [
        f"vmodem run: run {n} of 3, seed {n + 4}" for n in (1, 2, 3)
    ]
    assert told[-1] == "vmodem run: 2 of 3 runs failed: run 2 (seed 6), run 3 (seed 7)"
    suites = list(ElementTree.parse(junit).getroot())
    assert [suite.get("name") for suite in suites] == ["again.run1", "again.run2", "again.run3"]
    assert [suite.get("failures") for suite in suites] == ["0", "1", "1"]
    cases = [(case.get("classname"), case.get("name")) for s in suites for case in s.iter("testcase")]
    assert len(set(cases)) == len(cases) == 6
    seeds = [p.get("value") for s in suites for p in s.iter("property") if p.get("name") == "seed"]
    assert seeds == ["5", "6", "7"]
    assert not log.exists()
    for number in (1, 2, 3):
        lines = (tmp_path / f"run-{number}.jsonl").read_text().splitlines()
        reports = [entry["report"] for entry in map(json.loads, lines) if "report" in entry]
        assert [report["seed"] for report in reports] == [number + 4]


def test_the_user_says_how_often(tmp_path: Path, story: str) -> None:
    """The same seed is the same run: what failed as the third can be run alone."""
    levels = []
    for options in (("--repeat", "2", "--seed", "9"), ("--repeat", "1", "--seed", "10")):
        (tmp_path / "runs").unlink(missing_ok=True)
        command = script(tmp_path, ASKS), "--exec-status", "ignore"
        done = vmodem_run(tmp_path, "--scenario", story, *options, "--exec", *command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        levels.append((tmp_path / "runs").read_text().split()[-1])
    assert levels[0] == levels[1]


def test_without_a_scenario_too(tmp_path: Path) -> None:
    done = vmodem_run(tmp_path, "--repeat", "4", "--exec", "sh -c 'echo x'")
    assert (done.returncode, done.stdout) == (0, "x\n" * 4)
    assert done.stderr.splitlines()[-1] == "vmodem run: 0 of 4 runs failed"


def test_several_modems_have_seeds_of_their_own(tmp_path: Path, story: str) -> None:
    done = vmodem_run(tmp_path, "--count", "2", "--scenario", story, "--exec", "true", "--repeat", "2")
    assert done.returncode == 1
    assert "run 2 of 2, seed 7" in done.stderr, "5 and 6 were those of the first run"


def test_a_signal_ends_them_all(tmp_path: Path, story: str) -> None:
    junit = tmp_path / "out.xml"
    options = ["--scenario", story, "--junit", str(junit), "--exec", "sh -c 'echo here; sleep 60'"]
    with subprocess.Popen(
        [VMODEM, "run", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"here\n"
        run.send_signal(signal.SIGTERM)
        _, err = run.communicate(timeout=LIMIT)
    assert run.returncode == 128 + signal.SIGTERM
    assert err.splitlines()[-1] == b"vmodem run: 1 of 1 runs failed: run 1 (seed 5), 2 not run"
    assert len(list(ElementTree.parse(junit).getroot())) == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "the scenario's repeat: 3 runs want a driver for each (give --exec, or --repeat 1)"),
        (("--repeat", "2"), "--repeat: 2 runs want a driver for each"),
        (("--repeat", "0", "--exec", "true"), "--repeat: 0 is no number of runs"),
        (("--repeat", "1000000", "--exec", "true"), "--repeat: 1000000 is no number of runs"),
    ],
)
def test_where_it_does_not_apply(tmp_path: Path, story: str, options: tuple[str, ...], told: str) -> None:
    log = tmp_path / "log"
    done = vmodem_run(tmp_path, "--scenario", story, "--log", str(log), *options)
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not log.exists()


VERDICTS = """\
version: 1
name: two
rules:
  - {id: well, when: {command: "AT+CSQ", phase: done}, do: [{verdict: pass}]}
  - {id: ill, when: {command: "AT+CREG?", phase: done}, do: [{verdict: fail}]}
expect:
  - {id: quiet, never: {command: "AT+COPS?"}}
"""
BOTH = """\
import os, serial, sys, time
ports = [serial.Serial(os.environ[name], timeout=10) for name in ("MODEM_TTY", "MODEM_TTY_1")]
for word in sys.argv[1:]:
    port, command = ports[int(word[0])], word[1:].encode()
    port.write(command + b"\\r")
    print(b"OK" in port.read_until(b"OK\\r\\n"), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("0AT+CSQ 1AT 1AT+CSQ", 0),  # the first one's end is not the end of both
        ("0AT+CSQ 0AT+COPS? 1AT+CSQ", 0),  # it is judged when its own story ends
        ("0AT+COPS? 0AT+CSQ 1AT+CSQ", 1),
        ("1AT+CREG?", 1),  # a failure ends the run at once
    ],
)
def test_each_modem_has_a_verdict_of_its_own(tmp_path: Path, words: str, status: int) -> None:
    (tmp_path / "two.yaml").write_text(VERDICTS)
    options = ("--count", "2", "--link-dir", str(tmp_path), "--scenario", str(tmp_path / "two.yaml"))
    done = vmodem_run(tmp_path, *options, "--exec", f"{script(tmp_path, BOTH)} {words}")
    assert done.returncode == status, done.stderr
    assert len(done.stdout.splitlines()) >= len(words.split()) - 1
    assert ("verdict: pass" in done.stderr) is (words != "1AT+CREG?")

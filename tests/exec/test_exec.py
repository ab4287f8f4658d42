"""``--exec``: the program under test beside the modem, its exit statuses, JUnit; nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from beside import LIMIT, VMODEM, environment, script, vmodem_run
from vmodem.emulator.child import command, filled_in
from vmodem.emulator.child import environment as of_child
from vmodem.emulator.mistakes import UsageError

ASKS = """\
import os, sys, serial
with serial.Serial(sys.argv[1], timeout=10) as port:
    port.write(b"AT+CSQ\\r")
    answer = port.read_until(b"OK\\r\\n")
print(answer.decode().split()[1], sys.argv[1] == os.environ["MODEM_TTY"] == os.environ["MODEM_URL"])
print("on standard error", file=sys.stderr)
sys.exit(int(sys.argv[2]))
"""
STORY = """\
version: 1
name: asked
seed: 3
expect:
  - {id: asks for the signal, command: "AT+CSQ", within: 60s}
  - {id: asks for the network, command: "AT+CREG?"}
"""


@pytest.fixture
def story(tmp_path: Path) -> str:
    path = tmp_path / "asked.yaml"
    path.write_text(STORY)
    return str(path)


def cases(path: Path) -> dict[str, str]:
    """What the JUnit file says: each test case, and what is wrong with it."""
    (suite,) = ElementTree.parse(path).getroot()
    found = {}
    for each in suite.iter("testcase"):
        failure = each.find("failure")
        found[each.get("name") or ""] = "" if failure is None else failure.get("message") or ""
    assert suite.get("tests") == str(len(found))
    assert suite.get("failures") == str(sum(map(bool, found.values())))
    assert suite.get("errors") == "0"
    return found


def test_a_driver_that_passes(tmp_path: Path) -> None:
    done = vmodem_run(tmp_path, "--exec", script(tmp_path, ASKS) + " {tty} 0", "--timeout", "60")
    assert done.returncode == 0
    assert done.stdout == "+CSQ: True\n", "its output alone"
    assert done.stderr == "on standard error\n"


def test_its_own_status_is_the_runs(tmp_path: Path) -> None:
    junit = tmp_path / "out.xml"
    done = vmodem_run(tmp_path, "--exec", script(tmp_path, ASKS) + " {tty} 7", "--junit", str(junit))
    assert done.returncode == 7
    name = Path(sys.executable).name
    assert done.stderr.splitlines()[-1] == f"vmodem run: {name}: exit status 7"
    assert cases(junit) == {name: "exit status 7"}


def test_its_own_status_ignored(tmp_path: Path) -> None:
    junit = tmp_path / "out.xml"
    command_line = script(tmp_path, ASKS) + " {tty} 7"
    done = vmodem_run(tmp_path, "--exec", command_line, "--exec-status", "ignore", "--junit", str(junit))
    assert done.returncode == 0
    assert list(cases(junit).values()) == [""]


def test_expectations_count_where_the_driver_is_well(tmp_path: Path, story: str) -> None:
    """Its last command was read, though it closed the port and ended at once."""
    junit, log = tmp_path / "out.xml", tmp_path / "run.jsonl"
    options = ("--scenario", story, "--junit", str(junit), "--log", str(log))
    done = vmodem_run(tmp_path, "--exec", script(tmp_path, ASKS) + " {tty} 0", *options)
    assert done.returncode == 1
    name = Path(sys.executable).name
    assert cases(junit) == {
        "asks for the signal": "",
        "asks for the network": "not met: happened 0 times, at least 1 expected",
        name: "",
    }
    (suite,) = ElementTree.parse(junit).getroot()
    assert suite.get("name") == "asked"
    about = {p.get("name"): p.get("value") for p in suite.iter("property")}
    assert about == {"dialect": "sim800", "seed": "3"}
    assert '"report"' in log.read_text()
    done = vmodem_run(tmp_path, "--exec", script(tmp_path, ASKS) + " {tty} 9", *options)
    assert done.returncode == 9


def test_what_it_wrote_last_is_heard(tmp_path: Path) -> None:
    """A driver that writes, closes and ends: the pty hands the bytes on behind its back."""
    (tmp_path / "s.yaml").write_text('version: 1\nname: s\nexpect: [{id: last, command: "AT+CIPSHUT"}]\n')
    writes = "import os\nfd = os.open(os.environ['MODEM_TTY'], os.O_RDWR)\nos.write(fd, b'AT+CIPSHUT\\r')\n"
    for _ in range(5):
        options = ("--scenario", str(tmp_path / "s.yaml"), "--exec", script(tmp_path, writes))
        assert vmodem_run(tmp_path, *options).returncode == 0


def test_a_signal_ends_it(tmp_path: Path) -> None:
    done = vmodem_run(tmp_path, "--exec", "sh -c 'kill -SEGV $$'")
    assert done.returncode == 128 + signal.SIGSEGV
    assert done.stderr == f"vmodem run: sh: signal {signal.SIGSEGV.value} ended it\n"


def test_it_takes_too_long(tmp_path: Path) -> None:
    """Also what it has started ends, and what does not heed SIGTERM."""
    pids = tmp_path / "pids"
    stubborn = f"sh -c 'trap \"\" TERM; sleep 60 & echo $! $$ > {pids}; wait; sleep 60'"
    junit = tmp_path / "out.xml"
    begun = time.monotonic()
    done = vmodem_run(tmp_path, "--exec", stubborn, "--timeout", "1s", "--junit", str(junit))
    assert done.returncode == 124
    assert time.monotonic() - begun < 10
    assert cases(junit) == {"sh": "it had not ended after 1 s"}
    for pid in pids.read_text().split():
        assert not Path(f"/proc/{pid}").exists() or "zombie" in Path(f"/proc/{pid}/status").read_text()


def test_what_it_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    done = vmodem_run(tmp_path, "--exec", f"sh -c 'sleep 60 >/dev/null 2>&1 & echo $! > {pids}'")
    assert done.returncode == 0
    (pid,) = pids.read_text().split()
    assert not Path(f"/proc/{pid}").exists() or "zombie" in Path(f"/proc/{pid}/status").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_run_is_ended(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C reaches us alone, since the program is in a group of its own: it is ended."""
    told = tmp_path / "told"
    waits = f"sh -c 'trap \"echo > {told}; exit 0\" TERM; echo here; while :; do sleep 0.05; done'"
    run = subprocess.Popen(
        [VMODEM, "run", "--exec", waits],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
    )
    assert run.stdout is not None
    assert run.stdout.readline() == b"here\n"
    run.send_signal(number)
    _, err = run.communicate(timeout=LIMIT)
    assert run.returncode == 128 + number
    assert told.exists(), "it had time to clean up"
    assert f"the run was ended by signal {number.value}".encode() in err
    assert not list(tmp_path.rglob("sim800*"))


def test_a_scenario_ends_it(tmp_path: Path) -> None:
    story = tmp_path / "s.yaml"
    rule = '{id: enough, when: {command: "AT+CSQ", phase: done}, do: [{verdict: pass}]}'
    story.write_text(f"version: 1\nname: s\nrules: [{rule}]\n")
    stays = ASKS.replace("sys.exit", "import time; time.sleep(60); sys.exit")
    done = vmodem_run(tmp_path, "--scenario", str(story), "--exec", script(tmp_path, stays) + " {tty} 3")
    assert done.returncode == 0


def test_the_modem_is_not_at_a_tty(tmp_path: Path) -> None:
    opens = "import os, serial\nassert 'MODEM_TTY' not in os.environ\n"
    opens += "serial.serial_for_url(os.environ['MODEM_URL'])\n"
    assert vmodem_run(tmp_path, "--tcp", "0", "--exec", script(tmp_path, opens) + " {url}").returncode == 0
    done = vmodem_run(tmp_path, "--tcp", "0", "--exec", "true {tty}")
    assert done.returncode == 2
    assert "{tty}: modem 0 is at socket://127.0.0.1:" in done.stderr
    assert "(write {url})" in done.stderr


def test_several_modems(tmp_path: Path) -> None:
    checks = "import os, sys\nassert sys.argv[1:] == [os.environ['MODEM_TTY'], os.environ['MODEM_TTY_1']]\n"
    options = ("--count", "2", "--link-dir", str(tmp_path))
    assert (
        vmodem_run(tmp_path, *options, "--exec", script(tmp_path, checks) + " {tty} {tty1}").returncode == 0
    )


@pytest.mark.parametrize(
    ("options", "status", "told"),
    [
        (("--exec", "/nowhere/driver_test"), 3, "cannot run /nowhere/driver_test: No such file"),
        (("--exec", "'"), 2, "No closing quotation"),
        (("--exec", " "), 2, "--exec is empty"),
        (("--timeout", "5"), 2, "--timeout is for --exec"),
        (("--exec-status", "ignore"), 2, "--exec-status is for --exec"),
        (("--exec", "true", "--timeout", "soon"), 2, "--timeout 'soon' is no time"),
        (("--exec", "true", "--timeout", "0"), 2, "--timeout '0' is no time"),
        (("--exec", "true {tty3}"), 2, "there is no modem 3"),
        (("--junit", "x.xml"), 2, "--junit has nothing to tell"),
        (("--exec", "true", "--junit", "/nowhere/x.xml"), 3, "cannot write /nowhere/x.xml"),
    ],
)
def test_mistakes(tmp_path: Path, options: tuple[str, ...], status: int, told: str) -> None:
    done = vmodem_run(tmp_path, *options)
    assert done.returncode == status
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_words_are_not_split_again_and_other_braces_stay() -> None:
    wanted = command("driver '{\"a\": 1}' --port={tty} {tty}x", "1.5min", None)
    assert wanted is not None
    assert wanted.timeout == 90.0
    assert filled_in(wanted.argv, ["/a path/tty"]) == [
        "driver",
        '{"a": 1}',
        "--port=/a path/tty",
        "/a path/ttyx",
    ]
    with pytest.raises(UsageError, match="there are 1, from 0"):
        filled_in(("{url1}",), ["socket://h:1"])
    assert of_child(["socket://h:1"], "/ctl")["MODEM_CTL"] == "/ctl"


def test_reading_from_standard_input_never_stops_it(tmp_path: Path) -> None:
    done = vmodem_run(tmp_path, "--exec", "cat", input="through\n")
    assert (done.returncode, done.stdout) == (0, "through\n")


def test_the_help_says_what_the_statuses_are(tmp_path: Path) -> None:
    done = subprocess.run(
        [VMODEM, "run", "--help"], check=True, capture_output=True, text=True, env=os.environ
    )
    said = " ".join(done.stdout.split())
    assert "128+n for a signal, 124 for --timeout, 1 if only an expectation failed" in said


def test_it_needs_nothing_installed(tmp_path: Path) -> None:
    """As the README's first command: what scenarios need is not touched."""
    without = "import sys; sys.modules.update(msgspec=None, yaml=None, serial=None)\n"
    without += "from vmodem.emulator.cli import main; sys.exit(main(sys.argv[1:]))"
    command_line = [sys.executable, "-c", without, "run", "--exec", "sh -c 'exit 5'"]
    done = subprocess.run(
        command_line, check=False, capture_output=True, text=True, env=environment(tmp_path), timeout=LIMIT
    )
    assert (done.returncode, done.stderr) == (5, "vmodem run: sh: exit status 5\n")

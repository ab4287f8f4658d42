"""The control socket and ``vmodem ctl``: a test in any language pulls the plug at the right moment."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from pathlib import Path

import pytest
import serial
from beside import LIMIT, ONE_OF_EACH, VMODEM, Control, environment, modem_with_ctl, script, vmodem_run
from vmodem.emulator.ctl import LONGEST_LINE, MOST_CLIENTS
from vmodem.emulator.ctl_client import request
from vmodem.emulator.mistakes import UsageError
from vmodem.emulator.scenario.actions import DECIDING
from vmodem.emulator.scenario.steps import STEPS


def ctl(path: Path, *words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [VMODEM, "ctl", "--socket", str(path), *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_driver_sees_what_the_test_does(tmp_path: Path) -> None:
    with modem_with_ctl(tmp_path) as path:
        assert path.stat().st_mode & 0o777 == 0o600
        control = Control(path)
        with serial.Serial((tmp_path / "ready").read_text().strip(), timeout=LIMIT) as port:
            port.write(b"ATE0;+CREG=1\r")
            port.read_until(b"OK\r\n")
            assert control.ask({"register": "searching"}) == {"ok": True}
            assert port.read_until(b"+CREG: 2\r\n").endswith(b"+CREG: 2\r\n")
            assert control.ask({"steps": [{"urc": "+A"}, {"wait": "10ms"}, {"urc": "+B"}]}) == {"ok": True}
            assert port.read_until(b"+B\r\n") == b"\r\n+A\r\n\r\n+B\r\n"
            assert control.ask({"fail": {"command": "AT+CSQ", "result": "error"}, "tag": 7}) == {
                "ok": True,
                "tag": 7,
            }
            port.write(b"AT+CSQ\r")
            assert port.read_until(b"ERROR\r\n") == b"\r\nERROR\r\n"
        states = control.ask({"query": "states"})
        assert states["states"] == ["IP INITIAL"]
        assert states["machines"]["registration"] == "SEARCHING"
        assert control.ask({"query": "modems"}) == {
            "ok": True,
            "modems": [(tmp_path / "ready").read_text().strip()],
        }
        control.close()


def test_every_step_of_a_scenario_can_be_asked_for(tmp_path: Path) -> None:
    assert set(ONE_OF_EACH) == set(STEPS) - DECIDING
    with modem_with_ctl(tmp_path) as path:
        control = Control(path)
        for verb, value in ONE_OF_EACH.items():
            if verb != "verdict":  # it ends the run
                assert control.ask({verb: value}) == {"ok": True}, verb
        control.close()


def test_the_page_shows_a_real_dialogue(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "emulator" / "lab" / "README.md").read_text()
    (dialogue,) = re.findall(r"```text\n(> .*?)```", page, re.DOTALL)
    with modem_with_ctl(tmp_path) as path:
        control = Control(path)
        for line in dialogue.splitlines():
            mark, _, text = line.partition(" ")
            if mark == ">":
                control.send(text.encode() + b"\n")
            else:
                assert control.hear() == json.loads(text)
        control.close()


def test_a_verdict_ends_the_run(tmp_path: Path) -> None:
    says = """\
import json, os, socket, time
control = socket.socket(socket.AF_UNIX)
control.connect(os.environ["MODEM_CTL"])
control.sendall(b'{"verdict": "fail"}\\n')
time.sleep(60)
"""
    done = vmodem_run(tmp_path, "--ctl", str(tmp_path / "ctl"), "--exec", script(tmp_path, says))
    assert done.returncode == 1
    assert "verdict: fail" in done.stderr


def test_expectations_and_a_scenarios_own_signals(tmp_path: Path) -> None:
    story = tmp_path / "s.yaml"
    story.write_text(
        "version: 1\nname: s\nrules: [{id: go, when: {external: now}, do: [{mark: gone}]}]\n"
        "expect: [{id: went, mark: gone}]\n"
    )
    with modem_with_ctl(tmp_path, "--scenario", str(story)) as path:
        control = Control(path)
        assert control.ask({"expect": {"command": "AT+CSQ"}}) == {"ok": True, "id": "ctl 1"}
        assert control.ask({"expect": {"id": "mine", "command": "AT"}})["id"] == "mine"
        assert "is the id of another one" in control.ask({"expect": {"id": "mine", "command": "AT"}})["error"]
        assert control.ask({"external": "now"}) == {"ok": True}
        found = control.ask({"query": "expectations"})["expectations"]
        assert [(each["id"], each["state"]) for each in found] == [
            ("went", "met"),
            ("ctl 1", "open"),
            ("mine", "open"),
        ]
        control.close()


def test_expectations_that_speak_of_the_scenario(tmp_path: Path) -> None:
    """Of its rules and marks, and of marks that were set from outside; of what has come, from now on."""
    story = tmp_path / "s.yaml"
    story.write_text("version: 1\nname: s\nrules: [{id: go, when: {external: now}, do: [{mark: gone}]}]\n")

    def states(control: Control) -> list[str]:
        return [each["state"] for each in control.ask({"query": "expectations"})["expectations"]]

    with modem_with_ctl(tmp_path, "--scenario", str(story)) as path:
        control = Control(path)
        assert control.ask({"mark": "mine"}) == {"ok": True}
        for what in (
            {"external": "again", "after": "gone"},
            {"rule": "go"},
            {"mark": "gone", "after": "mine"},
            {"never": {"mark": "mine"}, "after": "go", "until": {"external": "again"}},
        ):
            assert control.ask({"expect": what})["ok"], what
        assert states(control) == ["open"] * 4
        control.ask({"external": "again"})
        assert states(control) == ["open"] * 4, "the mark has not come"
        control.ask({"external": "now"})
        assert states(control) == ["open", "met", "met", "open"]
        control.ask({"external": "again"})
        assert states(control) == ["met"] * 4
        told = control.ask({"expect": {"command": "AT", "after": "gome"}})["error"]
        assert "'gome' is neither start, rule nor mark (did you mean" in told
        control.close()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"pdp_deact", "no JSON"),
        (b"[]", "list is no object"),
        (b"\xff\xfe", "no JSON"),
        (b"{}", "one thing is asked for in a line, not 0"),
        (b'{"sim": "remove", "urc": "x"}', "one thing is asked for in a line, not 2"),
        (b'{"pdp_deac": {}}', "unknown key 'pdp_deac' (did you mean 'pdp_deact'?)"),
        (b'{"signal": {"rssi": 5.5}}', "5.5"),
        (b'{"hang": true}', "decides about the command that is just received"),
        (b'{"steps": []}', "ctl"),
        (b'{"steps": 3}', "ctl"),
        (b'{"external": 3}', "external: 3 is no name"),
        (b'{"expect": 3}', "expect: 3 is no expectation"),
        (b'{"expect": {}}', "exactly one of"),
        (b'{"query": "everything"}', "is none of states, expectations, modems"),
        (b'{"query": ["states"]}', "is none of"),
        (b'{"pdp_deact": {}, "modem": 1}', "there is no modem 1"),
        (b'{"pdp_deact": {}, "modem": true}', "there is no modem True"),
        (b"[" * 5000, "no JSON"),
        (b"x" * (LONGEST_LINE + 1), f"longer than {LONGEST_LINE} bytes"),
        (b"x" * (LONGEST_LINE * 40), f"longer than {LONGEST_LINE} bytes"),
    ],
)
def test_malformed_lines_are_answered_and_change_nothing(tmp_path: Path, line: bytes, told: str) -> None:
    with modem_with_ctl(tmp_path) as path:
        control = Control(path)
        before = control.ask({"query": "states"})
        control.send(line + b"\n")
        answer = control.hear()
        assert answer["ok"] is False
        assert told in answer["error"]
        assert control.ask({"query": "states"}) == before, (
            "one answer for each line, and the next line is read"
        )
        control.close()


def test_bytewise_and_many_in_one_write(tmp_path: Path) -> None:
    with modem_with_ctl(tmp_path) as path:
        control = Control(path)
        for byte in b'{"query": "modems"}\n':
            control.send(bytes([byte]))
        assert control.hear()["ok"]
        control.send(b'\r\n{"query": "modems", "tag": 1}\r\n\n{"query": "modems", "tag": 2}\n{"query"')
        assert [control.hear()["tag"] for _ in range(2)] == [1, 2]
        control.close()


def test_several_clients_and_one_too_many(tmp_path: Path) -> None:
    with modem_with_ctl(tmp_path) as path:
        clients = [Control(path) for _ in range(MOST_CLIENTS)]
        assert all(client.ask({"query": "states"})["ok"] for client in clients)
        late = Control(path)
        assert late.hear()["error"].startswith(f"there are {MOST_CLIENTS} clients already")
        clients.pop().close()
        late.close()
        for _ in range(100):
            again = Control(path)
            try:
                answer = again.ask({"query": "states"})
            except OSError:
                answer = {"ok": False}
            finally:
                again.close()
            if answer["ok"]:
                break
        assert answer["ok"], "a place is free again"
        for client in clients:
            client.close()


def test_a_client_that_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    with modem_with_ctl(tmp_path) as path:
        deaf = socket.socket(socket.AF_UNIX)
        deaf.connect(str(path))
        deaf.setblocking(False)
        asked = b'{"query": "states"}\n' * 1000
        total = 0
        try:
            while total < 50_000_000:
                total += deaf.send(asked[total % len(b'{"query": "states"}\n') :])
        except BlockingIOError:
            pass
        assert total < 50_000_000, "its questions are not read for ever"
        control = Control(path)
        assert control.ask({"query": "states"})["ok"]
        control.close()
        deaf.close()


def test_several_modems(tmp_path: Path) -> None:
    with modem_with_ctl(tmp_path, "--count", "2", "--link-dir", str(tmp_path)) as path:
        control = Control(path)
        assert "there are 2 modems (say which" in control.ask({"sim": "remove"})["error"]
        assert control.ask({"sim": "remove", "modem": 1})["ok"]
        first, second = (control.ask({"query": "states", "modem": n})["machines"] for n in (0, 1))
        assert first.get("sim") != second["sim"] == "SIM not inserted"
        assert len(control.ask({"query": "modems"})["modems"]) == 2
        control.close()


def test_the_command(tmp_path: Path) -> None:
    with modem_with_ctl(tmp_path) as path:
        assert ctl(path, "register", "searching") == (0, "", "")
        assert ctl(path, "signal", "rssi=5") == (0, "", "")
        assert ctl(path, "pdp-deact") == (0, "", "")
        assert ctl(path, "sms", "from=49170", "text=hello there") == (0, "", "")
        assert ctl(path, '{"urc": "+X"}') == (0, "", "")
        status, out, _ = ctl(path, "states")
        assert (status, json.loads(out.splitlines()[0])) == (0, ["IP INITIAL"])
        status, _, err = ctl(path, "regster", "searching")
        assert (status, err) == (
            1,
            "vmodem ctl: ctl: unknown key 'regster' (did you mean 'register'?)\n",
        )
        status, _, err = ctl(path, "--modem", "3", "pdp_deact")
        assert (status, err) == (1, "vmodem ctl: there is no modem 3 (there are 1, from 0)\n")
        assert ctl(path, "urc", "one", "two")[0] == 2
    status, _, err = ctl(path, "states")
    assert status == 3
    assert "is vmodem run --ctl there?" in err


def test_where_nobody_says_where(tmp_path: Path) -> None:
    done = subprocess.run(
        [VMODEM, "ctl", "states"], check=False, capture_output=True, text=True, env=environment(tmp_path)
    )
    assert done.returncode == 2
    assert "give --socket PATH" in done.stderr


def test_words_become_what_the_step_wants() -> None:
    assert request(["signal", "rssi=5", "ber=1"]) == {"signal": {"rssi": 5, "ber": 1}}
    assert request(["ring", "from=123", "ri_line=true"]) == {"ring": {"from": "123", "ri_line": True}}
    assert request(["urc", "+CREG: 2"]) == {"urc": "+CREG: 2"}
    assert request(["urc", "5"]) == {"urc": "5"}
    assert request(["external", "now"]) == {"external": "now"}
    assert request(["pdp_deact"]) == {"pdp_deact": {}}
    with pytest.raises(UsageError, match="no JSON"):
        request(["{"])


def test_a_socket_that_is_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "ctl"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    with modem_with_ctl(tmp_path) as same:
        control = Control(same)
        done = vmodem_run(tmp_path, "--ctl", str(path), "--exec", "true")
        assert done.returncode == 3
        assert "another modem is controlled there" in done.stderr
        assert control.ask({"query": "states"})["ok"], "it is left alone"
        control.close()
    path.write_text("mine")
    done = vmodem_run(tmp_path, "--ctl", str(path), "--exec", "true")
    assert done.returncode == 3
    assert "something else is there" in done.stderr
    assert path.read_text() == "mine"
    assert vmodem_run(tmp_path, "--ctl", "/nowhere/ctl", "--exec", "true").returncode == 3

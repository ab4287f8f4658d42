"""What one dialect does not have is refused for it, and named where a file is for any of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from vmodem.emulator.cli import main
from vmodem.emulator.command import OPERATIONS
from vmodem.emulator.registry import IN_TREE, find
from vmodem.emulator.scenario.check_dialects import OF_SOME

HEAD = "version: 1\nname: test\n"


def file(folder: Path, text: str) -> str:
    path = folder / "s.yaml"
    path.write_text(HEAD + text)
    return str(path)


def rule(when: str, more: str = "", do: str = "{log: x}") -> str:
    return f"rules:\n  - {{id: a, when: {when}, {more}do: [{do}]}}\n"


def test_the_operations_that_not_all_have() -> None:
    everywhere = [{command.op for command in find(name).commands} for name in IN_TREE]
    assert {op for op in OPERATIONS if not all(op in ops for ops in everywhere)} == OF_SOME


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (rule("{state: {ip: CONNECT OK}}"), ["rules[0].when.state.ip: there is no such thing on bg96 ("]),
        (
            rule("{left: {socket 0: Connected}}"),
            ["rules[0].when.left.socket 0: there is no such thing on sim800 and"],
        ),
        (rule("{start: true}", "if: {state: {ip: IP STATUS}}, "), ["rules[0].if.state.ip: there is no such"]),
        (
            rule("{start: true}", do="{ussd: {text: hi}}"),
            ["rules[0].do[0].ussd: there is no such thing on bg96"],
        ),
        (
            rule("{start: true}", do="{temperature: 9}"),
            ["rules[0].do[0].temperature: there is no such thing on sim"],
        ),
        (rule("{op: net.ping}"), ["rules[0].when.op: there is no such thing on sim800 and quectel_mxx ("]),
        (
            "expect:\n  - {id: e, state: {ip: CONNECT OK}}\n",
            ["expect[0].state.ip: there is no such thing on bg96"],
        ),
        (
            "expect:\n  - {id: e, op: socket.listen, phase: done}\n",
            ["expect[0].op: there is no such thing on bg96"],
        ),
        # one of them can come everywhere
        (rule("{any: [{state: {ip: CONNECT OK}}, {state: {link: connected}}]}"), []),
        (rule("{any: [{state: {ip: CONNECT OK}}, {op: net.ping}]}"), []),
        ("expect:\n  - {id: e, never: {state: {ip: PDP DEACT}}}\n", []),
        ("expect:\n  - {id: e, state: {link: connected, ip: CONNECT OK}}\n", []),
        (rule("{state: {link: connected}}", do="{sms: {from: '1', text: a}}"), []),
    ],
)
def test_a_file_for_any_dialect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: list[str]
) -> None:
    """It is good, and what some modules do not have is named."""
    name = file(tmp_path, text)
    assert main(["check", name]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{name}: test: ")
    lines = err.splitlines()
    assert len(lines) == len(told), err
    assert all(part in line for part, line in zip(told, lines, strict=True)), err


@pytest.mark.parametrize(
    ("dialect", "text", "told"),
    [
        ("bg96", rule("{state: {ip: CONNECT OK}}"), "rules[0].when.state.ip: not on bg96: no state machine"),
        (
            "bg96",
            rule("{any: [{state: {ip: CONNECT OK}}, {op: socket.listen}]}"),
            "rules[0].when.any[1].op: not on",
        ),
        ("bg96", rule("{start: true}", do="{ussd: {text: a}}"), "do[0].ussd: not on bg96: no command tells"),
        ("sim800", rule("{op: net.ntp}"), "rules[0].when.op: not on sim800: no command performs net.ntp"),
        (
            "sim800",
            "expect:\n  - {id: e, state: {socket: Connected}}\n",
            "expect[0].state.socket: not on sim800",
        ),
    ],
)
def test_it_is_refused_where_it_is_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dialect: str, text: str, told: str
) -> None:
    """Whether the file names the dialect or the user does; and nothing has begun."""
    name, log = file(tmp_path, text), tmp_path / "log"
    assert main(["run", "--dialect", dialect, "--scenario", name, "--log", str(log)]) == 2
    assert told in capsys.readouterr().err
    assert not log.exists()
    bound = file(tmp_path, f"modem: {{dialect: {dialect}}}\n{text}")
    assert main(["check", bound]) == 2
    field = told.partition(": ")[0].split("any[")[0]
    assert field in capsys.readouterr().err


def test_the_default_dialect_counts_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--scenario", file(tmp_path, rule("{op: net.ping}"))]) == 2
    assert "not on sim800: no command performs net.ping" in capsys.readouterr().err


def test_a_dialect_that_there_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = file(tmp_path, rule("{op: net.ping}"))
    assert main(["run", "--dialect", "bg69", "--scenario", name]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "bg69" in line

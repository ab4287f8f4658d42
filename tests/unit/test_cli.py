"""The command line in-process: what it prints, how it tells mistakes, and what it does not import."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import vmodem
from plugins import GOOD, make_plugin
from vmodem.emulator import registry
from vmodem.emulator.cli import main

HEAVY = (
    "asyncio", "importlib.metadata", "logging", "msgspec", "scapy", "serial", "socket", "ssl", "subprocess",
    "vmodem.dialects", "vmodem.emulator.driver", "vmodem.emulator.engine", "vmodem.emulator.run",
    "vmodem.netstack", "yaml",
)  # fmt: skip


def _run(*argv: str) -> int:
    try:
        return main(argv)
    except SystemExit as exit:
        return int(str(exit.code))


def _imported(code: str) -> set[str]:
    """The modules that ``code`` imports, beyond those of Python's own start (and an editable install)."""
    program = (
        "import sys; before = set(sys.modules)\n"
        f"try:\n    {code}\nexcept SystemExit: pass\n"
        "print(*sorted(set(sys.modules) - before), sep='\\n', file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


# ---- start-up ------------------------------------------------------------------------------------


@pytest.mark.parametrize("argv", [["--help"], ["run", "--help"], ["run", "--bogus"], []])
def test_help_and_mistakes_import_nothing_heavy(argv: list[str]) -> None:
    imported = _imported(f"from vmodem.emulator.cli import main; main({argv!r})")
    assert "vmodem.emulator.cli" in imported
    assert not imported.intersection(HEAVY)


def test_naming_one_of_our_dialects_searches_no_packages() -> None:
    imported = _imported("from vmodem.emulator.registry import find; find('sim800')")
    assert "vmodem.dialects.simcom.sim800" in imported
    assert not imported.intersection(set(HEAVY) - {"vmodem.dialects"})


def test_the_public_face_is_imported_when_it_is_used() -> None:
    assert not any(name.startswith("vmodem.") for name in _imported("import vmodem"))
    assert {name: getattr(vmodem, name).__name__ for name in vmodem.__all__} == {
        name: name for name in vmodem.__all__
    }
    assert set(vmodem.__all__) <= set(dir(vmodem))
    with pytest.raises(AttributeError, match="no attribute 'Modern'"):
        vmodem.Modern  # noqa: B018


def test_the_public_face_makes_a_modem() -> None:
    modem = vmodem.Modem(vmodem.find("sim800"), vmodem.Options())
    modem.receive_bytes(b"AT\r", 0.0)
    assert b"".join(getattr(effect, "data", b"") for effect in modem.effects()) == b"AT\r\r\nOK\r\n"


# ---- answers -------------------------------------------------------------------------------------


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("--version") == 0
    assert capsys.readouterr().out == f"vmodem {version('vmodem')}\n"


def test_dialects(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("dialects") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == list(registry.names())
    dialect = registry.find("sim800")
    found = next(i for i, line in enumerate(lines) if line.split(maxsplit=1) == ["sim800", dialect.title])
    documents = lines[found + 1 : found + 1 + len(dialect.documents)]
    assert tuple(line.strip() for line in documents) == dialect.documents


def test_a_broken_package_does_not_hide_the_other_dialects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(make_plugin(tmp_path / "a", "1 / 0", name="a", package="a-modems"))
    monkeypatch.syspath_prepend(make_plugin(tmp_path / "b", GOOD, name="acme", package="b-modems"))
    assert _run("dialects") == 3
    told = capsys.readouterr()
    assert "\nsim800 " in f"\n{told.out}"
    assert "\nacme " in f"\n{told.out}"
    assert re.fullmatch(r"vmodem dialects: the dialect 'a' of a-modems .*ZeroDivisionError.*\n", told.err)
    assert _run("commands", "a") == 3
    assert _run("commands", "acme") == 0


def _expected_rows() -> list[list[str]]:
    commands = sorted(registry.find("sim800").commands, key=lambda command: command.name)
    rows = []
    for command in commands:
        status = f"refused: {command.refused}" if command.refused else "implemented"
        if command.stub:
            status = f"stub: {command.stub}"
        rows.append([f"AT{command.name}", command.letters(), command.cite, status])
    return rows


def test_commands_as_csv(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("commands", "sim800", "--format", "csv") == 0
    headings, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
    assert headings == ["command", "forms", "documented in", "status"]
    assert rows == _expected_rows()
    assert any(row[0] == "AT+CIPSTART" and row[3] == "implemented" for row in rows)
    assert any(row[3].startswith("stub: ") for row in rows)


def test_commands_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("commands", "sim800") == 0
    headings, *lines, nothing, summary = capsys.readouterr().out.splitlines()
    rows = _expected_rows()
    assert [re.split(r" {2,}", line) for line in lines] == rows
    column = headings.index("status")
    assert all(line[column:] == row[3] for line, row in zip(lines, rows, strict=True))
    assert nothing == ""
    counts = [sum(row[3].startswith(word) for row in rows) for word in ("implemented", "stub", "refused")]
    assert summary == "{} commands: {} implemented, {} stubs, {} refused".format(len(rows), *counts)


def test_commands_as_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("commands", "sim800", "--format", "markdown") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(_expected_rows())
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {5}
    assert lines[2].startswith(f"| `{_expected_rows()[0][0]}` | ")


# ---- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ("", r"vmodem: no command given .*vmodem run.*"),
        ("rum", r"vmodem: argument COMMAND: invalid choice: 'rum' .*"),
        ("--bogus", r"vmodem: unrecognized arguments: --bogus \(see vmodem --help\)"),
        ("run --bogus", r"vmodem run: unrecognized arguments: --bogus \(see vmodem run --help\)"),
        ("run --dial sim800", r"vmodem run: unrecognized arguments: --dial sim800 .*"),
        ("run --dialect", r"vmodem run: argument --dialect: expected one argument \(see vmodem run --help\)"),
        ("run --dialect sim8000", r"vmodem run: no dialect 'sim8000'; did you mean sim800\? known: .*"),
        ("commands sim8000", r"vmodem commands: no dialect 'sim8000'; did you mean sim800\? .*"),
        ("commands", r"vmodem commands: .*required: DIALECT \(see vmodem commands --help\)"),
        ("run --network lan", r"vmodem run: argument --network: invalid choice: 'lan' .*"),
        (
            "run --timing soon",
            r"vmodem run: --timing 'soon' .*\(write instant, typical or .*\)",
        ),
        ("run --timing 0", r"vmodem run: --timing '0' .*"),
        ("run --timing=-1", r"vmodem run: --timing '-1' .*"),
        ("run --timing nan", r"vmodem run: --timing 'nan' .*"),
        ("run --timing inf", r"vmodem run: --timing 'inf' .*"),
        ("run --route x", r"vmodem run: route 'x': .*; write FROM=TO"),
        ("run --route tcp://a:1=tcp://127.0.0.1:0", r"vmodem run: route .*'0' is not a port; write .*"),
        ("run --local-ip 10.0.0.256", r"vmodem run: --local-ip '10.0.0.256' is not an IPv4 address .*"),
        (
            "run --local-ip 1.1.1.1 --local-ip 1.1.1.2 --local-ip 1.1.1.3",
            r"vmodem run: --local-ip given 3 .*",
        ),
        ("run --listen-host localhost", r"vmodem run: --listen-host 'localhost' is not an IPv4 address .*"),
        ("run --pin 123", r"vmodem run: --pin '123' is not a number of 4 to 8 digits .*"),
        ("run --pin abcd", r"vmodem run: --pin 'abcd' .*"),
        ("run --imei 12345678901234", r"vmodem run: --imei '12345678901234' is not a number of 15 digits .*"),
        ("run --number +49x", r"vmodem run: --number '\+49x' is not .* \(write one, with or without \+\)"),
    ],
)
def test_a_mistake_is_told_in_one_line(argv: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(*argv.split()) == 2
    output = capsys.readouterr()
    assert re.fullmatch(told + "\n", output.err)
    assert output.out == ""


def test_a_mistake_with_line_ends_is_still_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("run", "--bo\ngus") == 2
    assert capsys.readouterr().err == (
        "vmodem run: unrecognized arguments: --bo\\ngus (see vmodem run --help)\n"
    )

"""The example project, as somebody has it who copied the folder; its page shows what its files say."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from beside import environment

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "tests" / "examples" / "uplink"
PAGE = (EXAMPLE / "README.md").read_text()
LIMIT = 50.0
BINARIES = str(Path(sys.executable).parent)


def needs(*programs: str) -> pytest.MarkDecorator:
    found = all(shutil.which(name, path=f"{BINARIES}:{os.environ['PATH']}") for name in programs)
    return pytest.mark.skipif(not found, reason=f"needs {' and '.join(programs)}")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(
        shutil.copytree(EXAMPLE, tmp_path / "uplink", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    )


def sh(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    env = environment(folder) | {"PATH": f"{BINARIES}:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-ec", command],
        check=False,
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )


def good(folder: Path, command: str) -> str:
    done = sh(folder, command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def compiled(folder: Path) -> None:
    good(folder, "gcc -Wall -Wextra -Werror -o driver_test driver_test.c uplink.c")


def test_the_page_shows_the_files() -> None:
    shown = dict(re.findall(r"`([\w.]+)`[^\n]*:\n\n```\w+\n(.*?)```\n", PAGE, re.DOTALL))
    assert set(shown) == {
        "test_uplink.py",
        "drop.yaml",
        "CMakeLists.txt",
        "meson.build",
        "github.yml",
        "compose.yaml",
    }
    for name, text in shown.items():
        assert text == (EXAMPLE / name).read_text(), name


def test_the_first_readme_shows_them_too() -> None:
    readme = (ROOT / "README.md").read_text()
    python = re.findall(r"```python\n(import pytest.*?)```", readme, re.DOTALL)
    assert len(python) == 1
    source = (EXAMPLE / "test_uplink.py").read_text()
    assert source.startswith(python[0]), "its beginning"
    (shell,) = re.findall(r"```sh\n(gcc .*?)```", readme, re.DOTALL)
    assert f"```sh\n{shell}```" in PAGE


def test_drivers_of_a_hundred_lines() -> None:
    assert len((EXAMPLE / "uplink.py").read_text().splitlines()) <= 110
    assert len((EXAMPLE / "uplink.c").read_text().splitlines()) <= 160


def test_the_python_project(project: Path) -> None:
    good(project, "python -m pytest -p no:cacheprovider --strict-markers --junitxml=python.xml -n 2")
    (suite,) = ElementTree.parse(project / "python.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == (
        "4",
        "0",
        "0",
        "0",
    )


def test_its_story_finds_a_driver_that_does_not_reconnect(project: Path) -> None:
    driver = project / "uplink.py"
    text = driver.read_text()
    assert text.count("attempts: int = 5") == 1
    driver.write_text(text.replace("attempts: int = 5", "attempts: int = 1"))
    done = sh(project, "python -m pytest -p no:cacheprovider -k story")
    assert done.returncode == 1
    assert "not met: reconnects" in done.stdout


@needs("gcc")
def test_the_c_driver_as_the_page_says(project: Path) -> None:
    (commands,) = re.findall(r"```sh\n(gcc .*?)```", PAGE, re.DOTALL)
    good(project, commands)
    names = {case.get("name") for case in ElementTree.parse(project / "c.xml").iter("testcase")}
    assert names == {"reconnects", "goes on", "driver_test"}


@needs("gcc")
def test_a_c_driver_that_does_not_reconnect(project: Path) -> None:
    driver = project / "uplink.c"
    driver.write_text(driver.read_text().replace("ATTEMPTS = 6", "ATTEMPTS = 1"))
    compiled(project)
    done = sh(project, "vmodem run --exec './driver_test {tty}' --scenario drop.yaml --junit c.xml")
    assert done.returncode == 1
    assert "was not sent" in done.stderr
    assert "FAILED: reconnects" in done.stderr


@needs("gcc", "cmake", "ctest")
def test_ctest(project: Path) -> None:
    out = good(project, "cmake -S . -B build && cmake --build build && cd build && ctest --output-on-failure")
    assert "100% tests passed, 0 tests failed out of 2" in out
    assert (project / "build" / "drop.xml").exists()


@needs("gcc", "meson", "ninja")
def test_meson(project: Path) -> None:
    out = good(project, "meson setup build && meson test -C build --print-errorlogs")
    assert re.search(r"Ok: +2", out)


def _steps(project: Path) -> list[str]:
    workflow: dict[str, Any] = yaml.safe_load((project / "github.yml").read_text())
    steps = workflow["jobs"]["test"]["steps"]
    assert all(len({"uses", "run"} & set(step)) == 1 for step in steps)
    return [step["run"] for step in steps if "run" in step]


@needs("gcc")
def test_the_workflow(project: Path) -> None:
    """Every step that runs here: all but what sets the machine up."""
    commands = _steps(project)
    assert commands[0] == "pip install ./vmodem pytest"
    for command in commands[1:]:
        good(project, command)
    assert (project / "python.xml").exists()
    assert list((project / "logs").rglob("*.jsonl"))


def _services(project: Path) -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((project / "compose.yaml").read_text())["services"]
    return services


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@needs("gcc", "socat")
def test_compose_without_containers(project: Path) -> None:
    """The commands of both services on this host, the services' names in place of each other's addresses."""
    services = _services(project)
    port, link = _free_port(), project / "ttyGSM"
    serve = services["modem"]["command"].replace("0.0.0.0:5555", f"127.0.0.1:{port}")
    found = re.fullmatch(r'sh -c "(.*)"\n?', services["test"]["command"])
    assert found is not None
    test = found[1].replace("tcp:modem:5555", f"tcp:127.0.0.1:{port}").replace("/tmp/ttyGSM", str(link))
    assert test.endswith(f"{link} test")
    test = test.removesuffix(" test") + " localhost"
    good(project, f"{serve} & modem=$!; trap 'kill $modem $(jobs -p) 2>/dev/null' EXIT\n{test}")


@needs("docker")
def test_compose_is_one(project: Path) -> None:
    done = sh(project, "docker compose -f compose.yaml config")
    if "is not a docker command" in done.stderr or "unknown" in done.stderr:
        pytest.skip("this docker has no compose")
    assert done.returncode == 0, done.stderr

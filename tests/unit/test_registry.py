"""Dialects by name, ours and strangers'; and that what is packaged is what is in the tree."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import walk_packages

import pytest
import vmodem.dialects
from plugins import GOOD, make_plugin
from vmodem.dialects.minimal import MINIMAL
from vmodem.emulator import registry
from vmodem.emulator.dialect import Dialect

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("name", registry.IN_TREE)
def test_our_own_dialects_are_found(name: str) -> None:
    assert registry.find(name).name == name


def test_our_own_dialects_are_announced_as_pyproject_says() -> None:
    assert PROJECT["project"]["entry-points"][registry.GROUP] == dict(registry.IN_TREE)


def test_no_dialect_in_the_tree_is_forgotten() -> None:
    modules = walk_packages(vmodem.dialects.__path__, "vmodem.dialects.")
    found = {
        value.name: f"{module.name}:{constant}"
        for module in modules
        for constant, value in vars(import_module(module.name)).items()
        if isinstance(value, Dialect) and value is not MINIMAL
    }
    assert found == dict(registry.IN_TREE)


def test_an_unknown_name_is_answered_with_those_that_are_known() -> None:
    with pytest.raises(registry.UnknownDialect, match=r"^no dialect 'xyz'; known: .*\bsim800\b"):
        registry.find("xyz")


@pytest.mark.parametrize("name", ["SIM800", "sim80", "sim_800"])
def test_a_slip_is_understood(name: str) -> None:
    with pytest.raises(registry.UnknownDialect, match=f"no dialect '{name}'; did you mean sim800"):
        registry.find(name)


# ---- strangers' packages -------------------------------------------------------------------------


def test_a_package_adds_a_dialect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(make_plugin(tmp_path, GOOD))
    assert registry.find("acme").commands is MINIMAL.commands
    assert set(registry.names()) == {*registry.IN_TREE, "acme"}
    with pytest.raises(registry.UnknownDialect, match="did you mean acme"):
        registry.find("acne")


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("ACME = 'acme'", "is a str, not a Dialect"),
        ("from vmodem.dialects.minimal import MINIMAL as ACME", "calls itself 'minimal'; its package must"),
        ("", "AttributeError: module 'acme_modems' has no attribute 'ACME'"),
    ],
)
def test_a_broken_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, cause: str
) -> None:
    monkeypatch.syspath_prepend(make_plugin(tmp_path, source))
    monkeypatch.delitem(sys.modules, "acme_modems", raising=False)
    with pytest.raises(registry.BrokenDialect) as caught:
        registry.find("acme")
    message = str(caught.value)
    assert message.startswith("the dialect 'acme' of acme-modems (entry point acme = acme_modems:ACME) ")
    assert cause in message
    assert "\n" not in message
    assert "acme" in registry.names()


def test_a_package_cannot_replace_one_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(make_plugin(tmp_path, GOOD, name="sim800"))
    assert registry.find("sim800").name == "sim800"
    assert registry.names().count("sim800") == 1


def test_two_packages_with_one_name_are_both_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("acme-modems", "other-modems"):
        monkeypatch.syspath_prepend(make_plugin(tmp_path / package, GOOD, package=package))
    with pytest.raises(registry.BrokenDialect, match=r"acme-modems .* and other-modems|other-modems .* and"):
        registry.find("acme")


# ---- what is packaged ----------------------------------------------------------------------------


def _sources() -> set[str]:
    """Every module of the project, as it is to be installed."""
    rooms = {folder.split(".")[1] for folder in PROJECT["tool"]["setuptools"]["packages"] if "." in folder}
    paths = [ROOT / "__init__.py", *(path for room in rooms for path in (ROOT / room).rglob("*.py"))]
    return {f"vmodem/{path.relative_to(ROOT).as_posix()}" for path in paths}


def test_every_folder_with_modules_is_a_listed_package() -> None:
    folders = {path.rpartition("/")[0].replace("/", ".") for path in _sources()}
    assert sorted(folders) == sorted(PROJECT["tool"]["setuptools"]["packages"])


@pytest.mark.skipif(find_spec("pip") is None, reason="this environment has no pip")
def test_a_wheel_holds_every_module(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns(".*", "tests", "build", "dist", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, tmp_path / "source", ignore=ignored)
    pip_wheel = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w"]
    wheel = [*pip_wheel, str(tmp_path), str(tmp_path / "source")]
    built = subprocess.run(wheel, capture_output=True, text=True, check=False)
    if "setuptools" in built.stderr and "No matching distribution" in built.stderr:
        pytest.skip("pip cannot get setuptools: no package index can be reached")
    assert built.returncode == 0, built.stderr
    (made,) = tmp_path.glob("vmodem-*.whl")
    held = {name for name in zipfile.ZipFile(made).namelist() if ".dist-info/" not in name}
    stories = {f"vmodem/scenarios/{path.name}" for path in (ROOT / "scenarios").glob("*.yaml")}
    assert held == _sources() | {"vmodem/py.typed"} | stories

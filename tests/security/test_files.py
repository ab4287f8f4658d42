"""Files in folders that others write to: nothing is followed, truncated or replaced that is not ours."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from beside import modem_with_ctl, script, vmodem_run
from vmodem.emulator.endpoints import EndpointError
from vmodem.emulator.endpoints.link import StableLink
from vmodem.emulator.mistakes import SetupError
from vmodem.emulator.ready_file import ReadyFile

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can make somebody else's files")
NOBODY = 65534


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    path = tmp_path / "precious"
    path.write_text("precious")
    return path


def test_the_draft_of_a_ready_file_is_not_followed(tmp_path: Path, precious: Path) -> None:
    """Its name, with our process number in it, can be guessed."""
    draft = tmp_path / f".ready.{os.getpid()}"
    draft.symlink_to(precious)
    ready = ReadyFile(tmp_path / "ready")
    ready.publish("/dev/pts/1")
    assert precious.read_text() == "precious"
    assert (tmp_path / "ready").read_text() == "/dev/pts/1\n"
    assert not (tmp_path / "ready").is_symlink()
    ready.remove()
    assert not draft.is_symlink()


def test_a_draft_that_is_replaced_is_not_followed(tmp_path: Path, precious: Path) -> None:
    ready = ReadyFile(tmp_path / "ready")
    draft = tmp_path / f".ready.{os.getpid()}"
    draft.unlink()
    draft.symlink_to(precious)
    with pytest.raises(SetupError, match="cannot write the ready file"):
        ready.publish("/dev/pts/1")
    assert precious.read_text() == "precious"
    ready.remove()


def test_a_ready_file_that_is_a_link_is_replaced_and_not_followed(tmp_path: Path, precious: Path) -> None:
    (tmp_path / "ready").symlink_to(precious)
    ready = ReadyFile(tmp_path / "ready")
    ready.publish("/dev/pts/1")
    assert precious.read_text() == "precious"
    ready.remove()
    assert precious.read_text() == "precious"


def test_a_lock_that_is_a_link_is_refused(tmp_path: Path, precious: Path) -> None:
    (tmp_path / ".modem.lock").symlink_to(precious)
    with pytest.raises(EndpointError, match="choose another place"):
        StableLink(tmp_path / "modem")
    assert precious.read_text() == "precious"


def test_a_lock_that_is_another_name_of_a_file_is_refused(tmp_path: Path, precious: Path) -> None:
    os.link(precious, tmp_path / ".modem.lock")
    with pytest.raises(EndpointError, match="not ours alone"):
        StableLink(tmp_path / "modem")
    assert precious.read_text() == "precious"


@needs_root
def test_a_lock_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """He would say in it which link is a dead modem's, and may be removed."""
    lock = tmp_path / ".modem.lock"
    lock.write_text("/dev/null")
    os.chown(lock, NOBODY, NOBODY)
    (tmp_path / "modem").symlink_to("/dev/null")
    with pytest.raises(EndpointError, match="not ours alone"):
        StableLink(tmp_path / "modem")
    assert os.readlink(tmp_path / "modem") == "/dev/null"


# ---- the control socket --------------------------------------------------------------------------


def test_the_control_socket_is_its_owners_from_the_first_moment(tmp_path: Path) -> None:
    """Whatever the umask is: nobody else can connect between bind and chmod, because there is no chmod."""
    before = os.umask(0)
    try:
        with modem_with_ctl(tmp_path) as path:
            assert stat.S_IMODE(path.lstat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_a_folder_that_anybody_writes_to_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    done = vmodem_run(tmp_path, "--ctl", str(folder / "ctl"), "--exec", "true")
    assert done.returncode == 3
    assert "others may replace" in done.stderr
    assert list(folder.iterdir()) == []
    folder.chmod(0o1777)  # as /tmp: nobody can take away what is another's
    assert vmodem_run(tmp_path, "--ctl", str(folder / "ctl"), "--exec", "true").returncode == 0


@needs_root
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "his"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    done = vmodem_run(tmp_path, "--ctl", str(folder / "ctl"), "--exec", "true")
    assert done.returncode == 3
    assert "others may replace" in done.stderr


# ---- --exec --------------------------------------------------------------------------------------


def test_a_port_with_any_name_is_one_word_of_the_command(tmp_path: Path) -> None:
    """No shell reads it: neither blanks nor quotes nor ``$(...)`` in the link's name do anything."""
    link = tmp_path / "a b'c\"$(touch hit);touch hit"
    shows = "import os, sys; open('seen', 'w').write('|'.join([*sys.argv[1:], os.environ['MODEM_TTY']]))"
    done = vmodem_run(
        tmp_path, "--link", str(link), "--exec", script(tmp_path, shows) + " {tty} x{tty}", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "seen").read_text() == f"{link}|x{link}|{link}"
    assert not (tmp_path / "hit").exists()


def test_the_default_link_is_in_a_folder_of_ours_alone(tmp_path: Path) -> None:
    shows = "import os; print(os.environ['MODEM_TTY'])"
    done = vmodem_run(tmp_path, "--exec", script(tmp_path, shows))
    folder = Path(done.stdout.strip()).parent
    assert folder == tmp_path / "vmodem"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700

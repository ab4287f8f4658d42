"""The stable link: made, replaced, refused and removed as its owner's life demands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from vmodem.emulator.endpoints import EndpointError
from vmodem.emulator.endpoints.link import LinkInUse, StableLink, default_link

OWNER = """
import sys
from pathlib import Path
from vmodem.emulator.endpoints import EndpointError
from vmodem.emulator.endpoints.link import StableLink
sys.stdin.readline()
try:
    link = StableLink(Path(sys.argv[1]))
    link.publish(sys.argv[2])
except EndpointError as error:
    print("refused", error, flush=True)
    sys.exit()
print("owner", flush=True)
sys.stdin.readline()
link.remove()
"""


def owner(path: Path, target: str) -> subprocess.Popen[str]:
    """A process that takes the link on one line of input, and gives it back on the next."""
    return subprocess.Popen(
        [sys.executable, "-c", OWNER, str(path), target],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "modem"


def published(place: Path, target: str) -> StableLink:
    link = StableLink(place)
    link.publish(target)
    return link


def test_points_to_the_target_and_leaves_nothing_behind(place: Path) -> None:
    link = published(place, "/dev/null")
    assert os.readlink(place) == "/dev/null"
    link.remove()
    link.remove()
    assert list(place.parent.iterdir()) == []


def test_a_reservation_without_a_link_leaves_nothing_behind(place: Path) -> None:
    StableLink(place).remove()
    assert list(place.parent.iterdir()) == []


def test_a_relative_path_is_removed_from_another_directory(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place.parent)
    link = published(Path("modem"), "/dev/null")
    monkeypatch.chdir("/")
    link.remove()
    assert list(place.parent.iterdir()) == []


def test_replaces_a_dangling_link(place: Path) -> None:
    place.symlink_to("/dev/pts/gone")
    link = published(place, "/dev/null")
    assert os.readlink(place) == "/dev/null"
    link.remove()
    assert list(place.parent.iterdir()) == []


def test_refuses_a_live_link_of_somebody_else(place: Path) -> None:
    place.symlink_to("/dev/null")
    with pytest.raises(LinkInUse, match=r"points to /dev/null, which is in use; remove it"):
        StableLink(place)
    assert os.readlink(place) == "/dev/null"
    assert list(place.parent.iterdir()) == [place]


def test_refuses_a_file(place: Path) -> None:
    place.write_text("mine")
    with pytest.raises(LinkInUse, match="is not a symbolic link"):
        StableLink(place)
    assert place.read_text() == "mine"
    assert list(place.parent.iterdir()) == [place]


def test_refuses_what_came_into_being_after_the_reservation(place: Path) -> None:
    link = StableLink(place)
    place.write_text("mine")
    with pytest.raises(EndpointError, match="File exists"):
        link.publish("/dev/null")
    link.remove()
    assert place.read_text() == "mine"


def test_refuses_a_missing_directory(place: Path) -> None:
    with pytest.raises(EndpointError, match=r"there is no directory .*; create it") as caught:
        StableLink(place / "deeper" / "modem")
    assert "\n" not in str(caught.value)


def test_removes_only_its_own_link(place: Path) -> None:
    link = published(place, "/dev/null")
    place.unlink()
    place.symlink_to("/dev/zero")
    link.remove()
    assert os.readlink(place) == "/dev/zero"
    assert list(place.parent.iterdir()) == [place]


def test_refuses_the_link_of_a_living_owner_even_if_it_dangles(place: Path) -> None:
    link = published(place, "/dev/pts/gone")
    with pytest.raises(LinkInUse, match="belongs to a running modem"):
        StableLink(place)
    link.remove()
    StableLink(place).remove()


def test_a_killed_owners_link_is_replaced_though_its_target_lives(place: Path) -> None:
    process = owner(place, "/dev/null")
    tell(process)
    assert hear(process) == "owner"
    process.kill()
    process.communicate()
    assert os.readlink(place) == "/dev/null"
    link = published(place, "/dev/zero")
    assert os.readlink(place) == "/dev/zero"
    link.remove()
    assert list(place.parent.iterdir()) == []


def test_a_killed_owners_record_does_not_excuse_another_link(place: Path) -> None:
    process = owner(place, "/dev/null")
    tell(process)
    assert hear(process) == "owner"
    process.kill()
    process.communicate()
    place.unlink()
    place.symlink_to("/dev/zero")
    with pytest.raises(LinkInUse, match="/dev/zero"):
        StableLink(place)
    assert os.readlink(place) == "/dev/zero"


@pytest.mark.parametrize("before", ["free", "dangling", "dead"])
def test_of_processes_at_once_one_wins(place: Path, before: str) -> None:
    if before == "dangling":
        place.symlink_to("/dev/pts/gone")
    elif before == "dead":
        place.symlink_to("/dev/null")
        (place.parent / ".modem.lock").write_text("/dev/null")
    processes = {target: owner(place, target) for target in ("/dev/zero", "/dev/full", "/dev/random")}
    for process in processes.values():
        tell(process)
    said = {target: hear(process) for target, process in processes.items()}
    winners = [target for target, line in said.items() if line == "owner"]
    assert len(winners) == 1
    assert os.readlink(place) == winners[0]
    assert all(line.startswith("refused") for target, line in said.items() if target != winners[0])
    for process in processes.values():
        process.communicate("\n" if process.poll() is None else None)
    assert list(place.parent.iterdir()) == []


def test_taking_and_giving_back_in_competition_never_makes_two_owners(place: Path) -> None:
    """Unlinking a lock file is where such schemes break: each owner checks that the link stays its own."""
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from vmodem.emulator.endpoints.link import LinkInUse, StableLink\n"
        "place = Path(sys.argv[1]); won = 0\n"
        "while won < 300:\n"
        "    try: link = StableLink(place)\n"
        "    except LinkInUse: continue\n"
        "    link.publish(sys.argv[2])\n"
        "    assert os.readlink(place) == sys.argv[2]\n"
        "    link.remove(); won += 1\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(place), target])
        for target in ("/dev/zero", "/dev/full")
    ]
    assert [process.wait() for process in processes] == [0, 0]
    assert list(place.parent.iterdir()) == []


def test_default_links_take_the_first_free_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    first, second, third = (default_link("sim800") for _ in range(3))
    assert [link.path.name for link in (first, second, third)] == ["sim800", "sim800-2", "sim800-3"]
    assert first.path.parent == tmp_path / "vmodem"
    assert (tmp_path / "vmodem").stat().st_mode & 0o777 == 0o700
    second.remove()
    again = default_link("sim800")
    assert again.path.name == "sim800-2"
    for link in (first, again, third):
        link.remove()
    assert list((tmp_path / "vmodem").iterdir()) == []


def test_default_directory_must_be_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "vmodem").symlink_to(elsewhere)
    with pytest.raises(EndpointError, match="is not a directory of this user"):
        default_link("sim800")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
def test_default_directory_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "vmodem").mkdir()
    os.chown(tmp_path / "vmodem", 65534, 65534)
    with pytest.raises(EndpointError, match="is not a directory of this user"):
        default_link("sim800")


def test_default_directory_is_closed_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "vmodem").mkdir(mode=0o755)
    default_link("sim800").remove()
    assert (tmp_path / "vmodem").stat().st_mode & 0o777 == 0o700

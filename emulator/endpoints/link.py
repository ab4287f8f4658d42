"""A stable name for a pty: a symbolic link that a configuration can mention, whatever /dev/pts/N is today.

Who owns a link is told by a lock, not by the link: beside ``modem`` lies ``.modem.lock``, which the owner
keeps locked (flock) while it lives and which says where its link points. A dead owner's lock is free, so its
link is replaced even if some other program has got that /dev/pts number since. A link with no such record
is somebody else's: it is replaced only if it dangles.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from . import EndpointError

_MOST_DEFAULT_LINKS = 9999  # kernel.pty.max is 4096 unless raised


class LinkInUse(EndpointError):
    """The place is taken: by a living owner, somebody else's live link, or a file."""


class StableLink:
    """A reserved place for a link; :meth:`publish` makes the link, :meth:`remove` gives both back."""

    def __init__(self, path: Path) -> None:
        """Reserve ``path``. Raises :class:`LinkInUse` or another :class:`EndpointError`."""
        path = path.absolute()  # the working directory may change before remove()
        self.path = path
        self._target: str | None = None
        self._lock_path = path.parent / f".{path.name}.lock"
        if not path.parent.is_dir():
            raise EndpointError(f"{path}: there is no directory {path.parent}; create it (mkdir -p) first")
        self._lock = self._take_lock()
        try:
            self._clear()
        except EndpointError:
            self.remove()
            raise

    def publish(self, target: str) -> None:
        """Let the link point to ``target``, atomically. Raises :class:`EndpointError`."""
        try:
            # The record comes first: dying in between then leaves a record too many, not a link too many.
            os.ftruncate(self._lock, 0)
            os.pwrite(self._lock, os.fsencode(target), 0)
            os.symlink(target, self.path)  # never replaces what came into being since the reservation
        except OSError as error:
            raise EndpointError(
                f"cannot create {self.path}: {error.strerror}; choose another place"
            ) from error
        self._target = target

    def remove(self) -> None:
        """Remove the link if it is still ours, and the reservation. May be called twice."""
        if self._lock < 0:
            return
        if self._target is not None and self._points_to() == self._target:
            self.path.unlink(missing_ok=True)
        # Unlinked while locked: who has it open and gets the lock next sees that it is no longer the file.
        if self._is_current(self._lock):
            self._lock_path.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = -1

    def _take_lock(self) -> int:
        while True:
            try:
                lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            except OSError as error:
                raise EndpointError(
                    f"cannot create {self._lock_path}: {error.strerror}; choose another place"
                ) from error
            found = os.fstat(lock)
            # In a folder that others write to, one of them could have put it there: a name of a file of ours.
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid() or found.st_nlink > 1:
                os.close(lock)
                raise EndpointError(f"{self._lock_path} is not ours alone; remove it or choose another place")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(lock)
                if not isinstance(error, BlockingIOError):
                    raise EndpointError(
                        f"cannot lock {self._lock_path}: {error.strerror}; choose another place"
                    ) from error
                raise LinkInUse(
                    f"{self.path} belongs to a running modem; stop that one or choose another name"
                ) from None
            if self._is_current(lock):
                return lock
            os.close(lock)

    def _is_current(self, lock: int) -> bool:
        try:
            return os.path.samestat(os.fstat(lock), os.lstat(self._lock_path))
        except FileNotFoundError:
            return False

    def _clear(self) -> None:
        """Remove the link of a dead owner or one that dangles; raise if anything else is there."""
        if not os.path.lexists(self.path):
            return
        target = self._points_to()
        if target is None:
            raise LinkInUse(f"{self.path} exists and is not a symbolic link; move it or choose another name")
        if target != self._recorded() and self.path.exists():
            raise LinkInUse(
                f"{self.path} points to {target}, which is in use; remove it or choose another name"
            )
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise EndpointError(f"cannot replace {self.path}: {error.strerror}; remove it") from error

    def _points_to(self) -> str | None:
        try:
            return os.readlink(self.path)
        except OSError:
            return None

    def _recorded(self) -> str:
        return os.fsdecode(os.pread(self._lock, 4096, 0))


def default_link(name: str) -> StableLink:
    """The first of :func:`default_links`."""
    return next(default_links(name))


def default_links(name: str) -> Iterator[StableLink]:
    """Reserve, one after the other, those that are free of ``name``, ``name-2``, ``name-3`` ...

    The directory is the user's own: ``$XDG_RUNTIME_DIR/vmodem``, without that variable
    ``/tmp/vmodem-<uid>``. Raises :class:`EndpointError` when it cannot be had for ourselves alone.
    """
    directory = _own_directory()
    for number in range(1, _MOST_DEFAULT_LINKS + 1):
        try:
            link = StableLink(directory / (name if number == 1 else f"{name}-{number}"))
        except LinkInUse:
            continue
        yield link
    raise EndpointError(f"no free name {name}-N in {directory}; give one with --link")


def _own_directory() -> Path:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and os.path.isdir(runtime):
        directory = Path(runtime) / "vmodem"
    else:
        directory = Path(f"/tmp/vmodem-{os.getuid()}")
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
        # Whoever owns the directory decides where our link leads, and in /tmp anybody may have been first.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise EndpointError(f"{directory} is not a directory of this user; remove it or use --link")
        if stat.S_IMODE(found.st_mode) & 0o077:
            directory.chmod(0o700)
    except OSError as error:
        raise EndpointError(f"cannot use {directory}: {error.strerror}; use --link") from error
    return directory

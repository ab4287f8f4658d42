"""Tells a script that the port is usable, and where: a file that appears whole and goes with the modem."""

from __future__ import annotations

import os
from pathlib import Path

from .mistakes import SetupError


class ReadyFile:
    """A file with one line, the port's path: from :meth:`publish` to :meth:`remove`."""

    def __init__(self, path: Path) -> None:
        """Prepare it, and take away what a run that was killed has left. Raises :class:`SetupError`."""
        self._path = path.absolute()  # the working directory may change before remove()
        self._draft = self._path.parent / f".{self._path.name}.{os.getpid()}"
        self._ours: os.stat_result | None = None
        if os.path.lexists(path) and not path.is_file():
            raise SetupError(f"the ready file {path} exists and is not a file (choose another name)")
        try:
            self._draft.unlink(missing_ok=True)
            # Its name can be guessed: what somebody has put there is neither followed nor written to.
            os.close(os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
            path.unlink(missing_ok=True)
        except OSError as error:
            self.remove()
            raise SetupError(
                f"cannot write the ready file {path}: {error.strerror} (choose another place)"
            ) from error

    def publish(self, port: str) -> None:
        """Write it: from now on it exists. Raises :class:`SetupError`."""
        try:
            draft = os.open(self._draft, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                os.write(draft, os.fsencode(port) + b"\n")
                self._ours = os.fstat(draft)
            finally:
                os.close(draft)
            self._draft.replace(self._path)
        except OSError as error:
            raise SetupError(
                f"cannot write the ready file {self._path}: {error.strerror} (choose another place)"
            ) from error

    def remove(self) -> None:
        """Remove it, unless it is another's by now. May be called twice; a file that stays is no failure."""
        try:
            self._draft.unlink(missing_ok=True)
            if self._ours is not None and os.path.samestat(self._ours, self._path.lstat()):
                self._path.unlink()
        except OSError:
            pass

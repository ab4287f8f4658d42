"""Where the lines of a log go: a file that grows by whole lines, written no more often than is worth it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from .capture_file import RecordFile


class Lines(Protocol):
    """Takes lines: an ``io.BytesIO``, or :class:`LogFile`."""

    def write(self, line: bytes, /) -> object:
        """Take a whole line."""

    def writelines(self, parts: Iterable[bytes], /) -> object:
        """Take whole lines, which ``parts`` are, put together."""

    def flush(self) -> None:
        """Have them where they are to stay."""

    def close(self) -> None:
        """No more lines. May be repeated."""


class LogFile:
    """The lines in a file, until the disk takes no more; it ends in a whole line then.

    They wait until :meth:`flush`: a write to a file costs as much as a line.
    """

    def __init__(self, path: Path, complain: Callable[[str], None]) -> None:
        """Create ``path``, or make it empty; ``complain`` as of a :class:`RecordFile`. Raises ``OSError``."""
        self._file = RecordFile(path, "log", complain)
        self._waiting: list[bytes] = []
        self.write = self._waiting.append

    def writelines(self, parts: Iterable[bytes], /) -> None:
        """Take whole lines, to be written with the next :meth:`flush`."""
        self._waiting += parts

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            lines = b"".join(self._waiting)
            self._waiting.clear()
            self._file.write(lines)

    def close(self) -> None:
        """No more lines. May be repeated."""
        self.flush()
        self._file.close()

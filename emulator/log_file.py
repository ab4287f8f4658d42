"""Where the lines of a log go: a file that grows by whole lines, written no more often than is worth it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from .capture_file import EndOfTurn, RecordFile, Soon


class Lines(Protocol):
    """Takes lines: an ``io.BytesIO``, or :class:`LogFile`."""

    def writelines(self, parts: Iterable[bytes], /) -> object:
        """Take whole lines, which ``parts`` are, put together."""

    def close(self) -> None:
        """No more lines. May be repeated."""


class LogFile:
    """The lines in a file, until the disk takes no more; it ends in a whole line then.

    What the DTE or a peer can have seen is written before it goes out. All else (what comes in, and what
    goes on inside the module) may wait for that, or for the end of a turn of the event loop: a write to a
    file costs as much as a line.
    """

    def __init__(self, path: Path, complain: Callable[[str], None], soon: Soon | None = None) -> None:
        """Create ``path``, or make it empty; ``complain`` as of a :class:`RecordFile`. Raises ``OSError``.

        ``soon`` calls when a turn is over; without it no line waits.
        """
        self._file = RecordFile(path, "log", complain)
        self._later = None if soon is None else EndOfTurn(soon, self._flush)
        self._waiting: list[bytes] = []

    def writelines(self, parts: Iterable[bytes], /) -> None:
        """Take whole lines, and write them."""
        self._waiting += parts
        self._flush()

    def hold(self, parts: Iterable[bytes], /) -> None:
        """Take whole lines, which may wait."""
        self._waiting += parts
        if self._later is None:
            self._flush()
        else:
            self._later.ask()

    def _flush(self) -> None:
        lines = b"".join(self._waiting)
        self._waiting.clear()
        self._file.write(lines)

    def close(self) -> None:
        """No more lines. May be repeated."""
        self._flush()
        self._file.close()

"""The files of a capture and of a log: whole records as they happen, readable while they grow."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from .effects import Effect
from .events import Address, Event


class Recorder(Protocol):
    """Turns what one modem does into records of the file."""

    def host(self, now: float, data: bytes) -> None:
        """The DTE wrote ``data``."""

    def module(self, now: float, data: bytes) -> None:
        """The module wrote ``data``."""

    def event(self, now: float, event: Event) -> None:
        """Something happened outside."""

    def effect(self, now: float, effect: Effect) -> None:
        """The module asked for something."""

    def connecting(self, handle: int, local: Address) -> None:
        """The netstack connects the socket ``handle`` from this port."""


class RecordFile:
    """Takes whole records, without a buffer of its own, until the disk takes no more.

    A reader never meets half a record, except in the middle of a write: not after the process was killed,
    and not after the disk was full.
    """

    def __init__(self, path: Path, what: str, complain: Callable[[str], None]) -> None:
        """Create ``path``, or make it empty. ``complain`` is told once, when nothing more can be written, and
        by ``what`` which file that is. Raises ``OSError``.
        """
        self._what = what
        self._complain = complain
        self._file: int | None = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        self._size = 0

    def begin(self, records: bytes) -> None:
        """Write the first records; raises ``OSError``."""
        assert self._file is not None
        self._write(self._file, records)

    def write(self, records: bytes) -> None:
        """Write whole records; on an error the file ends behind the last whole ones.

        The modem goes on: the disk is the tester's trouble, and no module knows of it.
        """
        if self._file is None or not records:
            return
        try:
            self._write(self._file, records)
        except OSError as error:
            self._complain(f"the {self._what} ends here: {error.strerror}")
            self.close()

    def close(self) -> None:
        """Write no more. May be repeated."""
        file, self._file = self._file, None
        if file is not None:
            try:
                os.close(file)
            except OSError as error:  # a network file system tells late
                self._complain(f"the {self._what} is incomplete: {error.strerror}")

    def _write(self, file: int, records: bytes) -> None:
        written = os.write(file, records)
        try:
            while written < len(records):  # the next attempt tells why
                written += os.write(file, records[written:])
        except OSError:
            with suppress(OSError):  # of a device, perhaps
                os.ftruncate(file, self._size)
            raise
        self._size += written


class CaptureObserver:
    """Makes records of what one modem does, for a file that several may share; written by :meth:`flush`."""

    def __init__(self, recorder: Recorder, take: Callable[[], bytes], file: RecordFile) -> None:
        """``take`` hands over the records that wait to be written."""
        self.host = recorder.host
        self.module = recorder.module
        self.event = recorder.event
        self.effect = recorder.effect
        self.connecting = recorder.connecting
        self._take = take
        self._file = file

    def note(self, now: float, text: str) -> None:
        """Remarks are for the log."""

    def flush(self, *, behind: bool = False) -> None:
        """Write what waits."""
        self._file.write(self._take())

    def close(self) -> None:
        """Everything is written; the file is closed by who opened it."""
        self.flush()

"""The files of a capture and of a log: whole records as they happen, readable while they grow."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from .effects import Effect
from .events import Address, Event

Soon = Callable[[Callable[[], None]], object]
"""Calls back when everything that happens now has happened."""


class EndOfTurn:
    """Has something done once when a turn of the event loop is over, however often that is asked for."""

    __slots__ = ("_asked", "_do", "_soon")

    def __init__(self, soon: Soon, do: Callable[[], None]) -> None:
        self._soon = soon
        self._do = do
        self._asked = False

    def ask(self) -> None:
        """At the end of this turn."""
        if not self._asked:
            self._asked = True
            self._soon(self._came)

    def _came(self) -> None:
        self._asked = False
        self._do()


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
    """Writes what one modem does to a file that several may share.

    What the DTE or a peer can have seen is in the file: it is written before the module's bytes go out.
    What comes in waits for that, or for the end of a turn of the event loop: a write costs a segment.
    """

    def __init__(self, recorder: Recorder, take: Callable[[], bytes], file: RecordFile, soon: Soon) -> None:
        """``take`` hands over the records that wait to be written; they are when ``soon`` calls back."""
        self._recorder = recorder
        self._take = take
        self._file = file
        self._later = EndOfTurn(soon, self._write)

    def host(self, now: float, data: bytes) -> None:
        """Bytes that the DTE wrote."""
        self._recorder.host(now, data)
        self._later.ask()

    def module(self, now: float, data: bytes) -> None:
        """Bytes that the module wrote."""
        self._recorder.module(now, data)
        self._write()

    def event(self, now: float, event: Event) -> None:
        """Something that happened outside."""
        self._recorder.event(now, event)
        self._later.ask()

    def effect(self, now: float, effect: Effect) -> None:
        """Something that the module asked for."""
        self._recorder.effect(now, effect)
        self._write()

    def note(self, now: float, text: str) -> None:
        """Remarks are for the log."""

    def connecting(self, handle: int, local: Address) -> None:
        """The port of a connection that is not up yet."""
        self._recorder.connecting(handle, local)
        self._write()

    def close(self) -> None:
        """Everything is written; the file is closed by who opened it."""
        self._write()

    def _write(self) -> None:
        self._file.write(self._take())

"""The real module's side of a recorder: any port that pyserial can open, read and written without waiting.

pyserial's ports block, and not all have a descriptor, so each has two threads. Both are bounded: one piece
is on its way from the reader at a time, and the writer says when it holds too much.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import serial

from ..endpoints import EndpointError, HostLine
from ..endpoints.outflow import HIGH, LOW

LOOK = 0.1
"""Seconds after which a thread that waits looks whether it is still wanted."""
READ_SIZE = 4096


class Reader(Protocol):
    """Who hears of the module; all calls come from the event loop's thread."""

    def module_wrote(self, data: bytes) -> None:
        """The module wrote ``data``."""

    def module_gone(self, why: str) -> None:
        """The port does not work any more."""

    def module_blocked(self) -> None:
        """More is held for the module than the high-water mark."""

    def module_ready(self) -> None:
        """What is held fell to the low-water mark."""


class ModulePort:
    """A port with a module at it. DTR and RTS are ON from the beginning.

    Opening a serial device switches DTR ON (Linux does), which no program can prevent; to leave it so is
    to make no pulse, which would restart some modules.
    """

    def __init__(self, name: str, baud: int) -> None:
        """Open ``name`` (a device, or a URL of pyserial). Raises :class:`EndpointError`."""
        self.name = name
        try:
            self._port = serial.serial_for_url(name, baud, timeout=LOOK, exclusive=True)
        except (serial.SerialException, ValueError, OSError) as error:
            why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
            raise EndpointError(f"cannot use {name}: {why}; give another port or rate") from error
        self._line = HostLine(baud, False, False)
        self._go = threading.Event()
        self._go.set()
        self._taken = threading.Semaphore(1)
        self._orders: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._held = 0
        self._blocked = False
        self._open = True
        self._threads: list[threading.Thread] = []

    def start(self, reader: Reader) -> None:
        """Begin to carry, in the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._reader = reader
        for work in (self._read, self._write):
            thread = threading.Thread(target=work, name=f"{self.name}: {work.__name__}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def write(self, data: bytes) -> None:
        """Write to the module, when it takes it."""
        self._held += len(data)

        def order() -> None:
            self._port.write(data)
            self._tell(self._written, len(data))

        self._orders.put(order)
        if self._held > HIGH and not self._blocked:
            self._blocked = True
            self._reader.module_blocked()

    def set_line(self, line: HostLine) -> None:
        """Follow how the driver has set its end: rate and flow control, behind what it has written."""
        line = HostLine(line.baud or self._line.baud, bool(line.rtscts), bool(line.xonxoff))
        if line == self._line:
            return
        self._line = line
        settings = {"baudrate": line.baud, "rtscts": line.rtscts, "xonxoff": line.xonxoff}

        def order() -> None:
            self._port.flush()
            self._port.apply_settings(settings)

        self._orders.put(order)

    def set_dtr(self, on: bool) -> None:
        """Switch DTR, behind what has been written; a port without that line stays as it is."""

        def order() -> None:
            with suppress(OSError, serial.SerialException):
                self._port.dtr = on

        self._orders.put(order)

    def pause_reading(self) -> None:
        """Read no more; flow control then stops the module, where there is any."""
        self._go.clear()

    def resume_reading(self) -> None:
        """Read on."""
        self._go.set()

    def close(self) -> None:
        """Write what is held if the port takes it at once, and give it back. May be called twice."""
        if not self._open:
            return
        self._orders.put(None)
        if len(self._threads) == 2:
            self._threads[1].join(2 * LOOK)
        self._open = False
        self._go.set()
        self._taken.release()
        for cancel in ("cancel_read", "cancel_write"):
            with suppress(AttributeError, OSError, serial.SerialException):
                getattr(self._port, cancel)()
        for thread in self._threads:
            thread.join(10 * LOOK)
        with suppress(OSError, serial.SerialException):
            self._port.close()

    # ---- in the loop -----------------------------------------------------------------------------

    def _written(self, count: int) -> None:
        self._held -= count
        if self._blocked and self._held <= LOW:
            self._blocked = False
            self._reader.module_ready()

    def _arrived(self, data: bytes) -> None:
        self._taken.release()
        if self._open:
            self._reader.module_wrote(data)

    def _failed(self, why: str) -> None:
        if self._open:
            self._reader.module_gone(why)

    # ---- in the threads --------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            while self._open:
                self._go.wait()
                data = self._port.read(1)
                if not data:
                    continue
                more = min(self._port.in_waiting, READ_SIZE - 1)
                data += self._port.read(more) if more else b""
                self._taken.acquire()
                self._tell(self._arrived, data)
        except (OSError, serial.SerialException, TypeError, ValueError) as error:
            # TypeError, ValueError: pyserial's own, when its descriptor goes away under it.
            self._tell(self._failed, _cause(error))

    def _write(self) -> None:
        try:
            while (order := self._orders.get()) is not None:
                order()
        except (OSError, serial.SerialException, TypeError, ValueError) as error:
            self._tell(self._failed, _cause(error))

    def _tell(self, callback: Callable[..., None], argument: object) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(callback, argument)


def _cause(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__

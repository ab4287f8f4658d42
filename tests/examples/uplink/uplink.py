"""A driver for a SIM800: sends readings to a server over TCP, and connects again whenever the link is lost.

An example, but one that would do: everything it waits for has a limit, and every way to fail is an exception.
"""

from __future__ import annotations

import time
from types import TracebackType

import serial

LOST = ("CLOSED", "+PDP: DEACT", "CONNECT FAIL", "ERROR", "SEND FAIL", "+CME ERROR", "+CMS ERROR")
PROMPT = b"> "


class ModemError(Exception):
    """The module refused, lost the link, or said nothing."""


class Uplink:
    """One TCP connection through a SIM800 at a serial port."""

    def __init__(
        self, port: str, host: str, number: int, *, apn: str = "internet", patience: float = 10.0
    ) -> None:
        """``port``: a device, or what ``serial.serial_for_url`` opens; ``patience``: seconds per answer."""
        self._port = serial.serial_for_url(port, 115200, timeout=0.05)
        self._host, self._number, self._apn, self._patience = host, number, apn, patience
        self._unread = bytearray()
        self.connected = False

    def __enter__(self) -> Uplink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._port.close()

    def send(self, data: bytes, attempts: int = 5) -> None:
        """Send ``data``, connecting where needed. Raises :class:`ModemError` after the last attempt."""
        for attempt in range(attempts):
            try:
                if not self.connected:
                    self.connect()
                self._command(f"AT+CIPSEND={len(data)}", PROMPT)
                self._write(data)
                self._wait("SEND OK")
            except ModemError:
                self.connected = False
                if attempt + 1 == attempts:
                    raise
                time.sleep(0.1 * 2**attempt)
            else:
                return

    def connect(self) -> None:
        """From whatever state the module is in to an open connection. Raises :class:`ModemError`."""
        self._synchronise()
        self._command("AT+CIPSHUT", "SHUT OK")
        self._command(f'AT+CSTT="{self._apn}"', "OK")
        self._command("AT+CIICR", "OK")
        self._command("AT+CIFSR", ".")
        self._command(f'AT+CIPSTART="TCP","{self._host}",{self._number}', "CONNECT OK")
        self.connected = True

    # ---- the line --------------------------------------------------------------------------------

    def _synchronise(self) -> None:
        """Ask until the module answers, echo off; what was under way before is thrown away."""
        for _ in range(5):
            self._port.reset_input_buffer()
            self._unread.clear()
            try:
                return self._command("ATE0", "OK", 1.0)
            except ModemError:
                continue
        raise ModemError("the module does not answer")

    def _command(self, line: str, wanted: str | bytes, patience: float | None = None) -> None:
        self._write(line.encode("ascii") + b"\r")
        self._wait(wanted, patience)

    def _write(self, data: bytes) -> None:
        self._port.write(data)

    def _wait(self, wanted: str | bytes, patience: float | None = None) -> None:
        """Read lines until the one that is wanted; one that says that all is lost ends it."""
        end = time.monotonic() + (self._patience if patience is None else patience)
        while time.monotonic() < end:
            if isinstance(wanted, bytes) and wanted in self._unread:
                del self._unread[: self._unread.index(wanted) + len(wanted)]
                return
            line, newline, rest = self._unread.partition(b"\r\n")
            if not newline:
                self._unread += self._port.read(max(1, self._port.in_waiting))
                continue
            self._unread = rest
            text = line.decode("latin-1").strip()
            if text.startswith(LOST):
                raise ModemError(text)
            if isinstance(wanted, str) and (text == wanted or (wanted == "." and text.count(".") == 3)):
                return
        raise ModemError(f"nothing like {wanted!r} came in time")

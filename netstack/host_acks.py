"""Notices cheaply and quickly how many sent bytes the peer's TCP stack has acknowledged.

The true figure is what the kernel accepted minus SIOCOUTQ. Three ways lead to a look at it: right
after a send whose acknowledgement is awaited; a message on the socket's error queue, asked for with
such a send when nothing was outstanding before (SO_TIMESTAMPING, "transmit acknowledged": it wakes the
loop's reader), unless the peer has always acknowledged at once of late (on this host: one system call less);
and a timer while bytes are outstanding, which needs no help from kernel or reader.
Where nobody waits (data mode) only the timer looks: with the other two, a transparent upload made seven
system calls for each read of the tty instead of four.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import sys
import termios
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

# Linux <linux/net_tstamp.h>; Python's socket module names none of these before 3.14.
_SO_TIMESTAMPING = 37
_SOFTWARE, _TX_ACK, _OPT_TSONLY = 1 << 4, 1 << 9, 1 << 11
_ASK = [(socket.SOL_SOCKET, _SO_TIMESTAMPING, struct.pack("I", _TX_ACK))]
_MSG_ERRQUEUE = 0x2000

_SIOCOUTQ = termios.TIOCOUTQ
_INT = b"\0\0\0\0"

_FIRST_LOOK = 0.001
_BULK_LOOK = 0.004
_LAST_LOOK = 0.050
_PROMPT = 8
"""Sends in a row that were acknowledged when we looked at once: the peer needs no message (until it does)."""


class AckWatch:
    """Sends on a connected TCP socket and counts what is acknowledged.

    ``progress`` is called when :attr:`acked` has grown, ``stalled`` after each look of the timer that
    found nothing new. :attr:`reader_hears` is to be kept true while the loop's reader calls
    :meth:`heard`, because only then a message on the error queue wakes anybody.
    """

    __slots__ = (
        "_awaited",
        "_delay",
        "_fd",
        "_loop",
        "_progress",
        "_prompt",
        "_sock",
        "_stalled",
        "_stopped",
        "_supported",
        "_timer",
        "acked",
        "asked",
        "reader_hears",
        "sent",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        progress: Callable[[], None],
        stalled: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._sock = sock
        self._fd = sock.fileno()
        self._progress = progress
        self._stalled = stalled
        self._timer: asyncio.TimerHandle | None = None
        self._delay = _FIRST_LOOK
        self._awaited = False
        self._stopped = False
        self._prompt = 0
        self.sent = 0
        self.acked = 0
        self.asked = False
        self.reader_hears = False
        try:
            sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, _SOFTWARE | _OPT_TSONLY)
            self._supported = True
        except OSError:
            self._supported = False

    def send(self, buffers: list[bytes | memoryview], awaited: bool) -> int:
        """Give ``buffers`` to the kernel and return how many bytes it took (0: its buffer is full).

        Raises ``OSError`` if the connection is gone. :meth:`look_soon` is to be called next.
        """
        self._awaited = awaited
        try:
            if (
                awaited
                and self.sent == self.acked
                and self._prompt < _PROMPT
                and self.reader_hears
                and self._supported
            ):
                count = self._sock.sendmsg(buffers, _ASK)
                self.asked = True
            elif len(buffers) == 1:
                count = self._sock.send(buffers[0])
            else:
                count = self._sock.sendmsg(buffers)
        except BlockingIOError:
            return 0
        self.sent += count
        return count

    def look_soon(self) -> None:
        """See to it that the acknowledgement of what was just sent is noticed; may call ``progress``."""
        if self._awaited:
            sent = self.sent
            self.look()
            if self.acked >= sent:
                self._prompt += 1
            else:
                self._prompt = 0
        if self._timer is None and not self._stopped and self.sent > self.acked:
            self._timer = self._loop.call_later(self._delay, self._look_again)

    def look(self) -> bool:
        """Compare with the kernel's figure; call ``progress`` and return true if there is any."""
        if self._stopped:
            return False
        queued = int.from_bytes(fcntl.ioctl(self._fd, _SIOCOUTQ, _INT), sys.byteorder)
        acked = self.sent - queued
        if acked <= self.acked:
            return False
        self.acked = acked
        if self.asked and not queued:
            self._drain()
        self._progress()
        return True

    def heard(self) -> bool:
        """Take what the error queue holds: it keeps the loop awake until it is taken.

        Returns whether there was anything; then ``progress`` may have been called.
        """
        if not self._drain():
            return False
        self.look()
        return True

    def stop(self) -> None:
        """Look no more. As long as there is a reader, it has to go on calling :meth:`heard`."""
        self._stopped = True
        self.reader_hears = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _drain(self) -> bool:
        self.asked = False
        try:
            self._sock.recvmsg(0, 0, _MSG_ERRQUEUE)
        except BlockingIOError:
            return False
        return True

    def _look_again(self) -> None:
        self._timer = None
        if self.sent > self.acked:
            if self.look():
                self._delay = _BULK_LOOK
            else:
                self._delay = min(self._delay * 2, _LAST_LOOK)
                self._stalled()
        if self._stopped or self._timer is not None:
            return
        if self.sent > self.acked:
            self._timer = self._loop.call_later(self._delay, self._look_again)
        else:
            self._delay = _FIRST_LOOK

"""The terminal behind a pty: made raw before anybody sees it, and read back as the client has set it."""

from __future__ import annotations

import fcntl
import os
import struct
import termios

from . import EndpointError, HostLine

# asm-generic/ioctls.h: termios2 alone has speeds as numbers; termios has only the B constants.
_TCGETS2 = 0x802C542A
_TCSETS2 = 0x402C542B
_TERMIOS2 = struct.Struct("=4IB19s2I")
_KEPT_CFLAG = ~(termios.CSIZE | termios.PARENB | termios.CSTOPB | termios.CRTSCTS) & 0xFFFFFFFF
_CBAUD = 0o010017
_KERNEL_BAUD = 38400  # what the kernel gives a new terminal


def open_pty() -> tuple[int, int]:
    """A new pty, master and slave, raw before anybody can know of it: a cooked one echoes and loses bytes.

    Raises :class:`EndpointError`, which names the limit.
    """
    try:
        master, slave = os.openpty()
    except OSError as error:
        raise EndpointError(
            f"no pseudo terminal: {error.strerror}; raise /proc/sys/kernel/pty/max, the mount option max= of "
            "/dev/pts or the open file limit (ulimit -n), or start fewer modems"
        ) from error
    os.set_blocking(master, False)
    make_raw(slave)
    return master, slave


def make_raw(fd: int) -> None:
    """Raw, 8N1, no flow control; the speed stays, except a hang-up (B0), which would bar the next client."""
    termios2 = fcntl.ioctl(fd, _TCGETS2, bytes(_TERMIOS2.size))
    _iflag, _oflag, cflag, _lflag, line, chars, ispeed, ospeed = _TERMIOS2.unpack(termios2)
    cflag = cflag & _KEPT_CFLAG | termios.CS8 | termios.CREAD
    if ospeed == 0:
        cflag = cflag & ~_CBAUD | termios.B38400
        ispeed = ospeed = _KERNEL_BAUD
    control = bytearray(chars)
    control[termios.VMIN], control[termios.VTIME] = 1, 0
    fcntl.ioctl(fd, _TCSETS2, _TERMIOS2.pack(0, 0, cflag, 0, line, bytes(control), ispeed, ospeed))


def host_line(master: int) -> HostLine:
    """How the client has set the terminal: any speed (0 is its hang-up, B0), CRTSCTS, IXON."""
    settings = fcntl.ioctl(master, _TCGETS2, bytes(_TERMIOS2.size))
    iflag, _oflag, cflag, *_rest, speed = _TERMIOS2.unpack(settings)
    return HostLine(speed, bool(cflag & termios.CRTSCTS), bool(iflag & termios.IXON))

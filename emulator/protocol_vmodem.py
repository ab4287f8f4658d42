"""``serial.serial_for_url("vmodem://sim800?seed=1")``: a modem inside the process, as pyserial opens a port.

pyserial finds this module by its name in the packages of ``serial.protocol_handler_packages``; importing
``vmodem`` puts ours there. Rules for editors: import here only what cannot fail, since pyserial takes an
ImportError for "no such protocol"; the modem is imported when one is opened.
"""

from __future__ import annotations

import math
import re
import select
import socket
import threading
import time
from dataclasses import fields
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from serial.serialutil import (
    PortNotOpenError,
    SerialBase,
    SerialException,
    SerialTimeoutException,
    Timeout,
)

from .clock import LeapingClock
from .events import LineSignal
from .leaping import leap

if TYPE_CHECKING:
    from .background import HostedModem
    from .choices import Checked
    from .endpoints import HostLine
    from .endpoints.inprocess import InProcessPipe

_YES_NO = {"": True, "1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_NUMBER = re.compile("[0-9]{1,9}", re.ASCII)
GRACE, LATER = 0.02, 0.005
"""Real seconds that sockets and peers have for an answer before time leaps, and behind each moment."""
_BREAK = 0.25
"""What pyserial sends as a break when it is told no length, in seconds."""


class Serial(SerialBase):
    """A port at a modem of its own, which lives from :meth:`open` to :meth:`close`; or at one that runs
    (``vmodem://running/N``), which outlives it.

    The host's part of the URL is the dialect; the query has the options of ``vmodem run`` without the
    hyphens (``seed=1&boot=1&route=FROM=TO&local_ip=10.0.0.1``). A mistake in it raises
    :class:`serial.SerialException`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._modem: HostedModem | None = None
        self._own = False
        self._socket: socket.socket | None = None
        self._wake: tuple[socket.socket, socket.socket] | None = None
        self._wake_write: tuple[socket.socket, socket.socket] | None = None
        super().__init__(*args, **kwargs)  # last: it may open the port

    # ---- open and close --------------------------------------------------------------------------

    def open(self) -> None:
        """Start the modem, or find the one that runs; DTR and RTS go ON. Raises ``SerialException``."""
        if self.port is None:
            raise SerialException("Port must be configured before it can be used.")
        if self.is_open:
            raise SerialException("Port is already open.")
        from .background import in_process
        from .endpoints import EndpointError

        self._check_frame()
        self._modem, self._own = _modem_of(self.port)
        try:
            pipe = in_process(self._modem)
            self._socket = self._modem.call(lambda: pipe.connect(self._host_line()))
        except EndpointError as error:
            self._give_up()
            raise SerialException(f"Could not open port {self.port}: {error}") from error
        self._socket.setblocking(False)
        self._wake, self._wake_write = socket.socketpair(), socket.socketpair()
        self.is_open = True
        # DTR and RTS are ON by being opened; OFF if the user has said so before.
        if not self.dsrdtr:
            self._update_dtr_state()
        if not self.rtscts:
            self._update_rts_state()

    def close(self) -> None:
        """Close the port; a modem of its own ends with it. Raises what has failed inside the modem."""
        if not self.is_open:
            return
        self.is_open = False
        modem, pipe = self._modem, self._pipe
        try:
            if modem is not None and modem.background.find(modem.number) is modem:
                modem.call(pipe.disconnect)
        finally:
            assert self._socket is not None
            self._socket.close()
            self._socket = None
            for pair in (self._wake, self._wake_write):
                for end in pair or ():
                    end.close()
            self._wake = self._wake_write = None
            self._give_up()

    def _give_up(self) -> None:
        modem, self._modem = self._modem, None
        if modem is not None and self._own:
            modem.stop()

    def __del__(self) -> None:
        if getattr(self, "is_open", False):
            self.close()

    @property
    def _pipe(self) -> InProcessPipe:
        from .background import in_process

        if self._modem is None:
            raise PortNotOpenError
        return in_process(self._modem)

    # ---- settings --------------------------------------------------------------------------------

    def _host_line(self) -> HostLine:
        from .endpoints import HostLine

        return HostLine(self.baudrate, bool(self.rtscts), bool(self.xonxoff))

    def _check_frame(self) -> None:
        if self.bytesize != 8 or self.parity != "N":
            raise SerialException(
                f"the module's line has 8 data bits and no parity, not {self.bytesize}{self.parity}"
            )

    def _reconfigure_port(self, force_update: bool = False) -> None:
        """Tell the modem the rate and the flow control. Raises ``SerialException`` for other frames."""
        self._check_frame()
        if self.is_open and self._modem is not None:
            host, pipe = self._host_line(), self._pipe
            self._modem.call(lambda: pipe.set_host(host))

    # ---- bytes -----------------------------------------------------------------------------------

    def fileno(self) -> int:
        """The descriptor to wait at: readable when bytes have come."""
        return self._connected().fileno()

    @property
    def in_waiting(self) -> int:
        """Bytes that have come and were not read."""
        import fcntl
        import termios

        count = fcntl.ioctl(self._connected().fileno(), termios.FIONREAD, b"\0\0\0\0")
        return int.from_bytes(count, "little")

    @property
    def out_waiting(self) -> int:
        """Bytes that the modem has not taken."""
        import fcntl
        import termios

        count = fcntl.ioctl(self._connected().fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        return int.from_bytes(count, "little")

    def read(self, size: int = 1) -> bytes:
        """Up to ``size`` bytes: as many as come within :attr:`timeout` seconds (None: all of them).

        Ends sooner with a pause of :attr:`inter_byte_timeout` seconds behind a byte.
        """
        connection, wake = self._connected(), self._wake
        assert wake is not None
        data = bytearray()
        timeout = Timeout(self.timeout)  # type: ignore[arg-type]  # None is allowed
        leapt = 0.0
        while len(data) < size:
            try:
                piece = connection.recv(size - len(data))
            except BlockingIOError:
                left = timeout.time_left()
                if data and self.inter_byte_timeout is not None:
                    gap = self.inter_byte_timeout
                    left = gap if left is None else min(left, gap)
                if self._time_stands():
                    leapt += self._leap(math.inf if left is None else left - leapt)
                    if not _wait(connection, select.POLLIN, wake[0], left if left is None else 0):
                        break
                elif not _wait(connection, select.POLLIN, wake[0], left):
                    break
                continue
            except OSError as error:
                raise SerialException(f"the port fails: {error}") from error
            if not piece:
                raise SerialException("the modem has ended")
            data += piece
            if timeout.expired():
                break
        return bytes(data)

    def _time_stands(self) -> bool:
        """Whether the modem's time stands still unless this thread waits."""
        modem = self._modem
        assert modem is not None
        clock = modem.clock
        return isinstance(clock, LeapingClock) and not clock.running and modem.owner == threading.get_ident()

    def _leap(self, seconds: float) -> float:
        """Let the modem's time pass until bytes come, at most ``seconds``; how long that was."""
        modem, connection = self._modem, self._connected()
        assert modem is not None
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        if seconds <= 0 or poll.poll(GRACE * 1000):
            return 0.0
        return leap(modem, seconds, lambda: bool(poll.poll(LATER * 1000)))

    def write(self, b: Any, /) -> int:
        """Write all of ``b``; waits while the modem takes nothing, at most :attr:`write_timeout` seconds."""
        connection, wake = self._connected(), self._wake_write
        assert wake is not None
        data = memoryview(b).cast("B")
        timeout = Timeout(self.write_timeout)  # type: ignore[arg-type]  # None is allowed
        sent = 0
        while sent < len(data):
            try:
                sent += connection.send(data[sent:])
            except BlockingIOError:
                if timeout.is_non_blocking:
                    return sent
                if not _wait(connection, select.POLLOUT, wake[0], timeout.time_left()):
                    if timeout.expired():
                        raise SerialTimeoutException("Write timeout") from None
                    break  # cancelled
            except OSError as error:
                raise SerialException(f"the port fails: {error}") from error
        return sent

    def flush(self) -> None:
        """Wait until the modem has taken what was written."""
        while self.is_open and self.out_waiting:
            time.sleep(0.001)

    def cancel_read(self) -> None:
        """Let a read in another thread return what it has."""
        if self.is_open and self._wake is not None:
            self._wake[1].send(b"x")

    def cancel_write(self) -> None:
        """Let a write in another thread return."""
        if self.is_open and self._wake_write is not None:
            self._wake_write[1].send(b"x")

    def reset_input_buffer(self) -> None:
        """Throw away what has come."""
        connection, modem, pipe = self._connected(), self._modem, self._pipe
        assert modem is not None
        modem.call(pipe.purge_input)
        try:
            while connection.recv(65536):
                pass
        except BlockingIOError:
            pass

    def reset_output_buffer(self) -> None:
        """Take back what was written and has not been carried."""
        self._connected()
        modem, pipe = self._modem, self._pipe
        assert modem is not None
        modem.call(pipe.purge_output)

    def _connected(self) -> socket.socket:
        if not self.is_open or self._socket is None:
            raise PortNotOpenError
        return self._socket

    # ---- lines -----------------------------------------------------------------------------------

    def _switch(self, signal: LineSignal, on: bool) -> None:
        modem, pipe = self._modem, self._pipe
        assert modem is not None
        modem.call(lambda: pipe.switch(signal, on))

    def _update_dtr_state(self) -> None:
        self._switch(LineSignal.DTR, bool(self.dtr))

    def _update_rts_state(self) -> None:
        self._switch(LineSignal.RTS, bool(self.rts))

    def _update_break_state(self) -> None:
        modem, pipe = self._modem, self._pipe
        if self.break_condition and modem is not None:
            modem.call(pipe.send_break)

    def send_break(self, duration: float = _BREAK) -> None:
        """Send a break of ``duration`` seconds."""
        self._connected()
        super().send_break(duration)

    def _signal(self, signal: LineSignal) -> bool:
        self._connected()
        return self._pipe.signals[signal]

    @property
    def cts(self) -> bool:
        """Whether the modem is ready for bytes."""
        return self._signal(LineSignal.CTS)

    @property
    def dsr(self) -> bool:
        """Whether the modem is switched on."""
        return self._signal(LineSignal.DSR)

    @property
    def ri(self) -> bool:
        """RI."""
        return self._signal(LineSignal.RI)

    @property
    def cd(self) -> bool:
        """DCD, as AT&C says."""
        return self._signal(LineSignal.DCD)


def _wait(connection: socket.socket, event: int, wake: socket.socket, seconds: float | None) -> bool:
    """Wait for the connection; False when time is over or somebody cancels."""
    poll = select.poll()
    poll.register(connection, event)
    poll.register(wake, select.POLLIN)
    ready = poll.poll(None if seconds is None else max(0.0, seconds) * 1000)
    if any(fd == wake.fileno() for fd, _ in ready):
        wake.recv(4096)
        return False
    return bool(ready)


# ---- the URL -------------------------------------------------------------------------------------


def _modem_of(url: str) -> tuple[HostedModem, bool]:
    """The modem that ``url`` means, and whether it was started for it. Raises ``SerialException``."""
    from .background import RUNNING, SHARED
    from .endpoints import EndpointError
    from .mistakes import CommandLineError

    try:
        parts = urlsplit(url)
    except ValueError as error:  # brackets that are no IPv6 address
        raise SerialException(f"Could not open port {url!r}: {error}") from error
    dialect = unquote(parts.netloc)
    if dialect.lower() == RUNNING:
        number = parts.path.removeprefix("/")
        modem = SHARED.find(int(number)) if _NUMBER.fullmatch(number) else None
        if modem is None or parts.query:
            raise SerialException(f"Could not open port {url}: no such modem is running in this process")
        return modem, False
    try:
        if parts.path not in ("", "/") or parts.fragment:
            raise SerialException("behind the module's name come options only (vmodem://sim800?seed=1)")
        return SHARED.start(_checked(dialect, parts.query)), True
    except (SerialException, CommandLineError, EndpointError) as error:
        raise SerialException(f"Could not open port {url}: {error}") from error


def _checked(dialect: str, query: str) -> Checked:
    from .choices import Choices, check
    from .mistakes import UsageError

    many = {field.name for field in fields(Choices) if isinstance(field.default, tuple)}
    known = {field.name for field in fields(Choices)} - {"dialect"}
    values: dict[str, Any] = {"dialect": dialect} if dialect else {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        if name not in known:
            raise UsageError(f"there is no option {name!r} (there are {', '.join(sorted(known))})")
        if name in many:
            values[name] = (*values.get(name, ()), text)
        elif name in values:
            raise UsageError(f"{name} is given twice (give it once)")
        else:
            values[name] = _value(name, text)
    return check(Choices(**values), spell=lambda field: field)


def _value(name: str, text: str) -> Any:
    from .mistakes import UsageError

    if name == "seed":
        try:
            return int(text)
        except ValueError:
            raise UsageError(f"seed {text!r} is no number (write one, such as 1)") from None
    if name == "boot":
        if text.lower() not in _YES_NO:
            raise UsageError(f"boot {text!r} is neither yes nor no (write 1 or 0)")
        return _YES_NO[text.lower()]
    return text

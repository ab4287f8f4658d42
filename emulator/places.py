"""Where modems have their ports: a pty, a TCP port, an RFC 2217 server, a real serial port."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .choices import bit_rate
from .endpoints import EndpointError, Pipe
from .endpoints.link import StableLink, default_links
from .endpoints.pty import PtyPipe
from .endpoints.tcp import Binding
from .mistakes import UsageError

LOOPBACK = "127.0.0.1"
DEFAULT_BAUD = 115200
"""Of a real port."""


@dataclass(frozen=True, slots=True)
class Place:
    """One modem's port, not opened yet; ``make`` raises :class:`EndpointError`."""

    kind: str
    make: Callable[[], Pipe]


def port_name(pipe: Pipe) -> str:
    """What a client opens."""
    if isinstance(pipe, PtyPipe) and pipe.link is not None:
        return str(pipe.link)
    return pipe.path


def pty_place(link: Path | StableLink) -> Place:
    """A pseudo terminal with a stable name."""
    return Place("pty", lambda: PtyPipe(link))


def pty_places(name: str, count: int, link_dir: Path | None) -> list[Place]:
    """Ptys as ``name-0`` and so on in ``link_dir``, or under the default names."""
    if link_dir is not None:
        return [pty_place(link_dir / f"{name}-{number}") for number in range(count)]
    links = default_links(name)
    return [Place("pty", lambda: PtyPipe(next(links))) for _ in range(count)]


def tcp_places(option: str, text: str, count: int) -> list[Place]:
    """``count`` raw TCP ports from ``[HOST:]PORT`` upwards. Raises :class:`UsageError`."""

    def make(binding: Binding) -> Pipe:
        from .endpoints.tcp import TcpPipe

        return TcpPipe(binding)

    return _bound("tcp", make, option, text, count)


def rfc2217_places(option: str, text: str, count: int) -> list[Place]:
    """``count`` RFC 2217 servers from ``[HOST:]PORT`` upwards. Raises :class:`UsageError`."""

    def make(binding: Binding) -> Pipe:
        from .endpoints.rfc2217 import Rfc2217Pipe

        return Rfc2217Pipe(binding)

    return _bound("rfc2217", make, option, text, count)


def serial_place(option: str, text: str) -> Place:
    """A real port, ``DEVICE[:RATE]``. Raises :class:`UsageError`."""
    device, colon, rate_text = text.partition(":")
    rate = bit_rate(rate_text) if colon else DEFAULT_BAUD
    if not device or rate is None:
        raise UsageError(
            f"{option} {text!r} is no port (write DEVICE or DEVICE:RATE, as /dev/ttyUSB0:115200)"
        )

    def make() -> Pipe:
        try:
            from .endpoints.serialport import SerialPipe
        except ImportError as error:
            raise EndpointError(f"cannot use {device}: {error}; pip install pyserial") from error
        return SerialPipe(device, rate)

    return Place("serial", make)


def open_places(places: Sequence[Place], cleanup: ExitStack) -> list[Pipe]:
    """Take all ports; ``cleanup`` gives them back. Raises :class:`EndpointError`."""
    pipes: list[Pipe] = []
    try:
        for place in places:
            pipe = place.make()
            cleanup.callback(pipe.close)
            pipes.append(pipe)
    except EndpointError as error:
        if len(places) == 1:
            raise
        raise EndpointError(f"modem {len(pipes) + 1} of {len(places)}: {error}") from error
    return pipes


def _bound(kind: str, make: Callable[[Binding], Pipe], option: str, text: str, count: int) -> list[Place]:
    binding = _binding(option, text, count)
    return [_of(kind, make, binding.later(number)) for number in range(count)]


def _of(kind: str, make: Callable[[Binding], Pipe], binding: Binding) -> Place:
    return Place(kind, lambda: make(binding))


def _binding(option: str, text: str, count: int) -> Binding:
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        colon, port = "", "?"  # an IPv6 address without brackets: which colon is the port's?
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and (host or not colon)):
        raise UsageError(
            f"{option} {text!r} is no port (write PORT, HOST:PORT or [IPV6]:PORT; 0: a free one)"
        )
    binding = Binding(host or LOOPBACK, int(port))
    if int(port) + (count - 1 if int(port) else 0) > 65535:
        raise UsageError(f"{option} {text!r} leaves no ports for {count} modems (the last one is 65535)")
    return binding

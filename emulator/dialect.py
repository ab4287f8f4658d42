"""What a vendor fills in: one constant that names a module's commands, words, timings and limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from .command import Command
from .events import AccessTechnology
from .machine import Machine
from .reply import Cme, ErrorCode
from .timing import STANDARD_TIMINGS, Duration

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


class CommandSet:
    """Commands by name. ``a | b``: b's declarations win; ``.without(...)``: fewer."""

    def __init__(self, commands: Iterable[Command] = ()) -> None:
        """Raises ``ValueError`` if a name occurs twice."""
        self._by_name: dict[str, Command] = {}
        for item in commands:
            if item.name in self._by_name:
                raise ValueError(f"the command {item.name} is declared twice")
            self._by_name[item.name] = item

    def __or__(self, other: CommandSet) -> CommandSet:
        merged = CommandSet()
        merged._by_name = {**self._by_name, **other._by_name}
        return merged

    def without(self, *names: str) -> CommandSet:
        """The set without these commands; ``KeyError`` for a name that is not in it."""
        missing = [name for name in names if name not in self._by_name]
        if missing:
            raise KeyError(f"there is no {', '.join(missing)} to leave out")
        fewer = CommandSet()
        fewer._by_name = {name: item for name, item in self._by_name.items() if name not in names}
        return fewer

    def get(self, name: str) -> Command | None:
        """The command of this name (upper case), or None."""
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[Command]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the module says it is."""

    manufacturer: str
    model: str
    revision: str
    product: tuple[str, ...]
    """The lines of ATI."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes of the module."""

    line: int = 556
    """Characters of a command line behind the prefix."""
    links: int = 6
    """Links of one bank."""
    banks: int = 1
    """1: all contexts share the links and the listener; otherwise each context has its own."""
    listeners: int = 0
    """0: each bank has one listener; otherwise so many, of which the dialect chooses."""
    contexts: int = 2
    first_context: int = 0
    """The number of the first context, as commands count them."""
    payload: int = 1460
    """Bytes of one send."""
    receive_buffer: int = 16384
    """Unread bytes of a link before its TCP window closes (assumed)."""
    send_buffer: int = 16384
    """Unacknowledged bytes of a link before a send fails (assumed)."""
    segment: int = 1460
    """Bytes of one block of pushed data."""


@dataclass(frozen=True, slots=True)
class Escape:
    """Timing of ``+++`` in seconds.

    ``guard``: idle before and after; ``gap``: the most between two pluses; ``whole``: the most from the
    first to the third (``None``: the gap alone counts).
    """

    guard: float = 1.0
    gap: float = 1.0
    whole: float | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """What a user chooses about one module. Addresses are per PDP context, in order."""

    local_ips: tuple[str, ...] = ()
    port_name: str = "uart1"
    """What the module calls the port that its host uses (AT+QISTATE)."""
    imei: str = "869988012345670"
    imsi: str = "262011234567890"
    iccid: str = "89490200001234567892"
    number: str = "+491701234567"
    pin: str = ""
    puk: str = "12345678"
    card: bool = True
    """Whether there is a SIM card in it at the beginning."""
    operator: str = "Virtual"
    plmn: str = "26201"
    lac: int = 0x1A2B
    ci: int = 0x3C4D
    technologies: tuple[AccessTechnology, ...] = tuple(AccessTechnology)
    """What the network has where the module is (LPWA modules choose among them)."""
    registered: int = 1
    """<stat> of 27.007 7.2: what the network grants at the beginning."""
    rssi: int = 20
    ber: int = 0
    flow: tuple[int, int] = (0, 0)
    """``AT+IFC`` at the beginning."""
    powered: bool = True
    """Whether the module is on from the beginning; off, it waits for ``PowerChanged``."""
    boot: bool = False
    """Whether a module that is on from the beginning boots then, with its lines, or is ready already."""
    wall: float = 0.0
    """Seconds since the Unix epoch (UTC) at engine time 0."""
    zone: int = 0
    """Quarters of an hour by which the module's clock is ahead of UTC at first power-on."""
    rate: int = 0
    """AT+IPR until the host says otherwise, and stores it; 0 is autobaud."""
    send_buffer: int | None = None
    timing_factor: float = 0.0
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One module: the constant at the foot of its file. What it does not say is as in most modules."""

    name: str
    """As users type it, and as the entry point announces it: lower case, without spaces."""
    title: str
    identity: Identity
    commands: CommandSet
    module: Callable[[Dialect, Options], Any]
    """Makes the module's mutable state: a :class:`~.module.Module` or the family's subclass."""
    documents: tuple[str, ...] = ()
    timings: Mapping[str, Duration] = field(default_factory=dict)
    """The module's own durations, and those that differ from :data:`~.timing.STANDARD_TIMINGS`; all
    of them are here afterwards."""
    limits: Limits = Limits()
    escape: Escape = Escape()
    unknown_command: ErrorCode | None = None
    """The +CME ERROR of an unknown command, or None for a plain ERROR always."""
    other_mode: ErrorCode | None = Cme.NOT_ALLOWED
    """The +CME ERROR of a form that belongs to the other connection mode."""
    machines: tuple[Machine[Any], ...] = ()
    """The family's own state machines, beside those that every module has (``states.py``)."""

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for a name that nobody could type, or that could be no file's."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"a dialect cannot be called {self.name!r}; use lower-case letters, digits, - and _"
            )
        object.__setattr__(self, "timings", MappingProxyType({**STANDARD_TIMINGS, **self.timings}))

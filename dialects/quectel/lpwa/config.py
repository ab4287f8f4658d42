"""BG96: what the TCP/IP commands are told beforehand, and asked afterwards.

AT+QICFG, QISDE, QIGETERROR. Source: BG96 TCP/IP AT Commands Manual V1.0 (S) 2.1.15 to 2.1.17.
"""

from __future__ import annotations

from typing import NamedTuple

from ....emulator.command import Choice, Int, Quotes, Word, command, execute, read, test, write
from ....emulator.dialect import CommandSet
from ....emulator.reply import OK, Reply, info
from .errors import TcpIpError, refuse, tcpip
from .module import Bg96Module

E = TcpIpError


class Knob(NamedTuple):
    """One number of a QICFG parameter: where it is kept, and its range."""

    attribute: str
    low: int
    high: int
    shown: str


KNOBS: dict[str, tuple[Knob, ...]] = {
    "transpktsize": (Knob("packet", 1, 1460, "(1-1460)"),),
    "transwaittm": (Knob("wait", 0, 20, "(0-20)"),),
    "dataformat": (Knob("send_hex", 0, 1, "(0,1)"), Knob("receive_hex", 0, 1, "(0,1)")),
    "viewmode": (Knob("view", 0, 1, "(0,1)"),),
    "tcp/retranscfg": (Knob("backoffs", 3, 20, "(3-20)"), Knob("longest_rto", 5, 1000, "(5-1000)")),
}


def qicfg_write(module: Bg96Module, name: str, first: int | None, second: int | None) -> Reply:
    """A name alone asks; a value for each number sets (REC: both of two)."""
    knobs, config = KNOBS[name], module.config
    given = (first, second)
    if first is None and second is None:
        values = ",".join(str(getattr(config, knob.attribute)) for knob in knobs)
        return info(f'+QICFG: "{name}",{values}')
    if len(knobs) == 1 and second is not None:
        raise refuse(E.INVALID_PARAMETERS)
    chosen = given[: len(knobs)]
    for knob, value in zip(knobs, chosen, strict=True):
        if value is None or not knob.low <= value <= knob.high:
            raise refuse(E.INVALID_PARAMETERS)
    for knob, value in zip(knobs, chosen, strict=True):
        setattr(config, knob.attribute, value)
    return OK


QICFG = tcpip(
    "+QICFG",
    test(*(f'+QICFG: "{name}",{",".join(knob.shown for knob in knobs)}' for name, knobs in KNOBS.items())),
    write(
        Word("name", tuple(KNOBS), quotes=Quotes.REQUIRED),
        Int("first", default=None),
        Int("second", default=None),
        run=qicfg_write,
    ),
    cite="S 2.1.15",
)


def qisde_read(module: Bg96Module) -> Reply:
    """1 until it is written."""
    return info(f"+QISDE: {module.tcpip.echo_payload}")


def qisde_write(module: Bg96Module, echo: int) -> Reply:
    """Whether the payload of QISEND is echoed, if the echo is on at all."""
    module.tcpip.echo_payload = echo
    return OK


QISDE = tcpip(
    "+QISDE",
    test("+QISDE: (0,1)"),
    read(qisde_read),
    write(Choice("echo", (0, 1)), run=qisde_write),
    cite="S 2.1.16",
)


def qigeterror(module: Bg96Module) -> Reply:
    """The last command of the manual, not counting this one (REC); the space is the manual's (S 3.9)."""
    error = module.last_error
    return info(f"+QIGETERROR: {error.number}, {error.text}")


QIGETERROR = command("+QIGETERROR", test(), execute(qigeterror), cite="S 2.1.17, 3.9, 4")

CONFIG = CommandSet([QICFG, QISDE, QIGETERROR])

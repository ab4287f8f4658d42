"""BG96: where the module looks for a network, and what it finds: AT+QCFG, access technologies, bands.

Sources: the list of AT+QCFG=? and the answers that RAK's documentation of its BG96 board prints (RAK);
ranges and meanings MAN; the masks with which a BG96 leaves the factory: modemmanager-devel 2020-07.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ....emulator.command import BadParameter, Field, Parameter, Quotes, Text, command, test, write
from ....emulator.dialect import CommandSet
from ....emulator.events import AccessTechnology
from ....emulator.reply import OK, Cme, Refusal, Reply, info

if TYPE_CHECKING:
    from .module import Bg96Module

T = AccessTechnology


class Cell(NamedTuple):
    """The network's cell of one access technology, in the words of +QNWINFO and +QCSQ."""

    service: str
    system: str
    band: str
    channel: int
    mask: str
    """The mask of :class:`Scan` that must have ``bit``."""
    bit: int


CELLS = {
    T.CAT_M1: Cell("CAT-M1", "CAT-M1", "LTE BAND 20", 6300, "cat_m1", 1 << 19),
    T.CAT_NB1: Cell("CAT-NB1", "CAT-NB1", "LTE BAND 8", 3547, "cat_nb1", 1 << 7),
    T.GSM: Cell("EDGE", "GSM", "GSM 1800", 698, "gsm", 1 << 1),
}
"""NB1 and EDGE as published logs of a BG96 print them; Cat M1 on a band that one of them would not leave."""

BY_DIGITS = {"01": T.GSM, "02": T.CAT_M1, "03": T.CAT_NB1}
"""``nwscanseq`` (MAN)."""
AUTOMATIC = (T.CAT_M1, T.CAT_NB1, T.GSM)
GSM_ONLY, LTE_ONLY = 1, 3
IOT_MODES = {0: (T.CAT_M1,), 1: (T.CAT_NB1,), 2: (T.CAT_M1, T.CAT_NB1)}
"""``iotopmode``; 2: what FreeRTOS-Cellular-Interface and TinyGSM call both."""
HOME_ONLY = 1
"""``roamservice``: no roaming."""
PACKETS_ONLY = 1
"""``servicedomain``: no circuits."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What AT+QCFG keeps. The defaults are MAN, except where another source is named."""

    mode: int = 0
    sequence: str = "020301"
    """A relative's factory setting (TinyGSM's notes on it)."""
    iot: int = 2
    """Assumed: without it NB1 would never be found by itself."""
    domain: int = 2
    roaming: int = 255
    gsm: int = 0xF
    cat_m1: int = 0x400A0E189F
    cat_nb1: int = 0xA0E189F

    def order(self) -> tuple[AccessTechnology, ...]:
        """Every technology that may be used, in the order in which the module looks for it."""
        pairs = [self.sequence[at : at + 2] for at in range(0, len(self.sequence), 2)]
        wanted = [BY_DIGITS[pair] for pair in pairs if pair in BY_DIGITS]
        wanted += [technology for technology in AUTOMATIC if technology not in wanted]
        return tuple(technology for technology in wanted if self._allows(technology))

    def _allows(self, technology: AccessTechnology) -> bool:
        if technology is T.GSM:
            allowed = self.mode != LTE_ONLY
        else:
            allowed = self.mode != GSM_ONLY and technology in IOT_MODES[self.iot]
        cell = CELLS[technology]
        mask: int = getattr(self, cell.mask)
        return allowed and bool(mask & cell.bit)


# ---- AT+QCFG -------------------------------------------------------------------------------------


class Bare(Parameter):
    """A word without quotes: what it may be depends on the name before it."""

    def convert(self, typed: Field) -> object:
        if typed.quoted:
            raise BadParameter
        return typed.text


def choice(*values: int) -> Callable[[str], int]:
    """One of a few numbers."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and int(text) in values):
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        return int(text)

    return parse


def mask(highest: int) -> Callable[[str], int]:
    """Hexadecimal digits, with 0x or without."""

    def parse(text: str) -> int:
        digits = text.lower().removeprefix("0x")
        if not digits or len(digits) > 16 or not set(digits) <= set("0123456789abcdef"):
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        if int(digits, 16) > highest:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        return int(digits, 16)

    return parse


def sequence(text: str) -> str:
    """Pairs of digits, none twice; 00 alone is automatic."""
    pairs = [text[at : at + 2] for at in range(0, len(text), 2)]
    known = pairs == ["00"] or all(pair in BY_DIGITS for pair in pairs)
    if not pairs or not known or len(set(pairs)) < len(pairs):
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    return text


class Item(NamedTuple):
    """One value of a name: its place in :class:`Scan`, how it is read, how it is printed."""

    attribute: str
    parse: Callable[[str], int | str]
    shown: str = "{}"


class Knob(NamedTuple):
    """A name of AT+QCFG: its values, and what =? prints of them."""

    items: tuple[Item, ...]
    listed: str


LTE_MASK = mask(0x7FFFFFFFFFFFFFFF)
HEX = "0x{:x}"
KNOBS: dict[str, Knob] = {
    "nwscanmode": Knob((Item("mode", choice(0, 1, 3)),), "(0,1,3),(0,1)"),
    "nwscanseq": Knob((Item("sequence", sequence),), "(00-010203),(0,1)"),
    "servicedomain": Knob((Item("domain", choice(1, 2)),), "(1,2),(0,1)"),
    "roamservice": Knob((Item("roaming", choice(1, 2, 255)),), "(1,2,255),(0,1)"),
    "band": Knob(
        (Item("gsm", mask(0xF), HEX), Item("cat_m1", LTE_MASK, HEX), Item("cat_nb1", LTE_MASK, HEX)),
        "(0-F),(0-7FFFFFFFFFFFFFFF),(0-7FFFFFFFFFFFFFFF),(0,1)",
    ),
    "iotopmode": Knob((Item("iot", choice(0, 1, 2)),), "(0-2)"),
}
"""The names that drivers send and that decide something here; every other one is refused."""

AT_RESTART, AT_ONCE = 0, 1
EFFECT = choice(AT_RESTART, AT_ONCE)


def qcfg_write(
    module: Bg96Module,
    name: str,
    first: str | None,
    second: str | None,
    third: str | None,
    fourth: str | None,
) -> Reply:
    """A name alone asks; with its values it sets, at once unless the last number says at the restart."""
    knob = KNOBS.get(name.lower())
    if knob is None:
        raise Refusal
    items = knob.items
    fields = (first, second, third, fourth)
    given = [text for text in fields if text is not None]
    if not given:
        values = ",".join(item.shown.format(getattr(module.stored_scan, item.attribute)) for item in items)
        return info(f'+QCFG: "{name.lower()}",{values}')
    if len(given) not in (len(items), len(items) + 1) or None in fields[: len(given)]:
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    changes: dict[str, Any] = {
        item.attribute: item.parse(text) for item, text in zip(items, given, strict=False)
    }
    effect = EFFECT(given[len(items)]) if len(given) > len(items) else AT_ONCE
    if name.lower() == "band":
        changes = {attribute: bits for attribute, bits in changes.items() if bits}  # 0: as it was (MAN)
    module.stored_scan = replace(module.stored_scan, **changes)
    if effect == AT_ONCE:
        module.scan = replace(module.scan, **changes)
        module.look_again()
    return OK


QCFG = command(
    "+QCFG",
    test(*(f'+QCFG: "{name}",{knob.listed}' for name, knob in KNOBS.items())),
    write(
        Text("name", 20, quotes=Quotes.REQUIRED),
        Bare("first", default=None),
        Bare("second", default=None),
        Bare("third", default=None),
        Bare("fourth", default=None),
        run=qcfg_write,
    ),
    cite="RAK; drivers.md: FreeRTOS-Cellular-Interface, Sixfab; effect and ranges MAN",
)

SCAN = CommandSet([QCFG])

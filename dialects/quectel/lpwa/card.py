"""BG96: the card: its numbers and files, and whether it is there (+CIMI, +QCCID, +CRSM, +QSIMSTAT, +QSIMDET).

Sources: observed.md, drivers.md; 27.007 8.18, 31.102 and 51.011 for the files; MAN as in the README.
"""

from __future__ import annotations

from collections.abc import Callable

from ....emulator.command import Choice, Int, Quotes, Text, command, execute, read, test, write
from ....emulator.dialect import CommandSet
from ....emulator.radio import SimState
from ....emulator.reply import OK, Cme, Refusal, Reply, info
from ...ts27007_sim import card_number, cimi, refuse_unless_card_answers
from .shell import Bg96Shell

CCID = card_number("+CCID", "+CCID: ", "as its relatives answer it (assumed)")


def qccid(module: Bg96Shell) -> Reply:
    """The card's number, digits and filling as the card has them."""
    if module.card_pulled:
        raise Refusal(Cme.SIM_FAILURE)
    refuse_unless_card_answers(module)
    return info(f"+QCCID: {module.sim.iccid}")


QCCID = command("+QCCID", test(), execute(qccid), cite="observed, forums 38002; 13 when pulled: forums 6164")


def cimi_unless_pulled(module: Bg96Shell) -> Reply:
    """The subscriber's identity."""
    if module.card_pulled:
        raise Refusal(Cme.NOT_ALLOWED)
    return cimi(module)


CIMI = command("+CIMI", test(), execute(cimi_unless_pulled), cite="27.007 5.6; 3 when pulled: forums 6164")

# ---- files ---------------------------------------------------------------------------------------


def swapped(digits: str) -> bytes:
    """Decimal digits with the nibbles of each byte swapped, filled with F (51.011 10.1.1)."""
    padded = digits + "F" * (len(digits) % 2)
    return bytes.fromhex("".join(padded[at + 1] + padded[at] for at in range(0, len(padded), 2)))


def network_number(plmn: str) -> bytes:
    """MCC and MNC in three bytes (24.008 10.5.1.3)."""
    mcc, mnc = plmn[:3], plmn[3:]
    third = mnc[2] if len(mnc) > 2 else "F"
    return bytes.fromhex(f"{mcc[1]}{mcc[0]}{third}{mcc[2]}{mnc[1]}{mnc[0]}")


def _iccid(module: Bg96Shell) -> bytes:
    return swapped(module.sim.iccid)


def _imsi(module: Bg96Shell) -> bytes:
    # The length, then the digits behind a nibble that says whether they are odd in number (31.102 4.2.2).
    digits = module.sim.imsi
    body = swapped(("9" if len(digits) % 2 else "1") + digits)
    return bytes((len(body),)) + body.ljust(8, b"\xff")


LTE_AND_GSM = b"\x40\x80"
"""Access technologies of a network (31.102 4.2.5)."""


def _home(module: Bg96Shell) -> bytes:
    return network_number(module.network.plmn) + LTE_AND_GSM


def _administrative(module: Bg96Shell) -> bytes:
    # Normal operation, and how many digits of the IMSI are the MNC (31.102 4.2.18).
    return bytes((0, 0, 0, len(module.network.plmn) - 3))


FILES: dict[int, Callable[[Bg96Shell], bytes]] = {
    0x2FE2: _iccid,
    0x6F07: _imsi,
    0x6F62: _home,
    0x6FAD: _administrative,
}
"""ICCID, IMSI, HPLMNwAcT, AD: the transparent files that there are."""
FREE = 0x2FE2
"""Read without the PIN (51.011 10.1.1)."""
READ_BINARY, UPDATE_BINARY = 176, 214
OF_RECORDS = (178, 220)
"""READ RECORD, UPDATE RECORD."""
COMMANDS = (READ_BINARY, UPDATE_BINARY, *OF_RECORDS, 192, 203, 219, 242)
"""Also GET RESPONSE, RETRIEVE DATA, SET DATA, STATUS."""


def status_word(first: int, second: int) -> Reply:
    """What the card answered, without data."""
    return info(f"+CRSM: {first},{second}")


NOT_FOUND = status_word(0x6A, 0x82)
NOT_ALLOWED = status_word(0x69, 0x82)
WRONG_STRUCTURE = status_word(0x69, 0x81)
NO_SUCH_OFFSET = status_word(0x6B, 0x00)
NO_SUCH_COMMAND = status_word(0x6D, 0x00)


def crsm(
    module: Bg96Shell, operation: int, file: int | None, p1: int, p2: int, p3: int, data: str, path: str
) -> Reply:
    """Read a transparent file; whatever else there is to a card, this one refuses as a card does."""
    refuse_unless_card_answers(module)
    contents = FILES.get(-1 if file is None else file)
    if contents is None:
        return NOT_FOUND
    if operation in OF_RECORDS:
        return WRONG_STRUCTURE
    if operation not in (READ_BINARY, UPDATE_BINARY):
        return NO_SUCH_COMMAND
    # All of them are written by the operator alone.
    locked = file != FREE and module.sim.state is not SimState.READY
    if operation == UPDATE_BINARY or locked:
        return NOT_ALLOWED
    whole, at = contents(module), p1 << 8 | p2
    if at >= len(whole):
        return NO_SUCH_OFFSET
    if p3 > len(whole) - at:
        return status_word(0x6C, len(whole) - at)
    part = whole[at : at + p3] if p3 else whole[at:]
    return info(f'+CRSM: 144,0,"{part.hex().upper()}"')


BYTE = (0, 255)
CRSM = command(
    "+CRSM",
    test(),
    write(
        Choice("operation", COMMANDS),
        Int("file", 0, 0xFFFF, default=None),
        Int("p1", *BYTE, default=0),
        Int("p2", *BYTE, default=0),
        Int("p3", *BYTE, default=0),
        Text("data", 510, quotes=Quotes.REQUIRED, default=""),
        Text("path", 40, quotes=Quotes.REQUIRED, default=""),
        run=crsm,
    ),
    cite="27.007 8.18; drivers.md: FreeRTOS-Cellular-Interface reads 28514",
)

# ---- whether it is there -------------------------------------------------------------------------


def qsimstat_read(module: Bg96Shell) -> Reply:
    """Whether changes are reported; 0 removed, 1 inserted, 2 not known yet."""
    state = module.sim.state
    inserted = 2 if state in (SimState.BUSY, SimState.OFF) else int(state is not SimState.ABSENT)
    return info(f"+QSIMSTAT: {module.cards.reports},{inserted}")


def qsimstat_write(module: Bg96Shell, reports: int) -> Reply:
    """Report changes from now on, or no more; they are noticed under AT+QSIMDET=1."""
    module.cards.reports = reports
    return OK


QSIMSTAT = command(
    "+QSIMSTAT",
    test("+QSIMSTAT: (0,1)"),
    read(qsimstat_read),
    write(Choice("reports", (0, 1)), run=qsimstat_write),
    cite="observed, catm1_bg96: 0,1; others MAN",
)


def qsimdet_read(module: Bg96Shell) -> Reply:
    """What is set."""
    return info(f"+QSIMDET: {module.cards.wanted},{module.cards.level}")


def qsimdet_write(module: Bg96Shell, wanted: int, level: int) -> Reply:
    """Watch the card's switch from the next start on."""
    module.cards.wanted, module.cards.level = wanted, level
    return OK


QSIMDET = command(
    "+QSIMDET",
    test("+QSIMDET: (0,1),(0,1)"),
    read(qsimdet_read),
    write(Choice("wanted", (0, 1)), Choice("level", (0, 1)), run=qsimdet_write),
    cite="MAN: counts from the next start",
)

CARD = CommandSet([CCID, QCCID, CIMI, CRSM, QSIMSTAT, QSIMDET])

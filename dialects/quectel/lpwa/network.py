"""BG96: registration, operator, signal and cell (27.007 7, 8 and 10; Quectel's own questions).

Sources: observed.md (BG96), common.md 4, drivers.md; RAK and MAN as in the README.
"""

from __future__ import annotations

from ....emulator.command import Choice, Text, command, execute, read, test, test_by, write
from ....emulator.dialect import CommandSet
from ....emulator.events import AccessTechnology
from ....emulator.jobs import Steps
from ....emulator.radio import SimState
from ....emulator.reply import Cme, Refusal, Reply, info
from ...ts27007_network import MANUAL, STAY_AWAY, cops_read, cops_test, cops_write, registration_report
from .scan import CELLS
from .shell import FULL, Bg96Shell

LEVELS = (0, 1, 2, FULL)
CREG = registration_report("+CREG", "creg", "27.007 7.2; common.md 4: <AcT>")
CGREG = registration_report("+CGREG", "cgreg", "27.007 10.1.20; n=4 observed, catm1_bg96", LEVELS, "0-2,4")
CEREG = registration_report("+CEREG", "cereg", "27.007 10.1.22; n=4 as +CGREG's", LEVELS, "0-2,4")

# ---- operator ------------------------------------------------------------------------------------

SELECTING = (0, MANUAL, 4)


def cops_select(
    module: Bg96Shell, mode: int, form: int | None, operator: str | None, technology: int | None
) -> Reply | Steps:
    """As 27.007 7.3; with an access technology only that one will do."""
    if mode in (*SELECTING, STAY_AWAY) and module.sim.state is SimState.ABSENT:
        raise Refusal(Cme.SIM_FAILURE)
    if technology is not None and mode not in SELECTING:
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    selection = cops_write(module, mode, form, operator)
    if mode in SELECTING:
        module.pinned = None if technology is None else AccessTechnology(technology)
        module.look_again()
    return selection


COPS = command(
    "+COPS",
    test_by(cops_test),
    read(cops_read),
    write(
        Choice("mode", (0, 1, 2, 3, 4), default=0),
        Choice("form", (0, 1, 2), default=None),
        Text("operator", 20, empty=False, default=None),
        Choice("technology", tuple(sorted(AccessTechnology)), default=None),
        run=cops_select,
    ),
    cite="27.007 7.3; RAK: <AcT>, the tail of =?; without a card 13: observed, rakwireless 9966",
)

# ---- signal and cell -----------------------------------------------------------------------------


def qcsq(module: Bg96Shell) -> Reply:
    """RSSI; on LTE also RSRP (dBm), SINR (fifths of a dB from -20) and RSRQ (dB)."""
    rssi, _ = module.signal_quality()
    if not module.network.registered or rssi == module.no_signal[0]:
        return info('+QCSQ: "NOSERVICE"')
    system, level = CELLS[module.network.act].system, 2 * rssi - 113
    if not module.on_lte:
        return info(f'+QCSQ: "{system}",{level}')
    lte = module.lte
    return info(f'+QCSQ: "{system}",{level},{level - lte.below},{lte.sinr},{lte.rsrq}')


QCSQ = command(
    "+QCSQ",
    test('+QCSQ: "NOSERVICE","GSM","CAT-M1","CAT-NB1"'),
    execute(qcsq),
    cite="observed; =? FreeRTOS-Cellular-Interface#25; GSM: MAN",
)


def qnwinfo(module: Bg96Shell) -> Reply:
    """Access technology, network, band and channel."""
    if not module.network.registered:
        return info("+QNWINFO: No Service")
    cell = CELLS[module.network.act]
    return info(f'+QNWINFO: "{cell.service}","{module.network.plmn}","{cell.band}",{cell.channel}')


QNWINFO = command("+QNWINFO", test(), execute(qnwinfo), cite="observed; RAK; No Service has no quotes")


def qspn(module: Bg96Shell) -> Reply:
    """The network's long and short name, the card's name for it (none), alphabet, number."""
    network = module.network
    if not network.registered:
        return info('+QSPN: "","","",0,""')
    names = f'"{network.operator_name(0)}","{network.operator_name(1)}",""'
    return info(f'+QSPN: {names},0,"{network.plmn}"')


QSPN = command(
    "+QSPN",
    test(),
    read(qspn),
    execute(qspn),
    cite="observed, catm1_bg96; ? is what TinyGSM sends; without service assumed",
)

NETWORK = CommandSet([CREG, CGREG, CEREG, COPS, QCSQ, QNWINFO, QSPN])

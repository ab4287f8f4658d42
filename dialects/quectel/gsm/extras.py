"""M-series: what hosts ask beside TCP/IP: names, card, readiness, network time, temperature, power, sleep.

Sources: what public drivers send and read (drivers.md; DRV names them), observed.md; MAN and assumed as in
the README.
"""

from __future__ import annotations

from dataclasses import replace

from ....emulator.command import command, execute, read, test
from ....emulator.dialect import CommandSet
from ....emulator.radio import SimState
from ....emulator.reply import Reply, ResultCode, info
from ...battery import CBC
from ...delete_messages import delete_all
from ...power_down import power_down
from ...settings import setting
from ...sleep import slow_clock
from ...ts27007_sim import card_number
from ...ussd import CUSD
from ...v250 import IPR
from ..common import CLCC, QINISTAT
from .shell import MxxShell, time_words

# ---- card and operator ---------------------------------------------------------------------------

CCID = card_number("+CCID", "+CCID: ", "drivers.md: TinyGSM MC60")
QCCID = card_number("+QCCID", "+QCCID: ", "drivers.md: TinyGSM M95; an MC60's log has the bare digits")


def qspn(module: MxxShell) -> Reply:
    """The provider's name on the card; 0: the network's name need not be shown."""
    module.require_sim()
    return info(f'+QSPN: "{module.network.operator}",0')


QSPN = command("+QSPN", test(), read(qspn), cite="DRV: TinyGSM takes the first string; second value MAN")


def qnstatus(module: MxxShell) -> Reply:
    """0 registered, 1 no cell, 2 limited service, 255 not known (still starting, radio off)."""
    network = module.network
    if network.registered:
        return info("+QNSTATUS: 0")
    if module.sim.state is not SimState.READY or network.functionality != 1:
        return info("+QNSTATUS: 255")
    return info(f"+QNSTATUS: {2 if network.stat == 3 else 1}")


QNSTATUS = command(
    "+QNSTATUS", test(), execute(qnstatus), cite="DRV: rt-thread M26 takes 0 for up; others MAN"
)

# ---- network time --------------------------------------------------------------------------------

QNITZ = setting("+QNITZ", "network_time.report", (0, 1), "drivers.md: TinyGSM; URC as logs show it")
CTZU = setting("+CTZU", "network_time.update", (0, 1, 2, 3), "27.007 8.40; 2 UTC, 3 local time: DRV")
CTZR = setting("+CTZR", "network_time.zone_report", (0, 1), "27.007 8.41: +CTZV; its quotes assumed")


def qlts(module: MxxShell) -> Reply:
    """The time that the network told last; an empty string before that."""
    told = module.network_time.told
    return info(f'+QLTS: "{time_words(told) if told else ""}"')


QLTS = command("+QLTS", test(), execute(qlts), cite="DRV: M26, M95 logs; the empty string: EC2x manual")

# ---- the module itself ---------------------------------------------------------------------------


def qtemp(module: MxxShell) -> Reply:
    """Whether detection is on, the sensor's voltage in millivolts, degrees Celsius."""
    sensor = module.thermometer
    return info(f"+QTEMP: {sensor.detecting},{sensor.millivolts},{sensor.celsius}")


QTEMP = command(
    "+QTEMP",
    read(qtemp),
    cite="observed, TinyGSM#377: a read command; no other form is known",
    op="module.temperature",
)
QPOWD = power_down("+QPOWD", ResultCode.OK, "DRV: NORMAL POWER DOWN, and OK to =0 (two M95 drivers)")
# The rate decides about the boot's lines here.
RATE = replace(IPR, cite="V.250 6.2.10; rates M800; 0 and the boot: observed")
QSCLK = slow_clock("+QSCLK", (0, 1, 2), "0-2", "S 9; 2: MAN")
QMGDA = delete_all("+QMGDA", "sent by TinyGSM as =6; words MAN")

EXTRAS = CommandSet(
    [
        CCID,
        QCCID,
        QSPN,
        QINISTAT,
        QNSTATUS,
        CLCC,
        CBC,
        CUSD,
        QNITZ,
        CTZU,
        CTZR,
        QLTS,
        QTEMP,
        RATE,
        QPOWD,
        QSCLK,
        QMGDA,
    ]
)

"""BG96: what hosts ask beside TCP/IP: network time, temperature, firmware, the port of URCs, sleep, power.

Sources: what public drivers send and read (drivers.md), observed.md; RAK and MAN as in the README.
"""

from __future__ import annotations

from ....emulator.command import Choice, Quotes, Word, command, execute, test, write
from ....emulator.dialect import CommandSet
from ....emulator.reply import OK, Reply, info
from ...battery import CBC
from ...settings import setting
from ...sleep import slow_clock
from ..common import CLCC, QINISTAT
from ..network_time import local_of, utc_of, zone_words
from .shell import Bg96Shell

# ---- network time --------------------------------------------------------------------------------

CTZU = setting("+CTZU", "network_time.update", (0, 1, 3), "RAK; 1 UTC, 3 local time: MAN", shown="0,1,3")
CTZR = setting("+CTZR", "network_time.zone_report", (0, 1, 2), "RAK: 1 +CTZV, 2 +CTZE")
AS_TOLD, UTC_NOW, LOCAL_NOW = 0, 1, 2


def qlts_write(module: Bg96Shell, mode: int) -> Reply:
    """0 the time that the network told last; 1 and 2 the time that it is now, as UTC and local time."""
    told = module.network_time.told
    if told is None:
        return info('+QLTS: ""')
    later = 0.0 if mode == AS_TOLD else module.now - module.network_time.told_at
    time = local_of(told, later) if mode == LOCAL_NOW else utc_of(told, later)
    return info(f'+QLTS: "{time:%Y/%m/%d,%H:%M:%S}{zone_words(told)},{told.dst}"')


def qlts(module: Bg96Shell) -> Reply:
    """As =0."""
    return qlts_write(module, AS_TOLD)


QLTS = command(
    "+QLTS",
    test("+QLTS: (0-2)"),
    execute(qlts),
    write(Choice("mode", (AS_TOLD, UTC_NOW, LOCAL_NOW)), run=qlts_write),
    cite="drivers.md: TinyGSM sends =2; the year has four digits (published logs); modes MAN",
)

# ---- the module itself ---------------------------------------------------------------------------


def qtemp(module: Bg96Shell) -> Reply:
    """Three sensors, degrees Celsius."""
    sensors = module.thermometer
    return info(f"+QTEMP: {sensors.pmic},{sensors.xo},{sensors.pa}")


QTEMP = command(
    "+QTEMP",
    test(),
    execute(qtemp),
    cite="a BG96's log: +QTEMP: 30,26,26; which is which MAN",
    op="module.temperature",
)

EDITION = "_01.019.01.019"


def qgmr(module: Bg96Shell) -> Reply:
    """The firmware with its sub-edition."""
    return info(module.dialect.identity.revision + EDITION)


QGMR = command("+QGMR", test(), execute(qgmr), cite="observed, forums 38002")


def csub(module: Bg96Shell) -> Reply:
    """The sub-edition alone."""
    return info("SubEdition: V04")


CSUB = command("+CSUB", test(), execute(csub), cite="observed, sixfab 427; what follows V04 is not known")

PORTS = ("usbat", "usbmodem", "uart1")


def qurccfg_write(module: Bg96Shell, name: str, port: str | None) -> Reply:
    """Ask, or let what is said unasked go to another port."""
    if port is None:
        return info(f'+QURCCFG: "{name}","{module.urc_port}"')
    module.urc_port = port
    return OK


QURCCFG = command(
    "+QURCCFG",
    test('+QURCCFG: "urcport",("usbat","usbmodem","uart1")'),
    write(
        Word("name", ("urcport",), quotes=Quotes.REQUIRED),
        Word("port", PORTS, quotes=Quotes.REQUIRED, default=None),
        run=qurccfg_write,
    ),
    cite="drivers.md: FreeRTOS-Cellular-Interface; =? and the question: EC2x manual; default assumed",
)
QSCLK = slow_clock("+QSCLK", (0, 1), "0,1", "MAN; common.md 7")

# ---- power ---------------------------------------------------------------------------------------


def qpowd_write(module: Bg96Shell, mode: int) -> Reply:
    """OK, then POWERED DOWN and nothing more: 1 when the network has been left, 0 at once."""
    module.after("power down" if mode else 0.0, module.power_down)
    return OK


def qpowd(module: Bg96Shell) -> Reply:
    """As =1."""
    return qpowd_write(module, 1)


QPOWD = command(
    "+QPOWD",
    test("+QPOWD: (0,1)"),
    execute(qpowd),
    write(Choice("mode", (0, 1), default=1), run=qpowd_write),
    cite="drivers.md: esp_modem, TinyGSM; OK and then POWERED DOWN: zephyr#93072",
    op="power.off",
)

EXTRAS = CommandSet([CTZU, CTZR, QLTS, QTEMP, QGMR, CSUB, QURCCFG, QSCLK, QPOWD, QINISTAT, CLCC, CBC])

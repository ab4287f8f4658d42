"""The commands of ITU-T V.250: line, profile, S-registers, identification, flow control and rate.

Defaults and ranges: common.md section 1, table "Basic commands" (M800, Quectel manuals). Dialling,
answering and hanging up (D, A, H) are calls.
"""

from __future__ import annotations

from ..emulator.command import Choice, Command, Form, Int, Kind, command, execute, read, test, write
from ..emulator.dialect import CommandSet
from ..emulator.module import Module
from ..emulator.profile import Shell
from ..emulator.reply import NO_CARRIER, OK, Refusal, Reply, ResultCode, info

RATES = (0, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800)


def basic(name: str, attribute: str, values: tuple[int, ...], cite: str, stub: str = "") -> Command:
    """A basic command that sets one number of the profile; no number is 0 (V.250 5.3.1)."""

    def set_it(module: Module, value: int) -> Reply:
        shell = module.shell
        setattr(shell, attribute, value)
        module.use(shell)
        return OK

    value = Choice("value", values, default=0)
    form = write(value, run=set_it, bad_parameter=None, wrong_state=None)
    return command(name, form, cite=cite, stub=stub)


ECHO = basic("E", "echo", (0, 1), "V.250 6.2.4: from the next line on")
VERBOSE = basic("V", "verbose", (0, 1), "V.250 6.2.6: the OK comes in the new format")
QUIET = basic("Q", "quiet", (0, 1), "V.250 6.2.5")
DIALLING = basic("X", "dialling", (0, 1, 2, 3, 4), "V.250 6.2.7")
CARRIER = basic("&C", "dcd", (0, 1), "V.250 6.2.8")
DTR = basic("&D", "dtr", (0, 1, 2), "V.250 6.2.9")
LOUDNESS = basic("L", "loudness", (0, 1, 2, 3), "V.250 6.3.13", stub="a module has no loudspeaker: stored")
SPEAKER = basic("M", "speaker", (0, 1, 2, 3), "V.250 6.3.14", stub="a module has no loudspeaker: stored")


def nothing(module: Module) -> Reply:
    """Accepted: there is only one way to dial."""
    return OK


_DIALS_ALONE = "tone and pulse dialling do not exist on a mobile network"
TONE = command("T", write(run=nothing, bad_parameter=None), cite="V.250 6.3.2", stub=_DIALS_ALONE)
PULSE = command("P", write(run=nothing, bad_parameter=None), cite="V.250 6.3.3", stub=_DIALS_ALONE)


# ---- profile -------------------------------------------------------------------------------------


def factory(module: Module, value: int) -> Reply:
    """The factory's profile; the rate is not part of it."""
    shell = module.factory()
    shell.rate = module.shell.rate
    module.use(shell)
    return OK


def store(module: Module, value: int) -> Reply:
    """Keep the present settings, and the rate, over ATZ and power-off."""
    module.stored = module.shell.copy()
    return OK


def restore(module: Module, value: int) -> Reply:
    """The stored profile; a call is hung up, links and contexts stay (REC)."""
    module.end_call()
    module.restore_profile()
    return OK


def view(module: Module, value: int) -> Reply:
    """The settings in force, one a line (free text)."""
    shell = module.shell
    lines = ["ACTIVE PROFILE"]
    shown = (*BEFORE_REPORTS, *module.registration_reports, *BEHIND_REPORTS)
    lines += [f"{name}: {getattr(shell, attribute)}" for name, attribute in shown]
    lines += [f"S{number}: {content:03}" for number, content in shell.registers.items()]
    lines.append("+IFC: {},{}".format(*shell.flow))
    lines.append(f"+CNMI: {','.join(map(str, shell.cnmi))}")
    return info(*lines)


BEFORE_REPORTS = (
    ("E", "echo"),
    ("V", "verbose"),
    ("Q", "quiet"),
    ("X", "dialling"),
    ("&C", "dcd"),
    ("&D", "dtr"),
    ("L", "loudness"),
    ("M", "speaker"),
    ("+CMEE", "cmee"),
)
BEHIND_REPORTS = (
    ("+CMGF", "cmgf"),
    ("+CLIP", "clip"),
    ("+CRC", "crc"),
    ("+IPR", "rate"),
)

_ONLY_PROFILE = Choice("value", (0,), default=0)
FACTORY = command("&F", write(_ONLY_PROFILE, run=factory, bad_parameter=None), cite="V.250 6.1.2")
STORE = command("&W", write(_ONLY_PROFILE, run=store, bad_parameter=None), cite="M800 2.2; common.md 1")
RESTORE = command("Z", write(_ONLY_PROFILE, run=restore, bad_parameter=None), cite="V.250 6.1.1")
VIEW = command("&V", write(_ONLY_PROFILE, run=view, bad_parameter=None), cite="M800 2.2; common.md 1")


# ---- S-registers ---------------------------------------------------------------------------------

LIMITS = {3: 127, 4: 127, 5: 127}
"""Largest content; every other register takes a byte (S6, S7, S8, S10: assumed)."""


def s_read(module: Module, number: int) -> Reply:
    """Three digits (V.250 5.3.2)."""
    content = module.shell.registers.get(number)
    if content is None:
        raise Refusal
    return info(f"{content:03}")


def s_write(module: Module, number: int, value: int) -> Reply:
    """S3, S4 and S5 count from this result code on."""
    registers = module.shell.registers
    if number not in registers or value > LIMITS.get(number, 255):
        raise Refusal
    registers[number] = value
    module.use(module.shell)
    return OK


_NUMBER = Int("number", 0, 255)
_READ_REGISTER = Form(Kind.READ, s_read, (_NUMBER,), bad_parameter=None)
S_REGISTERS = command(
    "S",
    _READ_REGISTER,
    write(_NUMBER, Int("value", 0, 255), run=s_write, bad_parameter=None),
    cite="V.250 5.3.2",
)


# ---- back to data mode ---------------------------------------------------------------------------


def online(module: Module, value: int) -> Reply:
    """CONNECT and data mode for the link that was left, if it still lives (V.250 6.3.7)."""
    link = module.online_link()
    if link is None:
        return NO_CARRIER
    return Reply(final=ResultCode.CONNECT, enter=link)


ONLINE = command("O", write(_ONLY_PROFILE, run=online, bad_parameter=None), cite="V.250 6.3.7")


# ---- identification ------------------------------------------------------------------------------


def product(module: Module, value: int) -> Reply:
    """Product lines."""
    return info(*module.dialect.identity.product)


def manufacturer(module: Module) -> Reply:
    """Who made it."""
    return info(module.dialect.identity.manufacturer)


def model(module: Module) -> Reply:
    """What it is."""
    return info(module.dialect.identity.model)


def revision(module: Module) -> Reply:
    """Its firmware."""
    return info(module.dialect.identity.revision)


def serial_number(module: Module) -> Reply:
    """Its IMEI."""
    return info(module.options.imei)


def capabilities(module: Module) -> Reply:
    """The capability list: fax class commands and GSM commands."""
    return info("+GCAP: +FCLASS,+CGSM")


PRODUCT = command("I", write(_ONLY_PROFILE, run=product, bad_parameter=None), cite="V.250 6.1.3")
GMI = command("+GMI", test(), execute(manufacturer), cite="V.250 6.1.4")
GMM = command("+GMM", test(), execute(model), cite="V.250 6.1.5")
GMR = command("+GMR", test(), execute(revision), cite="V.250 6.1.6")
GSN = command("+GSN", test(), execute(serial_number), cite="V.250 6.1.7")
GCAP = command("+GCAP", test(), execute(capabilities), cite="V.250 6.1.9; list M800")


# ---- rate, flow control, fax class ---------------------------------------------------------------


def ipr_read(module: Module) -> Reply:
    """The rate asked for; 0 is autobaud."""
    return info(f"+IPR: {module.shell.rate}")


def ipr_write(module: Module, rate: int) -> Reply:
    """The UART's rate behind the result code (V.250 6.2.10), where the endpoint models one."""
    module.shell.rate = rate
    module.line_changed = True
    return OK


IPR = command(
    "+IPR",
    test(f"+IPR: (),({','.join(map(str, RATES))})"),
    read(ipr_read),
    write(Choice("rate", RATES), run=ipr_write),
    cite="V.250 6.2.10; rates M800",
)


def ifc_read(module: Module) -> Reply:
    """Flow control in force."""
    return info("+IFC: {},{}".format(*module.shell.flow))


def ifc_write(module: Module, by_dte: int, by_dce: int) -> Reply:
    """0 none, 1 XON/XOFF, 2 RTS/CTS, each way."""
    module.shell.flow = (by_dte, by_dce)
    module.line_changed = True
    return OK


IFC = command(
    "+IFC",
    test("+IFC: (0-2),(0-2)"),
    read(ifc_read),
    write(
        Choice("by_dte", (0, 1, 2), default=Shell().flow[0]),
        Choice("by_dce", (0, 1, 2), default=Shell().flow[1]),
        run=ifc_write,
    ),
    cite="V.250 6.2.12",
)


def fclass_read(module: Module) -> Reply:
    """Data is the only class."""
    return info("+FCLASS: 0")


def fclass_write(module: Module, fax_class: int) -> Reply:
    """Data."""
    return OK


FCLASS = command(
    "+FCLASS",
    test("+FCLASS: (0)"),
    read(fclass_read),
    write(Choice("fax_class", (0,)), run=fclass_write),
    cite="T.31; wvdial needs OK to +FCLASS=0",
    stub="0, data, is the only class there is",
)


V250 = CommandSet(
    [
        ECHO,
        VERBOSE,
        QUIET,
        DIALLING,
        CARRIER,
        DTR,
        LOUDNESS,
        SPEAKER,
        TONE,
        PULSE,
        FACTORY,
        STORE,
        RESTORE,
        VIEW,
        S_REGISTERS,
        ONLINE,
        PRODUCT,
        GMI,
        GMM,
        GMR,
        GSN,
        GCAP,
        IPR,
        IFC,
        FCLASS,
    ]
)

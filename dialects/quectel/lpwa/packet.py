"""BG96: the contexts of AT+QICSGP as 27.007 sees them: +CGDCONT, +CGACT, +CGPADDR, +CGCONTRDP, +CGEREP.

There is one set of sixteen contexts: what QICSGP configures +CGDCONT lists, and the other way round (MAN;
esp_modem defines with the one and activates with the other). Activating is AT+QIACT's alone (mbed-os#9749).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....emulator.command import Choice, Int, Text, Word, command, execute, read, test, test_by, write
from ....emulator.dialect import CommandSet
from ....emulator.links import Context
from ....emulator.reply import OK, Cme, Refusal, Reply, info
from ....emulator.states import ContextState

if TYPE_CHECKING:
    from .module import Bg96Module

CIDS = 16
CID = Int("cid", 1, CIDS)
NO_ADDRESS = "0.0.0.0"


def defined(module: Bg96Module) -> list[Context]:
    """The contexts that were configured."""
    return [context for context in module.stack.contexts if module.tcpip.of(context).configured]


def cgdcont_read(module: Bg96Module) -> Reply:
    """Every definition, one a line."""
    return info(*(f'+CGDCONT: {c.number},"IP","{c.apn}","{NO_ADDRESS}",0,0,0,0' for c in defined(module)))


def cgdcont_write(
    module: Bg96Module, cid: int, pdp_type: str | None, apn: str, address: str, data: int, header: int
) -> Reply:
    """Define a context, or with nothing but its number undefine it; not while it is active."""
    context = module.context(cid)
    own = module.tcpip.of(context)
    if context.position.state is not ContextState.INACTIVE:
        raise Refusal(Cme.NOT_ALLOWED)
    if pdp_type is None:
        own.configured, own.auth = False, 0
        context.apn = context.user = context.password = ""
    else:
        own.configured, context.apn = True, apn
    return OK


CGDCONT = command(
    "+CGDCONT",
    test(f'+CGDCONT: (1-{CIDS}),"IP",,,(0),(0),(0),(0)'),
    read(cgdcont_read),
    write(
        CID,
        Word("pdp_type", ("IP",), default=None),
        Text("apn", 127, default=""),
        Word("address", ("", NO_ADDRESS), default=""),
        Choice("data", (0,), default=0),
        Choice("header", (0,), default=0),
        run=cgdcont_write,
    ),
    cite="27.007 10.1.1; eight fields: MAN; IPv4 alone, its address dynamic, no compression (assumed)",
)


def cgact_read(module: Bg96Module) -> Reply:
    """Every definition and whether it is active."""
    return info(*(f"+CGACT: {context.number},{int(context.active)}" for context in defined(module)))


def cgact_write(module: Bg96Module, state: int, cid: int | None) -> Reply:
    """Refused, activating as well as deactivating."""
    raise Refusal(Cme.NOT_ALLOWED)


CGACT = command(
    "+CGACT",
    test("+CGACT: (0,1)"),
    read(cgact_read),
    write(Choice("state", (0, 1)), Int("cid", 1, CIDS, default=None), run=cgact_write),
    cite="27.007 10.1.10; observed, mbed-os#9749: it is refused (or hangs), AT+QIACT is the only way",
)


def _address(context: Context) -> str:
    return f"+CGPADDR: {context.number},{context.address if context.active else NO_ADDRESS}"


def cgpaddr_test(module: Bg96Module) -> Reply:
    """The contexts that are defined."""
    return info(f"+CGPADDR: ({','.join(str(context.number) for context in defined(module))})")


def cgpaddr_all(module: Bg96Module) -> Reply:
    """Every definition's address."""
    return info(*(_address(context) for context in defined(module)))


def cgpaddr_write(module: Bg96Module, cid: int) -> Reply:
    """One context's address."""
    context = module.context(cid)
    if not module.tcpip.of(context).configured:
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    return info(_address(context))


CGPADDR = command(
    "+CGPADDR",
    test_by(cgpaddr_test),
    execute(cgpaddr_all),
    write(CID, run=cgpaddr_write),
    cite="27.007 10.1.14; no quotes: drivers.md, TinyGSM; 0.0.0.0 while inactive: MAN",
)

BEARER = 5
"""<bearer_id>: the first that a network gives (24.301)."""


def _parameters(module: Bg96Module, contexts: list[Context]) -> Reply:
    """The gateway is not told; the name servers only where there are any."""
    lines = []
    for context in contexts:
        if context.active:
            known = [server for server in module.tcpip.of(context).dns if server not in ("", NO_ADDRESS)]
            servers = "".join(f',"{server}"' for server in ("", *known)) if known else ""
            head = f'+CGCONTRDP: {context.number},{BEARER},"{context.apn}"'
            lines.append(f'{head},"{context.address}"{servers}')
    return info(*lines)


def cgcontrdp_test(module: Bg96Module) -> Reply:
    """The contexts that are active."""
    active = [str(context.number) for context in module.stack.contexts if context.active]
    return info(f"+CGCONTRDP: ({','.join(active)})") if active else OK


def cgcontrdp_all(module: Bg96Module) -> Reply:
    """Every active context."""
    return _parameters(module, module.stack.contexts)


def cgcontrdp_write(module: Bg96Module, cid: int) -> Reply:
    """One context, if it is active."""
    return _parameters(module, [module.context(cid)])


CGCONTRDP = command(
    "+CGCONTRDP",
    test_by(cgcontrdp_test),
    execute(cgcontrdp_all),
    write(CID, run=cgcontrdp_write),
    cite="27.007 10.1.23; only OK without an active context: observed, sixfab 1414; gateway: not told",
)


def cgerep_read(module: Bg96Module) -> Reply:
    """The settings."""
    reports = module.packet_events
    return info(f"+CGEREP: {reports.mode},{reports.buffering}")


def cgerep_write(module: Bg96Module, mode: int, buffering: int) -> Reply:
    """0 keeps events; 1 and 2 report them, 1 not in data mode. <bfr>=1 reports also what was kept."""
    reports = module.packet_events
    reports.mode, reports.buffering = mode, buffering
    if mode:
        for line in reports.held if buffering else ():
            module.say(line)
        reports.held.clear()
    return OK


CGEREP = command(
    "+CGEREP",
    test("+CGEREP: (0-2),(0,1)"),
    read(cgerep_read),
    write(Choice("mode", (0, 1, 2), default=0), Choice("buffering", (0, 1), default=0), run=cgerep_write),
    cite="27.007 10.1.19; drivers.md: mbed",
)

PACKET = CommandSet([CGDCONT, CGACT, CGPADDR, CGCONTRDP, CGEREP])

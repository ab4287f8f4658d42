"""M-series: sending, acknowledgement figures, headers, and fetching what was received.

AT+QISEND, QISACK, QIAUTOS, QIHEAD, QISHOWPT, QISHOWRA, QISHOWLA, QINDI, QIRD, QISDE, QIPROMPT. Sources:
GSM TCPIP Application Note (S); MAN, DRV, REC as in the README.
"""

from __future__ import annotations

from ....emulator.command import Choice, Int, command, execute, read, test, write
from ....emulator.dialect import CommandSet
from ....emulator.effects import Transport
from ....emulator.jobs import Prompt, Steps, Until
from ....emulator.links import Link, Role
from ....emulator.reply import OK, Reply, info, literal
from ...settings import setting
from ...toolkit import LINK, refuse_unless
from .connections import addressed, indexed, multi, single
from .module import MxxModule
from .states import SingleState

PAYLOAD = 1460
"""S 3.1: the most that one send takes; what is typed beyond is dropped."""

QIHEAD = setting("+QIHEAD", "tcpip.head", (0, 1), "S 5.3.1")
QISHOWPT = setting("+QISHOWPT", "tcpip.show_protocol", (0, 1), "S 5.3.1")
QISHOWRA = setting("+QISHOWRA", "tcpip.show_remote", (0, 1), "S 5.3.1")
QISHOWLA = setting("+QISHOWLA", "tcpip.show_local", (0, 1), "S 5.3.1")
QINDI = setting("+QINDI", "tcpip.notify", (0, 1, 2), "S 5.3.2; 2: observed on MC60")
QISDE = setting("+QISDE", "tcpip.echo_payload", (0, 1), "DRV; as the BG96 manual 2.1.16")
QIPROMPT = setting("+QIPROMPT", "tcpip.prompt", (0, 1, 2, 3), "DRV, MAN; form REC")

NO_PROMPT = (0, 2)
NO_SUCCESS = 2
WITH_INDEX = 3
"""Values of AT+QIPROMPT."""


def qiautos_read(module: MxxModule) -> Reply:
    """Whether sends are timed, and the time in seconds."""
    return info(f"+QIAUTOS: {module.tcpip.timed},{module.tcpip.send_after}")


def qiautos_write(module: MxxModule, mode: int, seconds: int | None) -> Reply:
    """A time left out keeps the old one (REC)."""
    module.tcpip.timed = mode
    if seconds is not None:
        module.tcpip.send_after = seconds
    return OK


QIAUTOS = command(
    "+QIAUTOS",
    test("+QIAUTOS: (0,1),(1-100)"),
    read(qiautos_read),
    write(Choice("mode", (0, 1)), Int("seconds", 1, 100, default=None), run=qiautos_write),
    cite="S 5.2.2.3; ranges MAN",
)

# ---- AT+QISEND -----------------------------------------------------------------------------------


def _send(module: MxxModule, link: Link, length: int | None) -> Steps:
    """SEND OK: the stack has it, not the peer (S 5.2.1, 6.1); without an index in both modes."""
    settings = module.tcpip
    refuse_unless(link.connected and not module.settings.mode)
    number = link.number if module.settings.mux else 0
    index = f"{number}, " if settings.prompt == WITH_INDEX else ""
    handle = link.handle
    payload = yield Prompt(
        length,
        PAYLOAD,
        show=settings.prompt not in NO_PROMPT,
        escape=True,
        seconds=float(settings.send_after) if settings.timed else None,
        echo=bool(settings.echo_payload),
    )
    size = len(payload.data)
    if payload.cancelled or not size or link.handle != handle:
        return literal(f"{index}SEND FAIL")
    # The figure of what is acknowledged may lag behind: a full buffer is one that stays full (assumed).
    if not (yield Until(lambda: module.stack.has_room(link, size), "send fail")) or link.handle != handle:
        return literal(f"{index}SEND FAIL")
    module.stack.send(link, payload.data)
    return Reply(final=None) if settings.prompt == NO_SUCCESS else literal(f"{index}SEND OK")


def qisend_execute(module: MxxModule) -> Steps:
    """Variable length: until Ctrl+Z."""
    return _send(module, addressed(module), None)


def qisend_single(module: MxxModule, length: int) -> Steps:
    """Fixed length (S 5.2.2.2)."""
    return _send(module, addressed(module), length)


def qisend_multi(module: MxxModule, number: int, length: int | None) -> Steps:
    """On one of several links."""
    return _send(module, indexed(module, number), length)


LENGTH = Int("length", 1, PAYLOAD)

QISEND = command(
    "+QISEND",
    test("+QISEND: <length>"),
    execute(qisend_execute, only=single),
    write(LENGTH, run=qisend_single, only=single),
    write(LINK, Int("length", 1, PAYLOAD, default=None), run=qisend_multi, only=multi),
    cite="S 3.1, 5.2.1; test form observed",
    op="socket.send",
)

# ---- AT+QISACK -----------------------------------------------------------------------------------


def _figures(link: Link) -> Reply:
    """Sent, acknowledged, outstanding; UDP waits for nothing (S 5.2.2; REC)."""
    if not link.connected:
        return info("+QISACK: 0, 0, 0")
    outstanding = link.unacked if link.transport is Transport.TCP else 0
    return info(f"+QISACK: {link.sent}, {link.acked}, {outstanding}")


def qisack_execute(module: MxxModule) -> Reply:
    """The single connection; zeros once it is closed (DRV)."""
    link = addressed(module)
    refuse_unless(link.connected or module.ip.state is SingleState.IP_CLOSE)
    return _figures(link)


def qisack_write(module: MxxModule, number: int) -> Reply:
    """One of several links; zeros for an index without a link (DRV)."""
    link = module.bank(module.context)[number]
    refuse_unless(not link.open or module.tcpip.side in (None, link.role))
    return _figures(link)


QISACK = command(
    "+QISACK",
    test(),
    write(LINK, run=qisack_write, only=multi),
    execute(qisack_execute, only=single),
    cite="S 3.1, 5.2.2, 6",
)

# ---- AT+QIRD -------------------------------------------------------------------------------------


def qird_write(module: MxxModule, context: int, side: int, number: int, size: int) -> Reply:
    """What is there, at most ``size``; a datagram at most (REC); OK alone when nothing waits (S 5.3.2)."""
    # Transparent mode puts received data out after ATO only (S 4).
    refuse_unless(not module.own[context].mode)
    role = Role.CLIENT if side == 1 else Role.SERVER
    owner = module.stack.contexts[context]
    if module.own[context].mux:
        link = module.bank(owner)[number]
    else:
        refuse_unless(number == 0)
        link = module.client_link(owner) if side == 1 else module.server_link(owner)
    refuse_unless(link.role is role and (link.connected or bool(link.unread)))
    if not link.unread:
        return OK
    host, port = link.inbox[0][1]
    if link.transport is Transport.UDP:
        size = min(size, len(link.inbox[0][0]))
    data = module.stack.take(link, size)
    head = f"+QIRD: {host}:{port},{link.transport.value},{len(data)}"
    return Reply(info=(head,), data=data)


QIRD = command(
    "+QIRD",
    test("+QIRD: (0,1),(1,2),(0-5),(1-1500)"),
    write(
        Choice("context", (0, 1)),
        Choice("side", (1, 2)),
        Int("number", 0, 5),
        Int("size", 1, 1500),
        run=qird_write,
    ),
    cite="S 5.3.2; observed; test form assumed",
    op="socket.recv",
)

DATA = CommandSet(
    [QIHEAD, QISHOWPT, QISHOWRA, QISHOWLA, QINDI, QISDE, QIPROMPT, QIAUTOS, QISEND, QISACK, QIRD]
)

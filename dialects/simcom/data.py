"""SIM800: sending, acknowledgement figures, and fetching what was received.

AT+CIPSEND, CIPACK, CIPRXGET. Sources: SIM800 TCPIP Application Note (S), M800, M7000, observed logs;
REC as in simcom_sim800.md.
"""

from __future__ import annotations

from ...emulator.command import Choice, Int, command, execute, read, test, test_by, write
from ...emulator.dialect import CommandSet
from ...emulator.effects import Transport
from ...emulator.jobs import Pause, Prompt, Steps, Until
from ...emulator.links import Link
from ...emulator.reply import OK, Cme, Refusal, Reply, info, literal
from ..toolkit import LINK, refuse_unless
from .modes import multi, single
from .module import Sim800Module
from .states import SingleState

PAYLOAD = 1460
"""S 6.3: the most that one send takes."""

# ---- AT+CIPSEND ----------------------------------------------------------------------------------


def _available(module: Sim800Module, link: Link) -> int:
    """Bytes that one send takes now; a lower configured buffer stands for a poor network (REC)."""
    return min(PAYLOAD, module.send_buffer) if link.connected else 0


def cipsend_read(module: Sim800Module) -> Reply:
    """The length available; 0 without a connection (S 6.3)."""
    links = module.stack.links
    if not module.tcpip.mux:
        return info(f"+CIPSEND: {_available(module, links[0])}")
    return info(*[f"+CIPSEND: {link.number},{_available(module, link)}" for link in links])


def cipsend_test(module: Sim800Module) -> Reply:
    """The form in force."""
    return info("+CIPSEND: (0-5),<length>" if module.tcpip.mux else "+CIPSEND: <length>")


def _send(module: Sim800Module, link: Link, length: int | None) -> Steps:
    """Prompt, payload, and the result when the peer's stack has acknowledged (S 2.1.1, 6.1 to 6.4)."""
    settings = module.tcpip
    refuse_unless(link.connected and not settings.mode)
    if length is not None and length > _available(module, link):
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    handle = link.handle
    timed = float(settings.send_after) if settings.timed and length is None else None
    payload = yield Prompt(length, PAYLOAD, show=settings.prompt == 1, seconds=timed)
    if payload.excess:
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    # Another client may have got the link while the host typed.
    if payload.cancelled or not payload.data or link.handle != handle:
        return _failed(module, link)
    stack, size = module.stack, len(payload.data)
    if not stack.has_room(link, size) and not (
        (yield Until(lambda: stack.has_room(link, size), "send fail")) and link.handle == handle
    ):
        return _failed(module, link)
    stack.send(link, payload.data)
    if settings.quick_send:
        number = f"{link.number}," if settings.mux else ""
        return _sent(module, f"DATA ACCEPT:{number}{size}")
    if link.transport is Transport.TCP and not (yield from _acknowledged(module, link)):
        return _failed(module, link)
    return _sent(module, module.named(link, "SEND OK"))


def _failed(module: Sim800Module, link: Link) -> Reply:
    return literal(module.named(link, "SEND FAIL"))


def _sent(module: Sim800Module, words: str) -> Reply:
    """AT+CIPSPRT=2 shows neither prompt nor success."""
    return Reply(final=None) if module.tcpip.prompt == 2 else literal(words)


def _acknowledged(module: Sim800Module, link: Link) -> Steps:
    """Steps: whether everything sent so far was acknowledged; 645 s without is a lost link (M800)."""
    goal, handle, earliest = link.sent, link.handle, module.now + module.timings["acknowledgement"]
    if (yield Until(lambda: link.acked >= goal or link.handle != handle, "unacknowledged send")):
        if link.acked < goal:
            return False
        if earliest > module.now:
            yield Pause(earliest - module.now)
        return True
    module.stack.drop(link, abort=True)
    module.link_closed(link)
    return False


def cipsend_execute(module: Sim800Module) -> Steps:
    """Variable length on the single connection: until Ctrl+Z."""
    return _send(module, module.stack.links[0], None)


def cipsend_single(module: Sim800Module, length: int) -> Steps:
    """Fixed length on the single connection (S 6.1)."""
    return _send(module, module.stack.links[0], length)


def cipsend_multi(module: Sim800Module, number: int, length: int | None) -> Steps:
    """On one of several links."""
    return _send(module, module.stack.links[number], length)


CIPSEND = command(
    "+CIPSEND",
    test_by(cipsend_test),
    read(cipsend_read),
    execute(cipsend_execute, only=single),
    write(Int("length", 1), run=cipsend_single, only=single),
    write(LINK, Int("length", 1, default=None), run=cipsend_multi, only=multi),
    cite="S 2.1.1, 3.1, 6.1-6.4; M800",
    op="socket.send",
)

# ---- AT+CIPACK -----------------------------------------------------------------------------------


def _figures(link: Link) -> Reply:
    """Sent, acknowledged, not acknowledged; UDP is never acknowledged (S 6.5)."""
    refuse_unless(link.connected)
    return info(f"+CIPACK: {link.sent},{link.acked},{link.unacked}")


def cipack_execute(module: Sim800Module) -> Reply:
    """The single connection."""
    return _figures(module.stack.links[0])


def cipack_multi(module: Sim800Module, number: int) -> Reply:
    """One of several links."""
    return _figures(module.stack.links[number])


CIPACK = command(
    "+CIPACK",
    test(),
    execute(cipack_execute, only=single, needs={SingleState.CONNECT_OK}),
    write(LINK, run=cipack_multi, only=multi),
    cite="S 6.5; M800, M900",
)

# ---- AT+CIPRXGET ---------------------------------------------------------------------------------


def ciprxget_read(module: Sim800Module) -> Reply:
    """Whether received data is pushed (0) or fetched (1)."""
    return info(f"+CIPRXGET: {module.tcpip.manual}")


def ciprxget_test(module: Sim800Module) -> Reply:
    """The form in force."""
    number = "(0-5)," if module.tcpip.mux else ""
    return info(f"+CIPRXGET: (0-4),{number}(1-1460)")


def _choose(module: Sim800Module, manual: int) -> Reply:
    """0 or 1: only while nothing is open (S 7.2: before the connection), unless it stays the same."""
    refuse_unless(manual == module.tcpip.manual or module.idle)
    module.tcpip.manual = manual
    return OK


LONGEST = {2: 1460, 3: 730}
"""Bytes of one read by mode: raw, hexadecimal (S 7.2)."""


def _fetch(module: Sim800Module, link: Link, mode: int, size: int | None) -> Reply:
    """Modes 2 to 4: what is delivered, what is left, then the bytes themselves."""
    refuse_unless(bool(module.tcpip.manual))
    number = f"{link.number}," if module.tcpip.mux else ""
    if mode == 4:
        if size is not None:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        return info(f"+CIPRXGET: 4,{number}{link.unread}")
    longest = LONGEST[mode]
    if size is not None and not 1 <= size <= longest:
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    refuse_unless(bool(link.unread) or link.connected)
    sender = ""
    if module.tcpip.show_source and link.inbox:
        source = link.inbox[0][1]
        sender = f",{source.host}:{source.port}"
    data = module.stack.take(link, longest if size is None else size)
    head = f"+CIPRXGET: {mode},{number}{len(data)},{link.unread}{sender}"
    return Reply(info=(head,), data=data.hex().upper().encode() if mode == 3 else data)


def ciprxget_single(module: Sim800Module, mode: int, size: int | None) -> Reply:
    """Choose, fetch or count on the single connection."""
    if mode > 1:
        return _fetch(module, module.stack.links[0], mode, size)
    if size is not None:
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    return _choose(module, mode)


def ciprxget_multi(module: Sim800Module, mode: int, number: int | None, size: int | None) -> Reply:
    """Choose (no link number), fetch or count on one of several links."""
    if (mode > 1) is (number is None) or (mode < 2 and size is not None):
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    if number is None:
        return _choose(module, mode)
    return _fetch(module, module.stack.links[number], mode, size)


CIPRXGET = command(
    "+CIPRXGET",
    test_by(ciprxget_test),
    read(ciprxget_read),
    write(Choice("mode", (0, 1, 2, 3, 4)), Int("size", default=None), run=ciprxget_single, only=single),
    write(
        Choice("mode", (0, 1, 2, 3, 4)),
        Int("number", 0, 5, default=None),
        Int("size", default=None),
        run=ciprxget_multi,
        only=multi,
    ),
    cite="S 7.2; M7000; observed",
    op="socket.recv",
)

DATA = CommandSet([CIPSEND, CIPACK, CIPRXGET])

"""BG96: configuring, activating and giving up a context.

AT+QICSGP, QIACT, QIDEACT. Source: BG96 TCP/IP AT Commands Manual V1.0 (S) 2.1.1 to 2.1.3, 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from ....emulator.command import Choice, Field, Int, Parameter, Quotes, Text, read, test, write
from ....emulator.dialect import CommandSet
from ....emulator.jobs import Pause, Steps, Until
from ....emulator.reply import OK, Reply, info
from ....emulator.states import ContextState
from .errors import TcpIpError, refuse, tcpip
from .module import Bg96Module
from .sockets import MOST_ACTIVE

E = TcpIpError
CONTEXT = Int("number", 1, 16)
CONTEXTS = "(1-16)"
LONGEST = 127
"""Characters of a name or password (assumed; BG95's note has the same order of size)."""
IPV4, IPV6 = 1, 2
AUTH = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class PrintedAuth:
    """An <authentication> that stands where the password belongs."""

    value: int


@dataclass(frozen=True, slots=True)
class PasswordOrAuth(Parameter):
    """A password in quotes, or the bare <authentication> where the printed example has it (item 21)."""

    def convert(self, typed: Field) -> object:
        if typed.quoted:
            return Text(self.name, LONGEST).convert(typed)
        value = Choice(self.name, AUTH).convert(typed)
        assert isinstance(value, int)
        return PrintedAuth(value)


def qicsgp_write(
    module: Bg96Module,
    number: int,
    kind: int | None,
    apn: str | None,
    user: str | None,
    password: str | PrintedAuth | None,
    auth: int | None,
) -> Reply:
    """A number alone asks; otherwise what is left out gets its default (S 2.1.1)."""
    context = module.context(number)
    own = module.tcpip.of(context)
    if isinstance(password, PrintedAuth):
        if auth is not None:
            raise refuse(E.INVALID_PARAMETERS)
        auth, password = password.value, ""
    if kind is None and apn is None and user is None and password is None and auth is None:
        names = f'"{context.apn}","{context.user}","{context.password}"'
        return info(f"+QICSGP: {IPV4},{names},{own.auth}")
    if apn is None or (user is None) is not (password is None) or (user is None and auth is not None):
        raise refuse(E.INVALID_PARAMETERS)
    if kind == IPV6:
        raise refuse(E.NOT_SUPPORTED)
    if context.position.state is ContextState.LOST:
        raise refuse(E.CONTEXT_BROKEN)
    if context.position.state is not ContextState.INACTIVE:
        raise refuse(E.NOT_ALLOWED)
    context.apn, context.user, context.password = apn, user or "", password or ""
    own.configured, own.auth = True, auth or 0
    return OK


QICSGP = tcpip(
    "+QICSGP",
    test(f"+QICSGP: {CONTEXTS},(1,2),<APN>,<username>,<password>,(0-3)"),
    write(
        CONTEXT,
        Choice("kind", (IPV4, IPV6), default=None),
        Text("apn", LONGEST, quotes=Quotes.REQUIRED, default=None),
        Text("user", LONGEST, quotes=Quotes.REQUIRED, default=None),
        PasswordOrAuth("password", default=None),
        Choice("auth", AUTH, default=None),
        run=qicsgp_write,
    ),
    cite="S 2.1.1, 3.1.1",
)


def qiact_read(module: Bg96Module) -> Reply:
    """The active contexts only, by their numbers."""
    active = [context for context in module.stack.contexts if context.active]
    return info(*(f'+QIACT: {context.number},1,{IPV4},"{context.address}"' for context in active))


def qiact_write(module: Bg96Module, number: int) -> Steps:
    """Bring a context up; one that is up stays as it is (REC)."""
    context = module.context(number)
    state = context.position.state
    if state is ContextState.ACTIVE:
        return OK
    if state is ContextState.LOST:
        raise refuse(E.NOT_ALLOWED)
    if not module.tcpip.of(context).configured:
        raise refuse(E.APN)
    if sum(other.active for other in module.stack.contexts) >= MOST_ACTIVE:
        raise refuse(E.NOT_ALLOWED)
    if not (yield from module.stack.activate(context)):
        raise refuse(E.OPEN_CONTEXT)
    module.packet_event(f"ME PDN ACT {number}")
    return OK


QIACT = tcpip(
    "+QIACT",
    test(f"+QIACT: {CONTEXTS}"),
    read(qiact_read),
    write(CONTEXT, run=qiact_write),
    cite="S 2.1.2, 3.1.2",
    op="pdp.activate",
)


def qideact_write(module: Bg96Module, number: int) -> Steps:
    """Give a context up with all its sockets; the network has 40 s to confirm it (S 2.1.3)."""
    context = module.context(number)
    if context.active:
        yield Pause("deactivate")
        if not (yield Until(lambda: module.network.answers_release, "deactivate limit")):
            raise refuse(E.CLOSE_CONTEXT)
    module.deactivate(context)
    return OK


QIDEACT = tcpip(
    "+QIDEACT",
    test(f"+QIDEACT: {CONTEXTS}"),
    write(CONTEXT, run=qideact_write),
    cite="S 2.1.3, 2.2.5, 3.1.3",
    op="pdp.deactivate",
)

CONTEXT_COMMANDS = CommandSet([QICSGP, QIACT, QIDEACT])

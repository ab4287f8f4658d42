"""What an ACME M1 keeps, and what a host reads when the network acts."""

from __future__ import annotations

from enum import Enum

from vmodem.emulator.dialect import Dialect, Options
from vmodem.emulator.events import Address, Failure
from vmodem.emulator.links import Context, Link
from vmodem.emulator.machine import Machine, On, Position, rows
from vmodem.emulator.module import Module
from vmodem.emulator.reply import ErrorCode, ResultCode
from vmodem.emulator.states import Happening


class M1Error(ErrorCode):
    """Why a socket command fails (M1 manual, chapter 9)."""

    NO_CONTEXT = (701, "no context")
    IN_USE = (702, "socket in use")
    NOT_OPEN = (703, "socket not open")
    FULL = (704, "send buffer full")


class SocketState(Enum):
    """As AT+MSTAT? prints it."""

    FREE = "FREE"
    DIALING = "DIALING"
    ONLINE = "ONLINE"
    ENDED = "ENDED"


S, H = SocketState, Happening

SOCKET: Machine[SocketState] = Machine(
    "socket",
    S.FREE,
    On(S.FREE, H.TCP_OPENING, S.DIALING, "M1 4.1"),
    On(S.FREE, H.UDP_OPENING, S.DIALING, "M1 4.1"),
    On(S.DIALING, H.CONNECTED, S.ONLINE, "M1 4.1"),
    On(S.DIALING, H.CONNECT_FAILED, S.FREE, "M1 4.1"),
    On(S.ONLINE, H.CLOSED, S.ENDED, "M1 4.4: what was not read can be read until AT+MCLOSE"),
    rows(SocketState, H.SHUT, S.FREE, "M1 4.4: AT+MCLOSE; 3.1: AT+MNET=0"),
)

FAILURES = {Failure.REFUSED: "refused", Failure.TIMED_OUT: "timeout", Failure.NOT_FOUND: "no such name"}
"""The word of +MFAIL (M1 4.1); everything else is "unreachable"."""


class M1Module(Module):
    """One ACME M1."""

    def __init__(self, dialect: Dialect, options: Options) -> None:
        super().__init__(dialect, options)
        numbers = range(dialect.limits.links)
        self.sockets = [Position(SOCKET, self.state_watch(number)) for number in numbers]
        self.push = 0
        """AT+MPUSH."""
        self.last_online: Link | None = None
        """What ATO returns to."""

    def reset_settings(self) -> None:
        """A restart; the engine has closed the links."""
        super().reset_settings()
        for socket in self.sockets:
            socket.fire(H.SHUT)
        self.push = 0
        self.last_online = None

    @property
    def context(self) -> Context:
        """The M1 has one."""
        return self.stack.contexts[0]

    @property
    def present(self) -> tuple[Enum, ...]:
        """What ``needs=`` is compared with."""
        return (self.context.position.state,)

    # ---- a connection begins and ends ------------------------------------------------------------

    def link_opened(self, link: Link) -> None:
        self.sockets[link.number].fire(H.CONNECTED)
        self.say(f"+MOPENED: {link.number}")

    def link_failed(self, link: Link, failure: Failure) -> None:
        self.sockets[link.number].fire(H.CONNECT_FAILED)
        self.say(f'+MFAIL: {link.number},"{FAILURES.get(failure, "unreachable")}"')

    def link_closed(self, link: Link) -> None:
        self.sockets[link.number].fire(H.CLOSED)
        if not self.end_data_mode(link, ResultCode.NO_CARRIER):
            self.say(f"+MCLOSED: {link.number}")

    def context_lost(self, context: Context) -> None:
        """The sockets are gone without a word (M1 3.2)."""
        for socket in self.sockets:
            socket.fire(H.SHUT)
        words = "+MNET: 0"
        if not self.end_data_mode(context, ResultCode.NO_CARRIER, words):
            self.say(words)

    # ---- received data ---------------------------------------------------------------------------

    def holds_data(self, link: Link) -> bool:
        return not self.push

    def data_waiting(self, link: Link, was_empty: bool) -> None:
        if was_empty:
            self.say(f"+MDATA: {link.number},{link.unread}")

    def frame(self, link: Link, data: bytes, source: Address) -> bytes:
        return self.framing.text(f"+MPUSH: {link.number},{len(data)}") + data

    # ---- data mode -------------------------------------------------------------------------------

    def enter_data_mode(self, link: Link) -> None:
        super().enter_data_mode(link)
        self.last_online = link

    def online_link(self) -> Link | None:
        link = self.last_online
        return link if link is not None and self.sockets[link.number].state is S.ONLINE else None

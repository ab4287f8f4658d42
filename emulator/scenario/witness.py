"""Makes happenings of what the driver tells: commands, states, sockets by their links, bytes, lines, URCs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container

from ..effects import (
    CommandEnded,
    Effect,
    OpenSocket,
    Said,
    SendData,
    SocketAssigned,
    StateChanged,
)
from ..events import (
    Closed,
    Connected,
    ConnectFailed,
    ConnectionLost,
    Event,
    LineChanged,
    Listening,
    PeerClosed,
    Received,
)
from .happenings import Happening, Kind

SOCKET_EVENTS: dict[type[Event], str] = {
    Connected: "connected",
    ConnectFailed: "refused",
    Received: "data",
    PeerClosed: "peer_closed",
    ConnectionLost: "reset",
    Closed: "closed",
    Listening: "listening",
}
OPENED = ("link ", "listener", "socket ")
"""The machines of what ``socket.open`` opens."""
OVERRUN = "overrun"


class Witness:
    """Counts and translates."""

    def __init__(
        self,
        happened: Callable[[Happening], None],
        assigned: Callable[[int, int], None],
        ignored: Container[Kind],
        speaks_of: Callable[[str], bool],
    ) -> None:
        """``assigned(link, handle)`` is told of each socket that a link gets, before it connects.

        ``ignored``: of what kinds nobody wants to hear, now; ``speaks_of``: whether anybody wants to hear of
        a command.
        """
        self._happened = happened
        self._ignored = ignored
        self._speaks_of = speaks_of
        self._effects: dict[type[Effect], Callable[..., None]] = {
            SocketAssigned: self._socket_assigned,
            SendData: self._sent,
            OpenSocket: self._opens,
            StateChanged: self._state,
            CommandEnded: self._command_ended,
            Said: self._said,
        }
        self._assigned = assigned
        self._opening = False
        """Whether ``socket.open`` has begun and nothing has moved for it yet."""
        self._links: dict[int, int | None] = {}
        self._newest: dict[tuple[int, int], int] = {}
        """The socket of each context's link: those that it had before are forgotten."""
        self._totals: dict[tuple[str, int | None], int] = defaultdict(int)
        self._everywhere: dict[str, int] = defaultdict(int)

    def handles(self, link: int | str) -> list[int]:
        """The sockets of a link that have been assigned, newest last; of all links for ``any``."""
        return [h for h, owner in self._links.items() if link == "any" or owner == link]

    # ---- from the driver -------------------------------------------------------------------------

    def command(self, text: str, op: str, phase: str) -> None:
        """A command is executed, or was.

        ``socket.open`` is not over with the command but with the connection; and where nothing was opened
        when the command has its answer, be it an OK (AT+QIOPEN without a context), it has failed.
        """
        if self._speaks_of(text):
            self._happened(Happening(Kind.COMMAND, text, phase))
        if op == "socket.open":
            refused, self._opening = self._opening, phase == "received"
            if phase != "received":
                if not refused:
                    return
                phase = "failed"
        if op and Kind.OP not in self._ignored:
            self._happened(Happening(Kind.OP, op, phase))

    def event(self, event: Event) -> None:
        """Something happens to the module."""
        name = SOCKET_EVENTS.get(type(event))
        if name is not None:
            handle: int = event.handle  # type: ignore[attr-defined]
            if Kind.SOCKET not in self._ignored:
                self._happened(Happening(Kind.SOCKET, name, link=self._links.get(handle)))
            if isinstance(event, Received):
                self._count("to_host", handle, len(event.data))
        elif isinstance(event, LineChanged):
            self._happened(Happening(Kind.LINE, event.signal.value, after="on" if event.on else "off"))

    def effect(self, effect: Effect) -> None:
        """The module asks for something."""
        told = self._effects.get(type(effect))
        if told is not None:
            told(effect)

    def _socket_assigned(self, effect: SocketAssigned) -> None:
        if effect.link is not None:
            self._links.pop(self._newest.get((effect.context, effect.link), 0), None)
            self._newest[effect.context, effect.link] = effect.handle
            self._assigned(effect.link, effect.handle)
        self._links[effect.handle] = effect.link
        if effect.handle < 0:
            self._happened(Happening(Kind.SOCKET, "accepted", link=effect.link))

    def _sent(self, effect: SendData) -> None:
        self._count("to_net", effect.handle, len(effect.data))

    def _opens(self, effect: OpenSocket) -> None:
        self._happened(Happening(Kind.SOCKET, "opening", link=self._links.get(effect.handle)))

    def _command_ended(self, effect: CommandEnded) -> None:
        self.command(effect.text, effect.op, "done" if effect.ok else "failed")

    def _said(self, effect: Said) -> None:
        self._happened(Happening(Kind.URC, effect.text))

    def note(self, text: str) -> None:
        """A remark: of a UART that was overrun."""
        if text.startswith(OVERRUN):
            self._happened(Happening(Kind.OVERRUN, "uart"))

    def _state(self, effect: StateChanged) -> None:
        before, after = effect.before, effect.after
        of_link = effect.machine.startswith("link ")
        link = int(effect.machine.removeprefix("link ")) if of_link else None
        self._happened(Happening(Kind.STATE, machine=effect.machine, before=before, after=after, link=link))
        if effect.machine.startswith(OPENED):
            self._opening = False
        if of_link and before == "CONNECTING":
            self._happened(Happening(Kind.OP, "socket.open", "done" if after == "CONNECTED" else "failed"))

    def _count(self, direction: str, handle: int, added: int) -> None:
        link = self._links.get(handle)
        self._totals[direction, link] += added
        self._everywhere[direction] += added
        if Kind.BYTES in self._ignored:
            return
        self._happened(
            Happening(
                Kind.BYTES,
                direction,
                link=link,
                total=self._totals[direction, link],
                everywhere=self._everywhere[direction],
                added=added,
            )
        )

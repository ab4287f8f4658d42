"""Failures that wait for commands, and each for the connection that its command opens: no other meets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .. import faults
from ..orders import Order
from ..tampering import Incoming
from .stage import Gated

NetworkFault = faults.AnswerConnects | faults.AnswerNames


class Failing:
    """What is armed, what holds while a command is executed, and what its connection is to meet."""

    def __init__(self, order: Callable[[Order], None]) -> None:
        self._order = order
        self._armed: list[tuple[Callable[[Incoming], bool], Callable[[Gated], None]]] = []
        self._behind: tuple[Order, ...] = ()
        """What happens when the command that is being executed has ended."""
        self._of_command: list[NetworkFault] = []
        """What the command is to meet, while no link of it is known."""
        self._of_link: dict[int, list[NetworkFault]] = {}
        self._serial = 0

    def arm(self, wanted: Callable[[Incoming], bool], act: Callable[[Gated], None], times: int) -> None:
        """Let ``act`` decide about the next ``times`` commands that are ``wanted``."""
        self._armed += [(wanted, act)] * times

    @property
    def idle(self) -> bool:
        """Whether nothing is armed, and nothing waits for the next command."""
        return not (self._armed or self._behind or self._of_command)

    # ---- a command -------------------------------------------------------------------------------

    def begins(self, incoming: Incoming) -> Gated:
        """A command comes: what is armed for it decides first. The last one has found its link, or none."""
        self._release()
        self._take_back(self._of_command)
        gated = Gated()
        for wanted, act in [armed for armed in self._armed if armed[0](incoming)][:1]:
            self._armed.remove((wanted, act))
            act(gated)
        return gated

    def decided(self, gated: Gated) -> None:
        """All have decided about it; names are looked up at once, sockets opened when there are some."""
        self._behind = tuple(gated.behind)
        for fault in gated.meets:
            self._serial += 1
            mine = replace(fault, name=f"fail {self._serial}")
            self._of_command.append(mine)
            if isinstance(mine, faults.AnswerNames):
                self._order(mine)

    def ended(self, *, failed: bool) -> None:
        """The command has its result."""
        self._release()
        if failed:
            self._take_back(self._of_command)

    # ---- its connection --------------------------------------------------------------------------

    def link_moved(self, link: int, after: str) -> None:
        """A link that begins to connect is that of the command; whatever comes of it, it needs no more."""
        self._take_back(self._of_link.pop(link, []))
        if after == "CONNECTING" and self._of_command:
            self._of_link[link], self._of_command = self._of_command, []

    def assigned(self, link: int, handle: int) -> None:
        """The link has its socket, which is not connected yet."""
        for fault in self._of_link.get(link, []):
            if isinstance(fault, faults.AnswerConnects):
                self._order(replace(fault, target=faults.OneSocket(handle)))

    def _release(self) -> None:
        behind, self._behind = self._behind, ()
        for order in behind:
            self._order(order)

    def _take_back(self, met: list[NetworkFault]) -> None:
        for fault in met:
            self._order(faults.AnswerAsUsual(fault.name))
        met.clear()

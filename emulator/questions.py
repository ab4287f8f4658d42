"""What the TCP/IP toolkit asks the network and hears one answer to: names, pings, the time.

A base of :class:`~.stack.Stack`; no words here either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .effects import AskNtp, Ping, Resolve
from .events import (
    Address,
    Event,
    Failure,
    NtpAnswered,
    NtpFailed,
    PingAnswered,
    PingFailed,
    Resolved,
    ResolveFailed,
)
from .jobs import Pause, Steps, Until
from .links import Context, is_dotted_quad

if TYPE_CHECKING:
    from .module import Module

Answer = Resolved | ResolveFailed | PingAnswered | PingFailed | NtpAnswered | NtpFailed
MOST_AT_ONCE = 32
"""Stories under way in the background beside which one more name is looked up (assumed: the documents tell no
limit, and a host may ask on while no server answers)."""
Over = Callable[[], bool]
"""Whether the asker does not wait any longer."""


def _never() -> bool:
    return False


class Asked:
    """A question that is under way."""

    __slots__ = ("answer",)

    def __init__(self) -> None:
        self.answer: Answer | None = None


class Questions:
    """The questions of one module. Each is asked in steps, and forgotten with the job that asked it."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self.dns_servers: tuple[str, ...] = ()
        """Those that serve every context."""
        self._asked: dict[int, Asked] = {}
        self._serial = 0

    @property
    def question_handlers(self) -> dict[type[Event], Callable[..., None]]:
        """What hears each answer."""
        return {
            Resolved: self._heard,
            ResolveFailed: self._heard,
            PingAnswered: self._heard,
            PingFailed: self._heard,
            NtpAnswered: self._heard,
            NtpFailed: self._heard,
        }

    @property
    def may_ask(self) -> bool:
        """Whether one more name can be looked up now."""
        return len(self._module.jobs.under_way) <= MOST_AT_ONCE

    def _new_number(self) -> int:
        self._serial += 1
        return self._serial

    def _ask(
        self, effect: Resolve | Ping | AskNtp, limit: str | float, enough: Callable[[Asked], bool]
    ) -> Steps:
        """Steps: the answer when it is ``enough``; what there is, or ``None``, when ``limit`` has passed."""
        asked = self._asked[effect.query] = Asked()
        try:
            self._module.ask(effect)
            yield Until(lambda: enough(asked), limit)
        finally:
            del self._asked[effect.query]
        return asked.answer

    def _heard(self, event: Answer) -> None:
        asked = self._asked.get(event.query)
        if asked is not None:
            asked.answer = event

    # ---- names -----------------------------------------------------------------------------------

    def look_up(self, name: str, context: Context, over: Over = _never) -> Steps:
        """Steps: :class:`Resolved`, or the :class:`Failure`; an address answers for itself, with TTL 0.

        ``over`` makes it end before its time, as if nobody had answered.
        """
        if is_dotted_quad(name):
            return Resolved(0, (".".join([str(int(part)) for part in name.split(".")]),))
        yield Pause("dns")
        if over():
            return Failure.TIMED_OUT
        effect = Resolve(self._new_number(), name, self._module.dns_servers(context), context.address)
        answer = yield from self._ask(effect, "dns limit", lambda asked: asked.answer is not None or over())
        if isinstance(answer, ResolveFailed):
            return answer.failure
        return Failure.TIMED_OUT if answer is None else answer

    def resolve(self, name: str, context: Context) -> Steps:
        """Steps: the IPv4 addresses of ``name`` as a tuple, or the :class:`Failure`."""
        found = yield from self.look_up(name, context)
        return found if isinstance(found, Failure) else found.addresses

    # ---- a host's presence, the time -------------------------------------------------------------

    def ping(self, context: Context, address: str, size: int, timeout: float, over: Over = _never) -> Steps:
        """Steps: :class:`PingAnswered`, or ``None`` when ``timeout`` seconds have passed without.

        Whatever keeps the answer away (the network says that nobody is there, the request was not even
        sent), the module waits for its time: it has nothing else to go by.
        """
        effect = Ping(self._new_number(), address, size, timeout, context.address)
        answer = yield from self._ask(
            effect, timeout, lambda asked: isinstance(asked.answer, PingAnswered) or over()
        )
        return answer if isinstance(answer, PingAnswered) else None

    def ask_ntp(self, context: Context, server: Address, limit: str | float, over: Over = _never) -> Steps:
        """Steps: UTC in seconds since the Unix epoch, as it is when the steps end; or ``None``."""
        limit = self._module.seconds(limit)
        effect = AskNtp(self._new_number(), server, limit, context.address)
        answer = yield from self._ask(effect, limit, lambda asked: asked.answer is not None or over())
        return answer.utc if isinstance(answer, NtpAnswered) else None

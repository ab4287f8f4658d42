"""Services of the network behind +CUSD (USSD, 27.007 7.15): what it says unasked, and what it answers.

A network that nobody has told better knows no service (assumed).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..emulator.events import UssdAnswerChanged, UssdArrived, UssdResult
from ..emulator.jobs import Job, Pause, Steps
from ..emulator.reply import Cme, Refusal
from ..emulator.wildcards import glob
from . import gsm_text

if TYPE_CHECKING:
    from .telephony import Telephony

NO_SERVICE = UssdArrived("", UssdResult.UNSUPPORTED)
GSM_7_BIT, UCS2 = 15, 72
"""<dcs> of +CUSD (23.038 5): the default alphabet in no certain language, and UCS-2."""


@dataclass(slots=True)
class _Answer:
    told: UssdAnswerChanged
    left: int | None
    """How often still; None: for ever."""


class Services:
    """What the network answers, and what the module shows of it."""

    def __init__(self, module: Telephony) -> None:
        self._module = module
        self._answers: dict[str, _Answer] = {}
        self._waiting: Job | None = None
        self.reports = 0
        """+CUSD=<n>: whether it is shown."""
        module.handlers[UssdArrived] = self._arrived
        module.handlers[UssdAnswerChanged] = self._answer_changed

    def reset(self) -> None:
        """The module has restarted; the network has not."""
        self.reports, self._waiting = 0, None

    def require_idle(self) -> None:
        """One request at a time (assumed)."""
        if self._waiting is not None:
            raise Refusal(Cme.NOT_ALLOWED)

    def ask(self, request: str) -> None:
        """The request goes out."""
        for pattern, answer in self._answers.items():
            if glob(pattern).fullmatch(request):
                if answer.left is not None:
                    answer.left -= 1
                    if not answer.left:
                        del self._answers[pattern]
                self._waiting = self._module.start(self._answered(answer.told))
                return
        self._show(NO_SERVICE)

    def cancel(self) -> None:
        """Nothing more of what was asked is shown (+CUSD=2)."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _answered(self, told: UssdAnswerChanged) -> Steps:
        yield Pause(told.delay)
        self._waiting = None
        if not self._module.phone.reachable:
            self._show(UssdArrived("", UssdResult.TIMED_OUT))
        else:
            self._show(told.answer)

    # ---- the network -----------------------------------------------------------------------------

    def _arrived(self, event: UssdArrived) -> None:
        if self._module.power.on and self._module.phone.reachable:
            self.cancel()
            self._show(event)

    def _answer_changed(self, event: UssdAnswerChanged) -> None:
        self._answers[event.request] = _Answer(event, event.times)

    def _show(self, event: UssdArrived) -> None:
        if self.reports:
            self._module.say(f"+CUSD: {event.result}{self._words(event.text)}")

    def _words(self, text: str) -> str:
        if not text:
            return ""
        ucs2 = not gsm_text.in_alphabet(text)
        shown = gsm_text.message_to_host(text, self._module.charset, ucs2=ucs2)
        return f',"{shown}",{UCS2 if ucs2 else GSM_7_BIT}'

"""Lets a tester decide about each command, and tells how each one ended; not there unless somebody asks.

A failure made here is the module's own: it has the words of the dialect, and ends the line as any other.
"""

from __future__ import annotations

from collections.abc import Callable

from .command import Kind
from .effects import CommandEnded
from .events import PowerChanged
from .jobs import Pause, Steps, Until
from .module import Module
from .parser import Parsed
from .reply import FAILURES, ErrorCode, Refusal, Reply, ResultCode
from .tampering import Act, Gate, Incoming, Verdict

Invoke = Callable[[Parsed], Reply | Steps]

_SIGNS = {Kind.EXECUTE: "", Kind.READ: "?", Kind.TEST: "=?", Kind.WRITE: "="}


def text_of(parsed: Parsed) -> str:
    """A command as it could have been typed alone."""
    if parsed.kind is None:
        return f"AT{parsed.name}"
    sign = "" if parsed.basic else _SIGNS[parsed.kind]
    fields = ",".join(f'"{field.text}"' if field.quoted else field.text for field in parsed.fields)
    return f"AT{parsed.name}{sign}{fields}"


_FAILURES = frozenset(code.words for code in FAILURES)


def _is_failure(result: str) -> bool:
    """Whether a final result in words is one of a failure: an error, ``SEND FAIL``, ``NO CARRIER`` ..."""
    return "ERROR" in result or "FAIL" in result or result in _FAILURES


class Gatekeeper:
    """Stands in front of the handlers."""

    def __init__(self, module: Module, gate: Gate) -> None:
        self._module = module
        self._gate = gate
        self._now: Incoming | None = None
        self._over: CommandEnded | None = None

    def invoke(self, parsed: Parsed, text: str, invoke: Invoke) -> Reply | Steps:
        """Execute a command as the gate decides."""
        self.tell()
        command = self._module.dialect.commands.get(parsed.name)
        acts = command is not None and parsed.kind in (Kind.EXECUTE, Kind.WRITE)
        op = command.op if command is not None and acts else ""
        incoming = self._now = Incoming(text or text_of(parsed), op, self._module.now)
        verdict = self._gate(incoming)
        if verdict is None:
            return invoke(parsed)
        for event in verdict.events:
            self._module.handlers[type(event)](event)
        if PowerChanged(False) in verdict.events:
            return self._unanswered()
        if verdict.act is Act.PROCEED and not verdict.delay:
            return invoke(parsed)
        return self._decided(parsed, incoming, verdict, invoke)

    def _decided(self, parsed: Parsed, incoming: Incoming, verdict: Verdict, invoke: Invoke) -> Steps:
        module = self._module
        if verdict.delay:
            yield Pause(verdict.delay)
        if verdict.act is Act.HANG:
            yield Until(lambda: False)
        if verdict.act is Act.IGNORE:
            return self._unanswered()
        if verdict.act is Act.REPLY:
            module.prompt_opened()
            last = verdict.reply.decode("latin-1").strip().rpartition("\n")[2]
            self._ended(last, ok=not _is_failure(last))
            return Reply(data=verdict.reply, final=None)
        if verdict.act is Act.ERROR:
            failure = module.ordered_failure(incoming.op, verdict.result)
            if failure is not None:
                raise Refusal(failure)
        outcome = invoke(parsed)
        if isinstance(outcome, Reply):
            return outcome
        return (yield from outcome)

    def _unanswered(self) -> Reply:
        """Nothing is answered, and nothing that stands behind the command in its line is executed."""
        self._now = None
        self._module.prompt_opened()
        return Reply(final=None)

    def refused(self, code: ErrorCode | None) -> None:
        """The command failed."""
        final = self._module.error(code)
        self._ended(final.words if isinstance(final, ResultCode) else final, ok=False)

    def answered(self, reply: Reply) -> None:
        """The command has its answer."""
        final = reply.final
        if final is ResultCode.ERROR:
            self.refused(reply.code)
        elif isinstance(final, ResultCode):
            self._ended(final.words, ok=final not in FAILURES)
        else:
            self._ended(final or "", ok=not _is_failure(final or ""))

    def _ended(self, result: str, *, ok: bool) -> None:
        incoming, self._now = self._now, None
        if incoming is not None:
            self._over = CommandEnded(incoming.text, incoming.op, result, ok)

    def tell(self) -> None:
        """The answer stands on the line: now the command is over for whoever watches."""
        over, self._over = self._over, None
        if over is not None:
            self._module.ask(over)

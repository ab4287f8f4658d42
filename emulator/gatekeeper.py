"""Lets a tester decide about each command, and tells how each one ended; not there unless somebody asks.

A failure made here is the module's own: it has the words of the dialect, and ends the line as any other.
"""

from __future__ import annotations

from collections.abc import Callable

from .command import Kind
from .effects import CommandEnded
from .jobs import Pause, Steps, Until
from .module import Module
from .parser import Parsed
from .reply import ErrorCode, Refusal, Reply, ResultCode
from .tampering import Act, Gate, Incoming, Verdict

Invoke = Callable[[Parsed], Reply | Steps]

NOTHING = Reply(final=None)
_SIGNS = {Kind.EXECUTE: "", Kind.READ: "?", Kind.TEST: "=?", Kind.WRITE: "="}


def text_of(parsed: Parsed) -> str:
    """A command as it could have been typed alone."""
    if parsed.kind is None:
        return f"AT{parsed.name}"
    sign = "" if parsed.basic else _SIGNS[parsed.kind]
    fields = ",".join(f'"{field.text}"' if field.quoted else field.text for field in parsed.fields)
    return f"AT{parsed.name}{sign}{fields}"


class Gatekeeper:
    """Stands in front of the handlers."""

    def __init__(self, module: Module, gate: Gate) -> None:
        self._module = module
        self._gate = gate
        self._now: Incoming | None = None

    def invoke(self, parsed: Parsed, text: str, invoke: Invoke) -> Reply | Steps:
        """Execute a command as the gate decides."""
        command = self._module.dialect.commands.get(parsed.name)
        acts = command is not None and parsed.kind in (Kind.EXECUTE, Kind.WRITE)
        op = command.op if command is not None and acts else ""
        incoming = self._now = Incoming(text or text_of(parsed), op)
        verdict = self._gate(incoming)
        if verdict is None:
            return invoke(parsed)
        for event in verdict.events:
            self._module.handlers[type(event)](event)
        if not self._module.power.on:
            self._module.prompt_opened()
            return NOTHING
        if verdict.act is Act.PROCEED and not verdict.delay:
            return invoke(parsed)
        return self._decided(parsed, incoming, verdict, invoke)

    def _decided(self, parsed: Parsed, incoming: Incoming, verdict: Verdict, invoke: Invoke) -> Steps:
        module = self._module
        if verdict.delay:
            yield Pause(verdict.delay)
        if verdict.act is Act.HANG:
            yield Until(lambda: False)
        if verdict.act in (Act.IGNORE, Act.REPLY):
            module.prompt_opened()
            return Reply(data=verdict.reply, final=None)
        if verdict.act is Act.ERROR:
            failure = module.ordered_failure(incoming.op, verdict.result)
            if failure is not None:
                raise Refusal(failure)
        outcome = invoke(parsed)
        if isinstance(outcome, Reply):
            return outcome
        return (yield from outcome)

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
            self._ended(final.words, ok=final is not ResultCode.NO_CARRIER)
        else:
            self._ended(final or "", ok=final is None or "FAIL" not in final)

    def _ended(self, result: str, *, ok: bool) -> None:
        incoming, self._now = self._now, None
        if incoming is not None:
            self._module.ask(CommandEnded(incoming.text, incoming.op, result, ok))

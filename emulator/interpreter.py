"""Runs the commands of a line: three checks, typed arguments, the handler, the final result.

V.250 5.3 and 5.7 with the rules of common.md section 1: execution stops at the first error, whose
result is the only one; otherwise one OK ends the line.
"""

from __future__ import annotations

from types import GeneratorType

from .command import BadParameter, Command, Form, Kind
from .effects import CommandFinished
from .gatekeeper import Gatekeeper
from .jobs import Job, Steps
from .line import Mode
from .links import Link
from .module import Module
from .parser import Parsed, parse
from .reply import OK, ErrorCode, Refusal, Reply, ResultCode

_CACHED_LINES = 1024
_CACHED_LENGTH = 96
_parsed: dict[str, tuple[Parsed, ...]] = {}
"""Lines that were seen, of all modems: a thousand say the same things."""
# Python 3.11 looks an enum's member up in Python: 0.06 us each time (of 1.5 for an AT).
_OK, _ERROR, _BUSY, _COMMAND = ResultCode.OK, ResultCode.ERROR, Mode.BUSY, Mode.COMMAND
BARE = Parsed("", Kind.EXECUTE, (), True)
"""Stands in the place of a command in a line that is ``AT`` alone, for whoever decides about commands."""


def _bare(_parsed: Parsed) -> Reply:
    return OK


class Interpreter:
    """Executes command lines, one at a time."""

    __slots__ = (
        "_body",
        "_commands",
        "_enter",
        "_final",
        "_job",
        "_line",
        "_module",
        "_next",
        "_result",
        "keeper",
        "watched",
    )

    def __init__(self, module: Module) -> None:
        self._module = module
        self._commands = module.dialect.commands
        self._line: tuple[Parsed, ...] = ()
        self._body = ""
        self._next = 0
        self._final: ResultCode | None = ResultCode.OK
        self._result: ResultCode | str = ""
        self._enter: Link | None = None
        self._job: Job | None = None
        self.watched = False
        self.keeper: Gatekeeper | None = None
        """Who decides about commands, if anybody does."""
        module.prompt_opened = self._drop_rest

    def execute(self, body: str) -> None:
        """Run the line ``AT<body>``; returns when it is done or waits for something."""
        line = _parsed.get(body)
        if line is None:
            line = parse(body)
            if len(body) <= _CACHED_LENGTH:
                if len(_parsed) >= _CACHED_LINES:
                    _parsed.clear()
                _parsed[body] = line
        if not line and self.keeper is not None:
            line = (BARE,)
        self._line, self._body, self._next, self._result = line, body, 0, ""
        self._module.compound = len(line) > 1
        self._final = _OK
        if line:
            self._go_on()
        else:
            self._finish()

    def too_long(self) -> None:
        """The answer to a line that did not fit the module's buffer (SIM800 manual 1.4.4)."""
        self._line, self._body, self._next = (), "", 0
        self._end_with(None)
        self._finish()

    def reset(self) -> None:
        """Forget the running command (its job is cancelled with all others)."""
        self._job = None
        self._line = ()

    def _drop_rest(self) -> None:
        """What stands behind a command that takes payload is not executed."""
        self._next = len(self._line)

    def _go_on(self) -> None:
        # The line may be gone behind a command: one that switches the module off.
        while self._next < len(line := self._line):
            parsed = line[self._next]
            self._next += 1
            keeper = self.keeper
            try:
                if keeper is None:
                    outcome = self._invoke(parsed)
                else:
                    text = "" if len(line) > 1 else "AT" + self._body
                    outcome = keeper.invoke(parsed, text, _bare if parsed is BARE else self._invoke)
            except Refusal as refusal:
                if keeper is not None:
                    keeper.refused(refusal.code)
                self._end_with(refusal.code)
                break
            if isinstance(outcome, Reply):
                if not self._absorb(outcome):
                    break
            elif not self._run_steps(outcome):
                return
        self._finish()

    def _run_steps(self, steps: Steps) -> bool:
        """Start a handler in steps; whether it is done already, and the line goes on."""
        module = self._module
        before = module.line.mode
        module.line.mode = _BUSY
        finished: list[Reply] = []
        waiting = False

        def done(reply: Reply) -> None:
            if waiting:
                self._resumed(reply)
            else:
                finished.append(reply)

        self._job = module.jobs.start(steps, done, eager=True)
        if not finished:
            waiting = True
            return False
        self._job = None
        module.line.mode = before
        if not self._absorb(finished[0]):
            self._next = len(self._line)
        return True

    def _resumed(self, reply: Reply) -> None:
        self._job = None
        self._module.line.mode = _COMMAND
        if not self._absorb(reply):
            self._next = len(self._line)
        self._go_on()

    def _invoke(self, parsed: Parsed) -> Reply | Steps:
        module = self._module
        command = self._commands.get(parsed.name) if parsed.kind is not None else None
        if command is None:
            raise Refusal(module.dialect.unknown_command)
        if command.begins is not None:
            command.begins(module)
        form = self._form(command, parsed)
        if form is None:
            raise Refusal(self._wrong_form(command, parsed))
        if form.needs is not None and not form.needs.intersection(module.present):
            raise Refusal(form.wrong_state)
        if not form.parameters:
            if parsed.fields:
                raise Refusal(form.bad_parameter)
            outcome = form.run(module)
        else:
            try:
                values = form.arguments(parsed.fields)
            except BadParameter:
                raise Refusal(form.bad_parameter) from None
            outcome = form.run(module, *values)
        assert isinstance(outcome, (Reply, GeneratorType))
        return outcome

    def _wrong_form(self, command: Command, parsed: Parsed) -> ErrorCode | None:
        """A form of the other connection mode is no unknown command."""
        dialect = self._module.dialect
        if any(each.kind is parsed.kind for each in command.forms):
            return dialect.other_mode
        return command.wrong_form or dialect.unknown_command

    def _form(self, command: Command, parsed: Parsed) -> Form | None:
        """The form typed, in the variant that is in force."""
        for form in command.forms:
            if form.kind is parsed.kind and (form.only is None or form.only(self._module)):
                return form
        return None

    def _absorb(self, reply: Reply) -> bool:
        """Write what a command answers; whether the line goes on."""
        assert isinstance(reply, Reply)
        module = self._module
        if self.keeper is not None:
            self.keeper.answered(reply)
        if reply.info:
            module.write(module.framing.block(reply.info))
        if reply.data:
            module.write(reply.data)
        final = reply.final
        self._final = None if isinstance(final, str) else final
        if final is _ERROR:
            self._end_with(reply.code)
            if reply.after:
                self._write_final()
                self._final = None
                for lines in reply.after:
                    module.write(module.framing.block(lines))
            return False
        if reply.after:
            self._after(reply.after)
        if isinstance(final, str):
            self._result = final
            module.write(module.framing.text(final))
        elif final is not _OK and final is not None:
            self._enter = reply.enter
            return False
        return True

    def _after(self, blocks: tuple[tuple[str, ...], ...]) -> None:
        """Blocks behind the OK; in a line of several commands they take its place."""
        module = self._module
        if not module.compound:
            self._write_final()
            self._final = None
        for lines in blocks:
            module.write(module.framing.block(lines))

    def _write_final(self) -> None:
        final = self._final
        if final is not None:
            self._result = final
            self._module.write(self._module.framing.codes[final])

    def _end_with(self, code: ErrorCode | None) -> None:
        """The line fails here with what ``code`` means."""
        final = self._module.error(code)
        self._next = len(self._line)
        self._final = None
        if isinstance(final, ResultCode):
            self._final = final
            return
        self._result = final
        if not self._module.shell.quiet:
            self._module.write(self._module.framing.text(final))

    def _finish(self) -> None:
        """Write the line's final result, free the line, let out what was held."""
        module = self._module
        final = self._final
        if final is not None:  # as _write_final, for the usual end of a line
            self._result = final
            module.write(module.framing.codes[final])
        if self.keeper is not None:
            self.keeper.tell()
        if module.line_changed:
            module.tell_line()
        if self.watched:
            result = self._result
            words = result.words if isinstance(result, ResultCode) else result
            module.ask(CommandFinished("AT" + self._body, words))
        if module.line.mode is _BUSY:
            module.line.mode = _COMMAND
        if self._enter is not None:
            enter, self._enter = self._enter, None
            module.enter_data_mode(enter)
        if module.outbox.items:
            module.outbox.flush()

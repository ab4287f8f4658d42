"""Holds what a module wrote against the grammar of answers: every piece, and one final result for a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from fuzz import answer_tables as tables
from vmodem.emulator.command import Kind
from vmodem.emulator.dialect import Dialect
from vmodem.emulator.parser import Parsed, parse
from vmodem.emulator.reply import Cms, ErrorCode, ResultCode

if TYPE_CHECKING:
    from fuzz.at_session import Tally

CRLF = b"\r\n"
KEPT = 20_000
"""Answers that are remembered as right."""
CODES = {code.words: code for code in ResultCode}


class Spoken(NamedTuple):
    """One thing that the module wrote, with the line's framing then; or the end of a command line."""

    who: str
    data: bytes
    eol: bytes
    verbose: bool
    line: str = ""
    result: str = ""
    quiet: bool = False


class Ungrammatical(AssertionError):
    """The module said what has no place in the grammar."""


def _error_codes() -> Iterator[ErrorCode]:
    for kind in ErrorCode.__subclasses__():
        if kind.__module__.startswith("vmodem."):
            yield from kind


class Grammar:
    """What one dialect's modules may say."""

    def __init__(self, dialect: Dialect) -> None:
        name, identity = dialect.name, dialect.identity
        told = {
            "I": "|".join(map(re.escape, identity.product)),
            "+GMI": re.escape(identity.manufacturer),
            "+GMM": re.escape(identity.model),
            "+GMR": re.escape(identity.revision),
        }
        told |= {"+C" + each[1:]: line for each, line in told.items() if each[0] == "+"}
        self._lines = {**tables.LINES[name], **told}
        self._commands = dialect.commands
        self._said = {verbose: self._unasked(name, verbose) for verbose in (False, True)}
        self._pushed = {verbose: self._headers(name, verbose) for verbose in (False, True)}
        failures = {
            f"+CM{'S' if isinstance(code, Cms) else 'E'} ERROR: " + str(number)
            for code in _error_codes()
            for number in (code.number, code.text)
        }
        self._finals = failures | {code.words for code in ResultCode if code is not ResultCode.RING}
        self._right: set[tuple[object, ...]] = set()

    @staticmethod
    def _unasked(name: str, verbose: bool) -> re.Pattern[bytes]:
        """Whole lines; under ATV0 without the line end ahead, and codes as numbers."""
        line = "|".join(f"(?:{each})" for each in tables.SAID[name])
        text = f"\r\n(?:{line})\r\n" if verbose else f"(?:{line})\r\n|\\d\r"
        return re.compile(text.encode("latin-1"), re.DOTALL)

    @staticmethod
    def _headers(name: str, verbose: bool) -> re.Pattern[bytes]:
        start = "\r\n" if verbose else ""
        texts = [each.replace("^", start) for each in tables.PUSHED[name]]
        texts = [re.sub(r"\(\?P<(size2?)>", rf"(?P<\1_{n}>", text) for n, text in enumerate(texts)]
        return re.compile("|".join(texts).encode("latin-1"))

    # ---- checking --------------------------------------------------------------------------------

    def check(self, spoken: list[Spoken], tally: Tally) -> list[Spoken]:
        """Everything of ``spoken``; what an unfinished line said is handed back."""
        answer: list[Spoken] = []
        for each in spoken:
            if each.who == "answer":
                answer.append(each)
            elif each.who == "end":
                self._line(each, answer, tally)
                answer = []
            elif each.who == "reset":
                answer = []
            elif each.who == "payload":
                if each.data.translate(None, HIGH):
                    raise Ungrammatical(f"in data mode, but not of the peer: {each.data!r}")
            else:
                key = (each.who, each.data, each.eol, each.verbose)
                if key not in self._right:
                    self._other(each)
                    self._remember(key)
        return answer

    def _remember(self, key: tuple[object, ...]) -> None:
        if len(self._right) >= KEPT:
            self._right.clear()
        self._right.add(key)

    def _other(self, each: Spoken) -> None:
        data = plain(each)
        if each.who == "pushed":
            self._push(each, data)
        elif each.who == "entering":
            said = data.rstrip(HIGH)
            if said not in (b"\r\nCONNECT\r\n", b"1\r", b"1" + each.eol[:1], b""):
                raise Ungrammatical(f"in place of CONNECT: {data!r}")
        elif not self._said[each.verbose].fullmatch(data) and not _numeric(each):
            raise Ungrammatical(f"unasked, and no URC: {data!r}")

    def _push(self, each: Spoken, data: bytes) -> None:
        at = 0
        # What waited while its link was opened anew was framed then, before an ATV in between.
        patterns = self._pushed[each.verbose], self._pushed[not each.verbose]
        while at < len(data):
            header = next((found for pattern in patterns if (found := pattern.match(data, at))), None)
            start = at if header is None else header.end()
            sizes = {int(n) for n in header.groups() if n is not None} if header else set()
            if not sizes:
                end = start + len(data[start:]) - len(data[start:].lstrip(HIGH))
            else:
                end = start + sizes.pop()
                if sizes or data[start:end].translate(None, HIGH) or len(data) < end:
                    end = start + 2 * (end - start)  # as hexadecimal digits
                    if re.fullmatch(b"[0-9A-F]*", data[start:end]) is None or len(data) < end:
                        raise Ungrammatical(f"not so many bytes of a peer: {data[at : at + 200]!r}")
            if data[end : end + 2] == CRLF and header is not None and b"QIURC" in header[0]:
                end += 2
            if end == at:
                raise Ungrammatical(f"pushed, and no frame of data: {data[at : at + 200]!r}")
            at = end

    # ---- a command line --------------------------------------------------------------------------

    def _line(self, end: Spoken, answer: list[Spoken], tally: Tally) -> None:
        key = (
            end.line,
            end.result,
            end.quiet,
            end.eol,
            end.verbose,
            *[(a.data, a.eol, a.verbose) for a in answer],
        )
        tally.answered[end.result] = tally.answered.get(end.result, 0) + 1
        if key in self._right:
            return
        commands = parse(end.line[2:])
        try:
            self._ends_well(end, commands, answer)
        except Ungrammatical as error:
            raise Ungrammatical(f"{end.line!r}: {error}") from None
        if end.result == "OK":
            tally.succeeded |= {f"{c.name} {c.kind.value}" for c in commands if c.kind is not None}
        self._remember(key)

    def _ends_well(self, end: Spoken, commands: tuple[Parsed, ...], answer: list[Spoken]) -> None:
        names = {command.name for command in commands}
        result = end.result
        if not result:
            if not names & tables.SILENT:
                raise Ungrammatical("no final result")
        elif result not in self._finals:
            own = [tables.FINALS[name] for name in names if name in tables.FINALS]
            if not any(re.fullmatch(each, result) for each in own):
                raise Ungrammatical(f"no final result of these commands: {result!r}")
        final = self._framed(end)
        finals = [each for each in answer if each.data == final]
        others = [each for each in answer if each.data != final]
        written = bool(result) and not (end.quiet and result in self._finals)
        lines = "|".join(f"(?:{self._info(command)})" for command in commands if command.kind is not None)
        if len(commands) > 1:
            # A vendor's own final result stands in its command's place, and the line goes on behind it.
            lines = "|".join(
                [lines, *(f"(?:{tables.FINALS[name]})" for name in names if name in tables.FINALS)]
            )
            finals = finals[-1:] if result not in self._finals else finals
        if len(finals) != written:
            raise Ungrammatical(f"{len(finals)} final results {final!r} in {[a.data for a in answer]!r}")
        for each in others:
            if names & tables.PROMPTS and each.data == each.eol + b"> ":
                continue
            if names & tables.RAW and self._raw(each, lines):
                continue
            start = "\r\n" if each.verbose else ""
            pattern = re.compile(f"{start}(?:(?:{lines or '(?!)'})\r\n)+".encode("latin-1"))
            if not pattern.fullmatch(plain(each)):
                raise Ungrammatical(f"no information of these commands: {each.data!r}")

    def _info(self, command: Parsed) -> str:
        if self._commands.get(command.name) is None:
            return r"(?!)"
        if command.kind is Kind.TEST:
            return rf"{re.escape(command.name)}: {tables.FREE}"
        return self._lines.get(command.name) or tables.default(command.name)

    def _raw(self, each: Spoken, lines: str) -> bool:
        """The peer's bytes, alone or with their header, raw or as hexadecimal digits."""
        start = "\r\n" if each.verbose else ""
        head = rf"(?:{start}(?:{lines})(?:\r\n|,))?"
        pattern = f"{head}(?:{tables.PAYLOAD}|{tables.HEX})(?:\r\n)?"
        return re.fullmatch(pattern.encode("latin-1"), plain(each)) is not None

    @staticmethod
    def _framed(end: Spoken) -> bytes:
        code = CODES.get(end.result)
        if code is not None and not end.verbose:
            return b"%d" % code + end.eol[:1]
        text = end.result.encode("latin-1") + end.eol
        return end.eol + text if end.verbose else text


HIGH = bytes(range(0x80, 0x100))


def _numeric(each: Spoken) -> bool:
    return not each.verbose and re.fullmatch(rb"\d" + re.escape(each.eol[:1]), each.data) is not None


def plain(each: Spoken) -> bytes:
    """What was written as if S3 and S4 were CR and LF."""
    if each.eol == CRLF:
        return each.data
    # From the right: with S3 = S4 = CR, a text that ends with CR leaves three of them.
    return CRLF.join(each.data.rsplit(each.eol))

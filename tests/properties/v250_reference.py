"""A second, slow DCE: command lines as V.250 clause 5 tells of them, one character after the other.

It knows A, E, I, Q, T, V, X, the S-registers, +GMI and one command with strings, +CSTT, as a SIM800 has
them; every other command is an error. What it writes is what a module must write.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from properties.line_reference import LineReference
from vmodem.emulator.profile import Shell

CODES = {"OK": 0, "NO CARRIER": 3, "ERROR": 4}
DIGITS = "0123456789"
LIMITS = {3: 127, 4: 127, 5: 127}


class Wrong(Exception):
    """The command ends the line with ERROR, or what else is told (5.3.1)."""


@dataclass
class Dce(LineReference):
    """``out`` is everything that it wrote."""

    verbose: bool = True
    quiet: bool = False
    registers: dict[int, int] = field(default_factory=lambda: dict(Shell().registers))
    apn: list[str] = field(default_factory=lambda: ["CMNET", "", ""])
    started: bool = False

    # ---- 5.7: what is written --------------------------------------------------------------------

    @property
    def _eol(self) -> bytes:
        return bytes((self.registers[3], self.registers[4]))

    def _information(self, *lines: str) -> None:
        if self.verbose:
            self.out += self._eol
        for line in lines:
            self.out += line.encode("latin-1") + self._eol

    def _result(self, words: str) -> None:
        if self.quiet:
            return
        if self.verbose:
            self.out += self._eol + words.encode() + self._eol
        else:
            self.out += b"%d" % CODES[words] + bytes((self.registers[3],))

    # ---- 5.2: the line ---------------------------------------------------------------------------

    def _execute(self, body: str) -> None:
        """5.3, 5.4: commands from left to right; the first error ends the line, and one result tells all."""
        try:
            rest = self._without_blanks(body)
            while rest:
                rest = self._command(rest)
        except Wrong as wrong:
            self._result(str(wrong) or "ERROR")
        else:
            self._result("OK")
        self.s3, self.s5 = self.registers[3], self.registers[5]

    @staticmethod
    def _without_blanks(body: str) -> str:
        """5.2.1: spaces are ignored, but inside string constants. An open string spoils its own command."""
        kept, quoted = "", False
        for char in body:
            quoted ^= char == '"'
            if char != " " or quoted:
                kept += char
        return kept

    def _command(self, rest: str) -> str:
        """Execute the first command of ``rest``; what stands behind it."""
        if rest[0] == ";":
            return rest[1:]
        if rest[0] == "&" or rest[0].isalpha():
            return self._basic(rest)
        end, quoted = 0, False
        while end < len(rest) and (quoted or rest[end] != ";"):
            quoted ^= rest[end] == '"'
            end += 1
        if quoted:
            raise Wrong
        self._extended(rest[:end])
        return rest[end:]

    def _basic(self, rest: str) -> str:
        letter, at = rest[0].upper(), 1
        if letter == "&":
            raise Wrong
        number = ""
        while at < len(rest) and rest[at] in DIGITS:
            number += rest[at]
            at += 1
        value = int(number or "0")
        if letter == "S":
            return self._register(value, rest[at:])
        if letter in "AT" and not number:
            if letter == "A":
                raise Wrong("NO CARRIER")  # nobody calls
        elif letter == "X" and value <= 4:
            pass
        elif letter == "I" and value == 0:
            self._information("SIM800 R14.18")
        elif letter in "EVQ" and value <= 1:
            setattr(self, {"E": "echo", "V": "verbose", "Q": "quiet"}[letter], bool(value))
        else:
            raise Wrong
        return rest[at:]

    def _register(self, number: int, rest: str) -> str:
        """5.3.2. A register that is not there, or a value outside its range, is an error."""
        if rest[:1] == "?":
            if number not in self.registers:
                raise Wrong
            self._information(f"{self.registers[number]:03}")
            return rest[1:]
        if rest[:1] != "=":
            raise Wrong
        at = 1
        while at < len(rest) and rest[at] in DIGITS:
            at += 1
        value = int(rest[1:at] or "0")
        if number not in self.registers or value > LIMITS.get(number, 255):
            raise Wrong
        self.registers[number] = value
        return rest[at:]

    def _extended(self, command: str) -> None:
        """5.4: the name without regard to case, then nothing, ``?``, ``=?`` or ``=`` and values."""
        name, value = command, None
        for at, char in enumerate(command):
            if char in "=?":
                name, value = command[:at], command[at:]
                break
        match name.upper() if name.isascii() else name, value:
            case "+GMI", None:
                self._information("SIMCOM_Ltd")
            case "+GMI", "=?":
                pass
            case "+CSTT", None:
                self._start()
            case "+CSTT", "?":
                self._information("+CSTT: " + ",".join(f'"{text}"' for text in self.apn))
            case "+CSTT", str(given) if given[:1] == "=" and given != "=?":
                self._strings(given[1:])
            case _:
                raise Wrong

    def _start(self) -> None:
        """AT+CSTT starts the task once (S 2.1.1)."""
        if self.started:
            raise Wrong
        self.started = True

    def _strings(self, given: str) -> None:
        """5.4.2: values at commas outside strings; one left out has its default."""
        values, quoted = [""], False
        for char in given:
            quoted ^= char == '"'
            if char == "," and not quoted:
                values.append("")
            else:
                values[-1] += char
        if len(values) > len(self.apn) or not values[0]:
            raise Wrong
        apn = ["", "", ""]
        for at, text in enumerate(values):
            apn[at] = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
            if '"' in apn[at] or len(apn[at]) > 50:
                raise Wrong
        self._start()
        self.apn = apn

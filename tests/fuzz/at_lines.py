"""Command lines for a dialect: from its declarations, from real conversations, and mutations of both."""

from __future__ import annotations

import random
from collections.abc import Callable

from dialogues import DATA
from vmodem.emulator.command import Choice, Form, Int, Ipv4, Kind, Parameter, Text, Word
from vmodem.emulator.dialect import Dialect

FAMILIES = {"sim800": "sim800", "quectel_mxx": "mxx", "bg96": "bg96"}
"""How the transcripts of a dialect begin."""
TEXTS = [
    "TCP",
    "UDP",
    "10.0.0.9",
    "name",
    "+491",
    "1.2.3.4",
    "IP",
    "SM",
    "",
    "0000",
    "12345678",
    "ALL",
    "x" * 256,
]
TEXTS += [
    "\xdf\xff",
    "REC UNREAD",
    "PAP",
    "7000",
    "26/11/26,12:00:00+08",
    "*100#",
    "UCS2",
    "SC",
    "a,b",
    "a;b",
]
NUMBERS = ["0", "1", "2", "3", "5", "11", "255", "256", "1460", "1500", "7000", "9000", "65535", "65536"]
NUMBERS += ["4294967295", "4294967296", "99999999999", "-1", "00", "1.5", "0x1", "\xb2"]
PIECES = [
    ";",
    '"',
    ",",
    "=",
    "?",
    " ",
    "+",
    "AT",
    "A/",
    "&",
    "S",
    "\x08",
    "\x00",
    "\x7f",
    "\xff",
    "\n",
    "\t",
    "=?",
    ',"',
    "()",
]
STORIES: dict[str, list[str]] = {
    "sim800": [
        'ATZ|+CIPSHUT|+CIPMUX=0|+CIPMODE=0|+CSTT|+CIICR|+CIFSR|+CIPSTART="TCP","10.0.0.9",7000|~|+CIPSEND|>|@|~|+CIPSEND=5|>',
        '+CIPSHUT|+CIPMUX=1|+CSTT|+CIICR|+CIFSR|+CIPSTART=1,"TCP","10.0.0.9",7000|~|+CIPSEND=1|>|@|~|+CIPSTATUS',
        '+CIPSHUT|+CIPMUX=1|+CIPRXGET=1|+CSTT|+CIICR|+CIFSR|+CIPSTART=1,"TCP","10.0.0.9",7000|~|@|~|+CIPRXGET=2,1,100',
        '+CIPSHUT|+CIPMUX=0|+CIPMODE=1|+CIPCCFG=5,2,1024,1|+CSTT|+CIICR|+CIFSR|+CIPSTART="TCP","10.0.0.9",7000|~|>|@|~|+',
        "+CIPSHUT|+CIPMUX=1|+CSTT|+CIICR|+CIFSR|+CIPSERVER=1,8000|~|!|~|+CIPSTATUS|@|~|+CIPCLOSE=0",
        '+CIPSHUT|+CIPMUX=0|+CIPMODE=0|+CIPRXGET=0|+CSTT|+CIICR|+CIFSR|+CIPSTART="UDP","10.0.0.9",9000|~|+CIPSEND|>|$|~',
        '+CMGF=1|+CMGS="+491"|>|+CMGW="+491"|>|+CMGL="ALL"|+CMGR=1|+CMGD=1',
    ],
    "quectel_mxx": [
        'ATZ|+QIDEACT|+QIMUX=0|+QIMODE=0|+QIREGAPP|+QIACT|+QILOCIP|+QIOPEN="TCP","10.0.0.9",7000|~|+QISEND|>|@|~|+QISEND=5|>',
        '+QIDEACT|+QIMUX=1|+QIREGAPP|+QIACT|+QILOCIP|+QIOPEN=1,"TCP","10.0.0.9",7000|~|+QISEND=1|>|@|~|+QISTATE',
        '+QIDEACT|+QINDI=1|+QIMUX=1|+QIREGAPP|+QIACT|+QIOPEN=1,"TCP","10.0.0.9",7000|~|@|~|+QIRD=0,1,1,1500',
        '+QIDEACT|+QIMUX=0|+QIMODE=1|+QIREGAPP|+QIACT|+QIOPEN="TCP","10.0.0.9",7000|~|>|@|~|+',
        '+QIDEACT|+QIMUX=1|+QILPORT="TCP",8000|+QIREGAPP|+QIACT|+QISERVER|~|!|~|+QISTATE|@|~|+QICLOSE=0',
        '+QIDEACT|+QIMUX=0|+QIMODE=0|+QIREGAPP|+QIACT|+QIOPEN="UDP","10.0.0.9",9000|~|+QISEND|>|$|~',
        '+CMGF=1|+CMGS="+491"|>|+CMGW="+491"|>|+CMGL="ALL"|+CMGR=1|+CMGD=1',
    ],
    "bg96": [
        '+QIDEACT=1|+QICSGP=1,1,"x"|+QIACT=1|+QIOPEN=1,0,"TCP","10.0.0.9",7000,0,0|~|+QISEND=0|>|@|~|+QIRD=0,1500',
        '+QIDEACT=1|+QICSGP=1,1,"x"|+QIACT=1|+QIOPEN=1,1,"TCP","10.0.0.9",7000,0,1|~|+QISEND=1,5|>|@|~',
        '+QIDEACT=1|+QICSGP=1,1,"x"|+QIACT=1|+QIOPEN=1,2,"TCP","10.0.0.9",7000,0,2|~|>|@|~|+|O|~|>|+',
        '+QIDEACT=1|+QICSGP=1,1,"x"|+QIACT=1|+QIOPEN=1,3,"UDP","10.0.0.9",9000|~|+QISEND=3|>|$|~|+QIRD=3',
        '+QIDEACT=1|+QICSGP=1,1,"x"|+QIACT=1|+QIOPEN=1,4,"TCP LISTENER","127.0.0.1",0,8000,1'
        "|~|!|~|@|~|+QISTATE?|+QICLOSE=4",
        '+QIDEACT=1|+QICSGP=1,1,"x"|+QIACT=1|+QPING=1,"10.0.0.9"|~|+QNTP=1,"10.0.0.9",123|~|+QIDNSGIP=1,"name"|~',
        '+CMGF=1|+CMGS="+491"|>|+CMGW="+491"|>|+CMGL="ALL"|+CMGR=1|+CMGD=1',
    ],
}
"""Dialogues that lead somewhere, one step after the other: ``>`` payload, ``~`` time, ``@`` a peer sends,
``$`` a UDP peer sends, ``!`` a client connects, ``+`` the escape; everything else is a line.
"""
LONGEST = 4096
AWAY = ("+CPOWD", "+QPOWD")
"""Commands that switch the module off: tried, but rarely."""
LETTERS = [
    "E0",
    "E1",
    "V1",
    "V1",
    "V0",
    "Q0",
    "Q0",
    "Q1",
    "X4",
    "Z",
    "&F",
    "&W",
    "&V",
    "I",
    "H",
    "O",
    "A",
    "S3?",
]
LETTERS += [
    "S0=1",
    "S3=13",
    "S4=10",
    "S4=13",
    "S5=8",
    "S3=30",
    "S5=127",
    "D123;",
    "D*99#",
    "D123",
    "&C1",
    "&D1",
    "&D2",
]


def recorded(dialect: Dialect) -> list[str]:
    """What the hosts of the documents' worked examples type."""
    lines = set()
    for path in sorted(DATA.glob(f"{FAMILIES[dialect.name]}_*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("> AT"):
                lines.add(line[4:].replace("116.228.221.51", "10.0.0.9"))
    return sorted(lines)


class Lines:
    """A source of command lines (without AT and CR) for one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.forms = [(each, form) for each in dialect.commands for form in each.forms]
        self.usual = recorded(dialect)
        self.away = [pair for pair in self.forms if pair[0].name in AWAY]
        self.near = [pair for pair in self.forms if pair[0].name not in AWAY]
        self.up = sorted(
            {word for story in STORIES[dialect.name] for word in story.split("|") if len(word) > 2}
        )

    def line(self, r: random.Random) -> str:
        """One line."""
        what = r.random()
        if what < 0.15:
            return r.choice(self.up).removeprefix("AT")
        if what < 0.25:
            text = r.choice(self.usual)
        elif what < 0.33:
            text = "".join(r.choice(LETTERS) for _ in range(r.choice((1, 1, 1, 2, 3))))
        else:
            text = self.declared(r)
        what = r.random()
        if what < 0.08:
            text += ";" + self.line(r)
        if what > 0.75:
            for _ in range(r.choice((1, 1, 1, 2, 5))):
                text = r.choice(MUTATIONS)(r, text, self)[:LONGEST]
        return text

    def declared(self, r: random.Random) -> str:
        """A command of the dialect, most often with parameters that fit its declaration."""
        pairs = self.away if self.away and r.random() < 0.001 else self.near
        command, form = pairs[int(r.random() * len(pairs))]
        name = command.name
        if form.kind is Kind.EXECUTE:
            return name
        if form.kind is Kind.READ:
            return name + (r.choice(NUMBERS) if form.parameters else "") + "?"
        if form.kind is Kind.TEST:
            return name + "=?"
        fields = self.fields(r, form)
        if name[0] != "+":
            return name + ("=" if name == "S" else "").join(fields[:2])
        return f"{name}={','.join(fields)}"

    def fields(self, r: random.Random, form: Form) -> list[str]:
        """Parameters as declared: inside and at the edges of their bounds, sometimes outside."""
        fields = [self._value(r, parameter) for parameter in form.parameters]
        while fields and r.random() < 0.15:
            fields.pop()
        if r.random() < 0.03:
            fields.append(r.choice(NUMBERS))
        return fields

    def _value(self, r: random.Random, parameter: Parameter) -> str:
        what = r.random()
        if what < 0.08:
            return r.choice(NUMBERS) if what < 0.04 else f'"{r.choice(TEXTS)}"'
        if isinstance(parameter, Int):
            low, high = parameter.low, parameter.high
            near = min(high, low + 8)
            return str(
                r.choice((low, high, low - 1, high + 1, near, low + int(r.random() * (near - low + 1))))
            )
        if isinstance(parameter, Choice):
            return str(r.choice(parameter.values))
        if isinstance(parameter, Word):
            word = r.choice(parameter.words)
            return f'"{word}"' if r.random() < 0.8 else word.lower()
        if isinstance(parameter, Ipv4):
            return '"10.0.0.9"'
        if isinstance(parameter, Text):
            return f'"{r.choice(TEXTS)}"'
        return r.choice(NUMBERS)


def _cut(r: random.Random, text: str, _lines: Lines) -> str:
    at = int(r.random() * (len(text) + 1))
    return text[:at] + text[at + int(r.random() * 4) :]


def _insert(r: random.Random, text: str, _lines: Lines) -> str:
    at = int(r.random() * (len(text) + 1))
    return text[:at] + r.choice(PIECES) + text[at:]


def _byte(r: random.Random, text: str, _lines: Lines) -> str:
    at = int(r.random() * (len(text) + 1))
    return text[:at] + chr(int(r.random() * 256)) + text[at + 1 :]


def _splice(r: random.Random, text: str, lines: Lines) -> str:
    other = lines.declared(r)
    return text[: int(r.random() * (len(text) + 1))] + other[int(r.random() * (len(other) + 1)) :]


def _case(r: random.Random, text: str, _lines: Lines) -> str:
    return text.swapcase() if text.isascii() else text.lower()


def _twice(r: random.Random, text: str, _lines: Lines) -> str:
    at = int(r.random() * (len(text) + 1))
    return text[:at] * r.choice((2, 2, 3, 40)) + text[at:]


def _number(r: random.Random, text: str, _lines: Lines) -> str:
    digits = [i for i, char in enumerate(text) if char.isdigit()]
    if not digits:
        return text
    at = r.choice(digits)
    return text[:at] + r.choice(NUMBERS) + text[at + 1 :]


MUTATIONS: list[Callable[[random.Random, str, Lines], str]] = [
    _cut,
    _insert,
    _insert,
    _byte,
    _splice,
    _case,
    _twice,
    _number,
    _number,
]

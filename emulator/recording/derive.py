"""What a recording tells of the module that spoke: its numbers, its addresses, its card, what names lead to.

With these the emulator says the same, so that a comparison shows what it does otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..world import START
from .format import HostWrites, Silence, Transcript, of_module
from .tokens import tokens

_BY_COMMAND: dict[str, tuple[re.Pattern[str], re.Pattern[str]]] = {
    "imei": (re.compile(r"\+C?GSN\b(?!=\?)", re.I), re.compile(r"(?:\+GSN: ?)?\"?(\d{15})\"?")),
    "imsi": (re.compile(r"\+CIMI\b(?!=\?)", re.I), re.compile(r"(?:\+CIMI: ?)?(\d{15})")),
    "iccid": (re.compile(r"\+Q?I?CCID\b(?!=\?)", re.I), re.compile(r"(?:\+Q?CCID: ?)?\"?(\d{18,20})F?\"?")),
}
_ADDRESS = re.compile(r"(\d+\.\d+\.\d+\.\d+)")
_ASKS_ADDRESS = re.compile(r"\+(?:CIFSR|QILOCIP)\b", re.I)
_CONTEXT = re.compile(r'\+(?:QIACT: \d,\d,\d|CGPADDR: ?\d+),"?(\d+\.\d+\.\d+\.\d+)"?')
_OWN = re.compile(r'\+QISTATE: \d+,"(?:TCP LISTENER|UDP SERVICE)","(\d+\.\d+\.\d+\.\d+)"')
_SIGNAL = re.compile(r"\+CSQ: ?(\d+),(\d+)")
_NUMBER = re.compile(r'\+CNUM: ?"[^"]*","(\+?\d+)"')
_CLOCK = re.compile(r'\+CCLK: ?"(\d\d/\d\d/\d\d,\d\d:\d\d:\d\d)([+-]\d\d)"')
_CELL = re.compile(r'\+CREG: ?(?:\d,)?\d,"?([0-9A-F]{4})"?,"?([0-9A-F]{4,8})"?(?:,|$)', re.I)
_OPERATOR = re.compile(r'\+COPS: ?\d,0,"([^"]+)"')
_PORT = re.compile(r'\+QISTATE: .*,"(\w+)"')
_ENTERS_PIN = re.compile(r'\+CPIN="?(\d{4,8})"?', re.I)
_NAMED = re.compile(r'\+CDNSGIP: ?1,"([^"]+)",(.*)')
_QUOTED_ADDRESS = re.compile(r'"(\d+\.\d+\.\d+\.\d+)"')
_ASKS_NAME = re.compile(r'\+QIDNSGIP=(?:\d+,)?"([^"]+)"', re.I)
_FOUND = re.compile(r'(?:\+QIURC: "dnsgip",")?(\d+\.\d+\.\d+\.\d+)"?')


@dataclass(slots=True)
class Derived:
    """What is known."""

    options: dict[str, Any] = field(default_factory=dict)
    """Of :class:`~..dialect.Options`."""
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    echo: bool = True
    """Whether the module echoed when the recording began."""


def derived(transcript: Transcript) -> Derived:
    """Everything that ``transcript`` tells."""
    found = Derived(echo=_echoes(transcript))
    header = transcript.header
    addresses: list[str] = []
    seconds, command = 0.0, ""
    for kind, text in _spoken(transcript):
        if kind == "~":
            seconds += float(text)
        elif kind == ">":
            command = text
            if (pin := _ENTERS_PIN.search(text)) and found.options.get("pin") == "":
                found.options["pin"] = pin[1]
        else:
            _learn(found, addresses, command, text, seconds)
    if not found.options.get("pin"):
        found.options.pop("pin", None)
    given = sorted(header.local_ips.items(), key=lambda item: item[0] or 0)
    if given or addresses:
        found.options["local_ips"] = tuple(address for _, address in given) or tuple(addresses)
    if header.csq:
        found.options["rssi"], found.options["ber"] = header.csq
    if header.at_port:
        found.options["port_name"] = header.at_port
    found.names.update({name.name: name.addresses for name in header.names if name.addresses})
    return found


def _learn(found: Derived, addresses: list[str], command: str, text: str, seconds: float) -> None:
    options = found.options
    for name, (asks, answer) in _BY_COMMAND.items():
        if asks.search(command) and (value := answer.fullmatch(text)):
            options.setdefault(name, value[1])
    value = _CONTEXT.fullmatch(text) or _OWN.match(text)
    if not value and _ASKS_ADDRESS.search(command):
        value = _ADDRESS.fullmatch(text)
    if value and value[1] not in addresses:
        addresses.append(value[1])
    if value := _SIGNAL.fullmatch(text):
        options.setdefault("rssi", int(value[1]))
        options.setdefault("ber", int(value[2]))
    if value := _NUMBER.match(text):
        options.setdefault("number", value[1])
    if value := _CELL.match(text):
        options.setdefault("lac", int(value[1], 16))
        options.setdefault("ci", int(value[2], 16))
    if value := _OPERATOR.match(text):
        options.setdefault("operator", value[1])
    if value := _PORT.fullmatch(text):
        options.setdefault("port_name", value[1])
    if text == "+CPIN: SIM PIN":
        options.setdefault("pin", "")
    if value := _NAMED.match(text):
        found.names.setdefault(value[1], tuple(_QUOTED_ADDRESS.findall(value[2])))
    if (asked := _ASKS_NAME.search(command)) and (value := _FOUND.fullmatch(text)):
        known = found.names.get(asked[1], ())
        found.names[asked[1]] = known if value[1] in known else (*known, value[1])
    if (value := _CLOCK.fullmatch(text)) and "wall" not in options:
        _set_clock(options, value, seconds)


def _set_clock(options: dict[str, Any], value: re.Match[str], seconds: float) -> None:
    try:
        local = datetime.strptime(value[1], "%y/%m/%d,%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:  # a module that has no time yet
        return
    options["zone"] = int(value[2])
    options["wall"] = local.timestamp() - 900 * options["zone"] - seconds - START


def _spoken(transcript: Transcript) -> Iterator[tuple[str, str]]:
    """What is said, in lines: ``>`` a command, ``<`` of the module, ``~`` time that passes."""
    said, typed = b"", b""
    for step in transcript.steps:
        if isinstance(step, HostWrites):
            yield from _lines(said)
            said = b""
            typed += step.data
            while b"\r" in typed:
                line, _, typed = typed.partition(b"\r")
                yield ">", line.decode("latin-1").strip()
        elif isinstance(step, Silence):
            yield "~", str(step.seconds)
        said += of_module(step)
    yield from _lines(said)


def _lines(said: bytes) -> Iterator[tuple[str, str]]:
    for token in tokens(said):
        text = token.data.decode("latin-1").strip("\r\n")
        if text:
            yield "<", text


def _echoes(transcript: Transcript) -> bool:
    """Whether the first command came back."""
    if not transcript.header.recorded:
        return transcript.header.echo
    typed = heard = b""
    for step in transcript.steps:
        if isinstance(step, HostWrites) and b"\r" not in typed:
            typed += step.data
        elif typed:
            heard += of_module(step)
            if len(heard) >= len(typed):
                break
    command = typed[: typed.find(b"\r") + 1]
    return not command or command in heard

"""What a director is told, in one form; and whether it is what a trigger or an expectation speaks of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from msgspec import UNSET

from ..fact import fact
from ..wildcards import glob
from . import values
from .model import Occurrence, Trigger
from .parts import AnyLink
from .vocabulary import same_machine, unnumbered, words


class Kind(Enum):
    """The kinds of happenings; the value is the key of :class:`~.model.Occurrence`."""

    # Python 3.11 makes an enum's hash in Python, and each happening is looked up by its kind.
    __hash__ = object.__hash__

    COMMAND = "command"
    OP = "op"
    STATE = "state"
    BYTES = "bytes"
    SOCKET = "socket"
    LINE = "line"
    CLIENT = "client"
    URC = "urc"
    RULE = "rule"
    MARK = "mark"
    EXTERNAL = "external"
    OVERRUN = "overrun"


@fact
class Happening:
    """One thing that happened; a machine that goes nowhere is told of as one begins to watch."""

    kind: Kind
    text: str = ""
    """The command line as typed, the URC, the name of rule, mark or signal, the operation, the event."""
    phase: str = ""
    machine: str = ""
    before: str = ""
    after: str = ""
    link: int | None = None
    total: int = 0
    """Bytes of this direction (``text``) so far, on this link; ``everywhere`` on all."""
    everywhere: int = 0
    added: int = 0


@dataclass(slots=True)
class States:
    """Where every machine stands: where it moved last, or where it begins."""

    beginnings: Mapping[str, str]
    known: dict[str, str] = field(default_factory=dict)

    def hold(self, wanted: Mapping[str, str]) -> bool:
        """Whether each machine named is in its state (one of them, where several are meant)."""
        return all(words(state) in map(words, self._now(machine)) for machine, state in wanted.items())

    def _now(self, machine: str) -> list[str]:
        moved = [state for name, state in self.known.items() if same_machine(machine, name)]
        return moved or [self.beginnings.get(unnumbered(machine), "")]


def _same_link(wanted: AnyLink, link: int | None) -> bool:
    return wanted == "any" or wanted == link


def _entered(wanted: Mapping[str, str], machine: str, state: str) -> bool:
    return any(same_machine(name, machine) and words(value) == words(state) for name, value in wanted.items())


def kinds(what: Occurrence) -> set[Kind]:
    """What kinds of happenings can be what ``what`` speaks of."""
    found = {kind for kind in Kind if getattr(what, kind.value) is not UNSET}
    return found if what.left is UNSET else found | {Kind.STATE}


def matches(what: Occurrence, it: Happening) -> bool:
    """Whether ``it`` is what ``what`` speaks of."""
    match it.kind:
        case Kind.COMMAND:
            return what.command is not UNSET and _phase(what) == it.phase and _is(what.command, it.text)
        case Kind.OP:
            return what.op is not UNSET and _phase(what) == it.phase and what.op == it.text
        case Kind.STATE:
            if it.before == it.after:
                return False
            entered = what.state is not UNSET and _entered(what.state, it.machine, it.after)
            return entered or (what.left is not UNSET and _entered(what.left, it.machine, it.before))
        case Kind.BYTES:
            return _bytes(what, it)
        case Kind.SOCKET:
            seen = what.socket
            return seen is not UNSET and seen.event == it.text and _same_link(seen.link, it.link)
        case Kind.LINE:
            if what.line is UNSET:
                return False
            return bool(getattr(what.line, it.text.lower(), UNSET) == it.after)
        case Kind.CLIENT:
            return what.client == it.text
        case Kind.URC:
            return what.urc is not UNSET and _is(what.urc, it.text)
        case Kind.RULE | Kind.MARK | Kind.EXTERNAL | Kind.OVERRUN:
            return bool(getattr(what, it.kind.value) == it.text)


def triggers(when: Trigger, it: Happening) -> bool:
    """Whether ``it`` sets off a rule with this trigger."""
    if when.any is not UNSET:
        return any(matches(each, it) for each in when.any)
    return matches(when, it)


def _is(pattern: str, text: str) -> bool:
    return glob(pattern).fullmatch(text) is not None


def _phase(what: Occurrence) -> str:
    return "received" if what.phase is UNSET else what.phase


def _bytes(what: Occurrence, it: Happening) -> bool:
    """The count is passed with this piece."""
    seen = what.bytes
    if seen is UNSET or seen.direction != it.text or not _same_link(seen.link, it.link):
        return False
    total = it.everywhere if seen.link == "any" else it.total
    return total - it.added < values.size(seen.count) <= total

"""Which machines and states a scenario can name: a dialect's own, and those that every module has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..dialect import Dialect

ALIASES = {"pdp": "context", "server": "listener"}
IP = "ip"
IP_MACHINES = re.compile(r"(?:single connection|multi connection|multiple connections)(?: \d+)?")
"""What ``ip`` means: the state that the family's own documents call the TCP/IP state."""


@cache
def everywhere() -> Mapping[str, type[Enum]]:
    """The machines that every module has; the first state of each is the one that it begins in.

    A function, because a file that speaks of no state is checked without loading them.
    """
    from ..phone import CallState
    from ..radio import SimState
    from ..states import ContextState, LinkState, PowerState, RegistrationState, ServerState

    return {
        "link": LinkState,
        "listener": ServerState,
        "context": ContextState,
        "call": CallState,
        "registration": RegistrationState,
        "sim": SimState,
        "power": PowerState,
    }


def words(state: str) -> str:
    """States are compared without regard to case; ``_`` stands for a space."""
    return state.upper().replace("_", " ")


def canonical(machine: str) -> str:
    """The name that a machine has where it is told of; with its number, if one is meant."""
    name, _, number = machine.lower().partition(" ")
    return " ".join(filter(None, (ALIASES.get(name, name), number)))


def unnumbered(machine: str) -> str:
    """The name that it has in :func:`machines_of`."""
    return re.sub(r" \d+$", "", canonical(machine))


def same_machine(wanted: str, machine: str) -> bool:
    """``link`` is any link, ``link 2`` that one; ``ip`` the family's own state."""
    wanted = canonical(wanted)
    if wanted == IP:
        return IP_MACHINES.fullmatch(machine) is not None
    return machine == wanted or re.fullmatch(rf"{re.escape(wanted)} \d+", machine) is not None


def machines_of(dialects: Iterable[Dialect]) -> dict[str, tuple[str, ...]]:
    """The states of each machine, the one it begins in first; ``ip`` has those of all that it may mean."""
    found = {name: tuple(str(state.value) for state in states) for name, states in everywhere().items()}
    for dialect in dialects:
        for machine in dialect.machines:
            states = tuple(str(state.value) for state in type(machine.initial))
            for name in (machine.name, IP) if IP_MACHINES.fullmatch(machine.name) else (machine.name,):
                found[name] = tuple(dict.fromkeys((*found.get(name, ()), *states)))
    return found


def beginnings(dialect: Dialect | None) -> dict[str, str]:
    """The state in which each machine begins (None: of those that every module has)."""
    known = machines_of([] if dialect is None else [dialect])
    return {name: states[0] for name, states in known.items()}


def wrong(machine: str, state: str, known: Mapping[str, tuple[str, ...]]) -> str:
    """Why there is no such state; nothing if there is one."""
    name = unnumbered(machine)
    if name not in known:
        return f"no state machine is called {machine!r}{_hint(name, known)}; one of {', '.join(known)}"
    states = known[name]
    if words(state) not in map(words, states):
        listed = ", ".join(states)
        return f"{state!r} is no state of {machine}{_hint(state.upper(), states)}; one of {listed}"
    return ""


def _hint(word: str, known: Iterable[str]) -> str:
    close = get_close_matches(word, list(known), 1)
    return f" (did you mean {close[0]!r}?)" if close else ""

"""State machines as tables: the rows are the behaviour, the documentation and the diagram.

A row is ``On(state, trigger, next)``. A table is checked when it is made: contradicting rows and
states that nothing reaches are refused. There are no callbacks; what a transition causes is said by
whoever fired the trigger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

S = TypeVar("S", bound=Enum)


class TableError(ValueError):
    """A machine's rows contradict each other or leave a state unreachable (the author's mistake)."""


class NoTransition(RuntimeError):
    """A trigger was fired that the present state has no row for (our mistake)."""


@dataclass(frozen=True, slots=True)
class On(Generic[S]):
    """In ``state`` the trigger leads to ``next`` (which may be ``state`` itself)."""

    state: S
    trigger: Enum
    next: S
    cite: str = ""


def rows(states: Iterable[S], trigger: Enum, next_state: S | None, cite: str = "") -> list[On[S]]:
    """The same row for several states; ``None`` as next state means: stays where it is.

    In the order of the enumeration, so that a set of states gives the same table every time.
    """
    chosen = set(states)
    ordered = [state for state in type(next(iter(chosen))) if state in chosen]
    return [On(state, trigger, state if next_state is None else next_state, cite) for state in ordered]


class Machine(Generic[S]):
    """A checked table; immutable, shared by all modules. :class:`Position` is one module's place in it."""

    def __init__(self, name: str, initial: S, *table: On[S] | list[On[S]]) -> None:
        """Raises :class:`TableError` naming the row or state at fault."""
        self.name = name
        self.initial = initial
        self.rows: tuple[On[S], ...] = tuple(
            row for part in table for row in (part if isinstance(part, list) else [part])
        )
        self._next: dict[tuple[S, Enum], S] = {}
        for row in self.rows:
            known = self._next.get((row.state, row.trigger))
            if known is not None:
                raise TableError(
                    f"{name}: {row.state.value} on {row.trigger.value} leads to both "
                    f"{known.value} and {row.next.value}"
                )
            self._next[row.state, row.trigger] = row.next
        self._check_reachable()

    def _check_reachable(self) -> None:
        reached = {self.initial}
        todo = [self.initial]
        while todo:
            state = todo.pop()
            for row in self.rows:
                if row.state is state and row.next not in reached:
                    reached.add(row.next)
                    todo.append(row.next)
        lost = [state.value for state in type(self.initial) if state not in reached]
        if lost:
            raise TableError(f"{self.name}: nothing leads to {', '.join(map(str, lost))}")

    def next(self, state: S, trigger: Enum) -> S | None:
        """The state that ``trigger`` leads to, or ``None`` where there is no row."""
        return self._next.get((state, trigger))

    def triggers(self, state: S) -> list[Enum]:
        """The triggers that ``state`` has rows for."""
        return [row.trigger for row in self.rows if row.state is state]

    def mermaid(self) -> str:
        """The diagram of the table, as a Mermaid state diagram."""
        names = {state: f"s{i}" for i, state in enumerate(type(self.initial))}
        lines = ["stateDiagram-v2"]
        lines += [f'    state "{state.value}" as {name}' for state, name in names.items()]
        lines.append(f"    [*] --> {names[self.initial]}")
        merged: dict[tuple[S, S], list[str]] = {}
        for row in self.rows:
            merged.setdefault((row.state, row.next), []).append(str(row.trigger.value))
        lines += [f"    {names[a]} --> {names[b]}: {' / '.join(labels)}" for (a, b), labels in merged.items()]
        return "\n".join(lines) + "\n"


class Position(Generic[S]):
    """One module's place in a machine."""

    __slots__ = ("_watch", "machine", "state")

    def __init__(self, machine: Machine[S], watch: Callable[[str, S, S], None]) -> None:
        """``watch(machine name, before, after)`` is told of every change."""
        self.machine = machine
        self.state: S = machine.initial
        self._watch = watch

    def fire(self, trigger: Enum) -> None:
        """Follow the row; raises :class:`NoTransition` where there is none."""
        after = self.machine.next(self.state, trigger)
        if after is None:
            raise NoTransition(f"{self.machine.name}: {self.state.value} has no row for {trigger.value}")
        if after is not self.state:
            before, self.state = self.state, after
            self._watch(self.machine.name, before, after)

"""A module that nobody has touched yet: it is made when something happens to it, as if it had been there.

An engine at rest holds some thirty KiB, an untouched module a few hundred bytes; of thousands that are
offered, most are never opened.
"""

from __future__ import annotations

from collections.abc import Iterable

from .dialect import Dialect, Options
from .engine import Modem


class LateModem:
    """Stands for a :class:`Modem` that is switched on, and whose output goes to nobody yet."""

    __slots__ = ("_begun", "_dialect", "_options", "addresses")

    def __init__(self, dialect: Dialect, options: Options, now: float, addresses: tuple[str, ...]) -> None:
        """On since ``now``; ``addresses``: what the network will give to its PDP contexts."""
        self._dialect, self._options, self._begun = dialect, options, now
        self.addresses = addresses

    @property
    def powered(self) -> bool:
        """Whether it is switched on."""
        return self._options.powered

    def make(self, now: float) -> Modem:
        """The module as it is at ``now``: what it did until then happened when it was due."""
        modem = Modem(self._dialect, self._options, self._begun)
        while (deadline := modem.next_deadline()) is not None and deadline <= now:
            modem.handle_timer(deadline)
        return modem


def late_modems(dialect: Dialect, several: Iterable[Options], now: float) -> list[LateModem]:
    """One module for each of the options. Raises what making a module of this dialect raises."""
    trial: Modem | None = None
    modems = []
    for options in several:
        if trial is None:
            trial = Modem(dialect, options, now)
        modems.append(LateModem(dialect, options, now, trial.addresses_with(options)))
    return modems

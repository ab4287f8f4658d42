"""Registration with the mobile network: searching, found, lost, and the URCs that tell of it.

27.007 7.2 and 10.1.20: +CREG, +CGREG (and +CEREG where a module has it) have one shape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .events import RegistrationChanged, SignalChanged
from .jobs import Timer
from .radio import SEARCHING, SimState
from .states import RegistrationState

if TYPE_CHECKING:
    from .module import Module

Said = tuple[int, int, int]

STATES = tuple(RegistrationState)
"""By <stat>."""
REGISTERED = (1, 5)
"""<stat> at home and roaming: there is a cell to tell of."""


class Registration:
    """Where the module stands with the network; ``Network`` holds the facts."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._timer: Timer | None = None
        self._known: dict[str, Said] = {}
        self.state = RegistrationState.NOT_SEARCHING
        module.handlers[RegistrationChanged] = self._changed
        module.handlers[SignalChanged] = self._signal_changed

    # ---- what the module does --------------------------------------------------------------------

    @property
    def allowed(self) -> bool:
        """Whether the module may search: radio on, card ready, not told to stay away (+COPS=2)."""
        network = self._module.network
        ready = self._module.sim.state is SimState.READY
        return network.functionality == 1 and ready and network.selection != 2

    @property
    def searching(self) -> bool:
        """Whether a search is under way."""
        return self._timer is not None

    def search(self, duration: str | float) -> None:
        """Look for the network; after ``duration`` (a name, or seconds) the module has what it offers."""
        self._stop()
        if self.allowed:
            self._module.network.stat = SEARCHING
            self.tell()
            self._timer = self._module.after(duration, self._found)

    def at_once(self) -> None:
        """Registered without a search: a module that was already on when the story begins."""
        network = self._module.network
        network.stat = self._module.offered_registration() if self.allowed else 0
        self.learn()

    def reset(self) -> None:
        """The module lost its power: no search goes on, and nothing is said."""
        self._stop()
        self._module.network.stat = 0
        self._stands()

    def leave(self) -> None:
        """Off the network, and not searching."""
        self._stop()
        self._module.network.stat = 0
        self.tell()

    def _found(self) -> None:
        self._timer = None
        network = self._module.network
        network.stat = self._module.offered_registration() if self.allowed else 0
        self.tell()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # ---- what the network does -------------------------------------------------------------------

    def _changed(self, event: RegistrationChanged) -> None:
        network = self._module.network
        network.offers = event.stat
        network.lac = network.lac if event.lac is None else event.lac
        network.ci = network.ci if event.ci is None else event.ci
        if self.allowed and self._timer is None:
            network.stat = self._module.offered_registration()
            self.tell()

    def _signal_changed(self, event: SignalChanged) -> None:
        self._module.network.rssi, self._module.network.ber = event.rssi, event.ber

    # ---- what the host hears ---------------------------------------------------------------------

    def _now(self, name: str) -> Said:
        network = self._module.network
        return self._module.registration_status(name), network.lac, network.ci

    def _stands(self) -> None:
        before, self.state = self.state, STATES[self._module.network.stat]
        self._module.stands("registration", before, self.state)

    def learn(self) -> None:
        """Take the present state as known to the host, without a word."""
        self._stands()
        for name, _ in self._module.registration_reports:
            self._known[name] = self._now(name)

    def tell(self) -> None:
        """A URC for each report that is on and whose contents changed (setting <n> prints none)."""
        module = self._module
        self._stands()
        for name, attribute in module.registration_reports:
            known, now = self._known.get(name), self._now(name)
            self._known[name] = now
            level: int = getattr(module.shell, attribute)
            if known is None or known[0] != now[0]:
                told = level >= 1
            else:
                told = level >= 2 and known != now and now[0] in REGISTERED
            if told:
                module.say(f"{name}: {self.report(name, level)}")

    def report(self, name: str, level: int) -> str:
        """``<stat>``, with the cell behind it when ``level`` asks for it and there is one."""
        stat = self._module.registration_status(name)
        # Without a cell there is nothing to append (27.007 has <lac>,<ci> as optional; assumed).
        if level >= 2 and stat in REGISTERED:
            return f"{stat},{self._module.cell(name)}"
        return str(stat)

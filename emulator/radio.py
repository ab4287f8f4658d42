"""The SIM card and the mobile network as the module sees them: their state, and nothing that acts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from .dialect import Options
from .events import AccessTechnology, CardWants
from .reply import Cme, Cms

SEARCHING = 2
DEFAULT_PIN = "1234"
"""The PIN of a card whose user chose none: it is there even while the lock is off (assumed)."""


class SimState(Enum):
    """What ``+CPIN?`` says (27.007 8.3)."""

    READY = "READY"
    PIN = "SIM PIN"
    PUK = "SIM PUK"
    ABSENT = "SIM not inserted"
    BUSY = "SIM busy"
    OFF = "SIM without power"
    BLOCKED = "SIM blocked for good"


REFUSALS: dict[SimState, tuple[Cme, Cms]] = {
    SimState.PIN: (Cme.SIM_PIN_REQUIRED, Cms.SIM_PIN_REQUIRED),
    SimState.PUK: (Cme.SIM_PUK_REQUIRED, Cms.SIM_PUK_REQUIRED),
    SimState.ABSENT: (Cme.SIM_NOT_INSERTED, Cms.SIM_NOT_INSERTED),
    SimState.BUSY: (Cme.SIM_BUSY, Cms.SIM_BUSY),
    # Under +CFUN=0 a SIM7000 answers "SIM failure" (TinyGSM#381); the SIM800 is assumed to as well.
    SimState.OFF: (Cme.SIM_FAILURE, Cms.SIM_FAILURE),
    SimState.BLOCKED: (Cme.SIM_FAILURE, Cms.SIM_FAILURE),
}
"""Why a command that needs the card fails (27.007 9.2, 27.005 3.2.5)."""


class Sim:
    """The card: three tries for the PIN, ten for the PUK (GSM 11.11 8.9, 8.13)."""

    def __init__(self, options: Options) -> None:
        self.present = options.card
        self.pin = options.pin or DEFAULT_PIN
        self.puk = options.puk
        self.imsi = options.imsi
        self.iccid = options.iccid
        self.lock_enabled = bool(options.pin)
        self.pin_tries = 3
        self.puk_tries = 10
        self._state = SimState.OFF
        self.moved: Callable[[SimState, SimState], None] = lambda before, after: None
        """Told of each change of :attr:`state`."""

    @property
    def state(self) -> SimState:
        """What ``+CPIN?`` says."""
        return self._state

    @state.setter
    def state(self, state: SimState) -> None:
        before, self._state = self._state, state
        self.moved(before, state)

    @property
    def with_power(self) -> SimState:
        """What it is when it gets power; used-up tries stay used up."""
        if not self.present:
            return SimState.ABSENT
        if not self.puk_tries:
            return SimState.BLOCKED
        if not self.pin_tries:
            return SimState.PUK
        return SimState.PIN if self.lock_enabled else SimState.READY

    def power_on(self) -> None:
        """The card is reset with the module."""
        self.state = self.with_power

    def replaced(self, wants: CardWants, pin: str, puk: str) -> None:
        """Another card is in its place; a code that is empty is as before."""
        self.pin, self.puk = pin or self.pin, puk or self.puk
        self.lock_enabled = wants is not CardWants.NOTHING
        self.pin_tries = 0 if wants is CardWants.PUK else 3
        self.puk_tries = 10

    def verify(self, pin: str) -> bool:
        """Whether ``pin`` is right; a third wrong one in a row blocks it (state SIM PUK)."""
        if pin == self.pin:
            self.pin_tries = 3
            return True
        self.pin_tries -= 1
        if self.pin_tries == 0:
            self.state = SimState.PUK
        return False

    def enter_pin(self, pin: str) -> bool:
        """Whether ``pin`` was right; then the card is ready."""
        if not self.verify(pin):
            return False
        self.state = SimState.READY
        return True

    def enter_puk(self, puk: str, new_pin: str) -> bool:
        """Whether ``puk`` was right; then ``new_pin`` is the PIN. A tenth wrong one is the card's end."""
        if puk == self.puk:
            self.pin, self.pin_tries, self.puk_tries = new_pin, 3, 10
            self.state = SimState.READY
            return True
        self.puk_tries -= 1
        if self.puk_tries == 0:
            self.state = SimState.BLOCKED
        return False


@dataclass(slots=True)
class Network:
    """The mobile network.

    ``stat`` is 27.007 7.2 (0 not searching, 1 home, 2 searching, 3 denied, 5 roaming) as the module
    sees it now, ``offers`` what a module that searches is given.
    """

    operator: str
    plmn: str
    lac: int
    ci: int
    rssi: int
    ber: int
    technologies: tuple[AccessTechnology, ...] = tuple(AccessTechnology)
    """What it has here; ``act`` is the one that the module uses."""
    act: AccessTechnology = AccessTechnology.GSM
    stat: int = 1
    offers: int = 1
    attached: bool = True
    """Attached to the packet network as soon as registered (+CGATT)."""
    refuses_pdp: bool = False
    answers_release: bool = True
    """Whether the network confirms that a PDP context is given up."""
    functionality: int = 1
    """``+CFUN``: 0 minimum, 1 full, 4 radio off."""
    heard: bool = True
    """Whether the signal has been measured yet."""
    selection: int = 0
    """``+COPS`` mode: 0 automatic, 1 manual, 2 deregistered, 4 manual, then automatic."""
    format: int = 0
    """``+COPS`` format: 0 long, 1 short, 2 numeric."""

    @property
    def registered(self) -> bool:
        """Whether the module may use the network."""
        return self.stat in (1, 5)

    @property
    def grants_pdp(self) -> bool:
        """Whether a PDP context activation succeeds now."""
        return self.registered and self.attached and not self.refuses_pdp

    @property
    def attach(self) -> bool:
        """Whether the module is attached to the packet network now."""
        return self.registered and self.attached

    def operator_name(self, form: int) -> str:
        """The operator in a ``+COPS`` format; the short name is the long one's first eight characters."""
        return (self.operator, self.operator[:8], self.plmn)[form]


def network(options: Options) -> Network:
    """The network as the options describe it."""
    return Network(
        options.operator,
        options.plmn,
        options.lac,
        options.ci,
        options.rssi,
        options.ber,
        options.technologies,
        offers=options.registered,
    )

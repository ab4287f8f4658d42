"""The SIM card and the mobile network as the module sees them: registration, attach, signal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .dialect import Options


class SimState(Enum):
    """What ``+CPIN?`` says (27.007 8.3)."""

    READY = "READY"
    PIN = "SIM PIN"
    PUK = "SIM PUK"
    ABSENT = "SIM not inserted"
    BUSY = "SIM busy"


class Sim:
    """The card: three tries for the PIN, ten for the PUK."""

    def __init__(self, options: Options) -> None:
        self.present = True
        self.pin = options.pin
        self.puk = options.puk
        self.imsi = options.imsi
        self.iccid = options.iccid
        self.lock_enabled = bool(options.pin)
        self.pin_tries = 3
        self.puk_tries = 10
        self.state = SimState.PIN if self.lock_enabled else SimState.READY

    def power_on(self) -> None:
        """The card is reset with the module; used-up tries stay used up."""
        if not self.present:
            self.state = SimState.ABSENT
        elif not self.lock_enabled:
            self.state = SimState.READY
        else:
            self.state = SimState.PIN if self.pin_tries else SimState.PUK

    def enter_pin(self, pin: str) -> bool:
        """Whether ``pin`` was right; a third wrong one blocks the card."""
        if pin == self.pin:
            self.pin_tries = 3
            self.state = SimState.READY
            return True
        self.pin_tries -= 1
        if self.pin_tries == 0:
            self.state = SimState.PUK
        return False

    def enter_puk(self, puk: str, new_pin: str) -> bool:
        """Whether ``puk`` was right; then ``new_pin`` is the PIN."""
        if puk == self.puk and self.puk_tries:
            self.pin, self.pin_tries, self.puk_tries = new_pin, 3, 10
            self.state = SimState.READY
            return True
        self.puk_tries = max(0, self.puk_tries - 1)
        return False


@dataclass(slots=True)
class Network:
    """The mobile network.

    ``stat`` is 27.007 7.2: 0 not searching, 1 home, 2 searching, 3 denied, 5 roaming.
    """

    operator: str
    plmn: str
    lac: int
    ci: int
    rssi: int
    ber: int
    stat: int = 1
    attached: bool = True
    refuses_pdp: bool = False
    functionality: int = 1
    """``+CFUN``: 0 minimum, 1 full, 4 radio off."""

    @property
    def registered(self) -> bool:
        """Whether the module may use the network."""
        return self.stat in (1, 5)

    @property
    def grants_pdp(self) -> bool:
        """Whether a PDP context activation succeeds now."""
        return self.registered and self.attached and not self.refuses_pdp


def network(options: Options) -> Network:
    """The network as the options describe it."""
    return Network(options.operator, options.plmn, options.lac, options.ci, options.rssi, options.ber)

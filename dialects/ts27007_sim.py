"""The card: PIN, locks, and who the subscriber is (27.007 chapters 5, 7 and 8)."""

from __future__ import annotations

from ..emulator.command import (
    BadParameter,
    Choice,
    Command,
    Field,
    Int,
    Text,
    Word,
    command,
    execute,
    read,
    test,
    write,
)
from ..emulator.dialect import CommandSet
from ..emulator.module import Module
from ..emulator.radio import REFUSALS, SimState
from ..emulator.reply import OK, Cme, Refusal, Reply, info


class Digits(Text):
    """A PIN or PUK: 4 to 8 digits, quoted or not (GSM 11.11 9.3; unquoted: observed on Mxx, M800)."""

    def convert(self, typed: Field) -> object:
        if not (typed.text.isascii() and typed.text.isdigit() and 4 <= len(typed.text) <= 8):
            raise BadParameter
        return typed.text


def refuse_unless_card_answers(module: Module) -> None:
    """A card that is gone, without power, still starting, or blocked for good."""
    state = module.sim.state
    if state not in (SimState.READY, SimState.PIN, SimState.PUK):
        raise Refusal(REFUSALS[state][0])


# ---- +CPIN ---------------------------------------------------------------------------------------


def cpin_read(module: Module) -> Reply:
    """What the card waits for."""
    refuse_unless_card_answers(module)
    return info(f"+CPIN: {module.sim.state.value}")


def cpin_write(module: Module, pin: str, new_pin: str | None) -> Reply:
    """The PIN, or the PUK with a new PIN (common.md 4; the third wrong PIN answers 12)."""
    refuse_unless_card_answers(module)
    sim = module.sim
    if sim.state is SimState.READY:
        raise Refusal(Cme.NOT_ALLOWED)
    if sim.state is SimState.PUK:
        if new_pin is None:
            raise Refusal(Cme.SIM_PUK_REQUIRED)
        accepted = sim.enter_puk(pin, new_pin)
    else:
        if new_pin is not None:
            # 27.007 8.3 has two parameters only where a PUK is asked for; 50 is assumed.
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        accepted = enter(module, pin)
    if not accepted:
        raise Refusal(Cme.INCORRECT_PASSWORD)
    module.pin_accepted()
    module.power.card_ready()
    return OK


def enter(module: Module, pin: str) -> bool:
    """Whether the card took the PIN; raises when this was the try that blocked it."""
    accepted = module.sim.enter_pin(pin)
    if module.sim.state is SimState.PUK:
        raise Refusal(Cme.SIM_PUK_REQUIRED)
    return accepted


CPIN = command(
    "+CPIN",
    test(),
    read(cpin_read),
    write(Digits("pin"), Digits("new_pin", default=None), run=cpin_write),
    cite="27.007 8.3",
    op="sim.pin",
)


# ---- locks ---------------------------------------------------------------------------------------

PERSONALISATION = ("PN", "PU", "PP", "PC")
"""Network, subset, provider, corporate: this module is bound to none."""


def clck_write(module: Module, facility: str, mode: int, password: str | None, service_class: int) -> Reply:
    """Query (2), switch off (0) or on (1)."""
    if facility != "SC":
        if mode != 2:
            raise Refusal(Cme.NOT_SUPPORTED)
        return info("+CLCK: 0")
    module.require_sim()
    sim = module.sim
    if mode == 2:
        return info(f"+CLCK: {int(sim.lock_enabled)}")
    if password is None:
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    if sim.lock_enabled is bool(mode):
        # GSM 11.11 9.2.9: in contradiction with the CHV status.
        raise Refusal(Cme.NOT_ALLOWED)
    check_pin(module, password)
    sim.lock_enabled = bool(mode)
    return OK


def check_pin(module: Module, password: str) -> None:
    """Raise unless ``password`` is the PIN; the third wrong one locks the card, and ends the service."""
    if module.sim.verify(password):
        return
    if module.sim.state is SimState.PUK:
        module.detached()
        module.registration.leave()
        raise Refusal(Cme.SIM_PUK_REQUIRED)
    raise Refusal(Cme.INCORRECT_PASSWORD)


CLCK = command(
    "+CLCK",
    test('+CLCK: ("SC","PN","PU","PP","PC")'),
    write(
        Word("facility", ("SC", *PERSONALISATION)),
        Choice("mode", (0, 1, 2)),
        Digits("password", default=None),
        Int("service_class", 1, 255, default=7),
        run=clck_write,
    ),
    cite="27.007 7.4",
)


def cpwd_write(module: Module, facility: str, old: str, new: str) -> Reply:
    """Another PIN; only while the lock is on (GSM 11.11 8.10)."""
    module.require_sim()
    if not module.sim.lock_enabled:
        raise Refusal(Cme.NOT_ALLOWED)
    check_pin(module, old)
    module.sim.pin = new
    return OK


CPWD = command(
    "+CPWD",
    test('+CPWD: ("SC",8)'),
    write(Word("facility", ("SC",)), Digits("old"), Digits("new"), run=cpwd_write),
    cite="27.007 7.5",
)


# ---- who the subscriber is -----------------------------------------------------------------------


def cimi(module: Module) -> Reply:
    """The subscriber's identity."""
    module.require_sim()
    return info(module.sim.imsi)


CIMI = command("+CIMI", test(), execute(cimi), cite="27.007 5.6")


def card_number(name: str, prefix: str, cite: str) -> Command:
    """The card's own number (ICCID); it can be read without the PIN (GSM 11.11 10.1.1)."""

    def card(module: Module) -> Reply:
        refuse_unless_card_answers(module)
        return info(prefix + module.sim.iccid)

    return command(name, test(), execute(card), cite=cite)


CCID = card_number("+CCID", "", "M800; a SIM800 prints the bare digits (TinyGSM takes both)")


def cnum(module: Module) -> Reply:
    """The subscriber's numbers: one, or none on the card."""
    module.require_sim()
    number = module.options.number
    if not number:
        return OK
    return info(f'+CNUM: "","{number}",{145 if number.startswith("+") else 129},7,4')


CNUM = command("+CNUM", test(), execute(cnum), cite="27.007 7.1")

SUBSCRIBER = CommandSet([CPIN, CLCK, CPWD, CIMI, CCID, CNUM])

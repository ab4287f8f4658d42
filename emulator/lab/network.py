"""The mobile network around a test's modem: each method is a step of a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .words import Seconds, duration

if TYPE_CHECKING:
    from .modem import LabModem


def _for_a_while(key: str, for_: Seconds | None) -> list[dict[str, Any]]:
    """Lost, and back again after ``for_`` seconds, if that is said."""
    steps: list[dict[str, Any]] = [{key: "lost"}]
    return steps if for_ is None else [*steps, {"wait": duration(for_)}, {key: "back"}]


class Network:
    """What the network does. Seconds are the modem's time; every call returns when it is done."""

    def __init__(self, modem: LabModem) -> None:
        self._modem = modem

    def lose_coverage(self, for_: Seconds | None = None) -> None:
        """Nothing passes and nobody is found, for so long, or until :meth:`regain_coverage`."""
        self._modem.do(*_for_a_while("coverage", for_))

    def regain_coverage(self) -> None:
        """The network is back."""
        self._modem.do(coverage="back")

    def detach(self, for_: Seconds | None = None) -> None:
        """The packet service is lost, for so long, or until :meth:`attach`."""
        self._modem.do(*_for_a_while("attach", for_))

    def attach(self) -> None:
        """The packet service is back."""
        self._modem.do(attach="back")

    def register(self, to: str, *, lac: int | None = None, ci: int | None = None) -> None:
        """``home``, ``roaming``, ``searching``, ``denied``, ``unknown`` or ``not_searching``."""
        self._modem.do(register={"to": to, "lac": lac, "ci": ci})

    def signal(self, rssi: int, ber: int = 0) -> None:
        """What AT+CSQ reads."""
        self._modem.do(signal={"rssi": rssi, "ber": ber})

    def refuse_pdp(self) -> None:
        """Activations of PDP contexts fail until :meth:`grant_pdp`."""
        self._modem.do(pdp="refuse")

    def grant_pdp(self) -> None:
        """Activations succeed again."""
        self._modem.do(pdp="grant")

    def impair(self, **link: Any) -> None:
        """How the path behaves from now on: ``latency="200ms"``, ``loss="5%"`` ..., as the step ``link``."""
        self._modem.do(link=link)

    def restore(self, name: str | None = None) -> None:
        """Take an impairment, or all of them, away."""
        self._modem.do(restore={"name": name})

    def connects(self, answer: str, **how: Any) -> None:
        """How connections that the module opens end: ``refuse``, ``silence``, ``unreachable``, ``normal``."""
        self._modem.do(connects={"answer": answer, **how})

    def dns(self, answer: str | list[str], **how: Any) -> None:
        """How names are looked up: ``nxdomain``, ``silence``, ``normal``, or a list of addresses."""
        self._modem.do(dns={"answer": answer, **how})

"""The PDP contexts of 27.007 (+CGDCONT, +CGACT): definitions, and which are active.

The vendors' TCP/IP toolkits have contexts of their own (:mod:`.links`); hosts use these for dialling
and, out of habit, before the toolkit's commands.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class PdpContext:
    """One definition; an address given here is a wish, the network's own is in ``Module.local_ip``."""

    pdp_type: str = "IP"
    apn: str = ""
    address: str = "0.0.0.0"
    data_compression: int = 0
    header_compression: int = 0
    active: bool = False


class Packet:
    """All definitions, by context identifier. None is kept over a restart (assumed)."""

    def __init__(self) -> None:
        self.contexts: dict[int, PdpContext] = {}

    def deactivate(self) -> None:
        """No context is active any more."""
        for context in self.contexts.values():
            context.active = False

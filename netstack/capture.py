"""A capture of what modules did: their radio's IP packets, and the bytes on their AT lines, in one pcapng.

Told what each modem did, and when, it answers with the blocks to be written; no file and no clock here.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from .capture_modem import ModemCapture
from .capture_sums import best
from .pcapng import LinkType, Part, interface, section


class Capture:
    """The whole file. ``start`` is the wall time at second 0 of the modems' clock, in ns since the epoch."""

    def __init__(self, names: tuple[str, ...], start: int) -> None:
        """``names`` of the modems; each has two interfaces, ``NAME air`` and ``NAME line``.

        Raises ``ImportError`` without scapy, here and not in the middle of the work; nor is NumPy imported
        there.
        """
        import scapy.layers.dns
        import scapy.layers.inet
        import scapy.layers.ntp  # noqa: F401

        best()

        self.start = start
        self.blocks: list[Part] = [section()]
        for name in names:
            self.blocks.append(interface(LinkType.RAW, f"{name} air", "IP packets of the module's radio"))
            text = "AT line, seen from the module: inbound is what the DTE wrote"
            self.blocks.append(interface(LinkType.USER0, f"{name} line", text))
        self.modems = [ModemCapture(self, 2 * number) for number in range(len(names))]
        self.later: list[tuple[float, int, Callable[[], object]]] = []
        self._serial = 0

    def take(self) -> bytes:
        """What is to be written now: whole blocks."""
        taken = b"".join(self.blocks)
        self.blocks.clear()
        return taken

    def number(self) -> int:
        """One that no other flow of the file has."""
        self._serial += 1
        return self._serial

    def at(self, moment: float, action: Callable[[], object]) -> None:
        """Do ``action`` as soon as something is told of ``moment`` or later."""
        heapq.heappush(self.later, (moment, self.number(), action))

    def reach(self, now: float) -> None:
        """Time has come to ``now``: what was due before comes first."""
        while self.later and self.later[0][0] < now:
            heapq.heappop(self.later)[2]()

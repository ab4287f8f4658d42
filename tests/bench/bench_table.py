"""Figures by row and kind, the ratios of one round, and the table that shows them."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field


class BenchError(Exception):
    """Something could not be measured; the message says what."""


@dataclass
class Table:
    """Figures by row and kind, one for each round."""

    figures: dict[str, dict[str, dict[int, float]]] = field(default_factory=dict)
    turn: int = 0

    def add(self, row: str, kind: str, figure: float) -> None:
        self.figures.setdefault(row, {}).setdefault(kind, {})[self.turn] = figure

    def ratio(self, row: str, kind: str, to: str) -> str:
        """The median of the paired ratios, and the quartiles."""
        mine, theirs = self.figures[row].get(kind, {}), self.figures[row].get(to, {})
        ratios = sorted(mine[turn] / theirs[turn] for turn in mine if theirs.get(turn))
        if not ratios:
            return "not measured"
        low, high = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
        return f"{statistics.median(ratios):.2f} ({low:.2f}-{high:.2f})"

    def median(self, row: str, kind: str) -> float:
        return statistics.median(self.figures[row][kind].values())


RATIOS = {
    "round trip": (("vmodem", "respond", "<= 1.3"),),
    "relay": (("vmodem", "socat", ">= 1.0"), ("vmodem", "relay", "")),
    "sends": (("vmodem", "modem", ">= 0.85"), ("vmodem quick", "modem", "")),
    "reads": (("vmodem", "modem", ""),),
    "push": (("vmodem", "push", ""),),
    "many, closed loop": (("vmodem", "respond", ">= 0.8"),),
    "many, 4000/s, p99": (("vmodem", "respond", "vmodem < 2000"),),
    "create": (("vmodem", "respond", "vmodem < 2"),),
    "cost": (
        ("log", "plain", ">= 0.5"),
        ("scenario", "plain", ">= 0.5"),
        ("pcap", "plain", ">= 0.5"),
        ("all", "plain", ">= 0.5"),
    ),
    "start": (("vmodem", "pass", ""),),
    "resident": (("much more", "10 MiB", "about 1"),),
    "idle, KiB": (("vmodem", "respond", "vmodem < 10"),),
    "idle, % CPU": (("vmodem", "respond", "vmodem 0"),),
}


def markdown(table: Table) -> str:
    """What was measured, as a table that can be pasted."""
    lines = ["| what | medians | paired ratio, median (quartiles) | target |", "|---|---|---|---|"]
    for row, kinds in table.figures.items():
        medians = ", ".join(f"{kind} {table.median(row, kind):.4g}" for kind in kinds)
        ratios, targets = [], []
        for mine, theirs, target in next((r for name, r in RATIOS.items() if row.startswith(name)), ()):
            ratios.append(f"{mine}/{theirs} {table.ratio(row, mine, theirs)}")
            targets.append(target)
        lines.append(f"| {row} | {medians} | {'; '.join(ratios)} | {' '.join(targets).strip()} |")
    return "\n".join(lines)

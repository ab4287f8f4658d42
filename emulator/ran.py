"""How one run of ``vmodem run`` ended, and the exit status that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .plan import Plan

if TYPE_CHECKING:
    from .child import Ended
    from .scenario.report import Report

FAILED = 1
"""The exit status of a scenario whose expectations were not met."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How one run ended."""

    plan: Plan
    reports: tuple[Report, ...]
    """One for each modem; none without a scenario."""
    ended: Ended | None
    """How the program under test ended."""
    seconds: float

    @property
    def status(self) -> int:
        """The exit status that says how it was."""
        well = 0 if all(report.passed for report in self.reports) else FAILED
        if self.plan.command is None or self.ended is None:
            return well
        from .child import status

        return status(self.plan.command, self.ended, well)

    @property
    def interrupted(self) -> bool:
        """Whether somebody wanted no more."""
        return self.ended is not None and self.ended.why == "signal"

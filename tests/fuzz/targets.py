"""All targets of bytes, by name."""

from fuzz import targets_line, targets_text
from fuzz.inputs import TARGETS, Target

__all__ = ["TARGETS", "Target", "targets_line", "targets_text"]

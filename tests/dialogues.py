"""Which documented dialogues there are, by dialect."""

from __future__ import annotations

from pathlib import Path

DATA = Path(__file__).parent / "transcripts" / "data"
COUNTS = {"sim800": 32, "mxx": 48, "bg96": 20}
"""The dialects that can be played, and how many dialogues each has."""
PATHS = sorted(path for dialect in COUNTS for path in DATA.glob(f"{dialect}_*.txt"))

"""The SIM800's mutable state: its TCP/IP settings, and what a host reads when the network acts."""

from __future__ import annotations

from ...emulator.module import Module


class Sim800Module(Module):
    """One SIM800."""

"""What a BG96 does otherwise than others outside TCP/IP: one difference, one declaration.

Sources: observed.md (BG96), common.md 2 and 4 to 11, drivers.md.
"""

from __future__ import annotations

from ....emulator.power import Greeting
from ....emulator.profile import Shell
from ...telephony import Telephony


class Bg96Shell(Telephony):
    """The shell of the BG96."""

    greeting = Greeting(start=("RDY", "APP RDY"), sim=False, ready=())
    no_signal = (99, 99)
    cms_error_always = True

    def factory(self) -> Shell:
        """+CMEE is 1 at power-on (common.md 4: observed on EC21)."""
        return Shell(cmee=1)

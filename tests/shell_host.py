"""A host at a SIM800's command line in virtual time: it types, and takes all that is written meanwhile."""

from __future__ import annotations

from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.dialect import Dialect, Options
from vmodem.emulator.engine import Modem
from vmodem.emulator.events import Event, LineChanged, LineSignal
from vmodem.netstack.memory import MemoryNetStack
from world import START, World, Writer, whole

OK = b"\r\nOK\r\n"
ERROR = b"\r\nERROR\r\n"


def said(*blocks: str) -> bytes:
    """Blocks as they are framed under ATV1; a newline stands between the lines of one block."""
    return b"".join(b"\r\n" + block.replace("\n", "\r\n").encode() + b"\r\n" for block in blocks)


class Host:
    """One module, switched on and (unless ``echo``) with its echo off."""

    network: type[MemoryNetStack] = MemoryNetStack

    def __init__(
        self,
        options: Options | None = None,
        *,
        dialect: Dialect = SIM800,
        echo: bool = False,
        writer: Writer = whole,
    ) -> None:
        self.net = self.network()
        self.world = World(Modem(dialect, options, START), self.net, writer=writer)
        if not echo:
            self.types(b"ATE0\r")

    def types(self, data: bytes) -> bytes:
        """Everything that is written at the time of typing."""
        self.world.send(data)
        return self.world.take()

    def asks(self, command: str) -> bytes:
        """Type a line."""
        return self.types(command.encode() + b"\r")

    def waits(self, seconds: float) -> bytes:
        """Everything that is written while time passes."""
        self.world.advance(seconds)
        return self.world.take()

    def sees(self, event: Event) -> bytes:
        """Something happens outside."""
        self.world.event(event)
        return self.world.take()

    def dtr(self, on: bool) -> bytes:
        """Switch DTR."""
        return self.sees(LineChanged(LineSignal.DTR, on))

    def signals(self) -> list[tuple[str, bool]]:
        """The changes of DCD and RI so far."""
        shown = (LineSignal.DCD, LineSignal.RI)
        return [(change.signal.value, change.on) for change in self.world.signals if change.signal in shown]

"""A GSM module on the bench: peers that live, are silent or dead; a host that compares every answer whole.

What the benches of the families share.
"""

from __future__ import annotations

from collections.abc import Mapping

from shell_host import Host
from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.dialect import Options
from vmodem.emulator.events import LineSignal, PdpLost
from vmodem.netstack.memory import MemoryConnection, Mode
from world import Writer, whole

LOCAL = ("10.78.245.128", "10.78.59.247")
SERVER, PORT = "116.228.221.51", 8500
OTHER = "116.236.221.75"
SILENT, DEAD = "192.0.2.1", "192.0.2.2"
CLIENT = "10.76.40.73"
UDP_PORT = 9600
CTRL_Z = b"\x1a"
ESC = b"\x1b"
PROMPT = b"\r\n> "


def said(*blocks: str | bytes) -> bytes:
    """Blocks as they are framed; a newline stands between the lines of one; bytes are themselves."""
    return b"".join(
        block if isinstance(block, bytes) else b"\r\n" + block.replace("\n", "\r\n").encode() + b"\r\n"
        for block in blocks
    )


class ToolkitBench(Host):
    """One module with its network and its host. Echo is off unless ``echo``; latencies are 0."""

    dialect = SIM800

    def __init__(
        self,
        *,
        echo: bool = False,
        cmee: int = 0,
        pace: float = 0.0,
        timings: Mapping[str, float] | None = None,
        send_buffer: int | None = None,
        writer: Writer = whole,
    ) -> None:
        super().__init__(
            Options(local_ips=LOCAL, timing_factor=pace, timings=timings or {}, send_buffer=send_buffer),
            dialect=self.dialect,
            echo=echo,
            writer=writer,
        )
        self.net.tcp(SERVER, PORT)
        self.net.tcp(OTHER, PORT)
        self.net.tcp(SILENT, PORT, mode=Mode.SILENT)
        self.net.tcp(DEAD, PORT, mode=Mode.UNREACHABLE)
        self.net.add_name("example.com", "93.184.216.34")
        self.net.tcp("93.184.216.34", 80)
        if cmee:
            self.asks(f"AT+CMEE={cmee}")

    # ---- the host -------------------------------------------------------------------------------

    def does(self, command: str, *blocks: str | bytes) -> None:
        """The answer to ``command`` is exactly this, at once."""
        answer = self.asks(command)
        assert answer == said(*blocks), f"{command}: {answer!r}"

    def hears(self, *blocks: str | bytes) -> None:
        """What the module has written by now without being asked."""
        heard = self.world.take()
        assert heard == said(*blocks), f"{heard!r}"

    def settles(self) -> None:
        """What a peer did just now reaches the module."""
        self.world.advance(0.0)

    def dcd(self) -> bool:
        """DCD as it is now; ON is the low level."""
        changes = [change.on for change in self.world.signals if change.signal is LineSignal.DCD]
        return bool(changes) and changes[-1]

    def loses_pdp(self, context: int | None = None) -> bytes:
        """The network deactivates the context."""
        return self.sees(PdpLost(context))

    def client(self, listen_port: int = 1234, host: str = CLIENT) -> MemoryConnection:
        """A client connects to the module's listener."""
        connection = self.net.connect_client(listen_port, host)
        self.settles()
        return connection

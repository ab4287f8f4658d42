"""A GSM module on the bench: peers that live, are silent or dead; a host that compares every answer whole.

What the benches of the families share.
"""

from __future__ import annotations

from collections.abc import Mapping

from shell_host import Host
from vmodem.dialects.simcom.sim800 import SIM800
from vmodem.emulator.bench import CTRL_Z as CTRL_Z
from vmodem.emulator.bench import ESC as ESC
from vmodem.emulator.bench import PROMPT as PROMPT
from vmodem.emulator.bench import said as said
from vmodem.emulator.dialect import Options
from vmodem.emulator.world import Writer, whole
from vmodem.netstack.memory import MemoryConnection, Mode

LOCAL = ("10.78.245.128", "10.78.59.247")
SERVER, PORT = "116.228.221.51", 8500
OTHER = "116.236.221.75"
SILENT, DEAD = "192.0.2.1", "192.0.2.2"
CLIENT = "10.76.40.73"
UDP_PORT = 9600


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

    def client(self, listen_port: int = 1234, host: str = CLIENT) -> MemoryConnection:
        """A client connects to the module's listener."""
        return super().client(listen_port, host)

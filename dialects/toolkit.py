"""What the TCP/IP commands of the GSM families share: parameters, the wrong-state error, small helpers."""

from __future__ import annotations

from typing import Any

from ..emulator.command import Command, Int, Ipv4, Text, Word, command, read, test, write
from ..emulator.reply import OK, Cme, Refusal, Reply, info

QUAD = '("(0-255).(0-255).(0-255).(0-255)")'
"""An address as test forms show it."""

TRANSPORT = Word("transport", ("TCP", "UDP"))
LINK = Int("number", 0, 5)
"""A link number (SIM800 note 3; GSM TCPIP AN 3.3)."""
HOST = Text("host", 255, empty=False)
PORT = Int("port", 1, 65535, quoted=True)
"""A port, bare or quoted: both occur in both notes."""
LOCAL_PORT = Int("port", 0, 65535, quoted=True)


def refuse_unless(allowed: bool) -> None:
    """The wrong-state error, unless ``allowed``."""
    if not allowed:
        raise Refusal(Cme.NOT_ALLOWED)


NO_SERVER = "0.0.0.0"


def dns_servers(name: str, shown: str, cite: str) -> Command:
    """+CDNSCFG, +QIDNSCFG: the two servers of ``module.tcpip.dns``; ``shown``: the test form's list."""

    def servers_read(module: Any) -> Reply:
        primary, secondary = module.tcpip.dns
        return info(f"PrimaryDns: {primary}", f"SecondaryDns: {secondary}")

    def servers_write(module: Any, primary: str, secondary: str | None) -> Reply:
        # A secondary server left out stays as it was (REC).
        servers = (primary, module.tcpip.dns[1] if secondary is None else secondary)
        module.tcpip.dns = servers
        module.stack.dns_servers = tuple(server for server in servers if server != NO_SERVER)
        return OK

    return command(
        name,
        test(f"{name}: {shown}"),
        read(servers_read),
        write(Ipv4("primary"), Ipv4("secondary", default=None), run=servers_write),
        cite=cite,
    )

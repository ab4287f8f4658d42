"""A host of the drivers' kind at a BG96 in virtual time: context up, and a server to speak to."""

from __future__ import annotations

from shell_host import OK, Host, said
from vmodem.dialects.quectel.bg96 import BG96
from vmodem.emulator.dialect import Options
from vmodem.emulator.world import Writer, whole
from vmodem.netstack.memory import MemoryConnection, TcpPeer

SERVER = ("203.0.113.7", 7777)
START = 'AT+QIOPEN=1,0,"TCP","203.0.113.7",7777,0,0'
PROMPT = b"\r\n> "
CONNECTED = OK + said("+QIOPEN: 0,0")
ADDRESS = "10.64.1.2"
LTE_CELL = '"1A2B","00003C4D",8'
"""The default cell as a report tells it."""


def bg96_host(options: Options | None = None, *, echo: bool = False, writer: Writer = whole) -> Host:
    """A host whose module is on."""
    return Host(options or Options(local_ips=(ADDRESS,)), dialect=BG96, echo=echo, writer=writer)


def host_online(*settings: str, writer: Writer = whole) -> tuple[Host, TcpPeer]:
    """A host with its context up, and the server that it will speak to."""
    host = bg96_host(writer=writer)
    server = host.net.tcp(*SERVER)
    for line in (*settings, 'AT+QICSGP=1,1,"internet","",""', "AT+QIACT=1"):
        assert host.asks(line) == OK, line
    return host, server


def connected(*settings: str, writer: Writer = whole) -> tuple[Host, MemoryConnection]:
    """The same, with connectID 0 open in buffer mode."""
    host, server = host_online(*settings, writer=writer)
    assert host.asks(START) == CONNECTED
    return host, server.connection()


def peer_sends(host: Host, peer: MemoryConnection, data: bytes) -> bytes:
    """The peer sends; what the host hears at once."""
    peer.send(data)
    return host.waits(0.0)

"""A host of the drivers' kind at a SIM800 in virtual time: context up, and a server to speak to."""

from __future__ import annotations

from shell_host import OK, Host, said
from vmodem.emulator.dialect import Options
from vmodem.emulator.world import Writer, whole
from vmodem.netstack.memory import MemoryConnection, TcpPeer

SERVER = ("203.0.113.7", 7777)
START = 'AT+CIPSTART=0,"TCP","203.0.113.7",7777'
PROMPT = b"\r\n> "
CONNECTED = OK + said("0, CONNECT OK")


def host_online(*settings: str, writer: Writer = whole) -> tuple[Host, TcpPeer]:
    """A host with its context up, several connections allowed, and the server that it will speak to."""
    host = Host(Options(local_ips=("10.64.1.2",)), writer=writer)
    server = host.net.tcp(*SERVER)
    for line in ("AT+CIPMUX=1", *settings, "AT+CSTT", "AT+CIICR"):
        assert host.asks(line) == OK, line
    assert host.asks("AT+CIFSR") == said("10.64.1.2")
    return host, server


def connected(*settings: str, writer: Writer = whole) -> tuple[Host, MemoryConnection]:
    """The same, with link 0 open."""
    host, server = host_online(*settings, writer=writer)
    assert host.asks(START) == CONNECTED
    return host, server.connection()


def peer_sends(host: Host, peer: MemoryConnection, data: bytes) -> bytes:
    peer.send(data)
    return host.waits(0.0)

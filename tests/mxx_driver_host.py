"""A host of the drivers' kind at an M-series module in virtual time: context up, and a server to speak to."""

from __future__ import annotations

from shell_host import OK, Host, said
from vmodem.dialects.quectel.mxx import QUECTEL_MXX
from vmodem.emulator.dialect import Options
from vmodem.emulator.world import Writer, whole
from vmodem.netstack.memory import MemoryConnection, TcpPeer

SERVER = ("203.0.113.7", 7777)
START = 'AT+QIOPEN=0,"TCP","203.0.113.7",7777'
PROMPT = b"\r\n> "
CONNECTED = OK + said("0, CONNECT OK")


def mxx_host(options: Options | None = None, *, echo: bool = False, writer: Writer = whole) -> Host:
    """A host whose module is on; what only takes its time takes none."""
    made = options or Options(local_ips=("10.64.1.2",), timings={"configure": 0.0, "deactivate": 0.0})
    return Host(made, dialect=QUECTEL_MXX, echo=echo, writer=writer)


def host_online(*settings: str, writer: Writer = whole) -> tuple[Host, TcpPeer]:
    """A host with its context up, several connections allowed, and the server that it will speak to."""
    host = mxx_host(writer=writer)
    server = host.net.tcp(*SERVER)
    for line in ("AT+QIMUX=1", *settings, "AT+QIREGAPP", "AT+QIACT"):
        assert host.asks(line) == OK, line
    assert host.asks("AT+QILOCIP") == said("10.64.1.2")
    return host, server


def connected(*settings: str, writer: Writer = whole) -> tuple[Host, MemoryConnection]:
    """The same, with link 0 open."""
    host, server = host_online(*settings, writer=writer)
    assert host.asks(START) == CONNECTED
    return host, server.connection()


def peer_sends(host: Host, peer: MemoryConnection, data: bytes) -> bytes:
    peer.send(data)
    return host.waits(0.0)

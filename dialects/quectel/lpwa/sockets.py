"""BG96: what a connectID is beyond a link or a listener: its service, access mode, and how it ended.

Source: BG96 TCP/IP AT Commands Manual V1.0 (S).
"""

from __future__ import annotations

from enum import Enum

from ....emulator.effects import Transport
from ....emulator.links import Context, Link, Listener
from ....emulator.machine import Position
from .errors import TcpIpError
from .states import SocketState

MOST_ACTIVE = 3
"""Active contexts at once (S 2.1.2)."""
SOCKETS = 12
"""connectIDs 0-11 (S 2.1.4)."""


class Service(Enum):
    """``<service_type>`` (S 2.1.4, 2.1.6)."""

    TCP = "TCP"
    UDP = "UDP"
    TCP_LISTENER = "TCP LISTENER"
    UDP_SERVICE = "UDP SERVICE"
    TCP_INCOMING = "TCP INCOMING"

    @property
    def transport(self) -> Transport:
        """The protocol beneath."""
        return Transport.UDP if self in (Service.UDP, Service.UDP_SERVICE) else Transport.TCP


CLIENTS = frozenset({Service.TCP, Service.UDP})
STREAMS = frozenset({Service.TCP, Service.UDP, Service.TCP_INCOMING})
"""The services that have one peer."""


class Access(Enum):
    """``<access_mode>`` (S 1.2)."""

    BUFFER = 0
    DIRECT_PUSH = 1
    TRANSPARENT = 2


class Socket:
    """One connectID. Its link, or its listener, has the same number."""

    def __init__(self, link: Link, listener: Listener, position: Position[SocketState]) -> None:
        self.number = link.number
        self.link = link
        self.listener = listener
        self.position = position
        self.use = 0
        """Counts the services that the connectID has had."""
        self.begin(Service.TCP, Access.BUFFER, link.context)

    def begin(self, service: Service, access: Access, context: Context, server: int | None = None) -> None:
        """As for a new service; ``server`` is the listener of an incoming connection."""
        self.use += 1
        self.service = service
        self.access = access
        self.context = context
        self.server = self.number if server is None else server
        self.local_port = 0
        self.result: TcpIpError | None = None
        """How the opening ended."""
        self.end = TcpIpError.CLOSED
        """Why nothing can be sent in the state Closing."""
        self.reset = False
        """Whether the connection was lost without a FIN."""

    @property
    def state(self) -> SocketState:
        """``<socket_state>``."""
        return self.position.state

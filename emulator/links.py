"""What the TCP/IP toolkit keeps: links with their buffers and counters, the listener, PDP contexts."""

from __future__ import annotations

from collections import deque
from enum import Enum

from .effects import Transport
from .events import Address, Connected, ConnectFailed
from .jobs import Job
from .machine import Position
from .states import ContextState, LinkState, ServerState

NOWHERE = Address("", 0)
OPEN_STATES = frozenset(
    {LinkState.CONNECTING, LinkState.CONNECTED, LinkState.REMOTE_CLOSING, LinkState.CLOSING}
)
# Python 3.11 hashes an enum's member in Python.
_CONNECTED, _REMOTE_CLOSING = LinkState.CONNECTED, LinkState.REMOTE_CLOSING


class Role(Enum):
    """Who opened a link."""

    CLIENT = "client"
    SERVER = "server"


class Context:
    """One PDP context: where links get their address from."""

    __slots__ = ("address", "apn", "number", "password", "position", "user")

    def __init__(self, number: int, position: Position[ContextState]) -> None:
        self.number = number
        """As commands count contexts."""
        self.position = position
        self.apn = self.user = self.password = ""
        self.address = ""

    @property
    def active(self) -> bool:
        """Whether links can be opened on it."""
        return self.position.state is ContextState.ACTIVE


_NOTHING: deque[tuple[bytes, Address]] = deque(maxlen=0)
"""The inbox of a link that nobody has used: most of a module's never are, and a deque takes 600 bytes."""


class Link:
    """One connection, or the place for one."""

    __slots__ = (
        "acked",
        "answer",
        "any_sender",
        "arrivals",
        "blocked",
        "context",
        "destination",
        "handle",
        "inbox",
        "job",
        "local_port",
        "notify",
        "number",
        "paused",
        "position",
        "read",
        "received",
        "remote",
        "role",
        "sent",
        "transport",
        "unread",
        "used",
    )

    inbox: deque[tuple[bytes, Address]]

    def __init__(self, number: int, position: Position[LinkState], context: Context) -> None:
        self.number = number
        self.position = position
        self.job: Job | None = None
        self.clear(context)

    def clear(self, context: Context) -> None:
        """As new: nobody has used it."""
        self.begin(Transport.TCP, context, Role.CLIENT)
        self.inbox = _NOTHING
        self.used = False

    def begin(self, transport: Transport, context: Context, role: Role) -> None:
        """Counters and buffers as for a new connection."""
        self.used = True
        self.transport = transport
        self.context = context
        self.role = role
        self.remote = NOWHERE
        self.destination = NOWHERE
        self.any_sender = False
        self.local_port = 0
        self.handle: int | None = None
        self.answer: Connected | ConnectFailed | None = None
        self.sent = self.acked = self.received = self.read = 0
        self.inbox = deque()
        self.unread = 0
        self.paused = False
        self.blocked = False
        self.notify = 0
        """How the host learns of data that it must fetch, as its dialect counts."""
        self.arrivals = 0
        """Arrivals since the host last read all there was."""

    @property
    def state(self) -> LinkState:
        """The link's documented state."""
        return self.position.state

    @property
    def open(self) -> bool:
        """Connecting, connected or closing."""
        return self.position.state in OPEN_STATES

    @property
    def connected(self) -> bool:
        """Whether data can be sent."""
        state = self.position.state
        return state is _CONNECTED or state is _REMOTE_CLOSING

    @property
    def unacked(self) -> int:
        """Bytes sent that the peer's stack has not acknowledged (UDP: all)."""
        return self.sent - self.acked


class Listener:
    """A listening socket."""

    __slots__ = ("context", "handle", "port", "position", "transport")

    def __init__(self, position: Position[ServerState], context: Context) -> None:
        self.position = position
        self.context = context
        self.transport = Transport.TCP
        self.port = 0
        self.handle: int | None = None

    @property
    def listening(self) -> bool:
        """Whether it accepts clients."""
        return self.position.state is ServerState.LISTENING


def is_dotted_quad(host: str) -> bool:
    """Whether ``host`` is an IPv4 address rather than a name."""
    parts = host.split(".")
    return len(parts) == 4 and all(
        p.isascii() and p.isdigit() and len(p) <= 3 and int(p) <= 255 for p in parts
    )

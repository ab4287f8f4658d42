"""The state machines that every dialect shares: a link, a listener, a PDP context.

Words are those of the SIM800 note section 10 and manual (client state, server state); other
vendors print them as numbers or with other words, which their dialects translate.
"""

from __future__ import annotations

from enum import Enum

from .effects import Transport
from .machine import Machine, On, rows


class Happening(Enum):
    """What moves a machine; the value is its label in the diagrams."""

    # The host's acts, once accepted.
    APP_STARTED = "start task"
    BRING_UP_STARTED = "bring up link"
    ADDRESS_READ = "read local IP"
    TCP_OPENING = "open TCP"
    UDP_OPENING = "open UDP"
    LISTEN_STARTED = "open listener"
    LISTEN_STOPPED = "close listener"
    CLOSE_STARTED = "close"
    SHUT = "shut"
    # What the network does.
    ACTIVATION_STARTED = "network activates"
    CONTEXT_ACTIVATED = "context activated"
    CONTEXT_REFUSED = "context refused"
    CONTEXT_LOST = "context lost"
    CONNECTED = "connected"
    LISTENER_OPENED = "listener open"
    CONNECT_FAILED = "refused or timed out"
    UNROUTABLE = "name or route failure"
    ACCEPTED = "client accepted"
    PEER_FINISHED = "peer sent FIN"
    CLOSED = "closed"
    CLIENT_LEFT = "client left, listener open"


H = Happening

OPENING = {Transport.TCP: H.TCP_OPENING, Transport.UDP: H.UDP_OPENING}
"""What opening a link of this transport is to the machines."""


class LinkState(Enum):
    """Client state of one link (SIM800 manual, CIPSTATUS)."""

    INITIAL = "INITIAL"
    CONNECTING = "CONNECTING"
    CONNECTED = "CONNECTED"
    REMOTE_CLOSING = "REMOTE CLOSING"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"


L = LinkState

LINK: Machine[LinkState] = Machine(
    "link",
    L.INITIAL,
    rows([L.INITIAL, L.CLOSED], H.TCP_OPENING, L.CONNECTING),
    rows([L.INITIAL, L.CLOSED], H.UDP_OPENING, L.CONNECTING),
    rows([L.INITIAL, L.CLOSED], H.ACCEPTED, L.CONNECTED),
    On(L.CONNECTING, H.CONNECTED, L.CONNECTED),
    On(L.CONNECTING, H.CONNECT_FAILED, L.CLOSED),
    On(L.CONNECTED, H.PEER_FINISHED, L.REMOTE_CLOSING),
    rows([L.CONNECTED, L.REMOTE_CLOSING], H.CLOSE_STARTED, L.CLOSING),
    rows([L.CONNECTING, L.CONNECTED, L.REMOTE_CLOSING, L.CLOSING], H.CLOSED, L.CLOSED),
    rows(LinkState, H.SHUT, L.INITIAL),
)


class ServerState(Enum):
    """Server state of the listener (SIM800 manual, CIPSTATUS)."""

    INITIAL = "INITIAL"
    OPENING = "OPENING"
    LISTENING = "LISTENING"
    CLOSING = "CLOSING"


SERVER: Machine[ServerState] = Machine(
    "listener",
    ServerState.INITIAL,
    On(ServerState.INITIAL, H.LISTEN_STARTED, ServerState.OPENING),
    On(ServerState.OPENING, H.CONNECTED, ServerState.LISTENING),
    On(ServerState.OPENING, H.CONNECT_FAILED, ServerState.INITIAL),
    rows([ServerState.OPENING, ServerState.LISTENING], H.LISTEN_STOPPED, ServerState.CLOSING),
    On(ServerState.CLOSING, H.CLOSED, ServerState.INITIAL),
)


class RegistrationState(Enum):
    """Where the module stands with the network: <stat> of 27.007 7.2, by the words that scenarios use."""

    NOT_SEARCHING = "NOT SEARCHING"
    HOME = "HOME"
    SEARCHING = "SEARCHING"
    DENIED = "DENIED"
    UNKNOWN = "UNKNOWN"
    ROAMING = "ROAMING"


class PowerState(Enum):
    """Whether the module is switched on."""

    OFF = "OFF"
    ON = "ON"


class ContextState(Enum):
    """A PDP context of the TCP/IP toolkit."""

    INACTIVE = "INACTIVE"
    ACTIVATING = "ACTIVATING"
    ACTIVE = "ACTIVE"
    LOST = "LOST"


C = ContextState

CONTEXT: Machine[ContextState] = Machine(
    "context",
    C.INACTIVE,
    On(C.INACTIVE, H.BRING_UP_STARTED, C.ACTIVATING),
    On(C.ACTIVATING, H.CONTEXT_ACTIVATED, C.ACTIVE),
    On(C.ACTIVATING, H.CONTEXT_REFUSED, C.INACTIVE),
    rows([C.ACTIVATING, C.ACTIVE], H.CONTEXT_LOST, C.LOST),
    rows(ContextState, H.SHUT, C.INACTIVE),
)

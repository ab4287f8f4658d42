"""BG96: the state of one socket as a table (S 2.1.6 ``<socket_state>``, 2.2.1, 2.2.5).

Contexts are those of ``emulator/states.py``: Deactivated is INACTIVE or LOST, Activated is ACTIVE.
"""

from __future__ import annotations

from enum import Enum

from ....emulator.machine import Machine, On, rows
from ....emulator.states import Happening


class SocketState(Enum):
    """The states of a connectID."""

    INITIAL = "Initial"
    OPENING = "Opening"
    CONNECTED = "Connected"
    LISTENING = "Listening"
    CLOSING = "Closing"

    @property
    def number(self) -> int:
        """As AT+QISTATE prints it."""
        return _NUMBERS[self]


_NUMBERS = {state: number for number, state in enumerate(SocketState)}

H = Happening
S = SocketState

SOCKET: Machine[SocketState] = Machine(
    "socket",
    S.INITIAL,
    rows([S.INITIAL], H.TCP_OPENING, S.OPENING, "S 2.1.4"),
    rows([S.INITIAL], H.UDP_OPENING, S.OPENING, "S 2.1.4; until the name is resolved"),
    rows([S.INITIAL], H.LISTEN_STARTED, S.OPENING, "S 2.1.4"),
    On(S.OPENING, H.CONNECTED, S.CONNECTED, "S 2.1.4"),
    On(S.OPENING, H.LISTENER_OPENED, S.LISTENING, "S 3.5.1"),
    On(S.OPENING, H.CONNECT_FAILED, S.INITIAL, "REC"),
    On(S.INITIAL, H.ACCEPTED, S.CONNECTED, "S 2.2.4"),
    On(S.CONNECTED, H.PEER_FINISHED, S.CLOSING, "S 2.2.1"),
    rows([S.CONNECTED, S.LISTENING], H.CONTEXT_LOST, S.CLOSING, "S 2.2.5; REC"),
    rows(SocketState, H.SHUT, S.INITIAL, "S 2.1.3, 2.1.5"),
)
"""``shut``: AT+QICLOSE has done its work, or AT+QIDEACT freed the connectID."""

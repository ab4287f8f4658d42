"""The TCP/IP states of the SIM800 as tables: ten with a single connection, seven with several.

Source: SIM800 TCPIP Application Note section 8; the figures it lost are Figures 2 and 3 of the
sister note for SIM7000 section 8, and AT manual 8.2. The rows are the behaviour and the diagrams.
Rule for editors: a row that no document settles says REC or where it was observed.
"""

from __future__ import annotations

from enum import Enum

from ...emulator.machine import Machine, On, rows
from ...emulator.states import Happening


class SingleState(Enum):
    """States with AT+CIPMUX=0. ``TCP/UDP`` is printed as the protocol of the connection."""

    IP_INITIAL = "IP INITIAL"
    IP_START = "IP START"
    IP_CONFIG = "IP CONFIG"
    IP_GPRSACT = "IP GPRSACT"
    IP_STATUS = "IP STATUS"
    CONNECTING = "TCP/UDP CONNECTING"
    SERVER_LISTENING = "SERVER LISTENING"
    CONNECT_OK = "CONNECT OK"
    CLOSING = "TCP/UDP CLOSING"
    CLOSED = "TCP/UDP CLOSED"
    PDP_DEACT = "PDP DEACT"


class MultiState(Enum):
    """States with AT+CIPMUX=1, of each of the two contexts."""

    IP_INITIAL = "IP INITIAL"
    IP_START = "IP START"
    IP_CONFIG = "IP CONFIG"
    IP_GPRSACT = "IP GPRSACT"
    IP_STATUS = "IP STATUS"
    IP_PROCESSING = "IP PROCESSING"
    PDP_DEACT = "PDP DEACT"


H = Happening
S = SingleState
M = MultiState

SINGLE_ACTIVE = frozenset(S) - {S.IP_INITIAL, S.IP_START, S.IP_CONFIG, S.PDP_DEACT}
"""States of a single connection with the PDP context up."""

MULTI_ACTIVE = frozenset({M.IP_GPRSACT, M.IP_STATUS, M.IP_PROCESSING})
"""States of a context in multi connection mode with the PDP context up."""

SINGLE: Machine[SingleState] = Machine(
    "single connection",
    S.IP_INITIAL,
    On(S.IP_INITIAL, H.APP_STARTED, S.IP_START, "S 8; M7000 CSTT"),
    On(S.IP_START, H.BRING_UP_STARTED, S.IP_CONFIG, "M7000 CIICR"),
    On(S.IP_CONFIG, H.CONTEXT_ACTIVATED, S.IP_GPRSACT, "M7000 CIICR"),
    On(S.IP_CONFIG, H.CONTEXT_REFUSED, S.PDP_DEACT, "observed for CIPSTART, else REC"),
    On(S.IP_GPRSACT, H.ADDRESS_READ, S.IP_STATUS, "M800 CIFSR"),
    rows(
        [S.IP_STATUS, S.CONNECTING, S.SERVER_LISTENING, S.CONNECT_OK, S.CLOSING, S.CLOSED],
        H.ADDRESS_READ,
        None,
        "S 2.1.3, 8",
    ),
    rows([S.IP_STATUS, S.CLOSED], H.TCP_OPENING, S.CONNECTING, "M800 CIPSTART; S 12"),
    rows([S.IP_STATUS, S.CLOSED], H.UDP_OPENING, S.CONNECTING, "M800 CIPSTART; S 12"),
    rows([S.IP_STATUS, S.CLOSED], H.LISTEN_STARTED, S.SERVER_LISTENING, "S 2.1.3; from CLOSED: REC"),
    On(S.CONNECTING, H.CONNECTED, S.CONNECT_OK, "S 8"),
    On(S.CONNECTING, H.CONNECT_FAILED, S.CLOSED, "M800 CIPSTART"),
    On(S.CONNECTING, H.UNROUTABLE, S.IP_STATUS, "REC"),
    On(S.CONNECTING, H.CLOSED, S.CLOSED, "REC"),
    On(S.SERVER_LISTENING, H.ACCEPTED, S.CONNECT_OK, "S 2.1.3"),
    On(S.SERVER_LISTENING, H.LISTEN_STOPPED, S.IP_STATUS, "REC"),
    On(S.SERVER_LISTENING, H.CLOSED, S.CLOSED, "REC"),
    On(S.CONNECT_OK, H.LISTEN_STOPPED, S.CONNECT_OK, "S 2.1.3"),
    On(S.CONNECT_OK, H.CLOSE_STARTED, S.CLOSING, "S 8"),
    On(S.CONNECT_OK, H.CLOSED, S.CLOSED, "S 8"),
    On(S.CLOSING, H.CLOSED, S.CLOSED, "S 8"),
    rows([S.CONNECT_OK, S.CLOSING], H.CLIENT_LEFT, S.SERVER_LISTENING, "REC"),
    rows(SINGLE_ACTIVE, H.CONTEXT_LOST, S.PDP_DEACT, "AN7000 Figure 2"),
    rows(SingleState, H.SHUT, S.IP_INITIAL, "S 9; M7000 CIPSHUT"),
)

MULTI: Machine[MultiState] = Machine(
    "multi connection",
    M.IP_INITIAL,
    On(M.IP_INITIAL, H.APP_STARTED, M.IP_START, "S 3.1"),
    On(M.IP_START, H.BRING_UP_STARTED, M.IP_CONFIG, "S 3.1"),
    On(M.IP_CONFIG, H.CONTEXT_ACTIVATED, M.IP_GPRSACT, "S 3.1"),
    On(M.IP_CONFIG, H.CONTEXT_REFUSED, M.PDP_DEACT, "REC"),
    On(M.IP_GPRSACT, H.ADDRESS_READ, M.IP_STATUS, "S 3.1"),
    rows([M.IP_STATUS, M.IP_PROCESSING], H.ADDRESS_READ, None, "M800 CIFSR"),
    rows([M.IP_STATUS, M.IP_PROCESSING], H.TCP_OPENING, M.IP_PROCESSING, "S 3.1"),
    rows([M.IP_STATUS, M.IP_PROCESSING], H.UDP_OPENING, M.IP_PROCESSING, "S 3.1"),
    rows([M.IP_STATUS, M.IP_PROCESSING], H.LISTEN_STARTED, M.IP_PROCESSING, "S 3.2"),
    On(M.IP_PROCESSING, H.CLOSE_STARTED, M.IP_PROCESSING, "AN7000 Figure 3"),
    On(M.IP_PROCESSING, H.LISTEN_STOPPED, M.IP_PROCESSING, "AN7000 Figure 3"),
    rows(MULTI_ACTIVE, H.CONTEXT_LOST, M.PDP_DEACT, "AN7000 Figure 3"),
    rows(MultiState, H.SHUT, M.IP_INITIAL, "S 9"),
)

"""The TCP/IP states of the M-series as tables: Figures 3 and 4 of the GSM TCPIP Application Note 5.6.1.

Each of the two contexts has its own place, in the table that its AT+QIMUX puts in force. Rule for
editors: a row that no document settles says REC or where it was observed.
"""

from __future__ import annotations

from enum import Enum

from ....emulator.machine import Machine, On, rows
from ....emulator.states import Happening


class SingleState(Enum):
    """States with AT+QIMUX=0. ``TCP/UDP`` is printed as the protocol of the connection."""

    IP_INITIAL = "IP INITIAL"
    IP_START = "IP START"
    IP_CONFIG = "IP CONFIG"
    IP_IND = "IP IND"
    IP_GPRSACT = "IP GPRSACT"
    IP_STATUS = "IP STATUS"
    CONNECTING = "TCP/UDP CONNECTING"
    CONNECT_OK = "CONNECT OK"
    IP_CLOSE = "IP CLOSE"
    PDP_DEACT = "PDP DEACT"


class MultiState(Enum):
    """States with AT+QIMUX=1."""

    IP_INITIAL = "IP INITIAL"
    IP_START = "IP START"
    IP_CONFIG = "IP CONFIG"
    IP_IND = "IP IND"
    IP_GPRSACT = "IP GPRSACT"
    IP_STATUS = "IP STATUS"
    IP_PROCESSING = "IP PROCESSING"
    PDP_DEACT = "PDP DEACT"


H = Happening
S = SingleState
M = MultiState

SINGLE_ACTIVE = frozenset(S) - {S.IP_INITIAL, S.IP_START, S.IP_CONFIG, S.IP_IND, S.PDP_DEACT}
MULTI_ACTIVE = frozenset({M.IP_GPRSACT, M.IP_STATUS, M.IP_PROCESSING})
"""States with the context up."""
DOWN = frozenset({S.IP_INITIAL, S.IP_START, S.PDP_DEACT, M.IP_INITIAL, M.IP_START, M.PDP_DEACT})
"""States with the context neither up nor being brought up."""

SINGLE: Machine[SingleState] = Machine(
    "single connection",
    S.IP_INITIAL,
    On(S.IP_INITIAL, H.APP_STARTED, S.IP_START, "Figure 3"),
    On(S.IP_START, H.BRING_UP_STARTED, S.IP_CONFIG, "Figure 3"),
    On(S.IP_CONFIG, H.ACTIVATION_STARTED, S.IP_IND, "S 5.6.1"),
    On(S.IP_IND, H.CONTEXT_ACTIVATED, S.IP_GPRSACT, "Figure 3"),
    On(S.IP_IND, H.CONTEXT_REFUSED, S.PDP_DEACT, "REC"),
    On(S.IP_GPRSACT, H.ADDRESS_READ, S.IP_STATUS, "Figure 3"),
    rows(SINGLE_ACTIVE - {S.IP_GPRSACT}, H.ADDRESS_READ, None, "S 3.2"),
    rows([S.IP_GPRSACT, S.IP_STATUS, S.IP_CLOSE], H.TCP_OPENING, S.CONNECTING, "Figure 3; MAN"),
    rows([S.IP_GPRSACT, S.IP_STATUS, S.IP_CLOSE], H.UDP_OPENING, S.CONNECTING, "Figure 3; MAN"),
    rows([S.IP_GPRSACT, S.IP_STATUS], H.LISTEN_STARTED, S.IP_STATUS, "REC: no listening state exists"),
    rows([S.CONNECTING, S.CONNECT_OK, S.IP_CLOSE], H.LISTEN_STARTED, None, "REC"),
    On(S.CONNECTING, H.CONNECTED, S.CONNECT_OK, "Figure 3"),
    rows([S.CONNECTING, S.CONNECT_OK], H.CLOSED, S.IP_CLOSE, "Figure 3"),
    On(S.CONNECTING, H.CONNECT_FAILED, S.IP_CLOSE, "REC"),
    rows(SINGLE_ACTIVE, H.CONTEXT_LOST, S.PDP_DEACT, "Figure 3"),
    rows(SingleState, H.SHUT, S.IP_INITIAL, "Figure 3"),
)

MULTI: Machine[MultiState] = Machine(
    "multiple connections",
    M.IP_INITIAL,
    On(M.IP_INITIAL, H.APP_STARTED, M.IP_START, "Figure 4"),
    On(M.IP_START, H.BRING_UP_STARTED, M.IP_CONFIG, "Figure 4"),
    On(M.IP_CONFIG, H.ACTIVATION_STARTED, M.IP_IND, "S 5.6.1"),
    On(M.IP_IND, H.CONTEXT_ACTIVATED, M.IP_GPRSACT, "Figure 4"),
    On(M.IP_IND, H.CONTEXT_REFUSED, M.PDP_DEACT, "REC"),
    On(M.IP_GPRSACT, H.ADDRESS_READ, M.IP_STATUS, "Figure 4"),
    rows([M.IP_STATUS, M.IP_PROCESSING], H.ADDRESS_READ, None, "S 3.4"),
    rows(MULTI_ACTIVE, H.TCP_OPENING, M.IP_PROCESSING, "Figure 4; from IP GPRSACT: REC"),
    rows(MULTI_ACTIVE, H.UDP_OPENING, M.IP_PROCESSING, "Figure 4; from IP GPRSACT: REC"),
    rows(MULTI_ACTIVE, H.LISTEN_STARTED, M.IP_PROCESSING, "Figure 4"),
    rows(MULTI_ACTIVE, H.CONTEXT_LOST, M.PDP_DEACT, "Figure 4"),
    rows(MultiState, H.SHUT, M.IP_INITIAL, "Figure 4"),
)

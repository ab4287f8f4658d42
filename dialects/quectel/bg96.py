"""The BG96: the constant that puts the LPWA family's parts together."""

from __future__ import annotations

from ...emulator.dialect import Dialect, Escape, Identity, Limits
from ...emulator.timing import fixed, latency
from ..calls import CALLS
from ..ts27005 import TS27005
from ..ts27007 import TS27007
from ..v250 import V250
from .lpwa.card import CARD
from .lpwa.config import CONFIG
from .lpwa.connections import CONNECTIONS
from .lpwa.contexts import CONTEXT_COMMANDS
from .lpwa.data import DATA
from .lpwa.extras import EXTRAS
from .lpwa.module import Bg96Module
from .lpwa.names import NAMES
from .lpwa.network import NETWORK
from .lpwa.ntp import NTP
from .lpwa.packet import PACKET
from .lpwa.ping import PING
from .lpwa.scan import SCAN
from .lpwa.sockets import SOCKETS
from .lpwa.states import SOCKET

REVISION = "BG96MAR02A07M1G"
"""Observed: TinyGSM#157; AT+QGMR appends more."""

BG96 = Dialect(
    name="bg96",
    title="Quectel BG96",
    documents=("BG96 TCP/IP AT Commands Manual V1.0 (2017-11-23)",),
    identity=Identity("Quectel", "BG96", REVISION, ("Quectel", "BG96", f"Revision: {REVISION}")),
    commands=V250
    | TS27007
    | CALLS
    | TS27005
    | NETWORK
    | PACKET
    | CARD
    | SCAN
    | EXTRAS
    | CONTEXT_COMMANDS
    | CONNECTIONS
    | DATA
    | CONFIG
    | NAMES
    | PING
    | NTP,
    module=Bg96Module,
    timings={
        "registration": fixed(2.0, "assumed, after RDY: what Zephyr's and TinyGSM's pauses allow"),
        "shut down": latency(3.0, "observed, TinyGSM#157: from POWERED DOWN until pdpdeact, at a restart"),
        "power down": latency(0.2, "assumed: TinyGSM waits 300 ms for POWERED DOWN"),
        "deactivate": latency(2.0, "common.md 10"),
        "deactivate limit": fixed(40, "S 2.1.3"),
        "connect limit": fixed(75, "REC; S 2.1.4: 150 s at the most"),
        "close limit": fixed(10, "S 2.1.5: the default of QICLOSE"),
        "closed report": fixed(0.5, "assumed: how long `closed` waits for a host that reads first"),
        "send fail": fixed(0.5, "assumed: a full buffer is one that stays full"),
        "dns limit": fixed(60, "S 2.1.14"),
        "ntp limit": fixed(125, "S 2.1.12"),
    },
    limits=Limits(line=2048, links=SOCKETS, listeners=SOCKETS, contexts=16, first_context=1, segment=1500),
    escape=Escape(guard=1.0, gap=1.0, whole=1.0),
    unknown_command=None,
    machines=(SOCKET,),
)

"""SIM800: the constant that puts the family's parts together."""

from __future__ import annotations

from ...emulator.dialect import Dialect, Escape, Identity, Limits
from ...emulator.reply import Cme
from ...emulator.timing import fixed, latency
from ..calls import CALLS
from ..ts27005 import TS27005
from ..ts27007 import TS27007
from ..v250 import V250
from .connections import CONNECTIONS
from .contexts import CONTEXTS
from .data import DATA
from .extras import EXTRAS
from .modes import MODES
from .module import Sim800Module
from .sapbr import BEARERS
from .states import MULTI, SINGLE
from .system import SYSTEM

SIM800 = Dialect(
    name="sim800",
    title="SIMCom SIM800",
    documents=(
        "SIM800 Series_TCPIP_Application Note_V1.02",
        "SIM800 Series_AT Command Manual V1.09",
    ),
    identity=Identity("SIMCOM_Ltd", "SIMCOM_SIM800", "Revision:1418B04SIM800", ("SIM800 R14.18",)),
    commands=V250
    | TS27007
    | CALLS
    | TS27005
    | SYSTEM
    | EXTRAS
    | BEARERS
    | MODES
    | CONTEXTS
    | CONNECTIONS
    | DATA,
    module=Sim800Module,
    timings={
        "dtr escape": fixed(1.0, "S 2.2.4(2): DTR low for at least 1 s, then high"),
        "bearer": latency(1.3, "observed: SAPBR=1,1 took 1.3 s and 0.65 s"),
        "connect limit": fixed(75, "observed: 75 s after OK when the peer never answers"),
        "shut": latency(1.0, "common.md 10"),
        "acknowledgement": latency(0.2, "common.md 10: SEND OK"),
        "send fail": fixed(1.0, "observed: SEND FAIL about 1 s after the data"),
        "unacknowledged send": fixed(645, "M800 CIPSEND"),
    },
    limits=Limits(),
    escape=Escape(guard=1.0, gap=1.0),
    unknown_command=Cme.UNKNOWN,
    machines=(SINGLE, MULTI),
)

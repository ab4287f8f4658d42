"""The M-series GSM modules (M95, M66, MC60, M10, M26): the constant that puts the family's parts together."""

from __future__ import annotations

from ...emulator.dialect import Dialect, Escape, Identity, Limits
from ...emulator.reply import Cme
from ...emulator.timing import fixed, latency
from ..calls import CALLS
from ..ts27005 import TS27005
from ..ts27007 import TS27007
from ..v250 import V250
from .gsm.connections import CONNECTIONS
from .gsm.contexts import CONTEXTS
from .gsm.data import DATA
from .gsm.extras import EXTRAS
from .gsm.module import BANK, MxxModule
from .gsm.states import MULTI, SINGLE

PRODUCT = ("Quectel_Ltd", "Quectel_M95", "Revision: M95FAR02A08")
"""ATI of an M95 (DRV: the revision that public code for it quotes)."""

QUECTEL_MXX = Dialect(
    name="quectel_mxx",
    title="Quectel M95, M66, MC60, M10, M26",
    documents=("GSM TCPIP Application Note V1.2 (GSM_TCPIP_AN_V1.2)",),
    identity=Identity("Quectel_Ltd", "Quectel_M95", "Revision: M95FAR02A08", PRODUCT),
    commands=V250 | TS27007 | CALLS | TS27005 | EXTRAS | CONTEXTS | CONNECTIONS | DATA,
    module=MxxModule,
    timings={
        "call pulse": fixed(0.012, "S 4: RI low for 12 ms"),
        "message pulse": fixed(0.012, "S 4: RI low for 12 ms"),
        "wake": fixed(0.02, "S 9: the serial port is active 20 ms after DTR went low"),
        "configure": latency(0.2, "assumed: IP CONFIG, before IP IND"),
        "connect limit": fixed(75, "DRV: QIOPEN takes 75 s at the most"),
        "send fail": fixed(0.5, "assumed: a full buffer is one that stays full"),
        "deactivate": latency(2.0, "S 5.5: 2 to 5 s"),
        "dns limit": fixed(14, "DRV: QIDNSGIP takes 14 s at the most"),
    },
    limits=Limits(links=BANK, banks=2),
    escape=Escape(guard=0.5, gap=0.02),
    unknown_command=Cme.UNKNOWN,
    other_mode=Cme.INCORRECT_PARAMETERS,
    machines=(SINGLE, MULTI),
)

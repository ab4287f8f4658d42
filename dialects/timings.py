"""The durations that the shell of every dialect needs; a dialect takes them with ``**SHELL_TIMINGS``."""

from __future__ import annotations

from ..emulator.timing import Duration, fixed, latency

SHELL_TIMINGS: dict[str, Duration] = {
    "boot": latency(2.8, "forums.quectel.com 3135: RDY about 2.8 s after power-on handling; same class"),
    "boot sim": latency(1.0, "assumed: TinyGSM#466 has +CPIN: READY soon after RDY"),
    "call ready": latency(3.0, "assumed: a few seconds after +CPIN: READY"),
    "sms ready": latency(1.0, "assumed: after Call Ready"),
    "signal": fixed(2.0, "observed: +CSQ: 0,0 right after reset, a real value about 2 s later"),
    "registration": fixed(6.0, "assumed, after RDY; lwcell must see +CREG: 1 after its 5 s pause"),
    "search": latency(2.0, "assumed: registration after +CFUN=1, +COPS=0 or the PIN"),
    "operators": latency(15.0, "assumed: +COPS=? scans all bands"),
    "attach": latency(1.5, "common.md 10"),
    "detach": latency(1.0, "assumed"),
    "pdp activate": latency(3.6, "observed: CGACT=1,1 took 3.6 s and 6.5 s"),
    "power down": latency(1.0, "assumed: NORMAL POWER DOWN comes when the module has left the network"),
    "dtr escape": fixed(0.0, "GSM TCPIP AN 4: the ON to OFF edge of DTR switches at once"),
    "sleep idle": fixed(5.0, "common.md 7"),
    "wake": fixed(0.05, "SIM800 note 11: DTR low for 50 ms"),
}

TELEPHONY_TIMINGS: dict[str, Duration] = {
    "ring interval": fixed(5, "common.md 6: RING about every 5 s"),
    "call set-up": fixed(2, "assumed: dialling until the other telephone rings"),
    "no answer": fixed(60, "assumed: the network's limit until NO ANSWER"),
    "sms send": latency(2, "assumed: until the service centre has acknowledged"),
    "call pulse": fixed(0.05, "SIM800 note 2.2.5: RI low for 50 ms"),
    "message pulse": fixed(0.12, "SIM800 note 2.2.5: RI low for 120 ms"),
}
"""The durations that calls and short messages need; a dialect takes them with ``**TELEPHONY_TIMINGS``."""

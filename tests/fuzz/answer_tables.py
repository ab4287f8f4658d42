"""What each module may say: the grammar of answers, written down from the documents, as regular expressions.

``default(name)`` is V.250 5.7.1 and 27.007 4.1: ``+NAME: value,value``. Everything else is named here, by
command, or for what is said unasked by dialect.
"""

from __future__ import annotations

IP = r"\d{1,3}(?:\.\d{1,3}){3}"
STRING = r'"[^"\r\n]*"'
NUMBER = r"-?\d+"
LIST = r"\([^()\r\n]*\)"
VALUE = rf"(?:{NUMBER}|{STRING}|{LIST}|)"
FREE = r"[ -~]*"
"""The test form: what is offered, in the document's words."""
HEX = r"(?:[0-9A-F]{2})*"
TEXT = r"[^\n]*"
"""The text of a short message: whatever was stored, also CR."""
DIGITS15 = r"\d{15}"
DIGITS20 = r"\d{18,20}F?"
PAYLOAD = r"[\x80-\xff]*"
"""What peers of the fuzzer send."""
TIME = r'"\d\d(?:\d\d)?/\d\d/\d\d,\d\d:\d\d:\d\d[+-]\d\d(?:,[01])?"'
INDEX = r"(?:[0-5], )?"


def values(count: str = "*") -> str:
    """``count`` more values behind the first."""
    return rf"{VALUE}(?:, ?{VALUE}){count}"


def default(name: str) -> str:
    """``+NAME: value,value``."""
    return rf"\{name}: {values()}" if name[:1] == "+" else r"(?!)"


STATE = r"STATE: (?:IP (?:INITIAL|START|CONFIG|IND|GPRSACT|STATUS|PROCESSING|CLOSE)|CONNECT OK|PDP DEACT"
STATE += r"|SERVER LISTENING|(?:TCP|UDP|TCP/UDP) (?:CONNECTING|CLOSED|CLOSING))"
LINK_STATE = r'"(?:INITIAL|CONNECTING|CONNECTED|REMOTE CLOSING|CLOSING|CLOSED)"'
CLIENT = rf'\d,(?:[01],"(?:TCP|UDP)",{STRING},"\d*"|,"","",""),{LINK_STATE}'

SERVER = r'S: 0,[01],"\d+","(?:OPENING|LISTENING|CLOSING)"'
PROFILE = r"(?:CONTYPE|APN|PHONENUM|USER|PWD|RATE): .*"

COMMON = {
    "S": r"\d{3}",
    "&V": r"ACTIVE PROFILE|&?[A-Z]: \d+|S\d+: \d{3}|\+[A-Z]+: \d+(?:,\d+)*",
    "+GCAP": r"\+GCAP: \+FCLASS,\+CGSM",
    "+GSN": DIGITS15,
    "+CGSN": DIGITS15,
    "+CIMI": DIGITS15,
    "+CPIN": r"\+CPIN: (?:READY|SIM PIN|SIM PUK)",
    "+CCLK": rf"\+CCLK: {TIME}",
    "+CMGR": rf"\+CMGR: {values()}|{HEX}|{TEXT}",
    "+CMGL": rf"\+CMGL: {values()}|{HEX}|{TEXT}",
    "+CMGS": r"\+CMGS: \d{1,3}",
    "+CMGW": r"\+CMGW: \d{1,3}",
    "+CMSS": r"\+CMSS: \d{1,3}",
}
"""The lines of the information response by command."""

SIM800 = {
    "+CCID": DIGITS20,
    "+CDNSCFG": rf"(?:Primary|Secondary)Dns: {IP}",
    "+CIPSTART": rf"{INDEX}ALREADY CONNECT",
    "+CIPSTATUS": rf"\+CIPSTATUS: {CLIENT}|{STATE}|C: {CLIENT}|{SERVER}",
    "+CIFSR": IP,
    "+SAPBR": rf'\+SAPBR: (?:\d,\d,"{IP}"|{LIST},{LIST},{STRING},{STRING})|\+SAPBR:|{PROFILE}',
    "+CIPRXGET": rf"\+CIPRXGET: (?:[01]|[23],{values()}(?:,{IP}:\d+)?|4,{values()})",
}
MXX = {
    "+QIDNSCFG": rf"(?:Primary|Secondary)Dns: {IP}",
    "+QILPORT": r"(?:TCP|UDP): \d+",
    "+QIOPEN": r"ALREADY CONNECT",
    "+QILOCIP": IP,
    "+QISTAT": rf'{STATE}|\+QISTAT: \d, "(?:TCP|UDP)?", {STRING},(?: \d+,)?',
    "+QISTATE": rf'{STATE}|\+QISTATE: \d,"(?:TCP|UDP)?",{STRING},\d*,{LINK_STATE}',
    "+QISSTAT": r"S: (?:INITIAL|OPENING|LISTENNING|CLOSING)",
    "+QIRD": rf"\+QIRD: {IP}:\d+,(?:TCP|UDP),\d+",
    "+QLTS": rf'\+QLTS: (?:{TIME}|"")',
}
BG96 = {
    "+CSUB": r"SubEdition: V\d+",
    "+QGMR": r"BG96[0-9A-Z_.]+",
    "+CGPADDR": rf"\+CGPADDR: \d+(?:,{IP})?",
    "+CGCONTRDP": rf"\+CGCONTRDP: {values()}(?:,{IP})*",
    "+QIGETERROR": r"\+QIGETERROR: \d+, ?[A-Za-z0-9 /+-]+",
    "+QNWINFO": rf"\+QNWINFO: (?:No Service|{STRING},{STRING},{STRING},\d+)",
    "+QLTS": rf'\+QLTS: (?:{TIME}|"")',
    "+QCFG": rf"\+QCFG: {STRING}(?:,(?:[0-9A-Fa-f]+|{LIST}|{STRING}))*",
    "+QIRD": r"\+QIRD: \d+(?:,\d+,\d+)?",
}

REGISTRATION = rf"\+C(?:E|G)?REG: [0-5](?:,(?:{STRING}|\d*))*"
PDU_OR_TEXT = rf"(?:{HEX}|{TEXT})"
UNASKED = [
    "OK|RING|NO CARRIER|BUSY|NO ANSWER|NO DIALTONE|CONNECT",
    REGISTRATION,
    rf"\+CMTI: {STRING},\d+",
    rf"\+CMT: {values()}\r\n{PDU_OR_TEXT}",
    rf"\+CDS: {values()}",
    rf"\+CLIP: {values()}",
    rf"\+CLCC: {values()}",
    r"\+CRING: (?:VOICE|GPRS .*)",
    rf"\+CUSD: {values()}",
    r"\+CPIN: (?:READY|SIM PIN|SIM PUK|NOT READY|NOT INSERTED)",
    r"\+CFUN: [014]",
    "RDY|Call Ready|SMS Ready|NORMAL POWER DOWN",
]
"""What is said unasked by all of them (27.007, 27.005, V.250; common.md 6)."""
UNASKED_SIM800 = [
    rf"{INDEX}(?:CONNECT OK|CONNECT FAIL|CLOSED|REMOTE IP: {IP})",
    r"STATE: (?:IP STATUS|TCP CLOSED|UDP CLOSED|PDP DEACT)",
    r"SERVER OK|SERVER CLOSE|\+PDP: DEACT",
    rf"\+CIPRXGET: 1(?:,[0-5])?(?:,{IP}:\d+)?",
    rf'\+CDNSGIP: (?:0,[38]|1,{STRING}(?:,"{IP}"){{1,2}})',
    r"\+SAPBR [1-3]: DEACT",
    rf"\*PSUTTZ: {values()}|DST: [0-2]",
    r'\+CIEV: 10,"\d+",' + rf"{STRING},{STRING}, 0, 0",
]
UNASKED_MXX = [
    rf"{INDEX}(?:CONNECT OK|CONNECT FAIL|CLOSED|REMOTE IP: {IP})",
    rf"SERVER OK|CLOSED|\+PDP DEACT|{IP}|ERROR: \d+",
    r"\+QIRDI: \d,\d,\d(?:,\d+,\d+,\d+)?",
    rf"\+QNITZ: {STRING}|\+CTZV: {STRING}",
]
UNASKED_BG96 = [
    "APP RDY|POWERED DOWN",
    r"\+CGEV: (?:ME|NW) (?:PDN (?:DE)?ACT|DETACH).*",
    rf"\+CTZV: {STRING}|\+CTZE: {STRING},\d,{STRING}",
    r"\+QIOPEN: \d+,\d+",
    rf"\+QIURC: {values()}",
    rf"\+Q(?:NTP|PING|SIMSTAT): {values()}",
]
RECEIVED = r"(?P<size>\d+)"
AHEAD = rf"(?:^RECV FROM:{IP}:\d+\r\n)?(?:^TO:{IP}\r\n)?"
PUSHED_SIM800 = [
    rf"^\+RECEIVE,[0-5],{RECEIVED}(?:,{IP}:\d+)?:\r\n",
    rf"(?:^RECV FROM:{IP}:\d+\r\n|^)\+IPD,{RECEIVED}(?:,(?:TCP|UDP))?:",
    rf"^RECV FROM:{IP}:\d+\r\n",
]
"""Headers of pushed data; ``^`` is the line's beginning, ``size`` the bytes that follow."""
PUSHED_MXX = [
    rf"{AHEAD}(?:^\+RECEIVE: [0-5], (?P<size2>\d+)\r\n)?IPD{RECEIVED}(?:TCP|UDP)?:",
    rf"{AHEAD}^\+RECEIVE: [0-5], {RECEIVED}\r\n",
    rf"(?:^RECV FROM:{IP}:\d+\r\n)?^TO:{IP}\r\n|^RECV FROM:{IP}:\d+\r\n",
]
PUSHED_BG96 = [rf'^\+QIURC: "recv",\d+,{RECEIVED}(?:,"{IP}",\d+)?(?:\r\n|,)']

FINALS = {
    "+CIPSHUT": "SHUT OK",
    "+CIPCLOSE": rf"{INDEX}CLOSE OK",
    "+CIPSEND": rf"{INDEX}SEND (?:OK|FAIL)|DATA ACCEPT:(?:[0-5],)?\d+",
    "+CPOWD": "NORMAL POWER DOWN",
    "+QPOWD": "NORMAL POWER DOWN",
    "+QICLOSE": rf"{INDEX}CLOSE OK",
    "+QIDEACT": "DEACT OK",
    "+QISEND": rf"{INDEX}SEND (?:OK|FAIL)",
    "+QISENDEX": "SEND (?:OK|FAIL)",
}
"""The vendors' own final results by command."""
SILENT = {"+CIFSR", "+QILOCIP", "+CIPSEND", "+QISEND", "+CPOWD", "+QPOWD"}
"""Commands whose answer no result code need end: an address alone, a send that shows no success, the end."""
PROMPTS = {"+CIPSEND", "+QISEND", "+CMGS", "+CMGW"}
RAW = {"+CIPRXGET", "+QIRD"}
"""Commands whose answer carries the peers' bytes."""

LINES = {"sim800": {**COMMON, **SIM800}, "quectel_mxx": {**COMMON, **MXX}, "bg96": {**COMMON, **BG96}}
SAID = {
    "sim800": UNASKED + UNASKED_SIM800,
    "quectel_mxx": UNASKED + UNASKED_MXX,
    "bg96": UNASKED + UNASKED_BG96,
}
PUSHED = {"sim800": PUSHED_SIM800, "quectel_mxx": PUSHED_MXX, "bg96": PUSHED_BG96}

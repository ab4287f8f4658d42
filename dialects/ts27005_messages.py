"""Short messages: reading, listing, deleting, sending and storing (27.005 3.4 and 3.5).

+CMGR, +CMGL, +CMGD, +CMGS, +CMGW, +CMSS in text mode and in PDU mode; the form in force is +CMGF's.
"""

from __future__ import annotations

from ..emulator.command import Choice, Int, Text, Word, command, execute, test, test_by, write
from ..emulator.dialect import CommandSet
from ..emulator.effects import SmsSent
from ..emulator.jobs import Pause, Payload, Prompt, Steps
from ..emulator.messages import Message, Status
from ..emulator.reply import OK, Cms, Refusal, Reply, info
from . import gsm_text, sms_pdu
from .sms_text import message_lines
from .telephony import Telephony

LONGEST_NUMBER = 20
"""Digits of an address (23.040 9.1.2.5)."""
NUMBER_LENGTH = 4 * (LONGEST_NUMBER + 1)
"""Characters of a number as typed, at the most: under +CSCS="UCS2" four for each."""
LONGEST_TYPED = 2048
"""Bytes taken at the prompt; far more than a message holds."""
BAD_TEXT = Cms.INVALID_TEXT_PARAMETER
BAD_PDU = Cms.INVALID_PDU_PARAMETER
EVERY = tuple(Status)
DELETED = (
    (),
    (Status.REC_READ,),
    (Status.REC_READ, Status.STO_SENT),
    (Status.REC_READ, Status.STO_SENT, Status.STO_UNSENT),
    EVERY,
)
"""+CMGD <delflag>: what goes (27.005 3.5.4)."""
WORDS: tuple[str, ...] = tuple([status.value for status in EVERY])


def text_mode(module: Telephony) -> bool:
    """Whether +CMGF=1 is in force."""
    return bool(module.shell.cmgf)


def pdu_mode(module: Telephony) -> bool:
    """Whether +CMGF=0 is in force."""
    return not module.shell.cmgf


def typed_number(module: Telephony, typed: str, kind: int | None) -> str:
    """A telephone number as typed; <toda> 145 means international also without the plus."""
    try:
        number = gsm_text.word_from_host(typed, module.charset)
    except gsm_text.NotInCharacterSet:
        raise Refusal(BAD_TEXT) from None
    digits = number.removeprefix("+")
    if not 0 < len(digits) <= LONGEST_NUMBER or sms_pdu.type_of_address(digits) == 208:
        raise Refusal(BAD_TEXT)
    return number if kind != 145 else f"+{digits}"


# ---- reading -------------------------------------------------------------------------------------


def _checked_index(module: Telephony, use: int, index: int) -> int:
    if not 1 <= index <= module.storage(use).places:
        raise Refusal(Cms.INVALID_INDEX)
    return index


def cmgr(module: Telephony, index: int, peek: int) -> Reply:
    """The message, which is read from now on (not with ``peek``); a free place: OK alone."""
    module.require_sms()
    message = module.storage(0).get(_checked_index(module, 0, index))
    if message is None:
        return OK
    reply = info(*message_lines(module, message, "+CMGR: "))
    _now_read(message, peek)
    return reply


def _now_read(message: Message, peek: int) -> None:
    if message.status is Status.REC_UNREAD and not peek:
        message.status = Status.REC_READ


CMGR = command(
    "+CMGR",
    test(),
    write(Int("index"), Choice("peek", (0, 1), default=0), run=cmgr, bad_parameter=Cms.INVALID_INDEX),
    cite="27.005 3.4.3; <mode> M800 4.2.6; a free place: common.md 6",
    op="sms.read",
)


def _list(module: Telephony, wanted: tuple[Status, ...], peek: int) -> Reply:
    module.require_sms()
    storage = module.storage(0)
    lines: list[str] = []
    for index in storage.indices():
        message = storage.get(index)
        if message is not None and message.status in wanted:
            lines += message_lines(module, message, f"+CMGL: {index},")
            _now_read(message, peek)
    return info(*lines)


def cmgl_text(module: Telephony, stat: str, peek: int) -> Reply:
    """All messages with this status."""
    return _list(module, EVERY if stat == "ALL" else (Status(stat),), peek)


def cmgl_pdu(module: Telephony, stat: int, peek: int) -> Reply:
    """The same, by number; 4 is all."""
    return _list(module, EVERY if stat == 4 else (EVERY[stat],), peek)


def cmgl_unread(module: Telephony) -> Reply:
    """Without a status: the unread ones (27.005 3.4.2)."""
    return _list(module, (Status.REC_UNREAD,), 0)


def cmgl_test(module: Telephony) -> Reply:
    """Words in text mode, numbers in PDU mode."""
    words = ",".join([f'"{word}"' for word in (*WORDS, "ALL")])
    return info(f"+CMGL: ({words})" if text_mode(module) else "+CMGL: (0-4)")


CMGL = command(
    "+CMGL",
    test_by(cmgl_test),
    execute(cmgl_unread),
    write(
        Word("stat", (*WORDS, "ALL")),
        Choice("peek", (0, 1), default=0),
        run=cmgl_text,
        only=text_mode,
        bad_parameter=BAD_TEXT,
    ),
    write(
        Choice("stat", (0, 1, 2, 3, 4)),
        Choice("peek", (0, 1), default=0),
        run=cmgl_pdu,
        only=pdu_mode,
        bad_parameter=BAD_PDU,
    ),
    cite="27.005 3.4.2, 4.1; <mode> M800 4.2.5",
    op="sms.list",
)


def cmgd(module: Telephony, index: int, flag: int) -> Reply:
    """Delete the message at ``index``, or with a flag those of a status, whatever the index."""
    module.require_sms()
    if flag:
        module.storage(0).delete_all(*DELETED[flag])
    else:
        module.storage(0).delete(_checked_index(module, 0, index))
    return OK


def cmgd_test(module: Telephony) -> Reply:
    """The places taken."""
    module.require_sms()
    return info(f"+CMGD: ({','.join(map(str, module.storage(0).indices()))}),(0-4)")


CMGD = command(
    "+CMGD",
    test_by(cmgd_test),
    write(
        Int("index"),
        Choice("flag", (0, 1, 2, 3, 4), default=0),
        run=cmgd,
        bad_parameter=Cms.INVALID_INDEX,
    ),
    cite="27.005 3.5.4",
    op="sms.delete",
)


# ---- from the host -------------------------------------------------------------------------------


def _typed_text(module: Telephony, payload: Payload, number: str, status: Status) -> Message:
    s = module.sms
    ucs2 = sms_pdu.alphabet_of(s.dcs) == "UCS2"
    try:
        text = gsm_text.message_from_host(payload.data, module.charset, ucs2=ucs2)
    except gsm_text.NotInCharacterSet:
        raise Refusal(BAD_TEXT) from None
    if sms_pdu.alphabet_of(s.dcs) == "GSM":
        text = "".join([char if gsm_text.in_alphabet(char) else "?" for char in text])
    if payload.excess or not sms_pdu.fits(text, s.dcs):
        raise Refusal(BAD_TEXT)
    return Message(number, text, status, first_octet=s.first_octet, pid=s.pid, dcs=s.dcs, validity=s.validity)


def _typed_pdu(payload: Payload, length: int, status: Status) -> Message:
    """What has a status of received messages must be an SMS-DELIVER, everything else an SMS-SUBMIT."""
    utc = 0.0
    said: sms_pdu.Delivered | sms_pdu.Submitted
    try:
        tpdu = sms_pdu.tpdu_of(payload.data.decode("latin-1"))
        if status.received:
            said = sms_pdu.read_deliver(tpdu)
            utc = said.utc
        else:
            said = sms_pdu.read_submit(tpdu)
    except sms_pdu.PduError:
        raise Refusal(BAD_PDU) from None
    if len(tpdu) != length:
        raise Refusal(BAD_PDU)
    return Message(
        said.number,
        said.text,
        status,
        utc,
        first_octet=said.first_octet,
        pid=said.pid,
        dcs=said.dcs,
        header=said.header,
        pdu=tpdu,
    )


def _send(module: Telephony, message: Message) -> Steps:
    """Steps: give the message to the network; its reference."""
    yield Pause("sms send")
    if not module.phone.reachable:
        raise Refusal(Cms.NO_NETWORK)
    module.ask(SmsSent(message.number, message.text))
    return module.messages.next_reference()


def cmgs_text(module: Telephony, number: str, kind: int | None) -> Steps:
    """The prompt, the text, Ctrl+Z; ESC: OK, and nothing is sent (common.md 6)."""
    module.require_sms()
    number = typed_number(module, number, kind)
    payload = yield Prompt(None, LONGEST_TYPED)
    if payload.cancelled:
        return OK
    reference = yield from _send(module, _typed_text(module, payload, number, Status.STO_SENT))
    return info(f"+CMGS: {reference}")


def cmgs_pdu(module: Telephony, length: int) -> Steps:
    """The prompt, the octets as digits, Ctrl+Z. ``length`` counts what is behind the centre's address."""
    module.require_sms()
    payload = yield Prompt(None, LONGEST_TYPED)
    if payload.cancelled:
        return OK
    reference = yield from _send(module, _typed_pdu(payload, length, Status.STO_SENT))
    return info(f"+CMGS: {reference}")


CMGS = command(
    "+CMGS",
    test(),
    write(
        Text("number", NUMBER_LENGTH, empty=False),
        Int("kind", 128, 255, default=None),
        run=cmgs_text,
        only=text_mode,
        bad_parameter=BAD_TEXT,
    ),
    write(Int("length", 7, 164), run=cmgs_pdu, only=pdu_mode, bad_parameter=BAD_PDU),
    cite="27.005 3.5.1, 4.3",
    op="sms.send",
)


def _keep(module: Telephony, message: Message) -> Reply:
    storage = module.storage(1)
    if storage.full:
        raise Refusal(Cms.MEMORY_FULL)
    return info(f"+CMGW: {storage.put(message)}")


def cmgw_text(module: Telephony, number: str, kind: int | None, stat: str) -> Steps:
    """Store a text; without a number it can be sent later with +CMSS=<index>,<da>."""
    module.require_sms()
    number = typed_number(module, number, kind) if number else ""
    payload = yield Prompt(None, LONGEST_TYPED)
    if payload.cancelled:
        return OK
    return _keep(module, _typed_text(module, payload, number, Status(stat)))


def cmgw_bare(module: Telephony) -> Steps:
    """Store a text that has no number yet."""
    return (yield from cmgw_text(module, "", None, Status.STO_UNSENT.value))


def cmgw_pdu(module: Telephony, length: int, stat: int) -> Steps:
    """Store an SMS-SUBMIT, or under a status of received messages an SMS-DELIVER (M800 4.2.6)."""
    module.require_sms()
    payload = yield Prompt(None, LONGEST_TYPED)
    if payload.cancelled:
        return OK
    return _keep(module, _typed_pdu(payload, length, EVERY[stat]))


CMGW = command(
    "+CMGW",
    test(),
    execute(cmgw_bare, only=text_mode),
    write(
        Text("number", NUMBER_LENGTH, default=""),
        Int("kind", 128, 255, default=None),
        Word("stat", WORDS[2:], default=WORDS[2]),
        run=cmgw_text,
        only=text_mode,
        bad_parameter=BAD_TEXT,
    ),
    write(
        Int("length", 7, 164),
        Choice("stat", (0, 1, 2, 3), default=2),
        run=cmgw_pdu,
        only=pdu_mode,
        bad_parameter=BAD_PDU,
    ),
    cite="27.005 3.5.3, 4.4; statuses M800 4.2.6: in text mode STO UNSENT and STO SENT only",
    op="sms.store",
)


def cmss(module: Telephony, index: int, number: str | None, kind: int | None) -> Steps:
    """Send a stored message, to another number if one is given."""
    module.require_sms()
    message = module.storage(1).get(_checked_index(module, 1, index))
    if message is None:
        raise Refusal(Cms.INVALID_INDEX)
    to = message.number if number is None else typed_number(module, number, kind)
    if not to:
        raise Refusal(BAD_TEXT)
    sent = Message(to, message.text, Status.STO_SENT)
    reference = yield from _send(module, sent)
    if message.status is Status.STO_UNSENT:
        message.status = Status.STO_SENT
    return info(f"+CMSS: {reference}")


CMSS = command(
    "+CMSS",
    test(),
    write(
        Int("index"),
        Text("number", NUMBER_LENGTH, empty=False, default=None),
        Int("kind", 128, 255, default=None),
        run=cmss,
        bad_parameter=Cms.INVALID_INDEX,
    ),
    cite="27.005 3.5.2",
    op="sms.send",
)

MESSAGES = CommandSet([CMGR, CMGL, CMGD, CMGS, CMGW, CMSS])

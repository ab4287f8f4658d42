"""One short message as +CMGR, +CMGL and +CMT print it, in text mode and in PDU mode (27.005 3.1)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..emulator.messages import Message
from . import gsm_text, sms_pdu

if TYPE_CHECKING:
    from .telephony import Telephony


def tpdu(message: Message) -> bytes:
    """The message's octets as the SIM keeps them."""
    m = message
    if m.pdu:
        return m.pdu
    if m.status.received:
        return sms_pdu.deliver(m.number, m.text, m.utc, 0, m.first_octet, m.pid, m.dcs, m.header)
    return sms_pdu.submit(m.number, m.text, m.first_octet, m.pid, m.dcs, m.validity)


def time_stamp(utc: float) -> str:
    """<scts>; the service centre's zone is UTC."""
    return f"{datetime.fromtimestamp(utc, UTC):%y/%m/%d,%H:%M:%S}+00"


def message_lines(module: Telephony, message: Message, head: str) -> tuple[str, ...]:
    """``head`` with what follows it, and the line of text or octets."""
    if module.shell.cmgf == 0:
        length, octets = sms_pdu.with_service_centre(module.messages.service_centre, tpdu(message))
        status = "" if head.startswith("+CMT") else f"{message.status.number},"
        return f"{head}{status}{module.no_name},{length}", octets
    return _text_head(module, message, head), _text(module, message)


def _text(module: Telephony, message: Message) -> str:
    coding = sms_pdu.alphabet_of(message.dcs)
    if coding == "8BIT":
        return message.text.encode("latin-1", "replace").hex().upper()
    return gsm_text.message_to_host(message.text, module.charset, ucs2=coding == "UCS2")


def _text_head(module: Telephony, message: Message, head: str) -> str:
    """27.005 3.4.2 (+CMGL), 3.5.1 (+CMGR), 3.4.1 (+CMT); the tail only under +CSDH=1."""
    indication = head.startswith("+CMT")
    status = "" if indication else f'"{message.status.value}",'
    fields = [f'{head}{status}"{gsm_text.word_to_host(message.number, module.charset)}"', module.no_name]
    if message.status.received:
        fields.append(f'"{time_stamp(message.utc)}"')
    if module.sms.show:
        fields += _details(module, message, short=head.startswith("+CMGL"))
    return ",".join(fields)


def _details(module: Telephony, message: Message, *, short: bool) -> list[str]:
    m = message
    length = str(sms_pdu.user_data_length(m.text, m.dcs, m.header))
    kind = str(sms_pdu.type_of_address(m.number))
    if short:
        return [kind, length]
    centre = module.messages.service_centre
    validity = [] if m.status.received else [str(m.validity)]
    middle = [str(m.first_octet), str(m.pid), str(m.dcs), *validity]
    return [kind, *middle, f'"{centre}"', str(sms_pdu.type_of_address(centre)), length]

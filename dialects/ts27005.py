"""Short messages: the settings of 27.005 (+CMGF, +CPMS, +CNMI, +CSMP, +CSDH, +CSCA, +CSMS, +CNMA).

Every command but a test form fails with +CMS ERROR until card and service are ready (observed). The
commands on messages are in :mod:`.ts27005_messages`.
"""

from __future__ import annotations

from ..emulator.command import Choice, Int, Text, Word, command, execute, read, test, write
from ..emulator.dialect import CommandSet
from ..emulator.module import Module
from ..emulator.reply import OK, Cms, Refusal, Reply, info
from . import gsm_text, sms_pdu
from .settings import setting
from .telephony import Telephony
from .ts27005_messages import MESSAGES, NUMBER_LENGTH, typed_number

UNSUPPORTED = Cms.NOT_SUPPORTED
"""A value that a setting does not have (assumed; 27.005 leaves it open)."""
INVALID = Cms.INVALID_TEXT_PARAMETER


def service(module: Module) -> None:
    """Refuse while card or message service are not ready."""
    module.require_sms()


CMGF = setting("+CMGF", "shell.cmgf", (0, 1), "27.005 3.2.3", bad_parameter=UNSUPPORTED, guard=service)
CSDH = setting("+CSDH", "sms.show", (0, 1), "27.005 3.3.3", bad_parameter=UNSUPPORTED, guard=service)

MEMORIES = ("SM", "ME")
_LISTED = '("SM","ME")'


def cpms_read(module: Telephony) -> Reply:
    """The three memories with what they hold."""
    module.require_sms()
    stores = [module.storage(use) for use in range(3)]
    return info("+CPMS: " + ",".join([f'"{s.name}",{len(s)},{s.places}' for s in stores]))


def cpms_write(module: Telephony, reading: str, writing: str | None, receiving: str | None) -> Reply:
    """Choose the memories; those left out stay."""
    module.require_sms()
    for use, name in enumerate((reading, writing, receiving)):
        if name is not None:
            module.sms.memories[use] = name
    stores = [module.storage(use) for use in range(3)]
    return info("+CPMS: " + ",".join([f"{len(s)},{s.places}" for s in stores]))


CPMS = command(
    "+CPMS",
    test(f"+CPMS: {_LISTED},{_LISTED},{_LISTED}"),
    read(cpms_read),
    write(
        Word("reading", MEMORIES),
        Word("writing", MEMORIES, default=None),
        Word("receiving", MEMORIES, default=None),
        run=cpms_write,
        bad_parameter=UNSUPPORTED,
    ),
    cite="27.005 3.2.2",
)


def cnmi_read(module: Telephony) -> Reply:
    """The five numbers."""
    module.require_sms()
    return info("+CNMI: " + ",".join(map(str, module.shell.cnmi)))


def cnmi_write(
    module: Telephony, mode: int, mt: int | None, bm: int | None, ds: int | None, bfr: int | None
) -> Reply:
    """Where indications go; a number left out stays as it was."""
    module.require_sms()
    given = (mode, mt, bm, ds, bfr)
    before = module.shell.cnmi
    module.shell.cnmi = tuple([old if new is None else new for old, new in zip(before, given, strict=True)])
    if mode:
        module.release_indications()
    return OK


CNMI = command(
    "+CNMI",
    test("+CNMI: (0,1,2,3),(0,1,2,3),(0,2),(0,1),(0,1)"),
    read(cnmi_read),
    write(
        Choice("mode", (0, 1, 2, 3)),
        Choice("mt", (0, 1, 2, 3), default=None),
        Choice("bm", (0, 2), default=None),
        Choice("ds", (0, 1), default=None),
        Choice("bfr", (0, 1), default=None),
        run=cnmi_write,
        bad_parameter=UNSUPPORTED,
    ),
    cite="27.005 3.4.1; ranges M800 4.2.8; default observed",
)


def csmp_read(module: Telephony) -> Reply:
    """First octet, validity, protocol and coding of what is sent in text mode."""
    module.require_sms()
    s = module.sms
    return info(f"+CSMP: {s.first_octet},{s.validity},{s.pid},{s.dcs}")


def csmp_write(
    module: Telephony, first_octet: int | None, validity: int | None, pid: int | None, dcs: int | None
) -> Reply:
    """Those left out stay. Only SMS-SUBMIT without header, with a relative validity or none."""
    module.require_sms()
    s = module.sms
    octet = s.first_octet if first_octet is None else first_octet
    if octet & 3 != sms_pdu.SUBMIT or octet & (0x08 | sms_pdu.USER_DATA_HEADER):
        raise Refusal(INVALID)
    s.first_octet = octet
    s.validity = s.validity if validity is None else validity
    s.pid = s.pid if pid is None else pid
    s.dcs = s.dcs if dcs is None else dcs
    return OK


CSMP = command(
    "+CSMP",
    test("+CSMP: (0-255),(0-255),(0-255),(0-255)"),
    read(csmp_read),
    write(
        Int("first_octet", 0, 255, default=None),
        Int("validity", 0, 255, default=None),
        Int("pid", 0, 255, default=None),
        Int("dcs", 0, 255, default=None),
        run=csmp_write,
        bad_parameter=INVALID,
    ),
    cite="27.005 3.3.2; default observed; test form assumed",
)


def csca_read(module: Telephony) -> Reply:
    """The service centre that the card names."""
    module.require_sms()
    centre = module.messages.service_centre
    kind = sms_pdu.type_of_address(centre)
    return info(f'+CSCA: "{gsm_text.word_to_host(centre, module.charset)}",{kind}')


def csca_write(module: Telephony, number: str, kind: int | None) -> Reply:
    """Another service centre, kept on the card."""
    module.require_sms()
    module.messages.service_centre = typed_number(module, number, kind)
    return OK


CSCA = command(
    "+CSCA",
    test(),
    read(csca_read),
    write(
        Text("number", NUMBER_LENGTH, empty=False),
        Int("kind", 128, 255, default=None),
        run=csca_write,
        bad_parameter=INVALID,
    ),
    cite="27.005 3.3.1",
)


def csms_read(module: Telephony) -> Reply:
    """The service, and that receiving, sending and no broadcast are supported."""
    module.require_sms()
    return info(f"+CSMS: {module.sms.service},1,1,0")


def csms_write(module: Telephony, service: int) -> Reply:
    """Phase 2 (0) or 2+ (1), in which +CMT is acknowledged with +CNMA."""
    module.require_sms()
    module.sms.service = service
    return info("+CSMS: 1,1,0")


CSMS = command(
    "+CSMS",
    test("+CSMS: (0,1)"),
    read(csms_read),
    write(Choice("service", (0, 1)), run=csms_write, bad_parameter=UNSUPPORTED),
    cite="27.005 3.2.1",
)


def cnma(module: Telephony) -> Reply:
    """Acknowledge a +CMT; without one to acknowledge it is an error."""
    module.require_sms()
    if not (module.sms.service and module.sms.unacknowledged):
        raise Refusal(Cms.NO_CNMA_EXPECTED)
    module.sms.unacknowledged -= 1
    return OK


CNMA = command("+CNMA", test(), execute(cnma), cite="27.005 3.4.4")

TS27005 = CommandSet([CMGF, CSDH, CPMS, CNMI, CSMP, CSCA, CSMS, CNMA]) | MESSAGES

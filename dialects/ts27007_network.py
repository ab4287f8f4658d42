"""The network: signal, registration, operator, attach and PDP contexts (27.007 chapters 7, 8, 10)."""

from __future__ import annotations

from collections.abc import Iterable

from ..emulator.command import Choice, Command, Int, Text, Word, command, execute, read, test, test_by, write
from ..emulator.dialect import CommandSet
from ..emulator.jobs import Pause, Steps, Until
from ..emulator.module import Module
from ..emulator.packet import PdpContext
from ..emulator.reply import OK, Cme, Refusal, Reply, info

MANUAL = 1
STAY_AWAY = 2
FORMAT_ONLY = 3


def csq(module: Module) -> Reply:
    """Signal strength and bit error rate."""
    return info("+CSQ: {},{}".format(*module.signal_quality()))


CSQ = command("+CSQ", test("+CSQ: (0-31,99),(0-7,99)"), execute(csq), cite="27.007 8.5; ber 0: observed")


# ---- registration --------------------------------------------------------------------------------


def registration_report(
    name: str, attribute: str, cite: str, levels: tuple[int, ...] = (0, 1, 2), shown: str = "0-2"
) -> Command:
    """+CREG and its likes: one shape, one setting <n> each (``attribute`` of the profile)."""

    def report_read(module: Module) -> Reply:
        level: int = getattr(module.shell, attribute)
        return info(f"{name}: {level},{module.registration.report(name, level)}")

    def report_write(module: Module, level: int) -> Reply:
        setattr(module.shell, attribute, level)
        return OK

    return command(
        name,
        test(f"{name}: ({shown})"),
        read(report_read),
        write(Choice("level", levels, default=0), run=report_write),
        cite=cite,
    )


CREG = registration_report("+CREG", "creg", "27.007 7.2")
CGREG = registration_report("+CGREG", "cgreg", "27.007 10.1.20")


# ---- operator ------------------------------------------------------------------------------------


def cops_read(module: Module) -> Reply:
    """How the operator is chosen, and which it is."""
    network = module.network
    if not network.registered:
        return info(f"+COPS: {network.selection}")
    name = network.operator_name(network.format)
    return info(f'+COPS: {network.selection},{network.format},"{name}"{module.operator_suffix()}')


def cops_test(module: Module) -> Steps:
    """The operators that can be heard: ours, as current, available or forbidden; then mode and format."""
    module.require_sim()
    network = module.network
    if network.functionality != 1:
        raise Refusal(Cme.NO_NETWORK)
    yield Pause("operators")
    heard = ""
    if network.offers in (1, 3, 5):
        stat = 3 if network.offers == 3 else 2 if network.registered else 1
        names = ",".join(f'"{network.operator_name(form)}"' for form in (0, 1, 2))
        heard = f"({stat},{names}{module.operator_suffix()})"
    return info(f"+COPS: {heard},,{module.operator_modes}")


def cops_write(module: Module, mode: int, form: int | None, operator: str | None) -> Reply | Steps:
    """Automatic, manual, away, or the format alone."""
    network = module.network
    if mode == FORMAT_ONLY:
        if form is None:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        network.format = form
        return OK
    if mode in (1, 4) and (form is None or operator is None):
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    module.require_sim()
    if form is not None:
        network.format = form
    if mode == STAY_AWAY:
        network.selection = mode
        with module.interjecting():
            module.detached()
        module.registration.leave()
        return OK
    return select(module, mode, operator)


def select(module: Module, mode: int, operator: str | None) -> Steps:
    """Steps: register, with the operator asked for where the host asked for one."""
    network = module.network
    wanted = operator is None or operator == network.operator_name(network.format)
    network.selection = 0 if mode == 4 and not wanted else mode
    if not wanted and mode == MANUAL:
        with module.interjecting():
            module.detached()
        module.registration.leave()
        yield Pause("search")
        raise Refusal(Cme.NO_NETWORK)
    if not network.registered:
        if network.functionality != 1:
            raise Refusal(Cme.NO_NETWORK)
        module.registration.search("search")
        yield Until(lambda: not module.registration.searching)
    if mode == MANUAL and not network.registered:
        raise Refusal(Cme.NO_NETWORK)
    return OK


COPS = command(
    "+COPS",
    test_by(cops_test),
    read(cops_read),
    write(
        Choice("mode", (0, 1, 2, 3, 4), default=0),
        Choice("form", (0, 1, 2), default=None),
        Text("operator", 20, empty=False, default=None),
        run=cops_write,
    ),
    cite="27.007 7.3; tail of the test form: observed on a SIM800L",
)


# ---- attach --------------------------------------------------------------------------------------


def cgatt_read(module: Module) -> Reply:
    """Whether the module is attached to the packet network."""
    return info(f"+CGATT: {int(module.network.attach)}")


def cgatt_write(module: Module, state: int) -> Reply | Steps:
    """Attach or detach; detaching drops every context before the OK (common.md 4)."""
    module.require_sim()
    if state:
        return attach(module)
    return detach(module)


def attach(module: Module) -> Steps:
    """Steps: attach; needs registration."""
    network = module.network
    if not network.registered:
        raise Refusal(Cme.NO_NETWORK)
    if not network.attached:
        yield Pause("attach")
        if not network.registered:
            raise Refusal(Cme.NO_NETWORK)
        network.attached = True
        module.registration.tell()
    return OK


def detach(module: Module) -> Steps:
    """Steps: detach."""
    if module.network.attached:
        yield Pause("detach")
        module.network.attached = False
        with module.interjecting():
            module.detached()
        module.registration.tell()
    return OK


CGATT = command(
    "+CGATT",
    test("+CGATT: (0,1)"),
    read(cgatt_read),
    write(Choice("state", (0, 1)), run=cgatt_write),
    cite="27.007 10.1.9",
    op="net.attach",
)


# ---- PDP contexts --------------------------------------------------------------------------------

CIDS = 3
_CID = Int("cid", 1, CIDS)
_COMPRESSION = (0, 1, 2)


def cgdcont_read(module: Module) -> Reply:
    """Every definition, one a line."""
    return info(
        *(
            f'+CGDCONT: {cid},"{c.pdp_type}","{c.apn}","{c.address}",'
            f"{c.data_compression},{c.header_compression}"
            for cid, c in sorted(module.packet.contexts.items())
        )
    )


def cgdcont_write(
    module: Module, cid: int, pdp_type: str | None, apn: str, address: str, data: int, header: int
) -> Reply:
    """Define a context, or with nothing but its number undefine it; not while it is active."""
    contexts = module.packet.contexts
    known = contexts.get(cid)
    if known is not None and known.active:
        raise Refusal(Cme.NOT_ALLOWED)
    if pdp_type is None:
        contexts.pop(cid, None)
    else:
        contexts[cid] = PdpContext(pdp_type, apn, address or "0.0.0.0", data, header)
    return OK


CGDCONT = command(
    "+CGDCONT",
    test(f'+CGDCONT: (1-{CIDS}),"IP",,,(0-2),(0-2)'),
    read(cgdcont_read),
    write(
        _CID,
        Word("pdp_type", ("IP",), default=None),
        Text("apn", 63, default=""),
        Text("address", 15, default=""),
        Choice("data", _COMPRESSION, default=0),
        Choice("header", _COMPRESSION, default=0),
        run=cgdcont_write,
    ),
    cite="27.007 10.1.1; three contexts, IP only: M800 (assumed)",
)


def cgact_read(module: Module) -> Reply:
    """Every definition and whether it is active."""
    contexts = sorted(module.packet.contexts.items())
    return info(*(f"+CGACT: {cid},{int(context.active)}" for cid, context in contexts))


def cgact_write(
    module: Module, state: int, first: int | None, second: int | None, third: int | None
) -> Steps:
    """(De)activate the contexts named, or every one that is defined (27.007 10.1.10)."""
    module.require_sim()
    contexts = module.packet.contexts
    named = [cid for cid in (first, second, third) if cid is not None]
    if any(cid not in contexts for cid in named) and state:
        raise Refusal(Cme.INCORRECT_PARAMETERS)
    chosen = [contexts[cid] for cid in (named or sorted(contexts)) if cid in contexts]
    if not state:
        for context in chosen:
            context.active = False
        return OK
    if all(context.active for context in chosen):
        return OK
    # 27.007 10.1.10: a module that is not attached attaches first.
    yield from attach(module)
    yield from activate(module, chosen)
    return OK


def activate(module: Module, chosen: Iterable[PdpContext]) -> Steps:
    """Steps: activate what is not active; raises what the network's refusal means."""
    for context in chosen:
        if not context.active:
            yield Pause("pdp activate")
            if not module.network.grants_pdp:
                raise Refusal(Cme.GPRS_UNSPECIFIED)
            context.active = True


CGACT = command(
    "+CGACT",
    test("+CGACT: (0,1)"),
    read(cgact_read),
    write(
        Choice("state", (0, 1)),
        Int("first", 1, CIDS, default=None),
        Int("second", 1, CIDS, default=None),
        Int("third", 1, CIDS, default=None),
        run=cgact_write,
    ),
    cite="27.007 10.1.10",
)


def address_of(module: Module, cid: int) -> str:
    """A context's address; an inactive one has none."""
    return module.local_ip(cid - 1) if module.packet.contexts[cid].active else "0.0.0.0"


def pdp_addresses(name: str, quote: str, cite: str) -> Command:
    """+CGPADDR; vendors quote the address, or do not."""

    def line(module: Module, cid: int) -> str:
        return f"{name}: {cid},{quote}{address_of(module, cid)}{quote}"

    def addresses_test(module: Module) -> Reply:
        return info(f"{name}: ({','.join(map(str, sorted(module.packet.contexts)))})")

    def addresses_all(module: Module) -> Reply:
        return info(*(line(module, cid) for cid in sorted(module.packet.contexts)))

    def addresses_write(module: Module, cid: int) -> Reply:
        if cid not in module.packet.contexts:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        return info(line(module, cid))

    return command(
        name,
        test_by(addresses_test),
        execute(addresses_all),
        write(_CID, run=addresses_write),
        cite=cite,
    )


CGPADDR = pdp_addresses("+CGPADDR", '"', "27.007 10.1.14 (a string, so in quotes)")

NETWORK = CommandSet([CSQ, CREG, CGREG, COPS, CGATT, CGDCONT, CGACT, CGPADDR])

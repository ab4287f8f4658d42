"""SIM800: connection mode, transfer mode and the plain settings around a connection.

AT+CIPMUX, CIPMODE, CIPCCFG, CIPSGTXT, CLPORT, CIPUDPMODE, CIPHEAD, CIPSHOWTP, CIPSRIP, CIPQSEND,
CIPATS, CIPSPRT. Sources: SIM800 TCPIP Application Note (S), M800, M7000; REC as simcom_sim800.md.
"""

from __future__ import annotations

from ...emulator.command import Choice, Int, Ipv4, command, read, test, test_by, write
from ...emulator.dialect import CommandSet
from ...emulator.effects import Transport
from ...emulator.events import Address
from ...emulator.links import Link
from ...emulator.reply import OK, Cme, Refusal, Reply, info
from ..settings import setting
from ..toolkit import LINK, LOCAL_PORT, QUAD, TRANSPORT, refuse_unless
from .module import Sim800Module, Transparent
from .states import MultiState, SingleState

INITIAL = {SingleState.IP_INITIAL, MultiState.IP_INITIAL}


def single(module: Sim800Module) -> bool:
    """Whether AT+CIPMUX=0 is in force."""
    return not module.tcpip.mux


def multi(module: Sim800Module) -> bool:
    """Whether AT+CIPMUX=1 is in force."""
    return bool(module.tcpip.mux)


CIPHEAD = setting("+CIPHEAD", "tcpip.head", (0, 1), "S 2.1.4, 7.1; M900")
CIPSHOWTP = setting("+CIPSHOWTP", "tcpip.show_protocol", (0, 1), "S 7.1; M7000")
CIPSRIP = setting("+CIPSRIP", "tcpip.show_source", (0, 1), "S 2.1.4, 7.1; M7000")
CIPQSEND = setting("+CIPQSEND", "tcpip.quick_send", (0, 1), "S 6.4; M800")
CIPSPRT = setting("+CIPSPRT", "tcpip.prompt", (0, 1, 2), "S 2.1.1; M900, M7000")


def cipmux_read(module: Sim800Module) -> Reply:
    """Connection mode in force."""
    return info(f"+CIPMUX: {module.tcpip.mux}")


def cipmux_write(module: Sim800Module, mode: int) -> Reply:
    """Only with every context in IP INITIAL (M7000 8.2.1; observed for 0); =0 selects context 0."""
    settings = module.tcpip
    refuse_unless(not (mode and settings.mode))
    refuse_unless(all(position.state is MultiState.IP_INITIAL for position in module.multi))
    settings.mux = mode
    settings.selected = 0
    return OK


CIPMUX = command(
    "+CIPMUX",
    test("+CIPMUX: (0,1)"),
    read(cipmux_read),
    write(Choice("mode", (0, 1)), run=cipmux_write, needs=INITIAL),
    cite="S 2, 3; M800; M7000 8.2.1",
)


def cipmode_read(module: Sim800Module) -> Reply:
    """Transfer mode in force."""
    return info(f"+CIPMODE: {module.tcpip.mode}")


def cipmode_write(module: Sim800Module, mode: int) -> Reply:
    """Not with a link or listener open; transparent only with a single connection (S 2.2.3, 3)."""
    refuse_unless(module.idle and not (mode and module.tcpip.mux))
    module.tcpip.mode = mode
    return OK


CIPMODE = command(
    "+CIPMODE",
    test("+CIPMODE: (0-NORMAL MODE,1-TRANSPARENT MODE)"),
    read(cipmode_read),
    write(Choice("mode", (0, 1)), run=cipmode_write),
    cite="S 2.1, 2.2.2, 2.2.3; M7000",
)


def cipccfg_read(module: Sim800Module) -> Reply:
    """The transparent mode settings."""
    c = module.tcpip.transparent
    return info(f"+CIPCCFG: {c.retries},{c.wait},{c.size},{c.escape},{c.paced},{c.burst},{c.burst_pause}")


def cipccfg_write(
    module: Sim800Module,
    retries: int,
    wait: int,
    size: int,
    escape: int,
    paced: int | None,
    burst: int | None,
    burst_pause: int | None,
) -> Reply:
    """Single mode only (M7000), in every state, new values at once; what is left out stays (REC)."""
    old = module.tcpip.transparent
    module.tcpip.transparent = Transparent(
        retries,
        wait,
        size,
        escape,
        old.paced if paced is None else paced,
        old.burst if burst is None else burst,
        old.burst_pause if burst_pause is None else burst_pause,
    )
    return OK


CIPCCFG = command(
    "+CIPCCFG",
    test(
        "+CIPCCFG: (NmRetry:3-8),(WaitTm:1-10),(SendSz:1-1460),(esc:0,1),"
        "(Rxmode:0,1),(RxSize:50-1460),(Rxtimer:20-1000)"
    ),
    read(cipccfg_read),
    write(
        Int("retries", 3, 8),
        Int("wait", 1, 10),
        Int("size", 1, 1460),
        Choice("escape", (0, 1)),
        Choice("paced", (0, 1), default=None),
        Int("burst", 50, 1460, default=None),
        Int("burst_pause", 20, 1000, default=None),
        run=cipccfg_write,
        only=single,
    ),
    cite="S 2.2.2, 2.2.4; M7000",
)


def cipsgtxt_write(module: Sim800Module, context: int) -> Reply:
    """Select the context that the following commands act on (S 4)."""
    module.tcpip.selected = context
    return OK


CIPSGTXT = command(
    "+CIPSGTXT",
    test("+CIPSGTXT: (0,1)"),
    write(Choice("context", (0, 1)), run=cipsgtxt_write, only=multi),
    cite="S 4; M7000",
)


def cipats_read(module: Sim800Module) -> Reply:
    """Whether sends are timed, and the time in seconds."""
    return info(f"+CIPATS: {module.tcpip.timed},{module.tcpip.send_after}")


def cipats_write(module: Sim800Module, mode: int, seconds: int | None) -> Reply:
    """A time left out keeps the old one (REC)."""
    module.tcpip.timed = mode
    if seconds is not None:
        module.tcpip.send_after = seconds
    return OK


CIPATS = command(
    "+CIPATS",
    test("+CIPATS: (0,1),(1-100)"),
    read(cipats_read),
    write(Choice("mode", (0, 1)), Int("seconds", 1, 100, default=None), run=cipats_write),
    cite="S 6.2; M900, M7000",
)


def clport_read(module: Sim800Module) -> Reply:
    """The fixed local ports, TCP then UDP; 0 is dynamic."""
    settings = module.tcpip
    if not settings.mux:
        return info(f"+CLPORT: {settings.tcp_ports[0]},{settings.udp_ports[0]}")
    ports = zip(settings.tcp_ports, settings.udp_ports, strict=True)
    return info(*[f"+CLPORT: {n},{tcp},{udp}" for n, (tcp, udp) in enumerate(ports)])


def _set_port(module: Sim800Module, number: int, transport: str, port: int) -> Reply:
    settings = module.tcpip
    ports = settings.tcp_ports if transport == "TCP" else settings.udp_ports
    ports[number] = port
    return OK


def clport_single(module: Sim800Module, transport: str, port: int) -> Reply:
    """Takes effect at the next CIPSTART; not with a link or listener open (REC)."""
    refuse_unless(module.idle)
    return _set_port(module, 0, transport, port)


def clport_multi(module: Sim800Module, number: int, transport: str, port: int) -> Reply:
    """The three parameter form of newer firmware (M7000); only the link named counts."""
    refuse_unless(not module.stack.links[number].open)
    return _set_port(module, number, transport, port)


def clport_test(module: Sim800Module) -> Reply:
    """The ranges, with the link number in multi connection mode."""
    number = "(0-5)," if module.tcpip.mux else ""
    return info(f'+CLPORT: {number}("TCP","UDP"),(0-65535)')


CLPORT = command(
    "+CLPORT",
    test_by(clport_test),
    read(clport_read),
    write(TRANSPORT, LOCAL_PORT, run=clport_single, only=single),
    write(LINK, TRANSPORT, LOCAL_PORT, run=clport_multi, only=multi),
    cite="S 2.1.4, 2.3; M7000",
)


def _udp_link(link: Link, mode: int) -> bool:
    return mode == 1 and link.connected and link.transport is Transport.UDP


def _udp_line(module: Sim800Module, link: Link) -> str:
    mode = module.tcpip.udp_modes[link.number]
    number = f"{link.number}," if module.tcpip.mux else ""
    there = f',"{link.destination.host}",{link.destination.port}' if _udp_link(link, mode) else ""
    return f"+CIPUDPMODE: {number}{mode}{there}"


def cipudpmode_read(module: Sim800Module) -> Reply:
    """The mode, and the destination while a UDP link is open in extended mode (REC)."""
    links = module.stack.links if module.tcpip.mux else module.stack.links[:1]
    return info(*[_udp_line(module, link) for link in links])


def _set_udp_mode(module: Sim800Module, link: Link, mode: int, host: str | None, port: int | None) -> Reply:
    """Mode 2 gives an open extended link another destination; 0 and 1 count from the next CIPSTART."""
    modes = module.tcpip.udp_modes
    if mode == 2:
        refuse_unless(_udp_link(link, modes[link.number]))
        if host is None or port is None:
            raise Refusal(Cme.INCORRECT_PARAMETERS)
        link.destination = Address(host, port)
    else:
        refuse_unless(not link.open if module.tcpip.mux else module.idle)
        modes[link.number] = mode
    return OK


def cipudpmode_single(module: Sim800Module, mode: int, host: str | None, port: int | None) -> Reply:
    """UDP extended mode of the single connection (S 2.1.4)."""
    return _set_udp_mode(module, module.stack.links[0], mode, host, port)


def cipudpmode_multi(
    module: Sim800Module, number: int, mode: int, host: str | None, port: int | None
) -> Reply:
    """UDP extended mode of one link (M7000)."""
    return _set_udp_mode(module, module.stack.links[number], mode, host, port)


UDP_MODE = (
    Choice("mode", (0, 1, 2)),
    Ipv4("host", default=None),
    Int("port", 1, 65535, quoted=True, default=None),
)

CIPUDPMODE = command(
    "+CIPUDPMODE",
    test(f"+CIPUDPMODE: (0-2),{QUAD},(1-65535)"),
    read(cipudpmode_read),
    write(*UDP_MODE, run=cipudpmode_single, only=single),
    write(LINK, *UDP_MODE, run=cipudpmode_multi, only=multi),
    cite="S 2.1.4; M7000",
)

MODES = CommandSet(
    [
        CIPMUX,
        CIPMODE,
        CIPCCFG,
        CIPSGTXT,
        CIPHEAD,
        CIPSHOWTP,
        CIPSRIP,
        CIPQSEND,
        CIPATS,
        CIPSPRT,
        CLPORT,
        CIPUDPMODE,
    ]
)

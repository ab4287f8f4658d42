"""What the engine asks for: everything that a module does to the world outside it.

Effects are imperatives. The driver drains them with :meth:`Modem.effects` after every stimulus and
hands each to the endpoint (line effects) or to the netstack (socket effects), in order.
"""

from __future__ import annotations

from enum import Enum

from .events import Address, LineSignal
from .fact import fact


class Transport(Enum):
    """The transport protocol of a socket, as AT commands spell it."""

    TCP = "TCP"
    UDP = "UDP"


@fact
class Effect:
    """Base of all effects."""


# ---- to the endpoint ----------------------------------------------------------------------------

BY_CHARACTER, BY_WIRE = 1, 2
"""How one side stops the other (+IFC): XON and XOFF, or RTS and CTS; 0 is not at all."""


@fact
class WriteLine(Effect):
    """Write these bytes to the DTE."""

    data: bytes


@fact
class SetSignal(Effect):
    """Switch a control line towards the DTE (DCD, DSR, CTS, RI). ON is the low TTL level."""

    signal: LineSignal
    on: bool


@fact
class SetLine(Effect):
    """The module's UART works like this from here on, behind what has been written (AT+IPR, AT+IFC)."""

    rate: int = 0
    """Bit/s; 0: whatever the host sends at (autobaud)."""
    by_dte: int = 0
    """How the host stops the module's output."""
    by_dce: int = 0
    """How the module stops the host's."""


@fact
class PauseInput(Effect):
    """Take no more bytes from the DTE for now."""


@fact
class ResumeInput(Effect):
    """Take bytes from the DTE again."""


# ---- to the netstack ----------------------------------------------------------------------------


@fact
class NetEffect(Effect):
    """Base of the effects that a netstack performs."""


@fact
class OpenSocket(NetEffect):
    """Open a client socket: TCP connects, UDP binds and remembers ``remote`` as destination.

    ``remote`` None: a UDP socket without a destination, every datagram of which says where it goes.
    Answered by ``Connected`` or ``ConnectFailed``. ``local_port`` 0 means any. ``source`` is the
    module's PDP address (for captures and for module-to-module traffic). A UDP socket delivers
    datagrams from every sender: the engine filters.
    """

    handle: int
    transport: Transport
    remote: Address | None
    local_port: int
    source: str


@fact
class SendData(NetEffect):
    """Send bytes: on TCP in order after what was sent before, on UDP as one datagram.

    ``to`` overrides the destination of a UDP socket. ``awaited``: somebody waits for the peer's
    acknowledgement, so it is worth something to tell of it at once; otherwise a few milliseconds later.
    """

    handle: int
    data: bytes
    to: Address | None = None
    awaited: bool = True


@fact
class CloseSocket(NetEffect):
    """Close a socket or a listener.

    ``abort`` False on a connected TCP socket: send what is queued, then FIN; answered by ``Closed``
    when the peer has closed too (or ``ConnectionLost``). Everything else (abort: RST; UDP;
    listener; still connecting) is done at once and not answered.
    """

    handle: int
    abort: bool = False


@fact
class Listen(NetEffect):
    """Open a listener on ``port`` (0: any). Answered by ``Listening`` or ``ListenFailed``.

    A UDP listener answers a first datagram of a sender with ``Accepted``, then ``Received``.
    """

    handle: int
    transport: Transport
    port: int
    source: str


@fact
class PauseReceiving(NetEffect):
    """Read no more from this socket for now: TCP's window closes, UDP datagrams are dropped."""

    handle: int


@fact
class ResumeReceiving(NetEffect):
    """Read from this socket again."""

    handle: int


@fact
class Resolve(NetEffect):
    """Look up the IPv4 addresses of ``name``; answered by ``Resolved`` or ``ResolveFailed``.

    ``servers`` are the DNS servers that the host configured; empty: the host's own resolver.
    ``source`` is the module's PDP address (for captures).
    """

    query: int
    name: str
    servers: tuple[str, ...] = ()
    source: str = ""


@fact
class TakeAddress(NetEffect):
    """The network gave the module this PDP address: from now on it can be reached there. Not answered."""

    address: str


@fact
class GiveUpAddress(NetEffect):
    """The PDP context of this address is gone. Not answered; its sockets are closed by their own effects."""

    address: str


@fact
class Ping(NetEffect):
    """Send one ICMP echo request with ``size`` bytes of data; answered by ``PingAnswered`` or ``PingFailed``.

    ``query`` is a number that the engine chooses and never uses again, ``source`` the module's PDP address
    (for captures, and for the modules of one process). Who has not answered within
    ``timeout`` seconds is not waited for any longer (``PingFailed`` with ``TIMED_OUT``).
    """

    query: int
    address: str
    size: int
    timeout: float
    source: str


@fact
class AskNtp(NetEffect):
    """Ask an NTP server (RFC 5905) for the time; answered by ``NtpAnswered`` or ``NtpFailed``.

    ``query`` is a number that the engine chooses and never uses again. After ``timeout`` seconds without
    an answer that makes sense it is ``NtpFailed`` with ``TIMED_OUT``.
    """

    query: int
    server: Address
    timeout: float
    source: str


# ---- for whoever watches (transcript, scenario) -------------------------------------------------


@fact
class StateChanged(Effect):
    """A documented state machine moved; ``machine`` names it, states are the documents' words.

    From a state to itself: no move, it is told where the machine stands as somebody begins to watch.
    """

    machine: str
    before: str
    after: str


@fact
class SocketAssigned(Effect):
    """From now on ``handle`` is the socket of link ``link`` of PDP context ``context`` (both as numbered by
    the engine, from 0), or of the context's listener (``link`` ``None``).

    Said in front of the ``OpenSocket`` or ``Listen``, and behind ``Accepted``. ``remote`` is the peer as the
    module addresses it; a listener's is an empty host and the port that it is to have.
    """

    handle: int
    link: int | None
    context: int
    transport: Transport
    remote: Address


@fact
class CommandFinished(Effect):
    """A command line was executed; ``result`` is its final result code as printed (or empty: none was)."""

    line: str
    result: str


@fact
class CommandEnded(Effect):
    """One command of a line has its answer; ``ok``: not a failure. ``result`` is its final result as printed.

    Said only while somebody decides about commands. ``op``: the dialect-neutral operation, or nothing.
    """

    text: str
    op: str
    result: str
    ok: bool


@fact
class Said(Effect):
    """The module said this unasked: a line, or the first of a block."""

    text: str


@fact
class SmsSent(Effect):
    """The module sent a short message."""

    number: str
    text: str


ONLY_TOLD = (CommandEnded, CommandFinished, Said, SmsSent, SocketAssigned, StateChanged)
"""What nobody has to do anything about."""

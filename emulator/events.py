"""What can happen to a module: everything the engine is told, from the network, a peer, a line or a tester.

Events are past-tense nouns. The netstack, an endpoint, a scenario or a test makes them; the engine
receives them through :meth:`Modem.receive` together with the time. They carry facts, never AT words.

A *handle* is a number for one socket of the module. The engine chooses positive ones (never reused);
the netstack numbers the sockets that it accepts with negative ones.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import NamedTuple

from .fact import fact


class Address(NamedTuple):
    """An IPv4 address in dotted form and a port."""

    host: str
    port: int


class Failure(Enum):
    """Why something in the network did not work, told apart as the host tells it apart."""

    REFUSED = "refused"
    TIMED_OUT = "timed out"
    UNREACHABLE = "unreachable"
    RESET = "reset"
    ADDRESS_IN_USE = "address in use"
    NOT_FOUND = "not found"
    FORBIDDEN = "forbidden by the network policy"
    NOT_PERMITTED = "not permitted on this host"
    NO_RESOURCES = "no resources"


@fact
class Event:
    """Base of all events."""


# ---- from the netstack --------------------------------------------------------------------------


@fact
class Connected(Event):
    """The socket is open: a TCP handshake is complete, or a UDP socket is bound."""

    handle: int
    local: Address


@fact
class ConnectFailed(Event):
    """The socket could not be opened; the handle is free again."""

    handle: int
    failure: Failure


@fact
class Received(Event):
    """Data came in: one TCP segment (as read) or one whole UDP datagram.

    ``source`` is the sender as the module knows it (a routed peer under the address that the
    module asked for).
    """

    handle: int
    data: bytes
    source: Address


@fact
class Acknowledged(Event):
    """The peer's stack has acknowledged ``total`` bytes of this TCP connection so far."""

    handle: int
    total: int


@fact
class SendBlocked(Event):
    """The netstack holds more unsent data of this socket than it likes; stop producing more."""

    handle: int


@fact
class SendReady(Event):
    """After :class:`SendBlocked`: there is room again."""

    handle: int


@fact
class PeerClosed(Event):
    """The peer sent FIN. All data before it has been delivered as :class:`Received`."""

    handle: int


@fact
class ConnectionLost(Event):
    """The connection is gone without a FIN (reset, or the host gave up); the handle is free."""

    handle: int
    failure: Failure


@fact
class Closed(Event):
    """Our own orderly close is complete: the peer answered the FIN. The handle is free."""

    handle: int


@fact
class Listening(Event):
    """The listener is open; ``local`` tells the port it really has."""

    handle: int
    local: Address


@fact
class ListenFailed(Event):
    """The listener could not be opened; the handle is free again."""

    handle: int
    failure: Failure


@fact
class Accepted(Event):
    """A client connected to the listener ``listener``; its new socket is ``handle`` (negative)."""

    listener: int
    handle: int
    local: Address
    remote: Address


@fact
class Resolved(Event):
    """The name of query ``query`` has these IPv4 addresses (at least one); ``ttl`` in seconds."""

    query: int
    addresses: tuple[str, ...]
    ttl: int = 0


@fact
class ResolveFailed(Event):
    """The name of query ``query`` has no address (``NOT_FOUND``), or nobody answered."""

    query: int
    failure: Failure


@fact
class PingAnswered(Event):
    """The echo reply to ping ``query`` came after ``rtt`` seconds, with ``ttl`` in its IP header."""

    query: int
    rtt: float
    ttl: int


@fact
class PingFailed(Event):
    """Ping ``query`` has no answer: ``TIMED_OUT``, ``UNREACHABLE`` (the network said so), or it was not
    sent: ``FORBIDDEN`` (by policy), ``NOT_PERMITTED`` (this host lets nobody ping from here)."""

    query: int
    failure: Failure


@fact
class NtpAnswered(Event):
    """An NTP server told the time: UTC in seconds since the Unix epoch, now (the way back is added)."""

    query: int
    utc: float


@fact
class NtpFailed(Event):
    """No time from the NTP server: ``TIMED_OUT`` (no answer that makes sense), ``REFUSED`` (kiss-o'-death, or
    nobody listens there); ``UNREACHABLE``, ``FORBIDDEN``: nothing could be sent."""

    query: int
    failure: Failure


# ---- from the line (endpoint) -------------------------------------------------------------------


class LineSignal(Enum):
    """A control line of the serial interface, by its V.24 name."""

    DTR = "DTR"
    RTS = "RTS"
    DCD = "DCD"
    DSR = "DSR"
    CTS = "CTS"
    RI = "RI"


@fact
class LineChanged(Event):
    """The DTE switched DTR or RTS. ``on`` is the logical state: ON is the low TTL level."""

    signal: LineSignal
    on: bool


@fact
class OutputBlocked(Event):
    """The DTE does not read: the endpoint holds enough output. Pushed data waits from now on."""


@fact
class OutputReady(Event):
    """After :class:`OutputBlocked`: the DTE has read on."""


# ---- from the mobile network, the SIM and the user's telephone (scenario, test) ------------------


@fact
class PdpLost(Event):
    """The network deactivated a PDP context (``None``: every active one)."""

    context: int | None = None


@fact
class PdpRefusalChanged(Event):
    """From now on the network refuses (or grants) PDP context activation."""

    refused: bool


@fact
class RegistrationChanged(Event):
    """The registration status (27.007 7.2 ``<stat>``) is now ``stat``, optionally in another cell."""

    stat: int
    lac: int | None = None
    ci: int | None = None


class AccessTechnology(IntEnum):
    """What a cell speaks; the number is ``<AcT>`` of 27.007 as Quectel's LPWA modules have it."""

    CAT_M1 = 8
    CAT_NB1 = 9
    GSM = 0


@fact
class TechnologiesChanged(Event):
    """From now on the network has these access technologies here."""

    offered: tuple[AccessTechnology, ...]


@fact
class SignalChanged(Event):
    """Signal strength (27.007 8.5 ``<rssi>`` 0-31 or 99) and bit error rate as they are now."""

    rssi: int
    ber: int


@fact
class PdpReleaseChanged(Event):
    """From now on the network confirms that PDP contexts are given up, or is silent."""

    answered: bool


@fact
class PacketServiceChanged(Event):
    """The network ended the module's attachment to the packet network, or grants it again."""

    attached: bool


@fact
class SendsRefused(Event):
    """From now on every send finds its buffer full, or (``False``) as full as it is."""

    on: bool


@fact
class UrcInjected(Event):
    """The module says ``text`` unasked; ``at_once``: wherever its output stands, as a faulty module might."""

    text: str
    at_once: bool = False


class CardWants(Enum):
    """What a card asks for when it gets power."""

    NOTHING = "nothing"
    PIN = "pin"
    PUK = "puk"


@fact
class SimChanged(Event):
    """A SIM card was inserted (``True``) or removed; with ``wants`` another one, with these codes."""

    present: bool
    wants: CardWants | None = None
    pin: str = ""
    puk: str = ""


class UssdResult(IntEnum):
    """``<m>`` of +CUSD (27.007 7.15): what the network says of a service."""

    NOTIFY = 0
    REQUEST = 1
    TERMINATED = 2
    UNSUPPORTED = 4
    TIMED_OUT = 5


@fact
class UssdArrived(Event):
    """The network says ``text`` unasked, or (``result``) ends what was asked."""

    text: str
    result: UssdResult = UssdResult.NOTIFY


@fact
class UssdAnswerChanged(Event):
    """The next ``times`` (``None``: all) requests that match the glob ``request`` are answered so."""

    request: str
    answer: UssdArrived
    delay: float = 0.0
    times: int | None = None


@fact
class TemperatureChanged(Event):
    """The module is so warm, in degrees Celsius."""

    celsius: int


@fact
class CallArrived(Event):
    """Somebody calls; the call rings until answered, hung up or :class:`CallerHungUp`."""

    number: str


@fact
class CallerHungUp(Event):
    """The other party of the ringing or active call hung up."""


@fact
class CallAnswered(Event):
    """The other party answered the call that the module dials."""


@fact
class SmsArrived(Event):
    """A short message arrived; ``slot`` is where it is stored (``None``: the lowest free index)."""

    number: str
    text: str
    slot: int | None = None


@fact
class NetworkTimeArrived(Event):
    """The network told the time (NITZ): seconds since the Unix epoch in UTC, zone in quarter hours."""

    utc: float
    quarters: int
    dst: int = 0


@fact
class PowerChanged(Event):
    """The power key, or the supply: the module was switched on or off, without a goodbye."""

    on: bool

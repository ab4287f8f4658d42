"""The steps of a rule as they stand in a file: what a network, a peer, a wire, a card or a module can do."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from ..command import Op
from .parts import (
    AnyLink,
    Between,
    Count,
    Direction,
    Duration,
    Name,
    Part,
    Percent,
    Rate,
    Registered,
    Size,
)

RESULTS = (
    "error",
    "connect_fail",
    "dns_fail",
    "send_fail",
    "activate_fail",
    "deactivate_fail",
    "no_network",
    "sim_busy",
)
Result = Annotated[str, Meta(pattern=rf"^({'|'.join(RESULTS)}|\d{{1,3}})$")]


class Walk(Part, frozen=True):
    """A signal that goes up or down by at most ``step``, within bounds, each time the step is taken."""

    walk: tuple[Annotated[int, Meta(ge=0, le=31)], Annotated[int, Meta(ge=0, le=31)]]
    step: Count = 1


class Cell(Part, frozen=True):
    """Registration with the network, and where."""

    to: Registered
    lac: Annotated[int, Meta(ge=0, le=0xFFFF)] | UnsetType = UNSET
    ci: Annotated[int, Meta(ge=0, le=0xFFFFFFF)] | UnsetType = UNSET


class Signal(Part, frozen=True):
    """Signal strength as AT+CSQ counts it (0-31, 99), and the bit error rate (0-7, 99)."""

    rssi: Annotated[int, Meta(ge=0, le=99)] | Walk
    ber: Annotated[int, Meta(ge=0, le=99)] = 0


class Context(Part, frozen=True):
    """A PDP context by the number that the module's commands use; left out: every active one."""

    context: Annotated[int, Meta(ge=0, le=16)] | UnsetType = UNSET


class NewCard(Part, frozen=True):
    """Another card: taken out and put in, or put in; ``asks`` for it when it gets power."""

    asks: Literal["nothing", "pin", "puk"] = "pin"
    pin: Annotated[str, Meta(pattern=r"^\d{4,8}$")] = ""
    """Left out: as the card before."""
    puk: Annotated[str, Meta(pattern=r"^\d{8}$")] = ""


class Power(Part, frozen=True):
    """The supply: ``off``, ``on``; ``reset`` and ``crash`` come back after ``boot_time``; a ``brownout``
    does so behind ``noise`` bytes of garbage on the line."""

    action: Literal["off", "on", "reset", "crash", "brownout"]
    boot_time: Duration = "3s"
    noise: Annotated[int, Meta(ge=0, le=4096)] = 16


class Fail(Part, frozen=True):
    """The next ``times`` matching commands fail, from this moment on."""

    command: Name | UnsetType = UNSET
    op: Op | UnsetType = UNSET
    times: Count = 1
    result: Result = "error"
    """A name that every dialect translates, or the number of one of its own error codes."""
    reply: str | UnsetType = UNSET
    """The whole answer instead, raw (``\\r\\n`` as YAML's double quotes write it)."""


class Socket(Part, frozen=True):
    """Something that a peer or the network does to open connections."""

    action: Literal["close", "half_close", "reset", "blackhole", "pause", "resume"]
    link: AnyLink = "any"
    window: Size = 0
    """``pause``: bytes that the peer's stack still acknowledges."""


class Impairment(Part, frozen=True):
    """How the path behaves from now on, for every connection or those that match.

    It replaces one of the same name.
    """

    name: Name = "link"
    link: AnyLink = "any"
    peer: Name | UnsetType = UNSET
    direction: Direction = "both"
    latency: Duration | UnsetType = UNSET
    jitter: Duration | UnsetType = UNSET
    bandwidth: Rate | UnsetType = UNSET
    loss: Percent | UnsetType = UNSET
    reorder: Percent | UnsetType = UNSET
    duplicate: Percent | UnsetType = UNSET
    average_size: Count | UnsetType = UNSET
    size_variation: Annotated[int, Meta(ge=0)] = 0
    slice_delay: Duration = "0s"
    slow_close: Duration | UnsetType = UNSET
    limit_data: Size | UnsetType = UNSET
    timeout: Duration | UnsetType = UNSET
    reset_peer: Duration | UnsetType = UNSET
    blackhole: Literal[True] | UnsetType = UNSET


class Restore(Part, frozen=True):
    """Take an impairment, or all of them, away."""

    name: Name | UnsetType = UNSET


class Connects(Part, frozen=True):
    """How connections that the module opens end from now on."""

    answer: Literal["refuse", "silence", "unreachable", "normal"]
    peer: Name | UnsetType = UNSET
    delay: Duration = "0s"
    times: Count | UnsetType = UNSET


class Dns(Part, frozen=True):
    """How the lookup of matching names ends from now on."""

    answer: Literal["nxdomain", "silence", "normal"] | list[Name]
    name: Name = "*"
    delay: Duration = "0s"
    times: Count | UnsetType = UNSET
    ttl: Annotated[int, Meta(ge=0)] = 0


class Garble(Part, frozen=True):
    """Noise on the serial line, in the next ``chunks`` writes of that direction."""

    direction: Literal["to_host", "to_module"] = "to_host"
    flip: Annotated[int, Meta(ge=1, le=8)] | UnsetType = UNSET
    """Bits turned in each byte hit."""
    drop: Literal[True] | UnsetType = UNSET
    double: Literal[True] | UnsetType = UNSET
    insert: Literal[True] | UnsetType = UNSET
    split: Duration | UnsetType = UNSET
    """The write comes in two parts, so far apart."""
    bytes: Count = 1
    """Bytes hit in each write."""
    chunks: Count = 1


class Lines(Part, frozen=True):
    """Control lines towards the DTE, until the module itself switches them."""

    ri: Literal["on", "off"] | UnsetType = UNSET
    dcd: Literal["on", "off"] | UnsetType = UNSET
    cts: Literal["on", "off"] | UnsetType = UNSET
    dsr: Literal["on", "off"] | UnsetType = UNSET


class Urc(Part, frozen=True):
    """An unsolicited line; ``at_once``: also between a command and its answer."""

    text: Name
    at_once: bool = False


class Sms(Part, frozen=True):
    """A short message arrives."""

    from_: Name
    text: str


class Ussd(Part, frozen=True):
    """A service of the network says ``text`` now, or ``to`` each request (such as ``"*100#"``) from now on.

    ``result``: what it wants, +CUSD's <m>: ``request`` waits for the user's answer.
    """

    text: Annotated[str, Meta(max_length=182)] = ""
    result: Literal["notify", "request", "terminated", "unsupported", "timed_out"] = "notify"
    to: Name | UnsetType = UNSET
    delay: Duration = "0s"
    times: Count | UnsetType = UNSET


class Ring(Part, frozen=True):
    """Somebody calls, and gives up after ``for``, or after so many ``times`` of ringing (5 s each).

    ``ri_line``: RI is ON for the first second of each.
    """

    from_: str
    for_: Duration | UnsetType = UNSET
    times: Count | UnsetType = UNSET
    ri_line: bool = False


class Time(Part, frozen=True):
    """The network tells the time (UTC)."""

    utc: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    zone: Annotated[int, Meta(ge=-48, le=56)] = 0
    """Quarters of an hour."""
    dst: Annotated[int, Meta(ge=0, le=2)] = 0


class Step(Part, frozen=True):
    """One thing to do; exactly one of these keys."""

    wait: Duration | Between | UnsetType = UNSET
    mark: Name | UnsetType = UNSET
    log: str | UnsetType = UNSET
    verdict: Literal["pass", "fail"] | UnsetType = UNSET
    coverage: Literal["lost", "back"] | UnsetType = UNSET
    register: Cell | Registered | UnsetType = UNSET
    signal: Signal | UnsetType = UNSET
    attach: Literal["lost", "back"] | UnsetType = UNSET
    pdp_deact: Context | UnsetType = UNSET
    pdp: Literal["refuse", "grant", "no_release", "release"] | UnsetType = UNSET
    sim: NewCard | Literal["insert", "remove"] | UnsetType = UNSET
    power: Power | Literal["off", "on", "reset", "crash", "brownout"] | UnsetType = UNSET
    fail: Fail | UnsetType = UNSET
    delay: Duration | Between | UnsetType = UNSET
    intercept: Literal["proceed", "ignore", "error", "hang"] | UnsetType = UNSET
    reply: str | UnsetType = UNSET
    hang: Literal[True] | UnsetType = UNSET
    socket: Socket | UnsetType = UNSET
    link: Impairment | UnsetType = UNSET
    restore: Restore | UnsetType = UNSET
    connects: Connects | UnsetType = UNSET
    dns: Dns | UnsetType = UNSET
    garble: Garble | UnsetType = UNSET
    line: Lines | UnsetType = UNSET
    urc: Urc | Name | UnsetType = UNSET
    sms: Sms | UnsetType = UNSET
    ring: Ring | UnsetType = UNSET
    ussd: Ussd | UnsetType = UNSET
    time: Time | UnsetType = UNSET
    temperature: Annotated[int, Meta(ge=-55, le=150)] | UnsetType = UNSET


DECIDING = frozenset({"delay", "intercept", "reply", "hang"})
"""Steps that decide about the command that triggers their rule, before it is executed."""

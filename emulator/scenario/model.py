"""What a scenario file may say: its structure, which is also the JSON Schema.

A scenario can say only what a network, a peer, a wire, a SIM card or a faulty module can do. Everything
else about the format (what a trigger counts, what a step does) is said in ``scenarios/README.md``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ..command import Op
from . import values

LONGEST = 20
"""Characters of a quantity: more is no number that a clock or a counter has."""
Duration = Annotated[
    str, Meta(pattern=values.DURATION, max_length=LONGEST, description="such as 200ms, 5s, 2min")
]
Size = Annotated[str, Meta(pattern=values.SIZE, max_length=LONGEST)] | Annotated[int, Meta(ge=0)]
Rate = Annotated[str, Meta(pattern=values.RATE, max_length=LONGEST, description="such as 20kbit/s")]
Percent = Annotated[str, Meta(pattern=values.PERCENT, max_length=LONGEST, description="such as 30%")]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Count = Annotated[int, Meta(ge=1)]
Direction = Literal["to_net", "to_host", "both"]
Phase = Literal["received", "done", "failed"]
Registered = Literal["home", "roaming", "searching", "denied", "unknown", "not_searching"]
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
States = dict[str, str]
AnyLink = Literal["any"] | Annotated[int, Meta(ge=0)]


RENAMED = {"from_": "from", "for_": "for", "if_": "if"}
"""Keys that are words of Python."""


class Part(
    Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True, rename=RENAMED.get
):
    """Base of everything in a file: a key that is not known is refused."""

    def given(self) -> list[str]:
        """The keys that stand in the file."""
        return [name for name in self.__struct_fields__ if getattr(self, name) is not UNSET]


class Between(Part, frozen=True):
    """A duration drawn anew each time."""

    between: tuple[Duration, Duration]


class Walk(Part, frozen=True):
    """A signal that goes up or down by at most ``step``, within bounds, each time the step is taken."""

    walk: tuple[Annotated[int, Meta(ge=0, le=31)], Annotated[int, Meta(ge=0, le=31)]]
    step: Count = 1


# ---- what can happen -----------------------------------------------------------------------------


class BytesSeen(Part, frozen=True):
    """So many bytes of payload have passed since the beginning."""

    count: Size
    direction: Literal["to_net", "to_host"] = "to_net"
    link: AnyLink = "any"


class SocketSeen(Part, frozen=True):
    """Something happened to a socket of the module."""

    event: Literal[
        "opening", "connected", "refused", "accepted", "data", "peer_closed", "reset", "closed", "listening"
    ]
    link: AnyLink = "any"


class LineSeen(Part, frozen=True):
    """The DTE switched a control line."""

    dtr: Literal["on", "off"] | UnsetType = UNSET
    rts: Literal["on", "off"] | UnsetType = UNSET


class Occurrence(Part, frozen=True):
    """One kind of thing that can happen; exactly one of these keys, ``phase`` only beside the first two."""

    command: Name | UnsetType = UNSET
    op: Op | UnsetType = UNSET
    phase: Phase | UnsetType = UNSET
    state: States | UnsetType = UNSET
    left: States | UnsetType = UNSET
    bytes: BytesSeen | UnsetType = UNSET
    socket: SocketSeen | UnsetType = UNSET
    line: LineSeen | UnsetType = UNSET
    client: Literal["opened", "closed"] | UnsetType = UNSET
    urc: Name | UnsetType = UNSET
    rule: Name | UnsetType = UNSET
    mark: Name | UnsetType = UNSET
    external: Name | UnsetType = UNSET
    overrun: Literal["uart"] | UnsetType = UNSET


class Trigger(Occurrence, frozen=True):
    """When a rule is taken: an occurrence, a time, or any of several."""

    start: Literal[True] | UnsetType = UNSET
    after: Duration | UnsetType = UNSET
    every: Duration | UnsetType = UNSET
    any: list[Occurrence] | UnsetType = UNSET
    nth: Count | UnsetType = UNSET
    every_nth: Count | UnsetType = UNSET


class Guard(Part, frozen=True):
    """What must be true when the trigger comes."""

    state: States | UnsetType = UNSET
    mark: Name | UnsetType = UNSET
    """This mark has been reached."""
    not_mark: Name | UnsetType = UNSET


# ---- what a rule does ----------------------------------------------------------------------------


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
    sim: Literal["insert", "remove"] | UnsetType = UNSET
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
    time: Time | UnsetType = UNSET


class Rule(Part, frozen=True, kw_only=True):
    """When something happens, do this."""

    id: Name
    when: Trigger
    if_: Guard | UnsetType = UNSET
    times: Count | Literal["forever"] = 1
    probability: Percent | UnsetType = UNSET
    do: Annotated[list[Step], Meta(min_length=1)]


# ---- what is expected ----------------------------------------------------------------------------


class Times(Part, frozen=True):
    """How often."""

    min: Annotated[int, Meta(ge=0)] = 1
    max: Annotated[int, Meta(ge=0)] | UnsetType = UNSET


class Expectation(Occurrence, frozen=True, kw_only=True):
    """What a good driver makes happen, or (``never``) does not."""

    id: Name
    never: Occurrence | UnsetType = UNSET
    after: Name = "start"
    within: Duration | UnsetType = UNSET
    until: Occurrence | UnsetType = UNSET
    times: Count | Times | UnsetType = UNSET


# ---- the whole file ------------------------------------------------------------------------------


class Card(Part, frozen=True):
    """The SIM card."""

    present: bool = True
    pin: Annotated[str, Meta(pattern=r"^\d{4,8}$")] | UnsetType = UNSET


class Network(Part, frozen=True):
    """The mobile network at the beginning."""

    registered: Registered = "home"
    rssi: Annotated[int, Meta(ge=0, le=99)] | UnsetType = UNSET
    lac: Annotated[int, Meta(ge=0, le=0xFFFF)] | UnsetType = UNSET
    ci: Annotated[int, Meta(ge=0, le=0xFFFFFFF)] | UnsetType = UNSET
    operator: Name | UnsetType = UNSET


class Uart(Part, frozen=True):
    """The serial line (where the port can carry it)."""

    baud: Annotated[int, Meta(ge=300, le=921600)] | Literal["auto"] | UnsetType = UNSET
    flow: Literal["none", "xon_xoff", "rts_cts"] | UnsetType = UNSET


class Modem(Part, frozen=True):
    """The module under the driver."""

    dialect: Name = "any"
    boot: bool = False
    sim: Card = Card()
    network: Network = Network()
    uart: Uart = Uart()
    latency: dict[str, Duration] = {}
    """Named durations of the dialect (``activate``, ``connect`` ...)."""


class Route(Part, frozen=True):
    """Where traffic to an address goes."""

    match: Name
    to: Name


class Scenario(Part, frozen=True):
    """A whole file."""

    version: Literal[1]
    name: Name
    description: str = ""
    about: str = ""
    seed: Annotated[int, Meta(ge=0)] = 0
    """Of its chances alone: ``--seed``, which wins, also makes other identities. Modem N has this plus N."""
    repeat: Count = 1
    """Runs of ``vmodem run --exec``, one after the other, with seeds counting up."""
    deadline: Duration | UnsetType = UNSET
    modem: Modem = Modem()
    routes: list[Route] = []
    rules: list[Rule] = []
    expect: list[Expectation] = []

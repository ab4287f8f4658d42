"""What a scenario file may say: its structure, which is also the JSON Schema.

A scenario can say only what a network, a peer, a wire, a SIM card or a faulty module can do. Everything
else about the format (what a trigger counts, what a step does) is said in ``scenarios/README.md``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType, field

from ..command import Op
from .actions import Step
from .parts import AnyLink, Count, Duration, Name, Part, Percent, Registered, Size

Phase = Literal["received", "done", "failed"]
States = dict[str, str]

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


# ---- rules ---------------------------------------------------------------------------------------


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
    latency: dict[str, Duration] = field(default_factory=dict)
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
    routes: list[Route] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    expect: list[Expectation] = field(default_factory=list)

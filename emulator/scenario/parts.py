"""What all structures of a scenario file are made of: the base of each, quantities, names."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct

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
Registered = Literal["home", "roaming", "searching", "denied", "unknown", "not_searching"]
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

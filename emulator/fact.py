"""What events and effects are declared with: they are made by the thousand, and nobody changes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True)
def fact(cls: type[_T]) -> type[_T]:
    """A frozen dataclass for who checks types, an open one at run time: four times as quick to make.

    A send takes four of them, each half a microsecond if it is frozen. Nobody changes one nevertheless.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)

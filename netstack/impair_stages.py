"""One toxic at work on one direction of one socket: which stage each of them is."""

from __future__ import annotations

from random import Random

from ..emulator.faults import (
    Bandwidth,
    Blackhole,
    Duplicate,
    Latency,
    LimitData,
    Loss,
    Reorder,
    ResetPeer,
    Slicer,
    SlowClose,
    Stall,
    Timeout,
    Toxic,
)
from .impair_passing import (
    BandwidthStage,
    DuplicateStage,
    LatencyStage,
    LossStage,
    ReorderStage,
    SlicerStage,
    SlowCloseStage,
)
from .impair_stage import Stage
from .impair_stopping import HoldStage, LimitStage, ResetStage, StallStage, TimeoutStage


def stage(toxic: Toxic, *, stream: bool, random: Random, now: float) -> Stage:
    """``toxic`` at work from ``now`` on, on a stream or on datagrams; its chances come from ``random``."""
    match toxic:
        case Latency():
            return LatencyStage(toxic, stream=stream, random=random)
        case Bandwidth():
            return BandwidthStage(toxic, stream=stream)
        case Loss():
            return LossStage(toxic, stream=stream, random=random)
        case Duplicate():
            return DuplicateStage(toxic, stream=stream, random=random)
        case Reorder():
            return ReorderStage(toxic, stream=stream, random=random)
        case Slicer():
            return SlicerStage(toxic, stream=stream, random=random)
        case SlowClose():
            return SlowCloseStage(toxic, stream=stream)
        case LimitData():
            return LimitStage(toxic, stream=stream)
        case Timeout():
            return TimeoutStage(toxic, stream=stream, now=now)
        case ResetPeer():
            return ResetStage(toxic, stream=stream, now=now)
        case Blackhole():
            return HoldStage(toxic, stream=stream)
        case Stall():
            return StallStage(toxic, stream=stream)
        case _:
            raise TypeError(f"no netstack knows the toxic {toxic!r}")

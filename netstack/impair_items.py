"""What travels along an impaired path: payload, the signals of TCP, questions and their answers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..emulator.effects import AskNtp, CloseSocket, OpenSocket, Ping, Resolve
from ..emulator.events import (
    Accepted,
    Address,
    Connected,
    ConnectFailed,
    Event,
    NtpAnswered,
    NtpFailed,
    PingAnswered,
    PingFailed,
    Resolved,
    ResolveFailed,
)


@dataclass(frozen=True, slots=True)
class Data:
    """Payload on its way: bytes of a stream, or one datagram.

    ``end``: how many bytes of the stream there are up to its last one. ``address``: a datagram's
    destination or sender, a stream's peer.
    """

    data: bytes
    end: int = 0
    address: Address | None = None
    awaited: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """Behind this the connection is closed at both ends."""


Item = Data | Cut | OpenSocket | CloseSocket | Resolve | Ping | AskNtp | Event

Answer = Resolved | ResolveFailed | PingAnswered | PingFailed | NtpAnswered | NtpFailed
ANSWERS = (Resolved, ResolveFailed, PingAnswered, PingFailed, NtpAnswered, NtpFailed)
HANDSHAKE = (OpenSocket, Connected, ConnectFailed, Accepted, Resolve, Ping, AskNtp, *ANSWERS)
"""What opens a connection, and questions with their answers: no data of a stream."""


def split(item: Data, size: int) -> tuple[Data, Data | None]:
    """The first ``size`` bytes, and the rest if there is any."""
    if size >= len(item.data):
        return item, None
    rest = replace(item, data=item.data[size:])
    return replace(item, data=item.data[:size], end=item.end - len(rest.data)), rest

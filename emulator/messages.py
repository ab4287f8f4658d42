"""Short messages as a module keeps them: numbered places, their status, and what still waits outside.

Status words are those of 27.005 3.1 (<stat>). No text of an answer stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

SIM_PLACES = 30
"""A common size of EF-SMS (assumed)."""
PHONE_PLACES = 20
"""Assumed."""


class Status(Enum):
    """<stat>: the number is that of PDU mode, the value the word of text mode."""

    REC_UNREAD = "REC UNREAD"
    REC_READ = "REC READ"
    STO_UNSENT = "STO UNSENT"
    STO_SENT = "STO SENT"

    @property
    def number(self) -> int:
        """As PDU mode prints it."""
        return list(Status).index(self)

    @property
    def received(self) -> bool:
        """Whether it came from the network (an SMS-DELIVER)."""
        return self in (Status.REC_UNREAD, Status.REC_READ)


@dataclass(slots=True)
class Message:
    """One short message. ``header`` is the user data header with its length (23.040 9.2.3.24)."""

    number: str
    text: str
    status: Status
    utc: float = 0.0
    """Seconds since the Unix epoch at which the service centre took it."""
    first_octet: int = 4
    pid: int = 0
    dcs: int = 0
    validity: int = 167
    header: bytes = b""
    pdu: bytes = b""
    """The TPDU as the host wrote it in PDU mode."""


class Storage:
    """Numbered places for messages, from 1."""

    def __init__(self, name: str, places: int) -> None:
        self.name = name
        self.places = places
        self._messages: dict[int, Message] = {}

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def full(self) -> bool:
        """Whether no place is free."""
        return len(self._messages) >= self.places

    def indices(self) -> list[int]:
        """The places taken, in order."""
        return sorted(self._messages)

    def get(self, index: int) -> Message | None:
        """The message at ``index``."""
        return self._messages.get(index)

    def put(self, message: Message, index: int | None = None) -> int:
        """Keep ``message`` at ``index`` if that place is free, else at the lowest free one; where it is.

        Raises ``ValueError`` for a place that the storage does not have, ``OverflowError`` when full.
        """
        if index is not None and not 1 <= index <= self.places:
            raise ValueError(f"{self.name} has the places 1 to {self.places}, not {index}")
        if self.full:
            raise OverflowError(f"{self.name} is full")
        if index is None or index in self._messages:
            index = next(place for place in range(1, self.places + 1) if place not in self._messages)
        self._messages[index] = message
        return index

    def delete(self, index: int) -> None:
        """Free a place; a free one stays free."""
        self._messages.pop(index, None)

    def delete_all(self, *statuses: Status) -> None:
        """Free the places of all messages with one of ``statuses``."""
        for index in self.indices():
            if self._messages[index].status in statuses:
                del self._messages[index]


class Messages:
    """What is on the SIM and in the module: both survive a restart."""

    def __init__(self) -> None:
        self.storages = {s.name: s for s in (Storage("SM", SIM_PLACES), Storage("ME", PHONE_PLACES))}
        self.service_centre = "+491710760000"
        """EF-SMSP of the card (assumed)."""
        self.waiting: list[tuple[Message, int | None]] = []
        """Kept by the service centre until the module can be reached and has room; with the place wished."""
        self._reference = 0
        self._part_reference = 0

    def next_reference(self) -> int:
        """TP-MR of the message about to be sent: 0 to 255, and around."""
        reference = self._reference
        self._reference = (reference + 1) % 256
        return reference

    def next_part_reference(self) -> int:
        """The number that the parts of one long arriving text share (23.040 9.2.3.24.1)."""
        self._part_reference = (self._part_reference + 1) % 256
        return self._part_reference

"""A module with voice calls and short messages: the settings of 27.007 and 27.005, and what they make it say.

The base of every family that has both. Formats in which vendors differ are constants of the class.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ..emulator.dialect import Dialect, Options
from ..emulator.events import SmsArrived
from ..emulator.jobs import Steps, Until
from ..emulator.messages import Message, Status, Storage
from ..emulator.module import Module
from ..emulator.phone import CallState
from ..emulator.radio import SimState
from ..emulator.reply import ResultCode
from . import gsm_text, sms_pdu
from .battery import Battery
from .services import Services
from .sms_text import message_lines

CALL_STATES = {
    CallState.ACTIVE: 0,
    CallState.DIALLING: 2,
    CallState.ALERTING: 3,
    CallState.INCOMING: 4,
    CallState.IDLE: 6,
}
"""<stat> of +CLCC (27.007 7.18); 6, disconnected, only in SIMCom's reports (M800 3.2.16)."""


@dataclass(slots=True)
class SmsSettings:
    """What 27.005 keeps outside the profile of AT&W."""

    show: int = 0
    """+CSDH."""
    service: int = 0
    """+CSMS."""
    memories: list[str] = field(default_factory=lambda: ["SM", "SM", "SM"])
    """+CPMS: read and delete, write and send, receive."""
    first_octet: int = 17
    validity: int = 167
    pid: int = 0
    dcs: int = 0
    """+CSMP; the defaults are those observed."""
    unacknowledged: int = 0
    """+CMT messages that +CNMA has not acknowledged (+CSMS=1)."""
    held: deque[tuple[str, ...]] = field(default_factory=deque)
    """Indications kept back by +CNMI=0."""


class Telephony(Module):
    """A module with calls and messages."""

    pulses = True
    """Whether RI tells a host in data mode of a message."""
    no_name = '""'
    """The name of a number that the telephone book does not have (observed on SIM800: an empty string)."""

    def __init__(self, dialect: Dialect, options: Options) -> None:
        super().__init__(dialect, options)
        self.call_reports = 0
        """+CLCC=<n>; survives a restart (M800: AUTO_SAVE)."""
        self.hang_up_ignored = 0
        """+CVHU."""
        self.services = Services(self)
        self.battery = Battery()
        self.sms = SmsSettings()
        self._delivering = False
        self.handlers[SmsArrived] = self._sms_arrived

    def reset_settings(self) -> None:
        super().reset_settings()
        self.hang_up_ignored = 0
        self.services.reset()
        self.sms = SmsSettings()
        self._delivering = False
        self._deliver_waiting()

    # ---- calls -----------------------------------------------------------------------------------

    def ring_words(self) -> tuple[str | ResultCode, ...]:
        """RING or +CRING, and who calls under +CLIP=1."""
        ring: str | ResultCode = "+CRING: VOICE" if self.shell.crc else ResultCode.RING
        return (ring, self.clip_words()) if self.shell.clip else (ring,)

    def clip_words(self) -> str:
        """+CLIP as the SIM800 prints it; an empty number is one withheld (27.007 7.6)."""
        number = self.phone.number
        kind, validity = (sms_pdu.type_of_address(number), 0) if number else (128, 1)
        return f'+CLIP: "{number}",{kind},"",0,"",{validity}'

    def call_words(self) -> str:
        """The call as +CLCC lists and reports it."""
        phone = self.phone
        number = f'"{phone.number}",{sms_pdu.type_of_address(phone.number)},{self.no_name}'
        return f"+CLCC: 1,{int(phone.incoming)},{CALL_STATES[phone.state]},0,0,{number}"

    def call_changed(self) -> None:
        """+CLCC=1 reports every change."""
        if self.call_reports:
            self.phone.say(self.call_words())

    # ---- messages --------------------------------------------------------------------------------

    def storage(self, use: int) -> Storage:
        """The +CPMS memory for reading (0), writing (1), receiving (2)."""
        return self.messages.storages[self.sms.memories[use]]

    def _sms_arrived(self, event: SmsArrived) -> None:
        """Keep the message outside until it can come in; raises ``ValueError`` for what no SMS can be."""
        if sms_pdu.type_of_address(event.number) == 208 and not gsm_text.in_alphabet(event.number):
            raise ValueError(f"a short message cannot come from {event.number!r}")
        if event.slot is not None and not 1 <= event.slot <= self.storage(2).places:
            raise ValueError(f"no short message can be stored at {event.slot}")
        slot = event.slot
        for text, header, dcs in sms_pdu.parts_of(event.text, self.messages.next_part_reference()):
            self.messages.waiting.append((self._message(event.number, text, header, dcs), slot))
            slot = None
        self._deliver_waiting()

    def _deliver_waiting(self) -> None:
        if self.messages.waiting and not self._delivering:
            self._delivering = True
            self.start(self._deliver())

    def _can_deliver(self) -> bool:
        ready = self.sim.state is SimState.READY and self.power.sms_ready and self.phone.reachable
        return ready and not (self._stored and self.storage(2).full)

    @property
    def _stored(self) -> bool:
        return self.shell.cnmi[1] != 2

    def _deliver(self) -> Steps:
        waiting = self.messages.waiting
        while waiting:
            yield Until(self._can_deliver)
            message, slot = waiting.pop(0)
            self._deliver_one(message, slot)
        self._delivering = False

    def _message(self, number: str, text: str, header: bytes, dcs: int) -> Message:
        first_octet = 4 | (sms_pdu.USER_DATA_HEADER if header else 0)
        utc = self.options.wall + self.now
        return Message(number, text, Status.REC_UNREAD, utc, first_octet=first_octet, dcs=dcs, header=header)

    def _deliver_one(self, message: Message, slot: int | None) -> None:
        if self.data_mode is not None and self.pulses:
            self.indicator.pulse("message pulse")
        if self._stored:
            index = self.storage(2).put(message, slot)
            if self.shell.cnmi[1]:
                # Messages of class 3 (<mt>=3) do not occur: all have no class.
                self.indicate((f'+CMTI: "{self.storage(2).name}",{index}',))
        else:
            self.sms.unacknowledged += 1
            self.indicate(message_lines(self, message, "+CMT: "))

    def indicate(self, lines: tuple[str, ...]) -> None:
        """A message indication under +CNMI <mode> (27.005 3.4.1)."""
        mode = self.shell.cnmi[0]
        if mode == 0:
            self.sms.held.append(lines)
        elif not (mode == 1 and self.data_mode is not None):
            self.say(lines)

    def release_indications(self) -> None:
        """+CNMI with a <mode> above 0: what was held is said, or under <bfr>=1 forgotten."""
        held, self.sms.held = self.sms.held, deque()
        if not self.shell.cnmi[4]:
            for lines in held:
                self.say(lines)

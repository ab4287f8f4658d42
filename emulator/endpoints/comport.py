"""The words of RFC 2217 without I/O, the access server's side: what a client sets, asks and is told.

Values that a serial line does not have are not taken, and answered with those in force (RFC 2217: "the
access server responds with the actual value"). Nothing in here raises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from ..events import LineSignal
from .telnet import Data, Negotiated, Option, Skipped, Subnegotiation, Telnet, escaped, subnegotiation

SIGNATURE_TEXT = b"vmodem"
TO_CLIENT = 100
"""What the server says has the number of the client's word, and 100."""
MOST_BAUD = 4_000_000
UNSET_BAUD = 115200
"""What a client reads that asks before it has set a rate."""


class Word(IntEnum):
    """RFC 2217 section 3, as the client says them."""

    SIGNATURE = 0
    SET_BAUDRATE = 1
    SET_DATASIZE = 2
    SET_PARITY = 3
    SET_STOPSIZE = 4
    SET_CONTROL = 5
    NOTIFY_LINESTATE = 6
    NOTIFY_MODEMSTATE = 7
    FLOWCONTROL_SUSPEND = 8
    FLOWCONTROL_RESUME = 9
    SET_LINESTATE_MASK = 10
    SET_MODEMSTATE_MASK = 11
    PURGE_DATA = 12


MODEM_STATE = {LineSignal.CTS: 0x10, LineSignal.DSR: 0x20, LineSignal.RI: 0x40, LineSignal.DCD: 0x80}
"""The bits of NOTIFY-MODEMSTATE."""
_DELTA = {LineSignal.CTS: 0x01, LineSignal.DSR: 0x02, LineSignal.RI: 0x04, LineSignal.DCD: 0x08}
"""What has changed; for RI only its end is told (RFC 2217: trailing-edge ring detector)."""

_LINE_STATE = 0x60
"""NOTIFY-LINESTATE: transmitter empty, and never an error."""

FLOW_NONE, FLOW_XON, FLOW_WIRE = 1, 2, 3
BREAK_ON, BREAK_OFF, DTR_ON, DTR_OFF, RTS_ON, RTS_OFF = 5, 6, 8, 9, 11, 12
_IN_NONE, _IN_WIRE = 14, 16
_CONTROLS = {
    0: ("flow", None),
    **{value: ("flow", value) for value in (FLOW_NONE, FLOW_XON, FLOW_WIRE)},
    4: ("break", None),
    **{value: ("break", value) for value in (BREAK_ON, BREAK_OFF)},
    7: ("dtr", None),
    **{value: ("dtr", value) for value in (DTR_ON, DTR_OFF)},
    10: ("rts", None),
    **{value: ("rts", value) for value in (RTS_ON, RTS_OFF)},
    13: ("inbound", None),
    **{value: ("inbound", value) for value in range(_IN_NONE, _IN_WIRE + 1)},
}
"""SET-CONTROL: what each value sets, or asks for. (Flow control by DCD, DTR or DSR, 17 to 19, is not had.)"""
_SETTINGS = {
    Word.SET_DATASIZE: ("data bits", (8,)),
    Word.SET_PARITY: ("parity", (1,)),
    Word.SET_STOPSIZE: ("stop bits", (1, 2, 3)),
}
"""What can be had: the module's line is 8N1, and nobody sees more stop bits."""


@dataclass(frozen=True, slots=True)
class SignalSet:
    """The client switched DTR or RTS."""

    signal: LineSignal
    on: bool


@dataclass(frozen=True, slots=True)
class BreakSet:
    """The client began or ended a break."""

    on: bool


@dataclass(frozen=True, slots=True)
class Purged:
    """The client gives up what waits for it (``to_client``), and what it has sent (``to_line``)."""

    to_client: bool
    to_line: bool


@dataclass(frozen=True, slots=True)
class Suspended:
    """The client takes no more data for now, or takes it again."""

    on: bool


Happening = Data | Skipped | SignalSet | BreakSet | Purged | Suspended


class ComPort:
    """One client's connection."""

    def __init__(self, signals: dict[LineSignal, bool]) -> None:
        """``signals``: how the lines towards the client are at present."""
        com_port = frozenset({Option.BINARY, Option.SUPPRESS_GO_AHEAD, Option.COM_PORT})
        self._telnet = Telnet(ours=com_port | {Option.ECHO}, theirs=com_port)
        self._signals = dict.fromkeys(MODEM_STATE, False) | signals
        self.baud: int | None = None
        """What the client has set, bit/s; None as long as it has not."""
        self._frame = {"data bits": 8, "parity": 1, "stop bits": 1}
        self._controls = {
            "flow": FLOW_NONE, "break": BREAK_OFF, "dtr": DTR_ON, "rts": RTS_ON, "inbound": _IN_NONE
        }  # fmt: skip
        self._line_mask, self._modem_mask = 0, 0xFF  # the defaults of RFC 2217
        self._told: int | None = None
        self._out = bytearray(self._telnet.opening())
        self._words: dict[int, Callable[[bytes], list[Happening]]] = {
            Word.SIGNATURE: self._signature,
            Word.SET_BAUDRATE: self._set_baud,
            Word.SET_DATASIZE: lambda body: self._set(Word.SET_DATASIZE, body),
            Word.SET_PARITY: lambda body: self._set(Word.SET_PARITY, body),
            Word.SET_STOPSIZE: lambda body: self._set(Word.SET_STOPSIZE, body),
            Word.SET_CONTROL: self._control,
            Word.NOTIFY_LINESTATE: self._asked_line_state,
            Word.NOTIFY_MODEMSTATE: self._asked_modem_state,
            Word.FLOWCONTROL_SUSPEND: lambda _body: [Suspended(True)],
            Word.FLOWCONTROL_RESUME: lambda _body: [Suspended(False)],
            Word.SET_LINESTATE_MASK: self._set_line_mask,
            Word.SET_MODEMSTATE_MASK: self._set_modem_mask,
            Word.PURGE_DATA: self._purge,
        }

    @property
    def flow(self) -> int:
        """The flow control that the client has set: none, XON/XOFF or RTS/CTS (``FLOW_...``)."""
        return self._controls["flow"]

    def take(self) -> bytes:
        """What is to be sent to the client now."""
        out = bytes(self._out)
        self._out.clear()
        return out

    def encode(self, data: bytes) -> bytes:
        """Bytes of the line as they travel."""
        return escaped(data)

    def set_signal(self, signal: LineSignal, on: bool) -> None:
        """A line towards the client changed: it is told, as far as its mask wants."""
        before, self._signals[signal] = self._signals[signal], on
        if before is on or self._told is None:
            return
        delta = 0 if signal is LineSignal.RI and on else _DELTA[signal]
        if (delta | MODEM_STATE[signal]) & self._modem_mask:
            self._notify(delta)

    def receive(self, data: bytes) -> list[Happening]:
        """What the client sent, taken apart; answers are in :meth:`take`."""
        happenings: list[Happening] = []
        for item in self._telnet.receive(data):
            if isinstance(item, Negotiated):
                self._negotiated(item)
            elif isinstance(item, Subnegotiation):
                happenings += self._subnegotiated(item)
            else:
                happenings.append(item)
        return happenings

    # ---- words -----------------------------------------------------------------------------------

    def _negotiated(self, item: Negotiated) -> None:
        self._out += item.answer
        if item.theirs and item.option == Option.COM_PORT and self._told is None:
            self._notify(0)

    def _subnegotiated(self, item: Subnegotiation) -> list[Happening]:
        if item.option != Option.COM_PORT or not item.body:
            return [Skipped(f"a subnegotiation of option {item.option} with {len(item.body)} bytes")]
        word = self._words.get(item.body[0])
        if word is None:
            return [Skipped(f"the word {item.body[0]}, which RFC 2217 does not have")]
        if self._told is None:
            # Who uses the option has agreed to it. (pyserial's client does not answer a DO that comes before
            # it has sent the WILL it was about to.)
            self._notify(0)
        return word(item.body[1:])

    def _say(self, word: Word, body: bytes) -> None:
        self._out += subnegotiation(Option.COM_PORT, bytes((word + TO_CLIENT,)) + body)

    def _notify(self, delta: int) -> None:
        state = sum(bit for signal, bit in MODEM_STATE.items() if self._signals[signal]) | delta
        self._told = state
        self._say(Word.NOTIFY_MODEMSTATE, bytes((state & self._modem_mask,)))

    def _asked_line_state(self, _body: bytes) -> list[Happening]:
        self._say(Word.NOTIFY_LINESTATE, bytes((_LINE_STATE & self._line_mask,)))
        return []

    def _asked_modem_state(self, _body: bytes) -> list[Happening]:
        """A client that polls (as pyserial's can) is told what it would be told by itself."""
        self._notify(0)
        return []

    def _signature(self, body: bytes) -> list[Happening]:
        if not body:
            self._say(Word.SIGNATURE, SIGNATURE_TEXT)
        return []

    def _set_baud(self, body: bytes) -> list[Happening]:
        baud = int.from_bytes(body[:4], "big")
        skipped: list[Happening] = []
        if len(body) != 4 or baud > MOST_BAUD:
            skipped.append(Skipped(f"SET-BAUDRATE with {body[:8]!r}"))
        elif baud:
            self.baud = baud
        self._say(Word.SET_BAUDRATE, (self.baud or UNSET_BAUD).to_bytes(4, "big"))
        return skipped

    def _set(self, word: Word, body: bytes) -> list[Happening]:
        name, values = _SETTINGS[word]
        skipped: list[Happening] = []
        if len(body) == 1 and body[0] in values:
            self._frame[name] = body[0]
        elif body != b"\0":
            skipped.append(Skipped(f"{word.name.replace('_', '-')} with {body[:8]!r}"))
        self._say(word, bytes((self._frame[name],)))
        return skipped

    def _control(self, body: bytes) -> list[Happening]:
        if len(body) != 1 or body[0] not in _CONTROLS:
            if len(body) == 1:
                self._say(Word.SET_CONTROL, bytes((self._controls["flow"],)))
            return [Skipped(f"SET-CONTROL with {body[:8]!r}")]
        name, value = _CONTROLS[body[0]]
        before = self._controls[name]
        if value is not None:
            self._controls[name] = value
            if name == "flow":
                self._controls["inbound"] = value + _IN_NONE - FLOW_NONE
        self._say(Word.SET_CONTROL, bytes((self._controls[name],)))
        if value is None or value == before:
            return []
        return self._switched(name, value)

    @staticmethod
    def _switched(name: str, value: int) -> list[Happening]:
        if name == "dtr":
            return [SignalSet(LineSignal.DTR, value == DTR_ON)]
        if name == "rts":
            return [SignalSet(LineSignal.RTS, value == RTS_ON)]
        return [BreakSet(value == BREAK_ON)] if name == "break" else []

    def _set_line_mask(self, body: bytes) -> list[Happening]:
        """Acknowledged; a line without errors has nothing to tell of them."""
        if len(body) != 1:
            return [Skipped(f"SET-LINESTATE-MASK with {body[:8]!r}")]
        self._line_mask = body[0]
        self._say(Word.SET_LINESTATE_MASK, body)
        return []

    def _set_modem_mask(self, body: bytes) -> list[Happening]:
        """Acknowledged, and followed by the state as the new mask shows it."""
        if len(body) != 1:
            return [Skipped(f"SET-MODEMSTATE-MASK with {body[:8]!r}")]
        self._modem_mask = body[0]
        self._say(Word.SET_MODEMSTATE_MASK, body)
        if body[0]:
            self._notify(0)
        return []

    def _purge(self, body: bytes) -> list[Happening]:
        if len(body) != 1 or body[0] not in (1, 2, 3):
            return [Skipped(f"PURGE-DATA with {body[:8]!r}")]
        self._say(Word.PURGE_DATA, body)
        return [Purged(to_client=bool(body[0] & 1), to_line=bool(body[0] & 2))]

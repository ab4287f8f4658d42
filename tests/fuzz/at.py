"""Fuzz the AT interpreter of a dialect: sessions of lines, payload, network events and time."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress

from fuzz.answers import Grammar
from fuzz.at_lines import STORIES, Lines
from fuzz.at_session import HOST, Session, Tally
from vmodem.emulator.dialect import Dialect
from vmodem.emulator.events import (
    CallAnswered,
    CallArrived,
    CallerHungUp,
    Event,
    LineChanged,
    LineSignal,
    NetworkTimeArrived,
    OutputBlocked,
    OutputReady,
    PacketServiceChanged,
    PdpLost,
    PdpRefusalChanged,
    PowerChanged,
    RegistrationChanged,
    SendsRefused,
    SignalChanged,
    SimChanged,
    SmsArrived,
)
from vmodem.emulator.line import Mode

LENGTH = 300
"""Stimuli of one session."""
Step = tuple[str, object]
EVENTS: list[Event] = [
    PdpLost(None),
    PdpLost(0),
    PdpRefusalChanged(True),
    PdpRefusalChanged(False),
    PdpRefusalChanged(False),
    PacketServiceChanged(False),
    PacketServiceChanged(True),
    SendsRefused(True),
    SendsRefused(False),
    CallArrived("123"),
    CallerHungUp(),
    CallAnswered(),
    SmsArrived("123", "text"),
    RegistrationChanged(1),
    RegistrationChanged(1),
    RegistrationChanged(2),
    SignalChanged(9, 0),
    SimChanged(False),
    SimChanged(True),
    SimChanged(True),
    NetworkTimeArrived(1e9, 8),
    OutputBlocked(),
    OutputReady(),
    LineChanged(LineSignal.DTR, False),
    LineChanged(LineSignal.DTR, True),
    PowerChanged(True),
]
HIGH = bytes(range(0x80, 0x100))
"""Payload of peers: bytes that no answer begins with, so that a reader can tell the two apart."""
WAITS = (0.0, 0.01, 0.3, 0.6, 1.1, 3.0, 30.0)


class Fuzzer:
    """Sessions of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.lines = Lines(dialect)
        self.grammar = Grammar(dialect)
        self.tally = Tally()
        self._story: list[str] = []

    def session(self, seed: str, length: int = LENGTH) -> list[Step]:
        """Play a session; the steps that were played. Raises what goes wrong with ``steps`` in its notes."""
        r = random.Random(seed)
        self._story.clear()
        steps: list[Step] = []
        session = self._open(steps)
        try:
            for _ in range(length):
                step = self._next(r, session)
                steps.append(step)
                self.play(session, step)
            session.answers()
        except Exception as error:
            error.steps = steps  # type: ignore[attr-defined]
            raise
        return steps

    def _open(self, steps: list[Step]) -> Session:
        return Session(self.dialect, self.grammar, self.tally)

    def replay(self, steps: list[Step]) -> Exception | None:
        """What goes wrong when ``steps`` are played, or None."""
        session = self._open([])
        try:
            for step in steps:
                self.play(session, step)
            session.answers()
        except Exception as error:
            return error
        return None

    def shortened(self, steps: list[Step]) -> list[Step]:
        """As few of ``steps`` as still go wrong."""
        size = len(steps) // 2
        while size:
            at = 0
            while at < len(steps):
                fewer = steps[:at] + steps[at + size :]
                if self.replay(fewer) is not None:
                    steps = fewer
                else:
                    at += size
            size //= 2
        return steps

    # ---- what comes next -------------------------------------------------------------------------

    def _next(self, r: random.Random, session: Session) -> Step:
        mode = session.mode
        what = r.random()
        if self._story and what > 0.1:
            return self.told(self._story.pop(0), int(r.random() * 3000))
        if what > 0.99:
            self._story = r.choice(STORIES[self.dialect.name]).split("|")
        if what < 0.03:
            return "event", int(r.random() * len(EVENTS))
        if what < 0.05:
            return "peer", (int(r.random() * 8), int(r.random() * 7), int(r.random() * 3000))
        if what < 0.06:
            return "wait", r.choice(WAITS)
        if what < 0.065:
            return "client", None
        if mode is Mode.COMMAND:
            return self._line(r, session)
        if mode is Mode.PROMPT:
            return "payload", self._payload(r)
        if mode is Mode.DATA and what < 0.5:
            return "escape", None
        return "payload", self._payload(r)

    def told(self, word: str, size: int = 1000) -> Step:
        """A step of a story."""
        steps: dict[str, Step] = {
            ">": ("payload", b"ppppp\x1a"),
            "~": ("wait", 0.1),
            "@": ("peer", (7, 0, size)),
            "$": ("peer", (7, 6, size)),
            "!": ("client", None),
            "+": ("escape", None),
        }
        return steps.get(word) or ("line", b"AT" + word.removeprefix("AT").encode("latin-1"))

    def _line(self, r: random.Random, session: Session) -> Step:
        if r.random() < 0.02:
            return "raw", r.choice((b"A/", b"a/", b"\r", b"\n", b"AT\b\b\b", b"\x1b", b"xyz", r.randbytes(9)))
        data = b"AT" + self.lines.line(r).encode("latin-1")
        if r.random() < 0.02:
            data += b"\r" + self._payload(r)
        return "line", data

    def _payload(self, r: random.Random) -> bytes:
        size = r.choice((0, 1, 4, 5, 20, 1460, 1500))
        return b"p" * size + r.choice((b"\x1a", b"\x1a", b"\x1a", b"\x1b", b"", b"\r"))

    # ---- what a step does ------------------------------------------------------------------------

    def play(self, session: Session, step: Step) -> None:
        """Let one thing happen."""
        match step:
            case "line", bytes(data):
                self.tally.lines += 1 + data.count(b"\r")
                session.types(data + session.eol)
            case (("raw" | "payload"), bytes(data)):
                session.types(data)
            case "event", int(number):
                session.does(lambda: session.event(EVENTS[number]))
            case "wait", float(seconds):
                session.waits(seconds)
            case "escape", None:
                session.waits(1.1)
                session.types(b"+++")
                session.waits(1.1)
            case "client", None:
                session.does(lambda: _client(session))
            case "peer", (int(index), int(how), int(size)):
                session.does(lambda: _peer(session, index, how, size))
            case _:
                raise TypeError(step)
        if not session.module.power.on:
            session.does(lambda: session.event(PowerChanged(True)))
            session.waits(30.0)


def _client(session: Session) -> None:
    try:
        session.net.connect_client(8000, "10.9.9.9", latency=0.01)
    except ConnectionRefusedError:
        return


def _peer(session: Session, index: int, how: int, size: int) -> None:
    peers = [peer for peer in session.net.connections if not peer.gone and not peer.fin_sent]
    if how == 6:
        with suppress(LookupError):  # the module has no UDP socket now
            session.net.udp(HOST, 9000).send(HIGH[: size % 128])
        return
    if not peers:
        return
    peer = peers[index % len(peers)]
    acts: list[Callable[[], None]] = [
        lambda: peer.send((HIGH * 24)[:size]),
        lambda: peer.send((HIGH * 24)[: size % 100]),
        peer.close,
        peer.reset,
        peer.stop_reading,
        peer.start_reading,
    ]
    acts[how]()

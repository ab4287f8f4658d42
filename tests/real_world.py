"""Transcripts against a running modem: a client with pyserial on a real pty, peers on real sockets.

Everything of the host and the peers happens in the test's thread; the modem runs in its own, behind
:class:`RunningModem`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import serial
from real_peers import RealPeers
from transcript_player import Player
from vmodem.emulator.events import Event, LineChanged
from vmodem.emulator.recording.actions import ExpectPulse, Inject
from vmodem.emulator.recording.format import Happening, Silence, Transcript
from vmodem.emulator.recording.header import Header
from vmodem.emulator.world import Change, Entry, Output, Writer, whole
from vmodem.netstack.script import AckLimit

LONGEST_SILENCE = 3.0  # seconds of '~' steps in all that are worth waiting for in real time
PATIENCE = 20.0
MARGIN = 0.1  # a silence is measured at the modem, where the bytes before it arrive a little later


class RunningModem(Protocol):
    """A modem in a thread of its own, on a pty."""

    @property
    def path(self) -> str:
        """The device that a client opens."""

    def inject(self, event: Event) -> None:
        """Let something happen to the module; from any thread."""

    def close(self) -> None:
        """Stop it, and raise what its thread died of, if it did."""


class StartModem(Protocol):
    """Starts the modem of a transcript."""

    def __call__(self, header: Header, routes: Sequence[str], listen_host: str) -> RunningModem:
        """``header`` has dialect and options; ``routes`` are in the syntax of ``Route.parse``;
        the module's listeners bind to ``listen_host``.
        """


def needs_virtual_time(transcript: Transcript) -> str | None:
    """Why this transcript cannot be played in the real world, or ``None``.

    The silences that remain are the protocol's own (guard times of ``+++``), really waited for.
    """
    header = transcript.header
    silence = sum(step.seconds for step in transcript.steps if isinstance(step, Silence))
    if silence > LONGEST_SILENCE:
        return f"it is silent for {silence:g} s"
    actions = [step.action for step in transcript.steps if isinstance(step, Happening)]
    if any(isinstance(action, ExpectPulse) for action in actions):
        return "a pty has no RI line"
    if any(isinstance(action, Inject) and isinstance(action.event, LineChanged) for action in actions):
        return "a pty has no DTR line"
    scripts = [*(peer.script or () for peer in header.peers), *(c.script or () for c in header.clients)]
    if any(isinstance(step, AckLimit) for script in scripts for step in script):
        return "the host's own stack acknowledges as it likes"
    if header.pings or header.ntp:
        return "round-trip times and the time are what they are"
    servers = {peer.host.lower() for peer in header.peers}
    if any(name.name.lower() not in servers for name in header.names):
        return "it asks for names that no route answers"
    own = set(header.local_ips.values())
    if any(getattr(action, "host", None) in own for action in actions):
        return "a client has the module's own address, which no loopback address can stand for"
    return None


class RealWorld(Output):
    """The host on a serial port, in real time. Peers act while the host waits."""

    grace = 5.0
    aftermath = 0.2

    def __init__(self, modem: RunningModem, peers: RealPeers, *, writer: Writer = whole) -> None:
        super().__init__()
        self.signals: list[Change] = []
        self.log: list[Entry] = []
        self._modem = modem
        self._peers = peers
        self._writer = writer
        self._start = time.monotonic()
        self._port = serial.Serial(modem.path, 115200, timeout=0)
        peers.watch(self._port.fileno(), self._read)

    def send(self, data: bytes) -> None:
        """The host writes."""
        self._note(">", repr(data))
        for piece in self._writer(data):
            self._port.write(piece)

    def event(self, event: Event) -> None:
        """Something happens to the module."""
        self._note("*", repr(event))
        self._modem.inject(event)

    def advance(self, seconds: float) -> None:
        """Wait, while the peers act; 0 only lets them act."""
        self._wait(lambda: False, seconds + MARGIN if seconds else 0.0)

    def run_until(self, satisfied: Callable[[], bool], limit: float) -> bool:
        """Wait until ``satisfied``; never longer than a real module on loopback can take."""
        return self._wait(satisfied, min(limit, PATIENCE))

    def close(self) -> None:
        """Close the port."""
        self._port.close()

    def _wait(self, satisfied: Callable[[], bool], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not satisfied():
            left = end - time.monotonic()
            self._peers.pump(max(left, 0.0))
            if left <= 0:
                return satisfied()
        return True

    def _read(self) -> None:
        data = self._port.read(65536)
        self.output += data
        self._note("<", repr(data))

    def _note(self, mark: str, text: str) -> None:
        self.log.append(Entry(time.monotonic() - self._start, mark, text))


def play_real(transcript: Transcript, start: StartModem, *, writer: Writer = whole) -> None:
    """Play ``transcript`` against a modem that ``start`` starts, and stop it."""
    peers = RealPeers(transcript.header)
    try:
        modem = start(transcript.header, peers.routes, peers.listen_host)
        try:
            world = RealWorld(modem, peers, writer=writer)
            try:
                Player(transcript, world, peers).play()
            finally:
                world.close()
        finally:
            modem.close()
    finally:
        peers.close()

"""Plays a transcript: the host's lines, the network's events, and every expectation checked.

The player knows no clock, no engine and no socket: it drives a :class:`PlayWorld` and its
:class:`PlayPeers`, virtual (:mod:`world`, :mod:`transcript_peers`) or real (:mod:`real_world`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from vmodem.emulator.events import Address, CallArrived, Event, LineChanged, LineSignal
from vmodem.emulator.recording.actions import (
    Action,
    ClientConnects,
    ClientEnds,
    ClientSends,
    DriverOpens,
    ExpectPulse,
    ExpectReceived,
    Inject,
    LinkPeerSends,
    NothingHappens,
    PeerAccepts,
    PeerEnds,
    PeerSends,
    RowConnects,
    StandIn,
)
from vmodem.emulator.recording.format import (
    PROMPT,
    Happening,
    HostWrites,
    Line,
    Prompt,
    Raw,
    Silence,
    Transcript,
    TranscriptStep,
)
from vmodem.emulator.recording.header import Client, Header
from vmodem.emulator.recording.text import Place, matches
from vmodem.emulator.world import Change, Entry

LINE_LIMIT = 200.0  # seconds a line may take; the longest documented wait is 160 s
PULSE_LIMIT = 2.0


class PlayWorld(Protocol):
    """A host at a module: what it writes, what it reads, and the time that passes."""

    signals: list[Change]
    log: list[Entry]
    grace: float
    aftermath: float

    @property
    def unread(self) -> bytes:
        """Output not taken yet."""

    def take(self, count: int | None = None) -> bytes:
        """Take output."""

    def send(self, data: bytes) -> None:
        """The host writes."""

    def event(self, event: Event) -> None:
        """Something happens to the module."""

    def advance(self, seconds: float) -> None:
        """Time passes."""

    def run_until(self, satisfied: Callable[[], bool], limit: float) -> bool:
        """Time passes until ``satisfied``; whether it was within ``limit`` seconds."""


class PlayPeers(Protocol):
    """The far ends. What cannot be done raises ``LookupError`` or ``ValueError`` with the reason."""

    def declare(self, header: Header) -> None:
        """Set up names and peers."""

    def peer_sends(self, action: PeerSends) -> None:
        """A server sends."""

    def peer_ends(self, action: PeerEnds) -> None:
        """A server closes or resets its latest connection."""

    def peer_accepts(self, action: PeerAccepts) -> None:
        """A server accepts or refuses from now on."""

    def link_peer_sends(self, link: int, data: bytes) -> None:
        """The far end of the module's n-th TCP connection sends."""

    def client_connects(self, client: Client, source: str | None) -> None:
        """A client connects to the listener (of the PDP address ``source``)."""

    def client_sends(self, action: ClientSends) -> None:
        """A client sends."""

    def client_ends(self, action: ClientEnds) -> None:
        """A client closes or resets."""

    def printed(self, text: str) -> str:
        """An expected line as the module prints it where these peers are."""

    def received(self, address: Address) -> bytes:
        """All that the module has sent to this server."""

    def wrong(self) -> Sequence[str]:
        """What peers have received that their scripts do not allow."""

    def unsatisfied(self) -> Sequence[str]:
        """Which scripts are not satisfied, now that the dialogue is over."""


class PlayError(AssertionError):
    """The dialogue went another way than the transcript; the message begins file:line."""


class Player:
    """One playing of one transcript."""

    def __init__(self, transcript: Transcript, world: PlayWorld, peers: PlayPeers) -> None:
        self._transcript = transcript
        self._header = transcript.header
        self._world = world
        self._peers = peers
        self._place = transcript.steps[0].place
        self._pulses_seen = 0
        self._seen: dict[Address, int] = {}
        self._ringing = False

    def play(self) -> None:
        """Set up, go through the steps, and see that nothing is left over.

        Raises :class:`PlayError` for the first thing that is not as the transcript says.
        """
        try:
            self._play()
        except PlayError as error:
            # The message says where and why; the player's own frames would only bury it.
            raise error.with_traceback(None) from error.__cause__

    def _play(self) -> None:
        self._peers.declare(self._header)
        self._set_up()
        for step in self._transcript.steps:
            self._place = step.place
            self._step(step)
            for complaint in self._peers.wrong():
                raise self._error(complaint)
        self._aftermath()

    # ---- phases ---------------------------------------------------------------------------------

    def _set_up(self) -> None:
        if not self._header.echo:
            self._world.send(b"ATE0\r")
            self._discard_until("OK")
        for setup in self._header.setup:
            self._place = setup.place
            self._world.send(setup.command.encode("latin-1") + b"\r")
            if setup.payload is not None:
                if not self._world.run_until(lambda: self._world.unread.endswith(PROMPT), LINE_LIMIT):
                    raise self._error("expected the prompt")
                self._world.take()
                self._world.send(setup.payload)
            self._discard_until(setup.answer)

    def _discard_until(self, answer: str) -> None:
        while not matches(answer, line := self._next_line(answer)):
            if line == "ERROR" or line.startswith(("+CME ERROR", "+CMS ERROR")):
                raise self._error(f"setup: expected {answer!r}, got {line!r}")

    def _aftermath(self) -> None:
        """A ringing call goes on writing; otherwise the module has nothing more to say."""
        if not self._ringing:
            self._world.advance(self._world.aftermath)
        if self._world.unread:
            raise self._error("expected no more output after the last step")
        for complaint in [*self._peers.wrong(), *self._peers.unsatisfied()]:
            raise self._error(complaint)

    # ---- steps ----------------------------------------------------------------------------------

    def _step(self, step: TranscriptStep) -> None:
        match step:
            case HostWrites(_, data, _, echoed):
                self._world.send(data)
                if echoed:  # with its CR; an LF behind it is not echoed (observed)
                    echo = data.removesuffix(b"\n")
                    self._expect_raw(echo, f"the echo {echo!r}")
            case Line(_, text):
                self._expect_line(self._peers.printed(text))
            case Prompt():
                self._expect_raw(PROMPT, "the prompt CR LF > SP")
            case Raw(_, data):
                self._expect_raw(data, repr(data), b"\r\n" + data)
            case Silence(_, seconds):
                self._world.advance(seconds)
            case Happening(_, action):
                self._act(action, step.place)

    @property
    def _limit(self) -> float:
        return LINE_LIMIT if self._header.patience is None else self._header.patience

    def _expect_line(self, text: str) -> None:
        line = self._next_line(text)
        if not matches(text, line):
            raise self._error(f"expected the line {text!r}, got the line {line!r}")

    def _next_line(self, expected: str) -> str:
        """Take the next non-empty line, waiting for its end; ``expected`` is for the failure."""
        if not self._world.run_until(self._line_is_there, self._limit):
            raise self._error(f"expected the line {expected!r}, no whole line came in {self._limit:g} s")
        start, end = _line_in(self._world.unread)
        return self._world.take(end + 2)[start:end].decode("latin-1").strip("\r")

    def _line_is_there(self) -> bool:
        return _line_in(self._world.unread)[1] >= 0

    def _expect_raw(self, data: bytes, name: str, *others: bytes) -> None:
        forms = (data, *others)

        def decided() -> bool:
            unread = self._world.unread
            return not any(form.startswith(unread) and form != unread for form in forms)

        self._world.run_until(decided, self._limit)
        for form in forms:
            if self._world.unread.startswith(form):
                self._world.take(len(form))
                return
        raise self._error(f"expected {name}")

    # ---- events ---------------------------------------------------------------------------------

    def _act(self, action: Action, place: Place) -> None:
        try:
            self._perform(action)
            self._world.advance(0.0)
        except (LookupError, ValueError, OSError) as error:
            raise self._error(f"cannot do this: {error}") from error

    def _perform(self, action: Action) -> None:
        match action:
            case Inject(event):
                self._ringing |= isinstance(event, CallArrived)
                self._world.event(event)
            case PeerSends():
                self._peers.peer_sends(action)
            case PeerEnds():
                self._peers.peer_ends(action)
            case PeerAccepts():
                self._peers.peer_accepts(action)
            case LinkPeerSends(link, data):
                self._peers.link_peer_sends(link, data)
            case ClientConnects(host, port, context):
                self._client_connects(self._client(host, port), context)
            case RowConnects(first, last):
                for number in range(first, last + 1):
                    self._client_connects(self._row(number), None)
            case ClientSends():
                self._peers.client_sends(action)
            case ClientEnds():
                self._peers.client_ends(action)
            case StandIn():
                pass
            case DriverOpens(opens):
                self._world.event(LineChanged(LineSignal.DTR, opens))
            case NothingHappens():
                if self._world.unread:
                    raise self._error("expected no output")
            case ExpectReceived(host, port, data):
                self._expect_received(Address(host, port), data)
            case ExpectPulse(signal, seconds):
                self._expect_pulse(signal, seconds)

    def _client(self, host: str, port: int | None) -> Client:
        for client in self._header.clients:
            if client.transport == "tcp" and client.host == host and port in (None, client.port):
                return client
        return Client(self._place, "tcp", host, port=port)

    def _row(self, number: int) -> Client:
        """The ``number``-th client of the header's row."""
        for client in self._header.clients:
            if client.last is not None:
                network, _, first = client.host.rpartition(".")
                host = f"{network}.{int(first) + number - 1}"
                return Client(self._place, "tcp", host, None, client.port, client.local_port, client.script)
        raise LookupError("the header has no 'tcp clients <first> to <last>'")

    def _client_connects(self, client: Client, context: int | None) -> None:
        source = None if context is None else self._header.local_ips[context]
        self._peers.client_connects(client, source)

    def _expect_received(self, address: Address, data: bytes) -> None:
        start = self._seen.get(address, 0)

        def arrived() -> bool:
            return len(self._peers.received(address)) >= start + len(data)

        self._world.run_until(arrived, self._world.grace)
        got = self._peers.received(address)[start:]
        self._seen[address] = start + len(got)
        if got != data:
            raise self._error(
                f"expected the peer {address.host}:{address.port} to have received {data!r}, not {got!r}"
            )

    def _expect_pulse(self, signal: LineSignal, seconds: float) -> None:
        def pulse() -> list[Change]:
            changes = self._world.signals[self._pulses_seen :]
            changes = [change for change in changes if change.signal is signal]
            while changes and not changes[0].on:
                del changes[0]
            return changes[:2]

        if not self._world.run_until(lambda: len(pulse()) == 2, PULSE_LIMIT):
            raise self._error(f"expected a pulse of {signal.value} of {seconds * 1000:g} ms, there was none")
        on, off = pulse()
        self._pulses_seen = self._world.signals.index(off) + 1
        if abs(off.time - on.time - seconds) > 1e-6:
            raise self._error(
                f"expected a pulse of {signal.value} of {seconds * 1000:g} ms, "
                f"it was {(off.time - on.time) * 1000:g} ms"
            )
        if self._world.unread:
            raise self._error("expected nothing on the serial port")

    # ---- failing --------------------------------------------------------------------------------

    def _error(self, message: str) -> PlayError:
        dialogue = "\n".join(f"  {e.time:10.3f} {e.mark} {_shortened(e.text)}" for e in self._world.log)
        return PlayError(
            f"{self._place}: {message}\n"
            f"unread output: {self._world.unread!r}\n"
            f"the dialogue so far (seconds; > host, < module, * happened, = asked for):\n{dialogue}"
        )


def _line_in(output: bytes) -> tuple[int, int]:
    """Where the first non-empty line begins and ends; the end is -1 while its CR LF is not there."""
    start = len(output) - len(output.lstrip(b"\r\n"))
    return start, output.find(b"\r\n", start)


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:150]}... ({len(text)} characters)"

"""``vmodem compare``: the driver's side of a recording played to the emulator; where it answers otherwise.

All in memory and on a clock of its own: at once, and the same every time.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ...netstack.memory import MemoryNetStack
from ..console import say
from ..dialect import Dialect, Options
from ..engine import Modem
from ..events import LineChanged, LineSignal, PdpLost
from ..mistakes import UsageError, find_dialect
from ..world import START, World
from .actions import DriverOpens, Inject
from .format import Happening, Silence, Transcript, of_host, of_module
from .guessing import (
    ContextLost,
    Guess,
    GuessedPeers,
    NetworkDid,
    PeerSaid,
    Server,
    guesses,
    names,
    reads,
    servers,
)
from .header import NAMES
from .replay import read
from .text import Place, escape
from .units import Cutter, Difference, Output, Unit, differences

DIFFERS = 1
_COMMAND = re.compile(rb"(?i)AT[^\r\n]*(?=\r)")
_UNLOCKS = re.compile(rb'(?i)AT\+CPIN="?(\d{4,8})')
_USED_AT = re.compile(rb'\r\n\+QISTATE: [^\r\n]*,"(\w+)"\r\n')
MOST_TRIES = 50
"""Plays in which data of peers is looked for that came without a header."""
_LAST_WAIT = 10.0
"""Seconds for what comes behind the driver's last word."""


@dataclass(slots=True)
class _Exchange:
    """What happens up to the module's answer: time, lines, the host's bytes; then what the module wrote."""

    silence: float = 0.0
    events: list[LineChanged] = field(default_factory=list)
    host: bytearray = field(default_factory=bytearray)
    module: list[tuple[Place, bytes]] = field(default_factory=list)
    waits: list[tuple[int, float]] = field(default_factory=list)
    """Silences within what the module wrote: behind how many bytes of it, and how long."""

    @property
    def answer(self) -> bytes:
        return b"".join(data for _, data in self.module)


def compare(args: argparse.Namespace) -> int:
    """Print every difference; 0 if there is none, else :data:`DIFFERS`.

    Raises :class:`UsageError` for a wrong file, and where the dialect is not known.
    """
    transcript = read(args.file)
    if not any(of_host(step) for step in transcript.steps):
        raise UsageError(f"{args.file}: nobody writes anything in it (give a recording of a driver)")
    name = args.dialect or NAMES.get(transcript.header.dialect, transcript.header.dialect)
    if not name:
        raise UsageError(f"{args.file} does not say which module it is of (give --dialect)")
    found = list(find_differences(transcript, find_dialect(name), strict=args.strict, ignore=args.ignore))
    for difference in found:
        say(f"{told(difference, transcript.path)}\n")
    if not found:
        say(f"{transcript.path}: the emulated {name} says the same\n")
        return 0
    count = f"{len(found)} difference{'s' if len(found) > 1 else ''}"
    guessed = any(re.search(rb"\+(?:CIPSTART|QIOPEN|CIPSERVER)=", of_host(step)) for step in transcript.steps)
    doubt = "; what its peers did is guessed from what the module said of them" if guessed else ""
    say(f"{transcript.path}: {count} from the emulated {name}{doubt}\n")
    return DIFFERS


def find_differences(
    transcript: Transcript,
    dialect: Dialect,
    *,
    strict: bool = False,
    ignore: tuple[str, ...] | list[str] = (),
) -> Iterator[Difference]:
    """Where the emulated module says something else than the recorded one."""
    exchanges = list(_exchanges(transcript))
    spoken = b"".join(bytes(exchange.host) for exchange in exchanges)
    cutter = Cutter(spoken, strict=strict, ignore=ignore)
    recorded = cutter.units(list(_recorded(exchanges)))
    said: list[PeerSaid] = []

    def played(more: list[PeerSaid]) -> list[Difference]:
        return list(differences(recorded, cutter.units(_Emulation(exchanges, dialect, more).play())))

    found = played(said)
    given_up: set[int] = set()
    for _ in range(MOST_TRIES):
        data = next(
            (data for each in found if (data := _without_header(each)) and data.at not in given_up), None
        )
        if data is None:
            break
        tries = [[*said, replace(data, data=piece)] for piece in (data.data.removesuffix(b"\r\n"), data.data)]
        best = min(((played(more), more) for more in tries), key=lambda tried: len(tried[0]))
        if len(best[0]) < len(found):
            found, said = best
        else:
            given_up.add(data.at)
    return iter(found)


def _without_header(difference: Difference) -> PeerSaid | None:
    """What may be data of a peer in it: it comes without framing, and the emulator does not say it."""
    for unit in difference.recorded:
        if not unit.data.startswith(b"\r"):
            return PeerSaid(unit.at, 0, unit.data)
    return None


def told(difference: Difference, path: str) -> str:
    """For people: the place, what the driver had asked, and both answers."""
    first = (difference.recorded or difference.emulated)[0]
    asked = f" (the driver's last command: {escape(first.asked)})" if first.asked else ""
    lines = [f"{difference.place or path}:{asked}"]
    lines += _column("module", difference.recorded)
    lines += _column("emulator", difference.emulated)
    return "\n".join(lines)


def _column(who: str, units: tuple[Unit, ...]) -> list[str]:
    head = f"  {who + ':':<10}"
    return [f"{head}{escape(unit.data)}" for unit in units] or [f"{head}nothing"]


# ---- the recording -------------------------------------------------------------------------------


def _exchanges(transcript: Transcript) -> Iterator[_Exchange]:
    """The recording, cut where the host or a line does something behind an answer or a silence."""
    exchange = _Exchange()
    silence = 0.0
    for step in transcript.steps:
        host, module = of_host(step), of_module(step)
        event = _line_event(step)
        if (host or event) and (exchange.module or (silence and (exchange.host or exchange.events))):
            yield exchange
            exchange = _Exchange(silence)
            silence = 0.0
        if isinstance(step, Silence):
            silence += step.seconds
        if event is not None:
            exchange.events.append(event)
        if host:
            exchange.silence += silence
            silence = 0.0
            exchange.host += host
        if module:
            if silence:
                exchange.waits.append((len(exchange.answer), silence))
                silence = 0.0
            exchange.module.append((step.place, module))
    yield exchange


def _line_event(step: object) -> LineChanged | None:
    if not isinstance(step, Happening):
        return None
    if isinstance(step.action, DriverOpens):
        return LineChanged(LineSignal.DTR, step.action.opens)
    if isinstance(step.action, Inject) and isinstance(step.action.event, LineChanged):
        return step.action.event
    return None


def _recorded(exchanges: list[_Exchange]) -> Iterator[Output]:
    asked = b""
    for exchange in exchanges:
        asked = _last_command(bytes(exchange.host), asked)
        for place, data in exchange.module:
            yield Output(data, asked, place)


def _last_command(host: bytes, before: bytes) -> bytes:
    found = _COMMAND.findall(host)
    return found[-1] if found else before


# ---- the emulation -------------------------------------------------------------------------------


class _Emulation:
    """One playing of the host's side."""

    def __init__(self, exchanges: list[_Exchange], dialect: Dialect, more: list[PeerSaid]) -> None:
        self._exchanges = exchanges
        self._net = MemoryNetStack()
        self._world = World(Modem(dialect, _options(exchanges), START), self._net)
        pairs = [(bytes(exchange.host), exchange.answer) for exchange in exchanges]
        self._peers = GuessedPeers(self._net, names(pairs))
        self._servers = _by_exchange(servers(pairs))
        self._guesses = sorted([*_guess(exchanges), *more], key=lambda guess: guess.at)
        self._outputs: list[Output] = []
        self._asked = b""

    def play(self) -> list[Output]:
        """All that the emulated module writes."""
        passed = 0
        for index, exchange in enumerate(self._exchanges):
            self._pass(exchange.silence)
            for event in exchange.events:
                self._world.event(event)
            for server in self._servers.get(index, ()):
                self._peers.attempt(server)
            self._hear()
            self._asked = _last_command(bytes(exchange.host), self._asked)
            if exchange.host:
                self._world.send(bytes(exchange.host))
            for at, seconds in [*exchange.waits, (len(exchange.answer), 0.0)]:
                self._carry_out(passed + at)
                self._pass(seconds)
            passed += len(exchange.answer)
        self._pass(_LAST_WAIT if self._waits() else 0.0)
        return self._outputs

    def _waits(self) -> bool:
        """Whether the recorded module had said more by now."""
        said = sum(len(output.data) for output in self._outputs)
        return said < sum(len(exchange.answer) for exchange in self._exchanges)

    def _carry_out(self, up_to: int) -> None:
        """What the peers had done when the recorded module had written so many bytes."""
        while self._guesses and self._guesses[0].at < up_to:
            guess = self._guesses.pop(0)
            if isinstance(guess, ContextLost):
                self._world.event(PdpLost(guess.context))
            elif isinstance(guess, NetworkDid):
                self._world.event(guess.event)
            else:
                self._peers.carry_out(guess)
            self._world.settle()
        self._hear()

    def _pass(self, seconds: float) -> None:
        if seconds:
            self._world.advance(seconds)
        self._hear()

    def _hear(self) -> None:
        data = self._world.take()
        if data:
            self._outputs.append(Output(data, self._asked))


def _options(exchanges: list[_Exchange]) -> Options:
    """A card with the PIN that the recorded one took; the module's own name for the port it is used at."""
    options = Options()
    for exchange in exchanges:
        pin = _UNLOCKS.search(bytes(exchange.host))
        if pin is not None and not options.pin and b"ERROR" not in exchange.answer:
            options = replace(options, pin=pin[1].decode())
        port = _USED_AT.search(exchange.answer)
        if port is not None:
            options = replace(options, port_name=port[1].decode())
    return options


def _by_exchange(found: list[tuple[int, Server]]) -> dict[int, list[Server]]:
    wanted: dict[int, list[Server]] = {}
    for index, server in found:
        wanted.setdefault(index, []).append(server)
    return wanted


def _guess(exchanges: list[_Exchange]) -> list[Guess]:
    stream = bytearray()
    reading: dict[int, int] = {}
    for exchange in exchanges:
        link = reads(bytes(exchange.host))
        if link is not None:
            reading[len(stream)] = link
        stream += exchange.answer
    return guesses(bytes(stream), reading)

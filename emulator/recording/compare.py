"""``vmodem compare``: plays a recording's driver to the emulator, and lists what that says otherwise."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from ...netstack.memory import MemoryNetStack
from ..choices import Choices, check
from ..console import say
from ..dialect import Dialect, Options
from ..engine import Modem
from ..events import LineChanged, LineSignal
from ..mistakes import UsageError
from ..world import START, World
from .actions import DriverOpens, Inject, StandIn
from .derive import Derived, derived
from .format import Happening, HostWrites, Silence, Transcript, of_module
from .header import NAMES, Setup
from .peers import Peers
from .replay import read
from .text import Place, escape, matches
from .tokens import Token, aligned, tokens

DIFFERS = 1
_GRACE = 1.0
"""Seconds that the emulator may be later than the module was."""
_ANSWER = 200.0
"""Seconds for an answer to what the header's setup says."""
_PROMPT = b"> "

NATURAL_LINES = (
    *("+CSQ:*", "+CESQ:*", "+QCSQ:*", "+CENG:*", "+QENG:*", "+CBC:*", "+CCLK:*", "+CTZV:*", "[*]PSUTTZ:*"),
    *("DST:*", "+QNITZ:*", "+QLTS:*", "+QNTP:*", "+CNTP:*", "+QPING:*", "+CIPPING:*"),
)
"""Lines that tell of radio, time and voltage: no two modules say the same."""
NATURAL_COMMANDS = re.compile(r"AT(?:I\d*|\+C?GM[IMR]|\+CGMR)\s*\Z", re.IGNORECASE)
"""Commands that only identify maker, model and firmware."""
_FINAL = re.compile(r"OK|ERROR|\+CM[ES] ERROR: ?.*")


@dataclass(frozen=True, slots=True)
class Difference:
    """One line where they differ."""

    place: Place
    module: bytes
    """Nothing: it said no such line."""
    emulator: bytes
    peers: bool
    """Whether it may come from a far end, of which the recording tells too little."""

    def __str__(self) -> str:
        note = "    (may come from the peer, not from the module)" if self.peers else ""
        indent = " " * len(str(self.place))
        return (
            f"{self.place}: module   {_shown(self.module)}\n{indent}  emulator {_shown(self.emulator)}{note}"
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What the comparison has found."""

    differences: tuple[Difference, ...]
    same: int
    left_out: int


def compare(args: argparse.Namespace) -> int:
    """Compare; 0, or :data:`DIFFERS`. Raises :class:`UsageError` and :class:`SetupError`."""
    transcript = read(args.file)
    name = args.dialect or NAMES.get(transcript.header.dialect, transcript.header.dialect)
    if not name:
        raise UsageError(f"{args.file} does not say which module it is (give --dialect)")
    given = {key: getattr(args, key) for key in ("imei", "number", "pin")}
    choices = Choices(
        dialect=name, seed=args.seed or 0, timing=args.timing, local_ip=tuple(args.local_ip), **given
    )
    checked = check(choices)
    fixed = {key for key, value in given.items() if value} | ({"local_ips"} if args.local_ip else set())
    known = derived(transcript)
    told = {key: value for key, value in known.options.items() if key not in fixed}
    options = replace(checked.options[0], **{"wall": 0.0, **told})
    result = compared(transcript, checked.dialect, options, known, tuple(args.ignore), args.strict)
    for difference in result.differences:
        say(f"{difference}\n")
    out = f", {result.left_out} left out (--strict shows them)" if result.left_out and not args.strict else ""
    say(f"{args.file}: {len(result.differences)} lines differ, {result.same} are the same{out}\n")
    return DIFFERS if result.differences else 0


def compared(
    transcript: Transcript,
    dialect: Dialect,
    options: Options | None = None,
    known: Derived | None = None,
    ignore: Sequence[str] = (),
    strict: bool = False,
) -> Result:
    """Play ``transcript`` to ``dialect``; without ``options``, to a module of which it tells."""
    known = derived(transcript) if known is None else known
    if options is None:
        options = replace(Options(), **known.options)
    comparison = _Comparison(transcript, dialect, options, known)
    comparison.leave_out = _leave_out(() if strict else NATURAL_LINES, ignore, strict)
    comparison.play()
    return Result(tuple(comparison.differences), comparison.same, comparison.left_out)


LeaveOut = Callable[[bytes, str], bool]


def _leave_out(natural: Sequence[str], ignore: Sequence[str], strict: bool) -> LeaveOut:
    globs = (*natural, *ignore)

    def leave_out(data: bytes, command: str) -> bool:
        text = data.decode("latin-1").strip("\r\n")
        if not strict and NATURAL_COMMANDS.match(command) and text and not _FINAL.fullmatch(text):
            return True
        return bool(text) and any(fnmatchcase(text, glob) for glob in globs)

    return leave_out


class _Comparison:
    """One playing of a recording to the emulator."""

    def __init__(self, transcript: Transcript, dialect: Dialect, options: Options, known: Derived) -> None:
        self.differences: list[Difference] = []
        self.same = 0
        self.left_out = 0
        self.leave_out: LeaveOut = lambda data, command: False
        self._transcript = transcript
        self._exact = bool(transcript.header.recorded)
        said = [of_module(step) for step in transcript.steps]
        self._said = b"".join(said)
        self._places = _places(transcript, said)
        self._world = World(Modem(dialect, options, START), MemoryNetStack())
        self._peers = Peers(self._world.net, self._world.event, self._said, known.names)
        self._stand_ins = _stand_ins(transcript)
        self._reached = 0
        """How much of ``said`` has been compared."""
        self._now = 0
        """How much of it the module has said."""
        self._place = transcript.steps[0].place
        self._typed = b""
        self._command = ""
        self._rest = b""
        """What the emulator has said, and may have said too early."""
        self._late = 0
        """How many of its lines have been kept so already."""
        self._begin(known.echo)

    def play(self) -> None:
        """From the first line to the last."""
        for step in self._transcript.steps:
            match step:
                case HostWrites(place, data):
                    self._catch_up(last=False)
                    self._place = place
                    self._write(data)
                case Silence(_, seconds):
                    self._world.advance(seconds)
                case Happening(_, DriverOpens(opens)):
                    self._world.event(LineChanged(LineSignal.DTR, opens))
                case Happening(_, Inject(event)):
                    self._catch_up(last=False)
                    self._world.event(event)
            self._now += len(of_module(step))
        self._catch_up(last=True)

    def _begin(self, echo: bool) -> None:
        setup = list(self._transcript.header.setup)
        if not echo:
            setup.insert(0, Setup(self._place, "ATE0", None, "OK"))
        for each in setup:
            self._write(each.command.encode("latin-1") + b"\r")
            if each.payload is not None:
                self._write(each.payload)
            wanted = each.answer.encode("latin-1")
            self._world.run_until(lambda wanted=wanted: wanted in self._world.unread, _ANSWER)  # type: ignore[misc]
        self._world.take()

    def _write(self, data: bytes) -> None:
        self._typed += data
        *lines, rest = re.split(rb"[\r\n\x1a]", self._typed)
        self._typed = rest[-4096:]
        for line in filter(None, lines):
            self._command = line.decode("latin-1").strip()
            self._peers.host_writes(line, self._now)
        self._world.send(data)

    # ---- comparing -------------------------------------------------------------------------------

    def _catch_up(self, last: bool) -> None:
        """Compare what was said until now."""
        wanted = self._tokens(self._said[self._reached : self._now], self._reached)
        self._rest += self._world.take()
        self._let_peers_act(wanted)
        self._wait(wanted)
        pairs = aligned(wanted, self._tokens(self._rest), self._equal)
        kept: list[Token] = []
        while not last and pairs and pairs[-1][0] is None and self._keeps(pairs[-1][1], kept):
            pairs.pop()
        self._judge(pairs)
        self._peers.heard(wanted)
        start = len(self._rest) - sum(len(token.data) for token in kept)
        self._rest = self._rest[start:]
        self._late = len(kept)
        self._reached = self._now

    def _keeps(self, token: Token | None, kept: list[Token]) -> bool:
        """Whether what the emulator said at the end may be what the module says after the next command."""
        assert token is not None
        index = len(self._tokens(self._rest)) - 1 - len(kept)
        if index < self._late:
            return False
        kept.insert(0, token)
        return True

    def _let_peers_act(self, wanted: list[Token]) -> None:
        """What the module said of far ends, and the emulator does not: let them do it."""
        tried: set[int] = set()
        while True:
            pairs = aligned(wanted, self._tokens(self._rest), self._equal)
            left = (each for each in _unexplained(pairs, self._now) if each[0].at not in tried)
            token, until = next(left, (None, 0))
            if token is None:
                return
            tried.add(token.at)
            if end := self._peers.explains(token, until):
                tried.update(each.at for each in wanted if token.at < each.at < end)
                self._world.advance(0.0)
                self._rest += self._world.take()

    def _wait(self, wanted: list[Token]) -> None:
        """Give the emulator the time that it needs more than the module did."""
        end = self._world.now + _GRACE
        while any(b is None for _, b in aligned(wanted, self._tokens(self._rest), self._equal)):
            if not self._world.run_until(lambda: bool(self._world.unread), max(0.0, end - self._world.now)):
                return
            self._rest += self._world.take()

    def _judge(self, pairs: Sequence[tuple[Token | None, Token | None]]) -> None:
        module: list[Token] = []
        emulator: list[Token] = []
        for a, b in pairs:
            if a is not None and b is not None:
                self._differ(module, emulator)
                self.same += 1
                self._place = self._of(a)
            elif a is not None:
                module.append(a)
            elif b is not None:
                emulator.append(b)
        self._differ(module, emulator)

    def _differ(self, module: list[Token], emulator: list[Token]) -> None:
        """Those that have no like, side by side."""
        for index in range(max(len(module), len(emulator))):
            a = module[index] if index < len(module) else None
            b = emulator[index] if index < len(emulator) else None
            if a is not None:
                self._place = self._of(a)
            if any(t is not None and self.leave_out(t.data, self._command) for t in (a, b)):
                self.left_out += 1
                continue
            peers = a is not None and self._peers.speaks_of_peers(a)
            self.differences.append(
                Difference(self._place, a.data if a else b"", b.data if b else b"", peers)
            )
        module.clear()
        emulator.clear()

    def _of(self, token: Token) -> Place:
        return self._places[token.at]

    def _tokens(self, data: bytes, start: int = 0) -> list[Token]:
        found = tokens(data, start)
        return found if self._exact else [token for token in found if token.data.strip()]

    def _equal(self, ours: Token, theirs: Token) -> bool:
        if ours.data == theirs.data:
            return True
        if not self._exact or b"{" in ours.data:
            a, b = (t.data.decode("latin-1").strip("\r\n") for t in (ours, theirs))
            if (not self._exact or ours.framed is theirs.framed) and matches(a, b):
                return True
        return self._stand_ins is not None and _is_stood_for(self._stand_ins, ours.data, theirs.data)


def _unexplained(pairs: Sequence[tuple[Token | None, Token | None]], end: int) -> Iterator[tuple[Token, int]]:
    """The module's lines that the emulator has not, and where the next one begins that it has."""
    missing: list[Token] = []
    for a, b in pairs:
        if a is None:
            continue
        if b is None:
            missing.append(a)
        else:
            yield from ((token, a.at) for token in missing)
            missing = []
    yield from ((token, end) for token in missing)


def _places(transcript: Transcript, said: Sequence[bytes]) -> list[Place]:
    places: list[Place] = []
    for step, data in zip(transcript.steps, said, strict=True):
        places += [step.place] * len(data)
    return places


def _stand_ins(transcript: Transcript) -> re.Pattern[bytes] | None:
    actions = (step.action for step in transcript.steps if isinstance(step, Happening))
    texts = {action.text for action in actions if isinstance(action, StandIn) and action.text}
    if not texts:
        return None
    return re.compile(b"|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True)))


def _is_stood_for(stand_ins: re.Pattern[bytes], ours: bytes, theirs: bytes) -> bool:
    """Whether they are the same apart from what stands for something else."""
    if not stand_ins.search(ours):
        return False
    parts = stand_ins.split(ours)
    return re.fullmatch(rb'[^"\r\n]+'.join(map(re.escape, parts)), theirs) is not None


def _shown(data: bytes) -> str:
    if not data:
        return "(nothing)"
    (token, *more) = tokens(data)
    if token.framed and not more:
        return f"< {token.data.decode('latin-1').strip()}"
    return f"<< {escape(data)}"

"""Random conversations with a strict host: no byte without a place, no state outside the tables.

One machine plays host and network against a SIM800. After every step it holds the documented
machines against their tables, CIPSTATUS against the machines, and in the end the netstack against
the promise that nothing stays open.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable

import pytest
from properties.rig import HOST, sim800
from properties.strict_reader import StrictHost
from vmodem.dialects.simcom.states import MULTI, SINGLE
from vmodem.emulator.effects import StateChanged
from vmodem.emulator.events import (
    CallArrived,
    CallerHungUp,
    OutputBlocked,
    OutputReady,
    PdpLost,
    PdpRefusalChanged,
    SmsArrived,
)
from vmodem.emulator.states import CONTEXT, LINK, SERVER
from vmodem.netstack.memory import MemoryConnection, Mode, TcpPeer

TABLES = {machine.name: machine for machine in (SINGLE, MULTI, LINK, SERVER, CONTEXT)}
MOVES = {
    name: {(str(row.state.value), str(row.next.value)) for row in machine.rows}
    for name, machine in TABLES.items()
}
UDP_PORT = 9000
ALIVE = {"CONNECTED", "REMOTE CLOSING"}
MODES = [Mode.ACCEPT] * 6 + [Mode.REFUSE, Mode.SILENT, Mode.UNREACHABLE]
SETTINGS = [
    "+CIPHEAD=1",
    "+CIPSRIP=1",
    "+CIPSRIP=0",
    "+CIPSHOWTP=1",
    "+CIPSHOWTP=0",
    "+CIPQSEND=1",
    "+CIPQSEND=0",
    "+CIPMUX=0",
    "+CIPMUX=1",
    "+CIPRXGET=1",
    "+CIPRXGET=0",
    "+CIPUDPMODE=0",
    "+CMEE=1",
    "+CMEE=0",
    "+CIPATS=1,2",
    "+CIPATS=0",
    "+CNMI=2,1",
]
NONSENSE = [
    "+CIPSNED",
    "+CIPSTART",
    "+CIPSTART=9,9",
    "+CIPSEND=0,0",
    "+CIPSEND=9,9",
    "+CIPCLOSE=9",
    '+CIPSTART=7,"TCP"',
    "+CIPSERVER=2",
    "+CIPRXGET=2,9,9,9",
    "+CIPSHUT=1",
    "+CIICR?",
    '+CSTT="',
    "+CIPMUX=2",
    "",
]
ACTS = ["close", "close", "reset", "ignore_fin", "stop", "go", "no acks", "acks"]
TELEPHONE = (CallArrived("123"), CallerHungUp(), SmsArrived("123", "hello"))


def base(name: str) -> str:
    """The table of a machine that may have a number."""
    return name.rstrip("0123456789").rstrip()


class Conversation:
    """Host and network; every public method is a step."""

    def __init__(self) -> None:
        self.world = sim800(factor=1.0)
        self.net = self.world.net
        self.host = StrictHost(self.world)
        self.host.peer_of = self._peer_of
        self.host.context_lost = self._links_lost
        self.states: dict[str, str] = {}
        self.seen = 0
        self.multi = False
        self.selected = 0
        self.listens_on = 0
        self.blocked = False
        self.clients = 0
        self.ports: dict[int, int] = {}
        self.contexts: dict[int, int] = {}
        self.clients_by_ip: dict[bytes, MemoryConnection] = {}
        self.later: list[Callable[[], None]] = []
        self.peers: dict[int, TcpPeer] = {}
        self.net.udp(HOST, UDP_PORT)
        self.net.add_name("known", HOST)
        self.net.add_silent_name("silent")
        self.host.idle()
        self._do("+CIPHEAD=1")

    def _peer_of(self, number: int, ip: bytes | None) -> MemoryConnection | None:
        if ip is not None:
            self.contexts[number] = self.listens_on
            return self.clients_by_ip[ip]
        port = self.ports[number]
        return None if port == UDP_PORT else self.peers[port].connections[-1]

    def _links_lost(self) -> None:
        """The host is not told which context it was, nor of the links: it would have to ask."""
        self._follow()
        for number in tuple(self.host.links):
            if self._state(f"context {self._context_of(number)}") != "ACTIVE":
                del self.host.links[number]

    # ---- what every step ends with ---------------------------------------------------------------

    def _do(self, line: str, *, check: bool = True) -> re.Match[bytes]:
        self._read_on()
        later, self.later = self.later, []

        def meanwhile() -> None:
            for action in later:
                action()

        match = self.host.ask(line, meanwhile=meanwhile)
        if check:
            self._check()
        return match

    def _read_on(self) -> None:
        """A host that wants an answer reads; answers overtake data that it did not read (endpoints)."""
        if self.blocked:
            self.host_stops_reading()

    def _check(self) -> None:
        """Everything that must hold whenever the module is at rest."""
        self._follow()
        if self.multi:
            self._multi_agrees()
        else:
            self._single_agrees()

    def _follow(self) -> None:
        """The machines moved by rows of their tables only."""
        for _, effect in self.world.trace[self.seen :]:
            if isinstance(effect, StateChanged) and base(effect.machine) in TABLES:
                name = effect.machine
                before = self.states.get(name, str(TABLES[base(name)].initial.value))
                assert effect.before == before, effect
                assert (effect.before, effect.after) in MOVES[base(name)], effect
                self.states[name] = effect.after
        self.seen = len(self.world.trace)

    def _state(self, name: str) -> str:
        return self.states.get(name, str(TABLES[base(name)].initial.value))

    def _agrees(self, state: str, context: str) -> None:
        if state in ("IP INITIAL", "IP START"):
            assert context == "INACTIVE"
        elif state == "IP CONFIG":
            assert context == "ACTIVATING"
        elif state == "PDP DEACT":
            assert context in ("LOST", "INACTIVE")
        else:
            assert context == "ACTIVE"

    def _single_agrees(self) -> None:
        state, link, listener = (
            self._state("single connection"),
            self._state("link 0"),
            self._state("listener"),
        )
        assert self.world.modem.states == (state,)  # type: ignore[attr-defined]
        self._agrees(state, self._state("context 0"))
        if state == "TCP/UDP CONNECTING":
            assert link == "CONNECTING"
        elif state == "CONNECT OK":
            assert link in ALIVE
        elif state == "TCP/UDP CLOSING":
            assert link in ("CLOSING", "CLOSED")
        elif state == "SERVER LISTENING":
            assert listener == "LISTENING"
            assert link in ("INITIAL", "CLOSED")
        elif state in ("IP STATUS", "TCP/UDP CLOSED", "PDP DEACT"):
            assert link in ("INITIAL", "CLOSED")
            assert listener == "INITIAL" or state == "IP STATUS"

    def _multi_agrees(self) -> None:
        for context in range(2):
            self._agrees(self._state(f"multi connection {context}"), self._state(f"context {context}"))
        assert self.world.modem.states == (self._state(f"multi connection {self.selected}"),)  # type: ignore[attr-defined]

    # ---- the host --------------------------------------------------------------------------------

    def prepare(self, multi: bool, up: bool, manual: bool) -> None:
        if multi:
            self.setting("+CIPMUX=1")
        if manual:
            self._do("+CIPRXGET=1")
        if up:
            for line in ("+CSTT", "+CIICR", "+CIFSR"):
                self._do(line)

    def setting(self, line: str) -> None:
        match = self._do(line, check=False)
        if line.startswith("+CIPMUX=") and b"OK" in match[0]:
            self.multi = line[-1] == "1"
            self.selected = 0
        self._check()

    def echo(self, on: bool) -> None:
        self._do(f"E{int(on)}")
        self.host.echo = on

    def nonsense(self, line: str) -> None:
        self._do(line)

    def bring_up(self, line: str) -> None:
        self._do(line)

    def recover(self) -> None:
        """What a driver does when it does not know any more: everything from the beginning."""
        self.shut()
        for line in ("+CSTT", "+CIICR", "+CIFSR"):
            self._do(line)

    def connect(self, number: int) -> None:
        """A link, and the time that it needs."""
        self.start(number, False, Mode.ACCEPT, HOST)
        self.time_passes(2.0)

    def shut(self) -> None:
        self._read_on()
        self.host.idle()
        closed = [n for n in self.host.links if not self.multi or self._context_of(n) == self.selected]
        closed = [n for n in closed if n in self.host.links]
        assert self._do("+CIPSHUT")[0] == b"\r\nSHUT OK\r\n"
        for number in closed:
            self.host.links.pop(number, None)

    def _context_of(self, number: int) -> int:
        return self.contexts.get(number, 0)

    def select(self, context: int) -> None:
        if not self.multi:
            return
        assert self._do(f"+CIPSGTXT={context}", check=False)[0] == b"\r\nOK\r\n"
        self.selected = context
        self._check()

    def start(self, number: int, udp: bool, mode: Mode, name: str) -> None:
        number = number if self.multi else 0
        port = UDP_PORT
        if not udp:
            # A peer of its own for every attempt: its connection is this link's, whatever comes between.
            port = 20000 + len(self.peers)
            self.peers[port] = self.net.tcp(HOST, port, mode=mode, latency=0.1)
        head = f"{number}," if self.multi else ""
        transport = "UDP" if udp else "TCP"
        self.host.idle()
        old = self.ports.get(number), self.contexts.get(number)
        self.ports[number], self.contexts[number] = port, self.selected
        match = self._do(f'+CIPSTART={head}"{transport}","{name}",{port}')
        if match[0] != b"\r\nOK\r\n":
            self.ports[number], self.contexts[number] = old[0] or port, old[1] or 0

    def close(self, number: int, quick: bool) -> None:
        number = number if self.multi else 0
        match = self._do(f"+CIPCLOSE={number},{int(quick)}" if self.multi else f"+CIPCLOSE={int(quick)}")
        if b"CLOSE OK" in match[0]:
            self.host.links.pop(number, None)

    def serve(self, on: bool) -> None:
        match = self._do("+CIPSERVER=1,8000" if on else "+CIPSERVER=0")
        if on and b"OK" in match[0]:
            self.listens_on = self.selected

    def send(self, number: int, data: bytes, fixed: bool, end: bytes) -> None:
        number = number if self.multi else 0
        data = data[:1500]
        fields = ([str(number)] if self.multi else []) + ([str(len(data))] if fixed else [])
        later, self.later = self.later, []
        match = self._do("+CIPSEND" + ("=" if fields else "") + ",".join(fields))
        if match[0] != b"\r\n> ":
            return
        if not fixed:
            data = data.replace(b"\x1a", b"").replace(b"\x1b", b"")

        def meanwhile() -> None:
            for action in later:
                action()

        self.host.payload(data, b"" if fixed else end, meanwhile)
        self._check()

    def read(self, number: int, mode: int, size: int | None) -> None:
        self._read_on()
        self.host.read(mode, number if self.multi else None, size)
        self._check()

    def figures(self, number: int) -> None:
        match = self._do(f"+CIPACK={number}" if self.multi else "+CIPACK")
        if match["sent"] is not None:
            assert int(match["sent"]) == int(match["acked"]) + int(match["unacked"])

    def status(self) -> None:
        later, self.later = self.later, []
        match = self._do("+CIPSTATUS")
        self.later = later
        printed = match["state"].decode()
        if not self.multi:
            state = self._state("single connection")
            assert printed in (state, state.replace("TCP/UDP", "TCP"), state.replace("TCP/UDP", "UDP"))
            assert match["lines"] is None
            return
        assert printed == self._state(f"multi connection {self.selected}")
        assert (match["server"] or b"INITIAL").decode() == self._state("listener")
        clients = re.findall(rb'C: \d,.*"([A-Z ]+)"\r\n', match["lines"])
        assert [c.decode() for c in clients] == [self._state(f"link {n}") for n in range(6)]

    def look_up(self, name: str) -> None:
        self._do(f'+CDNSGIP="{name}"')

    # ---- the network -----------------------------------------------------------------------------

    def _soon(self, action: Callable[[], None], busy: bool) -> None:
        """Now, or while the next command runs."""
        if busy:
            self.later.append(action)
            return
        action()
        self.world.settle()
        self._check()

    def _alive(self, index: int) -> MemoryConnection | None:
        alive = [c for c in self.net.connections if not c.gone and not c.fin_sent]
        return alive[index % len(alive)] if alive else None

    def peer_sends(self, index: int, data: bytes, busy: bool, segment: int | None) -> None:
        def act() -> None:
            peer = self._alive(index)
            if peer is not None:
                self.host.sent.setdefault(peer.handle, bytearray()).extend(data)
                peer.send(data, segment)

        self._soon(act, busy)

    def peer_acts(self, index: int, how: str, busy: bool) -> None:
        def act() -> None:
            peer = self._alive(index)
            if peer is None:
                return
            acts: dict[str, Callable[[], None]] = {
                "close": peer.close,
                "reset": peer.reset,
                "ignore_fin": peer.ignore_fin,
                "stop": peer.stop_reading,
                "go": peer.start_reading,
                "no acks": lambda: peer.ack_limit(0),
                "acks": peer.ack_all,
            }
            acts[how]()

        self._soon(act, busy)

    def client_comes(self, busy: bool) -> None:
        def act() -> None:
            self.clients += 1
            ip = f"10.1.{self.clients >> 8}.{self.clients & 255}"
            try:
                client = self.net.connect_client(8000, ip, latency=0.1)
            except ConnectionRefusedError:
                return
            self.clients_by_ip[ip.encode()] = client

        self._soon(act, busy)

    def datagram(self, data: bytes) -> None:
        try:
            self.net.udp(HOST, UDP_PORT).send(data[:1400])
        except LookupError:
            return
        self.world.settle()

    def context_lost(self, context: int | None, busy: bool) -> None:
        self._soon(lambda: self.world.event(PdpLost(context)), busy)

    def refusal(self, refused: bool) -> None:
        self.world.event(PdpRefusalChanged(refused))

    def telephone(self, event: CallArrived | CallerHungUp | SmsArrived, busy: bool) -> None:
        self._soon(lambda: self.world.event(event), busy)

    def host_stops_reading(self) -> None:
        self.blocked = not self.blocked
        self.world.event(OutputBlocked() if self.blocked else OutputReady())
        self._check()

    def time_passes(self, seconds: float) -> None:
        self.world.advance(seconds)
        self.host.idle()
        self._check()

    # ---- the end ---------------------------------------------------------------------------------

    def teardown(self) -> None:
        for action in self.later:
            action()
        self.world.event(OutputReady())
        self.world.advance(0.2)
        self.host.idle()
        for context in (0, 1) if self.multi else (0,):
            if self.multi:
                self.select(context)
            self.shut()
        self.world.advance(6)
        self.host.idle()
        assert not list(self.net._table), "sockets that nobody owns are open"
        assert self._do("")[0] == b"\r\nOK\r\n"


# ---- random walks --------------------------------------------------------------------------------

Step = tuple[str, tuple[object, ...]]
CHUNKS = [
    b"",
    b"x",
    b"hello",
    b"\r\nOK\r\n",
    b"\r\nCLOSED\r\n",
    b"> ",
    b"+IPD,3:",
    b"\x1a",
    b"\x1b",
    b"x" * 700,
    b"y" * 2000,
    b"z" * 9000,
]


def walk(seed: int, length: int) -> list[Step]:
    """Steps at random, the likelier ones more often; the same for the same seed."""
    r = random.Random(seed)

    def link() -> int:
        return r.choice([0, 0, 0, 1, 1, 2, 3, 4, 5])

    def often(likely: bool) -> bool:
        return r.random() < 0.7 if likely else r.random() < 0.3

    def data() -> bytes:
        return r.choice(CHUNKS) if often(True) else r.randbytes(r.randint(0, 30))

    makers: list[tuple[int, str, Callable[[], tuple[object, ...]]]] = [
        (4, "setting", lambda: (r.choice(SETTINGS),)),
        (1, "echo", lambda: (often(False),)),
        (1, "nonsense", lambda: (r.choice(NONSENSE),)),
        (6, "bring_up", lambda: (r.choice(["+CSTT", "+CIICR", "+CIFSR", "+CIPSEND?", "+CIPSERVER?", "O"]),)),
        (1, "shut", tuple),
        (2, "recover", tuple),
        (6, "connect", lambda: (link(),)),
        (2, "select", lambda: (r.randint(0, 1),)),
        (
            9,
            "start",
            lambda: (
                link(),
                r.random() < 0.2,
                r.choice(MODES),
                r.choice([HOST] * 6 + ["known", "unknown", "silent"]),
            ),
        ),
        (5, "close", lambda: (link(), often(False))),
        (3, "serve", lambda: (often(True),)),
        (9, "send", lambda: (link(), data(), often(False), r.choice([b"\x1a", b"\x1a", b"\x1b"]))),
        (8, "read", lambda: (link(), r.choice([2, 3]), r.choice([None, 1, 100, 730]))),
        (3, "figures", lambda: (link(),)),
        (4, "status", tuple),
        (1, "look_up", lambda: (r.choice(["known", "unknown", "silent"]),)),
        (14, "peer_sends", lambda: (r.randint(0, 5), data(), often(False), r.choice([None, 1460, 700]))),
        (8, "peer_acts", lambda: (r.randint(0, 5), r.choice(ACTS), often(False))),
        (4, "client_comes", lambda: (often(False),)),
        (4, "datagram", lambda: (data(),)),
        (1, "context_lost", lambda: (r.choice([None, 0, 1]), often(False))),
        (1, "refusal", lambda: (r.random() < 0.5,)),
        (2, "telephone", lambda: (r.choice(TELEPHONE), often(False))),
        (1, "host_stops_reading", tuple),
        (20, "time_passes", lambda: (r.choice([0.0, 0.05, 0.3, 1.0, 1.0, 6.0, 6.0, 80.0]),)),
    ]
    weights = [weight for weight, _, _ in makers]
    steps: list[Step] = [("prepare", (often(True), often(True), often(False)))]
    for _, name, arguments in r.choices(makers, weights, k=length):
        steps.append((name, arguments()))
    return steps


def play(steps: list[Step]) -> Conversation:
    """Take the steps, then the end."""
    conversation = Conversation()
    for name, arguments in steps:
        getattr(conversation, name)(*arguments)
    conversation.teardown()
    return conversation


def fails(steps: list[Step]) -> Exception | None:
    try:
        play(steps)
    except Exception as error:
        return error
    return None


def shortest(steps: list[Step]) -> list[Step]:
    """Steps left out for as long as the rest still fails."""
    size = len(steps) // 2
    while size:
        at = 0
        while at < len(steps):
            fewer = steps[:at] + steps[at + size :]
            if fails(fewer):
                steps = fewer
            else:
                at += size
        size //= 2
    return steps


WALKS, LENGTH = (8_000, 120) if os.environ.get("VMODEM_PROPERTIES") == "long" else (160, 100)


@pytest.mark.parametrize("part", range(4))
def test_random_walks(part: int) -> None:
    first = random.SystemRandom().getrandbits(40) if WALKS > 1000 else 0
    for seed in range(first + part * WALKS // 4, first + (part + 1) * WALKS // 4):
        steps = walk(seed, LENGTH)
        if fails(steps):
            steps = shortest(steps)
            text = "\n".join(f"    {name}{arguments!r}" for name, arguments in steps)
            raise AssertionError(f"seed {seed} fails; as short as can be:\n{text}") from fails(steps)

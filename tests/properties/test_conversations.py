"""Random conversations with a strict host: no byte without a place, no state outside the tables.

One machine plays host and network against a SIM800. After every step it holds the documented
machines against their tables, CIPSTATUS against the machines, and in the end the netstack against
the promise that nothing stays open.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

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
from vmodem.netstack.memory import MemoryConnection, Mode

TABLES = {machine.name: machine for machine in (SINGLE, MULTI, LINK, SERVER, CONTEXT)}
MOVES = {
    name: {(str(row.state.value), str(row.next.value)) for row in machine.rows} for name, machine in TABLES.items()
}
ALIVE = {"CONNECTED", "REMOTE CLOSING"}
MODES = {7000: Mode.ACCEPT, 7001: Mode.ACCEPT, 7002: Mode.REFUSE, 7003: Mode.SILENT, 7004: Mode.UNREACHABLE}
DATA = st.one_of(
    st.binary(max_size=20),
    st.sampled_from([b"\r\nOK\r\n", b"\r\nCLOSED\r\n", b"> ", b"+IPD,3:", b"x" * 2000, b"y" * 9000]),
)
LINKS = st.integers(0, 5)
SETTINGS = [
    "+CIPHEAD=1", "+CIPSRIP=1", "+CIPSRIP=0", "+CIPSHOWTP=1", "+CIPSHOWTP=0", "+CIPQSEND=1", "+CIPQSEND=0",
    "+CIPMUX=0", "+CIPMUX=1", "+CIPRXGET=1", "+CIPRXGET=0", "+CIPUDPMODE=0", "+CMEE=1", "+CMEE=0", "+CIPATS=1,2",
    "+CIPATS=0", "+CNMI=2,1",
]  # fmt: skip
NONSENSE = ["+CIPSNED", "+CIPSTART", "+CIPSTART=9,9", "+CIPSEND=0", "+CIPSEND=9", "+CIPCLOSE=9", "+CIPSTART=7,\"TCP\"",
            "+CIPSERVER=2", "+CIPRXGET=2,9", "+CIPSHUT=1", "+CIICR?", '+CSTT="', "+CIPMUX=2", ""]  # fmt: skip


def base(name: str) -> str:
    """The table of a machine that may have a number."""
    return name.rstrip("0123456789").rstrip()


class Conversation(RuleBasedStateMachine):
    """Host and network."""

    def __init__(self) -> None:
        super().__init__()
        self.world = sim800(factor=1.0)
        self.net = self.world.net
        self.host = StrictHost(self.world)
        self.host.peer_of = self._peer_of
        self.states: dict[str, str] = {}
        self.seen = 0
        self.multi = False
        self.selected = 0
        self.blocked = False
        self.clients = 0
        self.ports: dict[int, int] = {}
        self.contexts: dict[int, int] = {}
        self.clients_by_ip: dict[bytes, MemoryConnection] = {}
        self.later: list[Callable[[], None]] = []
        self.peers = {p: self.net.tcp(HOST, p, mode=mode, latency=0.1) for p, mode in MODES.items()}
        self.net.udp(HOST, 9000)
        self.net.add_name("known", HOST)
        self.net.add_silent_name("silent")
        self.host.idle()
        self._do("+CIPHEAD=1")

    def _peer_of(self, number: int, ip: bytes | None) -> MemoryConnection | None:
        if ip is not None:
            return self.clients_by_ip[ip]
        port = self.ports[number]
        return None if port == 9000 else self.peers[port].connections[-1]

    # ---- what every step ends with ---------------------------------------------------------------

    def _do(self, line: str, *, check: bool = True) -> re.Match[bytes]:
        later, self.later = self.later, []

        def meanwhile() -> None:
            for action in later:
                action()

        match = self.host.ask(line, meanwhile=meanwhile)
        if check:
            self._check()
        return match

    def _check(self) -> None:
        """Everything that must hold whenever the module is at rest."""
        for _, effect in self.world.trace[self.seen :]:
            if isinstance(effect, StateChanged) and base(effect.machine) in TABLES:
                name = effect.machine
                before = self.states.get(name, str(TABLES[base(name)].initial.value))
                assert effect.before == before, effect
                assert (effect.before, effect.after) in MOVES[base(name)], effect
                self.states[name] = effect.after
        self.seen = len(self.world.trace)
        if self.multi:
            self._multi_agrees()
        else:
            self._single_agrees()

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
        state, link, listener = self._state("single connection"), self._state("link 0"), self._state("listener")
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

    @initialize(multi=st.booleans(), up=st.booleans(), manual=st.booleans())
    def prepare(self, multi: bool, up: bool, manual: bool) -> None:
        if multi:
            self.setting("+CIPMUX=1")
        if manual:
            self._do("+CIPRXGET=1")
        if up:
            for line in ("+CSTT", "+CIICR", "+CIFSR"):
                self._do(line)

    @rule(line=st.sampled_from(SETTINGS))
    def setting(self, line: str) -> None:
        match = self._do(line, check=False)
        if line.startswith("+CIPMUX=") and b"OK" in match[0]:
            self.multi = line[-1] == "1"
            self.selected = 0
        self._check()

    @rule(on=st.booleans())
    def echo(self, on: bool) -> None:
        self._do(f"E{int(on)}")
        self.host.echo = on

    @rule(line=st.sampled_from(NONSENSE))
    def nonsense(self, line: str) -> None:
        self._do(line)

    @rule(line=st.sampled_from(["+CSTT", "+CIICR", "+CIFSR", "+CIPSEND?", "+CIPSERVER?", "O"]))
    def bring_up(self, line: str) -> None:
        self._do(line)

    @rule()
    def shut(self) -> None:
        closed = [n for n in self.host.links if not self.multi or self._context_of(n) == self.selected]
        self.host.idle()
        closed = [n for n in closed if n in self.host.links]
        assert self._do("+CIPSHUT")[0] == b"\r\nSHUT OK\r\n"
        for number in closed:
            self.host.links.pop(number, None)

    def _context_of(self, number: int) -> int:
        return self.contexts.get(number, 0)

    @precondition(lambda self: self.multi)
    @rule(context=st.integers(0, 1))
    def select(self, context: int) -> None:
        assert self._do(f"+CIPSGTXT={context}", check=False)[0] == b"\r\nOK\r\n"
        self.selected = context
        self._check()

    @rule(number=LINKS, udp=st.booleans(), port=st.sampled_from([7000, 7000, 7001, 7002, 7003, 7004]),
          name=st.sampled_from([HOST, HOST, HOST, "known", "unknown", "silent"]))  # fmt: skip
    def start(self, number: int, udp: bool, port: int, name: str) -> None:
        number = number if self.multi else 0
        port = 9000 if udp else port
        head = f"{number}," if self.multi else ""
        transport = "UDP" if udp else "TCP"
        self.host.idle()
        old = self.ports.get(number), self.contexts.get(number)
        self.ports[number], self.contexts[number] = port, self.selected
        match = self._do(f'+CIPSTART={head}"{transport}","{name}",{port}')
        if match[0] != b"\r\nOK\r\n":
            self.ports[number], self.contexts[number] = old[0] or port, old[1] or 0

    @rule(number=LINKS, quick=st.booleans())
    def close(self, number: int, quick: bool) -> None:
        number = number if self.multi else 0
        match = self._do(f"+CIPCLOSE={number},{int(quick)}" if self.multi else f"+CIPCLOSE={int(quick)}")
        if b"CLOSE OK" in match[0]:
            self.host.links.pop(number, None)

    @rule(on=st.booleans())
    def serve(self, on: bool) -> None:
        self._do("+CIPSERVER=1,8000" if on else "+CIPSERVER=0")

    @rule(number=LINKS, data=DATA, fixed=st.booleans(), end=st.sampled_from([b"\x1a", b"\x1a", b"\x1b"]))
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

    @rule(number=LINKS, mode=st.sampled_from([2, 3]), size=st.sampled_from([None, 1, 100, 730]))
    def read(self, number: int, mode: int, size: int | None) -> None:
        self.host.read(mode, number if self.multi else None, size)
        self._check()

    @rule(number=LINKS)
    def figures(self, number: int) -> None:
        match = self._do(f"+CIPACK={number}" if self.multi else "+CIPACK")
        if match["sent"] is not None:
            assert int(match["sent"]) == int(match["acked"]) + int(match["unacked"])

    @rule()
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

    @rule(name=st.sampled_from(["known", "unknown", "silent"]))
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

    @rule(index=st.integers(0, 5), data=DATA, busy=st.booleans(), segment=st.sampled_from([None, 1460, 700]))
    def peer_sends(self, index: int, data: bytes, busy: bool, segment: int | None) -> None:
        def act() -> None:
            peer = self._alive(index)
            if peer is not None:
                self.host.sent.setdefault(peer.handle, bytearray()).extend(data)
                peer.send(data, segment)

        self._soon(act, busy)

    @rule(index=st.integers(0, 5), how=st.sampled_from(["close", "close", "reset", "ignore_fin", "stop", "go", "no acks",
          "acks"]), busy=st.booleans())  # fmt: skip
    def peer_acts(self, index: int, how: str, busy: bool) -> None:
        def act() -> None:
            peer = self._alive(index)
            if peer is None:
                return
            acts: dict[str, Callable[[], None]] = {
                "close": peer.close, "reset": peer.reset, "ignore_fin": peer.ignore_fin, "stop": peer.stop_reading,
                "go": peer.start_reading, "no acks": lambda: peer.ack_limit(0), "acks": peer.ack_all,
            }  # fmt: skip
            acts[how]()

        self._soon(act, busy)

    @rule(busy=st.booleans())
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

    @rule(data=DATA)
    def datagram(self, data: bytes) -> None:
        try:
            self.net.udp(HOST, 9000).send(data[:1400])
        except LookupError:
            return
        self.world.settle()

    @rule(context=st.sampled_from([None, 0, 1]), busy=st.booleans())
    def context_lost(self, context: int | None, busy: bool) -> None:
        self._soon(lambda: self.world.event(PdpLost(context)), busy)

    @rule(refused=st.booleans())
    def refusal(self, refused: bool) -> None:
        self.world.event(PdpRefusalChanged(refused))

    @rule(event=st.sampled_from([CallArrived("123"), CallerHungUp(), SmsArrived("123", "hello")]), busy=st.booleans())
    def telephone(self, event: CallArrived | CallerHungUp | SmsArrived, busy: bool) -> None:
        self._soon(lambda: self.world.event(event), busy)

    @rule()
    def host_stops_reading(self) -> None:
        self.blocked = not self.blocked
        self.world.event(OutputBlocked() if self.blocked else OutputReady())
        self._check()

    @rule(seconds=st.sampled_from([0.0, 0.05, 0.3, 1.0, 6.0, 80.0]))
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
            assert self._do("+CIPSHUT")[0] == b"\r\nSHUT OK\r\n"
        self.world.advance(6)
        self.host.idle()
        assert not list(self.net._table), "sockets that nobody owns are open"
        assert self._do("")[0] == b"\r\nOK\r\n"


TestConversation = Conversation.TestCase

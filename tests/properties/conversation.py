"""Host and network of a random conversation, and what must hold after every step of it."""

from __future__ import annotations

import re
from collections.abc import Callable

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
        self.moves: set[tuple[str, str, str]] = set()
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
                self.moves.add((base(name), effect.before, effect.after))
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
        self._read_on()
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

        # Half of what is to come comes while the prompt is open, the rest while the send goes on.
        for action in later[::2]:
            action()
            self.world.advance(0.2)

        def meanwhile() -> None:
            for action in later[1::2]:
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

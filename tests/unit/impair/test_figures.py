"""AT+CIPACK, AT+QISACK and AT+QISEND=n,0 tell the truth about a stalled path, and so do the results."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import bg96_bench
import mxx_bench
import pytest
import sim800_bench
from impaired_world import ImpairedNet
from toolkit_bench import LOCAL, PORT, PROMPT, SERVER, ToolkitBench, said
from vmodem.emulator.effects import SocketAssigned, Transport
from vmodem.emulator.events import Address, Failure
from vmodem.emulator.faults import (
    ActAsPeer,
    AnswerConnects,
    AnswerNames,
    Anything,
    Blackhole,
    Direction,
    Fault,
    Impair,
    Latency,
    NoAnswer,
    OneSocket,
    PeerAction,
    Peers,
    Restore,
    Slicer,
    Stall,
)
from vmodem.netstack.memory import MemoryConnection

TO_NET, TO_HOST = Direction.TO_NET, Direction.TO_HOST
LINK = Peers(f"tcp://{SERVER}:{PORT}")


class Sim800(sim800_bench.Bench):
    network = ImpairedNet


class Mxx(mxx_bench.Bench):
    network = ImpairedNet


class Bg96(bg96_bench.Bench):
    network = ImpairedNet


class Rig(ABC):
    """A module with a TCP connection, whose sends do not wait for the peer."""

    bench: ToolkitBench
    peer: MemoryConnection

    def suffers(self, *faults: Fault) -> None:
        """The network does this."""
        for fault in faults:
            self.bench.net.perform(fault, self.bench.world.now)
        self.bench.settles()

    @abstractmethod
    def begins(self, length: int) -> None:
        """Up to the prompt."""

    def sends(self, data: bytes) -> bytes:
        """Send, and return the answer to the data."""
        self.begins(len(data))
        return self.bench.types(data)

    @abstractmethod
    def figures(self) -> tuple[int, int, int]:
        """Sent, acknowledged, not acknowledged."""

    def _figures(self, command: str, head: bytes) -> tuple[int, int, int]:
        answer = self.bench.asks(command)
        assert answer.startswith(b"\r\n" + head), answer
        assert answer.endswith(said("OK")), answer
        sent, acked, unacked = answer.split(head)[1].split(b"\r\n")[0].split(b",")
        return int(sent), int(acked), int(unacked)


class Sim800Rig(Rig):
    def __init__(self, send_buffer: int | None = None) -> None:
        bench = Sim800(send_buffer=send_buffer)
        self.bench = bench
        self.peer = bench.single().tcp()
        bench.does("AT+CIPQSEND=1", "OK")

    def begins(self, length: int) -> None:
        self.bench.does(f"AT+CIPSEND={length}", PROMPT)

    def figures(self) -> tuple[int, int, int]:
        return self._figures("AT+CIPACK", b"+CIPACK: ")


class MxxRig(Rig):
    def __init__(self, send_buffer: int | None = None) -> None:
        bench = Mxx(send_buffer=send_buffer)
        self.bench = bench
        self.peer = bench.single().tcp()

    def begins(self, length: int) -> None:
        self.bench.does(f"AT+QISEND={length}", PROMPT)

    def figures(self) -> tuple[int, int, int]:
        return self._figures("AT+QISACK", b"+QISACK: ")


class Bg96Rig(Rig):
    def __init__(self, send_buffer: int | None = None) -> None:
        bench = Bg96(send_buffer=send_buffer)
        self.bench = bench
        self.peer = bench.up().tcp()

    def begins(self, length: int) -> None:
        self.bench.does(f"AT+QISEND=0,{length}", PROMPT)

    def figures(self) -> tuple[int, int, int]:
        return self._figures("AT+QISEND=0,0", b"+QISEND: ")


RIGS: Mapping[str, type[Sim800Rig] | type[MxxRig] | type[Bg96Rig]] = {
    "sim800": Sim800Rig,
    "quectel_mxx": MxxRig,
    "bg96": Bg96Rig,
}


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest) -> Rig:
    return RIGS[request.param]()


# ---- figures -------------------------------------------------------------------------------------


def test_a_blackholed_link_sends_and_is_not_acknowledged(rig: Rig) -> None:
    rig.sends(b"before")
    rig.suffers(Impair("hole", LINK, (Blackhole(),)))
    rig.sends(b"in the dark")
    rig.bench.waits(60.0)
    assert rig.figures() == (17, 6, 11)
    assert rig.peer.received == b"before"
    rig.suffers(Restore("hole"))
    assert rig.figures() == (17, 17, 0)
    assert rig.peer.received == b"beforein the dark"


def test_a_lost_acknowledgement_is_not_a_lost_byte(rig: Rig) -> None:
    rig.suffers(Impair("hole", LINK, (Blackhole(),), TO_HOST))
    rig.sends(b"arrives")
    assert rig.peer.received == b"arrives"
    assert rig.figures() == (7, 0, 7)
    rig.suffers(Restore())
    assert rig.figures() == (7, 7, 0)


def test_a_peer_that_stopped_reading_acknowledges_its_window(rig: Rig) -> None:
    rig.suffers(Impair("stop", LINK, (Stall(1000),)))
    rig.sends(b"x" * 600)
    assert rig.figures() == (600, 600, 0)
    rig.sends(b"x" * 600)
    assert rig.figures() == (1200, 1000, 200)
    rig.sends(b"x" * 300)
    assert rig.figures() == (1500, 1000, 500)
    rig.suffers(Restore())
    assert rig.figures() == (1500, 1500, 0)
    assert rig.peer.received == b"x" * 1500


def test_acknowledgements_take_the_round_trip(rig: Rig) -> None:
    rig.suffers(Impair("far", LINK, (Latency(0.3),)))
    rig.sends(b"hello")
    rig.bench.waits(0.59)
    assert rig.figures() == (5, 0, 5)
    rig.bench.waits(0.02)
    assert rig.figures() == (5, 5, 0)


def test_a_sliced_send_is_acknowledged_piece_by_piece(rig: Rig) -> None:
    rig.suffers(Impair("thin", LINK, (Slicer(10, 0, 0.1),), TO_NET))
    rig.sends(b"x" * 40)
    rig.bench.waits(0.15)
    assert rig.figures() == (40, 20, 20)
    rig.bench.waits(0.2)
    assert rig.figures() == (40, 40, 0)


@pytest.mark.parametrize("name", RIGS)
def test_a_send_buffer_behind_a_stalled_path_gets_full(name: str) -> None:
    rig = RIGS[name](send_buffer=2000)
    rig.suffers(Impair("hole", LINK, (Blackhole(),)))
    answer = rig.sends(b"x" * 1460)
    assert b"FAIL" not in answer
    answer = rig.sends(b"y" * 1000) + rig.bench.waits(10.0)
    assert answer == said("SEND FAIL")
    assert rig.figures() == (1460, 0, 1460)
    rig.suffers(Restore())
    assert rig.figures() == (1460, 1460, 0)
    assert rig.peer.received == b"x" * 1460, "what failed was not sent"


# ---- results -------------------------------------------------------------------------------------


def test_send_ok_of_a_sim800_comes_when_the_blackhole_ends() -> None:
    bench = Sim800()
    bench.single().tcp()
    bench.net.perform(Impair("hole", Anything(), (Blackhole(),)), bench.world.now)
    bench.does("AT+CIPSEND=5", PROMPT)
    assert bench.types(b"hello") == b""
    assert bench.waits(120.0) == b""
    bench.net.perform(Restore("hole"), bench.world.now)
    bench.settles()
    bench.hears("SEND OK")


def test_a_sim800_gives_a_blackholed_link_up_after_645_seconds() -> None:
    bench = Sim800()
    peer = bench.single().tcp()
    bench.net.perform(Impair("hole", LINK, (Blackhole(),)), bench.world.now)
    bench.does("AT+CIPSEND=5", PROMPT)
    bench.types(b"hello")
    assert bench.waits(644.9) == b""
    assert bench.waits(0.1) == said("SEND FAIL", "CLOSED")
    assert not peer.reset_received, "the peer does not know: half open"
    bench.net.perform(Restore(), bench.world.now)
    assert peer.reset_received


def test_send_ok_takes_a_round_trip() -> None:
    bench = Sim800()
    bench.single().tcp()
    bench.net.perform(Impair("far", LINK, (Latency(0.3),)), bench.world.now)
    bench.does("AT+CIPSEND=5", PROMPT)
    assert bench.types(b"hello") == b""
    assert bench.waits(0.59) == b""
    assert bench.waits(0.02) == said("SEND OK")


def test_the_peer_closes_and_takes_no_more(rig: Rig) -> None:
    rig.sends(b"taken")
    rig.suffers(ActAsPeer(LINK, PeerAction.CLOSE))
    closed = rig.bench.world.take()
    assert closed in (said("CLOSED"), said('+QIURC: "closed",0'))
    assert rig.peer.fin_received


def test_the_peer_resets(rig: Rig) -> None:
    rig.suffers(ActAsPeer(LINK, PeerAction.RESET))
    assert rig.bench.world.take() in (said("CLOSED"), said('+QIURC: "closed",0'))
    assert rig.peer.reset_received


def test_a_half_closed_peer_still_acknowledges_what_was_under_way() -> None:
    rig = Sim800Rig()
    rig.suffers(Impair("far", LINK, (Latency(1.0),), TO_NET))
    rig.sends(b"under way")
    rig.suffers(ActAsPeer(LINK, PeerAction.HALF_CLOSE))
    rig.bench.hears()
    rig.bench.waits(0.99)
    assert rig.figures() == (9, 0, 9)
    assert rig.bench.waits(5.0) == said("CLOSED")
    assert rig.peer.received == b"under way"


# ---- coverage lost, connections, names -----------------------------------------------------------


def test_a_short_loss_of_coverage_costs_nothing_but_time() -> None:
    bench = Mxx()
    peer = bench.single().tcp()
    bench.net.perform(Impair("coverage", Anything(), (Blackhole(),)), bench.world.now)
    bench.does("AT+QISEND=5", PROMPT)
    assert bench.types(b"hello") == said("SEND OK")
    peer.send(b"answer")
    assert bench.waits(30.0) == b""
    bench.net.perform(Restore("coverage"), bench.world.now)
    bench.settles()
    bench.hears(b"answer")
    assert peer.received == b"hello"
    bench.does("AT+QISACK", "+QISACK: 5, 5, 0", "OK")


def test_without_coverage_neither_names_nor_connections_are_answered() -> None:
    bench = Sim800()
    bench.single()
    bench.net.perform(Impair("coverage", Anything(), (Blackhole(),)), bench.world.now)
    bench.does('AT+CDNSGIP="example.com"', "OK")
    assert bench.waits(200.0) == said("+CDNSGIP: 0,3")
    bench.does(f'AT+CIPSTART="TCP","{SERVER}","{PORT}"', "OK")
    assert bench.waits(200.0) == said("STATE: TCP CLOSED\n\nCONNECT FAIL")
    bench.net.perform(Restore(), bench.world.now)
    assert bench.net.connections == []
    bench.tcp()


def test_connections_and_names_fail_as_a_scenario_says() -> None:
    bench = Sim800()
    bench.single()
    now = bench.world.now
    bench.net.perform(AnswerConnects("no", LINK, Failure.REFUSED, times=1), now)
    bench.net.perform(AnswerNames("dns", "example.com", Failure.NOT_FOUND, times=1), now)
    bench.does('AT+CDNSGIP="example.com"', "OK", "+CDNSGIP: 0,8")
    bench.does('AT+CDNSGIP="example.com"', "OK", '+CDNSGIP: 1,"example.com","93.184.216.34"')
    bench.does(f'AT+CIPSTART="TCP","{SERVER}","{PORT}"', "OK", "STATE: TCP CLOSED\n\nCONNECT FAIL")
    bench.tcp()


def test_a_name_that_a_scenario_answers_leads_where_it_says() -> None:
    bench = Sim800()
    bench.single()
    bench.net.perform(AnswerNames("dns", "*.test", (SERVER,)), bench.world.now)
    bench.does(f'AT+CIPSTART="TCP","broker.test","{PORT}"', "OK", "CONNECT OK")
    bench.net.perform(Impair("hole", Peers("tcp://broker.test:*"), (Blackhole(),)), bench.world.now)
    bench.does("AT+CIPQSEND=1", "OK")
    bench.does("AT+CIPSEND=1", PROMPT)
    bench.types(b"x")
    bench.does("AT+CIPACK", "+CIPACK: 1,0,1", "OK")


def test_dns_that_keeps_silent() -> None:
    bench = Sim800()
    bench.single()
    bench.net.perform(AnswerNames("dns", "*", NoAnswer.SILENCE), bench.world.now)
    bench.does('AT+CDNSGIP="example.com"', "OK")
    assert bench.waits(59.0) == b""
    assert bench.waits(1.0) == said("+CDNSGIP: 0,3")


# ---- whose socket it is --------------------------------------------------------------------------


def assigned(bench: ToolkitBench) -> list[SocketAssigned]:
    return [effect for _, effect in bench.world.trace if isinstance(effect, SocketAssigned)]


def test_a_watcher_learns_the_sockets_of_clients_listeners_and_accepted_links() -> None:
    bench = Sim800()
    bench.multi()
    bench.tcp(3)
    bench.udp(1)
    bench.does("AT+CIPSERVER=1,1234", "OK", "SERVER OK")
    client = bench.client()
    found = [(a.link, a.context, a.transport, a.remote) for a in assigned(bench)]
    context = assigned(bench)[0].context
    assert found == [
        (3, context, Transport.TCP, Address(SERVER, PORT)),
        (1, context, Transport.UDP, Address(SERVER, sim800_bench.UDP_PORT)),
        (None, context, Transport.TCP, Address("", 1234)),
        (0, context, Transport.TCP, client.remote),
    ]
    handles = [a.handle for a in assigned(bench)]
    assert len(set(handles)) == 4
    assert handles[3] == client.handle
    assert bench.net.connections[0].handle == handles[0]


def test_the_handle_is_told_before_the_socket_is_opened() -> None:
    bench = Mxx()
    bench.multi()
    bench.tcp(2)
    [first] = assigned(bench)
    log = [entry.text for entry in bench.world.log if entry.mark == "="]
    opened = next(i for i, text in enumerate(log) if text.startswith("OpenSocket"))
    assert log[opened - 1].startswith("SocketAssigned")
    bench.net.perform(Impair("two", OneSocket(first.handle), (Blackhole(),)), bench.world.now)
    bench.does("AT+QISEND=2,5", PROMPT)
    bench.types(b"hello")
    assert bench.net.connections[0].received == b""


def test_a_bg96_tells_its_connect_id() -> None:
    bench = Bg96()
    bench.up().tcp(7)
    assert [(a.link, a.transport) for a in assigned(bench)] == [(7, Transport.TCP)]


def test_each_of_two_contexts_is_told() -> None:
    bench = Mxx()
    bench.multi()
    bench.tcp(0)
    assert LOCAL[assigned(bench)[0].context] == bench.net.connections[0].local.host

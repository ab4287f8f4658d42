"""What peers are made to do now, and how connections and names are made to end; nonsense is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from impair_lab import SERVER, Lab
from vmodem.emulator.effects import AskNtp, NetEffect, Ping, Resolve
from vmodem.emulator.events import (
    Address,
    Closed,
    Connected,
    ConnectFailed,
    ConnectionLost,
    Failure,
    PeerClosed,
    PingAnswered,
    Received,
    Resolved,
    ResolveFailed,
)
from vmodem.emulator.faults import (
    ActAsPeer,
    AnswerAsUsual,
    AnswerConnects,
    AnswerNames,
    Anything,
    Bandwidth,
    Blackhole,
    Direction,
    Fault,
    Impair,
    Latency,
    LimitData,
    Loss,
    NoAnswer,
    OneSocket,
    PeerAction,
    Peers,
    Reorder,
    Restore,
    Slicer,
    Stall,
    Timeout,
)
from vmodem.netstack.impair_ends import LINGER

CLOSE, HALF_CLOSE, RESET = PeerAction.CLOSE, PeerAction.HALF_CLOSE, PeerAction.RESET


def act(lab: Lab, action: PeerAction) -> None:
    lab.does(ActAsPeer(Anything(), action))


# ---- the peer closes -----------------------------------------------------------------------------


@pytest.mark.parametrize("action", [CLOSE, HALF_CLOSE])
def test_fin_comes_behind_the_data_under_way(action: PeerAction) -> None:
    lab = Lab()
    _, connection = lab.tcp()
    lab.impairs(Latency(0.5), direction=Direction.TO_HOST)
    connection.send(b"last words")
    act(lab, action)
    connection.send(b"after the end")
    lab.advance(10.0)
    assert lab.kinds() == ["Received", "PeerClosed"]
    assert lab.data() == b"last words"


def test_after_a_close_the_real_peer_has_a_fin_and_the_modules_close_is_answered() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    lab.sends(handle, b"taken")
    act(lab, CLOSE)
    assert connection.fin_received
    assert connection.received == b"taken"
    assert lab.acked() == 5
    lab.closes(handle)
    assert lab.kinds()[-2:] == ["PeerClosed", "Closed"]


def test_after_a_close_data_is_answered_by_rst() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    lab.impairs(Latency(0.25))
    act(lab, CLOSE)
    lab.advance(1.0)
    lab.forget()
    lab.sends(handle, b"too late")
    lab.sends(handle, b"really")
    lab.advance(10.0)
    assert lab.times(ConnectionLost) == [0.5]
    assert lab.events(ConnectionLost)[0].failure is Failure.RESET
    assert connection.received == b""


def test_after_a_half_close_the_peer_goes_on_taking() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    act(lab, HALF_CLOSE)
    lab.sends(handle, b"still welcome")
    assert connection.received == b"still welcome"
    assert lab.acked() == 13
    assert not connection.fin_received
    lab.closes(handle)
    assert connection.fin_received
    assert lab.kinds() == ["PeerClosed", "Acknowledged", "Closed"]


def test_a_close_while_the_module_waits_for_the_peers_fin_completes_it() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    connection.ignore_fin()
    lab.closes(handle)
    assert lab.heard == []
    act(lab, CLOSE)
    assert lab.kinds() == ["Closed"]


def test_a_real_peer_that_does_not_close_is_reset_after_a_while() -> None:
    lab = Lab()
    _, connection = lab.tcp()
    connection.ignore_fin()
    act(lab, CLOSE)
    lab.advance(LINGER - 0.001)
    assert connection.fin_received
    assert not connection.reset_received
    lab.advance(0.001)
    assert connection.reset_received
    assert lab.kinds() == ["PeerClosed"]


def test_a_peer_that_has_finished_by_itself_does_not_finish_again() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    connection.close()
    lab.advance(0.0)
    act(lab, HALF_CLOSE)
    act(lab, CLOSE)
    act(lab, CLOSE)
    assert lab.kinds() == ["PeerClosed"]
    lab.closes(handle)
    assert lab.kinds() == ["PeerClosed", "Closed"]


def test_a_fin_into_a_blackhole_comes_when_it_ends() -> None:
    lab = Lab()
    lab.tcp()
    lab.impairs(Blackhole())
    act(lab, CLOSE)
    lab.advance(60.0)
    assert lab.heard == []
    lab.does(Restore())
    assert lab.times(PeerClosed) == [60.0]


def test_a_reset_comes_at_once_and_loses_what_is_under_way() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    lab.impairs(Latency(0.5))
    connection.send(b"lost")
    lab.sends(handle, b"lost")
    act(lab, RESET)
    lab.advance(10.0)
    assert lab.times(ConnectionLost) == [0.0]
    assert connection.reset_received
    assert connection.received == b""
    assert lab.data() == b""


def test_actions_leave_datagrams_listeners_and_others_alone() -> None:
    lab = Lab()
    udp = lab.udp()
    lab.listens()
    handle, connection = lab.tcp()
    for action in (CLOSE, HALF_CLOSE, RESET):
        lab.does(ActAsPeer(OneSocket(handle + 7), action))
        lab.does(ActAsPeer(Peers("udp://*:*"), action))
        lab.does(ActAsPeer(Peers("tcp://198.51.100.7:*"), action))
    lab.sends(handle, b"x")
    act(lab, RESET)
    lab.sends(udp, b"fine")
    assert connection.received == b"x"
    assert lab.net.udp(*SERVER).received[0].data == b"fine"
    assert lab.net.connect_client(1234, "198.51.100.7")


# ---- connections ---------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [Failure.REFUSED, Failure.UNREACHABLE, Failure.TIMED_OUT])
def test_a_connection_is_refused_so_often(failure: Failure) -> None:
    lab = Lab()
    lab.does(AnswerConnects("no", Peers("tcp://*:8500"), failure, delay=0.5, times=2))
    for _ in range(2):
        lab.asks()
        lab.advance(10.0)
        assert lab.times(ConnectFailed) == [0.5]
        assert lab.events(ConnectFailed)[0].failure is failure
        lab.forget()
    assert lab.peer.connections == []
    lab.asks()
    assert lab.times(Connected) == [0.0]


def test_silence_until_the_module_gives_up() -> None:
    lab = Lab()
    lab.does(AnswerConnects("no", Anything(), NoAnswer.SILENCE))
    handle = lab.asks()
    lab.advance(1000.0)
    assert lab.heard == []
    lab.closes(handle, abort=True)
    lab.does(AnswerAsUsual("no"))
    lab.asks()
    assert lab.times(Connected) == [1000.0]


def test_a_connection_is_made_later() -> None:
    lab = Lab()
    lab.does(AnswerConnects("late", Anything(), None, delay=30.0))
    handle = lab.asks()
    lab.advance(60.0)
    assert lab.times(Connected) == [30.0]
    lab.closes(handle, abort=True)
    lab.forget()
    given_up = lab.asks()
    lab.closes(given_up, abort=True)
    lab.advance(60.0)
    assert lab.heard == []
    assert len(lab.peer.connections) == 1


def test_an_answer_travels_along_the_path() -> None:
    lab = Lab(Latency(0.25))
    lab.does(AnswerConnects("no", Anything(), Failure.REFUSED, delay=1.0))
    lab.asks()
    lab.advance(10.0)
    assert lab.times(ConnectFailed) == [1.5]


def test_the_first_answer_put_up_counts_and_a_name_replaces() -> None:
    lab = Lab()
    lab.does(AnswerConnects("a", Anything(), Failure.REFUSED), AnswerConnects("b", Anything(), None))
    lab.asks()
    assert lab.events(ConnectFailed)
    lab.does(AnswerConnects("a", Peers("tcp://*:1"), Failure.REFUSED))
    lab.asks()
    assert lab.events(Connected)


# ---- names ---------------------------------------------------------------------------------------


def asked(lab: Lab, *names: str) -> list[tuple[float, Resolved | ResolveFailed]]:
    """The answers to these lookups, and their times."""
    lab.forget()
    first = len(lab.net.queries) + 1000 + int(lab.now)
    lab.does(*[Resolve(first + number, name) for number, name in enumerate(names)])
    lab.advance(100.0)
    times = [*lab.times(Resolved), *lab.times(ResolveFailed)]
    return list(zip(times, [*lab.events(Resolved), *lab.events(ResolveFailed)], strict=True))


def test_names_get_the_answers_of_the_scenario() -> None:
    lab = Lab()
    lab.net.add_name("broker.example.com", "203.0.113.1")
    lab.does(AnswerNames("dns", "*.EXAMPLE.com", ("203.0.113.9", "203.0.113.8"), delay=0.5, ttl=60))
    [(time, answer)] = asked(lab, "Broker.Example.com.")
    assert time == 0.5
    assert isinstance(answer, Resolved)
    assert (answer.addresses, answer.ttl) == (("203.0.113.9", "203.0.113.8"), 60)
    assert lab.net.queries == []
    lab.does(AnswerNames("dns", "*", Failure.NOT_FOUND, times=1))
    [(_, answer)] = asked(lab, "broker.example.com")
    assert isinstance(answer, ResolveFailed)
    assert answer.failure is Failure.NOT_FOUND
    [(_, answer)] = asked(lab, "broker.example.com")
    assert isinstance(answer, Resolved)
    assert answer.addresses == ("203.0.113.1",)


def test_silence_and_delay_of_names() -> None:
    lab = Lab()
    lab.net.add_name("a.example", "203.0.113.1")
    lab.does(
        AnswerNames("dns", "a.*", NoAnswer.SILENCE, times=1), AnswerNames("late", "a.*", None, delay=7.0)
    )
    assert asked(lab, "a.example") == []
    [(time, answer)] = asked(lab, "a.example")
    assert (time, type(answer)) == (7.0, Resolved)
    lab.does(AnswerAsUsual())
    assert [time for time, _ in asked(lab, "a.example")] == [0.0]


def test_lookups_go_through_what_stands_on_everything() -> None:
    lab = Lab(Latency(0.5))
    lab.net.add_name("a.example", "203.0.113.1")
    assert [time for time, _ in asked(lab, "a.example")] == [1.0]
    lab.impairs(Blackhole())
    assert asked(lab, "a.example") == []
    lab.forget()
    lab.does(Restore())
    assert lab.times(Resolved) == [0.0]


def test_a_peer_is_known_by_the_name_it_was_looked_up_by() -> None:
    lab = Lab()
    lab.net.add_name("Broker.Example", SERVER.host)
    asked(lab, "broker.example")
    lab.forget()
    lab.does(Impair("it", Peers("tcp://broker.example:*"), (Latency(0.5),)))
    lab.asks()
    lab.advance(10.0)
    assert lab.times(Connected) == [1.0]


# ---- pressure ------------------------------------------------------------------------------------


def test_what_is_held_to_the_net_stops_the_engine_and_lets_it_go_on() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    lab.impairs(Bandwidth(10000.0), direction=Direction.TO_NET)
    sent = 0
    while "SendBlocked" not in lab.kinds():
        lab.sends(handle, b"x" * 1000)
        sent += 1000
        assert sent < 70000
    lab.advance(100.0)
    assert lab.kinds().count("SendReady") == 1
    assert len(connection.received) == sent


def test_what_is_held_to_the_host_closes_the_peers_window() -> None:
    lab = Lab()
    _, connection = lab.tcp()
    lab.impairs(Blackhole(), direction=Direction.TO_HOST)
    for _ in range(100):
        connection.send(b"x" * 4096)
        lab.advance(0.0)
    assert lab.net.most_held <= 65536 + 4096
    lab.does(Restore())
    assert len(lab.data()) == 409600


def test_a_module_that_does_not_read_holds_its_peer_through_the_path() -> None:
    lab = Lab(Latency(0.1))
    handle, connection = lab.tcp()
    connection.send(b"first")
    lab.advance(1.0)
    lab.pauses(handle)
    for _ in range(100):
        connection.send(b"x" * 4096)
        lab.advance(0.1)
    connection.close()
    lab.sends(handle, b"acknowledged all the same")
    lab.advance(1.0)
    assert lab.data() == b"first"
    assert lab.acked() == 25
    assert lab.net.most_held <= 65536 + 4096
    lab.resumes(handle)
    lab.advance(1.0)
    assert lab.data() == b"first" + b"x" * 409600
    assert lab.kinds()[-1] == "PeerClosed"


def test_datagrams_beyond_the_limit_are_lost() -> None:
    lab = Lab(Latency(1.0))
    handle = lab.udp()
    for _ in range(200):
        lab.sends(handle, b"x" * 1000)
    assert lab.net.most_held < 65536 + 1100
    lab.advance(10.0)
    assert 60 <= len(lab.net.udp(*SERVER).received) < 70


def test_a_blocked_netstack_is_not_pressed_further() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    lab.impairs(Latency(0.01))
    connection.stop_reading()
    for _ in range(40):
        lab.sends(handle, b"x" * 1000)
        lab.advance(0.02)
    assert connection.waiting <= 16384 + 1000
    assert lab.heard == []
    lab.does(Restore())
    connection.start_reading()
    lab.advance(1.0)
    assert len(connection.received) == 40000
    assert lab.net.path.sockets[handle].plain


def test_many_resets_on_their_way_do_not_keep_sockets_for_ever() -> None:
    lab = Lab()
    handles = [lab.tcp()[0] for _ in range(100)]
    lab.impairs(Blackhole())
    for handle in handles:
        lab.closes(handle, abort=True)
    assert sum(connection.reset_received for connection in lab.peer.connections) == 36
    lab.does(Restore())
    assert all(connection.reset_received for connection in lab.peer.connections)
    assert lab.net.path.sockets == {}


def test_clients_that_are_not_announced_are_limited() -> None:
    lab = Lab()
    lab.listens()
    lab.impairs(Blackhole())
    clients = []
    for number in range(80):
        clients.append(lab.net.connect_client(1234, f"198.51.100.{number + 1}"))
        lab.advance(0.0)
    assert sum(client.reset_received for client in clients) == 16
    lab.does(Restore())
    assert lab.kinds() == ["Accepted"] * 64


# ---- nonsense ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Latency(-1.0), "latency"),
        (lambda: Latency(1.0, -0.1), "jitter"),
        (lambda: Latency(float("nan")), "latency"),
        (lambda: Latency(float("inf")), "latency"),
        (lambda: Bandwidth(0.0), "rate"),
        (lambda: Loss(1.5), "probability"),
        (lambda: Reorder(-0.5, 1.0), "probability"),
        (lambda: Reorder(0.5, -1.0), "delay"),
        (lambda: Slicer(0), "average_size"),
        (lambda: Slicer(10, 10), "size_variation"),
        (lambda: LimitData(-1), "size"),
        (lambda: Timeout(-1.0), "timeout"),
        (lambda: Stall(-1), "window"),
        (lambda: Peers("203.0.113.5:8500"), "pattern"),
        (lambda: Peers("http://a:80"), "pattern"),
        (lambda: AnswerConnects("x", Anything(), None, times=0), "times"),
        (lambda: AnswerConnects("x", Anything(), None, delay=-1.0), "delay"),
        (lambda: AnswerNames("x", "*", ()), "answer"),
    ],
)
def test_nonsense_is_refused_with_the_name_of_its_field(make: Callable[[], object], field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field} "):
        make()


def test_a_fault_that_nobody_knows_is_refused_loudly() -> None:
    lab = Lab()
    with pytest.raises(TypeError, match="Fault"):
        lab.net.perform(Fault(), lab.now)


def test_other_effects_of_the_engine_reach_the_netstack() -> None:
    lab = Lab()
    with pytest.raises(TypeError, match="the memory netstack cannot perform"):
        lab.net.perform(NetEffect(), lab.now)


def test_what_has_no_impairment_passes_by() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    socket = lab.net.path.sockets[handle]
    assert socket.plain
    lab.does(Impair("other", Peers("tcp://*:1"), (Latency(1.0),)))
    assert socket.plain
    lab.impairs(Latency(1.0))
    assert not socket.plain
    lab.does(Restore("it"))
    assert socket.plain
    connection.send(b"x")
    lab.advance(0.0)
    assert lab.times(Received) == [0.0]
    assert lab.times(Closed) == []


def test_pings_and_ntp_go_through_what_stands_on_everything() -> None:
    lab = Lab(Latency(0.25))
    lab.net.host(SERVER.host, 0.1)
    lab.does(Ping(900, SERVER.host, 32, 10.0, "10.0.0.1"))
    lab.advance(5.0)
    [answer] = lab.events(PingAnswered)
    assert answer.rtt == pytest.approx(0.5 + 0.1)
    lab.impairs(Blackhole())
    lab.forget()
    lab.does(Ping(901, SERVER.host, 32, 10.0, "10.0.0.1"), AskNtp(902, Address(SERVER.host, 123), 10.0, ""))
    lab.advance(60.0)
    assert lab.heard == []

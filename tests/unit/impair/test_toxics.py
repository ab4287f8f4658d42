"""Every toxic, in each direction, to the millisecond and to the byte."""

from __future__ import annotations

import pytest
from impair_lab import SERVER, START, Lab
from vmodem.emulator.effects import Transport
from vmodem.emulator.events import (
    Acknowledged,
    Address,
    Closed,
    Connected,
    ConnectFailed,
    ConnectionLost,
    Failure,
    PeerClosed,
    Received,
)
from vmodem.emulator.faults import (
    Anything,
    Bandwidth,
    Blackhole,
    Direction,
    Duplicate,
    Impair,
    Latency,
    LimitData,
    Loss,
    OneSocket,
    Peers,
    Reorder,
    ResetPeer,
    Restore,
    Slicer,
    SlowClose,
    Stall,
    Timeout,
)

TO_NET, TO_HOST, BOTH = Direction.TO_NET, Direction.TO_HOST, Direction.BOTH
STREAM = bytes(range(256)) * 40


# ---- latency -------------------------------------------------------------------------------------


def test_latency_counts_in_each_direction_and_for_the_handshake() -> None:
    lab = Lab(Latency(0.3))
    handle = lab.asks()
    lab.advance(10.0)
    assert lab.times(Connected) == [0.6]
    lab.forget()
    lab.sends(handle, b"hello")
    connection = lab.peer.connection()
    lab.advance(0.299)
    assert connection.received == b""
    lab.advance(0.001)
    assert connection.received == b"hello"
    connection.send(b"reply")
    lab.advance(10.0)
    assert lab.times(Acknowledged) == [0.6]
    assert lab.times(Received) == [0.6]


def test_latency_one_way_is_the_half_of_it() -> None:
    lab = Lab(Latency(0.3), direction=TO_HOST)
    lab.asks()
    lab.advance(10.0)
    assert lab.times(Connected) == [0.3]


def test_a_refusal_takes_as_long_as_an_answer() -> None:
    lab = Lab(Latency(0.3))
    lab.peer.refuse()
    lab.asks()
    lab.advance(10.0)
    assert lab.times(ConnectFailed) == [0.6]
    assert lab.events(ConnectFailed)[0].failure is Failure.REFUSED


def test_jitter_stays_within_its_bounds_keeps_the_order_and_follows_the_seed() -> None:
    def run(seed: str) -> list[float]:
        lab = Lab(Latency(0.2, 0.1), direction=TO_HOST, seed=seed)
        _, connection = lab.tcp()
        arrivals = []
        for number in range(50):
            lab.forget()
            connection.send(bytes([number]))
            lab.advance(1.0)
            arrivals += lab.times(Received)
        return arrivals

    arrivals = run("1")
    assert len(arrivals) == 50
    assert all(0.1 <= time <= 0.3 for time in arrivals)
    assert len(set(arrivals)) > 40
    assert run("1") == arrivals
    assert run("2") != arrivals


def test_jitter_never_lets_a_later_byte_overtake() -> None:
    lab = Lab(Latency(0.2, 0.2), direction=TO_HOST)
    _, connection = lab.tcp()
    for at in range(0, len(STREAM), 100):
        connection.send(STREAM[at : at + 100])
        lab.advance(0.001)
    lab.advance(1.0)
    assert lab.data() == STREAM


def test_datagrams_keep_their_order_under_jitter_too() -> None:
    lab = Lab(Latency(0.2, 0.2), direction=TO_NET)
    handle = lab.udp()
    for number in range(100):
        lab.sends(handle, bytes([number]))
        lab.advance(0.001)
    lab.advance(1.0)
    assert [d.data for d in lab.net.udp(*SERVER).received] == [bytes([n]) for n in range(100)]


# ---- bandwidth -----------------------------------------------------------------------------------


def test_bandwidth_to_the_net_is_a_steady_stream_of_pieces() -> None:
    lab = Lab(Bandwidth(1000.0), direction=TO_NET)
    handle, connection = lab.tcp()
    lab.sends(handle, STREAM[:1000])
    lab.advance(0.1)
    assert len(connection.received) == 100
    lab.advance(0.4)
    assert len(connection.received) == 500
    lab.advance(0.5)
    assert connection.received == STREAM[:1000]
    assert lab.times(Acknowledged)[-1] == pytest.approx(1.0)


def test_bandwidth_to_the_host() -> None:
    lab = Lab(Bandwidth(1000.0), direction=TO_HOST)
    _, connection = lab.tcp()
    connection.send(STREAM[:2000])
    lab.advance(1.0)
    assert lab.data() == STREAM[:1000]
    lab.advance(1.0)
    assert lab.data() == STREAM[:2000]


def test_an_idle_line_saves_nothing_up() -> None:
    lab = Lab(Bandwidth(1000.0), direction=TO_NET)
    handle, connection = lab.tcp()
    lab.advance(10.0)
    lab.sends(handle, STREAM[:1000])
    assert connection.received == b""


def test_bandwidth_of_datagrams_passes_them_whole() -> None:
    lab = Lab(Bandwidth(100.0), direction=TO_NET)
    handle = lab.udp()
    lab.sends(handle, b"a" * 50)
    lab.sends(handle, b"b" * 50)
    lab.advance(0.999)
    assert [d.data for d in lab.net.udp(*SERVER).received] == [b"a" * 50]
    lab.advance(0.001)
    assert [d.data for d in lab.net.udp(*SERVER).received] == [b"a" * 50, b"b" * 50]


# ---- datagrams: loss, duplicate, reorder ---------------------------------------------------------


def numbered(lab: Lab, count: int = 400) -> list[int]:
    """What arrives of so many datagrams to the net."""
    handle = lab.udp()
    for number in range(count):
        lab.sends(handle, number.to_bytes(2, "big"))
    lab.advance(10.0)
    return [int.from_bytes(d.data, "big") for d in lab.net.udp(*SERVER).received]


def test_loss_takes_its_share_of_datagrams_and_repeats_with_the_seed() -> None:
    arrived = numbered(Lab(Loss(0.25)))
    assert 250 < len(arrived) < 350
    assert arrived == sorted(arrived)
    assert numbered(Lab(Loss(0.25))) == arrived
    assert numbered(Lab(Loss(0.25), seed="other")) != arrived
    assert numbered(Lab(Loss(1.0))) == []
    assert len(numbered(Lab(Loss(0.0)))) == 400


def test_loss_to_the_host() -> None:
    lab = Lab(Loss(1.0), direction=TO_HOST)
    handle = lab.udp()
    lab.sends(handle, b"ask")
    lab.net.udp(*SERVER).send(b"lost")
    lab.advance(1.0)
    lab.does(Restore("it"))
    lab.net.udp(*SERVER).send(b"found")
    lab.advance(1.0)
    assert lab.data() == b"found"


def test_a_second_chain_does_not_shift_the_chances_of_the_first() -> None:
    lab = Lab(Loss(0.25))
    lab.impairs(Duplicate(0.5), Latency(0.1), name="another")
    arrived = numbered(lab)
    assert sorted(set(arrived)) == numbered(Lab(Loss(0.25)))


def test_putting_a_chain_up_again_does_not_repeat_its_chances() -> None:
    lab = Lab()
    handle = lab.udp()
    survivors = []
    for turn in range(20):
        lab.impairs(Loss(0.5 + turn / 1000))
        before = len(lab.net.udp(*SERVER).received)
        for _ in range(8):
            lab.sends(handle, b"x")
        survivors.append(len(lab.net.udp(*SERVER).received) - before)
    assert len(set(survivors)) > 2, "each time the same draws"


def test_duplicate_doubles_its_share() -> None:
    arrived = numbered(Lab(Duplicate(0.25)))
    assert sorted(set(arrived)) == list(range(400))
    assert 50 < len(arrived) - 400 < 150
    assert sorted(numbered(Lab(Duplicate(1.0)))) == sorted([*range(400), *range(400)])


def test_reorder_lets_later_datagrams_overtake_and_loses_none() -> None:
    lab = Lab(Reorder(0.3, 0.05), direction=TO_NET)
    handle = lab.udp()
    for number in range(100):
        lab.sends(handle, bytes([number]))
        lab.advance(0.01)
    lab.advance(1.0)
    arrived = [d.data[0] for d in lab.net.udp(*SERVER).received]
    assert sorted(arrived) == list(range(100))
    assert arrived != sorted(arrived)


@pytest.mark.parametrize("toxic", [Loss(1.0), Duplicate(1.0), Reorder(1.0, 5.0)])
def test_tcp_is_left_alone_by_what_tcp_repairs(toxic: Loss | Duplicate | Reorder) -> None:
    lab = Lab(toxic)
    handle, connection = lab.tcp()
    lab.sends(handle, STREAM)
    connection.send(STREAM)
    lab.advance(0.0)
    assert connection.received == STREAM
    assert lab.data() == STREAM


# ---- slicer --------------------------------------------------------------------------------------


def test_slicer_cuts_a_stream_into_pieces_some_time_apart() -> None:
    lab = Lab(Slicer(100, 30, 0.01), direction=TO_HOST)
    _, connection = lab.tcp()
    connection.send(STREAM[:1000])
    lab.advance(5.0)
    pieces = [len(event.data) for event in lab.events(Received)]
    assert lab.data() == STREAM[:1000]
    assert all(70 <= size <= 130 for size in pieces[:-1])
    assert len(set(pieces)) > 3
    assert lab.times(Received) == pytest.approx([0.01 * n for n in range(len(pieces))])


def test_slicer_without_delay_only_cuts() -> None:
    lab = Lab(Slicer(64), direction=TO_HOST)
    _, connection = lab.tcp()
    connection.send(STREAM[:256])
    lab.advance(0.0)
    assert [event.data for event in lab.events(Received)] == [STREAM[i : i + 64] for i in range(0, 256, 64)]


def test_slicer_leaves_datagrams_whole() -> None:
    lab = Lab(Slicer(1, 0, 1.0))
    handle = lab.udp()
    lab.sends(handle, b"whole")
    lab.advance(0.0)
    assert [d.data for d in lab.net.udp(*SERVER).received] == [b"whole"]


# ---- slow close ----------------------------------------------------------------------------------


def test_slow_close_delays_the_fin_and_not_the_data() -> None:
    lab = Lab(SlowClose(2.0), direction=TO_HOST)
    _, connection = lab.tcp()
    connection.send(b"last words")
    connection.close()
    lab.advance(10.0)
    assert lab.times(Received) == [0.0]
    assert lab.times(PeerClosed) == [2.0]


def test_slow_close_of_the_module() -> None:
    lab = Lab(SlowClose(2.0), direction=TO_NET)
    handle, connection = lab.tcp()
    lab.sends(handle, b"last words")
    lab.closes(handle)
    assert connection.received == b"last words"
    assert not connection.fin_received
    lab.advance(10.0)
    assert connection.fin_received
    assert lab.times(Closed) == [2.0]


# ---- limit ---------------------------------------------------------------------------------------


def test_limit_data_to_the_net_ends_at_the_byte_with_fin_at_both_ends() -> None:
    lab = Lab(LimitData(10), direction=TO_NET)
    handle, connection = lab.tcp()
    lab.sends(handle, b"0123456")
    assert not connection.fin_received
    lab.sends(handle, b"789abc")
    assert connection.received == b"0123456789"
    assert connection.fin_received
    assert lab.acked() == 10
    assert lab.kinds()[-1] == "PeerClosed"
    lab.closes(handle)
    assert lab.kinds()[-1] == "Closed"


def test_limit_data_to_the_host() -> None:
    lab = Lab(LimitData(10), direction=TO_HOST)
    handle, connection = lab.tcp()
    connection.send(b"0123456789abc")
    lab.advance(0.0)
    assert lab.data() == b"0123456789"
    assert lab.kinds() == ["Received", "PeerClosed"]
    assert connection.fin_received
    connection.send(b"nobody hears this")
    lab.sends(handle, b"to nobody")
    assert lab.data() == b"0123456789"
    assert lab.kinds()[-1] == "ConnectionLost"


def test_exactly_the_limit_is_within_it() -> None:
    lab = Lab(LimitData(4), direction=TO_NET)
    handle, connection = lab.tcp()
    lab.sends(handle, b"abcd")
    assert connection.received == b"abcd"
    assert not connection.fin_received


def test_putting_a_limit_up_again_counts_anew() -> None:
    lab = Lab(LimitData(4), direction=TO_NET)
    handle, connection = lab.tcp()
    lab.sends(handle, b"abcd")
    lab.impairs(LimitData(4), direction=TO_NET)
    lab.sends(handle, b"efgh")
    assert connection.received == b"abcdefgh"
    lab.sends(handle, b"i")
    assert connection.fin_received


def test_a_limit_on_datagrams_loses_the_rest() -> None:
    lab = Lab(LimitData(4), direction=TO_NET)
    handle = lab.udp()
    for data in (b"ab", b"cd", b"ef"):
        lab.sends(handle, data)
    assert [d.data for d in lab.net.udp(*SERVER).received] == [b"ab", b"cd"]


# ---- timeout, reset_peer -------------------------------------------------------------------------


def test_timeout_lets_connect_holds_data_and_closes_both_ends() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    lab.impairs(Timeout(5.0))
    lab.sends(handle, b"into the void")
    connection.send(b"back into it")
    lab.advance(20.0)
    assert connection.received == b""
    assert connection.fin_received
    assert lab.data() == b""
    assert lab.times(PeerClosed) == [5.0]
    assert lab.acked() == 0


def test_a_connection_opened_behind_a_timeout_is_made() -> None:
    lab = Lab(Timeout(5.0))
    lab.asks()
    assert lab.times(Connected) == [0.0]
    lab.advance(20.0)
    assert lab.times(PeerClosed) == [5.0]


def test_timeout_zero_holds_until_it_is_taken_away() -> None:
    lab = Lab(Timeout())
    handle, connection = lab.tcp()
    lab.sends(handle, b"held")
    connection.send(b"held too")
    lab.advance(1000.0)
    assert (bytes(connection.received), lab.heard) == (b"", [])
    lab.does(Restore())
    assert connection.received == b"held"
    assert lab.data() == b"held too"
    assert lab.acked() == 4


def test_reset_peer_resets_both_ends_when_its_time_has_come() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    lab.impairs(ResetPeer(3.0))
    lab.sends(handle, b"until then all is well")
    assert connection.received == b"until then all is well"
    lab.advance(10.0)
    assert lab.times(ConnectionLost) == [3.0]
    assert connection.reset_received


def test_reset_peer_at_once_meets_each_new_connection() -> None:
    lab = Lab(ResetPeer(0.0))
    lab.asks()
    lab.advance(0.0)
    assert [type(e) for e in lab.events(ConnectFailed)] == [ConnectFailed]
    assert lab.events(ConnectFailed)[0].failure is Failure.RESET


# ---- blackhole -----------------------------------------------------------------------------------


def test_a_blackhole_loses_nothing_of_a_stream_that_outlives_it() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    lab.sends(handle, b"before ")
    lab.impairs(Blackhole())
    lab.sends(handle, b"during ")
    connection.send(b"from the peer")
    lab.advance(300.0)
    assert connection.received == b"before "
    assert lab.acked() == 7
    assert lab.data() == b""
    lab.does(Restore("it"))
    lab.sends(handle, b"after")
    assert connection.received == b"before during after"
    assert lab.data() == b"from the peer"
    assert lab.acked() == 19


def test_a_blackhole_to_the_host_swallows_acknowledgements_not_data() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    lab.impairs(Blackhole(), direction=TO_HOST)
    lab.sends(handle, b"arrives")
    lab.advance(60.0)
    assert connection.received == b"arrives"
    assert lab.acked() == 0
    lab.does(Restore())
    assert lab.acked() == 7


def test_a_connection_request_into_a_blackhole_is_answered_when_it_ends() -> None:
    lab = Lab(Blackhole())
    lab.asks()
    lab.advance(30.0)
    assert lab.heard == []
    assert lab.peer.connections == []
    lab.does(Restore())
    assert lab.times(Connected) == [30.0]


def test_giving_up_a_connection_request_in_a_blackhole_leaves_nothing() -> None:
    lab = Lab(Blackhole())
    handle = lab.asks()
    lab.closes(handle, abort=True)
    lab.does(Restore())
    lab.advance(30.0)
    assert lab.peer.connections == []
    assert lab.heard == []


def test_datagrams_into_a_blackhole_are_lost() -> None:
    lab = Lab(Blackhole())
    handle = lab.udp()
    lab.sends(handle, b"lost")
    lab.net.udp(*SERVER).send(b"lost")
    lab.does(Restore())
    lab.sends(handle, b"sent")
    assert [d.data for d in lab.net.udp(*SERVER).received] == [b"sent"]
    assert lab.data() == b""


def test_a_reset_into_a_blackhole_leaves_the_peer_half_open() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    lab.impairs(Blackhole())
    lab.closes(handle, abort=True)
    lab.advance(600.0)
    assert not connection.reset_received
    lab.does(Restore())
    assert connection.reset_received
    assert lab.heard == []


def test_a_close_into_a_blackhole_ends_when_it_ends() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    lab.impairs(Blackhole())
    lab.sends(handle, b"last")
    lab.closes(handle)
    lab.advance(60.0)
    assert not connection.fin_received
    assert lab.heard == []
    lab.does(Restore())
    assert connection.received == b"last"
    assert connection.fin_received
    assert lab.kinds()[-1] == "Closed"


def test_a_port_is_free_though_the_last_words_are_on_their_way() -> None:
    lab = Lab()
    handle = lab.asks(port=5000)
    lab.impairs(Blackhole(), direction=TO_NET)
    lab.closes(handle, abort=True)
    lab.impairs(Latency(0.0))
    lab.impairs(Blackhole(), direction=TO_NET, name="again")
    second = lab.asks(port=5000)
    lab.does(Restore("again"))
    assert [event.handle for event in lab.events(Connected)] == [handle, second]


# ---- stall ---------------------------------------------------------------------------------------


def test_a_stalled_peer_acknowledges_its_window_and_no_more() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    lab.sends(handle, b"before")
    lab.impairs(Stall(4))
    lab.sends(handle, b"0123456789")
    connection.send(b"the program is stopped")
    lab.advance(60.0)
    assert connection.received == b"before"
    assert lab.acked() == 6 + 4
    assert lab.data() == b""
    lab.does(Restore())
    assert connection.received == b"before0123456789"
    assert lab.acked() == 16
    assert lab.data() == b"the program is stopped"


def test_a_stalled_peers_stack_accepts_connections() -> None:
    lab = Lab(Stall())
    lab.asks()
    assert lab.times(Connected) == [0.0]


def test_acknowledgements_overtake_what_a_stalled_peer_does_not_write() -> None:
    lab = Lab(Stall(), direction=TO_HOST)
    handle, connection = lab.tcp()
    connection.send(b"held")
    lab.sends(handle, b"taken")
    assert lab.acked() == 5
    assert lab.data() == b""


# ---- chains --------------------------------------------------------------------------------------


def test_chains_add_up_in_the_order_in_which_they_were_put_up() -> None:
    lab = Lab(Latency(0.1), direction=TO_NET)
    lab.impairs(Latency(0.2), Latency(0.4), direction=TO_NET, name="more")
    lab.asks()
    lab.advance(10.0)
    assert lab.times(Connected) == [0.7]


def test_a_replaced_chain_gives_what_it_holds_to_its_successor() -> None:
    lab = Lab()
    handle, connection = lab.tcp()
    lab.impairs(Blackhole(), direction=TO_NET)
    lab.sends(handle, b"held")
    lab.impairs(Latency(1.0), direction=TO_NET)
    lab.advance(0.999)
    assert connection.received == b""
    lab.advance(0.001)
    assert connection.received == b"held"


def test_a_chain_put_up_again_unchanged_does_not_start_its_delay_anew() -> None:
    lab = Lab(Latency(1.0), direction=TO_NET)
    handle, connection = lab.tcp()
    lab.sends(handle, b"x")
    lab.advance(0.6)
    lab.impairs(Latency(1.0), direction=TO_NET)
    lab.advance(0.4)
    assert connection.received == b"x"


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        (Anything(), True),
        (OneSocket(1), True),
        (OneSocket(2), False),
        (Peers("tcp://203.0.113.5:8500"), True),
        (Peers("TCP://203.0.113.*:*"), True),
        (Peers("*://*"), True),
        (Peers("tcp://*:8501"), False),
        (Peers("udp://*:*"), False),
    ],
)
def test_whom_a_target_means(target: Anything | OneSocket | Peers, meant: bool) -> None:
    lab = Lab()
    lab.does(Impair("it", target, (Latency(0.5),)))
    lab.asks()
    lab.advance(10.0)
    assert lab.times(Connected) == [1.0 if meant else 0.0]


def test_a_chain_for_one_socket_is_forgotten_with_it() -> None:
    lab = Lab()
    handle, _ = lab.tcp()
    lab.does(Impair("it", OneSocket(handle), (Latency(0.5),)))
    lab.closes(handle, abort=True)
    lab.advance(10.0)
    assert not lab.net.path.chains


def test_an_accepted_client_is_known_by_where_it_comes_from() -> None:
    lab = Lab()
    lab.does(Impair("it", Peers("tcp://198.51.100.7:*"), (Latency(0.5),)))
    lab.listens()
    lab.net.connect_client(1234, "198.51.100.7").send(b"late")
    lab.net.connect_client(1234, "198.51.100.8").send(b"at once")
    lab.advance(0.0)
    assert lab.data() == b"at once"
    lab.advance(1.0)
    assert lab.data() == b"at oncelate"
    assert lab.kinds() == ["Accepted", "Received", "Accepted", "Received"]


def test_a_new_sender_is_announced_with_its_first_datagram_that_comes_through() -> None:
    lab = Lab(Blackhole(), direction=TO_HOST)
    lab.listens(Transport.UDP)
    sender = Address("198.51.100.7", 7)
    lab.net.datagram(b"lost", sender, 1234, 0.0)
    lab.advance(0.0)
    assert lab.heard == []
    lab.does(Restore())
    lab.net.datagram(b"heard", sender, 1234, 0.0)
    lab.advance(0.0)
    assert lab.kinds() == ["Accepted", "Received"]


def test_a_listener_closes_at_once_whatever_is_on_the_path() -> None:
    lab = Lab(Blackhole())
    handle = lab.listens()
    lab.closes(handle)
    with pytest.raises(ConnectionRefusedError):
        lab.net.connect_client(1234, "198.51.100.7")


def test_time_is_the_only_thing_a_deadline_waits_for() -> None:
    lab = Lab(Blackhole())
    handle = lab.asks()
    assert lab.net.path.next_deadline() is None
    lab.impairs(Latency(0.25))
    assert lab.net.path.next_deadline() == START + 0.25
    lab.closes(handle, abort=True)
    assert lab.net.path.next_deadline() is None
